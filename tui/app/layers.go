package app

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/pad"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A layer lies over the lab and has the keys until it is closed.
type layer interface {
	keys() []key
	draw(m *Model, body view.Rect)
}

// close takes the topmost layer away.
func (m *Model) close() tea.Cmd {
	m.layers = m.layers[:len(m.layers)-1]
	return nil
}

// moves are the keys of every layer with a selection of n things.
func moves(selected *int, n int) []key {
	by := func(d int) func(*Model) tea.Cmd {
		return func(*Model) tea.Cmd {
			*selected = (*selected + d + n) % n
			return nil
		}
	}
	return []key{
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "move", do: by(1)},
		{names: []string{"up", "k"}, do: by(-1)},
	}
}

var closing = key{names: []string{"esc", "q"}, hint: "back", keep: true, do: (*Model).close}

// A question offers a few answers. A choice without an action goes back.
type question struct {
	title, text string
	choices     []choice
	selected    int
}

type choice struct {
	text string
	do   func(*Model) tea.Cmd
}

func (q *question) keys() []key {
	answer := func(m *Model) tea.Cmd {
		m.close()
		if do := q.choices[q.selected].do; do != nil {
			return do(m)
		}
		return nil
	}
	return append(moves(&q.selected, len(q.choices)), key{names: []string{"enter"}, hint: "answer", keep: true, do: answer}, closing)
}

func (q *question) draw(m *Model, body view.Rect) {
	d := view.Dialog{Title: q.title, Text: q.text, Selected: q.selected}
	for _, c := range q.choices {
		d.Choices = append(d.Choices, c.text)
	}
	d.Draw(m.frame, body, m.Theme)
}

// schemePicker switches padding schemes on and off.
type schemePicker struct {
	names    []string
	on       []bool
	selected int
	problem  string
}

func (m *Model) openSchemes() tea.Cmd {
	now := []string{m.experiment.Net.Padding}
	for _, v := range m.experiment.Vary {
		if v.Key == "net.padding" {
			now = v.Values
		}
	}
	p := &schemePicker{}
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
	m.layers = append(m.layers, p)
	return nil
}

func (p *schemePicker) keys() []key {
	toggle := func(*Model) tea.Cmd {
		p.on[p.selected] = !p.on[p.selected]
		p.problem = ""
		return nil
	}
	return append(moves(&p.selected, len(p.names)),
		key{names: []string{" ", "x"}, shown: "space", hint: "switch on or off", keep: true, do: toggle},
		key{names: []string{"enter"}, hint: "train these", keep: true, do: p.train},
		closing)
}

func (p *schemePicker) train(m *Model) tea.Cmd {
	var chosen []string
	for i, name := range p.names {
		if p.on[i] {
			chosen = append(chosen, name)
		}
	}
	if len(chosen) == 0 {
		p.problem = "Switch at least one on."
		return nil
	}
	e := m.experiment.Clone()
	if err := e.SetAll("net.padding", strings.Join(chosen, ",")); err != nil {
		p.problem = err.Error()
		return nil
	}
	m.close()
	return m.train(m.preset, e)
}

func (p *schemePicker) draw(m *Model, body view.Rect) {
	box := body.Centre(min(76, body.W), min(len(p.names)+3, body.H))
	m.frame.Fill(box, theme.Plain)
	inner := view.Panel{Title: "what stands beside the picture?", Foot: "space on/off · enter train these", Focused: true}.Draw(m.frame, box, m.Theme).Inset(1, 0)
	list := view.List{Selected: p.selected, Focused: true}
	for i, name := range p.names {
		s, err := pad.Parse(name)
		if err != nil {
			panic("app: " + err.Error())
		}
		row := view.Row{Text: fmt.Sprintf("%-14s %s", name, s.About), Check: view.Unchecked}
		if p.on[i] {
			row.Check = view.Checked
		}
		list.Rows = append(list.Rows, row)
	}
	rows, foot := inner.CutBottom(1)
	foot, rows = rows, foot
	list.Draw(m.frame, rows, m.Theme)
	m.frame.Text(foot.X, foot.Y, theme.Bad, view.Cut(p.problem, foot.W))
}

// presetPicker chooses another experiment.
type presetPicker struct{ selected, count int }

func (m *Model) openPresets() tea.Cmd {
	p := &presetPicker{count: len(m.Presets)}
	p.selected = max(0, slices.IndexFunc(m.Presets, func(q Preset) bool { return q.Name == m.preset.Name }))
	m.layers = append(m.layers, p)
	return nil
}

func (p *presetPicker) keys() []key {
	train := func(m *Model) tea.Cmd {
		m.close()
		chosen := m.Presets[p.selected]
		return m.train(chosen, chosen.Experiment)
	}
	return append(moves(&p.selected, p.count), key{names: []string{"enter"}, hint: "train this", keep: true, do: train}, closing)
}

