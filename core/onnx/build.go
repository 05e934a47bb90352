package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/pad"
)

// A value is what stands between two nodes: a constant, or what a layer makes of
// every sample. Its dimensions are ONNX's. In memory the axes lie in order, the
// outermost first: those of a picture of 1×C×H×W as 0, 2, 3, 1. Transposing only
// changes dims and order, and where a layer needs its input in another order
// (see build.in) a layer moves it there.
type value struct {
	dims     []int
	order    []int
	out      nn.Output
	constant *tensor
	cost     int // values that were computed for it
	pending  *pending

	moved map[string]*value // the same in other orders
}

// A pending padding has not been applied yet: a convolution may do it.
type pending struct {
	name   string
	of     *value
	scheme pad.Scheme
	sides  pad.Sides
}

// memory are the dimensions of the value as they lie in memory.
func (v *value) memory() []int {
	list := make([]int, len(v.order))
	for i, axis := range v.order {
		list[i] = v.dims[axis]
	}
	return list
}

// strides are how far apart the neighbours along each axis lie.
func (v *value) strides() []int {
	list, step := make([]int, len(v.dims)), 1
	for _, axis := range slices.Backward(v.order) {
		list[axis] = step
		step *= v.dims[axis]
	}
	return list
}

// shapeOf is the shape of a sample with such dimensions in memory: the last are
// its channels.
func shapeOf(memory []int) nn.Shape {
	s := nn.Shape{H: 1, W: 1, C: 1}
	n := len(memory)
	if n > 0 {
		s.C = memory[n-1]
	}
	if n > 1 {
		s.W = memory[n-2]
	}
	if n > 2 {
		s.H = volume(memory[:n-2])
	}
	return s
}

// plain is the order of n axes as ONNX counts them, last that with the channels
// behind.
func plain(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func channelsLast(n int) []int {
	list := []int{}
	for i := range n {
		if i != 1 {
			list = append(list, i)
		}
	}
	if n > 1 {
		list = append(list, 1)
	}
	return list
}

// A build makes the layers of a network for one size of picture. What does not
// fit is collected, so that all of it can be said at once.
type build struct {
	m        *Model
	b        *nn.Builder
	spec     arch.Spec
	values   map[string]*value // nil: what could not be made
	problems []Problem
	fills    map[string]func([]float32) // of each tensor, by its name in the network
	used     map[string]bool            // names of layers and tensors
	made     int                        // values of all layers
	folded   int                        // values that were computed of constants
	live     int                        // those of them that are still needed
	counted  int                        // layers that are in it
	ops      []string                   // of each layer: that of its node
	owners   []string                   // of each layer: an output of its node

	n *node
}

// A Problem is what does not fit: the node, and why.
type Problem struct {
	Node, Op string
	Around   string // what it takes its inputs from, and what takes its outputs
	Why      string
}

func (p Problem) String() string {
	text := fmt.Sprintf("node %q (%s", p.Node, p.Op)
	if p.Around != "" {
		text += ", " + p.Around
	}
	return text + "): " + p.Why
}

// Problems are all that does not fit in a graph, as an error.
type Problems []Problem

func (p Problems) Error() string {
	const most = 12
	var lines []string
	for _, one := range p[:min(most, len(p))] {
		lines = append(lines, one.String())
	}
	if more := len(p) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more nodes", more))
	}
	return strings.Join(lines, "\n")
}

// visible is a text of a file without what a terminal would obey.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// maxMade bounds what a sample takes on its way through the network, in values.
const maxMade = 1 << 28

// name is a name for a layer of the node at hand; what is empty is the layer that
// does what the node says.
func (b *build) name(what string) string {
	base := b.n.name
	if base == "" {
		base = b.n.op
		if len(b.n.out) > 0 {
			base = b.n.out[0]
		}
	}
	base = visible(base)
	if what != "" {
		base += "." + what
	}
	name := base
	for i := 2; b.used[name]; i++ {
		name = fmt.Sprintf("%s.%d", base, i)
	}
	b.used[name] = true
	return name
}

