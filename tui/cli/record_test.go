package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"padlab/core/lab"
)

func contentOf(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// namesIn lists a folder.
func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// The record holds what the formats print, and reads back to the experiment.
func TestRecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	o := padlab(t, tiny("--quiet", "--out", dir, "--format", "json", "--seed", "3")...)
	o.want(t, exitOK, "")
	if got := contentOf(t, dir, "result.json"); got != o.out {
		t.Errorf("the result is\n%s\nwant\n%s", got, o.out)
	}
	_, evals, _ := events(t, contentOf(t, dir, "events.jsonl"))
	if len(evals) != 6 {
		t.Errorf("%d evaluations, want 6", len(evals))
	}
	experiment := filepath.Join(dir, "experiment.toml")
	if again := padlab(t, "run", experiment, "--data", tinyDir, "--format", "json", "--quiet"); same(again.out) != same(o.out) {
		t.Errorf("the recorded experiment gives\n%s\nwant\n%s", again.out, o.out)
	}
	if list := namesIn(t, dir); !slices.Equal(list, []string{"events.jsonl", "experiment.toml", "result.json"}) {
		t.Errorf("%v", list)
	}

	// It is not overwritten, and found before anything is trained.
	padlab(t, tiny("--out", dir, "--set", "train.steps=10000000")...).want(t, exitUsage, "padlab: --out: "+dir+" already holds a result.json: choose another folder\n")
	if contentOf(t, dir, "result.json") != o.out {
		t.Error("the result was overwritten")
	}

	// What a killed run left behind is.
	if err := os.Remove(filepath.Join(dir, "result.json")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"result.json.tmp", "experiment.toml.tmp", "events.jsonl"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("torn", 5000)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o = padlab(t, tiny("--quiet", "--out", dir, "--format", "jsonl", "--seed", "3")...)
	o.want(t, exitOK, "")
	if got := contentOf(t, dir, "events.jsonl"); got != o.out {
		t.Errorf("the events are\n%s\nwant\n%s", got, o.out)
	}
	if list := namesIn(t, dir); !slices.Equal(list, []string{"events.jsonl", "experiment.toml", "result.json"}) {
		t.Errorf("%v", list)
	}
}

// A folder that cannot be used is found before training, and no folder is made
// for what cannot be run.
func TestUnusableRecord(t *testing.T) {
	dir := t.TempDir()
	occupied := filepath.Join(dir, "file")
	if err := os.WriteFile(occupied, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	inTheWay := filepath.Join(dir, "in-the-way")
	if err := os.MkdirAll(filepath.Join(inTheWay, "experiment.toml", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	unusable := []string{occupied, filepath.Join(occupied, "below"), inTheWay}
	if os.Getuid() > 0 { // the super-user, and whoever has Windows, may write everywhere
		unusable = append(unusable, locked, filepath.Join(locked, "below"))
	}
	for _, folder := range unusable {
		padlab(t, tiny("--out", folder, "--set", "train.steps=10000000")...).want(t, exitUsage, "padlab: --out: ")
	}
	padlab(t, tiny("--out", filepath.Join(dir, "new"), "--set", "eval.images=5000")...).want(t, exitUsage, "eval.images is 5000")
	if _, err := os.Stat(filepath.Join(dir, "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
}

// faulty is a disk on which one operation fails, or all from one on. A write
// that fails gets half through.
type faulty struct {
	systemDisk
	at      int // the operation that fails, from 1
	forever bool
	done    int
	log     []string
}

var errFault = errors.New("a fault")

func (d *faulty) operate(name, path string) error {
	d.done++
	d.log = append(d.log, name+" "+filepath.Base(path))
	if d.done == d.at || d.forever && d.done > d.at {
		return errFault
	}
	return nil
}

func (d *faulty) makeFolder(name string) error {
	return errors.Join(d.operate("make", name), d.systemDisk.makeFolder(name))
}

func (d *faulty) create(name string) (file, error) {
	if err := d.operate("create", name); err != nil {
		return nil, err
	}
	f, err := d.systemDisk.create(name)
	return &faultyFile{f, d, name}, err
}

func (d *faulty) rename(from, to string) error {
	if err := d.operate("rename", to); err != nil {
		return err
	}
	return d.systemDisk.rename(from, to)
}

func (d *faulty) remove(name string) error {
	if err := d.operate("remove", name); err != nil {
		return err
	}
	return d.systemDisk.remove(name)
}

func (d *faulty) syncFolder(name string) error {
	if err := d.operate("sync", "folder"); err != nil {
		return err
	}
	return d.systemDisk.syncFolder(name)
}

type faultyFile struct {
	file
	disk *faulty
	name string
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.disk.operate("write", f.name); err != nil {
		n, _ := f.file.Write(p[:len(p)/2])
		return n, err
	}
	return f.file.Write(p)
}

func (f *faultyFile) Sync() error {
	return errors.Join(f.disk.operate("sync", f.name), f.file.Sync())
}

func (f *faultyFile) Close() error {
	return errors.Join(f.disk.operate("close", f.name), f.file.Close())
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.disk.operate("cut", f.name); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

const wholeResult = "{\"schema\":1}\n"

var someEvents = []string{"{\"event\":\"start\"}\n", "{\"event\":\"eval\"}\n", "{\"event\":\"result\"}\n"}

// recorded keeps a short run, and says whether it was told that all is safe.
func recorded(d disk, folder string) error {
	r, err := openRecord(d, folder, lab.Default())
	if err != nil {
		return err
	}
	defer r.close()
	for _, e := range someEvents {
		r.event([]byte(e))
	}
	r.finish([]byte(wholeResult))
	return r.failed()
}

// Whichever operation fails, alone or with all that follow: it is told, and
// what stands under a final name is whole. Once none fails any more, all is
// there.
func TestFaults(t *testing.T) {
	for _, forever := range []bool{false, true} {
		for n := 1; ; n++ {
			d := &faulty{at: n, forever: forever}
			folder := filepath.Join(t.TempDir(), "record")
			err := recorded(d, folder)
			if d.done < n {
				if err != nil || n < 15 {
					t.Errorf("%v after %d operations:\n%s", err, d.done, strings.Join(d.log, "\n"))
				}
				if list := namesIn(t, folder); !slices.Equal(list, []string{"events.jsonl", "experiment.toml", "result.json"}) {
					t.Errorf("%v", list)
				}
				break
			}
			if !errors.Is(err, errFault) {
				t.Errorf("%s failed, and nobody said so: %v", d.log[n-1], err)
			}
			for _, name := range namesIn(t, folder) {
				content := contentOf(t, folder, name)
				var want string
				switch name {
				case "experiment.toml":
					want = string(lab.Default().TOML())
				case "result.json":
					want = wholeResult
				case "events.jsonl":
					want = strings.Join(someEvents[:strings.Count(content, "\n")], "")
				}
				torn := strings.HasSuffix(name, ".tmp") || name == "events.jsonl"
				if content != want && !(forever && torn) {
					t.Errorf("after %s failed %s holds %q", d.log[n-1], name, content)
				}
			}
		}
	}
}

// Nothing gets its final name before its content is safe, and the result is
// the last to do so.
func TestOrderOfOperations(t *testing.T) {
	d := &faulty{}
	if err := recorded(d, filepath.Join(t.TempDir(), "record")); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"make record", "create events.jsonl",
		"create experiment.toml.tmp", "write experiment.toml.tmp", "sync experiment.toml.tmp", "close experiment.toml.tmp", "rename experiment.toml", "sync folder",
		"write events.jsonl", "write events.jsonl", "write events.jsonl", "sync events.jsonl", "close events.jsonl",
		"create result.json.tmp", "write result.json.tmp", "sync result.json.tmp", "close result.json.tmp", "rename result.json", "sync folder",
	}
	if !slices.Equal(d.log, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(d.log, "\n"), strings.Join(want, "\n"))
	}
}

// A disk that fills up while a run is trained ends it: what there is is
// printed, and the exit code says that the record is not complete.
func TestDiskFillsUp(t *testing.T) {
	for at, status := range map[int]string{10: "stopped", 11: "stopped", 16: "done"} { // the second event, the third, the events' sync
		dir := filepath.Join(t.TempDir(), "record")
		steps := map[string]string{"stopped": "train.steps=10000000", "done": "train.steps=3"}[status]
		o := within(t, &session{disk: &faulty{at: at, forever: true}}, tiny("--quiet", "--format", "json", "--set", steps, "--out", dir)...)
		o.want(t, exitFailed, "padlab: the record cannot be written: a fault\n")
		if d := document(t, o); d.Arms[0].Status != status {
			t.Errorf("operation %d: %s, want %s", at, d.Arms[0].Status, status)
		}
		if list := namesIn(t, dir); slices.Contains(list, "result.json") {
			t.Errorf("operation %d: %v", at, list)
		}
	}
}
