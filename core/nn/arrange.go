package nn

import (
	"fmt"
	"math/bits"
	"slices"
	"sync"
)

// Arrange puts values elsewhere. Its output is a block of any number of
// dimensions, and where a value comes from is a sum of one offset per dimension:
//
//	y[i₀][i₁]… = x[at₀[i₀] + at₁[i₁] + …],  or fill where one of these is Nowhere
//
// which is what transposing, slicing, gathering, repeating, enlarging by the
// nearest pixel, and filling up by a constant have in common.
type Arrange struct {
	plain
	kind   string
	at     [][]int32
	fill   float32
	nobody bool // some value is fill
	moved
}

// moved are what a layer that moves values reads along each axis: to find that out takes
// a look at every value, so it is done once, and when somebody asks.
type moved [2]func() []Reading

func movedBy(reads func(a Axis) []Reading) moved {
	return moved{sync.OnceValue(func() []Reading { return reads(Rows) }), sync.OnceValue(func() []Reading { return reads(Columns) })}
}

func (m moved) Reads(a Axis) []Reading { return m[a]() }

// Nowhere is the offset of a value that is not in x.
const Nowhere = -1 << 30

// NewArrange returns the layer; kind is what it is called in a table. It panics
// unless at makes as many values as out has, all of them in x or Nowhere.
func NewArrange(name, kind string, in, out Shape, at [][]int32, fill float32) *Arrange {
	l := &Arrange{plain: plain{name, in, out}, kind: kind, fill: fill}
	l.moved = movedBy(l.reads)
	n, low, high := 1, 0, 0
	for _, list := range at {
		n *= len(list)
		least, most, some := 0, 0, false
		for _, v := range list {
			if v == Nowhere {
				l.nobody = true
				continue
			}
			if !some {
				least, most, some = int(v), int(v), true
			}
			least, most = min(least, int(v)), max(most, int(v))
		}
		low, high = low+least, high+most
	}
	if n != out.Len() || low < 0 || high >= in.Len() {
		panic(fmt.Sprintf("nn: %s: %d values from %d … %d of %v make no %v", name, n, low, high, in, out))
	}
	// Dimensions that go on where the next one ends are one with it.
	for _, list := range slices.Backward(at) {
		if len(l.at) > 0 && len(list) > 0 {
			next := l.at[0]
			if step, ok := stepOf(next); ok && len(next)*len(list) <= 1<<16 {
				if s, ok := stepOf(list); ok && s == step*len(next) {
					joined := make([]int32, 0, len(next)*len(list))
					for _, v := range list {
						for _, w := range next {
							joined = append(joined, v+w)
						}
					}
					l.at[0] = joined
					continue
				}
			}
		}
		if len(list) != 1 || list[0] != 0 {
			l.at = slices.Insert(l.at, 0, list)
		}
	}
	if len(l.at) == 0 {
		l.at = [][]int32{{0}}
	}
	return l
}

// stepOf is by how much a list rises from each to the next, all alike.
func stepOf(list []int32) (step int, ok bool) {
	if slices.Contains(list, Nowhere) {
		return 0, false
	}
	if len(list) < 2 {
		return 0, len(list) == 1
	}
	s := list[1] - list[0]
	for i := 2; i < len(list); i++ {
		if list[i]-list[i-1] != s {
			return 0, false
		}
	}
	return int(s), true
}

func (l *Arrange) Kind() string { return l.kind }

func (l *Arrange) Window(a Axis) Window { return windowOf(l, a) }

func (l *Arrange) reads(a Axis) []Reading {
	return readings(l.in, l.out, a, func(see func(o, i int)) {
		l.each(func(o, i, n int) {
			for j := range n {
				see(o+j, i+j)
			}
		}, func(o, n int) {
			for j := range n {
				see(o+j, -1)
			}
		})
	})
}

