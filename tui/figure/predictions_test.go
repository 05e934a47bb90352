package figure

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"padlab/core/metric"
	"padlab/tui/report"
)

// predicted are so many groups in six rings, of which the third has no rows.
func predicted(groups int) report.Predictions {
	p := report.Predictions{Source: []string{"a & b.csv"}, Rows: 600, Images: 20}
	p.Divide(false, 6, 64, 48)
	for i := range groups {
		c := report.Curve{Group: fmt.Sprint("group ", i), Metric: metric.Accuracy}
		for d := range p.Rings {
			v := metric.Number(.5 + .05*float64(d) + .01*float64(i))
			if d == 2 {
				v = metric.NaN
			}
			c.Rings = append(c.Rings, report.Valued{N: 100 - 10*d, Images: 20, Value: v, Low: v - .1, High: v + .1})
		}
		p.Curves = append(p.Curves, c)
	}
	return p
}

func TestPredictions(t *testing.T) {
	for _, groups := range []int{1, 2, 3, 9} {
		f, err := OfPredictions(predicted(groups))
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range Formats() {
			var first, second bytes.Buffer
			for _, b := range []*bytes.Buffer{&first, &second} {
				if err := f.Write(b, format); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Errorf("%s: other bytes for the same profiles", format)
			}
			if format != SVG {
				continue
			}
			words := wordsOf(t, first.Bytes())
			for _, want := range []string{"a & b.csv: 600 rows in 20 images of 64×48 pixels\n", "pixels between a pixel and the border", "0–3\n", "20–23\n", "accuracy\n", "group 0\n"} {
				if !strings.Contains(words, want) {
					t.Errorf("%d groups: no %q in\n%s", groups, want, words)
				}
			}
			if counts := strings.Contains(words, "n 100\n"); counts != (groups == 1) {
				t.Errorf("%d groups: n below the rings: %v", groups, counts)
			}
		}
	}
	if _, err := OfPredictions(report.Predictions{Curves: []report.Curve{{Metric: metric.Accuracy}}}); err == nil {
		t.Error("a figure without a value")
	}
	if _, err := OfPredictions(predicted(17)); err == nil || err.Error() != "a figure tells 16 groups apart, and there are 17" {
		t.Error(err)
	}
}

// A band goes along the upper ends and back along the lower ones; where an interval is
// missing it ends, and one interval alone is none.
func TestBands(t *testing.T) {
	nan := float64(metric.NaN)
	line := []point{{0, .5, .4, .6}, {1, .5, .3, .7}, {2, .5, nan, nan}, {3, .5, .4, .6}}
	got := bandOf(line, func(q point) vg.Point { return vg.Point{X: vg.Length(q.x), Y: vg.Length(q.y)} })
	want := []vg.Point{{X: 0, Y: .6}, {X: 1, Y: .7}, {X: 1, Y: .3}, {X: 0, Y: .4}}
	if len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}
