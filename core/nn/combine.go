package nn

import (
	"fmt"
	"slices"
)

// An Operation is a function of two numbers, with its derivatives by each.
type Operation struct {
	Kind   string
	F      func(a, b float32) float32
	DA, DB func(a, b float32) float32 // nil: 0 everywhere
}

// Combine applies an operation to the values of two blocks of any number of
// dimensions, either of which may be repeated along some of them:
//
//	y[i₀][i₁]… = f(a[i₀·A₀ + i₁·A₁ + …], b[i₀·B₀ + i₁·B₁ + …])
//
// One of them may be a constant, or weights that are learnt.
type Combine struct {
	plain
	op        Operation
	ins       []Shape
	dims      []int
	steps     [2][]int
	constant  []float32 // or nil: there are two inputs, or weights
	weights   int       // how many there are
	param     Param
	left      bool // the constant, or the weights, are a
	pixelwise bool
}

// A CombineSpec says how the blocks of a Combine lie over each other: Dims of the
// output, outermost first, and the steps of both operands, 0 where one is
// repeated. Where there is but one input, either Constant or Weights are the
// other operand, the first where Left.
type CombineSpec struct {
	Dims     []int
	Steps    [2][]int
	Constant []float32
	Weights  int
	Left     bool
}

// NewCombine returns the layer for one or two inputs. It panics unless the spec
// fits them.
func NewCombine(name string, op Operation, out Shape, s CombineSpec, in ...Shape) *Combine {
	l := &Combine{plain: plain{name, in[0], out}, op: op, ins: in, constant: s.Constant, weights: s.Weights, left: s.Left}
	n := 1
	for _, d := range s.Dims {
		n *= d
	}
	if n != out.Len() {
		panic(fmt.Sprintf("nn: %s: dimensions %v make no %v", name, s.Dims, out))
	}
	if s.Weights > 0 {
		l.param = Param{Name: name + ".weight", Shape: []int{s.Weights}, Start: 1}
	}
	// Dimensions that go on where the next one ends are one with it.
	for i, d := range slices.Backward(s.Dims) {
		if d == 1 {
			continue
		}
		if len(l.dims) > 0 && s.Steps[0][i] == l.steps[0][0]*l.dims[0] && s.Steps[1][i] == l.steps[1][0]*l.dims[0] {
			l.dims[0] *= d
			continue
		}
		l.dims = slices.Insert(l.dims, 0, d)
		l.steps[0], l.steps[1] = slices.Insert(l.steps[0], 0, s.Steps[0][i]), slices.Insert(l.steps[1], 0, s.Steps[1][i])
	}
	if len(l.dims) == 0 {
		l.dims, l.steps = []int{1}, [2][]int{{0}, {0}}
	}
	l.pixelwise = true
	for i, one := range in {
		steps := s.Steps[i]
		if len(in) == 1 && s.Left {
			steps = s.Steps[1]
		}
		l.pixelwise = l.pixelwise && l.covers(one, s.Dims, steps)
	}
	// What is read along an axis is said of the first input: the larger one.
	return l
}

// covers reports whether an operand lies over the output pixel by pixel, or is
// repeated along a whole axis.
func (l *Combine) covers(in Shape, dims, steps []int) bool {
	fits := func(n, of int) bool { return n == of || n == 1 }
	if !fits(in.H, l.out.H) || !fits(in.W, l.out.W) || !fits(in.C, l.out.C) {
		return false
	}
	want := func(outStep int) int { // of a dimension that lies so far apart in the output
		switch {
		case outStep >= l.out.W*l.out.C:
			if in.H == 1 {
				return 0
			}
			return outStep / (l.out.W * l.out.C) * in.W * in.C
		case outStep >= l.out.C:
			if in.W == 1 {
				return 0
			}
			return outStep / l.out.C * in.C
		}
		if in.C == 1 {
			return 0
		}
		return outStep
	}
	step := 1
	for i, d := range slices.Backward(dims) {
		if d > 1 && steps[i] != want(step) {
			return false
		}
		step *= d
	}
	return true
}

func (l *Combine) Kind() string { return l.op.Kind }
func (l *Combine) In() []Shape  { return l.ins }

func (l *Combine) Role() Role {
	if len(l.ins) == 1 && l.pixelwise {
		return Scaling
	}
	return Mixing
}

func (l *Combine) Window(Axis) Window {
	if l.pixelwise {
		return Window{Size: 1, Stride: 1, Dilation: 1}
	}
	return whole
}

