package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"padlab/core/exact"
	"padlab/core/rng"
)

// odd are the values at which arithmetic is not what it is elsewhere: NaN,
// infinities, zeros, denormal numbers, the largest and the smallest.
var odd = []float32{
	float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)),
	math.SmallestNonzeroFloat32, -1e-40, math.MaxFloat32, -math.MaxFloat32, 0x1p-126, 1, -1,
	math.Float32frombits(0x7fffffff), math.Float32frombits(0xff800001), // NaN with other bits
}

// A source makes values of many magnitudes, and now and then one of odd.
type source struct {
	*rand.Rand
	odd float64 // how often
}

func (s source) values(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		if s.Float64() < s.odd {
			x[i] = odd[s.IntN(len(odd))]
		} else {
			x[i] = float32(math.Ldexp(s.NormFloat64(), s.IntN(7)-3))
		}
	}
	return x
}

func anySource(t *rapid.T) source {
	seed := rapid.Uint64().Draw(t, "seed")
	return source{rand.New(rand.NewPCG(seed, 0)), rapid.SampledFrom([]float64{0, 0.003, 0.2}).Draw(t, "odd")}
}

// sameBits returns whether two slices are equal bit for bit, all NaNs taken for
// one.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
	})
}

// A trial runs one pass with a kernel on copies of the same operands and
// returns what it changed.
type trial struct {
	name string
	run  func(k *Kernel) [][]float32
}

// trials are the passes of training on pictures of rows × c and on as many
// weights, in place where that is allowed and not.
func trials(s source, rows, c int) []trial {
	n := rows * c
	x, dy := s.values(n), s.values(n)
	sum, mean, a, b, d := s.values(c), s.values(c), s.values(c), s.values(c), s.values(c)
	w, m, v, g := s.values(n), s.values(n), s.values(n), s.values(n)
	if s.odd == 0 {
		for i := range v {
			v[i] = float32(math.Abs(float64(v[i])))
		}
	}
	rate := func() float32 { return s.Float32() }
	list := []trial{
		{"SquareRows", func(k *Kernel) [][]float32 {
			sum := slices.Clone(sum)
			k.SquareRows(sum, x, mean)
			return [][]float32{sum}
		}},
		{"DotRows", func(k *Kernel) [][]float32 {
			sum := slices.Clone(sum)
			k.DotRows(sum, dy, x, mean)
			return [][]float32{sum}
		}},
		{"Affine", func(k *Kernel) [][]float32 {
			y, inPlace := make([]float32, n), slices.Clone(x)
			k.Affine(y, x, a, b)
			k.Affine(inPlace, inPlace, a, b)
			return [][]float32{y, inPlace}
		}},
		{"Standardise", func(k *Kernel) [][]float32 {
			y, inPlace := make([]float32, n), slices.Clone(x)
			k.Standardise(y, x, mean, a)
			k.Standardise(inPlace, inPlace, mean, a)
			return [][]float32{y, inPlace}
		}},
		{"AffineGrad", func(k *Kernel) [][]float32 {
			dx, overDy, overX := make([]float32, n), slices.Clone(dy), slices.Clone(x)
			k.AffineGrad(dx, dy, x, mean, a, b, d)
			k.AffineGrad(overDy, overDy, x, mean, a, b, d)
			k.AffineGrad(overX, dy, overX, mean, a, b, d)
			return [][]float32{dx, overDy, overX}
		}},
	}
	for _, r := range []SGDRates{
		{LR: rate(), Momentum: rate()}, {LR: rate(), Momentum: rate(), Nesterov: true},
		{LR: rate(), Momentum: rate(), Decay: rate()}, {LR: rate(), Momentum: rate(), Decay: rate(), Nesterov: true}, {LR: rate()},
	} {
		list = append(list, trial{fmt.Sprintf("SGD %+v", r), func(k *Kernel) [][]float32 {
			w, v := slices.Clone(w), slices.Clone(v)
			k.SGD(w, v, g, r)
			return [][]float32{w, v}
		}})
	}
	beta := s.Float64()
	for _, r := range []AdamRates{
		{rate(), rate(), 0, 0, 0.9, 0.999}, {rate(), rate(), rate(), 0, 0.9, 0.999},
		{rate(), rate(), 0, rate(), 0.5, beta}, {rate(), rate(), rate(), rate(), beta, 0.999},
	} {
		list = append(list, trial{fmt.Sprintf("Adam %+v", r), func(k *Kernel) [][]float32 {
			w, m, v := slices.Clone(w), slices.Clone(m), slices.Clone(v)
			k.Adam(w, m, v, g, r)
			return [][]float32{w, m, v}
		}})
	}
	for _, r := range []AdadeltaRates{{rate(), 1e-6, 0, 0.9}, {rate(), rate(), rate(), beta}} {
		list = append(list, trial{fmt.Sprintf("Adadelta %+v", r), func(k *Kernel) [][]float32 {
			w, v, u := slices.Clone(w), slices.Clone(v), slices.Clone(m)
			k.Adadelta(w, v, u, g, r)
			return [][]float32{w, v, u}
		}})
	}
	return list
}

