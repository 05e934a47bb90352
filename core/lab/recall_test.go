package lab

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"padlab/core/experiment"
	"padlab/core/record"
)

// recorded runs an experiment to its end into a folder, or until it is stopped
// after so many steps, and returns its last snapshot with the record.
func recorded(t testing.TB, p *Pool, e *experiment.Experiment, stopAt int) (*Run, *record.Record) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "record")
	r, err := Start(context.Background(), p, e, Options{Record: creating(folder)})
	if err != nil {
		t.Fatal(err)
	}
	if stopAt > 0 {
		await(t, r, func(s *Snapshot) bool { return s.slowest() >= stopAt })
		r.Stop()
	}
	finished(t, r)
	return r, opened(t, folder)
}

func creating(folder string) func(*Snapshot) (*record.Writer, error) {
	return func(s *Snapshot) (*record.Writer, error) {
		return record.Create(record.OS{}, folder, s.Experiment, s.Provenance, s.Warnings)
	}
}

func opened(t testing.TB, folder string) *record.Record {
	t.Helper()
	r, err := record.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What a run has found is recalled to the same document, of every kind and
// however it has ended.
func TestRecalled(t *testing.T) {
	p := pool(t, 2)
	for name, c := range map[string]struct {
		e      *experiment.Experiment
		stopAt int
	}{
		"location":  {quick(t, "data.patch=6"), 0},
		"classify":  {quick(t, "task.kind=classify", "eval.padding=circular,zeros", "net.padding=zeros"), 0},
		"segment":   {quick(t, "task.kind=segment", "train.steps=6", "eval.images=6"), 0},
		"seeds":     {quick(t, "seeds=2"), 0},
		"reading":   {reading(t, "readout.solver=sgd", "readout.epochs=2", "backbone.steps=6", "readout.kernel=1"), 0},
		"ridge":     {reading(t, "readout.solver=ridge", "backbone.steps=6", "readout.kernel=1", "seeds=2"), 0},
		"diverging": {quick(t, "train.optimizer=sgd", "train.lr=100", "canvas.fill=white", "train.steps=60"), 0},
		"stopped":   {quick(t, "train.steps=100000"), 3},
	} {
		run, r := recorded(t, p, c.e, c.stopAt)
		want := run.Snapshot()
		got, err := Recalled(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a, b := canonical(t, got), canonical(t, want); a != b {
			t.Errorf("%s: %s\nwant %s", name, short(a, b), short(b, a))
		}
		if got.Status != want.Status || got.Step() != want.Step() || got.Steps() != want.Steps() || got.Stage() != want.Stage() {
			t.Errorf("%s: %s, step %d of %d; want %s, step %d of %d", name, got.Status, got.Step(), got.Steps(), want.Status, want.Step(), want.Steps())
		}
		if stopped := c.stopAt > 0; stopped != (got.Fraction < 1) || got.Fraction < 0 {
			t.Errorf("%s: fraction %g", name, got.Fraction)
		}
		for i, a := range got.Arms {
			b := want.Arms[i]
			if a.Label != b.Label || a.Steps != b.Steps || a.Stage != b.Stage || len(a.Seeds) != len(b.Seeds) || !c.e.Reads() && a.Samples != b.Samples {
				t.Errorf("%s: %q at step %d, %q, %d samples; want %q, %d, %q, %d", name, a.Label, a.Steps, a.Stage, a.Samples, b.Label, b.Steps, b.Stage, b.Samples)
			}
			for j, one := range a.Seeds {
				if one.Steps != b.Seeds[j].Steps || one.Status != b.Seeds[j].Status {
					t.Errorf("%s: seed %+v, want %+v", name, one, b.Seeds[j])
				}
			}
		}
		a, b := got.Result().Provenance, want.Result().Provenance
		a.Arms, b.Arms = nil, nil
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %+v, want %+v", name, a, b)
		}
	}
}

// A run that was killed is recalled as it was at its last checkpoint, and nothing
// of it goes on; before the first there is nothing to recall.
func TestRecalledFromACheckpoint(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "killed")
	if !keep(t, hurried(t, 1), quick(t), folder, 60) {
		t.Fatal("it was not killed")
	}
	r := opened(t, folder)
	s, err := Recalled(r)
	if err != nil {
		t.Fatal(err)
	}
	if want := r.Checkpoint.Result; s.Status != Stopped || s.Fraction <= 0 || s.Fraction >= 1 || s.Step() != want.Arms[0].Steps || !same(s.Arms[1].Loss, want.Arms[1].Loss) || s.Elapsed != r.Checkpoint.Elapsed || s.Arms[0].Samples != 18*s.Arms[0].Step {
		t.Errorf("%+v", s)
	}
	for _, name := range []string{"checkpoint.json", r.Checkpoint.Tensors} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Recalled(opened(t, folder)); err == nil || !strings.Contains(err.Error(), "has found nothing yet") {
		t.Error(err)
	}
}
