package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/nn/safetensors"
)

// found is a result of which nothing is left out.
func found(status Status) Result {
	e := experiment.Default()
	key := metric.Key{Metric: metric.Accuracy, Images: "test"}
	a := Arm{
		Name: "zeros", Status: status, Steps: 3, Params: 7, SHA256: "abc", Backbone: "def", Penalties: []metric.Number{1e-3},
		Loss: []LossPoint{{Step: 0, Value: 2.5}, {Step: 1, Value: metric.NaN}}, EvalStep: 3,
		Scores:   []metric.Score{{Key: key, Value: .5, Low: metric.NaN, High: metric.NaN, Interval: metric.Interval{Over: metric.Seeds, Units: 2}, N: 9, Chance: .1, Ceiling: new(metric.Number)}},
		Course:   metric.Course{Metric: metric.Accuracy, Points: []metric.StepValue{{Step: 0, Value: .1}, {Step: 3, Value: .5}}},
		Seeds:    []Seed{{Seed: 4, Status: Done, Steps: 3, SHA256: "abc", EvalStep: 3, Scores: []metric.Score{{Key: key, Value: .5}}, Profiles: []metric.Profile{{Key: key, AlikeFrom: new(int), Rings: []metric.Point{}}}}},
		Profiles: []metric.Profile{{Key: key, Unit: "cells", Rings: []metric.Point{{Distance: 0, N: 8, Value: .5}}}},
		Maps:     []metric.Map{{Key: key, Rows: 1, Cols: 2, Values: []metric.Number{0, 1}}},
	}
	return Result{
		Schema: Schema, Experiment: e.Clone(), Warnings: []string{"careful"}, Arms: []Arm{a},
		Expectations: []experiment.Verdict{{Text: "x", Held: true}},
		Provenance: Provenance{
			Version: "v", Go: "go", Arch: "amd64", Kernel: "avx2", Workers: 2, Name: "mine", Command: "padlab run mine",
			Inputs: []Input{{"set", "noise", "123"}}, Arms: map[string]Timing{"zeros": {1.5, 1000}},
		},
	}
}

