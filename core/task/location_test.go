package task

import (
	"math"
	"strings"
	"testing"

	"padlab/core/border"
	"padlab/core/images"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
)

// set has two classes of 4×4 images: train image i is 10·(i+1) everywhere,
// test image i is 200+i.
func set() *images.Set {
	s := &images.Set{Name: "flat", Classes: []string{"a", "b"}, H: 4, W: 4, C: 2}
	add := func(split *images.Split, label, value byte) {
		split.Labels = append(split.Labels, label)
		for range 4 * 4 * 2 {
			split.Pixels = append(split.Pixels, value)
		}
	}
	for i := range byte(3) {
		add(&s.Train, i%2, 10*(i+1))
		add(&s.Test, i/2, 200+i) // labels 0, 0, 1
	}
	return s
}

func TestSamples(t *testing.T) {
	l := NewLocation(set(), LocationSpec{Grid: 3, Patch: 2, Fill: "0.5"})
	if l.Shape() != (nn.Shape{H: 6, W: 6, C: 2}) || l.Classes() != 9 || l.TestImages() != 3 {
		t.Fatal(l.Shape(), l.Classes(), l.TestImages())
	}
	x := make([]float32, l.Shape().Len())
	cells, values := map[int]int{}, map[float32]int{}
	for i := range 400 {
		cell := l.Sample(1, 7, i, x)
		cells[cell]++
		for p := range 36 {
			row, col := p/6, p%6
			inside := row/2 == cell/3 && col/2 == cell%3
			for c := range 2 {
				v := x[p*2+c]
				if inside {
					values[v]++
				} else if v != 0.5 {
					t.Fatalf("sample %d in cell %d: %g at %d,%d outside the patch", i, cell, v, row, col)
				}
			}
		}
	}
	if len(cells) != 9 || len(values) != 3 {
		t.Errorf("cells %v, values %v", cells, values)
	}
	for v := range values {
		if g := v * 255; math.Abs(float64(g)-10) > 1e-4 && math.Abs(float64(g)-20) > 1e-4 && math.Abs(float64(g)-30) > 1e-4 {
			t.Errorf("value %g is no training image: train and test must stay apart", g)
		}
	}
	again := make([]float32, len(x))
	a, b := l.Sample(1, 7, 3, x), l.Sample(1, 7, 3, again)
	for i := range x {
		if x[i] != again[i] || a != b {
			t.Fatal("the same key draws another sample")
		}
	}
	same := 0
	for i := range 50 {
		if l.Sample(1, 7, i, x) == l.Sample(2, 7, i, x) && l.Sample(1, 8, i, x) == l.Sample(1, 7, i, x) {
			same++
		}
	}
	if same > 10 {
		t.Error("seed and step do not change the cells")
	}
}

func TestFillAndNormalize(t *testing.T) {
	for _, c := range []struct {
		spec LocationSpec
		want float64
	}{
		{LocationSpec{Grid: 2, Patch: 4, Fill: "black"}, 0},
		{LocationSpec{Grid: 2, Patch: 4, Fill: "white"}, 1},
		{LocationSpec{Grid: 2, Patch: 4, Fill: "mean"}, 20.0 / 255},
		{LocationSpec{Grid: 2, Patch: 4, Fill: "mean", Normalize: true}, 0},
		{LocationSpec{Grid: 2, Patch: 4, Fill: "black", Normalize: true}, -20 / math.Sqrt(200.0/3)},
	} {
		l := NewLocation(set(), c.spec)
		x := make([]float32, l.Shape().Len())
		cell := l.Sample(1, 1, 1, x)
		empty := (cell + 1) % 4
		at := (empty/2*4*8 + empty%2*4) * 2
		if math.Abs(float64(x[at])-c.want) > 1e-5 {
			t.Errorf("%+v: the empty canvas is %g, want %g", c.spec, x[at], c.want)
		}
	}
}

// A network that always says "cell 2" hits exactly one cell of each image.
func TestEvaluate(t *testing.T) {
	l := NewLocation(set(), LocationSpec{Grid: 2, Patch: 2, Fill: "black"})
	b := nn.NewBuilder(l.Shape())
	b.Linear("linear", b.GlobalAveragePool("gap", nn.Sample), l.Classes())
	k, _ := kernel.Select("")
	net, err := b.Net(k)
	if err != nil {
		t.Fatal(err)
	}
	net.W[len(net.W)-2] = 1
	net.Pack()
	tally := border.NewTally(2, 3)
	for i := range 3 {
		l.Evaluate(tally, net.NewTape(), i)
	}
	m := tally.Map("accuracy", "test")
	if m.Values[0] != 0 || m.Values[2] != 1 || tally.Score("accuracy", "test", l.Chance()).Value != 0.25 {
		t.Errorf("%+v", m)
	}
}

// The order of evaluation is the first of each class in turn: 200 (class 0),
// 202 (class 1), 201.
func TestOrderOfEvaluation(t *testing.T) {
	l := NewLocation(set(), LocationSpec{Grid: 1, Patch: 4, Fill: "black"})
	x := make([]float32, l.Shape().Len())
	for i, want := range []float32{200, 202, 201} {
		l.paste(x, l.test, i, 0)
		if x[0] != want/255 {
			t.Errorf("image %d is %g, want %g", i, x[0]*255, want)
		}
	}
}

func TestParseFill(t *testing.T) {
	for in, want := range map[string]Fill{"black": "black", "0.50": "0.5", "1": "1", "mean": "mean", "-0": "0"} {
		if f, err := ParseFill(in); err != nil || f != want {
			t.Errorf("%s: %v, %v", in, f, err)
		}
	}
	for in, want := range map[string]string{"blck": `did you mean "black"`, "1.5": "outside 0..1", "nan": "outside 0..1", "": "unknown fill"} {
		if _, err := ParseFill(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}
