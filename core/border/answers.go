package border

import (
	"fmt"

	"padlab/core/metric"
)

// Answers are what a network said of every image in every cell: one of so many
// labels, 0 … Labels−1. Different images may be set by different goroutines.
type Answers struct {
	Grid, Images, Labels int
	said                 []int32 // [image][cell]
}

// NewAnswers returns answers that are all 0. It panics if a number is below 1.
func NewAnswers(grid, images, labels int) *Answers {
	if grid < 1 || images < 1 || labels < 1 {
		panic(fmt.Sprintf("border: answers of %d labels for %d images on a %d×%d grid", labels, images, grid, grid))
	}
	return &Answers{grid, images, labels, make([]int32, images*grid*grid)}
}

// Of returns the answers for one image, cell by cell, to be filled in.
func (a *Answers) Of(image int) []int32 {
	cells := a.cells()
	return a.said[image*cells : (image+1)*cells : (image+1)*cells]
}

// All are those for all images, one after the other; they are the answers' own.
func (a *Answers) All() []int32 { return a.said }

func (a *Answers) cells() int { return a.Grid * a.Grid }

// Hits is 1 wherever the answer is the right one.
func (a *Answers) Hits(right func(image, cell int) int32) *Tally {
	t := NewTally(a.Grid, a.Images, 1)
	for image := range a.Images {
		hits := t.Of(image)
		for cell, said := range a.Of(image) {
			if said == right(image, cell) {
				hits[cell] = 1
			}
		}
	}
	return t
}

// SameAnswer is the share of images that get one answer in all cells.
func (a *Answers) SameAnswer(name, images string, chance float64) metric.Score {
	same := make([]float64, a.Images)
	for image := range same {
		same[image] = 1
		said := a.Of(image)
		for _, other := range said {
			if other != said[0] {
				same[image] = 0
			}
		}
	}
	mean, low, high := Proportion(same, 1)
	return estimate{mean, low, high, a.Images, a.Images}.score(name, images, chance)
}
