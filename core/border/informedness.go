package border

import (
	"fmt"
	"math"

	"padlab/core/metric"
)

// Informedness is how much more often a network says something where it is
// right than where it is not (Youden 1950, "Index for rating diagnostic tests",
// Cancer 3:32–35): of a label k
//
//	J(k) = P(says k | it is k) − P(says k | it is not k),
//
// and of several labels the mean of theirs, in −1 … 1. It is 1 if all answers
// are right, and exactly 0 if all are the same: unlike accuracy, it rewards no
// favourite answer, not even in the ring where that is right.
type Informedness struct {
	grid, images int
	over         func(cells []int) youden
}

// youden is the informedness over some cells. It is the mean over strata of
// images of the mean of what the images are worth, which gives the variance.
type youden struct {
	value, variance float64
	least           float64 // that it can be
	degrees, trials int     // of freedom; per image
}

// Places is the informedness of answers that say in which cell an image stands:
// the label of cell c is c. A ring's is the mean over its cells c of J(c), where
// "not c" are all other cells of the canvas. As every image stands in every
// cell, it is a mean over images: of n cells, r of them in the ring, image i is
// worth
//
//	u(i) = Σ (h·(n−1) − F) / (r·(n−1)) over the cells c of the ring,
//
// where h is 1 if the answer in c is c, else 0, and F counts the other cells in
// which it is c, too. It is exactly 0 for a network whose answers do not depend
// on the cell, whatever the image; and over all cells (accuracy − 1/n)/(1 − 1/n).
//
// The interval is that of [Proportion] with the values scaled from
// −min(1, n/(r·(n−1))) … 1, as low and as high as u can be, to 0 … 1, and with n
// trials per image.
//
// It panics unless there is a label for every cell, and more than one.
func (a *Answers) Places() Informedness {
	n := a.cells()
	if a.Labels != n || n < 2 {
		panic(fmt.Sprintf("border: %d labels for places on a %d×%d grid", a.Labels, a.Grid, a.Grid))
	}
	often := make([]int32, a.Images*n) // [image][label]: in how many cells the image is answered so
	for image := range a.Images {
		for _, said := range a.Of(image) {
			often[image*n+int(said)]++
		}
	}
	return Informedness{a.Grid, a.Images, func(cells []int) youden {
		unit, sum := float64(len(cells)*(n-1)), 0
		worth := make([]float64, a.Images)
		for image := range worth {
			own, said := 0, a.Of(image)
			for _, c := range cells {
				own -= int(often[image*n+c]) // h·(n−1) − F = h·n − (h + F)
				if int(said[c]) == c {
					own += n
				}
			}
			worth[image] = float64(own) / unit
			sum += own
		}
		_, variance := moments(worth)
		return youden{float64(sum) / (unit * float64(a.Images)), variance, -math.Min(1, float64(n)/unit), a.Images - 1, n}
	}}
}

// Classes is the informedness of answers that say of which class an image is,
// whatever the cell. A ring's is the mean of J(k) over the K classes k that the
// images have, among the placements in its r cells. With N(k) of the N images in
// class k, it is the mean over classes of the mean over the images of a class
// of
//
//	u(i) = ( a(i, y) − Σ a(i, k)·N(y)/(N−N(k)) over the classes k ≠ y ) / r,
//
// where y is the class of image i and a(i, k) counts the cells of the ring in
// which it is answered k. Each image moves the result by u(i)/(K·N(y)), less the
// mean of that over its class, and so
//
//	var = N/(N−K) · Σ (u(i) − ū(y))² / (K·N(y))²
//
// with N−K degrees of freedom. The interval is that of [Proportion] with the
// values scaled from −min(1, N/(K·(N − max N(k)))) … 1 to 0 … 1, and with r
// trials per image.
//
// All is NaN if the images have one class, and the interval unless they are more
// than the classes. It panics unless each image has one of the labels.
func (a *Answers) Classes(class []int32) Informedness {
	if len(class) != a.Images {
		panic(fmt.Sprintf("border: classes of %d images, answers for %d", len(class), a.Images))
	}
	members, classes, largest := make([]int, a.Labels), 0, 0
	for _, y := range class {
		if members[y]++; members[y] == 1 {
			classes++
		}
		largest = max(largest, members[y])
	}
	n, k := float64(a.Images), float64(classes)
	others := func(y int) float64 { return float64(a.Images - members[y]) }
	return Informedness{a.Grid, a.Images, func(cells []int) youden {
		j := youden{math.NaN(), math.NaN(), -math.Min(1, n/(k*(n-float64(largest)))), a.Images - classes, len(cells)}
		if classes < 2 {
			return j
		}
		r := float64(len(cells))
		right, wrong := make([]int, a.Labels), make([]int, a.Labels) // placements answered so
		worth, mean := make([]float64, a.Images), make([]float64, a.Labels)
		for image, y := range class {
			said, falsely := a.Of(image), 0.0
			hits := 0
			for _, c := range cells {
				switch s := said[c]; {
				case s == y:
					hits++
				case members[s] > 0:
					wrong[s]++
					falsely += float64(members[y]) / others(int(s))
				}
			}
			right[y] += hits
			worth[image] = (float64(hits) - falsely) / r
			mean[y] += worth[image] / float64(members[y])
		}
		j.value = 0
		for y, m := range members {
			if m > 0 {
				j.value += float64(right[y])/(float64(m)*r) - float64(wrong[y])/(others(y)*r)
			}
		}
		j.value /= k
		if j.degrees < 1 {
			return j
		}
		squares := 0.0
		for image, y := range class {
			d := (worth[image] - mean[y]) / (k * float64(members[y]))
			squares += float64(d * d)
		}
		j.variance = squares * n / float64(j.degrees)
		return j
	}}
}

// Score is the informedness over all cells.
func (f Informedness) Score(name, images string) metric.Score {
	return f.estimate(cellsOf(f.grid, 0, Rings(f.grid))).score(name, images, 0)
}

// Profile is that of every ring.
func (f Informedness) Profile(name, images string) metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: name, Images: images}, Unit: "cells"}
	for d := range Rings(f.grid) {
		p.Rings = append(p.Rings, f.estimate(cellsOf(f.grid, d, d+1)).point(d, 0))
	}
	return p
}

// Map is that of every cell.
func (f Informedness) Map(name, images string) metric.Map {
	m := metric.Map{Key: metric.Key{Metric: name, Images: images}, Rows: f.grid, Cols: f.grid}
	for cell := range f.grid * f.grid {
		m.Values = append(m.Values, metric.Number(f.over([]int{cell}).value))
	}
	return m
}

func (f Informedness) estimate(cells []int) estimate {
	j := f.over(cells)
	e := estimate{j.value, math.NaN(), math.NaN(), f.images, f.images * len(cells)}
	if j.degrees > 0 && !math.IsNaN(j.value) {
		e.low, e.high = bounded(j.value, j.variance, j.least, 1, f.images, j.degrees, j.trials)
	}
	return e
}
