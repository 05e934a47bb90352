package inspect

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"padlab/core/arch"
	"padlab/core/images"
	"padlab/core/nn"
	"padlab/core/pad"
)

// A Pattern is what padding leaves in the features (PPP, Lin et al. 2022): the
// network is shown the middle of a picture with its padding, and the same
// pixels with what really lies around them in place of all padding,
//
//	δ(x) = F(x; padding) − F(x; surroundings)
//
// the second as a network without padding on a larger picture; one that came with its
// weights may not fit together without, and has a picture so large in its place that no
// value which is compared sees its padding. A value of the features is compared with
// the one that lies over the same pixels.
type Pattern struct {
	// Problem says why nothing was compared; the rest is empty then.
	Problem string

	Photos       int  // that were looked at
	Crop, Around int  // the sides of the small and the large picture
	Margin       int  // pixels of the large one above and left of the small one
	Away         bool // the large one is padded, but too far away to be seen
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
	// Chance is what remains of it with n pictures where δ has a mean of 0:
	// √(2/πn), times the share of the values at which δ is not always 0.
	SNR, Chance float64

	MAE     float64 // the mean over all values of |mean of δ|
	Reached float64 // the share of places at which δ is not 0 in some picture and channel
}

// Bounds of a pattern, besides maxWork and maxFloats.
const (
	maxAround   = 1024
	leastPhotos = 8 // where there are more, before a tap is left out
)

// A grid is where the outputs of a node lie along an axis of the picture.
type grid struct {
	first int // twice the place of the first, in pixels
	jump  int
}

// grids are those of the nodes, by name. Two inputs of a node must lie over
// each other, and no padding may enlarge the picture.
func grids(nodes []nn.Node) (map[string]grid, error) {
	byName := map[string]grid{}
	list := make([]grid, len(nodes))
	for i, node := range nodes {
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
		w := node.Window(nn.Rows)
		if interpolates(node) {
			return nil, fmt.Errorf("%s enlarges the map instead of padding it, so no pixel stays in its place", node.Name())
		}
		if w != node.Window(nn.Columns) || w.Pad.Top != w.Pad.Left {
			return nil, fmt.Errorf("%s pads rows and columns otherwise", node.Name())
		}
		list[i] = grid{g.first + (w.Span()-1-2*w.Pad.Top)*g.jump, g.jump * w.Stride}
		byName[node.Name()] = list[i]
	}
	return byName, nil
}

// An alignment says how the maps of a padded network lie over those of the
// unpadded one on a larger picture.
type alignment struct {
	margin, around int
	shift          map[string]int // of each tap: rows and columns between the two maps
}

// align finds the smallest margin at which all maps up to the last of taps fall
// together: at a stride of j, outputs at another margin would lie between those
// that they are compared with. without is the same network but for its padding, on
// the smallest picture that it takes.
//
// If away, that network is padded, too, and the margin is the smallest at which no map
// sees that, or such that the large picture has more than maxAround pixels.
func align(padded []nn.Node, without arch.Spec, taps []string, away bool) (*alignment, error) {
	deepest := taps[len(taps)-1]
	small, err := grids(upTo(padded, deepest))
	if err != nil {
		return nil, err
	}
	smallest := without.In.H // grids are the same at all sizes
	nodes, err := arch.Layers(without)
	if err != nil {
		return nil, err
	}
	large, err := grids(upTo(nodes, deepest))
	if err != nil {
		return nil, err
	}

	// The first output of the deepest map must lie over one of the larger.
	a := &alignment{margin: max(0, (large[deepest].first-small[deepest].first+1)/2)}
	for last := a.margin + small[deepest].jump; !a.shifts(small, large); a.margin++ {
		if a.margin == last {
			return nil, fmt.Errorf("no margin lets the maps up to %s fall together", deepest)
		}
	}

	// The large picture ends where all that is compared is seen whole.
	side := padded[0].In()[0].H
	for ; away; a.margin += small[deepest].jump {
		a.around = side + 2*a.margin
		without.In.H, without.In.W = a.around, a.around
		nodes, err := arch.Layers(without)
		if a.shifts(small, large); err == nil && covers(nodes, padded, taps, a.shift) || a.around > maxAround {
			return a, nil
		}
	}
	least := max(side+2*a.margin, smallest)
	for a.around = least; a.around <= least+4*small[deepest].jump; a.around++ {
		without.In.H, without.In.W = a.around, a.around
		if nodes, err := arch.Layers(without); err == nil && covers(nodes, padded, taps, a.shift) {
			return a, nil
		}
	}
	return nil, fmt.Errorf("no surroundings let the maps up to %s fall together", deepest)
}

