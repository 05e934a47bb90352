package nn

import (
	"fmt"

	"padlab/core/pad"
)

// An Axis is one of the two axes of a map. Every layer works along each of them
// by itself.
type Axis int

const (
	Rows Axis = iota
	Columns
)

// Of is the size of a map along the axis.
func (a Axis) Of(s Shape) int {
	if a == Rows {
		return s.H
	}
	return s.W
}

// Sides are the amounts of padding at the two ends of the axis.
func (a Axis) Sides(s pad.Sides) (before, after int) {
	if a == Rows {
		return s.Top, s.Bottom
	}
	return s.Left, s.Right
}

// A Reading says what an output position of a layer reads along an axis: which
// input positions, and whether its window looks over the edge of the map,
// whatever stands there. No tap stands for padding that is a constant, drawn, or
// computed without passing a gradient on.
type Reading struct {
	Taps    []Tap
	Padding bool
}

// A Tap is an input position, with the weight with which it counts when all
// weights of a kernel are 1; a maximum and an average count like the sum over
// their window. A position may be tapped several times.
type Tap struct {
	At     int
	Weight float64
}

// read adds what stands at one place of a window.
func (r *Reading) read(place Reading) {
	r.Taps = append(r.Taps, place.Taps...)
	r.Padding = r.Padding || place.Padding
}

// at reads one input position as it is.
func at(i int) Reading { return Reading{Taps: []Tap{{i, 1}}} }

// within reads position i of n, or padding that passes nothing on.
func within(i, n int) Reading {
	if i < 0 || i >= n {
		return Reading{Padding: true}
	}
	return at(i)
}

// same is what a layer reads that works on every position by itself. It panics
// unless there are as many outputs as inputs.
func (l *plain) same(a Axis) []Reading {
	list := make([]Reading, a.Of(l.out))
	if n := a.Of(l.in); len(list) != n {
		panic(fmt.Sprintf("nn: %s: %d outputs of %d inputs are not read one by one", l.name, len(list), n))
	}
	for o := range list {
		list[o] = at(o)
	}
	return list
}

// all is what a layer reads whose one output depends on every input.
func (l *plain) all(a Axis) []Reading {
	var r Reading
	for i := range a.Of(l.in) {
		r.read(at(i))
	}
	return []Reading{r}
}

// between are the taps of a blend (1−t)·x[a] + t·x[b], in the rounding of
// [pad.Bilinear].
func between(a, b int, t float32) (r Reading) {
	if a == b {
		return Reading{Taps: []Tap{{a, float64((1 - t) + t)}}}
	}
	for _, tap := range []Tap{{a, float64(1 - t)}, {b, float64(t)}} {
		if tap.Weight != 0 {
			r.Taps = append(r.Taps, tap)
		}
	}
	return r
}

// interpolated is what the positions of an enlarged, or shrunk, picture read.
func interpolated(m *pad.Bilinear, a Axis, n int) []Reading {
	list := make([]Reading, n)
	for o := range list {
		if a == Rows {
			list[o] = between(m.Row(o))
		} else {
			list[o] = between(m.Column(o))
		}
	}
	return list
}
