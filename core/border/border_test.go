package border

import (
	"math"
	"testing"
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
	tally := NewTally(3, 2, 1)
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

// Over images with equally many pixels the share of right ones is a mean of
// means, and there the jackknife's interval is Student's.
func TestJackknife(t *testing.T) {
	right := []int{3, 5, 8, 6}
	c := NewConfusions(4, 2, 3)
	var shares []float64
	for image, n := range right {
		for p := range 10 {
			answer := 2
			if p < n {
				answer = 1
			}
			c.Count(image, p%2, 1, answer)
		}
		shares = append(shares, float64(n)/10)
	}
	mean, low, high := IntervalIn(shares, 0, 1)
	s := c.Accuracy("share", "test")
	for i, pair := range [][2]float64{{float64(s.Value), mean}, {float64(s.Low), low}, {float64(s.High), high}} {
		if math.Abs(pair[0]-pair[1]) > 1e-12 {
			t.Errorf("number %d: %g, want %g", i, pair[0], pair[1])
		}
	}
	if s.N != 40 {
		t.Errorf("%d pixels, want 40", s.N)
	}
	// Class 1: 22 hits, 18 misses; class 2: 18 false alarms; class 0 does not occur.
	if got, want := float64(c.MeanIoU("miou", "test").Value), 22./40/2; math.Abs(got-want) > 1e-12 {
		t.Errorf("mIoU %g, want %g", got, want)
	}
	if p := c.AccuracyProfile("share", "test", "pixels"); len(p.Rings) != 2 || p.Rings[0].N != 20 || p.Rings[0].Value != 0.6 {
		t.Errorf("%+v", p)
	}
}

// Two images of a 3×3 grid, right in 4 and 8 of 8 cells at the border and both
// in the centre: −.5 and 0, so −.25 ± 12.7062·.353553/√2.
func TestGap(t *testing.T) {
	tally := NewTally(3, 2, 1)
	for cell := range 9 {
		tally.Of(1)[cell] = 1
		if cell >= 4 { // cells 4 (the centre) to 8
			tally.Of(0)[cell] = 1
		}
	}
	s, ok := tally.Gap("gap", "test", 1)
	if !ok || s.Value != -0.25 || s.Low != -1 || s.High != 1 || s.N != 2 {
		t.Errorf("%+v", s)
	}
	if _, ok := tally.Gap("gap", "test", 2); ok {
		t.Error("a 3×3 grid has no ring 2")
	}
}
