package nn

import (
	"fmt"

	"padlab/core/exact"
)

// A Schedule gives the learning rate of a step, counted from 0. It depends on
// nothing else, and has the same bits on all machines.
type Schedule func(step int) float64

// Constant is lr at every step.
func Constant(lr float64) Schedule {
	return func(int) float64 { return lr }
}

// StepDecay is lr until step at[0], from there on lr·factor, from at[1] on
// lr·factor², and so on: PyTorch's MultiStepLR. It panics unless at rises from
// above 0.
func StepDecay(lr, factor float64, at ...int) Schedule {
	last := 0
	for _, s := range at {
		if s <= last {
			panic(fmt.Sprintf("nn: a learning rate that decays at steps %v", at))
		}
		last = s
	}
	return func(step int) float64 {
		rate := lr
		for _, s := range at {
			if step >= s {
				rate *= factor
			}
		}
		return rate
	}
}

// Cosine falls from lr at step 0 to 0 at step steps, and stays there,
//
//	lr · (1 + cos(π·step/steps)) / 2
//
// (Loshchilov and Hutter 2017, without restarts; PyTorch's CosineAnnealingLR).
// It panics if steps is below 1.
func Cosine(lr float64, steps int) Schedule {
	atLeastOne(steps)
	return func(step int) float64 {
		return anneal(lr, 0, float64(min(step, steps))/float64(steps))
	}
}

// OneCycle rises from peak/25 to peak in the first 30 % of the steps and falls
// to peak/250000 at the last, both along half a cosine; behind that it stays
// (Smith and Topin 2018; PyTorch's OneCycleLR with its defaults, but for the
// momentum, which does not cycle). It panics if steps is below 1.
func OneCycle(peak float64, steps int) Schedule {
	atLeastOne(steps)
	first := peak / 25
	last := first / 1e4
	rise := float64(0.3*float64(steps)) - 1 // the step at which the peak is reached, maybe between two
	end := float64(steps - 1)
	return func(step int) float64 {
		t := min(float64(step), end)
		if t <= rise {
			return anneal(first, peak, t/rise)
		}
		return anneal(peak, last, (t-rise)/(end-rise))
	}
}

func atLeastOne(steps int) {
	if steps < 1 {
		panic(fmt.Sprintf("nn: a learning rate for %d steps", steps))
	}
}

// anneal goes from one rate to another as part goes from 0 to 1, along half a
// cosine.
func anneal(from, to, part float64) float64 {
	return to + float64((from-to)/2*(exact.CosPi(part)+1))
}
