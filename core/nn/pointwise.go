package nn

import "padlab/core/nn/kernel"

// ReLU is y = max(x, 0), elementwise. NaN stays NaN.
type ReLU struct{ plain }

// NewReLU returns the layer for samples of shape in.
func NewReLU(name string, in Shape) *ReLU { return &ReLU{plain{name, in, in}} }

// InPlace: y > 0 says all that Backward needs to know of x.
func (l *ReLU) InPlace() bool { return true }

func (l *ReLU) Forward(k *kernel.Kernel, _ Weights, y, x []float32, _ Scratch) { k.ReLU(y, x) }

// Backward is dx = dy where y > 0, and 0 elsewhere (also at x = 0, as in
// PyTorch).
func (l *ReLU) Backward(k *kernel.Kernel, _ Weights, _, dx, dy, y, _ []float32, _ Scratch) {
	if dx != nil {
		k.ReLUGrad(dx, dy, y)
	}
}
