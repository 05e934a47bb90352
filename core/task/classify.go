package task

import (
	"padlab/core/border"
	"padlab/core/metric"
)

// classify is location-dependent image classification (Islam et al. 2021): a
// patch stands in any cell, and the network says what it shows. Chance is one
// over the number of classes.
//
// Beside the accuracy it scores "border-interior", the accuracy over the
// cells at the border less that over all others, image by image; and how many
// images get the same answer in all cells.
var classify = Task{
	Name:     "classify",
	Question: "what the patch shows",
	About:    "a patch stands in any cell of the canvas, and the network says what it shows",
	problem:  func(s *Source, spec Spec) Problem { return &classifying{Canvas: s.Canvas(spec)} },
}

type classifying struct {
	*Canvas
	single
}

func (c *classifying) Answers() int { return len(c.Classes) }

func (c *classifying) Sample(seed uint64, step, i int, x []float32, labels []int32) {
	image, _ := c.sample(seed, step, i, x)
	labels[0] = int32(c.train.labels[image])
}

func (c *classifying) Examine(images int) Exam {
	right := func(image, _ int) int32 { return int32(c.test.labels[image]) }
	return classified{newHits(c.Canvas, images, 1/float64(len(c.Classes)), right)}
}

// classified is the exam of classify: hits, and how they depend on the cell.
type classified struct{ *hits }

func (c classified) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	scores, profiles, maps := c.hits.Results()
	if gap, ok := c.tally.Gap(metric.BorderInterior, testImages, 1); ok {
		scores = append(scores, gap)
	}
	same := make([]float64, len(c.same))
	for i, v := range c.same {
		same[i] = float64(v)
	}
	mean, low, high := border.Proportion(same, 1)
	scores = append(scores, metric.Score{Key: metric.Key{Metric: metric.SameAnswer, Images: testImages},
		Value: metric.Number(mean), Low: metric.Number(low), High: metric.Number(high), N: len(c.same), Chance: metric.Number(c.chance)})
	return scores, profiles, maps
}
