package pad

import (
	"math"

	"padlab/core/draw"
)

// A border computes what stands outside the picture x in y, whose inside is
// done.
type border func(p *Plan, y, x []float32, source draw.Source)

// eachOutside calls f for every position of y outside the picture, in row-major
// order, with its C values.
func (p *Plan) eachOutside(y []float32, f func(row, col int, to []float32)) {
	for row := range p.PH {
		for col := 0; col < p.PW; col++ {
			if row >= p.Top && row < p.Top+p.H && col == p.Left {
				if col += p.W; col == p.PW {
					break
				}
			}
			at := (row*p.PW + col) * p.C
			f(row, col, y[at:at+p.C])
		}
	}
}

// lanes is how many channels are worked on side by side, on the stack.
const lanes = 64

// noise fills the outside with draws of mean and standard deviation of each
// channel of x, in float64 over its H·W pixels. No gradient passes through it.
func noise(p *Plan, y, x []float32, source draw.Source) {
	pixels := float64(p.H * p.W)
	for first := 0; first < p.C; first += lanes {
		var mean, deviation [lanes]float64
		some := min(lanes, p.C-first)
		for at := first; at < len(x); at += p.C {
			for c, v := range x[at : at+some] {
				mean[c] += float64(v)
			}
		}
		for c := range mean {
			mean[c] /= pixels
		}
		for at := first; at < len(x); at += p.C {
			for c, v := range x[at : at+some] {
				d := float64(v) - mean[c]
				deviation[c] += float64(d * d)
			}
		}
		for c := range deviation {
			deviation[c] = math.Sqrt(deviation[c] / pixels)
		}
		p.eachOutside(y, func(_, _ int, to []float32) {
			for c := range some {
				to[first+c] = float32(mean[c] + float64(deviation[c]*source.Normal()))
			}
		})
	}
}

// means are, along one axis, what the schemes of local means look at for a
// position of the padded line: two local means, the first pixel of each, and
// how far the position lies between them.
type means struct {
	window int       // 2p+1 pixels
	interp []between // of the n−2p local means, enlarged to n+2p
	mirror []between // enlarged to n, and mirrored about the edge
}

// between is a position between two others: a + t·(b−a).
type between struct {
	a, b int
	t    float32
}

// newMeans looks at a line of n padded by p on both sides.
func newMeans(n, p int) means {
	m := means{window: 2*p + 1, interp: stretch(n-2*p, n+2*p)}
	inner := stretch(n-2*p, n)
	for i := -p; i < n+p; i++ {
		m.mirror = append(m.mirror, inner[Reflect(i, n)])
	}
	return m
}

// stretch says where the positions of a line of n values, enlarged to m, lie
// between those of the line: PyTorch's bilinear interpolation without aligned
// corners, at (i+½)·n/m − ½, and not before the first or behind the last.
func stretch(n, m int) []between {
	list := make([]between, m)
	for i := range list {
		at := math.Max(0, float64((float64(i)+0.5)*float64(n)/float64(m))-0.5)
		a := int(at)
		list[i] = between{a, min(a+1, n-1), float32(at - float64(a))}
	}
	return list
}

// meanInterp is distribution padding (Nguyen et al., ICIP 2019): the means of
// all windows of 2p+1 pixels that lie inside of x, (H−2p)×(W−2p) of them,
// enlarged bilinearly to (H+2p)×(W+2p). No gradient passes through it.
func meanInterp(p *Plan, y, x []float32, _ draw.Source) {
	p.localMeans(y, x, p.means[0].interp, p.means[1].interp)
}

// meanRef is their other form: the means are enlarged to H×W and mirrored about
// the edge.
func meanRef(p *Plan, y, x []float32, _ draw.Source) {
	p.localMeans(y, x, p.means[0].mirror, p.means[1].mirror)
}

func (p *Plan) localMeans(y, x []float32, rows, cols []between) {
	for first := 0; first < p.C; first += lanes {
		some := min(lanes, p.C-first)
		p.eachOutside(y, func(row, col int, to []float32) {
			var corner [4][lanes]float32
			r, c := rows[row], cols[col]
			for i, at := range [4][2]int{{r.a, c.a}, {r.a, c.b}, {r.b, c.a}, {r.b, c.b}} {
				p.localMean(corner[i][:some], x[first:], at[0], at[1])
			}
			for i := range some {
				above := blend(corner[0][i], corner[1][i], c.t)
				below := blend(corner[2][i], corner[3][i], c.t)
				to[first+i] = blend(above, below, r.t)
			}
		})
	}
}

// blend is a + t·(b−a): exactly a where both are equal.
func blend(a, b, t float32) float32 { return a + float32(t*(b-a)) }

// localMean sets to to the mean, in its channels, of the window of x whose first
// pixel is row, col.
func (p *Plan) localMean(to, x []float32, row, col int) {
	height, width := p.means[0].window, p.means[1].window
	clear(to)
	for i := range height {
		for j := range width {
			at := ((row+i)*p.W + col + j) * p.C
			add(to, x[at:at+len(to)])
		}
	}
	for i := range to {
		to[i] /= float32(height * width)
	}
}

// enlarge is resize: y is x, bilinearly enlarged to the size that padding would
// have given it. It is what the authors of "Position, Padding and Predictions"
// call no padding, so that shortcuts keep their sizes; they enlarge by 3 under
// a 7×7 kernel, where this is 6.
func (p *Plan) enlarge(y, x []float32) {
	c := p.C
	for i, r := range p.stretch[0] {
		a, b := x[r.a*p.W*c:(r.a+1)*p.W*c], x[r.b*p.W*c:(r.b+1)*p.W*c]
		for j, q := range p.stretch[1] {
			to := y[(i*p.PW+j)*c : (i*p.PW+j+1)*c]
			for k := range to {
				above := blend(a[q.a*c+k], a[q.b*c+k], q.t)
				below := blend(b[q.a*c+k], b[q.b*c+k], q.t)
				to[k] = blend(above, below, r.t)
			}
		}
	}
}

// shrink is the adjoint of enlarge: every pixel collects the gradients of the
// places between which it lies, in their row-major order.
func (p *Plan) shrink(dx, dy []float32) {
	c := p.C
	clear(dx)
	for i, r := range p.stretch[0] {
		for j, q := range p.stretch[1] {
			from := dy[(i*p.PW+j)*c : (i*p.PW+j+1)*c]
			for _, part := range [4]struct {
				row, col int
				share    float32
			}{{r.a, q.a, (1 - r.t) * (1 - q.t)}, {r.a, q.b, (1 - r.t) * q.t}, {r.b, q.a, r.t * (1 - q.t)}, {r.b, q.b, r.t * q.t}} {
				to := dx[(part.row*p.W+part.col)*c : (part.row*p.W+part.col+1)*c]
				for k, v := range from {
					to[k] += float32(part.share * v)
				}
			}
		}
	}
}