// fill says what the tensor of a layer is filled with, and calls it by the name
// that the file has for it, unless another layer has that already.
func (b *build) fill(param string, from *tensor, values func(to []float32)) {
	name := param
	if from != nil && from.name != "" && !b.used["tensor "+from.name] {
		name = from.name
		b.used["tensor "+name] = true
		if b.b.Tensors == nil {
			b.b.Tensors = map[string]string{}
		}
		b.b.Tensors[param] = name
	}
	b.fills[name] = values
}

// tensor is the name in the network of a tensor of a layer.
func (b *build) tensor(param string) string {
	if name, ok := b.b.Tensors[param]; ok {
		return name
	}
	return param
}

// value is what a layer made, in the order of a layer's memory.
func (b *build) value(out nn.Output, dims, order []int) *value {
	return &value{dims: slices.Clone(dims), order: slices.Clone(order), out: out}
}

// settle applies what is pending.
func (b *build) settle(v *value) *value {
	if v.pending == nil {
		return v
	}
	p := v.pending
	of, order := b.in(p.of, channelsLast(len(p.of.dims)))
	of = b.shaped(of, b.pictureShape(p.of))
	out := b.b.Pad(p.name, of, p.scheme, p.sides)
	s := b.b.Shape(out)
	v.out, v.order, v.pending = out, order, nil
	v.dims = picDims(len(v.dims), s)
	return v
}

// picDims are the dimensions of a picture.
func picDims(rank int, s nn.Shape) []int {
	if rank == 3 {
		return []int{1, s.C, s.W}
	}
	return []int{1, s.C, s.H, s.W}
}

// sameOrder reports whether two orders of the axes are one in memory.
func sameOrder(dims, a, b []int) bool {
	long := func(list []int) (axes []int) {
		for _, axis := range list {
			if dims[axis] != 1 {
				axes = append(axes, axis)
			}
		}
		return axes
	}
	return slices.Equal(long(a), long(b))
}

// in is a value in a given order of its axes.
func (b *build) in(v *value, order []int) (nn.Output, []int) {
	if v.constant != nil {
		v = b.running(v)
	}
	v = b.settle(v)
	if sameOrder(v.dims, v.order, order) {
		return v.out, order
	}
	key := fmt.Sprint(order)
	if m := v.moved[key]; m != nil {
		return m.out, order
	}
	m := b.value(0, v.dims, order)
	m.out = b.arrange("order", "transpose", v, m.memory(), order, shapeOf(m.memory()))
	if v.moved == nil {
		v.moved = map[string]*value{}
	}
	v.moved[key] = m
	return m.out, order
}

// arrange moves the axes of v into another order.
func (b *build) arrange(name, kind string, v *value, memory, order []int, shape nn.Shape) nn.Output {
	strides := v.strides()
	at := make([][]int32, len(order))
	for i, axis := range order {
		for j := range memory[i] {
			at[i] = append(at[i], int32(j*strides[axis]))
		}
	}
	return b.b.Arrange(b.name(name), kind, v.out, shape, at, 0)
}

// shaped is an output as a sample of a given shape, its memory as it is.
func (b *build) shaped(out nn.Output, s nn.Shape) nn.Output {
	if b.b.Shape(out) == s {
		return out
	}
	return b.b.Reshape(b.name("shape"), out, s)
}

// pictureShape is the shape of a value of N×C×H×W or N×C×W.
func (b *build) pictureShape(v *value) nn.Shape {
	s := nn.Shape{H: 1, W: 1, C: v.dims[1]}
	switch len(v.dims) {
	case 3:
		s.W = v.dims[2]
	case 4:
		s.H, s.W = v.dims[2], v.dims[3]
	}
	return s
}

// picture is a value as pictures with their channels last; the layers that are
// made of them work on each.
func (b *build) picture(v *value) (nn.Output, error) {
	if n := len(v.dims); n < 2 || n > 4 {
		return 0, fmt.Errorf("pictures along %d axes: only N×C×H×W and N×C×W are", max(n-2, 0))
	}
	if v.constant != nil {
		v = b.running(v)
	}
	out, _ := b.in(v, channelsLast(len(v.dims)))
	s := b.pictureShape(v)
	s.H *= v.dims[0]
	out = b.shaped(out, s)
	b.b.Times = v.dims[0] // until the node is done
	return out, nil
}

