package border

import (
	"fmt"
	"math"
	"testing"

	"padlab/core/metric"
	"padlab/core/rng"
)

// A picture of 7×5 pixels has three distances; with three rings each has its own.
func TestPixelRing(t *testing.T) {
	want := []string{
		"0000000",
		"0111110",
		"0122210",
		"0111110",
		"0000000"}
	for y, row := range want {
		for x, c := range row {
			if got := PixelRing(float64(x), float64(y), 7, 5, 3); got != int(c-'0') {
				t.Errorf("pixel %d,%d lies in ring %d, want %c", x, y, got, c)
			}
		}
	}
	for _, c := range []struct {
		x, y       float64
		w, h, n, d int
	}{
		{31, 31, 64, 64, 8, 7}, {32, 32, 64, 64, 8, 7}, {3, 40, 64, 64, 8, 0}, {4, 40, 64, 64, 8, 1}, {3.9, 40, 64, 64, 8, 0},
		{60, 59.5, 64, 64, 8, 0}, {59, 59, 64, 64, 8, 1}, {0, 0, 1, 1, 1, 0}, {31.5, 31.5, 64, 64, 32, 31}, {2, 2, 5, 5, 2, 1},
	} {
		if got := PixelRing(c.x, c.y, c.w, c.h, c.n); got != c.d {
			t.Errorf("%+v: ring %d", c, got)
		}
	}
	for d := range 150 { // as many rings as distances: the distance itself
		if got := PixelRing(float64(d), 150, 300, 301, 150); got != d {
			t.Errorf("distance %d lies in ring %d", d, got)
		}
	}
}

// The five zones of the paper: rectangles that begin at 0, 10, 20, 30 and 40 % of each
// side; a centre on their line belongs to the outer one.
func TestZone(t *testing.T) {
	for _, c := range []struct {
		x, y float64
		zone int
	}{
		{320, 240, 4}, {63, 240, 0}, {64, 240, 0}, {64.1, 240, 1}, {320, 48, 0}, {320, 48.1, 1}, {576, 240, 0}, {575, 240, 1}, {0, 0, 0}, {640, 480, 0},
		{128, 240, 1}, {129, 240, 2}, {192, 240, 2}, {193, 240, 3}, {256, 240, 3}, {257, 240, 4}, {320, 193, 4}, {320, 192, 3}, {320, 336, 2},
	} {
		if got := Zone(c.x, c.y, 640, 480, 5); got != c.zone {
			t.Errorf("%g,%g lies in zone %d, want %d", c.x, c.y, got, c.zone)
		}
	}
	s := rng.New(3, "zones")
	for range 2000 { // the four comparisons of the paper's evaluation
		w, h, n := 1+s.IntN(900), 1+s.IntN(900), 1+s.IntN(9)
		x, y := float64(s.Float32())*float64(w), float64(s.Float32())*float64(h)
		zone := Zone(x, y, w, h, n)
		ri, rj := float64(zone)/float64(2*n), float64(zone+1)/float64(2*n)
		W, H := float64(w), float64(h)
		inside := x > ri*W && x < (1-ri)*W && y > ri*H && y < (1-ri)*H
		outer := x <= rj*W || x >= (1-rj)*W || y <= rj*H || y >= (1-rj)*H
		if !inside || !outer {
			t.Errorf("%g,%g of %d×%d: zone %d of %d", x, y, w, h, zone, n)
		}
	}
}

func same(a, b metric.Number) bool {
	return math.IsNaN(float64(a)) && math.IsNaN(float64(b)) || math.Abs(float64(a-b)) < 1e-9
}

// Where all images have as many rows, shares have the interval of Proportion, and those
// of one row for each image that of Clopper and Pearson.
func TestRowsOfEqualImages(t *testing.T) {
	s := rng.New(5, "rows")
	for _, trials := range []int{1, 4, 30} {
		r, means := NewRows(2, true), make([]float64, 25)
		for image := range means {
			p := float64(s.Float32())
			for range trials {
				hit := 0.0
				if float64(s.Float32()) < p {
					hit = 1
				}
				r.Add(image, 1, hit)
				means[image] += hit / float64(trials)
			}
		}
		mean, low, high := Proportion(means, trials)
		got, ring := r.Score("x"), r.Profile("x").Rings
		if !same(got.Value, metric.Number(mean)) || !same(got.Low, metric.Number(low)) || !same(got.High, metric.Number(high)) || got.N != 25*trials || got.Units != 25 {
			t.Errorf("%d rows each: %+v, want %g [%g, %g]", trials, got, mean, low, high)
		}
		if ring[0].N != 0 || ring[0].Units != 0 || ring[0].Value.Finite() || ring[0].Low.Finite() || !same(ring[1].Low, got.Low) {
			t.Errorf("%d rows each: %+v", trials, ring)
		}
	}
}

