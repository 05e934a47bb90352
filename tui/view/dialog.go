package view

import "padlab/tui/theme"

// A Dialog is a box over the screen that asks something: a text and the
// choices, one of which is selected. It is never larger than its rectangle;
// when rows are short the text gives way to the choices.
type Dialog struct {
	Title, Text string
	Choices     []string
	Selected    int
	Foot        string // the keys that answer
}

// Draw draws the dialog into the middle of r.
func (d Dialog) Draw(f *Frame, r Rect, t theme.Theme) {
	box, text, choices := d.layout(r.Intersect(f.Bounds()))
	f.Fill(box, theme.Plain)
	Panel{Title: d.Title, Foot: d.Foot, Focused: true}.Draw(f, box, t)
	d.paragraph().Draw(f, text, t)
	d.list().Draw(f, choices, t)
}

// layout returns the box, and in it the rectangles of the text and the
// choices. The text is at most 60 columns wide.
func (d Dialog) layout(r Rect) (box, text, choices Rect) {
	inner := max(Columns(d.Title), Columns(d.Foot)) + 1
	for _, c := range d.Choices {
		inner = max(inner, Columns(c)+2)
	}
	for _, line := range d.paragraph().lines(60) {
		inner = max(inner, Columns(plain(line)))
	}
	inner = clamp(inner, 1, max(1, r.W-6))
	rows := d.paragraph().Height(inner)
	gap := 0
	if rows > 0 && len(d.Choices) > 0 {
		gap = 1
	}
	box = r.Centre(inner+6, rows+gap+len(d.Choices)+4)
	content := box.Inset(3, 2)
	if box.H < rows+gap+len(d.Choices)+4 {
		content = box.Inset(3, 1)
	}
	choices, text = content.CutBottom(min(len(d.Choices), max(1, content.H)))
	if choices.H > 0 && text.H > rows {
		text.H = rows
	}
	return box, text, choices
}

func (d Dialog) paragraph() Paragraph { return Paragraph{Spans: []Span{{theme.Plain, d.Text}}} }

func (d Dialog) list() List {
	l := List{Selected: d.Selected, Focused: true}
	for _, c := range d.Choices {
		l.Rows = append(l.Rows, Row{Text: c})
	}
	return l
}

// plain returns the text of a line.
func plain(line []cell) string {
	runes := make([]rune, len(line))
	for i, c := range line {
		runes[i] = c.r
	}
	return string(runes)
}
