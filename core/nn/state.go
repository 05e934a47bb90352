package nn

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/nn/safetensors"
)

// State is all weights and running statistics, as tensors whose names begin with
// prefix. They are copies.
//
//	weights      F32 [n]  W[:Trainable]
//	statistics   F32 [m]  W[Trainable:]
func (n *Net) State(prefix string) []safetensors.Tensor {
	return []safetensors.Tensor{
		stateOf(prefix+"weights", n.W[:n.Trainable]),
		stateOf(prefix+"statistics", n.W[n.Trainable:]),
	}
}

// Restore sets all weights and running statistics to those of a State of a
// network of the same layers. The error names a tensor that is missing or of
// another size; then everything stays as it was.
func (n *Net) Restore(prefix string, f *safetensors.File) error {
	r := stateReader{prefix: prefix, f: f}
	return n.restore(&r, func() error { return nil })
}

// restore reads the weights, lets the rest of a state be restored, and only then
// changes anything.
func (n *Net) restore(r *stateReader, rest func() error) error {
	weights, statistics := r.values("weights", n.Trainable), r.values("statistics", len(n.W)-n.Trainable)
	if r.err != nil {
		return r.err
	}
	if err := rest(); err != nil {
		return err
	}
	copy(n.W, weights)
	copy(n.W[n.Trainable:], statistics)
	n.Pack()
	return nil
}

// State is what the next steps depend on, but for what the trainer was made
// with: that of the network, the number of steps, and what the optimiser keeps,
// as tensors whose names begin with prefix. They are copies.
//
//	steps        F64 []   Steps
//	sgd.…, …              the optimiser's
func (t *Trainer) State(prefix string) []safetensors.Tensor {
	return append(append(t.Net.State(prefix), count(prefix+"steps", t.Steps)), t.optimizer.State(prefix)...)
}

// Restore goes on from a State that a trainer made alike left: the steps that
// follow have the bits that they would have had there. The error names a tensor
// that is missing or of another size; then everything stays as it was.
func (t *Trainer) Restore(prefix string, f *safetensors.File) error {
	r := stateReader{prefix: prefix, f: f}
	return t.Net.restore(&r, func() error {
		steps := r.count("steps")
		if r.err != nil {
			return r.err
		}
		if err := t.optimizer.Restore(prefix, f); err != nil {
			return err
		}
		t.Steps = steps
		return nil
	})
}

// stateOf is a tensor of a copy of values.
func stateOf(name string, values []float32) safetensors.Tensor {
	return safetensors.Tensor{Name: name, Shape: []int{len(values)}, Values: slices.Clone(values)}
}

// maxCount is the largest count that a float64 tells from its neighbours.
const maxCount = 1 << 53

// count is a tensor of one number, which is at most maxCount.
func count(name string, n uint64) safetensors.Tensor {
	if n > maxCount {
		panic(fmt.Sprintf("nn: %s is %d, at most %d can be kept", name, n, maxCount))
	}
	return safetensors.Tensor{Name: name, Doubles: []float64{float64(n)}}
}

// A stateReader reads the tensors of a state. The first error stops it.
type stateReader struct {
	prefix string
	f      *safetensors.File
	err    error
}

// fits reports whether there is a tensor of that type and shape, or keeps the
// error.
func (r *stateReader) fits(name string, dtype safetensors.Dtype, shape ...int) bool {
	if r.err != nil {
		return false
	}
	info, ok := r.f.Find(r.prefix + name)
	switch {
	case !ok:
		r.err = fmt.Errorf("the state has no tensor %q", r.prefix+name)
	case info.Dtype != dtype || !slices.Equal(info.Shape, shape):
		r.err = fmt.Errorf("tensor %q is %s %d, not %s %d", info.Name, info.Dtype, info.Shape, dtype, shape)
	}
	return r.err == nil
}

// values reads n float32, of any bits.
func (r *stateReader) values(name string, n int) []float32 {
	if !r.fits(name, safetensors.F32, n) {
		return nil
	}
	t, err := r.f.Read(r.prefix + name)
	r.err = err
	return t.Values
}

// doubles reads float64 of a shape.
func (r *stateReader) doubles(name string, shape ...int) []float64 {
	if !r.fits(name, safetensors.F64, shape...) {
		return nil
	}
	t, err := r.f.ReadDoubles(r.prefix + name)
	r.err = err
	return t.Doubles
}

// count reads what count wrote.
func (r *stateReader) count(name string) uint64 {
	list := r.doubles(name)
	if r.err != nil {
		return 0
	}
	n := list[0]
	if !(n >= 0 && n <= maxCount && n == math.Trunc(n)) {
		r.err = fmt.Errorf("tensor %q is %g, which counts nothing", r.prefix+name, n)
		return 0
	}
	return uint64(n)
}
