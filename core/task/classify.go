package task

import (
	"padlab/core/border"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
)

// Classify is location-dependent image classification (Islam et al. 2021): a
// patch stands in any cell, and the network says what it shows. Chance is one
// over the number of classes.
//
// Beside the accuracy it scores "border-interior", the accuracy over the
// cells at the border less that over all others, image by image; and how many
// images get the same answer in all cells.
type Classify struct{ *Canvas }

func (c *Classify) Place() *Canvas { return c.Canvas }

func (c *Classify) Outputs() int { return len(c.Classes) }

func (c *Classify) PerPixel() bool { return false }

func (c *Classify) Learn(t *nn.Trainer, seed uint64) func(*kernel.Crew, int) (float64, bool) {
	at := 0
	sample := func(i int, x []float32) int {
		image, _ := c.Sample(seed, at, i, x)
		return int(c.train.labels[image])
	}
	return func(crew *kernel.Crew, step int) (float64, bool) {
		at = step
		return t.Step(crew, sample)
	}
}

func (c *Classify) Examine(images, _ int) Exam {
	right := func(image, _ int) int { return int(c.test.labels[image]) }
	return &hits{c.Canvas, border.NewTally(c.Grid, images), make([]float64, images), right, 1 / float64(len(c.Classes))}
}
