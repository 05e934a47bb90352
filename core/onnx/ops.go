package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"padlab/core/nn"
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
			if add := layers[n.op]; add != nil && in[0].constant == nil {
				v := b.settle(in[0])
				return b.value(add(b.b, b.name(""), v.out), v.dims, v.order), nil
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

// dropout drops nothing outside training, nor of a share of 0.
func dropout(_ *build, _ *node, in []*value) (*value, error) {
	if v := optional(in, 1); v != nil && v.constant != nil && len(v.constant.values()) == 1 && v.constant.values()[0] == 0 {
		return in[0], nil
	}
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

// layers are functions that are layers with kernels of their own.
var layers = map[string]func(b *nn.Builder, name string, x nn.Output) nn.Output{"Relu": (*nn.Builder).ReLU, "Sigmoid": (*nn.Builder).Sigmoid}

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
	if in[0].constant == nil && least <= most {
		v := b.settle(in[0])
		return b.value(b.b.Clamp(b.name(""), v.out, least, most), v.dims, v.order), nil
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
