package stage

import (
	"slices"
	"testing"

	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/task"
)

func TestMirror(t *testing.T) {
	x := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12} // 2×3 pixels of two channels
	mirror(x, nn.Shape{H: 2, W: 3, C: 2})
	if want := []float32{5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8}; !slices.Equal(x, want) {
		t.Errorf("%v, want %v", x, want)
	}
}

func TestOblong(t *testing.T) {
	for n, want := range map[int][2]int{1: {1, 1}, 7: {1, 7}, 32: {4, 8}, 48: {6, 8}, 64: {8, 8}, 512: {16, 32}} {
		if rows, cols := oblong(n); rows != want[0] || cols != want[1] {
			t.Errorf("%d neurons: %d×%d, want %v", n, rows, cols, want)
		}
	}
}

// asking looks inside a small network on a canvas of 2×2 cells.
func asking(t testing.TB) *inside {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	split := images.Split{Labels: []byte{0, 1, 0, 1}, Pixels: make([]byte, 4*16)}
	for i := range split.Pixels {
		split.Pixels[i] = byte(37 * i)
	}
	src := task.NewSource(&images.Set{Name: "few", Classes: []string{"a", "b"}, H: 4, W: 4, C: 1, Train: split, Test: split})
	e := experiment.Default()
	e.Canvas.Grid, e.Data.Patch, e.Eval.Images, e.Neurons.Ask = 2, 4, 4, experiment.AskAblation
	spec := arch.Spec{Arch: arch.Must("nearest"), In: nn.Shape{H: 8, W: 8, C: 1}, Classes: 4, Padding: pad.Must("zeros"), Extent: pad.Same}
	net, err := arch.Build(spec, k)
	if err != nil {
		t.Fatal(err)
	}
	net.Init(1)
	in, err := newInside(&Train{arm: experiment.Arm{Experiment: e}, task: task.Must("location"), net: net, spec: spec, tapes: []*nn.Tape{net.NewTape()}}, src, Means{Memory: &Allowance{}})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// The head as a read-out answers as the network does.
func TestHeadOf(t *testing.T) {
	in := asking(t)
	in.begin(true)
	head, tape := in.headOf(), in.t.tapes[0]
	for i := range 16 {
		in.show(tape, i)
		z := tape.Activation(in.pool)
		if got, want := head.Say(z), int(largestOf(tape.Forward(), 4)[0]); got != want {
			t.Errorf("picture %d: %d, the network says %d", i, got, want)
		}
	}
}

// Whatever a checkpoint holds is taken back to the same, or refused.
func FuzzRestoreLatents(f *testing.F) {
	in := asking(f)
	d := in.channels()
	for _, n := range []int{0, 1, d, 2 * d, 2*d*80 - 2*d, 2 * d * 80, 2*d*80 + d, 2*d*80 + 16*d, 2*d*80 + 17*d} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		state := make([]float32, n)
		for i := range state {
			state[i] = float32(i)
		}
		in.begin(true)
		if err := in.restore(state); err != nil {
			return
		}
		if in.read > in.fitted || in.shown > in.images*in.latents.Places || !slices.Equal(in.state(), state) {
			t.Errorf("%d numbers: %d and %d pictures, %d numbers", n, in.read, in.shown, len(in.state()))
		}
	})
}
