package kernel

import (
	"fmt"
	"math"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"padlab/core/exact"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// naive is the definition of Product in float64, with the sum of absolute
// values as the scale of the rounding error.
func naive(p Product, c, a, b, bias []float32) (sum, scale []float64) {
	sum, scale = make([]float64, len(c)), make([]float64, len(c))
	for i, v := range c {
		sum[i], scale[i] = float64(v), math.Abs(float64(v))
	}
	p.each(bias, c, func(at int, start float32, terms func(yield func(a, b int))) {
		sum[at], scale[at] = float64(start), math.Abs(float64(start))
		terms(func(i, j int) {
			v := float64(a[i]) * float64(b[j])
			sum[at] += v
			scale[at] += math.Abs(v)
		})
		if p.ReLU {
			sum[at] = math.Max(sum[at], 0)
		}
	})
	return sum, scale
}

// each calls f for every element of C with its index, the value that it starts
// from, and what calls yield for the indices of every term in order.
func (p Product) each(bias, c []float32, f func(at int, start float32, terms func(yield func(a, b int)))) {
	for s := range p.S {
		for r := range p.R {
			for m := range p.M {
				for n := range p.N {
					at := s*p.CS + r*p.CR + m*p.CM + n
					start := c[at]
					if p.Fresh {
						if start = 0; bias != nil {
							start = bias[n]
						}
					}
					f(at, start, func(yield func(a, b int)) {
						for q := range p.Q {
							for o := range p.O {
								for k := range p.K {
									yield(s*p.AS+r*p.AR+m*p.AM+q*p.AQ+o*p.AO+k*p.AK, q*p.BQ+o*p.BO+k*p.BK+n)
								}
							}
						}
					})
				}
			}
		}
	}
}

// here are the kernels that this CPU runs.
func here() (list []*Kernel) {
	for _, c := range candidates {
		if c.runs {
			list = append(list, c.Kernel)
		}
	}
	return list
}

// cases are the shapes that layers ask for, with overlapping rows, and odd
// ones beside them.
func cases() map[string]Product {
	conv := func(w, c, n, k int) Product { // forward: a row of windows of a padded picture
		pw := w + k - 1
		return Product{S: 2, R: 3, M: w, N: n, Q: 1, O: k, K: k * c, AS: 5 * pw * c, AR: pw * c, AO: pw * c, AM: c, AK: 1, BO: k * c * n, BK: n, CS: 3 * w * n, CR: w * n, CM: n, Fresh: w%2 == 0, ReLU: w%3 == 0}
	}
	weights := func(w, c, n, k int) Product { // dW: windows transposed
		pw := w + k - 1
		return Product{S: 1, R: k, M: k * c, N: n, Q: 3, O: 3, K: w, AQ: 5 * pw * c, AR: pw * c, AO: pw * c, AM: 1, AK: c, BQ: 3 * w * n, BO: w * n, BK: n, CR: k * c * n, CM: n}
	}
	return map[string]Product{
		"conv 1→16 of 56": conv(56, 1, 16, 3), "conv 16→32 of 28": conv(28, 16, 32, 3), "conv 3→5 of 1": conv(1, 3, 5, 3),
		"conv 5x5 2→70 of 9": conv(9, 2, 70, 5), "conv 1x1 8→200 of 13": conv(13, 8, 200, 1), "conv 4→260 of 70": conv(70, 4, 260, 3),
		"dW 1→16 of 56": weights(56, 1, 16, 3), "dW 16→32 of 28": weights(28, 16, 32, 3), "dW 30→65 of 7": weights(7, 30, 65, 3),
		"dW 130→3 of 1": weights(1, 130, 3, 3), "dW 1x1 100→200 of 9": weights(9, 100, 200, 1),
		"conv 3→40 of 4": conv(4, 3, 40, 3), "conv 20→40 of 8": conv(8, 20, 40, 3), "conv 5→33 of 2": conv(2, 5, 33, 3), "conv 7→7 of 6": conv(6, 7, 7, 3),
		"linear":    {S: 1, R: 1, M: 1, N: 49, Q: 1, O: 1, K: 64, AM: 1, AK: 1, BK: 49, CM: 49, Fresh: true},
		"linear dW": {S: 1, R: 1, M: 64, N: 49, Q: 1, O: 1, K: 1, AM: 1, AK: 1, BK: 49, CM: 49},
		"long":      {S: 1, R: 1, M: 5, N: 20, Q: 7, O: 3, K: 300, AQ: 900, AO: 300, AM: 6300, AK: 1, BQ: 18000, BO: 6000, BK: 20, CM: 20, Fresh: true, ReLU: true},
		"single":    {S: 1, R: 1, M: 1, N: 1, Q: 1, O: 1, K: 1, AM: 1, AK: 1, BK: 1, CM: 1},
		"nothing":   {S: 1, R: 1, M: 0, N: 4, Q: 1, O: 1, K: 1, AM: 1, AK: 1, BK: 1, CM: 1},
	}
}

func operands(p Product) (c, a, b, bias []float32) {
	random := func(n int, seed uint32) []float32 {
		x := make([]float32, max(n, 0))
		for i := range x {
			seed = seed*1664525 + 1013904223
			if x[i] = float32(int32(seed)>>8) * 0x1p-23; seed>>30 == 0 {
				x[i] = 0
			}
		}
		return x
	}
	if p.Fresh && p.N%2 == 0 {
		bias = random(p.N, 4)
	}
	return random((p.S-1)*p.CS+(p.R-1)*p.CR+(p.M-1)*p.CM+p.N, 1),
		random((p.S-1)*p.AS+(p.R-1)*p.AR+(p.M-1)*p.AM+(p.Q-1)*p.AQ+(p.O-1)*p.AO+(p.K-1)*p.AK+1, 2),
		random((p.Q-1)*p.BQ+(p.O-1)*p.BO+(p.K-1)*p.BK+p.N, 3), bias
}

func TestProducts(t *testing.T) {
	for _, kern := range here() {
		for name, p := range cases() {
			t.Run(kern.Name+"/"+name, func(t *testing.T) { check(t, kern, p) })
		}
	}
}

func TestAnyProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyProduct(t)
		for _, kern := range here() {
			check(t, kern, p)
		}
	})
}

