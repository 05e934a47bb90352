package onnx

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/pad"
)

// A Model is a network as it was read, for pictures of any size that its graph
// allows. It does not change, so any number of goroutines may use it.
type Model struct {
	*model
	Channels int      // of a picture
	Declared [2]int   // height and width of the pictures that the file names, 0 where it leaves them open
	SHA256   string   // of the file, and of its tensors in others
	Bytes    int64    // that the file takes, and its tensors in others
	Skipped  []string // outputs beyond the first, which are not made

	input      input
	last       bool               // its pictures have their channels last
	batch      int                // of the file
	given      map[string]*tensor // further inputs; nil but for tests
	as         *value             // what the picture is; nil but for tests
	wanted     map[string]bool    // values that lead to the output
	takers     map[string][]*node
	makers     map[string]*node
	classifier *node             // the last of it, a Gemm or a Conv
	known      map[string]*value // constants, and what was computed of nothing else
	all        int               // nodes that lead to the output, those that were computed too
}

// maxAxis bounds the rows and the columns of what layers make.
const maxAxis = 1 << 20

// native is the side of pictures where the file names none.
const native = 224

// newModel checks what does not depend on the size of the picture.
func newModel(m *model, data []byte) (*Model, error) { return newGiven(m, data, nil) }

func newGiven(raw *model, data []byte, given map[string]*tensor) (*Model, error) {
	m := &Model{model: raw, given: given, wanted: map[string]bool{}, takers: map[string][]*node{}, makers: map[string]*node{}}
	if len(m.outputs) == 0 {
		return nil, errors.New("a graph without an output")
	}
	m.Skipped = m.outputs[1:]
	if err := m.order(); err != nil {
		return nil, err
	}
	h := sha256.New()
	h.Write(data)
	m.Bytes = int64(len(data))
	for _, t := range m.tensors() {
		h.Write(t.raw)
		if t.external != nil {
			m.Bytes += int64(len(t.raw))
		}
	}
	m.SHA256 = hex.EncodeToString(h.Sum(nil))
	for _, n := range m.nodes {
		for _, out := range n.out {
			m.makers[out] = n
		}
	}
	m.wanted[m.outputs[0]] = true
	for _, n := range slices.Backward(m.nodes) {
		if !slices.ContainsFunc(n.out, func(out string) bool { return out != "" && m.wanted[out] }) {
			continue
		}
		for _, in := range n.in {
			if in != "" {
				m.wanted[in] = true
			}
		}
	}
	var needed []*node
	for _, n := range m.nodes {
		if slices.ContainsFunc(n.out, func(out string) bool { return out != "" && m.wanted[out] }) {
			needed = append(needed, n)
			for _, in := range n.in {
				m.takers[in] = append(m.takers[in], n)
			}
		}
	}
	m.nodes = needed
	var open []string
	for _, in := range m.inputs {
		if m.initial[in.name] == nil && given[in.name] == nil && (m.wanted[in.name]) {
			open = append(open, in.name)
			m.input = in
		}
	}
	if len(open) != 1 && (given == nil || len(open) > 1) {
		return nil, fmt.Errorf("a network of %d inputs (%.200s), but it is given one picture", len(open), strings.Join(open, ", "))
	}
	m.lookAtInput()
	m.classifier = m.findClassifier()
	m.all = len(m.nodes)
	m.fold()
	return m, nil
}

// fold computes once what depends on nothing but the constants of the file, such
// as weights that are standardised. What cannot be computed is left to be told.
func (m *Model) fold() {
	m.known = map[string]*value{}
	for name, t := range m.initial {
		m.known[name] = &value{dims: t.dims, constant: t}
	}
	for name, t := range m.given {
		m.known[name] = &value{dims: t.dims, constant: t}
	}
	b := &build{m: m, b: nn.NewBuilder(nn.Shape{H: 1, W: 1, C: 1}), spec: arch.Spec{Padding: pad.Must("zeros"), Extent: pad.Same}, fills: map[string]func([]float32){}, used: map[string]bool{}}
	left := m.uses()
	var rest []*node
	for _, n := range m.nodes {
		in, constant := m.inputsOf(n, m.known)
		if !constant {
			rest = append(rest, n)
			continue
		}
		b.n = n
		before := b.live
		out, err := b.run(n, in)
		if err != nil || len(out) < len(n.out) || slices.ContainsFunc(out, func(v *value) bool { return v != nil && v.constant == nil }) {
			rest = append(rest, n)
			b.live = before
			continue
		}
		for i, name := range n.out {
			if name != "" && out[i] != nil && m.wanted[name] {
				out[i].cost, before = b.live-before, b.live
				m.known[name] = out[i]
			}
		}
		b.release(n, m.known, left)
	}
	m.nodes = rest
}

