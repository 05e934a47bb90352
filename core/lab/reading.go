package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"padlab/core/arch"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/position"
	"padlab/core/probe"
	"padlab/core/task"
)

// raw is the name of the network that passes pictures on as they are. It has
// nothing to learn.
const raw = "raw"

// An encoder is a frozen network with what it makes of the photographs. Arms
// whose networks are the same share one, and what it has learned before.
type encoder struct {
	backbone *arm // learns first; nil: the weights are there already
	shape    arch.Spec
	frozen   *nn.Net // the network at the size of the photographs
	ready    bool    // it has its weights
	features *probe.Features

	arms     int  // that have not ended
	admitted bool // its features have their share of the memory
	memory   *memory
}

// MaxFeatures bounds the memory for features of all frozen networks of a run,
// in bytes. Those that find no room wait until others have been read out.
const MaxFeatures = 3 * probe.MaxBytes / 2

// memory is what the features of a run share, in bytes.
type memory struct{ limit, taken int }

// admit reports whether the features may be computed: there is room, or they
// are alone.
func (e *encoder) admit() bool {
	if need := e.features.Bytes(); !e.admitted && (e.memory.taken == 0 || e.memory.taken+need <= e.memory.limit) {
		e.admitted = true
		e.memory.taken += need
	}
	return e.admitted
}

// inherit gives the frozen network the weights that its twin has learned. The last
// to do so lets go of what learning took.
func (e *encoder) inherit() {
	b := e.backbone
	if err := e.frozen.CopyWeights(b.trainer.Net); err != nil {
		panic("lab: " + err.Error())
	}
	e.ready = true
	if b.heirs--; b.heirs == 0 {
		b.trainer, b.tapes, b.tested, b.learn, b.evaluate = nil, nil, nil, nil, nil
	}
}

// leave is called once for each arm, when it has ended.
func (e *encoder) leave() {
	if e.arms--; e.arms > 0 {
		return
	}
	if e.admitted {
		e.memory.taken -= e.features.Bytes()
	}
	e.features.Release()
}

// builder makes arms out of the specs of one experiment, so that they share
// what they can.
type builder struct {
	in        Inputs
	kernel    *kernel.Kernel
	workers   int
	source    *task.Source
	backbones map[string]*arm
	encoders  map[string]*encoder
	memory    memory
}

// same is a text that two specs have in common when the keys that matter are
// the same in both.
func (a Arm) same(matters func(key string) bool) string {
	var b strings.Builder
	for _, f := range a.fields() {
		if matters(f.Key) {
			fmt.Fprintf(&b, "%s=%s\n", f.Key, f.get(a.Experiment))
		}
	}
	return b.String()
}

func forBackbone(key string) bool {
	return !strings.HasPrefix(key, "readout.") && !strings.HasPrefix(key, "eval.") && key != "net.weights"
}

func forEncoder(key string) bool {
	return !strings.HasPrefix(key, "readout.") || slices.Contains([]string{"readout.size", "readout.crops", "readout.test_crops"}, key)
}

// backbone is the network that learns before it is frozen, nil when it does not.
func (b *builder) backbone(spec Arm) (*arm, error) {
	if spec.learns() == "" {
		return nil, nil
	}
	key := spec.same(forBackbone)
	if a := b.backbones[key]; a != nil {
		return a, nil
	}
	inner := Arm{spec.Name, spec.Clone()}
	inner.Readout.Targets = nil
	inner.Task.Kind, inner.Train.Steps, inner.Train.EvalEvery = spec.Backbone.Task, spec.Backbone.Steps, spec.Backbone.Steps
	inner.Eval.Padding = ""
	a, err := newArm(inner, b.source, b.kernel, b.workers)
	if err != nil {
		return nil, err
	}
	a.exam = nil // nobody asks what it knows before it has learned
	b.backbones[key] = a
	return a, nil
}

