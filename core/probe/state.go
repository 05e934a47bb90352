package probe

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/nn/safetensors"
)

// State returns all that a read-out of the same spec on the same features needs
// to go on from here to the same bits, as tensors whose names begin with prefix:
// how many steps were made, what was fitted, and what an examination under way
// has found. When the last one is over, that is the state at its beginning.
//
// What is computed again is left out: the order of pictures, and the results of
// examinations, which are for the caller to keep; the features have a state of
// their own. The tensors are copies:
//
//	readout     F64 [3]      steps made, 1 if examining, 1 if diverged
//
// in an examination with S scorers of R rings, n pictures each,
//
//	exam        F64 [1]      pictures tested
//	exam.0 …    F64 [n, 4+R] group, rank correlation, 1 if constant, error; error by ring
//	error.0 …   F64 [784]    errors by pixel, summed over pictures
//	example     F32 [784·T]  what was predicted for the first picture
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
	list = append(list, r.learner.state(prefix)...)
	if r.exam == nil || r.example == nil { // the first picture comes first
		return list
	}
	list = append(list, vector(prefix+"exam", float64(len(r.pictures(r.final))-len(r.exam))),
		safetensors.Tensor{Name: prefix + "example", Shape: []int{len(r.example)}, Values: slices.Clone(r.example)})
	for i, s := range r.scorers {
		list = append(list, matrix(fmt.Sprintf("%sexam.%d", prefix, i), s.columns(), s.table()), vector(fmt.Sprintf("%serror.%d", prefix, i), s.error...))
	}
	return list
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
	if _, ok := f.Find(prefix + "exam"); !ok || !examining {
		return nil
	}
	return r.restoreExam(prefix, f)
}

// restoreExam goes on with the examination that was begun.
func (r *Readout) restoreExam(prefix string, f *safetensors.File) error {
	v, err := doubles(f, prefix+"exam", 1)
	if err != nil {
		return err
	}
	tested, err := index(v[0], prefix+"exam", "pictures", len(r.exam)-1)
	if err != nil {
		return err
	}
	example, err := f.Read(prefix + "example")
	if err != nil {
		return err
	}
	if n := Side * Side * len(r.spec.Targets); len(example.Values) != n {
		return fmt.Errorf("tensor %q: %d values, want %d", prefix+"example", len(example.Values), n)
	}
	for i, s := range r.scorers {
		table, err := f.ReadDoubles(fmt.Sprintf("%sexam.%d", prefix, i))
		if err != nil {
			return err
		}
		if err := s.restore(table.Doubles); err != nil {
			return fmt.Errorf("tensor %q: %w", table.Name, err)
		}
		if s.error, err = doubles(f, fmt.Sprintf("%serror.%d", prefix, i), Side*Side); err != nil {
			return err
		}
	}
	r.exam, r.example = r.exam[tested:], example.Values
	r.tested += tested
	return nil
}

// State is what Prepare has found so far, as tensors whose names begin with
// prefix, so that a read-out that goes on need not wait for it again:
//
//	sums         F64 [n, 2C]  of n pictures: sum and sum of squares of each channel
//
// and once all are in, in its place
//
//	mean, scale  F32 [C]
func (f *Features) State(prefix string) []safetensors.Tensor {
	if f.mean == nil {
		return []safetensors.Tensor{matrix(prefix+"sums", 2*f.Channels, slices.Concat(f.sums[:f.prepared]...))}
	}
	return []safetensors.Tensor{
		{Name: prefix + "mean", Shape: []int{f.Channels}, Values: slices.Clone(f.mean)},
		{Name: prefix + "scale", Shape: []int{f.Channels}, Values: slices.Clone(f.scale)},
	}
}

// Restore is the inverse of State, for features that nothing was prepared of.
func (f *Features) Restore(prefix string, file *safetensors.File) error {
	if _, ok := file.Find(prefix + "mean"); ok {
		for _, part := range []struct {
			name string
			to   *[]float32
		}{{"mean", &f.mean}, {"scale", &f.scale}} {
			t, err := file.Read(prefix + part.name)
			if err != nil {
				return err
			}
			if len(t.Values) != f.Channels {
				return fmt.Errorf("tensor %q: %d values, want %d", t.Name, len(t.Values), f.Channels)
			}
			*part.to = t.Values
		}
		f.prepared, f.sums = f.Album.Train, nil
		return nil
	}
	t, err := file.ReadDoubles(prefix + "sums")
	if err != nil {
		return err
	}
	width := 2 * f.Channels
	n := len(t.Doubles) / width
	if n*width != len(t.Doubles) || n >= f.Album.Train {
		return fmt.Errorf("tensor %q: %d values are not those of fewer than %d pictures with %d each", t.Name, len(t.Doubles), f.Album.Train, width)
	}
	for i := range n {
		f.sums[i] = t.Doubles[i*width : (i+1)*width]
	}
	f.prepared = n
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
	return safetensors.Tensor{Name: name, Shape: []int{len(values)}, Doubles: append([]float64{}, values...)}
}

func matrix(name string, columns int, values []float64) safetensors.Tensor {
	return safetensors.Tensor{Name: name, Shape: []int{len(values) / columns, columns}, Doubles: append([]float64{}, values...)}
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
