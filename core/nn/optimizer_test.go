package nn

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"padlab/core/nn/kernel"
)

// torchNumbers is what testdata/optimizers.py made PyTorch compute in float64.
type torchNumbers struct {
	Start []float64
	Grads [][]float64
	Runs  []struct {
		Optimizer string
		Options   struct {
			LR          float64
			Momentum    float64
			Nesterov    bool
			WeightDecay float64 `json:"weight_decay"`
			Betas       [2]float64
			Rho, Eps    float64
		}
		Schedule *torchSchedule
		Clip     float64
		Norms    []float64
		Weights  [][]float64
	}
	Schedules []torchSchedule
}

type torchSchedule struct {
	Name      string
	Arguments struct {
		Milestones []int
		Gamma      float64
		TMax       int     `json:"T_max"`
		MaxLR      float64 `json:"max_lr"`
		TotalSteps int     `json:"total_steps"`
	}
	LR    float64
	Rates []float64
}

// of is the schedule here, for an optimiser with that learning rate.
func (s *torchSchedule) of(lr float64) Schedule {
	if s == nil {
		return Constant(lr)
	}
	a := s.Arguments
	return map[string]func() Schedule{
		"ConstantLR":        func() Schedule { return Constant(lr) },
		"MultiStepLR":       func() Schedule { return StepDecay(lr, a.Gamma, a.Milestones...) },
		"CosineAnnealingLR": func() Schedule { return Cosine(lr, a.TMax) },
		"OneCycleLR":        func() Schedule { return OneCycle(a.MaxLR, a.TotalSteps) },
	}[s.Name]()
}

