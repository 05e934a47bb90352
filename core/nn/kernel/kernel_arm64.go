package kernel

import "unsafe"

//go:generate go run -C gen . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel

// fast returns the kernels of this architecture besides the portable one:
// every arm64 CPU has NEON, vectors of four floats.
func fast() []candidate { return []candidate{{neon, true}} }

var neon = &Kernel{
	Name: "neon", Product: neonProduct,
	ReLU: neonReLU, ReLUGrad: neonReLUGrad, Add: neonAdd, AddRows: neonAddRows,
	MaxPool: neonMaxPool, MaxPoolGrad: neonMaxPoolGrad, Peak: neonPeak,
	SquareRows: neonSquareRows, DotRows: neonDotRows,
	Affine: neonAffine, AffineGrad: neonAffineGrad,
	SGD: neonSGD, Adam: neonAdam,
	Finite: neonFinite, Exps: neonExps,
}

const (
	lanes                 = 4
	tileRows, tileVectors = 6, 4 // of the largest tile
)

// columns is how many columns the next panel takes where left are left: whole
// vectors, then two, then one.
func columns(left int) int {
	switch {
	case left >= lanes:
		return min(left&^(lanes-1), tileVectors*lanes)
	case left >= 2:
		return 2
	}
	return left
}

// neonProduct is Kernel.Product: C in tiles, as even in height as they can be,
// panel after panel of columns, so that a panel of B stays in the first cache.
func neonProduct(p Product, c, a, b []float32) {
	if p.empty() {
		return
	}
	p.check(c, a, b)
	t := newTile(p)
	arg := (*byte)(unsafe.Pointer(&t))
	tiles := (p.M + tileRows - 1) / tileRows
	for n, width := 0, 0; n < p.N; n += width {
		width = columns(p.N - n)
		t.b = &b[n]
		for r := range p.R {
			for i := range tiles {
				m, end := i*p.M/tiles, (i+1)*p.M/tiles
				t.a, t.c = &a[r*p.AR+m*p.AM], &c[r*p.CR+m*p.CM+n]
				product128(end-m, width, arg)
			}
		}
	}
}