// anyProduct draws a shape in which elements of C do not overlap.
func anyProduct(t *rapid.T) Product {
	n := func(lo, hi int, name string) int { return rapid.IntRange(lo, hi).Draw(t, name) }
	p := Product{S: n(1, 3, "S"), R: n(1, 3, "R"), M: n(1, 40, "M"), N: n(1, 70, "N"), Q: n(1, 3, "Q"), O: n(1, 3, "O"), K: n(1, 20, "K")}
	p.AM, p.AK = n(1, 25, "step"), 1
	if rapid.Bool().Draw(t, "transposed") {
		p.AM, p.AK = p.AK, p.AM
	}
	p.AS, p.AR, p.AQ, p.AO = n(0, 40, "AS"), n(0, 40, "AR"), n(0, 40, "AQ"), n(0, 40, "AO")
	p.BK = p.N + n(0, 3, "BK")
	p.BQ, p.BO = n(0, 100, "BQ"), n(0, 100, "BO")
	p.CM = p.N + n(0, 3, "CM")
	p.CR = p.M*p.CM + n(0, 3, "CR")
	p.CS = p.R*p.CR + n(0, 3, "CS")
	switch rapid.SampledFrom([]string{"", "", "", "column", "row", "joined", "tall", "long"}).Draw(t, "form") {
	case "column": // as of the gradient of a single filter
		p.M, p.N, p.CM, p.AM = n(1, 300, "rows"), 1, 1, 1
		p.CR = p.M + n(0, 3, "CR")
		p.CS = p.R * p.CR
	case "row": // as of a linear layer for one picture, whose weights may come from memory
		p.S, p.R, p.M, p.N = 1, 1, 1, n(60, 300, "columns")
		p.K *= rapid.SampledFrom([]int{1, 1, 1, 90}).Draw(t, "times")
		p.BK = p.N + n(0, 3, "BK")
	case "tall": // more rows than a block takes
		p.S, p.R, p.M, p.N = n(1, 20, "S"), n(1, 20, "R"), n(1, 20, "M"), n(1, 40, "N")
		switch n(0, 2, "blocks") {
		case 1:
			p.S, p.M = 1, n(1, 70, "long M")
		case 2:
			p.S, p.R, p.M = 1, n(1, 2, "few R"), n(190, 600, "longer M")
		}
		p.CM, p.BK = p.N, p.N
		p.CR = p.M*p.CM + n(0, 3, "CR")
		p.CS = p.R*p.CR + n(0, 3, "CS")
	case "joined": // rows, and perhaps samples, that follow each other
		p.AR, p.CR = p.M*p.AM, p.M*p.CM
		p.CS = p.R*p.CR + n(0, 1, "apart")
		p.AS = p.R * p.AR
	case "long": // more steps than a pass takes
		p.S, p.R, p.M, p.N = 1, n(1, 2, "rows"), n(1, 14, "M"), n(1, 40, "N")
		p.K = n(300, 2100, "long K")
		p.BK, p.CM = p.N, p.N
		p.CR = p.M * p.CM
	}
	p.Fresh, p.ReLU = rapid.Bool().Draw(t, "fresh"), rapid.Bool().Draw(t, "relu")
	return p
}

