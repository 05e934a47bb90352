package inspect

import (
	"context"
	"fmt"
	"math"

	"padlab/core/arch"
	"padlab/core/images"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/rng"
)

// A Subject is a network that is shown photographs: the square in the middle of
// each, scaled, and normalised as the pictures that the architecture was made for.
type Subject struct {
	Spec   arch.Spec
	Net    *nn.Net // of Spec, with its weights
	Kernel *kernel.Kernel
	Photos []images.Photo
}

// Bounds of a measurement, the same on every machine, as the findings are.
const (
	mostPictures  = 64
	leastPictures = 16      // where more would be more work than maxWork
	maxWork       = 1e12    // operations of all convolutions on all pictures
	maxFloats     = 1 << 28 // that all passes under way hold
	maxEnlarged   = 8       // times that a photograph may be enlarged
)

// Findings are what was measured.
type Findings struct {
	Pictures  int // that artifacts and neurons are from
	Artifacts []Artifact
	Neurons   []Filters
	Pattern   Pattern
}

// Check says why the network cannot be shown the photographs: it takes pictures
// that are no squares, or of other than one or three channels, is too large, or
// has weights that are not finite; there are no photographs, or one is too
// small.
func (s Subject) Check() error {
	if c := s.Spec.In.C; c != 1 && c != 3 {
		return fmt.Errorf("network %s takes pictures of %d channels, but photographs have 3, or 1 when they are grey", s.Spec.Arch.Name, c)
	}
	side := s.Spec.In.H
	if s.Spec.In.W != side {
		return fmt.Errorf("network %s takes pictures of %d×%d pixels, but only square ones are shown", s.Spec.Arch.Name, side, s.Spec.In.W)
	}
	if n := floats(s.Net.Nodes); n > maxFloats {
		return fmt.Errorf("network %s on %d×%d pixels holds %d values, at most %d are allowed: a smaller picture helps", s.Spec.Arch.Name, side, side, n, maxFloats)
	}
	if len(s.Photos) == 0 {
		return fmt.Errorf("there are no photographs to show to network %s", s.Spec.Arch.Name)
	}
	for _, p := range s.Photos {
		if min(p.H, p.W)*maxEnlarged < side {
			return fmt.Errorf("photograph %s has %d×%d pixels; enlarged at most %d times it does not fill a picture of %d×%d", p.Name, p.W, p.H, maxEnlarged, side, side)
		}
	}
	var err error
	s.Net.EachParam(func(p nn.Param, values []float32) {
		for _, v := range values {
			if !finite(v) && err == nil {
				err = fmt.Errorf("network %s: tensor %s holds %g, but all weights must be finite", s.Spec.Arch.Name, p.Name, v)
			}
		}
	})
	return err
}

// Measure shows the photographs to the network. Findings have the same bits for
// any number of workers. Errors are those of Check and of the context, and that
// values overflow.
func (s Subject) Measure(ctx context.Context, crew Workers) (*Findings, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	f := &Findings{}
	if err := s.observe(ctx, crew, f); err != nil {
		return nil, err
	}
	if err := s.pattern(ctx, crew, &f.Pattern); err != nil {
		return nil, err
	}
	return f, ctx.Err()
}

func finite(v float32) bool { return v-v == 0 }

func (s Subject) overflow(node string) error {
	return fmt.Errorf("network %s: values at %s are not finite", s.Spec.Arch.Name, node)
}

// floats is how many values a pass through the nodes holds, at most.
func floats(nodes []nn.Node) int {
	n := 0
	for _, node := range nodes {
		n += node.Out().Len() + node.Sizes().Saved + node.Sizes().Indices
	}
	return n
}

// filters reports whether a layer's weights are filters, of four dimensions.
func filters(l nn.Layer) bool {
	params := l.Params()
	return len(params) > 0 && len(params[0].Shape) == 4
}

// work counts the operations of the convolutions among the nodes on one
// picture.
func work(nodes []nn.Node) float64 {
	sum := 0.0
	for _, node := range nodes {
		if filters(node) {
			sum += 2 * float64(node.Params()[0].Len()) * float64(node.Out().H*node.Out().W)
		}
	}
	return sum
}

// Workers share work: a [kernel.Crew], or a turn on one that others use as well.
type Workers interface {
	// Workers is how many they are.
	Workers() int

	// Do calls work(worker, piece) once for every piece in 0 … pieces−1. Work may
	// be left out only when the context is done.
	Do(pieces int, work func(worker, piece int))
}

