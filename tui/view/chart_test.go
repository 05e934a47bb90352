package view

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Whatever the ends of the axes are, every finite number has a dot on the plot;
// the ends of the y-axis lie in the middle of the outer cells, and higher
// numbers never lower.
func TestPlot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Float64Range(-2, 2), rapid.Float64(),
			rapid.SampledFrom([]float64{0, 1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64}))
		f := NewFrame(rapid.IntRange(1, 100).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h"))
		x, y := Range{number.Draw(t, "x low"), number.Draw(t, "x high")}, Range{number.Draw(t, "y low"), number.Draw(t, "y high")}
		p := newPlot(f.area(f.Bounds()), x, y, 0, float64(2*f.w-1))
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		for _, v := range []float64{a, b} {
			if d := p.dot(v, v); d.X < 0 || d.X >= 2*f.w || d.Y < 0 || d.Y >= 4*f.h {
				t.Fatalf("%v lies at %v of %d×%d cells", v, d, f.w, f.h)
			}
		}
		if a < b && (p.dotRow(a) < p.dotRow(b) || p.column(a) > p.column(b)) {
			t.Fatalf("%v lies over or behind %v", a, b)
		}
		// Closer together than this, the ends are as good as one.
		if wide := y.High-y.Low > 1e-9*max(math.Abs(y.Low), math.Abs(y.High), 1e-200); wide && y.High < 1e300 && y.Low > -1e300 {
			if top, bottom := p.dotRow(y.High), p.dotRow(y.Low); top != 2 || bottom != 4*f.h-2 {
				t.Fatalf("%v … %v lie in rows of dots %d … %d of %d", y.Low, y.High, bottom, top, 4*f.h)
			}
			if f.h == 1 {
				return
			}
			// Values at the middle of a cell come to the same dot of each.
			for row := range f.h {
				u := float64(row) / float64(f.h-1)
				if got := p.dotRow(y.High*(1-u) + y.Low*u); got != 4*row+2 {
					t.Fatalf("row %d of %d is at dot %d", row, f.h, got)
				}
			}
		}
	})
}
