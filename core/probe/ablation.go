package probe

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/border"
	"padlab/core/metric"
	"padlab/core/nn/kernel"
	"padlab/core/rng"
)

// FlipDifferences are, channel by channel, the mean of |z(x) − z(mirrored x)| over
// pictures x, given the latents of all and of all mirrored (Islam et al., ICCV 2021:
// what changes in a mirror knows left from right). It panics when the lengths do not
// fit.
func FlipDifferences(z, mirrored []float32, channels int) []float64 {
	if channels < 1 || len(z) == 0 || len(z) != len(mirrored) || len(z)%channels != 0 {
		panic(fmt.Sprintf("probe: %d and %d values of latents of %d channels", len(z), len(mirrored), channels))
	}
	list := make([]float64, channels)
	for i, v := range z {
		list[i%channels] += math.Abs(float64(v) - float64(mirrored[i]))
	}
	for c := range list {
		list[c] /= float64(len(z) / channels)
	}
	return list
}

// Rank is the channels in descending order of these numbers, among equal ones in
// ascending order.
func Rank(values []float64) []int {
	list := make([]int, len(values))
	for i := range list {
		list[i] = i
	}
	slices.SortStableFunc(list, func(a, b int) int {
		switch {
		case values[a] > values[b]:
			return -1
		case values[a] < values[b]:
			return 1
		}
		return 0
	})
	return list
}

// LeftOut is how many of so many channels are left out in turn: none first, all
// last, at most 17 numbers, as evenly as whole numbers are.
func LeftOut(channels int) (list []int) {
	const steps = 16
	for i := range steps + 1 {
		if n := (i*channels + steps/2) / steps; len(list) == 0 || n > list[len(list)-1] {
			list = append(list, n)
		}
	}
	return list
}

// Draws is how many times channels are drawn at random.
const Draws = 10

// An Ablation says what read-outs still know of latents when channels are set to 0,
// without being fitted again: the first of a ranking, and as many at random. In one
// piece of work it goes through all latents with one order of the channels.
type Ablation struct {
	latents *Latents
	asked   []Asked
	orders  [][]int // the ranking, then the draws
	counts  []int   // LeftOut
	order   int     // that is gone through,
	image   int     // and how many images have been

	hits   [][]*border.Tally // [question][count], with that order
	top    [][]metric.Score  // [question][count]: accuracy without the first channels
	random [][][]float64     // [question][count][draw]: accuracy without others
	gap    [][]int           // [question][image]: hits without others, of all draws, less Draws times those without the first, over all counts
}

// An Asked is a read-out with the right answers.
type Asked struct {
	Name  string
	Read  *Linear
	Right func(image, place int) int
	Of    int // how many answers there are
}

// NewAblation returns an ablation of latents, on a canvas of grid×grid places, in
// which nothing is left out yet. The draws depend on the seed alone. It panics when a
// ranking is no permutation of the channels.
func NewAblation(l *Latents, asked []Asked, ranking []int, seed uint64) *Ablation {
	sorted := slices.Sorted(slices.Values(ranking))
	for i, c := range sorted {
		if c != i || len(ranking) != l.Channels {
			panic(fmt.Sprintf("probe: a ranking %v of %d channels", ranking, l.Channels))
		}
	}
	a := &Ablation{latents: l, asked: asked, orders: [][]int{ranking}, counts: LeftOut(l.Channels)}
	for draw := range Draws {
		order := make([]int32, l.Channels)
		s := rng.New(seed, "channels left out", uint64(draw))
		s.Permutation(order)
		var list []int
		for _, c := range order {
			list = append(list, int(c))
		}
		a.orders = append(a.orders, list)
	}
	grid := int(math.Sqrt(float64(l.Places)))
	for range asked {
		tallies := make([]*border.Tally, len(a.counts))
		for i := range tallies {
			tallies[i] = border.NewTally(grid, l.Images, 1)
		}
		a.hits, a.top = append(a.hits, tallies), append(a.top, nil)
		a.random = append(a.random, make([][]float64, len(a.counts)))
		a.gap = append(a.gap, make([]int, l.Images))
	}
	return a
}

// slice is how many products one piece of work makes, about.
const slice = 1 << 26

