package record

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// A Disk is what a record needs of the file system to be written. The tests
// have one that fails.
type Disk interface {
	MakeFolder(name string) error                 // and those that it lies in; one that is there is no error
	NewFolder(name string) error                  // of two who make one at once, one gets fs.ErrExist
	Create(name string) (File, error)             // empty, whatever it held before
	Extend(name string, size int64) (File, error) // what is written comes behind its first size bytes; the rest is cut off
	Rename(from, to string) error
	Remove(name string) error
	SyncFolder(name string) error
	Lock(name string) (io.Closer, error) // of the one who writes; an error while another does
}

// A File is one that is being written.
type File interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

// OS is the disk of the operating system.
type OS struct{}

func (OS) MakeFolder(name string) error     { return os.MkdirAll(name, 0o777) }
func (OS) NewFolder(name string) error      { return os.Mkdir(name, 0o777) }
func (OS) Create(name string) (File, error) { return os.Create(name) }
func (OS) Extend(name string, size int64) (File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err = f.Truncate(size); err == nil {
		_, err = f.Seek(size, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (OS) Rename(from, to string) error { return os.Rename(from, to) }
func (OS) Remove(name string) error     { return os.Remove(name) }

// SyncFolder makes the names in a folder outlast a crash, where the system
// can do that.
func (OS) SyncFolder(name string) error {
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

// writeWhole is WriteVia with the temporary name that sweep knows.
func writeWhole(d Disk, name string, write func(io.Writer) error) error {
	return WriteVia(d, name+temporaryEnd, name, write)
}

// WriteVia gives a file its content so that at any moment, also after a crash, the
// name stands for all of it or for what was there before: it is written under a
// temporary name in the same folder, which must be nobody else's, and renamed. When
// anything fails, which the error says, the temporary file is removed.
func WriteVia(d Disk, temporary, name string, write func(io.Writer) error) error {
	f, err := d.Create(temporary)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(f, 1<<16)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = d.Rename(temporary, name)
	}
	if err != nil {
		d.Remove(temporary)
		return err
	}
	return d.SyncFolder(filepath.Dir(name))
}

// temporaryEnd ends the name of a file that is being written.
const temporaryEnd = ".tmp"

// whole is the content of writeWhole that is there already.
func whole(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}
