package nn

import (
	"cmp"
	"fmt"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// A ConvSpec is the shape of a convolution.
type ConvSpec struct {
	Filters  int
	Size     int // of the kernel
	Stride   int // 0 means 1, as for the next two
	Dilation int
	Across   Taps // what differs along the columns
	Groups   int  // each sees its own share of the channels and has its own share of the filters
	Scheme   pad.Scheme
	Sides    pad.Sides
	Bias     bool
}

// Taps are the size, the stride and the dilation of a kernel along an axis; 0
// means what they are along the other.
type Taps struct{ Size, Stride, Dilation int }

// settle fills in what was left out.
func (s *ConvSpec) settle() {
	s.Stride, s.Dilation, s.Groups = max(s.Stride, 1), max(s.Dilation, 1), max(s.Groups, 1)
	s.Across = Taps{cmp.Or(s.Across.Size, s.Size), cmp.Or(s.Across.Stride, s.Stride), cmp.Or(s.Across.Dilation, s.Dilation)}
}

// along are the taps along an axis.
func (s *ConvSpec) along(a Axis) Taps {
	if a == Rows {
		return Taps{s.Size, s.Stride, s.Dilation}
	}
	return s.Across
}

// span is how many pixels lie between the first and the last tap, both counted.
func (t Taps) span() int { return (t.Size-1)*t.Dilation + 1 }

// area is how many taps there are.
func (s *ConvSpec) area() int { return s.Size * s.Across.Size }

// Conv is a k×k convolution with stride s and dilation d over a padded
// picture,
//
//	y[i][j][n] = b[n] + Σ_ky Σ_kx Σ_c xp[s·i+d·ky][s·j+d·kx][c] · w[ky][kx][c][n]
//
// with xp the H×W×C picture padded to PH×PW×C, and y of OH×OW×N with
// OH = ⌊(PH−d(k−1)−1)/s⌋+1 and OW likewise. With g groups c runs over the C/g
// channels of the group that filter n belongs to. As in PyTorch this is a
// correlation: the kernel is not turned round. Along the two axes k, s and d may
// differ.
//
// There is no im2col. In a padded NHWC picture the k·C values under a row of the
// kernel lie side by side and move on by s·C from one output to the next, so that
// forward, dx and dw are each products whose rows overlap (see [kernel.Product]).
// Only a dilated or grouped kernel has gaps there; its columns are summed one by
// one.
type Conv struct {
	plain
	ConvSpec
	padding
	regions []region  // of dxp that Backward computes, the interior first
	rim     pad.Sides // zeros around dy
	gaps    bool      // some pixels meet no tap of the kernel
	rectify bool      // a ReLU follows in place: forward does its work too
}

// NewConv returns a convolution. The error says why the picture cannot be
// padded so, is smaller than the kernel, or cannot be grouped. It panics
// without filters or kernel.
func NewConv(name string, in Shape, s ConvSpec) (*Conv, error) {
	s.settle()
	if s.Filters < 1 || s.Size < 1 || s.Across.Size < 1 {
		panic(fmt.Sprintf("nn: %s: %d filters of size %d", name, s.Filters, s.Size))
	}
	if in.C%s.Groups != 0 || s.Filters%s.Groups != 0 {
		return nil, fmt.Errorf("%s: %d channels and %d filters cannot be cut into %d groups", name, in.C, s.Filters, s.Groups)
	}
	p, err := newPadding(name, in, s.Scheme, s.Sides)
	if err != nil {
		return nil, err
	}
	seen, span, across := p.shape(), s.along(Rows).span(), s.along(Columns).span()
	if seen.H < span || seen.W < across {
		return nil, fmt.Errorf("%s: a %d×%d kernel does not fit in %d×%d pixels", name, span, across, seen.H, seen.W)
	}
	out := Shape{(seen.H-span)/s.Stride + 1, (seen.W-across)/s.Across.Stride + 1, s.Filters}
	l := &Conv{plain: plain{name, in, out}, ConvSpec: s, padding: p}
	l.divide()
	return l, nil
}

func (l *Conv) Kind() string { return "conv" }

func (l *Conv) Window(a Axis) Window {
	t := l.along(a)
	return Window{Size: t.Size, Stride: t.Stride, Dilation: t.Dilation, Pad: l.Sides}
}

// Params: the fan-in of a filter is what it sees.
func (l *Conv) Params() []Param {
	inputs := l.area() * l.in.C / l.Groups
	list := []Param{{Name: l.name + ".weight", Shape: []int{l.Size, l.Across.Size, l.in.C / l.Groups, l.Filters}, FanIn: inputs}}
	if l.Bias {
		list = append(list, Param{Name: l.name + ".bias", Shape: []int{l.Filters}, FanIn: inputs})
	}
	return list
}

// weights is k·k·C/g·N, the length of the kernel without its bias.
func (l *Conv) weights() int { return l.area() * l.in.C / l.Groups * l.Filters }

// wide is the size and the length of dy with its rim of zeros.
func (l *Conv) wide() (height, width, length int) {
	height, width = l.rim.Top+l.out.H+l.rim.Bottom, l.rim.Left+l.out.W+l.rim.Right
	return height, width, height * width * l.out.C
}

// Sizes: Saved is xp, unless that is x; Scratch are dy with its rim, and dxp,
// unless that is dx; Once is what planar passes want, for a sample at a time.
func (l *Conv) Sizes() Sizes {
	_, _, wide := l.wide()
	s := Sizes{Packed: l.weights(), Scratch: wide}
	if !l.plan.Identity() {
		s.Saved = l.padded()
	}
	if !l.plan.CopiesNothing() {
		s.Scratch += l.padded()
	}
	if l.few() {
		s.Once = max(l.padded()+l.Filters*l.flat(), l.before()+l.plan.PH*l.plan.PW+l.Size*l.tapsInRow()*l.in.C)
	}
	return s
}

func (l *Conv) Retains() (x, y bool) { return l.plan.Identity(), false }

// Fuse takes over a ReLU.
func (l *Conv) Fuse(next Layer) {
	if relu, ok := next.(*ReLU); ok {
		l.rectify, relu.done = true, true
	}
}

// Reads: output o has the positions s·o + d·k of the padded line under its
// taps k.
func (l *Conv) Reads(a Axis) []Reading {
	line, list, t := l.line(a), make([]Reading, a.Of(l.out)), l.along(a)
	for o := range list {
		for k := range t.Size {
			list[o].read(line[t.Stride*o+t.Dilation*k])
		}
	}
	return list
}

// picture returns xp.
func (l *Conv) picture(c *Call) []float32 {
	if l.plan.Identity() {
		return c.X[0]
	}
	return c.Saved
}

func (l *Conv) Forward(c *Call) {
	xp := l.picture(c)
	if !l.plan.Identity() {
		l.pad(c, xp)
	}
	var bias []float32
	row := l.plan.PW * l.in.C
	if l.Groups > 1 && l.Groups == l.in.C && l.Filters == l.in.C {
		l.depthWise(c, xp, row)
		return
	}
	if l.few() {
		l.planar(c, xp)
		return
	}
	p := kernel.Product{
		S: c.N, R: l.out.H, M: l.out.W, AS: l.padded(), AR: l.Stride * row, AM: l.Across.Stride * l.in.C,
		CS: l.out.Len(), CR: l.out.W * l.out.C, CM: l.out.C, BK: l.Filters, AK: 1,
		Fresh: true, ReLU: l.rectify && !c.Apart,
	}
	l.kernelSteps(&p, l.Size, l.Across.Size, l.Across.Size, l.Dilation, l.Across.Dilation, row, l.in.C, l.Filters)
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	p.N = filters
	for g := range l.Groups {
		if l.Bias {
			bias = c.W[l.weights()+g*filters : l.weights()+(g+1)*filters]
		}
		c.Product(p, c.Y[g*filters:], xp[g*channels:], c.W[g*filters:], bias)
	}
}

// depthWise is Forward where every channel has a kernel of its own: the same sums, in
// the same order, many channels at once.
func (l *Conv) depthWise(c *Call, xp []float32, row int) {
	p := kernel.DepthWise{
		R: l.out.H, M: l.out.W, C: l.in.C, O: l.Size, K: l.Across.Size,
		AR: l.Stride * row, AM: l.Across.Stride * l.in.C, AO: l.Dilation * row, AK: l.Across.Dilation * l.in.C,
		ReLU: l.rectify && !c.Apart,
	}
	var bias []float32
	if l.Bias {
		bias = c.W[l.weights():][:l.Filters]
	}
	for i := range c.N {
		c.DepthWise(p, cut(c.Y, l.out.Len(), i, i+1), cut(xp, l.padded(), i, i+1), c.W[:l.weights()], bias)
	}
}

// together is how many pixels planar computes at once, so that what it reads stays near
// while tap after tap passes.
const together = 128

// few reports whether Forward goes over the pixels in place of the filters: there are
// fewer of these than a vector has lanes, and of all else many.
func (l *Conv) few() bool {
	return l.Filters <= 8 && l.in.C >= 16 && l.out.H*l.out.W >= 64 && l.Groups == 1 && l.Stride == 1 && l.Across.Stride == 1
}

// flat is how many pixels of xp lie between the first output and the last, both counted.
func (l *Conv) flat() int { return (l.out.H-1)*l.plan.PW + l.out.W }

// planar is Forward of few filters: the same sums, in the same order, but many pixels at
// once, for which the channels of xp are taken apart. A row of outputs runs on into the
// next, over pixels that are not looked at.
func (l *Conv) planar(c *Call, xp []float32) {
	area, flat := l.plan.PH*l.plan.PW, l.flat()
	apart, y := c.Scratch[:l.padded()], c.Scratch[l.padded():][:l.Filters*flat]
	p := kernel.Product{
		S: 1, R: 1, M: l.Filters, Q: l.Size, O: l.Across.Size, K: l.in.C,
		AM: 1, AQ: l.Across.Size * l.in.C * l.Filters, AO: l.in.C * l.Filters, AK: l.Filters,
		BQ: l.Dilation * l.plan.PW, BO: l.Across.Dilation, BK: area, CM: flat, ReLU: l.rectify && !c.Apart,
	}
	for i := range c.N {
		c.Transpose(apart, cut(xp, l.padded(), i, i+1), area, l.in.C)
		clear(y)
		if l.Bias {
			for n, b := range c.W[l.weights():][:l.Filters] {
				for at := range flat {
					y[n*flat+at] = b
				}
			}
		}
		for at := 0; at < flat; at += together {
			p.N = min(together, flat-at)
			c.Product(p, y[at:], c.W, apart[at:], nil)
		}
		to := cut(c.Y, l.out.Len(), i, i+1)
		for row := range l.out.H {
			for col := range l.out.W {
				for n := range l.Filters {
					to[n] = y[n*flat+row*l.plan.PW+col]
				}
				to = to[l.Filters:]
			}
		}
	}
}

// kernelSteps makes the reduction of p run over height×width taps of a kernel
// that has under of them in a row, step rows and across columns apart, on pictures
// with rows of row floats and pixels of channels floats; B holds a row of stride floats for each
// tap and channel of a group. Taps that lie side by side are one run of steps.
func (l *Conv) kernelSteps(p *kernel.Product, height, width, under, step, across, row, channels, stride int) {
	inner := channels / l.Groups
	if across == 1 && l.Groups == 1 {
		p.Q, p.O, p.K = 1, height, width*inner
		p.AO, p.BO = step*row, under*inner*stride
		return
	}
	p.Q, p.O, p.K = height, width, inner
	p.AQ, p.BQ = step*row, under*inner*stride
	p.AO, p.BO = across*channels, inner*stride
}

// A region is a rectangle of dxp that Backward computes, by the phases of its
// rows and columns.
type region struct {
	top, left  int
	rows, cols []phase
}

// divide cuts dxp into the interior, which is dx but for what the padding
// copied, and the strips around it, unless nothing there is a copy. Where the
// adjoint of the padding is more than that, dxp is computed as a whole.
func (l *Conv) divide() {
	p := l.plan
	if !p.Folds() {
		l.region(0, 0, p.PH, p.PW)
		return
	}
	bottom, right := p.Top+p.H, p.Left+p.W
	l.region(p.Top, p.Left, p.H, p.W)
	if p.CopiesNothing() {
		return
	}
	l.region(0, 0, p.Top, p.PW)
	l.region(bottom, 0, p.Bottom, p.PW)
	l.region(p.Top, 0, p.H, p.Left)
	l.region(p.Top, right, p.H, p.Right)
}

// region adds a rectangle, and to the rim what it needs.
func (l *Conv) region(top, left, height, width int) {
	if height == 0 || width == 0 {
		return
	}
	r := region{top: top, left: left}
	extend := func(list []phase, n int, before, behind *int) {
		for _, p := range list {
			if p.taps == 0 {
				l.gaps = true
				continue
			}
			*before = max(*before, -p.from)
			*behind = max(*behind, p.from+(p.taps-1)*p.dyStep+p.count-n)
		}
	}
	r.rows, r.cols = l.along(Rows).phases(top, height, l.out.H), l.along(Columns).phases(left, width, l.out.W)
	extend(r.rows, l.out.H, &l.rim.Top, &l.rim.Bottom)
	extend(r.cols, l.out.W, &l.rim.Left, &l.rim.Right)
	l.regions = append(l.regions, r)
}

// A phase is every s-th row, or column, of a region of dxp: those meet the same
// taps of the kernel. In the order in which Pack turns them round these are the
// taps skip, skip+1, …, and the t-th row meets rows of dy that begin at from+t
// and lie dyStep apart. Taps that would only meet rows beyond dy are left out.
type phase struct {
	residue      int // of the rows in the padded picture, modulo s
	at, count    int // the rows at, at+s, … of the region
	skip, taps   int
	from, dyStep int
}

// phases returns the s phases of size rows that begin at row top of the padded
// picture, where dy has n rows. Row i_p of the padded picture met tap ky of
// output i where s·i + d·ky = i_p.
func (t Taps) phases(top, size, n int) (list []phase) {
	s, d := t.Stride, t.Dilation
	step := d / gcd(s, d)
	for a := range min(s, size) {
		p := phase{residue: (top + a) % s, at: a, count: (size - a + s - 1) / s, dyStep: step}
		first, _, all := t.taps(p.residue)
		base := floorDiv(top+a-d*first, s) // tap u meets rows from base − u·step on
		least := max(0, floorDiv(base-n, step)+1)
		most := min(all-1, floorDiv(base+p.count-1, step))
		if all > 0 && least <= most {
			p.skip, p.taps, p.from = all-1-most, most-least+1, base-most*step
		}
		list = append(list, p)
	}
	return list
}

// taps are the taps of the kernel, along one axis, that the rows of the padded
// picture with the given residue modulo s meet: first, first+between, ….
func (t Taps) taps(residue int) (first, between, count int) {
	first, between = -1, t.Stride/gcd(t.Stride, t.Dilation)
	for k := range t.Size {
		if (residue-t.Dilation*k)%t.Stride == 0 {
			if first < 0 {
				first = k
			}
			count++
		}
	}
	return first, between, count
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

// Pack turns the kernel round, [ky][kx][n][c] from the last tap to the first,
// group after group and in them residue after residue: what brings dy back to
// dx.
func (l *Conv) Pack(packed, w, _ []float32) {
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	for g := range l.Groups {
		for r := range l.Stride {
			for c := range l.Across.Stride {
				firstY, between, countY := l.along(Rows).taps(r)
				firstX, betweenX, countX := l.Across.taps(c)
				for ky := countY - 1; ky >= 0; ky-- {
					for kx := countX - 1; kx >= 0; kx-- {
						tap := (firstY+ky*between)*l.Across.Size + firstX + kx*betweenX
						transpose(packed, w[tap*channels*l.Filters+g*filters:], channels, filters, l.Filters)
						packed = packed[filters*channels:]
					}
				}
			}
		}
	}
}

// packedAt is where the taps of a residue begin among the packed weights of a
// group, in taps.
func (l *Conv) packedAt(row, col int) (at int) {
	for r := range l.Stride {
		for c := range l.Across.Stride {
			if r == row && c == col {
				return at
			}
			_, _, y := l.along(Rows).taps(r)
			_, _, x := l.Across.taps(c)
			at += y * x
		}
	}
	return at
}

// transpose sets to[j][i], m long, to from[i][j], where the m rows of from are
// step floats apart and n long. It goes block by block, so that what it jumps
// between stays in the first cache.
func transpose(to, from []float32, m, n, step int) {
	const side = 16
	for i0 := 0; i0 < m; i0 += side {
		for j0 := 0; j0 < n; j0 += side {
			for i := i0; i < min(i0+side, m); i++ {
				row := from[i*step+j0 : i*step+min(j0+side, n)]
				at := j0*m + i
				for _, v := range row {
					to[at] = v
					at += m
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
// weights. The interior of dxp is computed in dx; where the padding copied
// pixels, so are the strips around it, and folded back onto what they copied.
func (l *Conv) Backward(c *Call) {
	dx := c.DX[0]
	if dx == nil {
		return
	}
	_, _, wide := l.wide()
	dy, dxp := c.Scratch[:c.N*wide], c.Scratch[c.N*wide:]
	for i := range c.N {
		l.widen(dy[i*wide:(i+1)*wide], c.DY[i*l.out.Len():(i+1)*l.out.Len()])
	}
	strips := l.regions
	if l.plan.Folds() {
		if l.gaps {
			clear(dx)
		}
		l.passBack(c, l.regions[0], dx, l.in.W*l.in.C, l.in.Len(), dy)
		if strips = strips[1:]; l.plan.CopiesNothing() {
			return
		}
	}
	dxp = dxp[:c.N*l.padded()]
	if l.gaps {
		clear(dxp)
	}
	row := l.plan.PW * l.in.C
	for _, r := range strips {
		l.passBack(c, r, dxp[r.top*row+r.left*l.in.C:], row, l.padded(), dy)
	}
	for i, n := 0, l.in.Len(); i < c.N; i++ {
		one, from := dx[i*n:(i+1)*n], dxp[i*l.padded():(i+1)*l.padded()]
		if l.plan.Folds() {
			l.plan.Fold(one, from)
		} else {
			l.plan.Adjoint(one, from, l.pass(c, i))
		}
	}
}

// passBack computes a region of dxp, whose rows are line floats apart in to,
// and whose samples next floats, from dy with its rim.
func (l *Conv) passBack(c *Call, r region, to []float32, line, next int, dy []float32) {
	_, width, wide := l.wide()
	row := width * l.Filters
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	for g := range l.Groups {
		for _, y := range r.rows {
			for _, x := range r.cols {
				if y.taps == 0 || x.taps == 0 {
					continue
				}
				_, _, under := l.Across.taps(x.residue)
				p := kernel.Product{
					S: c.N, R: y.count, M: x.count, N: channels, AS: wide, AR: row, AM: l.Filters, AK: 1, BK: channels,
					CS: next, CR: l.Stride * line, CM: l.Across.Stride * l.in.C, Fresh: true,
				}
				l.kernelSteps(&p, y.taps, x.taps, under, y.dyStep, x.dyStep, row, l.Filters, channels)
				if p.M < p.R { // tiles are along M
					p.R, p.M, p.AR, p.AM, p.CR, p.CM = p.M, p.R, p.AM, p.AR, p.CM, p.CR
				}
				tap := g*l.area() + l.packedAt(y.residue, x.residue) + y.skip*under + x.skip
				c.Product(p, to[y.at*line+x.at*l.in.C+g*channels:],
					dy[(y.from+l.rim.Top)*row+(x.from+l.rim.Left)*l.Filters+g*filters:], c.Packed[tap*filters*channels:], nil)
			}
		}
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
	if l.Bias && part == 0 {
		c.sumRows(dw[l.weights():], c.DY)
	}
	if l.few() {
		l.planarGradient(c, dw, part, parts)
		return
	}
	xp, row := l.picture(c), l.plan.PW*l.in.C
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	taps, under := l.Across.Size, channels // taps in a row of the kernel that are products of their own
	if l.Across.Dilation == 1 && l.Groups == 1 {
		taps, under = 1, l.Across.Size*channels
	}
	from, to := portion(under, part, parts)
	p := kernel.Product{
		S: 1, R: l.Size, M: to - from, N: filters, AR: l.Dilation * row, AM: 1,
		Q: c.N, O: l.out.H, K: l.out.W, AQ: l.padded(), AO: l.Stride * row, AK: l.Across.Stride * l.in.C,
		BQ: l.out.Len(), BO: l.out.W * l.Filters, BK: l.Filters,
		CR: l.Across.Size * channels * l.Filters, CM: l.Filters, Fresh: c.Fresh,
	}
	if p.M > 0 {
		for g := range l.Groups {
			for kx := range taps {
				c.Product(p, dw[(kx*channels+from)*l.Filters+g*filters:l.weights()], xp[kx*l.Across.Dilation*l.in.C+g*channels+from:], c.DY[g*filters:], nil)
			}
		}
	}
}

// planarGradient is Gradient of few filters, one after the other: the same sums, in the
// same order, but of all taps and many channels at once. The pixels of xp pass once, each
// beside what every tap met there of dy, which is 0 where it met nothing and adds nothing
// to a finite gradient:
//
//	dw[ky][kx][c] += Σ_q xp[q][c] · dyp[q − d·(ky·PW + kx)]
//
// Rows of the product are taps from the last to the first, filled up to whole groups of a
// tile.
func (l *Conv) planarGradient(c *Call, dw []float32, part, parts int) {
	xp, area, step, taps := l.picture(c), l.plan.PH*l.plan.PW, l.Dilation*l.plan.PW, l.tapsInRow()
	from, to := portion(l.in.C, part, parts)
	n := to - from
	if n == 0 {
		return
	}
	dyp, sums := c.Scratch[:l.before()+area], c.Scratch[l.before()+area:][:l.Size*taps*n]
	p := kernel.Product{
		S: 1, R: l.Size, M: taps, N: n, Q: 1, O: 1, K: area,
		AR: step, AM: l.Across.Dilation, AK: 1, BK: l.in.C, CR: taps * n, CM: n,
	}
	// each calls f for every tap: its sums, and its part of dw.
	each := func(f func(sums, dw []float32)) {
		for ky := range l.Size {
			for kx := range l.Across.Size {
				row := (l.Size-1-ky)*taps + taps - 1 - kx
				f(sums[row*n:(row+1)*n], dw[((ky*l.Across.Size+kx)*l.in.C+from)*l.Filters:])
			}
		}
	}
	for filter := range l.Filters {
		clear(sums)
		if !c.Fresh {
			each(func(sums, dw []float32) {
				for j := range sums {
					sums[j] = dw[j*l.Filters+filter]
				}
			})
		}
		for i := range c.N {
			clear(dyp)
			dy := cut(c.DY, l.out.Len(), i, i+1)
			for row := range l.out.H {
				for col := range l.out.W {
					dyp[l.before()+row*l.plan.PW+col] = dy[(row*l.out.W+col)*l.Filters+filter]
				}
			}
			c.Product(p, sums, dyp, cut(xp, l.padded(), i, i+1)[from:], nil)
		}
		each(func(sums, dw []float32) {
			for j, v := range sums {
				dw[j*l.Filters+filter] = v
			}
		})
	}
}

// tapsInRow is how many rows of a tile the taps in a row of the kernel take, and before
// how many zeros stand before the first dy.
func (l *Conv) tapsInRow() int {
	if l.Across.Size < 3 {
		return l.Across.Size
	}
	return (l.Across.Size + 3) &^ 3
}

func (l *Conv) before() int {
	return (l.Size-1)*l.Dilation*l.plan.PW + (l.tapsInRow()-1)*l.Across.Dilation
}
