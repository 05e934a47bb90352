package view

import "padlab/tui/theme"

// cursor is the glyph of the line that a read-out belongs to.
const cursor = '┆'

// A readout is a box beside a cursor that lists what the series have there: a
// head, and a row each.
type readout struct {
	head string
	rows []reading
}

// A reading is the row of one series. Short is the value where there is no room
// for all of it.
type reading struct {
	marker             rune
	style              theme.Style
	name, value, short string
	selected           bool
}

// draw writes the box into a, before column left or from column right on,
// wherever it hides least. When rows are short the head goes first, then
// readings, the selected one last; when columns are short the names and values
// are shortened, then the names go. Without room for the short values there is
// no box.
func (o readout) draw(a area, left, right int) {
	if len(o.rows) == 0 || a.h < 2 {
		return
	}
	if len(o.rows) >= a.h {
		o.head = ""
	}
	rows := o.fitting(a.h)
	side := max(left, a.w-right)
	names, values, ok := columnsWithin(rows, side-2)
	if !ok {
		return
	}
	width := 2 + Columns(o.head)
	for i := range rows {
		width = max(width, 5+Columns(names[i])+Columns(values[i]))
	}
	if width > side {
		o.head, width = "", 2
		for i := range rows {
			width = max(width, 5+Columns(names[i])+Columns(values[i]))
		}
	}
	h := len(rows)
	if o.head != "" {
		h++
	}
	width = min(width, side) // without names, the blank before them goes
	box, least := area{}, -1
	for _, x := range [...]int{right, left - width} {
		if x < 0 || x+width > a.w {
			continue
		}
		for y := range a.h - h + 1 {
			if b := a.sub(Rect{x, y, width, h}); least < 0 || b.drawn() < least {
				box, least = b, b.drawn()
			}
		}
	}
	for y := range box.h {
		box.line(0, y, box.w, ' ', theme.Plain)
	}
	y := 0
	if o.head != "" {
		box.text(1, 0, theme.Strong, o.head)
		y++
	}
	for i, r := range rows {
		style := theme.Plain
		if r.selected {
			style = theme.Strong
			box.set(0, y+i, '▸', style)
		}
		box.set(1, y+i, r.marker, r.style)
		box.text(3, y+i, style, names[i])
		box.right(box.w-1, y+i, style, values[i])
	}
}

// fitting returns as many readings as h ≥ 1 rows have room for, of which the
// selected one is always one.
func (o readout) fitting(h int) []reading {
	if len(o.rows) <= h {
		return o.rows
	}
	rows := o.rows[:h:h]
	for i, r := range o.rows {
		if r.selected && i >= h {
			rows = append(rows[:h-1], r)
		}
	}
	return rows
}

// columnsWithin returns the names and the values of readings as they fit into w
// columns with their markers.
func columnsWithin(rows []reading, w int) (names, values []string, ok bool) {
	var full, short []string
	widest, widestFull, widestShort := 0, 0, 0
	for _, r := range rows {
		names, full, short = append(names, r.name), append(full, r.value), append(short, r.short)
		widest, widestFull, widestShort = max(widest, Columns(r.name)), max(widestFull, Columns(r.value)), max(widestShort, Columns(r.short))
	}
	least := min(widest, 6)
	switch {
	case 3+least+widestFull <= w:
		return Shorten(names, w-3-widestFull), full, true
	case 3+least+widestShort <= w:
		return Shorten(names, w-3-widestShort), short, true
	}
	return make([]string, len(rows)), short, 2+widestShort <= w
}

// drawn returns the number of cells that are not blank.
func (a area) drawn() int {
	n := 0
	for y := range a.h {
		from := (a.y+y)*a.f.w + a.x
		for _, c := range a.f.cells[from : from+a.w] {
			if c.r != ' ' || c.s.Paints() {
				n++
			}
		}
	}
	return n
}
