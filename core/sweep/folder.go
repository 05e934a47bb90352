package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"padlab/core/experiment"
	"padlab/core/record"
)

// The folder of a sweep:
//
//	sweep.json                 the plan
//	cells/0007-1a2b3c4d/       the record of a cell that has ended
//	cells/0007-1a2b3c4d.failed why it could not be run, until it could
//	unfinished/…               records that are being written, and what was left of them
//	lock                       while one process runs the whole
const (
	planFile   = "sweep.json"
	cellsDir   = "cells"
	partsDir   = "unfinished"
	failedEnd  = ".failed"
	lockFile   = "lock"
	maxPlan    = 64 << 20 // bytes
	maxFailure = 64 << 10
)

// Schema is that of plans and tables.
const Schema = 1

// planJSON is how a plan is kept. The cells follow from it.
type planJSON struct {
	Schema      int                      `json:"schema"`
	Name        string                   `json:"name"`
	Vary        []Factor                 `json:"vary"`
	Seed        uint64                   `json:"seed"`
	Seeds       int                      `json:"seeds"`
	Experiments []*experiment.Experiment `json:"experiments"` // of all combinations
}

// document is the content of the file of a plan.
func (p *Plan) document() []byte {
	j := planJSON{Schema: Schema, Name: p.Name, Vary: append([]Factor{}, p.Factors...), Seed: p.Seed, Seeds: p.Seeds}
	for _, c := range p.Combinations {
		j.Experiments = append(j.Experiments, c.Experiment)
	}
	data, err := json.MarshalIndent(j, "", " ")
	if err != nil {
		panic("sweep: " + err.Error())
	}
	return append(data, '\n')
}

// parsePlan reads what document has written.
func parsePlan(file string, data []byte) (*Plan, error) {
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if head.Schema != Schema {
		return nil, fmt.Errorf("%s: its schema is %d, and this padlab reads %d", file, head.Schema, Schema)
	}
	var j planJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	broken := func(format string, args ...any) error {
		return fmt.Errorf("%s: %s", file, fmt.Sprintf(format, args...))
	}
	if j.Seeds < 1 || j.Seeds > experiment.MaxSeeds {
		return nil, broken("%d seeds", j.Seeds)
	}
	n := j.Seeds
	for _, f := range j.Vary {
		field, err := experiment.FieldOf(f.Key)
		if err != nil {
			return nil, broken("%v", err)
		}
		for _, v := range f.Values {
			if usual, err := field.Canonical(v); err != nil || usual != v {
				return nil, broken("%q is no value of %s", v, f.Key)
			}
		}
		if n *= len(f.Values); n < 1 || n > MaxCells {
			return nil, broken("no cells, or more than %d", MaxCells)
		}
	}
	if n/j.Seeds != len(j.Experiments) {
		return nil, broken("%d experiments of %d combinations", len(j.Experiments), n/j.Seeds)
	}
	p := &Plan{Name: j.Name, Factors: j.Vary, Seed: j.Seed, Seeds: j.Seeds}
	for i, values := range combinations(j.Vary) {
		if j.Experiments[i] == nil {
			return nil, broken("combination %d has no experiment", i+1)
		}
		e, err := experiment.Parse(fmt.Sprintf("%s: combination %d", file, i+1), j.Experiments[i].TOML())
		if err != nil {
			return nil, err
		}
		e.Seeds = 1
		p.Combinations = append(p.Combinations, Combination{values, e})
	}
	if err := p.number(); err != nil {
		return nil, broken("%v", err)
	}
	return p, nil
}

// Exists reports whether a folder holds a sweep.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, planFile))
	return err == nil
}

// Open reads the plan in a folder. Errors name the file.
func Open(dir string) (*Plan, error) {
	name := filepath.Join(dir, planFile)
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no sweep: there is no %s", dir, planFile)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxPlan+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxPlan {
		return nil, fmt.Errorf("%s: longer than %d bytes", name, maxPlan)
	}
	return parsePlan(name, data)
}

// Keep writes the plan into a folder, which is made when there is none. Where one
// holds a plan, it must be the same: else the error says in what it is another. The
// token is this process's: others may do the same at once.
func (p *Plan) Keep(d record.Disk, dir, token string) error {
	if Exists(dir) {
		return p.Same(dir)
	}
	for _, name := range []string{dir, Cells(dir), filepath.Join(dir, partsDir)} {
		if err := d.MakeFolder(name); err != nil {
			return err
		}
	}
	name := filepath.Join(dir, planFile)
	err := record.WriteVia(d, name+"."+token, name, func(w io.Writer) error {
		_, err := w.Write(p.document())
		return err
	})
	if err != nil && Exists(dir) { // another process was faster
		return p.Same(dir)
	}
	return err
}

// Same returns an error unless a folder holds the same plan: it says in what it is
// another.
func (p *Plan) Same(dir string) error {
	there, err := Open(dir)
	if err != nil {
		return err
	}
	if list := p.Differences(there); len(list) > 0 {
		return fmt.Errorf("%s holds another sweep: %s", dir, strings.Join(list, ", "))
	}
	return nil
}

// Lock lets one process at a time run the whole sweep in a folder, and takes away
// files that killed ones have not finished. Shards need none. Closing gives it up.
func Lock(d record.Disk, dir string) (io.Closer, error) {
	lock, err := d.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	for _, begun := range []string{filepath.Join(dir, planFile), filepath.Join(Cells(dir), "*"+failedEnd)} {
		list, _ := filepath.Glob(begun + ".*") // of a name that is no pattern: what is left stays
		for _, name := range list {
			d.Remove(name)
		}
	}
	return lock, nil
}

// Cells is the folder of the records of all cells that have ended.
func Cells(dir string) string { return filepath.Join(dir, cellsDir) }

// Folder is where the record of a cell is, once it has ended.
func (c Cell) Folder(dir string) string { return filepath.Join(Cells(dir), c.Name) }

// Ended reports whether that record is there.
func (c Cell) Ended(dir string) bool { return record.Exists(c.Folder(dir)) }

func (c Cell) failure(dir string) string { return c.Folder(dir) + failedEnd }

// parts are the folders of records of the cell that have not come to its end, of
// all processes.
func (c Cell) parts(dir string) (list []string) {
	entries, err := os.ReadDir(filepath.Join(dir, partsDir))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if cell, _, _ := strings.Cut(e.Name(), "@"); cell == c.Name {
			list = append(list, filepath.Join(dir, partsDir, e.Name()))
		}
	}
	return list
}

// hostOf is the machine on which a part was begun.
func hostOf(part string) string {
	fields := strings.Split(filepath.Base(part), "@")
	if len(fields) != 3 {
		return ""
	}
	return fields[1]
}
