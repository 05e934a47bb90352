package images

import (
	"encoding/json"
	"math"
	"os"
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

// What PyTorch makes of the same parts of pictures (testdata/resample.py).
func TestResampleAgainstPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/resample.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Shape   [3]int
		Box     [4]int
		To      [2]int
		Picture []int // encoding/json takes a list of bytes for base64
		Scaled  []float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 10 {
		t.Errorf("%d cases", len(cases))
	}
	for _, c := range cases {
		var src []byte
		for _, v := range c.Picture {
			src = append(src, byte(v))
		}
		got := make([]float32, len(c.Scaled))
		Resample(got, c.To[0], c.To[1], src, c.Shape[0], c.Shape[1], c.Shape[2], Box{c.Box[0], c.Box[1], c.Box[2], c.Box[3]})
		for i, want := range c.Scaled {
			if math.Abs(float64(got[i])-want) > 1e-7 {
				t.Errorf("%v of %v to %v: value %d is %g, want %g", c.Box, c.Shape, c.To, i, got[i], want)
				break
			}
		}
	}
}
