package nn

import (
	"fmt"
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// BenchmarkConv times the passes of the convolutions of networks S, M and L on
// one worker, with as many samples as go together there.
func BenchmarkConv(b *testing.B) {
	k, err := kernel.Select("")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ n, side, in, filters, stride int }{
		{1, 32, 3, 16, 1}, {1, 32, 16, 32, 1}, {1, 16, 32, 64, 1}, // S
		{1, 64, 32, 32, 1}, {1, 32, 64, 64, 1}, {1, 16, 128, 128, 1}, // M
		{4, 32, 64, 64, 1}, {4, 16, 128, 128, 1}, {4, 8, 256, 256, 1}, {16, 4, 512, 512, 1}, {4, 16, 128, 256, 2}, // L
	} {
		for _, scheme := range []string{"zeros", "reflect"} {
			l, err := NewConv("conv", Shape{c.side, c.side, c.in}, ConvSpec{Filters: c.filters, Size: 3, Stride: c.stride, Scheme: pad.Must(scheme), Sides: pad.Same.Sides(3)})
			if err != nil {
				b.Fatal(err)
			}
			s := l.Sizes()
			x, y := c.n*l.in.Len(), c.n*l.out.Len()
			call := &Call{Kernel: k, N: c.n, W: random("w", l.weights()), Packed: make([]float32, s.Packed),
				Saved: make([]float32, c.n*s.Saved), Scratch: make([]float32, c.n*s.Scratch),
				X: [][]float32{random("x", x)}, DX: [][]float32{make([]float32, x)}, Y: make([]float32, y), DY: random("dy", y)}
			l.Pack(call.Packed, call.W, nil)
			dw := make([]float32, l.weights())
			for name, f := range map[string]func(){
				"forward": func() { l.Forward(call) }, "dx": func() { l.Backward(call) }, "dw": func() { l.Gradient(call, dw, 0, 1) },
			} {
				b.Run(fmt.Sprintf("%d×%d→%d-by-%d/%s/%s", c.side, c.in, c.filters, c.stride, scheme, name), func(b *testing.B) {
					for b.Loop() {
						f()
					}
					b.ReportMetric(2*float64(l.weights()*l.out.H*l.out.W*c.n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
				})
			}
		}
	}
}
