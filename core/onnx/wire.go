package onnx

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// What a file may hold. The largest networks of torchvision have 600 nodes and
// 550 MB; what is beyond is not meant to be looked at here.
const (
	maxFile    = 1 << 30 // bytes, tensors outside of it counted
	maxNodes   = 1 << 16
	maxName    = 1 << 10
	maxRank    = 8
	maxList    = 1 << 20 // numbers of an attribute
	maxValues  = 1 << 28 // of a tensor
	maxInputs  = 1 << 12 // of a node
	maxTensors = 1 << 17
)

// A model is what a file says, checked as far as it stands by itself.
type model struct {
	producer string
	opset    int
	nodes    []*node
	initial  map[string]*tensor
	inputs   []input
	outputs  []string
}

// A node is one operator.
type node struct {
	name, op, domain string
	in, out          []string
	attributes       map[string]attribute
}

// An attribute is a number, a text, a tensor or a list of numbers.
type attribute struct {
	kind    string // what it is, in words
	float   float32
	integer int64
	text    string
	ints    []int64
	floats  []float32
	tensor  *tensor
}

// An input is what a graph is given: each dimension a size, or unknown (0).
type input struct {
	name string
	dims []int
	typ  int
}

// fields calls f for every field of a message: with its value, when it is a
// varint or fixed, or else its bytes.
func fields(b []byte, f func(number int, value uint64, bytes []byte) error) error {
	for len(b) > 0 {
		number, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errors.New("a broken protobuf message")
		}
		b = b[n:]
		var value uint64
		var bytes []byte
		switch typ {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			value = uint64(v)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(b)
			if bytes == nil {
				bytes = []byte{}
			}
		default:
			return fmt.Errorf("a protobuf field of type %d, which ONNX has not", typ)
		}
		if n < 0 {
			return errors.New("a protobuf message that ends too early, or a length beyond its end")
		}
		b = b[n:]
		if err := f(int(number), value, bytes); err != nil {
			return err
		}
	}
	return nil
}

// text is a name; control characters are for whoever prints it.
func text(b []byte) (string, error) {
	if len(b) > maxName {
		return "", fmt.Errorf("a name of %d bytes, at most %d are allowed", len(b), maxName)
	}
	return string(b), nil
}

// integers adds those of a repeated field, packed or not.
func integers(list []int64, value uint64, bytes []byte) ([]int64, error) {
	if bytes == nil {
		list = append(list, int64(value))
	}
	for len(bytes) > 0 {
		v, n := protowire.ConsumeVarint(bytes)
		if n < 0 {
			return nil, errors.New("broken packed integers")
		}
		list, bytes = append(list, int64(v)), bytes[n:]
	}
	if len(list) > maxList {
		return nil, fmt.Errorf("a list of %d numbers, at most %d are allowed", len(list), maxList)
	}
	return list, nil
}

