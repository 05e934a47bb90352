// Package border turns a score for every cell of a canvas, or every pixel of a
// picture, into a border profile: a score per ring with its count and its
// confidence interval, the curve that padlab exists to draw. It is the only
// package that knows what a ring is.
//
// The cells of a k×k grid are numbered row·k + col. The ring of a cell is its
// distance to the nearest border, d = min(row, col, k−1−row, k−1−col): 0 at
// the border, ⌊(k−1)/2⌋ in the middle. Ring d holds 4(k−1−2d) cells, a centre
// cell 1.
package border

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"padlab/core/metric"
)

// Ring returns the ring of a cell of a k×k grid. It panics when the cell is
// not on the grid.
func Ring(cell, k int) int {
	if k < 1 || cell < 0 || cell >= k*k {
		panic(fmt.Sprintf("border: cell %d of a %d×%d grid", cell, k, k))
	}
	row, col := cell/k, cell%k
	return min(row, col, k-1-row, k-1-col)
}

// Rings returns how many rings a k×k grid has.
func Rings(k int) int { return (k + 1) / 2 }

// A Tally collects a value between 0 and 1 (a hit is 1, a miss 0) for every
// image in every cell. Different images may be set by different goroutines.
type Tally struct {
	Grid, Images int
	values       []float32 // [image][cell]
}

// NewTally returns a tally of zeros for images images on a grid×grid canvas.
// It panics if either is below 1.
func NewTally(grid, images int) *Tally {
	if grid < 1 || images < 1 {
		panic(fmt.Sprintf("border: a tally of %d images on a %d×%d grid", images, grid, grid))
	}
	return &Tally{grid, images, make([]float32, images*grid*grid)}
}

// Of returns the values of one image, cell by cell, to be filled in.
func (t *Tally) Of(image int) []float32 {
	cells := t.Grid * t.Grid
	return t.values[image*cells : (image+1)*cells : (image+1)*cells]
}

// Values are those of all images, one after the other; they are the tally's own.
func (t *Tally) Values() []float32 { return t.values }

// Score is the mean over all images and cells.
func (t *Tally) Score(name, images string, chance float64) metric.Score {
	mean, low, high := t.over(func(int) bool { return true })
	return metric.Score{Key: metric.Key{Metric: name, Images: images}, Value: metric.Number(mean), Low: metric.Number(low), High: metric.Number(high), N: t.Images * t.Grid * t.Grid, Chance: metric.Number(chance)}
}

// Profile is the mean of every ring.
func (t *Tally) Profile(name, images string, chance float64) metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: name, Images: images}, Unit: "cells"}
	for d := range Rings(t.Grid) {
		n := 0
		inRing := func(cell int) bool { return Ring(cell, t.Grid) == d }
		for cell := range t.Grid * t.Grid {
			if inRing(cell) {
				n += t.Images
			}
		}
		mean, low, high := t.over(inRing)
		p.Rings = append(p.Rings, metric.Point{Distance: d, N: n, Value: metric.Number(mean), Low: metric.Number(low), High: metric.Number(high), Chance: metric.Number(chance)})
	}
	return p
}

// Gap is the mean over the cells at the border less that over the rings from
// inner on, in −1 … 1. The difference is taken image by image, so that the
// interval is not widened by some images being harder than others. ok is false
// when inner is 0 or not a ring.
func (t *Tally) Gap(name, images string, inner int) (s metric.Score, ok bool) {
	if inner < 1 || inner >= Rings(t.Grid) {
		return metric.Score{}, false
	}
	outside := t.means(func(cell int) bool { return Ring(cell, t.Grid) == 0 })
	inside := t.means(func(cell int) bool { return Ring(cell, t.Grid) >= inner })
	for i := range outside {
		outside[i] -= inside[i]
	}
	mean, low, high := IntervalIn(outside, -1, 1)
	return metric.Score{Key: metric.Key{Metric: name, Images: images}, Value: metric.Number(mean), Low: metric.Number(low), High: metric.Number(high), N: t.Images}, true
}

