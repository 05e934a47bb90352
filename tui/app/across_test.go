package app

import (
	"slices"
	"testing"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/lab/stage"
	"padlab/core/metric"
	"padlab/core/record"
)

const shortcut = `
title = "The shortcut"
about = "About it."
try = "something else."
[task]
kind = "classify"
correlation = 0.9
[[vary]]
key = "net.padding"
values = ["zeros", "circular"]
`

const strengths = `
title = "How strong?"
about = "About it."
[task]
kind = "classify"
[[vary]]
key = "net.padding"
values = ["zeros", "circular"]
[[vary]]
key = "task.correlation"
values = [0, 0.5, 0.9]
`

// acrossShown is what a run of that experiment looks like, with fixed numbers: what
// zeros scores falls from one examination to the next, and with the correlation.
func acrossShown(t *testing.T, e *experiment.Experiment) *lab.Snapshot {
	s := &lab.Snapshot{Experiment: e, Status: lab.Running, Provenance: record.Provenance{Kernel: "avx2", Workers: 2}}
	arms, err := e.Expand()
	if err != nil {
		t.Fatal(err)
	}
	for _, arm := range arms {
		a := lab.ArmState{Name: arm.Name, Label: arm.Label, Status: lab.Running, Report: stage.Report{Step: 620, Steps: 740, EvalStep: 600}}
		score := func(images string, v float64) {
			if arm.Net.Padding.Name == "circular" {
				v = .8
			}
			a.Scores = append(a.Scores, metric.Score{Key: metric.Key{Metric: metric.Accuracy, Images: images}, Value: metric.Number(v), Low: metric.Number(v - .04), High: metric.Number(v + .04),
				Interval: metric.Interval{Over: metric.Images, Units: 200}, N: 5000, Chance: .1})
		}
		score("test", .8-.3*arm.Task.Correlation)
		if arm.Task.Correlation > 0 {
			score("as-trained", .95)
			score("moved", .3)
		}
		s.Arms = append(s.Arms, a)
	}
	return s
}

func acrossScreen(t *testing.T, text string, w, h int) *driver {
	e := parse(t, text)
	return showing(t, acrossShown(t, e), 0, w, h)
}

func TestGoldenAcross(t *testing.T) {
	for name, text := range map[string]string{"examinations": shortcut, "along": strengths} {
		golden(t, name+"-80x24", acrossScreen(t, text, 80, 24).View())
		golden(t, name+"-120x40", acrossScreen(t, text, 120, 40).View())
	}
}

// The cursor goes from one examination to the next, and along the numbers; arms of one
// line have its colour and its marker.
func TestAcross(t *testing.T) {
	s := acrossScreen(t, shortcut, 80, 24)
	l := s.lab()
	b := l.board().(trainingBoard)
	if got := b.stops(); len(got) != 3 || got[2] != 2 {
		t.Errorf("stops %v", got)
	}
	if got := l.looks(); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("arms look like %v", got)
	}
	s.want("as trained", "anywhere", "moved")
	for arm, want := range []string{
		"After 600 steps zeros is right in 95% as in training, 53% anywhere, 30% where another class stood.",
		"After 600 steps circular is right in 80% however it is examined: the place makes no difference to it.",
	} {
		if got := b.finding(l.snap.Arms[arm]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}

	s = acrossScreen(t, strengths, 80, 24)
	l = s.lab()
	b = l.board().(trainingBoard)
	if got := b.stops(); len(got) != 3 || got[1] != 0.5 {
		t.Errorf("stops %v", got)
	}
	if got := l.looks(); !slices.Equal(got, []int{0, 0, 0, 1, 1, 1}) {
		t.Errorf("arms look like %v", got)
	}
	s.want("task.correlation")
}
