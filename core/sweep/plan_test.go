package sweep

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"padlab/core/experiment"
	"padlab/core/record"
)

// quick is an experiment of some hundredths of a second.
func quick(t testing.TB, changes ...string) *experiment.Experiment {
	t.Helper()
	e, err := experiment.Parse("quick.toml", []byte(`
title = "Quick"
seeds = 2
[[vary]]
key = "net.padding"
values = ["zeros", "circular"]
[data]
set = "noise"
[canvas]
grid = 3
[train]
batch = 4
steps = 3
eval_every = 2
[eval]
images = 4
[[expect]]
arm = "circular"
what = "accuracy"
is = "exactly chance"
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if err := e.SetLine(c); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func planOf(t testing.TB, e *experiment.Experiment, vary ...string) *Plan {
	t.Helper()
	var factors []Factor
	for _, text := range vary {
		f, err := ParseFactor(text)
		if err != nil {
			t.Fatal(err)
		}
		factors = append(factors, f)
	}
	p, err := New("quick", e, factors, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every combination with every seed is a cell, the seeds of one in a row, and its
// folder is named for good.
func TestPlan(t *testing.T) {
	p := planOf(t, quick(t, "seed=4"), "net.padding=zeros, edge", "canvas.grid=3,4,5")
	if p.String() != "net.padding=zeros,replicate × canvas.grid=3,4,5 × seeds 4–5" || len(p.Cells) != 12 {
		t.Errorf("%v, %d cells", p, len(p.Cells))
	}
	var words []string
	names := map[string]bool{}
	for i, c := range p.Cells {
		words = append(words, p.Words(c))
		names[c.Name[5:]] = true
		e := p.Experiment(c)
		arms, err := e.Expand()
		if err != nil || len(arms) != 1 || e.Seed != c.Seed || e.Seeds != 1 || len(e.Expect) > 0 || c.Number != i+1 {
			t.Errorf("%+v: %d arms, %v", c, len(arms), err)
		}
	}
	if want := []string{"zeros, 3, seed 4", "zeros, 3, seed 5", "zeros, 4, seed 4"}; !slices.Equal(words[:3], want) || words[11] != "replicate, 5, seed 5" {
		t.Errorf("%q", words)
	}
	if len(names) != 12 {
		t.Errorf("two experiments have one hash: %v", names)
	}
	if again := planOf(t, quick(t, "seed=4"), "net.padding=zero,replicate", "canvas.grid=3,4,5"); !slices.Equal(again.Cells, p.Cells) {
		t.Errorf("the same cells are named %v", again.Cells)
	}

	// What varies in the experiment stays in every cell, and may be shared by arms.
	p = planOf(t, quick(t), "train.steps=1,2")
	if arms, err := p.Experiment(p.Cells[0]).Expand(); err != nil || len(arms) != 2 || p.Experiment(p.Cells[2]).Train.Steps != 2 {
		t.Errorf("%d arms, %v", len(arms), err)
	}
	if p := planOf(t, quick(t)); len(p.Cells) != 2 || p.String() != "seeds 1–2" || p.Words(p.Cells[0]) != "seed 1" {
		t.Errorf("%v", p)
	}
}

func TestPlanErrors(t *testing.T) {
	for text, want := range map[string]string{
		"net.paddin=zeros":         `unknown key "net.paddin": did you mean "net.padding"?`,
		"net.padding=zeros,reflec": `unknown scheme "reflec": did you mean "reflect"?`,
		"canvas.grid=3,3":          "canvas.grid varies over 3 twice",
		"canvas.grid=":             "canvas.grid must be an integer from 1 to 32",
		"train.lr=0,003":           "looks like a number with a decimal comma",
		"seed=1,2":                 "a sweep takes its seeds from --seed and --seeds",
		"title=a,b":                "title is a text for people",
		"canvas.grid":              "not key=a,b,…",
	} {
		if _, err := ParseFactor(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	grids := Factor{"canvas.grid", []string{"3", "30"}}
	steps := Factor{Key: "train.steps"}
	for i := range MaxCells / 2 {
		steps.Values = append(steps.Values, strings.Repeat("1", 1+i%3))
	}
	spelled := quick(t)
	spelled.Vary = nil
	spelled.Arms = []experiment.Arm{{Name: "a", Settings: []experiment.Setting{{Key: "canvas.grid", Value: "4"}}}}
	for _, c := range []struct {
		e       *experiment.Experiment
		factors []Factor
		want    string
	}{
		{quick(t), []Factor{grids, grids}, "canvas.grid is varied twice"},
		{quick(t), []Factor{grids, {"data.patch", []string{"8", "200"}}}, "canvas.grid=3, data.patch=200: arm zeros: 3 cells of 200 pixels make a canvas of 600 pixels: at most 512"},
		{quick(t), []Factor{steps, grids}, "more than 10000 cells"},
		{spelled, []Factor{grids}, "canvas.grid=3: the arms of this experiment set canvas.grid themselves"},
		{quick(t, "seed=9223372036854775807"), nil, "2 seeds from 9223372036854775807 on: the last is larger than 9223372036854775807"},
	} {
		if _, err := New("quick", c.e, c.factors, nil); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	broken := errors.New("no such weights")
	if _, err := New("quick", quick(t), []Factor{grids}, func(*experiment.Experiment) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// What is kept is read back, to the same cells and the same bytes; another plan is
// told apart, and says in what.
func TestPlanIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	p := planOf(t, quick(t), "eval.padding=,reflect", "train.clip=1, 125", "canvas.fill=black,0.5")
	for range 2 { // the second time it is there
		if err := p.Keep(record.OS{}, dir, "me"); err != nil {
			t.Fatal(err)
		}
	}
	q, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Cells, q.Cells) || !bytes.Equal(p.document(), q.document()) || len(p.Differences(q)) > 0 {
		t.Errorf("%v reads back as %v", p, q)
	}
	// What a killed process has not finished is taken away.
	for _, name := range []string{"sweep.json.1-x", "cells/0001-12345678.failed.1-x"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := Lock(record.OS{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(record.OS{}, dir); err == nil || !strings.Contains(err.Error(), "another run is being written there, by process ") {
		t.Error(err)
	}
	lock.Close()
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 3 {
		t.Errorf("%v", files)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "cells", "*")); len(files) > 0 {
		t.Errorf("%v", files)
	}
	for _, c := range []struct {
		other *Plan
		want  string
	}{
		{planOf(t, quick(t), "canvas.grid=3"), "--vary eval.padding=,reflect --vary train.clip=1,125 --vary canvas.fill=black,0.5 there, --vary canvas.grid=3 here"},
		{planOf(t, quick(t)), "canvas.fill=black,0.5 there, nothing varied here"},
		{planOf(t, quick(t, "seeds=3"), "eval.padding=,reflect", "train.clip=1, 125", "canvas.fill=black,0.5"), "seeds 1–2 there, seeds 1–3 here"},
		{planOf(t, quick(t, "train.steps=5"), "eval.padding=,reflect", "train.clip=1, 125", "canvas.fill=black,0.5"), "train.steps=3 there"},
	} {
		if err := c.other.Keep(record.OS{}, dir, "me"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), dir+" holds another sweep: ") {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if _, err := Open(filepath.Join(dir, "nothing")); err == nil || !strings.Contains(err.Error(), "holds no sweep") {
		t.Error(err)
	}
	for text, want := range map[string]string{
		`{"schema":2}`:                    "its schema is 2, and this padlab reads 1",
		`{"schema":1,"seeds":1000000000}`: "1000000000 seeds",
		`{"schema":1,"seeds":1}`:          "0 experiments of 1 combinations",
		`{"schema":1,"seeds":1,"vary":[{"key":"canvas.grid","values":["03"]}],"experiments":[{}]}`: `"03" is no value of canvas.grid`,
		`{"schema":1,"seeds":1,"vary":[{"key":"canvas.grid","values":[]}],"experiments":[]}`:       "no cells, or more than 10000",
		`{"schema":1,"seeds":1,"experiments":[null]}`:                                              "combination 1 has no experiment",
		`{"schema":1,"seeds":2,"seed":9223372036854775807,"experiments":[{}]}`:                     "the last is larger",
		`{"schema":1,"seeds":1,"experiments":[{"canvas":{"grid":99}}]}`:                            "canvas.grid",
		`{"schema":1,`: "unexpected end",
	} {
		if _, err := parsePlan("sweep.json", []byte(text)); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "sweep.json: ") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// No reader panics, and what one accepts it writes again.
func FuzzParsePlan(f *testing.F) {
	e, err := experiment.Parse("x", []byte("seeds = 3"))
	if err != nil {
		f.Fatal(err)
	}
	p, err := New("x", e, []Factor{{"canvas.grid", []string{"3", "4"}}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.document())
	f.Add([]byte(`{"schema":1,"seeds":1,"experiments":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePlan("x", data)
		if err != nil {
			return
		}
		q, err := parsePlan("x", p.document())
		if err != nil || !slices.Equal(p.Cells, q.Cells) {
			t.Fatalf("%v\n%s", err, p.document())
		}
	})
}

// Shards have every cell once, and of every combination about as many.
func TestShards(t *testing.T) {
	p := planOf(t, quick(t, "seeds=5"), "canvas.grid=3,4,5")
	for n := 1; n <= 20; n++ {
		var all []int
		for i := 1; i <= n; i++ {
			s, err := NewShard(i, n)
			if err != nil {
				t.Fatal(err)
			}
			per := map[int]int{}
			for _, c := range s.Of(p) {
				all = append(all, c.Number)
				per[c.Combination]++
			}
			for _, k := range per {
				if k > (5+n-1)/n {
					t.Errorf("%v has %d seeds of one combination", s, k)
				}
			}
		}
		slices.Sort(all)
		if len(all) != 15 || len(slices.Compact(all)) != 15 {
			t.Errorf("%d shards have %v", n, all)
		}
	}
	if len((Shard{}).Of(p)) != 15 {
		t.Error("the zero shard has not all")
	}
	if s, err := ParseShard("2/3"); err != nil || s != (Shard{2, 3}) || s.String() != "2/3" {
		t.Errorf("%v %v", s, err)
	}
	for _, text := range []string{"", "1", "0/3", "4/3", "-1/3", "1/0", "a/3", "1/b", "1/2/3"} {
		if s, err := ParseShard(text); err == nil {
			t.Errorf("%q is %v", text, s)
		}
	}
}
