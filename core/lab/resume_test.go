package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"padlab/core/experiment"
	"padlab/core/record"
	"padlab/core/record/recordtest"
)

// hurried is a pool whose clock makes every slice one round long, and a
// checkpoint due behind each.
func hurried(t testing.TB, workers int) *Pool {
	p := pool(t, workers)
	var ticks atomic.Int64
	p.now = func() time.Time { return time.Unix(6*ticks.Add(1), 0) }
	return p
}

// keep runs an experiment into a folder, from where a record there stands, until
// it has ended or so many writes were made. It reports whether it was killed.
func keep(t testing.TB, p *Pool, e *experiment.Experiment, folder string, writes int64) (killed bool) {
	t.Helper()
	disk := recordtest.NewKilling(writes)
	o := Options{Record: func(s *Snapshot) (*record.Writer, error) {
		return record.Create(disk, folder, s.Experiment, s.Provenance, s.Warnings)
	}}
	if record.Exists(folder) {
		r, err := record.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		if r.Ended() {
			return false
		}
		o.From = r
		o.Record = func(s *Snapshot) (*record.Writer, error) { return record.Resume(disk, r, s.Warnings) }
	}
	run, err := Start(context.Background(), p, e, o)
	if errors.Is(err, recordtest.ErrKilled) {
		return true
	}
	if err != nil {
		t.Fatal(err)
	}
	if s := finished(t, run); s.Status == Failed {
		t.Fatalf("%s\n%s", s.Failure, s.Stack)
	}
	if err := run.RecordError(); err != nil && !errors.Is(err, recordtest.ErrKilled) {
		t.Fatal(err)
	}
	return run.RecordError() != nil
}

var clocks = regexp.MustCompile(`(?s)"provenance":.*`)

// kept is what a folder holds that must not depend on kills.
func kept(t testing.TB, folder string) string {
	t.Helper()
	var text string
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if name == "provenance.json" || strings.HasPrefix(name, "checkpoint") || strings.HasSuffix(name, ".tmp") { // they cost space only
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		content := clocks.ReplaceAllString(string(data), "")
		if name == "events.jsonl" { // in which order arms are evaluated that do not wait for each other
			lines := strings.Split(content, "\n")
			slices.Sort(lines)
			content = strings.Join(lines, "\n")
		}
		text += name + "\n" + content + "\n"
	}
	return text
}

// After kills at any moment, while it goes on after another, too, a run ends
// with the same bytes as without: in learning and in reading out, with every
// optimiser, schedule and solver, for other numbers of workers.
func TestKilledRunsEndAlike(t *testing.T) {
	kinds := map[string]*experiment.Experiment{
		"segment":  quick(t, "task.kind=segment", "train.steps=6", "train.eval_every=3", "eval.images=6"),
		"classify": quick(t, "task.kind=classify", "eval.padding=circular,zeros", "net.padding=zeros"),
		"norm":     quick(t, "net.arch=vgg5_bn", "net.padding=zeros", "train.steps=6"),
		"diverges": quick(t, "train.optimizer=sgd", "train.lr=100", "canvas.fill=white", "train.steps=60"),
	}
	for o, schedule := range map[string]string{"adam": "constant", "adamw": "cosine", "sgd": "one-cycle", "nesterov": "cosine", "adadelta": "one-cycle"} { // all pairs: see core/nn
		kinds[o+" "+schedule] = quick(t, "net.padding=zeros,random", "train.optimizer="+o, "train.schedule="+schedule, "train.decay=0.01", "train.clip=0.5", "train.lr=0.02")
	}
	for _, solver := range []string{"sgd", "adam", "ridge"} {
		kinds["read by "+solver] = reading(t, "readout.solver="+solver, "readout.epochs=2", "backbone.steps=6", "readout.kernel=1")
	}
	kinds["inside"] = quick(t, "task.kind=classify", "neurons.ask=ablation", "net.arch=nearest", "data.patch=4", "train.steps=3", "train.eval_every=2", "net.padding=zeros", "seeds=2")
	kinds["several seeds"] = quick(t, "net.padding=zeros,random", "seeds=3")
	kinds["several seeds read"] = reading(t, "readout.solver=sgd", "readout.epochs=2", "backbone.steps=6", "readout.kernel=1", "seeds=2")
	for name, e := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calm := filepath.Join(t.TempDir(), "calm")
			if keep(t, pool(t, 1), e, calm, 1e9) {
				t.Fatal("killed")
			}
			want := kept(t, calm)
			folder := filepath.Join(t.TempDir(), "killed")
			kills := 0
			for n := int64(9); keep(t, hurried(t, 1+kills%3), e, folder, n); n = n*7/5 + 3 {
				kills++
			}
			if got := kept(t, folder); got != want {
				t.Errorf("after %d kills:\n%s\nwant\n%s", kills, short(got, want), short(want, got))
			}
			if kills < 3 {
				t.Errorf("%d kills only", kills)
			}
		})
	}
}

