package stage

import (
	"fmt"
	"strings"

	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/task"
)

// larger adds to the error of a network that does not fit on the canvas of an
// arm which fields make a canvas that it fits on, if any within their ranges do.
func larger(err error, spec arch.Spec, arm experiment.Arm) error {
	if !task.Must(arm.Task.Kind).Cells() {
		return err
	}
	side := arch.Smallest(spec)
	grid, patch := arm.Canvas.Grid, arm.Data.Patch
	if side <= grid*patch {
		return err
	}
	var raise []string
	for _, f := range []struct {
		key       string
		now, each int // its value, and how many pixels one more of it adds
	}{{"data.patch", patch, grid}, {"canvas.grid", grid, patch}} {
		if value, ok := fitting(spec, f.key, (side+f.each-1)/f.each, f.each); ok {
			raise = append(raise, fmt.Sprintf("%s from %d to %d", f.key, f.now, value))
		}
	}
	if len(raise) == 0 {
		return err
	}
	return fmt.Errorf("%w; canvas.grid × data.patch is %d × %d: raise %s", err, grid, patch, strings.Join(raise, " or "))
}

// fitting is the smallest value of a field, of those from least on that it may
// have, for which a canvas of so many pixels for each is one that the network
// fits on.
func fitting(spec arch.Spec, key string, least, each int) (value int, ok bool) {
	field, err := experiment.FieldOf(key)
	if err != nil {
		panic("stage: " + err.Error())
	}
	for value = least; value <= int(field.High); value++ {
		spec.In.H, spec.In.W = value*each, value*each
		if _, err := arch.Layers(spec); err == nil {
			return value, true
		}
	}
	return 0, false
}
