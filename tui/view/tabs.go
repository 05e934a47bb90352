package view

import (
	"strconv"

	"padlab/tui/theme"
)

// Tabs is one row with the names of the screens, each behind the digit that
// opens it, the selected one in bold behind a ▸. When columns are short the
// others lose their names; when that is not enough the row is cut.
type Tabs struct {
	Names    []string
	Selected int
}

// Draw draws the tabs into the first row of r.
func (ts Tabs) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	width := 0
	for i, name := range ts.Names {
		width += 3 + Columns(strconv.Itoa(i+1)) + Columns(name)
	}
	short := width-1 > a.w
	x := 0
	for i, name := range ts.Names {
		key, style := theme.Key, theme.Dim
		if i == ts.Selected {
			a.set(x, 0, '▸', theme.Strong)
			key, style = theme.Strong, theme.Strong
		}
		x = a.text(x+1, 0, key, strconv.Itoa(i+1))
		if i == ts.Selected || !short {
			x = a.text(x+1, 0, style, Cut(name, a.w-x-1))
		}
		x++
	}
}
