package task

import (
	"slices"

	"padlab/core/border"
	"padlab/core/metric"
)

// hits is the exam of a task on a canvas with one answer per picture: 1 where
// the largest number of the answer is that of the right class, else 0.
type hits struct {
	*Canvas
	tally  *border.Tally
	first  []float32 // of each image: the answer with the patch in the first cell
	same   []float32 // of each image: 1 if the answer is that one in all cells
	right  func(image, cell int) int32
	chance float64
}

func newHits(c *Canvas, images int, chance float64, right func(image, cell int) int32) *hits {
	return &hits{c, border.NewTally(c.Grid, images, 1), make([]float32, images), make([]float32, images), right, chance}
}

func (h *hits) Tally(image, cell int, answer []float32) {
	said, hit := largest(answer), float32(0)
	if said == h.right(image, cell) {
		hit = 1
	}
	h.tally.Of(image)[cell] = hit
	if cell == 0 {
		h.first[image], h.same[image] = float32(said), 1
	}
	if float32(said) != h.first[image] {
		h.same[image] = 0
	}
}

func (h *hits) State() []float32 { return slices.Concat(h.tally.Values(), h.first, h.same) }

func (h *hits) Restore(state []float32) error { return fill(state, h.tally.Values(), h.first, h.same) }

func (h *hits) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	return []metric.Score{h.tally.Score(metric.Accuracy, testImages, h.chance)},
		[]metric.Profile{h.tally.Profile(metric.Accuracy, testImages, h.chance)},
		[]metric.Map{h.tally.Map(metric.Accuracy, testImages)}
}