// atOnce is how many passes of n values each may be under way at once.
func atOnce(crew Workers, n int) int { return max(1, min(crew.Workers(), maxFloats/n)) }

// each does n pieces, at most so many at once, and tells each of those under way
// apart from the others by a number.
func each(crew Workers, most, n int, do func(number, piece int)) {
	if most == crew.Workers() {
		crew.Do(n, do)
		return
	}
	for first := 0; first < n; first += most {
		crew.Do(min(most, n-first), func(_, number int) { do(number, first+number) })
	}
}

// evenly returns at most n things of a list, as far apart as they can be.
func evenly[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	chosen := make([]T, n)
	for i := range chosen {
		chosen[i] = list[(2*i+1)*len(list)/(2*n)]
	}
	return chosen
}

// square returns the middle of a photograph as side×side pixels, as the network
// wants them.
func (s Subject) square(p images.Photo, side int) []float32 {
	n := min(p.H, p.W)
	rgb := make([]float32, side*side*3)
	images.Resample(rgb, side, side, p.Pixels, p.H, p.W, 3, images.Box{Y: (p.H - n) / 2, X: (p.W - n) / 2, H: n, W: n})
	s.normalize(rgb)
	if s.Spec.In.C == 3 {
		return rgb
	}
	grey := rgb[:side*side]
	for i := range grey {
		grey[i] = (rgb[3*i] + rgb[3*i+1] + rgb[3*i+2]) / 3
	}
	return grey
}

// normalize does so with red, green and blue in 0…1, for networks that were made
// for normalised pictures.
func (s Subject) normalize(rgb []float32) {
	if !s.Spec.Arch.Input.Normalized || s.Spec.In.C != 3 {
		return
	}
	for i := range rgb {
		rgb[i] = (rgb[i] - arch.ImageNetMean[i%3]) / arch.ImageNetStd[i%3]
	}
}

// window writes picture i to x: a window, at a random place, on the plane tiled
// with a photograph and its mirror images. So what pictures show has the same
// distribution at all of their places, and only padding tells the border from the
// middle. Whole photographs would not do: they have the sky on top and their
// subject in the middle.
func (s Subject) window(x []float32, photos []images.Photo, i int) {
	side, c := s.Spec.In.H, s.Spec.In.C
	tile := s.square(photos[i%len(photos)], side)
	source := rng.New(1, "window", uint64(i))
	top, left := source.IntN(2*side), source.IntN(2*side)
	for r := range side {
		row := tile[mirrored(top+r, side)*side*c:]
		for col := range side {
			at := mirrored(left+col, side) * c
			copy(x[(r*side+col)*c:(r*side+col+1)*c], row[at:at+c])
		}
	}
}

// mirrored is the pixel of a line of n at place i ≥ 0 of the line, its mirror
// image, the line, and so on.
func mirrored(i, n int) int {
	if i %= 2 * n; i >= n {
		return 2*n - 1 - i
	}
	return i
}

// Sides are those of a map.
var Sides = [4]string{"top", "bottom", "left", "right"}

// An Artifact is a tap's features, averaged over its channels and over
// pictures (Alsallakh et al. 2021): what depends on the picture fades, and
// lines along the border are the padding's.
type Artifact struct {
	Tap    string
	H, W   int
	Photos []float32 // H×W: over photographs
	Black  []float32 // H×W: of one black picture

	PhotosContrast, BlackContrast [4]float64 // see Contrast
}

// Contrast is how far each of Sides stands out in a map,
//
//	(mean of the outermost row or column − m) / mean of |middle half|,
//
// corners left out, where m is the mean of the middle half of rows and columns.
// It is 0 where the two are the same but for rounding, infinite where the
// middle is 0 and the side is not, and NaN for a map without a middle, of less
// than three rows or columns. (The definition is ours.)
func Contrast(values []float32, h, w int) (contrast [4]float64) {
	if len(values) != h*w {
		panic(fmt.Sprintf("inspect: %d values of %d×%d", len(values), h, w))
	}
	if h < 3 || w < 3 {
		return [4]float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	}
	mean := func(top, bottom, left, right int, f func(float64) float64) float64 {
		sum := 0.0
		for r := top; r < bottom; r++ {
			for c := left; c < right; c++ {
				sum += f(float64(values[r*w+c]))
			}
		}
		return sum / float64((bottom-top)*(right-left))
	}
	same := func(v float64) float64 { return v }
	top, bottom := middleHalf(h)
	left, right := middleHalf(w)
	middle, scale := mean(top, bottom, left, right, same), mean(top, bottom, left, right, math.Abs)
	for i, side := range [4]float64{mean(0, 1, 1, w-1, same), mean(h-1, h, 1, w-1, same), mean(1, h-1, 0, 1, same), mean(1, h-1, w-1, w, same)} {
		if difference := side - middle; math.Abs(difference) > 1e-6*scale {
			contrast[i] = difference / scale
		}
	}
	return contrast
}

