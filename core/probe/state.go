package probe

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/nn/safetensors"
)

// State returns all that a read-out of the same spec on the same features needs
// to go on from here to the same bits, as tensors whose names begin with prefix:
// how many steps were made, and what was fitted. During an examination, and when
// the last one is over, that is the state at its beginning.
//
// What is computed again is left out: mean and deviation of the features, the
// order of pictures, and the results of examinations, which are for the caller
// to keep. The tensors are copies:
//
//	readout     F64 [3]      steps made, 1 if examining, 1 if diverged
//
// and of a head that is trained loss, F64 [1], and those of its nn.Trainer, or of
// ridge, with T targets and n features of a window,
//
//	ridge       F64 [5]      phase, penalty, error; rows of fitted and held
//	choice      F64 [T]      indices of penalties
//	best_error  F64 [T]
//	bias        F64 [T]
//	weights     F64 [T, n]
//	fitted.gram, fitted.moments, held.gram, held.moments
//	            F64 [n, n], [n, T+1], while there are rows
func (r *Readout) State(prefix string) []safetensors.Tensor {
	list := []safetensors.Tensor{vector(prefix+"readout", float64(r.Step), boolean(r.exam != nil || r.final), boolean(r.Diverged))}
	return append(list, r.learner.state(prefix)...)
}

// Restore is the inverse of State, for a read-out that has not begun. A tensor
// that is missing or does not fit is an error, after which the read-out is not
// to be used.
func (r *Readout) Restore(prefix string, f *safetensors.File) error {
	v, err := doubles(f, prefix+"readout", 3)
	if err != nil {
		return err
	}
	step, err := index(v[0], prefix+"readout", "steps", r.Steps)
	if err != nil {
		return err
	}
	examining := v[1] != 0
	if examining && step == 0 {
		return fmt.Errorf("tensor %q: an examination before the first step", prefix+"readout")
	}
	if err := r.learner.restore(prefix, f); err != nil {
		return err
	}
	r.Step, r.Diverged, r.Loss = step, v[2] != 0, r.learner.loss()
	before := step // examinations up to here are over
	if examining {
		before--
		r.startExam()
	}
	r.tested = len(r.pictures(false)) * (before / r.spec.EvalEvery)
	return nil
}

func (p *posenet) state(prefix string) []safetensors.Tensor {
	return append(p.trainer.State(prefix), vector(prefix+"loss", p.last))
}

func (p *posenet) restore(prefix string, f *safetensors.File) error {
	v, err := doubles(f, prefix+"loss", 1)
	if err != nil {
		return err
	}
	p.last = v[0]
	return p.trainer.Restore(prefix, f)
}

func (r *ridge) state(prefix string) []safetensors.Tensor {
	choice := make([]float64, len(r.choice))
	for t, c := range r.choice {
		choice[t] = float64(c)
	}
	list := []safetensors.Tensor{
		vector(prefix+"ridge", float64(r.phase), float64(r.penalty), r.error, float64(r.fitted.rows), float64(r.held.rows)),
		vector(prefix+"choice", choice...),
		vector(prefix+"best_error", r.bestError...),
		vector(prefix+"bias", r.bias...),
		matrix(prefix+"weights", r.n, slices.Concat(r.weights...)),
	}
	for _, part := range r.parts(prefix) {
		if part.rows > 0 {
			list = append(list, matrix(part.name+".gram", r.n, part.gram), matrix(part.name+".moments", part.targets+1, part.moments))
		}
	}
	return list
}

func (r *ridge) restore(prefix string, f *safetensors.File) error {
	v, err := doubles(f, prefix+"ridge", 5)
	if err != nil {
		return err
	}
	targets := len(r.choice)
	var choice, weights []float64
	for _, tensor := range []struct {
		name string
		to   *[]float64
		n    int
	}{{"choice", &choice, targets}, {"best_error", &r.bestError, targets}, {"bias", &r.bias, targets}, {"weights", &weights, targets * r.n}} {
		if *tensor.to, err = doubles(f, prefix+tensor.name, tensor.n); err != nil {
			return err
		}
	}
	for t := range targets {
		if r.choice[t], err = index(choice[t], prefix+"choice", "penalties", len(penalties)-1); err != nil {
			return err
		}
		copy(r.weights[t], weights[t*r.n:])
	}
	at, err := index(v[0], prefix+"ridge", "phases", int(fitting))
	if err != nil {
		return err
	}
	if r.penalty, err = index(v[1], prefix+"ridge", "penalties", len(penalties)); err != nil {
		return err
	}
	r.phase, r.error = phase(at), v[2]
	for i, part := range r.parts(prefix) {
		if part.rows, err = index(v[3+i], prefix+"ridge", "rows", r.features.Album.Train*len(r.places)); err != nil {
			return err
		}
		if part.rows == 0 {
			continue
		}
		if part.gram, err = doubles(f, part.name+".gram", r.n*r.n); err != nil {
			return err
		}
		if part.moments, err = doubles(f, part.name+".moments", r.n*(targets+1)); err != nil {
			return err
		}
	}
	if r.phase != solved && r.fitted.rows+r.held.rows == 0 || r.phase == trying && !r.split() || r.phase >= trying && r.penalty == len(penalties) {
		return fmt.Errorf("tensor %q: phase %d at penalty %d of %d, over %d and %d rows", prefix+"ridge", r.phase, r.penalty, len(penalties), r.fitted.rows, r.held.rows)
	}
	return nil
}

// parts are the sums with the names that their tensors begin with.
func (r *ridge) parts(prefix string) []namedSums {
	return []namedSums{{prefix + "fitted", &r.fitted}, {prefix + "held", &r.held}}
}

type namedSums struct {
	name string
	*sums
}

// vector is a tensor of a copy of numbers, matrix one with so many columns.
func vector(name string, values ...float64) safetensors.Tensor {
	return safetensors.Tensor{Name: name, Shape: []int{len(values)}, Doubles: slices.Clone(values)}
}

func matrix(name string, columns int, values []float64) safetensors.Tensor {
	return safetensors.Tensor{Name: name, Shape: []int{len(values) / columns, columns}, Doubles: slices.Clone(values)}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// doubles reads a tensor of n numbers. It is an error when it has others.
func doubles(f *safetensors.File, name string, n int) ([]float64, error) {
	if info, ok := f.Find(name); ok && info.Len() != n {
		return nil, fmt.Errorf("tensor %q: %d values, want %d", name, info.Len(), n)
	}
	t, err := f.ReadDoubles(name)
	return t.Doubles, err
}

// index is a number of a tensor as an integer from 0 to most.
func index(value float64, name, what string, most int) (int, error) {
	if !(value >= 0 && value <= float64(most)) || value != math.Trunc(value) {
		return 0, fmt.Errorf("tensor %q: %g %s, want an integer from 0 to %d", name, value, what, most)
	}
	return int(value), nil
}