func check(t interface{ Fatalf(string, ...any) }, kern *Kernel, p Product) {
	c, a, b, bias := operands(p)
	want, scale := naive(p, c, a, b, bias)
	kern.Product(p, c, a, b, bias)
	steps := float64(p.Q*p.O*p.K + 1)
	for i := range c {
		if d := math.Abs(float64(c[i]) - want[i]); d > steps*0x1p-24*scale[i] {
			t.Fatalf("%+v: c[%d] = %g, want %g", p, i, c[i], want[i])
		}
	}
}

// The order of summation must not depend on where an element lies: the same
// product with A, B and C at other alignments has the same bits.
func TestProductIgnoresAlignment(t *testing.T) {
	for _, kern := range here() {
		for name, p := range cases() {
			c, a, b, bias := operands(p)
			want := slices.Clone(c)
			kern.Product(p, want, a, b, bias)
			for shift := 1; shift < 8; shift++ {
				move := func(x []float32) []float32 { return append(make([]float32, shift, shift+len(x)), x...)[shift:] }
				got := move(c)
				kern.Product(p, got, move(a), move(b), bias)
				if !slices.Equal(got, want) {
					t.Fatalf("%s: %s shifted by %d has other bits", kern.Name, name, shift)
				}
			}
		}
	}
}

// The assembly kernels agree bit for bit: same order, same fused
// multiply-adds, for any tiling.
func TestVectorWidthsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyProduct(t)
		c, a, b, bias := operands(p)
		fused := slices.Clone(c)
		fusedProduct(p, fused, a, b, bias)
		for _, kern := range here() {
			if kern == portable {
				continue
			}
			got := slices.Clone(c)
			kern.Product(p, got, a, b, bias)
			if !slices.Equal(got, fused) {
				t.Fatalf("%s: %+v has other bits than the definition", kern.Name, p)
			}
		}
	})
}

// fusedProduct is the definition of Product in single precision, one fused
// multiply-add after the other. The product of two float32 is exact in
// float64, and so the sum is rounded twice at most; where the first rounding
// could change the second, big arithmetic decides.
func fusedProduct(p Product, c, a, b, bias []float32) {
	p.each(bias, c, func(at int, start float32, terms func(yield func(a, b int))) {
		c[at] = start
		terms(func(i, j int) { c[at] = fma(a[i], b[j], c[at]) })
		if p.ReLU && c[at] < 0 {
			c[at] = 0
		}
	})
}

// fma is x·y + z rounded once to float32.
func fma(x, y, z float32) float32 {
	var exact big.Float
	exact.SetPrec(400).SetFloat64(float64(x) * float64(y))
	exact.Add(&exact, new(big.Float).SetFloat64(float64(z)))
	f, _ := exact.Float32()
	return f
}

func TestProductsAllocateNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, kern := range here() {
		for name, p := range cases() {
			c, a, b, bias := operands(p)
			if n := testing.AllocsPerRun(10, func() { kern.Product(p, c, a, b, bias) }); n != 0 {
				t.Errorf("%s: %s: %g allocations (gonum's own goroutines would allocate)", kern.Name, name, n)
			}
		}
	}
	if after := runtime.NumGoroutine(); after > before { // fewer: one of the test before ended late
		t.Errorf("%d goroutines, before %d", after, before)
	}
}

