//go:build linux || darwin

package cli

import "golang.org/x/sys/unix"

// freeBytes is how many bytes the disk of a folder has left for us, if it says.
func freeBytes(dir string) (n int64, known bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil || s.Blocks == 0 {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
