// Package recordtest has a disk on which nothing arrives any more, for tests of
// whoever must come through a kill.
package recordtest

import (
	"errors"
	"sync/atomic"

	"padlab/core/record"
)

// ErrKilled is what every operation after the last says.
var ErrKilled = errors.New("killed")

// A Killing disk is that of the system until so many operations were made: from then
// on it is as if the process had been killed, and a write that comes then is torn.
// Syncing takes no time and is none of them.
type Killing struct {
	record.OS
	Left *atomic.Int64
}

// NewKilling returns a disk for so many operations.
func NewKilling(operations int64) Killing {
	d := Killing{Left: &atomic.Int64{}}
	d.Left.Store(operations)
	return d
}

func (d Killing) operate() error {
	if d.Left.Add(-1) < 0 {
		return ErrKilled
	}
	return nil
}

func (d Killing) MakeFolder(name string) error {
	if err := d.operate(); err != nil {
		return err
	}
	return d.OS.MakeFolder(name)
}

func (d Killing) Create(name string) (record.File, error) {
	if err := d.operate(); err != nil {
		return nil, err
	}
	f, err := d.OS.Create(name)
	return file{f, d}, err
}

func (d Killing) Extend(name string, size int64) (record.File, error) {
	if err := d.operate(); err != nil {
		return nil, err
	}
	f, err := d.OS.Extend(name, size)
	return file{f, d}, err
}

func (d Killing) Rename(from, to string) error {
	if err := d.operate(); err != nil {
		return err
	}
	return d.OS.Rename(from, to)
}

func (d Killing) Remove(name string) error {
	if err := d.operate(); err != nil {
		return err
	}
	return d.OS.Remove(name)
}

func (Killing) SyncFolder(string) error { return nil }

// A file tears the write during which the process is killed.
type file struct {
	record.File
	disk Killing
}

func (f file) Write(p []byte) (int, error) {
	if err := f.disk.operate(); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (file) Sync() error { return nil }
