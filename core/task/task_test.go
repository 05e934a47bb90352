package task

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/rng"
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
	l := newCanvas(set(), Spec{Grid: 3, Patch: 2, Fill: "0.5"})
	if h, w, c := l.Shape(); h != 6 || w != 6 || c != 2 || l.Views() != 9 || l.TestImages() != 3 || l.Cell() != 2 {
		t.Fatal(h, w, c, l.Views(), l.TestImages(), l.Cell())
	}
	x := make([]float32, 6*6*2)
	cells, values := map[int]int{}, map[float32]int{}
	for i := range 400 {
		_, cell := l.sample(1, 7, i, x)
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
	cellOf := func(seed uint64, step, i int, x []float32) int { _, cell := l.sample(seed, step, i, x); return cell }
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
		l := newCanvas(set(), c.spec)
		x := make([]float32, 8*8*2)
		_, cell := l.sample(1, 1, 1, x)
		empty := (cell + 1) % 4
		at := (empty/2*4*8 + empty%2*4) * 2
		if math.Abs(float64(x[at])-c.want) > 1e-5 {
			t.Errorf("%+v: the empty canvas is %g, want %g", c.spec, x[at], c.want)
		}
	}
}

// labelsOf is how many labels a sample of a task has.
func labelsOf(task Task, p Problem) int {
	if h, w, _ := p.Shape(); task.PerPixel {
		return h * w
	}
	return 1
}

// constant are the answers of a network that says the same class everywhere.
func constant(classes, labels, class int) []float32 {
	z := make([]float32, classes*labels)
	for i := range labels {
		z[i*classes+class] = 1
	}
	return z
}

// examine shows all images, and gives the answers of a function of image and
// view.
func examine(e Exam, p Problem, images int, answer func(image, view int) []float32) ([]metric.Score, []metric.Profile, []metric.Map) {
	h, w, c := p.Shape()
	x := make([]float32, h*w*c)
	for image := range images {
		for view := range p.Views() {
			e.Draw(x, image, view)
			e.Tally(image, view, answer(image, view))
		}
	}
	return e.Results()
}

func score(t *testing.T, scores []metric.Score, name string) metric.Score {
	t.Helper()
	s, ok := metric.Find(scores, metric.Key{Metric: name})
	if !ok {
		t.Fatalf("no %s among %+v", name, scores)
	}
	return s
}

// truth are the labels of a test picture, one or one per pixel.
func truth(t *testing.T, e Exam, image, view int) []int32 {
	t.Helper()
	switch e := e.(type) {
	case located:
		return []int32{e.right(image, view)}
	case classified:
		return []int32{e.right(image, view)}
	case *segments:
		labels := make([]int32, e.side()*e.side())
		e.label(labels, e.test, image, view)
		return labels
	case cornered:
		return []int32{e.views.right(image, view)}
	case *compared:
		return []int32{e.right(image, view)}
	case told:
		return []int32{e.right(image, view)}
	}
	t.Fatalf("what is right in a %T?", e)
	return nil
}

