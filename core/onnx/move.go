package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"padlab/core/nn"
	"padlab/core/pad"
)

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
	if len(axes) == 1 && v.constant == nil && b.meets(n) {
		axis, _ := axisOf(axes[0], len(v.dims))
		m := b.value(0, v.dims, v.order)
		m.dims[axis] = len(picks[axis].index)
		if err := b.checkDims(m.dims, false); err != nil {
			return nil, err
		}
		m.sliced = &sliced{node: n, of: v, axis: axis, picks: picks}
		return m, nil
	}
	return b.move("slice", v, picks, 0)
}

// meets reports whether all that takes what a node makes is concatenated with what the
// node takes: as where padding that goes on at the other side was written in slices.
func (b *build) meets(n *node) bool {
	takers := b.m.takers[n.out[0]]
	return len(n.out) == 1 && n.out[0] != b.m.outputs[0] && len(takers) > 0 && !slices.ContainsFunc(takers, func(t *node) bool {
		return t.op != "Concat" || !slices.Contains(t.in, n.in[0])
	})
}

// circular is what a concatenation of slices of a picture and the picture itself makes,
// where that is the picture with what lies at its other side; nil: it is not.
func (b *build) circular(in []*value, axis int) *value {
	whole := slices.IndexFunc(in, func(v *value) bool { return v.sliced == nil })
	if whole < 0 || len(in[whole].dims) != 4 || axis < 2 || in[whole].constant != nil || in[whole].dims[0] != 1 {
		return nil
	}
	v := in[whole]
	n, before := v.dims[axis], 0
	var index []int
	for i, part := range in {
		switch {
		case i == whole:
			before = len(index)
			index = append(index, every(axis, n).index...)
		case part.sliced == nil || part.sliced.of != v || part.sliced.axis != axis:
			return nil
		default:
			index = append(index, part.sliced.picks[axis].index...)
		}
	}
	scheme := pad.Must("circular")
	sources, err := scheme.Sources(n, before, len(index)-before-n)
	if err != nil || !slices.Equal(sources, index) {
		return nil
	}
	if b.spec.Extent == pad.Valid {
		return v
	}
	if b.spec.Padding.Name != "zeros" {
		scheme = b.spec.Padding
	}
	sides := pad.Sides{Top: before, Bottom: len(index) - before - n}
	if axis == 3 {
		sides = pad.Sides{Left: before, Right: len(index) - before - n}
	}
	of := v
	if p := v.pending; p != nil && p.scheme == scheme && !b.named(p.name) { // the other axis
		of = p.of
		sides.Top, sides.Bottom, sides.Left, sides.Right = sides.Top+p.sides.Top, sides.Bottom+p.sides.Bottom, sides.Left+p.sides.Left, sides.Right+p.sides.Right
	}
	m := b.value(v.out, v.dims, v.order)
	m.dims[axis] = len(index)
	m.pending = &pending{name: b.name(""), of: of, scheme: scheme, sides: sides}
	return m
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
	if m := b.circular(list, axis); m != nil {
		return m, nil
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
