package kernel_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"padlab/core/nn"
	"padlab/core/nn/kernel"
)

// The steps of the kernels have the bits of the optimisers of package nn.
func TestStepsOfOptimizers(t *testing.T) {
	const n, steps = 77, 20
	const lr, momentum = 0.03, 0.9
	for _, name := range kernel.Names() {
		k, err := kernel.Select(name)
		if err != nil {
			t.Fatal(err)
		}
		var power1, power2 = 1., 1.
		m, v := make([]float32, n), make([]float32, n)
		for what, c := range map[string]struct {
			nn.Optimizer
			step func(w, g []float32)
		}{
			"SGD": {nn.NewSGD(n, lr, momentum), func(w, g []float32) {
				k.SGD(w, v, g, kernel.SGDRates{LR: lr, Momentum: momentum})
			}},
			"Adam": {nn.NewAdam(n, lr), func(w, g []float32) {
				power1 = float64(power1 * kernel.Beta1)
				power2 = float64(power2 * kernel.Beta2)
				k.Adam(w, m, v, g, kernel.AdamRates{Rate: float32(lr / (1 - power1)), Root: float32(math.Sqrt(1 - power2))})
			}},
		} {
			clear(m)
			clear(v)
			r := rand.New(rand.NewPCG(1, 0))
			w, g := make([]float32, n), make([]float32, n)
			for i := range w {
				w[i] = float32(r.NormFloat64())
			}
			want := slices.Clone(w)
			for step := range steps {
				for i := range g {
					g[i] = float32(math.Ldexp(r.NormFloat64(), -r.IntN(30)))
				}
				c.Begin()
				c.Update(want, g, 0)
				c.step(w, g)
				if !slices.Equal(w, want) {
					t.Fatalf("%s: step %d of %s has other bits", name, step, what)
				}
			}
		}
	}
}
