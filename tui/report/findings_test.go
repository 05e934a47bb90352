package report

import (
	"strings"
	"testing"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/position"
	"padlab/core/record"
	"padlab/core/task"
)

func parse(t *testing.T, text string) *experiment.Experiment {
	e, err := experiment.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func some(n metric.Number) *metric.Number { return &n }

// trained is an arm on a canvas of 5×5 cells with an accuracy, its rings, and what
// that is beyond guessing, which could be as much as the ceiling.
func trained(accuracy, beyond, ceiling metric.Number, rings ...metric.Number) record.Arm {
	key := metric.Key{Metric: metric.Accuracy}
	a := record.Arm{Name: "zeros", Status: record.Done, EvalStep: 100, Scores: []metric.Score{
		{Key: key, Value: accuracy, Chance: .04, Ceiling: some(ceiling*.96 + .04)},
		{Key: metric.Key{Metric: metric.BeyondGuessing}, Value: beyond, Low: beyond - .1, High: beyond + .1, Ceiling: some(ceiling)},
	}}
	p := metric.Profile{Key: key, Unit: "cells"}
	for d, v := range rings {
		p.Rings = append(p.Rings, metric.Point{Distance: d, N: []int{160, 80, 10}[d], Value: v})
	}
	a.Profiles, a.Maps = []metric.Profile{p}, []metric.Map{{Key: key, Rows: 5, Cols: 5}}
	return a
}

// The words are about rings of several cells: a centre that is always hit, or
// never, is no knowledge. What could be had is said, and whether it was.
func TestFound(t *testing.T) {
	running := trained(.6, .58, 1, .67, .49, 1)
	running.Status = record.Running
	rising := trained(.6, .58, 1, .67, .49, 1)
	rising.Course = metric.Course{Metric: metric.BeyondGuessing, Points: []metric.StepValue{{Step: 0, Value: 0}, {Step: 50, Value: .2}, {Step: 100, Value: .58}}}
	unknown := trained(.6, .58, 1, .67, .49, 1)
	unknown.Scores[0].Ceiling, unknown.Scores[1].Ceiling = nil, nil
	few := trained(.7, .66, 1, .67, .49, 1)
	few.Scores[1].Low, few.Scores[1].High = metric.NaN, metric.NaN
	border := trained(.6, .55, 1, .67, .49, 1)
	border.Scores = append(border.Scores, metric.Score{Key: metric.Key{Metric: metric.BorderInterior}, Value: -.031, Low: -.05, High: .01})
	segment := record.Arm{Name: "zeros", Status: record.Done, Scores: []metric.Score{{Key: metric.Key{Metric: metric.Accuracy}, Value: .75, Low: .7, High: .8, Chance: .1}},
		Profiles: []metric.Profile{{Key: metric.Key{Metric: metric.MIoU}, Rings: []metric.Point{{Value: .4}, {Value: .5}}}}}
	atALoss := segment
	atALoss.Scores = []metric.Score{{Key: metric.Key{Metric: metric.Accuracy}, Value: .12, Low: .09, High: .15, Chance: .1}}
	bare := segment
	bare.Profiles = nil
	for _, c := range []struct {
		task string
		a    record.Arm
		want string
	}{
		{"location", trained(.6, .58, .58, .67, .49, 1), "zeros can tell where the patch is in 60%: 67% next to the border, 49% one cell further in. To it there are 15 kinds of cells among 25, so 60% is all that there is to be had, and it has that."},
		{"location", running, "After 100 steps zeros can tell where the patch is in 60%: 67% next to the border, 49% one cell further in. It can tell all 25 cells apart, so 100% is all that there is to be had."},
		{"location", rising, "zeros can tell where the patch is in 60%: 67% next to the border, 49% one cell further in. It can tell all 25 cells apart, so 100% is all that there is to be had; it is still rising."},
		{"location", unknown, "zeros can tell where the patch is in 60%: 67% next to the border, 49% one cell further in."},
		{"location", trained(.05, .01, 1, .0625, 0, 0), "zeros cannot tell where the patch is: right in 5%, no better than guessing (4%)."},
		{"location", trained(.12, .08, 1, .0625, 0, 0), "zeros is right in 12%; that could still be guessing (4%): the interval reaches there."},
		{"location", trained(.04, 0, 0, .0625, 0, 0), "zeros cannot tell where the patch is: all cells look alike to it, whatever its weights. It is exactly guessing."},
		{"classify", few, "zeros is right in 70%, and guessing gives 4%: too few pictures were shown to say more."},
		{"classify", border, "zeros can tell what the patch shows in 60%; next to the border that is −3.1 points (−5.0 to +1.0) against the interior, image by image."},
		{"segment", segment, "zeros can tell what a pixel of the patch shows in 75%: mIoU is 40% at the border, 50% in the innermost ring."},
		{"segment", atALoss, "zeros cannot tell what a pixel of the patch shows: right in 12%, and guessing gives 10%."},
		{"segment", bare, "zeros can tell what a pixel of the patch shows in 75%."},
		{"location", record.Arm{Name: "zeros", Status: record.Running, EvalStep: -1}, "zeros has not been tested yet."},
		{"location", record.Arm{Name: "zeros", Status: record.Diverged, Problem: "the loss was not finite at step 17"}, "zeros has diverged: the loss was not finite at step 17."},
	} {
		e := parse(t, "[task]\nkind = \""+c.task+"\"\n")
		if got := Found(e, c.a, "zeros"); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}

	// Every task has its words, whatever its question begins with.
	for _, kind := range task.All() {
		e := parse(t, "[task]\nkind = \""+kind.Name+"\"\n")
		if got := Found(e, trained(.04, 0, 1), "zeros"); !strings.Contains(got, "zeros cannot tell "+kind.Question+":") {
			t.Error(got)
		}
	}
}

func TestRising(t *testing.T) {
	course := func(values ...metric.Number) (c metric.Course) {
		c.Metric = metric.BeyondGuessing
		for i, v := range values {
			c.Points = append(c.Points, metric.StepValue{Step: 50 * i, Value: v})
		}
		return c
	}
	for _, c := range []struct {
		course metric.Course
		a      record.Arm
		want   bool
	}{
		{course(0, .1, .3, .5, .58), trained(.6, .58, 1), true},
		{course(0, .1, .3, .5, .58), trained(.6, .58, .6), false}, // has come to its ceiling
		{course(0, .5, .56, .57, .58), trained(.6, .58, 1), false},
		{course(.58), trained(.6, .58, 1), false},
		{course(), trained(.6, .58, 1), false},
	} {
		if c.a.Course = c.course; Rising(c.a) != c.want {
			t.Errorf("%v: %v", c.course, !c.want)
		}
	}
}

// Of 2r−1 cells a side the innermost ring is one cell, of 2r cells it is four.
func TestOneCell(t *testing.T) {
	profile := func(unit string, cells ...int) (p metric.Profile) {
		p.Unit = unit
		for _, n := range cells {
			p.Rings = append(p.Rings, metric.Point{N: 10 * n})
		}
		return p
	}
	for _, c := range []struct {
		p    metric.Profile
		want bool
	}{
		{profile("cells", 24, 16, 8, 1), true}, {profile("cells", 20, 12, 4), false}, {profile("cells", 8, 1), true}, {profile("cells", 4), false}, {profile("pixels", 24, 16, 8, 1), false},
	} {
		last := len(c.p.Rings) - 1
		if OneCell(c.p, last) != c.want || last > 0 && OneCell(c.p, 0) {
			t.Errorf("%+v: %v", c.p, !c.want)
		}
	}
}

func TestEncodes(t *testing.T) {
	e := parse(t, `
[[arm]]
name = "tap 1"
[[arm]]
name = "tap 2"
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
`)
	a := record.Arm{Name: "tap 2", Status: record.Running, EvalStep: 600}
	add := func(target, images string, v metric.Number, constant int) {
		a.Scores = append(a.Scores, metric.Score{Key: metric.Key{Metric: metric.SPC, Target: target, Images: images}, Value: v, Low: v - .05, High: v + .05, Constant: constant})
	}
	add("H", "natural", .7, 0)
	add("HS", "natural", .02, 0)
	add("H", "black", 0, 1)
	add("H", "white", .3, 0)
	a.Scores[3].Low = metric.NaN
	for _, c := range []struct {
		target position.Target
		images string
		want   string
	}{
		{position.H, position.Natural, "After 600 steps tap 2 encodes H (left to right): rank correlation .70 (95 % CI .65 to .75); paper: .34, trials: .36."},
		{position.HS, position.Natural, "After 600 steps tap 2 does not encode HS (horizontal stripes): rank correlation .02 (95 % CI -.03 to .07)."},
		{position.H, position.Black, "After 600 steps tap 2 draws the same everywhere on a black picture: nothing there says where a pixel is."},
		{position.H, position.White, "After 600 steps tap 2 on a white picture: rank correlation with H (left to right) .30."},
		{position.VS, position.Natural, "After 600 steps tap 2 has not been asked for VS on photographs."},
	} {
		if got := Encodes(e, a, a.Name, c.target, c.images); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
