package nn

import (
	"slices"
	"testing"

	"padlab/core/pad"
	"padlab/core/rng"
)

// A lean tape makes the same bits as another, though it has less memory, and takes what
// was said of it.
func TestLeanTape(t *testing.T) {
	n := net(t, Shape{20, 16, 3}, func(b *Builder) {
		zeros := pad.Must("zeros")
		x := b.ReLU("relu1", b.BatchNorm("bn1", b.Conv("conv1", Sample, 8, 3, 1, zeros, pad.Same, false)))
		for _, name := range []string{"a", "b", "c"} {
			y := b.ReLU(name+".relu1", b.BatchNorm(name+".bn", b.Conv(name+".conv1", x, 4, 1, 1, zeros, pad.Same, false)))
			y = b.Conv(name+".conv2", y, 8, 3, 1, pad.Must("reflect"), pad.Same, true)
			x = b.ReLU(name+".relu2", b.Add(name+".add", y, x))
		}
		p := b.MaxPool("pool", x)
		b.Linear("linear", b.GlobalAveragePool("gap", b.Concat("concat", b.Resize("up", p, 20, 16, false), x)), 5)
	})
	n.Init(3)
	whole, lean := n.NewTape(), n.NewLeanTape()
	for pass := range uint64(2) { // what the first has left does not matter
		for _, tape := range []*Tape{whole, lean} {
			s := rng.New(pass, "input")
			s.Uniform(tape.Input(), 1)
		}
		var seen [][]float32
		last := Output(len(n.Nodes) - 1)
		whole.Through(last, func(o Output) { seen = append(seen, slices.Clone(whole.Activation(o))) })
		lean.Through(last, func(o Output) {
			if !slices.Equal(lean.Activation(o), seen[o]) {
				t.Errorf("pass %d, %s: other bits", pass, n.Nodes[o].Name())
			}
		})
		if !slices.Equal(lean.Output(), whole.Output()) {
			t.Errorf("pass %d: %v, want %v", pass, lean.Output(), whole.Output())
		}
	}
	bytes := func(b *batch, scratch []float32) (sum int64) {
		seen := map[*float32]int{}
		for _, list := range slices.Concat([][]float32{b.x}, b.y, b.saved, b.shared) {
			if len(list) > 0 {
				seen[&list[0]] = max(seen[&list[0]], len(list))
			}
		}
		for _, n := range seen {
			sum += 4 * int64(n)
		}
		indices := 0
		for _, list := range b.indices {
			indices = max(indices, len(list))
		}
		return sum + 4*int64(indices+len(scratch))
	}
	if got, said := bytes(lean.batch, lean.work.scratch), LeanTapeBytes(n.Nodes, n.In); got != said || 2*said > TapeBytes(n.Nodes, n.In) {
		t.Errorf("%d bytes, said %d, and of a whole tape %d", got, said, TapeBytes(n.Nodes, n.In))
	}
}

// After PackForward of all nodes a pass forward makes what it makes after Pack.
func TestPackForward(t *testing.T) {
	build := func() *Net {
		n := net(t, Shape{9, 9, 2}, func(b *Builder) {
			x := b.BatchNorm("bn", b.Conv("conv", Sample, 5, 3, 1, pad.Must("explicit"), pad.Same, true))
			b.Linear("linear", b.GlobalAveragePool("gap", x), 3)
		})
		n.EachParam(func(p Param, values []float32) {
			s := rng.New(1, p.Name)
			s.Uniform(values, .4)
			for i := range values {
				values[i] += p.Start
			}
		})
		return n
	}
	a, b := build(), build()
	a.Pack()
	for o := range b.Nodes {
		b.PackForward(Output(o))
	}
	x, y := a.NewTape(), b.NewTape()
	s := rng.New(2, "input")
	s.Uniform(x.Input(), 1)
	copy(y.Input(), x.Input())
	if !slices.Equal(x.Forward(), y.Forward()) {
		t.Errorf("%v and %v", x.Output(), y.Output())
	}
}
