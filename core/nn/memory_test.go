package nn

import (
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
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
