package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A form changes anything of an experiment. It is made from the experiment's
// table of fields, so that a field that is added there is here, too. What is typed
// is checked at once; nothing is trained before it is asked for.
type form struct {
	dialog
	host   *Host
	preset Preset                 // what differences are marked against
	was    *experiment.Experiment // when the form was opened
	draft  *experiment.Experiment
	train  func(changed *experiment.Experiment) effect
	layers []string // of the network as it was, where it came from a file

	rows     []experiment.Field // those that concern the draft and match what is looked for
	selected int
	edit     *line  // of the selected field, nil: it is not being changed
	find     *line  // nil: nothing is looked for
	problem  string // why what was typed cannot be
	note     string // what was done last
	list     view.Rect
}

func newForm(h *Host, preset Preset, e *experiment.Experiment, layers []string, train func(*experiment.Experiment) effect) *form {
	f := &form{host: h, preset: preset, was: e, draft: e.Clone(), layers: layers, train: train}
	f.refresh()
	return f
}

// refresh finds the rows of the draft.
func (f *form) refresh() {
	at := ""
	if f.selected < len(f.rows) {
		at = f.rows[f.selected].Key
	}
	f.rows = nil
	looked := ""
	if f.find != nil {
		looked = strings.ToLower(f.find.text())
	}
	add := func(field experiment.Field) {
		if strings.Contains(strings.ToLower(field.Key+" "+field.About), looked) {
			f.rows = append(f.rows, field)
		}
	}
	for _, field := range experiment.Fields() {
		if field.Kind == experiment.Text || !field.Concerns(f.draft) {
			continue
		}
		add(field)
		if field.Key != "net.bias" {
			continue
		}
		layers, _ := lab.Convolutions(f.draft) // of what cannot be built there are none
		if experiment.IsGraph(f.draft.Net.Arch) && f.draft.Net.Arch == f.was.Net.Arch {
			layers = f.layers
		}
		for _, name := range layers {
			if layer, err := experiment.FieldOf("net.layers." + name + ".padding"); err == nil {
				add(layer)
			}
		}
	}
	f.selected = max(0, slices.IndexFunc(f.rows, func(row experiment.Field) bool { return row.Key == at }))
}

func (f *form) line() *line {
	if f.edit != nil {
		return f.edit
	}
	if f.find != nil && f.find.input.Focused() {
		return f.find
	}
	return nil
}

func (f *form) typed() effect {
	if f.edit != nil {
		_, f.problem = f.changed(f.edit.text())
		return effect{}
	}
	f.refresh()
	f.selected = 0
	return effect{}
}

// changed is the draft with the selected field set to a text, or why that cannot
// be. Fields that do not go together are no reason yet: the other may follow.
func (f *form) changed(text string) (e *experiment.Experiment, problem string) {
	e = f.draft.Clone()
	field := f.rows[f.selected]
	if text == "" && strings.HasPrefix(field.Key, "net.layers.") {
		text = f.draft.Net.Padding.Name
	}
	if err := e.SetAll(field.Key, strings.TrimSpace(text)); err != nil {
		return nil, err.Error()
	}
	return e, ""
}

func (f *form) keys() []key {
	switch {
	case f.edit != nil:
		return []key{
			{names: []string{"enter"}, hint: "take it", keep: true, do: f.accept},
			{names: []string{"tab", "down"}, do: func() effect { f.accept(); return f.move(1) }},
			{names: []string{"shift+tab", "up"}, do: func() effect { f.accept(); return f.move(-1) }},
			{names: []string{"esc"}, hint: "leave it as it was", keep: true, always: true, do: quietly(func() { f.edit, f.problem = nil, "" })},
		}
	case f.line() != nil:
		return []key{
			{names: []string{"enter", "down", "tab"}, hint: "to the fields", keep: true, do: quietly(f.find.input.Blur)},
			{names: []string{"esc"}, hint: "all fields", keep: true, always: true, do: quietly(func() { f.find = nil; f.refresh() })},
		}
	}
	by := func(n int) func() effect { return func() effect { return f.move(n) } }
	return []key{
		{names: []string{"down", "j", "tab"}, shown: "↑ ↓", hint: "move", do: by(1)},
		{names: []string{"up", "k", "shift+tab"}, do: by(-1)},
		{names: []string{"pgdown"}, do: by(10)},
		{names: []string{"pgup"}, do: by(-10)},
		{names: []string{"enter"}, hint: "change", keep: true, do: f.open},
		{names: []string{"right", "l"}, shown: "← →", hint: "next choice", do: func() effect { return f.turn(1) }},
		{names: []string{"left", "h"}, do: func() effect { return f.turn(-1) }},
		{names: []string{"r"}, hint: "train this", keep: true, do: f.run},
		{names: []string{"u", "backspace"}, hint: "undo", do: f.reset},
		{names: []string{"/"}, hint: "find", do: quietly(func() { f.find = newLine("") })},
		{names: []string{"c"}, hint: "copy command", do: f.copy},
		{names: []string{"w"}, hint: "write file", do: f.write},
		{names: []string{"esc", "q", "e"}, hint: "back", keep: true, always: true, do: f.close},
	}
}

