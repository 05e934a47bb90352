package task

import (
	"math"
	"slices"
	"testing"

	"padlab/core/images"
	"padlab/core/metric"
)

// tens has so many classes, and of each three training and two test images.
func tens(classes int) *images.Set {
	s := &images.Set{Name: "tens", H: 1, W: 1, C: 1}
	for class := range classes {
		s.Classes = append(s.Classes, string(rune('a'+class)))
		s.Train.Labels = append(s.Train.Labels, byte(class), byte(class), byte(class))
		s.Train.Pixels = append(s.Train.Pixels, byte(class), byte(class), byte(class))
		s.Test.Labels = append(s.Test.Labels, byte(class), byte(class))
		s.Test.Pixels = append(s.Test.Pixels, byte(class), byte(class))
	}
	return s
}

// The cells belong to the classes in bands in reading order: all of them, and each to
// one, where there are at least as many as classes.
func TestHomes(t *testing.T) {
	for classes := 2; classes <= 12; classes++ {
		for grid := 1; grid <= 6; grid++ {
			l := newCanvas(tens(classes), Spec{Grid: grid, Patch: 1, Fill: "black"})
			var all []int
			for class := range classes {
				own := l.home(class)
				if n := len(own); n == 0 || n > grid*grid/classes+1 {
					t.Fatalf("%d classes, %d×%d cells: class %d has %v", classes, grid, grid, class, own)
				}
				all = append(all, own...)
			}
			if grid*grid < classes {
				if last := len(all) - 1; !slices.IsSorted(all) || all[0] != 0 || all[last] >= grid*grid {
					t.Errorf("%d classes, %d×%d cells: %v", classes, grid, grid, all)
				}
				continue
			}
			for cell, got := range all {
				if got != cell || len(all) != grid*grid {
					t.Fatalf("%d classes, %d×%d cells: %v", classes, grid, grid, all)
				}
			}
		}
	}
	l := newCanvas(tens(10), Spec{Grid: 5, Patch: 1, Fill: "black"})
	if got := l.home(1); !slices.Equal(got, []int{3, 4}) {
		t.Errorf("the second of ten classes on 5×5 cells has %v, want 3 and 4", got)
	}
}

// Of all samples a share of correlation stands at home on purpose, and of the others
// as many as there are homes among cells by chance. Without correlation samples are
// those of a task that knows of none.
func TestCorrelation(t *testing.T) {
	source := NewSource(tens(10))
	plain := classify.On(source, Spec{Grid: 5, Patch: 1, Fill: "1"})
	x, y, labels := make([]float32, 25), make([]float32, 25), make([]int32, 1)
	for _, correlation := range []float64{0, 0.3, 0.9, 1} {
		spec := Spec{Grid: 5, Patch: 1, Fill: "1", Correlation: correlation}
		p := classify.On(source, spec)
		const n = 4000
		home, cells := 0, map[int]int{}
		for i := range n {
			p.Sample(3, 1, i, x, labels)
			cell := slices.IndexFunc(x, func(v float32) bool { return v != 1 })
			cells[cell]++
			if slices.Contains(source.Canvas(spec).home(int(labels[0])), cell) {
				home++
			}
			plain.Sample(3, 1, i, y, labels)
			if correlation == 0 && !slices.Equal(x, y) {
				t.Fatal("without correlation samples differ from those that know of none")
			}
		}
		want := correlation + (1-correlation)*0.1
		if got := float64(home) / n; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/n) {
			t.Errorf("correlation %g: %.3f of samples at home, want %.3f", correlation, got, want)
		}
		if len(cells) != 25 {
			t.Errorf("correlation %g: samples stand in %d of 25 cells", correlation, len(cells))
		}
	}
}

// Who answers by the place, by the picture, or always the same is scored by that in
// each examination.
func TestThreeExaminations(t *testing.T) {
	source := NewSource(tens(10))
	spec := Spec{Grid: 5, Patch: 1, Fill: "1", Correlation: 0.9}
	homes := make([]int, 25)
	for class := range 10 {
		for _, cell := range source.Canvas(spec).home(class) {
			homes[cell] = class
		}
	}
	order := source.Canvas(spec).test.labels
	for name, c := range map[string]struct {
		say                    func(image, cell int) int
		asTrained, test, moved float64
	}{
		"by the place":   {func(_, cell int) int { return homes[cell] }, 1, 0.1, 0},
		"by the picture": {func(image, _ int) int { return int(order[image]) }, 1, 1, 1},
		"the same":       {func(int, int) int { return 4 }, 0.1, 0.1, 0.1},
		"at home only": {func(image, cell int) int {
			if homes[cell] == int(order[image]) {
				return homes[cell]
			}
			return (int(order[image]) + 1) % 10
		}, 1, 0.1, 0},
	} {
		exam := classify.On(source, spec).Examine(20)
		for image := range 20 {
			for cell := range 25 {
				answer := make([]float32, 10)
				answer[c.say(image, cell)] = 1
				exam.Tally(image, cell, answer)
			}
		}
		scores, _, _ := exam.Results()
		for images, want := range map[string]float64{AsTrained: c.asTrained, TestImages: c.test, Moved: c.moved} {
			s, ok := metric.Find(scores, metric.Key{Metric: metric.Accuracy, Images: images})
			if !ok || math.Abs(float64(s.Value)-want) > 1e-12 || s.Units != 20 || s.Chance != 0.1 || !(s.Low <= s.Value && s.Value <= s.High) {
				t.Errorf("%s, %s: %+v, want %g", name, images, s, want)
			}
		}
	}
	if scores, _, _ := classify.On(source, Spec{Grid: 5, Patch: 1, Fill: "1"}).Examine(20).Results(); len(scores) == 0 {
		t.Error("no scores without correlation")
	} else if _, ok := metric.Find(scores, metric.Key{Images: AsTrained}); ok {
		t.Error("an examination of what there is not")
	}
}
