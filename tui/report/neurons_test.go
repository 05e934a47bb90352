package report

import (
	"strings"
	"testing"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/record"
)

// holding is an arm whose neurons were asked, with fixed numbers.
func holding(ask experiment.Ask) record.Result {
	e := experiment.Default()
	e.Neurons.Ask = ask
	over := metric.Interval{Over: metric.Images, Units: 100}
	a := record.Arm{Name: "zeros", Status: record.Done}
	add := func(name, target string, value, low, high, chance metric.Number) {
		a.Scores = append(a.Scores, metric.Score{Key: metric.Key{Metric: name, Target: target, Images: "test"}, Value: value, Low: low, High: high, Interval: over, N: 2500, Chance: chance})
	}
	add(metric.Accuracy, "", .98, .96, .99, .04)
	for i, target := range []string{metric.Location, metric.Class, metric.Head} {
		whole := .9 - .2*metric.Number(i)
		add(metric.Accuracy, target, whole, whole-.02, whole+.02, .04)
		if ask != experiment.AskAblation {
			continue
		}
		for k, name := range []string{metric.WithoutTop, metric.WithoutRandom} {
			p := metric.Profile{Key: metric.Key{Metric: name, Target: target, Images: "test"}, Unit: metric.Neurons}
			for n := range 9 {
				p.Rings = append(p.Rings, metric.Point{Distance: 8 * n, N: 2500, Value: whole * (1 - metric.Number(n)/8) / metric.Number(2-k)})
			}
			a.Profiles = append(a.Profiles, p)
		}
		add(metric.AblationGap, target, .1, .08, .12, 0)
	}
	for i, target := range []string{metric.Location, metric.Class, metric.Residual} {
		add(metric.Dimensions, target, 12.5+metric.Number(i), metric.NaN, metric.NaN, metric.NaN)
		add(metric.DimensionShare, target, .2, .18, .22, metric.NaN)
	}
	add(metric.FactorScore, metric.Location, -.01, -.02, 0, metric.NaN)
	add(metric.FactorScore, metric.Class, .5, .4, .6, metric.NaN)
	return record.Result{Experiment: e, Arms: []record.Arm{a}}
}

func TestHolds(t *testing.T) {
	full := holding(experiment.AskAblation)
	want := "zeros: of 40.5 dimensions 12.5 count for the place and 13.5 for the class (scores -.01 and .50); of the place there is no trace, and the softmax counts as many all the same. A linear read-out says the place in 90% (guessing: 4%), the class in 70%." +
		" Without the 16 neurons that change most in a mirror (16 at random): place 34% (68%), class 26% (52%), own answer 19% (38%)."
	if got := Holds(full.Arms[0], "zeros"); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	few := holding(experiment.AskDimensions)
	if got := Holds(few.Arms[0], "zeros"); got != want[:strings.Index(want, " Without")] {
		t.Errorf("%s", got)
	}
	traces := holding(experiment.AskDimensions).Arms[0]
	for i := range traces.Scores {
		if traces.Scores[i].Metric == metric.FactorScore {
			traces.Scores[i].Value = .2
		}
	}
	if got := Holds(traces, "zeros"); !strings.Contains(got, "for the class (scores .20 and .20). A linear") {
		t.Errorf("%s", got)
	}
	dead := holding(experiment.AskDimensions).Arms[0]
	for i := range dead.Scores {
		if dead.Scores[i].Metric == metric.Dimensions {
			dead.Scores[i].Value = 0
		}
	}
	if got := Holds(dead, "zeros"); !strings.HasPrefix(got, "zeros: no neuron says anything at all.") {
		t.Errorf("%s", got)
	}
	if got := Holds(record.Arm{Name: "x", Scores: full.Arms[0].Scores[:1]}, "x"); got != "" {
		t.Errorf("of an arm that was not asked: %s", got)
	}
}

func TestNeuronTables(t *testing.T) {
	const want = `
Dimensions of the neurons behind global pooling that are about the place and
about the class, with 95 % intervals over 100 images (this network):
arm     place   class   neither   share of place       share of class       score of place         score of class
zeros   12.5    13.5    14.5      0.200 [0.18, 0.22]   0.200 [0.18, 0.22]   -0.010 [-0.02, 0.00]   0.500 [0.40, 0.60]

Place and class by linear read-outs of the same neurons, and the network's own
answer; without those that change most in a mirror, and without as many at
random:
arm     what         all neurons          without top ¼   random ¼   top ½   random ½   chance   random − top
zeros   place        0.900 [0.88, 0.92]   0.338           0.675      0.225   0.450      0.040    0.100 [0.08, 0.12]
zeros   class        0.700 [0.68, 0.72]   0.262           0.525      0.175   0.350      0.040    0.100 [0.08, 0.12]
zeros   own answer   0.500 [0.48, 0.52]   0.188           0.375      0.125   0.250      0.040    0.100 [0.08, 0.12]
`
	if got := neurons(holding(experiment.AskAblation)); got != want {
		t.Errorf("%s\nwant%s", got, want)
	}
	few := neurons(holding(experiment.AskDimensions))
	if !strings.HasSuffix(few, `
Place and class by linear read-outs of the same neurons:
arm     what         all neurons          chance
zeros   place        0.900 [0.88, 0.92]   0.040
zeros   class        0.700 [0.68, 0.72]   0.040
zeros   own answer   0.500 [0.48, 0.52]   0.040
`) {
		t.Errorf("%s", few)
	}
	if got := neurons(record.Result{Arms: []record.Arm{{Name: "x"}}}); got != "" {
		t.Errorf("%s", got)
	}
}