// close leaves the form; with changes that are not trained it asks.
func (f *form) close() effect {
	if len(f.draft.Differences(f.was)) == 0 {
		return effect{leave: []screen{f}}
	}
	return effect{enter: &question{
		title: "changes", text: "The changes have not been trained.",
		choices: []choice{
			{"train them", f.run},
			{"go on changing", func() effect { return effect{} }},
			{"throw them away", func() effect { return effect{leave: []screen{f}} }},
		},
	}}
}

func (f *form) move(by int) effect {
	if n := len(f.rows); n > 0 && f.edit == nil {
		f.selected, f.problem, f.note = max(0, min(f.selected+by, n-1)), "", ""
	}
	return effect{}
}

// open begins to change the selected field: schemes are switched on and off,
// everything else is typed.
func (f *form) open() effect {
	if len(f.rows) == 0 {
		return effect{}
	}
	f.note = ""
	field := f.rows[f.selected]
	if field.Key == "net.padding" {
		return effect{enter: newSchemePicker(f.draft, func(changed *experiment.Experiment) effect { f.become(changed); return effect{} })}
	}
	if field.Kind == experiment.Bool && !f.draft.Compares(field.Key) {
		return f.turn(1)
	}
	f.edit = newLine(f.draft.Text(field))
	return effect{}
}

func (f *form) accept() effect {
	e, problem := f.changed(f.edit.text())
	if f.problem = problem; e == nil {
		return effect{}
	}
	f.edit = nil
	f.become(e)
	return effect{}
}

func (f *form) become(e *experiment.Experiment) {
	f.draft = e
	f.refresh()
}

// turn takes the next of a field's choices.
func (f *form) turn(by int) effect {
	if len(f.rows) == 0 {
		return effect{}
	}
	field := f.rows[f.selected]
	options := field.Options
	if field.Kind == experiment.Bool {
		options = []string{"true", "false"}
	}
	now := field.Get(f.draft)
	at := slices.Index(options, now)
	switch {
	case f.draft.Compares(field.Key) || field.Kind == experiment.List:
		return effect{}
	case len(options) > 0:
		at = (max(at, 0) + by + len(options)) % len(options)
		now = options[at]
	case field.Kind == experiment.Integer:
		n, err := strconv.Atoi(now)
		if err != nil {
			return effect{}
		}
		now = strconv.Itoa(n + by*stride(n, by))
	default:
		return effect{}
	}
	e, problem := f.changed(now)
	if f.problem = problem; e != nil {
		f.become(e)
	}
	return effect{}
}

// stride is by how much a number changes at once: by a tenth of it or so.
func stride(n, by int) int {
	step := 1
	for 20*step <= n-max(0, -by) {
		step *= 10
	}
	return step
}

func (f *form) reset() effect {
	if len(f.rows) == 0 {
		return effect{}
	}
	e := f.draft.Clone()
	if err := e.Reset(f.rows[f.selected], f.preset.Experiment); err != nil {
		f.problem = err.Error()
		return effect{}
	}
	f.problem = ""
	f.become(e)
	return effect{}
}

// run hands the draft on, unless its fields do not go together.
func (f *form) run() effect {
	if _, err := f.draft.Expand(); err != nil {
		f.problem = err.Error()
		return effect{}
	}
	e := f.train(f.draft)
	e.leave = append(e.leave, f)
	return e
}

