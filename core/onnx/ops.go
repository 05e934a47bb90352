package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/pad"
)

// An op makes the outputs of a node. A nil among the inputs is one that the node
// does without.
type op func(b *build, n *node, in []*value) ([]*value, error)

// one is an op of one output.
func one(f func(b *build, n *node, in []*value) (*value, error)) op {
	return func(b *build, n *node, in []*value) ([]*value, error) {
		v, err := f(b, n, in)
		return []*value{v}, err
	}
}

// ops are all that is supported.
var ops map[string]op

func init() {
	ops = map[string]op{
		"Identity": one(same), "Dropout": one(dropout), "Constant": one(constant), "Cast": one(cast), "CastLike": one(cast),
		"Conv": one(conv), "ConvTranspose": one(convTranspose), "Gemm": one(gemm),
		"MatMul":             one(func(b *build, _ *node, in []*value) (*value, error) { return b.product(in[0], in[1]) }),
		"BatchNormalization": batchNorm, "InstanceNormalization": one(instanceNorm), "GroupNormalization": one(groupNorm), "LayerNormalization": layerNorm,
		"MaxPool": one(pool), "AveragePool": one(pool), "GlobalAveragePool": one(global), "GlobalMaxPool": one(global),
		"Pad": one(padded), "Resize": one(resize), "Upsample": one(resize),
		"Shape": one(shapeOp), "Size": one(size), "ConstantOfShape": one(constantOfShape), "Range": one(rangeOp),
		"Reshape": one(reshape), "Flatten": one(flatten), "Squeeze": one(squeeze), "Unsqueeze": one(unsqueeze),
		"Transpose": one(transpose), "Expand": one(expand), "Tile": one(tile), "Slice": one(slice), "Gather": one(gather), "GatherND": one(gatherND), "ScatterND": one(scatterND),
		"Split": split, "Concat": one(concat), "Softmax": one(softmax), "LogSoftmax": one(softmax),
		"DepthToSpace": one(depthToSpace), "SpaceToDepth": one(spaceToDepth),
		"Where": one(where), "Clip": one(clip), "PRelu": one(pairwise(operations["PRelu"])),
		"LpNormalization": one(lpNorm), "Einsum": one(einsum), "LRN": one(lrn),
	}
	for name, o := range operations {
		ops[name] = one(pairwise(o))
	}
	for _, name := range []string{"Sum", "Max", "Min", "Mean"} {
		ops[name] = one(several)
	}
	for name, f := range functions {
		ops[name] = one(func(b *build, n *node, in []*value) (*value, error) {
			if n.op == "Relu" && in[0].constant == nil {
				v := b.settle(in[0])
				return b.value(b.b.ReLU(b.name(""), v.out), v.dims, v.order), nil
			}
			return b.mapped(f(n), in[0])
		})
	}
	for name, r := range reductions {
		ops[name] = one(func(b *build, n *node, in []*value) (*value, error) { return reduce(b, n, in, r) })
	}
}