// By hand: images of 1, 2 and 3 rows with sums 1, 1 and 0. The mean is 2/6; the errors
// 1−1/3, 1−2/3, 0−1 have the squares 4/9, 1/9, 1, and the variance is 3/2 · 14/9 / 36.
// They are worth 36/14 = 2.6 images of one weight.
func TestRowsByHand(t *testing.T) {
	r := NewRows(1, false)
	for _, row := range []struct {
		image int
		value float64
	}{{0, 1}, {1, 1}, {1, 0}, {2, 0}, {2, 0}, {2, 0}} {
		r.Add(row.image, 0, row.value)
	}
	half := 4.302652730 * math.Sqrt(1.5*14/9/36) // t with two degrees of freedom
	if got := r.Score("x"); !same(got.Value, 1./3) || !same(got.Low, metric.Number(1./3-half)) || !same(got.High, metric.Number(1./3+half)) {
		t.Errorf("%+v, want 1/3 ± %g", got, half)
	}
	one, constant := NewRows(1, false), NewRows(1, false)
	for i := range 10 {
		one.Add(0, 0, float64(i))
		constant.Add(i, 0, .3)
		constant.Add(i, 0, .3)
		constant.Add(i/2, 0, .3)
	}
	if got := one.Score("x"); got.Value != 4.5 || got.Low.Finite() || got.Units != 1 || got.N != 10 {
		t.Errorf("one image: %+v", got)
	}
	if got := constant.Score("x"); !same(got.Value, .3) || got.Low.Finite() {
		t.Errorf("values that are all the same: %+v", got)
	}
}

// naive is a mean, or a difference of two, with Student's interval, row by row.
func naive(rows []row, a, b func(row) bool) (value, half float64, images int) {
	na, nb, ya, yb := 0.0, 0.0, 0.0, 0.0
	for _, r := range rows {
		if a(r) {
			na, ya = na+1, ya+r.value
		}
		if b(r) {
			nb, yb = nb+1, yb+r.value
		}
	}
	value = ya / na
	if nb > 0 {
		value -= yb / nb
	}
	errors, inA, inB := map[int]float64{}, map[int]float64{}, map[int]float64{}
	for _, r := range rows {
		if a(r) {
			errors[r.image] += (r.value - ya/na) / na
			inA[r.image]++
		}
		if b(r) {
			errors[r.image] -= (r.value - yb/nb) / nb
			inB[r.image]++
		}
	}
	alike := func(in map[int]float64) float64 { // images of one weight that tell as much
		all, squares := 0.0, 0.0
		for _, n := range in {
			all, squares = all+n, squares+n*n
		}
		return all * all / squares
	}
	squares, m, degrees := 0.0, float64(len(inA)), math.Round(alike(inA))-1
	if nb > 0 {
		m, degrees = math.Min(m, float64(len(inB))), math.Min(degrees, math.Round(alike(inB))-1)
	}
	for _, e := range errors {
		squares += e * e
	}
	return value, quantile(int(degrees)) * math.Sqrt(squares*m/(m-1)), len(errors)
}

type row struct {
	image, ring, group int
	value              float64
}