// Every row of the table examines: who answers all labels as they are is right
// everywhere, in every score that more of is better; who always says the same is
// right where that is right, and as often in one cell as in any other unless the
// cell is what is asked for.
func TestEveryRow(t *testing.T) {
	if len(All()) != len(Names()) {
		t.Fatal(Names())
	}
	for _, task := range All() {
		if task.Name == "" || task.Question == "" || task.About == "" || strings.HasSuffix(task.About, ".") {
			t.Errorf("%+v", task)
		}
		p := task.On(NewSource(set()), Spec{Grid: 3, Patch: 2, Fill: "black"})
		n, labels := p.TestImages(), labelsOf(task, p)
		exam := p.Examine(n)
		scores, profiles, maps := examine(exam, p, n, func(image, view int) []float32 {
			z := make([]float32, labels*p.Answers())
			for i, label := range truth(t, exam, image, view) {
				z[i*p.Answers()+int(label)] = 3
			}
			return z
		})
		if task.Cells() && (len(profiles) == 0 || len(maps) == 0) || scores[0].Metric != metric.Accuracy {
			t.Fatalf("%s: %+v", task.Name, scores)
		}
		best := func(name string) float64 {
			if name == metric.Information {
				return math.Log2(9)
			}
			return 1
		}
		for _, s := range scores {
			if metric.Of(s.Metric).Better > 0 && math.Abs(float64(s.Value)-best(s.Metric)) > 1e-9 {
				t.Errorf("%s, all right: %+v", task.Name, s)
			}
		}
		for _, profile := range profiles {
			for _, ring := range profile.Rings {
				if math.Abs(float64(ring.Value)-best(profile.Metric)) > 1e-9 {
					t.Errorf("%s, all right: %+v", task.Name, profile)
				}
			}
		}

		exam = p.Examine(n)
		hits, of := 0, 0
		scores, profiles, _ = examine(exam, p, n, func(image, view int) []float32 {
			for _, label := range truth(t, exam, image, view) {
				if task.PerPixel && int(label) == p.Answers()-1 { // the background is not counted
					continue
				}
				of++
				if label == 0 {
					hits++
				}
			}
			return constant(p.Answers(), labels, 0)
		})
		if want := float64(hits) / float64(of); math.Abs(float64(scores[0].Value)-want) > 1e-6 {
			t.Errorf("%s, always the first class: %+v, want %g", task.Name, scores[0], want)
		}
		for _, s := range scores {
			switch s.Metric {
			case metric.BorderInterior, metric.BorderCentre, metric.BeyondGuessing, metric.Information:
				if s.Value != 0 {
					t.Errorf("%s, always the first class: %+v", task.Name, s)
				}
			case metric.SameAnswer, metric.SameLogits:
				if s.Value != 1 {
					t.Errorf("%s, always the first class: %+v", task.Name, s)
				}
			}
		}
		for _, profile := range profiles {
			for _, ring := range profile.Rings {
				if (profile.Metric == metric.BeyondGuessing || profile.Metric == metric.Information) && ring.Value != 0 {
					t.Errorf("%s, always the first class: %+v", task.Name, profile)
				}
			}
		}
	}
}

// Samples are a pure function of seed, step and place in the batch, whatever
// was drawn before, and labels are classes. The weight of a sample is the sum of
// those of its labels.
func TestSamplesArePure(t *testing.T) {
	for _, task := range All() {
		p := task.On(NewSource(noisy()), Spec{Grid: 3, Patch: 4, Fill: "0.25"})
		h, w, c := p.Shape()
		x, again := make([]float32, h*w*c), make([]float32, h*w*c)
		labels, labelsAgain := make([]int32, labelsOf(task, p)), make([]int32, labelsOf(task, p))
		pictures := map[[32]byte]bool{}
		for i := range 50 {
			seed, step := uint64(1+i%2), i/2%3
			p.Sample(seed, step, i, x, labels)
			for j := range again { // whatever stood there
				again[j] = float32(math.NaN())
			}
			p.Sample(seed+5, step, i, again, labelsAgain)
			p.Sample(seed, step, i, again, labelsAgain)
			if hash(x, labels) != hash(again, labelsAgain) {
				t.Fatalf("%s: sample %d of step %d depends on those before it", task.Name, i, step)
			}
			pictures[hash(x)] = true
			sum := 0.0
			for _, label := range labels {
				if label < 0 || int(label) >= p.Answers() {
					t.Fatalf("%s: class %d of %d", task.Name, label, p.Answers())
				}
				weight := 1.0
				if p.Weights() != nil {
					weight = float64(p.Weights()[label])
				}
				sum += weight
			}
			if got := p.Weight(seed, step, i); math.Abs(got-sum) > 1e-9*sum {
				t.Errorf("%s: sample %d weighs %g, its labels %g", task.Name, i, got, sum)
			}
		}
		want := 30
		if fewer := map[string]int{"quadrant": 20, "rook": 2}[task.Name]; fewer > 0 { // there are no more
			want = fewer
		}
		if len(pictures) < want {
			t.Errorf("%s: %d different pictures among 50", task.Name, len(pictures))
		}
		if w := p.Weights(); w != nil && len(w) != p.Answers() {
			t.Errorf("%s: %d weights of %d classes", task.Name, len(w), p.Answers())
		}
	}
}

func hash(parts ...any) (sum [32]byte) {
	h := sha256.New()
	for _, p := range parts {
		binary.Write(h, binary.LittleEndian, p) // a hash takes every write
	}
	h.Sum(sum[:0])
	return sum
}

// noisy has three classes of 7×9 images, dark enough that some pixels are not
// brighter than a tenth.
func noisy() *images.Set {
	s := &images.Set{Name: "noisy", Classes: []string{"a", "b", "c"}, H: 7, W: 9, C: 2}
	pixels := rng.New(5, "noisy")
	add := func(split *images.Split, n int) {
		for i := range n {
			split.Labels = append(split.Labels, byte(i*i%3))
			for range s.H * s.W * s.C {
				split.Pixels = append(split.Pixels, byte(pixels.IntN(60)))
			}
		}
	}
	add(&s.Train, 20)
	add(&s.Test, 6)
	return s
}

