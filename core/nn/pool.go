package nn

import (
	"cmp"
	"fmt"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// A PoolSpec is the shape of a pool: windows of Size×Size pixels, Stride apart,
// over a picture with Pad pixels around it. With Ceil the last window may stick
// out behind that, as long as it begins in the picture or before it: PyTorch's
// ceil_mode.
type PoolSpec struct {
	Size   int
	Stride int // 0 means Size
	Pad    int // at most half of Size
	Ceil   bool

	// Across is what differs along the columns, and Uneven what is padded in place
	// of Pad, on each side less than Size.
	Across Taps
	Uneven pad.Sides

	// Inside makes an average that of the picture's own pixels alone. Without,
	// those of the padding count as zeros (PyTorch's count_include_pad), but
	// what sticks out behind it does not. A maximum never sees either.
	Inside bool

	// Scheme puts something into the padding, which then counts like the picture.
	// The zero Scheme is that of PyTorch: nothing.
	Scheme pad.Scheme
}

// A pool is the geometry that max and average pools share. Windows lie in xp,
// which is x unless there is a scheme.
type pool struct {
	plain
	PoolSpec
	padding
	around pad.Sides // pixels of windows around xp
}

// newPool returns the pool; the error says why it does not fit.
func newPool(name string, in Shape, s PoolSpec) (pool, error) {
	if s.Stride == 0 {
		s.Stride = s.Size
	}
	s.Across = Taps{Size: cmp.Or(s.Across.Size, s.Size), Stride: cmp.Or(s.Across.Stride, s.Stride)}
	if s.Size < 1 || s.Across.Size < 1 || s.Stride < 1 || s.Across.Stride < 1 || s.Pad < 0 {
		panic(fmt.Sprintf("nn: %s: pooling of size %d, stride %d, padding %d", name, s.Size, s.Stride, s.Pad))
	}
	if 2*s.Pad > min(s.Size, s.Across.Size) {
		return pool{}, fmt.Errorf("%s: %d×%d pooling with a padding of %d: at most half of the size is allowed", name, s.Size, s.Across.Size, s.Pad)
	}
	around := s.sides()
	if max(around.Top, around.Bottom) >= s.Size || max(around.Left, around.Right) >= s.Across.Size {
		return pool{}, fmt.Errorf("%s: %d×%d pooling with a padding of %v: on each side less than the size is allowed", name, s.Size, s.Across.Size, around)
	}
	out := Shape{s.outputs(Rows, in.H), s.outputs(Columns, in.W), in.C}
	if out.H < 1 || out.W < 1 {
		return pool{}, fmt.Errorf("%s: %d×%d pooling does not fit in %d×%d pixels", name, s.Size, s.Across.Size, around.Top+in.H+around.Bottom, around.Left+in.W+around.Right)
	}
	p := pool{plain: plain{name, in, out}, PoolSpec: s, around: around}
	scheme, sides := pad.Must("none"), pad.Sides{}
	if s.Scheme != (pad.Scheme{}) {
		scheme, sides, p.around = s.Scheme, around, pad.Sides{}
	}
	var err error
	p.padding, err = newPadding(name, in, scheme, sides)
	return p, err
}

func (s PoolSpec) sides() pad.Sides {
	if s.Uneven != (pad.Sides{}) {
		return s.Uneven
	}
	return pad.Sides{Top: s.Pad, Bottom: s.Pad, Left: s.Pad, Right: s.Pad}
}

// along are size and stride along an axis.
func (s PoolSpec) along(a Axis) (size, stride int) {
	if a == Rows {
		return s.Size, s.Stride
	}
	return s.Across.Size, s.Across.Stride
}

// outputs is how many windows there are along n pixels.
func (s PoolSpec) outputs(a Axis, n int) int {
	size, stride := s.along(a)
	before, after := a.Sides(s.sides())
	last := before + n + after - size // where the last window begins at most, in the padded picture
	if s.Ceil {
		last += stride - 1
	}
	count := floorDiv(last, stride) + 1
	if s.Ceil && (count-1)*stride >= before+n {
		count--
	}
	return count
}

// window is the range of pixels that window i has of n of xp, and how many it
// has with those of the padding.
func (l *pool) window(a Axis, i, n int) (from, to, padded int) {
	size, stride := l.along(a)
	before, after := a.Sides(l.around)
	from = i*stride - before
	to = min(from+size, n+after)
	return max(from, 0), min(to, n), to - from
}

func (l *pool) Window(a Axis) Window {
	size, stride := l.along(a)
	sides := l.sides()
	sides.Bottom = max(sides.Bottom, (l.out.H-1)*l.Stride+l.Size-sides.Top-l.in.H)
	sides.Right = max(sides.Right, (l.out.W-1)*l.Across.Stride+l.Across.Size-sides.Left-l.in.W)
	return Window{Size: size, Stride: stride, Dilation: 1, Pad: sides}
}

// Reads: of a window, what lies in xp.
func (l *pool) Reads(a Axis) []Reading {
	line, list := l.line(a), make([]Reading, a.Of(l.out))
	size, stride := l.along(a)
	before, _ := a.Sides(l.around)
	for o := range list {
		for k := range size {
			if i := o*stride + k - before; i >= 0 && i < len(line) {
				list[o].read(line[i])
			} else {
				list[o].Padding = true
			}
		}
	}
	return list
}

// Sizes: Scratch is xp, and on the way back dxp, unless they are x and dx.
func (l *pool) Sizes() Sizes {
	if l.plan.Identity() {
		return Sizes{}
	}
	return Sizes{Scratch: l.padded()}
}

// picture returns xp.
func (l *pool) picture(c *Call) []float32 {
	if l.plan.Identity() {
		return c.X[0]
	}
	xp := c.Scratch[:c.N*l.padded()]
	l.pad(c, xp)
	return xp
}

// gradient returns dxp, cleared; fold makes dx of it.
func (l *pool) gradient(c *Call) []float32 {
	dxp := c.DX[0]
	if !l.plan.Identity() {
		dxp = c.Scratch[:c.N*l.padded()]
	}
	clear(dxp)
	return dxp
}

func (l *pool) fold(c *Call, dxp []float32) {
	if l.plan.Identity() {
		return
	}
	for i := range c.N {
		l.plan.Adjoint(cut(c.DX[0], l.in.Len(), i, i+1), cut(dxp, l.padded(), i, i+1), l.pass(c, i))
	}
}

// each calls f for every output pixel of n samples: where it and its sample
// begin in y and in xp, the rows and columns of its window, and how many pixels
// that has with those of the padding.
func (l *pool) each(n int, f func(y, x, top, bottom, left, right, padded int)) {
	for s := range n {
		for i := range l.out.H {
			top, bottom, height := l.window(Rows, i, l.plan.PH)
			for j := range l.out.W {
				left, right, width := l.window(Columns, j, l.plan.PW)
				f(s*l.out.Len()+(i*l.out.W+j)*l.out.C, s*l.padded(), top, bottom, left, right, height*width)
			}
		}
	}
}

// MaxPool takes the largest of each window of k×k pixels, channel by channel,
//
//	y[i][j][c] = max x[s·i−p+a][s·j−p+b][c],  0 ≤ a, b < k
//
// over those that lie in the picture, or with a scheme in the padded picture. The
// first of equal values in row-major order wins, and NaN wins over all.
type MaxPool struct {
	pool
	halves bool // 2×2 with stride 2, for which the kernels have a pass
}

// NewMaxPool returns the layer, or an error when a window does not fit, the
// padding is larger than half of it, or the scheme cannot pad so. It panics unless size and stride are
// positive.
func NewMaxPool(name string, in Shape, s PoolSpec) (*MaxPool, error) {
	p, err := newPool(name, in, s)
	if err != nil {
		return nil, err
	}
	halves := p.Size == 2 && p.Stride == 2 && p.Across == (Taps{Size: 2, Stride: 2}) && p.sides() == (pad.Sides{}) && p.out.H == in.H/2 && p.out.W == in.W/2
	return &MaxPool{p, halves}, nil
}

func (l *MaxPool) Kind() string { return "max-pool" }

// Sizes: Indices are, for each output, which input won: its index in the sample's
// xp, or in the window where the kernels' pass for 2×2 is used.
func (l *MaxPool) Sizes() Sizes {
	s := l.pool.Sizes()
	s.Indices = l.out.Len()
	return s
}

func (l *MaxPool) Forward(c *Call) {
	in, out := l.in.Len(), l.out.Len()
	if l.halves {
		for i := range c.N {
			c.MaxPool(c.Y[i*out:(i+1)*out], c.Indices[i*out:(i+1)*out], c.X[0][i*in:(i+1)*in], l.in.H, l.in.W, l.in.C)
		}
		return
	}
	xp := l.picture(c)
	l.each(c.N, func(y, x, top, bottom, left, right, _ int) {
		at := (top*l.plan.PW + left) * l.in.C
		c.MaxWindow(c.Y[y:y+l.in.C], c.Indices[y:y+l.in.C], xp[x+at:], at, kernel.Window{Rows: bottom - top, Cols: right - left, Down: l.plan.PW * l.in.C, Right: l.in.C})
	})
}

// Backward adds each dy to the input that won.
func (l *MaxPool) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	in, out := l.in.Len(), l.out.Len()
	if l.halves {
		for i := range c.N {
			c.MaxPoolGrad(cut(c.DX[0], in, i, i+1), cut(c.DY, out, i, i+1), cut(c.Indices, out, i, i+1), l.in.H, l.in.W, l.in.C)
		}
		return
	}
	dxp := l.gradient(c)
	for i := range c.N {
		one, chosen := cut(dxp, l.padded(), i, i+1), cut(c.Indices, out, i, i+1)
		for j, v := range cut(c.DY, out, i, i+1) {
			one[chosen[j]] += v
		}
	}
	l.fold(c, dxp)
}