// parseModel reads a ModelProto.
func parseModel(b []byte) (*model, error) {
	m := &model{initial: map[string]*tensor{}}
	var graph []byte
	functions := 0
	err := fields(b, func(number int, value uint64, bytes []byte) (err error) {
		switch number {
		case 2:
			m.producer, err = text(bytes)
		case 7:
			if bytes == nil || graph != nil {
				return errors.New("not one graph")
			}
			graph = bytes
		case 8:
			domain, version := "", 0
			err = fields(bytes, func(number int, value uint64, bytes []byte) (err error) {
				switch number {
				case 1:
					domain, err = text(bytes)
				case 2:
					version = int(value)
				}
				return err
			})
			if domain == "" || domain == "ai.onnx" {
				m.opset = version
			}
		case 25:
			functions++
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case graph == nil:
		return nil, errors.New("no graph in it")
	case functions > 0:
		return nil, fmt.Errorf("%d functions of its own: export it with them inlined", functions)
	case m.opset < minOpset || m.opset > maxOpset:
		return nil, fmt.Errorf("operators of version %d (opset), versions %d to %d are read", m.opset, minOpset, maxOpset)
	}
	return m, m.parseGraph(graph)
}

// Versions of the operators: what they were before 7 differs in how values are
// laid over each other, which is heeded, and in attributes that are then missed.
const (
	minOpset = 1
	maxOpset = 23
)

func (m *model) parseGraph(b []byte) error {
	return fields(b, func(number int, _ uint64, bytes []byte) error {
		switch number {
		case 1:
			if len(m.nodes) == maxNodes {
				return fmt.Errorf("more than %d nodes", maxNodes)
			}
			n, err := parseNode(bytes)
			if err != nil {
				return fmt.Errorf("node %d: %w", len(m.nodes)+1, err)
			}
			m.nodes = append(m.nodes, n)
		case 5:
			if len(m.initial) == maxTensors {
				return fmt.Errorf("more than %d tensors", maxTensors)
			}
			t, err := parseTensor(bytes)
			if err != nil {
				return err
			}
			if t.name == "" {
				return errors.New("a tensor without a name")
			}
			if m.initial[t.name] != nil {
				return fmt.Errorf("two tensors of the name %.80q", t.name)
			}
			m.initial[t.name] = t
		case 11:
			in, err := parseInput(bytes)
			if err != nil {
				return err
			}
			m.inputs = append(m.inputs, in)
		case 12:
			out, err := parseInput(bytes)
			if err != nil {
				return err
			}
			m.outputs = append(m.outputs, out.name)
		case 15:
			return errors.New("sparse tensors")
		}
		return nil
	})
}

func parseNode(b []byte) (*node, error) {
	n := &node{attributes: map[string]attribute{}}
	err := fields(b, func(number int, _ uint64, bytes []byte) (err error) {
		var name string
		switch number {
		case 1, 2:
			if name, err = text(bytes); number == 1 {
				n.in = append(n.in, name)
			} else {
				n.out = append(n.out, name)
			}
			if len(n.in)+len(n.out) > maxInputs {
				return fmt.Errorf("more than %d inputs and outputs", maxInputs)
			}
		case 3:
			n.name, err = text(bytes)
		case 4:
			n.op, err = text(bytes)
		case 5:
			var a attribute
			if name, a, err = parseAttribute(bytes); err != nil {
				return fmt.Errorf("attribute %.80q: %w", name, err)
			}
			if _, ok := n.attributes[name]; ok {
				return fmt.Errorf("two attributes of the name %.80q", name)
			}
			n.attributes[name] = a
		case 7:
			n.domain, err = text(bytes)
		}
		return err
	})
	if err == nil && n.op == "" {
		err = errors.New("no operator")
	}
	return n, err
}

func parseAttribute(b []byte) (name string, a attribute, err error) {
	err = fields(b, func(number int, value uint64, bytes []byte) (err error) {
		switch number {
		case 1:
			name, err = text(bytes)
		case 2:
			a.kind, a.float = "a number", math.Float32frombits(uint32(value))
		case 3:
			a.kind, a.integer = "an integer", int64(value)
		case 4:
			a.kind = "a text"
			a.text, err = text(bytes)
		case 5:
			a.kind = "a tensor"
			a.tensor, err = parseTensor(bytes)
		case 6, 11:
			a.kind = "a graph"
		case 7:
			a.kind = "numbers"
			if bytes == nil {
				a.floats = append(a.floats, math.Float32frombits(uint32(value)))
			}
			for ; len(bytes) >= 4; bytes = bytes[4:] {
				v, _ := protowire.ConsumeFixed32(bytes)
				a.floats = append(a.floats, math.Float32frombits(v))
			}
			if len(a.floats) > maxList {
				err = fmt.Errorf("a list of more than %d numbers", maxList)
			}
		case 8:
			a.kind = "integers"
			a.ints, err = integers(a.ints, value, bytes)
		case 9:
			a.kind = "texts"
		}
		return err
	})
	return name, a, err
}

// parseInput reads a ValueInfoProto.
func parseInput(b []byte) (in input, err error) {
	dimension := func(b []byte) error {
		size := 0
		err := fields(b, func(number int, value uint64, _ []byte) error {
			if number == 1 {
				if int64(value) < 0 || value > maxValues {
					return fmt.Errorf("a dimension of %d", int64(value))
				}
				size = int(value)
			}
			return nil
		})
		if in.dims = append(in.dims, size); len(in.dims) > maxRank {
			return fmt.Errorf("more than %d dimensions", maxRank)
		}
		return err
	}
	err = fields(b, func(number int, _ uint64, bytes []byte) (err error) {
		switch number {
		case 1:
			in.name, err = text(bytes)
		case 2:
			err = fields(bytes, func(number int, _ uint64, bytes []byte) error {
				if number != 1 { // a tensor
					return nil
				}
				return fields(bytes, func(number int, value uint64, bytes []byte) error {
					switch number {
					case 1:
						in.typ = int(value)
					case 2:
						in.dims = []int{}
						return fields(bytes, func(number int, _ uint64, bytes []byte) error {
							if number == 1 {
								return dimension(bytes)
							}
							return nil
						})
					}
					return nil
				})
			})
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("%.80q: %w", in.name, err)
	}
	return in, err
}