// Samples keep their bits: runs that were published depend on them. The hashes
// are of pictures, labels and weights as they were drawn before tasks were one
// table.
func TestSampleBits(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want map[string]string
	}{
		{Spec{Grid: 3, Patch: 4, Fill: "0.25"}, map[string]string{"location": "49eec9a20f093201", "classify": "47592595d2c18121", "segment": "0802f46527287c97"}},
		{Spec{Grid: 2, Patch: 5, Fill: "mean", Normalize: true}, map[string]string{"location": "01a141c1b5592df1", "classify": "6140e3f8c8326145", "segment": "d7f914f1d1308dfc"}},
	} {
		source := NewSource(noisy())
		for name, want := range c.want {
			p := Must(name).On(source, c.spec)
			h, w, channels := p.Shape()
			x, labels := make([]float32, h*w*channels), make([]int32, labelsOf(Must(name), p))
			var all []any
			for _, k := range []struct {
				seed    uint64
				step, i int
			}{{1, 0, 0}, {1, 0, 1}, {1, 7, 0}, {2, 7, 31}, {99, 1000, 5}} {
				p.Sample(k.seed, k.step, k.i, x, labels)
				all = append(all, slices.Clone(x), slices.Clone(labels))
				if p.Weights() != nil {
					all = append(all, p.Weights(), p.Weight(k.seed, k.step, k.i))
				}
			}
			if got := hash(all...); hex.EncodeToString(got[:8]) != want {
				t.Errorf("%s: %x, want %s", name, got[:8], want)
			}
		}
	}
}

func TestFind(t *testing.T) {
	if task, err := Find("classify"); err != nil || task.Name != "classify" {
		t.Errorf("%+v, %v", task, err)
	}
	if _, err := Find("clasify"); err == nil || !strings.Contains(err.Error(), `unknown task "clasify": did you mean "classify"?`) {
		t.Errorf("%v", err)
	}
}

// A source makes a canvas once.
func TestSource(t *testing.T) {
	s := NewSource(set())
	spec := Spec{Grid: 3, Patch: 2, Fill: "black"}
	first := s.Canvas(spec)
	if again := s.Canvas(spec); again != first {
		t.Error("a canvas is made twice")
	}
	if other := s.Canvas(Spec{Grid: 3, Patch: 2, Fill: "white"}); other == first {
		t.Error("two fills share a canvas")
	}
}

// Who always says "cell 2" hits exactly one cell of each image.
func TestExamineLocation(t *testing.T) {
	p := Must("location").On(NewSource(set()), Spec{Grid: 2, Patch: 2, Fill: "black"})
	scores, profiles, maps := examine(p.Examine(3), p, 3, func(int, int) []float32 { return constant(p.Answers(), 1, 2) })
	if scores[0].Metric != metric.Accuracy || scores[0].Value != 0.25 || scores[0].Chance != 0.25 || scores[0].N != 12 {
		t.Errorf("%+v", scores)
	}
	if maps[0].Values[0] != 0 || maps[0].Values[2] != 1 || profiles[0].Rings[0].Value != 0.25 {
		t.Errorf("%+v %+v", maps, profiles)
	}
}

// Two test images are of class a, one is of class b: who always says "a" is
// right in two thirds, everywhere alike.
func TestExamineClassify(t *testing.T) {
	p := Must("classify").On(NewSource(set()), Spec{Grid: 3, Patch: 2, Fill: "black"})
	scores, profiles, _ := examine(p.Examine(3), p, 3, func(int, int) []float32 { return constant(2, 1, 0) })
	for metric, want := range map[string]float64{metric.Accuracy: 2. / 3, metric.BorderInterior: 0, metric.SameAnswer: 1} {
		if s := score(t, scores, metric); math.Abs(float64(s.Value)-want) > 1e-12 {
			t.Errorf("%s is %g, want %g", metric, s.Value, want)
		}
	}
	if r := profiles[0].Rings; len(r) != 2 || r[0].N != 24 || r[1].N != 3 {
		t.Errorf("%+v", profiles[0])
	}
	// One image gets another answer in its last cell.
	scores, _, _ = examine(p.Examine(3), p, 3, func(image, view int) []float32 {
		if image == 1 && view == 8 {
			return constant(2, 1, 1)
		}
		return constant(2, 1, 0)
	})
	if s := score(t, scores, metric.SameAnswer); math.Abs(float64(s.Value)-2./3) > 1e-12 {
		t.Errorf("%+v", s)
	}
}

