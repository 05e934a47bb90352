package inspect

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/nn"
	"padlab/core/rng"
)

// Cells says which cells of a k×k canvas a network can tell apart, whatever its
// weights. Cells where one and the same patch leaves the same features behind
// the global pool form a class: the layers behind the pool get the same numbers,
// so no training can tell them apart.
type Cells struct {
	Grid  int
	Class []int // of each cell, row by row, numbered from 0 in order of appearance
	Count int   // of classes

	// Leak is the first layer whose maps for two cells of different classes are
	// not the same map, moved from the one to the other around the edges: by a
	// whole number of its pixels, which divide the canvas evenly. Empty when there
	// is one class.
	Leak string
}

// Blind reports whether all cells look alike.
func (c *Cells) Blind() bool { return c.Count == 1 }

// How often Distinguish draws weights: until so many draws in a row have told no
// more cells apart, but not more often than that.
const (
	idleDraws = 4
	mostDraws = 24
)

// Distinguish puts a patch into every cell of a grid×grid canvas, by draw, and
// sends it through the network, all of whose weights, biases and running
// statistics it overwrites with random numbers, again and again: a draw may be
// blind by itself, where ReLUs are dead or a maximum lies elsewhere, and cells are
// alike that no draw tells apart. Features are compared bit for bit. What is
// averaged over all places is added in ascending order, so that the place of a
// value does not show in its rounding. ok is false when the crew left work out.
//
// The patch should have no margin: what a picture leaves black at its edge can
// hide from a window that sees that edge only. Layers that draw outside training
// draw the same for all cells, which tells more than a network can know: put
// zeros in the place of such padding, which are as alike along an edge as draws.
//
// It panics unless draw fills a sample of the network, and grid ≥ 1.
func Distinguish(net *nn.Net, crew Workers, grid int, draw func(x []float32, cell int)) (c *Cells, ok bool) {
	if grid < 1 {
		panic(fmt.Sprintf("inspect: %d×%d cells", grid, grid))
	}
	c = &Cells{Grid: grid, Class: make([]int, grid*grid), Count: 1}
	ok = c.part(net, crew, draw, func(other int) { c.Leak = leak(net, pooling(net.Nodes), grid, other, draw) })
	if !ok {
		return nil, false
	}
	return c, true
}

// Alike parts n pictures, whatever they are, into classes of those that leave the same
// features behind the global pool, whatever the weights: see Distinguish. It returns
// the class of each, numbered from 0 in order of appearance.
//
// It panics unless draw fills a sample of the network, and n ≥ 1.
func Alike(net *nn.Net, crew Workers, n int, draw func(x []float32, picture int)) (class []int, ok bool) {
	if n < 1 {
		panic(fmt.Sprintf("inspect: %d pictures", n))
	}
	c := &Cells{Class: make([]int, n), Count: 1}
	if !c.part(net, crew, draw, func(int) {}) {
		return nil, false
	}
	return c.Class, true
}

// part finds the classes; once a cell of another class than the first is known, it is
// told. It is false when the crew left work out.
func (c *Cells) part(net *nn.Net, crew Workers, draw func(x []float32, cell int), told func(other int)) bool {
	pool := pooling(net.Nodes)
	tapes := make([]*nn.Tape, crew.Workers())
	for n, idle := uint64(1), 0; idle < idleDraws && n <= mostDraws && c.Count < len(c.Class); n++ {
		scatter(net, n)
		features := make([][]float32, len(c.Class))
		crew.Do(len(features), func(worker, cell int) {
			if tapes[worker] == nil {
				tapes[worker] = net.NewTape()
			}
			draw(tapes[worker].Input(), cell)
			features[cell] = poolFeatures(net, tapes[worker], pool)
		})
		if slices.ContainsFunc(features, func(f []float32) bool { return f == nil }) {
			return false
		}
		before := c.Count
		if c.refine(features); c.Count == before {
			idle++
			continue
		}
		if idle = 0; before == 1 {
			other := slices.IndexFunc(c.Class, func(class int) bool { return class > 0 })
			told(other)
		}
	}
	return true
}

