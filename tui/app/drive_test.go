package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"padlab/core/experiment"
	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/record"
	"padlab/tui/view"
)

// kept is a host that keeps runs in a directory of its own, as that of the program
// does.
func kept(t testing.TB) *Host {
	h := host(pool(t))
	h.History = &record.History{Dir: t.TempDir(), Disk: record.OS{}, Now: time.Now}
	h.Start = keeping(h.History, pool(t))
	h.Geometry = geometry
	return h
}

// geometry is that of the network of an arm.
func geometry(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, error) {
	spec, _, err := run.Network(ctx, arm)
	if err != nil {
		return nil, err
	}
	return inspect.Look(spec)
}

// keeping starts runs on a pool, and has them written into a history.
func keeping(history *record.History, p *lab.Pool) func(context.Context, Wish) (*lab.Run, error) {
	return func(ctx context.Context, w Wish) (*lab.Run, error) {
		o := lab.Options{After: w.After, From: w.From, Unrecorded: true, Provenance: func(*experiment.Experiment) record.Provenance {
			return record.Provenance{Name: w.Preset.Name}
		}}
		o.Record = func(first *lab.Snapshot) (*record.Writer, error) {
			if w.From != nil {
				return record.Resume(history.Disk, w.From, first.Warnings)
			}
			return history.Begin(w.Preset.Name, first.Experiment, first.Provenance, first.Warnings)
		}
		return lab.Start(ctx, p, w.Experiment, o)
	}
}

// types sends the letters of a text, one message for each.
func (s *driver) types(text string) {
	for _, r := range text {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}
		if r == ' ' {
			msg.Type = tea.KeySpace
		}
		s.sendKey(msg)
	}
}

// erase takes away what stands in a line.
func (s *driver) erase() { s.sendKey(tea.KeyMsg{Type: tea.KeyCtrlU}) }

// pastes sends a text in one message, as terminals do.
func (s *driver) pastes(text string) {
	s.sendKey(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text), Paste: true})
}

func (s *driver) sendKey(msg tea.KeyMsg) { s.send(msg) }

// at is where a text stands on the screen, the first from a row on.
func (s *driver) at(text string, from int) (x, y int) {
	s.Helper()
	for y, line := range s.lines() {
		if before, _, found := strings.Cut(line, text); found && y >= from {
			return view.Columns(before), y
		}
	}
	s.Fatalf("%q is not on the screen:\n%s", text, s.View())
	return 0, 0
}

func (s *driver) lines() []string { return strings.Split(ansi.Strip(s.View()), "\n") }

// click presses the left button at a cell.
func (s *driver) click(x, y int) {
	s.send(tea.MouseMsg{X: x, Y: y, Action: tea.MouseActionPress, Button: tea.MouseButtonLeft})
}

// clickOn presses it on a text.
func (s *driver) clickOn(text string) {
	s.Helper()
	x, y := s.at(text, 0)
	s.click(x, y)
}

// wheel turns the wheel at a cell, −1 up and 1 down.
func (s *driver) wheel(x, y, by int) {
	button := tea.MouseButtonWheelDown
	if by < 0 {
		button = tea.MouseButtonWheelUp
	}
	s.send(tea.MouseMsg{X: x, Y: y, Action: tea.MouseActionPress, Button: button})
}

// want fails where a text is not on the screen.
func (s *driver) want(texts ...string) {
	s.Helper()
	for _, text := range texts {
		if !s.shows(text) {
			s.Errorf("%q is not on the screen:\n%s", text, s.View())
		}
	}
}

// wantNot fails where a text is on the screen.
func (s *driver) wantNot(texts ...string) {
	s.Helper()
	for _, text := range texts {
		if s.shows(text) {
			s.Errorf("%q is on the screen:\n%s", text, s.View())
		}
	}
}

// until carries out commands until a text is on the screen.
func (s *driver) until(text string) {
	s.Helper()
	s.settle(func() bool { return s.shows(text) })
}

// drained carries out commands until none is left: nothing wakes up an idle
// screen.
func (s *driver) drained() {
	s.Helper()
	deadline := time.Now().Add(time.Minute)
	for len(s.pending) > 0 {
		if time.Now().After(deadline) {
			s.Fatalf("commands are still pending:\n%s", s.View())
		}
		c := s.pending[0]
		s.pending = slices.Delete(s.pending, 0, 1)
		if c == nil {
			continue
		}
		msg := c()
		if batch, ok := msg.(tea.BatchMsg); ok {
			s.pending = append(s.pending, batch...)
			continue
		}
		s.send(msg)
	}
}

// topIs reports whether the screen on top is of a kind.
func topIs[T screen](s *driver) func() bool {
	return func() bool { _, ok := s.top().(T); return ok }
}

// looked is an inspection with fixed numbers, of any network.
func looked(context.Context, *lab.Run, int) (*inspect.Geometry, *inspect.Findings, error) {
	g, f := found()
	return g, f, nil
}

// plays carries out commands at the same time, as Bubble Tea does, for a while, in
// which keys are pressed, one every few milliseconds. What has not come by then is
// pending.
func (s *driver) plays(d time.Duration, keys ...string) {
	typist := time.NewTicker(7 * time.Millisecond)
	defer typist.Stop()
	messages, under := make(chan tea.Msg), 0
	end := time.After(d)
	for over := false; !over; {
		for _, c := range s.pending {
			if c != nil {
				under++
				go func() { messages <- c() }()
			}
		}
		s.pending = nil
		select {
		case msg := <-messages:
			under--
			if batch, ok := msg.(tea.BatchMsg); ok {
				s.pending = append(s.pending, batch...)
				continue
			}
			s.send(msg)
		case <-typist.C:
			if len(keys) > 0 {
				s.press(keys[0])
				keys = keys[1:]
			}
		case <-end:
			over = true
		}
	}
	for range under {
		msg := <-messages
		s.pending = append(s.pending, func() tea.Msg { return msg })
	}
}
