package nn

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/exact"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// ForwardOnly is a layer that has no backward pass: a network with one can be
// looked at and read out, but neither be trained nor pass a gradient on.
type ForwardOnly interface {
	Layer
	forwardOnly()
}

// inference is what layers without a backward pass share.
type inference struct{ plain }

func (l *inference) forwardOnly() {}

// Backward panics: whoever trains asks Trains first.
func (l *inference) Backward(*Call) { panic("nn: " + l.name + " has no backward pass") }

// Trains returns an error that names the layers that have no backward pass, if
// there are any.
func Trains(nodes []Node) error {
	var list []string
	for _, n := range nodes {
		l := n.Layer
		if each, ok := l.(Each); ok {
			l = each.Layer
		}
		if _, ok := l.(ForwardOnly); ok {
			list = append(list, fmt.Sprintf("%s (%s)", n.Name(), n.Kind()))
		}
	}
	if len(list) == 0 {
		return nil
	}
	const most = 3
	text := ""
	for i, l := range list[:min(most, len(list))] {
		if i > 0 {
			text += ", "
		}
		text += l
	}
	if more := len(list) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("the network cannot be trained: no gradient passes through %s", text)
}

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

// A Reduction makes one number of several, in float64: it begins with Start, and
// each value x makes Step(sum, x) of the sum; in the end stands End(sum, n) for n
// of them.
type Reduction struct {
	Kind  string
	Start float64
	Step  func(sum, x float64) float64
	End   func(sum float64, n int) float64 // nil: the sum
}

// Reduce applies a reduction along some dimensions of a block.
type Reduce struct {
	inference
	r         Reduction
	dims      []int
	steps     []int // in y; 0 along the dimensions that vanish
	n         int   // values that make one
	pixelwise bool
}

// NewReduce returns the layer. It panics unless dims make the input.
func NewReduce(name string, r Reduction, in, out Shape, dims, steps []int) *Reduce {
	l := &Reduce{inference: inference{plain{name, in, out}}, r: r, dims: dims, steps: steps, n: in.Len() / out.Len()}
	n := 1
	for _, d := range dims {
		n *= d
	}
	if n != in.Len() {
		panic(fmt.Sprintf("nn: %s: dimensions %v make no %v", name, dims, in))
	}
	l.pixelwise = in.H == out.H && in.W == out.W && out.C*l.n == in.C
	return l
}

func (l *Reduce) Kind() string { return l.r.Kind }

func (l *Reduce) Window(Axis) Window {
	if l.pixelwise {
		return Window{Size: 1, Stride: 1, Dilation: 1}
	}
	return whole
}

func (l *Reduce) Reads(a Axis) []Reading {
	if l.pixelwise {
		return l.same(a)
	}
	return l.everything(a)
}

func (l *Reduce) Forward(c *Call) {
	sums := make([]float64, l.out.Len())
	for i := range c.N {
		for j := range sums {
			sums[j] = l.r.Start
		}
		index, at := make([]int, len(l.dims)), 0
		for _, v := range cut(c.X[0], l.in.Len(), i, i+1) {
			sums[at] = l.r.Step(sums[at], float64(v))
			for d := len(index) - 1; d >= 0; d-- {
				at += l.steps[d]
				if index[d]++; index[d] < l.dims[d] {
					break
				}
				at -= l.steps[d] * l.dims[d]
				index[d] = 0
			}
		}
		y := cut(c.Y, l.out.Len(), i, i+1)
		for j, s := range sums {
			if l.r.End != nil {
				s = l.r.End(s, l.n)
			}
			y[j] = float32(s)
		}
	}
}

func (b *Builder) Reduce(name string, r Reduction, x Output, out Shape, dims, steps []int) Output {
	return b.add(NewReduce(name, r, b.Shape(x), out, dims, steps), nil, x)
}

// Softmax is y = eˣ / Σ eˣ along one dimension of a block of outer × n × inner
// values, in float64 and rounded once; with log its logarithm.
type Softmax struct {
	inference
	n, inner int
	log      bool
}

