package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"padlab/core/experiment"
)

// A History is a directory of records, one folder each, the newest last by name.
// Any number of processes may keep one together, and any number of goroutines may
// call its methods.
//
// Folders that Begin has not named are listed, but never pruned. What else lies in
// the directory is left alone.
type History struct {
	Dir  string // made when there is none
	Disk Disk
	Now  func() time.Time // its zone is that of the names of folders

	// Of the runs that are not being written, the newest Keep stay, as far as they
	// take no more than KeepBytes together; the newest stays in any case, and so do
	// all that have a label. 0: any number of them.
	Keep      int
	KeepBytes int64
}

// An Entry is what a list of runs shows of one.
type Entry struct {
	Folder string // its path, for Open
	Name   string // what the experiment was loaded by
	Title  string // of the experiment
	Label  string // that people gave; empty: none
	Began  time.Time
	Seed   uint64
	Seeds  int
	Arms   []string // by name

	Command string // that runs it again, in a shell

	Status    Status // Running while it is being written and has no result; Stopped when it could go on
	Live      bool   // it is being written now, by anybody
	Found     bool   // it has a result or a checkpoint
	Resumable bool   // nobody is writing it, and it has not ended
	Problem   string // why the rest is not known, in words; else empty
	Bytes     int64  // of all its files

	ours bool // Begin has named it, and this release knows all that there is to know of it
}

// The files that a record has in a history besides.
const (
	summaryFile = "summary.json" // an Entry, as far as it does not change
	labelFile   = "label.txt"
)

// A summary is what of an entry a record keeps, so that lists need not read more.
type summary struct {
	Schema int       `json:"schema"`
	Name   string    `json:"name"`
	Title  string    `json:"title"`
	Began  time.Time `json:"began"`
	Seed   uint64    `json:"seed"`
	Seeds  int       `json:"seeds"`
	Arms   []string  `json:"arms"`
	Status Status    `json:"status"` // counts when there is a result

	Command string `json:"command"`
}

// summaryOf is that of an experiment.
func summaryOf(name string, e *experiment.Experiment, p Provenance, began time.Time) *summary {
	s := &summary{Schema: Schema, Command: p.Command, Name: name, Title: e.Title, Began: began, Seed: e.Seed, Seeds: e.Seeds, Arms: []string{}, Status: Running}
	if arms, err := e.Expand(); err == nil {
		for _, a := range arms {
			s.Arms = append(s.Arms, a.Name)
		}
	}
	return s
}

func (s *summary) bytes() []byte {
	data, err := json.Marshal(s)
	if err != nil {
		panic("record: " + err.Error())
	}
	return append(data, '\n')
}

// layout is how names of folders begin.
const layout = "2006-01-02-150405"

// maxSame bounds how many runs of one name may begin in one second.
const maxSame = 1000

// Begin creates the record of a run, in a folder with a name of its own such as
// 2026-11-28-161003-where-am-i-seed-1, and takes the oldest runs away that are
// more than are kept. The error says why nothing can be written there; what cannot
// be taken away stays until the next time.
func (h *History) Begin(name string, e *experiment.Experiment, p Provenance, warnings []string) (*Writer, error) {
	if err := h.Disk.MakeFolder(h.Dir); err != nil {
		return nil, err
	}
	h.prune()
	began := h.Now()
	base := fmt.Sprintf("%s-%s-seed-%d", began.Format(layout), plainName(name), e.Seed)
	for n := 1; ; n++ {
		folder := filepath.Join(h.Dir, base)
		if n > 1 {
			folder += fmt.Sprintf("-%d", n)
		}
		switch err := h.Disk.NewFolder(folder); {
		case errors.Is(err, fs.ErrExist) && n < maxSame:
			continue
		case err != nil:
			return nil, err
		}
		w, err := create(h.Disk, folder, e, p, warnings, summaryOf(name, e, p, began))
		if err == nil {
			return w, nil
		}
		h.Disk.Remove(folder)
		// Who was about to prune an old run of that name may have taken it before
		// we had its lock.
		if taken := errors.As(err, new(*heldError)) || errors.Is(err, fs.ErrNotExist); !taken || n == maxSame {
			return nil, err
		}
	}
}

// plainName is the name of an experiment, or that of its file, with letters that
// no file system and no shell quarrels about.
func plainName(name string) string {
	name = strings.TrimSuffix(filepath.Base(name), ".toml")
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') })
	const longest = 40
	plain := strings.Join(words, "-")
	if plain = strings.Trim(plain[:min(len(plain), longest)], "-"); plain == "" {
		return "run"
	}
	return plain
}

