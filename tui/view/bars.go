package view

import (
	"math"

	"padlab/tui/theme"
)

// Bars are scores of 0 … 1 side by side, a row each: the name, a bar, the score
// with its interval, and, where somebody else has found one too, a mark at
// theirs. Scores below 0 have no bar. When there are more rows than fit, those
// around the selected one are shown; when there is room, rows stand apart.
type Bars struct {
	Rows     []Bar
	Selected int
	Empty    string // one line to show without rows
}

// A Bar is one row. Without a finite Low and High there is no interval; a Mark
// that is not finite is not drawn.
type Bar struct {
	Name             string
	Style            theme.Style
	Marker           rune
	Value, Low, High float64
	Mark             float64
}

// mark is the glyph of somebody else's score.
const mark = '╎'

// Draw draws the bars into r.
func (b Bars) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	if len(b.Rows) == 0 {
		a.middle(a.h/2, theme.Dim, b.Empty)
		return
	}
	start, end := window(b.Selected, len(b.Rows), a.h)
	apart := 1
	if a.h >= 2*len(b.Rows) {
		apart = 2
	}
	names, scores := 0, 0
	for _, row := range b.Rows {
		names = max(names, Columns(row.Name))
		scores = max(scores, Columns(row.score()))
	}
	names = min(names, max(3, a.w/4))
	for i := start; i < end; i++ {
		row, y := b.Rows[i], (i-start)*apart
		style := theme.Plain
		if i == b.Selected {
			a.set(0, y, '▸', theme.Strong)
			style = theme.Strong
		}
		a.set(1, y, row.Marker, row.Style)
		a.text(3, y, style, Cut(row.Name, names))
		left := 4 + names
		a.right(a.w, y, style, Cut(row.score(), a.w-left))
		row.draw(a.sub(Rect{left, y, a.w - left - scores - 1, 1}), t)
	}
}

func (b Bar) score() string { return ScoreWithin(b.Value, b.Low, b.High) }

// draw fills a row in eighths of a cell, and marks the other's score.
func (b Bar) draw(a area, t theme.Theme) {
	if a.w < 1 {
		return
	}
	if finite(b.Value) {
		eighths := int(min(max(b.Value, 0), 1)*float64(8*a.w) + 0.5)
		full := '█'
		if t.Glyphs == theme.ASCII {
			full, eighths = '=', (eighths+4)/8*8
		}
		a.line(0, 0, eighths/8, full, b.Style)
		if rest := eighths % 8; rest > 0 {
			a.set(eighths/8, 0, [8]rune{' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'}[rest], b.Style)
		}
	}
	if finite(b.Mark) {
		a.set(int(math.Round(min(max(b.Mark, 0), 1)*float64(a.w-1))), 0, mark, theme.Strong)
	}
}
