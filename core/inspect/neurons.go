package inspect

import (
	"slices"
	"sync/atomic"

	"padlab/core/nn"
)

// Aware is the Kolmogorov-Smirnov distance above which a filter is a
// padding-aware neuron: for some value v, the share of its values up to v at a
// side of the map and the share in the middle differ by more than this.
const Aware = 0.5

// Filters are those of a convolution of 3×3 or larger, and how many of them are
// aware of padding (after Garcia-Gasulla et al. 2023; the definition is ours).
//
// A filter's values, behind the batch norm and the ReLU that follow, are taken
// in every picture at up to 4 places of each outermost row and column, away
// from the corners, and at up to 3×3 places in the middle half of the map. It
// is aware of a side when the two-sample Kolmogorov-Smirnov distance between
// the values there and those in the middle is above [Aware]. Pictures look the
// same at all places on average, so without padding the distance is that of
// chance.
type Filters struct {
	Name     string
	Kernel   int
	Count    int
	At       [4]int // how many are aware of each of Sides
	Any      int    // of at least one
	Neurons  []Neuron
	TooSmall bool // fewer than three rows or columns: nothing was compared
}

// CountAware is how many filters are aware of padding at some side, among how
// many that could be compared.
func CountAware(list []Filters) (aware, compared int) {
	for _, f := range list {
		if !f.TooSmall {
			aware, compared = aware+f.Any, compared+f.Count
		}
	}
	return aware, compared
}

// A Neuron is a filter that is aware of padding.
type Neuron struct {
	Filter   int
	Distance [4]float64 // to each of Sides
}

// Places of a map whose values are compared.
const (
	placesOfSide   = 4 // of each side
	placesOfMiddle = 3 // squared
)

// A study collects the values of one convolution's filters. They take
// 4·(4·4 + 3·3) bytes per filter and picture: 77 MB for the 12,000 filters of
// ResNet-152 and 64 pictures.
type study struct {
	conv     nn.Node
	node     nn.Output    // whose values count
	places   [5][]int     // of each side, and of the middle: pixels
	values   [5][]float32 // [filter][picture][place]
	pictures int
	overflow atomic.Bool // some value was not finite
}

// studiesOf are those of all convolutions of 3×3 or larger. A filter's values are
// taken behind the norms, and the activation, that follow as long as no other
// node takes what is before them.
func studiesOf(nodes []nn.Node, pictures int) (list []*study) {
	takers := make([][]int, len(nodes))
	for i, node := range nodes {
		for _, from := range node.From {
			if from != nn.Sample {
				takers[from] = append(takers[from], i)
			}
		}
	}
	for i, node := range nodes {
		if !filters(node) || node.Window(nn.Rows).Size < 3 {
			continue
		}
		at := i
		for len(takers[at]) == 1 && nodes[takers[at][0]].Role() == nn.Scaling {
			at = takers[at][0]
		}
		if len(takers[at]) == 1 && nodes[takers[at][0]].Role() == nn.Activation {
			at = takers[at][0]
		}
		list = append(list, newStudy(node, nn.Output(at), pictures))
	}
	return list
}

func newStudy(conv nn.Node, node nn.Output, pictures int) *study {
	s := &study{conv: conv, node: node, pictures: pictures}
	shape := conv.Out()
	if shape.H < 3 || shape.W < 3 {
		return s
	}
	along := func(n, places int) []int {
		from, to := middleHalf(n)
		var all []int
		for i := from; i < to; i++ {
			all = append(all, i)
		}
		return evenly(all, places)
	}
	pixel := func(r, c int) int { return r*shape.W + c }
	for _, c := range along(shape.W, placesOfSide) {
		s.places[0] = append(s.places[0], pixel(0, c))
		s.places[1] = append(s.places[1], pixel(shape.H-1, c))
	}
	for _, r := range along(shape.H, placesOfSide) {
		s.places[2] = append(s.places[2], pixel(r, 0))
		s.places[3] = append(s.places[3], pixel(r, shape.W-1))
	}
	for _, r := range along(shape.H, placesOfMiddle) {
		for _, c := range along(shape.W, placesOfMiddle) {
			s.places[4] = append(s.places[4], pixel(r, c))
		}
	}
	for i, places := range s.places {
		s.values[i] = make([]float32, shape.C*pictures*len(places))
	}
	return s
}

// collect keeps the values of one picture.
func (s *study) collect(x []float32, picture int) {
	filters := s.conv.Out().C
	for i, places := range s.places {
		for j, p := range places {
			for filter, v := range x[p*filters : (p+1)*filters] {
				if !finite(v) {
					s.overflow.Store(true)
					return
				}
				s.values[i][(filter*s.pictures+picture)*len(places)+j] = v
			}
		}
	}
}

func (s *study) result() Filters {
	f := Filters{Name: s.conv.Name(), Kernel: s.conv.Window(nn.Rows).Size, Count: s.conv.Out().C, TooSmall: s.places[0] == nil}
	if f.TooSmall {
		return f
	}
	sorted := func(group, filter int) []float32 {
		n := s.pictures * len(s.places[group])
		values := s.values[group][filter*n : (filter+1)*n]
		slices.Sort(values)
		return values
	}
	for filter := range f.Count {
		neuron, aware := Neuron{Filter: filter}, false
		middle := sorted(4, filter)
		for side := range Sides {
			d := distance(sorted(side, filter), middle)
			if neuron.Distance[side] = d; d > Aware {
				f.At[side]++
				aware = true
			}
		}
		if aware {
			f.Any++
			f.Neurons = append(f.Neurons, neuron)
		}
	}
	return f
}

// distance is the two-sample Kolmogorov-Smirnov distance
//
//	D = max over v of | share of x ≤ v  −  share of y ≤ v |
//
// of two sorted samples of numbers, neither of them empty. Ties count as what
// they are: the shares are compared behind the last of equal values.
func distance(x, y []float32) float64 {
	d, i, j := 0.0, 0, 0
	for i < len(x) && j < len(y) {
		v := min(x[i], y[j])
		for i < len(x) && x[i] == v {
			i++
		}
		for j < len(y) && y[j] == v {
			j++
		}
		difference := float64(i)/float64(len(x)) - float64(j)/float64(len(y))
		d = max(d, difference, -difference)
	}
	return d
}
