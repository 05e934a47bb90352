package pad

import (
	"fmt"

	"padlab/core/exact"
	"padlab/core/rng"
)

// A Plan is one scheme applied to pictures of one shape. For an index scheme
// it is the affine map y = P x + v, where P gathers pixels and v holds the
// scheme's value at the positions without a source; for resize it is a linear
// map without v. P is the same for every channel. What other schemes compute or
// draw for the positions outside counts as v: no gradient passes through it.
//
// Pictures are NHWC without the N: x is H×W×C, y is PH×PW×C. A Plan is
// immutable, so any number of goroutines may use it.
type Plan struct {
	H, W, C int // the picture
	PH, PW  int // the padded picture: Top+H+Bottom × Left+W+Right
	Sides

	rows, cols []int
	turned     []int // cols of the rows outside, where these are turned
	value      float32
	nothing    bool // no position outside has a source
	compute    border
	means      [2]means  // of rows and columns, for schemes of local means
	shifted    [4]*Plan  // a scheme that shifts: below or above × right or left
	enlarged   *Bilinear // resize: y is x, enlarged
}

// A Pass is what a plan needs to know of one picture's pass through a network.
// The adjoint wants the same as Forward.
type Pass struct {
	Source   rng.Stream // of what is drawn
	Training bool
}