// Map is the mean over images of every cell.
func (t *Tally) Map(name, images string) metric.Map {
	m := metric.Map{Key: metric.Key{Metric: name, Images: images}, Rows: t.Grid, Cols: t.Grid, Values: make([]metric.Number, t.Grid*t.Grid)}
	for i := range t.Images {
		for cell, v := range t.Of(i) {
			m.Values[cell] += metric.Number(v)
		}
	}
	for cell := range m.Values {
		m.Values[cell] /= metric.Number(t.Images)
	}
	return m
}

// over is the mean of the chosen cells with its interval over images. The
// placements of one image are not independent of each other, so each image
// enters as one value, its own mean.
func (t *Tally) over(chosen func(cell int) bool) (mean, low, high float64) {
	return Interval(t.means(chosen))
}

// means are the means over the chosen cells, one per image.
func (t *Tally) means(chosen func(cell int) bool) []float64 {
	means := make([]float64, t.Images)
	for i := range means {
		sum, n := 0.0, 0
		for cell, v := range t.Of(i) {
			if chosen(cell) {
				sum += float64(v)
				n++
			}
		}
		means[i] = sum / float64(n)
	}
	return means
}

// Interval returns the mean of values in [0, 1], one per image, with its 95 %
// interval; see [IntervalIn].
func Interval(values []float64) (mean, low, high float64) { return IntervalIn(values, 0, 1) }

// IntervalIn returns the mean of values in [from, to], one per image, with its
// 95 % interval: mean ± t·s/√n, Student's t with n−1 degrees of freedom, cut
// to [from, to], either of which may be infinite.
//
// When all n images score the same v, s = 0 says nothing about the images that
// were not seen. Then the interval allows for a share w = z²/(n+z²) of them to
// score anything, where z = 1.96 and w is Wilson's 95 % bound after n images
// without an exception: from v(1−w) + w·from to v(1−w) + w·to. With an infinite
// bound nothing can be allowed for, and low and high are v.
//
// With fewer than two images low and high are NaN. It panics without values.
//
// Products are rounded before they are added (the conversions see to it), so
// that all machines agree.
func IntervalIn(values []float64, from, to float64) (mean, low, high float64) {
	if len(values) == 0 {
		panic("border: an interval of no values")
	}
	n := float64(len(values))
	sum, same := 0.0, true
	for _, v := range values {
		sum += v
		same = same && v == values[0]
	}
	mean = sum / n
	if len(values) == 1 {
		return mean, math.NaN(), math.NaN()
	}
	if same {
		const z2 = 1.959964 * 1.959964
		v, w := values[0], z2/(n+z2)
		if math.IsInf(from, 0) || math.IsInf(to, 0) {
			return v, v, v
		}
		low = float64(v*(1-w)) + float64(w*from)
		return v, low, low + float64(w*(to-from))
	}
	squares := 0.0
	for _, v := range values {
		squares += float64((v - mean) * (v - mean))
	}
	half := float64(quantile(len(values)-1) * math.Sqrt(squares/(n-1)/n))
	return mean, math.Max(from, mean-half), math.Min(to, mean+half)
}

// Grouped is IntervalIn over groups: the values of one group, such as the crops
// of one photograph, depend on each other, so that each group counts once, by
// its own mean. Value i belongs to group[i]; groups are numbered from 0, and
// those without a value are left out. It panics when the lengths differ.
func Grouped(values []float64, group []int, from, to float64) (mean, low, high float64) {
	if len(values) != len(group) {
		panic(fmt.Sprintf("border: %d values in %d groups", len(values), len(group)))
	}
	var sums []float64
	var counts []int
	for i, v := range values {
		for len(sums) <= group[i] {
			sums, counts = append(sums, 0), append(counts, 0)
		}
		sums[group[i]] += v
		counts[group[i]]++
	}
	var means []float64
	for g, n := range counts {
		if n > 0 {
			means = append(means, sums[g]/float64(n))
		}
	}
	return IntervalIn(means, from, to)
}

// quantile is the 97.5 % point of Student's t. It is rounded to nine decimals,
// because the library's last bits depend on the CPU.
func quantile(degrees int) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}.Quantile(0.975)
	return math.Round(t*1e9) / 1e9
}
