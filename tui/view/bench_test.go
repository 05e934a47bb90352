package view

import (
	"math"
	"testing"

	"github.com/muesli/termenv"

	"padlab/tui/theme"
)

func benchmark(b *testing.B, w, h int, draw func(f *Frame, t theme.Theme)) {
	t := theme.New(termenv.ANSI256, true, theme.Braille)
	f := NewFrame(w, h)
	b.ReportAllocs()
	for b.Loop() {
		f.Clear()
		draw(f, t)
	}
}

// BenchmarkString is the text of a whole 120×40 screen, without drawing it.
func BenchmarkString(b *testing.B) {
	t := theme.New(termenv.ANSI256, true, theme.Braille)
	f := NewFrame(120, 40)
	exampleLab(f, t)
	b.SetBytes(int64(len(f.String(t))))
	b.ReportAllocs()
	for b.Loop() {
		_ = f.String(t)
	}
}

func BenchmarkLab80(b *testing.B) {
	benchmark(b, 80, 24, func(f *Frame, t theme.Theme) { exampleLab(f, t); _ = f.String(t) })
}

func BenchmarkLab120(b *testing.B) {
	benchmark(b, 120, 40, func(f *Frame, t theme.Theme) { exampleLab(f, t); _ = f.String(t) })
}

func BenchmarkProfile(b *testing.B) {
	p := exampleProfile()
	benchmark(b, 90, 22, func(f *Frame, t theme.Theme) { p.Draw(f, f.Bounds(), t) })
}

func BenchmarkProfile16(b *testing.B) {
	p := exampleArms(16)
	benchmark(b, 82, 17, func(f *Frame, t theme.Theme) { p.Draw(f, f.Bounds(), t) })
}

// BenchmarkCurve is eight series of 512 points.
func BenchmarkCurve(b *testing.B) {
	var c Curve
	for i := range 8 {
		s := CurveSeries{Style: theme.Series(i), Marker: theme.Marker(i)}
		for step := range 512 {
			s.Points = append(s.Points, CurvePoint{step, math.Exp(-float64(step)/100) + 0.1*math.Sin(float64(step*(i+1)))})
		}
		c.Series = append(c.Series, s)
	}
	benchmark(b, 90, 22, func(f *Frame, t theme.Theme) { c.Draw(f, f.Bounds(), t) })
}

func BenchmarkHeatmap(b *testing.B) {
	m := exampleMap()
	benchmark(b, 90, 22, func(f *Frame, t theme.Theme) { m.Draw(f, f.Bounds(), t) })
}
