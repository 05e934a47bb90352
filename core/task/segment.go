package task

import (
	"slices"

	"padlab/core/border"
	"padlab/core/exact"
	"padlab/core/metric"
)

// segment is location-dependent image segmentation (Islam et al. 2021): a patch
// stands in any cell, and the network says of every pixel of the canvas what it
// shows. The classes are those of the images, for pixels of the patch brighter
// than a tenth in any channel, and behind them the background.
//
// The loss weighs classes as ENet does, w_c = 1/ln(1.02 + p_c) (Paszke et al.
// 2016), where p_c is the share of class c among all pixels of all placements.
//
// The accuracy is that of the pixels that belong to a class, by the cell in
// which the patch stands. The mean intersection over union (mIoU) is over the
// classes that occur in truth or answer, of the whole canvas by the cell in
// which the patch stands, and of all canvases by the distance of a pixel to the
// border; "pixel-accuracy" counts the background, too.
var segment = Task{
	Name:     "segment",
	Question: "what a pixel of the patch shows",
	About:    "a patch stands in any cell of the canvas, and the network says of every pixel what it shows",
	PerPixel: true,
	problem:  func(s *Source, spec Spec) Problem { return newSegmenting(s.Canvas(spec)) },
}

type segmenting struct {
	*Canvas
	weights  []float32 // of each class
	weightOf []float64 // of all pixels of a canvas with that training image, wherever it stands
}

func newSegmenting(c *Canvas) *segmenting {
	s := &segmenting{Canvas: c}
	count := make([]float64, s.Answers())
	for i, ink := range c.train.ink {
		if ink {
			count[c.train.labels[i/(c.Patch*c.Patch)]]++
		}
	}
	all := float64(len(c.train.ink) * c.cells())
	ink := 0.0
	for _, n := range count {
		ink += n
	}
	count[s.background()] = all - ink
	for _, n := range count {
		s.weights = append(s.weights, float32(1/exact.Log(1.02+n/all)))
	}
	labels := make([]int32, c.side()*c.side())
	for image := range c.train.labels {
		s.label(labels, c.train, image, 0)
		sum := 0.0
		for _, label := range labels {
			sum += float64(s.weights[label])
		}
		s.weightOf = append(s.weightOf, sum)
	}
	return s
}

func (s *segmenting) Answers() int { return len(s.Classes) + 1 }

func (s *segmenting) Names() []string { return append(slices.Clone(s.Classes), "background") }

func (s *segmenting) Right(image, _ int) int32 { return int32(s.test.labels[image]) }

func (s *segmenting) background() int { return len(s.Classes) }

func (s *segmenting) Weights() []float32 { return s.weights }

func (s *segmenting) Weight(seed uint64, step, i int) float64 {
	image, _ := s.draw(seed, step, i)
	return s.weightOf[image]
}

func (s *segmenting) Sample(seed uint64, step, i int, x []float32, labels []int32) {
	image, cell := s.sample(seed, step, i, x)
	s.label(labels, s.train, image, cell)
}

// label sets labels to the classes of the canvas with a patch in a cell.
func (s *segmenting) label(labels []int32, from patches, image, cell int) {
	side := s.side()
	for i := range labels {
		labels[i] = s.labelOf(i/side, i%side, from, image, cell)
	}
}

// labelOf is the class of pixel (row, col) of the canvas with a patch in a cell.
func (s *segmenting) labelOf(row, col int, from patches, image, cell int) int32 {
	row, col = row-cell/s.Grid*s.Patch, col-cell%s.Grid*s.Patch // of the patch
	if row < 0 || row >= s.Patch || col < 0 || col >= s.Patch || !from.ink[(image*s.Patch+row)*s.Patch+col] {
		return int32(s.background())
	}
	return int32(from.labels[image])
}

func (s *segmenting) Examine(images int) Exam {
	side, classes := s.side(), s.Answers()
	return &segments{s, border.NewTally(s.Grid, images, s.Patch*s.Patch),
		border.NewConfusions(images, border.Rings(s.Grid), classes),
		border.NewConfusions(images, border.AllSides.Rings(side, side), classes)}
}

// segments is the exam of segment.
type segments struct {
	*segmenting
	tally           *border.Tally // accuracy of pixels that are not background
	byCell, byPixel *border.Confusions
}

func (e *segments) Tally(image, cell int, answer []float32) {
	side, classes := e.side(), e.Answers()
	ring := border.Ring(cell, e.Grid)
	right, ink := 0, 0
	for p := range side * side {
		row, col := p/side, p%side
		label := e.labelOf(row, col, e.test, image, cell)
		said := largest(answer[p*classes : (p+1)*classes])
		e.byCell.Count(image, ring, int(label), int(said))
		e.byPixel.Count(image, border.AllSides.Distance(row, col, side, side), int(label), int(said))
		if int(label) != e.background() {
			ink++
			if said == label {
				right++
			}
		}
	}
	share := float32(0)
	if ink > 0 {
		share = float32(right) / float32(ink)
	}
	e.tally.Of(image)[cell] = share
}

// State holds counts as float32: a count is at most the pixels of a canvas in all
// of its cells' views, far below 2²⁴.
func (e *segments) State() []float32 {
	state := slices.Clone(e.tally.Values())
	for _, c := range []*border.Confusions{e.byCell, e.byPixel} {
		for _, n := range c.Counts() {
			state = append(state, float32(n))
		}
	}
	return state
}

func (e *segments) Restore(state []float32) error {
	byCell, byPixel := e.byCell.Counts(), e.byPixel.Counts()
	counts := make([]float32, len(byCell)+len(byPixel))
	if err := fill(state, e.tally.Values(), counts); err != nil {
		return err
	}
	for i, n := range counts[:len(byCell)] {
		byCell[i] = int32(n)
	}
	for i, n := range counts[len(byCell):] {
		byPixel[i] = int32(n)
	}
	return nil
}

func (e *segments) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	chance := 1 / float64(e.Answers())
	scores := []metric.Score{e.tally.Score(metric.Accuracy, TestImages, chance)}
	for _, s := range []struct {
		name string
		from int
	}{{metric.BorderInterior, 1}, {metric.BorderCentre, border.Rings(e.Grid) - 1}} {
		if gap, ok := e.tally.Gap(s.name, TestImages, s.from); ok {
			scores = append(scores, gap)
		}
	}
	scores = append(scores, e.byCell.MeanIoU(metric.MIoU, TestImages), e.byPixel.Accuracy(metric.PixelAccuracy, TestImages))
	profiles := []metric.Profile{
		e.tally.Profile(metric.Accuracy, TestImages, chance),
		e.byCell.MeanIoUProfile(metric.MIoU, TestImages, "cells"),
		e.byPixel.MeanIoUProfile(metric.MIoU, TestImages, "pixels"),
		e.byPixel.AccuracyProfile(metric.PixelAccuracy, TestImages, "pixels"),
	}
	return scores, profiles, []metric.Map{e.tally.Map(metric.Accuracy, TestImages)}
}
