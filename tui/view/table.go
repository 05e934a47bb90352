package view

import (
	"slices"
	"strconv"

	"padlab/tui/theme"
)

// A Table is rows of text in aligned columns under a header that stays. Columns
// that do not fit are left out, the last first, and counted at the end of the
// header: "→ 2 more columns". Rows before Skip and columns before Left are
// scrolled away, at most so far that the end is seen; what is not seen is
// counted in the first and the last row, from three rows on.
type Table struct {
	Header []string
	Rows   [][]string
	Skip   int
	Left   int
}

// MaxSkip returns how many rows can be scrolled away until the last is seen in a
// table of h rows, the header's included.
func (t Table) MaxSkip(h int) int { return max(0, len(t.Rows)-max(h-1, 0)) }

// MaxLeft returns how many columns can be scrolled away until the last is seen
// in w columns of cells.
func (t Table) MaxLeft(w int) int {
	widths := t.widths()
	for left := range widths {
		if shown(widths[left:], w) == len(widths)-left {
			return left
		}
	}
	return max(0, len(widths)-1)
}

// Draw draws the table into r.
func (t Table) Draw(f *Frame, r Rect, _ theme.Theme) {
	a := f.area(r)
	if a.w < 1 || a.h < 1 {
		return
	}
	widths := t.widths()
	left := clamp(t.Left, 0, t.MaxLeft(a.w))
	widths = widths[left:]
	n := shown(widths, a.w)
	line := func(y int, s theme.Style, cells []string) {
		x := 0
		for i, cell := range cells[min(left, len(cells)):min(left+n, len(cells))] {
			a.text(x, y, s, Cut(cell, a.w-x))
			x += widths[i] + 2
		}
	}
	line(0, theme.Dim, t.Header)
	t.leftOut(a, left, n, len(widths)-n)

	skip := clamp(t.Skip, 0, t.MaxSkip(a.h))
	body := a.sub(Rect{0, 1, a.w, a.h - 1})
	rows := t.Rows[skip:]
	for i, row := range rows[:min(body.h, len(rows))] {
		line(1+i, theme.Plain, row)
	}
	if body.h < 3 {
		return
	}
	if skip > 0 {
		body.above(skip+1, "")
	}
	if len(rows) > body.h {
		body.below(len(rows)-body.h+1, "rows")
	}
}

// leftOut counts the columns that are not among the n shown behind the header,
// in as few words as there is room for; an arrow always stands.
func (t Table) leftOut(a area, before, n, behind int) {
	if before == 0 && behind == 0 {
		return
	}
	arrows, counts := "", ""
	if before > 0 {
		arrows, counts = "←", "← "+strconv.Itoa(before)
	}
	if behind > 0 {
		if counts != "" {
			counts += " "
		}
		arrows, counts = arrows+"→", counts+"→ "+strconv.Itoa(behind)
	}
	things := " more columns"
	if before+behind == 1 {
		things = " more column"
	}
	end := 0 // of the header's text
	for x := range a.w {
		if !a.only(" ", x, 0, 1) {
			end = x + 1
		}
	}
	text := fitting(a.w-end-1, counts+things, counts+" more", counts, arrows)
	if text == "" {
		text = arrows
	}
	a.right(a.w, 0, theme.Dim, text)
}

// shown returns how many columns of these widths fit into w, at least the first
// one.
func shown(widths []int, w int) int {
	x := 0
	for i, width := range widths {
		if x+width > w {
			return max(i, 1)
		}
		x += width + 2
	}
	return len(widths)
}

func (t Table) widths() []int {
	var list []int
	for _, cells := range slices.Concat([][]string{t.Header}, t.Rows) {
		for i, cell := range cells {
			if i == len(list) {
				list = append(list, 0)
			}
			list[i] = max(list[i], Columns(cell))
		}
	}
	return list
}
