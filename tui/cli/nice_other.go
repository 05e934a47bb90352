//go:build !linux

package cli

// stepBack does nothing where threads have no priority of their own.
func stepBack() {}
