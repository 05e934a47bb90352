//go:build unix

package record

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes the lock of an open file, which the system gives up when the
// process ends, however it ends; shared: beside others who share it. False:
// somebody else has it.
func tryLock(f *os.File, shared bool) (bool, error) {
	how := unix.LOCK_EX
	if shared {
		how = unix.LOCK_SH
	}
	err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return false, nil
	case errors.Is(err, errors.ErrUnsupported): // some network file systems have no locks
		return true, nil
	}
	return err == nil, err
}