// NewSoftmax returns the layer. It panics unless n·inner divides the sample.
func NewSoftmax(name string, in Shape, n, inner int, log bool) *Softmax {
	if in.Len()%(n*inner) != 0 {
		panic(fmt.Sprintf("nn: %s: %v is no block of %d × %d", name, in, n, inner))
	}
	return &Softmax{inference{plain{name, in, in}}, n, inner, log}
}

func (l *Softmax) Kind() string    { return "softmax" }
func (l *Softmax) pixelwise() bool { return l.n*l.inner <= l.in.C }

func (l *Softmax) Window(Axis) Window {
	if l.pixelwise() {
		return Window{Size: 1, Stride: 1, Dilation: 1}
	}
	return whole
}

func (l *Softmax) Reads(a Axis) []Reading {
	if l.pixelwise() {
		return l.same(a)
	}
	return l.everything(a)
}

func (l *Softmax) Forward(c *Call) {
	x, y := c.X[0], c.Y
	parts := make([]float64, l.n)
	for block := 0; block < len(x); block += l.n * l.inner {
		for j := range l.inner {
			top, sum := float32(math.Inf(-1)), 0.0
			for i := range l.n {
				top = max(top, x[block+i*l.inner+j])
			}
			for i := range parts {
				parts[i] = exact.Exp(float64(x[block+i*l.inner+j]) - float64(top))
				sum += parts[i]
			}
			for i, p := range parts {
				at := block + i*l.inner + j
				if l.log {
					y[at] = float32(float64(x[at]) - float64(top) - exact.Log(sum))
				} else {
					y[at] = float32(p / sum)
				}
			}
		}
	}
}

func (b *Builder) Softmax(name string, x Output, n, inner int, log bool) Output {
	return b.add(NewSoftmax(name, b.Shape(x), n, inner, log), nil, x)
}

// MatMul is a product of matrices, one for each of a batch,
//
//	y[b][m][n] = Σ_k x₀[b][m][k] · x₁[b][k][n]
//
// where either may be the same for several of the batch.
type MatMul struct {
	inference
	MatMulSpec
	ins [2]Shape
}

// A MatMulSpec says which matrices are multiplied: M×K and K×N ones, contiguous
// by rows, that begin at A[i] and B[i]. With Transposed the first are K×M.
type MatMulSpec struct {
	M, K, N    int
	A, B       []int
	Transposed bool
}

// NewMatMul returns the layer. It panics unless the output has as many values.
func NewMatMul(name string, a, b, out Shape, s MatMulSpec) *MatMul {
	if len(s.A) != len(s.B) || len(s.A)*s.M*s.N != out.Len() {
		panic(fmt.Sprintf("nn: %s: %d and %d matrices of %d×%d make no %v", name, len(s.A), len(s.B), s.M, s.N, out))
	}
	return &MatMul{inference{plain{name, a, out}}, s, [2]Shape{a, b}}
}

func (l *MatMul) Kind() string         { return "matrix product" }
func (l *MatMul) In() []Shape          { return l.ins[:] }
func (l *MatMul) Window(Axis) Window   { return whole }
func (l *MatMul) Retains() (x, y bool) { return true, false }

func (l *MatMul) Reads(a Axis) []Reading {
	return allOf(max(a.Of(l.ins[0]), a.Of(l.ins[1])), a.Of(l.out))
}

func (l *MatMul) Forward(c *Call) {
	p := kernel.Product{S: 1, R: 1, M: l.M, N: l.N, Q: 1, O: 1, K: l.K, AM: l.K, AK: 1, BK: l.N, CM: l.N, Fresh: true}
	if l.Transposed {
		p.AM, p.AK = 1, l.M
	}
	for i := range c.N {
		a, b := cut(c.X[0], l.ins[0].Len(), i, i+1), cut(c.X[1], l.ins[1].Len(), i, i+1)
		y := cut(c.Y, l.out.Len(), i, i+1)
		for j := range l.A {
			c.Product(p, y[j*l.M*l.N:], a[l.A[j]:], b[l.B[j]:], nil)
		}
	}
}

