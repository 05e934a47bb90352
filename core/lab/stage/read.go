package stage

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/position"
	"padlab/core/probe"
	"padlab/core/record"
)

// A Frozen network is one with what it makes of the photographs. Arms whose
// networks are the same share it.
type Frozen struct {
	train *Train // learns first; nil: the weights are there already
	spec  arch.Spec
	net   *nn.Net // at the size of the photographs
	ready bool    // it has its weights

	kernel *kernel.Kernel

	features *probe.Features
	keeper   *Read // whose state holds that of the features
	users    int   // stages that have not ended
	reserved bool  // the features have their share of the budget
}

// NewFrozen returns the network of a spec with what it makes of an album, which
// says how large its pictures are. Its weights are those that train will have
// learned, or, where that is nil, what weigh gives it.
func NewFrozen(spec arch.Spec, train *Train, weigh func(*nn.Net) error, album *probe.Album, seed uint64, m Means) (*Frozen, error) {
	nodes, err := arch.Layers(spec)
	if err != nil {
		return nil, fmt.Errorf("the frozen network: %w", err)
	}
	if err := m.Memory.Charge("the frozen network", nn.NetBytes(nodes)+int64(m.Workers)*nn.TapeBytes(nodes, spec.In), "readout.size"); err != nil {
		return nil, err
	}
	f := &Frozen{train: train, spec: spec, ready: train == nil, kernel: m.Kernel}
	if f.net, err = arch.Build(spec, m.Kernel); err != nil {
		return nil, fmt.Errorf("the frozen network: %w", err)
	}
	if train == nil {
		err = weigh(f.net)
	} else if err = f.net.CopyWeights(train.net); err != nil { // what does not fit is found before anything is learned
		err = fmt.Errorf("the frozen network: %w", err)
	}
	if err != nil {
		return nil, err
	}
	f.features, err = probe.NewFeatures(f.net, spec.Arch.Taps, album, m.Workers, seed)
	return f, err
}

// Bytes is how much memory the features will take.
func (f *Frozen) Bytes() int { return f.features.Bytes() }

// adopt gives the frozen network the weights that its twin has learned.
func (f *Frozen) adopt() {
	if f.ready {
		return
	}
	if err := f.net.CopyWeights(f.train.net); err != nil {
		panic("stage: " + err.Error())
	}
	f.ready = true
}

// reserve takes the memory of the features from the budget; release gives it back
// when the last stage has ended.
func (f *Frozen) reserve(b *Budget) bool {
	f.reserved = f.reserved || b.Reserve(f.features.Bytes())
	return f.reserved
}

func (f *Frozen) release(b *Budget) {
	if f.users--; f.users > 0 {
		return
	}
	if f.reserved {
		b.Release(f.features.Bytes())
	}
	f.features.Release()
	runtime.GC() // before the next network takes as much: the collector waits until twice what it last found is taken
}

// A Read stage fits a read-out to the features of a frozen network, and tests
// it.
type Read struct {
	name    string
	arm     experiment.Arm
	frozen  *Frozen
	readout *probe.Readout
	before  int // steps of earlier stages

	waits    bool
	begun    bool
	example  *images.Picture
	curve    curve
	progress record.Progress // but for the loss
	scores   []metric.Score  // of the last evaluation, and behind them how well the network had learned
}

// NewRead returns the read-out of an arm. The errors say what of the arm does
// not fit.
func NewRead(name string, arm experiment.Arm, frozen *Frozen, m Means) (*Read, error) {
	r := &Read{name: name, arm: arm, frozen: frozen, progress: record.Progress{Status: record.Running, EvalStep: -1}}
	if frozen.train != nil {
		r.before = frozen.train.arm.Train.Steps
	}
	spec, err := readoutSpec(arm, frozen.features.Taps())
	if err != nil {
		return nil, err
	}
	if spec.Channels, err = frozen.features.ChannelsOf(spec.Taps); err != nil {
		return nil, fmt.Errorf("readout: %w", err)
	}
	layout := fmt.Sprintln("read-out", spec.Batch, spec.HeadSpec)
	beside := m.Trainers[layout]
	if beside == nil {
		// A batch of features, and as much again for each pass of the head over it.
		batch := 3 * 4 * int64(spec.Batch) * int64(frozen.features.Channels) * probe.Side * probe.Side
		if err := m.Memory.Charge("the read-out", batch, "readout.batch"); err != nil {
			return nil, err
		}
	}
	if r.readout, err = probe.NewReadout(frozen.features, spec, m.Kernel, m.Workers, beside); err != nil {
		return nil, fmt.Errorf("readout: %w", err)
	}
	if t := r.readout.Trainer(); t != nil {
		m.Trainers[layout] = t
	}
	frozen.users++
	if frozen.keeper == nil {
		frozen.keeper = r
	}
	a := frozen.features.Album
	x := make([]float32, a.Side*a.Side*a.Channels)
	a.Draw(x, a.Train)
	r.example = images.Grey(x, a.Side, a.Side, a.Channels)
	return r, nil
}

