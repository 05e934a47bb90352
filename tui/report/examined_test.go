package report

import (
	"strings"
	"testing"

	"padlab/core/metric"
	"padlab/core/record"
)

// examined is an arm with an accuracy in each way of examining it.
func examined(values map[string]metric.Number) record.Arm {
	a := record.Arm{Name: "zeros", Status: record.Done, EvalStep: 100}
	for _, images := range []string{"test", "as-trained", "moved", "similar", "dissimilar"} {
		if v, ok := values[images]; ok {
			a.Scores = append(a.Scores, metric.Score{Key: metric.Key{Metric: metric.Accuracy, Images: images}, Value: v, Low: v - .01, High: v + .01, Chance: .1})
		}
	}
	return a
}

// What an arm scores in several examinations is told in their order, in words and in a
// table, and that nothing changes is told as that.
func TestExamined(t *testing.T) {
	classify, redGreen := parse(t, "[task]\nkind = \"classify\"\ncorrelation = 0.9"), parse(t, "[task]\nkind = \"red-green\"")
	fell := examined(map[string]metric.Number{"test": .7, "as-trained": .98, "moved": .65})
	same := examined(map[string]metric.Number{"test": .85, "as-trained": .85, "moved": .85})
	for want, got := range map[string]string{
		"zeros is right in 98% as in training, 70% anywhere, 65% where another class stood.": Found(classify, fell, "zeros"),
		"zeros is right in 85% however it is examined: the place makes no difference to it.": Found(classify, same, "zeros"),
		"zeros is right in 100% where it was trained, 3% in the other half.":                 Found(redGreen, examined(map[string]metric.Number{"similar": 1, "dissimilar": .03}), "zeros"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	table := examinations(record.Result{Experiment: classify, Arms: []record.Arm{fell, examined(map[string]metric.Number{"test": .7})}})
	if len(table) != 2 || strings.Join(table[0], "|") != "arm|as in training|anywhere|where another class stood" || !strings.HasPrefix(strings.Join(table[1], "|"), "zeros|0.980 [0.97, 0.99]|0.700 ") {
		t.Errorf("%q", table)
	}
	if list := ExaminedBy(classify, examined(map[string]metric.Number{"test": .7}).Scores); list != nil {
		t.Errorf("one way is told as several: %+v", list)
	}
}

// Near the border of what a network sees it is right more often than by guessing, and
// that is told; where both corners look alike to it at every distance, that.
func TestFoundCorners(t *testing.T) {
	e := parse(t, "[task]\nkind = \"quadrant\"\n[canvas]\nborder = 16")
	arm := func(low, value metric.Number, from int, rings ...metric.Number) record.Arm {
		key := metric.Key{Metric: metric.Accuracy, Images: "test"}
		p := metric.Profile{Key: key, Unit: "pixels", AlikeFrom: &from}
		for d, v := range rings {
			p.Rings = append(p.Rings, metric.Point{Distance: 8 * d, Value: v})
		}
		return record.Arm{Name: "near", Status: record.Done, EvalStep: 9, Profiles: []metric.Profile{p},
			Scores: []metric.Score{{Key: key, Value: value, Low: low, High: value + .02, Chance: .5}}}
	}
	for want, a := range map[string]record.Arm{
		"near can tell in which corner the patch is in 65%: 100% at the border; from 16 pixels away on both answers look alike to it, and it is guessing.": arm(.63, .647, 16, 1, .94, .5),
		"near cannot tell in which corner the patch is: right in 50%, and guessing gives 50%.":                                                             arm(.5, .5, 0, .5, .5, .5),
	} {
		if got := Found(e, a, "near"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
