package cli

import "golang.org/x/sys/unix"

// stepBack lets the thread that calls it work when no other wants to, or nearly so: at
// nice 10 training gets what screens leave, and still a tenth of a machine on which
// others compute.
func stepBack() {
	unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 10) // else it works as others do
}
