package border

import (
	"math"
	"testing"

	"padlab/core/metric"
	"padlab/core/rng"
)

// surprise is the mean over some cells of KL(P(answer | cell) ‖ P(answer)), by
// its definition, without one image or (−1) of all.
func surprise(a *Answers, inside func(cell int) bool, without int) float64 {
	n := a.Grid * a.Grid
	p, marginal := map[[2]int]float64{}, map[int]float64{}
	images := float64(a.Images)
	if without >= 0 {
		images--
	}
	for image := range a.Images {
		if image == without {
			continue
		}
		for cell, said := range a.Of(image) {
			p[[2]int{cell, int(said)}] += 1 / images
			marginal[int(said)] += 1 / images / float64(n)
		}
	}
	sum, cells := 0.0, 0
	for cell := range n {
		if !inside(cell) {
			continue
		}
		cells++
		for said := range a.Labels {
			if q := p[[2]int{cell, said}]; q > 0 {
				sum += q * math.Log2(q/marginal[said])
			}
		}
	}
	return sum / float64(cells)
}

// Against the definition of all, and of all without each image.
func TestInformation(t *testing.T) {
	for _, grid := range []int{2, 5} {
		const images = 8
		n := grid * grid
		a := atRandom(4, grid, images, n, .7, place)
		check := func(name string, got metric.Point, inside func(cell int) bool) {
			whole, mean, squares := surprise(a, inside, -1), 0.0, 0.0
			var without []float64
			for image := range images {
				without = append(without, surprise(a, inside, image))
				mean += without[image] / images
			}
			for _, v := range without {
				squares += (v - mean) * (v - mean)
			}
			most, w := math.Log2(float64(n)), 1-math.Pow(.025, 1./images)
			value := math.Max(0, math.Min(most, images*whole-(images-1)*mean))
			half := 2.364624 * math.Sqrt((images-1.)/images*squares) // t(7)
			low := math.Max(0, math.Min(images*whole-(images-1)*mean-half, value*(1-w)))
			high := math.Min(most, math.Max(images*whole-(images-1)*mean+half, value+w*(most-value)))
			for i, pair := range [][2]float64{{float64(got.Value), value}, {float64(got.Low), low}, {float64(got.High), high}} {
				if math.Abs(pair[0]-pair[1]) > 1e-6 {
					t.Errorf("%d×%d, %s, number %d: %g, want %g", grid, grid, name, i, pair[0], pair[1])
				}
			}
		}
		i := a.Information()
		s := i.Score("bits", "test")
		check("all", metric.Point{Value: s.Value, Low: s.Low, High: s.High}, func(int) bool { return true })
		for d, p := range i.Profile("bits", "test").Rings {
			check("a ring", p, func(cell int) bool { return Ring(cell, grid) == d })
		}
	}
}

// Answers that do not depend on the cell tell exactly nothing of it; any answer
// of its own for each cell tells all, right or wrong.
func TestInformationOfBlindAndPerfect(t *testing.T) {
	for _, images := range []int{1, 2, 100} {
		for grid := 2; grid <= 9; grid++ {
			n := grid * grid
			for _, c := range []struct {
				name string
				say  func(image, cell int) int
				want float64
			}{
				{"always the same", func(int, int) int { return n - 1 }, 0},
				{"by the image", func(image, _ int) int { return image * image % n }, 0},
				{"all right", place, math.Log2(float64(n))},
				{"all wrong", func(_, cell int) int { return n - 1 - cell }, math.Log2(float64(n))},
			} {
				i := answering(grid, images, n, c.say).Information()
				s := i.Score("bits", "test")
				points := append(i.Profile("bits", "test").Rings, metric.Point{Value: s.Value, Low: s.Low, High: s.High})
				for _, p := range points {
					if math.Abs(float64(p.Value)-c.want) > 1e-9 || c.want == 0 && p.Value != 0 {
						t.Errorf("%d images, %d×%d, %s: %+v, want %g", images, grid, grid, c.name, p, c.want)
					}
					if images == 1 {
						if p.Low.Finite() || p.High.Finite() {
							t.Errorf("one image: %+v", p)
						}
						continue
					}
					// A share w of images, unseen, may say anything.
					w := 1 - math.Pow(.025, 1/float64(images))
					low, high := c.want*(1-w), c.want+w*(math.Log2(float64(n))-c.want)
					if math.Abs(float64(p.Low)-low) > 1e-8 || math.Abs(float64(p.High)-high) > 1e-8 {
						t.Errorf("%d images, %d×%d, %s: %+v, want %g to %g", images, grid, grid, c.name, p, low, high)
					}
				}
			}
		}
	}
}

