package kernel_test

import (
	"testing"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/rng"
)

// The weights after a few steps, as one checksum that all kernels with fused
// multiply-adds share, whatever the architecture: what one machine records,
// another repeats. small is trained sample by sample, L, with its batch norms,
// level by level. The literals were printed by the AVX-512 kernel.
func TestTrainedBits(t *testing.T) {
	for _, c := range []struct {
		net, padding       string
		cell, batch, steps int
		want               string
	}{
		{"small", "zeros", 8, 8, 5, "a4e00f22b14bf13b91b66244fe58e8795a71088024c194fdb35d81f340c280c0"},
		{"small", "reflect", 8, 8, 5, "9e1114aa4650c8fb5993fe6d8434cc5888c1fd10fd08253183e4d0ff7733caa9"},
		{"L", "zeros", 4, 4, 2, "a25242a4cbf3e1bcda3efa7b0e9ddc701dbf14d2df12b56b3a7a074250cfe286"},
		{"L", "replicate", 4, 4, 2, "2c7aa3295400d1b9ed9f6a2464667dd9c4bb1c048ccdfff5d30210ee81955746"},
	} {
		for _, name := range kernel.Names() {
			if name == "gonum" { // multiplies, rounds, then adds, or leaves that to the compiler
				continue
			}
			if got := trained(t, name, c.net, c.padding, c.cell, c.batch, c.steps); got != c.want {
				t.Errorf("%s, %s, %s: weights with checksum %s, want %s", name, c.net, c.padding, got, c.want)
			}
		}
	}
}

// trained is the checksum of the weights after some steps: which of 3×3 cells
// holds noise.
func trained(t *testing.T, name, network, padding string, cell, batch, steps int) string {
	k, err := kernel.Select(name)
	if err != nil {
		t.Fatal(err)
	}
	const grid = 3
	side := grid * cell
	net, err := arch.Build(arch.Spec{
		Arch: arch.Must(network), In: nn.Shape{H: side, W: side, C: 1}, Classes: grid * grid,
		Padding: pad.Must(padding), Extent: pad.Same, Bias: true,
	}, k)
	if err != nil {
		t.Fatal(err)
	}
	net.Init(1)
	crew := kernel.NewCrew(2)
	defer crew.Close()
	trainer := nn.NewTrainer(net, nn.NewAdam(net.Trainable, nn.AdamOptions{LR: nn.Constant(0.001)}), batch, 2)
	for step := range steps {
		_, finite := trainer.Step(crew, func(i int, x []float32) (label int) {
			s := rng.New(1, "sample", uint64(step), uint64(i))
			label = s.IntN(grid * grid)
			clear(x)
			for p := range cell * cell {
				x[(label/grid*cell+p/cell)*side+label%grid*cell+p%cell] = s.Float32()
			}
			return label
		})
		if !finite {
			t.Fatalf("%s, %s: step %d is not finite", name, padding, step)
		}
	}
	return net.SHA256()
}
