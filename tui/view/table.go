package view

import "padlab/tui/theme"

// A Table is rows of text in aligned columns under a header that stays. Columns
// that do not fit are left out, the last first; rows before Skip are scrolled
// away.
type Table struct {
	Header []string
	Rows   [][]string
	Skip   int
}

// Draw draws the table into r.
func (t Table) Draw(f *Frame, r Rect, _ theme.Theme) {
	a := f.area(r)
	widths := t.widths()
	line := func(y int, s theme.Style, cells []string) {
		x := 0
		for i, cell := range cells {
			if x+widths[i] > a.w {
				if i == 0 {
					a.text(0, y, s, Cut(cell, a.w))
				}
				return
			}
			a.text(x, y, s, cell)
			x += widths[i] + 2
		}
	}
	line(0, theme.Dim, t.Header)
	for i := t.Skip; i < len(t.Rows) && 1+i-t.Skip < a.h; i++ {
		line(1+i-t.Skip, theme.Plain, t.Rows[i])
	}
}

func (t Table) widths() []int {
	var list []int
	for _, cells := range append([][]string{t.Header}, t.Rows...) {
		for i, cell := range cells {
			if i == len(list) {
				list = append(list, 0)
			}
			list[i] = max(list[i], Columns(cell))
		}
	}
	return list
}
