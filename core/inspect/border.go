package inspect

import (
	"cmp"
	"math"
	"slices"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/pad"
)

// A Border is where the border of the picture comes into a network: all that its
// geometry says of that. Padding that goes on at the other side, circular, is none.
type Border struct {
	H, W    int // the picture
	Stride  int // pixels of the picture between neighbours in the last map
	Layers  int
	Entries []Entry
	Strides []Stride
	Wraps   []string // the layers that pad with what lies at the other side, along some axis
	Along   [2]bool  // along which axes some layer does
	Last    string   // the layer that makes the last map
	Seen    float64  // the share of the last map's outputs that see what is not in the picture

	// Usage is how often the outermost rows and columns of the picture next to each
	// of [Sides] are used by the last map, on average over as many of them as
	// Stride; 1 is the middle (see [Foveation]).
	Usage [4]float64
}

// An Entry is a layer at which the border comes in.
type Entry struct {
	Layer, Kind string

	// Beside is the name of the scheme of what stands there: none of a pool that
	// sees nothing there, empty where no scheme says it.
	Beside string

	// Touched is how many rows of the layer's map, or columns, next to each of
	// [Sides] are not made as those in the middle are.
	Touched [4]int

	// Everywhere: no two places of the map are made alike, as where it is enlarged
	// with aligned corners. Touched is 0 then.
	Everywhere bool
}

// A Stride is a layer with a stride, and how its windows lie.
type Stride struct {
	Layer, Kind string
	Kernel      [2]int // along rows and columns, and likewise below
	Stride      [2]int

	// Before and Behind are how much padding the windows use in front and behind;
	// Remainder is (H + pads − k) mod s. Negative is what of the map itself no window reaches.
	Before, Behind, Remainder [2]int
}

// Uneven reports whether the layer uses more on one side than on the other.
func (s Stride) Uneven() bool { return s.Before != s.Behind }

// LookAtBorder returns that of the network of s. Errors are those of [arch.Build].
func LookAtBorder(s arch.Spec) (*Border, error) {
	nodes, err := arch.Layers(s)
	if err != nil {
		return nil, err
	}
	last := features(nodes)
	stage := arch.TraceLayers(nodes)[last]
	b := &Border{H: s.In.H, W: s.In.W, Stride: stage.Stride, Last: nodes[last].Name(), Layers: len(nodes)}
	entries := make([]Entry, len(nodes))
	var reached [2][][]bool
	for _, a := range []nn.Axis{nn.Rows, nn.Columns} {
		reached[a] = reach(nodes, a, func(i int, list []nn.Reading) []bool {
			over, everywhere := enters(nodes[i], a, list)
			e := &entries[i]
			e.Everywhere = e.Everywhere || everywhere
			if !everywhere {
				e.Touched[2*a], e.Touched[2*a+1] = touched(over)
			}
			return over
		})
	}
	for i, node := range nodes {
		e := &entries[i]
		e.Layer, e.Kind, e.Beside = node.Name(), node.Kind(), beside(node)
		if e.Everywhere || e.Touched != [4]int{} {
			b.Entries = append(b.Entries, *e)
		}
		if rows, columns := goesOn(node, nn.Rows), goesOn(node, nn.Columns); (rows || columns) && looksOver(node) {
			b.Wraps = append(b.Wraps, e.Layer)
			b.Along[nn.Rows], b.Along[nn.Columns] = b.Along[nn.Rows] || rows, b.Along[nn.Columns] || columns
		}
		if strided(node, nn.Rows) || strided(node, nn.Columns) {
			b.Strides = append(b.Strides, strideOf(node))
		}
	}
	b.Seen = 1 - (1-share(reached[nn.Rows][last]))*(1-share(reached[nn.Columns][last]))
	b.Usage = outermost(foveate(nodes, last, nn.Rows), foveate(nodes, last, nn.Columns), b.Stride)
	return b, nil
}

const circular = "circular"

// goesOn reports whether a layer pads with what lies at the other side of an axis.
func goesOn(node nn.Node, a nn.Axis) bool {
	l, ok := node.Layer.(interface{ Beside() pad.Scheme })
	if !ok {
		return false
	}
	columns, rows := l.Beside().Axes()
	if a == nn.Rows {
		return rows.Name == circular
	}
	return columns.Name == circular
}

// Seams are the entries along an axis along which other layers go on at the other side.
func (b *Border) Seams() (list []Entry) {
	for _, e := range b.Entries {
		rows, columns := e.Touched[0]+e.Touched[1] > 0, e.Touched[2]+e.Touched[3] > 0
		if e.Everywhere || rows && b.Along[nn.Rows] || columns && b.Along[nn.Columns] {
			list = append(list, e)
		}
	}
	return list
}

// looksOver reports whether a layer has windows that look over the edge.
func looksOver(node nn.Node) bool {
	for _, a := range []nn.Axis{nn.Rows, nn.Columns} {
		if slices.ContainsFunc(node.Reads(a), func(r nn.Reading) bool { return r.Padding }) {
			return true
		}
	}
	return false
}

// beside is Entry.Beside.
func beside(node nn.Node) string {
	if l, ok := node.Layer.(*nn.AveragePool); ok && l.Beside().Name == "none" && !l.Inside {
		return "zeros" // which count
	}
	if l, ok := node.Layer.(interface{ Beside() pad.Scheme }); ok {
		return l.Beside().Name
	}
	return ""
}

