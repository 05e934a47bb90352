package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"padlab/core/experiment"
)

// roundsText is what rounds of evaluations show, but for the clock and single
// seeds.
func roundsText(list []*Snapshot) (lines []string) {
	for i, s := range list {
		last := i == len(list)-1
		for _, a := range s.Arms {
			r := a.Result()
			r.Seeds, r.Penalties = nil, nil
			if !last { // what events do not tell
				r.SHA256, r.Backbone = "", ""
				if a.Stage != "" { // read-outs do not wait for each other: others have gone on
					r.Steps, r.Loss, r.Course.Metric = 0, nil, ""
				}
			}
			lines = append(lines, fmt.Sprintf("%d of %d: %s at %d: %s", i, len(list), a.Name, a.EvalStep, jsonOf(r)))
		}
	}
	return lines
}

func jsonOf(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// A run keeps how it was after every evaluation, and its record recalls the same.
func TestEvaluations(t *testing.T) {
	p := pool(t, 2)
	for name, c := range map[string]struct {
		e      *experiment.Experiment
		stopAt int
		steps  []int // of the first arm; nil: not known before
	}{
		"location":  {quick(t), 0, []int{0, 5, 10, 12}},
		"seeds":     {quick(t, "seeds=2"), 0, []int{0, 5, 10, 12}},
		"unlike":    {reading(t, "readout.solver=sgd,ridge", "readout.epochs=2", "backbone.steps=6", "readout.kernel=1"), 0, nil},
		"reading":   {reading(t, "readout.solver=sgd", "readout.epochs=2", "backbone.steps=6", "readout.kernel=1"), 0, nil},
		"diverging": {quick(t, "train.optimizer=sgd", "train.lr=0.3,100", "net.padding=zeros", "canvas.fill=white", "train.steps=60"), 0, nil},
		"stopped":   {quick(t, "train.steps=100000"), 11, nil},
	} {
		c.e.Expect, c.e.References = nil, nil // of arms that are called otherwise here
		run, r := recorded(t, p, c.e, c.stopAt)
		list := run.Evaluations()
		if list[len(list)-1] != run.Snapshot() {
			t.Errorf("%s: the last round is not the final snapshot", name)
		}
		var steps []int
		for _, s := range list {
			steps = append(steps, s.Arms[0].EvalStep)
		}
		if c.steps != nil && !slices.Equal(steps, c.steps) || len(steps) < 3 && !c.e.Reads() {
			t.Errorf("%s: evaluated at %v, want %v", name, steps, c.steps)
		}
		recalled, err := RecalledEvaluations(r)
		if err != nil {
			t.Fatal(err)
		}
		got, want := roundsText(recalled), roundsText(list)
		if len(got) != len(want) {
			t.Fatalf("%s: %d rounds, want %d", name, len(recalled), len(list))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: %s\nwant %s", name, short(got[i], want[i]), short(want[i], got[i]))
			}
		}
		for i, s := range recalled {
			if i > 0 && (s.Version <= recalled[i-1].Version || s.Evaluated <= recalled[i-1].Evaluated) {
				t.Errorf("%s: version %d after %d", name, s.Version, recalled[i-1].Version)
			}
			if s.Fraction < 0 || s.Fraction > 1 || i > 0 && s.Fraction < recalled[i-1].Fraction {
				t.Errorf("%s: fraction %g of round %d", name, s.Fraction, i)
			}
		}
	}
}

// Of many rounds the first, the last, and those at even distances between them
// are kept.
func TestManyEvaluations(t *testing.T) {
	var past rounds
	for n := range 1000 {
		past.add(&Snapshot{Version: uint64(2 * n)}, []string{"a"})
		past.add(&Snapshot{Version: uint64(2*n + 1)}, []string{"b"})
		list := past.list()
		if len(list) > maxRounds || list[0].Version != 1 || list[len(list)-1].Version != uint64(2*n+1) || n >= maxRounds && len(list) < maxRounds/2 {
			t.Fatalf("of %d rounds %d are kept, from %d to %d", n+1, len(list), list[0].Version, list[len(list)-1].Version)
		}
		for i, s := range list[:len(list)-1] {
			if want := uint64(2*i*past.stride + 1); s.Version != want {
				t.Fatalf("of %d rounds number %d is version %d, want %d", n+1, i, s.Version, want)
			}
		}
	}

	e := quick(t, "net.padding=zeros", "canvas.grid=2", "train.steps=150", "train.batch=1", "train.eval_every=1", "eval.images=1")
	run, r := recorded(t, pool(t, 1), e, 0)
	recalled, err := RecalledEvaluations(r)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := roundsText(recalled), roundsText(run.Evaluations()); !slices.Equal(got, want) || len(got) > maxRounds {
		t.Errorf("%d rounds are recalled, want %d", len(got), len(want))
	}
}

// Lines that are torn or strange are left out; without any events the end is
// what there is.
func TestRecalledEvaluationsOfBrokenEvents(t *testing.T) {
	run, r := recorded(t, pool(t, 1), quick(t), 0)
	name := filepath.Join(r.Folder, "events.jsonl")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := roundsText(run.Evaluations())
	strange := "\x00\x00{\n{\"event\":\"eval\",\"arm\":\"nobody\",\"step\":7}\n{\"event\":\"later\",\"schema\":9}\n{\"event\":\"eval\",\"arm\":\"zeros\",\"step\":6,\"maps\":[{\"rows\":2,\"cols\":2}]}\n"
	if err := os.WriteFile(name, append([]byte(strange), append(data, `{"event":"eval","arm":"ze`...)...), 0o644); err != nil {
		t.Fatal(err)
	}
	if recalled, err := RecalledEvaluations(r); err != nil || !slices.Equal(roundsText(recalled), want) {
		t.Errorf("%d rounds, %v", len(recalled), err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if recalled, err := RecalledEvaluations(r); err != nil || len(recalled) != 1 || canonical(t, recalled[0]) != canonical(t, run.Snapshot()) {
		t.Errorf("%d rounds, %v", len(recalled), err)
	}
}

// Evaluated rises when there is something new to be drawn of scores, profiles or
// maps, and else stays.
func TestEvaluatedCounts(t *testing.T) {
	seen := map[uint64]string{}
	r := start(t, quick(t, "seeds=2", "train.steps=40"), pool(t, 1), nil)
	look := func(s *Snapshot) bool {
		var text string
		for _, a := range s.Arms {
			text += string(jsonOf(a.Scores)) + string(jsonOf(a.Profiles)) + string(jsonOf(a.Maps))
		}
		if before, ok := seen[s.Evaluated]; ok && before != text {
			t.Errorf("%s\nand %s\nare both number %d", before, text, s.Evaluated)
		}
		seen[s.Evaluated] = text
		return s.Status.Ended()
	}
	await(t, r, look)
	for a, text := range seen {
		for b, other := range seen {
			if a != b && text == other {
				t.Errorf("numbers %d and %d are the same", a, b)
			}
		}
	}
	if rounds := len(r.Evaluations()); r.Snapshot().Evaluated != uint64(rounds+1) || rounds != 9 {
		t.Errorf("%d after %d rounds", r.Snapshot().Evaluated, rounds)
	}
}
