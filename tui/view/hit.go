package view

// At returns which row of the list Draw puts at the cell (x, y), for an r that lies
// in the frame.
func (l List) At(r Rect, x, y int) (i int, ok bool) {
	start, end := window(l.Selected, len(l.Rows), r.H)
	i = start + y - r.Y
	return i, r.Contains(x, y) && i < end
}

// At returns which choice Draw puts at the cell (x, y), for an r that lies in the
// frame.
func (d Dialog) At(r Rect, x, y int) (i int, ok bool) {
	_, _, choices := d.layout(r)
	return d.list().At(choices, x, y)
}
