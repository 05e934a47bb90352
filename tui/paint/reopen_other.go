//go:build unix && !linux

package paint

import "os"

// reopen returns nil: Go's poller does not know terminals here.
func reopen(*os.File) *os.File { return nil }
