package task

import (
	"padlab/core/metric"
	"padlab/core/rng"
)

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
	Homes:    true,
	Examinations: []Examination{
		{AsTrained, "as trained", "as in training"}, {TestImages, "anywhere", "anywhere"}, {Moved, "moved", "where another class stood"},
	},
	problem: func(s *Source, spec Spec) Problem {
		c := &classifying{Canvas: s.Canvas(spec), correlation: spec.Correlation}
		for class := range c.Classes {
			c.homes = append(c.homes, c.home(class))
		}
		return c
	},
}

// What scores call test pictures in which the class goes with a place: with its own, or
// with the first of another class, that of class c with that of class c + n/2 of n.
const (
	AsTrained = "as-trained"
	Moved     = "moved"
)

type classifying struct {
	*Canvas
	single
	correlation float64
	homes       [][]int // the cells of each class
}

func (c *classifying) Answers() int    { return len(c.Classes) }
func (c *classifying) Names() []string { return c.Classes }

func (c *classifying) Right(image, _ int) int32 { return int32(c.test.labels[image]) }

func (c *classifying) Sample(seed uint64, step, i int, x []float32, labels []int32) {
	image, cell := c.draw(seed, step, i)
	class := int(c.train.labels[image])
	if s := rng.New(seed, "correlation", uint64(step), uint64(i)); s.Float32() < float32(c.correlation) {
		own := c.homes[class]
		cell = own[s.IntN(len(own))]
	}
	c.ground(x, seed, "canvas", uint64(step), uint64(i))
	c.paste(x, c.train, image, cell)
	labels[0] = int32(class)
}

func (c *classifying) Examine(images int) Exam {
	exam := classified{hits: newHits(c.Canvas, images, len(c.Classes), c.Right)}
	if c.correlation > 0 {
		exam.homes = c.homes
	}
	return exam
}

// classified is the exam of classify.
type classified struct {
	*hits
	homes [][]int // the cells of each class, where it goes with a place in training
}

func (c classified) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	classes := make([]int32, c.answers.Images)
	for image := range classes {
		classes[image] = c.right(image, 0)
	}
	tally := c.answers.Hits(c.right)
	scores, profiles, maps := c.results(tally, c.answers.Classes(classes))
	if n := len(c.homes); n > 0 {
		scores = append(scores,
			tally.Where(metric.Accuracy, AsTrained, c.chance, func(image int) []int { return c.homes[classes[image]] }),
			tally.Where(metric.Accuracy, Moved, c.chance, func(image int) []int { return c.homes[(int(classes[image])+n/2)%n][:1] }))
	}
	if gap, ok := tally.Gap(metric.BorderInterior, TestImages, 1); ok {
		scores = append(scores, gap)
	}
	return append(scores, c.answers.SameAnswer(metric.SameAnswer, TestImages, c.chance)), profiles, maps
}
