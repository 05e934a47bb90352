// Package figure draws what a run has found as a figure for a page: border
// profiles, the map of one arm, loss curves, bars; as SVG, PNG or PDF. Arms differ by
// marker and dashes as well as by colour, so that a figure is read in black and
// white too. The same result gives the same bytes.
package figure

import (
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"padlab/core/names"
	"padlab/core/record"
)

// What can be drawn.
const (
	Profile = "profile" // scores against the distance to the border, with intervals
	Map     = "map"     // the mean score of every place
	Loss    = "loss"    // against the training steps
	Bars    = "bars"    // the score of every arm that says most
	Neurons = "neurons" // accuracy against how many of them are left out
)

// Kinds returns what can be drawn.
func Kinds() []string { return []string{Profile, Map, Loss, Bars, Neurons} }

// A Figure is ready to be written. It holds no reference to what it was drawn of.
type Figure struct {
	width, height vg.Length
	draw          func(draw.Canvas)
}

// Of draws one of Kinds. Of a Map and of Neurons arm says whose it is; empty stands for
// the first that has one, and other kinds show all arms. A result that has nothing of the
// kind yet is an error, and so is a name that is not known.
func Of(result record.Result, kind, arm string) (*Figure, error) {
	if arm != "" {
		var known []string
		for _, a := range result.Arms {
			known = append(known, a.Name)
		}
		if !slices.Contains(known, arm) {
			return nil, names.Unknown("arm", arm, known)
		}
		if kind != Map && kind != Neurons {
			return nil, fmt.Errorf("a %s shows all arms: only a map, and neurons, are of one", kind)
		}
	}
	switch kind {
	case Profile:
		return profile(result)
	case Map:
		return heatmap(result, arm)
	case Loss:
		return loss(result)
	case Bars:
		return bars(result)
	case Neurons:
		return neurons(result, arm)
	}
	return nil, names.Unknown("kind of figure", kind, Kinds())
}

var (
	errNoProfile = errors.New("there is no profile to draw: nothing was evaluated yet")
	errNoMap     = errors.New("there is no map to draw: nothing was evaluated yet")
	errNoScore   = errors.New("there is no score to draw: nothing was evaluated yet")
	errNoNeurons = errors.New("there are no neurons to draw: none was left out (neurons.ask = \"ablation\")")
	errNoLoss    = errors.New("there is no loss to draw: nothing was trained by steps")
)
