package record

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// Lock lets one process at a time write a record. The error says which one does.
// Closing gives the lock up and takes its file away.
func (OS) Lock(name string) (io.Closer, error) {
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		ours, err := tryLock(f)
		switch {
		case err != nil:
			f.Close()
			return nil, err
		case !ours:
			holder, _ := io.ReadAll(io.LimitReader(f, 64))
			f.Close()
			return nil, fmt.Errorf("another run is being written there, by %s", strings.TrimSpace(string(holder)))
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

// held is a lock that we have.
type held struct {
	file *os.File
	name string
}

func (h *held) Close() error {
	os.Remove(h.name) // while it is ours; on Windows an open file stays, and is found empty later
	return h.file.Close()
}
