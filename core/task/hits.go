package task

import (
	"fmt"

	"padlab/core/border"
	"padlab/core/metric"
)

// hits is the exam of a task on a canvas with one answer per picture, which is
// the class of its largest number.
type hits struct {
	*Canvas
	answers *border.Answers
	right   func(image, cell int) int32
	chance  float64
}

func newHits(c *Canvas, images, labels int, right func(image, cell int) int32) *hits {
	return &hits{c, border.NewAnswers(c.Grid, images, labels), right, 1 / float64(labels)}
}

func (h *hits) Tally(image, cell int, answer []float32) {
	h.answers.Of(image)[cell] = largest(answer)
}

// State holds answers as float32: they are far below 2²⁴.
func (h *hits) State() []float32 {
	var state []float32
	for _, said := range h.answers.All() {
		state = append(state, float32(said))
	}
	return state
}

func (h *hits) Restore(state []float32) error {
	answers := h.answers.All()
	said := make([]float32, len(answers))
	if err := fill(state, said); err != nil {
		return err
	}
	for _, v := range said {
		if s := int32(v); float32(s) != v || s < 0 || int(s) >= h.answers.Labels {
			return fmt.Errorf("the state of an examination has the answer %g, of %d", v, h.answers.Labels)
		}
	}
	for i, v := range said {
		answers[i] = int32(v)
	}
	return nil
}

// results are the accuracy and what the answers are worth beyond guessing.
func (h *hits) results(tally *border.Tally, beyond border.Informedness) ([]metric.Score, []metric.Profile, []metric.Map) {
	return []metric.Score{tally.Score(metric.Accuracy, TestImages, h.chance), beyond.Score(metric.BeyondGuessing, TestImages)},
		[]metric.Profile{tally.Profile(metric.Accuracy, TestImages, h.chance), beyond.Profile(metric.BeyondGuessing, TestImages)},
		[]metric.Map{tally.Map(metric.Accuracy, TestImages), beyond.Map(metric.BeyondGuessing, TestImages)}
}
