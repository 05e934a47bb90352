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
	"padlab/core/nn/kernel"
	"padlab/core/position"
	"padlab/core/rng"
)

// A Spec says what is read out of features, and how.
type Spec struct {
	HeadSpec             // but for Channels, which follow from the taps
	Taps        []string // names among those of the features
	Standardise bool     // every channel less its mean, over its deviation
	Signed      bool     // stripes go from −1 to 1 where errors are reported

	// Ridge fits a linear map in closed form, looking once at every training
	// picture. Of the head it takes Kernel, or 1 when a window would hold more
	// than MaxRidge features, and Padding; of what follows Batch, EvalEvery and
	// Seed, which says in which order pictures come.
	Ridge bool

	Adam      bool    // else SGD with momentum .9, as in the paper
	LR        float64 // falls to a tenth after two thirds of the steps (the official code: after 10 of 15 epochs)
	Decay     float64 // of the weights
	Epochs    int
	Batch     int
	EvalEvery int // steps between two looks at a few test pictures
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
	order    []int32 // of the training pictures in this epoch
	batch    []int

	exam        []int // pictures still to be tested, or nil
	final       bool  // it is over all of them
	tested      int   // pictures, in all examinations
	predictions [][]float32
	sheets      []*scorer
	example     []float32 // what was predicted for the first test picture

	Scores   []metric.Score
	Profiles []metric.Profile
	Maps     []metric.Map
}

// A learner is what is fitted. Pictures that it is given are loaded.
type learner interface {
	// learn makes one step on training pictures. What it was before counts
	// when a number was not finite.
	learn(crew *kernel.Crew, pictures []int) (finite bool)

	// solveStep does a piece of the work that predict needs after learn, and
	// reports whether there was any.
	solveStep() bool

	// predict sets dst, 28×28×T, to all targets as seen in a picture.
	predict(dst []float32, picture, worker int)

	loss() float64
	params() int
	sha256() string
}

// NewReadout returns a read-out that has not begun. The errors are those of
// taps that do not exist and of heads that do not fit. It panics when a batch is
// larger than the training pictures, or a number below 1.
func NewReadout(f *Features, s Spec, k *kernel.Kernel, workers int) (*Readout, error) {
	if s.Batch < 1 || s.Epochs < 1 && !s.Ridge || s.EvalEvery < 1 || s.Batch > f.Album.Train || len(s.Targets) == 0 {
		panic(fmt.Sprintf("probe: %d epochs of batches of %d of %d pictures, %d targets, evaluated every %d steps", s.Epochs, s.Batch, f.Album.Train, len(s.Targets), s.EvalEvery))
	}
	r := &Readout{spec: s, features: f, perEpoch: f.Album.Train / s.Batch, order: make([]int32, f.Album.Train)}
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
	if r.learner, err = newPosENet(f, r.spec, spans, r.Steps, k, workers); err != nil {
		return nil, err
	}
	return r, nil
}

// Params is the number of weights of the head.
func (r *Readout) Params() int { return r.learner.params() }

// SHA256 is the checksum of the head's weights.
func (r *Readout) SHA256() string { return r.learner.sha256() }

// Window is how many pixels of the features per side are looked at from one
// place in the first convolution: Kernel of the Spec, but 1 in a ridge read-out
// that would look at more than MaxRidge features.
func (r *Readout) Window() int {
	if l, ok := r.learner.(*ridge); ok {
		return l.size
	}
	return r.spec.Kernel
}

// Penalties are λ of a ridge read-out for every target, as it was chosen when
// that was last solved, as parts of the mean eigenvalue of the centred Gram
// matrix; nil of others.
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

// Done reports whether the last examination is over.
func (r *Readout) Done() bool { return r.Diverged || r.Step == r.Steps && r.final && r.exam == nil }

// Examining reports whether an examination is under way.
func (r *Readout) Examining() bool { return r.exam != nil }

// Work is how much has been done and will have been, in pictures looked at.
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

// pictures are those of an examination: all but the training pictures, or of
// each kind the first few.
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
	livePictures = 8 // test crops looked at while fitting
	together     = 8 // pictures examined before others get their turn
)

// Advance does one piece of work: it looks at training pictures, makes one step,
// or examines a few pictures. It reports whether an examination was finished,
// whose results are then in Scores, Profiles and Maps.
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
	if r.Step == r.Steps || r.Step%r.spec.EvalEvery == 0 {
		r.final = r.Step == r.Steps
		r.exam, r.example = r.pictures(r.final), nil
		r.sheets = nil
		for _, kind := range position.Kinds() {
			for _, t := range r.spec.Targets {
				r.sheets = append(r.sheets, newScorer(t, kind, Side, r.spec.Signed))
			}
		}
	}
	return false
}

func (r *Readout) step(crew *kernel.Crew) {
	epoch, at := r.Step/r.perEpoch, r.Step%r.perEpoch*r.spec.Batch
	if at == 0 {
		s := rng.New(r.spec.Seed, "read-out order", uint64(epoch))
		s.Permutation(r.order)
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
		for _, s := range r.sheets {
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

// conclude turns the sheets into results.
func (r *Readout) conclude() {
	r.Scores, r.Profiles, r.Maps = nil, nil, nil
	for _, s := range r.sheets {
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