// What is written is read back, and written again to the same bytes.
func TestDocumentBothWays(t *testing.T) {
	for _, status := range []Status{Done, Stopped, Diverged} {
		document := found(status).Document()
		r, err := ReadResult("result.json", document)
		if err != nil {
			t.Fatal(err)
		}
		if again := r.Document(); !bytes.Equal(again, document) {
			t.Errorf("%s\nreads back as\n%s", document, again)
		}
	}
	for text, want := range map[string]string{
		`{"schema":2}`: "r.json: its schema is 2, and this padlab reads up to 1: a later release wrote it",
		`{}`:           "r.json: it has no schema",
		`{"schema":1}`: "r.json: it holds no experiment",
		`{"schema":1,"experiment":{},"arms":[{"name":"a","maps":[{"rows":2,"cols":2,"values":[1]}]}]}`: "arm a: a map of 2×2 has 1 values",
		`{"schema":1,"experiment":{},"arms":[{"loss":[[1]]}]}`:                                         "a value at a step has 1 numbers, not 2",
		`{"schema":`: "r.json: unexpected end",
	} {
		if _, err := ReadResult("r.json", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestEventsBothWays(t *testing.T) {
	r := found(Done)
	lines := bytes.Join([][]byte{StartOf(r.Experiment, nil), EvalOf(r.Arms[0]), EndOf(r)}, nil)
	list, err := ReadEvents("events.jsonl", append(slices.Clone(lines), `{"event":"ev`...))
	if err != nil || len(list) != 3 {
		t.Fatalf("%d events, %v", len(list), err)
	}
	var again []byte
	for _, event := range list {
		again = append(again, line(event)...)
	}
	if !bytes.Equal(again, lines) {
		t.Errorf("%s\nreads back as\n%s", lines, again)
	}
	for text, want := range map[string]string{
		"{\"event\":\"start\",\"schema\":7}\n":                  "e.jsonl:1: e.jsonl: its schema is 7",
		"{\"event\":\"eval\"}\n{\"event\":\"evil\"}\n":          `e.jsonl:2: no event is called "evil"`,
		"{\"event\":\"eval\",\"scores\":[{\"value\":\"x\"}]}\n": "e.jsonl:1: ",
		"no json\n": "e.jsonl:1: ",
	} {
		if _, err := ReadEvents("e.jsonl", []byte(text)); err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "its schema is 7") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// No reader panics, whatever it is given, and what one accepts it writes again.
func FuzzReadResult(f *testing.F) {
	f.Add(found(Done).Document())
	f.Add([]byte(`{"schema":1,"experiment":{"vary":[{"key":"canvas.grid","values":[1,2]}]},"arms":[{"loss":[[1,null]]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadResult("r", data)
		if err != nil {
			return
		}
		document := r.Document()
		again, err := ReadResult("r", document)
		if err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		if !bytes.Equal(again.Document(), document) {
			t.Fatalf("%s\n%s", document, again.Document())
		}
	})
}

func FuzzReadEvents(f *testing.F) {
	r := found(Done)
	f.Add(append(append(StartOf(r.Experiment, nil), EvalOf(r.Arms[0])...), EndOf(r)...))
	f.Fuzz(func(t *testing.T, data []byte) { ReadEvents("e", data) })
}

// faulty is a disk on which one operation fails, or all from one on. A write
// that fails gets half through.
type faulty struct {
	OS
	at      int // the operation that fails, from 1
	forever bool
	done    int
	log     []string
}

var errFault = errors.New("a fault")

func (d *faulty) operate(name, path string) error {
	d.done++
	d.log = append(d.log, name+" "+filepath.Base(path))
	if d.done == d.at || d.forever && d.done > d.at && d.at > 0 {
		return errFault
	}
	return nil
}

func (d *faulty) MakeFolder(name string) error {
	return errors.Join(d.operate("make", "folder"), d.OS.MakeFolder(name))
}

func (d *faulty) Create(name string) (File, error) {
	if err := d.operate("create", name); err != nil {
		return nil, err
	}
	f, err := d.OS.Create(name)
	return &faultyFile{f, d, name}, err
}

func (d *faulty) Extend(name string, size int64) (File, error) {
	if err := d.operate("extend", name); err != nil {
		return nil, err
	}
	f, err := d.OS.Extend(name, size)
	return &faultyFile{f, d, name}, err
}

func (d *faulty) Rename(from, to string) error {
	if err := d.operate("rename", to); err != nil {
		return err
	}
	return d.OS.Rename(from, to)
}

func (d *faulty) Remove(name string) error {
	if err := d.operate("remove", name); err != nil {
		return err
	}
	return d.OS.Remove(name)
}

func (d *faulty) SyncFolder(name string) error {
	if err := d.operate("sync", "folder"); err != nil {
		return err
	}
	return nil // what is synced outlasts a crash of the machine, which no test has
}

type faultyFile struct {
	File
	disk *faulty
	name string
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.disk.operate("write", f.name); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *faultyFile) Sync() error {
	return f.disk.operate("sync", f.name)
}

func (f *faultyFile) Close() error {
	return errors.Join(f.disk.operate("close", f.name), f.File.Close())
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.disk.operate("cut", f.name); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

// at is a checkpoint after so many steps, with the tensors that belong to it.
func at(step int) (Checkpoint, []safetensors.Tensor) {
	r := found(Running)
	r.Arms[0].Steps = step
	c := Checkpoint{Stages: map[string]Progress{"train0": {Step: step, Status: Running}}, Arms: []Clock{{}}, Result: r}
	return c, []safetensors.Tensor{{Name: "train0/w", Shape: []int{2}, Values: []float32{float32(step), 1}}}
}

// eval is what an evaluation after so many steps found.
func eval(step int) []byte {
	a := found(Running).Arms[0]
	a.EvalStep = step
	return EvalOf(a)
}

// recorded keeps a run of four evaluations, with a checkpoint behind each of
// the first three, and says whether it was told that all is safe. When it is
// told to resume it goes on from what there is.
func recorded(d Disk, folder string, resume bool) error {
	r := found(Done)
	var w *Writer
	var err error
	first := 1
	if resume && Exists(folder) {
		kept, err := Open(folder)
		if err != nil {
			return err
		}
		if kept.Ended() {
			return nil
		}
		if c := kept.Checkpoint; c != nil {
			f, file, err := kept.Tensors()
			if err != nil {
				return err
			}
			tensor, err := f.Read("train0/w")
			file.Close()
			if err != nil {
				return err
			}
			if step := c.Stages["train0"].Step; int(tensor.Values[0]) != step {
				return errors.New("the tensors are not those of the checkpoint")
			}
			first = c.Stages["train0"].Step + 1
		}
		w, err = Resume(d, kept, r.Warnings)
		if err != nil {
			return err
		}
	} else if w, err = Create(d, folder, r.Experiment, r.Provenance, r.Warnings); err != nil {
		return err
	}
	defer w.Close()
	for step := first; step <= 4; step++ {
		w.Event(eval(step))
		if step < 4 {
			w.Checkpoint(at(step))
		}
	}
	w.Finish(r, []Weights{{"weights-zeros.safetensors", func(w io.Writer) error {
		_, err := w.Write([]byte("weights"))
		return err
	}}})
	return w.Err()
}

func wantEvents() string {
	r := found(Done)
	list := string(StartOf(r.Experiment, r.Warnings))
	for step := 1; step <= 4; step++ {
		list += string(eval(step))
	}
	return list + string(EndOf(r))
}

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

var finished = []string{"events.jsonl", "experiment.toml", "provenance.json", "result.json", "weights-zeros.safetensors"}

func complete(t *testing.T, folder, after string) {
	t.Helper()
	list := slices.DeleteFunc(namesIn(t, folder), func(name string) bool {
		return strings.HasPrefix(name, "checkpoint") // one that could not be removed: beside a result nobody looks at it
	})
	if !slices.Equal(list, finished) {
		t.Errorf("after %s: %v", after, list)
	}
	if got, want := contentOf(t, folder, "result.json"), string(found(Done).Document()); got != want {
		t.Errorf("after %s the result is\n%s\nwant\n%s", after, got, want)
	}
	if got := contentOf(t, folder, "events.jsonl"); got != wantEvents() {
		t.Errorf("after %s the events are\n%s\nwant\n%s", after, got, wantEvents())
	}
}

// Whichever operation fails, alone or with all that follow, it is told; what
// stands under a final name is whole; the record can be read; and a run that
// goes on from it ends with the same bytes as one that nothing happened to.
func TestFaults(t *testing.T) {
	for _, forever := range []bool{false, true} {
		for n := 1; ; n++ {
			d := &faulty{at: n, forever: forever}
			folder := filepath.Join(t.TempDir(), "record")
			err := recorded(d, folder, false)
			if d.done < n {
				if err != nil || n < 60 {
					t.Errorf("%v after %d operations:\n%s", err, d.done, strings.Join(d.log, "\n"))
				}
				complete(t, folder, "no fault")
				if list := namesIn(t, folder); !slices.Equal(list, finished) {
					t.Errorf("%v", list)
				}
				break
			}
			fault := d.log[n-1]
			if swept := strings.HasPrefix(fault, "remove "); !swept && !errors.Is(err, errFault) {
				t.Errorf("%s failed, and nobody said so: %v", fault, err)
			}
			for _, name := range namesIn(t, folder) {
				content, want := contentOf(t, folder, name), ""
				switch {
				case name == "experiment.toml":
					want = string(found(Done).Experiment.TOML())
				case name == "result.json":
					want = string(found(Done).Document())
				case name == "weights-zeros.safetensors":
					want = "weights"
				case name == "events.jsonl":
					lines := strings.SplitAfter(wantEvents(), "\n")
					want = strings.Join(lines[:strings.Count(content, "\n")], "")
					if forever { // a line that did not get through could not be taken back
						content = content[:strings.LastIndex(content, "\n")+1]
					}
				default:
					continue // checkpoints are looked at when the run goes on
				}
				if content != want {
					t.Errorf("after %s failed %s holds %q", fault, name, content)
				}
			}
			if err := recorded(&faulty{}, folder, true); err != nil {
				t.Errorf("after %s failed it cannot be gone on with: %v", fault, err)
			}
			complete(t, folder, fault)
		}
	}
}

// A run may be killed again and again, while it is being gone on with, too.
func TestFaultsWhileResuming(t *testing.T) {
	for n := 1; n < 60; n++ {
		folder := filepath.Join(t.TempDir(), "record")
		recorded(&faulty{at: 40, forever: true}, folder, false)
		for again := range 5 {
			recorded(&faulty{at: n + again, forever: true}, folder, true)
		}
		if err := recorded(&faulty{}, folder, true); err != nil {
			t.Errorf("%d: %v", n, err)
		}
		complete(t, folder, "many faults")
	}
}

// Nothing gets its final name before its content is safe, and the result is
// the last to do so.
func TestOrderOfOperations(t *testing.T) {
	d := &faulty{}
	if err := recorded(d, filepath.Join(t.TempDir(), "record"), false); err != nil {
		t.Fatal(err)
	}
	whole := func(name string) []string {
		return []string{"create " + name + ".tmp", "write " + name + ".tmp", "sync " + name + ".tmp", "close " + name + ".tmp", "rename " + name, "sync folder"}
	}
	want := slices.Concat([]string{"make folder", "create events.jsonl"}, whole("provenance.json"), whole("experiment.toml"), []string{"write events.jsonl"})
	for i, before := range []string{"", "checkpoint-1.safetensors", "checkpoint-2.safetensors"} {
		name := []string{"checkpoint-1.safetensors", "checkpoint-2.safetensors", "checkpoint-3.safetensors"}[i]
		want = slices.Concat(want, []string{"write events.jsonl", "sync events.jsonl"}, whole(name), whole("checkpoint.json"))
		if before != "" {
			want = append(want, "remove "+before)
		}
	}
	want = slices.Concat(want, []string{"write events.jsonl", "write events.jsonl"}, whole("weights-zeros.safetensors"),
		[]string{"sync events.jsonl", "close events.jsonl"}, whole("result.json"), []string{"remove checkpoint.json", "remove checkpoint-3.safetensors"})
	if !slices.Equal(d.log, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(d.log, "\n"), strings.Join(want, "\n"))
	}
}

// A record is read to what was written, and says when it is not whole.
func TestOpen(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "my record")
	if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), "holds no record") {
		t.Error(err)
	}
	recorded(&faulty{at: 45, forever: true}, folder, false)
	r, err := Open(folder)
	if err != nil || r.Ended() || r.Checkpoint == nil || r.Found().Arms[0].Steps != r.Checkpoint.Stages["train0"].Step || r.Provenance.Command != "padlab run mine" {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := Free(folder); err == nil || !strings.Contains(err.Error(), "has not ended: padlab run --resume --out '"+folder+"' goes on") {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(folder, r.Checkpoint.Tensors), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Tensors(); err == nil || !strings.Contains(err.Error(), "its checksum is not that of the checkpoint") {
		t.Error(err)
	}

	whole := t.TempDir()
	if err := recorded(OS{}, whole, false); err != nil {
		t.Fatal(err)
	}
	r, err = Open(whole)
	if err != nil || !r.Ended() || !reflect.DeepEqual(r.Result.Document(), found(Done).Document()) {
		t.Errorf("%+v, %v", r, err)
	}
	if events, err := r.Events(); err != nil || string(events) != wantEvents() {
		t.Errorf("%v\n%s", err, events)
	}
	if err := Free(whole); err == nil || !strings.Contains(err.Error(), "has ended: padlab show "+experiment.Quote(whole)+" prints it") {
		t.Error(err)
	}
	newer := bytes.Replace(found(Done).Document(), []byte(`"schema": 1`), []byte(`"schema": 2`), 1)
	if err := os.WriteFile(filepath.Join(whole, "result.json"), newer, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(whole); err == nil || !strings.Contains(err.Error(), "result.json: its schema is 2, and this padlab reads up to 1: a later release wrote it") {
		t.Error(err)
	}
}

// A run that was stopped has a result, and can be gone on with.
func TestStoppedRunsGoOn(t *testing.T) {
	folder := t.TempDir()
	r := found(Stopped)
	w, err := Create(OS{}, folder, r.Experiment, r.Provenance, r.Warnings)
	if err != nil {
		t.Fatal(err)
	}
	w.Event(eval(1))
	w.Checkpoint(at(1))
	if w.Finish(r, nil); w.Err() != nil {
		t.Fatal(w.Err())
	}
	kept, err := Open(folder)
	if err != nil || kept.Ended() || kept.Found().Arms[0].Status != Stopped {
		t.Fatalf("%+v, %v", kept, err)
	}
	if events, err := kept.Events(); err != nil || !bytes.HasSuffix(events, EndOf(r)) {
		t.Errorf("%v\n%s", err, events)
	}
	if err := recorded(&faulty{}, folder, true); err != nil {
		t.Fatal(err)
	}
	complete(t, folder, "a stop")
}

func TestFileOf(t *testing.T) {
	arms := []Arm{{Name: "zeros, 3"}, {Name: "constant(0.5)"}, {Name: "../x"}, {Name: "Zeros- 3"}}
	var got []string
	for i := range arms {
		got = append(got, FileOf("weights", arms, i))
	}
	if want := []string{"weights-zeros--3.safetensors", "weights-constant-0.5-.safetensors", "weights-..-x.safetensors", "weights-Zeros--3-4.safetensors"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Nil writers keep nothing, so that runs need not ask.
func TestNilWriter(t *testing.T) {
	var w *Writer
	w.Event([]byte("x"))
	w.Checkpoint(at(1))
	w.Finish(found(Done), nil)
	if err := errors.Join(w.Err(), w.Close()); err != nil {
		t.Error(err)
	}
}

// A progress is read back to what it was.
func TestProgressBothWays(t *testing.T) {
	a := found(Done).Arms[0]
	p := Progress{Step: 3, Status: Diverged, Problem: "x", Loss: a.Loss, Stride: 2, EvalStep: 3, Scores: a.Scores, Profiles: a.Profiles, Maps: a.Maps, Penalties: a.Penalties}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Progress
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(back); !bytes.Equal(again, data) {
		t.Errorf("%s\n%s", data, again)
	}
}

// Two runs never write one record: the second is told who does, and left as it
// is; when the first has ended, or was killed, the lock is free.
func TestLock(t *testing.T) {
	folder := t.TempDir()
	r := found(Done)
	w, err := Create(OS{}, folder, r.Experiment, r.Provenance, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Event(eval(1))
	w.Checkpoint(at(1))
	kept, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%s: another run is being written there, by process %d", folder, os.Getpid())
	if _, err := Resume(OS{}, kept, nil); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	empty := t.TempDir()
	if _, err := (OS{}).Lock(filepath.Join(empty, "lock")); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(OS{}, empty, r.Experiment, r.Provenance, nil); err == nil || !strings.Contains(err.Error(), "another run is being written there") {
		t.Error(err)
	}
	if list := namesIn(t, empty); !slices.Equal(list, []string{"lock"}) {
		t.Errorf("who came second has written %v", list)
	}
	w.Close()
	again, err := Resume(OS{}, kept, nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Event(eval(2))
	again.Checkpoint(at(2))
	again.Close()
	if _, err := Resume(OS{}, kept, nil); err == nil || !strings.Contains(err.Error(), "somebody else has gone on with it meanwhile") {
		t.Errorf("from a checkpoint that is not the last: %v", err)
	}
	if slices.Contains(namesIn(t, folder), "lock") {
		t.Error("the lock's file stays")
	}
}