// Means, gaps and paired differences are what a walk over the rows themselves finds.
func TestRowsAndNaive(t *testing.T) {
	s := rng.New(8, "rows")
	for range 20 {
		var rows []row
		groups := []*Rows{NewRows(3, false), NewRows(3, false)}
		for range 300 {
			r := row{s.IntN(12), s.IntN(3), s.IntN(2), float64(s.Float32())}
			if r.image%5 == 0 && r.group == 1 {
				continue // not in both
			}
			rows = append(rows, r)
			groups[r.group].Add(r.image, r.ring, r.value)
		}
		has := map[[3]int]bool{} // image, ring or 3, group
		for _, r := range rows {
			has[[3]int{r.image, r.ring, r.group}], has[[3]int{r.image, 3, r.group}] = true, true
		}
		none := func(row) bool { return false }
		check := func(what string, value, low, high metric.Number, units int, a, b func(row) bool) {
			t.Helper()
			mean, half, images := naive(rows, a, b)
			if !same(value, metric.Number(mean)) || !same(low, metric.Number(mean-half)) || !same(high, metric.Number(mean+half)) || units != images {
				t.Errorf("%s: %g [%g, %g] of %d images, want %g ± %g of %d", what, value, low, high, units, mean, half, images)
			}
		}
		of := func(group int) func(row) bool { return func(r row) bool { return r.group == group } }
		g := groups[0].Score("x")
		check("mean", g.Value, g.Low, g.High, g.Units, of(0), none)
		g = groups[0].Gap("x")
		check("gap", g.Value, g.Low, g.High, g.Units, func(r row) bool { return r.group == 0 && r.ring == 0 }, func(r row) bool { return r.group == 0 && r.ring > 0 })
		both := func(group, ring int) func(row) bool {
			return func(r row) bool {
				return r.group == group && (ring == 3 || r.ring == ring) && has[[3]int{r.image, ring, 0}] && has[[3]int{r.image, ring, 1}]
			}
		}
		g = groups[1].Less(groups[0], "x")
		check("difference", g.Value, g.Low, g.High, g.Units, both(1, 3), both(0, 3))
		for d, p := range groups[1].ProfileLess(groups[0], "x").Rings {
			check("difference in a ring", p.Value, p.Low, p.High, p.Units, both(1, d), both(0, d))
		}
		for d, p := range groups[1].Profile("x").Rings {
			check("ring", p.Value, p.Low, p.High, p.Units, func(r row) bool { return r.group == 1 && r.ring == d }, none)
		}
	}
}

// Hits that never differ say nothing of images that were not seen: the interval of their
// difference allows for those.
func TestNoDifference(t *testing.T) {
	a, b := NewRows(1, true), NewRows(1, true)
	for image := range 100 {
		for range 3 {
			a.Add(image, 0, float64(image%2))
			b.Add(image, 0, float64(image%2))
		}
	}
	w := metric.Number(1 - math.Pow(.025, 1./100))
	if d := b.Less(a, "x"); d.Value != 0 || !same(d.Low, -w) || !same(d.High, w) || d.Units != 100 || d.N != 600 {
		t.Errorf("%+v, want ±%g", d, w)
	}
	c := NewRows(1, true)
	c.Add(200, 0, 1)
	if d := c.Less(a, "x"); d.Value.Finite() || d.Low.Finite() || d.Units != 0 {
		t.Errorf("no image in common: %+v", d)
	}
}

// The intervals hold the truth in 95 % of all draws where images differ in how hard they
// are and in how many rows they have: at least in 93 %, of 600 draws here, or of 20000
// with -long.
func TestCoverageOfRows(t *testing.T) {
	draws, least := 600, .93
	if *long {
		draws, least = 20000, .943
	}
	for _, p := range []float64{.5, .9, .98} {
		s := rng.New(11, "coverage")
		held, gaps := 0, 0
		for range draws {
			r := NewRows(2, true)
			for image := range 60 {
				n := 1 + s.IntN(4)
				if image%10 == 0 {
					n = 20
				}
				easy := p // half of the images are sure, the others at p: 2p−1 … 1 around p
				if s.IntN(2) == 0 {
					easy = 1
				} else {
					easy = 2*p - 1
				}
				for range n {
					hit := 0.0
					if float64(s.Float32()) < easy {
						hit = 1
					}
					r.Add(image, s.IntN(2), hit)
				}
			}
			if g := r.Score("x"); float64(g.Low) <= p && p <= float64(g.High) {
				held++
			}
			if g := r.Gap("x"); g.Low <= 0 && 0 <= g.High {
				gaps++
			}
		}
		t.Logf("p = %g: %.3f of the means, %.3f of the gaps", p, float64(held)/float64(draws), float64(gaps)/float64(draws))
		if float64(held) < least*float64(draws) || float64(gaps) < least*float64(draws) {
			t.Errorf("p = %g: %d of %d intervals hold the mean, %d the gap", p, held, draws, gaps)
		}
	}
}