// List returns the runs, the newest first. When one began is what it has kept
// itself; only of a record that is not from Begin the name of the folder says it,
// and where that does not, when its experiment was written. A record that cannot
// be read has a Problem; a folder that holds none is left out. The error is that
// the directory cannot be read; one that is not there is empty.
func (h *History) List() ([]Entry, error) {
	folders, err := os.ReadDir(h.Dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	var list []Entry
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		if e, ok := h.entry(f.Name()); ok {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b Entry) int {
		if c := b.Began.Compare(a.Began); c != 0 {
			return c
		}
		return strings.Compare(b.Folder, a.Folder)
	})
	return list, nil
}

// entry reads what a list shows of a folder; false: there is no record in it.
func (h *History) entry(name string) (e Entry, ok bool) {
	e.Folder = filepath.Join(h.Dir, name)
	files, err := os.ReadDir(e.Folder)
	if err != nil {
		return e, false
	}
	has := map[string]bool{}
	allKnown := true
	for _, f := range files {
		has[f.Name()] = true
		allKnown = allKnown && isKnown(f)
		if info, err := f.Info(); err == nil {
			e.Bytes += info.Size()
			if f.Name() == experimentFile {
				e.Began = info.ModTime()
			}
		}
	}
	named := false
	if at, err := time.ParseInLocation(layout, name[:min(len(name), len(layout))], h.Now().Location()); err == nil {
		e.Began, named = at, true
	}
	e.Live = has[lockFile] && locked(filepath.Join(e.Folder, lockFile))
	if has[labelFile] {
		e.Label = readLabel(filepath.Join(e.Folder, labelFile))
	}
	e.Status, e.Found = Stopped, has[resultFile] || has[checkpointFile]
	if e.Live {
		e.Status = Running
	}
	if !has[experimentFile] {
		e.Problem = "its run was killed before it began"
		if e.Live {
			e.Problem = "its run is just beginning"
		}
		e.ours = named && allKnown
		return e, e.ours && len(files) > 0
	}
	if err := e.read(has); err != nil {
		e.Problem = err.Error()
		return e, true
	}
	e.ours = named
	e.Resumable = !e.Live && (!has[resultFile] || e.Status == Stopped)
	return e, true
}

// read fills in what the record says: by its summary or, where it has none or that
// does not say how it ended, by all that it holds.
func (e *Entry) read(has map[string]bool) error {
	r := &Record{Folder: e.Folder}
	s, err := r.summary()
	if err == nil {
		e.Command = s.Command
		e.Name, e.Title, e.Began, e.Seed, e.Seeds, e.Arms = s.Name, s.Title, s.Began, s.Seed, s.Seeds, s.Arms
		switch {
		case !has[resultFile]:
			return nil
		case s.Status.Ended():
			e.Status = s.Status
			return nil
		}
	} else if errors.Is(err, errLater) {
		return err
	}
	if r, err = Open(e.Folder); err != nil {
		return err
	}
	if s == nil {
		s = summaryOf(r.Provenance.Name, r.Experiment, r.Provenance, e.Began)
		e.Name, e.Title, e.Seed, e.Seeds, e.Arms, e.Command = s.Name, s.Title, s.Seed, s.Seeds, s.Arms, s.Command
	}
	if r.Result != nil {
		e.Status = r.Result.status()
	}
	return nil
}

// summary reads the one in the folder.
func (r *Record) summary() (*summary, error) {
	data, err := r.file(summaryFile)
	if err != nil {
		return nil, err
	}
	s := &summary{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w", r.path(summaryFile), err)
	}
	if err := checkSchema(r.path(summaryFile), s.Schema); err != nil {
		return nil, err
	}
	return s, nil
}

// status is how the run has ended.
func (r Result) status() Status {
	switch {
	case r.stopped():
		return Stopped
	case slices.ContainsFunc(r.Arms, func(a Arm) bool { return a.Status == Diverged }):
		return Diverged
	}
	return Done
}

