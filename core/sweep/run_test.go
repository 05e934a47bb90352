package sweep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/nn/kernel"
	"padlab/core/record"
	"padlab/core/record/recordtest"
	"padlab/core/rng"
)

var long = flag.Bool("long", false, "let the disk break off at every operation")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noise is a set of random 8×8 images of two classes.
func noise() *images.Set {
	s := &images.Set{Name: "noise", Classes: []string{"a", "b"}, H: 8, W: 8, C: 1}
	for n, split := range []*images.Split{&s.Train, &s.Test} {
		source := rng.New(1, "noise", uint64(n))
		for i := range 10 {
			split.Labels = append(split.Labels, byte(i%2))
			for range 64 {
				split.Pixels = append(split.Pixels, byte(source.IntN(256)))
			}
		}
	}
	return s
}

func poolOf(t testing.TB, crews int, set func(string) (*images.Set, error)) *lab.Pool {
	t.Helper()
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	p := lab.NewPool(k, 1, time.Now, lab.Sources{Set: set})
	p.Crews(crews)
	t.Cleanup(p.Close)
	return p
}

func onNoise(string) (*images.Set, error) { return noise(), nil }

// A sweeper runs a plan in a folder; what is not set is as it usually is.
type sweeper struct {
	dir   string
	plan  *Plan
	disk  record.Disk
	set   func(string) (*images.Set, error)
	shard Shard
	jobs  int
	token string
	ctx   context.Context
	began func(Cell)
}

// run returns what became of the cells that it was told of, by number.
func (s sweeper) run(t testing.TB) (map[int]Ended, error) {
	t.Helper()
	if s.disk == nil {
		s.disk = record.OS{}
	}
	if s.set == nil {
		s.set = onNoise
	}
	if s.ctx == nil {
		s.ctx = context.Background()
	}
	if s.token == "" {
		s.token = "me"
	}
	if err := s.plan.Keep(s.disk, s.dir, s.token); err != nil {
		return nil, err
	}
	ended := map[int]Ended{}
	err := Run(s.ctx, poolOf(t, max(1, s.jobs), s.set), s.plan, Options{
		Dir: s.dir, Disk: s.disk, Host: "here", Token: s.token, Cells: s.shard.Of(s.plan), Jobs: max(1, s.jobs), Bytes: func(Cell) int64 { return 1 },
		Provenance: func(*experiment.Experiment) func(*experiment.Experiment) record.Provenance {
			return func(*experiment.Experiment) record.Provenance { return record.Provenance{Name: s.token} }
		},
		Began: func(c Cell, _ *lab.Run) {
			if s.began != nil {
				s.began(c)
			}
		},
		Ended: func(c Cell, e Ended) { ended[c.Number] = e },
	})
	return ended, err
}

