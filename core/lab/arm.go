package lab

import (
	"fmt"

	"padlab/core/arch"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/probe"
	"padlab/core/task"
)

const (
	liveImages = 10  // evaluated in every cell while training; eval.images at the end
	evalSlice  = 16  // images evaluated before others get their turn
	lossPoints = 512 // kept of a loss curve
)

// arm is an Arm being executed. Its state is what snapshots show; everything
// else is the run's own.
type arm struct {
	spec       Arm
	state      ArmState
	task       task.Problem
	trainer    *nn.Trainer
	learn      func(crew *kernel.Crew, step int) (loss float64, finite bool)
	lossStride int

	exam     task.Exam // the evaluation under way, or nil
	images   int       // how many it shows
	next     int       // the first that was not shown yet
	evaluate func(worker, piece int)
	tapes    []*nn.Tape // one per worker, of the network that is tested
	encoder  *encoder   // of a read-out, else nil
	readout  *probe.Readout
	heirs    int // frozen networks that still wait for the weights of this one

	shape  arch.Spec // of the network that is tested
	tested *nn.Net   // that network, where eval.padding makes it another one than the trained
}

// network is the one that is tested, or the one that it will get its weights
// from.
func (a *arm) network() *nn.Net {
	switch e := a.encoder; {
	case e != nil && !e.ready:
		return e.backbone.trainer.Net
	case e != nil:
		return e.frozen
	}
	return a.trainer.Net
}

// prepare builds the arms of an experiment: tasks (shared where the data are
// the same), networks with their initial weights, optimisers, read-outs.
func prepare(e *Experiment, in Inputs, k *kernel.Kernel, workers int) ([]*arm, error) {
	b := builder{in: in, kernel: k, workers: workers, source: task.NewSource(in.Set), backbones: map[string]*arm{}, encoders: map[string]*encoder{}, memory: memory{limit: MaxFeatures}}
	var arms []*arm
	for _, spec := range e.Arms() {
		a, err := b.arm(spec)
		if err != nil {
			return nil, fmt.Errorf("arm %s: %w", spec.Name, err)
		}
		arms = append(arms, a)
	}
	return arms, nil
}

func (b *builder) arm(spec Arm) (*arm, error) {
	if spec.Reads() {
		return b.read(spec)
	}
	return newArm(spec, b.source, b.kernel, b.workers)
}

// canvasOf is what a spec says of its canvas.
func canvasOf(spec Arm) task.Spec {
	return task.Spec{Grid: spec.Canvas.Grid, Patch: spec.Data.Patch, Fill: task.Fill(spec.Canvas.Fill), Normalize: spec.Data.Normalize}
}

// shapeOf is what a spec says of its network; what its pictures and its answer
// look like is still open.
func shapeOf(spec Arm) (arch.Spec, error) {
	known, err := arch.Named(spec.Net.Arch)
	if err != nil {
		return arch.Spec{}, err
	}
	shape := arch.Spec{Arch: known, Padding: pad.Must(spec.Net.Padding), Extent: pad.Extent(spec.Net.Extent), Bias: spec.Net.Bias, Layers: map[string]pad.Scheme{}}
	for name, l := range spec.Net.Layers {
		shape.Layers[name] = pad.Must(l.Padding)
	}
	return shape, nil
}