// Every kernel against the portable one, bit for bit.
func TestTrainingPassesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySource(t)
		rows, c := rapid.IntRange(0, 70).Draw(t, "rows"), rapid.IntRange(1, 70).Draw(t, "c")
		for _, try := range trials(s, rows, c) {
			want := try.run(portable)
			for _, kern := range here() {
				got := try.run(kern)
				for i := range want {
					if !sameBits(got[i], want[i]) {
						t.Fatalf("%s: result %d of %s, %d×%d, is %v, want %v", kern.Name, i, try.name, rows, c, got[i], want[i])
					}
				}
			}
		}
	})
}

// An update in place gives what one to another slice gives.
func TestTrainingPassesInPlace(t *testing.T) {
	for _, try := range trials(source{rand.New(rand.NewPCG(1, 0)), 0}, 9, 45) {
		if !slices.Contains([]string{"Affine", "Standardise", "AffineGrad"}, try.name) {
			continue
		}
		for _, kern := range here() {
			results := try.run(kern)
			for _, r := range results[1:] {
				if !sameBits(r, results[0]) {
					t.Errorf("%s: %s in place has other bits", kern.Name, try.name)
				}
			}
		}
	}
}

// The portable passes against their formulas in double precision. Every
// tolerance is a number of roundings times the sum of the absolute values of
// the terms.
func TestTrainingPassesCompute(t *testing.T) {
	const unit = 0x1p-24 // of a rounding
	s := source{rand.New(rand.NewPCG(2, 0)), 0}
	f := func(x float32) float64 { return float64(x) }
	near := func(what string, got float32, scale float64, terms ...float64) {
		t.Helper()
		want := 0.0
		for _, v := range terms {
			want += v
			scale += math.Abs(v)
		}
		if !(math.Abs(f(got)-want) <= 6*unit*scale) {
			t.Fatalf("%s gives %g, want %g", what, got, want)
		}
	}
	for _, shape := range [][2]int{{1, 1}, {3, 2}, {7, 13}, {40, 5}} {
		rows, c := shape[0], shape[1]
		n := rows * c
		x, dy, mean, sum := s.values(n), s.values(n), s.values(c), s.values(c)
		squares, dots := slices.Clone(sum), slices.Clone(sum)
		portable.SquareRows(squares, x, mean)
		portable.DotRows(dots, dy, x, mean)
		for ch := range c {
			var square, dot, size float64
			for p := range rows {
				dev := f(x[p*c+ch]) - f(mean[ch])
				square += dev * dev
				dot += f(dy[p*c+ch]) * dev
				size += math.Abs(f(dy[p*c+ch]) * dev)
			}
			near("SquareRows", squares[ch], float64(rows)*square, f(sum[ch]), square)
			near("DotRows", dots[ch], float64(rows)*size, f(sum[ch]), dot)
		}

		a, b, d := s.values(c), s.values(c), s.values(c)
		y, dx, standard := make([]float32, n), make([]float32, n), make([]float32, n)
		portable.Affine(y, x, a, b)
		portable.AffineGrad(dx, dy, x, mean, a, b, d)
		portable.Standardise(standard, x, mean, a)
		for i := range n {
			ch := i % c
			near("Affine", y[i], 0, f(x[i])*f(a[ch]), f(b[ch]))
			near("Standardise", standard[i], 0, (f(x[i])-f(mean[ch]))*f(a[ch]))
			near("AffineGrad", dx[i], 0, f(dy[i])*f(a[ch]), (f(x[i])-f(mean[ch]))*f(b[ch]), f(d[ch]))
		}

		w, m, v, g := s.values(n), s.values(n), s.values(n), s.values(n)
		for _, r := range []SGDRates{{0.1, 0.9, 0, false}, {0.1, 0.9, 0, true}, {0.1, 0.9, 0.01, false}, {0.1, 0.9, 0.01, true}} {
			w1, v1 := slices.Clone(w), slices.Clone(v)
			portable.SGD(w1, v1, g, r)
			for i := range n {
				grad := f(g[i]) + f(r.Decay)*f(w[i])
				v2 := f(r.Momentum)*f(v[i]) + grad
				step := v2
				if r.Nesterov {
					step = grad + f(r.Momentum)*v2
				}
				size := math.Abs(f(g[i])) + math.Abs(f(w[i])) + math.Abs(f(v[i])) // of what cancels
				near("SGD: v", v1[i], size, v2)
				near("SGD: w", w1[i], size, f(w[i]), -f(r.LR)*step)
			}
		}
		for i := range v {
			v[i] = float32(math.Abs(f(v[i])))
		}
		for _, r := range []AdamRates{
			{0.01, 0.3, 0, 0, 0.9, 0.999}, {0.01, 0.3, 0.1, 0, 0.9, 0.999}, {0.01, 0.3, 0, 0.1, 0.5, 0.99}, {0.01, 0.3, 0.1, 0.1, 0.5, 0.99},
		} {
			w1, m1, v1 := slices.Clone(w), slices.Clone(m), slices.Clone(v)
			portable.Adam(w1, m1, v1, g, r)
			for i := range n {
				d := f(g[i]) + f(r.Decay)*f(w[i])
				sum := math.Abs(f(g[i])) + math.Abs(f(r.Decay)*f(w[i])) // of what cancels
				m2 := r.Beta1*f(m[i]) + (1-r.Beta1)*d
				v2 := r.Beta2*f(v[i]) + (1-r.Beta2)*d*d
				near("Adam: m", m1[i], sum, r.Beta1*f(m[i]), (1-r.Beta1)*d)
				near("Adam: v", v1[i], (1-r.Beta2)*sum*sum, v2)
				size := f(r.Rate) * (math.Abs(f(m[i])) + sum) * f(r.Root) / math.Sqrt(v2) * (1 + (1-r.Beta2)*sum*sum/v2)
				near("Adam: w", w1[i], 2*size, f(w[i]), -f(r.Shrink)*f(w[i]), -f(r.Rate)*m2/(math.Sqrt(v2)/f(r.Root)+1e-8))
			}
		}
		for i := range m {
			m[i] = float32(math.Abs(f(m[i])))
		}
		for _, r := range []AdadeltaRates{{1, 1e-6, 0, 0.9}, {0.1, 1e-3, 0.1, 0.99}} {
			w1, v1, u1 := slices.Clone(w), slices.Clone(v), slices.Clone(m)
			portable.Adadelta(w1, v1, u1, g, r)
			for i := range n {
				d := f(g[i]) + f(r.Decay)*f(w[i])
				sum := math.Abs(f(g[i])) + math.Abs(f(r.Decay)*f(w[i]))
				v2 := r.Rho*f(v[i]) + (1-r.Rho)*d*d
				near("Adadelta: v", v1[i], (1-r.Rho)*sum*sum, v2)
				factor := math.Sqrt((f(m[i]) + f(r.Epsilon)) / (v2 + f(r.Epsilon)))
				size := factor * sum * (1 + (1-r.Rho)*sum*sum/v2)
				near("Adadelta: u", u1[i], (1-r.Rho)*size*size, r.Rho*f(m[i]), (1-r.Rho)*(factor*d)*(factor*d))
				near("Adadelta: w", w1[i], f(r.LR)*size, f(w[i]), -f(r.LR)*factor*d)
			}
		}
	}
}

