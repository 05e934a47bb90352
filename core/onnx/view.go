package onnx

import (
	"fmt"
	"slices"

	"padlab/core/nn"
)

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