func (b *Builder) MatMul(name string, x, y Output, out Shape, s MatMulSpec) Output {
	return b.add(NewMatMul(name, b.Shape(x), b.Shape(y), out, s), nil, x, y)
}

// LayerNorm normalises each run of n neighbouring values of a sample (Ba, Kiros
// and Hinton 2016),
//
//	y = γ·(x−μ)/√(σ²+ε) + β,   μ = mean of x,   σ² = mean of (x−μ)²
//
// with γ and β of each place in the run. Over the channels of every pixel this is
// the layer norm of ConvNeXt.
type LayerNorm struct {
	inference
	n       int
	epsilon float64
}

// NewLayerNorm returns the layer. It panics unless n divides the sample.
func NewLayerNorm(name string, in Shape, n int, epsilon float64) *LayerNorm {
	if n < 1 || in.Len()%n != 0 {
		panic(fmt.Sprintf("nn: %s: %v is not cut into runs of %d", name, in, n))
	}
	return &LayerNorm{inference{plain{name, in, in}}, n, epsilon}
}

func (l *LayerNorm) Kind() string         { return "layer norm" }
func (l *LayerNorm) Role() Role           { return Scaling }
func (l *LayerNorm) Retains() (x, y bool) { return true, false }

// Reads: of statistics over pixels, as of a group norm's, nothing is counted.
func (l *LayerNorm) Reads(a Axis) []Reading { return l.same(a) }

func (l *LayerNorm) Params() []Param {
	return []Param{{Name: l.name + ".weight", Shape: []int{l.n}, Start: 1}, {Name: l.name + ".bias", Shape: []int{l.n}}}
}

func (l *LayerNorm) Forward(c *Call) {
	gamma, beta := c.W[:l.n], c.W[l.n:2*l.n]
	for at := 0; at < len(c.Y); at += l.n {
		x, y := c.X[0][at:at+l.n], c.Y[at:at+l.n]
		sum, squares := 0.0, 0.0
		for _, v := range x {
			sum += float64(v)
		}
		mean := sum / float64(l.n)
		for _, v := range x {
			d := float64(v) - mean
			squares += float64(d * d)
		}
		root := 1 / math.Sqrt(squares/float64(l.n)+l.epsilon)
		for i, v := range x {
			y[i] = float32(float64(float64((float64(v)-mean)*root)*float64(gamma[i])) + float64(beta[i]))
		}
	}
}

func (b *Builder) LayerNorm(name string, x Output, n int, epsilon float64) Output {
	return b.add(NewLayerNorm(name, b.Shape(x), n, epsilon), nil, x)
}

// Pad is a picture with padding around it, y = P x + v (see [pad.Plan]): where
// what pads is a layer of its own.
type Pad struct {
	plain
	padding
}

// NewPad returns the layer; the error says why the picture cannot be padded so.
func NewPad(name string, in Shape, scheme pad.Scheme, sides pad.Sides) (*Pad, error) {
	p, err := newPadding(name, in, scheme, sides)
	if err != nil {
		return nil, err
	}
	return &Pad{plain{name, in, p.shape()}, p}, nil
}

func (l *Pad) Kind() string           { return "pad" }
func (l *Pad) Reads(a Axis) []Reading { return l.line(a) }

func (l *Pad) Window(Axis) Window {
	return Window{Size: 1, Stride: 1, Dilation: 1, Pad: l.plan.Sides}
}

func (l *Pad) Forward(c *Call) { l.pad(c, c.Y) }

// Backward is dx = Pᵀ dy.
func (l *Pad) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	for i := range c.N {
		l.plan.Adjoint(cut(c.DX[0], l.in.Len(), i, i+1), cut(c.DY, l.out.Len(), i, i+1), l.pass(c, i))
	}
}