// Step goes through some of the latents with the order that it is at. It reports
// whether there are more, or other orders.
func (a *Ablation) Step(crew *kernel.Crew) (more bool) {
	l, order := a.latents, a.orders[a.order]
	each := 0 // products for an image
	for _, asked := range a.asked {
		each += l.Places * l.Channels * asked.Of
	}
	n := min(l.Images-a.image, max(1, slice/max(1, each)))
	crew.Do(n, func(_, piece int) {
		image := a.image + piece
		for q, asked := range a.asked {
			values := make([]float64, asked.Of)
			for place := range l.Places {
				right := asked.Right(image, place)
				asked.Read.without(values, l.At(image, place), order, a.counts, func(count, said int) {
					hit := float32(0)
					if said == right {
						hit = 1
					}
					a.hits[q][count].Of(image)[place] = hit
				})
			}
		}
	})
	if a.image += n; a.image < l.Images {
		return true
	}
	a.reduce()
	a.image = 0
	a.order++
	return a.order < len(a.orders)
}

// reduce takes what one order has hit into what is kept of it.
func (a *Ablation) reduce() {
	l := a.latents
	for q := range a.asked {
		for i, count := range a.counts {
			for image := range l.Images {
				own := 0
				for _, hit := range a.hits[q][i].Of(image) {
					own += int(hit)
				}
				if a.order == 0 {
					own *= -Draws
				}
				if count > 0 && count < l.Channels { // else both are the same
					a.gap[q][image] += own
				}
			}
			s := a.hits[q][i].Score(metric.WithoutTop, "", 1/float64(a.asked[q].Of))
			if a.order == 0 {
				a.top[q] = append(a.top[q], s)
				continue
			}
			a.random[q][i] = append(a.random[q][i], float64(s.Value))
		}
	}
}

// without says what is answered to a latent when so many channels of an order are
// left out, for each of the counts. The values begin at the bias, which is what
// remains of no channel, and grow channel by channel, from the last of the order on;
// the answer to all of them is that of Say, whatever the order.
func (r *Linear) without(values []float64, z []float32, order, counts []int, say func(count, said int)) {
	copy(values, r.Bias)
	at := len(counts) - 1
	for left := len(order); left > 0; left-- {
		if counts[at] == left {
			say(at, first(values))
			at--
		}
		c := order[left-1]
		x := float64(z[c])
		for k, w := range r.Weights {
			values[k] += float64(w[c] * x)
		}
	}
	say(0, r.Say(z))
}

// first is where the largest of values is, the first of several.
func first(values []float64) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// Accuracies are those of all read-outs on whole latents, once the first order is
// through, with intervals over images.
func (a *Ablation) Accuracies(images string) (list []metric.Score) {
	for q, asked := range a.asked {
		s := a.top[q][0]
		s.Key = metric.Key{Metric: metric.Accuracy, Target: asked.Name, Images: images}
		list = append(list, s)
	}
	return list
}

// Results are, for every read-out: the ablation gap, which is accuracy without random
// channels less that without the first of the ranking, mean over all counts but none
// and all, image by image; and the curves of both against the number of channels left
// out. Intervals are over images; of the accuracy without random channels over the
// draws.
func (a *Ablation) Results(images string) (gaps []metric.Score, curves []metric.Profile) {
	for q, asked := range a.asked {
		key := metric.Key{Target: asked.Name, Images: images}
		top, random := metric.Profile{Key: key, Unit: metric.Neurons}, metric.Profile{Key: key, Unit: metric.Neurons}
		top.Metric, random.Metric = metric.WithoutTop, metric.WithoutRandom
		for i, count := range a.counts {
			s := a.top[q][i]
			top.Rings = append(top.Rings, metric.Point{Distance: count, N: s.N, Value: s.Value, Low: s.Low, High: s.High, Interval: s.Interval, Chance: s.Chance})
			mean, low, high := overDraws(a.random[q][i])
			random.Rings = append(random.Rings, metric.Point{Distance: count, N: s.N * Draws, Value: metric.Number(mean), Low: metric.Number(low), High: metric.Number(high),
				Interval: metric.Interval{Over: metric.Draws, Units: Draws}, Chance: s.Chance})
		}
		curves = append(curves, top, random)
		gap := make([]float64, a.latents.Images)
		for image, hits := range a.gap[q] {
			gap[image] = float64(hits) / float64(Draws*a.latents.Places*max(1, len(a.counts)-2))
		}
		mean, low, high := border.IntervalIn(gap, -1, 1)
		key.Metric = metric.AblationGap
		gaps = append(gaps, metric.Score{Key: key, Value: metric.Number(mean), Low: metric.Number(low), High: metric.Number(high), Interval: a.top[q][0].Interval, N: a.top[q][0].N})
	}
	return gaps, curves
}

// overDraws is the mean over draws with its interval; where all are the same there is
// nothing that another draw could change.
func overDraws(values []float64) (mean, low, high float64) {
	if !slices.ContainsFunc(values, func(v float64) bool { return v != values[0] }) {
		return values[0], values[0], values[0]
	}
	return border.IntervalIn(values, 0, 1)
}
