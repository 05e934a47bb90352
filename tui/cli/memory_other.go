//go:build !linux && !darwin

package cli

// machineMemory is not known here: nothing is refused for the memory that it
// needs.
func machineMemory() int64 { return 0 }