func TestFinite(t *testing.T) {
	s := source{rand.New(rand.NewPCG(3, 0)), 0}
	for _, kern := range here() {
		for n := range 71 {
			x := s.values(n)
			for i := range x {
				x[i] = []float32{x[i], math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 0, float32(math.Copysign(0, -1))}[s.IntN(6)]
			}
			if !kern.Finite(x) {
				t.Fatalf("%s: %v is not finite", kern.Name, x)
			}
			for i, v := range x {
				for _, bad := range odd[:3] {
					x[i] = bad
					if kern.Finite(x) {
						t.Fatalf("%s: %g is finite, as number %d of %d", kern.Name, bad, i, n)
					}
				}
				x[i] = v
			}
		}
	}
}

// A sigmoid has the bits of its formula on every kernel, in place, too.
func TestSigmoid(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 88.8, -88.8, 104, -104, 745, -745, 1e-20}
	source := rng.New(1, "sigmoid")
	for n := range 150 {
		x := make([]float32, n)
		for i := range x {
			if x[i] = 20 * (source.Float32() - 0.5); i%7 == 3 {
				x[i] = special[source.IntN(len(special))]
			}
		}
		for _, kern := range here() {
			y := slices.Clone(x)
			kern.Sigmoid(y, y)
			for i, v := range x {
				want := float32(1 / (1 + exact.Exp(-float64(v))))
				if math.Float32bits(y[i]) != math.Float32bits(want) && !(want != want && y[i] != y[i]) {
					t.Fatalf("%s: of %g %g, want %g", kern.Name, v, y[i], want)
				}
			}
		}
	}
}

