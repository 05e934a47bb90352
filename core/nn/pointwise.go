package nn

// ReLU is y = max(x, 0), elementwise. NaN stays NaN.
type ReLU struct {
	plain
	done bool // by the convolution before it
}

// NewReLU returns the layer for samples of shape in.
func NewReLU(name string, in Shape) *ReLU { return &ReLU{plain: plain{name, in, in}} }

// Reads: y > 0 says all that Backward needs to know of x.
func (l *ReLU) Reads() (x, y bool) { return false, true }
func (l *ReLU) InPlace() bool      { return true }

func (l *ReLU) Forward(c *Call) {
	if !l.done {
		c.ReLU(c.Y, c.X[0])
	}
}

// Backward is dx = dy where y > 0, and 0 elsewhere (also at x = 0, as in
// PyTorch).
func (l *ReLU) Backward(c *Call) {
	if c.DX[0] != nil {
		c.ReLUGrad(c.DX[0], c.DY, c.Y)
	}
}

// Add is y = x₀ + x₁: what joins the branches of a residual block.
type Add struct{ plain }

// NewAdd returns the layer for two inputs of shape in.
func NewAdd(name string, in Shape) *Add { return &Add{plain{name, in, in}} }

func (l *Add) In() []Shape   { return []Shape{l.in, l.in} }
func (l *Add) InPlace() bool { return true }

func (l *Add) Forward(c *Call) {
	if &c.Y[0] != &c.X[0][0] {
		copy(c.Y, c.X[0])
	}
	c.Add(c.Y, c.X[1])
}

// Backward is dx₀ = dx₁ = dy.
func (l *Add) Backward(c *Call) {
	for _, dx := range c.DX {
		if dx != nil && &dx[0] != &c.DY[0] {
			copy(dx, c.DY)
		}
	}
}
