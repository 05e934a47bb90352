package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/lab/stage"
	"padlab/core/metric"
	"padlab/core/record"
)

const reads = `
title = "Where in the network is it?"
about = "About it."
try = "something else."

[[arm]]
name = "tap 1"
set = { "readout.taps" = "1" }

[[arm]]
name = "tap 2"
set = { "readout.taps" = "2" }

[readout]
targets = ["H", "HS"]

[[reference]]
source = "paper"
arm = "tap 2"
what = "spc"
values = { H = 0.344 }

[[reference]]
source = "trials"
arm = "tap 2"
what = "spc"
values = { H = 0.36 }
`

// readingShown is what a run of that experiment looks like, with fixed numbers.
func readingShown(e *experiment.Experiment) *lab.Snapshot {
	s := &lab.Snapshot{Experiment: e, Status: lab.Running, Provenance: record.Provenance{Kernel: "avx2", Workers: 2}, Elapsed: 15 * time.Second, Fraction: 0.6, SamplesPerSecond: 1520}
	for i, name := range []string{"tap 1", "tap 2"} {
		a := lab.ArmState{Name: name, Label: name, Status: lab.Running, Report: stage.Report{Stage: stage.Reading, Step: 620, Steps: 740, EvalStep: 600}}
		for step := 500; step < 620; step++ {
			a.Loss = append(a.Loss, record.LossPoint{Step: step, Value: metric.Number(0.1 / float64(1+i))})
		}
		for _, kind := range []string{"natural", "black"} {
			for _, target := range []string{"H", "HS"} {
				v := metric.Number(0.3 + 0.4*float64(i))
				score := metric.Score{Key: metric.Key{Metric: "spc", Target: target, Images: kind}, Value: v, Low: v - .05, High: v + .05, Interval: metric.Interval{Over: metric.Photographs, Units: 8}, N: 48}
				if kind == "black" {
					score.Value, score.Constant = 0, 1
				}
				a.Scores = append(a.Scores, score, metric.Score{Key: metric.Key{Metric: "mae", Target: target, Images: kind}, Value: .2})
				p := metric.Profile{Key: metric.Key{Metric: "skill", Target: target, Images: kind}, Unit: "1/28 of the picture"}
				for d := range 14 {
					skill := 0.9*v - metric.Number(d)/10
					p.Rings = append(p.Rings, metric.Point{Distance: d, N: 2688, Value: skill, Low: skill - .05, High: skill + .05, Interval: metric.Interval{Over: metric.Photographs, Units: 8}})
				}
				a.Profiles = append(a.Profiles, p)
			}
		}
		for _, target := range []string{"H", "HS"} {
			for k, name := range []string{"target", "prediction", "error"} {
				m := metric.Map{Key: metric.Key{Metric: name, Target: target, Images: "natural"}, Rows: 28, Cols: 28}
				for p := range 28 * 28 {
					m.Values = append(m.Values, metric.Number(float64(p%28)/27/float64(1+k)))
				}
				a.Maps = append(a.Maps, m)
			}
		}
		s.Arms = append(s.Arms, a)
	}
	return s
}

func readingScreen(t *testing.T, w, h int) *driver {
	return showing(t, readingShown(parse(t, reads)), 1, w, h)
}

func TestGoldenReading(t *testing.T) {
	s := readingScreen(t, 80, 24)
	golden(t, "reading-80x24", s.View())
	s.press("v")
	golden(t, "reading-bars-80x24", s.View())
	s = readingScreen(t, 120, 40)
	golden(t, "reading-120x40", s.View())
	s = readingScreen(t, 80, 24)
	for i := range s.lab().snap.Arms {
		a := &s.lab().snap.Arms[i]
		a.Stage, a.Scores, a.Profiles, a.Maps, a.EvalStep = stage.Learning, nil, nil, nil, -1
	}
	s.stale, s.ticks = true, false
	golden(t, "learning-80x24", s.View())
}

// Where taps are compared a bar for each comes first.
func TestBarsFirst(t *testing.T) {
	s := newScreen(t, 1_000_000, mono)
	s.settle(s.running)
	l := s.lab()
	for _, c := range []struct {
		to   Preset
		want int
	}{{Preset{Name: "taps", Experiment: parse(t, reads)}, 1}, {Preset{Name: "quick", Experiment: parse(t, quick10)}, 0}} {
		before := l.preset
		l.preset, l.experiment = c.to, c.to.Experiment
		if l.begin(before); l.curve != c.want {
			t.Errorf("%s: curve %d", c.to.Name, l.curve)
		}
	}
}

var quick10 = fmt.Sprintf(quick, 10)

// Whatever the window, every line is as wide as it, with each pane zoomed and
// over each page of an inspection.
func TestReadingSizes(t *testing.T) {
	s := readingScreen(t, 80, 24)
	g, f := found()
	look := func(w, h int) {
		t.Helper()
		s.stale, s.ticks = true, false
		for i, l := range strings.Split(s.View(), "\n") {
			if got := ansi.StringWidth(l); got != w {
				t.Fatalf("%d×%d: line %d has %d columns: %q", w, h, i, got, l)
			}
		}
	}
	l := s.lab()
	for w := 1; w < 140; w += 9 {
		for h := 1; h < 50; h += 4 {
			s.Update(tea.WindowSizeMsg{Width: w, Height: h})
			for l.curve = range 2 {
				l.zoomed = false
				look(w, h)
				l.zoomed = true
				for l.focus = range places {
					look(w, h)
				}
			}
			p := &inspection{arm: "tap 1", cancel: func() {}}
			p.take(g, f, nil)
			s.stack = append(s.stack, p)
			for p.page = range pages {
				look(w, h)
			}
			s.stack = s.stack[:1]
		}
	}
}
