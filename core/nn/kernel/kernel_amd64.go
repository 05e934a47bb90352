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

// An extension is a vector extension.
type extension struct{ tiling }

var (
	avx512 = &extension{tiling{lanes: 16, rows: 12, group: 4, rowSteps: 12}}
	avx2   = &extension{tiling{lanes: 8, rows: 6, group: 2, rowSteps: 12}}
)

func (x *extension) kernel(name string) *Kernel {
	return &Kernel{
		Name: name, Product: x.product, DepthWise: x.depthWise,
		ReLU: x.relu, ReLUGrad: x.reluGrad, Clamp: x.clamp, Blend: x.blend, Add: x.add, AddRows: x.addRows,
		MaxPool: x.maxPool, MaxPoolGrad: x.maxPoolGrad, MaxWindow: x.maxWindow, Transpose: x.transpose, Peak: x.peak,
		SquareRows: x.squareRows, DotRows: x.dotRows,
		Affine: x.affine, Standardise: x.standardise, AffineGrad: x.affineGrad,
		SGD: x.sgd, Adam: x.adam, Adadelta: x.adadelta,
		Finite: x.finite, Exps: x.exps, Sigmoid: x.sigmoid,
	}
}

// lanes256 holds a mask for every number of lanes: n of them begin at 8−n.
var lanes256 = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// columns: a panel is two vectors wide, and eight where C is one row.
func (x *tiling) columns(row bool, left int) int {
	if row && left >= 8*x.lanes {
		return 8 * x.lanes
	}
	return min(left, 2*x.lanes)
}

func (x *tiling) run(t *tile, rows, columns int) {
	arg := (*byte)(unsafe.Pointer(t))
	vectors := (columns + x.lanes - 1) / x.lanes
	last := columns - (vectors-1)*x.lanes
	switch {
	case vectors == 8 && x.lanes == 16:
		product512x1x8(arg)
	case vectors == 8:
		product256x1x8(arg)
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
