package sweep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/record"
)

// Options say how the cells of a plan are run.
type Options struct {
	Dir   string // where the plan is kept
	Disk  record.Disk
	Host  string // this machine: a record that it has left unfinished is gone on with
	Token string // this process: a word that no other has

	Cells  []Cell           // of the plan, in this order
	Jobs   int              // so many of them at once
	Memory int64            // bytes that those may take together; 0: any
	Bytes  func(Cell) int64 // that one takes; it is run alone when that is more

	Began func(Cell, *lab.Run) // is called when a cell begins
	Ended func(Cell, Ended)    // and when it has ended, or was there already

	// Provenance is what lab.Options wants, for the experiment of a cell.
	Provenance func(*experiment.Experiment) func(*experiment.Experiment) record.Provenance
}

// Ended is what became of a cell.
type Ended struct {
	Status  record.Status  // Done, Diverged, Failed; Stopped when it was interrupted
	Problem string         // of one that Failed: why
	Result  *record.Result // of one that is Done or Diverged
	Before  bool           // an earlier process has run it
}

// Run runs cells that have not ended, and returns when all have, or when the
// context is done and those under way have been written. A cell that diverges or
// cannot be run does not keep others from being run. The error is that the folder
// cannot be written any more: then nothing else is begun, and what was found stays.
//
// Each cell is written in a folder of this process's own, which is renamed when all
// of it is there. So any number of processes may run the same cells at once: one of
// them comes first, and what the others have found, the same, is taken away.
func Run(ctx context.Context, pool *lab.Pool, p *Plan, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type message struct {
		cell  Cell
		bytes int64
		run   *lab.Run // it has begun; nil: it has ended
		ended Ended
		err   error
	}
	messages := make(chan message)
	var failure error
	running, used := 0, int64(0)
	for next := 0; next < len(o.Cells) || running > 0; {
		if next < len(o.Cells) && ctx.Err() == nil {
			c := o.Cells[next]
			need := o.Bytes(c)
			if running == 0 || running < o.Jobs && (o.Memory == 0 || used+need <= o.Memory) {
				next, running, used = next+1, running+1, used+need
				go func() {
					w := worker{pool: pool, plan: p, options: o, began: func(r *lab.Run) { messages <- message{cell: c, run: r} }}
					ended, err := w.cell(ctx, c)
					messages <- message{cell: c, bytes: need, ended: ended, err: err}
				}()
				continue
			}
		}
		if running == 0 { // it was interrupted
			break
		}
		m := <-messages
		if m.run != nil {
			o.Began(m.cell, m.run)
			continue
		}
		running, used = running-1, used-m.bytes
		if m.err != nil {
			if failure == nil {
				failure = m.err
			}
			cancel()
			continue
		}
		o.Ended(m.cell, m.ended)
	}
	o.Disk.Remove(filepath.Join(o.Dir, partsDir)) // unless something is left in it
	return failure
}

// A worker runs one cell.
type worker struct {
	pool    *lab.Pool
	plan    *Plan
	options Options
	began   func(*lab.Run)
}

// cell runs a cell, unless its record is there. The error is that it cannot be
// written.
func (w *worker) cell(ctx context.Context, c Cell) (Ended, error) {
	if c.Ended(w.options.Dir) {
		w.tidy(c)
		return w.read(c, true)
	}
	for _, part := range c.parts(w.options.Dir) {
		if hostOf(part) != w.options.Host || record.Live(part) {
			continue // elsewhere locks may not be seen
		}
		r, err := record.Open(part)
		if err != nil {
			continue // it was killed before it began
		}
		if r.Ended() {
			return w.publish(c, part)
		}
		ended, err := w.run(ctx, c, part, r)
		if err == nil || ctx.Err() != nil {
			return ended, err
		}
		// Another process has gone on with it, or nobody can: then anew.
	}
	return w.run(ctx, c, filepath.Join(w.options.Dir, partsDir, c.Name+"@"+w.options.Host+"@"+w.options.Token), nil)
}

