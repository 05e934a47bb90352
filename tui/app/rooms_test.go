package app

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"padlab/tui/theme"
)

// From every room one comes to every other, and nothing stays on the stack.
func TestRooms(t *testing.T) {
	s := remembering(t, 5)
	s.lab().host.Inspect = looked
	is := map[string]func() bool{
		"1": func() bool { return len(s.stack) == 1 },
		"2": topIs[*inspection](s), "3": topIs[*presetPicker](s), "4": topIs[*runsScreen](s), "5": topIs[*helpScreen](s),
	}
	for _, from := range []string{"1", "2", "3", "4", "5"} {
		for _, to := range []string{"1", "2", "3", "4", "5"} {
			s.press(from, to)
			if !is[to]() || len(s.stack) > 2 {
				t.Errorf("from %s to %s: %T, %d screens", from, to, s.top(), len(s.stack))
			}
			s.drained()
		}
	}
}

// A terminal is asked for what it can do, and for nothing else.
func TestTheTerminal(t *testing.T) {
	var events []string
	note := func(what string) func() { return func() { events = append(events, what) } }
	dark, light := theme.New(termenv.TrueColor, true, theme.Braille), theme.New(termenv.TrueColor, false, theme.Braille)
	all := presets(t, 5)
	s := drive(t, host(pool(t)), Session{Theme: dark, Other: light, Presets: all, First: all[0], Terminal: Terminal{
		Title: func(text string) { events = append(events, text) }, Bell: note("bell"), Suspend: note("suspend"), Resume: note("resume"),
		Keys: map[string]string{"h": "?", "ctrl+p": " "},
	}})
	s.settle(s.done)
	s.drained()
	if got := strings.Join(events, ", "); !strings.HasPrefix(got, "padlab · quick") || !strings.HasSuffix(got, "bell, padlab · quick · done") || strings.Count(got, "bell") != 1 {
		t.Error(got)
	}
	events = nil
	s.send(tea.KeyMsg{Type: tea.KeyCtrlZ})
	s.send(tea.ResumeMsg{})
	if got := strings.Join(events, ", "); got != "suspend, resume" {
		t.Error(got)
	}
	before := s.View()
	s.press("T")
	if s.View() == before {
		t.Error("T does not turn the theme")
	}
	s.press("T")
	if s.View() != before {
		t.Error("T does not turn it back")
	}
	s.press("h") // another name of a key
	if _, ok := s.top().(*helpScreen); !ok {
		t.Errorf("%T", s.top())
	}
	s.press("/", "h") // but a letter where one types
	if s.top().(*helpScreen).find.text() != "h" {
		t.Error("another name of a key is not typed")
	}
	s.press("esc", "esc")

	plain := drive(t, host(pool(t)), Session{Theme: mono, Presets: all, First: all[0]})
	plain.settle(plain.done)
	plain.press("T", "c")
	plain.send(tea.KeyMsg{Type: tea.KeyCtrlZ})
	plain.want("padlab run quick")
}

// What is found in the help has what is looked for, or the help says that there is
// nothing.
func TestFindInHelp(t *testing.T) {
	s := newScreen(t, 5, mono)
	s.settle(s.done)
	s.press("?", "/")
	s.types("seed")
	for _, span := range strings.Split(s.top().(*helpScreen).text().Spans[1].Text, "\n")[:1] {
		if !strings.Contains(span, "seed") {
			t.Error(span)
		}
	}
	s.types("qq")
	s.want("nothing is called that")
	s.press("esc")
	s.want("pause or go on")
	s.press("esc")
	if len(s.stack) != 1 {
		t.Error("the help is still there")
	}
}

// Presets are found by name, title and what is said of them, stand in sections, and
// beside them what they found here last.
func TestPresetsAreFound(t *testing.T) {
	h := kept(t)
	all := presets(t, 5)
	all[0].Section, all[1].Section, all[2].Section = "One", "One", "Two"
	s := drive(t, h, Session{Theme: mono, Presets: all, First: all[0]})
	s.settle(s.done)
	s.drained()
	s.press("p")
	s.drained()
	s.want("One", "Two", "Yours, ", "seed 1: ")
	s.press("down")
	s.wantNot("Yours, ")
	s.press("/")
	s.types("ANOTHER") // what is said of it
	if list := s.top().(*presetPicker).shown(); len(list) != 1 || list[0].Name != "other" {
		t.Errorf("%+v", list)
	}
	s.erase()
	s.types("zz")
	s.want("there are none")
	s.press("enter", "enter", "down", "up") // of nothing
	s.press("/")
	s.types("quick")
	s.press("enter", "enter")
	s.settle(func() bool { return len(s.stack) == 1 && s.done() && s.lab().preset.Name == "quick" })
}
