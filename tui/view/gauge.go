package view

import "padlab/tui/theme"

// A Gauge is a bar of one row that fills from the left, with a label behind it
// as long as the bar keeps at least as many columns.
type Gauge struct {
	Value float64 // 0 … 1; values outside are clamped, not-a-number is 0
	Label string
}

// Draw draws the bar into the first row of r.
func (g Gauge) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	w := a.w
	if n := Columns(g.Label) + 1; n > 1 && w >= 2*n {
		w -= n
		a.text(w+1, 0, theme.Plain, g.Label)
	}
	v := 0.0
	if g.Value > 0 {
		v = min(g.Value, 1)
	}
	eighths := int(v * float64(8*w))
	for x := range w {
		part := clamp(eighths-8*x, 0, 8)
		if part == 0 {
			a.set(x, 0, '░', theme.Dim)
			continue
		}
		a.set(x, 0, [...]rune{'▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'}[part-1], theme.Good)
	}
}
