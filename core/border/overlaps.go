package border

import (
	"fmt"
	"math"

	"padlab/core/metric"
)

// Classes is how many classes a label picture tells apart: 0 … Classes−1.
const Classes = 256

// Overlaps count the pixels of pictures of labels, which were answered by others, by
// image, ring ([PixelRing]) and class. Unlike [Confusions] they are of any classes of
// 256, and hold of each image only those that it has.
type Overlaps struct {
	rings  int
	images [][]overlap
	n      int // of all overlaps
}

// An overlap is what one class has in one ring of one image, in pixels.
type overlap struct {
	ring              int32
	class             uint8
	hits, truth, said int32 // answered rightly; that it is; that were answered so
}

// NewOverlaps returns no counts. It panics without a ring.
func NewOverlaps(rings int) *Overlaps {
	if rings < 1 {
		panic(fmt.Sprintf("border: overlaps in %d rings", rings))
	}
	return &Overlaps{rings: rings}
}

// Add counts the w×h pixels of one more image, row by row, but for those whose label is
// ignored; with −1 none is. The error names the first pixel whose answer would be that
// label, and the counts are then not to be used. It panics when the sizes do not fit, or
// the picture has fewer distances than there are rings.
func (o *Overlaps) Add(truth, said []uint8, w, h, ignored int) error {
	if len(truth) != w*h || len(said) != w*h {
		panic(fmt.Sprintf("border: %d labels and %d answers of a picture of %d×%d", len(truth), len(said), w, h))
	}
	rings := make([]int32, AllSides.Rings(h, w)) // of each distance
	for d := range rings {
		rings[d] = int32(PixelRing(float64(d), float64(d), w, h, o.rings))
	}
	counts := make([][Classes]overlap, o.rings)
	for y := range h {
		for x := range w {
			at := y*w + x
			label, answer := truth[at], said[at]
			if int(label) == ignored {
				continue
			}
			if int(answer) == ignored {
				return fmt.Errorf("pixel %d,%d is answered with %d, which is no class but the label that is ignored", x, y, answer)
			}
			ring := &counts[rings[min(x, w-1-x, y, h-1-y)]]
			ring[label].truth++
			ring[answer].said++
			if label == answer {
				ring[label].hits++
			}
		}
	}
	var own []overlap
	for ring := range counts {
		for class, c := range counts[ring] {
			if c.truth > 0 || c.said > 0 {
				c.ring, c.class = int32(ring), uint8(class)
				own = append(own, c)
			}
		}
	}
	o.images, o.n = append(o.images, own), o.n+len(own)
	return nil
}

// Len is how many classes in rings of images are held.
func (o *Overlaps) Len() int { return o.n }

// union are the pixels of all images: for each class those that are of it, and those
// that are so or were answered so, and that are both.
type union [Classes]struct{ hits, truth, either int64 }

// add adds an image's share of some rings, or takes it away, and returns how many pixels
// that is.
func (u *union) add(own []overlap, from, to int, sign int64) (pixels int64) {
	for _, c := range own {
		if int(c.ring) >= from && int(c.ring) < to {
			u[c.class].hits += sign * int64(c.hits)
			u[c.class].truth += sign * int64(c.truth)
			u[c.class].either += sign * int64(c.truth+c.said-c.hits)
			pixels += int64(c.truth)
		}
	}
	return pixels
}

// iou is the mean over the classes that occur of hits/either: NaN without any.
func (u *union) iou() float64 {
	total, n := 0.0, 0
	for _, c := range u {
		if c.either > 0 {
			total += float64(c.hits) / float64(c.either)
			n++
		}
	}
	return total / float64(n)
}

// accuracy is the share of the pixels that were answered rightly.
func (u *union) accuracy() float64 {
	hits, all := int64(0), int64(0)
	for _, c := range u {
		hits, all = hits+c.hits, all+c.truth
	}
	return float64(hits) / float64(all)
}

// span are rings from … to−1.
type span struct{ from, to int }

// over is what a function says of the unions of some spans of rings, with its 95 % interval over
// the images that have pixels in all of them, by the [jackknife], cut to [least, 1]: none
// under two images, nor where no image makes a difference.
func (o *Overlaps) over(of func([]union) float64, least float64, spans ...span) estimate {
	all := make([]union, len(spans))
	has := make([]bool, len(o.images))
	e := estimate{math.NaN(), math.NaN(), math.NaN(), 0, 0}
	for i, own := range o.images {
		has[i] = true
		for s := range spans {
			pixels := all[s].add(own, spans[s].from, spans[s].to, 1)
			has[i] = has[i] && pixels > 0
			e.n += int(pixels)
		}
		if has[i] {
			e.images++
		}
	}
	e.value = of(all)
	if e.images < 2 {
		return e
	}
	var without []float64
	for i, own := range o.images {
		if !has[i] {
			continue
		}
		for s := range spans {
			all[s].add(own, spans[s].from, spans[s].to, -1)
		}
		without = append(without, of(all))
		for s := range spans {
			all[s].add(own, spans[s].from, spans[s].to, 1)
		}
	}
	if low, high := JackknifeOf(e.value, without); low < high {
		e.low, e.high = math.Max(least, low), math.Min(1, high)
	}
	return e
}

// A Share is a score of label pictures, in 0 … 1, with its interval over images by the
// jackknife. N counts pixels.
type Share struct {
	*Overlaps
	of func(*union) float64
}

// MeanIoU is the mean, over the classes that occur in labels or answers, of hits / (hits
// + misses + false alarms) over the pixels of all images.
func (o *Overlaps) MeanIoU() Share { return Share{o, (*union).iou} }

// Accuracy is the share of the pixels whose class is right.
func (o *Overlaps) Accuracy() Share { return Share{o, (*union).accuracy} }

func (s Share) in(from, to int) estimate {
	return s.over(func(u []union) float64 { return s.of(&u[0]) }, 0, span{from, to})
}

// Score is that of all pixels.
func (s Share) Score(name string) metric.Score {
	return s.in(0, s.rings).score(name, "", math.NaN())
}

// Profile is that of every ring.
func (s Share) Profile(name string) metric.Profile {
	p := metric.Profile{Key: metric.Key{Metric: name}, Unit: "rings"}
	for d := range s.rings {
		p.Rings = append(p.Rings, s.in(d, d+1).point(d, math.NaN()))
	}
	return p
}

// Gap is that at the border, in ring 0, less that of all other rings.
func (s Share) Gap(name string) metric.Score {
	gap := func(u []union) float64 { return s.of(&u[0]) - s.of(&u[1]) }
	return s.over(gap, -1, span{0, 1}, span{1, s.rings}).score(name, "", math.NaN())
}