// ofPicture is what a layer made of a picture.
func (b *build) ofPicture(out nn.Output, rank int) *value {
	s := b.b.Shape(out)
	dims := picDims(rank, s)
	if rank == 2 {
		dims = []int{1, s.C}
	}
	dims[0] = max(b.b.Times, 1)
	return b.value(out, dims, channelsLast(rank))
}

// running is a constant as what a layer makes of every sample: the same.
func (b *build) running(v *value) *value {
	t := v.constant
	s := nn.CombineSpec{Dims: []int{t.len()}, Steps: [2][]int{{0}, {1}}}
	name := b.name("constant")
	b.weigh(&s, name, t)
	op := nn.Operation{Kind: "constant", F: func(_, c float32) float32 { return c }, DB: func(_, _ float32) float32 { return 1 }}
	out := b.b.Combine(name, op, shapeOf(t.dims), s, nn.Sample)
	return b.value(out, t.dims, plain(len(t.dims)))
}

// weigh lets the constant operand of a Combine be weights, where it is some of
// the file's, and else a constant.
func (b *build) weigh(s *nn.CombineSpec, name string, t *tensor) {
	if t.name == "" || t.len() == 1 || !t.isFloat() {
		s.Constant = t.values()
		return
	}
	s.Weights = t.len()
	b.fill(name+".weight", t, func(to []float32) { copy(to, t.values()) })
}

// A pick says where an axis of a value that is made of another comes from: one of
// its axes, by index, where a negative one stands for what is not in it; or with
// axis −1 none, along which it is repeated.
type pick struct {
	axis  int
	index []int
}

func every(axis, n int) pick {
	p := pick{axis: axis}
	for i := range n {
		p.index = append(p.index, i)
	}
	return p
}

// picks are those that change nothing.
func (v *value) picks() (list []pick) {
	for axis, n := range v.dims {
		list = append(list, every(axis, n))
	}
	return list
}

// move makes a value by picks of another; what is not in it is fill.
func (b *build) move(kind string, v *value, picks []pick, fill float32) (*value, error) {
	dims := make([]int, len(picks))
	for i, p := range picks {
		dims[i] = len(p.index)
	}
	if err := b.checkDims(dims, v.constant != nil); err != nil {
		return nil, err
	}
	if v.constant != nil {
		return &value{dims: dims, constant: moveConstant(v.constant, picks, dims, fill)}, nil
	}
	v = b.settle(v)
	// The axes lie as those that they come from; what is repeated is outermost.
	order := []int{}
	for i, p := range picks {
		if p.axis < 0 {
			order = append(order, i)
		}
	}
	for _, axis := range v.order {
		for i, p := range picks {
			if p.axis == axis {
				order = append(order, i)
			}
		}
	}
	strides := v.strides()
	m := b.value(0, dims, order)
	at := make([][]int32, len(order))
	for i, axis := range order {
		p := picks[axis]
		for _, j := range p.index {
			switch {
			case p.axis < 0:
				at[i] = append(at[i], 0)
			case j < 0:
				at[i] = append(at[i], nn.Nowhere)
			default:
				at[i] = append(at[i], int32(j*strides[p.axis]))
			}
		}
	}
	m.out = b.b.Arrange(b.name(""), kind, v.out, shapeOf(m.memory()), at, fill)
	return m, nil
}

// checkDims returns an error for a value that would be too large, or empty.
func (b *build) checkDims(dims []int, constant bool) error {
	if err := checkDims(dims); err != nil {
		return err
	}
	n := volume(dims)
	if constant {
		if n > maxFolded {
			return fmt.Errorf("a constant of %d values, at most %d are computed", n, maxFolded)
		}
		if b.folded, b.live = b.folded+n, b.live+n; b.folded > maxFoldedAll || b.live > maxLive {
			return fmt.Errorf("constants of more than %d values in all, or %d at once", maxFoldedAll, maxLive)
		}
		return nil
	}
	if n == 0 {
		return fmt.Errorf("an empty value of shape %d", dims)
	}
	if b.made+n > maxMade {
		return fmt.Errorf("the values on the way so far, with %d more, are more than %d: a smaller picture helps", n, maxMade)
	}
	return nil
}

