package border

import (
	"math"
	"testing"

	"padlab/core/metric"
	"padlab/core/rng"
)

// axes are the classes of a grid whose cells are alike where they are along both
// axes.
func axes(axis ...int) (class []int) {
	k := len(axis)
	numbers := map[[2]int]int{}
	for cell := range k * k {
		pair := [2]int{axis[cell/k], axis[cell%k]}
		if _, ok := numbers[pair]; !ok {
			numbers[pair] = len(numbers)
		}
		class = append(class, numbers[pair])
	}
	return class
}

func found(a *Answers) ([]metric.Score, []metric.Profile) {
	right := func(_, cell int) int32 { return int32(cell) }
	tally, beyond, bits := a.Hits(right), a.Places(), a.Information()
	return []metric.Score{tally.Score(metric.Accuracy, "test", 0), beyond.Score(metric.BeyondGuessing, "test"), bits.Score(metric.Information, "test")},
		[]metric.Profile{tally.Profile(metric.Accuracy, "test", 0), beyond.Profile(metric.BeyondGuessing, "test"), bits.Profile(metric.Information, "test")}
}

// Whoever answers one cell of each class always reaches the ceilings of all cells
// exactly, and ring by ring on average over the choice; here all choices of every
// class are made equally often.
func TestCeilings(t *testing.T) {
	for _, axis := range [][]int{{0, 1, 2, 2, 2, 3, 4}, {0, 1, 2, 2, 3, 4}, {0, 0, 0, 0}, {0, 1, 2, 3}, {0, 1, 0, 1}} {
		class, k := axes(axis...), len(axis)
		members := map[int][]int32{}
		for cell, c := range class {
			members[c] = append(members[c], int32(cell))
		}
		images := 144 // a multiple of all sizes of classes
		a := NewAnswers(k, images, k*k)
		for image := range images {
			for cell := range a.Of(image) {
				m := members[class[cell]]
				a.Of(image)[cell] = m[image*len(m)/images]
			}
		}
		scores, profiles := found(a)
		Bound(class, k, scores, profiles)
		for _, s := range scores[:2] {
			if math.Abs(float64(s.Value-*s.Ceiling)) > 1e-12 {
				t.Errorf("%v: %s is %g, its ceiling %g", axis, s.Metric, s.Value, *s.Ceiling)
			}
		}
		for _, p := range profiles[:2] {
			for _, ring := range p.Rings {
				if math.Abs(float64(ring.Value-*ring.Ceiling)) > 1e-12 {
					t.Errorf("%v: %s in ring %d is %g, its ceiling %g", axis, p.Metric, ring.Distance, ring.Value, *ring.Ceiling)
				}
			}
		}

		// The first cell of each class is said: as many bits as there are classes.
		for image := range images {
			for cell := range a.Of(image) {
				a.Of(image)[cell] = members[class[cell]][0]
			}
		}
		scores, profiles = found(a)
		Bound(class, k, scores, profiles)
		if s := scores[2]; math.Abs(float64(s.Value-*s.Ceiling)) > 1e-8 {
			t.Errorf("%v: %g bits, ceiling %g", axis, s.Value, *s.Ceiling)
		}
		for _, ring := range profiles[2].Rings {
			if math.Abs(float64(ring.Value-*ring.Ceiling)) > 1e-8 {
				t.Errorf("%v: %g bits in ring %d, ceiling %g", axis, ring.Value, ring.Distance, *ring.Ceiling)
			}
		}
	}
}

// Rings of 7×7 cells, of which the three in the middle of each axis are alike,
// by ring: 16/24, 8/16, 1/9, 1/9 (worked out by hand).
func TestCeilingsOfSevenCells(t *testing.T) {
	class := axes(0, 1, 2, 2, 2, 3, 4)
	scores, profiles := found(NewAnswers(7, 2, 49))
	Bound(class, 7, scores, profiles)
	for d, want := range []float64{16.0 / 24, 8.0 / 16, 1.0 / 9, 1.0 / 9} {
		if got := float64(*profiles[0].Rings[d].Ceiling); math.Abs(got-want) > 1e-12 {
			t.Errorf("ring %d: %g, want %g", d, got, want)
		}
	}
	if got := float64(*scores[0].Ceiling); math.Abs(got-25.0/49) > 1e-12 {
		t.Errorf("all cells: %g", got)
	}
	if p := profiles[0]; p.AlikeFrom == nil || *p.AlikeFrom != 2 {
		t.Errorf("alike from %v", p.AlikeFrom)
	}
	Bound(axes(0, 1, 2, 3, 4, 5, 6), 7, scores, profiles)
	if profiles[0].AlikeFrom != nil {
		t.Error("cells that can all be told apart are alike somewhere")
	}
}

// Answers that depend on the image alone are what a blind network gives: exactly
// guessing in every ring, without an interval.
func TestBlindIsExact(t *testing.T) {
	others := []metric.Score{
		{Key: metric.Key{Metric: metric.SameAnswer}, Value: 1, Low: .9, High: 1},
		{Key: metric.Key{Metric: metric.SameAnswer}, Value: .99, Low: .9, High: 1}, // two logits that are nearly equal
		{Key: metric.Key{Metric: metric.BorderInterior}, Value: 0, Low: -.1, High: .1},
		{Key: metric.Key{Metric: metric.Accuracy}, Value: 1, Low: .9, High: 1},
	}
	Blind(others)
	for i, exact := range []bool{true, false, true, false} {
		if s := others[i]; (s.Low == s.Value && s.High == s.Value) != exact {
			t.Errorf("%+v", s)
		}
	}

	s := rng.New(3, "blind")
	a := NewAnswers(6, 17, 36)
	for image := range 17 {
		said := int32(s.IntN(36))
		for cell := range a.Of(image) {
			a.Of(image)[cell] = said
		}
	}
	scores, profiles := found(a)
	Bound(make([]int, 36), 6, scores, profiles)
	for i, want := range []metric.Number{1.0 / 36, 0, 0} {
		if s := scores[i]; math.Abs(float64(s.Value-want)) > 1e-15 || s.Low != s.Value || s.High != s.Value || math.Abs(float64(*s.Ceiling-want)) > 1e-12 {
			t.Errorf("%+v", s)
		}
	}
	for _, p := range profiles[1:] {
		for _, ring := range p.Rings {
			if ring.Value != 0 || ring.Low != 0 || ring.High != 0 || *ring.Ceiling != 0 {
				t.Errorf("%s: %+v", p.Metric, ring)
			}
		}
	}
	if p := profiles[1]; *p.AlikeFrom != 0 {
		t.Errorf("alike from %d", *p.AlikeFrom)
	}
}
