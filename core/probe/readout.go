// Package probe is the position read-out: what a small head can tell about
// absolute position from the features of a frozen network (Islam, Jia and Bruce
// 2020). A target ([position.Target]) is a picture that says where each pixel
// is and does not depend on the photograph; a head is fitted to draw it from
// the features alone, and rank correlation says how well it does. Position that
// the network has not put into its features cannot be read out of them.
package probe

import (
	"fmt"
	"slices"

	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/position"
	"padlab/core/rng"
)

// A Spec says what is read out of features, and how.
type Spec struct {
	HeadSpec             // whose Channels are set from the taps
	Taps        []string // names among those of the features
	Standardise bool     // every channel less its mean, over its deviation
	Signed      bool     // stripes go from −1 to 1 where errors are reported

	// Ridge fits a linear map in closed form, from one pass over the training
	// pictures. Of HeadSpec it uses Padding and Kernel (1 when a window would
	// hold more than MaxRidge features); of the fields below Batch, EvalEvery,
	// and Seed, which determines the order of pictures.
	Ridge bool

	Adam      bool    // else SGD with momentum .9, as in the paper
	LR        float64 // falls to a tenth after two thirds of the steps (the official code: after 10 of 15 epochs)
	Decay     float64 // of the weights
	Epochs    int
	Batch     int
	EvalEvery int // steps between examinations on a few test pictures
	Seed      uint64
}

// A Readout is a head that is fitted to features and tested, in small pieces of
// work. It belongs to one goroutine.
type Readout struct {
	Step, Steps int
	Loss        float64 // squared errors summed over targets: of the batch of the last step; of ridge on photographs held out, when it was last solved
	Diverged    bool

	spec     Spec
	features *Features
	learner  learner
	perEpoch int     // steps
	order    []int32 // of the training pictures in an epoch
	ordered  int     // the epoch that order is of, −1 before the first
	batch    []int

	exam        []int // pictures that the examination under way has still to test, or nil
	final       bool  // the last examination begun is the final one, over all test pictures
	tested      int   // pictures tested so far, in all examinations
	predictions [][]float32
	scorers     []*scorer
	example     []float32 // what was predicted for the first test picture

	Scores   []metric.Score
	Profiles []metric.Profile
	Maps     []metric.Map
}

// A learner is the model that a read-out fits. The pictures passed to it are
// loaded.
type learner interface {
	// learn makes one step on training pictures. It reports false when a
	// feature, the loss or a gradient was not finite; the read-out has then
	// diverged.
	learn(crew *kernel.Crew, pictures []int) (finite bool)

	// solveStep does a piece of the work that is needed between learn and
	// predict, and reports whether there was any left to do.
	solveStep() bool

	// predict sets dst, 28×28×T, to the predictions of all targets.
	predict(dst []float32, picture, worker int)

	// state and restore are those of Readout, for what was fitted.
	state(prefix string) []safetensors.Tensor
	restore(prefix string, f *safetensors.File) error

	loss() float64
	params() int
	sha256() string
}

// NewReadout returns a read-out that has not begun. A tap that does not exist
// and a head that does not fit the features are errors. It panics when a batch
// has more samples than there are training pictures, and at numbers below 1.
//
// Unless beside is nil, a head learns in its memory: it is the Trainer of a read-out of
// as many channels with the same batch and head, and only one of the two is at work at a
// time.
func NewReadout(f *Features, s Spec, k *kernel.Kernel, workers int, beside *nn.Trainer) (*Readout, error) {
	if s.Batch < 1 || s.Epochs < 1 && !s.Ridge || s.EvalEvery < 1 || s.Batch > f.Album.Train || len(s.Targets) == 0 {
		panic(fmt.Sprintf("probe: %d epochs of batches of %d of %d pictures, %d targets, evaluated every %d steps", s.Epochs, s.Batch, f.Album.Train, len(s.Targets), s.EvalEvery))
	}
	r := &Readout{spec: s, features: f, perEpoch: f.Album.Train / s.Batch, order: make([]int32, f.Album.Train), ordered: -1}
	spans, channels, err := f.spans(s.Taps)
	if err != nil {
		return nil, err
	}
	r.spec.Channels = channels
	if s.Ridge {
		r.perEpoch = (f.Album.Train + s.Batch - 1) / s.Batch
		r.Steps = r.perEpoch
		ridge, err := newRidge(f, r.spec, spans, k, workers)
		if err != nil {
			return nil, err
		}
		r.learner, r.Loss = ridge, ridge.loss()
		return r, nil
	}
	r.Steps = s.Epochs * r.perEpoch
	if r.learner, err = newPosENet(f, r.spec, spans, r.Steps, k, workers, beside); err != nil {
		return nil, err
	}
	return r, nil
}

