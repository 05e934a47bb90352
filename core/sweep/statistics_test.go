package sweep

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"padlab/core/metric"
)

// What SciPy 1.17.1 makes of the same values: stats.t.interval, and
// stats.permutation_test of samples with all resamples (testdata/statistics.py).
var scipy = []struct {
	values             []metric.Number
	mean, low, high, p float64
}{
	{[]metric.Number{0.5, 0.25, 0.375}, 0.375, 0.064482786, 0.685517214, 0.25},
	{[]metric.Number{0.61, 0.58, 0.63, 0.55, 0.6}, 0.594, 0.556134337, 0.631865663, 0.0625},
	{[]metric.Number{0.12, -0.05, 0.31, 0.22, 0.08, 0.19, -0.11, 0.27, 0.04, 0.15}, 0.122, 0.025387084, 0.218612916, 0.025390625},
	{[]metric.Number{0.25, 0.25, -0.25, 0.5, 0.25, -0.5, 0.25, 0}, 0.09375, -0.178473080, 0.365973080, 0.59375},
	{[]metric.Number{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, 0.35, 0.153668569, 0.546331431, 0.03125},
}

func TestAgainstSciPy(t *testing.T) {
	near := func(a metric.Number, b float64) bool { return math.Abs(float64(a)-b) < 1e-9 }
	for _, c := range scipy {
		m := MeanOf(c.values)
		if m.N != len(c.values) || !near(m.Mean, c.mean) || !near(m.Low, c.low) || !near(m.High, c.high) {
			t.Errorf("%v: %+v, want %v [%v, %v]", c.values, m, c.mean, c.low, c.high)
		}
		if p := SignFlip(c.values); float64(p) != c.p {
			t.Errorf("%v: p %v, want %v", c.values, p, c.p)
		}
		// What has no value takes no part.
		more := append([]metric.Number{metric.NaN}, c.values...)
		if p := SignFlip(more); float64(p) != c.p || MeanOf(more) != m {
			t.Errorf("%v with a seed that has none: %v, %+v", c.values, p, MeanOf(more))
		}
	}
}

// Under three seeds there is no interval, and without any no mean.
func TestFewValues(t *testing.T) {
	for n, mean := range []metric.Number{metric.NaN, 1, 1.5} {
		m := MeanOf([]metric.Number{1, 2}[:n])
		if m.N != n || m.Mean.Finite() != mean.Finite() || mean.Finite() && m.Mean != mean || m.Low.Finite() || m.High.Finite() {
			t.Errorf("of %d: %+v", n, m)
		}
	}
	if m := MeanOf([]metric.Number{3, 3, 3}); m.Low != 3 || m.High != 3 {
		t.Errorf("three equal values: %+v", m)
	}
	for _, c := range []struct {
		d []metric.Number
		p metric.Number
	}{{[]metric.Number{5}, 1}, {[]metric.Number{5, 1}, 0.5}, {[]metric.Number{0, 0, 0}, 1}, {[]metric.Number{1, -1}, 1}, {[]metric.Number{0.1, 0.2, -0.3}, 1}} {
		if p := SignFlip(c.d); p != c.p {
			t.Errorf("%v: p %v, want %v", c.d, p, c.p)
		}
	}
	if p := SignFlip(nil); p.Finite() {
		t.Errorf("of nothing p is %v", p)
	}
}

// enumerated is the p of the sign-flip test by its definition. Differences are
// integers, so that sums are exact.
func enumerated(d []int) float64 {
	found := 0
	for _, v := range d {
		found += v
	}
	hits := 0
	for signs := range 1 << len(d) {
		sum := 0
		for i, v := range d {
			if signs>>i&1 == 1 {
				v = -v
			}
			sum += v
		}
		if sum*sum >= found*found {
			hits++
		}
	}
	return float64(hits) / float64(int(1)<<len(d))
}

func TestSignFlipIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SliceOfN(rapid.IntRange(-6, 6), 1, 11).Draw(t, "d")
		values := make([]metric.Number, len(d))
		for i, v := range d {
			values[i] = metric.Number(v) * 0.1 // which is not exact, and must not matter
		}
		if p, want := float64(SignFlip(values)), enumerated(d); p != want {
			t.Fatalf("%v: p %v, want %v", d, p, want)
		}
	})
}

// Thirty differences of one sign have p = 2/2³⁰ exactly; of more, p is drawn, and
// then near what the exact test has of them without one that is 0, which changes
// nothing: a sign flipped there flips nothing.
func TestManySeeds(t *testing.T) {
	if p := SignFlip(slices.Repeat([]metric.Number{1}, 30)); p != 0x1p-29 {
		t.Errorf("thirty of one sign: %v", p)
	}
	r := rand.New(rand.NewPCG(1, 2))
	d := make([]metric.Number, 30)
	for i := range d {
		d[i] = metric.Number(r.NormFloat64() + 0.3)
	}
	exact := float64(SignFlip(d))
	sampled := float64(SignFlip(append(d, 0)))
	if deviation := math.Sqrt(exact * (1 - exact) / draws); exact < 0.01 || exact > 0.99 || math.Abs(sampled-exact) > 4*deviation || sampled == exact {
		t.Errorf("exact %v, drawn %v", exact, sampled)
	}
	if again := float64(SignFlip(append(d, 0))); again != sampled {
		t.Errorf("drawn %v, then %v", sampled, again)
	}
}

// closed is what Holm's method is a shortcut of: a hypothesis is rejected when
// every set of hypotheses that it is in is, by Bonferroni (Marcus, Peritz and
// Gabriel 1976). Its adjusted p is the largest over those sets of size·least, at
// most 1.
func closed(p []metric.Number) []metric.Number {
	adjusted := make([]metric.Number, len(p))
	for set := 1; set < 1<<len(p); set++ {
		size, least := metric.Number(0), metric.Number(1)
		for i, v := range p {
			if set>>i&1 == 1 {
				size, least = size+1, min(least, v)
			}
		}
		for i := range p {
			if set>>i&1 == 1 {
				adjusted[i] = max(adjusted[i], min(1, size*least))
			}
		}
	}
	return adjusted
}

func TestHolm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p []metric.Number
		for _, v := range rapid.SliceOfN(rapid.IntRange(0, 64), 0, 8).Draw(t, "p") {
			p = append(p, metric.Number(v)/64)
		}
		if got, want := Holm(p), closed(p); !slices.Equal(got, want) {
			t.Fatalf("%v: %v, want %v", p, got, want)
		}
	})
	if got := Holm([]metric.Number{0.25, metric.NaN, 0.5}); got[0] != 0.5 || got[1].Finite() || got[2] != 0.5 {
		t.Errorf("what has no p is of no family: %v", got)
	}
}