// readoutSpec is what an arm says of its read-out. The raw picture has no taps to
// choose from: what arms have in common goes for those with networks.
func readoutSpec(arm experiment.Arm, known []string) (probe.Spec, error) {
	s, taps := arm.Readout, known
	if arm.Net.Arch != experiment.Raw {
		var err error
		if taps, err = tapsOf(s.Taps, known); err != nil {
			return probe.Spec{}, err
		}
	}
	spec := probe.Spec{
		HeadSpec: probe.HeadSpec{Targets: s.Targets, Kernel: s.Kernel, Depth: s.Depth, Padding: s.Padding, Width: s.Width, Norm: s.Norm, Sigmoid: s.Sigmoid},
		Taps:     taps, Standardise: s.Standardise, Signed: s.Signed,
		Ridge: s.Solver == experiment.ByRidge, Adam: s.Solver == experiment.ByAdam, LR: s.LR, Decay: s.Decay, Epochs: s.Epochs, Batch: s.Batch,
		EvalEvery: max(1, s.Crops/s.Batch), Seed: arm.Seed,
	}
	if spec.Ridge {
		spec.EvalEvery = max(1, spec.EvalEvery/4) // it looks at every crop once
	}
	return spec, nil
}

// tapsOf are the taps that readout.taps means: all, or some by name or by
// number, from 1.
func tapsOf(text string, known []string) ([]string, error) {
	if text == "all" {
		return known, nil
	}
	var list []string
	for _, word := range strings.Split(text, "+") {
		word = strings.TrimSpace(word)
		if n, err := strconv.Atoi(word); err == nil {
			if n < 1 || n > len(known) {
				return nil, fmt.Errorf("readout.taps: there are taps 1 … %d, not %d", len(known), n)
			}
			word = known[n-1]
		}
		if slices.Contains(list, word) {
			return nil, fmt.Errorf("readout.taps: tap %q is named twice", word)
		}
		list = append(list, word)
	}
	return list, nil
}

func (r *Read) Name() string { return r.name }

// Narrowed says when a read-out looks at less than it was told to; else it is
// empty.
func (r *Read) Narrowed() string {
	k, window := r.arm.Readout.Kernel, r.readout.Window()
	if window == k {
		return ""
	}
	return fmt.Sprintf("arm %s: the ridge read-out looks at %d×%d features in place of %d×%d, which would be more than %d", r.arm.Name, window, window, k, k, probe.MaxRidge)
}

func (r *Read) Ready(b *Budget) bool {
	r.waits = !r.frozen.reserve(b)
	return !r.waits
}

func (r *Read) Release(b *Budget) { r.frozen.release(b) }

func (r *Read) Status() record.Status { return r.progress.Status }

func (r *Read) Advance(crew *kernel.Crew) Event {
	r.frozen.adopt()
	r.begun = true
	step := r.readout.Step
	evaluated := r.readout.Advance(crew)
	e := Event{Evaluated: evaluated}
	if r.progress.Step = r.readout.Step; r.readout.Step > step {
		e.Samples = r.readout.BatchSize()
		r.curve.add(r.before+step, r.readout.Loss, r.readout.Step == r.readout.Steps)
	}
	if evaluated {
		p := &r.progress
		p.EvalStep = r.readout.Step
		p.Scores, p.Profiles, p.Maps, p.Penalties = r.readout.Scores, r.readout.Profiles, r.readout.Maps, nil
		for _, penalty := range r.readout.Penalties() {
			p.Penalties = append(p.Penalties, metric.Number(penalty))
		}
		follow(&p.Course, p.EvalStep, p.Scores)
		r.combine()
	}
	switch {
	case r.readout.Diverged:
		r.progress.Status = record.Diverged
		r.progress.Problem = fmt.Sprintf("the loss of the read-out or its gradient was not finite at step %d: a lower readout.lr helps", r.readout.Step)
	case r.readout.Done():
		r.progress.Status = record.Done
	}
	return e
}

