package probe

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"padlab/core/border"
	"padlab/core/metric"
	"padlab/core/position"
)

// RankCorrelation is Spearman's: Pearson's correlation of the ranks, where
// equal values share the mean of their ranks. It is 0, and flat is true, when
// the prediction is constant, max − min ≤ 10⁻⁶·max(1, |mean|): there it is not
// defined, and the paper prints 0, too. It panics unless both are equally long
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

// A scorer collects errors and rank correlations of the predictions of one
// target, on pictures of one kind.
type scorer struct {
	target       position.Target
	images       string
	side         int
	scale        float64
	truth        []float32
	constant     []float64 // the error of the best constant, ring by ring, and last that of the whole picture
	group        []int     // of each picture
	rho, mae     []float64
	flat         []float64   // 1 where the prediction was constant
	rings        [][]float64 // [ring][picture]: the error there
	error        []float64   // per pixel, summed over pictures
	ringOf       []int
	pixelsOfRing []int
}

func newScorer(t position.Target, images string, side int, signed bool) *scorer {
	s := &scorer{target: t, images: images, side: side, scale: t.ErrorScale(signed), truth: t.Map(side, side), error: make([]float64, side*side)}
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

// errors are the mean absolute errors of a prediction, over the whole picture and
// ring by ring.
func (s *scorer) errors(prediction []float32) (all float64, byRing []float64) {
	byRing = make([]float64, len(s.rings))
	for i, v := range prediction {
		e := s.scale * math.Abs(float64(v)-float64(s.truth[i]))
		all += e
		byRing[s.ringOf[i]] += e
	}
	for d := range byRing {
		byRing[d] /= float64(s.pixelsOfRing[d])
	}
	return all / float64(len(s.truth)), byRing
}

// Add adds the prediction for one picture; group is that of Album.Group.
func (s *scorer) Add(group int, prediction []float32) {
	rho, flat := RankCorrelation(prediction, s.truth)
	all, byRing := s.errors(prediction)
	s.group, s.rho, s.mae, s.flat = append(s.group, group), append(s.rho, rho), append(s.mae, all), append(s.flat, boolean(flat))
	for d, e := range byRing {
		s.rings[d] = append(s.rings[d], e)
	}
	for i, v := range prediction {
		s.error[i] += s.scale * math.Abs(float64(v)-float64(s.truth[i]))
	}
}

// columns is how many numbers of a picture table holds.
func (s *scorer) columns() int { return 4 + len(s.rings) }

// table is what was added, a row of columns for each picture: its group, rank
// correlation, 1 if the prediction was constant, error, and error ring by ring.
func (s *scorer) table() (values []float64) {
	for i, group := range s.group {
		values = append(values, float64(group), s.rho[i], s.flat[i], s.mae[i])
		for _, ring := range s.rings {
			values = append(values, ring[i])
		}
	}
	return values
}

// restore adds what table held to a scorer that nothing was added to.
func (s *scorer) restore(table []float64) error {
	if len(table)%s.columns() != 0 {
		return fmt.Errorf("%d values are no rows of %d", len(table), s.columns())
	}
	for row := range slices.Chunk(table, s.columns()) {
		if row[0] < 0 || row[0] > math.MaxInt32 || row[0] != math.Trunc(row[0]) {
			return fmt.Errorf("%g is no group", row[0])
		}
		s.group, s.rho, s.flat, s.mae = append(s.group, int(row[0])), append(s.rho, row[1]), append(s.flat, row[2]), append(s.mae, row[3])
		for d, e := range row[4:] {
			s.rings[d] = append(s.rings[d], e)
		}
	}
	return nil
}

// scores are SPC, MAE and skill, with intervals over photographs.
func (s *scorer) scores() []metric.Score {
	overall := s.constant[len(s.rings)]
	score := func(name string, values []float64, low, high, chance float64) metric.Score {
		mean, from, to := border.Grouped(values, s.group, low, high)
		return metric.Score{Key: metric.Key{Metric: name, Target: string(s.target), Images: s.images}, Value: metric.Number(mean), Low: metric.Number(from), High: metric.Number(to),
			Interval: s.interval(), N: len(values), Chance: metric.Number(chance), Constant: int(floats.Sum(s.flat))}
	}
	return []metric.Score{
		score(metric.SPC, s.rho, -1, 1, 0),
		score(metric.MAE, s.mae, 0, math.Inf(1), overall),
		score(metric.Skill, skills(s.mae, overall), math.Inf(-1), 1, 0),
	}
}

// interval is over photographs, as many as there are groups of pictures.
func (s *scorer) interval() metric.Interval {
	groups := map[int]bool{}
	for _, g := range s.group {
		groups[g] = true
	}
	return metric.Interval{Over: metric.Photographs, Units: len(groups)}
}

func skills(errors []float64, constant float64) []float64 {
	list := make([]float64, len(errors))
	for i, e := range errors {
		list[i] = 1 - e/constant
	}
	return list
}

// profile is the skill ring by ring. Distances are in pixels of the target's map.
func (s *scorer) profile() metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: metric.Skill, Target: string(s.target), Images: s.images}, Unit: fmt.Sprintf("1/%d of the picture", s.side)}
	for d, errors := range s.rings {
		mean, low, high := border.Grouped(skills(errors, s.constant[d]), s.group, math.Inf(-1), 1)
		p.Rings = append(p.Rings, metric.Point{Distance: d, N: len(errors) * s.pixelsOfRing[d], Value: metric.Number(mean), Low: metric.Number(low), High: metric.Number(high), Interval: s.interval()})
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