// middleHalf is the rows, of n ≥ 3, in the middle: without a quarter, and at
// least one row, on either side.
func middleHalf(n int) (from, to int) {
	margin := max(1, n/4)
	return margin, n - margin
}

// observe shows windows on photographs, and a black picture, to the network with
// its padding, for the artifacts and the neurons.
func (s Subject) observe(ctx context.Context, crew Workers, f *Findings) error {
	nodes := s.Net.Nodes
	n := max(int(min(maxWork/max(work(nodes), 1), mostPictures)), leastPictures)
	photos := evenly(s.Photos, n)
	taps := s.taps()
	studies := studiesOf(nodes, n)
	tapes := s.tapes(s.Net, atOnce(crew, floats(nodes)))
	maps := make([][][]float32, n+1) // of each picture and tap; the last picture is black
	each(crew, len(tapes), len(maps), func(goroutine, i int) {
		if ctx.Err() != nil {
			return
		}
		tape := tapes[goroutine]
		if tape.Step = uint64(i); i < n {
			s.window(tape.Input(), photos, i)
		} else {
			clear(tape.Input())
			s.normalize(tape.Input())
		}
		maps[i] = make([][]float32, len(taps))
		tape.Through(nn.Output(len(nodes)-1), func(o nn.Output) {
			for t, tap := range taps {
				if tap == o {
					maps[i][t] = channelMean(tape.Activation(o), nodes[o].Out())
				}
			}
			for _, study := range studies {
				if study.node == o && i < n {
					study.collect(tape.Activation(o), i)
				}
			}
		})
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	f.Pictures = n
	for t, tap := range taps {
		out := nodes[tap].Out()
		a := Artifact{Tap: nodes[tap].Name(), H: out.H, W: out.W, Photos: make([]float32, out.H*out.W), Black: maps[n][t]}
		for at := range a.Photos {
			sum := 0.0
			for i := range n {
				sum += float64(maps[i][t][at])
			}
			a.Photos[at] = float32(sum / float64(n))
			if !finite(a.Photos[at]) || !finite(a.Black[at]) {
				return s.overflow(a.Tap)
			}
		}
		a.PhotosContrast, a.BlackContrast = Contrast(a.Photos, a.H, a.W), Contrast(a.Black, a.H, a.W)
		f.Artifacts = append(f.Artifacts, a)
	}
	f.Neurons = make([]Filters, len(studies))
	crew.Do(len(studies), func(_, i int) { f.Neurons[i] = studies[i].result() })
	for i, study := range studies {
		if study.overflow.Load() {
			return s.overflow(f.Neurons[i].Name)
		}
	}
	return nil
}

// taps are the nodes that the architecture names as such, from the picture inward.
func (s Subject) taps() (list []nn.Output) {
	for _, name := range s.Spec.Arch.Taps {
		list = append(list, nn.Output(number(s.Net.Nodes, name)))
	}
	return list
}

// number is that of the node of a name, −1 of none.
func number(nodes []nn.Node, name string) int {
	for i, node := range nodes {
		if node.Name() == name {
			return i
		}
	}
	return -1
}

// tapes are n for a network. What layers draw depends on the picture, and not
// on the tape.
func (s Subject) tapes(net *nn.Net, n int) []*nn.Tape {
	list := make([]*nn.Tape, n)
	for i := range list {
		list[i] = net.NewTape()
		list[i].Seed = 1
	}
	return list
}

func channelMean(x []float32, shape nn.Shape) []float32 {
	mean := make([]float32, shape.H*shape.W)
	for i := range mean {
		sum := 0.0
		for _, v := range x[i*shape.C : (i+1)*shape.C] {
			sum += float64(v)
		}
		mean[i] = float32(sum / float64(shape.C))
	}
	return mean
}
