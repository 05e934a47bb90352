// Package inspect looks for the cause: where in a network the border of the
// picture comes in, and what it leaves behind. The geometry says it before any
// weight is known: how far outputs see, which of them see over the edge, where
// a stride meets more padding on one side than on the other, how often each
// pixel is used. With weights and pictures it is measured: artifact maps,
// padding-aware neurons, and the pattern that padding leaves in features where
// the picture itself could have gone on.
package inspect

import (
	"math"
	"slices"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/pad"
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

	// Even are the sizes of a square picture next to H at which no layer with a
	// stride is asymmetric: H alone when it is one, else the largest below and
	// the smallest above it, as far as there are any within two total strides.
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
	Jump           int    // pixels of the picture between neighbouring outputs; 0 behind a global pool, and where it is no integer
	ReceptiveField int    // pixels of the picture that an output sees; 0: all of them

	// Along each axis of a layer with a stride: padding that the windows use in
	// front, minus what they use behind, where rows that no window reaches
	// count as negative. With p on both sides that is (H + 2p − k) mod s.
	AsymmetricRows, AsymmetricColumns int

	// SeesPadding is the share of the outputs that look over the edge of the picture,
	// or of a map on the way, whatever stands there.
	SeesPadding float64

	// Plain: the layer only changes the values of its input where they are, as
	// norms, activations and dropout do, so that its outputs see what its inputs
	// saw.
	Plain bool
}

// Look returns the geometry of the network of s. Errors are those of
// [arch.Build].
func Look(s arch.Spec) (*Geometry, error) {
	nodes, err := arch.Layers(s)
	if err != nil {
		return nil, err
	}
	g := &Geometry{Arch: s.Arch.Name, Padding: s.Padding.Name, Extent: string(s.Extent), H: s.In.H, W: s.In.W, C: s.In.C, Taps: slices.Clone(s.Arch.Taps)}
	stages := arch.TraceLayers(nodes)
	byRow, byColumn := seesPadding(nodes, nn.Rows), seesPadding(nodes, nn.Columns)
	for i, node := range nodes {
		for _, p := range node.Params() {
			if !p.State {
				g.Params += p.Len()
			}
		}
		out, w := node.Out(), node.Window(nn.Rows)
		l := Layer{
			Name: node.Name(), Kind: node.Kind(), Kernel: w.Size, Stride: w.Stride, H: out.H, W: out.W, C: out.C,
			Jump: stages[i].Stride, ReceptiveField: stages[i].ReceptiveField,
			AsymmetricRows: asymmetry(node, nn.Rows), AsymmetricColumns: asymmetry(node, nn.Columns),
			SeesPadding: 1 - (1-share(byRow[i]))*(1-share(byColumn[i])),
			Plain:       node.Role() != nn.Mixing,
		}
		switch {
		case l.ReceptiveField == 0:
			l.Jump = 0
		case resizes(node):
			l.Jump = jump(node, l.Jump)
		}
		g.Layers = append(g.Layers, l)
	}
	last := features(nodes)
	g.Stride, g.ReceptiveField = stages[last].Stride, stages[last].ReceptiveField
	g.Rows, g.Columns = foveate(nodes, last, nn.Rows), foveate(nodes, last, nn.Columns)
	g.Even = evenSizes(s, g)
	return g, nil
}

// features is the number of the node that makes the last map: what is pooled
// globally, goes into the first linear layer, or is enlarged in the end, on the
// way that ends in the output. Of what meets in a layer that is its first input.
func features(nodes []nn.Node) int {
	last := len(nodes) - 1
	found := last
	for i := nn.Output(last); i != nn.Sample; i = nodes[i].From[0] {
		node := nodes[i]
		enlarged := int(i) == last && resizes(node)
		if out := node.Out(); out.H*out.W > 1 && !enlarged {
			break
		}
		if (node.Window(nn.Rows).Size == 0 || enlarged) && node.From[0] != nn.Sample {
			found = int(node.From[0])
		}
	}
	return found
}

// resizes reports whether a layer interpolates its map to another size, and not
// in place of padding it.
func resizes(l nn.Layer) bool { return l.Window(nn.Rows).Pad == (pad.Sides{}) && interpolates(l) }

