package task

import (
	"math"
	"strings"
	"testing"

	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
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
	l := NewCanvas(set(), Spec{Grid: 3, Patch: 2, Fill: "0.5"})
	if l.Shape() != (nn.Shape{H: 6, W: 6, C: 2}) || l.Cells() != 9 || l.TestImages() != 3 {
		t.Fatal(l.Shape(), l.Cells(), l.TestImages())
	}
	x := make([]float32, l.Shape().Len())
	cells, values := map[int]int{}, map[float32]int{}
	for i := range 400 {
		_, cell := l.Sample(1, 7, i, x)
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
	cellOf := func(seed uint64, step, i int, x []float32) int { _, cell := l.Sample(seed, step, i, x); return cell }
	a, b := cellOf(1, 7, 3, x), cellOf(1, 7, 3, again)
	for i := range x {
		if x[i] != again[i] || a != b {
			t.Fatal("the same key draws another sample")
		}
	}
	same := 0
	for i := range 50 {
		if cellOf(1, 7, i, x) == cellOf(2, 7, i, x) && cellOf(1, 8, i, x) == cellOf(1, 7, i, x) {
			same++
		}
	}
	if same > 10 {
		t.Error("seed and step do not change the cells")
	}
}

func TestFillAndNormalize(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want float64
	}{
		{Spec{Grid: 2, Patch: 4, Fill: "black"}, 0},
		{Spec{Grid: 2, Patch: 4, Fill: "white"}, 1},
		{Spec{Grid: 2, Patch: 4, Fill: "mean"}, 20.0 / 255},
		{Spec{Grid: 2, Patch: 4, Fill: "mean", Normalize: true}, 0},
		{Spec{Grid: 2, Patch: 4, Fill: "black", Normalize: true}, -20 / math.Sqrt(200.0/3)},
	} {
		l := NewCanvas(set(), c.spec)
		x := make([]float32, l.Shape().Len())
		_, cell := l.Sample(1, 1, 1, x)
		empty := (cell + 1) % 4
		at := (empty/2*4*8 + empty%2*4) * 2
		if math.Abs(float64(x[at])-c.want) > 1e-5 {
			t.Errorf("%+v: the empty canvas is %g, want %g", c.spec, x[at], c.want)
		}
	}
}

// constant is a network that always answers with one class, whatever it sees.
func constant(t *testing.T, in nn.Shape, classes, answer int, perPixel bool) *nn.Net {
	t.Helper()
	b := nn.NewBuilder(in)
	if perPixel {
		b.Conv("conv", nn.Sample, classes, 1, 1, pad.Must("none"), pad.Valid, true)
	} else {
		b.Linear("linear", b.GlobalAveragePool("gap", nn.Sample), classes)
	}
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	net, err := b.Net(k)
	if err != nil {
		t.Fatal(err)
	}
	net.W[len(net.W)-classes+answer] = 1
	net.Pack()
	return net
}

func score(t *testing.T, scores []metric.Score, name string) metric.Score {
	t.Helper()
	s, ok := metric.Find(scores, metric.Key{Metric: name})
	if !ok {
		t.Fatalf("no %s among %+v", name, scores)
	}
	return s
}

// A network that always says "cell 2" hits exactly one cell of each image.
func TestExamineLocation(t *testing.T) {
	l := New("location", NewCanvas(set(), Spec{Grid: 2, Patch: 2, Fill: "black"}))
	exam, tape := l.Examine(3, 1), constant(t, l.Place().Shape(), l.Outputs(), 2, false).NewTape()
	for i := range 3 {
		exam.Show(0, tape, i)
	}
	scores, profiles, maps := exam.Results()
	if scores[0].Metric != metric.Accuracy || scores[0].Value != 0.25 || scores[0].Chance != 0.25 || scores[0].N != 12 {
		t.Errorf("%+v", scores)
	}
	if maps[0].Values[0] != 0 || maps[0].Values[2] != 1 || profiles[0].Rings[0].Value != 0.25 {
		t.Errorf("%+v %+v", maps, profiles)
	}
}

