package figure

import (
	"bytes"
	"strings"
	"testing"

	"padlab/core/metric"
	"padlab/core/sweep"
)

// swept is the table of two schemes in three grids, in which one combination has
// found nothing and another not from every seed.
func swept(arms ...string) *sweep.Table {
	t := &sweep.Table{Name: "tried", Title: "Where & <when>?", Seeds: 5, Main: metric.Key{Metric: metric.Accuracy, Images: "test"},
		Vary: []sweep.Factor{{Key: "net.padding", Values: []string{"zeros", "none"}}, {Key: "net.bias", Values: []string{"true"}}, {Key: "canvas.grid", Values: []string{"3", "5", "7"}}}}
	if len(arms) == 0 {
		arms = []string{""}
	}
	for i, scheme := range t.Vary[0].Values {
		for j, grid := range t.Vary[2].Values {
			for k, arm := range arms {
				if i+j == 0 {
					continue
				}
				r := sweep.Row{Values: []string{scheme, "true", grid}, Arm: arm, Key: t.Main, Mean: sweep.Mean{N: 5 - j, Mean: metric.Number(i)/2 + metric.Number(j)/10 + metric.Number(k)/100}}
				distance := 1
				ring, other := r, r
				ring.Distance, ring.Mean.Mean = &distance, 0.99
				other.Metric, other.Mean.Mean = metric.Information, 0.98
				t.Rows = append(t.Rows, r, ring, other)
			}
		}
	}
	return t
}

// The means stand where their values say, of the score that says most alone.
func TestOfSweep(t *testing.T) {
	draw := func(table *sweep.Table, arm string) string {
		f, err := OfSweep(table, arm)
		if err != nil {
			t.Fatal(err)
		}
		var first, second bytes.Buffer
		if f.Write(&first, SVG) != nil || f.Write(&second, SVG) != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("other bytes for the same table")
		}
		return wordsOf(t, first.Bytes())
	}
	words := draw(swept(), "")
	for _, want := range []string{"Where & <when>?\nAccuracy, means over 3 to 5 seeds\n", "net.padding\n", "canvas.grid\n", "zeros\n", "none\n", "3\n", "–\n0.10\n0.20\n0.50\n0.60\n0.70\n"} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in\n%s", want, words)
		}
	}
	if strings.Contains(words, "0.99") || strings.Contains(words, "net.bias") {
		t.Error(words)
	}
	if words := draw(swept("a", "b"), "b"); !strings.Contains(words, "–\n0.11\n0.21\n0.51\n0.61\n0.71\n") || !strings.Contains(words, ", arm b\n") {
		t.Error(words)
	}
	one := swept("a", "b")
	one.Vary = one.Vary[:1]
	for i := range one.Rows {
		one.Rows[i].Values = one.Rows[i].Values[:1]
	}
	if words := draw(one, ""); !strings.Contains(words, "arm\n") || !strings.Contains(words, "net.padding\n") {
		t.Error(words)
	}
	if words := draw(one, "a"); !strings.Contains(words, "net.padding\n") {
		t.Error(words)
	}

	alone, empty := swept(), swept()
	alone.Vary, empty.Rows = nil, nil
	three := swept()
	three.Vary[1].Values = []string{"true", "false"}
	for _, c := range []struct {
		table     *sweep.Table
		arm, want string
	}{
		{alone, "", "nothing varies but the seed"}, {empty, "", "no cell has ended well"}, {three, "", "3 keys vary: a map has two sides"},
		{swept("a", "b"), "", "2 keys vary, and arms: a map has two sides; --arm chooses an arm"}, {swept("first", "second"), "frist", `unknown arm "frist": did you mean "first"?`},
	} {
		if _, err := OfSweep(c.table, c.arm); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
