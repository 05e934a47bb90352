package app

import (
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A question offers a few answers.
type question struct {
	dialog
	title, text string
	choices     []choice
	selected    int
}

// A choice is an answer and what it leads to.
type choice struct {
	text string
	do   func() effect
}

func (q *question) keys() []key {
	answer := func() effect {
		e := q.choices[q.selected].do()
		e.leave = q
		return e
	}
	return append(moves(&q.selected, len(q.choices)), key{names: []string{"enter"}, hint: "answer", keep: true, do: answer}, closing(q))
}

func (q *question) draw(on surface, r view.Rect) {
	d := view.Dialog{Title: q.title, Text: q.text, Selected: q.selected}
	for _, c := range q.choices {
		d.Choices = append(d.Choices, c.text)
	}
	on.put(d, r)
}

// A page is a text that can be scrolled.
type page struct {
	dialog
	title string
	text  view.Paragraph
	wide  bool // as wide as the screen, so that a line can be copied whole
}

func (p *page) keys() []key {
	scroll := func(by int) func() effect { return quietly(func() { p.text.Skip = max(0, p.text.Skip+by) }) }
	return []key{
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "scroll", do: scroll(1)},
		{names: []string{"up", "k"}, do: scroll(-1)},
		closing(p, "?", "enter", " "),
	}
}

func (p *page) draw(on surface, r view.Rect) {
	w := min(76, r.W)
	if p.wide {
		w = r.W
	}
	height := p.text.Height(w - 4)
	box := r.Centre(w, min(height+2, r.H))
	p.text.Skip = min(p.text.Skip, max(0, height-box.H+2))
	on.put(p.text, on.window(p.title, "esc back", box))
}

// complaint is a page that says what went wrong.
func complaint(err error) *page {
	return &page{title: "that did not work", text: words(theme.Bad, err.Error())}
}