// Two test images are of class a, one is of class b: a network that always
// says "a" is right in two thirds, everywhere alike.
func TestExamineClassify(t *testing.T) {
	c := New("classify", NewCanvas(set(), Spec{Grid: 3, Patch: 2, Fill: "black"}))
	exam, tape := c.Examine(3, 1), constant(t, c.Place().Shape(), c.Outputs(), 0, false).NewTape()
	for i := range 3 {
		exam.Show(0, tape, i)
	}
	scores, profiles, _ := exam.Results()
	for metric, want := range map[string]float64{metric.Accuracy: 2. / 3, metric.BorderInterior: 0, metric.SameAnswer: 1} {
		if s := score(t, scores, metric); math.Abs(float64(s.Value)-want) > 1e-12 {
			t.Errorf("%s is %g, want %g", metric, s.Value, want)
		}
	}
	if r := profiles[0].Rings; len(r) != 2 || r[0].N != 24 || r[1].N != 3 {
		t.Errorf("%+v", profiles[0])
	}
}

// Canvases of 3×3 cells of 2×2 pixels, all of a patch being ink: of 36 pixels 4
// are class a in the canvases of two images and class b in those of one, the
// others background. A network that always says "a" has the IoU 2·9·4 / 3·9·36
// for a and 0 for b and background: mIoU 2/27/3. One that always says
// "background" has 32/36/3.
func TestExamineSegment(t *testing.T) {
	s := New("segment", NewCanvas(set(), Spec{Grid: 3, Patch: 2, Fill: "black"}))
	if s.Outputs() != 3 || !s.PerPixel() {
		t.Fatal(s.Outputs())
	}
	for _, c := range []struct {
		answer                 int
		accuracy, miou, pixels float64
		corner                 float64 // mIoU over the canvases with the patch in the middle cell
	}{{0, 2. / 3, 2. / 27 / 3, 2. / 27, 2. / 27 / 3}, {2, 0, 32. / 36 / 3, 32. / 36, 32. / 36 / 3}} {
		exam, tape := s.Examine(3, 1), constant(t, s.Place().Shape(), 3, c.answer, true).NewTape()
		for i := range 3 {
			exam.Show(0, tape, i)
		}
		scores, profiles, _ := exam.Results()
		for metric, want := range map[string]float64{metric.Accuracy: c.accuracy, metric.MIoU: c.miou, metric.PixelAccuracy: c.pixels, metric.BorderInterior: 0, metric.BorderCentre: 0} {
			if s := score(t, scores, metric); math.Abs(float64(s.Value)-want) > 1e-6 {
				t.Errorf("always %d: %s is %g, want %g", c.answer, metric, s.Value, want)
			}
		}
		for _, p := range profiles {
			switch {
			case p.Metric == metric.MIoU && p.Unit == "cells":
				if len(p.Rings) != 2 || math.Abs(float64(p.Rings[1].Value)-c.corner) > 1e-6 || p.Rings[1].N != 3*36 {
					t.Errorf("%+v", p)
				}
			case p.Unit == "pixels":
				// 20, 12 and 4 pixels at distances 0, 1 and 2 of 6×6, in 27 canvases
				if len(p.Rings) != 3 || p.Rings[0].N != 20*27 || p.Rings[1].N != 12*27 || p.Rings[2].N != 4*27 {
					t.Errorf("%+v", p)
				}
			}
		}
	}
}

// Pixels of an image that are not brighter than a tenth are background, and the
// classes weigh 1/ln(1.02 + share): here 2·4+1·4 of 3·4 pixels are ink before
// the second pixel of every row is darkened.
func TestSegmentLabels(t *testing.T) {
	images := set()
	for i := range images.Train.Pixels {
		if images.Train.Pixels[i] = 200; i/2%2 == 1 {
			images.Train.Pixels[i] = 25 // of 255: below a tenth
		}
	}
	s := newSegment(NewCanvas(images, Spec{Grid: 2, Patch: 4, Fill: "white"}))
	truth := make([]int32, 64)
	s.label(truth, s.train, 1, 3)
	for p, label := range truth {
		want := int32(2)
		if p/8 >= 4 && p%8 >= 4 && p%2 == 0 {
			want = 1
		}
		if label != want {
			t.Fatalf("pixel %d,%d is %d, want %d", p/8, p%8, label, want)
		}
	}
	for class, share := range []float64{2. / 3 / 8, 1. / 3 / 8, 7. / 8} {
		if want := 1 / math.Log(1.02+share); math.Abs(float64(s.weights[class])-want) > 1e-5*want {
			t.Errorf("class %d weighs %g, want %g", class, s.weights[class], want)
		}
	}
}

// The order of evaluation is the first of each class in turn: 200 (class 0),
// 202 (class 1), 201.
func TestOrderOfEvaluation(t *testing.T) {
	l := NewCanvas(set(), Spec{Grid: 1, Patch: 4, Fill: "black"})
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
