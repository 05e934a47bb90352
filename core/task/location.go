// Package task holds what a network learns: how samples are made from the
// images of a set, what their labels are, and how an answer is tallied.
package task

import (
	"fmt"
	"math"

	"padlab/core/border"
	"padlab/core/draw"
	"padlab/core/images"
	"padlab/core/nn"
)

// Location is location classification (Islam et al. 2021): a patch stands in
// one cell of a k×k canvas, and the network says in which. The label of cell
// (row, col) is row·k + col; chance is 1/k².
type Location struct {
	Grid, Patch, Channels int

	empty       []float32 // the canvas without a patch
	train, test []float32 // patches, one after the other; test in the order of evaluation
}

// A LocationSpec is what the task is made from.
type LocationSpec struct {
	Grid      int  // cells per side
	Patch     int  // pixels per side of a cell
	Fill      Fill // of the canvas
	Normalize bool // subtract the mean of the training images and divide by their standard deviation, channel by channel
}

// NewLocation scales all images of the set to the patch by area and keeps
// them. Values are byte/255, so black is what the scheme zeros pads with.
// It panics if a number of the spec is below 1.
func NewLocation(set *images.Set, s LocationSpec) *Location {
	if s.Grid < 1 || s.Patch < 1 {
		panic(fmt.Sprintf("task: %d×%d cells of %d pixels", s.Grid, s.Grid, s.Patch))
	}
	l := &Location{Grid: s.Grid, Patch: s.Patch, Channels: set.C}
	l.train = patches(set, set.Train, inOrder(set.Train.Len()), s.Patch)
	l.test = patches(set, set.Test, set.Test.InTurn(), s.Patch)
	mean, deviation := moments(l.train, set.C)
	l.empty = make([]float32, l.Shape().Len())
	for c := range set.C {
		v := s.Fill.value(mean[c])
		for i := c; i < len(l.empty); i += set.C {
			l.empty[i] = v
		}
	}
	if s.Normalize {
		for _, values := range [][]float32{l.train, l.test, l.empty} {
			for i := range values {
				c := i % set.C
				values[i] = (values[i] - mean[c]) / deviation[c]
			}
		}
	}
	return l
}

func inOrder(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// patches are the chosen images of a split, scaled to patch×patch.
func patches(set *images.Set, split images.Split, order []int, patch int) []float32 {
	size := patch * patch * set.C
	all := make([]float32, len(order)*size)
	for i, image := range order {
		images.AreaAverage(all[i*size:(i+1)*size], patch, patch, split.Image(image), set.H, set.W, set.C)
	}
	return all
}

// moments are mean and standard deviation of each channel; a channel without
// deviation gets 1.
func moments(values []float32, channels int) (mean, deviation []float32) {
	sum, square := make([]float64, channels), make([]float64, channels)
	for i, v := range values {
		sum[i%channels] += float64(v)
		square[i%channels] += float64(float64(v) * float64(v))
	}
	n := float64(len(values) / channels)
	for c := range channels {
		m := sum[c] / n
		d := math.Sqrt(math.Max(0, square[c]/n-float64(m*m)))
		if d < 1e-6 {
			d = 1
		}
		mean, deviation = append(mean, float32(m)), append(deviation, float32(d))
	}
	return mean, deviation
}

// Shape is that of a canvas.
func (l *Location) Shape() nn.Shape {
	return nn.Shape{H: l.Grid * l.Patch, W: l.Grid * l.Patch, C: l.Channels}
}

// Classes is the number of cells.
func (l *Location) Classes() int { return l.Grid * l.Grid }

// Chance is the accuracy of guessing.
func (l *Location) Chance() float64 { return 1 / float64(l.Classes()) }

// TestImages is how many images evaluation may use.
func (l *Location) TestImages() int { return len(l.test) / l.patchLen() }

func (l *Location) patchLen() int { return l.Patch * l.Patch * l.Channels }

// Sample writes training sample i of a step to x and returns its label. Image
// and cell depend on (seed, step, i) alone.
func (l *Location) Sample(seed uint64, step, i int, x []float32) (label int) {
	s := draw.New(seed, "sample", uint64(step), uint64(i))
	image := s.Below(len(l.train) / l.patchLen())
	cell := s.Below(l.Classes())
	l.paste(x, l.train, image, cell)
	return cell
}

// Evaluate shows test image i in every cell and tallies the hits: 1 where the
// largest output is that of the cell. Images are numbered in the order of
// evaluation, the first of each class in turn.
func (l *Location) Evaluate(tally *border.Tally, tape *nn.Tape, i int) {
	hits := tally.Of(i)
	for cell := range hits {
		l.paste(tape.Input(), l.test, i, cell)
		tape.Step = uint64(i*len(hits) + cell) // what the network draws differs from placement to placement
		hits[cell] = 0
		if nn.Argmax(tape.Forward()) == cell {
			hits[cell] = 1
		}
	}
}

// paste empties the canvas x and puts one patch into a cell.
func (l *Location) paste(x, from []float32, image, cell int) {
	copy(x, l.empty)
	line, width := l.Patch*l.Channels, l.Grid*l.Patch*l.Channels
	patch := from[image*l.patchLen() : (image+1)*l.patchLen()]
	corner := cell/l.Grid*l.Patch*width + cell%l.Grid*line
	for row := range l.Patch {
		copy(x[corner+row*width:], patch[row*line:(row+1)*line])
	}
}
