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

// trained is an arm with a score and three rings, as on a canvas of 5×5 cells.
func trained(score metric.Number, rings ...metric.Number) record.Arm {
	a := record.Arm{Name: "zeros", Status: record.Done, EvalStep: 100, Scores: []metric.Score{{Key: metric.Key{Metric: metric.Accuracy}, Value: score, Chance: .04}}}
	p := metric.Profile{Key: metric.Key{Metric: metric.Accuracy}}
	for d, v := range rings {
		p.Rings = append(p.Rings, metric.Point{Distance: d, N: []int{160, 80, 10}[d], Value: v})
	}
	a.Profiles = []metric.Profile{p}
	return a
}

// The words are about rings of several cells: a centre that is always hit, or
// never, is no knowledge.
func TestFound(t *testing.T) {
	running := trained(.6, .67, .49, 1)
	running.Status = record.Running
	border := trained(.6, .67, .49, 1)
	border.Scores = append(border.Scores, metric.Score{Key: metric.Key{Metric: metric.BorderInterior}, Value: -.031, Low: -.05, High: .01})
	bare := trained(.6)
	bare.Profiles = nil
	for _, c := range []struct {
		task string
		a    record.Arm
		want string
	}{
		{"location", trained(.6, .67, .49, 1), "zeros knows its place next to the border (67%) and loses it in the middle (49%)."},
		{"location", running, "After 100 steps zeros knows its place next to the border (67%) and loses it in the middle (49%)."},
		{"location", trained(.6, .67, .9, 1), "zeros knows its place in the middle (90%) better than next to the border (67%)."},
		{"location", trained(.6, .67, .6, 0), "zeros knows its place about as well next to the border (67%) as in the middle (60%)."},
		{"location", trained(.05, .0625, 0, 0), "zeros cannot tell where the patch is: right in 5%, and guessing gives 4%."},
		{"classify", border, "zeros can tell what the patch shows in 60%; next to the border that is −3.1 points (−5.0 to +1.0) against the interior, image by image."},
		{"location", bare, "zeros can tell where the patch is in 60%."},
		{"location", record.Arm{Name: "zeros", Status: record.Running, EvalStep: -1}, "zeros has not been tested yet."},
		{"location", record.Arm{Name: "zeros", Status: record.Diverged, Problem: "the loss was not finite at step 17"}, "zeros has diverged: the loss was not finite at step 17."},
	} {
		e := parse(t, "[task]\nkind = \""+c.task+"\"\n")
		if got := Found(e, c.a); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}

	// Every task has its words, whatever its question begins with.
	for _, kind := range task.All() {
		e := parse(t, "[task]\nkind = \""+kind.Name+"\"\n")
		if got := Found(e, trained(.04)); !strings.Contains(got, "zeros cannot tell "+kind.Question+":") {
			t.Error(got)
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
		if got := Encodes(e, a, c.target, c.images); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
