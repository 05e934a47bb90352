package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"padlab/core/experiment"
	"padlab/core/record"
	"padlab/core/record/recordtest"
)

// runs is an empty history.
func runs(t testing.TB) *record.History {
	return &record.History{Dir: t.TempDir(), Disk: record.OS{}, Now: time.Now}
}

func inHistory(h *record.History) func(*Snapshot) (*record.Writer, error) {
	return func(s *Snapshot) (*record.Writer, error) {
		return h.Begin("quick", s.Experiment, s.Provenance, s.Warnings)
	}
}

func entries(t testing.TB, h *record.History) []record.Entry {
	t.Helper()
	list, err := h.List()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// halfway is a recorded run of one seed that is paused after 7 of its 12 steps.
func halfway(t testing.TB, p *Pool, record func(*Snapshot) (*record.Writer, error)) *Run {
	t.Helper()
	r, err := Start(context.Background(), p, quick(t), Options{Record: record})
	if err != nil {
		t.Fatal(err)
	}
	r.ask(func(q *request) { q.paused, q.until = true, 7 })
	await(t, r, func(s *Snapshot) bool { return s.Status == Paused && s.slowest() == 7 })
	return r
}

func twoSeeds(t testing.TB) *experiment.Experiment { return quick(t, "seeds=2") }

// A run that takes over another has a record of its own, of all that both have
// found, and that of the other goes.
func TestATakenOverRunIsRecorded(t *testing.T) {
	p, h := pool(t, 2), runs(t)
	want := finished(t, start(t, twoSeeds(t), p, nil)).Result()
	first := halfway(t, p, inHistory(h))
	before := first.Evaluations()
	second, err := Start(t.Context(), p, twoSeeds(t), Options{After: first, Record: inHistory(h)})
	if err != nil {
		t.Fatal(err)
	}
	s := finished(t, second)
	if err := second.RecordError(); err != nil {
		t.Fatal(err)
	}
	if !same(s.Result().Arms, want.Arms) {
		t.Errorf("%+v\nwant %+v", s.Result().Arms, want.Arms)
	}
	list := entries(t, h)
	if len(list) != 1 || list[0].Seeds != 2 || list[0].Status != Done || list[0].Problem != "" {
		t.Fatalf("%+v", list)
	}
	r := opened(t, list[0].Folder)
	if again, err := Recalled(r); err != nil || canonical(t, again) != canonical(t, s) {
		t.Errorf("%+v, %v", again, err)
	}
	rounds := second.Evaluations()
	var steps []int
	for _, s := range rounds {
		steps = append(steps, s.Arms[0].EvalStep)
	}
	if !slices.Equal(steps, []int{0, 5, 12}) || rounds[0] != before[0] {
		t.Errorf("evaluated at %v", steps)
	}
	recalled, err := RecalledEvaluations(r)
	if err != nil || len(recalled) != len(rounds) {
		t.Fatalf("%d rounds, %v", len(recalled), err)
	}
	for i, s := range recalled {
		for j, a := range s.Arms {
			if b := rounds[i].Arms[j]; a.EvalStep != b.EvalStep || !same(a.Scores, b.Scores) || !same(a.Maps, b.Maps) {
				t.Errorf("round %d: %+v\nwant %+v", i, a.Scores, b.Scores)
			}
		}
	}
}

// Killed at any moment once its record holds what it took over, a run that took
// over another ends with the same bytes: also when the other had ended.
func TestKilledHeirsEndAlike(t *testing.T) {
	for name, through := range map[string]bool{"halfway": false, "through": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heir := func(folder string, writes int64) (killed bool) {
				var first *Run
				p := hurried(t, 2)
				if through {
					first, _ = recorded(t, p, quick(t), 0)
				} else {
					first = halfway(t, p, nil)
				}
				disk := recordtest.NewKilling(writes)
				r, err := Start(context.Background(), p, twoSeeds(t), Options{After: first, Record: func(s *Snapshot) (*record.Writer, error) {
					return record.Create(disk, folder, s.Experiment, s.Provenance, s.Warnings)
				}})
				if err != nil {
					t.Fatal(err)
				}
				finished(t, r)
				return r.RecordError() != nil
			}
			calm := filepath.Join(t.TempDir(), "calm")
			if heir(calm, 1e9) {
				t.Fatal("killed")
			}
			want := kept(t, calm)
			kills := 0
			for _, writes := range []int64{60, 80, 120, 200} {
				folder := filepath.Join(t.TempDir(), "killed")
				if !heir(folder, writes) {
					continue
				}
				half := opened(t, folder)
				if half.Checkpoint == nil {
					t.Fatalf("after %d writes there is no checkpoint", writes)
				}
				again, err := Start(t.Context(), pool(t, 1), twoSeeds(t), Options{From: half})
				if err != nil {
					t.Fatal(err)
				}
				if s := again.Snapshot(); len(s.Arms[1].Scores) == 0 || len(again.Evaluations()) < 2 {
					t.Errorf("what one seed had found is gone: %+v", s.Arms[1])
				}
				again.Stop()
				<-again.Done()
				for n := int64(20); keep(t, hurried(t, 1+kills%3), twoSeeds(t), folder, n); n = n*7/5 + 3 {
					kills++
				}
				if got := kept(t, folder); got != want {
					t.Errorf("killed after %d writes:\n%s\nwant\n%s", writes, short(got, want), short(want, got))
				}
			}
			if kills < 4 {
				t.Errorf("%d kills only", kills)
			}
		})
	}
}

