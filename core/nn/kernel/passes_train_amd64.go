package kernel

import "padlab/core/exact"

import "unsafe"

// tail is how the assembly is told the last columns of a row, less than a
// vector: as bits of a mask register, or as the address of a mask. It is not
// read where the columns are whole vectors.
func (x *extension) tail(columns int) uintptr {
	last := columns % x.lanes
	if x.lanes == 16 {
		return 1<<last - 1
	}
	return uintptr(unsafe.Pointer(&lanes256[8-last]))
}

func (x *extension) squareRows(sum, in, mean []float32) {
	c := len(sum)
	rows := rowsOf(len(in), c, len(mean))
	switch {
	case rows == 0:
	case x.lanes == 16:
		squareRows512(&in[0], &sum[0], &mean[0], c, rows, x.tail(c))
	default:
		squareRows256(&in[0], &sum[0], &mean[0], c, rows, x.tail(c))
	}
}

func (x *extension) dotRows(sum, dy, in, mean []float32) {
	c := len(sum)
	same(len(in), len(dy))
	rows := rowsOf(len(in), c, len(mean))
	switch {
	case rows == 0:
	case x.lanes == 16:
		dotRows512(&dy[0], &in[0], &sum[0], &mean[0], c, rows, x.tail(c))
	default:
		dotRows256(&dy[0], &in[0], &sum[0], &mean[0], c, rows, x.tail(c))
	}
}

func (x *extension) affine(y, in, scale, shift []float32) {
	c := len(scale)
	same(len(in), len(y))
	rows := rowsOf(len(in), c, len(shift))
	switch {
	case rows == 0:
	case x.lanes == 16:
		affine512(&y[0], &in[0], &scale[0], &shift[0], c, rows, x.tail(c))
	default:
		affine256(&y[0], &in[0], &scale[0], &shift[0], c, rows, x.tail(c))
	}
}

func (x *extension) standardise(y, in, mean, scale []float32) {
	c := len(mean)
	same(len(in), len(y))
	rows := rowsOf(len(in), c, len(scale))
	switch {
	case rows == 0:
	case x.lanes == 16:
		standardise512(&y[0], &in[0], &mean[0], &scale[0], c, rows, x.tail(c))
	default:
		standardise256(&y[0], &in[0], &mean[0], &scale[0], c, rows, x.tail(c))
	}
}

func (x *extension) affineGrad(dx, dy, in, mean, a, b, d []float32) {
	c := len(mean)
	same(len(in), len(dx), len(dy))
	rows := rowsOf(len(in), c, len(a), len(b), len(d))
	switch {
	case rows == 0:
	case x.lanes == 16:
		affineGrad512(&dx[0], &dy[0], &in[0], &mean[0], &a[0], &b[0], &d[0], c, rows, x.tail(c))
	default:
		affineGrad256(&dx[0], &dy[0], &in[0], &mean[0], &a[0], &b[0], &d[0], c, rows, x.tail(c))
	}
}

func (x *extension) sgd(w, v, g []float32, r SGDRates) {
	same(len(w), len(v), len(g))
	whole := len(w) &^ (x.lanes - 1)
	if whole > 0 {
		rates, extras := r.pack()
		if x.lanes == 16 {
			sgd512(&w[0], &v[0], &g[0], &rates[0], extras, whole/16)
		} else {
			sgd256(&w[0], &v[0], &g[0], &rates[0], extras, whole/8)
		}
	}
	sgd(w[whole:], v[whole:], g[whole:], r)
}

func (x *extension) adam(w, m, v, g []float32, r AdamRates) {
	same(len(w), len(m), len(v), len(g))
	whole := len(w) &^ (x.lanes - 1)
	if whole > 0 {
		rates, extras := r.pack()
		if x.lanes == 16 {
			adam512(&w[0], &m[0], &v[0], &g[0], &rates[0], extras, whole/16)
		} else {
			adam256(&w[0], &m[0], &v[0], &g[0], &rates[0], extras, whole/8)
		}
	}
	adam(w[whole:], m[whole:], v[whole:], g[whole:], r)
}

func (x *extension) adadelta(w, v, u, g []float32, r AdadeltaRates) {
	same(len(w), len(v), len(u), len(g))
	whole := len(w) &^ (x.lanes - 1)
	if whole > 0 {
		rates, extras := r.pack()
		if x.lanes == 16 {
			adadelta512(&w[0], &v[0], &u[0], &g[0], &rates[0], extras, whole/16)
		} else {
			adadelta256(&w[0], &v[0], &u[0], &g[0], &rates[0], extras, whole/8)
		}
	}
	adadelta(w[whole:], v[whole:], u[whole:], g[whole:], r)
}

func (x *extension) finite(in []float32) bool {
	whole := len(in) &^ (x.lanes - 1)
	if whole > 0 {
		var found int
		if x.lanes == 16 {
			found = nonFinite512(&in[0], whole/16)
		} else {
			found = nonFinite256(&in[0], whole/8)
		}
		if found != 0 {
			return false
		}
	}
	return finite(in[whole:])
}

func (x *extension) exps(e []float64, in []float32, top float32) {
	same(len(in), len(e))
	n, lanes := len(e), x.lanes/2
	if n < lanes {
		exps(e, in, top)
		return
	}
	x.expVectors(e, in, top, n/lanes)
	if n%lanes != 0 { // the last vector does a part of the one before again
		x.expVectors(e[n-lanes:], in[n-lanes:], top, 1)
	}
}

func (x *extension) expVectors(e []float64, in []float32, top float32, vectors int) {
	if x.lanes == 16 {
		exps512(&e[0], &in[0], float64(top), &exact.ExpTable[0], vectors)
	} else {
		exps256(&e[0], &in[0], float64(top), &exact.ExpTable[0], vectors)
	}
}

func (x *extension) sigmoid(y, in []float32) {
	same(len(y), len(in))
	lanes := x.lanes / 2
	whole := len(in) / lanes * lanes
	if whole > 0 {
		x.sigmoidVectors(y, in, whole/lanes)
	}
	if rest := len(in) - whole; rest > 0 {
		var last [8]float32
		copy(last[:], in[whole:])
		x.sigmoidVectors(last[:], last[:], 1)
		copy(y[whole:], last[:rest])
	}
}

func (x *extension) sigmoidVectors(y, in []float32, vectors int) {
	if x.lanes == 16 {
		sigmoids512(&y[0], &in[0], &exact.ExpTable[0], vectors)
	} else {
		sigmoids256(&y[0], &in[0], &exact.ExpTable[0], vectors)
	}
}