func newArm(spec Arm, source *task.Source, k *kernel.Kernel, workers int) (*arm, error) {
	kind := task.Must(spec.Task.Kind)
	problem := kind.On(source, canvasOf(spec))
	if n := problem.TestImages(); spec.Eval.Images > n {
		return nil, fmt.Errorf("eval.images is %d, the set has %d test images", spec.Eval.Images, n)
	}
	shape, err := shapeOf(spec)
	if err != nil {
		return nil, err
	}
	h, w, c := problem.Shape()
	shape.In, shape.Classes = nn.Shape{H: h, W: w, C: c}, problem.Answers()
	if kind.PerPixel {
		shape.Head = arch.Head(spec.Net.Head)
	}
	net, err := arch.Build(shape, k)
	if err != nil {
		return nil, err
	}
	if err := net.CheckBatch(spec.Train.Batch); err != nil {
		return nil, fmt.Errorf("train.batch is %d: %w", spec.Train.Batch, err)
	}
	net.Init(spec.Seed)
	a := &arm{spec: spec, task: problem, lossStride: 1}
	a.trainer = nn.NewTrainer(net, optimizer(spec, net.Trainable), spec.Train.Batch, workers)
	a.trainer.Seed, a.tapes = spec.Seed, a.trainer.Tapes()
	if spec.Train.Clip > 0 {
		a.trainer.Clip = nn.NewClip(net.Trainable, spec.Train.Clip)
	}
	if spec.Eval.Padding != "" {
		shape.Padding, shape.Layers = pad.Must(spec.Eval.Padding), nil
		if a.tested, err = arch.Build(shape, k); err != nil {
			return nil, fmt.Errorf("eval.padding: %w", err)
		}
		if err := a.tested.CopyWeights(net); err != nil {
			return nil, fmt.Errorf("eval.padding: weights of %s do not run with %s: %w", spec.Net.Padding, spec.Eval.Padding, err)
		}
		a.tapes = nil
		for range workers {
			a.tapes = append(a.tapes, a.tested.NewTape())
		}
	}
	for _, tape := range a.tapes {
		tape.Seed = spec.Seed
	}
	a.shape = shape
	a.state = ArmState{Name: spec.Name, Status: Running, Params: net.Trainable, EvalStep: -1, Steps: spec.Train.Steps}
	a.learn = learner(a.trainer, problem, kind.PerPixel, spec.Seed)
	a.evaluate = func(worker, piece int) { a.show(a.tapes[worker], a.next+piece) }
	a.state.Example = a.example()
	a.startEvaluation()
	return a, nil
}

// example is the first sample of the first batch, the mean of its channels.
func (a *arm) example() *Picture {
	h, w, c := a.task.Shape()
	x := make([]float32, h*w*c)
	a.task.Sample(a.spec.Seed, 0, 0, x, make([]int32, h*w))
	p := &Picture{Rows: h, Cols: w, Values: make([]float32, h*w)}
	for i, v := range x {
		p.Values[i/c] += v / float32(c)
	}
	return p
}

// learner returns what trains on the batch of a step: by cross-entropy, over
// the pixels of a picture where each has a label, and weighted by class where a
// problem has weights.
func learner(t *nn.Trainer, p task.Problem, perPixel bool, seed uint64) func(crew *kernel.Crew, step int) (loss float64, finite bool) {
	perPicture := 1 // labels
	if h, w, _ := p.Shape(); perPixel {
		perPicture = h * w
	}
	labels := make([][]int32, t.Size())
	for i := range labels {
		labels[i] = make([]int32, perPicture)
	}
	at, weights := 0, p.Weights()
	if !perPixel && weights == nil {
		sample := func(i int, x []float32) int {
			p.Sample(seed, at, i, x, labels[i])
			return int(labels[i][0])
		}
		return func(crew *kernel.Crew, step int) (float64, bool) {
			at = step
			return t.Step(crew, sample)
		}
	}
	sample := func(i int, x []float32) { p.Sample(seed, at, i, x, labels[i]) }
	norm := 0.0 // the weights of all labels of the batch
	loss := func(c *nn.LossScratch, i int, dz, z []float32) float64 {
		return nn.PixelCrossEntropy(c.Kernel, c.Parts, dz, z, labels[i], weights, norm, 1)
	}
	return func(crew *kernel.Crew, step int) (float64, bool) {
		at, norm = step, 0
		for i := range labels {
			norm += p.Weight(seed, step, i)
		}
		return t.StepWithLoss(crew, sample, loss)
	}
}

// show lets the network see a test image in all views.
func (a *arm) show(tape *nn.Tape, image int) {
	for view, views := 0, a.task.Views(); view < views; view++ {
		a.exam.Draw(tape.Input(), image, view)
		tape.Step = uint64(image*views + view) // what layers draw differs from picture to picture
		a.exam.Tally(image, view, tape.Forward())
	}
}

func optimizer(spec Arm, params int) nn.Optimizer {
	t := spec.Train
	rate := nn.Constant(t.LR)
	switch steps := max(t.Steps, 1); t.Schedule {
	case "cosine":
		rate = nn.Cosine(t.LR, steps)
	case "one-cycle":
		rate = nn.OneCycle(t.LR, steps)
	}
	switch t.Optimizer {
	case "adam", "adamw":
		return nn.NewAdam(params, nn.AdamOptions{LR: rate, Decay: t.Decay, Decoupled: t.Optimizer == "adamw"})
	case "sgd", "nesterov":
		return nn.NewSGD(params, nn.SGDOptions{LR: rate, Momentum: t.Momentum, Decay: t.Decay, Nesterov: t.Optimizer == "nesterov"})
	case "adadelta":
		return nn.NewAdadelta(params, nn.AdadeltaOptions{LR: rate, Decay: t.Decay})
	}
	panic("lab: no optimizer " + t.Optimizer)
}

