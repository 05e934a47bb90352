package stage

import (
	"fmt"
	"io"

	"padlab/core/arch"
	"padlab/core/border"
	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/inspect"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
	"padlab/core/record"
	"padlab/core/task"
)

const (
	liveImages = 10 // evaluated in every view while training; eval.images at the end

	// Before others get their turn so many images are evaluated, in as many of their
	// views as have about so many values.
	evalSlice = 16
	sliceView = 1 << 18
)

// A Train stage is a network that learns a task, and is examined on the way and
// at the end.
type Train struct {
	name    string
	arm     experiment.Arm
	task    task.Task
	problem task.Problem
	silent  bool // it is examined at the end only

	set    *images.Set
	kernel *kernel.Kernel

	net     *nn.Net
	trainer *nn.Trainer // nil once nothing is learned any more
	step    func(crew *kernel.Crew, step int) (loss float64, finite bool)

	// Cells are those that the network that is tested can tell apart, whatever
	// its weights; nil where that is not known.
	Cells *inspect.Cells

	// Alike are the classes of views that it cannot tell apart, of a task whose
	// pictures stand in corners, whatever its weights; nil where they are not known.
	Alike []int

	spec   arch.Spec  // of the network that is tested
	tested *nn.Net    // that network, where eval.padding makes it another one than the trained
	tapes  []*nn.Tape // one per worker, of the network that is tested

	inside *inside // nil: nobody asks what neurons hold

	exam     task.Exam // the evaluation under way, or nil
	images   int       // how many it shows
	shown    int       // and has shown,
	views    int       // and in how many views of the next
	evaluate func(worker, piece int)

	example  *images.Picture
	curve    curve
	progress record.Progress // but for the loss
}

// NewTrain returns the network of an arm that has not begun to learn. The
// errors say what of the arm does not fit.
func NewTrain(name string, arm experiment.Arm, src *task.Source, m Means) (*Train, error) {
	t, err := newTrain(name, arm, src, m)
	if err != nil {
		return nil, err
	}
	t.begin()
	return t, nil
}

// NewBackbone returns the network that the read-out of an arm is about and that
// learns before it is frozen: nobody asks what it knows before it has learned.
func NewBackbone(name string, arm experiment.Arm, src *task.Source, m Means) (*Train, error) {
	own := experiment.Arm{Name: arm.Name, Experiment: arm.Experiment.Clone()}
	own.Readout.Targets = nil
	own.Task.Kind, own.Train.Steps, own.Train.EvalEvery = arm.Backbone.Task, arm.Backbone.Steps, arm.Backbone.Steps
	own.Eval.Padding = pad.Scheme{}
	t, err := newTrain(name, own, src, m)
	if err != nil {
		return nil, err
	}
	t.silent = true
	return t, nil
}

