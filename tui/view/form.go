package view

import "padlab/tui/theme"

// A Form is fields under headings, each with its value and what it may be, of
// which one is selected and may be typed into. It scrolls by itself, as a List
// does: the selected field is always visible, with what is wrong with it in the
// row below, and "↑ 3 more" tells what is not. The last row explains the
// selected field, or is the foot. When columns are short, what a field may be
// goes first, then names are shortened, then values. Below three rows there is
// only the selected field.
type Form struct {
	Rows     []FormRow
	Selected int    // −1 for none
	Foot     string // stands where the selected field has nothing About it
}

// A FormRow is one field, or a heading.
type FormRow struct {
	Heading string // the row is a heading, and has nothing else, when this is not empty
	Name    string
	Value   string
	Allowed string // the unit, range or choices
	About   string // what the field is, in a line
	Problem string // what is wrong with the value; a value with a problem looks it
	Changed bool   // a ● stands before a field that differs from the base
	Editing bool   // the value is typed into, if the row is selected
	Cursor  int    // the rune of the value that the next letter goes before
	Choice  bool   // the value is one of several: ‹ value ›
}

// Draw draws the form into r.
func (m Form) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	if len(m.Rows) == 0 || a.h < 1 {
		a.middle(0, theme.Dim, Cut(m.Foot, a.w))
		return
	}
	at := m.lines(a.h)
	if at.foot != "" {
		a.text(0, a.h-1, theme.Dim, Cut(at.foot, a.w))
		a = a.sub(Rect{0, 0, a.w, a.h - 1})
	}
	l := m.layout(a.w)
	for line := at.start; line < at.end; line++ {
		row := a.sub(Rect{0, line - at.start, a.w, 1})
		if i, problem := at.row(line, m.Selected); problem {
			x := max(lead, min(l.value, row.w-Columns(at.problem)))
			row.text(x, 0, theme.Bad, Cut(at.problem, row.w-x))
		} else {
			m.Rows[i].draw(row, l, i == m.Selected, t)
		}
	}
	if a.h < 4 {
		return
	}
	if at.start > 0 {
		a.above(at.start+1, "")
	}
	if at.end < at.all {
		a.below(at.all-at.end+1, "")
	}
}

// At returns which row of the form Draw puts at the cell (x, y), for an r that
// lies in the frame.
func (m Form) At(r Rect, x, y int) (i int, ok bool) {
	at := m.lines(r.H)
	line := at.start + y - r.Y
	if !r.Contains(x, y) || line >= at.end {
		return 0, false
	}
	i, _ = at.row(line, m.Selected)
	return i, true
}

// Lines are the rows of a form with what is wrong below the selected one, those
// from start to end shown.
type formLines struct {
	foot, problem   string
	start, end, all int
}

// lines returns those for h rows of cells.
func (m Form) lines(h int) formLines {
	at := formLines{foot: m.Foot, all: len(m.Rows)}
	if m.Selected >= 0 && m.Selected < len(m.Rows) {
		at.problem = m.Rows[m.Selected].Problem
		if about := m.Rows[m.Selected].About; about != "" {
			at.foot = about
		}
	}
	if h < 3 {
		at.foot = ""
	}
	if at.foot != "" {
		h--
	}
	selected := m.Selected
	if at.problem != "" && h >= 2 {
		at.all++
		if h == 2 || h == 4 {
			selected++ // else the line below would be cut off, or covered
		}
	} else {
		at.problem = ""
	}
	at.start, at.end = window(selected, at.all, h)
	return at
}

// row returns the row that a line is, or whose problem it tells.
func (l formLines) row(line, selected int) (i int, problem bool) {
	if l.problem == "" || line <= selected {
		return line, false
	}
	return line - 1, line == selected+1
}

// A formLayout is the columns at which values and what they may be begin.
type formLayout struct{ value, allowed int }

// lead is the columns before a name: for the selection and the change.
const lead = 4

func (m Form) layout(w int) formLayout {
	names, values, allowed := 0, 0, 0
	for _, r := range m.Rows {
		if r.Heading == "" {
			names, values, allowed = max(names, Columns(r.Name)), max(values, Columns(r.Value)), max(allowed, Columns(r.Allowed))
		}
	}
	values += 5 // the arrows of a choice, or a cursor; and a blank
	names = clamp(w-lead-1-min(values, max(8, w/2)), 0, names)
	l := formLayout{value: lead + names + 1}
	if l.allowed = l.value + values; allowed == 0 || l.allowed+6 > w {
		l.allowed = w
	}
	return l
}

func (r FormRow) draw(a area, l formLayout, selected bool, t theme.Theme) {
	if r.Heading != "" {
		a.text(0, 0, theme.Strong, Cut(r.Heading, a.w))
		return
	}
	name, value := theme.Plain, theme.Plain
	if selected {
		a.set(0, 0, '▸', theme.Strong)
		name, value = theme.Strong, theme.Selected
		a.line(l.value, 0, l.allowed-1-l.value, ' ', theme.Selected)
	}
	if r.Changed {
		a.set(2, 0, '●', theme.Warn)
	}
	if r.Problem != "" && !selected {
		value = theme.Bad
	}
	a.text(lead, 0, name, Cut(r.Name, l.value-1-lead))
	room := a.sub(Rect{l.value, 0, l.allowed - 1 - l.value, 1})
	switch {
	case selected && r.Editing:
		r.edit(room.sub(Rect{2, 0, room.w - 2, 1}), t)
	case r.Choice:
		arrow := theme.Border
		if selected {
			arrow = theme.Selected
		}
		room.set(0, 0, '‹', arrow)
		x := room.text(2, 0, value, Cut(r.Value, room.w-4))
		room.set(x+1, 0, '›', arrow)
	default:
		room.text(2, 0, value, Cut(r.Value, room.w-2))
	}
	if l.allowed < a.w {
		a.text(l.allowed, 0, theme.Dim, Cut(r.Allowed, a.w-l.allowed))
	}
}

// edit writes the value with its cursor, which is a cell of another colour, or
// without colour a line before it. What does not fit is scrolled out on the
// left, as far as the cursor needs.
func (r FormRow) edit(a area, t theme.Theme) {
	runes := []rune(r.Value)
	at := clamp(r.Cursor, 0, len(runes))
	first := 0
	for first < at && Columns(string(runes[first:at]))+2 > a.w {
		first++
	}
	x := a.text(0, 0, theme.Selected, string(runes[first:at]))
	rest := runes[at:]
	switch {
	case !t.Colour():
		a.set(x, 0, '▏', theme.Plain)
		x++
	case len(rest) == 0 || columns(rest[0]) == 0:
		a.set(x, 0, ' ', theme.Caret)
	default:
		a.set(x, 0, rest[0], theme.Caret)
		x += columns(rest[0])
		rest = rest[1:]
	}
	a.text(x, 0, theme.Selected, string(rest))
}
