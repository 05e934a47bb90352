package app

import (
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

const asks = `
title = "Without those that know left from right"
about = "About it."
try = "something else."

[[vary]]
key = "net.padding"
values = ["zeros", "circular"]

[task]
kind = "location"

[neurons]
ask = "ablation"
`

// neuronsShown is what a run of that experiment looks like, with fixed numbers.
func neuronsShown(e *experiment.Experiment) *lab.Snapshot {
	s := &lab.Snapshot{Experiment: e, Status: lab.Running, Provenance: record.Provenance{Kernel: "avx2", Workers: 2}, Elapsed: 15 * time.Second, Fraction: 0.6, SamplesPerSecond: 1520}
	over := metric.Interval{Over: metric.Images, Units: 100}
	for i, name := range []string{"zeros", "circular"} {
		a := lab.ArmState{Name: name, Label: name, Status: lab.Running, Report: stage.Report{Step: 620, Steps: 740, EvalStep: 600}}
		add := func(name, target string, value, chance metric.Number) {
			a.Scores = append(a.Scores, metric.Score{Key: metric.Key{Metric: name, Target: target, Images: "test"}, Value: value, Low: value - .02, High: value + .02, Interval: over, N: 2500, Chance: chance})
		}
		far := metric.Number(1 - i)
		add(metric.Accuracy, "", .04+.9*far, .04)
		a.Profiles = append(a.Profiles, metric.Profile{Key: a.Scores[0].Key, Unit: "cells", Rings: []metric.Point{{Distance: 0, N: 1600, Value: .9 * far, Interval: over}, {Distance: 1, N: 800, Value: .8 * far, Interval: over}, {Distance: 2, N: 100, Value: .7 * far, Interval: over}}})
		for t, target := range []string{metric.Location, metric.Class, metric.Head} {
			whole, chance := .04+.9*far, metric.Number(.04)
			if target == metric.Class {
				whole, chance = .7, .1
			}
			add(metric.Accuracy, target, whole, chance)
			for k, name := range []string{metric.WithoutTop, metric.WithoutRandom} {
				p := metric.Profile{Key: metric.Key{Metric: name, Target: target, Images: "test"}, Unit: metric.Neurons}
				for n := range 17 {
					left := 1 - metric.Number(n)/16
					if k == 0 {
						left *= left * (1 - .3*metric.Number(t%2))
					}
					v := chance + (whole-chance)*left
					p.Rings = append(p.Rings, metric.Point{Distance: 4 * n, N: 2500, Value: v, Low: v - .02, High: v + .02, Interval: over, Chance: chance})
				}
				a.Profiles = append(a.Profiles, p)
			}
			add(metric.AblationGap, target, .2*far, 0)
		}
		for j, target := range []string{metric.Location, metric.Class, metric.Residual} {
			add(metric.DimensionShare, target, .2+.1*far*metric.Number(1-j), metric.NaN)
			if target != metric.Residual {
				add(metric.FactorScore, target, .9*far-.01+.2*metric.Number(j), metric.NaN)
			}
			add(metric.Dimensions, target, 20+metric.Number(j), metric.NaN)
		}
		for j, key := range []metric.Key{{Metric: metric.FlipDifference}, {Metric: metric.FactorScore, Target: metric.Location}, {Metric: metric.FactorScore, Target: metric.Class}} {
			m := metric.Map{Key: key, Rows: 8, Cols: 8}
			for p := range 64 {
				m.Values = append(m.Values, metric.Number(float64((64-p)*(1+j*p)%65)/64))
			}
			a.Maps = append(a.Maps, m)
		}
		s.Arms = append(s.Arms, a)
	}
	return s
}

func neuronScreen(t *testing.T, w, h int) *driver {
	return showing(t, neuronsShown(parse(t, asks)), 0, w, h)
}

// Top and random are told apart by markers, filled and hollow, where there is no
// colour.
func TestGoldenNeurons(t *testing.T) {
	s := neuronScreen(t, 80, 24)
	golden(t, "neurons-80x24", s.View())
	if text := s.View(); !strings.Contains(text, "■") || !strings.Contains(text, "□") || !strings.Contains(text, "●") || !strings.Contains(text, "○") {
		t.Errorf("no four markers:\n%s", text)
	}
	s.press("right", "right")
	golden(t, "neurons-cursor-80x24", s.View())
	for _, name := range []string{"own", "place", "class", "answer", "shares", "scores", "training"} {
		s.press("v")
		golden(t, "neurons-"+name+"-80x24", s.View())
	}
	golden(t, "neurons-120x40", neuronScreen(t, 120, 40).View())
}

// Where nothing was left out the shares come first.
func TestSharesFirst(t *testing.T) {
	s := neuronScreen(t, 80, 24)
	for i := range s.lab().snap.Arms {
		a := &s.lab().snap.Arms[i]
		a.Profiles = a.Profiles[:1]
	}
	s.stale, s.ticks = true, false
	if text := s.View(); !strings.Contains(text, "share of the dimensions") {
		t.Errorf("%s", text)
	}
}

// Whatever the window, every line is as wide as it, with each chart and with each pane
// zoomed, also before anything was found.
func TestNeuronSizes(t *testing.T) {
	s := neuronScreen(t, 80, 24)
	l := s.lab()
	for _, empty := range []bool{false, true} {
		if empty {
			for i := range l.snap.Arms {
				a := &l.snap.Arms[i]
				a.Scores, a.Profiles, a.Maps, a.EvalStep = nil, nil, nil, -1
			}
		}
		for w := 1; w < 140; w += 13 {
			for h := 1; h < 50; h += 6 {
				s.Update(tea.WindowSizeMsg{Width: w, Height: h})
				for l.curve = range 9 {
					for _, l.zoomed = range []bool{false, true} {
						s.stale, s.ticks = true, false
						for i, line := range strings.Split(s.View(), "\n") {
							if got := ansi.StringWidth(line); got != w {
								t.Fatalf("%d×%d: line %d has %d columns: %q", w, h, i, got, line)
							}
						}
					}
				}
			}
		}
	}
}
