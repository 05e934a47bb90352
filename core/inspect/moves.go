package inspect

import (
	"context"
	"fmt"
	"math"
	"slices"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/rng"
)

// A Motion says whether what a network makes of a picture moves along with it: of
// a network of which all does, no answer depends on where something is, whatever
// the weights.
//
// The network has random weights and is shown noise, and a copy of it that is moved
// around the edges by a stride of the network along the columns, and where the picture
// is large enough by two along the rows. Every map of the copy should be the first one,
// moved likewise; what is averaged over all places should be the same.
type Motion struct {
	By [2]int // pixels that the copy is moved by, along rows and along columns

	// Layer is the first whose map does not move along, and Kind what it is; empty:
	// all do. Along are the axes along which it does not, when the copy is moved along
	// one of them alone.
	Layer, Kind string
	Along       [2]bool

	// Uneven: rows and columns of the picture are no whole number of those of the
	// layer's map, Size of it, so that it cannot go around the edges.
	Uneven bool
	Size   [2]int

	// Lost is the first layer behind which values are no picture, as those of the
	// tokens of a transformer; whatever comes behind it and moves along, or is averaged
	// over all places, is compared again.
	Lost string

	Compared int  // maps
	Exact    bool // all that move along do so bit for bit, and not but for rounding

	// Problem says why nothing was compared; the rest is empty then.
	Problem string
}

// Blind reports whether all that was compared moves along, up to the output.
func (m *Motion) Blind() bool { return m.Problem == "" && m.Layer == "" && m.Lost == "" }

// slack is by how much of its largest value a map may differ from one that has moved
// along: sums over all places are rounded otherwise in another order.
const slack = 0x1p-14

// Follow sends noise and its copies through the network of s. Errors are those of
// [arch.Build] and of the context. Findings are the same for any number of workers.
func Follow(ctx context.Context, s arch.Spec, k *kernel.Kernel, crew Workers) (*Motion, error) {
	nodes, err := arch.Layers(s)
	if err != nil {
		return nil, err
	}
	m := &Motion{Exact: true}
	pooled := pooledNodes(nodes)
	for _, a := range []nn.Axis{nn.Rows, nn.Columns} {
		if m.By[a] = largestStride(nodes, a, pooled); m.By[a] >= a.Of(s.In) {
			return &Motion{Problem: fmt.Sprintf("a picture of %d×%d pixels is no larger than the network's total stride, so that there is no second place: a larger one helps", s.In.H, s.In.W)}, nil
		}
	}
	if s.In.H > 2*m.By[0] {
		m.By[0] *= 2
	}
	if n := 2 * nn.LeanTapeBytes(nodes, s.In); n > 4*maxFloats {
		return &Motion{Problem: fmt.Sprintf("two copies of a picture of %d×%d pixels take %d MB on their way, at most %d are allowed: a smaller one helps", s.In.H, s.In.W, n>>20, 4*maxFloats>>20)}, nil
	}
	if n := 2 * work(nodes); n > maxWork {
		return &Motion{Problem: fmt.Sprintf("two copies of a picture of %d×%d pixels take %.3g operations, at most %.3g are allowed: a smaller one helps", s.In.H, s.In.W, n, float64(maxWork))}, nil
	}
	net, err := arch.Build(s, k)
	if err != nil {
		return nil, err
	}
	return m, m.follow(ctx, net, crew, pooled)
}

// largestStride is how many pixels of the picture lie between neighbours in the coarsest
// map along an axis.
func largestStride(nodes []nn.Node, a nn.Axis, pooled []bool) int {
	most, strides := 1, make([]int, len(nodes))
	for i, node := range nodes {
		strides[i] = 1
		for _, from := range node.From {
			if from != nn.Sample {
				strides[i] = max(strides[i], strides[from])
			}
		}
		if w := node.Window(a); w.Size > 0 && !pooled[i] && (!rearranges(node) || node.Kind() == "slice") {
			strides[i] = min(strides[i]*w.Stride, math.MaxInt32)
		}
		most = max(most, strides[i])
	}
	return most
}

// pooledNodes are those that should say the same of all places: of one output that
// reads the whole of a map, or that is made of such outputs alone.
func pooledNodes(nodes []nn.Node) []bool {
	pooled := make([]bool, len(nodes))
	for i, node := range nodes {
		if out := node.Out(); out.H*out.W > 1 {
			continue
		}
		pooled[i] = !slices.ContainsFunc(node.From, func(from nn.Output) bool { return from == nn.Sample || !pooled[from] }) ||
			readsAll(node, nn.Rows) && readsAll(node, nn.Columns)
	}
	return pooled
}