func TestProductChecksLengths(t *testing.T) {
	for i := range 3 * len(here()) {
		kern, cut := here()[i/3], i%3
		func() {
			defer func() {
				if v := recover(); v == nil || !strings.HasPrefix(fmt.Sprint(v), "kernel: lengths") {
					t.Errorf("%s: operand %d too short: %v", kern.Name, cut, v)
				}
			}()
			p := cases()["conv 16→32 of 28"]
			c, a, b, bias := operands(p)
			op := []*[]float32{&c, &a, &b}[cut]
			*op = (*op)[:len(*op)-1]
			kern.Product(p, c, a, b, bias)
		}()
	}
}

// The element-wise passes against the portable ones, bit for bit, with NaN,
// infinities, both zeros and ties among the values.
func TestPasses(t *testing.T) {
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 1, -1, 1}
	rapid.Check(t, func(t *rapid.T) {
		values := func(n int, name string) []float32 {
			s := rapid.SliceOfN(rapid.IntRange(-40, 40), n, n).Draw(t, name)
			x := make([]float32, n)
			for i, v := range s {
				if x[i] = float32(v) / 4; v > 32 {
					x[i] = odd[v-33]
				}
			}
			return x
		}
		bits := func(x []float32) []uint32 {
			u := make([]uint32, len(x))
			for i, v := range x {
				if u[i] = math.Float32bits(v); v != v {
					u[i] = 0x7fc00000 // which NaN it is does not matter
				}
			}
			return u
		}
		n := rapid.IntRange(1, 70).Draw(t, "n")
		x, y := values(n, "x"), values(n, "y")
		h, w, c := rapid.IntRange(2, 7).Draw(t, "h"), rapid.IntRange(2, 7).Draw(t, "w"), rapid.SampledFrom([]int{1, 3, 4, 8, 12, 16, 20, 24, 32, 80}).Draw(t, "c")
		picture := values(h*w*c, "picture")
		half := h / 2 * (w / 2) * c
		grad := values(half, "grad")
		m := rapid.IntRange(1, 40).Draw(t, "m")
		matrix := values(m*n, "matrix")
		for _, kern := range here() {
			want, got := make([]float32, n), make([]float32, n)
			equal := func(what string) {
				if !slices.Equal(bits(got), bits(want)) {
					t.Fatalf("%s: %s gives %v, want %v", kern.Name, what, got, want)
				}
			}
			relu(want, x)
			kern.ReLU(got, x)
			equal("ReLU")
			reluGrad(want, y, x)
			kern.ReLUGrad(got, y, x)
			equal("ReLUGrad")
			clamp(want, x, -1, 3)
			kern.Clamp(got, x, -1, 3)
			equal("Clamp")
			between, at := [4][]float32{x, y, values(n, "c"), values(n, "d")}, rapid.Float32Range(0, 1)
			by, up := at.Draw(t, "t"), at.Draw(t, "u")
			exact.Blend(want, between[0], between[1], between[2], between[3], by, up)
			kern.Blend(got, between[0], between[1], between[2], between[3], by, up)
			equal("Blend")
			want, got = make([]float32, len(matrix)), make([]float32, len(matrix))
			for i := range m {
				for j := range n {
					want[j*m+i] = matrix[i*n+j]
				}
			}
			kern.Transpose(got, matrix, m, n)
			equal("Transpose")
			want, got = slices.Clone(y), slices.Clone(y)
			add(want, x)
			kern.Add(got, x)
			equal("Add")
			want, got = make([]float32, c), make([]float32, c)
			wantPlace, gotPlace := make([]int32, c), make([]int32, c)
			seen := Window{Rows: 1 + n%h, Cols: 1 + n%w, Down: w * c, Right: c}
			maxWindow(want, wantPlace, picture, 7, seen)
			kern.MaxWindow(got, gotPlace, picture, 7, seen)
			if equal("MaxWindow"); !slices.Equal(wantPlace, gotPlace) {
				t.Fatalf("%s: MaxWindow takes from %v, want %v", kern.Name, gotPlace, wantPlace)
			}
			want, got = values(c, "sum"), nil
			got = slices.Clone(want)
			addRows(want, picture)
			kern.AddRows(got, picture)
			equal("AddRows")
			want, got = make([]float32, half), make([]float32, half)
			wantFrom, gotFrom := make([]int32, half), make([]int32, half)
			maxPool(want, wantFrom, picture, h, w, c)
			kern.MaxPool(got, gotFrom, picture, h, w, c)
			equal("MaxPool")
			if !slices.Equal(gotFrom, wantFrom) {
				t.Fatalf("%s: MaxPool comes from %v, want %v", kern.Name, gotFrom, wantFrom)
			}
			want, got = make([]float32, len(picture)), slices.Clone(picture)
			maxPoolGrad(want, grad, wantFrom, h, w, c)
			kern.MaxPoolGrad(got, grad, wantFrom, h, w, c)
			equal("MaxPoolGrad")
		}
	})
}

