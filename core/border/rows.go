package border

import (
	"fmt"
	"math"

	"padlab/core/metric"
)

// Rows collect values from any number of places in each of any number of images,
// ring by ring: what somebody's network answered there was right, or how good it was.
//
// Every row counts the same. The rows of one image are not independent of each other,
// and images have different numbers of them, so that a mean is a ratio of two sums
// over images, of values yᵢ and of how many there are, nᵢ:
//
//	p = Σ yᵢ / Σ nᵢ,  var(p) = m/(m−1) · Σ (yᵢ − p·nᵢ)² / (Σ nᵢ)²
//
// over m images that have any (Cochran 1977, Sampling Techniques, §6.3). Of hits, the
// interval is that of [Proportion], which it equals where all images have as many
// rows: as if of n* rows that do not depend on each other, in m* … Σ nᵢ, and with
// what m* images without one may hide, where m* = (Σ nᵢ)² / Σ nᵢ² is how many
// images of equal weight are as good (Kish 1965). Of values it is p ± t·√var(p).
// Student's t has m*−1 degrees of freedom, rounded, at least 1. There is no interval
// under two images, nor where values do not vary.
type Rows struct {
	rings int
	hits  bool
	sums  [][]sum // [image / block][ring][image % block]; nil: none of those has a row
}

// block is how many images are given room at once, so that more of them move nothing.
const block = 256

// A sum is of the values of so many rows.
type sum struct {
	n     int
	total float64
}

// NewRows returns no rows. If they are hits, all values are 0 or 1. It panics without
// a ring.
func NewRows(rings int, hits bool) *Rows {
	if rings < 1 {
		panic(fmt.Sprintf("border: rows in %d rings", rings))
	}
	return &Rows{rings: rings, hits: hits}
}

// Add adds the value of a row; images are numbered from 0.
func (r *Rows) Add(image, ring int, value float64) {
	at := image / block
	for len(r.sums) <= at {
		r.sums = append(r.sums, nil)
	}
	if r.sums[at] == nil {
		r.sums[at] = make([]sum, block*r.rings)
	}
	s := &r.sums[at][ring*block+image%block]
	s.n++
	s.total += value
}

// Score is the mean of all rows.
func (r *Rows) Score(name string) metric.Score {
	return r.mean(r.of(0, r.rings)).score(name, "", math.NaN())
}

// Profile is the mean of every ring: NaN where it has no rows.
func (r *Rows) Profile(name string) metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: name}, Unit: "rings"}
	for d := range r.rings {
		p.Rings = append(p.Rings, r.mean(r.of(d, d+1)).point(d, math.NaN()))
	}
	return p
}

// Gap is the mean of the rows at the border, in ring 0, less that of all others: for
// each image what both of its parts add to that, so that the interval is not widened by
// some images being harder than others. It is NaN where either has no rows.
func (r *Rows) Gap(name string) metric.Score {
	return r.contrast(r.of(0, 1), r.of(1, r.rings)).score(name, "", math.NaN())
}

// Less is the mean of all rows less that of others, of rings as many, over the images
// that both have rows of. Images are numbered alike in both.
func (r *Rows) Less(other *Rows, name string) metric.Score {
	return r.contrast(inBoth(r.of(0, r.rings), other.of(0, r.rings))).score(name, "", math.NaN())
}

// ProfileLess is the same in every ring, over the images that both have rows of there.
func (r *Rows) ProfileLess(other *Rows, name string) metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: name}, Unit: "rings"}
	for d := range r.rings {
		p.Rings = append(p.Rings, r.contrast(inBoth(r.of(d, d+1), other.of(d, d+1))).point(d, math.NaN()))
	}
	return p
}

// of are the sums of each image over rings from … to−1.
func (r *Rows) of(from, to int) []sum {
	list := make([]sum, len(r.sums)*block)
	for at, sums := range r.sums {
		for ring := from; ring < to && sums != nil; ring++ {
			for i, s := range sums[ring*block : (ring+1)*block] {
				image := &list[at*block+i]
				image.n += s.n
				image.total += s.total
			}
		}
	}
	return list
}

