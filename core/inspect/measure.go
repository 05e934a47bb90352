package inspect

import (
	"context"
	"fmt"
	"math"

	"padlab/core/arch"
	"padlab/core/images"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
)

// A Subject is a network that is shown photographs. All of them are squares
// from the middle of a photograph, scaled by area to the size that is wanted,
// and normalised as the architecture is used to.
type Subject struct {
	Spec   arch.Spec
	Net    *nn.Net // of Spec, with its weights
	Kernel *kernel.Kernel
	Photos []images.Photo // at least one; of more than 32, every n-th is looked at
}

// Bounds of a measurement. They do not depend on the machine, so that what is
// found does not either.
const (
	maxPhotos = 32
	maxFloats = 1 << 28 // of all activations of one network on one picture
)

// Findings are what was measured.
type Findings struct {
	Photos    int // that were looked at
	Artifacts []Artifact
	Neurons   []Filters
	Pattern   Pattern
}

// Measure shows the photographs to the network. Findings have the same bits for
// any number of workers. The only errors are those of the context, of a network
// that does not take pictures of one or three channels or would take too much
// memory, and of one whose values are not finite.
func (s Subject) Measure(ctx context.Context, crew *kernel.Crew) (*Findings, error) {
	if c := s.Spec.In.C; c != 1 && c != 3 {
		return nil, fmt.Errorf("network %s takes pictures of %d channels, but photographs have 3, or 1 when they are grey", s.Spec.Name, c)
	}
	if n := floats(s.Net.Nodes, len(s.Net.Nodes)-1); n > maxFloats {
		return nil, fmt.Errorf("network %s on %d×%d pixels holds %d values, at most %d are allowed: a smaller picture helps", s.Spec.Name, s.Spec.In.H, s.Spec.In.W, n, maxFloats)
	}
	s.Photos = evenly(s.Photos, maxPhotos)
	f := &Findings{Photos: len(s.Photos)}
	if err := s.observe(ctx, crew, f); err != nil {
		return nil, err
	}
	var err error
	f.Pattern, err = s.pattern(ctx, crew)
	return f, err
}

// floats is how many values the nodes up to last make.
func floats(nodes []nn.Node, last int) int {
	n := 0
	for _, node := range nodes[:last+1] {
		n += node.Out().Len()
	}
	return n
}

// evenly returns at most n things of a list, as far apart as they can be.
func evenly[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	chosen := make([]T, n)
	for i := range chosen {
		chosen[i] = list[i*len(list)/n]
	}
	return chosen
}

// paint writes the middle of a photograph as side×side pixels for the network.
func (s Subject) paint(x []float32, p images.Photo, side int) {
	square := min(p.H, p.W)
	top, left := (p.H-square)/2, (p.W-square)/2
	pixels := make([]byte, 0, square*square*3)
	for r := range square {
		at := ((top+r)*p.W + left) * 3
		pixels = append(pixels, p.Pixels[at:at+square*3]...)
	}
	rgb := x
	if s.Spec.In.C != 3 {
		rgb = make([]float32, side*side*3)
	}
	images.AreaAverage(rgb, side, side, pixels, square, square, 3)
	s.normalize(rgb)
	if s.Spec.In.C != 3 {
		for i := range x {
			x[i] = (rgb[3*i] + rgb[3*i+1] + rgb[3*i+2]) / 3
		}
	}
}

// normalize does so with red, green and blue in 0…1, for networks that are
// used to it.
func (s Subject) normalize(rgb []float32) {
	usual, err := arch.UsualPicture(s.Spec.Name)
	if err != nil {
		panic("inspect: " + err.Error())
	}
	if !usual.Normalized || s.Spec.In.C != 3 {
		return
	}
	for i := range rgb {
		rgb[i] = (rgb[i] - arch.NormalMean[i%3]) / arch.NormalDeviation[i%3]
	}
}

// An Artifact is the mean, over the photographs, of a tap's features averaged
// over their channels (Alsallakh et al. 2021): what does not depend on the
// picture stays, and lines along the border are the padding's.
type Artifact struct {
	Tap        string
	H, W       int
	Map        []float32 // H×W
	Black      []float32 // H×W: the features of a black picture
	Score      float64   // of Map, see Contrast
	BlackScore float64
}

