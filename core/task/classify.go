package task

import "padlab/core/metric"

// classify is location-dependent image classification (Islam et al. 2021): a
// patch stands in any cell, and the network says what it shows. Chance is one
// over the number of classes.
//
// Beside the accuracy it scores "beyond-guessing", which no favourite class
// raises; "border-interior", the accuracy over the cells at the border less that
// over all others, image by image; and how many images get the same answer in
// all cells.
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
	return classified{newHits(c.Canvas, images, len(c.Classes), right)}
}

// classified is the exam of classify.
type classified struct{ *hits }

func (c classified) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	classes := make([]int32, c.answers.Images)
	for image := range classes {
		classes[image] = c.right(image, 0)
	}
	tally := c.answers.Hits(c.right)
	scores, profiles, maps := c.results(tally, c.answers.Classes(classes))
	if gap, ok := tally.Gap(metric.BorderInterior, testImages, 1); ok {
		scores = append(scores, gap)
	}
	return append(scores, c.answers.SameAnswer(metric.SameAnswer, testImages, c.chance)), profiles, maps
}
