package probe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/position"
)

// saved is the file of a state.
func saved(t *testing.T, tensors []safetensors.Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func opened(t *testing.T, file []byte) *safetensors.File {
	t.Helper()
	f, err := safetensors.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// goOn runs a read-out to its end and returns what happened on the way: the loss
// of every step and the results of every examination, by the step.
func goOn(t *testing.T, r *Readout, c *kernel.Crew) map[string]string {
	t.Helper()
	log := map[string]string{}
	for !r.Done() {
		step := r.Step
		evaluated := r.Advance(c)
		if r.Step > step {
			log[fmt.Sprint("step ", r.Step)] = fmt.Sprintf("%x %d", math.Float64bits(r.Loss), r.BatchSize())
		}
		if evaluated {
			done, _ := r.Work()
			results, err := json.Marshal([]any{r.Scores, r.Profiles, r.Maps, r.Penalties(), r.SHA256(), done})
			if err != nil {
				t.Fatal(err)
			}
			log[fmt.Sprint("examination ", r.Step)] = fmt.Sprintf("%x %s", math.Float64bits(r.Loss), results)
		}
	}
	log["end"] = fmt.Sprintf("%s %x %d %v", r.SHA256(), math.Float64bits(r.Loss), r.Step, r.Diverged)
	return log
}

// solvers are small read-outs of every kind, on the features of a tap "x".
func solvers() map[string]Spec {
	head := HeadSpec{Targets: []position.Target{position.V, position.G}, Kernel: 3, Depth: 2, Padding: 1, Width: 3, Norm: true, Sigmoid: true}
	sgd := Spec{HeadSpec: head, Taps: []string{"x"}, Standardise: true, LR: .1, Decay: 1e-4, Epochs: 3, Batch: 4, EvalEvery: 4, Seed: 7}
	adam := sgd
	adam.Adam, adam.LR, adam.Norm, adam.Depth, adam.Batch = true, .01, false, 1, 5
	ridge := linear(position.V, position.G)
	ridge.Kernel, ridge.Standardise, ridge.Batch, ridge.EvalEvery = 3, true, 3, 2 // and a last batch of two
	return map[string]Spec{"SGD": sgd, "Adam": adam, "ridge": ridge}
}

// Whenever a read-out is stopped, one that is restored from its state, on
// features that are computed anew, goes on to the same bits.
func TestRestore(t *testing.T) {
	random := noise(11)
	values := map[[3]int]float32{}
	for picture := range 30 {
		for place := range Side * Side {
			for channel := range 3 {
				values[[3]int{picture, place, channel}] = random(0, 0, 0) + float32(place/Side)/40
			}
		}
	}
	c := crew(t, 2)
	for name, s := range solvers() {
		for _, broken := range []int{-1, 5} { // a picture whose features are not finite
			s.Standardise = broken < 0
			features := func() *Features {
				return drawn(14, 6, 3, func(picture, place, channel int) float32 {
					if picture == broken {
						return float32(math.NaN())
					}
					return values[[3]int{picture, place, channel}]
				})
			}
			fresh := func() *Readout {
				r, err := NewReadout(features(), s, fastest(t), 2, nil)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			first := fresh()
			want := goOn(t, first, c)
			if first.Diverged != (broken >= 0) {
				t.Fatalf("%s: diverged: %v", name, first.Diverged)
			}
			stops := 0
			for r := fresh(); ; stops++ {
				file := saved(t, r.State("arm."))
				again := fresh()
				if err := again.Restore("arm.", opened(t, file)); err != nil {
					t.Fatalf("%s, stopped %d times: %v", name, stops, err)
				}
				if again.Step != r.Step || math.Float64bits(again.Loss) != math.Float64bits(r.Loss) || again.Diverged != r.Diverged {
					t.Errorf("%s after %d pieces of work: step %d, loss %g, want %d, %g", name, stops, again.Step, again.Loss, r.Step, r.Loss)
				}
				if !bytes.Equal(saved(t, again.State("arm.")), file) {
					t.Errorf("%s after %d pieces of work: what was restored is saved as something else", name, stops)
				}
				got := goOn(t, again, c)
				for _, event := range slices.Sorted(maps.Keys(got)) {
					if got[event] != want[event] {
						t.Fatalf("%s, stopped after %d pieces of work, %s:\n%.300s\nwant\n%.300s", name, stops, event, got[event], want[event])
					}
				}
				if last := fmt.Sprint("examination ", first.Steps); broken < 0 && got[last] == "" {
					t.Errorf("%s, stopped after %d pieces of work: no last examination", name, stops)
				}
				if r.Done() {
					break
				}
				r.Advance(c)
			}
			if broken < 0 && stops < first.Steps+4 {
				t.Errorf("%s: %d pieces of work", name, stops)
			}
		}
	}
}

// A state that does not fit is refused by a sentence that names the tensor.
func TestRestoreRefuses(t *testing.T) {
	c := crew(t, 1)
	for name, s := range solvers() {
		f := drawn(14, 6, 3, noise(2))
		r, err := NewReadout(f, s, fastest(t), 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		for r.Step < 2 {
			r.Advance(c)
		}
		state := r.State("")
		restore := func(s Spec, tensors []safetensors.Tensor) error {
			other, err := NewReadout(f, s, fastest(t), 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			return other.Restore("", opened(t, saved(t, tensors)))
		}
		if err := restore(s, state); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i := range state {
			err := restore(s, slices.Delete(slices.Clone(state), i, i+1))
			if err == nil || !strings.Contains(err.Error(), state[i].Name) {
				t.Errorf("%s without %s: %v", name, state[i].Name, err)
			}
		}
		one := s
		one.Targets = one.Targets[:1]
		if err := restore(one, state); err == nil {
			t.Errorf("%s: the state of two targets is restored to one", name)
		}
		for _, v := range [][]float64{{99, 0, 0}, {-1, 0, 0}, {1.5, 0, 0}, {math.NaN(), 0, 0}, {0, 1, 0}, {1, 0}} {
			changed := slices.Clone(state)
			changed[0] = vector("readout", v...)
			if err := restore(s, changed); err == nil || !strings.Contains(err.Error(), `"readout"`) {
				t.Errorf("%s at %v: %v", name, v, err)
			}
		}
	}
	// A ridge read-out never sets out to solve equations of nothing.
	s := solvers()["ridge"]
	for _, v := range [][]float64{{1, 0, 0, 0, 0}, {2, 0, 0, 0, 0}, {3, 0, 0, 0, 0}, {3, 8, 0, 0, 0}, {4, 0, 0, 0, 0}, {0, 9, 0, 0, 0}, {0, 0, 0, -1, 0}} {
		r, err := NewReadout(drawn(14, 6, 3, noise(2)), s, fastest(t), 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		state := r.State("")
		for i := range state {
			if state[i].Name == "ridge" {
				state[i] = vector("ridge", v...)
			}
		}
		if err := r.Restore("", opened(t, saved(t, state))); err == nil || !strings.Contains(err.Error(), `"ridge"`) {
			t.Errorf("%v: %v", v, err)
		}
	}
}
