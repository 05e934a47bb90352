package nn

// A Function is a function of one number, with its derivative.
type Function struct {
	Kind  string
	F     func(x float32) float32
	Slope func(x float32) float32 // nil: 0 everywhere
}

// Map applies a function to every value.
type Map struct {
	plain
	f Function
}

// NewMap returns the layer.
func NewMap(name string, in Shape, f Function) *Map { return &Map{plain{name, in, in}, f} }

func (l *Map) Kind() string           { return l.f.Kind }
func (l *Map) Role() Role             { return Activation }
func (l *Map) Reads(a Axis) []Reading { return l.same(a) }
func (l *Map) Retains() (x, y bool)   { return true, false }

func (l *Map) Forward(c *Call) {
	y := c.Y[:len(c.X[0])]
	for i, v := range c.X[0] {
		y[i] = l.f.F(v)
	}
}

// Backward is dx = dy·f′(x).
func (l *Map) Backward(c *Call) {
	dx := c.DX[0]
	if dx == nil {
		return
	}
	if l.f.Slope == nil {
		clear(dx)
		return
	}
	for i, v := range c.X[0] {
		dx[i] = c.DY[i] * l.f.Slope(v)
	}
}

func (b *Builder) Map(name string, x Output, f Function) Output {
	return b.add(NewMap(name, b.Shape(x), f), nil, x)
}
