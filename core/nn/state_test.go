package nn

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
)

// resumable is a small network with or without the layers whose state, or whose
// draws, a resumed training must go on with.
func resumable(t *testing.T, norm, dropout bool) *Net {
	n := net(t, Shape{5, 4, 2}, func(b *Builder) {
		x := b.Conv("conv1", Sample, 5, 3, 1, pad.Must("random"), pad.Same, !norm)
		if norm {
			x = b.BatchNorm("bn1", x)
		}
		x = b.ReLU("relu1", x)
		if dropout {
			x = b.Dropout("drop", x, 0.3)
		}
		b.Linear("linear", b.GlobalAveragePool("gap", x), 4)
	})
	n.Init(3)
	return n
}

// stateFile is a file of tensors, as it comes from a disk.
func stateFile(t *testing.T, tensors []safetensors.Tensor) *safetensors.File {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var resumedOptimizers = map[string]func(n int, lr Schedule) Optimizer{
	"sgd": func(n int, lr Schedule) Optimizer { return NewSGD(n, SGDOptions{LR: lr, Momentum: 0.9, Decay: 0.01}) },
	"nesterov": func(n int, lr Schedule) Optimizer {
		return NewSGD(n, SGDOptions{LR: lr, Momentum: 0.9, Nesterov: true})
	},
	"adam": func(n int, lr Schedule) Optimizer { return NewAdam(n, AdamOptions{LR: lr, Decay: 0.01}) },
	"adamw": func(n int, lr Schedule) Optimizer {
		return NewAdam(n, AdamOptions{LR: lr, Decay: 0.01, Decoupled: true})
	},
	"adadelta": func(n int, lr Schedule) Optimizer { return NewAdadelta(n, AdadeltaOptions{LR: lr}) },
}

// Three steps, a file, and four steps of a trainer that has just been made have
// the losses and the weights of seven steps: every optimiser, schedule and kind
// of network, with and without a clip, two of them in one file.
func TestResume(t *testing.T) {
	const steps, first, batch = 7, 3, 6
	crew := kernel.NewCrew(2)
	defer crew.Close()
	schedules := map[string]func() Schedule{
		"constant": func() Schedule { return Constant(0.05) }, "cosine": func() Schedule { return Cosine(0.05, steps) },
		"one-cycle": func() Schedule { return OneCycle(0.05, steps) }, "step decay": func() Schedule { return StepDecay(0.05, 0.1, 2, 5) },
	}
	for optimizer, newOptimizer := range resumedOptimizers {
		for schedule, rate := range schedules {
			for i := range 8 {
				norm, dropout, clip := i&1 > 0, i&2 > 0, i&4 > 0
				name := fmt.Sprintf("%s, %s, norm %v, dropout %v, clip %v", optimizer, schedule, norm, dropout, clip)
				fresh := func() *Trainer {
					n := resumable(t, norm, dropout)
					trainer := NewTrainer(n, newOptimizer(n.Trainable, rate()), batch, 2)
					if trainer.Seed = 11; clip {
						trainer.Clip = NewClip(n.Trainable, 0.2)
					}
					return trainer
				}
				train := func(trainer *Trainer, from, to int) (losses []uint64) {
					for step := from; step < to; step++ {
						loss, finite := trainer.Step(crew, sampler(step))
						if !finite {
							t.Fatalf("%s: step %d diverged", name, step)
						}
						losses = append(losses, math.Float64bits(loss))
					}
					return losses
				}
				whole := fresh()
				want := train(whole, 0, steps)

				half := fresh()
				train(half, 0, first)
				other := fresh() // whose state lies in the same file
				f := stateFile(t, append(half.State("half/"), other.State("other/")...))
				train(half, first, steps) // the state is a copy
				resumed := fresh()
				train(resumed, 0, 1) // of which nothing must be left
				if err := resumed.Restore("half/", f); err != nil {
					t.Fatal(err)
				}
				if got := train(resumed, first, steps); !slices.Equal(got, want[first:]) || !sameBits(resumed.Net.W, whole.Net.W) {
					t.Errorf("%s: losses %v after %d steps, want %v", name, got, first, want[first:])
				}
				if !sameBits(half.Net.W, whole.Net.W) || resumed.Steps != steps {
					t.Errorf("%s: looking at the state changed the training, or %d steps were counted", name, resumed.Steps)
				}
			}
		}
	}
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// A state that does not fit is refused by a sentence that names the tensor, and
// leaves a trainer as it was.
func TestRestoreRefuses(t *testing.T) {
	crew := kernel.NewCrew(1)
	defer crew.Close()
	for optimizer, newOptimizer := range resumedOptimizers {
		fresh := func() *Trainer {
			n := resumable(t, true, false)
			return NewTrainer(n, newOptimizer(n.Trainable, Constant(0.05)), 4, 1)
		}
		trainer, other := fresh(), fresh()
		trainer.Step(crew, sampler(0))
		before := trainer.State("")
		other.Step(crew, sampler(1))
		other.Step(crew, sampler(2))
		good := other.State("a.")
		for i, tensor := range good {
			lacking := slices.Delete(slices.Clone(good), i, i+1)
			short, wide := slices.Clone(good), slices.Clone(good)
			if tensor.Values != nil {
				short[i].Values, short[i].Shape = tensor.Values[1:], []int{len(tensor.Values) - 1}
				wide[i].Values, wide[i].Doubles = nil, widen(tensor.Values)
			} else {
				short[i].Doubles, short[i].Shape = tensor.Doubles[:1], []int{1}
				wide[i].Doubles, wide[i].Values = nil, narrow(tensor.Doubles)
			}
			for what, state := range map[string][]safetensors.Tensor{"the state has no tensor ": lacking, " is F": short, ", not F": wide} {
				err := trainer.Restore("a.", stateFile(t, state))
				if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), fmt.Sprintf("%q", tensor.Name)) {
					t.Errorf("%s: %v, want %s and %s", optimizer, err, what, tensor.Name)
				}
			}
			if len(tensor.Shape) == 0 { // a count
				for _, v := range []float64{-1, 0.5, math.NaN(), math.Inf(1), 1 << 54} {
					odd := slices.Clone(good)
					odd[i].Doubles = []float64{v}
					if err := trainer.Restore("a.", stateFile(t, odd)); err == nil || !strings.Contains(err.Error(), tensor.Name) {
						t.Errorf("%s: %s is %g: %v", optimizer, tensor.Name, v, err)
					}
				}
			}
		}
		if err := trainer.Restore("b.", stateFile(t, good)); err == nil || err.Error() != `the state has no tensor "b.weights"` {
			t.Errorf("another prefix: %v", err)
		}
		if after := trainer.State(""); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%s: what was refused changed the trainer", optimizer)
		}
		if err := trainer.Restore("a.", stateFile(t, good)); err != nil || fmt.Sprint(trainer.State("a.")) != fmt.Sprint(good) {
			t.Errorf("%s: %v", optimizer, err)
		}
	}
}
