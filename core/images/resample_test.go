package images

import (
	"math"
	"testing"
)

// By hand: 2 pixels to 4 lie at −.25, .25, .75 and 1.25, so that the middle ones
// are 3:1; 4 pixels to 2 weigh with 3/8, 3/8, 1/4·½ … : the first output lies at
// 1 with reach 2, so inputs at .5, 1.5, 2.5 weigh .75, .75, .25 of 1.75.
func TestResample(t *testing.T) {
	for _, c := range []struct {
		src  []byte
		want []float64
	}{
		{[]byte{0, 255}, []float64{0, .25, .75, 1}},
		{[]byte{255, 0, 0, 0}, []float64{.75 / 1.75, 0}},
		{[]byte{0, 0, 255, 0}, []float64{.25 / 1.75, .75 / 1.75}},
		{[]byte{51, 51, 51}, []float64{.2, .2, .2, .2, .2}},
	} {
		n := len(c.want)
		along, down := make([]float32, n), make([]float32, n)
		Resample(along, 1, n, c.src, 1, len(c.src), 1, Box{0, 0, 1, len(c.src)})
		Resample(down, n, 1, c.src, len(c.src), 1, 1, Box{0, 0, len(c.src), 1})
		for i, want := range c.want {
			if math.Abs(float64(along[i])-want) > 1e-6 || along[i] != down[i] {
				t.Errorf("%v: %v and %v, want %v", c.src, along, down, c.want)
				break
			}
		}
	}
	// A box sees nothing beside it, and channels do not mix.
	src := []byte{9, 1, 9, 2, 9, 3, 9, 1, 0, 255, 0, 255, 9, 1, 0, 255, 0, 255}
	dst := make([]float32, 3*3*2)
	Resample(dst, 3, 3, src, 3, 3, 2, Box{1, 1, 2, 2})
	for i, v := range dst {
		if float64(v) != float64(i%2) {
			t.Fatalf("%v", dst)
		}
	}
}