// advance does one piece of work: a slice of the evaluation under way, or one
// training step. It reports whether an evaluation was finished.
func (a *arm) advance(crew *kernel.Crew) (evaluated bool) {
	if a.readout != nil {
		return a.advanceReading(crew)
	}
	if a.exam == nil {
		a.train(crew)
		return false
	}
	n := min(evalSlice, a.images-a.next)
	crew.Do(n, a.evaluate)
	if a.next += n; a.next < a.images {
		return false
	}
	a.finishEvaluation()
	return true
}

func (a *arm) train(crew *kernel.Crew) {
	loss, finite := a.learn(crew, a.state.Step)
	if !finite {
		a.state.Problem = fmt.Sprintf("the loss or its gradient was not finite at step %d: a lower train.lr helps", a.state.Step)
		a.end(Diverged)
		return
	}
	a.recordLoss(a.state.Step, loss)
	a.state.Step++
	if a.state.Step%a.spec.Train.EvalEvery == 0 || a.last() {
		a.startEvaluation()
	}
}

func (a *arm) last() bool { return a.state.Step == a.spec.Train.Steps }

// recordLoss appends a point. Points that snapshots hold are never written
// again: appending leaves them alone, and thinning makes a new slice.
func (a *arm) recordLoss(step int, loss float64) {
	if step%a.lossStride != 0 {
		return
	}
	a.state.Loss = append(a.state.Loss, LossPoint{step, metric.Number(loss)})
	if len(a.state.Loss) == lossPoints {
		half := make([]LossPoint, 0, lossPoints)
		for i := 0; i < lossPoints; i += 2 {
			half = append(half, a.state.Loss[i])
		}
		a.state.Loss = half
		a.lossStride *= 2
	}
}

func (a *arm) startEvaluation() {
	n := a.spec.Eval.Images
	if !a.last() {
		n = min(n, liveImages)
	}
	a.exam, a.images, a.next = a.task.Examine(n), n, 0
	if a.tested != nil {
		if err := a.tested.CopyWeights(a.trainer.Net); err != nil {
			panic("lab: " + err.Error())
		}
	}
}

func (a *arm) finishEvaluation() {
	a.state.Scores, a.state.Profiles, a.state.Maps = a.exam.Results()
	a.state.EvalStep = a.state.Step
	a.exam = nil
	if a.last() {
		a.end(Done)
	}
}

// end closes the arm, unless it has ended before.
func (a *arm) end(s Status) {
	if a.state.Status == Running {
		a.state.Status = s
		if a.readout != nil {
			a.state.SHA256, a.state.Backbone = a.readout.SHA256(), a.encoder.frozen.SHA256()
			a.encoder.leave()
			return
		}
		a.state.SHA256 = a.trainer.Net.SHA256()
	}
}

// work is how much the arm has done and will have done, in forward passes of
// one sample; a backward pass costs two.
func (a *arm) work() (done, all float64) {
	if a.readout != nil {
		done, all = a.readout.Work()
		if b := a.encoder.backbone; b != nil {
			d, n := b.work()
			done, all = done+d, all+n
		}
		if a.state.Status.Ended() {
			return all, all
		}
		return done, all
	}
	views, batch := float64(a.task.Views()), float64(a.spec.Train.Batch)
	live := float64(min(a.spec.Eval.Images, liveImages)) * views
	final := float64(a.spec.Eval.Images) * views
	steps := float64(a.spec.Train.Steps)
	evaluations := func(step int) float64 { // live ones finished before that step is trained
		return float64((step + a.spec.Train.EvalEvery - 1) / a.spec.Train.EvalEvery)
	}
	all = 3*batch*steps + live*evaluations(a.spec.Train.Steps) + final
	if a.state.Status.Ended() {
		return all, all
	}
	done = 3*batch*float64(a.state.Step) + live*evaluations(a.state.Step)
	if a.exam != nil {
		done += float64(a.next) * views
	}
	return min(done, all), all
}
