package nn

import (
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/rng"
)

// What is said of memory before it is taken is what is taken then: all slices of
// a network, a trainer and a tape, counted.
func TestMemory(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	in := Shape{H: 20, W: 20, C: 3}
	for name, norm := range map[string]bool{"depth first": false, "level by level": true} {
		b := NewBuilder(in)
		x := b.Conv("conv1", Sample, 8, 3, 1, pad.Must("partial"), pad.Same, true)
		if norm {
			x = b.BatchNorm("bn1", x)
		}
		y := b.ReLU("relu1", x)
		x = b.Conv("conv2", b.MaxPool("pool", y), 8, 3, 1, pad.Must("zeros"), pad.Same, false)
		x = b.Add("add", x, b.MaxPool("shortcut", y))
		b.Linear("linear", b.GlobalAveragePool("gap", x), 5)
		net, err := b.Net(k)
		if err != nil {
			t.Fatal(err)
		}
		net.Init(1)
		const size, workers = 12, 3
		trainer := NewTrainer(net, NewAdam(net.Trainable, AdamOptions{LR: Constant(.1)}), size, workers)
		floats := func(lists ...[]float32) (n int64) {
			for _, list := range lists {
				n += 4 * int64(len(list))
			}
			return n
		}
		batch := func(b *batch) int64 {
			n := floats(b.x) + floats(b.saved...) + floats(b.shared...)
			seen := map[*float32]bool{}
			for _, list := range append(append([][]float32{}, b.y...), b.dy...) { // some stand for several nodes
				if len(list) > 0 && !seen[&list[0]] {
					seen[&list[0]] = true
					n += floats(list)
				}
			}
			for _, list := range b.indices {
				n += 4 * int64(len(list))
			}
			return n
		}
		space := func(w *workspace) int64 {
			return floats(w.scratch, w.fresh) + 8*int64(len(w.loss.Parts))
		}
		adam := trainer.optimizer.(*Adam)
		taken := floats(trainer.grads...) + floats(adam.m, adam.v)
		for _, b := range append(trainer.own, trainer.all) {
			if b != nil {
				taken += batch(b)
			}
		}
		for i, tape := range trainer.tapes {
			one := batch(tape.batch) + space(tape.work)
			if want := TapeBytes(net.Nodes, in); one != want {
				t.Errorf("%s: a tape takes %d bytes, %d were said", name, one, want)
			}
			taken += one + space(trainer.workspaces[i])
		}
		if said := TrainerBytes(net.Nodes, in, size, workers, 2); taken != said {
			t.Errorf("%s: a trainer takes %d bytes, %d were said", name, taken, said)
		}
		if taken, said := floats(net.W, net.packed), NetBytes(net.Nodes); taken != said {
			t.Errorf("%s: a network takes %d bytes, %d were said", name, taken, said)
		}
	}
}

// Trainers in one memory, taking turns, train as each does alone.
func TestBeside(t *testing.T) {
	k := portable(t)
	for name, build := range map[string]func(b *Builder) Output{
		"depth first": func(b *Builder) Output { return Sample },
		"level by level": func(b *Builder) Output {
			return b.BatchNorm("bn", b.Conv("first", Sample, 4, 3, 1, pad.Must("zeros"), pad.Same, false))
		},
	} {
		t.Run(name, func(t *testing.T) {
			net := func(seed uint64) *Net {
				b := NewBuilder(Shape{6, 6, 2})
				x := b.ReLU("relu", b.Conv("conv", build(b), 5, 3, 1, pad.Must("reflect"), pad.Same, true))
				b.Linear("linear", b.GlobalAveragePool("gap", x), 3)
				n, err := b.Net(k)
				if err != nil {
					t.Fatal(err)
				}
				n.Init(seed)
				return n
			}
			crew := kernel.NewCrew(2)
			defer crew.Close()
			step := func(tr *Trainer, seed, step uint64) {
				tr.Step(crew, func(i int, x []float32) int {
					s := rng.New(seed, "sample", step, uint64(i))
					s.Uniform(x, 1)
					return s.IntN(3)
				})
			}
			adam := func(n *Net) Optimizer { return NewAdam(n.Trainable, AdamOptions{LR: Constant(0.01)}) }
			alone := []*Trainer{NewTrainer(net(1), adam(net(1)), 8, 2), NewTrainer(net(2), adam(net(2)), 8, 2)}
			first := NewTrainer(net(1), adam(net(1)), 8, 2)
			second := net(2)
			together := []*Trainer{first, first.Beside(second, adam(second))}
			for s := range uint64(5) {
				for i := range alone {
					step(alone[i], uint64(i), s)
					step(together[i], uint64(i), s)
					tape := together[1-i].Tapes()[0] // looks at the other in between
					clear(tape.Input())
					tape.Forward()
				}
			}
			for i := range alone {
				if alone[i].Net.SHA256() != together[i].Net.SHA256() {
					t.Errorf("network %d is another one", i)
				}
			}
			defer func() {
				if recover() == nil {
					t.Error("networks of two kinds share memory")
				}
			}()
			b := NewBuilder(Shape{6, 6, 2})
			b.Linear("linear", b.GlobalAveragePool("gap", Sample), 3)
			other, _ := b.Net(k)
			first.Beside(other, adam(other))
		})
	}
}
