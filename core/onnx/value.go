package onnx

import (
	"fmt"
	"slices"

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
	sliced   *sliced

	moved map[string]*value // the same in other orders
}

// A pending padding has not been applied yet: a convolution may do it.
type pending struct {
	name   string
	of     *value
	scheme pad.Scheme
	sides  pad.Sides
}

// A sliced value has not been cut out yet: it may be part of a padding.
type sliced struct {
	node  *node
	of    *value
	axis  int
	picks []pick
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

// picDims are the dimensions of a picture.
func picDims(rank int, s nn.Shape) []int {
	if rank == 3 {
		return []int{1, s.C, s.W}
	}
	return []int{1, s.C, s.H, s.W}
}

// stridesOf are those of a constant.
func stridesOf(dims []int) []int {
	return (&value{dims: dims, order: plain(len(dims))}).strides()
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
