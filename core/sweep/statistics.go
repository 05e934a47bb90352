package sweep

import (
	"math"
	"slices"

	"padlab/core/border"
	"padlab/core/metric"
	"padlab/core/rng"
)

// FewSeeds is how many seeds are few: intervals over fewer than so many are wide,
// and no p can be small.
const FewSeeds = 5

// A Mean is that of a number of values, with its 95 % interval by Student's t,
// mean ± t·s/√n with n−1 degrees of freedom. Under three values there is none: low
// and high are NaN, and without values the mean is, too.
type Mean struct {
	N    int           `json:"n"`
	Mean metric.Number `json:"mean"`
	Low  metric.Number `json:"low"`
	High metric.Number `json:"high"`
}

// MeanOf returns the mean of the values that are finite.
func MeanOf(values []metric.Number) Mean {
	finite := finiteOf(values)
	m := Mean{N: len(finite), Mean: metric.NaN, Low: metric.NaN, High: metric.NaN}
	if m.N == 0 {
		return m
	}
	mean, low, high := border.OverSeeds(finite)
	m.Mean = metric.Number(mean)
	if m.N >= 3 {
		m.Low, m.High = metric.Number(low), metric.Number(high)
	}
	return m
}

func finiteOf(values []metric.Number) (list []float64) {
	for _, v := range values {
		if v.Finite() {
			list = append(list, float64(v))
		}
	}
	return list
}

// Paired returns the differences b − a where both are finite. They are of the same
// length: value i of both is from one seed.
func Paired(a, b []metric.Number) []metric.Number {
	list := make([]metric.Number, len(a))
	for i := range a {
		list[i] = b[i] - a[i]
	}
	return list
}

const (
	maxExact = 30      // differences, all of whose 2ⁿ signs are counted
	draws    = 1 << 17 // of signs, of more differences than that
)

// SignFlip returns the two-sided p of the sign-flip test: if a and b did the same,
// each difference would as well have had the other sign. p is the share of all 2ⁿ
// choices of signs whose sum lies as far from 0 as the one that was found, or
// further. It is exact for n ≤ 30, and counts then in 2^(n/2) steps: the sums of
// both halves are sorted, and walked through in opposite directions. Of more it is
// (1 + hits)/(1 + draws) of 2¹⁷ draws, always the same ones. Differences that are
// not finite are left out; without any p is NaN.
//
// Sums that differ by less than 10⁻⁹ of the sum of all sizes are taken for the same:
// in another order they would be.
func SignFlip(differences []metric.Number) metric.Number {
	d := finiteOf(differences)
	if len(d) == 0 {
		return metric.NaN
	}
	found, size := 0.0, 0.0
	for _, v := range d {
		found += v
		size += math.Abs(v)
	}
	bound := math.Abs(found) - 1e-9*size
	if bound <= 0 {
		return 1
	}
	if len(d) > maxExact {
		return drawn(d, bound)
	}
	// By symmetry as many sums are ≤ −bound as are ≥ bound.
	first, second := sums(d[:len(d)/2]), sums(d[len(d)/2:])
	hits, j := 0, len(second)
	for _, s := range first { // rising: ever more of the second half suffice
		for j > 0 && s+second[j-1] >= bound {
			j--
		}
		hits += len(second) - j
	}
	return metric.Number(2 * float64(hits) / (float64(len(first)) * float64(len(second))))
}

// sums are those of all choices of signs, sorted.
func sums(d []float64) []float64 {
	list := []float64{0}
	for _, v := range d {
		next := make([]float64, 0, 2*len(list))
		for _, s := range list {
			next = append(next, s-v, s+v)
		}
		list = next
	}
	slices.Sort(list)
	return list
}

func drawn(d []float64, bound float64) metric.Number {
	source := rng.New(1, "sign-flip")
	hits := 0
	for range draws {
		sum := 0.0
		for _, v := range d {
			if source.IntN(2) == 0 {
				v = -v
			}
			sum += v
		}
		if math.Abs(sum) >= bound {
			hits++
		}
	}
	return metric.Number(1+hits) / metric.Number(1+draws)
}

// Holm returns the p of a family of tests, adjusted so that one of all of them is
// wrongly below α with a chance of at most α (Holm 1979): of m values in rising
// order the k-th times m−k+1, at least the one before, at most 1. Those that are
// NaN stay so, and are none of the family.
func Holm(p []metric.Number) []metric.Number {
	var order []int
	for i, v := range p {
		if v.Finite() {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case p[i] < p[j]:
			return -1
		case p[i] > p[j]:
			return 1
		}
		return 0
	})
	adjusted := slices.Repeat([]metric.Number{metric.NaN}, len(p))
	last := metric.Number(0)
	for k, i := range order {
		last = min(1, max(last, p[i]*metric.Number(len(order)-k)))
		adjusted[i] = last
	}
	return adjusted
}
