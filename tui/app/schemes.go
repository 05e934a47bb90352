package app

import (
	"fmt"
	"slices"
	"strings"

	"padlab/core/experiment"
	"padlab/core/pad"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A schemePicker switches padding schemes on and off.
type schemePicker struct {
	dialog
	experiment *experiment.Experiment
	chosen     func(changed *experiment.Experiment) effect

	names    []string
	on       []bool
	selected int
	problem  string
	rows     view.Rect
}

// newSchemePicker offers all schemes, those of the experiment switched on. What
// is chosen is handed on as a changed copy of it.
func newSchemePicker(e *experiment.Experiment, chosen func(*experiment.Experiment) effect) *schemePicker {
	now := []string{e.Net.Padding.Name}
	for _, v := range e.Vary {
		if v.Key == "net.padding" {
			now = v.Values
		}
	}
	p := &schemePicker{experiment: e, chosen: chosen}
	for _, name := range pad.Names() {
		if name == "constant" {
			name = "constant(1)"
		}
		p.names = append(p.names, name)
	}
	for _, name := range now {
		if !slices.Contains(p.names, name) {
			p.names = append(p.names, name)
		}
	}
	for _, name := range p.names {
		p.on = append(p.on, slices.Contains(now, name))
	}
	return p
}

func (p *schemePicker) keys() []key {
	toggle := func() {
		p.on[p.selected] = !p.on[p.selected]
		p.problem = ""
	}
	return append(moves(&p.selected, len(p.names)),
		key{names: []string{" ", "x"}, shown: "space", hint: "switch on or off", keep: true, do: quietly(toggle)},
		key{names: []string{"enter"}, hint: "train these", keep: true, do: p.choose},
		closing(p))
}

// point switches what is clicked on or off.
func (p *schemePicker) point(m mouse) effect {
	if m.wheel != 0 {
		p.selected = max(0, min(p.selected+m.wheel, len(p.names)-1))
		return effect{}
	}
	if i, ok := p.list().At(p.rows, m.x, m.y); ok {
		p.selected, p.on[i], p.problem = i, !p.on[i], ""
	}
	return effect{}
}

// choose hands on what is switched on, or says why that cannot be.
func (p *schemePicker) choose() effect {
	var list []string
	for i, name := range p.names {
		if p.on[i] {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		p.problem = "Switch at least one on."
		return effect{}
	}
	changed := p.experiment.Clone()
	if err := changed.SetAll("net.padding", strings.Join(list, ",")); err != nil {
		p.problem = err.Error()
		return effect{}
	}
	e := p.chosen(changed)
	e.leave = append(e.leave, p)
	return e
}

func (p *schemePicker) draw(on surface, r view.Rect) {
	box := r.Centre(min(76, r.W), min(len(p.names)+3, r.H))
	foot, rows := on.window("what stands beside the picture?", "space on/off · enter train these", box).CutBottom(1)
	p.rows = rows
	on.put(p.list(), rows)
	on.Text(foot.X, foot.Y, theme.Bad, view.Cut(p.problem, foot.W))
}

func (p *schemePicker) list() view.List {
	list := view.List{Selected: p.selected, Focused: true}
	for i, name := range p.names {
		row := view.Row{Text: fmt.Sprintf("%-14s %s", name, pad.Must(name).About), Check: view.Unchecked}
		if p.on[i] {
			row.Check = view.Checked
		}
		list.Rows = append(list.Rows, row)
	}
	return list
}
