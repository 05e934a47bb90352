package task

import (
	"errors"
	"fmt"

	"padlab/core/metric"
)

// location is location classification (Islam et al. 2021): a patch stands in
// one cell of a k×k canvas, and the network says in which. The label of cell
// (row, col) is row·k + col; chance is 1/k².
//
// Beside the accuracy it scores "beyond-guessing", which no favourite answer
// raises, and "information", how far the answers tell cells apart, right or
// wrong.
var location = Task{
	Name:     "location",
	Question: "where the patch is",
	Places:   true,
	About:    "a patch stands in one cell of the canvas, and the network says in which",
	problem:  func(s *Source, spec Spec) Problem { return &locating{Canvas: s.Canvas(spec)} },
	check: func(s Spec) error {
		if s.Grid < 2 {
			return errors.New("a canvas of one cell leaves nothing to locate: canvas.grid must be at least 2")
		}
		return nil
	},
}

type locating struct {
	*Canvas
	single
}

func (l *locating) Answers() int { return l.cells() }

func (l *locating) Names() (list []string) {
	for cell := range l.cells() {
		list = append(list, fmt.Sprintf("row %d, column %d", cell/l.Grid+1, cell%l.Grid+1))
	}
	return list
}

func (l *locating) Right(_, cell int) int32 { return int32(cell) }

func (l *locating) Sample(seed uint64, step, i int, x []float32, labels []int32) {
	_, cell := l.sample(seed, step, i, x)
	labels[0] = int32(cell)
}

func (l *locating) Examine(images int) Exam {
	return located{newHits(l.Canvas, images, l.cells(), l.Right)}
}

// located is the exam of location.
type located struct{ *hits }

func (l located) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	scores, profiles, maps := l.results(l.answers.Hits(l.right), l.answers.Places())
	bits := l.answers.Information()
	return append(scores, bits.Score(metric.Information, TestImages)), append(profiles, bits.Profile(metric.Information, TestImages)), maps
}