// AveragePool takes the mean of each window of k×k pixels, channel by channel,
//
//	y[i][j][c] = 1/n Σ_a Σ_b x[s·i−p+a][s·j−p+b][c],  0 ≤ a, b < k
//
// over those that lie in the picture, where n counts the window's pixels in the
// picture and its padding, or in the picture alone (see [PoolSpec]); with a
// scheme the picture is the padded one.
type AveragePool struct{ pool }

// NewAveragePool returns the layer; errors and panics are those of NewMaxPool.
func NewAveragePool(name string, in Shape, s PoolSpec) (*AveragePool, error) {
	p, err := newPool(name, in, s)
	if err != nil {
		return nil, err
	}
	return &AveragePool{p}, nil
}

func (l *AveragePool) Kind() string { return "average-pool" }

// count is n.
func (l *AveragePool) count(top, bottom, left, right, padded int) float32 {
	if l.Inside {
		return float32((bottom - top) * (right - left))
	}
	return float32(padded)
}

func (l *AveragePool) Forward(c *Call) {
	xp := l.picture(c)
	l.each(c.N, func(y, x, top, bottom, left, right, padded int) {
		sum := c.Y[y : y+l.in.C]
		clear(sum)
		for a := top; a < bottom; a++ {
			at := x + (a*l.plan.PW+left)*l.in.C
			c.AddRows(sum, xp[at:at+(right-left)*l.in.C])
		}
		n := l.count(top, bottom, left, right, padded)
		for i := range sum {
			sum[i] /= n
		}
	})
}

