package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// history is one in a folder of its own, whose clock goes on by a minute whenever
// it is looked at.
func history(t testing.TB) *History {
	var mu sync.Mutex
	now := time.Date(2026, 11, 28, 16, 10, 3, 0, time.UTC)
	return &History{Dir: filepath.Join(t.TempDir(), "state", "runs"), Disk: OS{}, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Minute)
		return now
	}}
}

// begun is a run of a history that has begun.
func begun(t testing.TB, h *History, name string) *Writer {
	t.Helper()
	r := found(Running)
	w, err := h.Begin(name, r.Experiment, r.Provenance, r.Warnings)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// through is one that has ended.
func through(t testing.TB, h *History, name string, status Status) *Writer {
	t.Helper()
	w := begun(t, h, name)
	w.Event(eval(1))
	w.Checkpoint(at(1))
	if w.Finish(found(status), nil); w.Err() != nil {
		t.Fatal(w.Err())
	}
	return w
}

// killed is one that was killed, behind a checkpoint or before the first.
func killed(t testing.TB, h *History, name string, checkpoint bool) *Writer {
	t.Helper()
	w := begun(t, h, name)
	if checkpoint {
		w.Checkpoint(at(1))
	}
	w.Close()
	return w
}

func listed(t testing.TB, h *History) []Entry {
	t.Helper()
	list, err := h.List()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func labelsOf(list []Entry) (names []string) {
	for _, e := range list {
		names = append(names, e.Name)
	}
	return names
}

// A history lists every run as it stands, the newest first.
func TestHistoryList(t *testing.T) {
	h := history(t)
	if list := listed(t, h); len(list) != 0 {
		t.Errorf("%v before there is a directory", list)
	}
	through(t, h, "done", Done)
	through(t, h, "diverged", Diverged)
	through(t, h, "stopped", Stopped)
	killed(t, h, "killed", true)
	killed(t, h, "killed early", false)
	live := begun(t, h, "/home/me/My Own Ünï.toml")
	list := listed(t, h)
	if got, want := labelsOf(list), []string{"/home/me/My Own Ünï.toml", "killed early", "killed", "stopped", "diverged", "done"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	for i, want := range []Entry{
		{Status: Running, Live: true},
		{Status: Stopped, Resumable: true},
		{Status: Stopped, Resumable: true, Found: true},
		{Status: Stopped, Resumable: true, Found: true},
		{Status: Diverged, Found: true},
		{Status: Done, Found: true},
	} {
		e := list[i]
		if e.Status != want.Status || e.Live != want.Live || e.Resumable != want.Resumable || e.Found != want.Found || e.Problem != "" {
			t.Errorf("%+v, want %+v", e, want)
		}
		x := found(Done).Experiment
		if e.Title != x.Title || e.Seed != x.Seed || e.Seeds != x.Seeds || !slices.Equal(e.Arms, []string{"zeros"}) || e.Label != "" {
			t.Errorf("%+v", e)
		}
		size := int64(0)
		for _, name := range namesIn(t, e.Folder) {
			size += int64(len(contentOf(t, e.Folder, name)))
		}
		if e.Bytes != size || size < 1000 {
			t.Errorf("%s: %d bytes, want %d", e.Name, e.Bytes, size)
		}
		if i > 0 && !list[i-1].Began.After(e.Began) {
			t.Errorf("%s began at %v, the one before at %v", e.Name, e.Began, list[i-1].Began)
		}
	}
	if base := filepath.Base(live.Folder()); list[0].Folder != live.Folder() || !strings.HasSuffix(base, "-my-own-n-seed-1") || !strings.HasPrefix(base, list[0].Began.Format("2006-01-02-150405")) {
		t.Error(base)
	}
	if r, err := Open(list[5].Folder); err != nil || !r.Ended() {
		t.Errorf("%+v, %v", r, err)
	}
	// What was stopped or killed goes on, and is then what it has become.
	for _, e := range list[2:4] {
		if err := recorded(OS{}, e.Folder, true); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range listed(t, h)[2:4] {
		if e.Status != Done || e.Resumable {
			t.Errorf("%+v", e)
		}
	}
	live.Close()
	if e := listed(t, h)[0]; e.Live || e.Status != Stopped {
		t.Errorf("%+v", e)
	}
}

// A run is called what people like, and nothing that a terminal obeys.
func TestHistoryRename(t *testing.T) {
	h := history(t)
	live, done := begun(t, h, "a"), through(t, h, "b", Done)
	for _, w := range []*Writer{live, done} {
		if err := h.Rename(w.Folder(), "  für die Vorlesung – 3 "); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want string) {
		t.Helper()
		for _, e := range listed(t, h) {
			if e.Label != want {
				t.Errorf("%q, want %q", e.Label, want)
			}
		}
	}
	check("für die Vorlesung – 3")
	for _, bad := range []string{"a\x1b[2Jb", "a\nb", "a\u202eb", "a\xffb", "a\x7f"} {
		if err := h.Rename(done.Folder(), bad); err == nil || !strings.Contains(err.Error(), "not allowed") || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	check("für die Vorlesung – 3")
	if live.Finish(found(Done), nil); live.Err() != nil {
		t.Error(live.Err())
	}
	check("für die Vorlesung – 3")
	for n := 1; n < 6; n++ { // whatever fails, the label is the one or the other
		h.Disk = &faulty{at: n}
		if err := h.Rename(done.Folder(), "later"); !errors.Is(err, errFault) {
			t.Errorf("%d: %v", n, err)
		}
		check("für die Vorlesung – 3")
	}
	h.Disk = OS{}
	for range 2 {
		for _, w := range []*Writer{live, done} {
			if err := h.Rename(w.Folder(), " "); err != nil {
				t.Error(err)
			}
		}
		check("")
	}
	if err := os.WriteFile(filepath.Join(done.Folder(), "label.txt"), []byte("\x1b[2J"), 0o666); err != nil {
		t.Fatal(err)
	}
	check("")
	for _, other := range []string{h.Dir, filepath.Join(h.Dir, ".."), filepath.Join(h.Dir, "nothing"), t.TempDir(), "", "x"} {
		if err := h.Rename(other, "x"); err == nil || !strings.Contains(err.Error(), "holds no record of the runs in") {
			t.Errorf("%q: %v", other, err)
		}
		if err := h.Remove(other); err == nil || !strings.Contains(err.Error(), "holds no record of the runs in") {
			t.Errorf("%q: %v", other, err)
		}
	}
}

// What is removed is a record, never what else people have put there, and never
// one that is being written.
func TestHistoryRemove(t *testing.T) {
	h := history(t)
	live, done, shared := begun(t, h, "live"), through(t, h, "done", Done), through(t, h, "shared", Stopped)
	defer live.Close()
	if err := h.Remove(live.Folder()); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("another run is being written there, by process %d", os.Getpid())) {
		t.Error(err)
	}
	if e := listed(t, h)[2]; !e.Live || e.Problem != "" {
		t.Errorf("%+v", e)
	}
	if err := h.Remove(done.Folder()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(done.Folder()); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for _, name := range []string{"notes.txt", "weights.safetensors", "experiment.toml~"} {
		if err := os.WriteFile(filepath.Join(shared.Folder(), name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(shared.Folder(), "weights-mine.safetensors", "lock"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := h.Remove(shared.Folder()); err != nil {
		t.Error(err)
	}
	if got, want := namesIn(t, shared.Folder()), []string{"experiment.toml~", "notes.txt", "weights-mine.safetensors", "weights.safetensors"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if list := listed(t, h); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}

// The oldest runs go, but not those with a label, not those that are being
// written, and nothing that is not a run of this history or not understood.
func TestHistoryPrunes(t *testing.T) {
	h := history(t)
	live, labelled := begun(t, h, "live"), through(t, h, "labelled", Done)
	if err := h.Rename(labelled.Folder(), "mine"); err != nil {
		t.Fatal(err)
	}
	later := through(t, h, "later", Done)
	rewrite(t, later.Folder(), "summary.json", `"schema":1`, `"schema":2`)
	broken := through(t, h, "broken", Done)
	rewrite(t, broken.Folder(), "summary.json", `{`, ``)
	rewrite(t, broken.Folder(), "result.json", `{`, ``)
	torn := killed(t, h, "torn", false)
	if err := os.Remove(filepath.Join(torn.Folder(), "experiment.toml")); err != nil {
		t.Fatal(err)
	}
	stranger := filepath.Join(h.Dir, "2026-01-01-000000-holidays")
	if err := os.Mkdir(stranger, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stranger, "events.jsonl"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stranger, "a.jpg"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	placed := filepath.Join(h.Dir, "by hand")
	if err := recorded(OS{}, placed, false); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(labelled.Folder(), filepath.Join(h.Dir, "2020-01-01-000000-link")); err != nil {
		t.Log(err)
	}
	for i := range 6 {
		through(t, h, fmt.Sprint("run ", i), Done)
	}
	killed(t, h, "killed", true)
	h.Keep = 3
	alive := []*Writer{live, begun(t, h, "next")} // else their locks go with them
	defer func() {
		for _, w := range alive {
			w.Close()
		}
	}()
	want := []string{"live", "labelled", "", "", "run 4", "run 5", "killed", "next"} // "": of what is not understood no name is known
	stays := func(what string) {
		t.Helper()
		var got []string
		for _, e := range listed(t, h) {
			if e.Folder != placed {
				got = append(got, e.Name)
			}
		}
		slices.Reverse(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q stay, want %q", what, got, want)
		}
		for _, folder := range []string{live.Folder(), labelled.Folder(), later.Folder(), broken.Folder(), placed, stranger} {
			if len(namesIn(t, folder)) < 2 {
				t.Errorf("%s: of %s %v is left", what, folder, namesIn(t, folder))
			}
		}
		if _, err := os.Stat(torn.Folder()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %s is left: %v", what, torn.Folder(), err)
		}
	}
	stays("three are kept")
	h.Keep = 0
	for _, e := range listed(t, h) {
		if e.Name == "killed" || e.Name == "run 5" {
			h.KeepBytes += e.Bytes
		}
	}
	alive = append(alive, begun(t, h, "more"))
	want = []string{"live", "labelled", "", "", "run 5", "killed", "next", "more"}
	stays("two are kept by their bytes")
	h.KeepBytes = 1
	alive = append(alive, begun(t, h, "even more"))
	want = []string{"live", "labelled", "", "", "killed", "next", "more", "even more"}
	stays("the newest stays")
}

// rewrite changes a file of a record, as others might.
func rewrite(t testing.TB, folder, name, from, to string) {
	t.Helper()
	path := filepath.Join(folder, name)
	data, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%s, %v", data, err)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte(from), []byte(to), 1), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Folders that are torn, damaged, of a later release, or of old are listed for
// what they are, and the others beside them as ever.
func TestHistoryOfBrokenFolders(t *testing.T) {
	h := history(t)
	for _, c := range []struct {
		name    string
		damage  func(folder string)
		problem string // "": it has none
		skipped bool
	}{
		{"no summary", func(f string) { os.Remove(filepath.Join(f, "summary.json")) }, "", false},
		{"half a summary", func(f string) { rewrite(t, f, "summary.json", `"arms":`, "") }, "", false},
		{"a summary from before the end", func(f string) { rewrite(t, f, "summary.json", `"done"`, `"running"`) }, "", false},
		{"a later summary", func(f string) { rewrite(t, f, "summary.json", `"schema":1`, `"schema":9`) }, "a later release wrote it", false},
		{"a later record", func(f string) {
			os.Remove(filepath.Join(f, "summary.json"))
			rewrite(t, f, "provenance.json", `"schema": 1`, `"schema": 9`)
		}, "a later release wrote it", false},
		{"half a result", func(f string) {
			rewrite(t, f, "summary.json", `"done"`, `"running"`)
			rewrite(t, f, "result.json", `"arms"`, "")
		}, "result.json: ", false},
		{"another experiment", func(f string) {
			os.Remove(filepath.Join(f, "summary.json"))
			rewrite(t, f, "experiment.toml", "seed", "sead")
		}, `unknown key "sead"`, false},
		{"no experiment", func(f string) { os.Remove(filepath.Join(f, "experiment.toml")) }, "killed before it began", false},
		{"nothing", func(f string) {
			for _, name := range namesIn(t, f) {
				os.Remove(filepath.Join(f, name))
			}
		}, "", true},
	} {
		w := through(t, h, c.name, Done)
		before := len(listed(t, h))
		c.damage(w.Folder())
		list := listed(t, h)
		if c.skipped {
			if len(list) != before-1 {
				t.Errorf("%s: %d entries after %d", c.name, len(list), before)
			}
			continue
		}
		e := list[0]
		if e.Folder != w.Folder() || (c.problem == "") != (e.Problem == "") || !strings.Contains(e.Problem, c.problem) {
			t.Errorf("%s: %+v", c.name, e)
		}
		if e.Problem == "" && (e.Status != Done || e.Seed != 1 || len(e.Arms) != 1) {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
	if err := os.WriteFile(filepath.Join(h.Dir, "a file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	listed(t, h)
	h.Dir = filepath.Join(h.Dir, "a file")
	if _, err := h.List(); err == nil {
		t.Error("a file is listed")
	}
	if _, err := h.Begin("x", found(Done).Experiment, Provenance{}, nil); err == nil {
		t.Error("a run begins in a file")
	}
}

// Two processes keep one history: at the same time, with the same clock, they
// begin, end, label, list and prune, and no run gets lost or mixed up.
func TestHistoriesTogether(t *testing.T) {
	still := time.Date(2026, 11, 28, 16, 10, 3, 0, time.UTC)
	dir := filepath.Join(t.TempDir(), "runs")
	const each, keep = 12, 5
	var mu sync.Mutex
	folders := map[string]bool{}
	var together sync.WaitGroup
	for process := range 4 {
		together.Add(1)
		go func() {
			defer together.Done()
			for run := range each {
				h := &History{Dir: dir, Disk: OS{}, Now: func() time.Time { return still.Add(time.Duration(run) * time.Second) }, Keep: keep}
				w, err := h.Begin("same", found(Running).Experiment, Provenance{}, nil)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if run == 0 && folders[w.Folder()] {
					t.Errorf("%s is written twice", w.Folder())
				}
				folders[w.Folder()] = true
				mu.Unlock()
				w.Event(eval(1))
				if run == 0 {
					if err := h.Rename(w.Folder(), fmt.Sprint("process ", process)); err != nil {
						t.Error(err)
					}
				}
				if _, err := h.List(); err != nil {
					t.Error(err)
				}
				if w.Finish(found(Done), nil); w.Err() != nil {
					t.Error(w.Err())
				}
			}
		}()
	}
	together.Wait()
	h := &History{Dir: dir, Disk: OS{}, Now: func() time.Time { return still.Add(time.Hour) }, Keep: keep}
	labels, others := 0, 0
	for _, e := range listed(t, h) {
		if e.Problem != "" || e.Live || e.Status != Done {
			t.Errorf("%+v", e)
		}
		if e.Label != "" {
			labels++
		} else {
			others++
		}
		if r, err := Open(e.Folder); err != nil || !bytes.Equal(r.Result.Document(), found(Done).Document()) {
			t.Errorf("%s: %v", e.Folder, err)
		}
	}
	if labels != 4 || others < keep || others > keep+4 {
		t.Errorf("%d with labels and %d others stay", labels, others)
	}
	begun(t, h, "last").Close()
	if list := listed(t, h); len(list) != 4+keep+1 {
		t.Errorf("%d stay", len(list))
	}
}

// Whatever fails while a run begins, it is said, nothing is left that is listed
// as a run, and the next one begins.
func TestHistoryFaults(t *testing.T) {
	for _, forever := range []bool{false, true} {
		for n := 1; ; n++ {
			h := history(t)
			through(t, h, "before", Done)
			d := &faulty{at: n, forever: forever}
			h.Disk, h.Keep = d, 1
			r := found(Running)
			w, err := h.Begin("x", r.Experiment, r.Provenance, r.Warnings)
			if d.done < n {
				if err != nil || n < 15 {
					t.Errorf("%v after %d operations", err, d.done)
				}
				w.Close()
				break
			}
			fault := d.log[n-1]
			switch {
			case err != nil && !errors.Is(err, errFault):
				t.Errorf("%s: %v", fault, err)
			case err == nil && w.Err() == nil:
				t.Errorf("%s failed, and nobody said so", fault)
			case err == nil:
				w.Close()
			}
			for _, e := range listed(t, h) {
				if e.Name != "before" && err != nil && e.Problem == "" && !forever {
					t.Errorf("after %s failed there is %+v", fault, e)
				}
			}
			h.Disk = OS{}
			through(t, h, "next", Done)
			if list := listed(t, h); list[0].Name != "next" || list[0].Status != Done {
				t.Errorf("after %s failed: %+v", fault, list)
			}
		}
	}
}

// finishing is a disk on which somebody else has recorded a whole run between the
// look at a folder and its lock.
type finishing struct {
	*faulty
	folder string
}

func (d finishing) MakeFolder(name string) error { return recorded(OS{}, d.folder, false) }

// Who comes second leaves a record alone that the first has finished meanwhile.
func TestWhoComesSecondRemovesNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "record")
	r := found(Done)
	if _, err := Create(finishing{&faulty{}, folder}, folder, r.Experiment, r.Provenance, nil); err == nil || !strings.Contains(err.Error(), "holds a run that has ended") {
		t.Error(err)
	}
	complete(t, folder, "another run")
}

func BenchmarkHistoryList(b *testing.B) {
	h := history(b)
	for range 300 {
		through(b, h, "where-am-i", Done)
	}
	for b.Loop() {
		if list, err := h.List(); err != nil || len(list) != 300 {
			b.Fatal(err)
		}
	}
}