// inBoth keeps the images that both have rows of.
func inBoth(a, b []sum) (c, d []sum) {
	for i := range min(len(a), len(b)) {
		if a[i].n > 0 && b[i].n > 0 {
			c, d = append(c, a[i]), append(d, b[i])
		}
	}
	return c, d
}

// A ratio is the mean of rows, and how many there are in how many images.
type ratio struct {
	mean, n, squares float64 // n = Σ nᵢ, squares = Σ nᵢ²
	images           int
}

func ratioOf(list []sum) ratio {
	var r ratio
	for _, s := range list {
		if s.n > 0 {
			n := float64(s.n)
			r.mean += s.total
			r.n += n
			r.squares += float64(n * n)
			r.images++
		}
	}
	r.mean /= r.n
	return r
}

// weights is m*.
func (r ratio) weights() float64 { return math.Max(1, r.n*r.n/r.squares) }

// degrees are those of freedom.
func (r ratio) degrees() int { return max(1, int(math.Round(r.weights()))-1) }

// share is what an image adds to the error of the mean.
func (r ratio) share(s sum) float64 { return (s.total - float64(r.mean*float64(s.n))) / r.n }

// still is how small a deviation rounding makes of none, of a mean of 1.
const still = 1e-12

func (r *Rows) mean(list []sum) estimate {
	p := ratioOf(list)
	e := estimate{p.mean, math.NaN(), math.NaN(), p.images, int(p.n)}
	if p.images < 2 {
		return e
	}
	variance, m := 0.0, float64(p.images)
	for _, s := range list {
		u := p.share(s)
		variance += float64(u * u)
	}
	variance *= m / (m - 1)
	if r.hits {
		e.low, e.high = boundedBy(p.mean, variance, 0, 1, p.images, p.degrees(), p.weights(), p.n)
	} else if deviation := math.Sqrt(variance); deviation > still*math.Abs(p.mean) {
		half := float64(quantile(p.degrees()) * deviation)
		e.low, e.high = p.mean-half, p.mean+half
	}
	return e
}

// contrast is the mean of some rows less that of others, both of the same images: each
// image counts with what it adds to the errors of both,
//
//	var = m/(m−1) · Σ ((yᵢ − p·nᵢ)/Σ nᵢ − (zᵢ − q·kᵢ)/Σ kᵢ)²,
//
// where m are the images that have some of those rows of which fewer images have any.
// The interval is Student's with the fewer degrees of freedom of both; of hits it is cut
// to [−1, 1], and where none of them differ, it is as [IntervalIn] has it of differences
// that are all the same.
func (r *Rows) contrast(first, second []sum) estimate {
	p, q := ratioOf(first), ratioOf(second)
	e := estimate{p.mean - q.mean, math.NaN(), math.NaN(), 0, int(p.n + q.n)}
	squares := 0.0
	for i := range first {
		if first[i].n > 0 || second[i].n > 0 {
			e.images++
			u := p.share(first[i]) - q.share(second[i])
			squares += float64(u * u)
		}
	}
	m := min(p.images, q.images)
	if m < 2 {
		return e
	}
	deviation := math.Sqrt(squares * float64(m) / float64(m-1))
	half := float64(quantile(min(p.degrees(), q.degrees())) * deviation)
	switch low, high := e.value-half, e.value+half; {
	case deviation > still*math.Max(math.Abs(p.mean), math.Abs(q.mean)):
		if e.low, e.high = low, high; r.hits {
			e.low, e.high = math.Max(-1, low), math.Min(1, high)
		}
	case r.hits:
		w := unseen(math.Min(p.weights(), q.weights()))
		e.low, e.high = float64(e.value*(1-w))-w, float64(e.value*(1-w))+w
	}
	return e
}