func (b *builder) encoder(spec Arm) (*encoder, error) {
	key := spec.same(forEncoder)
	if e := b.encoders[key]; e != nil {
		return e, nil
	}
	e := &encoder{memory: &b.memory}
	var err error
	if e.backbone, err = b.backbone(spec); err != nil {
		return nil, err
	}
	if e.backbone != nil {
		e.backbone.heirs++
	}
	loads := spec.Net.Weights != "" && spec.Net.Arch != raw
	shape, err := shapeOf(spec)
	if err != nil {
		return nil, err
	}
	shape.In = nn.Shape{H: spec.Readout.Size, W: spec.Readout.Size, C: b.in.Set.C}
	shape.Classes = 2
	if e.backbone != nil {
		shape.Classes = e.backbone.task.Answers()
		if task.Must(spec.Backbone.Task).PerPixel {
			shape.Head = arch.Head(spec.Net.Head)
		}
	}
	if spec.Net.Weights != "" {
		if b.in.Weights == nil {
			return nil, fmt.Errorf("net.weights is %s, but no weights were opened", spec.Net.Weights)
		}
		if loads {
			shape.Fit(b.in.Weights)
		} else {
			shape.In.C = 3
		}
	}
	if spec.Eval.Padding != "" {
		shape.Padding, shape.Layers = pad.Must(spec.Eval.Padding), nil
	}
	e.shape = shape
	if e.frozen, err = arch.Build(shape, b.kernel); err != nil {
		return nil, fmt.Errorf("the frozen network: %w", err)
	}
	switch {
	case loads:
		if err := shape.Arch.Load(e.frozen, b.in.Weights); err != nil {
			return nil, fmt.Errorf("%s: %w", spec.Net.Weights, err)
		}
		e.ready = true
	case e.backbone == nil:
		e.frozen.Init(spec.Seed)
		e.ready = true
	default:
		if err := e.frozen.CopyWeights(e.backbone.trainer.Net); err != nil {
			return nil, fmt.Errorf("the frozen network: %w", err)
		}
	}
	album := probe.AlbumSpec{Side: spec.Readout.Size, Channels: shape.In.C, Train: spec.Readout.Crops, Test: spec.Readout.TestCrops, Seed: spec.Seed}
	if spec.Data.Normalize {
		album.Mean, album.Deviation = arch.ImageNetMean[:], arch.ImageNetStd[:]
		if spec.Net.Weights == "" {
			c := b.source.Canvas(canvasOf(spec))
			album.Mean, album.Deviation = c.Mean, c.Deviation
		}
	}
	if shape.In.C != 1 && shape.In.C != 3 {
		return nil, fmt.Errorf("the network takes %d channels; photographs have 3, or 1 when they are grey", shape.In.C)
	}
	pictures, err := probe.NewAlbum(b.in.Photos, album)
	if err != nil {
		return nil, err
	}
	if e.features, err = probe.NewFeatures(e.frozen, shape.Arch.Taps, pictures, b.workers, spec.Seed); err != nil {
		return nil, err
	}
	b.encoders[key] = e
	return e, nil
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
		list = append(list, word)
	}
	return list, nil
}

