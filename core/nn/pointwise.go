package nn

import "padlab/core/nn/kernel"

// ReLU is y = max(x, 0), elementwise. NaN stays NaN.
type ReLU struct{ plain }

// NewReLU returns the layer for samples of shape in.
func NewReLU(name string, in Shape) *ReLU { return &ReLU{plain{name, in, in}} }

func (l *ReLU) Forward(_ *kernel.Kernel, _ Weights, y, x []float32, _ Scratch) {
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		y[i] = v
	}
}

// Backward is dx = dy where y > 0, and 0 elsewhere (also at x = 0, as in
// PyTorch).
func (l *ReLU) Backward(_ *kernel.Kernel, _ Weights, _, dx, dy, y, _ []float32, _ Scratch) {
	if dx == nil {
		return
	}
	for i, v := range y {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}
