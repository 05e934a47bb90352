package rng

import (
	"math"
	"testing"
)

// The bits are a promise: records made by one release are repeated by the
// next. These literals were printed by the first version of the package.
func TestGolden(t *testing.T) {
	s := New(1, "batch", 2, 3)
	for i, want := range []int{827, 306, 307, 758, 959} {
		if got := s.IntN(1000); got != want {
			t.Errorf("draw %d: %d, want %d", i, got, want)
		}
	}
	var p [8]int32
	s.Permutation(p[:])
	if want := [8]int32{5, 6, 2, 3, 0, 1, 7, 4}; p != want {
		t.Errorf("permutation %v, want %v", p, want)
	}
}

func TestKeysSeparate(t *testing.T) {
	seen := map[uint64]string{}
	for name, s := range map[string]Stream{
		"seed 1": New(1, "a"), "seed 2": New(2, "a"), "purpose": New(1, "b"), "key 0": New(1, "a", 0), "key 1": New(1, "a", 1),
		"keys 0 1": New(1, "a", 0, 1), "keys 1 0": New(1, "a", 1, 0), "no purpose": New(1, ""),
	} {
		v := s.pcg.Uint64()
		if other, ok := seen[v]; ok {
			t.Errorf("%s draws like %s", name, other)
		}
		seen[v] = name
	}
}

// χ² with 6 degrees of freedom: 22.46 is its 99.9 % point (any table). The
// seed is fixed, so this either always holds or never.
func TestIntNIsUniform(t *testing.T) {
	const n, draws = 7, 70000
	var count [n]float64
	for i := range uint64(draws) {
		s := New(5, "uniform", i) // the first draw of many keys, which is how they are used
		count[s.IntN(n)]++
	}
	chi := 0.0
	for _, c := range count {
		chi += (c - draws/n) * (c - draws/n) / (draws / n)
	}
	if chi > 22.46 {
		t.Errorf("χ² = %.1f, counts %v", chi, count)
	}
}

// All 24 orders of four things: χ² with 23 degrees of freedom, 49.73 is its
// 99.9 % point (any table).
func TestPermutationIsUniform(t *testing.T) {
	const draws = 24000
	count := map[[4]int32]float64{}
	for i := range uint64(draws) {
		s := New(5, "permutation", i)
		var p [4]int32
		s.Permutation(p[:])
		count[p]++
	}
	chi := 0.0
	for p, c := range count {
		seen := [4]bool{}
		for _, v := range p {
			seen[v] = true
		}
		if seen != [4]bool{true, true, true, true} {
			t.Fatalf("%v is no permutation", p)
		}
		chi += (c - draws/24) * (c - draws/24) / (draws / 24)
	}
	if len(count) != 24 || chi > 49.73 {
		t.Errorf("χ² = %.1f, %d orders, counts %v", chi, len(count), count)
	}
}

func TestUniform(t *testing.T) {
	s := New(9, "u")
	x := make([]float32, 100000)
	s.Uniform(x, 0.5)
	var sum, square float64
	for _, v := range x {
		if v < -0.5 || v >= 0.5 {
			t.Fatalf("%g outside [-0.5, 0.5)", v)
		}
		sum += float64(v)
		square += float64(v) * float64(v)
	}
	mean, variance := sum/1e5, square/1e5
	if math.Abs(mean) > 4*math.Sqrt(1.0/12/1e5) || math.Abs(variance-1.0/12) > 0.002 {
		t.Errorf("mean %g, variance %g, want 0 and 1/12", mean, variance)
	}
}

func TestIntNPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	s := New(1, "")
	s.IntN(0)
}

func TestNewAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		s := New(1, "batch", 2, 3)
		s.IntN(10)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