// Rename gives a run a label, or with an empty one takes it away. Space around it
// does not count. The errors say that the entry, the Folder of one that was
// listed, holds no record here, that the label has control or format characters,
// or why it cannot be written; then it is what it was.
func (h *History) Rename(entry, label string) error {
	if err := h.holds(entry); err != nil {
		return err
	}
	label = strings.TrimSpace(label)
	if !drawable(label) {
		return fmt.Errorf("the label %.80q has control or format characters, which are not allowed", label)
	}
	name := filepath.Join(entry, labelFile)
	if label == "" {
		if err := h.Disk.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return writeWhole(h.Disk, name, whole([]byte(label+"\n")))
}

// drawable reports whether a terminal may be given a text as it is.
func drawable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) })
}

// readLabel is the label in a file; what nobody should have written is left out.
func readLabel(name string) string {
	data, err := os.ReadFile(name)
	if text := strings.TrimSpace(string(data)); err == nil && drawable(text) {
		return text
	}
	return ""
}

// Remove takes a run away, with or without a label: the files of its record, and
// the folder unless there is something else in it. The errors say that the entry,
// the Folder of one that was listed, holds no record here, that it is being
// written, by which process, or what could not be removed.
func (h *History) Remove(entry string) error {
	if err := h.holds(entry); err != nil {
		return err
	}
	return Remove(h.Disk, entry)
}

// holds returns an error unless a folder of the directory holds a record.
func (h *History) holds(folder string) error {
	if base := filepath.Base(folder); filepath.Dir(folder) == filepath.Clean(h.Dir) && base != ".." {
		if _, ok := h.entry(base); ok {
			return nil
		}
	}
	return fmt.Errorf("%s holds no record of the runs in %s", folder, h.Dir)
}

// prune takes away the oldest runs that are more than are kept.
func (h *History) prune() {
	if h.Keep <= 0 && h.KeepBytes <= 0 {
		return
	}
	list, err := h.List()
	if err != nil {
		return
	}
	kept, bytes := 0, int64(0)
	for _, e := range list {
		if e.Live || e.Label != "" || !e.ours {
			continue
		}
		tooMany := h.Keep > 0 && kept >= h.Keep
		tooLarge := h.KeepBytes > 0 && kept > 0 && bytes+e.Bytes > h.KeepBytes
		if tooMany || tooLarge {
			discard(h.Disk, e.Folder, true)
			continue
		}
		kept++
		bytes += e.Bytes
	}
}

// isKnown reports whether an entry of a folder is a file of a record.
func isKnown(f fs.DirEntry) bool {
	if !f.Type().IsRegular() {
		return false
	}
	name := strings.TrimSuffix(f.Name(), temporaryEnd)
	switch name {
	case experimentFile, provenanceFile, eventsFile, checkpointFile, resultFile, lockFile, summaryFile, labelFile:
		return true
	}
	for _, kind := range []string{"checkpoint", "weights", "readout"} {
		if strings.HasPrefix(name, kind+"-") && strings.HasSuffix(name, weightsEnd) {
			return true
		}
	}
	return false
}

// discard removes the files of a record that nobody is writing, and its folder
// when nothing else is in it; where labels are spared, not if it has one. The
// experiment goes first: without it there is no record.
func discard(d Disk, folder string, spareLabelled bool) error {
	lock, err := d.Lock(filepath.Join(folder, lockFile))
	if err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	err = discardFiles(d, folder, spareLabelled)
	lock.Close()
	if err == nil {
		d.Remove(filepath.Join(folder, lockFile)) // where closing could not
		d.Remove(folder)                          // not if strangers have put something in it
	}
	return err
}

// Remove takes away the files of a record, with or without a label, and its folder
// unless there is something else in it. The error says that it is being written, by
// which process, or what could not be removed.
func Remove(d Disk, folder string) error { return discard(d, folder, false) }

// Discard takes the record away again, because another one holds all of it, unless
// it has a label: then it stays as it is. The writer is closed. The error says why
// it stays, whole or in part. Of a nil Writer nothing is to be taken away.
func (w *Writer) Discard() error {
	if w == nil {
		return nil
	}
	w.Close()
	return discard(w.disk, w.folder, true)
}

func discardFiles(d Disk, folder string, spareLabelled bool) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	if spareLabelled && readLabel(filepath.Join(folder, labelFile)) != "" {
		return fmt.Errorf("%s has a label", folder)
	}
	first := slices.IndexFunc(files, func(f fs.DirEntry) bool { return f.Name() == experimentFile })
	if first > 0 {
		files[0], files[first] = files[first], files[0]
	}
	for _, f := range files {
		if f.Name() == lockFile || !isKnown(f) {
			continue
		}
		if err := d.Remove(filepath.Join(folder, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