// Contrast is how far a map's border stands out: the mean of its outermost
// pixels less the mean of the middle half, in standard deviations of the middle
// half. It is 0 for a map that is the same everywhere, infinite where only the
// middle is, and NaN for a map without a middle, of less than three rows or
// columns.
func Contrast(values []float32, h, w int) float64 {
	if len(values) != h*w {
		panic(fmt.Sprintf("inspect: %d values of %d×%d", len(values), h, w))
	}
	if h < 3 || w < 3 {
		return math.NaN()
	}
	var edge, middle, squares, edges, middles float64
	top, bottom := middleHalf(h)
	left, right := middleHalf(w)
	at := func(r, c int) float64 { return float64(values[r*w+c]) }
	for r := range h {
		for c := range w {
			switch {
			case r == 0 || c == 0 || r == h-1 || c == w-1:
				edge, edges = edge+at(r, c), edges+1
			case r >= top && r < bottom && c >= left && c < right:
				middle, middles = middle+at(r, c), middles+1
			}
		}
	}
	edge, middle = edge/edges, middle/middles
	for r := top; r < bottom; r++ {
		for c := left; c < right; c++ {
			squares += (at(r, c) - middle) * (at(r, c) - middle)
		}
	}
	difference := edge - middle
	// A mean of equal values may differ from them in its last bits.
	if scale := math.Max(math.Abs(edge), math.Abs(middle)); math.Abs(difference) <= 1e-9*scale {
		difference = 0
	}
	deviation := math.Sqrt(squares / middles)
	if difference == 0 {
		return 0
	}
	return difference / deviation
}

// middleHalf is the rows, of n ≥ 3, in the middle: without a quarter, and at
// least one row, on either side.
func middleHalf(n int) (from, to int) {
	margin := max(1, n/4)
	return margin, n - margin
}

// observe shows the photographs, and a black picture, to the network as it is.
func (s Subject) observe(ctx context.Context, crew *kernel.Crew, f *Findings) error {
	places := s.places()
	for _, o := range places {
		out := s.Net.Nodes[o].Out()
		f.Artifacts = append(f.Artifacts, Artifact{Tap: s.Net.Nodes[o].Name(), H: out.H, W: out.W})
	}
	studies := s.studies(len(s.Photos))
	tapes := s.tapes(s.Net, crew)
	n := len(s.Photos) // photographs, and behind them the black picture
	maps := make([][][]float32, n+1)
	crew.Do(n+1, func(worker, i int) {
		if ctx.Err() != nil {
			return
		}
		tape := tapes[worker]
		if tape.Step = uint64(i); i < n {
			s.paint(tape.Input(), s.Photos[i], s.Spec.In.H)
		} else {
			clear(tape.Input())
			s.normalize(tape.Input())
		}
		maps[i] = make([][]float32, len(places))
		tape.Through(nn.Output(len(s.Net.Nodes)-1), func(o nn.Output) {
			for t, place := range places {
				if place == o {
					maps[i][t] = channelMean(tape.Activation(o), s.Net.Nodes[o].Out())
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
	for t := range f.Artifacts {
		a := &f.Artifacts[t]
		sum := make([]float64, a.H*a.W)
		for i := range n {
			for j, v := range maps[i][t] {
				sum[j] += float64(v)
			}
		}
		a.Map, a.Black = make([]float32, len(sum)), maps[n][t]
		for j, v := range sum {
			a.Map[j] = float32(v / float64(n))
			if v-v != 0 || a.Black[j]-a.Black[j] != 0 {
				return fmt.Errorf("network %s: the values at %s are not finite", s.Spec.Name, a.Tap)
			}
		}
		a.Score, a.BlackScore = Contrast(a.Map, a.H, a.W), Contrast(a.Black, a.H, a.W)
	}
	f.Neurons = make([]Filters, len(studies))
	crew.Do(len(studies), func(_, i int) { f.Neurons[i] = studies[i].result(s.Net) })
	return nil
}

// places are the taps.
func (s Subject) places() (list []nn.Output) {
	taps, err := arch.Taps(s.Spec.Name)
	if err != nil {
		panic("inspect: " + err.Error())
	}
	for _, name := range taps {
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

// tapes are one for each worker. What layers draw does not depend on who does
// the work.
func (s Subject) tapes(net *nn.Net, crew *kernel.Crew) []*nn.Tape {
	list := make([]*nn.Tape, crew.Workers())
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
