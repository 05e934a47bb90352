// Package probe is the position read-out: what a small head can tell about
// absolute position from the features of a frozen network (Islam, Jia and Bruce
// 2020). A target is a picture that says where each pixel is and never looks at
// the photograph; a head is trained to draw it from the features alone, and
// rank correlation says how well it does. What a network has not put into its
// features no head can draw.
package probe

import (
	"fmt"
	"slices"

	"padlab/core/border"
	"padlab/core/exact"
	"padlab/core/names"
)

// A Target is a map of positions that a read-out should draw, with values in
// [0, 1]; paper.md §1.2 has the formulas, fitted to the authors' pictures.
type Target string

const (
	H  Target = "H"  // x/(W−1): from left to right
	V  Target = "V"  // y/(H−1): from top to bottom
	G  Target = "G"  // a Gaussian in the middle, σ = 127/256·W, scaled to [0, 1]
	HS Target = "HS" // ½(1 + cos(2π·2.5·y/H)): horizontal stripes, 2.5 periods
	VS Target = "VS" // the same along x: vertical stripes
)

// Targets are all of them, the easy ones first.
func Targets() []Target { return []Target{H, V, G, HS, VS} }

// ParseTarget returns the target of that name.
func ParseTarget(name string) (Target, error) {
	var list []string
	for _, t := range Targets() {
		list = append(list, string(t))
	}
	if !slices.Contains(list, name) {
		return "", names.Unknown("target", name, list)
	}
	return Target(name), nil
}

// Map is the target of h×w pixels, row by row. It panics unless both are above
// 1.
func (t Target) Map(h, w int) []float32 {
	if h < 2 || w < 2 {
		panic(fmt.Sprintf("probe: a target of %d×%d pixels", h, w))
	}
	at := map[Target]func(x, y float64) float64{
		H: func(x, _ float64) float64 { return x / float64(w-1) },
		V: func(_, y float64) float64 { return y / float64(h-1) },
		G: func(x, y float64) float64 {
			sigma := 127. / 256 * float64(w)
			dx, dy := x-float64(w)/2, y-float64(h)/2
			return exact.Exp(-(float64(dx*dx) + float64(dy*dy)) / (2 * sigma * sigma))
		},
		HS: func(_, y float64) float64 { return (1 + stripe(y, float64(h))) / 2 },
		VS: func(x, _ float64) float64 { return (1 + stripe(x, float64(w))) / 2 },
	}[t]
	if at == nil {
		panic("probe: no target " + string(t))
	}
	values := make([]float64, h*w)
	for i := range values {
		values[i] = at(float64(i%w), float64(i/w))
	}
	low, high := 0.0, 1.0
	if t == G {
		low, high = slices.Min(values), slices.Max(values)
	}
	list := make([]float32, h*w)
	for i, v := range values {
		list[i] = float32((v - low) / (high - low))
	}
	return list
}

// stripe is cos(2π·2.5·p/n).
func stripe(p, n float64) float64 { return exact.CosPi(5 * p / n) }

// Sides are those from which distances count: of what varies along rows, left
// and right.
func (t Target) Sides() border.Sides {
	switch t {
	case H, VS:
		return border.LeftAndRight
	case V, HS:
		return border.TopAndBottom
	}
	return border.AllSides
}

// ErrorScale is by how much an error of a target counts. In the paper stripes go
// from −1 to 1, so that their errors are twice those here: it reports .628 for
// constant predictions of HS, which on [0, 1] have .318.
func (t Target) ErrorScale(signed bool) float64 {
	if signed && (t == HS || t == VS) {
		return 2
	}
	return 1
}
