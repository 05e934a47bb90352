package app

import (
	"slices"
	"strings"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/record"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A presetPicker chooses another experiment. Beside what is to be known of it
// stands what it found here last.
type presetPicker struct {
	dialog
	host     *Host
	presets  []Preset
	chosen   func(Preset) effect
	selected int // among those shown
	find     *line
	skip     int                // lines of the description
	yours    map[string]keptRun // what was found last, by preset
	ages     map[string]record.Entry
	list     view.Rect
	about    view.Rect
}

func newPresetPicker(h *Host, presets []Preset, now string, chosen func(Preset) effect) *presetPicker {
	at := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == now })
	return &presetPicker{host: h, presets: presets, chosen: chosen, selected: max(0, at), yours: map[string]keptRun{}, ages: map[string]record.Entry{}}
}

// enter looks for the last run of each preset.
func (p *presetPicker) enter() effect {
	history := p.host.History
	if history == nil {
		return effect{}
	}
	return effect{work: work(history.List, func(list []record.Entry, err error) effect {
		for _, e := range list {
			if _, known := p.ages[e.Name]; !known && e.Problem == "" && e.Status == lab.Done {
				p.ages[e.Name] = e
			}
		}
		return p.read()
	})}
}

// read fetches what the selected preset found last, once.
func (p *presetPicker) read() effect {
	list := p.shown()
	if p.selected >= len(list) {
		return effect{}
	}
	name := list[p.selected].Name
	e, ok := p.ages[name]
	if _, known := p.yours[name]; known || !ok {
		return effect{}
	}
	return effect{work: work(func() (*lab.Snapshot, error) { return recalled(e.Folder) }, func(snap *lab.Snapshot, err error) effect {
		p.yours[name] = keptRun{snap, err}
		return effect{}
	})}
}

// shown are the presets that match what is looked for.
func (p *presetPicker) shown() []Preset {
	if p.find == nil {
		return p.presets
	}
	wanted := strings.ToLower(p.find.text())
	return slices.DeleteFunc(slices.Clone(p.presets), func(q Preset) bool {
		return !strings.Contains(strings.ToLower(strings.Join([]string{q.Name, q.Section, q.Experiment.Title, q.Experiment.About}, " ")), wanted)
	})
}

func (p *presetPicker) line() *line {
	if p.find != nil && p.find.input.Focused() {
		return p.find
	}
	return nil
}

func (p *presetPicker) typed() effect {
	p.selected, p.skip = 0, 0
	return p.read()
}

func (p *presetPicker) keys() []key {
	if p.line() != nil {
		return []key{
			{names: []string{"enter", "down", "tab"}, hint: "to the presets", keep: true, do: quietly(p.find.input.Blur)},
			{names: []string{"esc"}, hint: "all presets", keep: true, always: true, do: func() effect { p.find = nil; return p.read() }},
		}
	}
	by := func(n int) func() effect { return func() effect { return p.move(n) } }
	scroll := func(n int) func() effect { return quietly(func() { p.skip = max(0, p.skip+n) }) }
	return append([]key{
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "move", do: by(1)},
		{names: []string{"up", "k"}, do: by(-1)},
		{names: []string{"enter"}, hint: "train this", keep: true, do: p.choose},
		{names: []string{"right", "l", "pgdown"}, shown: "← →", hint: "scroll the text", do: scroll(3)},
		{names: []string{"left", "h", "pgup"}, do: scroll(-3)},
		{names: []string{"/"}, hint: "find", do: quietly(func() { p.find = newLine("") })},
		closing(p, "p"),
	}, rooms()...)
}

func (p *presetPicker) move(by int) effect {
	if n := len(p.shown()); n > 0 {
		p.selected, p.skip = (p.selected+by+n)%n, 0
	}
	return p.read()
}

func (p *presetPicker) choose() effect {
	list := p.shown()
	if p.selected >= len(list) {
		return effect{}
	}
	e := p.chosen(list[p.selected])
	e.leave = append(e.leave, p)
	return e
}

func (p *presetPicker) point(m mouse) effect {
	list, rows := p.rows()
	switch i, ok := list.At(p.list, m.x, m.y); {
	case m.wheel != 0 && m.on(p.about):
		p.skip = max(0, p.skip+3*m.wheel)
	case m.wheel != 0:
		return p.move(m.wheel)
	case !ok || rows[i] < 0:
	case rows[i] == p.selected:
		return p.choose()
	default:
		return p.move(rows[i] - p.selected)
	}
	return effect{}
}

// rows are the presets under the headings of their sections, and of each row
// which preset it is, −1 for a heading.
func (p *presetPicker) rows() (list view.List, of []int) {
	list = view.List{Focused: true, Empty: "there are none"}
	section := ""
	for i, q := range p.shown() {
		if q.Section != section {
			section = q.Section
			list.Rows, of = append(list.Rows, view.Row{Text: section, Heading: true}), append(of, -1)
		}
		if i == p.selected {
			list.Selected = len(list.Rows)
		}
		list.Rows, of = append(list.Rows, view.Row{Text: q.Name}), append(of, i)
	}
	return list, of
}

func (p *presetPicker) draw(on surface, r view.Rect) {
	on.Fill(r, theme.Plain)
	left, right := r.CutLeft(max(30, r.W/3))
	inner := view.Panel{Title: "presets", Foot: "enter train this", Focused: true}.Draw(on.Frame, left, on.Theme)
	if p.find != nil {
		var top view.Rect
		top, inner = inner.CutTop(1)
		x := top.X + 1 + on.Text(top.X+1, top.Y, theme.Key, "find: ")
		on.typed(p.find, p.line() == p.find, x, top.Y, top.W-8)
	}
	p.list, p.about = inner, right
	list, _ := p.rows()
	on.put(list, inner)
	shown := p.shown()
	if p.selected >= len(shown) {
		return
	}
	q := shown[p.selected]
	box := view.Panel{Title: q.Experiment.Title}.Draw(on.Frame, right, on.Theme).Inset(1, 0)
	text := description(q.Experiment)
	if f, ok := p.yours[q.Name]; ok && f.err == nil {
		e := p.ages[q.Name]
		text.Spans = append(text.Spans, view.Span{Style: theme.Strong, Text: "Yours, " + when(e.Began, p.host.History.Now()) + ", " + report.Seeds(f.snap.Experiment) + ": "}, view.Span{Style: theme.Good, Text: yours(f.snap)})
	}
	p.skip = min(p.skip, text.MaxSkip(box.W, box.H))
	text.Skip = p.skip
	on.put(text, box)
}

// yours is what a run has found beside what others report.
func yours(snap *lab.Snapshot) string {
	var lines []string
	for _, c := range snap.Result().Comparisons {
		lines = append(lines, report.Beside(c))
	}
	if len(lines) == 0 {
		for _, v := range snap.Result().Expectations {
			if v.Says != "" {
				lines = append(lines, v.Says)
			}
		}
	}
	if len(lines) == 0 {
		for _, span := range recap(snap).Spans {
			lines = append(lines, strings.TrimSpace(span.Text))
		}
	}
	return strings.Join(lines, "\n")
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
	part("Reported", e.Prose(e.Paper))
	part("What differs here", e.Prose(e.Differs))
	part("Try", e.Prose(e.Try))
	return text
}
