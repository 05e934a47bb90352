package app

import (
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// ticking is a lab at 120×40 whose snapshots come from tick: another step, loss and
// rate each time.
func ticking(t testing.TB) (s *driver, tick func()) {
	s = newScreen(t, 1_000_000, theme.New(termenv.ANSI256, true, theme.Braille))
	s.settle(s.running)
	l := s.lab()
	l.run.Pause()
	s.terminal.Show = func(*view.Frame, theme.Theme) {}
	s.terminal.Title = func(string) {}
	s.show(shown(l.experiment))
	s.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	// Snapshots are made before: that is the business of runs.
	list := make([]*lab.Snapshot, 512)
	last := l.snap
	for i := range list {
		next := *last
		next.Version++
		next.Elapsed += 100 * time.Millisecond
		next.Fraction += 1e-6
		next.SamplesPerSecond += 3
		next.Arms = append([]lab.ArmState{}, last.Arms...)
		for j := range next.Arms {
			a := &next.Arms[j]
			a.Step += 10
			a.Loss = append(a.Loss[:len(a.Loss):len(a.Loss)], record.LossPoint{Step: a.Step, Value: metric.Number(1)})
		}
		list[i], last = &next, &next
	}
	n := 0
	return s, func() {
		snap := list[n%len(list)]
		n++
		s.Update(answer(func() effect {
			l.snap = snap
			return effect{ticked: true}
		}))
		s.View()
	}
}

// A tick in which only step, loss and rate have moved.
func BenchmarkTick(b *testing.B) {
	_, tick := ticking(b)
	b.ReportAllocs()
	for b.Loop() {
		tick()
	}
}

// Such a tick is cheap: ten of them come every second, beside what is trained.
func TestATickIsCheap(t *testing.T) {
	_, tick := ticking(t)
	tick()
	if n := testing.AllocsPerRun(400, tick); n > 50 {
		t.Errorf("a tick allocates %.0f times", n)
	}
}
