package images

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// naive is the formula in the doc comment of AreaAverage in exact fractions,
// over all source pixels.
func naive(h, w int, src []byte, sh, sw, c int) []float32 {
	overlap := func(from, to *big.Rat, pixel int) *big.Rat {
		low, high := big.NewRat(int64(pixel), 1), big.NewRat(int64(pixel+1), 1)
		if low.Cmp(from) < 0 {
			low = from
		}
		if high.Cmp(to) > 0 {
			high = to
		}
		if high.Cmp(low) <= 0 {
			return new(big.Rat)
		}
		return new(big.Rat).Sub(high, low)
	}
	edge := func(i, source, size int) *big.Rat { return big.NewRat(int64(i*source), int64(size)) }
	var dst []float32
	for i := range h {
		for j := range w {
			for k := range c {
				sum, area := new(big.Rat), new(big.Rat)
				for y := range sh {
					rows := overlap(edge(i, sh, h), edge(i+1, sh, h), y)
					if rows.Sign() == 0 {
						continue
					}
					for x := range sw {
						part := overlap(edge(j, sw, w), edge(j+1, sw, w), x)
						part.Mul(part, rows)
						area.Add(area, part)
						sum.Add(sum, part.Mul(part, big.NewRat(int64(src[(y*sw+x)*c+k]), 1)))
					}
				}
				mean, _ := sum.Quo(sum, area.Mul(area, big.NewRat(255, 1))).Float32()
				dst = append(dst, mean)
			}
		}
	}
	return dst
}

// compare fails unless AreaAverage gives the nearest float32 to the exact
// result. (Rounding twice, to float64 and to float32, cannot be seen in a
// quotient of integers below 2²⁴, and 255·sh·sw is one here.)
func compare(t rapid.TB, h, w int, src []byte, sh, sw, c int) {
	t.Helper()
	got := make([]float32, h*w*c)
	AreaAverage(got, h, w, src, sh, sw, c)
	for i, want := range naive(h, w, src, sh, sw, c) {
		if got[i] != want {
			t.Fatalf("%d×%d×%d to %d×%d, value %d: got %v, want %v", sh, sw, c, h, w, i, got[i], want)
		}
	}
	if before, after := meanOf(src)/255, meanOf(got); math.Abs(before-after) > 1e-6 {
		t.Errorf("%d×%d×%d to %d×%d: the mean goes from %v to %v", sh, sw, c, h, w, before, after)
	}
}

func meanOf[T byte | float32](values []T) float64 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return sum / float64(len(values))
}

func TestAreaAverage(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ sh, sw, h, w, c int }{
		{28, 28, 8, 8, 1}, {28, 28, 12, 12, 1}, {28, 28, 28, 28, 1}, {28, 28, 14, 14, 1},
		{5, 5, 3, 3, 1}, {5, 7, 3, 2, 3}, {9, 4, 2, 4, 2}, {1, 13, 1, 5, 1}, {4, 4, 1, 1, 3},
		{3, 2, 5, 7, 1},
	} {
		src := make([]byte, c.sh*c.sw*c.c)
		for i := range src {
			src[i] = byte(random.Uint32())
		}
		compare(t, c.h, c.w, src, c.sh, c.sw, c.c)
	}
}

func TestAreaAverageAnySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 9)
		h, w, sh, sw, c := size.Draw(t, "h"), size.Draw(t, "w"), size.Draw(t, "sh"), size.Draw(t, "sw"), rapid.IntRange(1, 3).Draw(t, "c")
		src := rapid.SliceOfN(rapid.Byte(), sh*sw*c, sh*sw*c).Draw(t, "src")
		compare(t, h, w, src, sh, sw, c)
	})
}

// By hand: the outputs cover 1 + 2/3, 1/3 + 1 + 1/3 and 2/3 + 1 pixels.
func TestAreaAverageFiveToThree(t *testing.T) {
	got := make([]float32, 3)
	AreaAverage(got, 1, 3, []byte{0, 60, 120, 180, 240}, 1, 5, 1)
	for i, want := range []float32{24, 120, 216} {
		if got[i] != want/255 {
			t.Errorf("value %d is %v, want %v/255", i, got[i], want)
		}
	}
}

func TestAreaAverageConstant(t *testing.T) {
	src := make([]byte, 28*28)
	for v := range 256 {
		for i := range src {
			src[i] = byte(v)
		}
		for _, size := range []int{1, 3, 8, 12, 28, 31} {
			dst := make([]float32, size*size)
			AreaAverage(dst, size, size, src, 28, 28, 1)
			for _, got := range dst {
				if got != float32(v)/255 {
					t.Fatalf("28×28 of %d to %d×%d holds %v, want %v", v, size, size, got, float32(v)/255)
				}
			}
		}
	}
}

func TestAreaAveragePanics(t *testing.T) {
	mustPanic(t, "images: scaling 0×2×1 to 1×1×1", func() { AreaAverage(make([]float32, 1), 1, 1, nil, 0, 2, 1) })
	mustPanic(t, "images: scaling 2×2×1 to 1×-1×1", func() { AreaAverage(nil, 1, -1, make([]byte, 4), 2, 2, 1) })
	mustPanic(t, "images: source of 3 bytes for 2×2×1", func() { AreaAverage(make([]float32, 1), 1, 1, make([]byte, 3), 2, 2, 1) })
	mustPanic(t, "images: destination of 2 values for 1×1×1", func() { AreaAverage(make([]float32, 2), 1, 1, make([]byte, 4), 2, 2, 1) })
}

func BenchmarkAreaAverage28To8(b *testing.B) {
	src, dst := make([]byte, 28*28), make([]float32, 8*8)
	for b.Loop() {
		AreaAverage(dst, 8, 8, src, 28, 28, 1)
	}
}