// newTrain builds the network of an arm, its optimiser, and what tests it.
func newTrain(name string, arm experiment.Arm, src *task.Source, m Means) (*Train, error) {
	learns := task.Must(arm.Task.Kind)
	var err error
	t := &Train{name: name, arm: arm, task: learns, set: src.Set, kernel: m.Kernel, progress: record.Progress{Status: record.Running, EvalStep: -1}}
	if !learns.Drawn {
		if err := m.Memory.Charge("the canvas", src.Bytes(arm.CanvasSpec()), "data.patch"); err != nil {
			return nil, err
		}
	}
	t.problem = learns.On(src, arm.CanvasSpec())
	if n := t.problem.TestImages(); arm.Eval.Images > n {
		return nil, fmt.Errorf("eval.images is %d, the set has %d test images", arm.Eval.Images, n)
	}
	if t.spec, err = ArchSpec(arm, m.Network); err != nil {
		return nil, err
	}
	t.spec.In.H, t.spec.In.W, t.spec.In.C = t.problem.Shape()
	t.spec.Classes = t.problem.Answers()
	if learns.PerPixel {
		t.spec.Head = arm.Net.Head
	}
	nodes, err := arch.Layers(t.spec)
	if err != nil {
		return nil, larger(err, t.spec, t.arm)
	}
	layout := fmt.Sprintln(arm.Train.Batch, nn.Layout(nodes, t.spec.In))
	beside := m.Trainers[layout]
	if err := t.charge(m, nodes, beside != nil); err != nil {
		return nil, err
	}
	if t.net, err = arch.Build(t.spec, m.Kernel); err != nil {
		return nil, err
	}
	if err := t.net.CheckBatch(arm.Train.Batch); err != nil {
		return nil, fmt.Errorf("train.batch is %d: %w", arm.Train.Batch, err)
	}
	t.net.Init(arm.Seed)
	if optimizer := Optimizer(arm.Train, t.net.Trainable); beside != nil {
		t.trainer = beside.Beside(t.net, optimizer)
	} else {
		t.trainer = nn.NewTrainer(t.net, optimizer, arm.Train.Batch, m.Workers)
		m.Trainers[layout] = t.trainer
	}
	t.trainer.Seed, t.tapes = arm.Seed, t.trainer.Tapes()
	if arm.Train.Clip > 0 {
		t.trainer.Clip = nn.NewClip(t.net.Trainable, arm.Train.Clip)
	}
	if arm.Eval.Padding != (pad.Scheme{}) {
		t.spec.Padding, t.spec.Layers = arm.Eval.Padding, nil
		if t.tested, err = arch.Build(t.spec, m.Kernel); err != nil {
			return nil, fmt.Errorf("eval.padding: %w", larger(err, t.spec, arm))
		}
		if err := t.tested.CopyWeights(t.net); err != nil {
			return nil, fmt.Errorf("eval.padding: weights of %s do not run with %s: %w", arm.Net.Padding.Name, arm.Eval.Padding.Name, err)
		}
		t.tapes = nil
		for range m.Workers {
			t.tapes = append(t.tapes, t.tested.NewTape())
		}
	}
	for _, tape := range t.tapes {
		tape.Seed = arm.Seed
	}
	if arm.Inside() {
		if t.inside, err = newInside(t, src, m); err != nil {
			return nil, err
		}
	}
	t.step = t.learn()
	t.evaluate = func(worker, piece int) { t.examine(t.tapes[worker], t.shown+piece) }
	t.example = t.firstSample()
	return t, nil
}

// charge charges the network and its trainer; beside another one, that needs only
// what its optimizer keeps.
func (t *Train) charge(m Means, nodes []nn.Node, beside bool) error {
	const moments = 2 // Adam's, the most that an optimiser keeps
	net := nn.NetBytes(nodes)
	trainer := nn.TrainerBytes(nodes, t.spec.In, t.arm.Train.Batch, m.Workers, moments)
	one := nn.TrainerBytes(nodes, t.spec.In, 1, m.Workers, moments)
	if beside {
		trainer -= nn.TrainerBytes(nodes, t.spec.In, t.arm.Train.Batch, m.Workers, 0)
	}
	lower := "canvas.grid or data.patch"
	switch {
	case trainer > 2*one:
		lower = "train.batch"
	case net > trainer/4:
		lower = "net.arch: a smaller network"
	}
	if t.arm.Eval.Padding != (pad.Scheme{}) {
		net += net + int64(m.Workers)*nn.TapeBytes(nodes, t.spec.In)
	}
	return m.Memory.Charge("training", net+trainer, lower)
}

// ArchSpec is what an arm says of its network; what its pictures and its answer
// look like is still open. Networks are those of network, or where that is nil
// those that have a name.
func ArchSpec(a experiment.Arm, network func(name string) (arch.Architecture, error)) (arch.Spec, error) {
	s := arch.Spec{Padding: a.Net.Padding, Extent: a.Net.Extent, Pools: a.Net.Pools, Bias: a.Net.Bias, Global: a.Net.Global, Unbiased: !a.Net.HeadBias, Layers: map[string]pad.Scheme{}}
	for name, l := range a.Net.Layers {
		s.Layers[name] = l.Padding
	}
	var err error
	if network == nil {
		network = arch.Named
	}
	if s.Arch, err = network(a.Net.Arch); err != nil {
		err = fmt.Errorf("net.arch: %w", err)
	}
	return s, err
}

