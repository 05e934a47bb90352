package task

import (
	"padlab/core/border"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
)

// Location is location classification (Islam et al. 2021): a patch stands in
// one cell of a k×k canvas, and the network says in which. The label of cell
// (row, col) is row·k + col; chance is 1/k².
type Location struct{ *Canvas }

func (l *Location) Place() *Canvas { return l.Canvas }

func (l *Location) Outputs() int { return l.Cells() }

func (l *Location) PerPixel() bool { return false }

func (l *Location) Learn(t *nn.Trainer, seed uint64) func(*kernel.Crew, int) (float64, bool) {
	at := 0
	sample := func(i int, x []float32) int {
		_, cell := l.Sample(seed, at, i, x)
		return cell
	}
	return func(crew *kernel.Crew, step int) (float64, bool) {
		at = step
		return t.Step(crew, sample)
	}
}

func (l *Location) Examine(images, _ int) Exam {
	return &hits{l.Canvas, border.NewTally(l.Grid, images), nil, func(_, cell int) int { return cell }, 1 / float64(l.Cells())}
}

// hits is the exam of a task with one answer per picture: 1 where the largest
// output is the one that is right, else 0.
type hits struct {
	*Canvas
	tally  *border.Tally
	same   []float64 // of each image: 1 if the answer is the same in all cells; nil: nobody asks
	right  func(image, cell int) int
	chance float64
}

func (h *hits) Show(_ int, tape *nn.Tape, image int) {
	first, same := -1, 1.0
	for cell, list := 0, h.tally.Of(image); cell < len(list); cell++ {
		answer := nn.Argmax(h.show(tape, image, cell))
		list[cell] = 0
		if answer == h.right(image, cell) {
			list[cell] = 1
		}
		if first < 0 {
			first = answer
		}
		if answer != first {
			same = 0
		}
	}
	if h.same != nil {
		h.same[image] = same
	}
}

func (h *hits) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	scores := []metric.Score{h.tally.Score(metric.Accuracy, testImages, h.chance)}
	if h.same != nil {
		if gap, ok := h.tally.Gap(metric.BorderInterior, testImages, 1); ok {
			scores = append(scores, gap)
		}
		mean, low, high := border.Interval(h.same)
		scores = append(scores, metric.Score{Key: metric.Key{Metric: metric.SameAnswer, Images: testImages},
			Value: metric.Number(mean), Low: metric.Number(low), High: metric.Number(high), N: len(h.same), Chance: metric.Number(h.chance)})
	}
	return scores, []metric.Profile{h.tally.Profile(metric.Accuracy, testImages, h.chance)}, []metric.Map{h.tally.Map(metric.Accuracy, testImages)}
}