// Params is the number of weights of the head.
func (r *Readout) Params() int { return r.learner.params() }

// Net is the head as a network; nil where it is not one, but a linear map.
func (r *Readout) Net() *nn.Net {
	if p, ok := r.learner.(*posenet); ok {
		return p.net
	}
	return nil
}

// Trainer is what the head learns with; nil where it is solved for.
func (r *Readout) Trainer() *nn.Trainer {
	if p, ok := r.learner.(*posenet); ok {
		return p.trainer
	}
	return nil
}

// SHA256 is the checksum of the head's weights.
func (r *Readout) SHA256() string { return r.learner.sha256() }

// Window is the kernel size of the first convolution: Kernel of the Spec, but 1
// in a ridge read-out whose windows would hold more than MaxRidge features.
func (r *Readout) Window() int {
	if l, ok := r.learner.(*ridge); ok {
		return l.size
	}
	return r.spec.Kernel
}

// Penalties are the λ of every target that a ridge read-out chose when it was
// last solved, divided by the mean eigenvalue of the centred Gram matrix. Other
// read-outs have none.
func (r *Readout) Penalties() []float64 {
	l, ok := r.learner.(*ridge)
	if !ok {
		return nil
	}
	var list []float64
	for _, c := range l.choice {
		list = append(list, penalties[c])
	}
	return list
}

// BatchSize is how many samples the last step had, 0 before the first.
func (r *Readout) BatchSize() int { return len(r.batch) }

// Done reports whether the last examination is over.
func (r *Readout) Done() bool { return r.Diverged || r.Step == r.Steps && r.final && r.exam == nil }

// Examining reports whether an examination is under way.
func (r *Readout) Examining() bool { return r.exam != nil }

// Work is how much has been done, and how much there is to do in all, in passes
// of one picture.
func (r *Readout) Work() (done, all float64) {
	a := r.features.Album
	live := float64(len(r.pictures(false)) * ((r.Steps - 1) / r.spec.EvalEvery))
	final := float64(len(r.pictures(true)))
	all = float64(a.Train) + float64(r.Steps*r.spec.Batch) + live + final
	if r.Done() {
		return all, all
	}
	return float64(r.features.Prepared() + r.Step*r.spec.Batch + r.tested), all
}

// pictures are those of an examination: all test pictures in the final one, else
// the first few photographs, the black and the white picture.
func (r *Readout) pictures(final bool) []int {
	a := r.features.Album
	var list []int
	for i := a.Train; i < a.Len(); i++ {
		if final || i < a.Train+min(a.Test, livePictures) || i >= a.Train+a.Test && a.Kind(i) != position.Noise {
			list = append(list, i)
		}
	}
	return list
}

const (
	livePictures = 8 // photographs tested in examinations before the final one
	together     = 8 // pictures that one piece of work goes through at most
)

