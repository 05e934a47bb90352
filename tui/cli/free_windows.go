package cli

import (
	"math"

	"golang.org/x/sys/windows"
)

// freeBytes is how many bytes the disk of a folder has left for us, if it says.
func freeBytes(dir string) (n int64, known bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	if windows.GetDiskFreeSpaceEx(name, &free, nil, nil) != nil {
		return 0, false
	}
	return int64(min(free, math.MaxInt64)), true
}