// Optimizer is the one that an experiment names, of so many weights.
func Optimizer(t experiment.Train, weights int) nn.Optimizer {
	rate := nn.Constant(t.LR)
	switch steps := max(t.Steps, 1); t.Schedule {
	case experiment.Cosine:
		rate = nn.Cosine(t.LR, steps)
	case experiment.OneCycle:
		rate = nn.OneCycle(t.LR, steps)
	}
	switch t.Optimizer {
	case experiment.Adam, experiment.AdamW:
		return nn.NewAdam(weights, nn.AdamOptions{LR: rate, Decay: t.Decay, Decoupled: t.Optimizer == experiment.AdamW})
	case experiment.SGD, experiment.Nesterov:
		return nn.NewSGD(weights, nn.SGDOptions{LR: rate, Momentum: t.Momentum, Decay: t.Decay, Nesterov: t.Optimizer == experiment.Nesterov})
	case experiment.Adadelta:
		return nn.NewAdadelta(weights, nn.AdadeltaOptions{LR: rate, Decay: t.Decay})
	}
	panic("stage: no optimizer " + string(t.Optimizer))
}

// learn returns what trains on the batch of a step: by the mean cross-entropy
// of its answers, or by that of all their pixels, weighted by class.
func (t *Train) learn() func(crew *kernel.Crew, step int) (loss float64, finite bool) {
	seed, size, now := t.arm.Seed, t.trainer.Size(), 0
	perSample := 1
	if t.task.PerPixel {
		perSample = t.net.Out().H * t.net.Out().W
	}
	labels := make([][]int32, size)
	for i := range labels {
		labels[i] = make([]int32, perSample)
	}
	if !t.task.PerPixel {
		sample := func(i int, x []float32) int {
			t.problem.Sample(seed, now, i, x, labels[i])
			return int(labels[i][0])
		}
		return func(crew *kernel.Crew, step int) (float64, bool) {
			now = step
			return t.trainer.Step(crew, sample)
		}
	}
	norm := 0.0 // the weights of all pixels of the batch
	sample := func(i int, x []float32) { t.problem.Sample(seed, now, i, x, labels[i]) }
	loss := func(c *nn.LossScratch, i int, dz, z []float32) float64 {
		return nn.PixelCrossEntropy(c.Kernel, c.Parts, dz, z, labels[i], t.problem.Weights(), norm, 1)
	}
	return func(crew *kernel.Crew, step int) (float64, bool) {
		now, norm = step, 0
		for i := range size {
			norm += t.problem.Weight(seed, step, i)
		}
		return t.trainer.StepWithLoss(crew, sample, loss)
	}
}

// firstSample is the first of the first batch, the mean of its channels.
func (t *Train) firstSample() *images.Picture {
	in := t.spec.In
	labels := 1
	if t.task.PerPixel {
		labels = in.H * in.W
	}
	x := make([]float32, in.Len())
	t.problem.Sample(t.arm.Seed, 0, 0, x, make([]int32, labels))
	return images.Grey(x, in.H, in.W, in.C)
}

func (t *Train) Name() string { return t.name }

func (t *Train) Ready(*Budget) bool { return true }

func (t *Train) Release(*Budget) {}

func (t *Train) Status() record.Status { return t.progress.Status }

// Advance does a slice of the evaluation under way, or one training step.
func (t *Train) Advance(crew *kernel.Crew) Event {
	switch {
	case t.exam == nil:
		return t.train(crew)
	case t.shown < t.images:
		n := min(evalSlice, t.images-t.shown)
		crew.Do(n, t.evaluate)
		if t.views = t.nextView(); t.views < t.problem.Views() {
			return Event{}
		}
		t.views = 0
		if t.shown += n; t.shown < t.images || t.inside != nil {
			return Event{}
		}
	case t.inside.advance(crew):
		return Event{}
	}
	t.conclude()
	return Event{Evaluated: !t.silent}
}