// Ops are the operators that are supported, in their order.
func Ops() []string {
	var list []string
	for name := range ops {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func (n *node) float(name string, otherwise float32) float32 {
	if a, ok := n.attributes[name]; ok {
		return a.float
	}
	return otherwise
}

func (n *node) integer(name string, otherwise int) int {
	if a, ok := n.attributes[name]; ok {
		return int(a.integer)
	}
	return otherwise
}

func (n *node) text(name, otherwise string) string {
	if a, ok := n.attributes[name]; ok {
		return a.text
	}
	return otherwise
}

// list is an attribute of integers, or nil.
func (n *node) list(name string) []int {
	a, ok := n.attributes[name]
	if !ok {
		return nil
	}
	list := make([]int, len(a.ints))
	for i, v := range a.ints {
		list[i] = int(v)
	}
	return list
}

// optional is an input that a node may do without.
func optional(in []*value, i int) *value {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// fixed are integers that must be known before anything runs.
func fixed(v *value, what string) ([]int, error) {
	if v.constant == nil {
		return nil, fmt.Errorf("its %s depends on the picture", what)
	}
	if v.constant.len() > maxList {
		return nil, fmt.Errorf("its %s of %d numbers", what, v.constant.len())
	}
	list := make([]int, v.constant.len())
	for i, n := range v.constant.integers() {
		list[i] = int(n)
	}
	return list, nil
}

// listed is an attribute of older versions or the input of newer ones; nil where
// it is left out.
func listed(n *node, in []*value, name string, i int) ([]int, error) {
	if v := optional(in, i); v != nil {
		return fixed(v, name)
	}
	return n.list(name), nil
}

// axis counts from the end where it is negative.
func axisOf(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d of %d", axis, rank)
	}
	return (axis + rank) % max(rank, 1), nil
}

func axesOf(axes []int, rank int) ([]int, error) {
	var list []int
	for _, a := range axes {
		a, err := axisOf(a, rank)
		if err != nil {
			return nil, err
		}
		if slices.Contains(list, a) {
			return nil, fmt.Errorf("axes %d, one of them twice", axes)
		}
		list = append(list, a)
	}
	slices.Sort(list)
	return list, nil
}

// weights are an input that must be a constant.
func weights(in []*value, i int, what string) (*tensor, error) {
	v := optional(in, i)
	if v == nil {
		return nil, fmt.Errorf("it has no %s", what)
	}
	if v.constant == nil {
		return nil, fmt.Errorf("its %s is computed from the picture", what)
	}
	return v.constant, nil
}

func same(_ *build, _ *node, in []*value) (*value, error) { return in[0], nil }

func dropout(_ *build, _ *node, in []*value) (*value, error) {
	if v := optional(in, 2); v != nil && (v.constant == nil || slices.Contains(v.constant.integers(), 1)) {
		return nil, errors.New("it drops, as in training")
	}
	return in[0], nil
}

func constant(_ *build, n *node, _ []*value) (*value, error) {
	for name, a := range n.attributes {
		t := &tensor{dims: []int{}}
		switch name {
		case "value":
			t = a.tensor
		case "value_float":
			t.typ, t.floats = float32Type, []float32{a.float}
		case "value_floats":
			t.typ, t.floats, t.dims = float32Type, a.floats, []int{len(a.floats)}
		case "value_int":
			t.typ, t.ints = int64Type, []int64{a.integer}
		case "value_ints":
			t.typ, t.ints, t.dims = int64Type, a.ints, []int{len(a.ints)}
		default:
			continue
		}
		if t == nil || len(n.attributes) > 1 {
			break
		}
		if len(n.out) > 0 && t.name == "" {
			t = t.like(t.dims)
			t.name = n.out[0]
		}
		return &value{dims: t.dims, constant: t}, nil
	}
	return nil, errors.New("a constant without a value, or with several")
}

// cast rounds to the shorter types; all is computed in float32 in any case.
func cast(b *build, n *node, in []*value) (*value, error) {
	to := n.integer("to", float32Type)
	if n.op == "CastLike" {
		if v := optional(in, 1); v != nil && v.constant != nil {
			to = v.constant.typ
		}
	}
	isFloat := (&tensor{typ: to}).isFloat()
	size, ok := typeSizes[to]
	if to == bfloat16Type {
		return nil, errors.New("to bfloat16, which not all round alike")
	}
	if !ok {
		return nil, fmt.Errorf("type %d", to)
	}
	v := in[0]
	if t := v.constant; t != nil {
		m := &tensor{name: t.name, typ: to, dims: t.dims}
		switch {
		case isFloat && t.isFloat() && size >= typeSizes[t.typ]:
			m = t
		case to == float16Type:
			m.floats = make([]float32, t.len())
			for i, x := range t.values() {
				m.floats[i] = rounded(x)
			}
		case isFloat:
			m.typ, m.floats = float32Type, t.values()
		case to == boolType:
			m.ints = make([]int64, t.len())
			for i, v := range t.values() {
				if v != 0 {
					m.ints[i] = 1
				}
			}
		default:
			m.ints = t.integers()
		}
		return &value{dims: v.dims, constant: m}, nil
	}
	switch {
	case to == float16Type:
		return b.mapped(nn.Function{Kind: "round", F: func(x float32) float32 { return rounded(x) }, Slope: func(float32) float32 { return 1 }}, v)
	case isFloat:
		return v, nil
	case to == boolType:
		return b.mapped(nn.Function{Kind: "truth", F: func(x float32) float32 { return truth(x != 0) }}, v)
	}
	return b.mapped(nn.Function{Kind: "truncate", F: func(x float32) float32 { return float32(math.Trunc(float64(x))) }}, v)
}

func truth(v bool) float32 {
	if v {
		return 1
	}
	return 0
}

// A sight is where the windows of a convolution or pool lie, along both axes of
// pictures; along the rows of a line everything is 1.
type sight struct {
	size, stride, dilation [2]int
	sides                  pad.Sides
}

// two are the numbers along the rows and the columns.
func two(list []int, rank, otherwise int) ([2]int, error) {
	switch {
	case list == nil:
		return [2]int{otherwise, otherwise}, nil
	case len(list) != rank-2:
		return [2]int{}, fmt.Errorf("%d numbers for %d axes", len(list), rank-2)
	case rank == 3:
		return [2]int{1, list[0]}, nil
	}
	return [2]int(list), nil
}

// look reads the attributes of windows on a value.
func look(n *node, v *value, kernel []int) (s sight, err error) {
	rank := len(v.dims)
	if rank != 3 && rank != 4 {
		return s, fmt.Errorf("windows along %d axes: only pictures and lines have some here", rank-2)
	}
	if k := n.list("kernel_shape"); k != nil {
		kernel = k
	}
	if kernel == nil {
		return s, errors.New("no size of its windows")
	}
	if s.size, err = two(kernel, rank, 1); err == nil {
		if s.stride, err = two(n.list("strides"), rank, 1); err == nil {
			s.dilation, err = two(n.list("dilations"), rank, 1)
		}
	}
	if err != nil {
		return s, err
	}
	if rank == 3 {
		s.stride[0], s.dilation[0] = 1, 1
	}
	const most = 1 << 12
	for a := range 2 {
		if min(s.size[a], s.stride[a], s.dilation[a]) < 1 || max(s.size[a], s.stride[a], s.dilation[a]) > most {
			return s, fmt.Errorf("windows of size %d, stride %d and dilation %d", s.size, s.stride, s.dilation)
		}
	}
	s.sides, err = s.padding(n, v)
	return s, err
}

func (s sight) padding(n *node, v *value) (pad.Sides, error) {
	rank := len(v.dims)
	p := n.list("pads")
	auto := n.text("auto_pad", "NOTSET")
	switch auto {
	case "NOTSET":
		if p == nil {
			return pad.Sides{}, nil
		}
		if len(p) != 2*(rank-2) {
			return pad.Sides{}, fmt.Errorf("pads of %d", p)
		}
		for _, amount := range p {
			if amount > 1<<12 || amount < -1<<12 {
				return pad.Sides{}, fmt.Errorf("pads of %d", p)
			}
		}
		if rank == 3 {
			return pad.Sides{Left: p[0], Right: p[1]}, nil
		}
		return pad.Sides{Top: p[0], Left: p[1], Bottom: p[2], Right: p[3]}, nil
	case "VALID":
		return pad.Sides{}, nil
	case "SAME_UPPER", "SAME_LOWER":
		share := func(a, size int) (before, after int) {
			outputs := (size + s.stride[a] - 1) / s.stride[a]
			all := max(0, (outputs-1)*s.stride[a]+(s.size[a]-1)*s.dilation[a]+1-size)
			if auto == "SAME_UPPER" {
				return all / 2, all - all/2
			}
			return all - all/2, all / 2
		}
		var sides pad.Sides
		if rank == 4 {
			sides.Top, sides.Bottom = share(0, v.dims[2])
		}
		sides.Left, sides.Right = share(1, v.dims[rank-1])
		return sides, nil
	}
	return pad.Sides{}, fmt.Errorf("auto_pad %q", auto)
}

func negative(s pad.Sides) bool { return min(s.Top, s.Bottom, s.Left, s.Right) < 0 }

// amount is how much is padded: what the file says, or by the extent of the
// experiment.
func (b *build) amount(sides pad.Sides, s sight, h, w int) pad.Sides {
	if sides == (pad.Sides{}) {
		return sides
	}
	switch b.spec.Extent {
	case pad.Valid:
		return pad.Sides{}
	case pad.Same, "":
		return sides
	}
	rows := b.spec.Extent.For((s.size[0]-1)*s.dilation[0]+1, s.stride[0], h, w)
	columns := b.spec.Extent.For((s.size[1]-1)*s.dilation[1]+1, s.stride[1], h, w)
	return pad.Sides{Top: rows.Top, Bottom: rows.Bottom, Left: columns.Left, Right: columns.Right}
}

func conv(b *build, n *node, in []*value) (*value, error) {
	w, err := weights(in, 1, "kernel")
	if err != nil {
		return nil, err
	}
	v := in[0]
	rank := len(v.dims)
	if len(w.dims) != rank || volume(w.dims) == 0 {
		return nil, fmt.Errorf("a kernel of shape %d for values of shape %d", w.dims, v.dims)
	}
	s, err := look(n, v, w.dims[2:])
	if err != nil {
		return nil, err
	}
	if size, err := two(w.dims[2:], rank, 1); err != nil || size != s.size {
		return nil, fmt.Errorf("windows of %d and a kernel of shape %d", s.size, w.dims)
	}
	if negative(s.sides) {
		return nil, fmt.Errorf("negative pads: %v", s.sides)
	}
	groups := n.integer("group", 1)
	inner, first := w.dims[1], v.out == nn.Sample && v.constant == nil && v.pending == nil && groups == 1 && b.m.Channels == w.dims[1]
	if first { // of other pictures it has no weights
		inner = v.dims[1]
	}
	if groups < 1 || inner*groups != v.dims[1] || w.dims[0]%groups != 0 {
		return nil, fmt.Errorf("a kernel of shape %d in %d groups on %d channels", w.dims, groups, v.dims[1])
	}
	scheme := b.spec.Padding
	// What a Pad before it pads is its own, where that can be.
	if p := v.pending; p != nil && (s.sides == (pad.Sides{}) || p.scheme == scheme) && !b.named(p.name) {
		if s.sides == (pad.Sides{}) {
			scheme = p.scheme
		}
		s.sides = pad.Sides{Top: s.sides.Top + p.sides.Top, Bottom: s.sides.Bottom + p.sides.Bottom, Left: s.sides.Left + p.sides.Left, Right: s.sides.Right + p.sides.Right}
		v = p.of
	}
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	name, from := b.name(""), b.b.Shape(x)
	out := w.dims[0]
	if err := b.checkDims([]int{out, (from.H+s.sides.Top+s.sides.Bottom)/s.stride[0] + 1, (from.W+s.sides.Left+s.sides.Right)/s.stride[1] + 1}, false); err != nil {
		return nil, err
	}
	bias := (*tensor)(nil)
	if v := optional(in, 2); v != nil {
		if bias, err = weights(in, 2, "bias"); err != nil {
			return nil, err
		}
		if bias.len() != out {
			return nil, fmt.Errorf("a bias of %d for %d filters", bias.len(), out)
		}
		b.fill(name+".bias", bias, func(to []float32) { copy(to, bias.values()) })
	}
	area := s.size[0] * s.size[1]
	b.fill(name+".weight", w, func(to []float32) {
		values := w.values()
		for o := range out {
			for c := range inner {
				for k := range area {
					to[(k*inner+c)*out+o] = values[(o*inner+c)*area+k]
				}
			}
		}
	})
	if inner != w.dims[1] {
		delete(b.fills, b.tensor(name+".weight"))
	}
	y := b.b.ConvOf(name, x, nn.ConvSpec{
		Filters: out, Size: s.size[0], Stride: s.stride[0], Dilation: s.dilation[0], Groups: groups,
		Across: nn.Taps{Size: s.size[1], Stride: s.stride[1], Dilation: s.dilation[1]},
		Scheme: scheme, Sides: b.amount(s.sides, s, from.H, from.W), Bias: bias != nil,
	})
	return b.ofPicture(y, rank), nil
}

// named reports whether the experiment names a layer.
func (b *build) named(name string) bool {
	_, ok := b.spec.Layers[name]
	return ok
}

func convTranspose(b *build, n *node, in []*value) (*value, error) {
	w, err := weights(in, 1, "kernel")
	if err != nil {
		return nil, err
	}
	v := in[0]
	rank := len(v.dims)
	if len(w.dims) != rank || volume(w.dims) == 0 {
		return nil, fmt.Errorf("a kernel of shape %d for values of shape %d", w.dims, v.dims)
	}
	s, err := look(n, &value{dims: v.dims}, w.dims[2:])
	if err != nil {
		return nil, err
	}
	if size, err := two(w.dims[2:], rank, 1); err != nil || size != s.size {
		return nil, fmt.Errorf("windows of %d and a kernel of shape %d", s.size, w.dims)
	}
	groups := n.integer("group", 1)
	if groups < 1 || w.dims[0] != v.dims[1] || v.dims[1]%groups != 0 {
		return nil, fmt.Errorf("a kernel of shape %d in %d groups on %d channels", w.dims, groups, v.dims[1])
	}
	more, err := two(n.list("output_padding"), rank, 0)
	if err != nil {
		return nil, err
	}
	if rank == 3 {
		more[0] = 0
	}
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	from := b.b.Shape(x)
	full := [2]int{}
	for a, size := range [2]int{from.H, from.W} {
		full[a] = (size-1)*s.stride[a] + (s.size[a]-1)*s.dilation[a] + 1
	}
	lower := n.text("auto_pad", "NOTSET") == "SAME_LOWER"
	auto := lower || n.text("auto_pad", "") == "SAME_UPPER"
	cut := func(a, before, after, size, wanted int) (int, int) {
		if wanted < 0 && !auto {
			return before, after - more[a]
		}
		if wanted < 0 {
			wanted = size * s.stride[a]
		}
		all := full[a] + more[a] - wanted
		before, after = all-all/2, all/2
		if !lower {
			before, after = after, before
		}
		return before, after - more[a]
	}
	wanted := [2]int{-1, -1}
	if list := n.list("output_shape"); list != nil {
		if wanted, err = two(list[max(0, len(list)-(rank-2)):], rank, 1); err != nil {
			return nil, err
		}
		auto = auto || true
	}
	s.sides.Top, s.sides.Bottom = cut(0, s.sides.Top, s.sides.Bottom, from.H, wanted[0])
	s.sides.Left, s.sides.Right = cut(1, s.sides.Left, s.sides.Right, from.W, wanted[1])
	if rank == 3 {
		s.sides.Top, s.sides.Bottom = 0, 0
	}
	if err := b.checkDims([]int{w.dims[1] * groups, full[0] + 1 + more[0], full[1] + 1 + more[1]}, false); err != nil {
		return nil, err
	}
	for _, side := range []int{s.sides.Bottom, s.sides.Right} {
		if side < -1<<12 {
			return nil, fmt.Errorf("%v cut off", s.sides)
		}
	}
	name := b.name("")
	channels, filters, area := v.dims[1], w.dims[1], s.size[0]*s.size[1]
	bias := optional(in, 2)
	if bias != nil {
		t, err := weights(in, 2, "bias")
		if err != nil || t.len() != filters*groups {
			return nil, errors.New("a bias that does not fit")
		}
		b.fill(name+".bias", t, func(to []float32) { copy(to, t.values()) })
	}
	b.fill(name+".weight", w, func(to []float32) {
		values := w.values()
		for c := range channels {
			for f := range filters {
				for k := range area {
					to[(k*channels+c)*filters+f] = values[(c*filters+f)*area+k]
				}
			}
		}
	})
	y := b.b.ConvTranspose(name, x, nn.ConvSpec{
		Filters: filters * groups, Size: s.size[0], Stride: s.stride[0], Dilation: s.dilation[0], Groups: groups,
		Across: nn.Taps{Size: s.size[1], Stride: s.stride[1], Dilation: s.dilation[1]}, Sides: s.sides, Bias: bias != nil,
	})
	return b.ofPicture(y, rank), nil
}

func gemm(b *build, n *node, in []*value) (*value, error) {
	x, y := in[0], in[1]
	if len(x.dims) != 2 || len(y.dims) != 2 {
		return nil, fmt.Errorf("matrices of shapes %d and %d", x.dims, y.dims)
	}
	var err error
	if n.integer("transA", 0) != 0 {
		if x, err = b.transpose(x, []int{1, 0}); err != nil {
			return nil, err
		}
	}
	turned := n.integer("transB", 0) != 0
	depth, columns := y.dims[0], y.dims[1]
	if turned {
		depth, columns = columns, depth
	}
	if x.dims[1] != depth {
		return nil, fmt.Errorf("%d inputs, but its weights are for %d", x.dims[1], depth)
	}
	alpha, beta := n.float("alpha", 1), n.float("beta", 1)
	c := optional(in, 2)
	if x.constant == nil && y.constant != nil && (c == nil || c.constant != nil && (c.constant.len() == 1 || c.constant.len() == columns && c.dims[len(c.dims)-1] == columns)) {
		bias := (*tensor)(nil)
		if c != nil {
			bias = c.constant
		}
		return b.dense(x, y.constant, turned, bias, alpha, beta)
	}
	if turned {
		if y, err = b.transpose(y, []int{1, 0}); err != nil {
			return nil, err
		}
	}
	m, err := b.product(x, y)
	if err != nil {
		return nil, err
	}
	scaled := func(v *value, by float32) (*value, error) {
		if by == 1 {
			return v, nil
		}
		t := &tensor{typ: float32Type, dims: []int{}, floats: []float32{by}}
		return b.combine(operations["Mul"], v, &value{dims: t.dims, constant: t})
	}
	if m, err = scaled(m, alpha); err != nil || c == nil {
		return m, err
	}
	if c, err = scaled(c, beta); err != nil {
		return nil, err
	}
	return b.combine(operations["Add"], m, c)
}

// vectors are constants of n values each.
func vectors(in []*value, from, n int, names ...string) ([]*tensor, error) {
	var list []*tensor
	for i, name := range names {
		t, err := weights(in, from+i, name)
		if err != nil {
			return nil, err
		}
		if t.len() != n {
			return nil, fmt.Errorf("a %s of %d for %d channels", name, t.len(), n)
		}
		list = append(list, t)
	}
	return list, nil
}

func epsilon(n *node) float64 { return float64(n.float("epsilon", 1e-5)) }

func batchNorm(b *build, n *node, in []*value) ([]*value, error) {
	if n.integer("training_mode", 0) != 0 || n.integer("is_test", 1) == 0 && b.m.opset < 7 {
		return nil, errors.New("it normalises by the batch, as in training")
	}
	v := in[0]
	if len(v.dims) < 2 {
		return nil, fmt.Errorf("values of shape %d have no channels", v.dims)
	}
	list, err := vectors(in, 1, v.dims[1], "scale", "bias", "mean", "variance")
	if err != nil {
		return nil, err
	}
	if v.constant != nil {
		return foldNorm(b, v, list, epsilon(n))
	}
	v = b.settle(v)
	order := channelsLast(len(v.dims))
	if v.dims[0] != 1 {
		order = last(v.order, 1)
	}
	x, _ := b.in(v, order)
	m := b.value(0, v.dims, order)
	if x = b.shaped(x, shapeOf(m.memory())); v.dims[0] == 1 && len(v.dims) < 5 {
		x = b.shaped(x, b.pictureShape(v))
	}
	name := b.name("")
	for i, what := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
		t := list[i]
		b.fill(name+what, t, func(to []float32) { copy(to, t.values()) })
	}
	m.out = b.b.BatchNormOf(name, x, epsilon(n))
	return []*value{m}, nil
}

// foldNorm normalises a constant, as weights are that are standardised.
func foldNorm(b *build, v *value, list []*tensor, epsilon float64) ([]*value, error) {
	if err := b.checkDims(v.dims, true); err != nil {
		return nil, err
	}
	channels, inner := v.dims[1], volume(v.dims[2:])
	var of [4][]float32
	for i, t := range list {
		of[i] = t.values()
	}
	m := &tensor{typ: float32Type, dims: v.dims, floats: make([]float32, volume(v.dims))}
	for i, x := range v.constant.values() {
		c := i / inner % channels
		root := math.Sqrt(float64(of[3][c]) + epsilon)
		m.floats[i] = float32(float64(of[0][c])*(float64(x)-float64(of[2][c]))/root + float64(of[1][c]))
	}
	return []*value{{dims: v.dims, constant: m}}, nil
}

func groups(b *build, n *node, in []*value, count int) (*value, error) {
	v := in[0]
	if len(v.dims) < 3 || v.constant != nil || count < 1 || v.dims[1]%count != 0 {
		return nil, fmt.Errorf("%d groups of values of shape %d", count, v.dims)
	}
	channels := v.dims[1]
	scale, err := weights(in, 1, "scale")
	if err != nil {
		return nil, err
	}
	bias, err := weights(in, 2, "bias")
	if err != nil {
		return nil, err
	}
	for _, t := range []*tensor{scale, bias} {
		if t.len() != channels && t.len() != count {
			return nil, fmt.Errorf("a scale or bias of %d for %d channels", t.len(), channels)
		}
	}
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	name := b.name("")
	for i, t := range []*tensor{scale, bias} {
		b.fill(name+[]string{".weight", ".bias"}[i], t, func(to []float32) {
			values := t.values()
			for c := range to {
				to[c] = values[c*len(values)/len(to)]
			}
		})
	}
	return b.ofPicture(b.b.GroupNormOf(name, x, count, epsilon(n)), len(v.dims)), nil
}

func instanceNorm(b *build, n *node, in []*value) (*value, error) {
	if len(in[0].dims) < 2 {
		return nil, fmt.Errorf("values of shape %d have no channels", in[0].dims)
	}
	return groups(b, n, in, in[0].dims[1])
}

func groupNorm(b *build, n *node, in []*value) (*value, error) {
	return groups(b, n, in, n.integer("num_groups", 0))
}

// layerNorm also makes the mean and 1/√(σ²+ε), where they are taken.
func layerNorm(b *build, n *node, in []*value) ([]*value, error) {
	y, err := layerNormed(b, n, in)
	list := []*value{y, nil, nil}
	wanted := func(i int) bool { return len(n.out) > i && n.out[i] != "" && b.m.wanted[n.out[i]] }
	if err != nil || !wanted(1) && !wanted(2) {
		return list, err
	}
	first, _ := axisOf(n.integer("axis", -1), len(in[0].dims))
	axes := plain(len(in[0].dims))[first:]
	if list[1], err = b.reduce(reductions["ReduceMean"], in[0], axes, true); err != nil {
		return list, err
	}
	away, err := b.combine(operations["Sub"], in[0], list[1])
	if err != nil {
		return list, err
	}
	e := epsilon(n)
	spread := nn.Reduction{Kind: "1/deviation", Step: reductions["ReduceL2"].Step, End: func(s float64, n int) float64 { return 1 / math.Sqrt(s/float64(n)+e) }}
	list[2], err = b.reduce(spread, away, axes, true)
	return list, err
}

func layerNormed(b *build, n *node, in []*value) (*value, error) {
	v := b.settle(in[0])
	if v.constant != nil {
		v = b.running(v)
	}
	first, err := axisOf(n.integer("axis", -1), len(v.dims))
	if err != nil {
		return nil, err
	}
	axes := plain(len(v.dims))[first:]
	size := volume(v.dims[first:])
	list, err := vectors(in, 1, size, "scale")
	if err != nil {
		return nil, err
	}
	var bias *tensor
	if optional(in, 2) != nil {
		if more, err := vectors(in, 2, size, "bias"); err != nil {
			return nil, err
		} else {
			bias = more[0]
		}
	}
	x, order := b.in(v, last(v.order, axes...))
	name := b.name("")
	b.fill(name+".weight", list[0], func(to []float32) { copy(to, list[0].values()) })
	b.fill(name+".bias", bias, func(to []float32) {
		if clear(to); bias != nil {
			copy(to, bias.values())
		}
	})
	return b.value(b.b.LayerNorm(name, x, size, epsilon(n)), v.dims, order), nil
}

func pool(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	if len(n.out) > 1 && n.out[1] != "" {
		return nil, errors.New("its second output, where the largest values lie")
	}
	s, err := look(n, v, nil)
	if err != nil {
		return nil, err
	}
	if s.dilation != [2]int{1, 1} {
		return nil, fmt.Errorf("windows with a dilation of %d", s.dilation)
	}
	if negative(s.sides) {
		return nil, fmt.Errorf("negative pads: %v", s.sides)
	}
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	from := b.b.Shape(x)
	spec := nn.PoolSpec{
		Size: s.size[0], Stride: s.stride[0], Across: nn.Taps{Size: s.size[1], Stride: s.stride[1]}, Uneven: s.sides,
		Ceil: n.integer("ceil_mode", 0) != 0, Inside: n.integer("count_include_pad", 0) == 0,
	}
	if b.spec.Extent == pad.Valid {
		spec.Uneven = pad.Sides{}
	}
	if u := spec.Uneven; u == (pad.Sides{Top: u.Top, Bottom: u.Top, Left: u.Top, Right: u.Top}) && 2*u.Top <= min(s.size[0], s.size[1]) {
		spec.Pad, spec.Uneven = u.Top, pad.Sides{}
	}
	if b.spec.Pools == catalog.SchemePools && s.sides != (pad.Sides{}) {
		spec.Scheme = b.spec.Padding
	}
	if err := b.checkDims([]int{v.dims[1], from.H + s.sides.Top + s.sides.Bottom, from.W + s.sides.Left + s.sides.Right}, false); err != nil {
		return nil, err
	}
	name := b.name("")
	if n.op == "MaxPool" {
		return b.ofPicture(b.b.MaxPoolOf(name, x, spec), len(v.dims)), nil
	}
	return b.ofPicture(b.b.AveragePool(name, x, spec), len(v.dims)), nil
}

func global(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	if n.op == "GlobalMaxPool" {
		return b.ofPicture(b.b.GlobalMaxPool(b.name(""), x), len(v.dims)), nil
	}
	return b.ofPicture(b.b.GlobalAveragePool(b.name(""), x), len(v.dims)), nil
}

// modes are the schemes of Pad's modes.
var modes = map[string]string{"constant": "zeros", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}

// padded pads pictures by a scheme, which a convolution behind may do; anything
// else it moves.
func padded(b *build, n *node, in []*value) (*value, error) {
	amounts, err := listed(n, in, "pads", 1)
	if err != nil {
		return nil, err
	}
	v, rank := in[0], len(in[0].dims)
	axes := plain(rank)
	if given := optional(in, 3); given != nil {
		list, err := fixed(given, "axes")
		if err != nil {
			return nil, err
		}
		axes = nil
		for _, a := range list {
			if a, err = axisOf(a, rank); err != nil {
				return nil, err
			}
			axes = append(axes, a)
		}
	}
	if len(amounts) != 2*len(axes) {
		return nil, fmt.Errorf("pads of %d for %d axes", amounts, len(axes))
	}
	fill := n.float("value", 0)
	if given := optional(in, 2); given != nil {
		t, err := weights(in, 2, "value")
		if err != nil || t.len() != 1 {
			return nil, errors.New("a value that is no number")
		}
		fill = t.values()[0]
	}
	mode := n.text("mode", "constant")
	schemeName, ok := modes[mode]
	if !ok {
		return nil, fmt.Errorf("mode %q", mode)
	}
	if mode == "constant" && fill != 0 {
		schemeName = fmt.Sprintf("constant(%g)", fill)
		if math.IsInf(float64(fill), 0) || math.IsNaN(float64(fill)) {
			schemeName = "zeros" // not asked for below
		}
	}
	scheme := pad.Must(schemeName)
	before, after := make([]int, rank), make([]int, rank)
	pictures, nothing := rank == 4 && v.constant == nil && v.dims[0] == 1, true
	for i, axis := range axes {
		before[axis], after[axis] = amounts[i], amounts[i+len(axes)]
		if before[axis] == 0 && after[axis] == 0 {
			continue
		}
		nothing = false
		if max(before[axis], after[axis]) > 1<<12 || min(before[axis], after[axis]) < -maxValues {
			return nil, fmt.Errorf("pads of %d", amounts)
		}
		pictures = pictures && axis >= 2 && min(before[axis], after[axis]) >= 0
	}
	if nothing {
		return v, nil
	}
	if pictures && !(mode == "constant" && (math.IsInf(float64(fill), 0) || math.IsNaN(float64(fill)))) {
		sides := pad.Sides{Top: before[2], Bottom: after[2], Left: before[3], Right: after[3]}
		if b.spec.Extent == pad.Valid {
			return v, nil
		}
		if b.spec.Padding.Name != "zeros" && fill == 0 {
			scheme = b.spec.Padding
		}
		v = b.settle(v)
		m := b.value(v.out, v.dims, v.order)
		m.dims[2] += sides.Top + sides.Bottom
		m.dims[3] += sides.Left + sides.Right
		if err := b.checkDims(m.dims, false); err != nil {
			return nil, err
		}
		m.pending = &pending{name: b.name(""), of: v, scheme: scheme, sides: sides}
		return m, nil
	}
	picks := v.picks()
	for axis, n := range v.dims {
		if before[axis] == 0 && after[axis] == 0 {
			continue
		}
		lead, tail := max(before[axis], 0), max(after[axis], 0)
		sources, err := scheme.Sources(n, lead, tail)
		if err != nil {
			return nil, err
		}
		from, to := max(-before[axis], 0), len(sources)-max(-after[axis], 0)
		if from > to {
			return nil, fmt.Errorf("pads of %d leave nothing", amounts)
		}
		for i, s := range sources {
			if s == pad.Nowhere {
				sources[i] = -1
			}
		}
		picks[axis].index = sources[from:to]
	}
	return b.move("pad", v, picks, fill)
}

func shapeOp(b *build, n *node, in []*value) (*value, error) {
	dims := in[0].dims
	bound := func(name string, otherwise int) int {
		v := n.integer(name, otherwise)
		if v < 0 {
			v += len(dims)
		}
		return min(max(v, 0), len(dims))
	}
	from, to := bound("start", 0), bound("end", len(dims))
	t := ofInts(dims[from:max(from, to)]...)
	return &value{dims: t.dims, constant: t}, nil
}

func size(_ *build, _ *node, in []*value) (*value, error) {
	t := ofInts(volume(in[0].dims)).like([]int{})
	return &value{dims: t.dims, constant: t}, nil
}

func constantOfShape(b *build, n *node, in []*value) (*value, error) {
	dims, err := fixed(in[0], "shape")
	if err != nil {
		return nil, err
	}
	if err := b.checkDims(dims, true); err != nil {
		return nil, err
	}
	t := &tensor{typ: float32Type, dims: dims}
	of := n.attributes["value"].tensor
	switch {
	case of == nil:
		t.floats = make([]float32, volume(dims))
	case of.len() != 1:
		return nil, errors.New("a value that is no number")
	case of.isFloat():
		t.floats = slices.Repeat(of.values(), volume(dims))
	default:
		t.typ, t.ints = of.typ, slices.Repeat(of.integers(), volume(dims))
	}
	return &value{dims: dims, constant: t}, nil
}

func rangeOp(b *build, _ *node, in []*value) (*value, error) {
	for i, what := range []string{"start", "limit", "step"} {
		if t, err := weights(in, i, what); err != nil || t.len() != 1 {
			return nil, fmt.Errorf("a %s that is not known", what)
		}
	}
	start, limit, step := in[0].constant, in[1].constant, in[2].constant
	at, to, by := float64(start.values()[0]), float64(limit.values()[0]), float64(step.values()[0])
	if !start.isFloat() {
		at, to, by = float64(start.integers()[0]), float64(limit.integers()[0]), float64(step.integers()[0])
	}
	n := math.Max(math.Ceil((to-at)/by), 0)
	if !(n <= maxFolded) {
		return nil, fmt.Errorf("from %g to %g by %g", at, to, by)
	}
	t := &tensor{typ: start.typ, dims: []int{int(n)}}
	if start.isFloat() {
		t.typ, t.floats = float32Type, make([]float32, int(n))
	} else {
		t.ints = make([]int64, int(n))
	}
	for i := range int(n) {
		if t.floats != nil {
			t.floats[i] = float32(at + float64(i)*by)
		} else {
			t.ints[i] = int64(at + float64(i)*by)
		}
	}
	return &value{dims: t.dims, constant: t}, nil
}

func reshape(b *build, n *node, in []*value) (*value, error) {
	dims, err := listed(n, in, "shape", 1)
	if err != nil {
		return nil, err
	}
	v := in[0]
	dims = slices.Clone(dims)
	open, known := -1, 1
	for i, d := range dims {
		switch {
		case d == -1 && open >= 0:
			return nil, fmt.Errorf("shape %d, two of which are open", dims)
		case d == -1:
			open = i
			continue
		case d == 0 && n.integer("allowzero", 0) == 0:
			if i >= len(v.dims) {
				return nil, fmt.Errorf("shape %d for values of shape %d", dims, v.dims)
			}
			dims[i] = v.dims[i]
		}
		if dims[i] < 0 || dims[i] > maxValues || known > maxValues {
			return nil, fmt.Errorf("shape %d", dims)
		}
		known *= dims[i]
	}
	all := volume(v.dims)
	if n := b.m.batch; n > 1 && v.constant == nil && len(dims) > 0 && dims[0] == n && len(v.dims) > 0 && v.dims[0] == 1 && (open > 0 || known != all) {
		dims[0], known = 1, known/n // exported with a batch, of which one picture is looked at
	}
	if open >= 0 {
		if known == 0 || all%known != 0 {
			return nil, fmt.Errorf("%d values of shape %d do not make the shape %d", all, v.dims, dims)
		}
		dims[open] = all / known
	}
	if err := checkDims(dims); err != nil {
		return nil, err
	}
	return b.reshape(v, dims)
}

func flatten(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	axis := n.integer("axis", 1)
	if axis < 0 {
		axis += len(v.dims)
	}
	if axis < 0 || axis > len(v.dims) {
		return nil, fmt.Errorf("axis %d of %d", axis, len(v.dims))
	}
	return b.reshape(v, []int{volume(v.dims[:axis]), volume(v.dims[axis:])})
}

func squeeze(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	axes, err := listed(n, in, "axes", 1)
	if err != nil {
		return nil, err
	}
	if axes, err = axesOf(axes, len(v.dims)); err != nil {
		return nil, err
	}
	dims := []int{}
	for i, d := range v.dims {
		gone := slices.Contains(axes, i)
		if gone && d != 1 {
			return nil, fmt.Errorf("axis %d of shape %d cannot go", i, v.dims)
		}
		if !gone && (axes != nil || d != 1) {
			dims = append(dims, d)
		}
	}
	return b.reshape(v, dims)
}

func unsqueeze(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	axes, err := listed(n, in, "axes", 1)
	if err != nil {
		return nil, err
	}
	rank := len(v.dims) + len(axes)
	if axes, err = axesOf(axes, rank); err != nil {
		return nil, err
	}
	dims, next := []int{}, 0
	for i := range rank {
		if slices.Contains(axes, i) {
			dims = append(dims, 1)
		} else {
			dims = append(dims, v.dims[next])
			next++
		}
	}
	if err := checkDims(dims); err != nil {
		return nil, err
	}
	return b.reshape(v, dims)
}

func transpose(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	perm := n.list("perm")
	if perm == nil {
		perm = plain(len(v.dims))
		slices.Reverse(perm)
	}
	sorted := slices.Clone(perm)
	slices.Sort(sorted)
	if !slices.Equal(sorted, plain(len(v.dims))) {
		return nil, fmt.Errorf("axes %d of %d", perm, len(v.dims))
	}
	return b.transpose(v, perm)
}

func expand(b *build, _ *node, in []*value) (*value, error) {
	shape, err := fixed(in[1], "shape")
	if err != nil {
		return nil, err
	}
	v := in[0]
	for _, d := range shape {
		if d < 0 {
			return nil, fmt.Errorf("shape %d", shape)
		}
	}
	dims, err := broadcast(v.dims, shape)
	if err != nil {
		return nil, err
	}
	if err := b.checkDims(dims, v.constant != nil); err != nil {
		return nil, err
	}
	if slices.Equal(dims, v.dims) {
		return v, nil
	}
	picks := make([]pick, len(dims))
	for i, d := range dims {
		picks[i] = pick{axis: -1, index: make([]int, d)}
		if j := i - len(dims) + len(v.dims); j >= 0 && v.dims[j] == d {
			picks[i] = every(j, d)
		}
	}
	return b.move("expand", v, picks, 0)
}

func tile(b *build, _ *node, in []*value) (*value, error) {
	times, err := fixed(in[1], "repeats")
	if err != nil {
		return nil, err
	}
	v := in[0]
	if len(times) != len(v.dims) {
		return nil, fmt.Errorf("repeats %d of shape %d", times, v.dims)
	}
	dims := slices.Clone(v.dims)
	for i, n := range times {
		if n < 0 || n > maxValues {
			return nil, fmt.Errorf("repeats %d", times)
		}
		dims[i] *= n
	}
	if err := b.checkDims(dims, v.constant != nil); err != nil {
		return nil, err
	}
	picks := v.picks()
	for i, n := range times {
		picks[i].index = slices.Repeat(picks[i].index, n)
	}
	return b.move("tile", v, picks, 0)
}

func slice(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	starts, err := listed(n, in, "starts", 1)
	if err != nil {
		return nil, err
	}
	ends, err := listed(n, in, "ends", 2)
	if err != nil {
		return nil, err
	}
	axes, err := listed(n, in, "axes", 3)
	if err != nil {
		return nil, err
	}
	steps, err := listed(n, in, "steps", 4)
	if err != nil {
		return nil, err
	}
	if axes == nil {
		axes = plain(len(starts))
	}
	if steps == nil {
		steps = slices.Repeat([]int{1}, len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		return nil, fmt.Errorf("starts %d, ends %d, axes %d, steps %d", starts, ends, axes, steps)
	}
	if _, err := axesOf(axes, len(v.dims)); err != nil {
		return nil, err
	}
	picks, all := v.picks(), true
	for i, axis := range axes {
		axis, _ = axisOf(axis, len(v.dims))
		n, step := v.dims[axis], steps[i]
		if step == 0 || step == math.MinInt {
			return nil, errors.New("a step of 0")
		}
		at := func(v, least, most int) int {
			if v < 0 {
				v += n
			}
			return min(max(v, least), most)
		}
		var index []int
		if step > 0 {
			step = min(step, n+1)
			for j := at(starts[i], 0, n); j < at(ends[i], 0, n); j += step {
				index = append(index, j)
			}
		} else {
			step = max(step, -n-1)
			for j := at(starts[i], 0, n-1); j > at(ends[i], -1, n-1); j += step {
				index = append(index, j)
			}
		}
		all = all && slices.Equal(index, picks[axis].index)
		picks[axis].index = index
	}
	if all {
		return v, nil
	}
	return b.move("slice", v, picks, 0)
}

func gather(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	axis, err := axisOf(n.integer("axis", 0), len(v.dims))
	if err != nil {
		return nil, err
	}
	list, err := fixed(in[1], "indices")
	if err != nil {
		return nil, err
	}
	for i, at := range list {
		if list[i], err = axisOf(at, v.dims[axis]); err != nil {
			return nil, fmt.Errorf("index %d of %d", at, v.dims[axis])
		}
	}
	picks := v.picks()
	picks[axis].index = list
	m, err := b.move("gather", v, picks, 0)
	if err != nil {
		return nil, err
	}
	dims := slices.Concat(v.dims[:axis], in[1].dims, v.dims[axis+1:])
	if err := checkDims(dims); err != nil {
		return nil, err
	}
	return b.reshape(m, dims)
}

// gatherND takes what tuples of indices name.
func gatherND(b *build, n *node, in []*value) (*value, error) {
	v, at := in[0], in[1]
	if n.integer("batch_dims", 0) != 0 {
		return nil, errors.New("batch_dims")
	}
	list, err := fixed(at, "indices")
	if err != nil {
		return nil, err
	}
	r := len(at.dims)
	if r == 0 || at.dims[r-1] < 1 || at.dims[r-1] > len(v.dims) {
		return nil, fmt.Errorf("indices of shape %d for values of shape %d", at.dims, v.dims)
	}
	k := at.dims[r-1]
	var index []int
	for ; len(list) >= k; list = list[k:] {
		flat := 0
		for axis, i := range list[:k] {
			i, err := axisOf(i, v.dims[axis])
			if err != nil {
				return nil, err
			}
			flat = flat*v.dims[axis] + i
		}
		index = append(index, flat)
	}
	flat, err := b.reshape(v, slices.Concat([]int{volume(v.dims[:k])}, v.dims[k:]))
	if err != nil {
		return nil, err
	}
	picks := flat.picks()
	picks[0].index = index
	m, err := b.move("gather", flat, picks, 0)
	if err != nil {
		return nil, err
	}
	dims := slices.Concat(at.dims[:r-1], v.dims[k:])
	if err := checkDims(dims); err != nil {
		return nil, err
	}
	return b.reshape(m, dims)
}

// scatterND puts constants into a constant.
func scatterND(b *build, n *node, in []*value) (*value, error) {
	if len(in) != 3 || in[0].constant == nil || in[1].constant == nil || in[2] == nil || in[2].constant == nil || n.text("reduction", "none") != "none" {
		return nil, errors.New("into, or of, what is computed from the picture")
	}
	v, at := in[0], in[1]
	r := len(at.dims)
	if r == 0 || at.dims[r-1] < 1 || at.dims[r-1] > len(v.dims) {
		return nil, fmt.Errorf("indices of shape %d for values of shape %d", at.dims, v.dims)
	}
	if err := b.checkDims(v.dims, true); err != nil {
		return nil, err
	}
	k := at.dims[r-1]
	run, tuples, indices := volume(v.dims[k:]), at.constant.len()/k, at.constant.integers()
	if in[2].constant.len() != run*tuples {
		return nil, fmt.Errorf("%d values for %d places of %d", in[2].constant.len(), tuples, run)
	}
	m := &tensor{typ: v.constant.typ, dims: v.dims}
	if v.constant.isFloat() {
		m.typ, m.floats = float32Type, slices.Clone(v.constant.values())
	} else {
		m.ints = slices.Clone(v.constant.integers())
	}
	for t := range tuples {
		flat := 0
		for axis := range k {
			i, err := axisOf(int(indices[t*k+axis]), v.dims[axis])
			if err != nil {
				return nil, err
			}
			flat = flat*v.dims[axis] + i
		}
		if m.floats != nil {
			copy(m.floats[flat*run:(flat+1)*run], in[2].constant.values()[t*run:])
		} else {
			copy(m.ints[flat*run:(flat+1)*run], in[2].constant.integers()[t*run:])
		}
	}
	return &value{dims: v.dims, constant: m}, nil
}

func split(b *build, n *node, in []*value) ([]*value, error) {
	v := in[0]
	axis, err := axisOf(n.integer("axis", 0), len(v.dims))
	if err != nil {
		return nil, err
	}
	sizes, err := listed(n, in, "split", 1)
	if err != nil {
		return nil, err
	}
	if sizes == nil {
		parts := n.integer("num_outputs", len(n.out))
		if parts < 1 || parts > maxInputs {
			return nil, fmt.Errorf("%d parts", parts)
		}
		each := (v.dims[axis] + parts - 1) / parts
		for left := v.dims[axis]; len(sizes) < parts; left -= each {
			sizes = append(sizes, min(each, max(left, 0)))
		}
	}
	sum := 0
	for _, s := range sizes {
		if s < 0 || s > v.dims[axis] {
			return nil, fmt.Errorf("parts of %d of %d", sizes, v.dims[axis])
		}
		sum += s
	}
	if sum != v.dims[axis] || len(sizes) < len(n.out) {
		return nil, fmt.Errorf("parts of %d of %d", sizes, v.dims[axis])
	}
	var list []*value
	from := 0
	for i := range n.out {
		picks := v.picks()
		picks[axis].index = picks[axis].index[from : from+sizes[i]]
		from += sizes[i]
		if n.out[i] == "" || !b.m.wanted[n.out[i]] {
			list = append(list, nil)
			continue
		}
		m, err := b.move("split", v, picks, 0)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

func concat(b *build, n *node, in []*value) (*value, error) {
	for _, v := range in {
		if v == nil {
			return nil, errors.New("nothing among its inputs")
		}
	}
	rank := len(in[0].dims)
	axis, err := axisOf(n.integer("axis", 1), rank)
	if err != nil {
		return nil, err
	}
	dims, constants := slices.Clone(in[0].dims), 0
	dims[axis] = 0
	var list []*value
	for _, v := range in {
		if len(v.dims) != rank {
			return nil, fmt.Errorf("values of shapes %d and %d", in[0].dims, v.dims)
		}
		for i, d := range v.dims {
			if i != axis && d != dims[i] {
				return nil, fmt.Errorf("values of shapes %d and %d", in[0].dims, v.dims)
			}
		}
		dims[axis] += v.dims[axis]
		if v.constant != nil {
			constants++
		}
		if volume(v.dims) > 0 {
			list = append(list, v)
		}
	}
	if err := b.checkDims(dims, constants == len(in)); err != nil {
		return nil, err
	}
	if constants == len(in) {
		return &value{dims: dims, constant: concatConstants(in, axis, dims)}, nil
	}
	if len(list) == 1 {
		return list[0], nil
	}
	var lead *value
	for i, v := range list {
		if v.constant != nil {
			v = b.running(v)
			list[i] = v
		}
		list[i] = b.settle(v)
		if lead == nil || volume(v.dims) > volume(lead.dims) {
			lead = list[i]
		}
	}
	order := lead.order
	m := b.value(0, dims, order)
	outs := make([]nn.Output, len(list))
	if sameOrder(dims, order, last(order, axis)) { // side by side for each pixel
		order = last(order, axis)
		m.order = order
		for i, v := range list {
			out, _ := b.in(v, order)
			outs[i] = b.shaped(out, shapeOf((&value{dims: v.dims, order: order}).memory()))
		}
		m.out = b.b.Concat(b.name(""), outs...)
		return m, nil
	}
	// One behind the other, with the axis outermost.
	order = []int{axis}
	for _, a := range lead.order {
		if a != axis {
			order = append(order, a)
		}
	}
	m.order = order
	for i, v := range list {
		out, _ := b.in(v, order)
		outs[i] = b.shaped(out, nn.Shape{H: 1, W: 1, C: volume(v.dims)})
	}
	m.out = b.b.Concat(b.name(""), outs...)
	m.out = b.shaped(m.out, shapeOf(m.memory()))
	return m, nil
}

func concatConstants(in []*value, axis int, dims []int) *tensor {
	floats := false
	for _, v := range in {
		floats = floats || v.constant.isFloat()
	}
	t := &tensor{typ: in[0].constant.typ, dims: dims}
	if floats {
		t.typ, t.floats = float32Type, make([]float32, volume(dims))
	} else {
		t.ints = make([]int64, volume(dims))
	}
	strides, from := stridesOf(dims), 0
	for _, v := range in {
		base := from * strides[axis]
		if floats {
			values := v.constant.values()
			each(v.dims, [][]int{strides}, func(i int, at []int) { t.floats[base+at[0]] = values[i] })
		} else {
			values := v.constant.integers()
			each(v.dims, [][]int{strides}, func(i int, at []int) { t.ints[base+at[0]] = values[i] })
		}
		from += v.dims[axis]
	}
	return t
}

func softmax(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	if v.constant != nil {
		v = b.running(v)
	}
	v = b.settle(v)
	usual := -1
	if b.m.opset < 13 {
		usual = 1
	}
	if len(v.dims) == 0 {
		return nil, errors.New("of a single number")
	}
	axis, err := axisOf(n.integer("axis", usual), len(v.dims))
	if err != nil {
		return nil, err
	}
	log := n.op == "LogSoftmax"
	if b.m.opset < 13 && volume(v.dims[axis:]) != v.dims[axis] { // over all axes from that one on
		x, order := b.in(v, plain(len(v.dims)))
		return b.value(b.b.Softmax(b.name(""), x, volume(v.dims[axis:]), 1, log), v.dims, order), nil
	}
	inner := v.strides()[axis]
	return b.value(b.b.Softmax(b.name(""), v.out, v.dims[axis], inner, log), v.dims, v.order), nil
}

func depthToSpace(b *build, n *node, in []*value) (*value, error) {
	v, s := in[0], n.integer("blocksize", 0)
	if len(v.dims) != 4 || s < 1 || s > 1<<10 || v.dims[1]%(s*s) != 0 {
		return nil, fmt.Errorf("blocks of %d of shape %d", s, v.dims)
	}
	c, h, w := v.dims[1]/(s*s), v.dims[2], v.dims[3]
	dims, perm := []int{v.dims[0], s, s, c, h, w}, []int{0, 3, 4, 1, 5, 2}
	if n.text("mode", "DCR") == "CRD" {
		dims, perm = []int{v.dims[0], c, s, s, h, w}, []int{0, 1, 4, 2, 5, 3}
	}
	return b.regroup(v, dims, perm, []int{v.dims[0], c, h * s, w * s})
}

func spaceToDepth(b *build, n *node, in []*value) (*value, error) {
	v, s := in[0], n.integer("blocksize", 0)
	if len(v.dims) != 4 || s < 1 || v.dims[2]%s != 0 || v.dims[3]%s != 0 {
		return nil, fmt.Errorf("blocks of %d of shape %d", s, v.dims)
	}
	c, h, w := v.dims[1], v.dims[2]/s, v.dims[3]/s
	return b.regroup(v, []int{v.dims[0], c, h, s, w, s}, []int{0, 3, 5, 1, 2, 4}, []int{v.dims[0], c * s * s, h, w})
}

func (b *build) regroup(v *value, dims, perm, then []int) (*value, error) {
	v, err := b.reshape(v, dims)
	if err != nil {
		return nil, err
	}
	if v, err = b.transpose(v, perm); err != nil {
		return nil, err
	}
	return b.reshape(v, then)
}

// where chooses by a condition, whose values are 0 or others.
func where(b *build, _ *node, in []*value) (*value, error) {
	if len(in) < 3 || in[1] == nil || in[2] == nil {
		return nil, errors.New("not three inputs")
	}
	choose := func(yes bool, v *value) (*value, error) {
		of := operation{Operation: nn.Operation{Kind: "select", F: func(c, x float32) float32 {
			if (c != 0) == yes {
				return x
			}
			return 0
		}, DB: func(c, _ float32) float32 { return truth((c != 0) == yes) }}}
		of.ints = func(c, x int64) int64 {
			if (c != 0) == yes {
				return x
			}
			return 0
		}
		m, err := b.combine(of, in[0], v)
		if err == nil && m.constant != nil {
			m.constant.typ = v.constant.typ
			if v.constant.isFloat() {
				m.constant.typ = float32Type
			}
		}
		return m, err
	}
	yes, err := choose(true, in[1])
	if err != nil {
		return nil, err
	}
	no, err := choose(false, in[2])
	if err != nil {
		return nil, err
	}
	return b.combine(operations["Add"], yes, no)
}

func clip(b *build, n *node, in []*value) (*value, error) {
	least, most := n.float("min", float32(math.Inf(-1))), n.float("max", float32(math.Inf(1)))
	for i, to := range []*float32{&least, &most} {
		v := optional(in, i+1)
		if v == nil {
			continue
		}
		t, err := weights(in, i+1, "bound")
		if err != nil || t.len() != 1 {
			return nil, errors.New("a bound that is no constant number")
		}
		*to = t.values()[0]
	}
	if t := in[0].constant; t != nil && !t.isFloat() {
		m := &tensor{typ: t.typ, dims: t.dims, ints: make([]int64, t.len())}
		for i, v := range t.integers() {
			m.ints[i] = int64(min(max(float64(v), float64(least)), float64(most)))
		}
		return &value{dims: in[0].dims, constant: m}, nil
	}
	return b.mapped(nn.Function{
		Kind: "clip", F: func(x float32) float32 { return min(max(x, least), most) },
		Slope: func(x float32) float32 { return truth(x > least && x < most) },
	}, in[0])
}

func pairwise(o operation) func(b *build, n *node, in []*value) (*value, error) {
	return func(b *build, n *node, in []*value) (*value, error) {
		if len(in) != 2 || in[1] == nil {
			return nil, errors.New("not two inputs")
		}
		o := o
		x, y := in[0], in[1]
		if _, ok := n.attributes["axis"]; ok && b.m.opset < 7 { // the second lies over the first from that axis on
			axis, err := axisOf(n.integer("axis", 0), len(x.dims))
			if err != nil || axis+len(y.dims) > len(x.dims) {
				return nil, fmt.Errorf("axis %d for shapes %d and %d", n.integer("axis", 0), x.dims, y.dims)
			}
			dims := slices.Concat(y.dims, slices.Repeat([]int{1}, len(x.dims)-axis-len(y.dims)))
			if y, err = b.reshape(y, dims); err != nil {
				return nil, err
			}
		}
		if n.op == "Mod" && n.integer("fmod", 0) != 0 {
			o = fmod
		}
		if n.op == "PRelu" && len(x.dims) > 2 && len(y.dims) == 1 && y.dims[0] == x.dims[1] && b.m.opset < 9 { // one slope for each channel
			var err error
			if y, err = b.reshape(y, slices.Concat(y.dims, slices.Repeat([]int{1}, len(x.dims)-2))); err != nil {
				return nil, err
			}
		}
		return b.combine(o, x, y)
	}
}

// several are sums, largest and smallest of any number.
func several(b *build, n *node, in []*value) (*value, error) {
	o := map[string]operation{"Sum": operations["Add"], "Mean": operations["Add"], "Max": largest, "Min": smallest}[n.op]
	v := in[0]
	var err error
	for _, next := range in[1:] {
		if next == nil {
			return nil, errors.New("nothing among its inputs")
		}
		if v, err = b.combine(o, v, next); err != nil {
			return nil, err
		}
	}
	if n.op == "Mean" && len(in) > 1 {
		by := float32(len(in))
		return b.mapped(nn.Function{Kind: "scale", F: func(x float32) float32 { return x / by }, Slope: func(float32) float32 { return 1 / by }}, v)
	}
	return v, nil
}

func reduce(b *build, n *node, in []*value, r nn.Reduction) (*value, error) {
	v := in[0]
	axes, err := listed(n, in, "axes", 1)
	if err != nil {
		return nil, err
	}
	if len(axes) == 0 {
		if n.integer("noop_with_empty_axes", 0) != 0 {
			return v, nil
		}
		axes = plain(len(v.dims))
	}
	if axes, err = axesOf(axes, len(v.dims)); err != nil {
		return nil, err
	}
	return b.reduce(r, v, axes, n.integer("keepdims", 1) != 0)
}

func lpNorm(b *build, n *node, in []*value) (*value, error) {
	axis, err := axisOf(n.integer("axis", -1), len(in[0].dims))
	if err != nil {
		return nil, err
	}
	r := reductions["ReduceL2"]
	if n.integer("p", 2) == 1 {
		r = reductions["ReduceL1"]
	}
	norm, err := b.reduce(r, in[0], []int{axis}, true)
	if err != nil {
		return nil, err
	}
	return b.combine(operations["Div"], in[0], norm)
}

// einsum is that of two values, by products of matrices.
func einsum(b *build, n *node, in []*value) (*value, error) {
	text := strings.ReplaceAll(n.text("equation", ""), " ", "")
	left, right, ok := strings.Cut(text, "->")
	terms := strings.Split(left, ",")
	if !ok || len(terms) != 2 || len(in) != 2 || strings.Contains(text, ".") {
		return nil, fmt.Errorf("equation %.80q", text)
	}
	sizes := map[rune]int{}
	for i, term := range terms {
		if len(term) != len(in[i].dims) {
			return nil, fmt.Errorf("equation %.80q for shape %d", text, in[i].dims)
		}
		for j, letter := range term {
			if strings.Count(term, string(letter)) > 1 || sizes[letter] != 0 && sizes[letter] != in[i].dims[j] {
				return nil, fmt.Errorf("equation %.80q for shape %d", text, in[i].dims)
			}
			sizes[letter] = in[i].dims[j]
		}
	}
	var batch, rows, columns, depth []rune
	for _, letter := range terms[0] {
		shared, stays := strings.ContainsRune(terms[1], letter), strings.ContainsRune(right, letter)
		switch {
		case shared && stays:
			batch = append(batch, letter)
		case shared:
			depth = append(depth, letter)
		case stays:
			rows = append(rows, letter)
		default:
			return nil, fmt.Errorf("equation %.80q, which sums one value alone", text)
		}
	}
	for _, letter := range terms[1] {
		switch {
		case strings.ContainsRune(terms[0], letter):
		case strings.ContainsRune(right, letter):
			columns = append(columns, letter)
		default:
			return nil, fmt.Errorf("equation %.80q, which sums one value alone", text)
		}
	}
	of := func(letters ...rune) (n int) {
		n = 1
		for _, l := range letters {
			n *= sizes[l]
		}
		return n
	}
	arranged := func(i int, first, second []rune) (*value, error) {
		var perm []int
		for _, l := range slices.Concat(batch, first, second) {
			perm = append(perm, strings.IndexRune(terms[i], l))
		}
		v, err := b.transpose(in[i], perm)
		if err != nil {
			return nil, err
		}
		return b.reshape(v, []int{of(batch...), of(first...), of(second...)})
	}
	x, err := arranged(0, rows, depth)
	if err != nil {
		return nil, err
	}
	y, err := arranged(1, depth, columns)
	if err != nil {
		return nil, err
	}
	m, err := b.product(x, y)
	if err != nil {
		return nil, err
	}
	letters := slices.Concat(batch, rows, columns)
	dims := []int{}
	for _, l := range letters {
		dims = append(dims, sizes[l])
	}
	if m, err = b.reshape(m, dims); err != nil {
		return nil, err
	}
	var perm []int
	for _, l := range right {
		if at := slices.Index(letters, l); at >= 0 && !slices.Contains(perm, at) {
			perm = append(perm, at)
		}
	}
	if len(perm) != len(letters) {
		return nil, fmt.Errorf("equation %.80q", text)
	}
	return b.transpose(m, perm)
}

// lrn is local response normalisation over neighbouring channels, of which the
// sums of squares are a product with a band of ones:
//
//	y = x / (bias + alpha/size · Σ x²)^beta
func lrn(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	width := n.integer("size", 0)
	if len(v.dims) < 2 || width < 1 || v.constant != nil {
		return nil, fmt.Errorf("size %d of shape %d", width, v.dims)
	}
	c := v.dims[1]
	if err := b.checkDims([]int{c, c}, true); err != nil {
		return nil, err
	}
	band := &tensor{typ: float32Type, dims: []int{c, c}, floats: make([]float32, c*c)}
	for i := range c {
		for j := max(0, i-(width-1)/2); j <= min(c-1, i+width/2); j++ {
			band.floats[j*c+i] = 1
		}
	}
	squared, err := b.combine(operations["Mul"], v, v)
	if err != nil {
		return nil, err
	}
	behind := plain(len(v.dims))
	behind = last(behind, 1)
	turned, err := b.transpose(squared, behind)
	if err != nil {
		return nil, err
	}
	sums, err := b.dense(turned, band, false, nil, 1, 0)
	if err != nil {
		return nil, err
	}
	back := make([]int, len(behind))
	for i, axis := range behind {
		back[axis] = i
	}
	if sums, err = b.transpose(sums, back); err != nil {
		return nil, err
	}
	alpha, beta, bias := float64(n.float("alpha", 1e-4)), float64(n.float("beta", .75)), float64(n.float("bias", 1))
	return b.combine(operation{Operation: nn.Operation{Kind: "local response norm", F: func(x, s float32) float32 {
		return float32(float64(x) / math.Pow(bias+alpha/float64(width)*float64(s), beta))
	}, DA: func(x, s float32) float32 {
		return float32(1 / math.Pow(bias+alpha/float64(width)*float64(s), beta))
	}, DB: func(x, s float32) float32 {
		a := alpha / float64(width)
		return float32(-beta * a * float64(x) * math.Pow(bias+a*float64(s), -beta-1))
	}}}, v, sums)
}
