package probe

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/border"
	"padlab/core/metric"
	"padlab/core/position"
)

// RankCorrelation is Spearman's: Pearson's correlation of the ranks, where
// equal values share the mean of their ranks. It is 0, and flat is true, when
// the prediction is constant, max − min ≤ 10⁻⁶·max(1, |mean|), for which it is
// not defined: the paper, too, prints 0. It panics unless both are equally long
// and not empty.
func RankCorrelation(prediction, target []float32) (rho float64, flat bool) {
	n := len(prediction)
	if n == 0 || len(target) != n {
		panic(fmt.Sprintf("probe: a correlation of %d and %d values", n, len(target)))
	}
	if isFlat(prediction) || isFlat(target) {
		return 0, isFlat(prediction)
	}
	a, b := ranks(prediction), ranks(target)
	mean := float64(n+1) / 2
	ab, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		x, y := a[i]-mean, b[i]-mean
		ab += float64(x * y)
		aa += float64(x * x)
		bb += float64(y * y)
	}
	return min(max(ab/math.Sqrt(float64(aa*bb)), -1), 1), false
}

func isFlat(values []float32) bool {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	mean := math.Abs(sum / float64(len(values)))
	return float64(slices.Max(values)-slices.Min(values)) <= 1e-6*max(1, mean)
}

// ranks are 1 … n, equal values sharing the mean of theirs.
func ranks(values []float32) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case values[i] < values[j]:
			return -1
		case values[i] > values[j]:
			return 1
		}
		return i - j
	})
	list := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			list[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return list
}

// A scorer collects how a read-out did on pictures of one kind: what it made of
// one target.
type scorer struct {
	target       position.Target
	images       string
	side         int
	span         float64
	truth        []float32
	constant     []float64 // per ring, and behind them overall: the error of the best constant
	group        []int     // of each picture
	rho, mae     []float64
	flat         int
	rings        [][]float64 // [ring][picture]: the error there
	error        []float64   // per pixel, summed over pictures
	ringOf       []int
	pixelsOfRing []int
}

func newScorer(t position.Target, images string, side int, signed bool) *scorer {
	s := &scorer{target: t, images: images, side: side, span: t.ErrorScale(signed), truth: t.Map(side, side), error: make([]float64, side*side)}
	rings := t.Sides().Rings(side, side)
	s.rings, s.pixelsOfRing = make([][]float64, rings), make([]int, rings)
	for i := range s.truth {
		d := t.Sides().Distance(i/side, i%side, side, side)
		s.ringOf = append(s.ringOf, d)
		s.pixelsOfRing[d]++
	}
	best := make([]float32, len(s.truth))
	sorted := slices.Sorted(slices.Values(s.truth))
	median := (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
	for i := range best {
		best[i] = median
	}
	all, by := s.errors(best)
	s.constant = append(by, all)
	return s
}

// errors are the mean absolute errors of a prediction, over all and ring by
// ring.
func (s *scorer) errors(prediction []float32) (all float64, byRing []float64) {
	byRing = make([]float64, len(s.rings))
	for i, v := range prediction {
		e := s.span * math.Abs(float64(v)-float64(s.truth[i]))
		all += e
		byRing[s.ringOf[i]] += e
	}
	for d := range byRing {
		byRing[d] /= float64(s.pixelsOfRing[d])
	}
	return all / float64(len(s.truth)), byRing
}

// Add takes one prediction of a picture of that group: its photograph.
func (s *scorer) Add(group int, prediction []float32) {
	rho, flat := RankCorrelation(prediction, s.truth)
	if flat {
		s.flat++
	}
	all, byRing := s.errors(prediction)
	s.group, s.rho, s.mae = append(s.group, group), append(s.rho, rho), append(s.mae, all)
	for d, e := range byRing {
		s.rings[d] = append(s.rings[d], e)
	}
	for i, v := range prediction {
		s.error[i] += s.span * math.Abs(float64(v)-float64(s.truth[i]))
	}
}

// scores are metric.SPC, MAE and skill with intervals over photographs.
func (s *scorer) scores() []metric.Score {
	overall := s.constant[len(s.rings)]
	score := func(name string, values []float64, low, high, chance float64) metric.Score {
		mean, from, to := border.Grouped(values, s.group, low, high)
		return metric.Score{Key: metric.Key{Metric: name, Target: string(s.target), Images: s.images}, Value: metric.Number(mean), Low: metric.Number(from), High: metric.Number(to),
			N: len(values), Chance: metric.Number(chance), Constant: s.flat}
	}
	return []metric.Score{
		score(metric.SPC, s.rho, -1, 1, 0),
		score(metric.MAE, s.mae, 0, math.Inf(1), overall),
		score(metric.Skill, skills(s.mae, overall), math.Inf(-1), 1, 0),
	}
}

func skills(errors []float64, constant float64) []float64 {
	list := make([]float64, len(errors))
	for i, e := range errors {
		list[i] = 1 - e/constant
	}
	return list
}

// profile is the skill ring by ring. Distances are pixels of the target's map.
func (s *scorer) profile() metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: metric.Skill, Target: string(s.target), Images: s.images}, Unit: fmt.Sprintf("1/%d of the picture", s.side)}
	for d, errors := range s.rings {
		mean, low, high := border.Grouped(skills(errors, s.constant[d]), s.group, math.Inf(-1), 1)
		p.Rings = append(p.Rings, metric.Point{Distance: d, N: len(errors) * s.pixelsOfRing[d], Value: metric.Number(mean), Low: metric.Number(low), High: metric.Number(high)})
	}
	return p
}

// errorMap is the mean absolute error of every pixel.
func (s *scorer) errorMap() metric.Map {
	m := metric.Map{Key: metric.Key{Metric: metric.Error, Target: string(s.target), Images: s.images}, Rows: s.side, Cols: s.side}
	for _, e := range s.error {
		m.Values = append(m.Values, metric.Number(e/float64(len(s.mae))))
	}
	return m
}