// inputsOf are what a node takes, and whether all of it is there.
func (m *Model) inputsOf(n *node, values map[string]*value) (in []*value, there bool) {
	in = make([]*value, len(n.in))
	for i, name := range n.in {
		if name == "" {
			continue
		}
		if in[i] = values[name]; in[i] == nil {
			return nil, false
		}
	}
	for len(in) > 0 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	return in, true
}

// uses is how often each value is taken.
func (m *Model) uses() map[string]int {
	list := map[string]int{m.outputs[0]: 1}
	for _, n := range m.nodes {
		for _, name := range n.in {
			list[name]++
		}
	}
	return list
}

// release forgets constants that nobody takes behind a node.
func (b *build) release(n *node, values map[string]*value, left map[string]int) {
	for _, name := range n.in {
		if left[name]--; left[name] == 0 && values[name] != nil && values[name].constant != nil {
			b.live -= values[name].cost
			delete(values, name)
		}
	}
}

// lookAtInput finds out which way round pictures are, and how many channels they
// have.
func (m *Model) lookAtInput() {
	dims := slices.Clone(m.input.dims)
	if len(dims) > 0 && dims[0] > 1 {
		m.batch = dims[0]
	}
	m.Channels = 3
	if len(dims) != 4 {
		if len(dims) > 1 && dims[1] > 0 {
			m.Channels = dims[1]
		}
		return
	}
	m.last = dims[3] > 0 && dims[3] <= 4 && (dims[1] == 0 || dims[1] > 4)
	channels := dims[1]
	m.Declared = [2]int{dims[2], dims[3]}
	if m.last {
		channels, m.Declared = dims[3], [2]int{dims[1], dims[2]}
	}
	if channels > 0 {
		m.Channels = channels
		return
	}
	for _, n := range m.nodes {
		if n.op == "Conv" && len(n.in) > 1 && m.initial[n.in[1]] != nil && len(m.initial[n.in[1]].dims) > 1 {
			m.Channels = m.initial[n.in[1]].dims[1] * max(n.integer("group", 1), 1)
			return
		}
	}
}

