package nn

import (
	"math"
	"slices"
	"testing"

	"padlab/core/pad"
	"padlab/core/rng"
)

// A convolution on a tape is the correlation of what it saw with its weights, and
// with every layer apart it has not been rectified: the output has the same bits.
func TestLayersApart(t *testing.T) {
	for _, scheme := range []string{"zeros", "reflect", "circular", "none"} {
		n := net(t, Shape{9, 7, 2}, func(b *Builder) {
			x := b.ReLU("relu1", b.Conv("conv1", Sample, 5, 3, 1, pad.Must(scheme), pad.Same, true))
			b.ReLU("relu2", b.Conv("conv2", x, 4, 3, 2, pad.Must(scheme), pad.Full, false))
		})
		n.Init(3)
		fused, apart := n.NewTape(), n.NewTape()
		apart.Apart = true
		for _, tape := range []*Tape{fused, apart} {
			s := rng.New(1, "input")
			s.Uniform(tape.Input(), 1)
		}
		fused.Forward()
		convolutions := 0
		apart.Through(Output(len(n.Nodes)-1), func(o Output) {
			l, ok := n.Nodes[o].Layer.(*Conv)
			if !ok {
				return
			}
			var w []float32
			n.EachParam(func(p Param, values []float32) {
				if p.Name == l.name+".weight" {
					w = values
				}
			})
			xp, shape := apart.Padded(o)
			if sides := l.Sides; shape != (Shape{l.in.H + sides.Top + sides.Bottom, l.in.W + sides.Left + sides.Right, l.in.C}) || len(xp) != shape.Len() {
				t.Errorf("%s %s: a padded picture of %v, %d values", scheme, l.name, shape, len(xp))
			}
			y, bias := apart.Activation(o), make([]float32, l.Filters)
			if l.Bias {
				n.EachParam(func(p Param, values []float32) {
					if p.Name == l.name+".bias" {
						bias = values
					}
				})
			}
			negative := 0
			for i := range l.out.H {
				for j := range l.out.W {
					for f := range l.Filters {
						want := float64(bias[f])
						for ky := range 3 {
							for kx := range 3 {
								for c := range l.in.C {
									want += float64(xp[((l.Stride*i+ky)*shape.W+l.Stride*j+kx)*shape.C+c]) * float64(w[((ky*3+kx)*l.in.C+c)*l.Filters+f])
								}
							}
						}
						got := float64(y[(i*l.out.W+j)*l.Filters+f])
						if math.Abs(got-want) > 1e-5 {
							t.Fatalf("%s %s: %g at %d, %d, want %g", scheme, l.name, got, i, j, want)
						}
						if got < 0 {
							negative++
						}
					}
				}
			}
			if negative == 0 {
				t.Errorf("%s %s is rectified", scheme, l.name)
			}
			convolutions++
		})
		if convolutions != 2 || !slices.Equal(fused.Output(), apart.Output()) {
			t.Errorf("%s: %v, apart %v", scheme, fused.Output(), apart.Output())
		}
	}
}
