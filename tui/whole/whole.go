// Package whole writes files of people's own, outside of records, as records are
// written: at any moment a name stands for all of the new content or for what was
// there before, never for a part of either.
package whole

import (
	"crypto/rand"
	"io"
	"path/filepath"

	"padlab/core/record"
)

// Write gives the file of that path the content that write puts out. Any number of
// processes may do so at once: the last one's stays. Where path is a symbolic link,
// what it leads to is written. The error is that of write or of the file system.
func Write(path string, write func(io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return record.WriteVia(record.OS{}, path+"."+rand.Text()[:8]+".tmp", path, write)
}