// Canvases of 3×3 cells of 2×2 pixels, all of a patch being ink: of 36 pixels 4
// are class a in the canvases of two images and class b in those of one, the
// others background. Who always says "a" has the IoU 2·9·4 / 3·9·36 for a and 0
// for b and background: mIoU 2/27/3. Who always says "background" has 32/36/3.
func TestExamineSegment(t *testing.T) {
	p := Must("segment").On(NewSource(set()), Spec{Grid: 3, Patch: 2, Fill: "black"})
	if p.Answers() != 3 {
		t.Fatal(p.Answers())
	}
	for _, c := range []struct {
		answer                 int
		accuracy, miou, pixels float64
		corner                 float64 // mIoU over the canvases with the patch in the middle cell
	}{{0, 2. / 3, 2. / 27 / 3, 2. / 27, 2. / 27 / 3}, {2, 0, 32. / 36 / 3, 32. / 36, 32. / 36 / 3}} {
		scores, profiles, _ := examine(p.Examine(3), p, 3, func(int, int) []float32 { return constant(3, 36, c.answer) })
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
	s := newSegmenting(newCanvas(images, Spec{Grid: 2, Patch: 4, Fill: "white"}))
	labels := make([]int32, 64)
	s.label(labels, s.train, 1, 3)
	for p, label := range labels {
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
	l := newCanvas(set(), Spec{Grid: 1, Patch: 4, Fill: "black"})
	x := make([]float32, 4*4*2)
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

// What a task with one answer per picture scores and draws, in this order: others
// take the first for the task's own.
func TestOrderOfResults(t *testing.T) {
	for name, want := range map[string][3]string{
		"location": {"accuracy beyond-guessing information", "accuracy beyond-guessing information", "accuracy beyond-guessing"},
		"classify": {"accuracy beyond-guessing border-interior same-answer", "accuracy beyond-guessing", "accuracy beyond-guessing"},
	} {
		p := Must(name).On(NewSource(set()), Spec{Grid: 3, Patch: 2, Fill: "black"})
		scores, profiles, maps := examine(p.Examine(3), p, 3, func(int, int) []float32 { return constant(p.Answers(), 1, 1) })
		var got [3][]string
		for _, s := range scores {
			got[0] = append(got[0], s.Metric)
		}
		for _, p := range profiles {
			got[1] = append(got[1], p.Metric)
		}
		for _, m := range maps {
			got[2] = append(got[2], m.Metric)
			if err := m.Check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for i, list := range got {
			if strings.Join(list, " ") != want[i] {
				t.Errorf("%s: %v, want %s", name, list, want[i])
			}
		}
	}
}

// An examination that goes on from a state ends as one that was not interrupted.
func TestExamsGoOn(t *testing.T) {
	for _, task := range All() {
		p := task.On(NewSource(noisy()), Spec{Grid: 3, Patch: 4, Fill: "black"})
		n, labels := p.TestImages(), labelsOf(task, p)
		answer := func(image, view int) []float32 {
			s := rng.New(3, "answer", uint64(image), uint64(view))
			z := make([]float32, labels*p.Answers())
			s.Uniform(z, 1)
			return z
		}
		tally := func(e Exam, from, to int) {
			for image := from; image < to; image++ {
				for view := range p.Views() {
					e.Tally(image, view, answer(image, view))
				}
			}
		}
		calm, first, second := p.Examine(n), p.Examine(n), p.Examine(n)
		tally(calm, 0, n)
		tally(first, 0, n/2)
		if err := second.Restore(first.State()); err != nil {
			t.Fatal(err)
		}
		tally(second, n/2, n)
		result := func(e Exam) string {
			scores, profiles, maps := e.Results()
			return fmt.Sprint(scores, profiles, maps)
		}
		if got, want := result(second), result(calm); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", task.Name, got, want)
		}
		if err := second.Restore(first.State()[1:]); err == nil || !strings.Contains(err.Error(), "the state of an examination has") {
			t.Errorf("%s: %v", task.Name, err)
		}
		if _, ok := first.(*segments); ok {
			continue
		}
		for _, v := range []float32{-1, .5, float32(p.Answers()), float32(math.NaN()), float32(math.Inf(1))} {
			state := first.State()
			state[min(3, p.Views()-1)] = v
			if err := second.Restore(state); err == nil || !strings.Contains(err.Error(), "the state of an examination has the answer") {
				t.Errorf("%s, answer %g: %v", task.Name, v, err)
			}
		}
	}
}
