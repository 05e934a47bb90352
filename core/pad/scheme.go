// Package pad holds the padding schemes: what stands beside a picture when a
// convolution looks over its edge. It exists because this is the one thing
// that padlab varies.
//
// Most schemes are a pure index function ([Index]): asked for a position
// outside a line of n values, it names the position inside whose value stands
// there, or [Nowhere]. Everything else is derived from that function: the
// padded copy ([Plan.Forward]), its exact adjoint ([Plan.Adjoint]) and the
// table that a person can read ([Scheme.Sources]). A picture is padded one axis
// after the other, so a function of one line is enough, and each axis may have its
// own (axes.go).
//
// The others compute what stands outside (border.go), draw it, or enlarge the
// picture; what they do beyond an index function is a field of [Scheme].
package pad

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"padlab/core/names"
)

// Nowhere is the source of a position that copies no pixel.
const Nowhere = -1

// An Index maps a position i of a padded line, …, −1, 0, …, n−1, n, …, to the
// position in 0 … n−1 that it copies, or to Nowhere. n is at least 1, and
// Index(i, n) = i for every i inside.
type Index func(i, n int) int

// Outside copies nothing: zeros, constants and no padding at all.
func Outside(i, n int) int {
	if i < 0 || i >= n {
		return Nowhere
	}
	return i
}

// Replicate repeats the edge: a b c → a a | a b c | c c.
func Replicate(i, n int) int { return min(max(i, 0), n-1) }

// Reflect mirrors the line about its edge value, which is not repeated:
// a b c → c b | a b c | b a. It is defined for −n < i < 2n−1 only.
func Reflect(i, n int) int {
	if i < 0 {
		i = -i
	}
	if i >= n {
		i = 2*(n-1) - i
	}
	return i
}

// Symmetric mirrors the line about its border, so the edge is repeated:
// a b c → b a | a b c | c b. It repeats with period 2n.
func Symmetric(i, n int) int {
	i = modulo(i, 2*n)
	return min(i, 2*n-1-i)
}

// Circular continues on the other side: a b c → b c | a b c | a b. It repeats
// with period n.
func Circular(i, n int) int { return modulo(i, n) }

func modulo(i, n int) int { return ((i % n) + n) % n }

// A Scheme is an index function with its name and the value of a position that
// has no source. Schemes are values: two of one name are equal. The zero Scheme
// is no scheme; where a scheme may be left out it stands for that.
type Scheme struct {
	Name  string  // canonical: "zeros", "constant(0.5)"
	About string  // one line for a person
	Value float32 // what stands where Index says Nowhere

	// Reweighs: a convolution divides the sum over a window by the share of
	// the window that lies inside of the picture, before it adds its bias.
	Reweighs bool

	// Banks: at the border a convolution has other weights, a bank of filters
	// for every way in which a window can lie over the edge, and they only see
	// the picture.
	Banks bool

	// Learns: what stands outside is predicted from the picture next to it, by
	// weights that are trained to predict the picture's own edge.
	Learns bool

	// Draws: what stands outside is drawn anew for every picture, outside of
	// training too.
	Draws bool

	*rule // what it does, shared by all schemes of one kind

	rows *rule // what it does above and below, where that is something else
}

// A rule is what a scheme does.
type rule struct {
	index   Index
	refuse  func(n, before, after int) error // nil, or why a line of n cannot be padded so
	compute border                           // what stands outside, or nil
	means   bool                             // it computes with local means
	turns   bool                             // rows outside are turned by half their length
	shift   bool                             // in training all padding of an axis stands on one side

	// stretch: the picture is enlarged, bilinearly, to the size that padding
	// would have given it. The authors of "Position, Padding and Predictions"
	// call it no padding; it lets shortcuts keep their sizes. They enlarge by 3
	// under a 7×7 kernel, where this is 6.
	stretch bool
}

var schemes = []Scheme{
	{Name: "none", About: "no padding: the map shrinks with every convolution", rule: &rule{index: Outside, refuse: nothing}},
	{Name: "zeros", About: "zeros outside: 0 0 | a b c | 0 0", rule: &rule{index: Outside}},
	{Name: "constant", About: "one value outside, constant(0.5): v v | a b c | v v", rule: &rule{index: Outside}},
	{Name: "replicate", About: "the edge repeated: a a | a b c | c c", rule: &rule{index: Replicate}},
	{Name: "reflect", About: "mirrored about the edge pixel: c b | a b c | b a", rule: &rule{index: Reflect, refuse: short}},
	{Name: "symmetric", About: "mirrored, edge pixel repeated: b a | a b c | c b", rule: &rule{index: Symmetric}},
	{Name: "circular", About: "the other side of the picture: b c | a b c | a b", rule: &rule{index: Circular}},
	{Name: "partial", About: "zeros outside; what a window sees is weighted up", Reweighs: true, rule: &rule{index: Outside}},
	{Name: "mean-interp", About: "local means, enlarged beyond the edge", rule: &rule{index: Outside, refuse: asymmetric, compute: meanInterp, means: true}},
	{Name: "mean-ref", About: "local means, mirrored about the edge", rule: &rule{index: Outside, refuse: asymmetric, compute: meanRef, means: true}},
	{Name: "noise", About: "noise with the mean and deviation of each channel", Draws: true, rule: &rule{index: Outside, compute: noise}},
	{Name: "random", About: "zeros, in training all on one side, by lot", rule: &rule{index: Outside, shift: true}},
	{Name: "resize", About: "the picture enlarged to the padded size", rule: &rule{index: Outside, stretch: true}},
	{Name: "explicit", About: "nothing outside: filters of their own at the border", Banks: true, rule: &rule{index: Outside}},
	{Name: "learned", About: "predicted from the pixels next to the edge", Learns: true, rule: &rule{index: Outside}},
}