// shifts finds those of all nodes that both networks have, if outputs lie over
// outputs at the margin.
func (a *alignment) shifts(small, large map[string]grid) bool {
	a.shift = map[string]int{}
	for name, l := range large {
		s, both := small[name]
		if !both {
			continue // a crop, where there is nothing to pad
		}
		between := s.first + 2*a.margin - l.first
		if s.jump != l.jump || between < 0 || between%(2*s.jump) != 0 {
			return false
		}
		a.shift[name] = between / (2 * s.jump)
	}
	return true
}

// upTo are the nodes up to the one of a name.
func upTo(nodes []nn.Node, name string) []nn.Node { return nodes[:number(nodes, name)+1] }

// covers reports whether what the padded network makes at the taps lies within
// what the other does, away from windows that stick out there.
func covers(nodes, padded []nn.Node, taps []string, shift map[string]int) bool {
	over := seesPadding(nodes, nn.Rows)
	for _, tap := range taps {
		n := padded[number(padded, tap)].Out().H
		line := over[number(nodes, tap)]
		if shift[tap]+n > len(line) || slices.Contains(line[shift[tap]:shift[tap]+n], true) {
			return false
		}
	}
	return true
}

// pattern compares at as many taps, from the picture inward, as the bounds
// allow.
func (s Subject) pattern(ctx context.Context, crew Workers, p *Pattern) error {
	without, smallest := s.Spec, s.Spec.In.H
	if p.Away = s.Spec.Arch.Weigh != nil; !p.Away {
		without.Padding, without.Extent, without.Layers, without.FCHead = pad.Must("none"), pad.Valid, nil, false
		smallest = arch.Smallest(without)
	}
	if smallest == 0 {
		p.Problem = fmt.Sprintf("without padding no picture of up to %d×%d pixels is large enough for %s", maxAround, maxAround, s.Spec.Arch.Name)
		return nil
	}
	largest := maxAround
	for _, photo := range s.Photos {
		largest = min(largest, maxEnlarged*min(photo.H, photo.W))
	}
	for taps := s.Spec.Arch.Taps; len(taps) > 0; taps = taps[:len(taps)-1] {
		deepest := taps[len(taps)-1]
		without.In.H, without.In.W = smallest, smallest
		a, err := align(s.Net.Nodes, without, taps, p.Away)
		if err != nil {
			p.Problem = err.Error()
			return nil
		}
		if a.around > largest {
			p.LeftOut = append([]string{deepest}, p.LeftOut...)
			continue
		}
		without.In.H, without.In.W = a.around, a.around
		nodes, err := arch.Layers(without)
		if err != nil {
			return err
		}
		each := work(upTo(s.Net.Nodes, deepest)) + work(upTo(nodes, deepest))
		photos := int(min(maxWork/max(each, 1), float64(len(s.Photos))))
		if photos < min(len(s.Photos), leastPhotos) || floats(s.Net.Nodes)+floats(nodes) > maxFloats {
			p.LeftOut = append([]string{deepest}, p.LeftOut...)
			continue
		}
		net, err := arch.Build(without, s.Kernel)
		if err != nil {
			return err
		}
		if missing := copyByName(net, s.Net, number(nodes, deepest)); missing != "" {
			p.Problem = fmt.Sprintf("with padding the network has no tensor %s, which it needs without", missing)
			return nil
		}
		p.Crop, p.Around, p.Margin = s.Spec.In.H, a.around, a.margin
		return s.compare(ctx, crew, p, net, a, taps, evenly(s.Photos, photos))
	}
	p.Problem = "the surroundings of what even the first tap sees are too large"
	return nil
}

// copyByName gives a network all weights of another that fit it, and returns
// the name of a tensor up to node last that the other does not have.
func copyByName(to, from *nn.Net, last int) (missing string) {
	values := map[string][]float32{}
	key := func(p nn.Param) string { return fmt.Sprint(p.Name, p.Shape) }
	from.EachParam(func(p nn.Param, v []float32) { values[key(p)] = v })
	to.EachParam(func(p nn.Param, v []float32) { copy(v, values[key(p)]) })
	to.Pack()
	for _, node := range to.Nodes[:last+1] {
		for _, p := range node.Params() {
			if values[key(p)] == nil {
				missing = p.Name
			}
		}
	}
	return missing
}