// conclude takes what an examination has found, and ends the stage behind the last.
func (t *Train) conclude() {
	t.progress.Scores, t.progress.Profiles, t.progress.Maps = t.exam.Results()
	switch {
	case t.Alike != nil:
		border.Pairs(t.Alike, t.progress.Scores, t.progress.Profiles)
	case t.Cells == nil || t.task.PerPixel:
	case t.task.Places:
		border.Bound(t.Cells.Class, t.Cells.Grid, t.progress.Scores, t.progress.Profiles)
	case t.Cells.Blind():
		border.Blind(t.progress.Scores)
	}
	t.progress.EvalStep = t.progress.Step
	follow(&t.progress.Course, t.progress.Step, t.progress.Scores)
	if s, ok := stepsToHalf(t.progress.Course, t.progress.Scores); ok {
		t.progress.Scores = append(t.progress.Scores, s)
	}
	if t.inside != nil {
		scores, profiles, maps := t.inside.results()
		t.progress.Scores, t.progress.Profiles, t.progress.Maps = append(t.progress.Scores, scores...), append(t.progress.Profiles, profiles...), append(t.progress.Maps, maps...)
		t.inside.clear()
	}
	t.exam = nil
	if t.last() {
		t.end(record.Done)
	}
}

// train makes one step, and begins an examination where one is due behind it.
func (t *Train) train(crew *kernel.Crew) Event {
	loss, finite := t.step(crew, t.progress.Step)
	if !finite {
		t.progress.Problem = fmt.Sprintf("the loss or its gradient was not finite at step %d: a lower train.lr helps", t.progress.Step)
		t.end(record.Diverged)
		return Event{}
	}
	t.curve.add(t.progress.Step, loss, t.progress.Step == t.arm.Train.Steps-1)
	t.progress.Step++
	t.begin()
	return Event{Samples: t.arm.Train.Batch}
}

// end lets go of what only learning needs.
func (t *Train) end(s record.Status) {
	t.progress.Status = s
	t.trainer, t.step, t.tapes, t.exam = nil, nil, nil, nil
}

func (t *Train) last() bool { return t.progress.Step == t.arm.Train.Steps }

// due reports whether the network is examined after the steps done so far.
func (t *Train) due() bool {
	return t.last() || !t.silent && t.progress.Step%t.arm.Train.EvalEvery == 0
}

// begin starts an examination, if one is due.
func (t *Train) begin() {
	if !t.due() {
		return
	}
	n := t.arm.Eval.Images
	if !t.last() {
		n = min(n, liveImages)
	}
	t.exam, t.images, t.shown, t.views = t.problem.Examine(n), n, 0, 0
	if t.inside != nil {
		t.inside.begin(t.last())
	}
	if t.tested != nil {
		if err := t.tested.CopyWeights(t.net); err != nil {
			panic("stage: " + err.Error())
		}
	}
}

// nextView is where the views of this slice end.
func (t *Train) nextView() int {
	return min(t.problem.Views(), t.views+max(1, sliceView/t.spec.In.Len()))
}

// examine shows an image in the views of this slice. What the network draws differs
// from view to view.
func (t *Train) examine(tape *nn.Tape, image int) {
	views := t.problem.Views()
	for view := t.views; view < t.nextView(); view++ {
		t.exam.Draw(tape.Input(), image, view)
		tape.Step = uint64(image*views + view)
		t.exam.Tally(image, view, tape.Forward())
	}
}

// Work counts forward passes of one sample; a backward pass costs two.
func (t *Train) Work() (done, all float64) {
	views, batch := float64(t.problem.Views()), float64(t.arm.Train.Batch)
	live := float64(min(t.arm.Eval.Images, liveImages)) * views
	final := float64(t.arm.Eval.Images) * views
	if t.inside != nil {
		live, final = live+t.inside.work(false), final+t.inside.work(true)
	}
	steps := float64(t.arm.Train.Steps)
	evaluations := func(step int) float64 { // live ones finished before that step is trained
		return float64((step + t.arm.Train.EvalEvery - 1) / t.arm.Train.EvalEvery)
	}
	all = 3*batch*steps + live*evaluations(t.arm.Train.Steps) + final
	if t.progress.Status.Ended() {
		return all, all
	}
	done = 3*batch*float64(t.progress.Step) + live*evaluations(t.progress.Step)
	if t.exam != nil {
		done += float64(t.shown)*views + float64(min(evalSlice, t.images-t.shown)*t.views)
		if t.inside != nil {
			done += float64(2*t.inside.read + t.inside.shown)
		}
	}
	return min(done, all), all
}