// read makes an arm that reads out.
func (b *builder) read(spec Arm) (*arm, error) {
	e, err := b.encoder(spec)
	if err != nil {
		return nil, err
	}
	s := spec.Readout
	taps, err := tapsOf(s.Taps, e.features.Taps())
	if err != nil {
		return nil, err
	}
	what := probe.Spec{
		HeadSpec: probe.HeadSpec{Kernel: s.Kernel, Depth: s.Depth, Padding: s.Padding, Width: s.Width, Norm: s.Norm, Sigmoid: s.Sigmoid},
		Taps:     taps, Standardise: s.Standardise, Signed: s.Signed,
		Ridge: s.Solver == "ridge", Adam: s.Solver == "adam", LR: s.LR, Decay: s.Decay, Epochs: s.Epochs, Batch: s.Batch, EvalEvery: max(1, s.Crops/s.Batch), Seed: spec.Seed,
	}
	if what.Ridge {
		what.EvalEvery = max(1, what.EvalEvery/4) // it looks at every crop once
	}
	for _, t := range s.Targets {
		what.Targets = append(what.Targets, position.Target(t))
	}
	a := &arm{spec: spec, encoder: e, shape: e.shape, lossStride: 1}
	if a.readout, err = probe.NewReadout(e.features, what, b.kernel, b.workers); err != nil {
		return nil, fmt.Errorf("readout: %w", err)
	}
	e.arms++
	a.state = ArmState{Name: spec.Name, Status: Running, Params: a.readout.Params(), EvalStep: -1, Steps: a.readout.Steps}
	if e.backbone != nil {
		a.state.Steps += spec.Backbone.Steps
	}
	a.state.Stage, a.state.Example = Learning, firstPicture(e.features.Album)
	return a, nil
}

// advanceReading does one piece of work: the frozen network learns, or the
// read-out goes on.
func (a *arm) advanceReading(crew *kernel.Crew) (evaluated bool) {
	e := a.encoder
	before := 0
	if b := e.backbone; b != nil {
		if !b.state.Status.Ended() {
			b.advance(crew)
			a.state.Step, a.state.Loss = b.state.Step, b.state.Loss
			return false
		}
		if b.state.Status != Done {
			a.state.Problem = b.state.Problem
			a.end(b.state.Status)
			return false
		}
		before = b.state.Step
	}
	if !e.ready {
		e.inherit()
	}
	if !e.admit() {
		a.state.Stage = Waiting
		return false
	}
	if a.state.Stage != Reading {
		a.state.Stage, a.state.Loss = Reading, nil
	}
	r, step := a.readout, a.readout.Step
	evaluated = r.Advance(crew)
	a.state.Step = before + r.Step
	if r.Step > step {
		a.recordLoss(before+step, r.Loss)
	}
	if evaluated {
		a.state.EvalStep = a.state.Step
		a.state.Scores, a.state.Profiles, a.state.Maps = r.Scores, r.Profiles, r.Maps
		a.state.Penalties = nil
		for _, p := range r.Penalties() {
			a.state.Penalties = append(a.state.Penalties, metric.Number(p))
		}
		if b := e.backbone; b != nil {
			a.state.Scores = append(slices.Clone(r.Scores), b.state.Scores[0])
		}
	}
	switch {
	case r.Diverged:
		a.state.Problem = fmt.Sprintf("the loss of the read-out or its gradient was not finite at step %d: a lower readout.lr helps", r.Step)
		a.end(Diverged)
	case r.Done():
		a.end(Done)
	}
	return evaluated
}

// unconverged says which read-outs of an arm fit worse than a constant would:
// their error on photographs is more than .02 above it.
func (a *arm) unconverged() (list []string) {
	if a.readout == nil || a.state.Status != Done {
		return nil
	}
	for _, s := range a.state.Scores {
		if bound := float64(s.Chance) + 0.02*position.Target(s.Target).ErrorScale(a.spec.Readout.Signed); s.Metric == metric.MAE && s.Images == position.Natural && float64(s.Value) > bound {
			list = append(list, fmt.Sprintf("arm %s: the read-out of %s has not converged: its error is %.3f, that of a constant %.3f", a.spec.Name, s.Target, float64(s.Value), float64(s.Chance)))
		}
	}
	return list
}

// firstPicture is the first test picture, the mean of its channels.
func firstPicture(a *probe.Album) *Picture {
	x := make([]float32, a.Side*a.Side*a.Channels)
	a.Draw(x, a.Train)
	p := &Picture{Rows: a.Side, Cols: a.Side, Values: make([]float32, a.Side*a.Side)}
	for i, v := range x {
		p.Values[i/a.Channels] += v / float32(a.Channels)
	}
	return p
}
