package task

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/images"
	"padlab/core/rng"
)

// A Canvas is k×k cells, in one of which a patch stands.
type Canvas struct {
	Grid, Patch, Channels int
	Classes               []string  // of the images
	Mean, Deviation       []float32 // of each channel of the training images, before they are normalised

	empty       []float32 // the canvas without a patch
	noise       []noise   // of each channel, where the canvas is not empty but drawn
	train, test patches   // test in the order of evaluation
}

// patches are images scaled to the size of a cell, one after the other.
type patches struct {
	values []float32
	labels []byte
	ink    []bool // of each pixel of each patch: brighter than a tenth, in any channel
}

// A Spec is what a canvas is made from.
type Spec struct {
	Grid      int  // cells per side
	Patch     int  // pixels per side of a cell
	Fill      Fill // of the canvas
	Normalize bool // subtract the mean of the training images and divide by their standard deviation, channel by channel

	// Correlation is the share of training samples of classify in which the patch
	// stands in a cell of its class, 0 … 1; it is no part of the canvas itself.
	Correlation float64

	// Border is how many pixels a patch of quadrant may be away from the edges.
	Border int
}

// newCanvas scales all images of the set to the patch by area and keeps them.
// Values are byte/255, so black is what the scheme zeros pads with. It panics
// if a number of the spec is below 1.
func newCanvas(set *images.Set, s Spec) *Canvas {
	if s.Grid < 1 || s.Patch < 1 {
		panic(fmt.Sprintf("task: %d×%d cells of %d pixels", s.Grid, s.Grid, s.Patch))
	}
	l := &Canvas{Grid: s.Grid, Patch: s.Patch, Channels: set.C, Classes: set.Classes}
	l.train = scaled(set, set.Train, inOrder(set.Train.Len()), s.Patch)
	l.test = scaled(set, set.Test, set.Test.InTurn(), s.Patch)
	mean, deviation := moments(l.train.values, set.C)
	l.Mean, l.Deviation = mean, deviation
	l.empty = make([]float32, l.side()*l.side()*set.C)
	for c := range set.C {
		v := s.Fill.value(mean[c])
		for i := c; i < len(l.empty); i += set.C {
			l.empty[i] = v
		}
	}
	if s.Fill == Noise {
		for c := range set.C {
			n := noise{0, 1}
			if s.Normalize {
				n = noise{mean[c], deviation[c]}
			}
			l.noise = append(l.noise, n)
		}
	}
	if s.Normalize {
		for _, values := range [][]float32{l.train.values, l.test.values, l.empty} {
			for i := range values {
				c := i % set.C
				values[i] = (values[i] - mean[c]) / deviation[c]
			}
		}
	}
	return l
}

// noise is (u − mean) / deviation, u uniform between 0 and 1.
type noise struct{ mean, deviation float32 }

func inOrder(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// inkAbove is the value above which a pixel belongs to the object that a patch
// shows, not to its background.
const inkAbove = 0.1

// scaled are the chosen images of a split, scaled to patch×patch.
func scaled(set *images.Set, split images.Split, order []int, patch int) patches {
	size := patch * patch * set.C
	p := patches{values: make([]float32, len(order)*size), ink: make([]bool, len(order)*patch*patch)}
	for i, image := range order {
		images.AreaAverage(p.values[i*size:(i+1)*size], patch, patch, split.Image(image), set.H, set.W, set.C)
		p.labels = append(p.labels, split.Labels[image])
	}
	for i, v := range p.values {
		if v > inkAbove {
			p.ink[i/set.C] = true
		}
	}
	return p
}

// moments are mean and standard deviation of each channel; the deviation of a
// constant channel is 1.
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
func (l *Canvas) Shape() (h, w, c int) { return l.side(), l.side(), l.Channels }

// Cell is how many pixels a cell has per side.
func (l *Canvas) Cell() int { return l.Patch }

// TestImages is how many images an examination may use.
func (l *Canvas) TestImages() int { return len(l.test.labels) }

// Views is the number of cells: an examination shows every image in each.
func (l *Canvas) Views() int { return l.cells() }

// Draw writes the canvas with test image i in a cell to x.
func (l *Canvas) Draw(x []float32, image, cell int) {
	l.ground(x, 1, "test canvas", uint64(image), uint64(cell))
	l.paste(x, l.test, image, cell)
}

// Marks returns what draws the canvas as it would be with cells of patch pixels,
// in one of them noise: unlike most images, noise has no margin that looks like
// the canvas. Several goroutines may draw.
func (l *Canvas) Marks(patch int) func(x []float32, cell int) {
	noise := make([]float32, patch*patch*l.Channels)
	s := rng.New(1, "mark")
	s.Uniform(noise, 1)
	blank := slices.Repeat(l.empty[:l.Channels], l.Grid*l.Grid*patch*patch)
	marked := &Canvas{Grid: l.Grid, Patch: patch, Channels: l.Channels, empty: blank}
	return func(x []float32, cell int) {
		copy(x, blank)
		marked.paste(x, patches{values: noise}, 0, cell)
	}
}

func (l *Canvas) cells() int { return l.Grid * l.Grid }

func (l *Canvas) side() int { return l.Grid * l.Patch }

func (l *Canvas) patchLen() int { return l.Patch * l.Patch * l.Channels }

// home are the cells of a class, of so many: the cells in reading order, cut into as
// many bands, so that each class has at least one. Cell n belongs to class
// ⌊n·classes/cells⌋; a class that gets none that way has cell ⌊class·cells/classes⌋.
func (l *Canvas) home(class int) []int {
	classes, cells := len(l.Classes), l.cells()
	from, to := (class*cells+classes-1)/classes, ((class+1)*cells+classes-1)/classes
	if from == to {
		return []int{class * cells / classes}
	}
	list := make([]int, 0, to-from)
	for cell := from; cell < to; cell++ {
		list = append(list, cell)
	}
	return list
}

// sample writes training sample i of a step to x and returns which image stands
// in which cell. All depend on (seed, step, i) alone.
func (l *Canvas) sample(seed uint64, step, i int, x []float32) (image, cell int) {
	image, cell = l.draw(seed, step, i)
	l.ground(x, seed, "canvas", uint64(step), uint64(i))
	l.paste(x, l.train, image, cell)
	return image, cell
}

// draw chooses a training image and a cell for a sample.
func (l *Canvas) draw(seed uint64, step, i int) (image, cell int) {
	s := rng.New(seed, "sample", uint64(step), uint64(i))
	image = s.IntN(len(l.train.labels))
	return image, s.IntN(l.cells())
}

// ground writes the canvas without a patch to x; noise is that of (seed, purpose, keys).
func (l *Canvas) ground(x []float32, seed uint64, purpose string, keys ...uint64) {
	if l.noise == nil {
		copy(x, l.empty)
		return
	}
	s := rng.New(seed, purpose, keys...)
	for i := range x {
		n := l.noise[i%l.Channels]
		x[i] = (s.Float32() - n.mean) / n.deviation
	}
}

// paste puts one patch into a cell of the canvas x.
func (l *Canvas) paste(x []float32, from patches, image, cell int) {
	line, width := l.Patch*l.Channels, l.side()*l.Channels
	patch := from.values[image*l.patchLen() : (image+1)*l.patchLen()]
	corner := cell/l.Grid*l.Patch*width + cell%l.Grid*line
	for row := range l.Patch {
		copy(x[corner+row*width:], patch[row*line:(row+1)*line])
	}
}