// Reads: an input of a single position along an axis is read there by all.
func (l *Combine) Reads(a Axis) []Reading {
	list := make([]Reading, a.Of(l.out))
	most := 0
	for _, in := range l.ins {
		most = max(most, a.Of(in))
	}
	if !l.pixelwise {
		return allOf(most, len(list))
	}
	for o := range list {
		list[o] = at(min(o, most-1))
	}
	return list
}

func (l *Combine) Retains() (x, y bool) { return true, false }

func (l *Combine) Params() []Param {
	if l.weights == 0 {
		return nil
	}
	return []Param{l.param}
}

// operands are those of sample i.
func (l *Combine) operands(c *Call, i int) (a, b []float32) {
	first := cut(c.X[0], l.ins[0].Len(), i, i+1)
	var second []float32
	switch {
	case len(l.ins) == 2:
		return first, cut(c.X[1], l.ins[1].Len(), i, i+1)
	case l.weights > 0:
		second = c.W
	default:
		second = l.constant
	}
	if l.left {
		return second, first
	}
	return first, second
}

// rows calls f for every row along the innermost dimension: where it begins in
// y and in both operands.
func (l *Combine) rows(f func(y, a, b int)) {
	last := len(l.dims) - 1
	index, y := make([]int, last), 0
	for {
		a, b := 0, 0
		for d, i := range index {
			a, b = a+i*l.steps[0][d], b+i*l.steps[1][d]
		}
		f(y, a, b)
		y += l.dims[last]
		d := last - 1
		for ; d >= 0; d-- {
			if index[d]++; index[d] < l.dims[d] {
				break
			}
			index[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

func (l *Combine) Forward(c *Call) {
	last := len(l.dims) - 1
	n, sa, sb, f := l.dims[last], l.steps[0][last], l.steps[1][last], l.op.F
	for i := range c.N {
		a, b := l.operands(c, i)
		y := cut(c.Y, l.out.Len(), i, i+1)
		l.rows(func(at, i, j int) {
			to := y[at : at+n]
			switch {
			case sa == 1 && sb == 1 && l.op.Kind == "mul":
				x, z := a[i:i+n], b[j:j+n]
				for k := range to {
					to[k] = x[k] * z[k]
				}
			case sa == 1 && sb == 1 && l.op.Kind == "add":
				x, z := a[i:i+n], b[j:j+n]
				for k := range to {
					to[k] = x[k] + z[k]
				}
			default:
				for k := range to {
					to[k] = f(a[i], b[j])
					i, j = i+sa, j+sb
				}
			}
		})
	}
}

// back adds dy·∂f to what each value of an operand came from.
func (l *Combine) back(c *Call, i int, operand int, to []float32) {
	last := len(l.dims) - 1
	n, sa, sb, f := l.dims[last], l.steps[0][last], l.steps[1][last], l.op.DA
	if operand == 1 {
		f = l.op.DB
	}
	if f == nil {
		return
	}
	a, b := l.operands(c, i)
	dy := cut(c.DY, l.out.Len(), i, i+1)
	l.rows(func(at, i, j int) {
		for k := range n {
			where := i
			if operand == 1 {
				where = j
			}
			to[where] += float32(dy[at+k] * f(a[i], b[j]))
			i, j = i+sa, j+sb
		}
	})
}

// Backward is dx = Σ dy·∂f/∂x over all places where x stands.
func (l *Combine) Backward(c *Call) {
	for j, dx := range c.DX {
		if dx == nil {
			continue
		}
		clear(dx)
		operand := j
		if len(l.ins) == 1 && l.left {
			operand = 1
		}
		for i := range c.N {
			l.back(c, i, operand, cut(dx, l.ins[j].Len(), i, i+1))
		}
	}
}

// Gradient is dw = Σ dy·∂f/∂w over all places where w stands and all samples.
func (l *Combine) Gradient(c *Call, dw []float32, part, _ int) {
	if l.weights == 0 || part > 0 {
		return
	}
	if c.Fresh {
		clear(dw[:l.weights])
	}
	operand := 1
	if l.left {
		operand = 0
	}
	for i := range c.N {
		l.back(c, i, operand, dw)
	}
}

func (b *Builder) Combine(name string, op Operation, out Shape, s CombineSpec, x ...Output) Output {
	shapes := make([]Shape, len(x))
	for i := range x {
		shapes[i] = b.Shape(x[i])
	}
	return b.add(NewCombine(name, op, out, s, shapes...), nil, x...)
}