func (p *presetPicker) draw(m *Model, body view.Rect) {
	m.frame.Fill(body, theme.Plain)
	left, right := body.CutLeft(max(24, body.W/3))
	list := view.List{Selected: p.selected, Focused: true}
	for _, q := range m.Presets {
		list.Rows = append(list.Rows, view.Row{Text: q.Name})
	}
	list.Draw(m.frame, view.Panel{Title: "presets", Foot: "enter train this", Focused: true}.Draw(m.frame, left, m.Theme), m.Theme)
	e := m.Presets[p.selected].Experiment
	spans := []view.Span{{Style: theme.Plain, Text: e.About + "\n\n"}}
	var arms []string
	for _, a := range e.Arms() {
		arms = append(arms, a.Name)
	}
	spans = append(spans, view.Span{Style: theme.Strong, Text: "Compares: "}, view.Span{Style: theme.Plain, Text: strings.Join(arms, " · ") + "\n\n"})
	if e.Paper != "" {
		spans = append(spans, view.Span{Style: theme.Strong, Text: "The paper: "}, view.Span{Style: theme.Plain, Text: e.Paper + "\n\n"})
	}
	if e.Differs != "" {
		spans = append(spans, view.Span{Style: theme.Strong, Text: "What differs here: "}, view.Span{Style: theme.Plain, Text: e.Differs + "\n\n"})
	}
	if e.Try != "" {
		spans = append(spans, view.Span{Style: theme.Strong, Text: "Try: "}, view.Span{Style: theme.Plain, Text: e.Try})
	}
	view.Paragraph{Spans: spans}.Draw(m.frame, view.Panel{Title: e.Title}.Draw(m.frame, right, m.Theme).Inset(1, 0), m.Theme)
}

// page is a text that can be scrolled.
type page struct {
	title string
	spans []view.Span
	skip  int
	wide  bool // as wide as the screen, so that a line can be copied whole
}

func (p *page) keys() []key {
	scroll := func(by int) func(*Model) tea.Cmd {
		return func(*Model) tea.Cmd {
			p.skip = max(0, p.skip+by)
			return nil
		}
	}
	return []key{
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "scroll", do: scroll(1)},
		{names: []string{"up", "k"}, do: scroll(-1)},
		{names: []string{"esc", "q", "?", "enter", " "}, hint: "back", keep: true, do: (*Model).close},
	}
}

func (p *page) draw(m *Model, body view.Rect) {
	text := view.Paragraph{Spans: p.spans}
	w := min(76, body.W)
	if p.wide {
		w = body.W
	}
	height := text.Height(w - 4)
	box := body.Centre(w, min(height+2, body.H))
	p.skip = min(p.skip, max(0, height-box.H+2))
	text.Skip = p.skip
	m.frame.Fill(box, theme.Plain)
	text.Draw(m.frame, view.Panel{Title: p.title, Foot: "esc back", Focused: true}.Draw(m.frame, box, m.Theme).Inset(1, 0), m.Theme)
}

func (m *Model) openHelp() tea.Cmd {
	p := &page{title: "help"}
	add := func(s theme.Style, text string) { p.spans = append(p.spans, view.Span{Style: s, Text: text}) }
	for _, k := range labKeys() {
		if k.help != "" {
			add(theme.Key, fmt.Sprintf("%-6s", k.label()))
			add(theme.Plain, " "+k.help+"\n")
		}
	}
	for _, w := range words {
		add(theme.Strong, "\n"+w.name)
		add(theme.Plain, "  "+w.means+"\n")
	}
	if m.snap != nil && m.snap.Slow != "" {
		add(theme.Warn, "\nslow")
		add(theme.Plain, fmt.Sprintf("  Training uses the kernel %s: %s.", m.snap.Kernel, m.snap.Slow))
	}
	m.layers = append(m.layers, p)
	return nil
}

// words are those of the screen that a newcomer cannot know.
var words = []struct{ name, means string }{
	{"padding", "A convolution looks at every pixel and its neighbours. At the border of the picture some neighbours are missing; the padding scheme says what stands there instead."},
	{"arm", "One network of the comparison. All arms start from the same weights and see the same pictures; they differ in what is compared."},
	{"distance", "How many cells lie between the patch and the nearest border of the canvas. All cells at one distance are a ring."},
	{"interval", "The bar through a point: with 95 % confidence the score on all such pictures lies there."},
	{"read-out", "A small network that is trained on the features of a frozen one. What it draws can only come from there: a map that has nothing to do with the picture shows that the features know where they are."},
	{"rank correlation", "How well what is drawn puts the pixels into the order of the target: 1 perfectly, 0 not at all. Skill is by how much the error is smaller than that of the best constant."},
	{"guessing", "The score of an answer drawn at random: the dashed line. A network that sees no difference between places cannot do better."},
}

func (m *Model) openCommand() tea.Cmd {
	line := "padlab run " + m.experiment.OneLine(m.preset.Name, m.preset.Experiment)
	m.layers = append(m.layers, &page{title: "the same without a screen", wide: true, spans: []view.Span{{Style: theme.Strong, Text: line}}})
	return nil
}
