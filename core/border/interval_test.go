package border

import (
	"flag"
	"math"
	"testing"

	"padlab/core/rng"
)

var long = flag.Bool("long", false, "run the tests that simulate for minutes")

// t quantiles from any table: 2.2622 at 9 degrees, 1.9842 at 99.
func TestIntervalIn(t *testing.T) {
	values := []float64{.2, .4, .4, .6, .6, .6, .8, .8, 1, .6}
	mean, low, high := IntervalIn(values, 0, 1)
	half := 2.262157 * 0.230940 / math.Sqrt(10) // s = √(.48/9)
	if math.Abs(mean-.6) > 1e-12 || math.Abs(low-(.6-half)) > 1e-5 || math.Abs(high-(.6+half)) > 1e-5 {
		t.Errorf("%g [%g, %g], want .6 ± %g", mean, low, high, half)
	}
	if got := quantile(99); math.Abs(got-1.984217) > 1e-6 {
		t.Errorf("t(99) = %g", got)
	}
	for name, interval := range map[string]func([]float64) (mean, low, high float64){
		"IntervalIn": func(v []float64) (mean, low, high float64) { return IntervalIn(v, 0, 1) },
		"Proportion": func(v []float64) (mean, low, high float64) { return Proportion(v, 4) },
	} {
		if mean, low, high := interval([]float64{0.3}); mean != 0.3 || !math.IsNaN(low) || !math.IsNaN(high) {
			t.Errorf("%s of one image: %g [%g, %g]", name, mean, low, high)
		}
	}
	all := make([]float64, 100) // w = 1 − .025^(1/100) = .03622
	for v, want := range map[float64][2]float64{0: {0, .03622}, 1: {.96378, 1}, .04: {.03855, .07477}} {
		for i := range all {
			all[i] = v
		}
		if mean, low, high := IntervalIn(all, 0, 1); mean != v || math.Abs(low-want[0]) > 1e-5 || math.Abs(high-want[1]) > 1e-5 {
			t.Errorf("100 images at %g: %g [%g, %g], want %v", v, mean, low, high, want)
		}
	}
}

// hitting returns n values, of which the first so many are 1.
func hitting(n, hits int) []float64 {
	values := make([]float64, n)
	for i := range hits {
		values[i] = 1
	}
	return values
}

// With one trial per image it is Clopper and Pearson's interval. 2 of 20: .0123
// to .3170, 8 of 20: .1912 to .6395, 1 of 100: .0003 to .0545 (from any table).
func TestProportionOfOneTrial(t *testing.T) {
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{{0, 100, 0, .0362}, {1, 100, .0003, .0545}, {2, 20, .0123, .3170}, {8, 20, .1912, .6395}, {20, 20, .8316, 1}} {
		mean, low, high := Proportion(hitting(c.n, c.hits), 1)
		if mean != float64(c.hits)/float64(c.n) || math.Abs(low-c.low) > 6e-5 || math.Abs(high-c.high) > 6e-5 {
			t.Errorf("%d of %d: %g [%g, %g], want [%g, %g]", c.hits, c.n, mean, low, high, c.low, c.high)
		}
	}
}

// 100 images, of 24 trials each: 20 at .25, 60 at .5, 20 at .75. s² = 2.5/99, so
// n* = 1000·(t(2399)/t(99))² = 1000·(1.96095/1.98422)² = 976.7.
func TestEffectiveTrials(t *testing.T) {
	values := make([]float64, 100)
	for i := range values {
		values[i] = []float64{.25, .5, .5, .5, .75}[i%5]
	}
	mean, low, high := Proportion(values, 24)
	want := leastShare(976.7/2, 976.7)
	if mean != .5 || math.Abs(low-want) > 1e-5 || math.Abs(high-(1-want)) > 1e-5 {
		t.Errorf("%g [%g, %g], want [%g, %g]", mean, low, high, want, 1-want)
	}
	// All images alike: as many as all their trials, and a share w beside.
	for i := range values {
		values[i] = .25
	}
	_, low, high = Proportion(values, 24)
	if want := leastShare(600, 2400); low != want || math.Abs(high-(.25+.75*.0362167)) > 1e-6 {
		t.Errorf("all alike: [%g, %g], want from %g on", low, high, want)
	}
}

