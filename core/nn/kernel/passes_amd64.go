package kernel

import "padlab/core/exact"

// The passes hand whole vectors to the assembly and leave what remains to the
// portable pass.

func (x *extension) relu(y, in []float32) {
	same(len(y), len(in))
	whole := len(y) &^ (x.lanes - 1)
	if whole > 0 {
		if x.lanes == 16 {
			relu512(&y[0], &in[0], whole/16)
		} else {
			relu256(&y[0], &in[0], whole/8)
		}
	}
	relu(y[whole:], in[whole:])
}

func (x *extension) reluGrad(dx, dy, y []float32) {
	same(len(y), len(dx), len(dy))
	whole := len(y) &^ (x.lanes - 1)
	if whole > 0 {
		if x.lanes == 16 {
			reluGrad512(&dx[0], &dy[0], &y[0], whole/16)
		} else {
			reluGrad256(&dx[0], &dy[0], &y[0], whole/8)
		}
	}
	reluGrad(dx[whole:], dy[whole:], y[whole:])
}

func (x *extension) clamp(y, in []float32, low, high float32) {
	same(len(y), len(in))
	whole := len(y) &^ (x.lanes - 1)
	if whole > 0 {
		bounds := [2]float32{low, high}
		if x.lanes == 16 {
			clamp512(&y[0], &in[0], &bounds[0], whole/16)
		} else {
			clamp256(&y[0], &in[0], &bounds[0], whole/8)
		}
	}
	clamp(y[whole:], in[whole:], low, high)
}

func (x *extension) blend(y, a, b, c, d []float32, t, u float32) {
	same(len(y), len(a), len(b), len(c), len(d))
	whole := len(y) &^ (x.lanes - 1)
	if whole > 0 {
		if x.lanes == 16 {
			blend512(&y[0], &a[0], &b[0], &c[0], &d[0], t, u, whole/16)
		} else {
			blend256(&y[0], &a[0], &b[0], &c[0], &d[0], t, u, whole/8)
		}
	}
	exact.Blend(y[whole:], a[whole:], b[whole:], c[whole:], d[whole:], t, u)
}

func (x *extension) add(sum, in []float32) {
	same(len(sum), len(in))
	whole := len(sum) &^ (x.lanes - 1)
	if whole > 0 {
		if x.lanes == 16 {
			add512(&sum[0], &in[0], whole/16)
		} else {
			add256(&sum[0], &in[0], whole/8)
		}
	}
	add(sum[whole:], in[whole:])
}

func (x *extension) addRows(sum, in []float32) {
	n := len(sum)
	same(0, len(in)%n)
	rows := len(in) / n
	if n%x.lanes != 0 || rows == 0 {
		addRows(sum, in)
		return
	}
	for i := 0; i < n; i += x.lanes {
		if x.lanes == 16 {
			addRows512(&sum[i], &in[i], rows, 4*n)
		} else {
			addRows256(&sum[i], &in[i], rows, 4*n)
		}
	}
}

func (x *extension) maxPool(y []float32, from []int32, in []float32, h, w, c int) {
	pooled(len(y), len(from), len(in), h, w, c)
	if c%x.lanes != 0 {
		maxPool(y, from, in, h, w, c)
		return
	}
	for i := range h / 2 {
		o, at := i*(w/2)*c, 2*i*w*c
		if x.lanes == 16 {
			maxPool512(&y[o], &from[o], &in[at], 4*w*c, 4*c, w/2)
		} else {
			maxPool256(&y[o], &from[o], &in[at], 4*w*c, 4*c, w/2)
		}
	}
}

// ordinals are the numbers of the lanes of a vector.
var ordinals = [16]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func (x *extension) maxWindow(y []float32, from []int32, in []float32, at int, w Window) {
	same(len(y), len(from))
	w.check(len(y), len(in))
	n := len(y)
	if n < x.lanes {
		maxWindow(y, from, in, at, w)
		return
	}
	x.maxWindowVectors(y, from, in, at, w, n/x.lanes)
	if n%x.lanes != 0 { // the last vector does a part of the one before again
		last := n - x.lanes
		x.maxWindowVectors(y[last:], from[last:], in[last:], at+last, w, 1)
	}
}

func (x *extension) maxWindowVectors(y []float32, from []int32, in []float32, at int, w Window, vectors int) {
	if x.lanes == 16 {
		maxWindow512(&y[0], &from[0], &in[0], &ordinals[0], at, w.Rows, w.Cols, w.Down, w.Right, vectors)
	} else {
		maxWindow256(&y[0], &from[0], &in[0], &ordinals[0], at, w.Rows, w.Cols, w.Down, w.Right, vectors)
	}
}

func (x *extension) maxPoolGrad(dx, dy []float32, from []int32, h, w, c int) {
	pooled(len(dy), len(from), len(dx), h, w, c)
	if c%x.lanes != 0 {
		maxPoolGrad(dx, dy, from, h, w, c)
		return
	}
	if h%2 == 1 || w%2 == 1 {
		clear(dx)
	}
	for i := range h / 2 {
		o, at := i*(w/2)*c, 2*i*w*c
		if x.lanes == 16 {
			maxPoolGrad512(&dx[at], &dy[o], &from[o], 4*w*c, 4*c, w/2)
		} else {
			maxPoolGrad256(&dx[at], &dy[o], &from[o], 4*w*c, 4*c, w/2)
		}
	}
}

func (x *extension) transpose(to, from []float32, m, n int) {
	same(m*n, len(to), len(from))
	rows, columns := m&^(x.lanes-1), n&^(x.lanes-1)
	if columns > 0 {
		for i := 0; i < rows; i += x.lanes {
			if x.lanes == 16 {
				transpose512(&to[i], &from[i*n], m*int(floatBytes), n*int(floatBytes), columns/16)
			} else {
				transpose256(&to[i], &from[i*n], m*int(floatBytes), n*int(floatBytes), columns/8)
			}
		}
	}
	transposeBeyond(to, from, m, n, rows, columns)
}

func (x *extension) peak(rounds int) int {
	if x.lanes == 16 {
		peak512(rounds)
	} else {
		peak256(rounds)
	}
	return 2 * 12 * x.lanes * rounds
}