func TestPassesCheckLengths(t *testing.T) {
	x, y, from := make([]float32, 31), make([]float32, 32), make([]int32, 32)
	for _, kern := range here() {
		for name, f := range map[string]func(){
			"ReLU": func() { kern.ReLU(x, y) }, "ReLUGrad": func() { kern.ReLUGrad(y, x, y) }, "Add": func() { kern.Add(x, y) },
			"AddRows":     func() { kern.AddRows(y, make([]float32, 33)) },
			"MaxPool":     func() { kern.MaxPool(x, from[:31], make([]float32, 128), 4, 4, 8) },
			"MaxPoolGrad": func() { kern.MaxPoolGrad(make([]float32, 128), y, from[:31], 4, 4, 8) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: %s takes any lengths", kern.Name, name)
					}
				}()
				f()
			}()
		}
	}
}

func TestSelect(t *testing.T) {
	for _, name := range append(Names(), "") {
		if k, err := Select(name); err != nil || (name != "" && k.Name != name) {
			t.Errorf("Select(%q): %v, %v", name, k, err)
		}
	}
	if _, err := Select("gonom"); err == nil || !strings.Contains(err.Error(), `did you mean "gonum"`) {
		t.Error(err)
	}
}

func TestCrewDoesEachPieceOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		c := NewCrew(workers)
		for _, pieces := range []int{0, 1, 2, 7, 100} {
			count := make([]atomic.Int32, pieces)
			c.Do(pieces, func(w, i int) {
				if w < 0 || w >= workers {
					t.Errorf("worker %d of %d", w, workers)
				}
				count[i].Add(1)
			})
			for i := range count {
				if n := count[i].Load(); n != 1 {
					t.Errorf("%d workers: piece %d was done %d times", workers, i, n)
				}
			}
		}
		c.Close()
	}
}

func TestCrewPassesPanicsOn(t *testing.T) {
	for _, workers := range []int{1, 4} {
		c := NewCrew(workers)
		func() {
			defer func() {
				f, ok := recover().(*Failure)
				if !ok || f.Error() != "piece 3" || !strings.Contains(string(f.Stack), "TestCrewPassesPanicsOn") {
					t.Errorf("%d workers: %v", workers, f)
				}
			}()
			c.Do(50, func(_, i int) {
				if i == 3 {
					panic("piece 3")
				}
			})
		}()
		done := atomic.Int32{}
		c.Do(5, func(_, _ int) { done.Add(1) })
		if done.Load() != 5 {
			t.Errorf("after a panic %d of 5 pieces were done", done.Load())
		}
		c.Close()
	}
}

func TestCrewAllocatesNothing(t *testing.T) {
	c := NewCrew(3)
	defer c.Close()
	var sum atomic.Int64
	work := func(_, i int) { sum.Add(int64(i)) }
	if n := testing.AllocsPerRun(100, func() { c.Do(16, work) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkProduct(b *testing.B) {
	for _, name := range []string{"conv 1→16 of 56", "conv 16→32 of 28", "dW 16→32 of 28", "conv 4→260 of 70"} {
		p := cases()[name]
		for _, kern := range here() {
			b.Run(strings.ReplaceAll(name, " ", "_")+"/"+kern.Name, func(b *testing.B) {
				c, x, y, bias := operands(p)
				for range b.N {
					kern.Product(p, c, x, y, bias)
				}
				b.ReportMetric(2*float64(p.S*p.R*p.M*p.N*p.Q*p.O*p.K)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
			})
		}
	}
}