func TestExps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySource(t)
		n := rapid.IntRange(0, 70).Draw(t, "n")
		x := s.values(n)
		scale := rapid.SampledFrom([]float32{1, 10, 100, 500}).Draw(t, "scale")
		for i := range x {
			x[i] *= scale
		}
		tops := append(s.values(2), odd...)
		if n > 0 {
			tops = append(tops, slices.Max(x), 709.7-x[0], -708-x[0])
		}
		for _, top := range tops {
			for _, kern := range here() {
				e := make([]float64, n)
				kern.Exps(e, x, top)
				for i := range e {
					want := exact.Exp(float64(x[i]) - float64(top))
					if math.Float64bits(e[i]) != math.Float64bits(want) && !(e[i] != e[i] && want != want) {
						t.Fatalf("%s: Exps of %g − %g is %g, Exp %g", kern.Name, x[i], top, e[i], want)
					}
				}
			}
		}
	})
}

// What Exps makes of the ends of its range, with both infinities and NaN.
func TestExpsLimits(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		x, top float32
		want   float64
	}{
		{0, 0, 1}, {3, 3, 1}, {-inf, 0, 0}, {0, inf, 0}, {inf, 0, math.Inf(1)}, {0, -inf, math.Inf(1)},
		{inf, inf, math.NaN()}, {-inf, -inf, math.NaN()}, {nan, 0, math.NaN()}, {0, nan, math.NaN()},
		{-708, 0, exact.Exp(-708)}, {-708.0001, 0, 0}, {709.70007, 0, math.Inf(1)}, {-3e38, 3e38, 0},
	} {
		x := make([]float32, 9) // a whole vector and a rest on every kernel
		for i := range x {
			x[i] = c.x
		}
		for _, kern := range here() {
			e := make([]float64, len(x))
			kern.Exps(e, x, c.top)
			for i, v := range e {
				if v != c.want && !(v != v && c.want != c.want) {
					t.Errorf("%s: number %d of Exps of %g − %g is %g, want %g", kern.Name, i, c.x, c.top, v, c.want)
				}
			}
		}
	}
}