func readTorch(t *testing.T) (numbers torchNumbers) {
	text, err := os.ReadFile("testdata/optimizers.json")
	if err == nil {
		err = json.Unmarshal(text, &numbers)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(numbers.Runs) == 0 || len(numbers.Schedules) == 0 || len(numbers.Grads) != 20 {
		t.Fatal("testdata/optimizers.json does not hold the runs")
	}
	return numbers
}

// repeated repeats x as often as told, in float32.
func repeated(x []float64, times int) (y []float32) {
	for range times {
		for _, v := range x {
			y = append(y, float32(v))
		}
	}
	return y
}

// Every optimiser, option, schedule and clip against PyTorch, all weights after
// each of 20 steps. The parameters are repeated, so that vectors see them too.
func TestOptimizersMatchTorch(t *testing.T) {
	numbers := readTorch(t)
	crew := kernel.NewCrew(2)
	defer crew.Close()
	for i, run := range numbers.Runs {
		for _, name := range kernel.Names() {
			k, err := kernel.Select(name)
			if err != nil {
				t.Fatal(err)
			}
			times := 7
			if run.Clip > 0 {
				times = 1
			}
			o := run.Options
			w := repeated(numbers.Start, times)
			lr := run.Schedule.of(o.LR)
			optimizer := map[string]func() Optimizer{
				"SGD": func() Optimizer {
					return NewSGD(len(w), SGDOptions{LR: lr, Momentum: o.Momentum, Decay: o.WeightDecay, Nesterov: o.Nesterov})
				},
				"Adam":  func() Optimizer { return NewAdam(len(w), AdamOptions{LR: lr, Betas: o.Betas, Decay: o.WeightDecay}) },
				"AdamW": func() Optimizer { return NewAdam(len(w), AdamOptions{lr, o.Betas, o.WeightDecay, true}) },
				"Adadelta": func() Optimizer {
					return NewAdadelta(len(w), AdadeltaOptions{LR: lr, Rho: o.Rho, Epsilon: o.Eps, Decay: o.WeightDecay})
				},
			}[run.Optimizer]()
			for step, want := range run.Weights {
				g := repeated(numbers.Grads[step], times)
				if run.Clip > 0 {
					if norm := NewClip(len(g), run.Clip).Do(crew, g); math.Abs(norm-run.Norms[step]) > 1e-12*norm {
						t.Errorf("run %d, step %d: the norm is %g, want %g", i, step, norm, run.Norms[step])
					}
				}
				optimizer.Begin()
				cut := len(w) * 3 / 5 // in two ranges
				optimizer.Update(k, w[cut:], g[cut:], cut)
				optimizer.Update(k, w[:cut], g[:cut], 0)
				if d := gap(w, slices.Repeat(want, times)); !(d <= 1e-5) {
					t.Fatalf("%s: run %d, %s %+v, step %d: off by %.1e: %v, want %v", name, i, run.Optimizer, o, step, d, w, want)
				}
			}
		}
	}
}

func TestSchedulesMatchTorch(t *testing.T) {
	for _, s := range readTorch(t).Schedules {
		if len(s.Rates) != 50 {
			t.Fatalf("%s: %d rates", s.Name, len(s.Rates))
		}
		rate, most := s.of(s.LR), slices.Max(s.Rates)
		for step, want := range s.Rates {
			if got := rate(step); !(math.Abs(got-want) <= 1e-14*most) {
				t.Errorf("%s %+v: step %d has rate %g, want %g", s.Name, s.Arguments, step, got, want)
			}
		}
	}
}

// Where the schedules begin, turn and end, and that they stay there.
func TestSchedules(t *testing.T) {
	for name, c := range map[string]struct {
		rate Schedule
		want map[int]float64
	}{
		"constant":                {Constant(0.3), map[int]float64{0: 0.3, 1e9: 0.3}},
		"decay":                   {StepDecay(0.5, 0.5, 2, 4), map[int]float64{0: 0.5, 1: 0.5, 2: 0.25, 3: 0.25, 4: 0.125, 1e9: 0.125}},
		"cosine":                  {Cosine(0.5, 4), map[int]float64{0: 0.5, 2: 0.25, 4: 0, 5: 0, 1e9: 0}},
		"one cycle":               {OneCycle(0.5, 10), map[int]float64{0: 0.02, 1: 0.26, 2: 0.5, 9: 2e-6, 10: 2e-6, 1e9: 2e-6}},
		"one cycle, of one step":  {OneCycle(0.5, 1), map[int]float64{0: 2e-6, 1: 2e-6}},
		"one cycle, of two steps": {OneCycle(0.5, 2), map[int]float64{1: 2e-6}},
	} {
		for step, want := range c.want {
			if got := c.rate(step); !(math.Abs(got-want) <= 1e-16) {
				t.Errorf("%s: step %d has rate %g, want %g", name, step, got, want)
			}
		}
	}
}

// The bits of some rates, whatever the architecture.
func TestScheduleBits(t *testing.T) {
	var got []uint64
	for _, s := range []Schedule{Cosine(0.1, 1000), OneCycle(6e-3, 1000)} {
		for _, step := range []int{1, 123, 777} {
			got = append(got, math.Float64bits(s(step)))
		}
	}
	// Printed by amd64.
	if want := []uint64{
		0x3fb9999575dc3400, 0x3fb8a7fcd4339b4e, 0x3f881e3ccbed08b4,
		0x3f2f7a65d89da3e0, 0x3f631310c45e046b, 0x3f5671a3b136ecc2,
	}; !slices.Equal(got, want) {
		t.Errorf("the rates have the bits %#x, want %#x", got, want)
	}
}

// Long gradients against a sum in another order, for any number of workers.
func TestClip(t *testing.T) {
	for _, n := range []int{1, 3, 4, reduceBlock - 1, reduceBlock, reduceBlock + 1, 5*reduceBlock + 7} {
		g := random(fmt.Sprint("clip", n), n)
		var sum float64
		for _, v := range slices.Backward(g) {
			sum += float64(v) * float64(v)
		}
		norm := math.Sqrt(sum)
		for _, limit := range []float64{norm / 3, norm - 2e-6, norm * 2} {
			var first []float32
			for _, workers := range []int{1, 2, 5} {
				crew := kernel.NewCrew(workers)
				clip, clipped := NewClip(n, limit), slices.Clone(g)
				if got := clip.Do(crew, clipped); math.Abs(got-norm) > 1e-12*norm {
					t.Errorf("%d values: the norm is %g, want %g", n, got, norm)
				}
				if limit > norm && !slices.Equal(clipped, g) {
					t.Errorf("%d values within the limit were changed", n)
				}
				want := widen(g)
				for i := range want {
					want[i] *= min(1, limit/(norm+1e-6))
				}
				if d := gap(clipped, want); d > 1e-6 {
					t.Errorf("%d values clipped to %g are off by %.1e", n, limit, d)
				}
				if first == nil {
					first = clipped
				} else if !slices.Equal(clipped, first) {
					t.Errorf("%d values: %d workers have other bits", n, workers)
				}
				again := slices.Clone(g)
				if allocs := testing.AllocsPerRun(5, func() { clip.Do(crew, again) }); allocs != 0 {
					t.Errorf("%g allocations", allocs)
				}
				crew.Close()
			}
		}
	}
	crew := kernel.NewCrew(1)
	defer crew.Close()
	for _, v := range []float32{0, math.MaxFloat32} {
		g := slices.Repeat([]float32{v}, 100)
		if norm := NewClip(100, 1).Do(crew, g); norm != 10*float64(v) || !(g[0] <= 0.1) {
			t.Errorf("%g a hundred times: norm %g, clipped to %g", v, norm, g[0])
		}
	}
}

// Decay acts on what is trained, not on running statistics.
func TestDecayLeavesStatistics(t *testing.T) {
	const decay = 0.5
	lr, crew := Constant(0.1), kernel.NewCrew(2)
	defer crew.Close()
	for name, build := range map[string]func(n int, decay float64) Optimizer{
		"SGD":  func(n int, decay float64) Optimizer { return NewSGD(n, SGDOptions{LR: lr, Decay: decay}) },
		"Adam": func(n int, decay float64) Optimizer { return NewAdam(n, AdamOptions{LR: lr, Decay: decay}) },
		"AdamW": func(n int, decay float64) Optimizer {
			return NewAdam(n, AdamOptions{LR: lr, Decay: decay, Decoupled: true})
		},
		"Adadelta": func(n int, decay float64) Optimizer { return NewAdadelta(n, AdadeltaOptions{LR: lr, Decay: decay}) },
	} {
		var nets [2]*Net
		for i := range nets {
			nets[i], _ = block(t)
			trainer := NewTrainer(nets[i], build(nets[i].Trainable, decay*float64(i)), 5, 2)
			trainer.Step(crew, sampler(0))
		}
		trained := nets[0].Trainable
		if slices.Equal(nets[0].W[:trained], nets[1].W[:trained]) {
			t.Errorf("%s: no weight decays", name)
		}
		if !slices.Equal(nets[0].W[trained:], nets[1].W[trained:]) {
			t.Errorf("%s: running statistics decay", name)
		}
	}
}

func TestOptimizersPanic(t *testing.T) {
	lr := Constant(1)
	for name, f := range map[string]func(){
		"no rate":          func() { NewSGD(1, SGDOptions{}) },
		"momentum 1":       func() { NewSGD(1, SGDOptions{LR: lr, Momentum: 1}) },
		"β₁ 1":             func() { NewAdam(1, AdamOptions{LR: lr, Betas: [2]float64{1, 0.9}}) },
		"β₂ NaN":           func() { NewAdam(1, AdamOptions{LR: lr, Betas: [2]float64{0, math.NaN()}}) },
		"Adam, no rate":    func() { NewAdam(1, AdamOptions{}) },
		"ρ below 0":        func() { NewAdadelta(1, AdadeltaOptions{LR: lr, Rho: -0.1}) },
		"no rate at all":   func() { NewAdadelta(1, AdadeltaOptions{}) },
		"no steps":         func() { Cosine(1, 0) },
		"no cycle":         func() { OneCycle(1, 0) },
		"steps out of row": func() { StepDecay(1, 0.1, 3, 3) },
		"clip at 0":        func() { NewClip(1, 0) },
		"another length":   func() { NewClip(2, 1).Do(nil, make([]float32, 1)) },
	} {
		func() {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.HasPrefix(v, "nn: ") {
					t.Errorf("%s: %s", name, v)
				}
			}()
			f()
		}()
	}
}
