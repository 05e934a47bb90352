package border

import (
	"encoding/json"
	"math"
	"testing"

	"padlab/core/draw"
)

// Ring sizes 4(k−1−2d), centre 1: "k=3: 8,1; 5: 16,8,1; 7: 24,16,8,1;
// 13: 48,40,32,24,16,8,1" (paper.md, §2.3); 4 and 1 by hand.
func TestRings(t *testing.T) {
	for k, want := range map[int][]int{
		1: {1}, 2: {4}, 3: {8, 1}, 4: {12, 4}, 5: {16, 8, 1}, 7: {24, 16, 8, 1}, 13: {48, 40, 32, 24, 16, 8, 1},
	} {
		got := make([]int, Rings(k))
		for cell := range k * k {
			got[Ring(cell, k)]++
		}
		if len(got) != len(want) {
			t.Fatalf("k = %d: rings %v, want %v", k, got, want)
		}
		for d := range want {
			if got[d] != want[d] {
				t.Errorf("k = %d: rings %v, want %v", k, got, want)
			}
		}
	}
	for _, cell := range []int{-1, 9} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("cell %d of 3×3 does not panic", cell)
				}
			}()
			Ring(cell, 3)
		}()
	}
}

func TestProfile(t *testing.T) {
	tally := NewTally(3, 2)
	copy(tally.Of(0), []float32{1, 1, 1, 1, 0, 1, 1, 1, 1})
	copy(tally.Of(1), []float32{1, 0, 0, 0, 1, 0, 0, 0, 1})
	p := tally.Profile("accuracy", "test", 1.0/9)
	if len(p.Rings) != 2 || p.Rings[0].N != 16 || p.Rings[1].N != 2 || p.Rings[0].Value != (1+0.25)/2 || p.Rings[1].Value != 0.5 {
		t.Errorf("%+v", p)
	}
	if s := tally.Score("accuracy", "test", 1.0/9); s.N != 18 || math.Abs(float64(s.Value)-11.0/18) > 1e-15 {
		t.Errorf("%+v", s)
	}
	m := tally.Map("accuracy", "test")
	if m.Values[0] != 1 || m.Values[1] != 0.5 || m.Values[4] != 0.5 {
		t.Errorf("%+v", m)
	}
}

// t quantiles from any table: 2.2622 at 9 degrees, 1.9842 at 99.
func TestInterval(t *testing.T) {
	values := []float64{.2, .4, .4, .6, .6, .6, .8, .8, 1, .6}
	mean, low, high := Interval(values)
	half := 2.262157 * 0.230940 / math.Sqrt(10) // s = √(.48/9)
	if math.Abs(mean-.6) > 1e-12 || math.Abs(low-(.6-half)) > 1e-5 || math.Abs(high-(.6+half)) > 1e-5 {
		t.Errorf("%g [%g, %g], want .6 ± %g", mean, low, high, half)
	}
	if got := quantile(99); math.Abs(got-1.984217) > 1e-6 {
		t.Errorf("t(99) = %g", got)
	}
	if mean, low, high := Interval([]float64{0.3}); mean != 0.3 || !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("one image: %g [%g, %g]", mean, low, high)
	}
	all := make([]float64, 100)
	for v, want := range map[float64][2]float64{0: {0, .037}, 1: {.963, 1}, .04: {.0385, .0755}} {
		for i := range all {
			all[i] = v
		}
		if mean, low, high := Interval(all); mean != v || math.Abs(low-want[0]) > 1e-4 || math.Abs(high-want[1]) > 1e-4 {
			t.Errorf("100 images at %g: %g [%g, %g], want %v", v, mean, low, high, want)
		}
	}
}

// The interval holds the truth in about 95 of 100 repetitions, with images
// whose placements are strongly correlated: each is right everywhere or in
// 16 cells at random. Binomial, 2,000 repetitions: ±1 % is two standard errors.
func TestCoverage(t *testing.T) {
	const repetitions, images = 2000, 40
	held := 0
	for r := range uint64(repetitions) {
		values := make([]float64, images)
		for i := range values {
			s := draw.New(3, "coverage", r, uint64(i))
			if s.Float32() < 0.3 {
				values[i] = 1
				continue
			}
			for range 16 {
				values[i] += float64(s.Below(2)) / 16
			}
		}
		if _, low, high := Interval(values); low <= 0.65 && 0.65 <= high {
			held++
		}
	}
	if share := float64(held) / repetitions; share < 0.935 || share > 0.965 {
		t.Errorf("the interval holds the truth in %.1f %%", 100*share)
	}
}

func TestNumbersInJSON(t *testing.T) {
	got, err := json.Marshal([]Number{0.1, 1, 0, Number(math.NaN()), Number(math.Inf(1)), 1e-7})
	if want := `[0.1,1,0,null,null,1e-07]`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}