func (f *form) copy() effect {
	f.note = "copied: " + f.command()
	return effect{copy: f.command()}
}

func (f *form) command() string {
	return "padlab run " + f.draft.OneLine(f.preset.Name, f.preset.Experiment)
}

// write saves the draft as a preset file of its own.
func (f *form) write() effect {
	if f.host.Save == nil {
		f.note = "files cannot be written here"
		return effect{}
	}
	name, data := f.preset.Name, f.draft.TOML()
	return effect{work: work(func() (string, error) { return f.host.Save(name, data) }, func(path string, err error) effect {
		if err != nil {
			f.problem = err.Error()
			return effect{}
		}
		f.note = "written: " + path + " (padlab " + experiment.Quote(path) + " opens it)"
		return effect{}
	})}
}

func (f *form) point(m mouse) effect {
	form, rows := f.form()
	at, ok := form.At(f.list, m.x, m.y)
	i := -1
	if ok {
		i = rows[at]
	}
	switch {
	case m.wheel != 0:
		return f.move(m.wheel)
	case i < 0 || f.edit != nil || f.line() != nil:
	case i == f.selected:
		return f.open()
	default:
		return f.move(i - f.selected)
	}
	return effect{}
}

// form is what is drawn, and of each of its rows the field, −1 for a heading.
func (f *form) form() (v view.Form, of []int) {
	group := "\x00"
	for i, field := range f.rows {
		heading, name, dotted := strings.Cut(field.Key, ".")
		if !dotted {
			heading, name = "experiment", field.Key
		}
		if heading != group {
			v.Rows, of = append(v.Rows, view.FormRow{Heading: heading}), append(of, -1)
			group = heading
		}
		row := view.FormRow{
			Name: strings.TrimSuffix(name, ".padding"), Value: strings.Join(strings.Split(f.draft.Text(field), ","), ", "), Allowed: field.Allowed(), About: field.About,
			Changed: f.draft.Text(field) != f.preset.Experiment.Text(field),
			Choice:  (len(field.Options) > 0 || field.Kind == experiment.Bool) && !f.draft.Compares(field.Key),
		}
		if row.Value == "" {
			row.Value = "–"
			if strings.HasPrefix(field.Key, "net.layers.") {
				row.Value = "as the network"
			}
		}
		if i == f.selected {
			v.Selected = len(v.Rows)
			row.Problem = f.problem
			if f.edit != nil {
				row.Editing, row.Value, row.Cursor = true, f.edit.text(), f.edit.cursor()
			}
		}
		v.Rows, of = append(v.Rows, row), append(of, i)
	}
	return v, of
}

func (f *form) draw(on surface, r view.Rect) {
	title := "change " + f.preset.Name
	if n := len(f.draft.Changes(f.preset.Experiment)); n > 0 {
		title += fmt.Sprintf(" · %d changed", n)
	}
	inner := on.window(title, "several values with commas between them make an arm each", r)
	if f.find != nil {
		var top view.Rect
		top, inner = inner.CutTop(1)
		x := top.X + on.Text(top.X, top.Y, theme.Key, "find: ")
		on.typed(f.find, f.line() == f.find, x, top.Y, top.W-6)
	}
	command := words(theme.Strong, f.command())
	foot, list := inner.CutBottom(min(command.Height(inner.W), 3))
	if f.note != "" {
		command = words(theme.Good, f.note)
	}
	on.put(command, foot)
	f.list = list
	v, _ := f.form()
	on.put(v, list)
}

// typed draws a text that is being typed in w columns, with its cursor.
func (s surface) typed(l *line, focused bool, x, y, w int) {
	letters := append([]rune(l.text()), ' ')
	at := l.cursor()
	from := at
	for room := w - view.Columns(string(letters[at])); from > 0; from-- {
		if room -= view.Columns(string(letters[from-1])); room < 0 {
			break
		}
	}
	for i, r := range letters[from:] {
		n := view.Columns(string(r))
		if w -= n; w < 0 {
			break
		}
		style := theme.Plain
		if focused && from+i == at {
			style = theme.Selected
			if !s.Colour() && r == ' ' {
				r = '▏'
			}
		}
		s.Set(x, y, r, style)
		x += n
	}
}