// aliases are the names of numpy.pad (edge, wrap, constant) and of PyTorch's
// padding_mode and functional.pad (zero, constant). Without a value, both pad
// a constant 0.
var aliases = map[string]string{"edge": "replicate", "wrap": "circular", "zero": "zeros", "constant": "zeros"}

func nothing(_, before, after int) error {
	if p := max(before, after); p > 0 {
		return fmt.Errorf("none pads nothing: padding must be 0, not %d", p)
	}
	return nil
}

func short(n, before, after int) error {
	if p := max(before, after); p >= n {
		return fmt.Errorf("reflect needs padding < size: %d ≥ %d", p, n)
	}
	return nil
}

// asymmetric is for schemes of local means: 2p+1 pixels wide, and as far apart from
// the edge on either side.
func asymmetric(n, before, after int) error {
	if before != after {
		return fmt.Errorf("schemes of local means need equal padding on both sides: %d, %d", before, after)
	}
	if n < 2*before+1 {
		return fmt.Errorf("schemes of local means need a size of at least 2·padding + 1: %d < %d", n, 2*before+1)
	}
	return nil
}

// Computes reports whether a padded line takes more than an index function and a
// value: what a Plan puts there is computed or drawn from the whole picture, or
// the picture itself is moved or enlarged.
func (s Scheme) Computes() bool { return s.compute != nil || s.shift || s.stretch }

// All returns every scheme in the order in which they are explained.
// "constant" stands for the family constant(v), here with value 0.
func All() []Scheme { return append([]Scheme(nil), schemes...) }

// Names returns the names of All.
func Names() []string {
	list := make([]string, len(schemes))
	for i, s := range schemes {
		list[i] = s.Name
	}
	return list
}

// Aliases returns the other names under which a scheme is known.
func (s Scheme) Aliases() []string {
	var list []string
	for _, a := range []string{"edge", "wrap", "zero", "constant"} {
		if aliases[a] == s.Name {
			list = append(list, a)
		}
	}
	return list
}

// Parse returns the scheme of that name: one of Names, one of numpy's or
// PyTorch's names for it, constant(v) with a finite value v, or two of them as
// beside/above (see axes.go). Letter case does not matter.
func Parse(name string) (Scheme, error) {
	if beside, above, ok := strings.Cut(name, "/"); ok {
		return parseAxes(name, beside, above)
	}
	word := strings.ToLower(strings.TrimSpace(name))
	if a, ok := aliases[word]; ok {
		word = a
	}
	if inner, ok := strings.CutPrefix(word, "constant("); ok {
		inner, closed := strings.CutSuffix(inner, ")")
		v, err := strconv.ParseFloat(strings.TrimSpace(inner), 32)
		if !closed || err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return Scheme{}, fmt.Errorf("scheme %q: constant needs a number in brackets, as in constant(0.5)", name)
		}
		s := schemes[2]
		s.Value = float32(v)
		s.Name = "constant(" + strconv.FormatFloat(float64(s.Value), 'g', -1, 32) + ")"
		return s, nil
	}
	for _, s := range schemes {
		if s.Name == word {
			return s, nil
		}
	}
	return Scheme{}, names.Unknown("scheme", name, Names())
}

// MarshalText returns the scheme's name, and nothing for the zero Scheme.
func (s Scheme) MarshalText() ([]byte, error) { return []byte(s.Name), nil }

// UnmarshalText is Parse, but for an empty text, which is the zero Scheme.
func (s *Scheme) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = Scheme{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// Must is Parse for names that the program itself wrote; it panics on others.
func Must(name string) Scheme {
	s, err := Parse(name)
	if err != nil {
		panic("pad: " + err.Error())
	}
	return s
}

// Sources returns, for every position of a line of n values padded by before
// and after, the position whose value stands there, or Nowhere:
//
//	reflect, n = 5, before = after = 2:  2 1 0 1 2 3 4 3 2
//
// Of a scheme per axis the line is a row; see Axes. It is an error when n < 1, an amount is negative, or the scheme cannot pad
// that much.
func (s Scheme) Sources(n, before, after int) ([]int, error) {
	if n < 1 {
		return nil, fmt.Errorf("%s needs a size of at least 1: %d", s.Name, n)
	}
	if before < 0 || after < 0 {
		return nil, fmt.Errorf("%s needs padding of at least 0: %d, %d", s.Name, before, after)
	}
	if s.refuse != nil {
		if err := s.refuse(n, before, after); err != nil {
			return nil, err
		}
	}
	table := make([]int, before+n+after)
	for i := range table {
		table[i] = s.index(i-before, n)
	}
	return table, nil
}

// Usage returns how often each of n pixels is read by a convolution along one
// axis, of size taps with the given stride and dilation, over a line padded by
// before and after: what back-propagating ones through a kernel of ones leaves
// (the foveation of Alsallakh et al. 2021). A 3-tap kernel with one pixel of
// padding reads the pixels from the border inward 2, 3, 3, … times under zeros,
// 2, 4, 3, … under reflect, and each 3 times under circular. Errors are those
// of Sources; where the padded line is shorter than the kernel nothing is read.
func (s Scheme) Usage(n, before, after, size, stride, dilation int) ([]int, error) {
	sources, err := s.Sources(n, before, after)
	if err != nil {
		return nil, err
	}
	counts := make([]int, n)
	for first := 0; first+(size-1)*dilation < len(sources); first += stride {
		for k := range size {
			if at := sources[first+k*dilation]; at != Nowhere {
				counts[at]++
			}
		}
	}
	return counts, nil
}
