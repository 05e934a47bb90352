package kernel

import "padlab/core/exact"

// The passes hand whole vectors to the assembly and leave what remains to the
// portable pass.

func neonReLU(y, x []float32) {
	same(len(y), len(x))
	whole := len(y) &^ (lanes - 1)
	if whole > 0 {
		relu128(&y[0], &x[0], whole/lanes)
	}
	relu(y[whole:], x[whole:])
}

func neonReLUGrad(dx, dy, y []float32) {
	same(len(y), len(dx), len(dy))
	whole := len(y) &^ (lanes - 1)
	if whole > 0 {
		reluGrad128(&dx[0], &dy[0], &y[0], whole/lanes)
	}
	reluGrad(dx[whole:], dy[whole:], y[whole:])
}

func neonClamp(y, x []float32, low, high float32) {
	same(len(y), len(x))
	whole := len(y) &^ (lanes - 1)
	if whole > 0 {
		bounds := [2]float32{low, high}
		clamp128(&y[0], &x[0], &bounds[0], whole/lanes)
	}
	clamp(y[whole:], x[whole:], low, high)
}

func neonBlend(y, a, b, c, d []float32, t, u float32) {
	same(len(y), len(a), len(b), len(c), len(d))
	whole := len(y) &^ (lanes - 1)
	if whole > 0 {
		by := [2]float32{t, u}
		blend128(&y[0], &a[0], &b[0], &c[0], &d[0], &by[0], whole/lanes)
	}
	exact.Blend(y[whole:], a[whole:], b[whole:], c[whole:], d[whole:], t, u)
}

func neonAdd(sum, x []float32) {
	same(len(sum), len(x))
	whole := len(sum) &^ (lanes - 1)
	if whole > 0 {
		add128(&sum[0], &x[0], whole/lanes)
	}
	add(sum[whole:], x[whole:])
}

func neonAddRows(sum, x []float32) {
	n := len(sum)
	same(0, len(x)%n)
	rows := len(x) / n
	if n%lanes != 0 || rows == 0 {
		addRows(sum, x)
		return
	}
	for i := 0; i < n; i += lanes {
		addRows128(&sum[i], &x[i], rows, 4*n)
	}
}

func neonMaxPool(y []float32, from []int32, x []float32, h, w, c int) {
	pooled(len(y), len(from), len(x), h, w, c)
	if c%lanes != 0 {
		maxPool(y, from, x, h, w, c)
		return
	}
	for i := range h / 2 {
		o, at := i*(w/2)*c, 2*i*w*c
		maxPool128(&y[o], &from[o], &x[at], 4*w*c, 4*c, w/2)
	}
}

func neonMaxWindow(y []float32, from []int32, x []float32, at int, w Window) {
	same(len(y), len(from))
	w.check(len(y), len(x))
	n := len(y)
	if n < lanes {
		maxWindow(y, from, x, at, w)
		return
	}
	vectors := func(at0, count int) {
		places := [lanes]int32{}
		for i := range places {
			places[i] = int32(at + at0 + i)
		}
		maxWindow128(&y[at0], &from[at0], &x[at0], &places[0], w.Rows, w.Cols, w.Down, w.Right, count)
	}
	vectors(0, n/lanes)
	if n%lanes != 0 { // the last vector does a part of the one before again
		vectors(n-lanes, 1)
	}
}

func neonMaxPoolGrad(dx, dy []float32, from []int32, h, w, c int) {
	pooled(len(dy), len(from), len(dx), h, w, c)
	if c%lanes != 0 {
		maxPoolGrad(dx, dy, from, h, w, c)
		return
	}
	if h%2 == 1 || w%2 == 1 {
		clear(dx)
	}
	for i := range h / 2 {
		o, at := i*(w/2)*c, 2*i*w*c
		maxPoolGrad128(&dx[at], &dy[o], &from[o], 4*w*c, 4*c, w/2)
	}
}

func neonTranspose(to, from []float32, m, n int) {
	same(m*n, len(to), len(from))
	rows, columns := m&^(lanes-1), n&^(lanes-1)
	if columns > 0 {
		for i := 0; i < rows; i += lanes {
			transpose128(&to[i], &from[i*n], m*int(floatBytes), n*int(floatBytes), columns/lanes)
		}
	}
	transposeBeyond(to, from, m, n, rows, columns)
}

func neonPeak(rounds int) int {
	peak128(rounds)
	return 2 * tileRows * tileVectors * lanes * rounds
}