// Backward adds dy/n to every pixel of the window.
func (l *AveragePool) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	dxp := l.gradient(c)
	l.each(c.N, func(y, x, top, bottom, left, right, padded int) {
		dy, n := c.DY[y:y+l.in.C], l.count(top, bottom, left, right, padded)
		for a := top; a < bottom; a++ {
			for b := left; b < right; b++ {
				at := x + (a*l.plan.PW+b)*l.in.C
				dx := dxp[at : at+l.in.C]
				for i, v := range dy {
					dx[i] += v / n
				}
			}
		}
	})
	l.fold(c, dxp)
}

// GlobalMaxPool is the largest value of all pixels,
//
//	y[c] = max_ij x[i][j][c]
//
// The first of equal values wins, and NaN wins over all.
type GlobalMaxPool struct{ plain }

// NewGlobalMaxPool returns the layer; its output is 1×1×C.
func NewGlobalMaxPool(name string, in Shape) *GlobalMaxPool {
	return &GlobalMaxPool{plain{name, in, Shape{1, 1, in.C}}}
}

func (l *GlobalMaxPool) Kind() string           { return "global max" }
func (l *GlobalMaxPool) Reads(a Axis) []Reading { return l.all(a) }

func (l *GlobalMaxPool) Window(Axis) Window { return Window{Size: 0, Stride: 1, Dilation: 1} }