// refine parts the classes whose cells have different features.
func (c *Cells) refine(features [][]float32) {
	was := slices.Clone(c.Class)
	var first []int // cell of each class
	for cell, f := range features {
		class := slices.IndexFunc(first, func(other int) bool { return was[other] == was[cell] && slices.Equal(features[other], f) })
		if class < 0 {
			class = len(first)
			first = append(first, cell)
		}
		c.Class[cell] = class
	}
	c.Count = len(first)
}

// scatter draws all weights anew, biases and statistics too.
func scatter(net *nn.Net, n uint64) {
	net.EachParam(func(p nn.Param, values []float32) { scatterParam(p, values, n) })
	net.Pack()
}

// scatterParam draws a tensor on the scale at which values neither grow nor vanish
// from layer to layer (He et al. 2015).
func scatterParam(p nn.Param, values []float32, n uint64) {
	s := rng.New(n, "cells "+p.Name)
	if p.FanIn > 0 {
		s.Uniform(values, float32(math.Sqrt(6/float64(p.FanIn))))
		return
	}
	s.Uniform(values, 0.5)
	for i := range values {
		values[i] += p.Start
	}
}

// pooling is the first node that sees all places.
func pooling(nodes []nn.Node) nn.Output {
	for i, node := range nodes {
		if node.Window(nn.Rows).Size == 0 {
			return nn.Output(i)
		}
	}
	return nn.Output(len(nodes) - 1)
}

// poolFeatures is what the node at pool makes of the input.
func poolFeatures(net *nn.Net, tape *nn.Tape, pool nn.Output) []float32 {
	out := slices.Clone(tape.ForwardTo(pool))
	node := net.Nodes[pool]
	if _, average := node.Layer.(*nn.GlobalAveragePool); !average {
		return out
	}
	values, channels := tape.Activation(node.From[0]), len(out)
	column := make([]float32, len(values)/channels)
	for c := range out {
		for i := range column {
			column[i] = values[i*channels+c]
		}
		slices.Sort(column)
		sum := 0.0
		for _, v := range column {
			sum += float64(v)
		}
		out[c] = float32(sum)
	}
	return out
}

// leak finds Cells.Leak, between the first cell and another.
func leak(net *nn.Net, pool nn.Output, grid, other int, draw func(x []float32, cell int)) (name string) {
	tape := net.NewTape()
	maps := make([][]float32, pool)
	draw(tape.Input(), 0)
	tape.Through(pool, func(o nn.Output) {
		if o < pool {
			maps[o] = slices.Clone(tape.Activation(o))
		}
	})
	draw(tape.Input(), other)
	rows, cols := other/grid*net.In.H/grid, other%grid*net.In.W/grid
	tape.Through(pool, func(o nn.Output) {
		if o == pool || name != "" {
			return
		}
		out := net.Nodes[o].Out()
		whole := net.In.H%out.H == 0 && net.In.W%out.W == 0 && rows*out.H%net.In.H == 0 && cols*out.W%net.In.W == 0
		if !whole || !shifted(tape.Activation(o), maps[o], out, rows*out.H/net.In.H, cols*out.W/net.In.W, 0) {
			name = net.Nodes[o].Name()
		}
	})
	return name
}

// shifted reports whether y is x moved by so many rows and columns, around the
// edges, but for differences of at most tolerance.
func shifted(y, x []float32, s nn.Shape, rows, cols int, tolerance float32) bool {
	same := func(a, b []float32) bool {
		return slices.EqualFunc(a, b, func(v, w float32) bool { return v-w >= -tolerance && v-w <= tolerance })
	}
	if tolerance == 0 {
		same = slices.Equal[[]float32]
	}
	line, cut := s.W*s.C, (s.W-cols)*s.C
	for i := range s.H {
		from, to := x[i*line:(i+1)*line], y[(i+rows)%s.H*line:][:line]
		if !same(from[:cut], to[line-cut:]) || !same(from[cut:], to[:line-cut]) {
			return false
		}
	}
	return true
}
