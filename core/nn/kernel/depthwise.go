package kernel

import (
	"fmt"
	"math"
)

// A DepthWise is the shape of a depth-wise convolution of one picture: R rows of M
// pixels of C channels, each channel with O rows of K taps of its own,
//
//	y[(r·M + m)·C + c] = bias[c] + Σ_o Σ_k x[r·AR + m·AM + o·AO + k·AK + c] · w[(o·K + k)·C + c]
//
// Every element accumulates over o, then k, in rising order, starting from its bias: as
// C products of one column do, and with the same bits.
type DepthWise struct {
	R, M, C        int
	O, K           int
	AR, AM, AO, AK int

	ReLU bool // in the end negative elements become 0; NaN stays NaN
}

func (p DepthWise) empty() bool { return p.R < 1 || p.M < 1 || p.C < 1 || p.O < 1 || p.K < 1 }

// check panics unless y, x, w and bias hold everything that p reaches.
func (p DepthWise) check(y, x, w, bias []float32) {
	needX := (p.R-1)*p.AR + (p.M-1)*p.AM + (p.O-1)*p.AO + (p.K-1)*p.AK + p.C
	if len(y) != p.R*p.M*p.C || len(x) < needX || len(w) < p.O*p.K*p.C {
		panic(fmt.Sprintf("kernel: lengths %d, %d, %d for a depth-wise convolution that reaches %d, %d, %d", len(y), len(x), len(w), p.R*p.M*p.C, needX, p.O*p.K*p.C))
	}
	if bias != nil && len(bias) != p.C {
		panic(fmt.Sprintf("kernel: a bias of %d for %d channels", len(bias), p.C))
	}
}

// floor are the bits of what no element falls below.
func (p DepthWise) floor() uint64 {
	if p.ReLU {
		return 0
	}
	return uint64(math.Float32bits(float32(math.Inf(-1))))
}

// depthWise is the portable form, which multiplies, rounds, then adds, and leaves out
// what is multiplied by an x of 0, as gonum's product does: a sum of −0 stays −0, and
// 0·NaN is not seen.
func depthWise(p DepthWise, y, x, w, bias []float32) {
	if p.empty() {
		return
	}
	p.check(y, x, w, bias)
	for r := range p.R {
		for m := range p.M {
			to := y[(r*p.M+m)*p.C:][:p.C]
			clear(to)
			copy(to, bias)
			for o := range p.O {
				for k := range p.K {
					from, weight := x[r*p.AR+m*p.AM+o*p.AO+k*p.AK:][:p.C], w[(o*p.K+k)*p.C:][:p.C]
					for c, v := range from {
						if v != 0 {
							to[c] += float32(v * weight[c])
						}
					}
				}
			}
			if p.ReLU {
				relu(to, to)
			}
		}
	}
}
