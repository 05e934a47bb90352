//go:build !amd64 && !arm64

package kernel

// fast returns the kernels of this architecture besides the portable one.
func fast() []candidate { return nil }