// When a disk is full a run goes on, where it may, and says that its record does
// not: what that holds can be gone on with.
func TestAFullDisk(t *testing.T) {
	want := canonical(t, finished(t, start(t, quick(t), pool(t, 1), nil)))
	for _, writes := range []int64{10, 40, 60, 80, 83} {
		folder := filepath.Join(t.TempDir(), "record")
		disk := recordtest.NewKilling(writes)
		r, err := Start(t.Context(), hurried(t, 1), quick(t), Options{Unrecorded: true, Record: func(s *Snapshot) (*record.Writer, error) {
			return record.Create(disk, folder, s.Experiment, s.Provenance, s.Warnings)
		}})
		if err != nil {
			t.Fatal(err)
		}
		s := finished(t, r)
		if list := r.Evaluations(); list[len(list)-1] != s {
			t.Errorf("%d writes: the last round is not the final snapshot", writes)
		}
		if got := canonical(t, s); got != want {
			t.Errorf("%d writes:\n%s\nwant\n%s", writes, short(got, want), short(want, got))
		}
		if s.Unrecorded != recordtest.ErrKilled.Error() || !errors.Is(r.RecordError(), recordtest.ErrKilled) {
			t.Errorf("%d writes: %q, %v", writes, s.Unrecorded, r.RecordError())
		}
		keep(t, pool(t, 1), quick(t), folder, 1e9)
		if again, err := Recalled(opened(t, folder)); err != nil || canonical(t, again) != want {
			t.Errorf("%d writes: %+v, %v", writes, again, err)
		}
	}
}

// As long as a heir has no record of its own, that of the run before stays, and
// can be gone on with.
func TestNoRecordIsLostByAHeir(t *testing.T) {
	p := pool(t, 2)
	want := canonical(t, finished(t, start(t, quick(t), p, nil)))
	goesOn := func(t *testing.T, folder string) {
		t.Helper()
		r := opened(t, folder)
		if r.Checkpoint == nil || r.Checkpoint.Stages["train0"].Step != 7 {
			t.Fatalf("%+v", r.Checkpoint)
		}
		keep(t, p, quick(t), folder, 1e9)
		if s, err := Recalled(opened(t, folder)); err != nil || canonical(t, s) != want {
			t.Errorf("%+v, %v", s, err)
		}
	}

	t.Run("its record cannot be begun", func(t *testing.T) {
		h := runs(t)
		first := halfway(t, p, inHistory(h))
		full := errors.New("no space left on device")
		if _, err := Start(t.Context(), p, twoSeeds(t), Options{After: first, Record: func(*Snapshot) (*record.Writer, error) { return nil, full }}); !errors.Is(err, full) {
			t.Error(err)
		}
		first.Resume() // it was not ended
		if s := finished(t, first); canonical(t, s) != want || first.RecordError() != nil {
			t.Errorf("%+v, %v", s, first.RecordError())
		}
		if list := entries(t, h); len(list) != 1 || list[0].Status != Done {
			t.Errorf("%+v", list)
		}
	})
	t.Run("it is not recorded", func(t *testing.T) {
		h := runs(t)
		first := halfway(t, p, inHistory(h))
		second, err := Start(t.Context(), p, twoSeeds(t), Options{After: first})
		if err != nil {
			t.Fatal(err)
		}
		finished(t, second)
		goesOn(t, entries(t, h)[0].Folder)
	})
	t.Run("its record breaks off", func(t *testing.T) {
		h := runs(t)
		first := halfway(t, p, inHistory(h))
		disk := recordtest.NewKilling(25) // enough to begin
		second, err := Start(t.Context(), p, twoSeeds(t), Options{After: first, Record: func(s *Snapshot) (*record.Writer, error) {
			return record.Create(disk, filepath.Join(t.TempDir(), "heir"), s.Experiment, s.Provenance, s.Warnings)
		}})
		if err != nil {
			t.Fatal(err)
		}
		finished(t, second)
		if !errors.Is(second.RecordError(), recordtest.ErrKilled) {
			t.Fatal(second.RecordError())
		}
		goesOn(t, entries(t, h)[0].Folder)
	})
	t.Run("people gave it a label", func(t *testing.T) {
		h := runs(t)
		first := halfway(t, p, inHistory(h))
		if err := h.Rename(entries(t, h)[0].Folder, "mine"); err != nil {
			t.Fatal(err)
		}
		second, err := Start(t.Context(), p, twoSeeds(t), Options{After: first, Record: inHistory(h)})
		if err != nil {
			t.Fatal(err)
		}
		finished(t, second)
		list := entries(t, h)
		i := slices.IndexFunc(list, func(e record.Entry) bool { return e.Label == "mine" })
		if len(list) != 2 || i < 0 || !list[i].Resumable {
			t.Fatalf("%+v", list)
		}
		goesOn(t, list[i].Folder)
	})
	t.Run("it had ended", func(t *testing.T) {
		h := runs(t)
		first, err := Start(t.Context(), p, quick(t), Options{Record: inHistory(h)})
		if err != nil {
			t.Fatal(err)
		}
		finished(t, first)
		second, err := Start(t.Context(), p, twoSeeds(t), Options{After: first, Record: inHistory(h)})
		if err != nil {
			t.Fatal(err)
		}
		finished(t, second)
		if list := entries(t, h); len(list) != 2 || list[0].Status != Done || list[1].Status != Done {
			t.Errorf("%+v", list)
		}
	})
	t.Run("it was stopped", func(t *testing.T) {
		h := runs(t)
		first := halfway(t, p, inHistory(h))
		first.Stop()
		finished(t, first)
		if _, err := Start(t.Context(), p, twoSeeds(t), Options{After: first, Record: inHistory(h)}); err == nil || !strings.Contains(err.Error(), "takes no more seeds") {
			t.Error(err)
		}
		if names, err := os.ReadDir(h.Dir); err != nil || len(names) != 1 {
			t.Errorf("%v, %v", names, err)
		}
		goesOn(t, entries(t, h)[0].Folder)
	})
}
