package view

import "padlab/tui/theme"

// A Panel is a box with a title in its upper border and, if there is one, a
// foot in its lower border. The focused panel has a heavy border, so that it
// is found without colour too.
type Panel struct {
	Title, Foot string
	Focused     bool
}

// Draw draws the box along the rim of r and returns the rectangle inside,
// which is empty when r is smaller than 3×3; below 2×2 nothing is drawn.
// Titles that do not fit are cut.
func (p Panel) Draw(f *Frame, r Rect, t theme.Theme) Rect {
	a := f.area(r)
	if a.w < 2 || a.h < 2 {
		return Rect{X: a.x, Y: a.y}
	}
	line, side := '─', '│'
	corners := [4]rune{'╭', '╮', '╰', '╯'}
	style := theme.Border
	if p.Focused {
		line, side = '━', '┃'
		corners = [4]rune{'┏', '┓', '┗', '┛'}
		style = theme.Focus
	}
	right, bottom := a.w-1, a.h-1
	a.line(1, 0, right-1, line, style)
	a.line(1, bottom, right-1, line, style)
	for y := 1; y < bottom; y++ {
		a.set(0, y, side, style)
		a.set(right, y, side, style)
	}
	a.set(0, 0, corners[0], style)
	a.set(right, 0, corners[1], style)
	a.set(0, bottom, corners[2], style)
	a.set(right, bottom, corners[3], style)
	p.label(a, 0, theme.Title, p.Title)
	p.label(a, bottom, theme.Dim, p.Foot)
	return Rect{a.x + 1, a.y + 1, max(0, a.w-2), max(0, a.h-2)}
}

// label writes text into the border of row y, with a blank on either side.
func (p Panel) label(a area, y int, s theme.Style, text string) {
	text = Cut(text, a.w-5)
	if text == "" {
		return
	}
	a.text(1, y, theme.Plain, " ")
	a.text(a.text(2, y, s, text), y, theme.Plain, " ")
}
