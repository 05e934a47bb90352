package kernel

import "padlab/core/exact"

func neonSquareRows(sum, x, mean []float32) {
	c := len(sum)
	if rows := rowsOf(len(x), c, len(mean)); rows > 0 {
		squareRows128(&x[0], &sum[0], &mean[0], c, rows)
	}
}

func neonDotRows(sum, dy, x, mean []float32) {
	c := len(sum)
	same(len(x), len(dy))
	if rows := rowsOf(len(x), c, len(mean)); rows > 0 {
		dotRows128(&dy[0], &x[0], &sum[0], &mean[0], c, rows)
	}
}

func neonAffine(y, x, scale, shift []float32) {
	c := len(scale)
	same(len(x), len(y))
	if rows := rowsOf(len(x), c, len(shift)); rows > 0 {
		affine128(&y[0], &x[0], &scale[0], &shift[0], c, rows)
	}
}

func neonStandardise(y, x, mean, scale []float32) {
	c := len(mean)
	same(len(x), len(y))
	if rows := rowsOf(len(x), c, len(scale)); rows > 0 {
		standardise128(&y[0], &x[0], &mean[0], &scale[0], c, rows)
	}
}

func neonAffineGrad(dx, dy, x, mean, a, b, d []float32) {
	c := len(mean)
	same(len(x), len(dx), len(dy))
	if rows := rowsOf(len(x), c, len(a), len(b), len(d)); rows > 0 {
		affineGrad128(&dx[0], &dy[0], &x[0], &mean[0], &a[0], &b[0], &d[0], c, rows)
	}
}

func neonSGD(w, v, g []float32, r SGDRates) {
	same(len(w), len(v), len(g))
	whole := len(w) &^ (lanes - 1)
	if whole > 0 {
		rates, extras := r.pack()
		sgd128(&w[0], &v[0], &g[0], &rates[0], extras, whole/lanes)
	}
	sgd(w[whole:], v[whole:], g[whole:], r)
}

func neonAdam(w, m, v, g []float32, r AdamRates) {
	same(len(w), len(m), len(v), len(g))
	whole := len(w) &^ (lanes - 1)
	if whole > 0 {
		rates, extras := r.pack()
		adam128(&w[0], &m[0], &v[0], &g[0], &rates[0], extras, whole/lanes)
	}
	adam(w[whole:], m[whole:], v[whole:], g[whole:], r)
}

func neonAdadelta(w, v, u, g []float32, r AdadeltaRates) {
	same(len(w), len(v), len(u), len(g))
	whole := len(w) &^ (lanes - 1)
	if whole > 0 {
		rates, extras := r.pack()
		adadelta128(&w[0], &v[0], &u[0], &g[0], &rates[0], extras, whole/lanes)
	}
	adadelta(w[whole:], v[whole:], u[whole:], g[whole:], r)
}

func neonFinite(x []float32) bool {
	whole := len(x) &^ (lanes - 1)
	if whole > 0 && nonFinite128(&x[0], whole/lanes) != 0 {
		return false
	}
	return finite(x[whole:])
}

func neonExps(e []float64, x []float32, top float32) {
	same(len(x), len(e))
	whole := len(e) &^ 1
	if whole > 0 {
		exps128(&e[0], &x[0], float64(top), &exact.ExpTable[0], whole/2)
	}
	exps(e[whole:], x[whole:], top)
}

func neonSigmoid(y, x []float32) {
	same(len(y), len(x))
	whole := len(x) &^ 1
	if whole > 0 {
		sigmoids128(&y[0], &x[0], &exact.ExpTable[0], whole/2)
	}
	sigmoid(y[whole:], x[whole:])
}
