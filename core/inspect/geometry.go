// Package inspect looks for the cause: where in a network the border of the
// picture comes in, and what it leaves behind. The geometry says it before any
// weight is known: how far outputs see, which of them see over the edge, where
// a stride meets more padding on one side than on the other, how often each
// pixel is used. With weights and pictures it is measured: artifact maps,
// padding-aware neurons, and the pattern that padding leaves in features where
// the picture itself could have gone on.
package inspect

import (
	"fmt"

	"padlab/core/arch"
	"padlab/core/nn"
)

// A Geometry is what follows from the architecture, the padding and the size of
// the picture alone.
type Geometry struct {
	Arch, Padding, Extent string
	H, W, C               int // the picture
	Params                int // that are trained
	Stride                int // pixels of the picture between neighbours in the last map
	ReceptiveField        int // pixels of the picture that a value of the last map sees
	Layers                []Layer
	Taps                  []string

	// Even are the sizes of a square picture next to H at which no layer is
	// uneven: the largest up to H and the smallest from H on, H alone when it
	// is one, none within reach when it is empty.
	Even []int

	// Rows and Columns are how often each is used by the last map.
	Rows, Columns Foveation
}

// A Layer is a row of the table.
type Layer struct {
	Name           string
	Kind           string // "conv", "max-pool"
	Kernel, Stride int    // of the layer; 0 where it sees all pixels
	H, W, C        int    // what it makes
	Jump           int    // pixels of the picture between neighbouring outputs; 0 behind a global pool
	ReceptiveField int    // pixels of the picture that an output sees; 0: all of them

	// Along each axis of a layer with a stride: padding that the windows use in
	// front, minus what they use behind, where rows that no window reaches
	// count as negative. With p on both sides that is (H + 2p − k) mod s.
	AsymmetricRows, AsymmetricColumns int

	// SeesPadding is the share of the outputs that look over the edge of the picture,
	// or of a map on the way, whatever stands there.
	SeesPadding float64
}

// Plain reports whether an output of the layer sees no other pixels than its
// input does at the same place.
func (l Layer) Plain() bool { return plainKinds[l.Kind] }

var plainKinds = map[string]bool{"batch norm": true, "group norm": true, "ReLU": true, "leaky ReLU": true, "sigmoid": true, "dropout": true, "permute": true, "reweight": true}

func kind(l nn.Layer) string {
	switch l.(type) {
	case *nn.Conv:
		return "conv"
	case *nn.Banks:
		return "conv with banks"
	case *nn.Reweight:
		return "reweight"
	case *nn.Predict:
		return "predict"
	case *nn.MaxPool:
		return "max-pool"
	case *nn.AveragePool:
		return "average-pool"
	case *nn.GlobalAveragePool:
		return "global average"
	case *nn.GlobalMaxPool:
		return "global max"
	case *nn.Linear:
		return "linear"
	case *nn.BatchNorm:
		return "batch norm"
	case *nn.GroupNorm:
		return "group norm"
	case *nn.ReLU:
		return "ReLU"
	case *nn.LeakyReLU:
		return "leaky ReLU"
	case *nn.Sigmoid:
		return "sigmoid"
	case *nn.Add:
		return "add"
	case *nn.Concat:
		return "concat"
	case *nn.Crop:
		return "crop"
	case *nn.Subsample:
		return "subsample"
	case *nn.Dropout:
		return "dropout"
	case *nn.Permute:
		return "permute"
	}
	panic(fmt.Sprintf("inspect: %s: no kind of layer for a %T", l.Name(), l))
}

// Look returns the geometry of the network of s. Errors are those of
// [arch.Build].
func Look(s arch.Spec) (*Geometry, error) {
	nodes, err := arch.Layers(s)
	if err != nil {
		return nil, err
	}
	g := &Geometry{Arch: s.Name, Padding: s.Padding.Name, Extent: string(s.Extent), H: s.In.H, W: s.In.W, C: s.In.C}
	if g.Taps, err = arch.Taps(s.Name); err != nil {
		return nil, err
	}
	stages := arch.TraceLayers(nodes)
	beyondRows, beyondCols := seesPadding(nodes, rows), seesPadding(nodes, cols)
	for i, node := range nodes {
		for _, p := range node.Params() {
			if !p.State {
				g.Params += p.Len()
			}
		}
		out, w := node.Out(), node.Window()
		l := Layer{
			Name: node.Name(), Kind: kind(node.Layer), Kernel: w.Size, Stride: w.Stride, H: out.H, W: out.W, C: out.C,
			Jump: stages[i].Stride, ReceptiveField: stages[i].ReceptiveField,
			AsymmetricRows: asymmetry(node, rows), AsymmetricColumns: asymmetry(node, cols),
			SeesPadding: 1 - (1-share(beyondRows[i]))*(1-share(beyondCols[i])),
		}
		if l.ReceptiveField == 0 {
			l.Jump = 0
		}
		g.Layers = append(g.Layers, l)
	}
	last := features(nodes)
	g.Stride, g.ReceptiveField = stages[last].Stride, stages[last].ReceptiveField
	g.Rows, g.Columns = foveate(nodes, last, rows), foveate(nodes, last, cols)
	g.Even = evenSizes(s, g)
	return g, nil
}