// reshape gives v other dimensions. In groups of axes that have the same product
// the axes must lie in memory as they are counted; where they do not they are
// moved so.
func (b *build) reshape(v *value, dims []int) (*value, error) {
	if volume(dims) != volume(v.dims) {
		return nil, fmt.Errorf("%d values of shape %d do not make the shape %d", volume(v.dims), v.dims, dims)
	}
	if v.constant != nil {
		return &value{dims: dims, constant: v.constant.like(dims)}, nil
	}
	v = b.settle(v)
	if slices.Equal(v.dims, dims) {
		return v, nil
	}
	type group struct {
		in, out []int
		at      int // where the first of in lies in memory
	}
	var groups []group
	position := make([]int, len(v.dims))
	for i, axis := range v.order {
		position[axis] = i
	}
	for i, j := 0, 0; i < len(v.dims) || j < len(dims); {
		g, p, q := group{at: -1}, 1, 1
		for {
			if p <= q && i < len(v.dims) && (p < q || v.dims[i] == 1 || len(g.in) == 0) {
				if v.dims[i] != 1 {
					if len(g.in) == 0 {
						g.at = position[i]
					}
					g.in = append(g.in, i)
					p *= v.dims[i]
				}
				i++
				continue
			}
			if j < len(dims) && (q < p || dims[j] == 1) {
				if dims[j] != 1 {
					g.out = append(g.out, j)
					q *= dims[j]
				}
				j++
				continue
			}
			break
		}
		if len(g.in) > 0 {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b group) int { return a.at - b.at })
	var inOrder, outOrder []int
	for axis, d := range v.dims {
		if d == 1 {
			inOrder = append(inOrder, axis)
		}
	}
	for axis, d := range dims {
		if d == 1 {
			outOrder = append(outOrder, axis)
		}
	}
	for _, g := range groups {
		inOrder, outOrder = append(inOrder, g.in...), append(outOrder, g.out...)
	}
	m := b.value(v.out, dims, outOrder)
	if !sameOrder(v.dims, v.order, inOrder) {
		in := b.value(0, v.dims, inOrder)
		m.out = b.arrange("", "reshape", v, in.memory(), inOrder, shapeOf(m.memory()))
	}
	return m, nil
}

// transpose is a view.
func (b *build) transpose(v *value, perm []int) (*value, error) {
	if v.constant != nil {
		picks := make([]pick, len(perm))
		for i, axis := range perm {
			picks[i] = every(axis, v.dims[axis])
		}
		return b.move("transpose", v, picks, 0)
	}
	v = b.settle(v)
	m := b.value(v.out, v.dims, v.order)
	back := make([]int, len(perm))
	for i, axis := range perm {
		m.dims[i] = v.dims[axis]
		back[axis] = i
	}
	for i, axis := range v.order {
		m.order[i] = back[axis]
	}
	return m, nil
}

// last moves some axes behind all others in memory.
func last(order []int, axes ...int) []int {
	var list []int
	for _, axis := range order {
		if !slices.Contains(axes, axis) {
			list = append(list, axis)
		}
	}
	return append(list, axes...)
}

// broadcast are the dimensions of two values laid over each other.
func broadcast(a, b []int) ([]int, error) {
	n := max(len(a), len(b))
	dims := make([]int, n)
	for i := range dims {
		x, y := 1, 1
		if j := i - n + len(a); j >= 0 {
			x = a[j]
		}
		if j := i - n + len(b); j >= 0 {
			y = b[j]
		}
		if x != y && x != 1 && y != 1 {
			return nil, fmt.Errorf("shapes %d and %d do not lie over each other", a, b)
		}
		if dims[i] = max(x, y); x == 0 || y == 0 {
			dims[i] = 0
		}
	}
	return dims, nil
}

