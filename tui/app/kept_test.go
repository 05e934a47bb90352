package app

import (
	"slices"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"
	"pgregory.net/rapid"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// anew is the frame as it would be drawn from nothing, which leaves what is kept of
// the frame on the screen as it is.
func (s *driver) anew() *view.Frame {
	m, l := s.Model, s.lab()
	frame, drawn, stale, ticks := m.surface.Frame, l.drawn, m.stale, m.ticks
	bounds := frame.Bounds()
	m.surface.Frame = view.NewFrame(bounds.W, bounds.H)
	m.ticks = false
	m.draw()
	got := m.surface.Frame
	m.surface.Frame, l.drawn, m.stale, m.ticks = frame, drawn, stale, ticks
	return got
}

// without is a frame as text, but for a rectangle.
func without(f *view.Frame, r view.Rect, t theme.Theme) string {
	masked := view.NewFrame(0, 0)
	masked.Copy(f)
	masked.Fill(r, theme.Plain)
	return masked.String(t)
}

// fresh is whatever a run may have changed in a snapshot since the last one.
func fresh(rt *rapid.T, last *lab.Snapshot) *lab.Snapshot {
	s := *last
	s.Version++
	if last.Status.Ended() { // nothing follows
		return &s
	}
	s.Arms = slices.Clone(last.Arms)
	chance := func(name string) bool { return rapid.IntRange(0, 3).Draw(rt, name) == 0 }
	i := rapid.IntRange(0, len(s.Arms)-1).Draw(rt, "arm")
	a := &s.Arms[i]
	switch rapid.SampledFrom([]string{"step", "step", "step", "rate", "evaluation", "arm ends", "run", "warning", "record", "clock", "example"}).Draw(rt, "change") {
	case "step":
		for i := range s.Arms {
			b := &s.Arms[i]
			b.Step = min(b.Step+rapid.IntRange(1, b.Steps/10).Draw(rt, "steps"), b.Steps)
			b.Loss = append(slices.Clone(b.Loss), record.LossPoint{Step: b.Step, Value: metric.Number(rapid.Float64Range(0, 3).Draw(rt, "loss"))})
		}
	case "rate":
		s.SamplesPerSecond = rapid.Float64Range(0, 2000).Draw(rt, "rate")
	case "evaluation":
		s.Evaluated++
		a.Scores = slices.Clone(a.Scores)
		for j := range a.Scores {
			a.Scores[j].Value = metric.Number(rapid.Float64Range(0, 1).Draw(rt, "score"))
		}
	case "arm ends":
		if a.Status.Ended() {
			break
		}
		a.Status = rapid.SampledFrom([]lab.Status{lab.Done, lab.Diverged}).Draw(rt, "status")
		if a.Status == lab.Diverged {
			a.Problem = "the loss was not finite"
		}
	case "run":
		s.Status = rapid.SampledFrom([]lab.Status{lab.Paused, lab.Running, lab.Done, lab.Stopped, lab.Failed}).Draw(rt, "status")
		if s.Status == lab.Failed {
			s.Failure = "it broke"
		}
	case "warning":
		s.Warnings = append(slices.Clone(s.Warnings), "something leaks")
	case "record":
		s.Unrecorded = "the disk is full"
	case "clock":
		s.Elapsed, s.Fraction = s.Elapsed+1e9, min(1, s.Fraction+0.01)
	case "example":
		if chance("none") {
			a.Example = nil
		}
	}
	return &s
}

// What is drawn of changes alone is what would be drawn anew: no box stays that is
// out of date. The loss alone may be late, by what is too little to be seen in it.
func TestNoBoxIsOutOfDate(t *testing.T) {
	s := newScreen(t, 1_000_000, theme.New(termenv.TrueColor, true, theme.Braille))
	s.settle(s.running)
	l := s.lab()
	l.run.Pause()
	s.settle(func() bool { return l.snap.Status == lab.Paused })
	s.pending = nil
	base := shown(l.experiment)
	for i := range base.Arms {
		base.Arms[i].Steps = 1000
	}
	neverOutOfDate(t, s, base)
}

// The same where positions are read out.
func TestNoReadingIsOutOfDate(t *testing.T) {
	s := readingScreen(t, 80, 24)
	s.lab().run.Pause()
	s.pending = nil
	neverOutOfDate(t, s, s.lab().snap)
}

// neverOutOfDate lets anything happen to a snapshot and to the screen that shows it.
func neverOutOfDate(t *testing.T, s *driver, base *lab.Snapshot) {
	l := s.lab()
	keys := []string{"down", "up", "tab", "shift+tab", "z", "v", "y", "b", "left", "right", "[", "]", "?", "esc", "T", "a", "c"}
	sizes := [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 60}, {30, 5}, {61, 17}}
	rapid.Check(t, func(rt *rapid.T) {
		for len(s.stack) > 1 {
			s.press("esc")
		}
		l.alone, l.back, l.zoomed, l.focus, l.before, l.log = false, 0, false, 0, nil, false
		l.snap = base
		s.stale, s.ticks = true, false
		for range rapid.IntRange(1, 12).Draw(rt, "messages") {
			switch rapid.IntRange(0, 9).Draw(rt, "kind") {
			case 0:
				s.press(rapid.SampledFrom(keys).Draw(rt, "key"))
				s.pending = nil
			case 1:
				size := rapid.SampledFrom(sizes).Draw(rt, "size")
				s.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			case 2:
				s.click(rapid.IntRange(0, 120).Draw(rt, "x"), rapid.IntRange(0, 40).Draw(rt, "y"))
				s.pending = nil
			default:
				s.send(answer(func() effect {
					l.snap = fresh(rt, l.snap)
					return effect{ticked: true}
				}))
			}
			if len(s.stack) > 1 || s.tooSmall() {
				continue // all of it is drawn then
			}
			late := view.Rect{}
			if !l.snap.Status.Ended() {
				late = l.drawn[lossPlace].rect
			}
			got, want := without(s.Frame, late, s.Theme), without(s.anew(), late, s.Theme)
			if got != want {
				rt.Fatalf("the screen shows\n%s\nand anew it would be\n%s", got, want)
			}
		}
	})
}
