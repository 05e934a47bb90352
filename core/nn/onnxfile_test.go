package nn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// A wireField is a field of a protobuf message, of one of the three kinds that
// ONNX uses.
type wireField struct {
	number int
	value  uint64 // a varint, or the bits of a float
	bytes  []byte // a text, a message, or numbers one behind the other; nil for a value
}

// wireFields cuts a message into its fields.
func wireFields(b []byte) (list []wireField, err error) {
	broken := errors.New("a broken protobuf message")
	varint := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			b, err = nil, broken
			return 0
		}
		b = b[n:]
		return v
	}
	take := func(n uint64) []byte {
		if n > uint64(len(b)) {
			b, err = nil, broken
			return nil
		}
		part := b[:n:n]
		b = b[n:]
		return part
	}
	for len(b) > 0 && err == nil {
		tag := varint()
		f := wireField{number: int(tag >> 3)}
		switch tag & 7 {
		case 0:
			f.value = varint()
		case 2:
			f.bytes = take(varint())
		case 5:
			if four := take(4); four != nil {
				f.value = uint64(binary.LittleEndian.Uint32(four))
			}
		default:
			err = broken
		}
		list = append(list, f)
	}
	return list, err
}

// integers are those of a repeated field, which has one or, packed, several.
func (f wireField) integers() (list []int, err error) {
	if f.bytes == nil {
		return []int{int(f.value)}, nil
	}
	for b := f.bytes; len(b) > 0; {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errors.New("broken packed integers")
		}
		list, b = append(list, int(v)), b[n:]
	}
	return list, nil
}

// The types of ONNX's tensors that are read here.
const (
	onnxFloat32 = 1
	onnxInt64   = 7
)

// An onnxTensor has data when it is of one of those types. An input that a
// node does without is the zero tensor.
type onnxTensor struct {
	torchTensor
	kind int
}

func parseTensor(b []byte) (name string, t onnxTensor, err error) {
	fields, err := wireFields(b)
	if err != nil {
		return "", t, err
	}
	var raw []byte
	values := 1
	for _, f := range fields {
		var list []int
		switch f.number {
		case 1:
			list, err = f.integers()
			for _, d := range list {
				t.Shape = append(t.Shape, d)
				values *= d
			}
		case 2:
			t.kind = int(f.value)
		case 4, 9: // float_data, packed, and raw_data
			raw = f.bytes
		case 7: // int64_data
			list, err = f.integers()
			for _, v := range list {
				t.Data = append(t.Data, float64(v))
			}
		case 8:
			name = string(f.bytes)
		}
		if err != nil {
			return "", t, err
		}
	}
	switch t.kind {
	case onnxFloat32:
		for ; len(raw) >= 4; raw = raw[4:] {
			t.Data = append(t.Data, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))))
		}
	case onnxInt64:
		for ; len(raw) >= 8; raw = raw[8:] {
			t.Data = append(t.Data, float64(int64(binary.LittleEndian.Uint64(raw))))
		}
	default:
		return name, t, nil
	}
	if len(t.Data) != values || len(raw) > 0 {
		return "", t, fmt.Errorf("tensor %q of shape %v has %d values and %d bytes", name, t.Shape, len(t.Data), len(raw))
	}
	return name, t, nil
}

// An onnxAttribute is a number, a text or several integers.
type onnxAttribute struct {
	float   float32
	integer int
	text    string
	list    []int
}

func parseAttribute(b []byte) (name string, a onnxAttribute, err error) {
	fields, err := wireFields(b)
	for _, f := range fields {
		switch f.number {
		case 1:
			name = string(f.bytes)
		case 2:
			a.float = math.Float32frombits(uint32(f.value))
		case 3:
			a.integer = int(f.value)
		case 4:
			a.text = string(f.bytes)
		case 8:
			list, err := f.integers()
			if err != nil {
				return "", a, err
			}
			a.list = append(a.list, list...)
		}
	}
	return name, a, err
}

// An onnxCase is the only node of a model, with its tensors.
type onnxCase struct {
	name            string                   // of its folder
	nodes           int                      // of the model; unless it is 1 nothing below is set
	op              string                   // unless onnxLeast has it, nothing below is set
	attributes      map[string]onnxAttribute // that have not been asked for
	inputs, outputs []onnxTensor
}

// readCase reads the folder of a case.
func readCase(folder string) (*onnxCase, error) {
	model, err := os.ReadFile(filepath.Join(folder, "model.onnx"))
	if err != nil {
		return nil, err
	}
	fields, err := wireFields(model)
	if err != nil {
		return nil, err
	}
	var graph, node []wireField
	for _, f := range fields {
		if f.number == 7 {
			if graph, err = wireFields(f.bytes); err != nil {
				return nil, err
			}
		}
	}
	c := &onnxCase{name: filepath.Base(folder), attributes: map[string]onnxAttribute{}}
	for _, f := range graph {
		if f.number == 1 {
			c.nodes++
			if node, err = wireFields(f.bytes); err != nil {
				return nil, err
			}
		}
	}
	if c.nodes != 1 {
		return c, nil
	}
	for _, f := range node {
		if f.number == 4 {
			c.op = string(f.bytes)
		}
	}
	if _, known := onnxLeast[c.op]; !known {
		return c, nil
	}
	tensors, err := readInputs(folder, graph)
	if err != nil {
		return nil, err
	}
	for _, f := range node {
		switch f.number {
		case 1:
			t, ok := tensors[string(f.bytes)]
			if !ok && len(f.bytes) > 0 {
				return nil, fmt.Errorf("there is no input %s", f.bytes)
			}
			c.inputs = append(c.inputs, t)
		case 2:
			t, err := readTensor(folder, "output", len(c.outputs))
			if err != nil {
				return nil, err
			}
			c.outputs = append(c.outputs, t)
		case 5:
			name, a, err := parseAttribute(f.bytes)
			if err != nil {
				return nil, err
			}
			c.attributes[name] = a
		}
	}
	if len(c.inputs) == 0 || len(c.outputs) == 0 {
		return nil, fmt.Errorf("%d inputs and %d outputs", len(c.inputs), len(c.outputs))
	}
	return c, nil
}

// readInputs reads what goes into a graph: constants, which it holds, and the
// rest from files in the order in which it lists them.
func readInputs(folder string, graph []wireField) (map[string]onnxTensor, error) {
	tensors := map[string]onnxTensor{}
	for _, f := range graph {
		if f.number == 5 {
			name, t, err := parseTensor(f.bytes)
			if err != nil {
				return nil, err
			}
			tensors[name] = t
		}
	}
	files := 0
	for _, f := range graph {
		if f.number != 11 {
			continue
		}
		value, err := wireFields(f.bytes)
		if err != nil {
			return nil, err
		}
		if len(value) == 0 || value[0].number != 1 {
			return nil, errors.New("an input without a name")
		}
		name := string(value[0].bytes)
		if _, constant := tensors[name]; constant {
			continue
		}
		if tensors[name], err = readTensor(folder, "input", files); err != nil {
			return nil, err
		}
		files++
	}
	return tensors, nil
}

// readTensor reads the i-th input or output of a case.
func readTensor(folder, what string, i int) (onnxTensor, error) {
	name := fmt.Sprintf("%s_%d.pb", what, i)
	text, err := os.ReadFile(filepath.Join(folder, "test_data_set_0", name))
	if err != nil {
		return onnxTensor{}, err
	}
	_, t, err := parseTensor(text)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return t, err
}
