package nn

import "fmt"

// ReLU is y = max(x, 0), elementwise. NaN stays NaN.
type ReLU struct {
	plain
	done bool // by the convolution before it
}

// NewReLU returns the layer for samples of shape in.
func NewReLU(name string, in Shape) *ReLU { return &ReLU{plain: plain{name, in, in}} }

func (l *ReLU) Kind() string           { return "ReLU" }
func (l *ReLU) Role() Role             { return Activation }
func (l *ReLU) Reads(a Axis) []Reading { return l.same(a) }

// Retains: y > 0 says all that Backward needs to know of x.
func (l *ReLU) Retains() (x, y bool) { return false, true }
func (l *ReLU) InPlace() bool        { return true }

func (l *ReLU) Forward(c *Call) {
	if !l.done || c.Apart {
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

// Clamp is y = low where x < low, high where x > high, and x elsewhere, elementwise: ReLU6
// is from 0 to 6. NaN stays NaN.
type Clamp struct {
	plain
	low, high float32
}

// NewClamp returns the layer for samples of shape in. It panics unless low ≤ high.
func NewClamp(name string, in Shape, low, high float32) *Clamp {
	if !(low <= high) {
		panic(fmt.Sprintf("nn: %s: from %g to %g", name, low, high))
	}
	return &Clamp{plain{name, in, in}, low, high}
}

func (l *Clamp) Kind() string           { return "clip" }
func (l *Clamp) Role() Role             { return Activation }
func (l *Clamp) Reads(a Axis) []Reading { return l.same(a) }

// Retains: y lies between the bounds where x does.
func (l *Clamp) Retains() (x, y bool) { return false, true }
func (l *Clamp) InPlace() bool        { return true }

func (l *Clamp) Forward(c *Call) { c.Clamp(c.Y, c.X[0], l.low, l.high) }

// Backward is dx = dy where low < y < high, and 0 elsewhere.
func (l *Clamp) Backward(c *Call) {
	dx := c.DX[0]
	if dx == nil {
		return
	}
	for i, v := range c.DY {
		if y := c.Y[i]; !(y > l.low && y < l.high) {
			v = 0
		}
		dx[i] = v
	}
}

// LeakyReLU is y = x where x > 0, and slope·x elsewhere, elementwise.
type LeakyReLU struct {
	plain
	slope float32
}

// NewLeakyReLU returns the layer for samples of shape in. It panics when slope
// is negative: y would no longer tell on which side of 0 x was.
func NewLeakyReLU(name string, in Shape, slope float32) *LeakyReLU {
	if !(slope >= 0) {
		panic(fmt.Sprintf("nn: %s: a slope of %g", name, slope))
	}
	return &LeakyReLU{plain{name, in, in}, slope}
}

func (l *LeakyReLU) Kind() string           { return "leaky ReLU" }
func (l *LeakyReLU) Role() Role             { return Activation }
func (l *LeakyReLU) Reads(a Axis) []Reading { return l.same(a) }

// Retains: y > 0 where x > 0.
func (l *LeakyReLU) Retains() (x, y bool) { return false, true }
func (l *LeakyReLU) InPlace() bool        { return true }

func (l *LeakyReLU) Forward(c *Call) {
	y := c.Y
	for i, v := range c.X[0] {
		if !(v > 0) {
			v *= l.slope
		}
		y[i] = v
	}
}

// Backward is dx = dy where y > 0, and slope·dy elsewhere.
func (l *LeakyReLU) Backward(c *Call) {
	dx := c.DX[0]
	if dx == nil {
		return
	}
	for i, v := range c.DY {
		if !(c.Y[i] > 0) {
			v *= l.slope
		}
		dx[i] = v
	}
}

// Sigmoid is y = 1/(1+e⁻ˣ), elementwise, in float64 and rounded once.
type Sigmoid struct{ plain }

// NewSigmoid returns the layer for samples of shape in.
func NewSigmoid(name string, in Shape) *Sigmoid { return &Sigmoid{plain{name, in, in}} }

func (l *Sigmoid) Kind() string           { return "sigmoid" }
func (l *Sigmoid) Role() Role             { return Activation }
func (l *Sigmoid) Reads(a Axis) []Reading { return l.same(a) }

func (l *Sigmoid) Retains() (x, y bool) { return false, true }
func (l *Sigmoid) InPlace() bool        { return true }

func (l *Sigmoid) Forward(c *Call) { c.Sigmoid(c.Y, c.X[0]) }

// Backward is dx = dy·y·(1−y).
func (l *Sigmoid) Backward(c *Call) {
	dx := c.DX[0]
	if dx == nil {
		return
	}
	for i, v := range c.DY {
		y := c.Y[i]
		dx[i] = v * (y * (1 - y))
	}
}

// Add is y = x₀ + x₁: what joins the branches of a residual block.
type Add struct{ plain }

// NewAdd returns the layer for two inputs of shape in.
func NewAdd(name string, in Shape) *Add { return &Add{plain{name, in, in}} }

func (l *Add) Kind() string           { return "add" }
func (l *Add) Reads(a Axis) []Reading { return l.same(a) }

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
