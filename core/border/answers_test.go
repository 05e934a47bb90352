package border

import (
	"math"
	"testing"

	"padlab/core/metric"
	"padlab/core/rng"
)

// answering returns answers that a function of image and cell gives.
func answering(grid, images, labels int, say func(image, cell int) int) *Answers {
	a := NewAnswers(grid, images, labels)
	for image := range images {
		for cell := range a.Of(image) {
			a.Of(image)[cell] = int32(say(image, cell))
		}
	}
	return a
}

// atRandom answers right with some probability, else anything.
func atRandom(seed uint64, grid, images, labels int, p float64, right func(image, cell int) int) *Answers {
	return answering(grid, images, labels, func(image, cell int) int {
		s := rng.New(seed, "answer", uint64(image), uint64(cell))
		if float64(s.Float32()) < p {
			return right(image, cell)
		}
		return s.IntN(labels)
	})
}

func place(_, cell int) int { return cell }

func near(got metric.Number, want float64) bool { return math.Abs(float64(got)-want) < 1e-12 }

func TestHits(t *testing.T) {
	a := answering(2, 3, 4, func(image, cell int) int { return (image * cell) % 4 })
	hits := a.Hits(func(_, cell int) int32 { return int32(cell) })
	for image, want := range [][]float32{{1, 0, 0, 0}, {1, 1, 1, 1}, {1, 0, 0, 0}} { // 0 2 4 6 mod 4: only cell 0
		for cell, v := range hits.Of(image) {
			if v != want[cell] {
				t.Errorf("image %d: %v, want %v", image, hits.Of(image), want)
			}
		}
	}
	if s := a.SameAnswer("same", "test", .25); !near(s.Value, 1./3) || s.N != 3 || s.Chance != .25 {
		t.Errorf("%+v", s)
	}
}

// Against the definition, cell by cell: how often c is said in c, less how often
// in other cells.
func TestPlaces(t *testing.T) {
	const images = 6
	for _, grid := range []int{2, 3, 5} {
		n := grid * grid
		a := atRandom(1, grid, images, n, .4, place)
		sums, cells, all := make([]float64, Rings(grid)), make([]int, Rings(grid)), 0.0
		informed := a.Places()
		m := informed.Map("j", "test")
		for c := range n {
			hits, alarms := 0, 0
			for image := range images {
				for cell, said := range a.Of(image) {
					switch {
					case int(said) == c && cell == c:
						hits++
					case int(said) == c:
						alarms++
					}
				}
			}
			j := float64(hits)/images - float64(alarms)/float64(images*(n-1))
			if !near(m.Values[c], j) {
				t.Errorf("%d×%d: %g in cell %d, want %g", grid, grid, m.Values[c], c, j)
			}
			sums[Ring(c, grid)] += j
			cells[Ring(c, grid)]++
			all += j
		}
		for d, p := range informed.Profile("j", "test").Rings {
			if !near(p.Value, sums[d]/float64(cells[d])) || p.Chance != 0 || p.N != images*cells[d] || p.Low > p.Value || p.High < p.Value {
				t.Errorf("%d×%d: %+v, want %g", grid, grid, p, sums[d]/float64(cells[d]))
			}
		}
		if s := informed.Score("j", "test"); !near(s.Value, all/float64(n)) || s.N != images*n {
			t.Errorf("%d×%d: %+v, want %g", grid, grid, s, all/float64(n))
		}
	}
}

// Over all cells a place is guessed right once in n: what is beyond guessing is
// (accuracy − 1/n)/(1 − 1/n), and so are the bounds.
func TestPlacesAndAccuracy(t *testing.T) {
	const n = 25
	a := atRandom(2, 5, 40, n, .3, place)
	j := a.Places().Score("j", "test")
	hits := a.Hits(func(_, cell int) int32 { return int32(cell) }).Score("accuracy", "test", 1./n)
	for _, pair := range [][2]metric.Number{{j.Value, hits.Value}, {j.Low, hits.Low}, {j.High, hits.High}} {
		if want := (float64(pair[1]) - 1./n) / (1 - 1./n); math.Abs(float64(pair[0])-want) > 1e-9 {
			t.Errorf("%g, want %g", pair[0], want)
		}
	}
}

// A favourite answer is worth exactly nothing, and so is any that depends on the
// image alone when the cell is asked for; right answers are worth exactly 1.
func TestExactly(t *testing.T) {
	const images = 7
	for grid := 2; grid <= 7; grid++ {
		n := grid * grid
		class := make([]int32, images)
		for image := range class {
			class[image] = int32(image * image % 4) // 0 1 0 1 0 1 0 of five
		}
		for _, c := range []struct {
			name string
			of   Informedness
			want metric.Number
		}{
			{"places, always the same", answering(grid, images, n, func(int, int) int { return n / 2 }).Places(), 0},
			{"places, by the image", answering(grid, images, n, func(image, _ int) int { return image * 5 % n }).Places(), 0},
			{"places, all right", answering(grid, images, n, place).Places(), 1},
			{"classes, always the same", answering(grid, images, 5, func(int, int) int { return 1 }).Classes(class), 0},
			{"classes, always another", answering(grid, images, 5, func(int, int) int { return 4 }).Classes(class), 0},
			{"classes, all right", answering(grid, images, 5, func(image, _ int) int { return int(class[image]) }).Classes(class), 1},
		} {
			s := c.of.Score("j", "test")
			if s.Value != c.want || s.Low > s.Value || s.High < s.Value || s.Low == s.High {
				t.Errorf("%d×%d, %s: %+v", grid, grid, c.name, s)
			}
			for _, p := range c.of.Profile("j", "test").Rings {
				if p.Value != c.want || p.Low > p.Value || p.High < p.Value || p.Low == p.High {
					t.Errorf("%d×%d, %s: %+v", grid, grid, c.name, p)
				}
			}
			for _, v := range c.of.Map("j", "test").Values {
				if v != c.want {
					t.Errorf("%d×%d, %s: %g in a cell", grid, grid, c.name, v)
				}
			}
		}
	}
}