// compare fills in what is found at the taps; net is without padding. Photos
// are looked at side by side, and added up in their order.
func (s Subject) compare(ctx context.Context, crew Workers, p *Pattern, net *nn.Net, a *alignment, taps []string, photos []images.Photo) error {
	n := atOnce(crew, floats(s.Net.Nodes)+floats(net.Nodes))
	small, large := s.tapes(s.Net, n), s.tapes(net, n)
	var compared []*comparison
	for _, tap := range taps {
		compared = append(compared, s.newComparison(s.Net.Nodes, net.Nodes, tap, a.shift[tap], n))
	}
	last := compared[len(compared)-1]
	for first := 0; first < len(photos); first += n {
		if err := ctx.Err(); err != nil {
			return err
		}
		some := min(n, len(photos)-first)
		crew.Do(some, func(_, i int) {
			x, around := small[i], large[i]
			x.Step, around.Step = uint64(first+i), uint64(first+i)
			copy(around.Input(), s.square(photos[first+i], a.around))
			c := s.Spec.In.C
			for r := range p.Crop {
				from := ((a.margin+r)*a.around + a.margin) * c
				copy(x.Input()[r*p.Crop*c:(r+1)*p.Crop*c], around.Input()[from:])
			}
			x.Through(last.here, func(o nn.Output) {
				for _, q := range compared {
					if q.here == o {
						copy(q.delta[i], x.Activation(o))
					}
				}
			})
			around.Through(last.there, func(o nn.Output) {
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
	p.Photos = len(photos)
	for _, q := range compared {
		t := q.result()
		if math.IsNaN(t.MAE - t.MAE) {
			return s.overflow(t.Tap)
		}
		p.Taps = append(p.Taps, t)
	}
	return nil
}

// A comparison adds up what δ is at one tap, picture by picture.
type comparison struct {
	tap          string
	here, there  nn.Output
	shape, large nn.Shape
	shift        int
	delta        [][]float32 // δ of the pictures under way
	tolerance    float32     // of δ, as a share of the largest feature of a map
	first        []float32   // δ of the first picture, from which the others are counted
	sum, squares []float64
	n            int
}

func (s Subject) newComparison(here, there []nn.Node, tap string, shift, pictures int) *comparison {
	q := &comparison{tap: tap, here: nn.Output(number(here, tap)), there: nn.Output(number(there, tap)), shift: shift}
	q.shape, q.large = here[q.here].Out(), there[q.there].Out()
	q.sum, q.squares = make([]float64, q.shape.Len()), make([]float64, q.shape.Len())
	if s.addsBiasLate() {
		q.tolerance = 0x1p-18
	}
	for range pictures {
		q.delta = append(q.delta, make([]float32, q.shape.Len()))
	}
	return q
}

// addsBiasLate reports whether some convolution adds its bias behind the sum over
// its window, and so rounds otherwise than the same one without padding.
func (s Subject) addsBiasLate() bool {
	late := func(p pad.Scheme) bool { return p.Reweighs || p.Banks }
	return late(s.Spec.Padding) || slices.ContainsFunc(slices.Collect(maps.Values(s.Spec.Layers)), late)
}

// subtract takes the features of the real surroundings from delta i.
func (q *comparison) subtract(i int, y []float32) {
	n := q.shape.W * q.shape.C
	rounding := float32(0)
	if q.tolerance > 0 {
		rounding = q.tolerance * max(slices.Max(q.delta[i]), -slices.Min(q.delta[i]))
	}
	for r := range q.shape.H {
		from := ((q.shift+r)*q.large.W + q.shift) * q.shape.C
		for j, v := range y[from : from+n] {
			d := &q.delta[i][r*n+j]
			if *d -= v; *d >= -rounding && *d <= rounding {
				*d = 0
			}
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
		q.squares[i] += float64(d * d)
	}
}

func (q *comparison) result() TapPattern {
	t := TapPattern{Tap: q.tap, H: q.shape.H, W: q.shape.W, C: q.shape.C, SNR: math.NaN()}
	n, values := float64(q.n), float64(len(q.sum))
	ratios, counted, alive := 0.0, 0, 0
	reached := make([]bool, q.shape.H*q.shape.W)
	for i := range q.sum {
		shifted := q.sum[i] / n
		mean := math.Abs(float64(q.first[i]) + shifted)
		t.MAE += mean / values
		variance := max(0, q.squares[i]-float64(n*shifted*shifted)) / (n - 1)
		switch {
		case variance > 0:
			ratios += mean / math.Sqrt(variance)
			counted++
		case mean == 0:
			counted++
		}
		if q.first[i] != 0 || q.squares[i] != 0 {
			reached[i/q.shape.C] = true
			alive++
		}
	}
	t.Reached = share(reached)
	t.Chance = math.Sqrt(2/(math.Pi*n)) * float64(alive) / values
	if q.n > 1 && counted > 0 {
		t.SNR = ratios / float64(counted)
	}
	return t
}
