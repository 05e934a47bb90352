package nn

// Each is a layer on several pictures of a sample, one below the other: what an
// attention that looks at windows makes of one picture.
type Each struct {
	Layer
	n int
}

func (l Each) scaled(s Shape) Shape { return Shape{s.H * l.n, s.W, s.C} }

func (l Each) Kind() string  { return l.Layer.Kind() + " on each" }
func (l Each) Out() Shape    { return l.scaled(l.Layer.Out()) }
func (l Each) InPlace() bool { return false }

func (l Each) In() []Shape {
	list := make([]Shape, len(l.Layer.In()))
	for i, s := range l.Layer.In() {
		list[i] = l.scaled(s)
	}
	return list
}

// Reads: along the rows each picture reads itself.
func (l Each) Reads(a Axis) []Reading {
	one := l.Layer.Reads(a)
	if a == Columns {
		return one
	}
	var list []Reading
	for i := range l.n {
		for _, r := range one {
			moved := Reading{Padding: r.Padding}
			for _, t := range r.Taps {
				moved.Taps = append(moved.Taps, Tap{t.At + i*l.Layer.In()[0].H, t.Weight})
			}
			list = append(list, moved)
		}
	}
	return list
}

func (l Each) Sizes() Sizes {
	s := l.Layer.Sizes()
	s.Saved, s.Indices, s.Scratch = s.Saved*l.n, s.Indices*l.n, s.Scratch*l.n
	return s
}

// call is that of the layer, whose samples are the pictures.
func (l Each) call(c *Call) *Call {
	one := *c
	one.N, one.First = c.N*l.n, c.First*l.n
	return &one
}

func (l Each) Forward(c *Call)  { l.Layer.Forward(l.call(c)) }
func (l Each) Backward(c *Call) { l.Layer.Backward(l.call(c)) }

func (l Each) Gradient(c *Call, dw []float32, part, parts int) {
	l.Layer.Gradient(l.call(c), dw, part, parts)
}