// A network that has only the two outer cells on either side in sight takes the
// three middle rows for one, and the three middle columns. It tells 25 classes of
// 49 cells apart: 16 of one cell, 8 of three and one of nine. That is
// 16/49·log₂ 49 + 24/49·log₂ 49/3 + 9/49·log₂ 49/9 = 4.26 bits, not log₂ 25, whether
// it always says the same cell of a class or any of them.
func TestInformationOfClasses(t *testing.T) {
	const images = 200
	blur := func(i int) int { return []int{0, 1, 2, 2, 2, 5, 6}[i] }
	want := (16*math.Log2(49) + 24*math.Log2(49./3) + 9*math.Log2(49./9)) / 49
	rings := []float64{ // 12 cells alone and 12 in threes; 4 alone and 12 in threes; nine alike
		(12*math.Log2(49) + 12*math.Log2(49./3)) / 24, (4*math.Log2(49) + 12*math.Log2(49./3)) / 16, math.Log2(49. / 9), math.Log2(49. / 9),
	}
	same := answering(7, images, 49, func(_, cell int) int { return blur(cell/7)*7 + blur(cell%7) })
	anyOf := answering(7, images, 49, func(image, cell int) int {
		s := rng.New(5, "any", uint64(image), uint64(cell))
		pick := func(i int) int {
			if i = blur(i); i == 2 {
				return 2 + s.IntN(3)
			}
			return i
		}
		row := pick(cell / 7)
		return row*7 + pick(cell%7)
	})
	for name, c := range map[string]struct {
		a     *Answers
		error float64
	}{"the same cell": {same, 1e-8}, "any cell": {anyOf, .02}} {
		i := c.a.Information()
		if s := i.Score("bits", "test"); math.Abs(float64(s.Value)-want) > c.error || math.Abs(want-4.26) > .005 {
			t.Errorf("%s: %+v, want %g", name, s, want)
		}
		for d, p := range i.Profile("bits", "test").Rings {
			if math.Abs(float64(p.Value)-rings[d]) > 5*c.error {
				t.Errorf("%s: %+v, want %g", name, p, rings[d])
			}
		}
	}
}

// With answers that are right with probability p, else anything, the truth is
// log₂ n + q·log₂ q + (n−1)·e·log₂ e with e = (1−p)/n and q = p + e. Forty images
// overstate it; the jackknife takes nearly all of that away, or, where each wrong
// answer is too rare to be met, some; and its interval holds the truth in at
// least 93 of 100 repetitions.
func TestCoverageOfInformation(t *testing.T) {
	const repetitions, grid, images, n = 300, 4, 40, 16
	for _, c := range []struct{ p, bias float64 }{{.2, .2}, {.6, .2}, {.95, .7}} { // of the bias without correction
		p := c.p
		e := (1 - p) / n
		q := p + e
		truth := math.Log2(n) + q*math.Log2(q) + (n-1)*e*math.Log2(e)
		held, naive, corrected := 0, 0.0, 0.0
		for r := range uint64(repetitions) {
			a := atRandom(r, grid, images, n, p, place)
			s := a.Information().Score("bits", "test")
			if float64(s.Low) <= truth && truth <= float64(s.High) {
				held++
			}
			naive += surprise(a, func(int) bool { return true }, -1) / repetitions
			corrected += float64(s.Value) / repetitions
		}
		if coverage := float64(held) / repetitions; coverage < .93 || math.Abs(corrected-truth) > c.bias*math.Abs(naive-truth) {
			t.Errorf("p = %g: %.3f, the mean is %.3f, without correction %.3f, the truth %.3f", p, coverage, corrected, naive, truth)
		}
	}
}

func BenchmarkInformation(b *testing.B) {
	const grid, images = 32, 1000
	a := atRandom(1, grid, images, grid*grid, .5, place)
	for b.Loop() {
		a.Information().Profile("bits", "test")
	}
}

func BenchmarkIntervalsOfRings(b *testing.B) {
	const grid, images = 32, 10
	a := atRandom(1, grid, images, grid*grid, .5, place)
	for b.Loop() {
		a.Hits(func(_, cell int) int32 { return int32(cell) }).Profile("accuracy", "test", 0)
		a.Places().Profile("beyond", "test")
	}
}
