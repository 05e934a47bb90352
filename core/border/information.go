package border

import (
	"math"

	"padlab/core/exact"
	"padlab/core/metric"
)

// Information is how many bits the answers of a network tell of the cell in
// which an image stands, all n cells being equally likely:
//
//	I = mean over cells c of KL(P(answer | c) ‖ P(answer)), in 0 … log₂ n,
//
// the mutual information of cell and answer. A ring's share is the mean over its
// cells, their specific surprise (DeWeese and Meister 1999, Network 10:325).
// It does not ask whether answers are right, only how far they tell cells apart:
// it is log₂ n if each cell has an answer of its own, and exactly 0 if answers do
// not depend on the cell.
//
// From few images it comes out too high. That is corrected by the jackknife
// (Quenouille 1956): with θ the value of all N images and θ̄ the mean of those
// without one of them, Nθ − (N−1)θ̄, cut to 0 … log₂ n. The interval is Tukey's,
// ± t·se. As in [Proportion], it also allows for a share w of images that may
// say anything: I being convex in P(answer | c), they lift it to (1−w)·I + w·log₂ n
// at most; and where they do not tell cells apart, it falls to (1−w)·I or so.
// Under two images there is neither correction nor interval, low and high are
// NaN.
type Information struct {
	grid, images int
	rings        []float64   // of all images, ring by ring
	without      [][]float64 // [ring][image]: of all others
}

// Information of the answers. To leave an image out changes only the counts of
// what was said of it: all takes time in proportion to images·cells·rings.
func (a *Answers) Information() Information {
	n, rings := a.cells(), Rings(a.Grid)
	ringOf, sizes := make([]int, n), make([]float64, rings)
	for c := range n {
		ringOf[c] = Ring(c, a.Grid)
		sizes[ringOf[c]]++
	}
	counts := make([]int32, n*a.Labels)     // [cell][answer]
	byRing := make([]int, a.Labels*rings)   // [answer][ring]
	total := make([]int, a.Labels)          // [answer]
	entropic := make([]float64, a.Images+1) // k·log₂ k
	for k := 2; k < len(entropic); k++ {
		entropic[k] = float64(k) * log2(k)
	}
	for image := range a.Images {
		for c, said := range a.Of(image) {
			counts[c*a.Labels+int(said)]++
			byRing[int(said)*rings+ringOf[c]]++
			total[said]++
		}
	}

	// With C the count of an answer in a cell and M that in all, the sum over the
	// cells of a ring and all answers of C·log₂(C·n/M) is cellwise − overall, plus
	// log₂ n for each placement.
	cellwise, overall := make([]float64, rings), make([]float64, rings)
	for c := range n {
		row := 0.0
		for _, count := range counts[c*a.Labels : (c+1)*a.Labels] {
			row += entropic[count]
		}
		cellwise[ringOf[c]] += row
	}
	logs := make([]float64, a.Labels) // of the totals
	for said, m := range total {
		logs[said] = log2(m)
		for d := range rings {
			overall[d] += float64(float64(byRing[said*rings+d]) * logs[said])
		}
	}
	bits := func(d, images int, difference float64) float64 {
		return difference/(sizes[d]*float64(images)) + log2(n)
	}
	i := Information{a.Grid, a.Images, make([]float64, rings), make([][]float64, rings)}
	for d := range rings {
		i.rings[d] = bits(d, a.Images, cellwise[d]-overall[d])
		i.without[d] = make([]float64, a.Images)
	}
	if a.Images < 2 {
		return i
	}

	own, left := make([]int, a.Labels), make([]float64, a.Labels) // how often an image is answered so; logs without it
	change := make([]float64, rings)
	for image := range a.Images {
		said := a.Of(image)
		clear(own)
		clear(change)
		for _, s := range said {
			own[s]++
		}
		for s, m := range own {
			if m == 0 {
				continue
			}
			left[s] = log2(total[s] - m)
			for d := range rings {
				change[d] -= float64(float64(byRing[s*rings+d]) * (left[s] - logs[s]))
			}
		}
		for c, s := range said {
			count := counts[c*a.Labels+int(s)]
			change[ringOf[c]] += entropic[count-1] - entropic[count] + left[s]
		}
		for d := range rings {
			i.without[d][image] = bits(d, a.Images-1, cellwise[d]-overall[d]+change[d])
		}
	}
	return i
}

// log2 is log₂ k, and 0 for k = 0, of which there is nothing to count.
func log2(k int) float64 {
	if k == 0 {
		return 0
	}
	return exact.Log(float64(k)) / math.Ln2
}

// Score is the mutual information of cell and answer.
func (i Information) Score(name, images string) metric.Score {
	return i.over(0, len(i.rings)).score(name, images, 0)
}

// Profile is the share of every ring.
func (i Information) Profile(name, images string) metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: name, Images: images}, Unit: "cells"}
	for d := range i.rings {
		p.Rings = append(p.Rings, i.over(d, d+1).point(d, 0))
	}
	return p
}

// over is the mean over the cells of rings from … to−1. Numbers are rounded to
// nine decimals, so that sums that cancel give 0.
func (i Information) over(from, to int) estimate {
	most, cells := log2(i.grid*i.grid), 0
	value, without := 0.0, make([]float64, i.images)
	for d := from; d < to; d++ {
		size := len(cellsOf(i.grid, d, d+1))
		cells += size
		value += float64(float64(size) * i.rings[d])
		for image, v := range i.without[d] {
			without[image] += float64(float64(size) * v)
		}
	}
	value /= float64(cells)
	for image := range without {
		without[image] /= float64(cells)
	}
	inside := func(v float64) float64 { return math.Max(0, math.Min(most, math.Round(v*1e9)/1e9)) }
	e := estimate{inside(value), math.NaN(), math.NaN(), i.images, i.images * cells}
	if i.images < 2 {
		return e
	}
	mean, half := jackknife(without)
	value += float64(float64(i.images-1) * (value - mean))
	e.value = inside(value)
	w := unseen(float64(i.images))
	e.low = inside(math.Min(value-half, e.value-float64(w*e.value)))
	e.high = inside(math.Max(value+half, e.value+float64(w*(most-e.value))))
	return e
}