// features is the number of the node that makes the last map: what is pooled
// globally, or goes into the first linear layer.
func features(nodes []nn.Node) int {
	for _, node := range nodes {
		if node.Window().Size == 0 && node.From[0] != nn.Sample {
			return int(node.From[0])
		}
	}
	return len(nodes) - 1
}

// asymmetry is Layer.UnevenRows or Layer.UnevenColumns. Padding that is not copied
// to one side or the other, but predicted or enlarged, has the same sides.
func asymmetry(node nn.Node, a axis) int {
	w := node.Window()
	if w.Stride < 2 || w.Size == 0 {
		return 0
	}
	before, _ := a.sides(w.Pad)
	n, out := a.of(node.In()[0]), a.of(node.Out())
	behind := (out-1)*w.Stride + w.Span() - before - n
	return before - behind
}

// evenSizes is Geometry.Even: layers repeat themselves from one total stride to
// the next.
func evenSizes(s arch.Spec, g *Geometry) []int {
	even := func(side int) bool {
		s.In.H, s.In.W = side, side
		nodes, err := arch.Layers(s)
		if side < 1 || err != nil {
			return false
		}
		for _, node := range nodes {
			if asymmetry(node, rows) != 0 || asymmetry(node, cols) != 0 {
				return false
			}
		}
		return true
	}
	if even(g.H) {
		return []int{g.H}
	}
	var list []int
	for _, by := range []int{-1, 1} {
		for d := 1; d <= 2*g.Stride; d++ {
			if side := g.H + by*d; even(side) {
				list = append(list, side)
				break
			}
		}
	}
	return list
}

// seesPadding says for each node which of its outputs along an axis look over an
// edge. An output of the map does so when its row or its column does: every
// layer looks at all rows of a window with all its columns.
func seesPadding(nodes []nn.Node, a axis) [][]bool {
	list := make([][]bool, len(nodes))
	for i, node := range nodes {
		for _, r := range readings(nodes, i, a) {
			over := r.padding
			for _, from := range node.From {
				for _, t := range r.from {
					over = over || from != nn.Sample && list[from][t.at]
				}
			}
			list[i] = append(list[i], over)
		}
	}
	return list
}

func share(list []bool) float64 {
	n := 0
	for _, v := range list {
		if v {
			n++
		}
	}
	return float64(n) / float64(len(list))
}

// A Foveation is how often each row, or each column, of the picture is used on
// the way to the last map of a network, over all ways through it: what
// back-propagating ones through kernels of ones leaves along that axis
// (Alsallakh et al. 2021). Maxima count as sums, shortcuts as ways of their
// own, and where padding is copied from the picture the copied row is used. The
// counts are exact up to 2⁵³.
type Foveation []float64

// Middle is the mean of the counts in the middle, over as many as the stride:
// with a stride some pixels are used more often than their neighbours
// everywhere.
func (f Foveation) Middle(stride int) float64 {
	stride = min(max(stride, 1), len(f))
	first, sum := (len(f)-stride)/2, 0.0
	for _, v := range f[first : first+stride] {
		sum += v
	}
	return sum / float64(stride)
}

func foveate(nodes []nn.Node, last int, a axis) Foveation {
	counts := make([]Foveation, last+1)
	for i := range counts {
		counts[i] = make(Foveation, a.of(nodes[i].Out()))
	}
	for i := range counts[last] {
		counts[last][i] = 1
	}
	picture := make(Foveation, a.of(nodes[0].In()[0]))
	for i := last; i >= 0; i-- {
		list := readings(nodes, i, a)
		for _, from := range nodes[i].From {
			to := picture
			if from != nn.Sample {
				to = counts[from]
			}
			for o, r := range list {
				for _, t := range r.from {
					to[t.at] += counts[i][o] * t.weight
				}
			}
		}
	}
	return picture
}
