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

// over is a score of rings from … to−1 with its 95 % interval over images by
// the [jackknife]. Under two images low and high are NaN.
func (c *Confusions) over(from, to int, score func([]int64, int) float64) estimate {
	all, each := c.sum(from, to)
	e := estimate{score(all, c.classes), math.NaN(), math.NaN(), c.images, 0}
	for _, n := range all {
		e.n += int(n)
	}
	if c.images < 2 {
		return e
	}
	without := make([]float64, c.images)
	rest := make([]int64, len(all))
	for i, own := range each {
		for j := range rest {
			rest[j] = all[j] - own[j]
		}
		without[i] = score(rest, c.classes)
	}
	_, half := jackknife(without)
	e.low, e.high = math.Max(0, e.value-half), math.Min(1, e.value+half)
	return e
}

func (c *Confusions) score(name, images string, of func([]int64, int) float64) metric.Score {
	return c.over(0, c.rings, of).score(name, images, math.NaN())
}

func (c *Confusions) profile(name, images, unit string, of func([]int64, int) float64) metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: name, Images: images}, Unit: unit}
	for d := range c.rings {
		p.Rings = append(p.Rings, c.over(d, d+1, of).point(d, math.NaN()))
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