// Advance does one piece of work: it prepares features, makes one step, or tests
// a few pictures. It reports whether that finished an examination, whose results
// are then in Scores, Profiles and Maps.
func (r *Readout) Advance(crew *kernel.Crew) (evaluated bool) {
	switch {
	case r.Done():
		return false
	case r.features.Prepare(crew):
		return false
	case r.exam != nil && r.learner.solveStep():
		r.Loss = r.learner.loss()
		return false
	case r.exam != nil:
		return r.examine(crew)
	}
	if r.Step < r.Steps {
		r.step(crew)
	}
	if !r.Diverged && (r.Step == r.Steps || r.Step%r.spec.EvalEvery == 0) {
		r.startExam()
	}
	return false
}

// startExam begins an examination: the last one when all steps are made.
func (r *Readout) startExam() {
	r.final = r.Step == r.Steps
	r.exam, r.example, r.scorers = r.pictures(r.final), nil, nil
	for _, kind := range position.Kinds() {
		for _, t := range r.spec.Targets {
			r.scorers = append(r.scorers, newScorer(t, kind, Side, r.spec.Signed))
		}
	}
}

func (r *Readout) step(crew *kernel.Crew) {
	epoch, at := r.Step/r.perEpoch, r.Step%r.perEpoch*r.spec.Batch
	if r.ordered != epoch {
		s := rng.New(r.spec.Seed, "read-out order", uint64(epoch))
		s.Permutation(r.order)
		r.ordered = epoch
	}
	r.batch = r.batch[:0]
	for _, i := range r.order[at:min(at+r.spec.Batch, len(r.order))] {
		r.batch = append(r.batch, int(i))
	}
	r.features.Load(crew, r.batch)
	if !r.learner.learn(crew, r.batch) {
		r.Diverged = true
		return
	}
	r.Loss = r.learner.loss()
	r.Step++
}

func (r *Readout) examine(crew *kernel.Crew) (finished bool) {
	list := r.exam[:min(together, len(r.exam))]
	r.features.Load(crew, list)
	for len(r.predictions) < len(list) {
		r.predictions = append(r.predictions, make([]float32, Side*Side*len(r.spec.Targets)))
	}
	crew.Do(len(list), func(worker, piece int) { r.learner.predict(r.predictions[piece], list[piece], worker) })
	a, targets := r.features.Album, len(r.spec.Targets)
	one := make([]float32, Side*Side)
	for piece, picture := range list {
		for _, s := range r.scorers {
			if s.images != a.Kind(picture) {
				continue
			}
			t := slices.Index(r.spec.Targets, s.target)
			for p := range one {
				one[p] = r.predictions[piece][p*targets+t]
			}
			s.Add(a.Group(picture), one)
		}
		if picture == a.Train {
			r.example = slices.Clone(r.predictions[piece])
		}
	}
	r.tested += len(list)
	if r.exam = r.exam[len(list):]; len(r.exam) > 0 {
		return false
	}
	r.exam = nil
	r.conclude()
	return true
}

// conclude sets Scores, Profiles and Maps to the results of the examination.
func (r *Readout) conclude() {
	r.Scores, r.Profiles, r.Maps = nil, nil, nil
	for _, s := range r.scorers {
		if len(s.mae) == 0 {
			continue
		}
		r.Scores = append(r.Scores, s.scores()...)
		r.Profiles = append(r.Profiles, s.profile())
		if s.images == position.Natural {
			t := slices.Index(r.spec.Targets, s.target)
			predicted := metric.Map{Key: metric.Key{Metric: metric.Prediction, Target: string(s.target), Images: position.Natural}, Rows: Side, Cols: Side}
			truth := metric.Map{Key: metric.Key{Metric: metric.Target, Target: string(s.target), Images: position.Natural}, Rows: Side, Cols: Side}
			for p := range Side * Side {
				predicted.Values = append(predicted.Values, metric.Number(r.example[p*len(r.spec.Targets)+t]))
				truth.Values = append(truth.Values, metric.Number(s.truth[p]))
			}
			r.Maps = append(r.Maps, truth, predicted, s.errorMap())
		}
	}
}