// table is what merging prints.
func table(t testing.TB, dirs ...string) string {
	t.Helper()
	c, err := Collect(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// results are the bytes of all cells without what may differ.
func results(t testing.TB, dir string, p *Plan) string {
	t.Helper()
	var b strings.Builder
	for _, c := range p.Cells {
		data := readFile(t, filepath.Join(c.Folder(dir), "result.json"))
		before, _, _ := strings.Cut(string(data), `"provenance"`)
		b.WriteString(before)
	}
	return b.String()
}

// Alone, side by side, in shards into one folder or into several, and run twice at
// the same time, a sweep gives the same bytes.
func TestSweepHoweverItIsRun(t *testing.T) {
	p := planOf(t, quick(t), "canvas.grid=3,4", "train.steps=2,3")
	whole := t.TempDir()
	ended, err := sweeper{dir: whole, plan: p}.run(t)
	if err != nil || len(ended) != 8 {
		t.Fatal(len(ended), err)
	}
	want, bytes := table(t, whole), results(t, whole, p)
	if files, _ := filepath.Glob(filepath.Join(whole, "*")); len(files) != 2 { // the plan and the cells
		t.Errorf("there is left %v", files)
	}
	if strings.Contains(want, `"problems":[]`) == false || strings.Count(want, `"beyond-guessing","images":"test","n":2`) == 0 {
		t.Error(want)
	}

	side := t.TempDir()
	if _, err := (sweeper{dir: side, plan: p, jobs: 3}).run(t); err != nil || table(t, side) != want || results(t, side, p) != bytes {
		t.Errorf("three at once: %v", err)
	}

	together, apart := t.TempDir(), []string{t.TempDir(), t.TempDir(), t.TempDir()}
	var group sync.WaitGroup
	for i := range 3 {
		for again := range 2 { // each shard twice at once
			group.Go(func() {
				if _, err := (sweeper{dir: together, plan: p, shard: Shard{i + 1, 3}, token: fmt.Sprint(i, again)}).run(t); err != nil {
					t.Error(err)
				}
			})
		}
		group.Go(func() {
			if _, err := (sweeper{dir: apart[i], plan: p, shard: Shard{i + 1, 3}}).run(t); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if table(t, together) != want || results(t, together, p) != bytes {
		t.Error("shards into one folder give another table")
	}
	if left, _ := filepath.Glob(filepath.Join(together, partsDir, "*")); len(left) > 0 {
		t.Errorf("there is left %v", left)
	}
	for _, order := range [][]string{apart, {apart[2], apart[0], apart[1]}, {whole, apart[1]}} {
		if table(t, order...) != want {
			t.Errorf("%v give another table", order)
		}
	}

	// What is missing is listed, and what is there is counted.
	c, err := Collect(apart[0], apart[2])
	if err != nil {
		t.Fatal(err)
	}
	var missing []int
	for _, problem := range c.Problems {
		missing = append(missing, problem.Cell)
	}
	if !slices.Equal(missing, []int{2, 5, 8}) || c.Ended != 5 || c.Complete() || c.Rows[0].N != 1 {
		t.Errorf("%v missing, %d ended", missing, c.Ended)
	}
}

// Wherever the disk breaks off, the error is told, what has ended stays as it is,
// and going on gives the bytes of a sweep that was never stopped.
func TestSweepIsGoneOnWith(t *testing.T) {
	p := planOf(t, quick(t, "net.padding=zeros"), "canvas.grid=3,4")
	calm := t.TempDir()
	if _, err := (sweeper{dir: calm, plan: p}).run(t); err != nil {
		t.Fatal(err)
	}
	want, whole := table(t, calm), results(t, calm, p)
	run := func(dir string, operations int64) (map[int]Ended, error) {
		return sweeper{dir: dir, plan: p, disk: recordtest.NewKilling(operations)}.run(t)
	}
	all := recordtest.NewKilling(1 << 30) // counts the operations that it takes
	if _, err := (sweeper{dir: t.TempDir(), plan: p, disk: all}).run(t); err != nil {
		t.Fatal(err)
	}
	step := int64(1)
	if !*long {
		step = 29
	}
	for n := int64(0); n < 1<<30-all.Left.Load()-1; n += step { // the last one removes what may stay
		dir := t.TempDir()
		before, err := run(dir, n)
		if err == nil && len(before) < len(p.Cells) {
			t.Fatalf("%d operations: %d cells ended, and no error", n, len(before))
		}
		if err != nil && !errors.Is(err, recordtest.ErrKilled) {
			t.Fatalf("%d operations: %v", n, err)
		}
		for number, e := range before {
			if e.Status != record.Done || !p.Cells[number-1].Ended(dir) {
				t.Fatalf("%d operations: cell %d is told to be %s", n, number, e.Status)
			}
		}
		after, err := sweeper{dir: dir, plan: p, token: "other"}.run(t)
		if err != nil || len(after) != len(p.Cells) || table(t, dir) != want || results(t, dir, p) != whole {
			t.Fatalf("gone on with after %d operations: %v", n, err)
		}
		for number := range before {
			if !after[number].Before {
				t.Fatalf("%d operations: cell %d was run again", n, number)
			}
		}
	}
}

// Interrupted, what is under way is kept with a checkpoint and gone on with.
func TestSweepIsInterrupted(t *testing.T) {
	p := planOf(t, quick(t, "train.steps=40", "train.eval_every=20"), "canvas.grid=3,4")
	calm := t.TempDir()
	if _, err := (sweeper{dir: calm, plan: p}).run(t); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, at := range []int{1, 3, 4} {
		ctx, cancel := context.WithCancel(t.Context())
		ended, err := sweeper{dir: dir, plan: p, ctx: ctx, token: fmt.Sprint(at), began: func(c Cell) {
			if c.Number == at {
				cancel()
			}
		}}.run(t)
		cancel()
		if err != nil || ended[at].Status != record.Stopped || ended[at-1].Status != record.Done && at > 1 {
			t.Fatalf("interrupted in cell %d: %+v, %v", at, ended, err)
		}
		if parts := p.Cells[at-1].parts(dir); len(parts) != 1 || !strings.HasSuffix(parts[0], "@here@"+fmt.Sprint(at)) {
			t.Errorf("cell %d is left in %v", at, parts)
		} else if r, err := record.Open(parts[0]); err != nil || r.Checkpoint == nil {
			t.Errorf("cell %d has no checkpoint: %v", at, err)
		}
	}
	ended, err := sweeper{dir: dir, plan: p, token: "last"}.run(t)
	if err != nil || ended[4].Result.Provenance.Name != "last" || results(t, dir, p) != results(t, calm, p) {
		t.Errorf("gone on with: %v", err)
	}
	// It went on, and did not begin anew: the folder was the one of before, in which
	// the start is told of once.
	events, err := os.ReadFile(filepath.Join(p.Cells[3].Folder(dir), "events.jsonl"))
	if err != nil || bytes.Count(events, []byte(`{"event":"start"`)) != 1 {
		t.Errorf("%v\n%s", err, events)
	}
	var kept struct{ Name string }
	data, _ := os.ReadFile(filepath.Join(p.Cells[3].Folder(dir), "provenance.json"))
	if err := json.Unmarshal(data, &kept); err != nil || kept.Name != "4" {
		t.Errorf("the folder is that of %q: %v", kept.Name, err)
	}
}

// What another machine has left is not gone on with, nor what is being written or
// was torn; it is taken away once the cell has ended.
func TestPartsOfOthers(t *testing.T) {
	p := planOf(t, quick(t, "seeds=1"))
	dir := t.TempDir()
	if err := p.Keep(record.OS{}, dir, "me"); err != nil {
		t.Fatal(err)
	}
	part := func(host, token string) string {
		return filepath.Join(dir, partsDir, p.Cells[0].Name+"@"+host+"@"+token)
	}
	w, err := record.Create(record.OS{}, part("elsewhere", "1"), p.Experiment(p.Cells[0]), record.Provenance{Name: "elsewhere"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	live, err := record.Create(record.OS{}, part("here", "2"), p.Experiment(p.Cells[0]), record.Provenance{Name: "live"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(part("here", "3"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(part("here", "3"), "events.jsonl"), []byte("torn"), 0o666); err != nil {
		t.Fatal(err)
	}
	ended, err := sweeper{dir: dir, plan: p}.run(t)
	if err != nil || ended[1].Result.Provenance.Name != "me" {
		t.Fatal(err, ended)
	}
	if left := p.Cells[0].parts(dir); !slices.Equal(left, []string{part("here", "2")}) {
		t.Errorf("there is left %v", left)
	}
	live.Close()
	if ended, err := (sweeper{dir: dir, plan: p, token: "later"}).run(t); err != nil || !ended[1].Before {
		t.Error(err, ended)
	}
	if _, err := os.Stat(filepath.Join(dir, partsDir)); err == nil {
		t.Error("what nobody needs any more stays")
	}
}

// One cell that diverges and one that cannot be run keep no other from being run,
// and stand in the table; what failed is run again.
func TestSweepWithBadCells(t *testing.T) {
	p := planOf(t, quick(t, "train.optimizer=sgd", "net.arch=vgg5", "canvas.fill=white", "train.steps=60", "train.eval_every=60", "net.padding=zeros"), "data.set=noise,gone", "train.lr=0.001,100")
	dir := t.TempDir()
	there := false
	set := func(name string) (*images.Set, error) {
		if name == "gone" && !there {
			return nil, errors.New("gone\x1b[2J since")
		}
		return noise(), nil
	}
	ended, err := sweeper{dir: dir, plan: p, set: set, jobs: 2}.run(t)
	if err != nil || len(ended) != 8 {
		t.Fatal(err, len(ended))
	}
	c, err := Collect(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, problem := range c.Problems {
		list = append(list, fmt.Sprintln(problem.Cell, problem.Values, problem.Seed, problem.Status))
		if ended[problem.Cell].Status != problem.Status {
			t.Errorf("cell %d was told to be %s and is %s", problem.Cell, ended[problem.Cell].Status, problem.Status)
		}
		want := "a lower train.lr helps"
		if problem.Status == record.Failed {
			want = "gone\x1b[2J since" // visible for JSON; tables clean it
		}
		if !strings.Contains(problem.Text, want) {
			t.Errorf("%+v", problem)
		}
	}
	if want := []string{"3 [noise 100] 1 diverged\n", "4 [noise 100] 2 diverged\n", "5 [gone 0.001] 1 failed\n", "6 [gone 0.001] 2 failed\n", "7 [gone 100] 1 failed\n", "8 [gone 100] 2 failed\n"}; !slices.Equal(list, want) {
		t.Errorf("%q, want %q", list, want)
	}
	for _, r := range c.Rows {
		if !slices.Equal(r.Values, []string{"noise", "0.001"}) {
			t.Errorf("a row of %v", r.Values)
		}
	}
	there = true
	if again, err := (sweeper{dir: dir, plan: p, set: set}).run(t); err != nil || again[5].Status != record.Done || !again[3].Before || again[3].Status != record.Diverged {
		t.Errorf("%+v, %v", again, err)
	}
	if c, err := Collect(dir); err != nil || len(c.Problems) != 4 || c.Ended != 8 {
		t.Errorf("%+v, %v", c.Problems, err)
	}
	if notes, _ := filepath.Glob(filepath.Join(dir, cellsDir, "*"+failedEnd)); len(notes) > 0 {
		t.Errorf("there is left %v", notes)
	}
}

// A disk that is full ends the sweep with that error, and nothing that has ended
// is lost.
func TestFullDisk(t *testing.T) {
	p := planOf(t, quick(t, "seeds=4"))
	dir := t.TempDir()
	roomy := fullDisk{left: &atomic.Int64{}}
	if _, err := (sweeper{dir: t.TempDir(), plan: p, disk: roomy}).run(t); err == nil {
		t.Fatal("a disk without a byte is enough")
	}
	roomy.left.Store(1 << 40)
	if _, err := (sweeper{dir: t.TempDir(), plan: p, disk: roomy}).run(t); err != nil {
		t.Fatal(err)
	}
	full := fullDisk{left: &atomic.Int64{}}
	full.left.Store((1<<40 - roomy.left.Load()) * 7 / 10)
	ended, err := sweeper{dir: dir, plan: p, disk: full, jobs: 2}.run(t)
	if !errors.Is(err, syscall.ENOSPC) || len(ended) == 0 || len(ended) == len(p.Cells) {
		t.Fatalf("%d ended, %v", len(ended), err)
	}
	for number := range ended {
		if !p.Cells[number-1].Ended(dir) {
			t.Errorf("cell %d is lost", number)
		}
	}
	if _, err := (sweeper{dir: dir, plan: p}).run(t); err != nil {
		t.Error(err)
	}
	if c, err := Collect(dir); err != nil || !c.Complete() {
		t.Error(c.Problems, err)
	}
}

type fullDisk struct {
	record.OS
	left *atomic.Int64 // bytes
}

func (d fullDisk) Create(name string) (record.File, error) {
	f, err := d.OS.Create(name)
	return fullFile{f, d.left}, err
}

type fullFile struct {
	record.File
	left *atomic.Int64
}

func (f fullFile) Write(p []byte) (int, error) {
	if f.left.Add(-int64(len(p))) < 0 {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(p)
}

// Cells that need more memory together than there is are run one after the other.
func TestMemory(t *testing.T) {
	p := planOf(t, quick(t, "seeds=4"), "canvas.grid=3,4")
	now, most := 0, 0
	o := Options{
		Dir: t.TempDir(), Disk: record.OS{}, Host: "here", Token: "me", Cells: p.Cells, Jobs: 4, Memory: 10,
		Bytes:      func(c Cell) int64 { return []int64{5, 11}[c.Combination] },
		Provenance: func(*experiment.Experiment) func(*experiment.Experiment) record.Provenance { return nil },
	}
	o.Began = func(c Cell, _ *lab.Run) {
		now++
		if most = max(most, now); c.Combination == 1 && now != 1 {
			t.Errorf("a cell that needs all memory is run beside others")
		}
	}
	o.Ended = func(Cell, Ended) { now-- }
	if err := p.Keep(o.Disk, o.Dir, o.Token); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), poolOf(t, 4, onNoise), p, o); err != nil || most > 2 {
		t.Errorf("%d at once, %v", most, err)
	}
}

// Folders that are not of one sweep, or not of one set of images, are not put
// together.
func TestCollectRefuses(t *testing.T) {
	p := planOf(t, quick(t))
	a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
	for _, s := range []sweeper{{dir: a, plan: p}, {dir: b, plan: planOf(t, quick(t, "train.steps=2"))}} {
		if _, err := s.run(t); err != nil {
			t.Fatal(err)
		}
	}
	other := func(string) (*images.Set, error) {
		s := noise()
		s.Train.Pixels[0]++
		return s, nil
	}
	if _, err := (sweeper{dir: c, plan: p, set: other, shard: Shard{2, 2}}).run(t); err != nil {
		t.Fatal(err)
	}
	wrong := t.TempDir() // the first cell stands where the second should
	if err := p.Keep(record.OS{}, wrong, "me"); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(p.Cells[1].Folder(wrong), os.DirFS(p.Cells[0].Folder(a))); err != nil {
		t.Fatal(err)
	}
	altered := t.TempDir()
	if err := os.CopyFS(altered, os.DirFS(a)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(p.Cells[1].Folder(altered), "result.json")
	data := readFile(t, name)
	if err := os.WriteFile(name, bytes.Replace(data, []byte(`"steps": 3`), []byte(`"steps": 4`), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	mixed := t.TempDir()
	if err := os.CopyFS(mixed, os.DirFS(a)); err != nil {
		t.Fatal(err)
	}
	kernels := regexp.MustCompile(`"kernel": "\w+"`)
	if err := os.WriteFile(filepath.Join(p.Cells[1].Folder(mixed), "result.json"), kernels.ReplaceAll(data, []byte(`"kernel": "gonum"`)), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.Cells[0].Folder(mixed), "result.json"), kernels.ReplaceAll(readFile(t, filepath.Join(p.Cells[0].Folder(a), "result.json")), []byte(`"kernel": "avx2"`)), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		dirs []string
		want string
	}{
		{[]string{a, b}, "train.steps=2 there (" + a + ")"},
		{[]string{a, c}, `was run on another set "noise" than the cells before`},
		{[]string{a, altered}, "cell 2 is another than in the folders before"},
		{[]string{mixed}, "was computed with the kernel gonum, and cells before with "},
		{[]string{wrong}, "holds another experiment than the plan: seed=1"},
		{[]string{t.TempDir()}, "holds no sweep"},
	} {
		if _, err := Collect(x.dirs...); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v, want %s", err, x.want)
		}
	}
}