// enters says for each output of a layer along an axis whether the border comes in
// there, or that no two outputs are made alike.
func enters(node nn.Node, a nn.Axis, list []nn.Reading) (over []bool, everywhere bool) {
	over = make([]bool, len(list))
	if node.Window(a).Size == 0 {
		return over, false
	}
	if interpolates(node) || node.Kind() == "resize" {
		n := a.Of(node.In()[0])
		if l, ok := node.Layer.(*nn.Resize); ok {
			n -= 2 * l.Around()
		}
		return enlarged(over, n, list)
	}
	if goesOn(node, a) {
		return over, false
	}
	for o, r := range list {
		over[o] = r.Padding
	}
	return over, false
}

// enlarged is enters of a map of n rows that is interpolated. Outputs repeat with
// the smallest step that is whole in both maps; one that is made otherwise than
// that in the middle which it should repeat is held at the edge.
func enlarged(over []bool, n int, list []nn.Reading) ([]bool, bool) {
	m := len(list)
	common := gcd(n, m)
	step, period := n/common, m/common
	if m > 1 && common == 1 && n != 1 {
		return slices.Repeat([]bool{true}, m), true
	}
	count := 0
	for o := range list {
		middle := o%period + m/period/2*period
		if !alike(list[o], list[middle], (o-middle)/period*step) {
			over[o] = true
			count++
		}
	}
	return over, 2*count > m
}

// alike reports whether one output reads what another does, so many positions
// further on.
func alike(r, other nn.Reading, by int) bool {
	a, b := merged(r, 0), merged(other, by)
	return slices.EqualFunc(a, b, func(x, y nn.Tap) bool { return x.At == y.At && math.Abs(x.Weight-y.Weight) < 1e-4 })
}

// merged are the taps of a reading in order, each position once.
func merged(r nn.Reading, by int) (list []nn.Tap) {
	taps := slices.SortedFunc(slices.Values(r.Taps), func(a, b nn.Tap) int { return cmp.Compare(a.At, b.At) })
	for _, t := range taps {
		if n := len(list); n > 0 && list[n-1].At == t.At+by {
			list[n-1].Weight += t.Weight
			continue
		}
		list = append(list, nn.Tap{At: t.At + by, Weight: t.Weight})
	}
	return slices.DeleteFunc(list, func(t nn.Tap) bool { return t.Weight == 0 })
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// touched counts those of the first half and of the second.
func touched(over []bool) (before, behind int) {
	for o, v := range over {
		switch {
		case v && 2*o < len(over):
			before++
		case v:
			behind++
		}
	}
	return before, behind
}

func strideOf(node nn.Node) Stride {
	s := Stride{Layer: node.Name(), Kind: node.Kind()}
	for _, a := range []nn.Axis{nn.Rows, nn.Columns} {
		w := node.Window(a)
		s.Kernel[a], s.Stride[a] = w.Size, w.Stride
		if !strided(node, a) {
			continue
		}
		before, behind := padded(node, a)
		s.Before[a], s.Behind[a] = used(node, a)
		if s.Remainder[a] = (a.Of(node.In()[0]) + before + behind - w.Span()) % w.Stride; s.Remainder[a] < 0 {
			s.Remainder[a] += w.Stride
		}
	}
	return s
}

// padded is how much a layer pads on both sides of an axis, without what the last window
// of a pool in ceil mode has behind that.
func padded(node nn.Node, a nn.Axis) (before, behind int) {
	var spec nn.PoolSpec
	switch l := node.Layer.(type) {
	case *nn.MaxPool:
		spec = l.PoolSpec
	case *nn.AveragePool:
		spec = l.PoolSpec
	default:
		return a.Sides(node.Window(a).Pad)
	}
	if spec.Uneven != (pad.Sides{}) {
		return a.Sides(spec.Uneven)
	}
	return spec.Pad, spec.Pad
}

// outermost is Border.Usage.
func outermost(rows, columns Foveation, stride int) (usage [4]float64) {
	for i, f := range []Foveation{rows, columns} {
		n := min(max(stride, 1), len(f))
		sum := func(list Foveation) (s float64) {
			for _, v := range list {
				s += v
			}
			return s / float64(n)
		}
		middle := f.Middle(stride)
		usage[2*i], usage[2*i+1] = sum(f[:n])/middle, sum(f[len(f)-n:])/middle
	}
	return usage
}

// EvenSizes are the sizes of picture next to that of s, of a square one square, at which
// no layer with a stride is uneven: the nearest below and above it, as far as there are
// any within two total strides.
func EvenSizes(s arch.Spec, stride int) (list [][2]int) {
	even := func(h, w int, axes ...nn.Axis) bool {
		s := s
		s.In.H, s.In.W = h, w
		if min(h, w) < 1 {
			return false
		}
		nodes, err := arch.Layers(s)
		return err == nil && !slices.ContainsFunc(nodes, func(n nn.Node) bool {
			return slices.ContainsFunc(axes, func(a nn.Axis) bool { return asymmetry(n, a) != 0 })
		})
	}
	const none = math.MaxInt
	near := func(sign int, even func(by int) bool) int {
		for d := range 2*stride + 1 {
			if even(sign * d) {
				return sign * d
			}
		}
		return none
	}
	h, w := s.In.H, s.In.W
	for _, sign := range []int{-1, 1} {
		var rows, columns int
		if h == w {
			rows = near(sign, func(by int) bool { return even(h+by, w+by, nn.Rows, nn.Columns) })
			columns = rows
		} else {
			rows = near(sign, func(by int) bool { return even(h+by, w, nn.Rows) })
			columns = near(sign, func(by int) bool { return even(h, w+by, nn.Columns) })
		}
		if rows == none || columns == none {
			continue
		}
		if size := [2]int{h + rows, w + columns}; even(size[0], size[1], nn.Rows, nn.Columns) && !slices.Contains(list, size) {
			list = append(list, size)
		}
	}
	return list
}
