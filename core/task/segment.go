package task

import (
	"padlab/core/border"
	"padlab/core/exact"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
)

// Segment is location-dependent image segmentation (Islam et al. 2021): a patch
// stands in any cell, and the network says of every pixel of the canvas what it
// shows. The classes are those of the images, for pixels of the patch brighter
// than a tenth in any channel, and behind them the background.
//
// It learns by pixel cross-entropy with ENet's class weights,
// w_c = 1/ln(1.02 + p_c) (Paszke et al. 2016), where p_c is the share of class
// c among all pixels of all placements.
//
// Its accuracy is that of the pixels that belong to a class, by the cell in
// which the patch stands. The mean intersection over union (mIoU) is over the
// classes that occur in truth or answer, of the whole canvas by the cell in
// which the patch stands, and of all canvases by the distance of a pixel to the
// border; "pixel-accuracy" counts the background, too.
type Segment struct {
	*Canvas
	weights  []float32 // of each class
	weightOf []float64 // of all pixels of a canvas with that training image, wherever it stands
}

func newSegment(c *Canvas) *Segment {
	s := &Segment{Canvas: c}
	count := make([]float64, s.Outputs())
	for i, ink := range c.train.ink {
		if ink {
			count[c.train.labels[i/(c.Patch*c.Patch)]]++
		}
	}
	all := float64(len(c.train.ink) * c.Cells())
	ink := 0.0
	for _, n := range count {
		ink += n
	}
	count[s.background()] = all - ink
	for _, n := range count {
		s.weights = append(s.weights, float32(1/exact.Log(1.02+n/all)))
	}
	truth := make([]int32, c.Shape().H*c.Shape().W)
	for image := range c.train.labels {
		s.label(truth, c.train, image, 0)
		s.weightOf = append(s.weightOf, nn.ClassWeight(truth, s.weights))
	}
	return s
}

func (s *Segment) Place() *Canvas { return s.Canvas }

func (s *Segment) Outputs() int { return len(s.Classes) + 1 }

func (s *Segment) background() int { return len(s.Classes) }

func (s *Segment) PerPixel() bool { return true }

// label sets truth to the classes of the canvas with a patch in a cell.
func (s *Segment) label(truth []int32, from patches, image, cell int) {
	for i := range truth {
		truth[i] = int32(s.background())
	}
	ink := from.ink[image*s.Patch*s.Patch:]
	side := s.Grid * s.Patch
	for row := range s.Patch {
		for col := range s.Patch {
			if ink[row*s.Patch+col] {
				truth[(cell/s.Grid*s.Patch+row)*side+cell%s.Grid*s.Patch+col] = int32(from.labels[image])
			}
		}
	}
}

func (s *Segment) Learn(t *nn.Trainer, seed uint64) func(*kernel.Crew, int) (float64, bool) {
	at := 0
	pixels := s.Shape().H * s.Shape().W
	truth := make([][]int32, t.Size())
	for i := range truth {
		truth[i] = make([]int32, pixels)
	}
	sample := func(i int, x []float32) {
		image, cell := s.Sample(seed, at, i, x)
		s.label(truth[i], s.train, image, cell)
	}
	norm := 0.0 // the weights of all pixels of the batch
	loss := func(c *nn.LossScratch, i int, dz, z []float32) float64 {
		return nn.PixelCrossEntropy(c.Kernel, c.Parts, dz, z, truth[i], s.weights, norm, 1)
	}
	return func(crew *kernel.Crew, step int) (float64, bool) {
		at, norm = step, 0
		for i := range truth {
			image, _ := s.draw(seed, step, i)
			norm += s.weightOf[image]
		}
		return t.StepWithLoss(crew, sample, loss)
	}
}

func (s *Segment) Examine(images, workers int) Exam {
	e := &segments{Segment: s, tally: border.NewTally(s.Grid, images)}
	side := s.Shape().H
	classes := s.Outputs()
	e.byCell = border.NewConfusions(images, border.Rings(s.Grid), classes)
	e.byPixel = border.NewConfusions(images, border.AllSides.Rings(side, side), classes)
	for range workers {
		e.truth = append(e.truth, make([]int32, side*side))
	}
	return e
}

// segments is the exam.
type segments struct {
	*Segment
	tally           *border.Tally // accuracy of pixels that are not background
	byCell, byPixel *border.Confusions
	truth           [][]int32 // of each worker
}

func (e *segments) Show(worker int, tape *nn.Tape, image int) {
	truth, side, classes := e.truth[worker], e.Shape().H, e.Outputs()
	background := int32(e.background())
	for cell, shares := 0, e.tally.Of(image); cell < len(shares); cell++ {
		e.label(truth, e.test, image, cell)
		z := e.show(tape, image, cell)
		ring := border.Ring(cell, e.Grid)
		right, ink := 0, 0
		for p, label := range truth {
			answer := nn.Argmax(z[p*classes : (p+1)*classes])
			e.byCell.Count(image, ring, int(label), answer)
			e.byPixel.Count(image, border.AllSides.Distance(p/side, p%side, side, side), int(label), answer)
			if label != background {
				ink++
				if answer == int(label) {
					right++
				}
			}
		}
		shares[cell] = 0
		if ink > 0 {
			shares[cell] = float32(right) / float32(ink)
		}
	}
}

func (e *segments) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	chance := 1 / float64(e.Outputs())
	scores := []metric.Score{e.tally.Score(metric.Accuracy, testImages, chance)}
	for _, s := range []struct {
		name string
		from int
	}{{metric.BorderInterior, 1}, {metric.BorderCentre, border.Rings(e.Grid) - 1}} {
		if gap, ok := e.tally.Gap(s.name, testImages, s.from); ok {
			scores = append(scores, gap)
		}
	}
	scores = append(scores, e.byCell.MeanIoU(metric.MIoU, testImages), e.byPixel.Accuracy(metric.PixelAccuracy, testImages))
	profiles := []metric.Profile{
		e.tally.Profile(metric.Accuracy, testImages, chance),
		e.byCell.MeanIoUProfile(metric.MIoU, testImages, "cells"),
		e.byPixel.MeanIoUProfile(metric.MIoU, testImages, "pixels"),
		e.byPixel.AccuracyProfile(metric.PixelAccuracy, testImages, "pixels"),
	}
	return scores, profiles, []metric.Map{e.tally.Map(metric.Accuracy, testImages)}
}
