package nn

import (
	"fmt"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// Conv is a k×k convolution with stride 1 over a padded picture,
//
//	y[i][j][n] = b[n] + Σ_ky Σ_kx Σ_c xp[i+ky][j+kx][c] · w[ky][kx][c][n]
//
// with xp the H×W×C picture padded to PH×PW×C, and y of OH×OW×N with
// OH = PH−k+1, OW = PW−k+1. As in PyTorch this is a correlation: the kernel is
// not turned round.
//
// Nothing unrolls the windows. In a padded NHWC picture the k·C values under a
// row of the kernel lie side by side and move on by C from one output to the
// next, so that forward, dx and dw are each one [kernel.Product] whose rows
// overlap.
type Conv struct {
	plain
	plan *pad.Plan
	size int
	bias bool
}

// NewConv returns a convolution with n filters of size k×k. The error says
// why the picture cannot be padded so, or is smaller than the kernel.
func NewConv(name string, in Shape, n, k int, scheme pad.Scheme, sides pad.Sides, bias bool) (*Conv, error) {
	if n < 1 || k < 1 {
		panic(fmt.Sprintf("nn: %s: %d filters of size %d", name, n, k))
	}
	plan, err := pad.NewPlan(scheme, in.H, in.W, in.C, sides)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	out := Shape{plan.PH - k + 1, plan.PW - k + 1, n}
	if out.H < 1 || out.W < 1 {
		return nil, fmt.Errorf("%s: a %d×%d kernel does not fit in %d×%d pixels", name, k, k, plan.PH, plan.PW)
	}
	return &Conv{plain{name, in, out}, plan, k, bias}, nil
}

func (l *Conv) Window() Window { return Window{Size: l.size, Stride: 1, Pad: l.plan.Sides} }

func (l *Conv) Params() []Param {
	inputs := l.size * l.size * l.in.C
	list := []Param{{l.name + ".weight", []int{l.size, l.size, l.in.C, l.out.C}, inputs}}
	if l.bias {
		list = append(list, Param{l.name + ".bias", []int{l.out.C}, inputs})
	}
	return list
}

// weights is k·k·C·N, the length of the kernel without its bias.
func (l *Conv) weights() int { return l.size * l.size * l.in.C * l.out.C }

// Sizes: the packed weights are the kernel turned round, [k−1−ky][k−1−kx][n][c],
// which turns dy back into dx; the scratch holds xp, dy with k−1 zeros around
// it, and dxp.
func (l *Conv) Sizes() (packed, floats, ints int) {
	return l.weights(), 2*l.padded() + l.wide(), 0
}

func (l *Conv) padded() int { return l.plan.PH * l.plan.PW * l.in.C }
func (l *Conv) wide() int {
	return (l.out.H + 2*(l.size-1)) * (l.out.W + 2*(l.size-1)) * l.out.C
}

func (l *Conv) Pack(packed, w []float32) {
	taps, c, n := l.size*l.size, l.in.C, l.out.C
	for t := range taps {
		from, to := w[t*c*n:(t+1)*c*n], packed[(taps-1-t)*c*n:(taps-t)*c*n]
		for i := range c {
			for o := range n {
				to[o*c+i] = from[i*n+o]
			}
		}
	}
}

// picture returns xp, which is x itself when nothing is padded.
func (l *Conv) picture(x []float32, s Scratch) []float32 {
	if l.plan.Identity() {
		return x
	}
	return s.F[:l.padded()]
}

func (l *Conv) Forward(k *kernel.Kernel, w Weights, y, x []float32, s Scratch) {
	xp := l.picture(x, s)
	if !l.plan.Identity() {
		l.plan.Forward(xp, x)
	}
	if l.bias {
		fillRows(y, w.W[l.weights():])
	} else {
		clear(y)
	}
	k.Product(l.windows(l.plan.PW, l.in.C, l.out), y, xp, w.W)
}

// windows is the product that slides a k×k kernel over rows of width pixels
// with c channels and fills an out.H×out.W×out.C picture.
func (l *Conv) windows(width, c int, out Shape) kernel.Product {
	row := width * c
	return kernel.Product{
		R: out.H, M: out.W, N: out.C, O: l.size, K: l.size * c,
		AR: row, AO: row, AM: c, AK: 1,
		BO: l.size * c * out.C, BK: out.C,
		CR: out.W * out.C, CM: out.C,
	}
}

// Backward, with taps (ky, kx) and all sums over the whole picture:
//
//	dw[ky][kx][c][n] += Σ_ij xp[i+ky][j+kx][c] · dy[i][j][n]
//	db[n]            += Σ_ij dy[i][j][n]
//	dxp[i][j][c]      = Σ_ky Σ_kx Σ_n dy[i−ky][j−kx][n] · w[ky][kx][c][n]
//	dx                = Pᵀ dxp
//
// dxp is again a valid convolution: of dy, with k−1 zeros around it, and the
// packed weights. Where the padding copies no pixel, Pᵀ drops the rim of dxp,
// which then is not computed.
func (l *Conv) Backward(k *kernel.Kernel, w Weights, dw, dx, dy, y, x []float32, s Scratch) {
	c, n, row := l.in.C, l.out.C, l.plan.PW*l.in.C
	k.Product(kernel.Product{
		R: l.size, M: l.size * c, N: n, O: l.out.H, K: l.out.W,
		AR: row, AO: row, AM: 1, AK: c,
		BO: l.out.W * n, BK: n,
		CR: l.size * c * n, CM: n,
	}, dw, l.picture(x, s), dy)
	if l.bias {
		k.AddRows(dw[l.weights():], dy)
	}
	if dx == nil {
		return
	}
	wide, rim := s.F[2*l.padded():], l.size-1
	width := l.out.W + 2*rim
	for i := range l.out.H {
		copy(wide[((i+rim)*width+rim)*n:], dy[i*l.out.W*n:(i+1)*l.out.W*n])
	}
	if l.plan.CopiesNothing() {
		clear(dx)
		inside := wide[(l.plan.Top*width+l.plan.Left)*n:]
		k.Product(l.windows(width, n, l.in), dx, inside, w.Packed)
		return
	}
	dxp := s.F[l.padded() : 2*l.padded()]
	clear(dxp)
	k.Product(l.windows(width, n, Shape{l.plan.PH, l.plan.PW, c}), dxp, wide, w.Packed)
	l.plan.Adjoint(dx, dxp)
}