func TestTrainingPassesCheckLengths(t *testing.T) {
	picture, vector, e := make([]float32, 96), make([]float32, 32), make([]float64, 96)
	short := func(x []float32) []float32 { return x[:len(x)-1] }
	for _, kern := range here() {
		for name, f := range map[string]func(){
			"SquareRows: part of a row":   func() { kern.SquareRows(vector, short(picture), vector) },
			"SquareRows: mean":            func() { kern.SquareRows(vector, picture, short(vector)) },
			"SquareRows: no channels":     func() { kern.SquareRows(nil, nil, nil) },
			"DotRows: part of a row":      func() { kern.DotRows(vector, short(picture), short(picture), vector) },
			"DotRows: dy":                 func() { kern.DotRows(vector, picture[:64], picture, vector) },
			"DotRows: x":                  func() { kern.DotRows(vector, picture, picture[:64], vector) },
			"DotRows: mean":               func() { kern.DotRows(vector, picture, picture, short(vector)) },
			"Affine: part of a row":       func() { kern.Affine(short(picture), short(picture), vector, vector) },
			"Affine: y":                   func() { kern.Affine(picture[:64], picture, vector, vector) },
			"Affine: shift":               func() { kern.Affine(picture, picture, vector, short(vector)) },
			"Standardise: part of a row":  func() { kern.Standardise(short(picture), short(picture), vector, vector) },
			"Standardise: y":              func() { kern.Standardise(picture[:64], picture, vector, vector) },
			"Standardise: scale":          func() { kern.Standardise(picture, picture, vector, short(vector)) },
			"AffineGrad: part of a row":   func() { kern.AffineGrad(picture[1:], picture[1:], picture[1:], vector, vector, vector, vector) },
			"AffineGrad: dx":              func() { kern.AffineGrad(picture[:64], picture, picture, vector, vector, vector, vector) },
			"AffineGrad: dy":              func() { kern.AffineGrad(picture, picture[:64], picture, vector, vector, vector, vector) },
			"AffineGrad: x":               func() { kern.AffineGrad(picture, picture, picture[:64], vector, vector, vector, vector) },
			"AffineGrad: mean":            func() { kern.AffineGrad(picture, picture, picture, short(vector), vector, vector, vector) },
			"AffineGrad: a":               func() { kern.AffineGrad(picture, picture, picture, vector, short(vector), vector, vector) },
			"AffineGrad: b":               func() { kern.AffineGrad(picture, picture, picture, vector, vector, short(vector), vector) },
			"AffineGrad: d":               func() { kern.AffineGrad(picture, picture, picture, vector, vector, vector, short(vector)) },
			"SGD: w":                      func() { kern.SGD(vector, picture, picture, SGDRates{}) },
			"SGD: v":                      func() { kern.SGD(picture, vector, picture, SGDRates{}) },
			"SGD: g":                      func() { kern.SGD(picture, picture, vector, SGDRates{}) },
			"Adam: w":                     func() { kern.Adam(vector, picture, picture, picture, AdamRates{}) },
			"Adam: m":                     func() { kern.Adam(picture, vector, picture, picture, AdamRates{}) },
			"Adam: v":                     func() { kern.Adam(picture, picture, vector, picture, AdamRates{}) },
			"Adam: g":                     func() { kern.Adam(picture, picture, picture, vector, AdamRates{}) },
			"Adadelta: w":                 func() { kern.Adadelta(vector, picture, picture, picture, AdadeltaRates{}) },
			"Adadelta: v":                 func() { kern.Adadelta(picture, vector, picture, picture, AdadeltaRates{}) },
			"Adadelta: u":                 func() { kern.Adadelta(picture, picture, vector, picture, AdadeltaRates{}) },
			"Adadelta: g":                 func() { kern.Adadelta(picture, picture, picture, vector, AdadeltaRates{}) },
			"Exps: more scores than room": func() { kern.Exps(e[:95], picture, 0) },
			"Exps: less":                  func() { kern.Exps(e, short(picture), 0) },
			"Sigmoid: less":               func() { kern.Sigmoid(picture, short(picture)) },
		} {
			func() {
				defer func() {
					if v := fmt.Sprint(recover()); len(v) < 8 || v[:8] != "kernel: " {
						t.Errorf("%s: %s: %s", kern.Name, name, v)
					}
				}()
				f()
			}()
		}
	}
}

