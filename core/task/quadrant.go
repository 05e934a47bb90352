package task

import (
	"fmt"
	"slices"

	"padlab/core/metric"
	"padlab/core/rng"
)

// quadrant is the quadrant task of Kayhan and van Gemert (2020): a patch stands near
// the top left or the bottom right corner of an empty picture, and the network says
// which. It may stand as far from both borders as the spec's border, in pixels; a
// network whose outputs see fewer pixels than lie between patch and border cannot
// tell, and the profile falls off a cliff there. Chance is 1/2.
//
// They draw the patch on one spot and pad it with more and more pixels, a network for
// each; here one network learns all distances at once: 0, 8, 16 … pixels.
var quadrant = Task{
	Name:     "quadrant",
	Question: "in which corner the patch is",
	About:    "a patch stands near the top left or the bottom right corner, and the network says which",
	problem:  func(s *Source, spec Spec) Problem { return newQuadrants(s, spec) },
	side:     func(s Spec) int { return 2 * (s.Patch + s.Border) },
	rings:    func(s Spec) int { return s.Border/quadrantStep + 1 },
	check: func(s Spec) error {
		if s.Border%quadrantStep != 0 {
			return fmt.Errorf("canvas.border must be a multiple of %d, which the strides of most networks divide: %d", quadrantStep, s.Border)
		}
		return nil
	},
	Corners: true,
}

// quadrantStep is how far one distance is from the next, in pixels.
const quadrantStep = 8

type quadrants struct {
	*Canvas // of one cell: the patches
	single
	border int
}

func newQuadrants(s *Source, spec Spec) *quadrants {
	border := spec.Border
	spec.Grid, spec.Border = 1, 0
	patch := s.Canvas(spec)
	own := *patch // with an empty picture of its own size
	q := &quadrants{Canvas: &own, border: border}
	own.empty = slices.Repeat(patch.empty[:own.Channels], q.side()*q.side())
	return q
}

func (q *quadrants) side() int { return 2 * (q.Patch + q.border) }

// distances is how many there are.
func (q *quadrants) distances() int { return q.border/quadrantStep + 1 }

func (q *quadrants) Shape() (h, w, c int) { return q.side(), q.side(), q.Channels }
func (q *quadrants) Cell() int            { return 0 }
func (q *quadrants) Answers() int         { return 2 }
func (q *quadrants) Names() []string      { return []string{"top left", "bottom right"} }

// Views are both corners at every distance: 2·n is the top left at the n-th.
func (q *quadrants) Views() int                { return 2 * q.distances() }
func (q *quadrants) Right(_, view int) int32   { return int32(view % 2) }
func (q *quadrants) at(view int) (row int)     { return q.corner(view/2*quadrantStep, view%2) }
func (q *quadrants) corner(far, which int) int { return far + which*(q.side()-q.Patch-2*far) }

func (q *quadrants) Sample(seed uint64, step, i int, x []float32, labels []int32) {
	s := rng.New(seed, "sample", uint64(step), uint64(i))
	image, view := s.IntN(len(q.train.labels)), s.IntN(q.Views())
	q.ground(x, seed, "canvas", uint64(step), uint64(i))
	q.put(x, q.train, image, view)
	labels[0] = q.Right(image, view)
}

func (q *quadrants) Draw(x []float32, image, view int) {
	q.ground(x, 1, "test canvas", uint64(image), uint64(view))
	q.put(x, q.test, image, view)
}

// put puts a patch where it stands in a view.
func (q *quadrants) put(x []float32, from patches, image, view int) {
	line, width, at := q.Patch*q.Channels, q.side()*q.Channels, q.at(view)
	patch := from.values[image*q.patchLen() : (image+1)*q.patchLen()]
	for row := range q.Patch {
		copy(x[(at+row)*width+at*q.Channels:], patch[row*line:(row+1)*line])
	}
}

func (q *quadrants) Examine(images int) Exam {
	return cornered{newViews(images, q.Views(), 2, q.Right), q}
}

// cornered is the exam of quadrant.
type cornered struct {
	*views
	*quadrants
}

func (c cornered) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	hits, all := c.hits(), []int{}
	p := metric.Profile{Key: metric.Key{Metric: metric.Accuracy, Images: TestImages}, Unit: "pixels"}
	for d := range c.distances() {
		p.Rings = append(p.Rings, hits.Point(d*quadrantStep, .5, 2*d, 2*d+1))
		all = append(all, 2*d, 2*d+1)
	}
	return []metric.Score{hits.Score(metric.Accuracy, TestImages, .5, all...)}, []metric.Profile{p}, nil
}

// Corners returns how many views quadrant has of an image, and what draws them with
// noise in place of the image, which has no margin that looks like the canvas. Several
// goroutines may draw.
func Corners(s *Source, spec Spec) (views int, draw func(x []float32, view int)) {
	q := newQuadrants(s, spec)
	noise := make([]float32, q.patchLen())
	marks := rng.New(1, "mark")
	marks.Uniform(noise, 1)
	return q.Views(), func(x []float32, view int) {
		copy(x, q.empty)
		q.put(x, patches{values: noise}, 0, view)
	}
}
