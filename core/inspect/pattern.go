package inspect

import (
	"context"
	"fmt"
	"math"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// A Pattern is what padding leaves in the features (PPP, Lin et al. 2022): the
// network is shown the middle of a picture with its padding, and the same
// pixels with what really lies around them in place of all padding,
//
//	δ(x) = F(x; padding) − F(x; surroundings)
//
// the second as a network without padding on a larger picture. A value of the
// features is compared with the one that lies over the same pixels.
type Pattern struct {
	// Problem says why nothing was compared; the rest is empty then.
	Problem string

	Photos       int // that were looked at
	Crop, Around int // the sides of the small and the large picture
	Margin       int // pixels of the large one above and left of the small one
	Taps         []TapPattern
	LeftOut      []string // taps whose surroundings, or the work, would be too large
}

// A TapPattern is the pattern at one tap.
type TapPattern struct {
	Tap     string
	H, W, C int

	// SNR is |mean of δ| / deviation of δ, both over the pictures, averaged over
	// all values of the map; where δ is 0 in all pictures it counts as 0, where
	// it is the same but not 0 the value is left out. NaN for a single picture.
	// With n pictures chance alone gives about √(2/πn) where δ is not 0.
	SNR float64
	MAE float64 // the mean over all values of |mean of δ|

	Reached float64 // the share of places at which δ is not 0 in some picture and channel
}

// What a pattern may cost, in operations of all convolutions on all pictures,
// and how large its pictures may be.
const (
	maxAround  = 1024
	maxWork    = 1e12
	leastWork  = 8 // photographs, before a tap is left out
	patternMax = 1 << 28
)

// An alignment says how the maps of a padded network lie over those of the
// unpadded one on a larger picture.
type alignment struct {
	margin, around int
	shift          map[string]int // of each tap: rows and columns between the two maps
}

// A grid is where the outputs of a node lie along an axis of the picture.
type grid struct {
	first int // twice the place of the first, in pixels
	jump  int
}

// grids are those of the nodes up to last. Two inputs of a node must lie over
// each other, and no padding may enlarge the picture.
func grids(nodes []nn.Node, last int) ([]grid, error) {
	list := make([]grid, last+1)
	for i, node := range nodes[:last+1] {
		of := func(from nn.Output) grid {
			if from == nn.Sample {
				return grid{0, 1}
			}
			return list[from]
		}
		g := of(node.From[0])
		for _, from := range node.From[1:] {
			if of(from) != g {
				return nil, fmt.Errorf("the branches that meet in %s do not lie over each other", node.Name())
			}
		}
		w := node.Window()
		if conv, ok := node.Layer.(*nn.Conv); ok && conv.Scheme.Name == "resize" && conv.Sides != (pad.Sides{}) {
			return nil, fmt.Errorf("%s enlarges the map instead of padding it, so no pixel stays in its place", node.Name())
		}
		if w.Pad.Top != w.Pad.Left {
			return nil, fmt.Errorf("%s pads rows and columns otherwise", node.Name())
		}
		list[i] = grid{g.first + (w.Span()-1-2*w.Pad.Top)*g.jump, g.jump * w.Stride}
	}
	return list, nil
}

// align finds the smallest margin at which all maps up to a tap fall together:
// at a stride of j a margin that is no multiple of j, up to the padding before,
// would compare other phases.
func align(padded []nn.Node, without arch.Spec, taps []string) (*alignment, error) {
	deepest := number(padded, taps[len(taps)-1])
	small, err := grids(padded, deepest)
	if err != nil {
		return nil, err
	}
	side := padded[0].In()[0].H

	// Grids do not depend on the size of the picture, so any that works will do
	// to find the margin.
	for without.In.H = side; ; without.In.H++ {
		without.In.W = without.In.H
		if _, err := arch.Layers(without); err == nil {
			break
		}
		if without.In.H > 2*maxAround {
			return nil, fmt.Errorf("without padding no picture is large enough")
		}
	}
	nodes, err := arch.Layers(without)
	if err != nil {
		return nil, err
	}
	last := number(nodes, taps[len(taps)-1])
	large, err := grids(nodes, last)
	if err != nil {
		return nil, err
	}

	// shift is by how many outputs the maps of a node lie apart at a margin.
	shift := func(name string, margin int) (int, bool) {
		a, b := number(padded, name), number(nodes, name)
		between := small[a].first + 2*margin - large[b].first
		return between / (2 * small[a].jump), small[a].jump == large[b].jump && between >= 0 && between%(2*small[a].jump) == 0
	}
	margin := -1
	first := max(0, (large[last].first-small[deepest].first+1)/2)
	for m := first; m < first+small[deepest].jump && margin < 0; m++ {
		margin = m
		for i := range nodes[:last+1] {
			name := nodes[i].Name()
			if at := number(padded, name); at < 0 || at > deepest {
				continue // a crop of the unpadded network
			}
			if _, ok := shift(name, m); !ok {
				margin = -1
				break
			}
		}
	}
	if margin < 0 {
		return nil, fmt.Errorf("no margin lets the maps up to %s fall together", taps[len(taps)-1])
	}

	a := &alignment{margin: margin, shift: map[string]int{}}
	for _, tap := range taps {
		a.shift[tap], _ = shift(tap, margin)
	}
	// The large picture ends where all that is compared is seen whole.
	for around := side + 2*margin; around <= side+2*margin+4*small[deepest].jump; around++ {
		without.In.H, without.In.W = around, around
		if nodes, err := arch.Layers(without); err == nil && covers(nodes, padded, a.shift) {
			a.around = around
			return a, nil
		}
	}
	return nil, fmt.Errorf("no surroundings let the maps up to %s fall together", taps[len(taps)-1])
}

// covers reports whether what the padded network makes at the taps lies within
// what the other does, away from windows that stick out there.
func covers(nodes, padded []nn.Node, shift map[string]int) bool {
	over := beyond(nodes, rows)
	for tap, by := range shift {
		n := padded[number(padded, tap)].Out().H
		line := over[number(nodes, tap)]
		if by+n > len(line) {
			return false
		}
		for _, out := range line[by : by+n] {
			if out {
				return false
			}
		}
	}
	return true
}

// work counts the operations of the convolutions up to a node on one picture.
func work(nodes []nn.Node, last int) float64 {
	sum := 0.0
	for _, node := range nodes[:last+1] {
		if params := node.Params(); len(params) > 0 && len(params[0].Shape) == 4 {
			sum += 2 * float64(params[0].Len()) * float64(node.Out().H*node.Out().W)
		}
	}
	return sum
}

// pattern compares at as many taps, from the picture inward, as the work
// allows.
func (s Subject) pattern(ctx context.Context, crew *kernel.Crew) (Pattern, error) {
	without := s.Spec
	without.Padding, without.Extent, without.Layers, without.Original = pad.Must("none"), pad.Valid, nil, false
	taps, err := arch.Taps(s.Spec.Name)
	if err != nil {
		panic("inspect: " + err.Error())
	}
	var p Pattern
	for ; len(taps) > 0; taps = taps[:len(taps)-1] {
		deepest := taps[len(taps)-1]
		a, err := align(s.Net.Nodes, without, taps)
		if err != nil {
			return Pattern{Problem: err.Error()}, nil
		}
		without.In.H, without.In.W = a.around, a.around
		nodes, err := arch.Layers(without)
		if err != nil {
			return Pattern{}, err
		}
		last := number(nodes, deepest)
		each := work(s.Net.Nodes, number(s.Net.Nodes, deepest)) + work(nodes, last)
		photos := min(len(s.Photos), int(maxWork/each))
		if a.around > maxAround || photos < min(len(s.Photos), leastWork) || floats(nodes, last) > patternMax {
			p.LeftOut = append([]string{deepest}, p.LeftOut...)
			continue
		}
		p.Photos, p.Crop, p.Around, p.Margin = photos, s.Spec.In.H, a.around, a.margin
		return p, s.compare(ctx, crew, &p, without, a, taps)
	}
	p.Problem = "the surroundings of what even the first tap sees are too large"
	return p, nil
}

// compare fills in what is found at the taps.
func (s Subject) compare(ctx context.Context, crew *kernel.Crew, p *Pattern, without arch.Spec, a *alignment, taps []string) error {
	net, err := arch.Build(without, s.Kernel)
	if err != nil {
		return err
	}
	copyByName(net, s.Net)
	small, large := s.tapes(s.Net, crew), s.tapes(net, crew)
	var compared []*comparison
	for _, tap := range taps {
		here, there := number(s.Net.Nodes, tap), number(net.Nodes, tap)
		compared = append(compared, newComparison(nn.Output(here), nn.Output(there), s.Net.Nodes[here].Out(), net.Nodes[there].Out(), a.shift[tap], crew.Workers()))
	}
	lastHere, lastThere := compared[len(compared)-1].here, compared[len(compared)-1].there
	photos := evenly(s.Photos, p.Photos)
	for first := 0; first < len(photos); first += crew.Workers() {
		if err := ctx.Err(); err != nil {
			return err
		}
		some := min(crew.Workers(), len(photos)-first)
		crew.Do(some, func(worker, i int) {
			x, around := small[worker], large[worker]
			x.Step, around.Step = uint64(first+i), uint64(first+i)
			s.paint(around.Input(), photos[first+i], a.around)
			c := s.Spec.In.C
			for r := range p.Crop {
				from := ((a.margin+r)*a.around + a.margin) * c
				copy(x.Input()[r*p.Crop*c:(r+1)*p.Crop*c], around.Input()[from:])
			}
			x.Through(lastHere, func(o nn.Output) {
				for _, q := range compared {
					if q.here == o {
						copy(q.delta[i], x.Activation(o))
					}
				}
			})
			around.Through(lastThere, func(o nn.Output) {
				for _, q := range compared {
					if q.there == o {
						q.subtract(i, around.Activation(o))
					}
				}
			})
		})
		for _, q := range compared {
			for i := range some {
				q.add(q.delta[i])
			}
		}
	}
	for t, q := range compared {
		p.Taps = append(p.Taps, q.result(taps[t]))
	}
	return nil
}

// copyByName gives a network all weights of another that fit it: those of its
// classifier may not.
func copyByName(to, from *nn.Net) {
	values := map[string][]float32{}
	from.EachParam(func(p nn.Param, v []float32) { values[fmt.Sprint(p.Name, p.Shape)] = v })
	to.EachParam(func(p nn.Param, v []float32) { copy(v, values[fmt.Sprint(p.Name, p.Shape)]) })
	to.Pack()
}

// A comparison adds up what δ is at one tap, picture by picture.
type comparison struct {
	here, there  nn.Output
	shape, large nn.Shape
	shift        int
	delta        [][]float32 // δ of the pictures under way
	first        []float32   // δ of the first picture, from which the others are counted
	sum, squares []float64
	n            int
}

func newComparison(here, there nn.Output, shape, large nn.Shape, shift, workers int) *comparison {
	q := &comparison{here: here, there: there, shape: shape, large: large, shift: shift}
	q.sum, q.squares = make([]float64, shape.Len()), make([]float64, shape.Len())
	for range workers {
		q.delta = append(q.delta, make([]float32, shape.Len()))
	}
	return q
}

// subtract takes the features of the real surroundings from delta i.
func (q *comparison) subtract(i int, y []float32) {
	n := q.shape.W * q.shape.C
	for r := range q.shape.H {
		from := ((q.shift+r)*q.large.W + q.shift) * q.shape.C
		for j, v := range y[from : from+n] {
			q.delta[i][r*n+j] -= v
		}
	}
}

func (q *comparison) add(delta []float32) {
	if q.n++; q.n == 1 {
		q.first = append(q.first, delta...)
	}
	for i, v := range delta {
		d := float64(v) - float64(q.first[i])
		q.sum[i] += d
		q.squares[i] += d * d
	}
}

func (q *comparison) result(tap string) TapPattern {
	t := TapPattern{Tap: tap, H: q.shape.H, W: q.shape.W, C: q.shape.C}
	n := float64(q.n)
	ratios, counted, reached := 0.0, 0, 0
	for i := range q.sum {
		shifted := q.sum[i] / n
		mean := math.Abs(float64(q.first[i]) + shifted)
		t.MAE += mean / float64(len(q.sum))
		variance := max(0, q.squares[i]-n*shifted*shifted) / (n - 1)
		switch {
		case q.squares[i] > 0:
			ratios += mean / math.Sqrt(variance)
			counted++
		case mean == 0:
			counted++
		}
	}
	for at := 0; at < len(q.sum); at += q.shape.C {
		for i := at; i < at+q.shape.C; i++ {
			if q.first[i] != 0 || q.squares[i] != 0 {
				reached++
				break
			}
		}
	}
	t.Reached = float64(reached) / float64(q.shape.H*q.shape.W)
	t.SNR = math.NaN()
	if q.n > 1 && counted > 0 {
		t.SNR = ratios / float64(counted)
	}
	return t
}