func TestTrainingPassesAllocateNothing(t *testing.T) {
	for _, kern := range here() {
		for _, p := range benchmarkPasses() {
			if n := testing.AllocsPerRun(10, func() { p.run(kern) }); n != 0 {
				t.Errorf("%s: %s: %g allocations", kern.Name, p.name, n)
			}
		}
	}
}

// A benchmarkPass is a pass on a picture of 28×28 pixels with 64 channels, or
// as many weights, and how many bytes it reads and writes.
type benchmarkPass struct {
	name  string
	bytes int
	run   func(k *Kernel)
}

func benchmarkPasses() []benchmarkPass {
	const rows, c = 28 * 28, 64
	const n, size = rows * c, 4 * rows * c
	s := source{rand.New(rand.NewPCG(4, 0)), 0}
	x, y, z := s.values(n), s.values(n), s.values(n)
	sum, mean, a, b := s.values(c), s.values(c), s.values(c), s.values(c)
	square, e := make([]float32, n), make([]float64, n)
	return []benchmarkPass{
		{"AddRows", size, func(k *Kernel) { k.AddRows(sum, x) }},
		{"SquareRows", size, func(k *Kernel) { k.SquareRows(sum, x, mean) }},
		{"DotRows", 2 * size, func(k *Kernel) { k.DotRows(sum, y, x, mean) }},
		{"Affine", 2 * size, func(k *Kernel) { k.Affine(z, x, a, b) }},
		{"AffineGrad", 3 * size, func(k *Kernel) { k.AffineGrad(z, y, x, mean, a, b, a) }},
		{"SGD", 5 * size, func(k *Kernel) { k.SGD(z, square, x, SGDRates{0.01, 0.9, 0, false}) }},
		{"SGDDecayNesterov", 5 * size, func(k *Kernel) { k.SGD(z, square, x, SGDRates{0.01, 0.9, 0.001, true}) }},
		{"Adam", 7 * size, func(k *Kernel) { k.Adam(z, y, square, x, AdamRates{0.001, 0.1, 0, 0, 0.9, 0.999}) }},
		{"AdamW", 7 * size, func(k *Kernel) { k.Adam(z, y, square, x, AdamRates{0.001, 0.1, 0.001, 0, 0.9, 0.999}) }},
		{"Adadelta", 7 * size, func(k *Kernel) { k.Adadelta(z, y, square, x, AdadeltaRates{1, 1e-6, 0, 0.9}) }},
		{"Finite", size, func(k *Kernel) { k.Finite(x) }},
		{"Exps", 3 * size, func(k *Kernel) { k.Exps(e, x, 30) }},
		{"Exps49", 3 * 4 * 49, func(k *Kernel) { k.Exps(e[:49], x[:49], 30) }},
	}
}

func BenchmarkTrainingPasses(b *testing.B) {
	for _, p := range benchmarkPasses() {
		for _, kern := range here() {
			b.Run(p.name+"/"+kern.Name, func(b *testing.B) {
				b.SetBytes(int64(p.bytes))
				for b.Loop() {
					p.run(kern)
				}
			})
		}
	}
}
