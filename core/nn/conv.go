package nn

import (
	"fmt"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// A ConvSpec is the shape of a convolution.
type ConvSpec struct {
	Filters  int
	Size     int // of the square kernel
	Stride   int // 0 means 1, as for the next two
	Dilation int
	Groups   int // each sees its own share of the channels and has its own share of the filters
	Scheme   pad.Scheme
	Sides    pad.Sides
	Bias     bool
}

// Conv is a k×k convolution with stride s and dilation d over a padded
// picture,
//
//	y[i][j][n] = b[n] + Σ_ky Σ_kx Σ_c xp[s·i+d·ky][s·j+d·kx][c] · w[ky][kx][c][n]
//
// with xp the H×W×C picture padded to PH×PW×C, and y of OH×OW×N with
// OH = ⌊(PH−d(k−1)−1)/s⌋+1 and OW likewise. With g groups c runs over the C/g
// channels of the group that filter n belongs to. As in PyTorch this is a
// correlation: the kernel is not turned round.
//
// Nothing unrolls the windows. In a padded NHWC picture the k·C values under a
// row of the kernel lie side by side and move on by s·C from one output to the
// next, so that forward, dx and dw are each products whose rows overlap (see
// [kernel.Product]). Only a dilated or grouped kernel has gaps there; its
// columns are steps of their own.
type Conv struct {
	plain
	ConvSpec
	plan       *pad.Plan
	rows, cols []phase   // of dx
	rim        pad.Sides // zeros around dy
	gaps       bool      // some pixels meet no tap of the kernel
	rectify    bool      // a ReLU follows in place: forward does its work too
}

// NewConv returns a convolution. The error says why the picture cannot be
// padded so, is smaller than the kernel, or cannot be grouped. It panics
// without filters or kernel.
func NewConv(name string, in Shape, s ConvSpec) (*Conv, error) {
	s.Stride, s.Dilation, s.Groups = max(s.Stride, 1), max(s.Dilation, 1), max(s.Groups, 1)
	if s.Filters < 1 || s.Size < 1 {
		panic(fmt.Sprintf("nn: %s: %d filters of size %d", name, s.Filters, s.Size))
	}
	if in.C%s.Groups != 0 || s.Filters%s.Groups != 0 {
		return nil, fmt.Errorf("%s: %d channels and %d filters cannot be cut into %d groups", name, in.C, s.Filters, s.Groups)
	}
	plan, err := pad.NewPlan(s.Scheme, in.H, in.W, in.C, s.Sides)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	span := (s.Size-1)*s.Dilation + 1
	if plan.PH < span || plan.PW < span {
		return nil, fmt.Errorf("%s: a %d×%d kernel does not fit in %d×%d pixels", name, span, span, plan.PH, plan.PW)
	}
	out := Shape{(plan.PH-span)/s.Stride + 1, (plan.PW-span)/s.Stride + 1, s.Filters}
	l := &Conv{plain: plain{name, in, out}, ConvSpec: s, plan: plan}
	top, left, height, width := l.target()
	l.rows, l.rim.Top, l.rim.Bottom = phases(s, top, height, out.H)
	l.cols, l.rim.Left, l.rim.Right = phases(s, left, width, out.W)
	for _, p := range append(l.rows, l.cols...) {
		l.gaps = l.gaps || p.taps == 0
	}
	return l, nil
}

func (l *Conv) Window() Window {
	return Window{Size: l.Size, Stride: l.Stride, Dilation: l.Dilation, Pad: l.Sides}
}

// Params: the fan-in of a filter is what it sees.
func (l *Conv) Params() []Param {
	inputs := l.Size * l.Size * l.in.C / l.Groups
	list := []Param{{Name: l.name + ".weight", Shape: []int{l.Size, l.Size, l.in.C / l.Groups, l.Filters}, FanIn: inputs}}
	if l.Bias {
		list = append(list, Param{Name: l.name + ".bias", Shape: []int{l.Filters}, FanIn: inputs})
	}
	return list
}

// weights is k·k·C/g·N, the length of the kernel without its bias.
func (l *Conv) weights() int { return l.Size * l.Size * l.in.C / l.Groups * l.Filters }

// padded and wide are the lengths of xp and of dy with its rim of zeros.
func (l *Conv) padded() int { return l.plan.PH * l.plan.PW * l.in.C }
func (l *Conv) wide() (height, width, length int) {
	height, width = l.rim.Top+l.out.H+l.rim.Bottom, l.rim.Left+l.out.W+l.rim.Right
	return height, width, height * width * l.out.C
}

// Sizes: kept is xp, unless x is; for a call there are dy with its rim, and
// dxp, unless it is dx.
func (l *Conv) Sizes() Sizes {
	_, _, wide := l.wide()
	s := Sizes{Packed: l.weights(), Temp: wide}
	if !l.plan.Identity() {
		s.Kept = l.padded()
	}
	if !l.plan.CopiesNothing() {
		s.Temp += l.padded()
	}
	return s
}

func (l *Conv) Reads() (x, y bool) { return l.plan.Identity(), false }

// picture returns xp.
func (l *Conv) picture(c *Call) []float32 {
	if l.plan.Identity() {
		return c.X[0]
	}
	return c.Kept
}

func (l *Conv) Forward(c *Call) {
	xp := l.picture(c)
	if !l.plan.Identity() {
		for i, n := 0, l.in.Len(); i < c.N; i++ {
			l.plan.Forward(xp[i*l.padded():(i+1)*l.padded()], c.X[0][i*n:(i+1)*n])
		}
	}
	var bias []float32
	row := l.plan.PW * l.in.C
	p := kernel.Product{
		S: c.N, R: l.out.H, M: l.out.W, AS: l.padded(), AR: l.Stride * row, AM: l.Stride * l.in.C,
		CS: l.out.Len(), CR: l.out.W * l.out.C, CM: l.out.C, BK: l.Filters, AK: 1,
		Fresh: true, ReLU: l.rectify,
	}
	l.kernelSteps(&p, l.Size, l.Size, l.Dilation, row, l.in.C, l.Filters)
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	p.N = filters
	for g := range l.Groups {
		if l.Bias {
			bias = c.W[l.weights()+g*filters : l.weights()+(g+1)*filters]
		}
		c.Product(p, c.Y[g*filters:], xp[g*channels:], c.W[g*filters:], bias)
	}
}

// kernelSteps makes the reduction of p run over a kernel of height×width taps,
// step apart, on pictures with rows of row floats and pixels of channels
// floats; B holds a row of stride floats for each tap and channel of a group.
// Taps that lie side by side are one run of steps.
func (l *Conv) kernelSteps(p *kernel.Product, height, width, step, row, channels, stride int) {
	inner := channels / l.Groups
	if step == 1 && l.Groups == 1 {
		p.Q, p.O, p.K = 1, height, width*inner
		p.AO, p.BO = row, width*inner*stride
		return
	}
	p.Q, p.O, p.K = height, width, inner
	p.AQ, p.BQ = step*row, width*inner*stride
	p.AO, p.BO = step*channels, inner*stride
}

// A phase is every s-th row of dxp, or of its interior, from one on: those rows
// meet the same taps of the kernel, first, first+between, …, and the t-th of
// them meets rows of dy that begin at from+t and lie dyStep apart.
type phase struct {
	at, count            int // the rows at, at+s, …
	first, between, taps int
	from, dyStep         int
}

// phases returns the s phases of size rows that begin at row top of the padded
// picture, and how many zeros must stand before and behind the n rows of dy.
// Row i_p of the padded picture met tap ky of output i where s·i + d·ky = i_p.
func phases(spec ConvSpec, top, size, n int) (list []phase, before, behind int) {
	s, d := spec.Stride, spec.Dilation
	step := d / gcd(s, d)
	for a := range s {
		p := phase{at: a, count: (size - a + s - 1) / s, first: -1, between: s / gcd(s, d), dyStep: step}
		for ky := range spec.Size {
			if (top+a-d*ky)%s == 0 {
				if p.first < 0 {
					p.first = ky
				}
				p.taps++
			}
		}
		if p.taps > 0 {
			p.from = floorDiv(top+a-d*p.first, s) - (p.taps-1)*step // the last tap meets the first row
			before = max(before, -p.from)
			behind = max(behind, p.from+(p.taps-1)*step+p.count-n)
		}
		list = append(list, p)
	}
	return list, before, behind
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// target is the part of dxp that Backward computes: all of it, or where the
// padding copies no pixel its interior, which then is dx.
func (l *Conv) target() (top, left, height, width int) {
	if l.plan.CopiesNothing() {
		return l.plan.Top, l.plan.Left, l.in.H, l.in.W
	}
	return 0, 0, l.plan.PH, l.plan.PW
}

// Pack turns the kernel round, [ky][kx][n][c] from the last tap to the first,
// group after group and in them phase after phase: what brings dy back to dx.
func (l *Conv) Pack(packed, w, _ []float32) {
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	for g := range l.Groups {
		for _, r := range l.rows {
			for _, c := range l.cols {
				for ky := r.taps - 1; ky >= 0; ky-- {
					for kx := c.taps - 1; kx >= 0; kx-- {
						tap := (r.first+ky*r.between)*l.Size + c.first + kx*c.between
						from := w[tap*channels*l.Filters+g*filters:]
						for i := range channels {
							for n, v := range from[i*l.Filters : i*l.Filters+filters] {
								packed[n*channels+i] = v
							}
						}
						packed = packed[filters*channels:]
					}
				}
			}
		}
	}
}

// Backward, with all sums over the taps and filters that met a pixel:
//
//	dxp[s·i+d·ky][s·j+d·kx][c] += Σ_n dy[i][j][n] · w[ky][kx][c][n]
//	dx = Pᵀ dxp
//
// Rows and columns of dxp that are s apart meet the same taps: each of these
// s×s phases is a valid convolution of dy, with zeros around it, and the packed
// weights. Where the padding copies no pixel, Pᵀ drops the rim of dxp, which
// then is not computed.
func (l *Conv) Backward(c *Call) {
	dx := c.DX[0]
	if dx == nil {
		return
	}
	height, width, wide := l.wide()
	dy := c.Temp[:c.N*wide]
	dxp := dx
	if !l.plan.CopiesNothing() {
		dxp = c.Temp[c.N*wide : c.N*(wide+l.padded())]
	}
	for i := range c.N {
		l.widen(dy[i*wide:(i+1)*wide], c.DY[i*l.out.Len():(i+1)*l.out.Len()])
	}
	_, _, targetHeight, targetWidth := l.target()
	line := targetWidth * l.in.C
	p := kernel.Product{S: c.N, AS: height * width * l.Filters, AR: width * l.Filters, AM: l.Filters, AK: 1,
		CS: targetHeight * line, CR: l.Stride * line, CM: l.Stride * l.in.C, Fresh: true}
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	p.N, p.BK = channels, channels
	if l.gaps {
		clear(dxp)
	}
	w := c.Packed
	for g := range l.Groups {
		for _, r := range l.rows {
			for _, q := range l.cols {
				taps := r.taps * q.taps * filters * channels
				p.R, p.M = r.count, q.count
				l.kernelSteps(&p, r.taps, q.taps, r.dyStep, width*l.Filters, l.Filters, channels)
				if taps > 0 && p.R > 0 && p.M > 0 {
					c.Product(p, dxp[r.at*line+q.at*l.in.C+g*channels:],
						dy[((r.from+l.rim.Top)*width+q.from+l.rim.Left)*l.Filters+g*filters:], w, nil)
				}
				w = w[taps:]
			}
		}
	}
	if l.plan.CopiesNothing() {
		return
	}
	for i, n := 0, l.in.Len(); i < c.N; i++ {
		l.plan.Adjoint(dx[i*n:(i+1)*n], dxp[i*l.padded():(i+1)*l.padded()])
	}
}

// widen copies one dy into its rim of zeros.
func (l *Conv) widen(wide, dy []float32) {
	line, row := l.out.W*l.Filters, (l.rim.Left+l.out.W+l.rim.Right)*l.Filters
	before, behind := l.rim.Left*l.Filters, l.rim.Right*l.Filters
	clear(wide[:l.rim.Top*row])
	clear(wide[(l.rim.Top+l.out.H)*row:])
	for i := range l.out.H {
		to := wide[(l.rim.Top+i)*row : (l.rim.Top+i+1)*row]
		clear(to[:before])
		copy(to[before:], dy[i*line:(i+1)*line])
		clear(to[row-behind:])
	}
}

// Gradient, with all sums over the whole pictures and all samples:
//
//	dw[ky][kx][c][n] += Σ_ij xp[s·i+d·ky][s·j+d·kx][c] · dy[i][j][n]
//	db[n]            += Σ_ij dy[i][j][n]
//
// A part is a range of the channels under a row of the kernel.
func (l *Conv) Gradient(c *Call, dw []float32, part, parts int) {
	xp, row := l.picture(c), l.plan.PW*l.in.C
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	taps, under := l.Size, channels // taps in a row of the kernel that are products of their own
	if l.Dilation == 1 && l.Groups == 1 {
		taps, under = 1, l.Size*channels
	}
	from, to := portion(under, part, parts)
	p := kernel.Product{
		S: 1, R: l.Size, M: to - from, N: filters, AR: l.Dilation * row, AM: 1,
		Q: c.N, O: l.out.H, K: l.out.W, AQ: l.padded(), AO: l.Stride * row, AK: l.Stride * l.in.C,
		BQ: l.out.Len(), BO: l.out.W * l.Filters, BK: l.Filters,
		CR: l.Size * channels * l.Filters, CM: l.Filters,
	}
	if p.M > 0 {
		for g := range l.Groups {
			for kx := range taps {
				c.Product(p, dw[(kx*channels+from)*l.Filters+g*filters:l.weights()], xp[kx*l.Dilation*l.in.C+g*channels+from:], c.DY[g*filters:], nil)
			}
		}
	}
	if l.Bias && part == 0 {
		c.AddRows(dw[l.weights():], c.DY)
	}
}
