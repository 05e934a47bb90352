package onnx

import (
	"errors"
	"fmt"
	"slices"

	"padlab/core/nn"
	"padlab/core/pad"
)

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
