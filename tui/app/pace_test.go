package app

import (
	"testing"
	"time"

	"padlab/core/lab"
)

func TestPace(t *testing.T) {
	s := newScreen(t, 1_000_000, mono)
	s.settle(func() bool { return s.ready() && s.lab().snap.Step() > 0 })
	s.press("-")
	s.until("slow (10/s), step")
	at := s.lab().run.Snapshot().Step()
	s.settle(func() bool { return s.lab().snap.Step() >= at+3 })
	s.press("-", "-", "-")
	s.until("slow (1/s), step")
	s.press("+")
	s.until("slow (3/s), step")

	s.press(" ") // pauses
	s.until("paused, step")
	step := s.lab().run.Snapshot().Step()
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
		s.send(answer(func() effect { return s.lab().look(s.lab().run) }))
		time.Sleep(50 * time.Millisecond)
	}
	if got := s.lab().run.Snapshot().Step(); got > step+1 {
		t.Errorf("a paused run went from step %d to %d", step, got)
	}
	s.press("-", "+") // slow, and up to full again
	s.settle(func() bool { return s.lab().snap.Status == lab.Running })
	s.wantNot("slow (", "paused")
	step = s.lab().snap.Step()
	s.settle(func() bool { return s.lab().snap.Step() > step+20 })
	s.press("+")
	s.wantNot("slow (", "paused")
}

// Whoever goes to and fro between paces has one of them, not several at once.
func TestOnePaceAtATime(t *testing.T) {
	s := newScreen(t, 1_000_000, mono)
	s.settle(s.ready)
	s.press("-")
	s.settle(func() bool { return s.lab().snap.Status == lab.Paused })
	run := s.lab().run
	from := run.Snapshot().Step()
	s.plays(time.Second, "-", "+", "-", "+", "-", "+", "-", "+", " ", "-", " ", "-", "-", "+")
	if n := run.Snapshot().Step() - from; n < 2 || n > 15 {
		t.Errorf("%d steps in a second at a pace of 10", n)
	}
}

// A pace ends with its run, and when another one comes.
func TestPaceEnds(t *testing.T) {
	s := newScreen(t, 3, mono)
	s.settle(s.running)
	s.press("-")
	s.settle(s.done)
	s.drained()
	s.press("-")
	s.drained()

	s = newScreen(t, 1_000_000, mono)
	s.settle(s.running)
	s.press("-")
	s.press("r")
	s.settle(func() bool { return s.ready() && s.lab().pace == 0 && s.lab().snap.Step() > 20 })
	s.wantNot("slow (")
}

// The end of a run leaves nothing that would wake the screen up, whatever lies over
// the lab.
func TestNothingIsPendingAtTheEnd(t *testing.T) {
	for _, key := range []string{"", "e", "p", "o", "t", "?", "i"} {
		s := drive(t, kept(t), Session{Theme: mono, Presets: presets(t, 5), First: presets(t, 5)[0]})
		s.lab().host.Inspect = looked
		s.settle(s.ready)
		if key != "" {
			s.press(key)
		}
		s.settle(s.done)
		s.drained()
	}
}