// over are the steps of a value along the axes of dims, which it is repeated
// over.
func over(dims, of, strides []int) []int {
	steps := make([]int, len(dims))
	for i := range dims {
		if j := i - len(dims) + len(of); j >= 0 && of[j] != 1 {
			steps[i] = strides[j]
		}
	}
	return steps
}

// stridesOf are those of a constant.
func stridesOf(dims []int) []int {
	return (&value{dims: dims, order: plain(len(dims))}).strides()
}

// combine applies an operation to two values.
func (b *build) combine(op operation, x, y *value) (*value, error) {
	dims, err := broadcast(x.dims, y.dims)
	if err != nil {
		return nil, err
	}
	if err := b.checkDims(dims, x.constant != nil && y.constant != nil); err != nil {
		return nil, err
	}
	if x.constant != nil && y.constant != nil {
		return &value{dims: dims, constant: combineConstants(op, x.constant, y.constant, dims)}, nil
	}
	x, y = b.settle(x), b.settle(y)
	lead := x
	if x.constant != nil || y.constant == nil && volume(y.dims) > volume(x.dims) {
		lead = y
	}
	var order []int
	more := len(dims) - len(lead.dims)
	for i := range more {
		order = append(order, i)
	}
	for _, axis := range lead.order {
		order = append(order, axis+more)
	}
	m := b.value(0, dims, order)
	memory := m.memory()
	spec := nn.CombineSpec{Dims: memory}
	inMemory := func(steps []int) []int {
		list := make([]int, len(order))
		for i, axis := range order {
			list[i] = steps[axis]
		}
		return list
	}
	if x.constant != nil || y.constant != nil {
		name := b.name("")
		t, run := y.constant, x
		if x.constant != nil {
			t, run, spec.Left = x.constant, y, true
		}
		steps := inMemory(over(dims, t.dims, stridesOf(t.dims)))
		mine := inMemory(over(dims, run.dims, run.strides()))
		spec.Steps = [2][]int{mine, steps}
		if spec.Left {
			spec.Steps = [2][]int{steps, mine}
		}
		b.weigh(&spec, name, t)
		m.out = b.b.Combine(name, op.Operation, shapeOf(memory), spec, run.out)
		return m, nil
	}
	// Operands as large as the result lie in its order.
	outs := [2]nn.Output{}
	for i, v := range []*value{x, y} {
		strides := v.strides()
		outs[i] = v.out
		if slices.Equal(v.dims, dims) {
			outs[i], _ = b.in(v, order)
			strides = m.strides()
		}
		spec.Steps[i] = inMemory(over(dims, v.dims, strides))
	}
	shape := shapeOf(memory)
	if op.Kind == "add" && slices.Equal(x.dims, y.dims) {
		if b.b.Shape(outs[0]) == b.b.Shape(outs[1]) {
			m.out = b.b.Add(b.name(""), outs[0], outs[1])
			return m, nil
		}
		first, second := b.shaped(outs[0], shape), b.shaped(outs[1], shape)
		m.out = b.b.Add(b.name(""), first, second)
		return m, nil
	}
	for i, v := range []*value{x, y} {
		if slices.Equal(v.dims, dims) {
			outs[i] = b.shaped(outs[i], shape)
		}
	}
	op2 := op.Operation
	if lead == y { // what is read is said of the first input
		outs[0], outs[1] = outs[1], outs[0]
		spec.Steps[0], spec.Steps[1] = spec.Steps[1], spec.Steps[0]
		f, da, db := op2.F, op2.DA, op2.DB
		op2.F = func(a, b float32) float32 { return f(b, a) }
		op2.DA, op2.DB = swapped(db), swapped(da)
	}
	m.out = b.b.Combine(b.name(""), op2, shape, spec, outs[0], outs[1])
	return m, nil
}

func swapped(f func(a, b float32) float32) func(a, b float32) float32 {
	if f == nil {
		return nil
	}
	return func(a, b float32) float32 { return f(b, a) }
}

