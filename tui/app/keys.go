package app

import (
	"strings"

	"padlab/tui/view"
)

// A key is a row of the table of a screen, which is both binding and help: what
// is not in the table does nothing, and what is in it is explained.
type key struct {
	names  []string // as Bubble Tea calls them; the first is shown
	shown  string   // what is shown instead of the first name; of a pair such as ← → this is the second, and the next row the first
	hint   string   // in the line at the bottom; empty: not there
	help   string
	keep   bool // the hint stays on a narrow screen
	always bool // also at the bottom of the stack in a window that is too small to draw in
	do     func() effect
}

// label is what a person presses.
func (k key) label() string {
	if k.shown != "" {
		return k.shown
	}
	return k.names[0]
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

// pair reports whether two keys are shown.
func (k key) pair() bool { return len([]rune(k.shown)) == 3 && strings.Contains(k.shown, " ") }

// rooms are the keys that go from any screen to any other.
func rooms() []key {
	to := func(r room) func() effect { return func() effect { return effect{room: r} } }
	return []key{
		{names: []string{"1"}, shown: "1 … 5", help: "lab, inside the network, presets, runs, help", do: to(labRoom)},
		{names: []string{"2"}, do: to(inspectRoom)},
		{names: []string{"3"}, do: to(presetsRoom)},
		{names: []string{"4"}, do: to(runsRoom)},
		{names: []string{"5"}, do: to(helpRoom)},
		{names: []string{"T"}, help: "colours for a dark or a light background", do: func() effect { return effect{turn: true} }},
	}
}

// quietly is do for a key that only changes its screen.
func quietly(change func()) func() effect {
	return func() effect {
		change()
		return effect{}
	}
}

// moves are the keys that move a selection among n things, around the ends.
func moves(selected *int, n int) []key {
	by := func(d int) func() effect { return quietly(func() { *selected = (*selected + d + n) % n }) }
	return []key{
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "move", do: by(1)},
		{names: []string{"up", "k"}, do: by(-1)},
	}
}

// closing is the key that takes a screen away.
func closing(s screen, more ...string) key {
	return key{
		names: append([]string{"esc", "q"}, more...), hint: "back", keep: true, always: true,
		do: func() effect { return effect{leave: []screen{s}} },
	}
}