// combine puts behind the scores of the read-out how well its network had learned.
func (r *Read) combine() {
	r.scores = r.progress.Scores
	if t := r.frozen.train; t != nil && r.progress.EvalStep >= 0 {
		r.scores = append(slices.Clone(r.scores), t.progress.Scores[0])
	}
}

// Work counts pictures looked at.
func (r *Read) Work() (done, all float64) {
	if done, all = r.readout.Work(); r.progress.Status.Ended() {
		return all, all
	}
	return done, all
}

func (r *Read) Report(out *Report) {
	p := &r.progress
	out.Examining = out.Examining || r.readout.Examining()
	out.Step, out.Steps = out.Step+p.Step, out.Steps+r.readout.Steps
	out.Params, out.Example, out.Penalties = r.readout.Params(), r.example, p.Penalties
	if out.Stage == "" {
		out.Stage = Learning // of nothing: it is done at once
	}
	switch {
	case r.waits:
		out.Stage = Waiting
	case r.begun:
		out.Stage = Reading
		out.Loss = r.curve.points
	}
	if p.Problem != "" {
		out.Problem = p.Problem
	}
	if p.EvalStep >= 0 {
		out.EvalStep = r.before + p.EvalStep
		out.Scores, out.Profiles, out.Maps, out.Course = r.scores, p.Profiles, p.Maps, p.Course
	}
	if p.Status == record.Done {
		out.Warnings = append(out.Warnings, r.unconverged()...)
	}
	if out.Ended {
		out.SHA256 = r.readout.SHA256()
		if r.frozen.ready {
			out.Backbone = r.frozen.net.SHA256()
		}
	}
}

// unconverged says which read-outs fit worse than a constant would: their error
// on photographs is more than .02 above it.
func (r *Read) unconverged() (list []string) {
	for _, s := range r.progress.Scores {
		if s.Metric != metric.MAE || s.Images != position.Natural {
			continue
		}
		if scale := position.Target(s.Target).ErrorScale(r.arm.Readout.Signed); float64(s.Value) > float64(s.Chance)+0.02*scale {
			list = append(list, fmt.Sprintf("arm %s: the read-out of %s has not converged: its error is %.3f, that of a constant %.3f", r.arm.Name, s.Target, float64(s.Value), float64(s.Chance)))
		}
	}
	return list
}

func (r *Read) Spec() arch.Spec { return r.frozen.spec }

// Net is the frozen network. Until it has its weights, those of its twin are the
// latest.
func (r *Read) Net() *nn.Net {
	if !r.frozen.ready {
		return r.frozen.train.net
	}
	return r.frozen.net
}

func (r *Read) Files() []File {
	if r.readout.Net() == nil {
		return nil
	}
	return []File{{"readout", func(w io.Writer) error { return r.readout.Net().Save(w, nil) }}}
}

func (r *Read) State() (record.Progress, []safetensors.Tensor) {
	p := r.progress
	p.Loss, p.Stride = r.curve.points, r.curve.stride
	tensors := r.readout.State(r.name + "/")
	if r.frozen.keeper == r {
		tensors = append(tensors, r.frozen.features.State(r.name+"/features/")...)
	}
	return p, tensors
}

func (r *Read) Restore(p record.Progress, f *safetensors.File) error {
	if err := r.readout.Restore(r.name+"/", f); err != nil {
		return err
	}
	if r.frozen.keeper == r {
		if err := r.frozen.features.Restore(r.name+"/features/", f); err != nil {
			return err
		}
	}
	r.progress, r.curve = p, curve{p.Loss, p.Stride}
	r.begun = p.Step > 0 || p.EvalStep >= 0
	r.combine()
	return nil
}
