package onnx

import (
	"math"
	"slices"

	"padlab/core/nn"
)

// What is computed of constants, in values: one, those that are needed at once,
// and all of them.
const (
	maxFolded    = 1 << 24
	maxLive      = 1 << 27
	maxFoldedAll = 1 << 30
)

// An operation is one of layers, which is done for integers alike, where they are
// shapes.
type operation struct {
	nn.Operation
	ints  func(a, b int64) int64 // nil: of numbers only
	truth bool                   // makes truth values
}

// each calls f for every value of a block: its number, and where it lies in
// others, by their steps.
func each(dims []int, steps [][]int, f func(i int, at []int)) {
	n := volume(dims)
	index, at := make([]int, len(dims)), make([]int, len(steps))
	for i := range n {
		f(i, at)
		for d := len(dims) - 1; d >= 0; d-- {
			index[d]++
			for j := range steps {
				at[j] += steps[j][d]
			}
			if index[d] < dims[d] {
				break
			}
			for j := range steps {
				at[j] -= steps[j][d] * dims[d]
			}
			index[d] = 0
		}
	}
}

func moveConstant(t *tensor, picks []pick, dims []int, fill float32) *tensor {
	strides := stridesOf(t.dims)
	m := &tensor{name: t.name, typ: t.typ, dims: dims}
	n := volume(dims)
	from := make([]int, n) // of each value
	index := make([]int, len(dims))
	for i := range from {
		for d, p := range picks {
			if p.axis < 0 {
				continue
			}
			if j := p.index[index[d]]; j < 0 {
				from[i] = -1
				break
			} else {
				from[i] += j * strides[p.axis]
			}
		}
		for d := len(dims) - 1; d >= 0; d-- {
			if index[d]++; index[d] < dims[d] {
				break
			}
			index[d] = 0
		}
	}
	if t.isFloat() {
		values := t.values()
		m.typ, m.floats = float32Type, make([]float32, n)
		for i, at := range from {
			if m.floats[i] = fill; at >= 0 {
				m.floats[i] = values[at]
			}
		}
		return m
	}
	values := t.integers()
	m.ints = make([]int64, n)
	for i, at := range from {
		if m.ints[i] = int64(fill); at >= 0 {
			m.ints[i] = values[at]
		}
	}
	return m
}

func combineConstants(op operation, a, b *tensor, dims []int) *tensor {
	steps := [][]int{over(dims, a.dims, stridesOf(a.dims)), over(dims, b.dims, stridesOf(b.dims))}
	n := volume(dims)
	if op.ints != nil && !a.isFloat() && !b.isFloat() {
		x, y := a.integers(), b.integers()
		t := &tensor{typ: a.typ, dims: dims, ints: make([]int64, n)}
		each(dims, steps, func(i int, at []int) { t.ints[i] = op.ints(x[at[0]], y[at[1]]) })
		if op.truth {
			t.typ = boolType
		}
		return t
	}
	x, y := a.values(), b.values()
	t := &tensor{typ: float32Type, dims: dims, floats: make([]float32, n)}
	each(dims, steps, func(i int, at []int) { t.floats[i] = op.F(x[at[0]], y[at[1]]) })
	if op.truth {
		t.typ, t.ints, t.floats = boolType, t.integers(), nil
	}
	return t
}

func reduceConstant(r nn.Reduction, t *tensor, dims []int) *tensor {
	steps := over(t.dims, dims, stridesOf(dims))
	sums := make([]float64, volume(dims))
	for i := range sums {
		sums[i] = r.Start
	}
	step := func(value func(i int) float64) {
		each(t.dims, [][]int{steps}, func(i int, at []int) { sums[at[0]] = r.Step(sums[at[0]], value(i)) })
	}
	if t.isFloat() {
		values := t.values()
		step(func(i int) float64 { return float64(values[i]) })
	} else {
		values := t.integers()
		step(func(i int) float64 { return float64(values[i]) })
	}
	m := &tensor{typ: float32Type, dims: dims, floats: make([]float32, len(sums))}
	if !t.isFloat() {
		m = &tensor{typ: t.typ, dims: dims, ints: make([]int64, len(sums))}
	}
	for i, s := range sums {
		if r.End != nil {
			s = r.End(s, t.len()/max(len(sums), 1))
		}
		if m.floats != nil {
			m.floats[i] = float32(s)
		} else {
			m.ints[i] = int64(math.Trunc(s))
		}
	}
	return m
}

func multiplyConstants(a, b *tensor, dims []int) *tensor {
	na, nb, n := len(a.dims), len(b.dims), len(dims)
	depth := a.dims[na-1]
	x, y := a.values(), b.values()
	sa, sb := stridesOf(a.dims), stridesOf(b.dims)
	stepsA := append(over(dims[:n-2], a.dims[:na-2], sa[:na-2]), sa[na-2], 0)
	stepsB := append(over(dims[:n-2], b.dims[:nb-2], sb[:nb-2]), 0, sb[nb-1])
	t := &tensor{typ: float32Type, dims: slices.Clone(dims), floats: make([]float32, volume(dims))}
	each(dims, [][]int{stepsA, stepsB}, func(i int, at []int) {
		sum := 0.0
		for k := range depth {
			sum += float64(float64(x[at[0]+k*sa[na-1]]) * float64(y[at[1]+k*sb[nb-2]]))
		}
		t.floats[i] = float32(sum)
	})
	return t
}
