package stage

import (
	"fmt"
	"testing"

	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/nn"
	"padlab/core/pad"
)

// small without padding takes 26 pixels: 4·7 or 7·4. What one field cannot do
// within its range is left out, and so is all if size is not what is wrong.
func TestLarger(t *testing.T) {
	for _, c := range []struct {
		grid, patch int
		net, pad    string
		want        string
	}{
		{4, 4, "small", "none", "; the smallest picture that works is 26×26; canvas.grid × data.patch is 4 × 4: raise data.patch from 4 to 7 or canvas.grid from 4 to 7"},
		{5, 3, "small", "none", "; the smallest picture that works is 26×26; canvas.grid × data.patch is 5 × 3: raise data.patch from 3 to 6 or canvas.grid from 5 to 9"},
		{2, 1, "resnet18", "reflect", "; the smallest picture that works is 33×33; canvas.grid × data.patch is 2 × 1: raise data.patch from 1 to 17"},
		{4, 7, "small", "none", ""},
	} {
		arm := experiment.Arm{Experiment: experiment.Default()}
		arm.Canvas.Grid, arm.Data.Patch = c.grid, c.patch
		spec := arch.Spec{Arch: arch.Must(c.net), In: nn.Shape{H: c.grid * c.patch, W: c.grid * c.patch, C: 1}, Classes: 4, Padding: pad.Must(c.pad), Extent: pad.Same, Bias: true}
		_, err := arch.Layers(spec)
		if c.want == "" {
			err = fmt.Errorf("something else")
			if got := larger(err, spec, arm); got != err {
				t.Errorf("%+v: %v", c, got)
			}
			continue
		}
		got := larger(err, spec, arm).Error()
		if len(got) < len(c.want) || got[len(got)-len(c.want):] != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
