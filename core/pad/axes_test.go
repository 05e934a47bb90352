package pad

import (
	"slices"
	"strings"
	"testing"

	"padlab/core/exact"
)

func TestAxes(t *testing.T) {
	for in, want := range map[string]string{
		"circular/zeros": "circular/zeros", "Wrap / Edge": "circular/replicate", "circular/POLE": "circular/pole",
		"constant(0.50)/reflect": "constant(0.5)/reflect", "zeros/constant(0)": "zeros/constant(0)", "reflect/reflect": "reflect", "zero/zeros": "zeros",
	} {
		s, err := Parse(in)
		if err != nil || s.Name != want {
			t.Errorf("%q is %q, %v; want %q", in, s.Name, err, want)
			continue
		}
		var again Scheme
		if text, _ := s.MarshalText(); again.UnmarshalText(text) != nil || again != s {
			t.Errorf("%q comes back as %q", in, again.Name)
		}
	}
	for in, want := range map[string]string{
		"partial/zeros":       `left and right there can be zeros, constant, replicate, reflect, symmetric, circular, constant(VALUE), not "partial"`,
		"zeros/noise":         `above and below there can be zeros, constant, replicate, reflect, symmetric, circular, pole, constant(VALUE), not "noise"`,
		"none/zeros":          `not "none"`,
		"pole/zeros":          `not "pole"`,
		"zeros/pole":          "only circular comes round left and right: circular/pole",
		"circular/zeros/pole": `not "zeros/pole"`,
		"zeros/constant(1)":   "one value stands outside, not 0 and 1",
		"/":                   `not ""`,
	} {
		if s, err := Parse(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v; want %s", in, s.Name, err, want)
		}
	}
	if s := Must("circular/constant(0.25)"); s.Value != .25 || s.About != "circular left and right, constant(0.25) above and below" {
		t.Errorf("%+v", s)
	}
	for _, s := range All() {
		if columns, rows := s.Axes(); columns != s || rows != s {
			t.Errorf("%s has two axes", s.Name)
		}
	}
	if columns, rows := Must("circular/pole").Axes(); columns.Name != "circular" || rows.Name != "pole" {
		t.Error(columns, rows)
	}
	for _, c := range []struct {
		name string
		h, w int
		side Sides
		want string
	}{
		{"circular/pole", 4, 5, Sides{Top: 1}, "the width must be even, not 5"},
		{"circular/pole", 2, 6, Sides{Bottom: 3}, "pole needs padding ≤ size: 3 > 2 (rows)"},
		{"zeros/reflect", 2, 6, Sides{Top: 2}, "reflect needs padding < size: 2 ≥ 2 (rows)"},
	} {
		if _, err := NewPlan(Must(c.name), c.h, c.w, 1, c.side); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := NewPlan(Must("circular/pole"), 4, 5, 1, Sides{Left: 2}); err != nil {
		t.Error(err) // nothing is turned
	}
}

// Over the pole and on, a picture of the earth goes on half a turn away.
func TestPole(t *testing.T) {
	p, err := NewPlan(Must("circular/pole"), 2, 4, 1, Sides{Top: 2, Bottom: 1, Left: 1, Right: 1})
	if err != nil {
		t.Fatal(err)
	}
	y := make([]float32, p.PH*p.PW)
	p.Forward(y, []float32{
		1, 2, 3, 4,
		5, 6, 7, 8,
	}, Pass{})
	want := []float32{
		6, 7, 8, 5, 6, 7,
		2, 3, 4, 1, 2, 3,
		4, 1, 2, 3, 4, 1,
		8, 5, 6, 7, 8, 5,
		6, 7, 8, 5, 6, 7,
	}
	if !slices.Equal(y, want) {
		t.Errorf("%v, want %v", y, want)
	}
}

// Enlarged with what replicate puts beside it a picture is what PyTorch's bilinear
// makes of it, bit for bit; with circular the picture enlarged and rolled is the
// picture rolled and enlarged.
func TestBilinearPadded(t *testing.T) {
	const h, w, c, by = 3, 4, 2, 3
	x := make([]float32, h*w*c)
	for i := range x {
		x[i] = float32(i*i%17) / 7
	}
	enlarged := func(scheme string, x []float32, toH, toW int) []float32 {
		p, err := NewPlan(Must(scheme), h, w, c, Sides{1, 1, 1, 1})
		if err != nil {
			t.Fatal(err)
		}
		xp, y := make([]float32, p.PH*p.PW*c), make([]float32, toH*toW*c)
		p.Forward(xp, x, Pass{})
		NewBilinearPadded(h, w, c, toH, toW).Forward(exact.Blend, y, xp)
		return y
	}
	for _, to := range [][2]int{{9, 12}, {7, 5}, {2, 3}, {3, 4}, {1, 1}} {
		want := make([]float32, to[0]*to[1]*c)
		NewBilinear(h, w, c, to[0], to[1], false).Forward(exact.Blend, want, x)
		if y := enlarged("replicate", x, to[0], to[1]); !slices.Equal(y, want) {
			t.Errorf("to %v: %v, want %v", to, y, want)
		}
	}
	rolled := func(x []float32, h, w, down, right int) []float32 {
		y := make([]float32, len(x))
		for i := range h {
			for j := range w {
				copy(y[((i+down)%h*w+(j+right)%w)*c:], x[(i*w+j)*c:(i*w+j+1)*c])
			}
		}
		return y
	}
	for _, try := range []struct {
		scheme      string
		down, right int
		same        bool
	}{{"circular", 2, 1, true}, {"circular/zeros", 0, 1, true}, {"circular/zeros", 1, 0, false}, {"circular/pole", 0, 3, true}, {"replicate", 0, 1, false}} {
		a := rolled(enlarged(try.scheme, x, by*h, by*w), by*h, by*w, by*try.down, by*try.right)
		b := enlarged(try.scheme, rolled(x, h, w, try.down, try.right), by*h, by*w)
		if slices.Equal(a, b) != try.same {
			t.Errorf("%+v: %v and %v", try, a, b)
		}
	}
}