// Who scores no less in any image has bounds no lower, with hits added image by
// image as wholes, as they are with one trial each, or to all images in turn. If
// they are added anywhere, the variance that is found goes up and down, and the
// bounds with it: hardly. What hits and what misses are the same question.
func TestBoundsRise(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation")
	}
	for _, n := range []int{2, 3, 10, 37, 100, 300} {
		for _, m := range []int{1, 3, 24} {
			order := make([]int32, n*m)
			s := rng.New(7, "anywhere", uint64(n), uint64(m))
			s.Permutation(order)
			for _, filling := range []struct {
				name    string
				image   func(k int) int // that gets hit k
				each    int             // after how many hits bounds are compared
				fall    float64         // that is allowed
				atLeast int             // images
			}{
				{"image after image", func(k int) int { return k / m }, m, 1e-12, 2},
				{"in turn", func(k int) int { return k % n }, 1, 1e-12, 10},
				{"anywhere", func(k int) int { return int(order[k]) / m }, 1, .003, 10},
			} {
				if n < filling.atLeast || n*m > 3000 {
					continue
				}
				values, mirrored := make([]float64, n), make([]float64, n)
				hits := make([]int, n)
				_, lowest, highest := Proportion(values, m)
				for k := range n * m {
					hits[filling.image(k)]++
					if (k+1)%filling.each != 0 {
						continue
					}
					for i, h := range hits {
						values[i], mirrored[i] = float64(h)/float64(m), float64(m-h)/float64(m)
					}
					mean, low, high := Proportion(values, m)
					if low < lowest-filling.fall || high < highest-filling.fall {
						t.Errorf("%d images of %d, %s: [%g, %g] at %d hits, [%g, %g] before", n, m, filling.name, low, high, k+1, lowest, highest)
					}
					if low > mean || high < mean || low < 0 || high > 1 {
						t.Errorf("%d images of %d, %s: %g [%g, %g]", n, m, filling.name, mean, low, high)
					}
					if _, l, h := Proportion(mirrored, m); math.Abs(l-(1-high)) > 1e-9 || math.Abs(h-(1-low)) > 1e-9 {
						t.Errorf("%d images of %d, %s: misses in [%g, %g], hits in [%g, %g]", n, m, filling.name, l, h, low, high)
					}
					lowest, highest = low, high
				}
			}
		}
	}
}

// A sampling is how hits come about: in each of n images with m trials, any of
// which hits with probability p, and two of one image with the correlation ρ.
// Either images differ (beta-binomial, drawn from Pólya's urn), or in a share ρ
// of them all trials copy the first.
type sampling struct {
	n, m   int
	p, rho float64
	copies bool
}

// draw returns the shares of hits of all images.
func (c sampling) draw(s rng.Stream) []float64 {
	values := make([]float64, c.n)
	for i := range values {
		hits, copied := 0, c.copies && float64(s.Float32()) < c.rho
		for trial := range c.m {
			chance := c.p
			switch {
			case copied && trial > 0:
				chance = float64(hits) / float64(trial)
			case !c.copies && c.rho > 0:
				urn := 1/c.rho - 1
				chance = (c.p*urn + float64(hits)) / (urn + float64(trial))
			}
			if float64(s.Float32()) < chance {
				hits++
			}
		}
		values[i] = float64(hits) / float64(c.m)
	}
	return values
}

// The interval holds the truth in at least 93 of 100 repetitions, near 0 as in
// the middle (near 1 it is the same question), however few the images are and
// however much their trials depend on each other. In a sample of 1,000 that is
// 95 ± 2·.7 where it is 95. In the middle it is hardly longer than Student's,
// but where ten images have so many independent trials that what images were not
// seen counts for more.
func TestCoverage(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation")
	}
	repetitions := 1000
	images, trials := []int{10, 100}, []int{1, 8, 24}
	correlations, shares := []float64{0, .3}, []float64{.02, .1, .5}
	if *long {
		repetitions = 2000
		images, trials = []int{10, 20, 50, 100, 300, 1000}, []int{1, 4, 8, 24}
		correlations, shares = []float64{0, .05, .2, .5}, []float64{.01, .02, .05, .1, .2, .3, .5}
	}
	var cases []sampling
	for _, n := range images {
		for _, p := range shares {
			for _, m := range trials {
				cases = append(cases, sampling{n, m, p, 0, false})
				for _, rho := range correlations {
					if m > 1 && rho > 0 {
						cases = append(cases, sampling{n, m, p, rho, false}, sampling{n, m, p, rho, true})
					}
				}
			}
		}
	}
	for _, c := range cases {
		held, length, student := 0, 0.0, 0.0
		for r := range repetitions {
			values := c.draw(rng.New(3, "coverage", uint64(r)))
			_, low, high := Proportion(values, c.m)
			if low <= c.p && c.p <= high {
				held++
			}
			length += high - low
			_, low, high = IntervalIn(values, 0, 1)
			student += high - low
		}
		coverage, ratio := float64(held)/float64(repetitions), length/student
		most := 1.25
		if c.n < 50 {
			most = 2.5
		}
		if coverage < .93 || c.p == .5 && ratio > most {
			t.Errorf("%+v: coverage %.3f, %.2f times Student's length", c, coverage, ratio)
		} else if *long {
			t.Logf("%+v: coverage %.3f, %.2f times Student's length", c, coverage, ratio)
		}
	}
}
