package border

import (
	"fmt"
	"math"

	"padlab/core/metric"
)

// Confusions are confusion matrices, one for every image and ring: how often a
// pixel of one class was answered with another. Different images may be counted
// by different goroutines.
type Confusions struct {
	images, rings, classes int
	counts                 []int32 // [image][ring][truth][answer]
}

// NewConfusions returns matrices of zeros. It panics unless all numbers are
// positive.
func NewConfusions(images, rings, classes int) *Confusions {
	if images < 1 || rings < 1 || classes < 1 {
		panic(fmt.Sprintf("border: confusions of %d images, %d rings, %d classes", images, rings, classes))
	}
	return &Confusions{images, rings, classes, make([]int32, images*rings*classes*classes)}
}

// Count counts one pixel.
func (c *Confusions) Count(image, ring, truth, answer int) {
	c.counts[((image*c.rings+ring)*c.classes+truth)*c.classes+answer]++
}

// Counts are all counts, image by image; they are the matrices' own.
func (c *Confusions) Counts() []int32 { return c.counts }

// sum adds up rings from … to−1 of all images, and of each image alone.
func (c *Confusions) sum(from, to int) (all []int64, each [][]int64) {
	cells := c.classes * c.classes
	all = make([]int64, cells)
	for image := range c.images {
		own := make([]int64, cells)
		for ring := from; ring < to; ring++ {
			at := (image*c.rings + ring) * cells
			for i, n := range c.counts[at : at+cells] {
				own[i] += int64(n)
				all[i] += int64(n)
			}
		}
		each = append(each, own)
	}
	return all, each
}

// meanIoU is the mean over the classes that occur in truth or answer of
// hits / (hits + misses + false alarms).
func meanIoU(counts []int64, classes int) float64 {
	sum, n := 0.0, 0
	for k := range classes {
		union := -counts[k*classes+k]
		for j := range classes {
			union += counts[k*classes+j] + counts[j*classes+k]
		}
		if union > 0 {
			sum += float64(counts[k*classes+k]) / float64(union)
			n++
		}
	}
	return sum / float64(n)
}

// hitShare is the share of the counts that are on the diagonal.
func hitShare(counts []int64, classes int) float64 {
	hits, all := int64(0), int64(0)
	for i, n := range counts {
		all += n
		if i%(classes+1) == 0 {
			hits += n
		}
	}
	return float64(hits) / float64(all)
}

// estimate is a score of rings from … to−1 with its 95 % interval over images
// by the jackknife (Tukey 1958): with θ₍ᵢ₎ the score without image i and θ̄
// their mean, se² = (n−1)/n · Σ (θ₍ᵢ₎ − θ̄)², and θ ± t·se. Under two images low
// and high are NaN.
func (c *Confusions) estimate(from, to int, score func([]int64, int) float64) (value, low, high float64, pixels int) {
	all, each := c.sum(from, to)
	for _, n := range all {
		pixels += int(n)
	}
	value = score(all, c.classes)
	if c.images < 2 {
		return value, math.NaN(), math.NaN(), pixels
	}
	n := float64(c.images)
	without := make([]float64, c.images)
	rest := make([]int64, len(all))
	mean := 0.0
	for i, own := range each {
		for j := range rest {
			rest[j] = all[j] - own[j]
		}
		without[i] = score(rest, c.classes)
		mean += without[i] / n
	}
	squares := 0.0
	for _, v := range without {
		squares += float64((v - mean) * (v - mean))
	}
	half := float64(quantile(c.images-1) * math.Sqrt((n-1)/n*squares))
	return value, math.Max(0, value-half), math.Min(1, value+half), pixels
}

func (c *Confusions) score(name, images string, of func([]int64, int) float64) metric.Score {
	value, low, high, n := c.estimate(0, c.rings, of)
	return metric.Score{Key: metric.Key{Metric: name, Images: images}, Value: metric.Number(value), Low: metric.Number(low), High: metric.Number(high), N: n, Chance: metric.NaN}
}

func (c *Confusions) profile(name, images, unit string, of func([]int64, int) float64) metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: name, Images: images}, Unit: unit}
	for d := range c.rings {
		value, low, high, n := c.estimate(d, d+1, of)
		p.Rings = append(p.Rings, metric.Point{Distance: d, N: n, Value: metric.Number(value), Low: metric.Number(low), High: metric.Number(high), Chance: metric.NaN})
	}
	return p
}

// MeanIoU is the mean intersection over union of all pixels; N counts pixels.
func (c *Confusions) MeanIoU(name, images string) metric.Score { return c.score(name, images, meanIoU) }

// MeanIoUProfile is the same ring by ring, over distances in that unit.
func (c *Confusions) MeanIoUProfile(name, images, unit string) metric.Profile {
	return c.profile(name, images, unit, meanIoU)
}

// Accuracy is the share of pixels whose class is right.
func (c *Confusions) Accuracy(name, images string) metric.Score {
	return c.score(name, images, hitShare)
}

// AccuracyProfile is the same ring by ring.
func (c *Confusions) AccuracyProfile(name, images, unit string) metric.Profile {
	return c.profile(name, images, unit, hitShare)
}