// NewPlan returns the plan that pads h×w×c pictures with s. The error names
// the axis when the scheme cannot pad that much. It panics if c < 1.
func NewPlan(s Scheme, h, w, c int, sides Sides) (*Plan, error) {
	if c < 1 {
		panic(fmt.Sprintf("pad: %d channels", c))
	}
	beside, above := s.Axes()
	rows, err := above.Sources(h, sides.Top, sides.Bottom)
	if err != nil {
		return nil, fmt.Errorf("%w (rows)", err)
	}
	cols, err := beside.Sources(w, sides.Left, sides.Right)
	if err != nil {
		return nil, fmt.Errorf("%w (columns)", err)
	}
	p := &Plan{H: h, W: w, C: c, PH: len(rows), PW: len(cols), Sides: sides, rows: rows, cols: cols, value: s.Value, compute: s.compute}
	p.nothing = inside(rows, sides.Top, h) && inside(cols, sides.Left, w)
	if above.turns && sides.Top+sides.Bottom > 0 {
		if w%2 > 0 {
			return nil, fmt.Errorf("pole turns rows by half a turn: the width must be even, not %d (columns)", w)
		}
		p.turned = make([]int, len(cols))
		for i, from := range cols {
			p.turned[i] = (from + w/2) % w
		}
	}
	if s.means {
		p.means = [2]means{newMeans(h, sides.Top), newMeans(w, sides.Left)}
	}
	if s.stretch && !p.Identity() {
		p.nothing = false
		p.enlarged = NewBilinear(h, w, c, p.PH, p.PW, false)
	}
	if s.shift && !p.Identity() {
		p.nothing = false
		height, width := sides.Top+sides.Bottom, sides.Left+sides.Right
		s.rule = &rule{index: s.index} // without the lot
		for i, one := range []Sides{{0, height, 0, width}, {0, height, width, 0}, {height, 0, 0, width}, {height, 0, width, 0}} {
			if p.shifted[i], err = NewPlan(s, h, w, c, one); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// inside reports whether only the n positions behind the first before ones
// have a source.
func inside(sources []int, before, n int) bool {
	for i, s := range sources {
		if s != Nowhere && (i < before || i >= before+n) {
			return false
		}
	}
	return true
}

// Identity reports whether the plan pads nothing, so that y = x.
func (p *Plan) Identity() bool { return p.Sides == Sides{} }

// CopiesNothing reports whether no position outside the picture has a source,
// so that Pᵀ only cuts the picture out.
func (p *Plan) CopiesNothing() bool { return p.nothing }

// Folds reports whether Pᵀ is the picture cut out, and what Fold adds to it.
func (p *Plan) Folds() bool { return p.shifted[0] == nil && p.enlarged == nil }

// Enlarged is P where it enlarges the picture, and nil where it copies pixels.
func (p *Plan) Enlarged() *Bilinear { return p.enlarged }

// Forward sets y = P x + v. It panics if a length is wrong.
func (p *Plan) Forward(y, x []float32, pass Pass) {
	p.check(y, x)
	if p.enlarged != nil {
		p.enlarged.Forward(exact.Blend, y, x)
		return
	}
	if p.shifted[0] != nil && pass.Training {
		p.shifted[pass.Source.IntN(len(p.shifted))].Forward(y, x, Pass{})
		return
	}
	c, right := p.C, p.Left+p.W
	for py, sy := range p.rows {
		out := y[py*p.PW*c : (py+1)*p.PW*c]
		if sy == Nowhere {
			fill(out, p.value)
			continue
		}
		in := x[sy*p.W*c : (sy+1)*p.W*c]
		if p.turned != nil && (py < p.Top || py >= p.Top+p.H) {
			p.gather(out, in, p.turned, 0, p.PW)
			continue
		}
		p.gather(out, in, p.cols, 0, p.Left)
		copy(out[p.Left*c:right*c], in)
		p.gather(out, in, p.cols, right, p.PW)
	}
	if p.compute != nil {
		p.compute(p, y, x, pass.Source)
	}
}

// gather fills the columns from … to−1 of one padded row.
func (p *Plan) gather(out, in []float32, cols []int, from, to int) {
	c := p.C
	for px := from; px < to; px++ {
		if sx := cols[px]; sx == Nowhere {
			fill(out[px*c:(px+1)*c], p.value)
		} else {
			copy(out[px*c:(px+1)*c], in[sx*c:(sx+1)*c])
		}
	}
}

// Adjoint sets dx = Pᵀ dy: every pixel collects the gradients of the places
// that copy it, first its own, then those of the padding in row-major order.
// It panics if a length is wrong.
func (p *Plan) Adjoint(dx, dy []float32, pass Pass) {
	p.check(dy, dx)
	if p.enlarged != nil {
		p.enlarged.Adjoint(dx, dy)
		return
	}
	if p.shifted[0] != nil && pass.Training {
		p.shifted[pass.Source.IntN(len(p.shifted))].Adjoint(dx, dy, Pass{})
		return
	}
	c, left, right := p.C, p.Left, p.Left+p.W
	for sy := range p.H {
		py := p.Top + sy
		copy(dx[sy*p.W*c:(sy+1)*p.W*c], dy[(py*p.PW+left)*c:(py*p.PW+right)*c])
	}
	p.Fold(dx, dy)
}

// Fold adds to dx what Pᵀ collects from the padding alone: of dy it reads only
// what lies around the picture. It is for plans that fold, and panics if a
// length is wrong.
func (p *Plan) Fold(dx, dy []float32) {
	p.check(dy, dx)
	c, left, right := p.C, p.Left, p.Left+p.W
	for py, sy := range p.rows {
		if sy == Nowhere {
			continue
		}
		out := dy[py*p.PW*c : (py+1)*p.PW*c]
		in := dx[sy*p.W*c : (sy+1)*p.W*c]
		outside := py < p.Top || py >= p.Top+p.H
		if outside && p.turned != nil {
			p.scatter(in, out, p.turned, 0, p.PW)
			continue
		}
		p.scatter(in, out, p.cols, 0, left)
		if outside {
			add(in, out[left*c:right*c])
		}
		p.scatter(in, out, p.cols, right, p.PW)
	}
}

// scatter is the adjoint of gather; what fills a position without a source
// does not depend on x.
func (p *Plan) scatter(in, out []float32, cols []int, from, to int) {
	c := p.C
	for px := from; px < to; px++ {
		if sx := cols[px]; sx != Nowhere {
			add(in[sx*c:(sx+1)*c], out[px*c:(px+1)*c])
		}
	}
}

func (p *Plan) check(y, x []float32) {
	if len(y) != p.PH*p.PW*p.C || len(x) != p.H*p.W*p.C {
		panic(fmt.Sprintf("pad: lengths %d and %d, want %d×%d×%d and %d×%d×%d", len(y), len(x), p.PH, p.PW, p.C, p.H, p.W, p.C))
	}
}

func fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}

func add(dst, src []float32) {
	for i, v := range src {
		dst[i] += v
	}
}
