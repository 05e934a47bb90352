package nn

import (
	"fmt"

	"padlab/core/nn/kernel"
)

// MaxPool takes the largest of every 2×2 pixels, channel by channel,
//
//	y[i][j][c] = max x[2i+a][2j+b][c],  a, b ∈ {0, 1}
//
// An odd last row or column is dropped, as in PyTorch. The first of equal
// values in row-major order wins, and NaN wins over all.
type MaxPool struct{ plain }

// NewMaxPool returns the layer; it is an error when the picture has less than
// two rows or columns.
func NewMaxPool(name string, in Shape) (*MaxPool, error) {
	if in.H < 2 || in.W < 2 {
		return nil, fmt.Errorf("%s: 2×2 pooling does not fit in %d×%d pixels", name, in.H, in.W)
	}
	return &MaxPool{plain{name, in, Shape{in.H / 2, in.W / 2, in.C}}}, nil
}

func (l *MaxPool) Window() Window { return Window{Size: 2, Stride: 2} }

// Sizes: the scratch remembers, for each output, which of the four inputs won.
func (l *MaxPool) Sizes() (packed, floats, ints int) { return 0, 0, l.out.Len() }

func (l *MaxPool) Forward(k *kernel.Kernel, _ Weights, y, x []float32, s Scratch) {
	k.MaxPool(y, s.I, x, l.in.H, l.in.W, l.in.C)
}

// Backward sends each dy to the input that won: windows do not overlap, so
// dx = dy there, and 0 elsewhere.
func (l *MaxPool) Backward(k *kernel.Kernel, _ Weights, _, dx, dy, _, _ []float32, s Scratch) {
	if dx != nil {
		k.MaxPoolGrad(dx, dy, s.I, l.in.H, l.in.W, l.in.C)
	}
}

// GlobalAveragePool is the mean over all pixels,
//
//	y[c] = 1/(H·W) Σ_ij x[i][j][c]
//
// accumulated in float64 and rounded once, so that a picture whose values only
// changed places has the same mean: sums of float32 are exact in float64 while
// their magnitudes span less than about 2²⁰.
type GlobalAveragePool struct{ plain }

// NewGlobalAveragePool returns the layer; its output is 1×1×C.
func NewGlobalAveragePool(name string, in Shape) *GlobalAveragePool {
	return &GlobalAveragePool{plain{name, in, Shape{1, 1, in.C}}}
}

func (l *GlobalAveragePool) Window() Window { return Window{Size: 0, Stride: 1} }

func (l *GlobalAveragePool) Forward(_ *kernel.Kernel, _ Weights, y, x []float32, _ Scratch) {
	pixels := float64(l.in.H * l.in.W)
	for c := range y {
		sum := 0.0
		for i := c; i < len(x); i += l.in.C {
			sum += float64(x[i])
		}
		y[c] = float32(sum / pixels)
	}
}

// Backward is dx[i][j][c] = dy[c]/(H·W).
func (l *GlobalAveragePool) Backward(_ *kernel.Kernel, _ Weights, _, dx, dy, _, _ []float32, _ Scratch) {
	if dx == nil {
		return
	}
	pixels := float32(l.in.H * l.in.W)
	row := dx[:l.in.C]
	for c, v := range dy {
		row[c] = v / pixels
	}
	fillRows(dx[l.in.C:], row)
}
