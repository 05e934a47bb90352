package border

import (
	"fmt"

	"padlab/core/metric"
)

// Bound adds to the scores and profiles of a network that says where a patch is
// what is known before it has learned anything: the class of each cell of a grid,
// where cells of one class give the network the same features, so that it answers
// alike in all of them.
//
// Of m cells that are alike among n, only one answer is right. Whoever is fair to
// all of them, and tells the classes apart, gets in each cell
//
//	accuracy         1/m
//	beyond-guessing  (n−m) / (m·(n−1))
//	information      log₂(n/m) bits
//
// and a ring's ceiling is the mean over its cells. Over the cells of a whole class
// none can be exceeded, favourites or not, so neither can the ceiling of all
// cells, nor that of a ring that holds its classes whole.
//
// Where all cells are alike, what is bounded so is exact, and has no interval:
// accuracy over all cells, and the other two in each ring. From AlikeFrom on the
// cells of all rings are of one class, if they are more than one.
//
// It panics unless there is a class for every cell.
func Bound(class []int, grid int, scores []metric.Score, profiles []metric.Profile) {
	if len(class) != grid*grid {
		panic(fmt.Sprintf("border: classes of %d cells on a %d×%d grid", len(class), grid, grid))
	}
	size := make([]int, len(class))
	for _, k := range class {
		size[k]++
	}
	blind := size[0] == len(class)
	ceiling := func(name string, from, to int) *metric.Number {
		sum, cells := 0.0, cellsOf(grid, from, to)
		for _, c := range cells {
			n, m := float64(len(class)), float64(size[class[c]])
			switch name {
			case metric.Accuracy:
				sum += 1 / m
			case metric.BeyondGuessing:
				sum += (n - m) / (m * (n - 1))
			case metric.Information:
				sum += log2(len(class)) - log2(size[class[c]])
			default:
				return nil
			}
		}
		v := metric.Number(sum / float64(len(cells)))
		return &v
	}
	for i := range scores {
		s := &scores[i]
		if s.Ceiling = ceiling(s.Metric, 0, Rings(grid)); s.Ceiling != nil && blind {
			s.Low, s.High = s.Value, s.Value
		}
	}
	for i := range profiles {
		p := &profiles[i]
		for d := range p.Rings {
			ring := &p.Rings[d]
			if ring.Ceiling = ceiling(p.Metric, d, d+1); ring.Ceiling != nil && blind && p.Metric != metric.Accuracy {
				ring.Low, ring.High = ring.Value, ring.Value
			}
		}
		p.AlikeFrom = alikeFrom(class, grid)
	}
}

// Blind is for the scores of a network that says something else than the place, to
// which all cells look alike: that an image gets the same answer everywhere, and
// is recognised at the border as elsewhere, is exact and has no interval.
func Blind(scores []metric.Score) {
	for i := range scores {
		s := &scores[i]
		if s.Metric == metric.SameAnswer && s.Value == 1 || s.Metric == metric.BorderInterior && s.Value == 0 {
			s.Low, s.High = s.Value, s.Value
		}
	}
}

// alikeFrom is Profile.AlikeFrom.
func alikeFrom(class []int, grid int) *int {
	for d := range Rings(grid) {
		cells := cellsOf(grid, d, Rings(grid))
		alike := len(cells) > 1
		for _, c := range cells {
			alike = alike && class[c] == class[cells[0]]
		}
		if alike {
			return &d
		}
	}
	return nil
}

// Pairs sets the ceilings of accuracy where two answers are asked for, by classes of
// views that a network cannot tell apart: views 2·n and 2·n+1 are one picture at the
// n-th distance, of which the one answer is right, or the other. Where they are of one
// class, half is right on average, whatever is learned. From AlikeFrom on they all are.
//
// It panics unless every profile has a ring for every two views.
func Pairs(class []int, scores []metric.Score, profiles []metric.Profile) {
	of := func(pair int) metric.Number {
		if class[2*pair] == class[2*pair+1] {
			return .5
		}
		return 1
	}
	n, sum := len(class)/2, metric.Number(0)
	for pair := range n {
		sum += of(pair)
	}
	for i := range scores {
		if scores[i].Metric == metric.Accuracy {
			v := sum / metric.Number(n)
			scores[i].Ceiling = &v
		}
	}
	for i := range profiles {
		p := &profiles[i]
		if len(p.Rings) != n {
			panic(fmt.Sprintf("border: %d pairs of views, and a profile of %d rings", n, len(p.Rings)))
		}
		for d := n - 1; d >= 0; d-- {
			v := of(d)
			if ring := &p.Rings[d]; v < 1 { // every image is right in one of them, and wrong in the other
				ring.Low, ring.High = ring.Value, ring.Value
			}
			if p.Rings[d].Ceiling = &v; v < 1 && (d == n-1 || p.AlikeFrom != nil && *p.AlikeFrom == p.Rings[d+1].Distance) {
				from := p.Rings[d].Distance
				p.AlikeFrom = &from
			}
		}
	}
}