// readsAll reports whether the one output of a layer reads all of its input along an
// axis, and not as a convolution with a stride does, another output of which would lie
// beyond.
func readsAll(node nn.Node, a nn.Axis) bool {
	_, max := node.Layer.(*nn.MaxPool)
	_, average := node.Layer.(*nn.AveragePool)
	if !max && !average && node.Window(a).Stride > 1 {
		return false
	}
	seen := map[int]bool{}
	for _, t := range node.Reads(a)[0].Taps {
		seen[t.At] = true
	}
	return len(seen) == a.Of(node.In()[0])
}

// follow compares map by map, and ends at the first that does not move along.
func (m *Motion) follow(ctx context.Context, net *nn.Net, crew Workers, pooled []bool) error {
	first, copied := net.NewLeanTape(), net.NewLeanTape()
	first.Apart, copied.Apart = true, true // what a ReLU makes 0 could have told them apart
	noise := rng.New(1, "moved noise")
	noise.Uniform(first.Input(), 1)
	move(copied.Input(), first.Input(), net.In, m.By)
	values := map[string][]float32{}
	net.EachParam(func(p nn.Param, v []float32) { values[p.Name] = v })
	lost := make([]bool, len(net.Nodes)) // what is no picture
	for i, node := range net.Nodes {
		o := nn.Output(i)
		params := node.Params()
		crew.Do(len(params), func(_, j int) { scatterParam(params[j], values[params[j].Name], 1) })
		net.PackForward(o)
		crew.Do(2, func(_, j int) { []*nn.Tape{first, copied}[j].Node(o) })
		if err := ctx.Err(); err != nil {
			return err
		}
		moves, exact := along(copied.Activation(o), first.Activation(o), net.In, node.Out(), m.By, pooled[i])
		if m.Compared++; moves {
			m.Exact = m.Exact && exact
			continue
		}
		if v := largest(first.Activation(o)); v-v != 0 {
			*m = Motion{Problem: fmt.Sprintf("values at %s are not finite with random weights", node.Name())}
			return nil
		}
		weighs := pooled[i] && (len(params) > 0 || node.Window(nn.Rows).Size == 0) // what comes from all places
		lost[i] = rearranges(node) || !weighs && slices.ContainsFunc(node.From, func(from nn.Output) bool { return from != nn.Sample && lost[from] })
		if lost[i] {
			m.Compared--
			if m.Lost == "" {
				m.Lost = node.Name()
			}
			continue
		}
		m.Layer, m.Kind, m.Size = node.Name(), node.Kind(), [2]int{node.Out().H, node.Out().W}
		for _, a := range []nn.Axis{nn.Rows, nn.Columns} {
			by := [2]int{}
			by[a] = m.By[a]
			m.Uneven = m.Uneven || !pooled[i] && by[a]*m.Size[a]%a.Of(net.In) != 0
			move(copied.Input(), first.Input(), net.In, by)
			for before := range o + 1 {
				if copied.Node(before); ctx.Err() != nil {
					return ctx.Err()
				}
			}
			moves, _ := along(copied.Activation(o), first.Activation(o), net.In, node.Out(), by, pooled[i])
			m.Along[a] = !moves
		}
		return nil
	}
	if !lost[len(lost)-1] {
		m.Lost = ""
	}
	return nil
}

// along reports whether a map of shape out is another, moved as the picture of shape in
// was, and whether it is so bit for bit; one that is pooled should not move.
func along(y, x []float32, in, out nn.Shape, by [2]int, pooled bool) (moves, exact bool) {
	var to [2]int
	for _, a := range []nn.Axis{nn.Rows, nn.Columns} {
		if !pooled {
			to[a] = by[a] * a.Of(out) / a.Of(in) % a.Of(out)
			if by[a]*a.Of(out)%a.Of(in) != 0 {
				return false, false
			}
		}
	}
	if shifted(y, x, out, to[0], to[1], 0) {
		return true, true
	}
	return shifted(y, x, out, to[0], to[1], largest(x)*slack), false
}

// rearranges reports whether a layer only gives values other places, which need not be
// those of a picture any more, or repeats them around a picture.
func rearranges(node nn.Node) bool {
	switch node.Layer.(type) {
	case *nn.Reshape:
		return true
	case *nn.Pad:
		return goesOn(node, nn.Rows) || goesOn(node, nn.Columns)
	case *nn.Arrange:
		return node.Kind() != "resize" && node.Kind() != "pad"
	}
	return false
}

// move sets y to x moved by so many rows and columns around the edges.
func move(y, x []float32, s nn.Shape, by [2]int) {
	for i := range s.H {
		for j := range s.W {
			copy(y[((i+by[0])%s.H*s.W+(j+by[1])%s.W)*s.C:][:s.C], x[(i*s.W+j)*s.C:])
		}
	}
}

// largest is the largest absolute value; NaN where one is.
func largest(x []float32) (most float32) {
	for _, v := range x {
		if v < 0 {
			v = -v
		}
		if v > most || v != v {
			most = v
		}
	}
	return most
}
