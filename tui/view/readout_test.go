package view

import (
	"strings"
	"testing"

	"github.com/muesli/termenv"
	"pgregory.net/rapid"

	"padlab/tui/theme"
)

// A click on a marker means the ring, or the step, that the marker stands at.
func TestAtInvertsDraw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := NewFrame(rapid.IntRange(40, 130).Draw(t, "w"), rapid.IntRange(5, 40).Draw(t, "h"))
		r := f.Bounds().Inset(rapid.IntRange(0, 5).Draw(t, "dx"), rapid.IntRange(0, 1).Draw(t, "dy"))
		n := rapid.IntRange(1, 5).Draw(t, "rings")
		p := Profile{Range: Range{0, 1}, Selected: -1, XLabel: "x"}
		c := Curve{Range: Range{0, 1}}
		for i := range n {
			v := rapid.Float64Range(0, 1).Draw(t, "value")
			p.Series = append(p.Series, ProfileSeries{Name: "a", Marker: rune('A' + i), Points: []ProfilePoint{{Distance: float64(2 * i), Value: v}}})
			c.Series = append(c.Series, CurveSeries{Points: []CurvePoint{{100 * (i + 1), v}}})
		}
		p.Draw(f, r, theme.Theme{})
		l, _ := p.layout(f.area(r))
		for y := l.plot.area.y; y < l.plot.area.y+l.plot.h+l.foot.h; y++ {
			for x := l.plot.area.x; x < l.plot.area.x+l.plot.w; x++ {
				if m := f.cells[y*f.w+x].r; m >= 'A' && m < 'A'+rune(n) {
					if got, ok := p.At(r, x, y); !ok || got != float64(2*(m-'A')) {
						t.Fatalf("%c at (%d, %d) is at %v, %v", m, x, y, got, ok)
					}
				}
			}
		}
		if _, ok := p.At(r, l.plot.area.x, l.plot.area.y+l.plot.h+l.foot.h-1); !ok {
			t.Fatalf("the axis is not on the plot")
		}
		for _, out := range [][2]int{{l.plot.area.x - 1, r.Y}, {l.plot.area.x + l.plot.w, r.Y}, {l.plot.area.x, l.plot.area.y - 1}, {l.plot.area.x, r.Y + r.H}} {
			if d, ok := p.At(r, out[0], out[1]); ok {
				t.Fatalf("%v is outside, but at %v", out, d)
			}
		}

		f.Clear()
		c.Draw(f, r, theme.Theme{})
		m, _ := c.layout(f.area(r))
		for i := range n {
			found := false
			for y := m.plot.area.y; y < m.plot.area.y+m.plot.h; y++ {
				for x := m.plot.area.x; x < m.plot.area.x+m.plot.w; x++ {
					if f.cells[y*f.w+x].r >= 0x2800 && !found {
						step, ok := c.At(r, x, y)
						found = ok && step == 100*(i+1)
					}
				}
			}
			if !found {
				t.Fatalf("no click on a dot means step %d", 100*(i+1))
			}
		}
	})
}

// The box at the cursor has every series, in order, and hides no marker of the
// ring that it is about.
func TestReadout(t *testing.T) {
	for _, size := range [][2]int{{56, 9}, {90, 22}, {56, 6}, {30, 9}} {
		for d, values := range [][]string{{".93", ".02", ".50", ".98"}, {".62", ".02", ".48", ".98"}, {".21", ".02", ".44", ".97"}, {".16", ".02", ".40", ".98"}} {
			p := exampleProfile()
			p.Cursor = Some(float64(d) + 0.3)
			f := NewFrame(size[0], size[1])
			p.Draw(f, f.Bounds(), theme.Theme{})
			l, _ := p.layout(f.area(f.Bounds()))
			text, at := f.String(theme.Theme{}), 0
			for i, s := range p.Series {
				cell := f.cells[(l.plot.area.y+l.plot.row(s.Points[d].Value))*f.w+l.plot.area.x+l.of(i, float64(d))]
				if l.dodge && cell.r != s.Marker {
					t.Errorf("%v, ring %d: %c is hidden by %q\n%s", size, d, s.Marker, cell.r, text)
				}
				n := strings.Index(text[at:], values[i])
				if n < 0 {
					t.Errorf("%v, ring %d: no %s behind the values before\n%s", size, d, values[i], text)
					break
				}
				at += n
			}
		}
	}
}

// Without room there is a line, and no box.
func TestReadoutWithoutRoom(t *testing.T) {
	p := exampleProfile()
	p.Cursor, p.Series = Some(1), p.Series[:1]
	f := NewFrame(7, 4)
	p.Draw(f, f.Bounds(), theme.Theme{})
	if text := f.String(theme.Theme{}); !strings.ContainsRune(text, cursor) || strings.Contains(text, ".") {
		t.Error(text)
	}
}

// The run before lies behind: it changes only cells where nothing else is.
func TestBeforeHidesNothing(t *testing.T) {
	for _, th := range []theme.Theme{{}, theme.New(termenv.TrueColor, true, theme.Braille)} {
		with, without := exampleCursor(), exampleCursor()
		for i := range without.Series {
			without.Series[i].Before = nil
		}
		f, g := NewFrame(82, 17), NewFrame(82, 17)
		with.Cursor, without.Cursor = Optional{}, Optional{}
		with.Draw(f, f.Bounds(), th)
		without.Draw(g, g.Bounds(), th)
		more, seen := 0, map[rune]bool{' ': true, '┄': true, '│': true, '╵': true, '╷': true, '┬': true, '┴': true}
		for i, c := range g.cells {
			if f.cells[i] == c {
				continue
			}
			more++
			if !seen[c.r] {
				t.Errorf("(%d, %d): %q in place of %q", i%f.w, i/f.w, f.cells[i].r, c.r)
			}
		}
		if more < 6 {
			t.Errorf("only %d cells show the run before", more)
		}
	}
}
