package onnx

import (
	"fmt"
	"slices"

	"padlab/core/arch"
	"padlab/core/nn"
)

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

// settle applies what is pending.
func (b *build) settle(v *value) *value {
	if s := v.sliced; s != nil {
		at := b.n
		b.n = s.node
		m, err := b.move("slice", s.of, s.picks, 0)
		b.n = at
		if err != nil {
			b.b.Fail("%w", err)
			return v
		}
		v.out, v.dims, v.order, v.sliced = m.out, m.dims, m.order, nil
	}
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