// each calls move for runs of n values of y from o on that are those of x from i
// on, and miss for those that are not in x.
func (l *Arrange) each(move func(o, i, n int), miss func(o, n int)) {
	inner := l.at[len(l.at)-1]
	step, even := stepOf(inner)
	run := even && (step == 1 || len(inner) == 1)
	index, o := make([]int, len(l.at)-1), 0
	for {
		base := 0
		for d, i := range index {
			if base += int(l.at[d][i]); l.at[d][i] == Nowhere {
				base = Nowhere
				break
			}
		}
		switch {
		case base == Nowhere:
			miss(o, len(inner))
		case run:
			move(o, base+int(inner[0]), len(inner))
		default:
			for j, v := range inner {
				if v == Nowhere {
					miss(o+j, 1)
				} else {
					move(o+j, base+int(v), 1)
				}
			}
		}
		o += len(inner)
		d := len(index) - 1
		for ; d >= 0; d-- {
			if index[d]++; index[d] < len(l.at[d]) {
				break
			}
			index[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

func (l *Arrange) Forward(c *Call) {
	for i := range c.N {
		x, y := cut(c.X[0], l.in.Len(), i, i+1), cut(c.Y, l.out.Len(), i, i+1)
		l.each(func(o, i, n int) {
			if n == 1 {
				y[o] = x[i]
				return
			}
			copy(y[o:o+n], x[i:])
		}, func(o, n int) {
			for j := range n {
				y[o+j] = l.fill
			}
		})
	}
}

// Backward adds each dy to where its value came from.
func (l *Arrange) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	clear(c.DX[0])
	for i := range c.N {
		dx, dy := cut(c.DX[0], l.in.Len(), i, i+1), cut(c.DY, l.out.Len(), i, i+1)
		l.each(func(o, i, n int) {
			for j := range n {
				dx[i+j] += dy[o+j]
			}
		}, func(int, int) {})
	}
}

// Reshape gives the values of a sample another shape, in their order.
type Reshape struct {
	plain
	moved
}

// NewReshape returns the layer. It panics unless both shapes have as many values.
func NewReshape(name string, in, out Shape) *Reshape {
	if in.Len() != out.Len() {
		panic(fmt.Sprintf("nn: %s: %v cannot have the shape %v", name, in, out))
	}
	l := &Reshape{plain: plain{name, in, out}}
	l.moved = movedBy(l.reads)
	return l
}

func (l *Reshape) Kind() string         { return "reshape" }
func (l *Reshape) InPlace() bool        { return true }
func (l *Reshape) Window(a Axis) Window { return windowOf(l, a) }

func (l *Reshape) reads(a Axis) []Reading {
	if l.in.H == l.out.H && l.in.W == l.out.W {
		return l.same(a)
	}
	return readings(l.in, l.out, a, func(see func(o, i int)) {
		for i := range l.in.Len() {
			see(i, i)
		}
	})
}

func (l *Reshape) Forward(c *Call) { copy(c.Y, c.X[0]) }

func (l *Reshape) Backward(c *Call) {
	if c.DX[0] != nil {
		copy(c.DX[0], c.DY)
	}
}

// mostReadings bounds the memory in which readings are collected, in words; beyond
// it every output is said to read everything.
const mostReadings = 1 << 24

// readings are what the positions of y read along an axis, where each tells
// which value of y is made of which of x, negative for none.
func readings(in, out Shape, a Axis, each func(see func(o, i int))) []Reading {
	place := func(s Shape, i int) int {
		if a == Rows {
			return i / (s.W * s.C)
		}
		return i / s.C % s.W
	}
	words := (a.Of(in) + 63) / 64
	if a.Of(out) > mostReadings/words {
		return allOf(a.Of(in), a.Of(out))
	}
	sets := make([]uint64, a.Of(out)*words)
	list := make([]Reading, a.Of(out))
	each(func(o, i int) {
		at := place(out, o)
		if i < 0 {
			list[at].Padding = true
			return
		}
		from := place(in, i)
		sets[at*words+from/64] |= 1 << (from % 64)
	})
	for o := range list {
		for w, set := range sets[o*words : (o+1)*words] {
			for ; set != 0; set &= set - 1 {
				list[o].Taps = append(list[o].Taps, Tap{w*64 + bits.TrailingZeros64(set), 1})
			}
		}
		list[o].Padding = list[o].Padding && len(list[o].Taps) == 0 // else it is channels that are filled up
	}
	return list
}

// windowOf is the window of a layer that moves values: of one position where
// every output reads no more than one, as far from the next as all are, and else of
// all.
func windowOf(l Layer, a Axis) Window {
	w := Window{Size: 1, Stride: 0, Dilation: 1}
	before := -1
	for _, r := range l.Reads(a) {
		switch {
		case len(r.Taps) > 1:
			return Window{Size: 0, Stride: 1, Dilation: 1}
		case len(r.Taps) == 0:
			before = -1
			continue
		case before < 0:
		case w.Stride == 0:
			w.Stride = r.Taps[0].At - before
		case w.Stride != r.Taps[0].At-before:
			w.Stride = 1
		}
		before = r.Taps[0].At
	}
	w.Stride = max(w.Stride, 1)
	return w
}

// everything is what each output of a layer reads that depends on every input.
func (l *plain) everything(a Axis) []Reading { return allOf(a.Of(l.in), a.Of(l.out)) }

// allOf are n outputs that each read all of several inputs.
func allOf(inputs, n int) []Reading {
	var r Reading
	for i := range inputs {
		r.read(at(i))
	}
	return slices.Repeat([]Reading{r}, n)
}

// whole is the window of such a layer.
var whole = Window{Size: 0, Stride: 1, Dilation: 1}

func (b *Builder) Arrange(name, kind string, x Output, out Shape, at [][]int32, fill float32) Output {
	return b.add(NewArrange(name, kind, b.Shape(x), out, at, fill), nil, x)
}

func (b *Builder) Reshape(name string, x Output, out Shape) Output {
	return b.add(NewReshape(name, b.Shape(x), out), nil, x)
}
