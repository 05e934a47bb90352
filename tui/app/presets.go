package app

import (
	"slices"
	"strings"

	"padlab/core/experiment"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A presetPicker chooses another experiment.
type presetPicker struct {
	dialog
	presets  []Preset
	chosen   func(Preset) effect
	selected int
}

func newPresetPicker(presets []Preset, now string, chosen func(Preset) effect) *presetPicker {
	at := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == now })
	return &presetPicker{presets: presets, chosen: chosen, selected: max(0, at)}
}

func (p *presetPicker) keys() []key {
	if len(p.presets) == 0 {
		return []key{closing(p)}
	}
	choose := func() effect {
		e := p.chosen(p.presets[p.selected])
		e.leave = p
		return e
	}
	return append(moves(&p.selected, len(p.presets)), key{names: []string{"enter"}, hint: "train this", keep: true, do: choose}, closing(p))
}

func (p *presetPicker) draw(on surface, r view.Rect) {
	on.Fill(r, theme.Plain)
	left, right := r.CutLeft(max(24, r.W/3))
	list := view.List{Selected: p.selected, Focused: true, Empty: "there are none"}
	for _, q := range p.presets {
		list.Rows = append(list.Rows, view.Row{Text: q.Name})
	}
	on.put(list, view.Panel{Title: "presets", Foot: "enter train this", Focused: true}.Draw(on.Frame, left, on.Theme))
	if len(p.presets) > 0 {
		e := p.presets[p.selected].Experiment
		on.put(description(e), view.Panel{Title: e.Title}.Draw(on.Frame, right, on.Theme).Inset(1, 0))
	}
}

// description is what is to be known of an experiment before it is trained.
func description(e *experiment.Experiment) view.Paragraph {
	var text view.Paragraph
	add := func(s theme.Style, words string) { text.Spans = append(text.Spans, view.Span{Style: s, Text: words}) }
	part := func(name, words string) {
		if words != "" {
			add(theme.Strong, name+": ")
			add(theme.Plain, words+"\n\n")
		}
	}
	add(theme.Plain, e.Prose(e.About)+"\n\n")
	arms, err := e.Expand()
	if err != nil {
		add(theme.Bad, err.Error()+"\n\n")
	}
	var names []string
	for _, a := range arms {
		names = append(names, a.Label)
	}
	part("Compares", strings.Join(names, " · "))
	part("The paper", e.Prose(e.Paper))
	part("What differs here", e.Prose(e.Differs))
	part("Try", e.Prose(e.Try))
	return text
}
