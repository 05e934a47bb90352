package kernel

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"padlab/core/rng"
)

// anyDepthWise draws a shape whose steps may overlap, go over gaps, or stand still.
func anyDepthWise(t *rapid.T) DepthWise {
	n := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
	p := DepthWise{R: n("r", 3), M: n("m", 19), C: n("c", 41), O: n("o", 4), K: n("k", 5), ReLU: rapid.Bool().Draw(t, "relu")}
	p.AM, p.AK = p.C*n("stride", 3), p.C*n("dilation", 3)
	p.AR, p.AO = n("ar", 200), n("ao", 200)
	return p
}

// of are operands as long as p reaches, of few values, so that sums cancel, are NaN and
// are negative zeros.
func (p DepthWise) of(seed uint64, bias bool) (y, x, w, b []float32) {
	source := rng.New(seed, "depth-wise")
	fill := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			switch v := source.IntN(40); {
			case v == 0:
				list[i] = float32(math.Copysign(0, -1))
			case v == 1:
				list[i] = float32(math.NaN())
			default:
				list[i] = float32(v-20) / 7
			}
		}
		return list
	}
	y = fill(p.R * p.M * p.C)
	x = fill((p.R-1)*p.AR + (p.M-1)*p.AM + (p.O-1)*p.AO + (p.K-1)*p.AK + p.C)
	w = fill(p.O * p.K * p.C)
	if bias {
		b = fill(p.C)
	}
	return y, x, w, b
}

// A depth-wise convolution is one product for every channel, on every kernel and bit for
// bit.
func TestDepthWise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyDepthWise(t)
		y, x, w, bias := p.of(rapid.Uint64().Draw(t, "seed"), rapid.Bool().Draw(t, "bias"))
		for _, k := range here() {
			if k == portable && runtime.GOARCH != "amd64" {
				continue // the compiler may fuse, in the one and not in the other
			}
			want := make([]float32, len(y))
			for c := range p.C {
				q := Product{S: 1, R: p.R, M: p.M, N: 1, Q: p.O, O: p.K, K: 1, AR: p.AR, AM: p.AM, AQ: p.AO, AO: p.AK, AK: 1,
					BQ: p.K * p.C, BO: p.C, BK: p.C, CR: p.M * p.C, CM: p.C, Fresh: true, ReLU: p.ReLU}
				var start []float32
				if bias != nil {
					start = bias[c : c+1]
				}
				k.Product(q, want[c:], x[c:], w[c:], start)
			}
			k.DepthWise(p, y, x, w, bias)
			for i := range y {
				if got := y[i]; math.Float32bits(got) != math.Float32bits(want[i]) && !(got != got && want[i] != want[i]) {
					t.Fatalf("%s, %+v: y[%d] = %g (%#x), want %g (%#x)", k.Name, p, i, got, math.Float32bits(got), want[i], math.Float32bits(want[i]))
				}
			}
		}
	})
}

func TestDepthWisePanics(t *testing.T) {
	p := DepthWise{R: 2, M: 3, C: 5, O: 1, K: 2, AR: 20, AM: 5, AO: 1, AK: 5}
	for _, k := range here() {
		y, x, w, bias := p.of(1, true)
		for i, f := range []func(){
			func() { k.DepthWise(p, y[1:], x, w, bias) },
			func() { k.DepthWise(p, y, x[1:], w, bias) },
			func() { k.DepthWise(p, y, x, w[1:], bias) },
			func() { k.DepthWise(p, y, x, w, bias[1:]) },
		} {
			func() {
				defer func() {
					if said, _ := recover().(string); !strings.HasPrefix(said, "kernel: ") {
						t.Errorf("%s: operand %d is too short, and it says %q", k.Name, i, said)
					}
				}()
				f()
			}()
		}
		k.DepthWise(DepthWise{}, nil, nil, nil, nil)
	}
}

// BenchmarkDepthWise is 3×3 of MobileNetV2's second block on 56×56 pixels, and 5×5 on
// 14×14, as products of one channel each and as what it is.
func BenchmarkDepthWise(b *testing.B) {
	for _, c := range []struct {
		name          string
		side, size, c int
	}{{"3x3 of 56x56x144", 56, 3, 144}, {"5x5 of 14x14x480", 14, 5, 480}} {
		row := (c.side + c.size - 1) * c.c
		p := DepthWise{R: c.side, M: c.side, C: c.c, O: c.size, K: c.size, AR: row, AM: c.c, AO: row, AK: c.c}
		y, x, w, _ := p.of(1, false)
		for _, k := range here() {
			flops := 2 * float64(len(y)) * float64(c.size*c.size)
			b.Run(c.name+" "+k.Name, func(b *testing.B) {
				for b.Loop() {
					k.DepthWise(p, y, x, w, nil)
				}
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
			})
			b.Run(c.name+" "+k.Name+" products", func(b *testing.B) {
				for b.Loop() {
					for ch := range p.C {
						k.Product(Product{S: 1, R: p.R, M: p.M, N: 1, Q: p.O, O: p.K, K: 1, AR: p.AR, AM: p.AM, AQ: p.AO, AO: p.AK, AK: 1,
							BQ: p.K * p.C, BO: p.C, BK: p.C, CR: p.M * p.C, CM: p.C, Fresh: true}, y[ch:], x[ch:], w[ch:], nil)
					}
				}
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
			})
		}
	}
}
