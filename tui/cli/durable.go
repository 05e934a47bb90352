package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// A disk is what a record needs of the file system. The tests have one that
// fails.
type disk interface {
	makeFolder(name string) error
	create(name string) (file, error) // empty, whatever it held before
	rename(from, to string) error
	remove(name string) error
	syncFolder(name string) error
}

type file interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

type systemDisk struct{}

func (systemDisk) makeFolder(name string) error     { return os.MkdirAll(name, 0o777) }
func (systemDisk) create(name string) (file, error) { return os.Create(name) }
func (systemDisk) rename(from, to string) error     { return os.Rename(from, to) }
func (systemDisk) remove(name string) error         { return os.Remove(name) }

// syncFolder makes the names in a folder outlast a crash, where the system
// can do that.
func (systemDisk) syncFolder(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	defer folder.Close()
	err = folder.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		return nil // some network file systems
	}
	return err
}

// writeWhole gives a file its content so that at any moment, also after a
// crash, the name stands for all of it or for what was there before.
func writeWhole(d disk, name string, data []byte) error {
	temporary := name + ".tmp"
	f, err := d.create(temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = d.rename(temporary, name)
	}
	if err != nil {
		d.remove(temporary)
		return err
	}
	return d.syncFolder(filepath.Dir(name))
}
