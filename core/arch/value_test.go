package arch_test

import (
	"slices"
	"testing"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/inspect"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// strange is a network that no catalog knows: two branches side by side.
var strange = arch.Architecture{
	Entry:  catalog.Entry{Name: "strange.onnx", About: "two branches side by side", Input: catalog.Input{Side: 16}},
	Taps:   []string{"both"},
	Pooled: true,
	Build: func(b *nn.Builder, s arch.Spec) {
		x := b.LeakyReLU("act", b.Conv("wide", nn.Sample, 4, 5, 2, s.Padding, s.Extent, true), 0.1)
		y := b.Conv("narrow", nn.Sample, 4, 3, 2, s.Padding, s.Extent, true)
		if b.Shape(x) != b.Shape(y) {
			y = b.Crop("cut", y, b.Shape(x).H, b.Shape(x).W)
		}
		both := b.GroupNorm("both", b.Concat("concat", x, y), 2)
		b.Linear("answer", b.GlobalAveragePool("gap", both), s.Classes)
	},
}

// An architecture need not be registered to be trained, traced and inspected.
func TestArchitectureIsAValue(t *testing.T) {
	if _, err := arch.Named(strange.Name); err == nil {
		t.Fatalf("%s has a place in the catalog", strange.Name)
	}
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	s := arch.Spec{Arch: strange, In: nn.Shape{H: 16, W: 16, C: 3}, Classes: 2, Padding: pad.Must("zeros"), Extent: pad.Same}
	net, err := arch.Build(s, k)
	if err != nil {
		t.Fatal(err)
	}
	net.Init(1)
	before := slices.Clone(net.W)
	crew := kernel.NewCrew(2)
	defer crew.Close()
	trainer := nn.NewTrainer(net, nn.NewSGD(net.Trainable, nn.SGDOptions{LR: nn.Constant(0.1)}), 4, 2)
	loss, finite := trainer.Step(crew, func(i int, x []float32) int { x[i] = 1; return i % 2 })
	if !finite || !(loss > 0) || slices.Equal(before, net.W) {
		t.Errorf("a step with loss %g, finite %v, changed nothing or too much", loss, finite)
	}

	stages := arch.Trace(net)
	if f := arch.Features(stages); f.Name != "both" || f.Stride != 2 || f.ReceptiveField != 5 {
		t.Errorf("%+v", f)
	}
	g, err := inspect.Look(s)
	if err != nil {
		t.Fatal(err)
	}
	if g.Arch != strange.Name || !slices.Equal(g.Taps, strange.Taps) || g.Stride != 2 || g.ReceptiveField != 5 || g.Params != net.Trainable {
		t.Errorf("%+v", g)
	}
	if smallest := arch.Smallest(s); smallest != 1 {
		t.Errorf("the smallest picture has %d pixels", smallest)
	}
	s.Padding = pad.Must("none")
	s.In.H, s.In.W = 4, 4
	const want = "network strange.onnx with padding none on 4×4 pixels: wide: a 5×5 kernel does not fit in 4×4 pixels; the smallest picture that works is 5×5"
	if _, err := inspect.Look(s); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// Nothing to build is a mistake of the program, and said so.
func TestNoArchitecture(t *testing.T) {
	defer func() {
		if got, want := recover(), `arch: nothing builds network ""`; got != want {
			t.Errorf("%v, want %s", got, want)
		}
	}()
	arch.Layers(arch.Spec{})
}