// Pad adds a layer that pads. Its scheme is one of Schemes where that has its
// name. Schemes that belong to a convolution are not for it.
func (b *Builder) Pad(name string, x Output, scheme pad.Scheme, sides pad.Sides) Output {
	switch scheme = b.scheme(name, scheme); {
	case scheme.Name == "none":
		return x
	case scheme.Learns:
		return b.predict(name, x, sides)
	case scheme.Banks, scheme.Reweighs:
		b.Fail("%s: %s is a way to convolve, and here nothing is but padded", name, scheme.Name)
		return x
	}
	l, err := NewPad(name, b.Shape(x), scheme, sides)
	return b.add(l, err, x)
}

// Interpolate makes each output pixel a weighted sum of input pixels, along each
// axis by itself:
//
//	y[i][j] = Σ_a Σ_b rows[i][a].Weight · columns[j][b].Weight · x[rows[i][a].At][columns[j][b].At]
type Interpolate struct {
	inference
	rows, columns [][]Tap
}

// NewInterpolate returns the layer. It panics when a tap lies beyond the picture.
func NewInterpolate(name string, in Shape, rows, columns [][]Tap) *Interpolate {
	for a, list := range [][][]Tap{rows, columns} {
		for _, taps := range list {
			for _, t := range taps {
				if t.At < 0 || t.At >= Axis(a).Of(in) {
					panic(fmt.Sprintf("nn: %s: position %d of %v", name, t.At, in))
				}
			}
		}
	}
	return &Interpolate{inference{plain{name, in, Shape{len(rows), len(columns), in.C}}}, rows, columns}
}

func (l *Interpolate) Kind() string { return "resize" }

func (l *Interpolate) along(a Axis) [][]Tap {
	if a == Rows {
		return l.rows
	}
	return l.columns
}

// Window: an output sees as many inputs as the most of them.
func (l *Interpolate) Window(a Axis) Window {
	w := Window{Size: 1, Stride: max(1, a.Of(l.in)/a.Of(l.out)), Dilation: 1}
	for _, taps := range l.along(a) {
		w.Size = max(w.Size, len(taps))
	}
	return w
}

func (l *Interpolate) Reads(a Axis) []Reading {
	list := make([]Reading, a.Of(l.out))
	for o, taps := range l.along(a) {
		list[o].Taps = taps
	}
	return list
}

func (l *Interpolate) Forward(c *Call) {
	n := l.in.C
	sum := make([]float64, n)
	for i := range c.N {
		x, y := cut(c.X[0], l.in.Len(), i, i+1), cut(c.Y, l.out.Len(), i, i+1)
		for _, r := range l.rows {
			for _, k := range l.columns {
				clear(sum)
				for _, a := range r {
					for _, b := range k {
						w := a.Weight * b.Weight
						pixel := x[(a.At*l.in.W+b.At)*n:]
						for ch := range sum {
							sum[ch] += float64(w * float64(pixel[ch]))
						}
					}
				}
				for ch, v := range sum {
					y[ch] = float32(v)
				}
				y = y[n:]
			}
		}
	}
}

func (b *Builder) Interpolate(name string, x Output, rows, columns [][]Tap) Output {
	return b.add(NewInterpolate(name, b.Shape(x), rows, columns), nil, x)
}

// ConvTranspose is the adjoint of a convolution with stride s and dilation d:
// each input pixel adds its kernel to the output,
//
//	yp[s·i+d·ky][s·j+d·kx][n] += Σ_c x[i][j][c] · w[ky][kx][c][n]
//
// and y is yp, b[n] added, without what Sides cut off. More pixels than yp has
// hold b alone.
type ConvTranspose struct {
	inference
	ConvSpec
	full Shape // yp
}

