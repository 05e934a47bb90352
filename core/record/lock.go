package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Lock lets one process at a time write a record. The error says which one does.
// Closing gives the lock up and takes its file away.
func (OS) Lock(name string) (io.Closer, error) {
	for tries := 0; ; tries++ {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		ours, err := tryLock(f, false)
		switch {
		case err != nil:
			f.Close()
			return nil, err
		case !ours && tries < lockTries: // somebody may only be looking
			f.Close()
			time.Sleep(time.Millisecond)
			continue
		case !ours:
			holder, _ := io.ReadAll(io.LimitReader(f, 64))
			f.Close()
			return nil, &heldError{strings.TrimSpace(string(holder))}
		}
		// Whoever had it may have taken the file away since we opened it.
		opened, err := f.Stat()
		if now, nowErr := os.Stat(name); err != nil || nowErr != nil || !os.SameFile(opened, now) {
			f.Close()
			continue
		}
		if err := f.Truncate(0); err == nil {
			fmt.Fprintf(f, "process %d\n", os.Getpid())
		}
		return &held{f, name}, nil
	}
}

// A heldError says who has the lock.
type heldError struct{ holder string }

func (e *heldError) Error() string { return "another run is being written there, by " + e.holder }

// Holder returns who has a lock, "process 12", when that is what the error of Lock
// says.
func Holder(err error) (holder string, held bool) {
	if e := (*heldError)(nil); errors.As(err, &e) {
		return e.holder, true
	}
	return "", false
}

// lockTries is how often a lock that is taken is tried again.
const lockTries = 3

// locked reports whether somebody holds the lock of a name. Where there are no
// locks nobody does.
func locked(name string) bool {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	free, err := tryLock(f, true)
	return err == nil && !free
}

// held is a lock that we have.
type held struct {
	file *os.File
	name string
}

func (h *held) Close() error {
	os.Remove(h.name) // while it is ours; on Windows an open file stays, and is found empty later
	return h.file.Close()
}
