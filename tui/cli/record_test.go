package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"padlab/core/record"
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

// The record holds what the formats print, reads back to the experiment, and is
// shown as it was printed.
func TestRecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	files := []string{"events.jsonl", "experiment.toml", "provenance.json", "result.json", "weights-circular.safetensors", "weights-zeros.safetensors"}
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
	if list := namesIn(t, dir); !slices.Equal(list, files) {
		t.Errorf("%v", list)
	}
	shown := padlab(t, "show", dir, "--format", "json")
	if shown.want(t, exitOK, ""); shown.out != o.out {
		t.Errorf("shown as\n%s\nwant\n%s", shown.out, o.out)
	}

	// It is not overwritten, and found before anything is trained; to go on with
	// it is to see what it found.
	padlab(t, tiny("--out", dir, "--set", "train.steps=10000000")...).want(t, exitUsage, "padlab: --out: "+dir+" holds a run that has ended: padlab show "+dir+" prints it; to begin anew take another folder, or remove this one\n")
	if contentOf(t, dir, "result.json") != o.out {
		t.Error("the result was overwritten")
	}
	if again := padlab(t, "run", "--resume", "--out", dir, "--format", "json", "--quiet", "--data", tinyDir); again.code != exitOK || again.out != o.out {
		t.Errorf("gone on with after its end it is\n%s%s", again.out, again.err)
	}
}

// Whatever the format, show prints what run printed.
func TestShow(t *testing.T) {
	for _, c := range []struct{ args, formats []string }{
		{tiny("--seed", "4"), formats},
		{tiny("--set", "train.optimizer=sgd", "--set", "train.lr=100", "--set", "net.arch=vgg5", "--set", "canvas.fill=white", "--set", "train.steps=60", "--set", "eval.images=1"), []string{"json"}},
		{[]string{"run", fileOf(t, "reading.toml", tinyReading), "--data", tinyDir}, []string{"text"}},
	} {
		for _, format := range c.formats {
			dir := filepath.Join(t.TempDir(), "record")
			o := padlab(t, append(c.args, "--quiet", "--format", format, "--out", dir)...)
			if shown := padlab(t, "show", dir, "--format", format); shown.code != exitOK || shown.out != o.out {
				t.Errorf("%s: shown as\n%s\nwant\n%s", format, shown.out, o.out)
			}
		}
	}
	dir := t.TempDir()
	padlab(t, "show", dir).want(t, exitUsage, "padlab: "+dir+" holds no record: there is no experiment.toml\n")
	padlab(t, "show", dir, "--format", "xml").want(t, exitUsage, `unknown format "xml"`)
}

// The weights of a record are weights like others.
func TestWeightsOfARecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	padlab(t, tiny("--quiet", "--out", dir)...).want(t, exitOK, "")
	weights := filepath.Join(dir, "weights-zeros.safetensors")
	o := padlab(t, "inspect", "small", "--size", "32", "--weights", weights, "--format", "json")
	var inspected struct {
		Measured struct {
			Weights string `json:"weights_sha256"`
		}
	}
	if err := json.Unmarshal([]byte(o.out), &inspected); err != nil || inspected.Measured.Weights != document(t, padlab(t, "show", dir, "--format", "json")).Arms[0].SHA256 {
		t.Errorf("%v\n%s", err, o.err)
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

// crammed is a disk on which no operation works from one on.
type crammed struct {
	record.OS
	left int
}

var errCrammed = errors.New("no space left")

func (d *crammed) operate() error {
	if d.left--; d.left < 0 {
		return errCrammed
	}
	return nil
}

func (d *crammed) Create(name string) (record.File, error) {
	if err := d.operate(); err != nil {
		return nil, err
	}
	f, err := d.OS.Create(name)
	return &crammedFile{f, d}, err
}

type crammedFile struct {
	record.File
	disk *crammed
}

func (f *crammedFile) Write(p []byte) (int, error) {
	if err := f.disk.operate(); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

// A disk that fills up while a run is trained ends it: what there is is
// printed, and the exit code says that the record is not complete.
func TestDiskFillsUp(t *testing.T) {
	for left, status := range map[int]string{6: "stopped", 7: "stopped", 14: "done"} { // the second event, the third, the weights
		dir := filepath.Join(t.TempDir(), "record")
		steps := map[string]string{"stopped": "train.steps=10000000", "done": "train.steps=3"}[status]
		o := within(t, &session{disk: &crammed{left: left}}, tiny("--quiet", "--format", "json", "--set", steps, "--out", dir)...)
		o.want(t, exitFailed, "padlab: the record cannot be written: no space left\n")
		if d := document(t, o); d.Arms[0].Status != status {
			t.Errorf("operation %d: %s, want %s", left, d.Arms[0].Status, status)
		}
		if list := namesIn(t, dir); slices.Contains(list, "result.json") {
			t.Errorf("operation %d: %v", left, list)
		}
	}
}