// Sizes: Indices are where each channel's largest value lies in the sample.
func (l *GlobalMaxPool) Sizes() Sizes { return Sizes{Indices: l.in.C} }

func (l *GlobalMaxPool) Forward(c *Call) {
	n := l.in.C
	for s := range c.N {
		x := c.X[0][s*l.in.Len() : (s+1)*l.in.Len()]
		y, chosen := c.Y[s*n:(s+1)*n], c.Indices[s*n:(s+1)*n]
		copy(y, x)
		for i := range chosen {
			chosen[i] = int32(i)
		}
		for at := n; at < len(x); at += n {
			for i, v := range x[at : at+n] {
				if v > y[i] || v != v && y[i] == y[i] {
					y[i], chosen[i] = v, int32(at+i)
				}
			}
		}
	}
}

// Backward sends dy to the pixel that won; all others get 0.
func (l *GlobalMaxPool) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	clear(c.DX[0])
	n := l.in.C
	for s := range c.N {
		dx := c.DX[0][s*l.in.Len() : (s+1)*l.in.Len()]
		for i, from := range c.Indices[s*n : (s+1)*n] {
			dx[from] = c.DY[s*n+i]
		}
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

func (l *GlobalAveragePool) Kind() string           { return "global average" }
func (l *GlobalAveragePool) Reads(a Axis) []Reading { return l.all(a) }

func (l *GlobalAveragePool) Window(Axis) Window { return Window{Size: 0, Stride: 1, Dilation: 1} }

// lanes is how many channels GlobalAveragePool sums side by side: additions
// that do not wait for each other.
const lanes = 8

func (l *GlobalAveragePool) Forward(c *Call) {
	pixels, n := float64(l.in.H*l.in.W), l.in.C
	for s := range c.N {
		x := c.X[0][s*l.in.Len() : (s+1)*l.in.Len()]
		for first := 0; first < n; first += lanes {
			var sums [lanes]float64
			some := min(lanes, n-first)
			for at := first; at < len(x); at += n {
				for i, v := range x[at : at+some] {
					sums[i%lanes] += float64(v)
				}
			}
			for i := range some {
				c.Y[s*n+first+i] = float32(sums[i] / pixels)
			}
		}
	}
}

// Backward is dx[i][j][c] = dy[c]/(H·W).
func (l *GlobalAveragePool) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	pixels, n := float32(l.in.H*l.in.W), l.in.C
	for s := range c.N {
		dx := c.DX[0][s*l.in.Len() : (s+1)*l.in.Len()]
		for i, v := range c.DY[s*n : (s+1)*n] {
			dx[i] = v / pixels
		}
		for at := n; at < len(dx); at += n {
			copy(dx[at:], dx[:n])
		}
	}
}
