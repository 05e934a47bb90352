package task

import (
	"math"
	"slices"
	"testing"
)

// On noise a patch stands as on any canvas; what is around it is uniform, another one in
// every picture, and the same when the picture is asked for again.
func TestNoise(t *testing.T) {
	for _, normalize := range []bool{false, true} {
		for _, task := range []Task{location, classify, quadrant} {
			source := NewSource(noisy())
			spec := Spec{Grid: 3, Patch: 4, Fill: "noise", Normalize: normalize, Border: 8}
			p, still := task.On(source, spec), task.On(source, Spec{Grid: 3, Patch: 4, Fill: "0.25", Normalize: normalize, Border: 8})
			h, w, c := p.Shape()
			x, y, z, labels := make([]float32, h*w*c), make([]float32, h*w*c), make([]float32, h*w*c), make([]int32, 1)
			sum, n := 0.0, 0
			for i := range 40 {
				p.Sample(2, 1, i, x, labels)
				still.Sample(2, 1, i, y, labels)
				p.Sample(2, 1, i+1, z, labels)
				if slices.Equal(x, z) {
					t.Fatalf("%s: the same picture twice", task.Name)
				}
				p.Sample(2, 1, i, z, labels)
				if !slices.Equal(x, z) {
					t.Fatalf("%s: another picture when it is asked for again", task.Name)
				}
				same := 0
				for j := range x {
					if x[j] == y[j] {
						same++
						continue
					}
					v := float64(x[j])
					if canvas := source.Canvas(spec); normalize {
						v = v*float64(canvas.Deviation[j%c]) + float64(canvas.Mean[j%c])
					}
					if v < -1e-6 || v > 1+1e-6 {
						t.Fatalf("%s: noise of %g", task.Name, v)
					}
					sum, n = sum+v, n+1
				}
				if patch := 4 * 4 * c; same < patch || same > patch+2 {
					t.Fatalf("%s: %d values of the picture are those of the patch, want %d", task.Name, same, patch)
				}
			}
			if mean := sum / float64(n); math.Abs(mean-.5) > .02 {
				t.Errorf("%s: noise of mean %g", task.Name, mean)
			}
		}
	}
}