// findClassifier is the layer whose outputs the network's are, but for what turns
// them into shares, or a convolution whose maps are pooled to them.
func (m *Model) findClassifier() *node {
	at := m.makers[m.outputs[0]]
	for at != nil && slices.Contains([]string{"Softmax", "LogSoftmax", "Identity", "Sigmoid", "Squeeze", "Flatten", "Reshape", "Dropout", "Relu", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean"}, at.op) && len(at.in) > 0 {
		at = m.makers[at.in[0]]
	}
	if at == nil || at.op != "Gemm" && (at.op != "Conv" || at.integer("group", 1) != 1) {
		return nil
	}
	return at
}

// Side is the side of square pictures that the network was made for, as far as
// the file says it.
func (m *Model) Side() int {
	if s := min(m.Declared[0], m.Declared[1]); s > 0 {
		return s
	}
	return native
}

// Size is the height and the width of pictures, as far as the file names them.
func (m *Model) Size() (h, w int) {
	return cmp.Or(m.Declared[0], native), cmp.Or(m.Declared[1], native)
}

// Input is the shape of a picture of h×w pixels.
func (m *Model) Input(h, w int) nn.Shape { return nn.Shape{H: h, W: w, C: m.Channels} }

// start is the value that the picture is.
func (m *Model) start(in nn.Shape) *value {
	if m.as != nil {
		v := *m.as
		return &v
	}
	switch n := len(m.input.dims); {
	case n == 4 && m.last:
		return &value{dims: []int{1, in.H, in.W, in.C}, order: plain(4), out: nn.Sample}
	case n == 4:
		return &value{dims: []int{1, in.C, in.H, in.W}, order: channelsLast(4), out: nn.Sample}
	case n == 3 && in.H == 1:
		return &value{dims: []int{1, in.C, in.W}, order: channelsLast(3), out: nn.Sample}
	case n == 2 && in.H*in.W == 1:
		return &value{dims: []int{1, in.C}, order: plain(2), out: nn.Sample}
	}
	dims := slices.Clone(m.input.dims)
	if len(dims) > 0 {
		dims[0] = 1
	}
	return &value{dims: dims, order: plain(len(dims)), out: nn.Sample}
}

// build adds all layers to nb. What does not fit is among the problems.
func (m *Model) build(nb *nn.Builder, s arch.Spec) (*build, *value) {
	b := &build{m: m, b: nb, spec: s, values: map[string]*value{}, fills: map[string]func([]float32){}, used: map[string]bool{}}
	for name, v := range m.known {
		b.values[name] = &value{dims: v.dims, constant: v.constant}
	}
	left := m.uses()
	start := m.start(s.In)
	if volume(start.dims) != s.In.Len() || volume(start.dims) == 0 {
		nb.Fail("%v is no picture for an input of shape %d", s.In, m.input.dims)
		return b, nil
	}
	if max(s.In.H, s.In.W) > maxAxis || s.In.Len() > maxMade {
		nb.Fail("pictures of %v, at most %d rows and columns and %d values are allowed", s.In, maxAxis, maxMade)
		return b, nil
	}
	b.values[m.input.name] = start
	for _, n := range m.nodes {
		b.n = n
		b.node(n)
		if nb.Err() != nil {
			return b, nil
		}
		b.count()
		b.release(n, b.values, left)
	}
	if len(b.problems) > 0 {
		nb.Fail("%w", Problems(b.problems))
		return b, nil
	}
	return b, b.finish()
}

// count adds up what the layers so far make.
func (b *build) count() {
	for o := b.b.Len(); b.counted < o; b.counted++ {
		s := b.b.Shape(nn.Output(b.counted))
		if b.made += s.Len(); max(s.H, s.W) > maxAxis {
			b.b.Fail("%s: a map of %v, at most %d rows and columns are allowed", b.name(""), s, maxAxis)
		}
		owner := ""
		if len(b.n.out) > 0 {
			owner = b.n.out[0]
		}
		b.ops, b.owners = append(b.ops, visible(b.n.op)), append(b.owners, owner)
	}
}

// node makes the outputs of a node, unless something before it is wrong already.
func (b *build) node(n *node) {
	in, there := b.m.inputsOf(n, b.values)
	if !there {
		return
	}
	before := b.live
	out, err := b.run(n, in)
	if err == nil && b.b.Err() != nil {
		err = b.b.Err()
	}
	if err != nil {
		b.problems = append(b.problems, b.problem(n, err))
		return
	}
	for i, name := range n.out {
		if i < len(out) && name != "" {
			if b.values[name] = out[i]; out[i] != nil && out[i].constant != nil && b.live > before {
				out[i].cost, before = b.live-before, b.live
			}
		} else if name != "" && b.m.wanted[name] {
			b.problems = append(b.problems, b.problem(n, fmt.Errorf("its output %d", i+1)))
		}
	}
}

// leastInputs of ops that have no use for fewer.
var leastInputs = map[string]int{"Constant": 0, "Conv": 2, "ConvTranspose": 2, "Gemm": 2, "MatMul": 2, "Gather": 2, "GatherND": 2, "ScatterND": 3, "Expand": 2, "Tile": 2, "Range": 3, "Where": 3}

func (b *build) run(n *node, in []*value) ([]*value, error) {
	if n.domain != "" && n.domain != "ai.onnx" {
		return nil, fmt.Errorf("an operator of %.80q", n.domain)
	}
	f, ok := ops[n.op]
	if !ok {
		return nil, errors.New("an operator that is not supported")
	}
	least, ok := leastInputs[n.op]
	if !ok {
		least = 1
	}
	if len(in) < least || slices.Contains(in[:least], nil) {
		return nil, fmt.Errorf("%d inputs, at least %d are needed", len(in), least)
	}
	for _, a := range n.attributes {
		if a.kind == "a graph" {
			return nil, errors.New("a graph of its own")
		}
	}
	defer func() { b.b.Times = 1 }()
	return f(b, n, in)
}

func (b *build) problem(n *node, err error) Problem {
	p := Problem{Node: visible(n.name), Op: visible(n.op), Why: visible(err.Error())}
	if p.Node == "" && len(n.out) > 0 {
		p.Node = visible(n.out[0])
	}
	names := func(list []*node) string {
		var words []string
		for _, one := range list[:min(3, len(list))] {
			words = append(words, visible(one.op))
		}
		return strings.Join(words, ", ")
	}
	var before, after []*node
	for _, in := range n.in {
		if from := b.m.makers[in]; from != nil && from.op != "Constant" {
			before = append(before, from)
		}
	}
	for _, out := range n.out {
		after = append(after, b.m.takers[out]...)
	}
	if len(before) > 0 {
		p.Around = "behind " + names(before)
	}
	if len(after) > 0 {
		if p.Around != "" {
			p.Around += ", "
		}
		p.Around += "before " + names(after)
	}
	return p
}

// finish puts the output last, in the order that is expected of it: pictures with
// their channels last, anything else as it is counted.
func (b *build) finish() *value {
	v := b.values[b.m.outputs[0]]
	b.n = &node{name: "output"}
	if v.constant != nil {
		v = b.running(v)
	}
	v = b.settle(v)
	order := plain(len(v.dims))
	shape := shapeOf(v.dims)
	if len(v.dims) == 4 && v.dims[0] == 1 {
		order, shape = channelsLast(4), b.pictureShape(v)
	}
	out, _ := b.in(v, order)
	out = b.shaped(out, shape)
	if out == nn.Sample || int(out) != b.b.Len()-1 {
		out = b.b.Reshape(b.name(""), out, shape)
	}
	b.count()
	return b.value(out, v.dims, order)
}

// Architecture is the network as one of those that experiments are run on, under
// the name that it was read by. Its padding is its own where that of the spec is
// zeros, and else the spec's; how much it pads is its own where the spec says
// same. Of a Spec with other Classes than its own the last layer has as many
// outputs, and no weights.
func (m *Model) Architecture(name string) arch.Architecture {
	a := arch.Architecture{
		Entry:  catalog.Entry{Name: name, About: fmt.Sprintf("read from a file: %d nodes", m.all), Input: catalog.Input{Side: m.Side(), Normalized: m.Channels == 3 && !m.normalizes()}},
		Pooled: true,
		Build: func(b *nn.Builder, s arch.Spec) {
			if _, out := m.build(b, s); out != nil && s.Classes > 0 && volume(out.dims) != s.Classes {
				b.Fail("its output of shape %d cannot be made %d classes: it ends neither in a Gemm nor in a Conv whose maps are pooled", out.dims, s.Classes)
			}
		},
		Weigh: m.weigh,
	}
	h, w := m.Size()
	a.Native = m.Input(h, w)
	spec := m.Spec(a, h, w)
	nb := nn.NewBuilder(spec.In)
	_, out := m.build(nb, spec)
	if nodes, err := nb.Nodes(); err == nil && out != nil {
		a.Taps = m.taps(nodes)
		if volume(out.dims) == nodes[len(nodes)-1].Out().C && (len(out.dims) == 2 || len(out.dims) == 4) {
			a.Classes = volume(out.dims)
		}
	}
	return a
}

// normalizes reports whether the network begins by shifting or scaling the
// picture itself.
func (m *Model) normalizes() bool {
	at := m.input.name
	for range m.all { // outputs that nobody wants have no name, and neither have inputs that are left out
		takers := m.takers[at]
		if len(takers) != 1 || len(takers[0].out) == 0 {
			return false
		}
		switch takers[0].op {
		case "Cast", "Transpose", "Identity", "Slice", "Gather", "Pad":
			at = takers[0].out[0]
		case "Sub", "Div", "Mul", "Add", "BatchNormalization":
			return true
		default:
			return false
		}
	}
	return false
}

// Spec is the network as it came, for pictures of h×w pixels.
func (m *Model) Spec(a arch.Architecture, h, w int) arch.Spec {
	return arch.Spec{Arch: a, In: m.Input(h, w), Padding: pad.Must("zeros"), Extent: pad.Same}
}

// weigh gives a network of s the weights of the file.
func (m *Model) weigh(s arch.Spec, net *nn.Net) error {
	nb := nn.NewBuilder(net.In)
	nb.Schemes = s.Layers
	b, _ := m.build(nb, s)
	if _, err := nb.Nodes(); err != nil {
		return err
	}
	var missing []string
	net.EachParam(func(p nn.Param, values []float32) {
		if fill := b.fills[p.Name]; fill != nil {
			fill(values)
		} else if !strings.HasSuffix(p.Name, ".padding.weight") { // which begin as 0
			missing = append(missing, p.Name)
		}
	})
	if len(missing) > 0 {
		return fmt.Errorf("the file has no weights for %.80q, nor for %d others", missing[0], len(missing)-1)
	}
	net.Pack()
	return nil
}

// most taps that are looked at unless others are asked for.
const mostTaps = 5

// taps are the last layers of each size of map on the way from the picture to the
// output, those nearest to the output.
func (m *Model) taps(nodes []nn.Node) []string {
	var path []int
	for at := nn.Output(len(nodes) - 1); at != nn.Sample; {
		path = append(path, int(at))
		node := nodes[at]
		at = node.From[0]
		for i, from := range node.From { // of a block what its layers made, not its shortcut
			if in := node.In()[i]; from > at && in.H == node.In()[0].H && in.W == node.In()[0].W {
				at = from
			}
		}
	}
	slices.Reverse(path)
	var names []string
	var sizes [][2]int
	for _, i := range path {
		node := nodes[i]
		out := node.Out()
		if node.Window(nn.Rows).Size == 0 || out.H*out.W < 2 {
			if len(names) > 0 {
				break
			}
			continue
		}
		if _, ok := node.Layer.(*nn.Reshape); ok {
			continue
		}
		size := [2]int{out.H, out.W}
		if n := len(sizes); n > 0 && sizes[n-1] == size {
			names[n-1] = node.Name()
			continue
		}
		names, sizes = append(names, node.Name()), append(sizes, size)
	}
	if len(names) == 0 {
		return []string{nodes[len(nodes)-1].Name()}
	}
	return names[max(0, len(names)-mostTaps):]
}
