package pad

import (
	"math"

	"padlab/core/exact"
	"padlab/core/rng"
)

// A border computes what stands outside the picture x in y, whose inside is
// done.
type border func(p *Plan, y, x []float32, source rng.Stream)

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
func noise(p *Plan, y, x []float32, source rng.Stream) {
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

// newMeans looks at a line of n padded by p on both sides.
func newMeans(n, p int) means {
	m := means{window: 2*p + 1, interp: stretch(n-2*p, n+2*p, false)}
	inner := stretch(n-2*p, n, false)
	for i := -p; i < n+p; i++ {
		m.mirror = append(m.mirror, inner[Reflect(i, n)])
	}
	return m
}

// meanInterp is distribution padding (Nguyen et al., ICIP 2019): the means of
// all windows of 2p+1 pixels that lie inside of x, (H−2p)×(W−2p) of them,
// enlarged bilinearly to (H+2p)×(W+2p). No gradient passes through it.
func meanInterp(p *Plan, y, x []float32, _ rng.Stream) {
	p.localMeans(y, x, p.means[0].interp, p.means[1].interp)
}

// meanRef is their other form: the means are enlarged to H×W and mirrored about
// the edge.
func meanRef(p *Plan, y, x []float32, _ rng.Stream) {
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
				above := exact.Between(corner[0][i], corner[1][i], c.t)
				below := exact.Between(corner[2][i], corner[3][i], c.t)
				to[first+i] = exact.Between(above, below, r.t)
			}
		})
	}
}

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
