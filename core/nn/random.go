package nn

import "fmt"

// Dropout sets every value to 0 with probability p, in training, and divides
// the others by 1−p (Srivastava et al. 2014):
//
//	y = x·m,   m = 0 or 1/(1−p)
//
// Elsewhere y = x. What a sample loses depends on the seed, the layer's name,
// the step and the sample's place in the batch.
type Dropout struct {
	plain
	p, scale float32 // the probability, and 1/(1−p)
	purpose  string
}

// NewDropout returns the layer; it is an error unless 0 ≤ p < 1.
func NewDropout(name string, in Shape, p float64) (*Dropout, error) {
	if !(p >= 0 && float32(p) < 1) {
		return nil, fmt.Errorf("%s: a dropout of %g; it must be at least 0 and below 1", name, p)
	}
	return &Dropout{plain{name, in, in}, float32(p), float32(1 / (1 - p)), "dropout " + name}, nil
}

func (l *Dropout) Kind() string           { return "dropout" }
func (l *Dropout) Role() Role             { return Random }
func (l *Dropout) Reads(a Axis) []Reading { return l.same(a) }

func (l *Dropout) InPlace() bool { return true }

// Sizes: Saved is m.
func (l *Dropout) Sizes() Sizes { return Sizes{Saved: l.in.Len()} }

func (l *Dropout) Forward(c *Call) {
	if !c.Training {
		if &c.Y[0] != &c.X[0][0] {
			copy(c.Y, c.X[0])
		}
		return
	}
	n := l.in.Len()
	for i := range c.N {
		s := c.source(l.purpose, i)
		x, y, m := c.X[0][i*n:(i+1)*n], c.Y[i*n:(i+1)*n], c.Saved[i*n:(i+1)*n]
		for j, v := range x {
			m[j] = l.scale
			if s.Float32() < l.p {
				m[j] = 0
			}
			y[j] = v * m[j]
		}
	}
}

// Backward is dx = dy·m.
func (l *Dropout) Backward(c *Call) {
	dx := c.DX[0]
	if dx == nil {
		return
	}
	for i, v := range c.DY {
		dx[i] = v * c.Saved[i]
	}
}

// Permute puts the channels of a vector in an order that is drawn anew for
// every forward pass of every sample, in training and outside it:
//
//	y[c] = x[π(c)]
//
// so that what follows learns nothing from which channel it is. π depends on
// the seed, the layer's name, the step and the sample's place in the batch.
type Permute struct {
	plain
	purpose string
}

// NewPermute returns the layer; it is an error unless in is 1×1×C.
func NewPermute(name string, in Shape) (*Permute, error) {
	if in.H != 1 || in.W != 1 {
		return nil, fmt.Errorf("%s: only the channels of a 1×1 picture are permuted, not those of %v", name, in)
	}
	return &Permute{plain{name, in, in}, "permutation " + name}, nil
}

func (l *Permute) Kind() string           { return "permute" }
func (l *Permute) Role() Role             { return Random }
func (l *Permute) Reads(a Axis) []Reading { return l.same(a) }

// Sizes: Indices are π.
func (l *Permute) Sizes() Sizes { return Sizes{Indices: l.in.C} }

func (l *Permute) Forward(c *Call) {
	n := l.in.C
	for i := range c.N {
		s, order := c.source(l.purpose, i), c.Indices[i*n:(i+1)*n]
		s.Permutation(order)
		for j, from := range order {
			c.Y[i*n+j] = c.X[0][i*n+int(from)]
		}
	}
}

// Backward is dx[π(c)] = dy[c].
func (l *Permute) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	n := l.in.C
	for i := range c.N {
		for j, from := range c.Indices[i*n : (i+1)*n] {
			c.DX[0][i*n+int(from)] = c.DY[i*n+j]
		}
	}
}
