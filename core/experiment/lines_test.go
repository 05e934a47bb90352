package experiment

import (
	"reflect"
	"slices"
	"testing"

	"padlab/core/metric"
)

func TestLines(t *testing.T) {
	padding := "[[vary]]\nkey = \"net.padding\"\nvalues = [\"zeros\", \"circular\"]\n"
	grid := "[[vary]]\nkey = \"canvas.grid\"\nvalues = [3, 5, 7]\n"
	bias := "[[vary]]\nkey = \"net.bias\"\nvalues = [true, false]\n"
	at := []float64{3, 5, 7}
	for text, want := range map[string][]Line{
		padding:        nil,
		grid:           {{"all", []int{0, 1, 2}, at}},
		padding + grid: {{"zeros", []int{0, 1, 2}, at}, {"circular", []int{3, 4, 5}, at}},
		grid + padding: {{"zeros", []int{0, 2, 4}, at}, {"circular", []int{1, 3, 5}, at}},
		bias + grid + padding: {{"bias on, zeros", []int{0, 2, 4}, at}, {"bias on, circular", []int{1, 3, 5}, at},
			{"bias off, zeros", []int{6, 8, 10}, at}, {"bias off, circular", []int{7, 9, 11}, at}},
		"[[vary]]\nkey = \"canvas.grid\"\nvalues = [3, 5]\n": nil,
		"[[arm]]\nname = \"a\"\n" + grid:                     nil,
	} {
		e, err := Parse("f.toml", []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		f, lines := e.Lines()
		if !reflect.DeepEqual(lines, want) || (len(lines) > 0) != (f.Key == "canvas.grid") {
			t.Errorf("%s: along %q %+v, want %+v", text, f.Key, lines, want)
		}
		arms := expand(t, e)
		for _, line := range lines {
			for i, arm := range line.Arms {
				if float64(arms[arm].Canvas.Grid) != line.At[i] {
					t.Errorf("%s: arm %d has %d cells a side, not %g", text, arm, arms[arm].Canvas.Grid, line.At[i])
				}
			}
		}
	}
}

// What is expected to be the same in two examinations is compared with that of the same
// arm, and is not asked for where one of them is not held.
func TestTheSameOn(t *testing.T) {
	e, err := Parse("f.toml", []byte("[task]\nkind = \"classify\"\ncorrelation = 0.9\n[[expect]]\narm = \"zeros\"\nwhat = \"accuracy\"\nimages = \"test\"\nis = \"the same on moved\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	score := func(images string, v metric.Number) metric.Score {
		return metric.Score{Key: metric.Key{Metric: metric.Accuracy, Images: images}, Value: v}
	}
	for _, c := range []struct {
		scores []metric.Score
		held   []bool
	}{
		{[]metric.Score{score("test", .5), score("moved", .5)}, []bool{true}},
		{[]metric.Score{score("test", .5), score("moved", .5001)}, []bool{false}},
		{[]metric.Score{score("test", .5)}, nil},
	} {
		var held []bool
		for _, v := range e.Judge([]Finding{{Arm: "zeros", Done: true, Scores: c.scores}}) {
			held = append(held, v.Held)
		}
		if !slices.Equal(held, c.held) {
			t.Errorf("%v: %v, want %v", c.scores, held, c.held)
		}
	}
	for text, want := range map[string]string{
		"is = \"the same on movd\"":          `f.toml:3: expect: unknown kind of test pictures "movd": did you mean "moved"?`,
		"images = \"tset\"\nis = \"chance\"": `f.toml:3: expect: unknown kind of test pictures "tset": did you mean "test"?`,
		"is = \"the same on\"":               `f.toml:3: expect: is must be`,
	} {
		_, err := Parse("f.toml", []byte("[task]\nkind = \"classify\"\n[[expect]]\narm = \"zeros\"\nwhat = \"accuracy\"\n"+text))
		if err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
