package inspect

import (
	"fmt"
	"slices"
	"strings"
)

// Title names a layer's kind with its kernel: "conv 3×3".
func (l Layer) Title() string {
	if l.Kernel < 2 && l.Kind != "conv" {
		return l.Kind
	}
	return fmt.Sprintf("%s %d×%d", l.Kind, l.Kernel, l.Kernel)
}

// Sampling is how many pixels of the picture lie between neighbouring outputs,
// with the layer's own stride when it has one: "4 (2)".
func (l Layer) Sampling() string {
	switch {
	case l.Jump == 0:
		return "–"
	case l.Stride > 1:
		return fmt.Sprintf("%d (×%d)", l.Jump, l.Stride)
	}
	return fmt.Sprint(l.Jump)
}

// Field is how many pixels an output sees along an axis.
func (l Layer) Field() string {
	if l.ReceptiveField == 0 {
		return "all"
	}
	return fmt.Sprint(l.ReceptiveField)
}

// Asymmetry says how unequal the padding of a layer with a stride is: "even", or
// the pixels that are used more in front than behind, "+1" or, where the axes
// differ, "+1, 0"; nothing without a stride.
func (l Layer) Asymmetry() string {
	switch {
	case l.Stride < 2 || l.Kernel == 0:
		return ""
	case l.AsymmetricRows == 0 && l.AsymmetricColumns == 0:
		return "even"
	case l.AsymmetricRows == l.AsymmetricColumns:
		return fmt.Sprintf("%+d", l.AsymmetricRows)
	}
	return fmt.Sprintf("%+d, %+d", l.AsymmetricRows, l.AsymmetricColumns)
}

// Advice says for which sizes of picture all strides are even.
func (g *Geometry) Advice() string {
	strided := slices.ContainsFunc(g.Layers, func(l Layer) bool { return l.Stride > 1 && l.Kernel > 0 })
	sizes := make([]string, len(g.Even))
	for i, n := range g.Even {
		sizes[i] = fmt.Sprintf("%d×%d", n, n)
	}
	switch {
	case !strided:
		return "no layer has a stride, so none pads one side more than the other"
	case slices.Contains(g.Even, g.H) && g.H == g.W:
		return fmt.Sprintf("at %s every layer with a stride uses as much in front as behind", sizes[0])
	case len(sizes) == 0:
		return fmt.Sprintf("at no size near %d×%d every layer with a stride uses as much in front as behind", g.H, g.W)
	}
	return fmt.Sprintf("layers with a stride use more on one side than on the other; at %s all are even", strings.Join(sizes, " and "))
}

// A Side is how often the first rows or columns next to a side of the picture
// are used, from the border inward, where 1 is the middle.
type Side struct {
	Name   string // "top"; "all sides" when they are alike
	Counts []float64
}

// Usage returns the first n counts next to each side.
func (g *Geometry) Usage(n int) []Side {
	side := func(name string, f Foveation, mirrored bool) Side {
		f = slices.Clone(f)
		if mirrored {
			slices.Reverse(f)
		}
		middle := f.Middle(g.Stride)
		for i := range f {
			f[i] /= middle
		}
		return Side{name, f[:min(n, len(f))]}
	}
	sides := []Side{side("top", g.Rows, false), side("bottom", g.Rows, true), side("left", g.Columns, false), side("right", g.Columns, true)}
	same := func(a, b Side) bool { return slices.Equal(a.Counts, b.Counts) }
	switch {
	case same(sides[0], sides[1]) && same(sides[0], sides[2]) && same(sides[2], sides[3]):
		return []Side{{"all sides", sides[0].Counts}}
	case same(sides[0], sides[2]) && same(sides[1], sides[3]):
		return []Side{{"top, left", sides[0].Counts}, {"bottom, right", sides[1].Counts}}
	}
	return sides
}
