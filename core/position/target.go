// Package position holds the questions that a position read-out is asked
// (Islam, Jia and Bruce 2020): the targets that it should draw, and the kinds
// of pictures that it is tested on. It says nothing about how a read-out is
// fitted; that is core/probe.
package position

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

// Words say how the target varies: "left to right". They are empty for what is
// no target.
func (t Target) Words() string {
	switch t {
	case H:
		return "left to right"
	case V:
		return "top to bottom"
	case G:
		return "outside to middle"
	case HS:
		return "horizontal stripes"
	case VS:
		return "vertical stripes"
	}
	return ""
}

// Map is the target of h×w pixels, row by row. It panics unless both are above
// 1, and when there is no such target.
func (t Target) Map(h, w int) []float32 {
	if h < 2 || w < 2 {
		panic(fmt.Sprintf("position: a target of %d×%d pixels", h, w))
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
		panic("position: no target " + string(t))
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

// Sides are those from which distances to the border count: left and right for
// a target that varies along rows, top and bottom for one that varies along
// columns.
func (t Target) Sides() border.Sides {
	switch t {
	case H, VS:
		return border.LeftAndRight
	case V, HS:
		return border.TopAndBottom
	}
	return border.AllSides
}

// ErrorScale is the factor by which absolute errors of the target are reported.
// In the paper stripes go from −1 to 1, so that their errors are twice those
// here: it reports .628 for constant predictions of HS, which on [0, 1] have
// .318.
func (t Target) ErrorScale(signed bool) float64 {
	if signed && (t == HS || t == VS) {
		return 2
	}
	return 1
}

// UnmarshalText is ParseTarget.
func (t *Target) UnmarshalText(text []byte) error {
	parsed, err := ParseTarget(string(text))
	if err == nil {
		*t = parsed
	}
	return err
}
