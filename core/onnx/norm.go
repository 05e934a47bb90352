package onnx

import (
	"errors"
	"fmt"
	"math"

	"padlab/core/nn"
)

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
	list[2], err = b.reduce(deviation(epsilon(n)), away, axes, true)
	return list, err
}

// deviation makes 1/√(mean of x²+ε) of values x.
func deviation(epsilon float64) nn.Reduction {
	return nn.Reduction{
		Kind: "1/deviation", Step: squares, End: func(s float64, n int) float64 { return 1 / math.Sqrt(s/float64(n)+epsilon) },
		Slopes: slopes(func(x, y float64, n int) float64 { return -x * y * y * y / float64(n) }),
	}
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
