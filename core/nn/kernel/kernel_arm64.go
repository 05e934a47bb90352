package kernel

import "unsafe"

//go:generate go run -C gen . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel

// fast returns the kernels of this architecture besides the portable one:
// every arm64 CPU has NEON, vectors of four floats.
func fast() []candidate { return []candidate{{neon, true}} }

var neon = &Kernel{
	Name: "neon", Product: neonTiling.product, DepthWise: neonDepthWise,
	ReLU: neonReLU, ReLUGrad: neonReLUGrad, Clamp: neonClamp, Blend: neonBlend, Add: neonAdd, AddRows: neonAddRows,
	MaxPool: neonMaxPool, MaxPoolGrad: neonMaxPoolGrad, MaxWindow: neonMaxWindow, Transpose: neonTranspose, Peak: neonPeak,
	SquareRows: neonSquareRows, DotRows: neonDotRows,
	Affine: neonAffine, Standardise: neonStandardise, AffineGrad: neonAffineGrad,
	SGD: neonSGD, Adam: neonAdam, Adadelta: neonAdadelta,
	Finite: neonFinite, Exps: neonExps, Sigmoid: neonSigmoid,
}

const (
	lanes                 = 4
	tileRows, tileVectors = 6, 4 // of the largest tile
)

var neonTiling = &tiling{lanes: lanes, rows: tileRows, group: 2, rowSteps: steps}

// columns: a panel is up to four vectors wide; then come two columns, then one.
func (x *tiling) columns(_ bool, left int) int {
	switch {
	case left >= lanes:
		return min(left&^(lanes-1), tileVectors*lanes)
	case left >= 2:
		return 2
	}
	return left
}

func (x *tiling) run(t *tile, rows, columns int) {
	product128(rows, columns, (*byte)(unsafe.Pointer(t)))
}
