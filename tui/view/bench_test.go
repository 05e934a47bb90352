package view

import (
	"io"
	"math"
	"testing"

	"github.com/NimbleMarkets/ntcharts/canvas"
	"github.com/NimbleMarkets/ntcharts/linechart"
	"github.com/charmbracelet/lipgloss"
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

// BenchmarkAgainstCanvas draws the same profile and the same curve on ntcharts'
// canvas, by its linechart, and on a frame. Ours has names, intervals and
// markers besides.
func BenchmarkAgainstCanvas(b *testing.B) {
	const w, h = 86, 19
	renderer := lipgloss.NewRenderer(io.Discard)
	renderer.SetColorProfile(termenv.ANSI256)
	var styles []lipgloss.Style
	for _, colour := range []lipgloss.Color{"214", "75", "42", "175"} {
		styles = append(styles, renderer.NewStyle().Foreground(colour))
	}
	profile, curve := exampleProfile(), exampleCurve()
	lines := func(series func(yield func(i int, from, to canvas.Float64Point)), maxX, maxY float64) linechart.Model {
		m := linechart.New(w, h, 0, maxX, 0, maxY)
		m.DrawXYAxisAndLabel()
		series(func(i int, from, to canvas.Float64Point) { m.DrawBrailleLineWithStyle(from, to, styles[i]) })
		return m
	}
	charts := map[string]func() linechart.Model{
		"profile": func() linechart.Model {
			return lines(func(yield func(int, canvas.Float64Point, canvas.Float64Point)) {
				for i, s := range profile.Series {
					for k := 1; k < len(s.Points); k++ {
						p, q := s.Points[k-1], s.Points[k]
						yield(i, canvas.Float64Point{X: p.Distance, Y: p.Value}, canvas.Float64Point{X: q.Distance, Y: q.Value})
					}
				}
			}, 3, 1)
		},
		"curve": func() linechart.Model {
			return lines(func(yield func(int, canvas.Float64Point, canvas.Float64Point)) {
				for i, s := range curve.Series {
					for k := 1; k < len(s.Points); k++ {
						p, q := s.Points[k-1], s.Points[k]
						yield(i, canvas.Float64Point{X: float64(p.Step), Y: p.Value}, canvas.Float64Point{X: float64(q.Step), Y: q.Value})
					}
				}
			}, 600, 4)
		},
	}
	for name, ours := range map[string]drawer{"profile": profile, "curve": curve} {
		b.Run(name+"/canvas", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				charts[name]()
			}
		})
		b.Run(name+"/canvas-text", func(b *testing.B) {
			m := charts[name]()
			b.ReportAllocs()
			for b.Loop() {
				_ = m.View()
			}
		})
		t := theme.New(termenv.ANSI256, true, theme.Braille)
		f := NewFrame(w, h)
		b.Run(name+"/frame", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Clear()
				ours.Draw(f, f.Bounds(), t)
			}
		})
		b.Run(name+"/frame-text", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = f.String(t)
			}
		})
	}
}

// BenchmarkDiff is a 120×40 screen of which a twentieth of the cells has changed,
// scattered: the worst case for cursor moves.
func BenchmarkDiff(b *testing.B) {
	f, before, t := changedLab()
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = f.Diff(out[:0], before, t)
	}
	b.ReportMetric(float64(len(out)), "bytes")
	b.ReportMetric(float64(len(f.String(t))), "bytes-whole")
}

// BenchmarkDiffRun is the same number of cells in runs, as lines and numbers
// change.
func BenchmarkDiffRun(b *testing.B) {
	t := theme.New(termenv.ANSI256, true, theme.Braille)
	f, before := NewFrame(120, 40), NewFrame(0, 0)
	exampleLab(f, t)
	before.Copy(f)
	for i := range 24 {
		f.Text(i*4, i+2, theme.Series(i%4), "0123456789")
	}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = f.Diff(out[:0], before, t)
	}
	b.ReportMetric(float64(len(out)), "bytes")
}
