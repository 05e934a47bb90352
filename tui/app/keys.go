package app

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/tui/view"
)

// A key is a row of the table that is both binding and help: what is not in
// the table does nothing, and what is in it is explained.
type key struct {
	names []string // as Bubble Tea calls them; the first is shown
	shown string   // what is shown instead of the first name
	hint  string   // in the line at the bottom; empty: not there
	help  string
	keep  bool // the hint stays on a narrow screen
	do    func(*Model) tea.Cmd
}

// labKeys are the keys while no layer lies over the lab.
func labKeys() []key {
	return []key{
		{names: []string{" "}, shown: "space", hint: "pause", help: "pause or go on", do: (*Model).pause},
		{names: []string{"s"}, hint: "step", help: "pause, and train one step", do: (*Model).step},
		{names: []string{"a"}, hint: "schemes", help: "switch padding schemes on and off, and train them", do: (*Model).openSchemes},
		{names: []string{"p"}, hint: "presets", help: "choose another experiment", do: (*Model).openPresets},
		{names: []string{"r"}, hint: "restart", help: "train again from the start, same seed", do: (*Model).restart},
		{names: []string{"n"}, hint: "new seed", help: "train again with other weights and pictures", do: (*Model).newSeed},
		{names: []string{"down", "j"}, shown: "↑ ↓", help: "select an arm (also j and k)", do: (*Model).nextArm},
		{names: []string{"up", "k"}, do: (*Model).previousArm},
		{names: []string{"tab"}, hint: "pane", help: "next pane (shift+tab: the one before)", do: (*Model).nextPane},
		{names: []string{"shift+tab"}, do: (*Model).previousPane},
		{names: []string{"z"}, hint: "zoom", help: "show the pane on the whole screen, and back", do: (*Model).zoom},
		{names: []string{"v"}, help: "another curve, where an experiment has several", do: (*Model).nextCurve},
		{names: []string{"y"}, help: "loss on a logarithmic axis, and back", do: (*Model).logarithmic},
		{names: []string{"i"}, help: "look into the selected network: layers, artifacts, filters", do: (*Model).openInspection},
		{names: []string{"c"}, help: "the command that runs this without a screen", do: (*Model).openCommand},
		{names: []string{"esc"}, help: "one layer out", do: (*Model).back},
		{names: []string{"?"}, hint: "help", help: "this help", keep: true, do: (*Model).openHelp},
		{names: []string{"q"}, hint: "quit", help: "quit; asks while training (ctrl+c does not)", keep: true, do: (*Model).quit},
	}
}

// key answers a key press: the topmost layer first, else the lab.
func (m *Model) key(name string) tea.Cmd {
	if name == "ctrl+c" {
		return tea.Quit
	}
	table := labKeys()
	if n := len(m.layers); n > 0 {
		table = m.layers[n-1].keys()
	} else if m.tooSmall() {
		table = slices.DeleteFunc(table, func(k key) bool { return k.names[0] != "q" })
	}
	for _, k := range table {
		if slices.Contains(k.names, name) {
			return k.do(m)
		}
	}
	return nil
}

// hints are the hints of a table.
func hints(table []key) view.Hints {
	var list view.Hints
	for _, k := range table {
		if k.hint != "" {
			list = append(list, view.Hint{Key: k.label(), Text: k.hint, Keep: k.keep})
		}
	}
	return list
}

func (k key) label() string {
	if k.shown != "" {
		return k.shown
	}
	return k.names[0]
}

func (m *Model) pause() tea.Cmd {
	if m.run != nil && m.snap != nil {
		if m.run.Paused() {
			m.run.Resume()
		} else {
			m.run.Pause()
		}
	}
	return nil
}

func (m *Model) step() tea.Cmd {
	if m.run != nil {
		m.run.Step()
	}
	return nil
}

func (m *Model) restart() tea.Cmd { return m.train(m.preset, m.experiment) }

func (m *Model) newSeed() tea.Cmd {
	m.experiment.Seed++
	return m.train(m.preset, m.experiment)
}

func (m *Model) nextArm() tea.Cmd     { return m.moveArm(1) }
func (m *Model) previousArm() tea.Cmd { return m.moveArm(-1) }

func (m *Model) moveArm(by int) tea.Cmd {
	if m.snap != nil {
		n := len(m.snap.Arms)
		m.arm = (m.arm + by + n) % n
	}
	return nil
}

func (m *Model) nextPane() tea.Cmd     { return m.movePane(1) }
func (m *Model) previousPane() tea.Cmd { return m.movePane(panes - 1) }

// movePane goes to the next pane that is on the screen.
func (m *Model) movePane(by pane) tea.Cmd {
	zoomed := m.zoomed
	m.zoomed = false
	shown := m.layout(m.frame.Bounds())
	m.zoomed = zoomed
	for range panes {
		if m.focus = (m.focus + by) % panes; !shown[m.focus].Empty() {
			break
		}
	}
	return nil
}

func (m *Model) nextCurve() tea.Cmd {
	m.curve++
	return nil
}

func (m *Model) zoom() tea.Cmd {
	m.zoomed = !m.zoomed
	return nil
}

func (m *Model) logarithmic() tea.Cmd {
	m.log = !m.log
	return nil
}

func (m *Model) back() tea.Cmd {
	m.zoomed = false
	return nil
}

func (m *Model) quit() tea.Cmd {
	if !m.training() {
		return tea.Quit
	}
	m.layers = append(m.layers, &question{
		title: "quit", text: "The networks are still training. What they have learned so far is not kept.",
		choices: []choice{
			{"go on training", nil},
			{"quit", func(*Model) tea.Cmd { return tea.Quit }},
		},
	})
	return nil
}
