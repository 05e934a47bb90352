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
	again       string // a key that gives the last answer: that which has asked
	selected    int
	at          view.Rect
}

// A choice is an answer and what it leads to.
type choice struct {
	text string
	do   func() effect
}

func (q *question) keys() []key {
	give := func(i int) effect {
		e := q.choices[i].do()
		e.leave = append(e.leave, q)
		return e
	}
	answer := func() effect { return give(q.selected) }
	last := key{names: []string{q.again}, do: func() effect { return give(len(q.choices) - 1) }}
	return append([]key{last}, append(moves(&q.selected, len(q.choices)), key{names: []string{"enter"}, hint: "answer", keep: true, do: answer}, closing(q))...)
}

// point chooses an answer.
func (q *question) point(m mouse) effect {
	if i, ok := q.box().At(q.at, m.x, m.y); ok && m.wheel == 0 {
		q.selected = i
		e := q.choices[i].do()
		e.leave = append(e.leave, q)
		return e
	}
	return effect{}
}

func (q *question) draw(on surface, r view.Rect) {
	q.at = r
	on.put(q.box(), r)
}

func (q *question) box() view.Dialog {
	d := view.Dialog{Title: q.title, Text: q.text, Selected: q.selected}
	for _, c := range q.choices {
		d.Choices = append(d.Choices, c.text)
	}
	return d
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

func (p *page) point(m mouse) effect {
	p.text.Skip = max(0, p.text.Skip+3*m.wheel)
	return effect{}
}

func (p *page) draw(on surface, r view.Rect) {
	w := min(76, r.W)
	if p.wide {
		w = r.W
	}
	height := p.text.Height(w - 4)
	box := r.Centre(w, min(height+2, r.H))
	p.text.Skip = min(p.text.Skip, p.text.MaxSkip(w-4, box.H-2))
	on.put(p.text, on.window(p.title, "esc back", box))
}

// complaint is a page that says what went wrong.
func complaint(err error) *page {
	return &page{title: "that did not work", text: words(theme.Bad, err.Error())}
}
