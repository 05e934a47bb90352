package view

import "padlab/tui/theme"

// A List is rows of which one is selected. It scrolls by itself: the selected
// row is always visible, and "↑ 3 more" tells what is not. The selected row
// has a ▸ before it, so that it is found without colour.
type List struct {
	Rows     []Row
	Selected int  // −1 for none
	Focused  bool // the list has the keys: the selected row is tinted
	Empty    string
}

// A Row is one line of a list: an optional check box and marker, the text,
// shortened beside those of the other rows where it does not fit, and columns that are aligned to the right, the first of which are dropped last
// when there is no room.
type Row struct {
	Text    string
	Style   theme.Style // of the text
	Check   Check
	Marker  rune // none when 0
	Tint    theme.Style
	Columns []string
	Heading bool // a text alone, in bold, over the rows of a section; it never looks selected
}

// A Check says whether a row has a check box, and what is in it.
type Check uint8

// A row without a check box, with an empty and with a checked one.
const (
	NoCheck Check = iota
	Unchecked
	Checked
)

// Draw draws the list into r.
func (l List) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	if len(l.Rows) == 0 {
		a.middle(a.h/2, theme.Dim, l.Empty)
		return
	}
	start, end := window(l.Selected, len(l.Rows), a.h)
	texts, columns := l.layout(a.w)
	for i := start; i < end; i++ {
		l.Rows[i].draw(a.sub(Rect{0, i - start, a.w, 1}), i == l.Selected, l.Focused, texts[i], columns)
	}
	if a.h < 3 {
		return
	}
	marks := a.sub(Rect{1, 0, a.w - 1, a.h})
	if start > 0 {
		a.set(0, 0, ' ', theme.Plain)
		marks.above(start+1, "")
	}
	if end < len(l.Rows) {
		a.set(0, a.h-1, ' ', theme.Plain)
		marks.below(len(l.Rows)-end+1, "")
	}
}

// window returns which of n rows h rows of cells show: the selected one in the
// middle, as far as there are rows around it.
func window(selected, n, h int) (start, end int) {
	h = max(h, 0)
	start = clamp(selected-h/2, 0, max(0, n-h))
	return start, min(start+h, n)
}

// layout returns the rows' texts as short as they have to be in w columns, and
// the width of each right-aligned column that fits beside at least ten columns
// of text.
func (l List) layout(w int) (texts []string, columns []int) {
	widest, lead := 0, 0
	for _, r := range l.Rows {
		texts = append(texts, r.Text)
		if r.Heading {
			texts[len(texts)-1] = ""
			continue
		}
		widest, lead = max(widest, r.lead()+Columns(r.Text)), max(lead, r.lead())
		for i, c := range r.Columns {
			if i == len(columns) {
				columns = append(columns, 0)
			}
			columns[i] = max(columns[i], Columns(c))
		}
	}
	room, end := w-min(widest, 10)-1, w
	for i, c := range columns {
		if room -= c + 1; room < 0 {
			columns = columns[:i]
			break
		}
		end -= c + 1
	}
	return Shorten(texts, end-lead), columns
}

// lead returns the columns before the text.
func (r Row) lead() int {
	n := 1
	if r.Check != NoCheck {
		n += 4
	}
	if r.Marker != 0 {
		n += 2
	}
	if n == 1 {
		n = 2
	}
	return n
}

func (r Row) draw(a area, selected, focused bool, text string, columns []int) {
	if r.Heading {
		a.text(0, 0, theme.Strong, Cut(r.Text, a.w))
		return
	}
	style := r.Style
	if selected {
		style = theme.Strong
		if focused {
			style = theme.Selected
			a.line(1, 0, a.w-1, ' ', style)
		}
		a.set(0, 0, '▸', theme.Strong)
	}
	x := 1
	switch r.Check {
	case Unchecked:
		x = a.text(x, 0, style, "[ ] ")
	case Checked:
		x = a.text(x, 0, style, "[x] ")
	}
	if r.Marker != 0 {
		a.set(x, 0, r.Marker, r.Tint)
	}
	end := a.w
	for i := len(columns) - 1; i >= 0; i-- {
		if i < len(r.Columns) {
			a.right(end, 0, style, r.Columns[i])
		}
		end -= columns[i] + 1
	}
	a.text(r.lead(), 0, style, text)
}
