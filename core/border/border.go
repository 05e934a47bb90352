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

// cellsOf lists the cells of a k×k grid in rings from … to−1.
func cellsOf(k, from, to int) []int {
	var list []int
	for cell := range k * k {
		if d := Ring(cell, k); from <= d && d < to {
			list = append(list, cell)
		}
	}
	return list
}

// A Tally collects a value between 0 and 1 for every image in every cell: the
// share of so many hits and misses. Different images may be set by different
// goroutines.
type Tally struct {
	Grid, Images, Trials int
	values               []float32 // [image][cell]
}

// NewTally returns a tally of zeros for images images on a grid×grid canvas,
// each value of which is the share of hits among at most so many trials: of one,
// it is a hit, 1, or a miss, 0. It panics if a number is below 1.
func NewTally(grid, images, trials int) *Tally {
	if grid < 1 || images < 1 || trials < 1 {
		panic(fmt.Sprintf("border: a tally of %d images on a %d×%d grid, %d trials each", images, grid, grid, trials))
	}
	return &Tally{grid, images, trials, make([]float32, images*grid*grid)}
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
	return t.over(cellsOf(t.Grid, 0, Rings(t.Grid))).score(name, images, chance)
}

// Where is the mean over images of their means over cells that each of them has of its
// own, at least one.
func (t *Tally) Where(name, images string, chance float64, cells func(image int) []int) metric.Score {
	means, n, fewest := make([]float64, t.Images), 0, t.Grid*t.Grid
	for i := range means {
		own := cells(i)
		means[i] = t.mean(i, own)
		n, fewest = n+len(own), min(fewest, len(own))
	}
	mean, low, high := Proportion(means, fewest*t.Trials)
	return estimate{mean, low, high, t.Images, n}.score(name, images, chance)
}

// Profile is the mean of every ring.
func (t *Tally) Profile(name, images string, chance float64) metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: name, Images: images}, Unit: "cells"}
	for d := range Rings(t.Grid) {
		p.Rings = append(p.Rings, t.over(cellsOf(t.Grid, d, d+1)).point(d, chance))
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
	outside, inside := t.means(cellsOf(t.Grid, 0, 1)), t.means(cellsOf(t.Grid, inner, Rings(t.Grid)))
	for i := range outside {
		outside[i] -= inside[i]
	}
	mean, low, high := IntervalIn(outside, -1, 1)
	return estimate{mean, low, high, t.Images, t.Images}.score(name, images, 0), true
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

// over is the mean of some cells with its interval over images. The placements
// of one image are not independent of each other, so each image enters as one
// value, its own mean.
func (t *Tally) over(cells []int) estimate {
	mean, low, high := Proportion(t.means(cells), len(cells)*t.Trials)
	return estimate{mean, low, high, t.Images, t.Images * len(cells)}
}

// means are the means over some cells, one per image.
func (t *Tally) means(cells []int) []float64 {
	means := make([]float64, t.Images)
	for i := range means {
		means[i] = t.mean(i, cells)
	}
	return means
}

// mean is that of an image over some cells.
func (t *Tally) mean(image int, cells []int) float64 {
	sum, values := 0.0, t.Of(image)
	for _, cell := range cells {
		sum += float64(values[cell])
	}
	return sum / float64(len(cells))
}

// An estimate is a value with its 95 % interval over so many images, and of how
// many placements or pixels it is.
type estimate struct {
	value, low, high float64
	images, n        int
}

func (e estimate) interval() metric.Interval {
	return metric.Interval{Over: metric.Images, Units: e.images}
}

func (e estimate) score(name, images string, chance float64) metric.Score {
	return metric.Score{Key: metric.Key{Metric: name, Images: images},
		Value: metric.Number(e.value), Low: metric.Number(e.low), High: metric.Number(e.high), Interval: e.interval(), N: e.n, Chance: metric.Number(chance)}
}

func (e estimate) point(distance int, chance float64) metric.Point {
	return metric.Point{Distance: distance, N: e.n,
		Value: metric.Number(e.value), Low: metric.Number(e.low), High: metric.Number(e.high), Interval: e.interval(), Chance: metric.Number(chance)}
}