// Report fills in all of it. Of a backbone the arm shows what is learned, and
// by its first score, how well.
func (t *Train) Report(r *Report) {
	p := &t.progress
	r.Step, r.Steps = r.Step+p.Step, r.Steps+t.arm.Train.Steps
	r.Examining = t.exam != nil
	r.Params, r.Example, r.Loss, r.Problem = t.net.Trainable, t.example, t.curve.points, p.Problem
	r.EvalStep = -1
	if t.silent {
		r.Stage = Learning
		if r.Ended {
			r.Backbone = t.net.SHA256()
		}
		return
	}
	r.EvalStep, r.Scores, r.Profiles, r.Maps, r.Course = p.EvalStep, p.Scores, p.Profiles, p.Maps, p.Course
	if r.Ended {
		r.SHA256 = t.net.SHA256()
	}
}

func (t *Train) Spec() arch.Spec { return t.spec }

func (t *Train) Net() *nn.Net { return t.net }

func (t *Train) Files() []File {
	return []File{{"weights", func(w io.Writer) error { return t.net.Save(w, nil) }}}
}

func (t *Train) State() (record.Progress, []safetensors.Tensor) {
	p := t.progress
	p.Loss, p.Stride = t.curve.points, t.curve.stride
	p.Shown, p.Views = 0, 0 // those of the checkpoint it came from, else
	if t.trainer == nil {
		return p, t.net.State(t.name + "/")
	}
	tensors := t.trainer.State(t.name + "/")
	if t.exam != nil && t.shown+t.views > 0 {
		p.Shown, p.Views = t.shown, t.views
		tally := t.exam.State()
		tensors = append(tensors, safetensors.Tensor{Name: t.name + "/exam", Shape: []int{len(tally)}, Values: tally})
		if t.shown == t.images {
			latents := t.inside.state()
			tensors = append(tensors, safetensors.Tensor{Name: t.name + "/latents", Shape: []int{len(latents)}, Values: latents})
		}
	}
	return p, tensors
}

func (t *Train) Restore(p record.Progress, f *safetensors.File) error {
	if p.Step < 0 || p.Step > t.arm.Train.Steps {
		return fmt.Errorf("%s: step %d of %d", t.name, p.Step, t.arm.Train.Steps)
	}
	var err error
	if p.Status.Ended() {
		err = t.net.Restore(t.name+"/", f)
	} else {
		err = t.trainer.Restore(t.name+"/", f)
	}
	if err != nil {
		return err
	}
	t.progress, t.curve, t.exam = p, curve{p.Loss, p.Stride}, nil
	switch {
	case p.Status.Ended():
		t.end(p.Status)
	case p.EvalStep < p.Step: // an examination was under way
		t.begin()
	}
	if p.Shown == 0 && p.Views == 0 || t.exam == nil {
		return nil
	}
	if p.Shown < 0 || p.Shown > t.images || p.Shown == t.images && (t.inside == nil || p.Views > 0) || p.Views < 0 || p.Views >= t.problem.Views() {
		return fmt.Errorf("%s: %d of %d images were shown, and %d of %d views", t.name, p.Shown, t.images, p.Views, t.problem.Views())
	}
	tally, err := f.Read(t.name + "/exam")
	if err != nil {
		return err
	}
	t.shown, t.views = p.Shown, p.Views
	if err := t.exam.Restore(tally.Values); err != nil || t.shown < t.images {
		return err
	}
	latents, err := f.Read(t.name + "/latents")
	if err != nil {
		return err
	}
	return t.inside.restore(latents.Values)
}