// NewConvTranspose returns the layer. Sides of the spec are cut off, where
// negative added. It is an error when nothing is left, or the channels and
// filters cannot be grouped.
func NewConvTranspose(name string, in Shape, s ConvSpec) (*ConvTranspose, error) {
	s.settle()
	if in.C%s.Groups != 0 || s.Filters%s.Groups != 0 {
		return nil, fmt.Errorf("%s: %d channels and %d filters cannot be cut into %d groups", name, in.C, s.Filters, s.Groups)
	}
	rows, columns := s.along(Rows), s.along(Columns)
	full := Shape{(in.H-1)*rows.Stride + rows.span(), (in.W-1)*columns.Stride + columns.span(), s.Filters}
	out := Shape{full.H - s.Sides.Top - s.Sides.Bottom, full.W - s.Sides.Left - s.Sides.Right, s.Filters}
	if out.H < 1 || out.W < 1 || s.Sides.Top < 0 || s.Sides.Left < 0 {
		return nil, fmt.Errorf("%s: of %v %v cannot be cut off", name, full, s.Sides)
	}
	full.H, full.W = max(full.H, s.Sides.Top+out.H), max(full.W, s.Sides.Left+out.W)
	return &ConvTranspose{inference{plain{name, in, out}}, s, full}, nil
}

func (l *ConvTranspose) Kind() string         { return "transposed conv" }
func (l *ConvTranspose) Retains() (x, y bool) { return true, false }

// Window: an output sees as many inputs as taps meet it at most.
func (l *ConvTranspose) Window(a Axis) Window {
	t := l.along(a)
	return Window{Size: (t.Size + t.Stride - 1) / t.Stride, Stride: 1, Dilation: 1}
}

// Reads: where fewer inputs meet an output than in the middle, the window looks
// over the edge.
func (l *ConvTranspose) Reads(a Axis) []Reading {
	t, n := l.along(a), a.Of(l.in)
	before, _ := a.Sides(l.Sides)
	list := make([]Reading, a.Of(l.out))
	for o := range list {
		for k := range t.Size {
			if at := o + before - k*t.Dilation; floorDiv(at, t.Stride)*t.Stride == at {
				list[o].read(within(at/t.Stride, n))
			}
		}
	}
	return list
}

func (l *ConvTranspose) Params() []Param {
	inputs := l.area() * l.in.C / l.Groups
	list := []Param{{Name: l.name + ".weight", Shape: []int{l.Size, l.Across.Size, l.in.C, l.Filters / l.Groups}, FanIn: inputs}}
	if l.Bias {
		list = append(list, Param{Name: l.name + ".bias", Shape: []int{l.Filters}, FanIn: inputs})
	}
	return list
}

// Sizes: Scratch is yp.
func (l *ConvTranspose) Sizes() Sizes { return Sizes{Scratch: l.full.Len()} }

func (l *ConvTranspose) Forward(c *Call) {
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	rows, columns := l.along(Rows), l.along(Columns)
	weights := l.area() * l.in.C * filters
	line := l.full.W * l.Filters
	for i := range c.N {
		x, yp := cut(c.X[0], l.in.Len(), i, i+1), c.Scratch[:l.full.Len()]
		clear(yp)
		if l.Bias {
			for at := 0; at < len(yp); at += l.Filters {
				copy(yp[at:], c.W[weights:weights+l.Filters])
			}
		}
		p := kernel.Product{
			S: 1, R: l.in.H, M: l.in.W, N: filters, Q: 1, O: 1, K: channels,
			AR: l.in.W * l.in.C, AM: l.in.C, AK: 1, BK: filters, CR: rows.Stride * line, CM: columns.Stride * l.Filters,
		}
		for ky := range rows.Size {
			for kx := range columns.Size {
				for g := range l.Groups {
					w := c.W[((ky*columns.Size+kx)*l.in.C+g*channels)*filters:]
					c.Product(p, yp[ky*rows.Dilation*line+kx*columns.Dilation*l.Filters+g*filters:], x[g*channels:], w, nil)
				}
			}
		}
		y, n := cut(c.Y, l.out.Len(), i, i+1), l.out.W*l.Filters
		for r := range l.out.H {
			copy(y[r*n:(r+1)*n], yp[(l.Sides.Top+r)*line+l.Sides.Left*l.Filters:])
		}
	}
}

func (b *Builder) ConvTranspose(name string, x Output, s ConvSpec) Output {
	l, err := NewConvTranspose(name, b.Shape(x), s)
	return b.add(l, err, x)
}