// mapped applies a function to every value.
func (b *build) mapped(f nn.Function, v *value) (*value, error) {
	if v.constant != nil {
		if err := b.checkDims(v.dims, true); err != nil {
			return nil, err
		}
		t := &tensor{typ: float32Type, dims: v.dims, floats: make([]float32, v.constant.len())}
		for i, x := range v.constant.values() {
			t.floats[i] = f.F(x)
		}
		return &value{dims: v.dims, constant: t}, nil
	}
	v = b.settle(v)
	return b.value(b.b.Map(b.name(""), v.out, f), v.dims, v.order), nil
}

// reduce makes one number of those along some axes.
func (b *build) reduce(r nn.Reduction, v *value, axes []int, keep bool) (*value, error) {
	dims := slices.Clone(v.dims)
	for _, axis := range axes {
		dims[axis] = 1
	}
	finish := func(m *value) (*value, error) {
		if keep {
			return m, nil
		}
		var left []int
		for axis, d := range m.dims {
			if !slices.Contains(axes, axis) {
				left = append(left, d)
			}
		}
		return b.reshape(m, left)
	}
	if v.constant != nil {
		if err := b.checkDims(v.dims, true); err != nil {
			return nil, err
		}
		return finish(&value{dims: dims, constant: reduceConstant(r, v.constant, dims)})
	}
	v = b.settle(v)
	if r.Kind == "mean" && len(v.dims) == 4 && slices.Equal(axes, []int{2, 3}) && v.dims[0] == 1 && sameOrder(v.dims, v.order, channelsLast(4)) {
		out, err := b.picture(v)
		if err != nil {
			return nil, err
		}
		m := b.ofPicture(b.b.GlobalAveragePool(b.name(""), out), 4)
		b.b.Times = 1
		return finish(m)
	}
	m := b.value(0, dims, v.order)
	strides := m.strides()
	memory := v.memory()
	steps := make([]int, len(memory))
	for i, axis := range v.order {
		if dims[axis] == v.dims[axis] && dims[axis] != 1 {
			steps[i] = strides[axis]
		}
	}
	m.out = b.b.Reduce(b.name(""), r, v.out, shapeOf(m.memory()), memory, steps)
	return finish(m)
}