// Overlaps are what confusion matrices of the same pixels say, where every image has all
// rings; and pixels that are ignored are as if they were not there.
func TestOverlaps(t *testing.T) {
	const images, side, classes, rings = 6, 12, 4, 3
	s := rng.New(2, "labels")
	o, shifted, c := NewOverlaps(rings), NewOverlaps(rings), NewConfusions(images, rings, classes)
	for image := range images {
		truth, said := make([]uint8, side*side), make([]uint8, side*side)
		for at := range truth {
			truth[at] = uint8(s.IntN(classes))
			if said[at] = truth[at]; s.IntN(3) == 0 {
				said[at] = uint8(s.IntN(classes))
			}
			c.Count(image, AllSides.Distance(at/side, at%side, side, side)/2, int(truth[at]), int(said[at]))
		}
		if err := o.Add(truth, said, side, side, -1); err != nil {
			t.Fatal(err)
		}
		for at := range truth {
			truth[at], said[at] = truth[at]+100, said[at]+100
			if s.IntN(2) == 0 {
				truth[at] = 255
			}
		}
		if err := shifted.Add(truth, said, side, side, 255); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, got, want metric.Point) {
		t.Helper()
		if !same(got.Value, want.Value) || !same(got.Low, want.Low) || !same(got.High, want.High) || got.N != want.N || got.Interval != want.Interval {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	for _, x := range []struct {
		what           string
		score, want    metric.Score
		profile, rings metric.Profile
	}{
		{"mIoU", o.MeanIoU().Score("x"), c.MeanIoU("x", ""), o.MeanIoU().Profile("x"), c.MeanIoUProfile("x", "", "rings")},
		{"accuracy", o.Accuracy().Score("x"), c.Accuracy("x", ""), o.Accuracy().Profile("x"), c.AccuracyProfile("x", "", "rings")},
	} {
		check(x.what, metric.Point{N: x.score.N, Value: x.score.Value, Low: x.score.Low, High: x.score.High, Interval: x.score.Interval},
			metric.Point{N: x.want.N, Value: x.want.Value, Low: x.want.Low, High: x.want.High, Interval: x.want.Interval})
		for d, got := range x.profile.Rings {
			check(fmt.Sprintf("%s in ring %d", x.what, d), got, x.rings.Rings[d])
		}
	}
	// the gap is what the jackknife says of the difference of what both parts score
	gap := func(without int) float64 {
		var at, inside [classes * classes]int64
		for image := range images {
			for i, n := range c.Counts()[image*rings*classes*classes : (image+1)*rings*classes*classes] {
				switch {
				case image == without:
				case i < classes*classes:
					at[i] += int64(n)
				default:
					inside[i%(classes*classes)] += int64(n)
				}
			}
		}
		return meanIoU(at[:], classes) - meanIoU(inside[:], classes)
	}
	var without []float64
	for image := range images {
		without = append(without, gap(image))
	}
	low, high := JackknifeOf(gap(-1), without)
	if g := o.MeanIoU().Gap("x"); !same(g.Value, metric.Number(gap(-1))) || !same(g.Low, metric.Number(low)) || !same(g.High, metric.Number(high)) || g.Units != images {
		t.Errorf("%+v, want %g [%g, %g]", g, gap(-1), low, high)
	}
	const all = images * side * side
	if half := shifted.MeanIoU().Score("x"); half.N > all*6/10 || half.N < all*4/10 || !half.Low.Finite() {
		t.Errorf("half of the pixels ignored: %+v", half)
	}
	if err := NewOverlaps(1).Add([]uint8{0, 1, 2}, []uint8{0, 9, 9}, 3, 1, 9); err == nil || err.Error() != "pixel 1,0 is answered with 9, which is no class but the label that is ignored" {
		t.Error(err)
	}
}

// By hand: two images of 2×1 pixels. Class 0: 1 of 3; class 1: 1 of 2; class 2, answered
// once where it is not: 0 of 1. Without the first image 0 of 2, 0 of 0 and 0 of 1.
func TestMeanIoUByHand(t *testing.T) {
	o := NewOverlaps(1)
	for _, p := range [][2][]uint8{{{0, 1}, {0, 1}}, {{0, 1}, {2, 0}}} {
		if err := o.Add(p[0], p[1], 2, 1, -1); err != nil {
			t.Fatal(err)
		}
	}
	got := o.MeanIoU().Score("x")
	if want := metric.Number((1./3 + 1./2 + 0) / 3); !same(got.Value, want) || got.N != 4 || got.Units != 2 {
		t.Errorf("%+v, want %g", got, want)
	}
	if a := o.Accuracy().Score("x"); a.Value != .5 || a.N != 4 {
		t.Errorf("%+v", a)
	}
}

// Answers that are all right have no interval: nothing tells how images differ.
func TestPerfectOverlaps(t *testing.T) {
	o := NewOverlaps(2)
	for range 3 {
		if err := o.Add(make([]uint8, 16), make([]uint8, 16), 4, 4, -1); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []metric.Score{o.MeanIoU().Score("x"), o.Accuracy().Score("x")} {
		if s.Value != 1 || s.Low.Finite() || s.Units != 3 {
			t.Errorf("%+v", s)
		}
	}
}