// run runs a cell in a folder, from a record that is there if there is one.
func (w *worker) run(ctx context.Context, c Cell, part string, from *record.Record) (Ended, error) {
	e := w.plan.Experiment(c)
	var unwritable error
	o := lab.Options{Provenance: w.options.Provenance(e), From: from, Record: func(first *lab.Snapshot) (writer *record.Writer, err error) {
		if from != nil {
			writer, err = record.Resume(w.options.Disk, from, first.Warnings)
		} else {
			writer, err = w.create(part, first)
		}
		unwritable = err
		return writer, err
	}}
	run, err := lab.Start(ctx, w.pool, e, o)
	switch {
	case ctx.Err() != nil && err != nil:
		return Ended{Status: record.Stopped}, nil
	case unwritable != nil:
		return w.lost(c, unwritable)
	case err != nil && from != nil:
		return Ended{}, err
	case err != nil:
		return w.failed(c, err.Error())
	}
	w.began(run)
	select {
	case <-ctx.Done():
		run.Stop()
	case <-run.Done():
	}
	<-run.Done()
	last := run.Snapshot()
	switch {
	case run.RecordError() != nil:
		return w.lost(c, run.RecordError())
	case last.Status == record.Failed:
		return w.failed(c, "a fault in padlab itself: "+last.Failure)
	case last.Status == record.Stopped:
		return Ended{Status: record.Stopped}, nil
	}
	return w.publish(c, part)
}

// create begins the record of a cell. A part that this process has left there
// cannot be gone on with.
func (w *worker) create(part string, first *lab.Snapshot) (*record.Writer, error) {
	if record.Exists(part) {
		if err := record.Remove(w.options.Disk, part); err != nil {
			return nil, err
		}
	}
	return record.Create(w.options.Disk, part, first.Experiment, first.Provenance, first.Warnings)
}

// lost is the end of a cell whose record cannot be written: no loss when another
// process has run it meanwhile, and taken this one's record away.
func (w *worker) lost(c Cell, err error) (Ended, error) {
	if c.Ended(w.options.Dir) {
		return w.read(c, true)
	}
	return Ended{}, err
}

// failed keeps why a cell could not be run.
func (w *worker) failed(c Cell, why string) (Ended, error) {
	name := c.failure(w.options.Dir)
	err := record.WriteVia(w.options.Disk, name+"."+w.options.Token, name, func(out io.Writer) error {
		_, err := fmt.Fprintln(out, why)
		return err
	})
	return Ended{Status: record.Failed, Problem: why}, err
}

// publish gives a record that is all there its name. Whoever comes second finds
// that it is.
func (w *worker) publish(c Cell, part string) (Ended, error) {
	d, folder := w.options.Disk, c.Folder(w.options.Dir)
	if err := d.Rename(part, folder); err != nil && !c.Ended(w.options.Dir) {
		return Ended{}, err
	}
	if err := d.SyncFolder(filepath.Dir(folder)); err != nil {
		return Ended{}, err
	}
	w.tidy(c)
	return w.read(c, false)
}

// tidy takes away what else there is of a cell that has ended: nobody needs it, and
// who is writing it will see that.
func (w *worker) tidy(c Cell) {
	for _, part := range c.parts(w.options.Dir) {
		record.Remove(w.options.Disk, part) // unless it is being written, or gone
	}
	if _, err := os.Stat(c.failure(w.options.Dir)); err == nil {
		w.options.Disk.Remove(c.failure(w.options.Dir))
	}
}

// read is what a cell that has ended has found.
func (w *worker) read(c Cell, before bool) (Ended, error) {
	r, err := record.Open(c.Folder(w.options.Dir))
	if err != nil {
		return Ended{}, err
	}
	if r.Result == nil {
		return Ended{}, errors.New(r.Folder + " has no result")
	}
	e := Ended{Status: record.Done, Result: r.Result, Before: before}
	for _, a := range r.Result.Arms {
		if a.Status != record.Done {
			e.Status = a.Status
		}
	}
	return e, nil
}