// product multiplies matrices: the last two axes, for each of the others.
func (b *build) product(x, y *value) (*value, error) {
	if len(x.dims) == 0 || len(y.dims) == 0 {
		return nil, errors.New("a number is no matrix")
	}
	if len(x.dims) == 1 {
		wide, err := b.reshape(x, []int{1, x.dims[0]})
		if err != nil {
			return nil, err
		}
		m, err := b.product(wide, y)
		if err != nil {
			return nil, err
		}
		return b.reshape(m, slices.Delete(slices.Clone(m.dims), len(m.dims)-2, len(m.dims)-1))
	}
	if len(y.dims) == 1 {
		wide, err := b.reshape(y, []int{y.dims[0], 1})
		if err != nil {
			return nil, err
		}
		m, err := b.product(x, wide)
		if err != nil {
			return nil, err
		}
		return b.reshape(m, m.dims[:len(m.dims)-1])
	}
	nx, ny := len(x.dims), len(y.dims)
	rows, depth, columns := x.dims[nx-2], x.dims[nx-1], y.dims[ny-1]
	if y.dims[ny-2] != depth {
		return nil, fmt.Errorf("matrices of %d and %d cannot be multiplied", x.dims, y.dims)
	}
	batch, err := broadcast(x.dims[:nx-2], y.dims[:ny-2])
	if err != nil {
		return nil, err
	}
	dims := append(slices.Clone(batch), rows, columns)
	if err := b.checkDims(dims, x.constant != nil && y.constant != nil); err != nil {
		return nil, err
	}
	switch {
	case x.constant != nil && y.constant != nil:
		return &value{dims: dims, constant: multiplyConstants(x.constant, y.constant, dims)}, nil
	case y.constant != nil && volume(y.dims) == depth*columns:
		m, err := b.dense(x, y.constant, false, nil, 1, 0)
		if err != nil || len(m.dims) == len(dims) {
			return m, err
		}
		return b.reshape(m, dims)
	case x.constant != nil && volume(x.dims) == rows*depth:
		flip := func(n int) []int {
			perm := plain(n)
			perm[n-1], perm[n-2] = n-2, n-1
			return perm
		}
		turned, err := b.transpose(y, flip(ny))
		if err != nil {
			return nil, err
		}
		m, err := b.dense(turned, x.constant, true, nil, 1, 0)
		if err != nil {
			return nil, err
		}
		return b.transpose(m, flip(len(m.dims)))
	}
	if x.constant != nil {
		x = b.running(x)
	}
	if y.constant != nil {
		y = b.running(y)
	}
	x, y = b.settle(x), b.settle(y)
	spec := nn.MatMulSpec{M: rows, K: depth, N: columns}
	xOrder := last(x.order, nx-2, nx-1)
	if sameOrder(x.dims, x.order, last(x.order, nx-1, nx-2)) {
		xOrder, spec.Transposed = x.order, !sameOrder(x.dims, x.order, xOrder)
	}
	xo, _ := b.in(x, xOrder)
	yo, yOrder := b.in(y, last(y.order, ny-2, ny-1))
	at := func(v *value, order []int) []int {
		n := len(v.dims)
		strides := (&value{dims: v.dims, order: order}).strides()
		steps := over(batch, v.dims[:n-2], strides[:n-2])
		list := []int{0}
		for i, d := range batch {
			var next []int
			for _, from := range list {
				for j := range d {
					next = append(next, from+j*steps[i])
				}
			}
			list = next
		}
		return list
	}
	spec.A, spec.B = at(x, xOrder), at(y, yOrder)
	m := b.value(0, dims, plain(len(dims)))
	m.out = b.b.MatMul(b.name(""), xo, yo, shapeOf(dims), spec)
	return m, nil
}

// dense multiplies the last axis of v by a constant matrix of depth×n, or n×depth
// when it is turned round, times alpha; bias, times beta, is added.
func (b *build) dense(v *value, w *tensor, turned bool, bias *tensor, alpha, beta float32) (*value, error) {
	r := len(v.dims)
	v = b.settle(v)
	depth := v.dims[r-1]
	n := w.len() / max(depth, 1)
	order := v.order
	if sameOrder(v.dims, order, last(order, r-1)) {
		order = last(order, r-1)
	} else {
		order = last(v.order, r-1)
	}
	x, _ := b.in(v, order)
	m := b.value(0, v.dims, order)
	shape := shapeOf(m.memory())
	x = b.shaped(x, shape)
	m.dims[r-1] = n
	if err := b.checkDims(m.dims, false); err != nil {
		return nil, err
	}
	name := b.name("")
	fill := func(to []float32) {
		values := w.values()
		for i := range depth {
			for j := range n {
				from := i*n + j
				if turned {
					from = j*depth + i
				}
				to[i*n+j] = alpha * values[from]
			}
		}
	}
	if own := b.spec.Classes; b.n == b.m.classifier && own > 0 && own != n {
		n, m.dims[r-1], fill, bias = own, own, nil, nil
		if shape.H*shape.W != 1 {
			return nil, errors.New("a classifier of several places")
		}
	}
	if fill == nil {
		m.out = b.b.Linear(name, x, n)
		return m, nil
	}
	added := func(to []float32) {
		clear(to)
		if bias == nil {
			return
		}
		for i, v := range bias.values() {
			to[i] = beta * v
		}
		if bias.len() == 1 {
			for i := range to {
				to[i] = to[0]
			}
		}
	}
	b.fill(name+".weight", w, fill)
	if shape.H*shape.W == 1 {
		b.fill(name+".bias", bias, added)
		m.out = b.b.Linear(name, x, n)
		return m, nil
	}
	if bias != nil {
		b.fill(name+".bias", bias, added)
	}
	m.out = b.b.Conv(name, x, n, 1, 1, pad.Must("none"), pad.Valid, bias != nil)
	return m, nil
}
