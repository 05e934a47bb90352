package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"padlab/core/lab"
)

// A record is the folder that keeps a run: experiment.toml, events.jsonl line
// by line while it runs, and result.json, which is there when all is there. A
// nil record keeps nothing.
type record struct {
	disk   disk
	folder string
	events file
	size   int64 // of the events
	err    error // the first; nothing is written after it
}

// openRecord makes the folder and begins the record. A folder that holds a
// result is refused; what a run left behind that did not end is overwritten.
func openRecord(d disk, folder string, e *lab.Experiment) (*record, error) {
	r := &record{disk: d, folder: folder}
	switch _, err := os.Lstat(r.path("result.json")); {
	case err == nil:
		return nil, fmt.Errorf("%s already holds a result.json: choose another folder", folder)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := d.makeFolder(folder); err != nil {
		return nil, err
	}
	events, err := d.create(r.path("events.jsonl"))
	if err != nil {
		return nil, err
	}
	r.events = events
	if err := writeWhole(d, r.path("experiment.toml"), e.TOML()); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *record) path(name string) string { return filepath.Join(r.folder, name) }

// failed returns why the record is not complete, if that is so.
func (r *record) failed() error {
	if r == nil {
		return nil
	}
	return r.err
}

// event appends a line. One that did not get through is taken back.
func (r *record) event(line []byte) {
	if r == nil || r.err != nil {
		return
	}
	if _, r.err = r.events.Write(line); r.err != nil {
		r.events.Truncate(r.size)
		return
	}
	r.size += int64(len(line))
}

// finish writes the result, once all events are safe.
func (r *record) finish(result []byte) {
	if r == nil || r.err != nil {
		return
	}
	r.err = r.events.Sync()
	if err := r.close(); r.err == nil {
		r.err = err
	}
	if r.err == nil {
		r.err = writeWhole(r.disk, r.path("result.json"), result)
	}
}

// close gives up the events. Closing again does nothing.
func (r *record) close() (err error) {
	if r.events != nil {
		err, r.events = r.events.Close(), nil
	}
	return err
}
