package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"padlab/core/experiment"
	"padlab/core/nn/safetensors"
)

// The files of a record.
const (
	experimentFile = "experiment.toml" // resolved: padlab run reads it
	provenanceFile = "provenance.json"
	eventsFile     = "events.jsonl"    // only ever longer
	checkpointFile = "checkpoint.json" // until the run has ended
	resultFile     = "result.json"     // there when all is there
	lockFile       = "lock"            // while it is being written
)

// A Record is the folder of a run, read.
type Record struct {
	Folder     string
	Experiment *experiment.Experiment
	Provenance Provenance
	Checkpoint *Checkpoint // nil: there is none, or none any more
	Result     *Result     // nil: the run was killed, or is still going on
}

// Ended reports whether there is nothing to go on with: all arms are done, or
// have diverged.
func (r *Record) Ended() bool { return r.Result != nil && !r.Result.stopped() }

// stopped reports whether arms were stopped before their end.
func (r Result) stopped() bool {
	return slices.ContainsFunc(r.Arms, func(a Arm) bool { return a.Status == Stopped })
}

// Exists reports whether a folder holds a record.
func Exists(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, experimentFile))
	return err == nil
}

// Live reports whether somebody is writing the record in a folder, as far as the
// file system has locks.
func Live(folder string) bool { return locked(filepath.Join(folder, lockFile)) }

// Open reads the record in a folder. Errors name the file.
func Open(folder string) (*Record, error) {
	r := &Record{Folder: folder}
	data, err := r.file(experimentFile)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s holds no record: there is no %s", folder, experimentFile)
		}
		return nil, err
	}
	// A later release may have fields that this one does not know: its schema
	// says so better.
	if data, err := r.file(provenanceFile); err == nil {
		var head struct {
			Schema int `json:"schema"`
			Provenance
		}
		if err := json.Unmarshal(data, &head); err != nil {
			return nil, fmt.Errorf("%s: %w", r.path(provenanceFile), err)
		}
		if err := checkSchema(r.path(provenanceFile), head.Schema); err != nil {
			return nil, err
		}
		r.Provenance = head.Provenance
	} else if !errors.Is(err, fs.ErrNotExist) { // records of old have none
		return nil, err
	}
	if data, err := r.file(resultFile); err == nil {
		if r.Result, err = ReadResult(r.path(resultFile), data); err != nil {
			return nil, err
		}
		r.Provenance = r.Result.Provenance
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if r.Experiment, err = experiment.Parse(r.path(experimentFile), data); err != nil {
		return nil, err
	}
	if r.Ended() {
		return r, nil
	}
	data, err = r.file(checkpointFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, nil
	case err != nil:
		return nil, err
	}
	r.Checkpoint, err = readCheckpoint(r.path(checkpointFile), data)
	return r, err
}

func (r *Record) path(name string) string { return filepath.Join(r.Folder, name) }

// file reads a file of the record; the error names it once.
func (r *Record) file(name string) ([]byte, error) {
	data, err := os.ReadFile(r.path(name))
	if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		err = fmt.Errorf("%s: %w", r.path(name), inner.Err)
	}
	return data, err
}

// Events returns the lines of events, without one that is torn.
func (r *Record) Events() ([]byte, error) {
	data, err := r.file(eventsFile)
	if err != nil {
		return nil, err
	}
	if r.Result == nil && r.Checkpoint != nil && int64(len(data)) > r.Checkpoint.Events {
		data = data[:r.Checkpoint.Events]
	}
	return data[:bytes.LastIndexByte(data, '\n')+1], nil
}

// Found is the result, or what there was at the last checkpoint; nil where there
// was none.
func (r *Record) Found() *Result {
	if r.Result == nil && r.Checkpoint != nil {
		return &r.Checkpoint.Result
	}
	return r.Result
}

// Tensors opens those of the checkpoint, once their checksum is right. The
// caller closes the file when all are read.
func (r *Record) Tensors() (*safetensors.File, io.Closer, error) {
	name := r.path(filepath.Base(r.Checkpoint.Tensors))
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	h := sha256.New()
	size, err := io.Copy(h, file)
	if err == nil && hex.EncodeToString(h.Sum(nil)) != r.Checkpoint.SHA256 {
		err = errors.New("its checksum is not that of the checkpoint")
	}
	var f *safetensors.File
	if err == nil {
		f, err = safetensors.Open(file, size)
	}
	if err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, file, nil
}

// A Writer keeps a run. It belongs to one goroutine. After an error nothing more
// is written; Err has the first. A nil Writer keeps nothing.
type Writer struct {
	disk   Disk
	folder string
	lock   io.Closer
	events File
	size   int64 // of the events
	saved  int   // checkpoints, to name their tensors
	last   string
	err    error

	summary *summary // of a record in a history
}

