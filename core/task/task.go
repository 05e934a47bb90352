// Package task holds what a network can learn: one table, with a row and a file
// for each task, which say how samples are made from the images of a set, what
// their labels are, and how answers are examined. It knows nothing of networks:
// whoever trains draws the samples, and shows the test pictures.
package task

import (
	"fmt"

	"padlab/core/border"
	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/names"
)

// A Task is a row of the table.
type Task struct {
	Name     string
	Question string // what the network can say: "where the patch is"
	About    string // one line for a person
	PerPixel bool   // the network answers for every pixel of a picture, not once
	Places   bool   // its answers are the cells of the canvas

	Homes   bool // its classes have cells of their own, which they may go with: task.correlation
	Corners bool // its pictures stand in corners: canvas.border says how far from the edges
	Drawn   bool // its pictures are drawn: no images and no canvas are looked at

	// Examinations are how its test pictures are made where that is more than one
	// way, in the order in which they are told.
	Examinations []Examination

	problem func(*Source, Spec) Problem
	side    func(Spec) int   // pixels per side of a picture; nil: all cells of the canvas
	rings   func(Spec) int   // of the profiles; nil: those of the canvas, where the pictures are one
	check   func(Spec) error // nil, or what is wrong with a canvas for this task
}

// An Examination is a way to make test pictures: what its scores call their images, a
// label for a chart, and its words behind "right in 71 %".
type Examination struct{ Images, Label, Words string }

var table = []Task{location, classify, segment, quadrant, redGreen, rook}

// All returns the table.
func All() []Task { return append([]Task(nil), table...) }

// Names returns the names of all tasks.
func Names() []string {
	var list []string
	for _, t := range table {
		list = append(list, t.Name)
	}
	return list
}

// Find returns the task of that name. The error lists the known ones.
func Find(name string) (Task, error) {
	for _, t := range table {
		if t.Name == name {
			return t, nil
		}
	}
	return Task{}, names.Unknown("task", name, Names())
}

// Must is Find for names that are known to exist. It panics at others.
func Must(name string) Task {
	t, err := Find(name)
	if err != nil {
		panic("task: " + err.Error())
	}
	return t
}

// Check returns why there is nothing to learn on a canvas of that spec.
func (t Task) Check(s Spec) error {
	if t.check == nil {
		return nil
	}
	return t.check(s)
}

// Side is how many pixels a picture of the task has per side.
func (t Task) Side(s Spec) int {
	if t.side == nil {
		return s.Grid * s.Patch
	}
	return t.side(s)
}

// Rings is how many distances to the border the profiles of the task have.
func (t Task) Rings(s Spec) int {
	switch {
	case t.rings != nil:
		return t.rings(s)
	case t.Cells():
		return border.Rings(s.Grid)
	}
	return 0
}

// Cells reports whether the pictures of the task are a canvas of cells.
func (t Task) Cells() bool { return t.side == nil }

// On returns the task on the images of a source. The spec is for tasks that
// have a canvas.
func (t Task) On(s *Source, spec Spec) Problem { return t.problem(s, spec) }

// A Source is an image set with the canvases that were made from it, so that
// tasks with the same canvas share it. It belongs to one goroutine.
type Source struct {
	Set      *images.Set
	canvases map[Spec]*Canvas
}

// NewSource returns a source without canvases.
func NewSource(set *images.Set) *Source { return &Source{set, map[Spec]*Canvas{}} }

// Bytes is how much memory the canvas of a spec would take besides those that
// there are: all images of the set, scaled to its cells.
func (s *Source) Bytes(spec Spec) int64 {
	spec.Correlation, spec.Border = 0, 0
	if s.canvases[spec] != nil {
		return 0
	}
	images := int64(s.Set.Train.Len() + s.Set.Test.Len())
	pixels := int64(spec.Patch) * int64(spec.Patch)
	return images * pixels * (4*int64(s.Set.C) + 1) // a byte for what is ink
}

// Canvas returns the canvas of a spec, which is made when it is first asked
// for.
func (s *Source) Canvas(spec Spec) *Canvas {
	spec.Correlation, spec.Border = 0, 0
	if s.canvases[spec] == nil {
		s.canvases[spec] = newCanvas(s.Set, spec)
	}
	return s.canvases[spec]
}

// A Problem is a task on the pictures of one set. Several goroutines may use
// it.
type Problem interface {
	Shape() (h, w, c int) // of a picture
	Answers() int         // channels of the network's answer: one per class
	Cell() int            // pixels per side of a cell of the canvas, 0 without a canvas
	TestImages() int      // how many images an examination may use
	Views() int           // pictures that an examination shows of each image

	// Names are those of the answers, or of a task that answers for every pixel those
	// of its classes and of the background behind them.
	Names() []string

	// Right is the right answer to a view of a test image; where every pixel has an
	// answer, the class of the image.
	Right(image, view int) int32

	// Sample writes training sample i of a step to x, h×w×c, and its labels:
	// one, or one per pixel, row by row. Both depend on (seed, step, i) alone.
	Sample(seed uint64, step, i int, x []float32, labels []int32)

	// Weights are those of the classes in the loss; nil: all weigh 1.
	Weights() []float32

	// Weight is the sum of the weights of all labels of that sample. The loss
	// of a batch is divided by that of its samples.
	Weight(seed uint64, step, i int) float64

	// Examine starts an examination over the first so many test images.
	Examine(images int) Exam
}

// An Exam draws test pictures and tallies what a network answers. Different
// images may be examined at the same time, the views of one image in order: 0 …
// Views−1.
type Exam interface {
	// Draw writes a view of test image i to x, h×w×c.
	Draw(x []float32, image, view int)

	// Tally takes the answer to that picture: one number per class, or as many
	// for every pixel, row by row.
	Tally(image, view int, answer []float32)

	// State is all that was tallied so far, and Restore takes it back; it is an
	// error when it is not that of such an examination.
	State() []float32
	Restore(state []float32) error

	// Results are the scores, the most important first, the profiles and the
	// maps, once all images were shown.
	Results() ([]metric.Score, []metric.Profile, []metric.Map)
}

// fill copies a state into the parts that it was put together from.
func fill(state []float32, parts ...[]float32) error {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if len(state) != n {
		return fmt.Errorf("the state of an examination has %d numbers, not %d", len(state), n)
	}
	for _, p := range parts {
		state = state[copy(p, state):]
	}
	return nil
}

// TestImages is what scores of tasks are over, where a patch stands in every cell.
const TestImages = "test"

// single is embedded by problems with one label per sample, all classes of
// which weigh 1.
type single struct{}

func (single) Weights() []float32              { return nil }
func (single) Weight(uint64, int, int) float64 { return 1 }

// largest is the class that an answer is for: that of the largest number, the
// first of several.
func largest(answer []float32) int32 {
	best := 0
	for i, v := range answer {
		if v > answer[best] {
			best = i
		}
	}
	return int32(best)
}
