package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C gen . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel

// fast returns the kernels of this architecture, the fastest first, with
// whether this CPU runs them.
func fast() []candidate {
	return []candidate{
		{avx512.kernel("avx512"), cpu.X86.HasAVX512F},
		{avx2.kernel("avx2"), cpu.X86.HasAVX2 && cpu.X86.HasFMA},
	}
}

// An extension is a vector extension: the lanes of a vector, and how many rows
// its largest tile has.
type extension struct{ lanes, rows int }

var (
	avx512 = &extension{lanes: 16, rows: 12}
	avx2   = &extension{lanes: 8, rows: 6}
)

func (x *extension) kernel(name string) *Kernel {
	return &Kernel{
		Name: name, Product: x.product,
		ReLU: x.relu, ReLUGrad: x.reluGrad, Add: x.add, AddRows: x.addRows,
		MaxPool: x.maxPool, MaxPoolGrad: x.maxPoolGrad, Peak: x.peak,
		SquareRows: x.squareRows, DotRows: x.dotRows,
		Affine: x.affine, AffineGrad: x.affineGrad,
		SGD: x.sgd, Adam: x.adam,
		Finite: x.finite, Exps: x.exps,
	}
}

// lanes256 holds a mask for every number of lanes: n of them begin at 8−n.
var lanes256 = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// product is Kernel.Product: C in tiles, as even in height as they can be, panel
// after panel of two vectors, so that a panel of B stays in the first cache.
func (x *extension) product(p Product, c, a, b []float32) {
	if p.empty() {
		return
	}
	p.check(c, a, b)
	t := newTile(p)
	tiles := (p.M + x.rows - 1) / x.rows
	for n := 0; n < p.N; n += 2 * x.lanes {
		vectors := min(2, (p.N-n+x.lanes-1)/x.lanes)
		last := min(x.lanes, p.N-n-(vectors-1)*x.lanes) // lanes of the last vector
		t.b = &b[n]
		for r := range p.R {
			for i := range tiles {
				m, end := i*p.M/tiles, (i+1)*p.M/tiles
				t.a, t.c = &a[r*p.AR+m*p.AM], &c[r*p.CR+m*p.CM+n]
				x.tile(&t, end-m, vectors, last)
			}
		}
	}
}

func (x *extension) tile(t *tile, rows, vectors, last int) {
	arg := (*byte)(unsafe.Pointer(t))
	switch {
	case x.lanes == 16:
		t.mask = 1<<last - 1
		product512(rows, vectors, arg)
	case last == 8:
		product256(rows, vectors, arg)
	default:
		t.mask = uintptr(unsafe.Pointer(&lanes256[8-last]))
		product256mask(rows, vectors, arg)
	}
}