// interpolates reports whether some output of a layer counts an input for less
// than its kernel's weight.
func interpolates(l nn.Layer) bool {
	return slices.ContainsFunc([]nn.Axis{nn.Rows, nn.Columns}, func(a nn.Axis) bool {
		return slices.ContainsFunc(l.Reads(a), func(r nn.Reading) bool {
			return slices.ContainsFunc(r.Taps, func(t nn.Tap) bool { return t.Weight < 1 })
		})
	})
}

// jump is how many pixels lie between neighbours in the middle of a map that is
// made by interpolation of one whose neighbours are before pixels apart: 0 when
// that is no integer.
func jump(node nn.Node, before int) int {
	list := node.Reads(nn.Rows)
	place := func(r nn.Reading) (at float64) {
		for _, t := range r.Taps {
			at += float64(t.At) * t.Weight
		}
		return at
	}
	if len(list) < 2 {
		return before
	}
	middle := len(list) / 2
	distance := float64(before) * (place(list[middle]) - place(list[middle-1]))
	if whole := math.Round(distance); math.Abs(distance-whole) < 1e-3 {
		return int(whole)
	}
	return 0
}

// asymmetry is Layer.AsymmetricRows or Layer.AsymmetricColumns. Padding that is
// not copied to one side or the other, but predicted or enlarged, has the same
// sides.
func asymmetry(node nn.Node, a nn.Axis) int {
	if !strided(node, a) {
		return 0
	}
	before, behind := used(node, a)
	return before - behind
}

// strided reports whether a layer has a stride along an axis.
func strided(node nn.Node, a nn.Axis) bool {
	w := node.Window(a)
	return w.Stride > 1 && w.Size > 0 && !resizes(node)
}

// used is how much padding the windows of a layer use in front of its map and
// behind it; negative: rows that none of them reaches.
func used(node nn.Node, a nn.Axis) (before, behind int) {
	w := node.Window(a)
	before, _ = a.Sides(w.Pad)
	return before, (a.Of(node.Out())-1)*w.Stride + w.Span() - before - a.Of(node.In()[0])
}

// evenSizes is Geometry.Even. What is asymmetric repeats with the total stride.
func evenSizes(s arch.Spec, g *Geometry) (list []int) {
	s.In.W = s.In.H
	for _, size := range EvenSizes(s, g.Stride) {
		list = append(list, size[0])
	}
	return list
}

// seesPadding says for each node which of its outputs along an axis look over an
// edge. An output of the map does so when its row or its column does: every
// layer looks at all rows of a window with all its columns.
func seesPadding(nodes []nn.Node, a nn.Axis) [][]bool {
	return reach(nodes, a, func(_ int, list []nn.Reading) []bool {
		over := make([]bool, len(list))
		for o, r := range list {
			over[o] = r.Padding
		}
		return over
	})
}

// reach says for each node which of its outputs along an axis see something that
// comes in at some outputs of the nodes, of which in tells those of a node.
func reach(nodes []nn.Node, a nn.Axis, in func(node int, list []nn.Reading) []bool) [][]bool {
	reached := make([][]bool, len(nodes))
	for i, node := range nodes {
		list := node.Reads(a)
		reached[i] = in(i, list)
		for o, r := range list {
			for _, from := range node.From {
				for _, t := range r.Taps {
					reached[i][o] = reached[i][o] || from != nn.Sample && reached[from][min(t.At, len(reached[from])-1)]
				}
			}
		}
	}
	return reached
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
// (Alsallakh et al. 2021). Maxima count as sums, shortcuts as further ways, and
// where padding is copied from the picture the copied row is used. The counts are
// exact up to 2⁵³.
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

func foveate(nodes []nn.Node, last int, a nn.Axis) Foveation {
	counts := make([]Foveation, last+1)
	for i := range counts {
		counts[i] = make(Foveation, a.Of(nodes[i].Out()))
	}
	for i := range counts[last] {
		counts[last][i] = 1
	}
	picture := make(Foveation, a.Of(nodes[0].In()[0]))
	for i := last; i >= 0; i-- {
		list := nodes[i].Reads(a)
		for _, from := range nodes[i].From {
			to := picture
			if from != nn.Sample {
				to = counts[from]
			}
			for o, r := range list {
				for _, t := range r.Taps {
					to[min(t.At, len(to)-1)] += counts[i][o] * t.Weight
				}
			}
		}
	}
	return picture
}