// Against the definition, with classes of 4, 2 and 3 images, and two labels that
// none has.
func TestClasses(t *testing.T) {
	class := []int32{0, 3, 0, 1, 3, 0, 1, 3, 0}
	const grid = 4
	a := atRandom(3, grid, len(class), 5, .5, func(image, _ int) int { return int(class[image]) })
	naive := func(inside func(cell int) bool) float64 {
		sum := 0.0
		for _, k := range []int32{0, 1, 3} {
			said, of := map[bool]int{}, map[bool]int{} // by whether it is k
			for image, y := range class {
				for cell, s := range a.Of(image) {
					if inside(cell) {
						of[y == k]++
						if s == k {
							said[y == k]++
						}
					}
				}
			}
			sum += float64(said[true])/float64(of[true]) - float64(said[false])/float64(of[false])
		}
		return sum / 3
	}
	informed := a.Classes(class)
	if s := informed.Score("j", "test"); !near(s.Value, naive(func(int) bool { return true })) || s.N != 16*9 || !(s.Low < s.Value && s.Value < s.High) {
		t.Errorf("%+v, want %g", s, naive(func(int) bool { return true }))
	}
	for d, p := range informed.Profile("j", "test").Rings {
		if want := naive(func(cell int) bool { return Ring(cell, grid) == d }); !near(p.Value, want) {
			t.Errorf("%+v, want %g", p, want)
		}
	}
	for cell, v := range informed.Map("j", "test").Values {
		if want := naive(func(c int) bool { return c == cell }); !near(v, want) {
			t.Errorf("cell %d: %g, want %g", cell, v, want)
		}
	}
	one := answering(2, 3, 2, func(image, _ int) int { return image % 2 })
	if s := one.Classes([]int32{1, 1, 1}).Score("j", "test"); s.Value.Finite() || s.Low.Finite() {
		t.Errorf("images of one class: %+v", s)
	}
	if s := one.Classes([]int32{0, 1, 1}).Score("j", "test"); !s.Value.Finite() || !s.Low.Finite() {
		t.Errorf("images of two classes: %+v", s)
	}
	two := answering(2, 2, 2, func(image, _ int) int { return image })
	if s := two.Classes([]int32{0, 1}).Score("j", "test"); s.Value != 1 || s.Low.Finite() || s.High.Finite() {
		t.Errorf("as many images as classes: %+v", s)
	}
}

// The intervals hold the truth in at least 93 of 100 repetitions. Images are
// easy or hard: of an easy one nearly all answers are right, of a hard one some,
// the others being anything else.
func TestCoverageOfInformedness(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation")
	}
	const repetitions, grid, images, classes = 500, 3, 60, 5
	const easy, hard = .98, .5
	class := make([]int32, images)
	for image := range class {
		class[image] = int32(image % classes)
	}
	for _, share := range []float64{0, .3, .98} { // of easy images
		accuracy := float64(share*easy) + float64((1-share)*hard)
		for name, c := range map[string]struct {
			labels int
			right  func(image, cell int) int
			of     func(*Answers) Informedness
		}{
			"places":  {grid * grid, place, (*Answers).Places},
			"classes": {classes, func(image, _ int) int { return image % classes }, func(a *Answers) Informedness { return a.Classes(class) }},
		} {
			truth := 1 - (1-accuracy)*float64(c.labels)/float64(c.labels-1)
			held := make([]int, 3) // over all cells, at the border, in the middle
			for r := range uint64(repetitions) {
				a := NewAnswers(grid, images, c.labels)
				for image := range images {
					s, p := rng.New(r, "coverage", uint64(image)), hard
					if float64(s.Float32()) < share {
						p = easy
					}
					for cell := range a.Of(image) {
						said := c.right(image, cell)
						if float64(s.Float32()) >= p {
							said = (said + 1 + s.IntN(c.labels-1)) % c.labels
						}
						a.Of(image)[cell] = int32(said)
					}
				}
				informed := c.of(a)
				points := informed.Profile("j", "test").Rings
				all := informed.Score("j", "test")
				for i, p := range []metric.Point{{Low: all.Low, High: all.High}, points[0], points[1]} {
					if float64(p.Low) <= truth && truth <= float64(p.High) {
						held[i]++
					}
				}
			}
			for i, h := range held {
				if coverage := float64(h) / repetitions; coverage < .93 {
					t.Errorf("%s with %g easy, number %d: %.3f", name, share, i, coverage)
				}
			}
		}
	}
}
