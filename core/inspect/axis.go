package inspect

import (
	"fmt"

	"padlab/core/nn"
	"padlab/core/pad"
)

// A view is what one output of a layer sees along one axis: inputs, with how
// much each counts when all weights of a kernel are 1.
type view struct {
	from    []tap
	padding bool // and something beyond the edge of the map
}

type tap struct {
	at     int
	weight float64
}

// An axis says which of the two axes of a map is meant.
type axis int

const (
	rows axis = iota
	cols
)

func (a axis) of(s nn.Shape) int {
	if a == rows {
		return s.H
	}
	return s.W
}

func (a axis) sides(s pad.Sides) (before, after int) {
	if a == rows {
		return s.Top, s.Bottom
	}
	return s.Left, s.Right
}

// readings is what the outputs of a node see along an axis, the same in each of
// its inputs. All layers work on either axis by itself. It panics at a layer
// that it does not know.
func readings(nodes []nn.Node, i int, a axis) []view {
	node := nodes[i]
	w, n := node.Window(), a.of(node.In()[0])
	list := make([]view, a.of(node.Out()))
	before, after := a.sides(w.Pad)
	switch l := node.Layer.(type) {
	case *nn.Conv:
		line := padded(l.Scheme, n, before, after)
		for o := range list {
			for k := range w.Size {
				list[o].read(line[o*w.Stride+k*w.Dilation])
			}
		}
	case *nn.Banks: // a window that would look over the edge is moved inside
		before, _ := a.sides(l.Sides)
		for o := range list {
			wanted := o*w.Stride - before
			first := min(max(wanted, 0), n-l.Size)
			for k := range l.Size {
				list[o].read(pixel(first + k))
			}
			list[o].padding = first != wanted
		}
	case *nn.Reweight: // what its convolution saw inside is weighted up
		conv := nodes[node.From[0]]
		for o, r := range readings(nodes, int(node.From[0]), a) {
			if seen := len(r.from); seen > 0 {
				list[o].from = []tap{{o, float64(conv.Window().Size) / float64(seen)}}
			}
		}
	case *nn.Predict: // no gradient passes through what is predicted
		for o, r := range padded(pad.Must("zeros"), n, before, after) {
			list[o].read(r)
		}
	case *nn.Crop:
		for o := range list {
			list[o].read(inside(o-before, n))
		}
	case *nn.MaxPool, *nn.AveragePool:
		for o := range list {
			for k := range w.Size {
				list[o].read(inside(o*w.Stride+k-before, n))
			}
		}
	case *nn.Subsample:
		for o := range list {
			list[o].read(pixel(o * w.Stride))
		}
	case *nn.GlobalAveragePool, *nn.GlobalMaxPool, *nn.Linear:
		for k := range n {
			list[0].read(pixel(k))
		}
	case *nn.Resize:
		panic("inspect: no geometry of a layer that resizes: " + node.Name())
	default:
		if len(list) != n {
			panic(fmt.Sprintf("inspect: %s: no geometry of a %T from %d to %d", node.Name(), l, n, len(list)))
		}
		for o := range list {
			list[o].read(pixel(o))
		}
	}
	return list
}

// read adds what stands at one place of a window.
func (r *view) read(place view) {
	r.from = append(r.from, place.from...)
	r.padding = r.padding || place.padding
}

func pixel(at int) view { return view{from: []tap{{at, 1}}} }

// inside is a pixel of a line of n, or nothing beyond it.
func inside(at, n int) view {
	if at < 0 || at >= n {
		return view{padding: true}
	}
	return pixel(at)
}

// padded is what stands at each position of a padded line. Positions that a
// scheme computes from many pixels, or draws, pass no gradient on and read
// nothing. A line that is enlarged instead has no edge to look over.
func padded(s pad.Scheme, n, before, after int) []view {
	if s.Name == "resize" && before+after > 0 {
		return enlarged(n, before+n+after)
	}
	sources, err := s.Sources(n, before, after)
	if err != nil {
		panic("inspect: " + err.Error()) // the layer was built with them
	}
	list := make([]view, len(sources))
	for i, at := range sources {
		if at != pad.Nowhere {
			list[i] = pixel(at)
		}
		list[i].padding = i < before || i >= before+n
	}
	return list
}

// enlarged is a line of n pixels as a line of m, as [pad.Bilinear] makes it.
func enlarged(n, m int) []view {
	list := make([]view, m)
	b := pad.NewBilinear(n, 1, 1, m, 1, false)
	x, y := make([]float32, n), make([]float32, m)
	for i := range list {
		clear(y)
		y[i] = 1
		b.Adjoint(x, y)
		for at, v := range x {
			if v != 0 {
				list[i].from = append(list[i].from, tap{at, float64(v)})
			}
		}
	}
	return list
}