// Create begins the record of a run in a folder, which is made when there is
// none. A folder that holds a record is refused: the error says how to go on.
func Create(d Disk, folder string, e *experiment.Experiment, p Provenance, warnings []string) (*Writer, error) {
	if err := Free(folder); err != nil {
		return nil, err
	}
	if err := d.MakeFolder(folder); err != nil {
		return nil, err
	}
	return create(d, folder, e, p, warnings, nil)
}

// create is Create in a folder that is there, with a summary where it is in a
// history.
func create(d Disk, folder string, e *experiment.Experiment, p Provenance, warnings []string, s *summary) (*Writer, error) {
	w := &Writer{disk: d, folder: folder, summary: s}
	var err error
	if w.lock, err = d.Lock(w.path(lockFile)); err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	if err := Free(folder); err != nil { // since we looked, and before we had the lock
		w.Close()
		return nil, err
	}
	if err := w.begin(e, p); err != nil {
		w.closeEvents()
		for _, name := range []string{experimentFile, summaryFile, provenanceFile, eventsFile} {
			d.Remove(w.path(name))
		}
		w.Close()
		return nil, err
	}
	w.Event(StartOf(e, warnings))
	return w, nil
}

// begin writes what a record has from the start. The experiment comes last: with
// it the folder holds a record.
func (w *Writer) begin(e *experiment.Experiment, p Provenance) error {
	w.sweep("")
	var err error
	if w.events, err = w.disk.Create(w.path(eventsFile)); err != nil {
		return err
	}
	head, _ := json.MarshalIndent(struct {
		Schema int `json:"schema"`
		Provenance
	}{Schema, p}, "", " ")
	if err := writeWhole(w.disk, w.path(provenanceFile), whole(append(head, '\n'))); err != nil {
		return err
	}
	if w.summary != nil {
		if err := writeWhole(w.disk, w.path(summaryFile), whole(w.summary.bytes())); err != nil {
			return err
		}
	}
	return writeWhole(w.disk, w.path(experimentFile), whole(e.TOML()))
}

// Free returns an error when a folder holds a record already, which says what
// can be done with it.
func Free(folder string) error {
	if !Exists(folder) {
		return nil
	}
	name := experiment.Quote(folder)
	if r, err := Open(folder); err == nil && r.Ended() {
		return fmt.Errorf("%s holds a run that has ended: padlab show %s prints it; to begin anew take another folder, or remove this one", folder, name)
	}
	return fmt.Errorf("%s holds a run that has not ended: padlab run --resume --out %s goes on with it, padlab show %s prints what there is; to begin anew take another folder, or remove this one", folder, name, name)
}

// Resume goes on writing a record that has not ended, from its last checkpoint
// or, where there is none, from the start: what was found after it is cut off.
func Resume(d Disk, r *Record, warnings []string) (*Writer, error) {
	w := &Writer{disk: d, folder: r.Folder}
	w.summary, _ = r.summary() // one that is missing or broken is not needed
	var err error
	if w.lock, err = d.Lock(w.path(lockFile)); err != nil {
		return nil, fmt.Errorf("%s: %w", r.Folder, err)
	}
	if err := w.goOn(r); err != nil {
		w.Close()
		return nil, err
	}
	if r.Checkpoint == nil {
		w.Event(StartOf(r.Experiment, warnings))
	}
	return w, nil
}

