//go:build amd64 || arm64

package kernel

import "unsafe"

// A tile is the argument of the assembly products: rows × columns elements of
// C. Steps are in bytes. The generators know the order of the fields.
type tile struct {
	a, b, c    *float32
	o, k       int
	ao, am, ak uintptr
	bo, bk     uintptr
	cm         uintptr
	mask       uintptr // AVX-512: the lanes of the last vector; AVX2: the address of eight words; NEON: unused
}

// newTile returns a tile with the steps of p.
func newTile(p Product) tile {
	const size = unsafe.Sizeof(float32(0))
	return tile{
		o: p.O, k: p.K,
		ao: uintptr(p.AO) * size, am: uintptr(p.AM) * size, ak: uintptr(p.AK) * size,
		bo: uintptr(p.BO) * size, bk: uintptr(p.BK) * size, cm: uintptr(p.CM) * size,
	}
}
