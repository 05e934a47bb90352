package figure

import (
	"strings"
	"testing"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/record"
)

// Where test pictures are made in several ways there is a bar for each, in their order,
// and its value; else one for each arm, of the score that says most.
func TestBars(t *testing.T) {
	e, err := experiment.Parse("test", []byte("[task]\nkind = \"classify\"\ncorrelation = 0.9"))
	if err != nil {
		t.Fatal(err)
	}
	r := record.Result{Experiment: e}
	score := func(name, images string, v metric.Number) metric.Score {
		return metric.Score{Key: metric.Key{Metric: name, Images: images}, Value: v, Low: v - .02, High: v + .02, Chance: .1, Interval: metric.Interval{Over: metric.Images, Units: 50}}
	}
	for _, name := range []string{"zeros", "circular"} {
		r.Arms = append(r.Arms, record.Arm{Name: name, Scores: []metric.Score{
			score(metric.Accuracy, "test", .71), score(metric.BeyondGuessing, "test", .68), score(metric.Accuracy, "as-trained", .93), score(metric.Accuracy, "moved", .42),
		}})
	}
	at := func(svg []byte, text string) int { return strings.Index(string(svg), ">"+text+"</text>") }
	svg := written(t, r, Bars, "svg")
	a, b, c := at(svg, "0.93"), at(svg, "0.71"), at(svg, "0.42")
	if a < 0 || b < a || c < b || at(svg, "anywhere") < 0 || at(svg, "0.68") >= 0 {
		t.Errorf("as trained at %d, anywhere at %d, moved at %d in\n%s", a, b, c, svg)
	}
	for i := range r.Arms {
		r.Arms[i].Scores = r.Arms[i].Scores[:2]
	}
	if svg = written(t, r, Bars, "svg"); at(svg, "0.68") < 0 || at(svg, "0.71") >= 0 || at(svg, "anywhere") >= 0 {
		t.Errorf("a bar of another score, or of none, in\n%s", svg)
	}
}
