package sweep

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"padlab/core/images"
	"padlab/core/metric"
)

// A part of a table is the table of the sweep that holds the factor to the value,
// with the Holm corrections of that sweep.
func TestWhere(t *testing.T) {
	run := func(e []string, factors ...string) *Table {
		dir := t.TempDir()
		if _, err := (sweeper{dir: dir, plan: planOf(t, quick(t, e...), factors...)}).run(t); err != nil {
			t.Fatal(err)
		}
		c, err := Collect(dir)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	whole := run(nil, "canvas.grid=3,4", "train.steps=2,3")
	text := func(c *Table) string {
		c.Held = nil
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	part, err := whole.Where("canvas.grid", "4")
	if err != nil {
		t.Fatal(err)
	}
	if len(part.Held) != 1 || part.Held[0].Key != "canvas.grid" || part.Held[0].Values[0] != "4" || part.Main != whole.Main || !part.Complete() {
		t.Errorf("%+v, %v", part.Held, part.Main)
	}
	if got, want := text(part), text(run([]string{"canvas.grid=4"}, "train.steps=2,3")); got != want || !strings.Contains(want, `"factor":"train.steps"`) {
		t.Errorf("%s\nis not\n%s", got, want)
	}
	again, err := part.Where("train.steps", "3")
	if err != nil || len(again.Vary) != 0 || again.Cells != 2 || len(again.Rows)*2 != len(part.Rows) {
		t.Errorf("%+v, %v", again, err)
	}
	for _, c := range [][3]string{
		{"train.steps", "4", `unknown value of train.steps "4"`},
		{"canvas.gird", "4", `unknown key that varies "canvas.gird": did you mean "canvas.grid"?`},
		{"net.arch", "small", `unknown key that varies "net.arch"`},
	} {
		if _, err := whole.Where(c[0], c[1]); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%v, want %s", err, c[2])
		}
	}
}

// Cells that did not end, and arms that did not end well, are counted in their part.
func TestWhereSomeFailed(t *testing.T) {
	p := planOf(t, quick(t, "train.optimizer=sgd", "net.arch=vgg5", "canvas.fill=white", "train.steps=60", "train.eval_every=60", "net.padding=zeros"), "data.set=noise,gone", "train.lr=0.001,100")
	dir := t.TempDir()
	if _, err := (sweeper{dir: dir, plan: p, set: func(name string) (*images.Set, error) {
		if name == "gone" {
			return nil, errors.New("gone")
		}
		return noise(), nil
	}}).run(t); err != nil {
		t.Fatal(err)
	}
	c, err := Collect(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		key, value             string
		cells, ended, problems int
	}{{"data.set", "noise", 4, 4, 2}, {"data.set", "gone", 4, 0, 4}, {"train.lr", "100", 4, 2, 4}, {"train.lr", "0.001", 4, 2, 2}} {
		part, err := c.Where(want.key, want.value)
		if err != nil || part.Cells != want.cells || part.Ended != want.ended || len(part.Problems) != want.problems {
			t.Errorf("%+v: %d cells, %d ended, %d problems, %v", want, part.Cells, part.Ended, len(part.Problems), err)
		}
	}
}

// A metric that has rings of cells and rings of pixels has both in the table.
func TestRingsOfTwoUnits(t *testing.T) {
	dir := t.TempDir()
	if _, err := (sweeper{dir: dir, plan: planOf(t, quick(t, "task.kind=segment", "canvas.grid=3", "net.padding=zeros"), "train.steps=2")}).run(t); err != nil {
		t.Fatal(err)
	}
	c, err := Collect(dir)
	if err != nil {
		t.Fatal(err)
	}
	first := map[string]metric.Number{}
	for _, r := range c.Rows {
		if r.Metric == metric.MIoU && r.Distance != nil && *r.Distance == 0 {
			first[r.Unit] = r.Mean.Mean
		}
	}
	if len(first) != 2 || first["cells"] == first["pixels"] {
		t.Errorf("the first rings are %v", first)
	}
}
