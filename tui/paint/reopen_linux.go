package paint

import (
	"fmt"
	"os"
)

// reopen opens a terminal once more, for itself: what is set of it, such as that
// reads do not block, is not set for others who have it. It returns nil where that
// cannot be.
func reopen(f *os.File) *os.File {
	again, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	if err != nil {
		return nil
	}
	return again
}