// However soon it is killed each time, as long as there is time for a checkpoint,
// a run comes to its end: examinations and the preparation of features go on
// where they were, too.
func TestKilledRunsComeToTheirEnd(t *testing.T) {
	for name, c := range map[string]struct {
		e      *experiment.Experiment
		writes int64 // about two checkpoints
	}{
		"train": {quick(t, "net.padding=zeros", "eval.images=30", "train.steps=3"), 22},
		// 7 of 16 views at a time
		"large":  {quick(t, "net.padding=zeros", "task.kind=segment", "canvas.grid=4", "data.patch=48", "eval.images=1", "train.steps=3", "train.eval_every=1", "train.batch=1"), 22},
		"inside": {quick(t, "net.padding=zeros", "task.kind=classify", "neurons.ask=ablation", "net.arch=nearest", "data.patch=4", "train.steps=12", "train.eval_every=1"), 120}, // what latents are made into is made again
		"read":   {reading(t, "readout.epochs=1", "backbone.steps=2", "readout.kernel=1", "readout.test_crops=30"), 32},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calm, folder := filepath.Join(t.TempDir(), "calm"), filepath.Join(t.TempDir(), "killed")
			keep(t, pool(t, 1), c.e, calm, 1e9)
			kills := 0
			p := hurried(t, 2)
			for ; kills < 500 && keep(t, p, c.e, folder, c.writes); kills++ {
			}
			if got, want := kept(t, folder), kept(t, calm); got != want {
				t.Errorf("after %d kills:\n%s\nwant\n%s", kills, short(got, want), short(want, got))
			}
			if kills < 3 {
				t.Errorf("%d kills only", kills)
			}
		})
	}
}

// short is a text from where it differs from another.
func short(text, other string) string {
	i := 0
	for i < min(len(text), len(other)) && text[i] == other[i] {
		i++
	}
	return fmt.Sprintf("…%s", text[max(0, i-200):min(len(text), i+200)])
}

// A run that was stopped goes on to the same bytes, too.
func TestStoppedRunsEndAlike(t *testing.T) {
	e := quick(t, "train.steps=40")
	calm, folder := filepath.Join(t.TempDir(), "calm"), filepath.Join(t.TempDir(), "stopped")
	keep(t, pool(t, 1), e, calm, 1e9)
	p := pool(t, 2)
	r, err := Start(context.Background(), p, e, Options{Record: func(s *Snapshot) (*record.Writer, error) {
		return record.Create(record.OS{}, folder, s.Experiment, s.Provenance, s.Warnings)
	}})
	if err != nil {
		t.Fatal(err)
	}
	await(t, r, func(s *Snapshot) bool { return s.slowest() > 3 })
	r.Stop()
	s := finished(t, r)
	if s.Status != Stopped || r.RecordError() != nil {
		t.Fatalf("%s, %v", s.Status, r.RecordError())
	}
	k, err := record.Open(folder)
	if err != nil || k.Ended() || k.Result == nil || k.Checkpoint.Stages["train0"].Step != s.Arms[0].Step {
		t.Fatalf("%+v, %v", k, err)
	}
	keep(t, p, e, folder, 1e9)
	if got, want := kept(t, folder), kept(t, calm); got != want {
		t.Errorf("%s\nwant\n%s", short(got, want), short(want, got))
	}
}

// A record goes on as what it is: not with another experiment, other inputs, or
// a kernel that rounds otherwise; and a damaged checkpoint is told.
func TestRestoreRefuses(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "record")
	if !keep(t, hurried(t, 1), quick(t), folder, 60) {
		t.Fatal("it was not killed")
	}
	from := func(change func(*record.Record)) *record.Record {
		r, err := record.Open(folder)
		if err != nil || r.Checkpoint == nil {
			t.Fatalf("%+v, %v", r, err)
		}
		change(r)
		return r
	}
	for want, c := range map[string]struct {
		e    *experiment.Experiment
		from *record.Record
	}{
		"holds another experiment":              {quick(t, "train.lr=0.1"), from(func(*record.Record) {})},
		"its set (fashion-mnist) changed since": {quick(t), from(func(r *record.Record) { r.Provenance.Inputs[0].SHA256 = "x" })},
		"was computed with the kernel gonum":    {quick(t), from(func(r *record.Record) { r.Provenance.Kernel = "gonum" })},
		"it has nothing of train1":              {quick(t), from(func(r *record.Record) { delete(r.Checkpoint.Stages, "train1") })},
		"its checksum is not":                   {quick(t), from(func(r *record.Record) { r.Checkpoint.SHA256 = "x" })},
		"step 13 of 12": {quick(t), from(func(r *record.Record) {
			r.Checkpoint.Stages["train0"] = record.Progress{Step: 13, Status: Running}
		})},
	} {
		if _, err := Start(context.Background(), pool(t, 1), c.e, Options{From: c.from}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