// goOn cuts the events off behind the last checkpoint, and sweeps up.
func (w *Writer) goOn(r *Record) error {
	now, err := Open(r.Folder)
	if err != nil {
		return err
	}
	if now.Ended() || (now.Checkpoint == nil) != (r.Checkpoint == nil) || now.Checkpoint != nil && now.Checkpoint.SHA256 != r.Checkpoint.SHA256 {
		return fmt.Errorf("%s: somebody else has gone on with it meanwhile", r.Folder)
	}
	if c := r.Checkpoint; c != nil {
		w.size, w.last = c.Events, filepath.Base(c.Tensors)
		fmt.Sscanf(w.last, tensorsFile, &w.saved)
	}
	w.sweep(w.last)
	if info, err := os.Stat(w.path(eventsFile)); r.Checkpoint != nil && (err != nil || info.Size() < w.size) {
		return fmt.Errorf("%s: it is shorter than when the last checkpoint was made", w.path(eventsFile))
	}
	if w.events, err = w.disk.Extend(w.path(eventsFile), w.size); err != nil {
		return err
	}
	// A run that was stopped has a result, too. It is one no more.
	if err := w.disk.Remove(w.path(resultFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// tensorsFile is the name of the tensors of the nth checkpoint.
const tensorsFile = "checkpoint-%d" + weightsEnd

// weightsEnd ends the names of files of tensors.
const weightsEnd = ".safetensors"

func (w *Writer) path(name string) string { return filepath.Join(w.folder, name) }

// Folder is where the record is.
func (w *Writer) Folder() string { return w.folder }

// sweep removes what a killed run has left behind: files that were not finished,
// and tensors of checkpoints other than the last.
func (w *Writer) sweep(last string) {
	entries, err := os.ReadDir(w.folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		name := e.Name()
		tensors, _ := filepath.Match("checkpoint-*"+weightsEnd, name)
		if strings.HasSuffix(name, temporaryEnd) && name != labelFile+temporaryEnd || tensors && name != last {
			w.disk.Remove(w.path(name))
		}
	}
}

// Err returns why the record is not complete, if that is so.
func (w *Writer) Err() error {
	if w == nil {
		return nil
	}
	return w.err
}

// Event appends a line. One that did not get through is taken back.
func (w *Writer) Event(line []byte) {
	if w == nil || w.err != nil {
		return
	}
	if _, w.err = w.events.Write(line); w.err != nil {
		w.events.Truncate(w.size)
		return
	}
	w.size += int64(len(line))
}

// Checkpoint keeps where the run stands. It replaces the one before only when it
// is all there.
func (w *Writer) Checkpoint(c Checkpoint, tensors []safetensors.Tensor) {
	if w == nil || w.err != nil {
		return
	}
	w.saved++
	c.Schema, c.Events, c.Tensors = Schema, w.size, fmt.Sprintf(tensorsFile, w.saved)
	h := sha256.New()
	w.err = w.events.Sync()
	w.whole(c.Tensors, func(out io.Writer) error { return safetensors.Write(io.MultiWriter(out, h), tensors, nil) })
	c.SHA256 = hex.EncodeToString(h.Sum(nil))
	data, err := json.Marshal(c)
	if err != nil {
		panic("record: " + err.Error())
	}
	w.whole(checkpointFile, whole(append(data, '\n')))
	if w.err == nil && w.last != "" {
		w.disk.Remove(w.path(w.last)) // one that stays is swept up later
	}
	w.last = c.Tensors
}

// whole writes a file, unless something went wrong before.
func (w *Writer) whole(name string, write func(io.Writer) error) {
	if w.err == nil {
		w.err = writeWhole(w.disk, w.path(name), write)
	}
}

// Weights are a file that a result comes with.
type Weights struct {
	Name  string
	Write func(io.Writer) error
}

// Finish writes the result, once the weights and all events are safe. Unless arms
// were stopped there is nothing left to go on with then.
func (w *Writer) Finish(r Result, weights []Weights) {
	if w == nil || w.err != nil {
		return
	}
	defer w.Close()
	w.Event(EndOf(r))
	for _, f := range weights {
		w.whole(f.Name, f.Write)
	}
	if w.err == nil {
		w.err = w.events.Sync()
	}
	if err := w.closeEvents(); w.err == nil {
		w.err = err
	}
	w.whole(resultFile, whole(r.Document()))
	if w.summary != nil && w.err == nil {
		ended := *w.summary
		ended.Status = r.status()
		writeWhole(w.disk, w.path(summaryFile), whole(ended.bytes())) // else lists look at the result
	}
	if w.err != nil || r.stopped() {
		return
	}
	w.disk.Remove(w.path(checkpointFile))
	w.sweep("")
}

// Close gives up the events and the lock. Closing again does nothing.
func (w *Writer) Close() error {
	if w == nil {
		return nil
	}
	err := w.closeEvents()
	if w.lock != nil {
		w.lock.Close()
		w.lock = nil
	}
	return err
}

func (w *Writer) closeEvents() (err error) {
	if w.events != nil {
		err, w.events = w.events.Close(), nil
	}
	return err
}

// FileOf is the name of a file of an arm: "weights-zeros.safetensors". Letters
// that file systems quarrel about are replaced, and a number keeps two arms
// apart.
func FileOf(kind string, arms []Arm, i int) string {
	plain := func(name string) string {
		return strings.Map(func(r rune) rune {
			if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._-", r) {
				return r
			}
			return '-'
		}, name)
	}
	name := plain(arms[i].Name)
	for _, before := range arms[:i] {
		if strings.EqualFold(plain(before.Name), name) {
			name = fmt.Sprintf("%s-%d", name, i+1)
			break
		}
	}
	return kind + "-" + name + weightsEnd
}
