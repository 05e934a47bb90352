package probe

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"padlab/core/exact"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// MaxRidge bounds the features of one window in a ridge read-out: a larger window
// shrinks to one pixel. Features with more than MaxRidgeChannels channels are
// refused: their matrices would take more than 128 MB each.
const (
	MaxRidge         = 2000
	MaxRidgeChannels = 4096
)

// sparse is the distance, along rows and along columns, between the pixels of the
// output map that a ridge read-out is fitted to. Features of neighbouring
// pixels are nearly the same.
const sparse = 3

// penalties are the values that a ridge read-out tries for λ, divided by the mean
// eigenvalue of the centred Gram matrix.
var penalties = []float64{100, 10, 1, .1, .01, 1e-3, 1e-4, 1e-5}

// defaultPenalty is the index of the penalty that is taken when no photographs
// can be held out to choose one.
const defaultPenalty = 4

// ridge is the linear read-out in closed form (Hoerl and Kennard 1970). For a
// pixel of the output map, x is the n = k·k·C features of a window as
// [ky][kx][c], and the prediction is b + w·x, which is enlarged to 28×28 as
// PosENet does.
// For every target w and b minimise
//
//	Σ (y − b − w·x)² + λ·w·w
//
// over every third pixel along rows and columns of all training pictures, where
// y is the target at the size of the output map. With means x̄ and ȳ that is
//
//	(Σ(x−x̄)(x−x̄)ᵀ + λI)·w = Σ(x−x̄)(y−ȳ),   b = ȳ − w·x̄
//
// so that the intercept is not penalised. The sums grow picture by picture, and
// can be solved at any time. One Cholesky factorisation serves all targets that
// have the same λ.
//
// λ is chosen for each target separately, by the squared error on about a
// quarter of the training photographs after a fit to the others; then w and b
// are fitted to all. Among equal errors the largest λ is taken.
//
// Until the last picture is learned there are four n×n matrices of float64: the
// sums of both parts, the equations and the factor, 32 MB each at 2,000
// features. The factorisation starts goroutines of gonum's, which do not change
// its bits.
type ridge struct {
	features    *Features
	spans       []span
	standardise bool
	finite      func([]float32) bool

	channels      int       // of the features
	size, padding int       // of the window, and zeros around the features
	side          int       // of the output map
	n             int       // features of a window
	places        []int     // pixels of the output map that are fitted to
	truth         []float64 // [place][target]: y − ȳ, with a last column of ones
	mean          []float64 // of every target over the places: ȳ
	square        []float64 // of every target over the places: Σ(y−ȳ)²
	enlarge       *pad.Bilinear

	windows [][]float64 // of the few pictures that are learned together: [place][feature]
	broken  []bool      // of each of them: a feature is not finite
	buffers []ridgeBuffer
	fitted  sums
	held    sums // over the photographs that are held out
	system  *system
	ready   bool // the system holds the equations of the phase

	phase     phase
	penalty   int       // the index of the penalty that the phase goes on with
	choice    []int     // of every target: the index of its penalty
	bestError []float64 // of every target: the squared error with it, on held-out photographs if there are any
	weights   [][]float64
	bias      []float64
	error     float64 // mean squared error, summed over targets, when it was last solved; NaN before
}

// A phase is what is still to be done for new weights: a factorisation for each
// penalty that is tried, then one for each that was chosen.
type phase int

const (
	solved  phase = iota // nothing
	learned              // everything: pictures were learned since it was solved
	trying               // penalties are tried, on photographs that are held out
	fitting              // weights are fitted to all photographs
)

type ridgeBuffer struct {
	features []float32 // 28×28×C
	window   []float64
	output   []float32 // side×side×T
}

func newRidge(f *Features, s Spec, spans []span, k *kernel.Kernel, workers int) (*ridge, error) {
	if s.Kernel < 1 || s.Padding < 0 {
		return nil, fmt.Errorf("the read-out: windows of %d×%d pixels with padding %d", s.Kernel, s.Kernel, s.Padding)
	}
	r := &ridge{features: f, spans: spans, standardise: s.Standardise, finite: k.Finite, channels: s.Channels, size: s.Kernel, padding: s.Padding, error: math.NaN()}
	if s.Channels > MaxRidgeChannels {
		return nil, fmt.Errorf("the read-out: %d channels, ridge takes at most %d: choose fewer taps", s.Channels, MaxRidgeChannels)
	}
	if s.Channels*s.Kernel*s.Kernel > MaxRidge {
		r.size = 1
	}
	if r.side = Side + 2*s.Padding - r.size + 1; r.side < 2 {
		return nil, fmt.Errorf("the read-out: windows of %d×%d pixels need features of %d×%d at least: they are %d×%d with padding %d", r.size, r.size, r.size+1, r.size+1, Side, Side, s.Padding)
	}
	for row := 0; row < r.side; row += sparse {
		for col := 0; col < r.side; col += sparse {
			r.places = append(r.places, row*r.side+col)
		}
	}
	r.n = r.size * r.size * r.channels
	targets, width := len(s.Targets), len(s.Targets)+1
	r.truth = make([]float64, len(r.places)*width)
	for i := range r.places {
		r.truth[i*width+targets] = 1
	}
	for t, target := range s.Targets {
		y, mean, square := target.Map(r.side, r.side), 0.0, 0.0
		for _, p := range r.places {
			mean += float64(y[p]) / float64(len(r.places))
		}
		for i, p := range r.places {
			d := float64(y[p]) - mean
			r.truth[i*width+t] = d
			square += float64(d * d)
		}
		r.mean, r.square = append(r.mean, mean), append(r.square, square)
		r.weights = append(r.weights, make([]float64, r.n))
	}
	r.bias, r.choice, r.bestError = make([]float64, targets), make([]int, targets), make([]float64, targets)
	r.fitted, r.held = sums{n: r.n, targets: targets}, sums{n: r.n, targets: targets}
	r.enlarge = pad.NewBilinear(r.side, r.side, targets, Side, Side, false)
	r.windows, r.broken = make([][]float64, together), make([]bool, together)
	for range workers {
		r.buffers = append(r.buffers, ridgeBuffer{make([]float32, Side*Side*r.channels), make([]float64, r.n), make([]float32, r.side*r.side*targets)})
	}
	return r, nil
}

// part is the sums that a training picture is added to.
func (r *ridge) part(picture int) *sums {
	if r.features.Album.Group(picture)%4 == 1 {
		return &r.held
	}
	return &r.fitted
}

func (r *ridge) learn(crew *kernel.Crew, pictures []int) (finite bool) {
	for len(pictures) > 0 {
		few := pictures[:min(together, len(pictures))]
		pictures = pictures[len(few):]
		crew.Do(len(few), func(worker, i int) { r.look(worker, i, few[i]) })
		for i, p := range few {
			if r.broken[i] {
				return false
			}
			r.part(p).grow(len(r.places))
		}
		crew.Do(r.fitted.blocks(), func(_, block int) {
			for i, p := range few {
				r.part(p).add(block, r.windows[i], r.truth)
			}
		})
	}
	r.phase = learned
	return true
}

// look fills in the i-th windows from the features of a picture.
func (r *ridge) look(worker, i, picture int) {
	x := r.buffers[worker].features
	r.features.write(x, picture, r.spans, r.standardise)
	r.broken[i] = !r.finite(x)
	if r.windows[i] == nil {
		r.windows[i] = make([]float64, len(r.places)*r.n)
	}
	for j, p := range r.places {
		r.window(r.windows[i][j*r.n:(j+1)*r.n], x, p)
	}
}

// window sets dst to the window of the features x, 28×28×C, around a pixel of the
// output map.
func (r *ridge) window(dst []float64, x []float32, place int) {
	for ky := range r.size {
		for kx := range r.size {
			row, col := place/r.side+ky-r.padding, place%r.side+kx-r.padding
			to := dst[:r.channels]
			dst = dst[r.channels:]
			if row < 0 || row >= Side || col < 0 || col >= Side {
				clear(to)
				continue
			}
			for c, v := range x[(row*Side+col)*r.channels:][:r.channels] {
				to[c] = float64(v)
			}
		}
	}
}

// solveStep makes one factorisation, if any is due.
func (r *ridge) solveStep() (busy bool) {
	if r.phase == learned {
		for t := range r.choice {
			r.choice[t], r.bestError[t] = defaultPenalty, math.Inf(1)
		}
		if r.split() {
			r.begin(trying)
		} else {
			r.begin(fitting)
		}
	}
	switch r.phase {
	case solved:
		return false
	case trying:
		r.equations(&r.fitted)
		r.try()
		if r.penalty++; r.penalty == len(penalties) {
			r.begin(fitting)
		}
	case fitting:
		r.equations(&r.fitted, &r.held)
		r.fit()
		r.penalty++
		if r.nextChosen(); r.penalty == len(penalties) {
			r.finish()
		}
	}
	return true
}

// begin begins a phase, with the first penalty of it.
func (r *ridge) begin(p phase) {
	r.phase, r.penalty, r.ready = p, 0, false
	if p == fitting {
		r.nextChosen()
	}
}

// nextChosen goes on to the next penalty that was chosen for a target, from the
// one that it stands at.
func (r *ridge) nextChosen() {
	for r.penalty < len(penalties) && !slices.Contains(r.choice, r.penalty) {
		r.penalty++
	}
}

// finish ends the last phase. When all training pictures were learned it releases
// the matrices.
func (r *ridge) finish() {
	rows := r.held.rows
	if !r.split() {
		rows += r.fitted.rows
	}
	r.error = floats.Sum(r.bestError) / float64(rows)
	r.phase, r.ready = solved, false
	if r.fitted.rows+r.held.rows == r.features.Album.Train*len(r.places) {
		r.fitted, r.held, r.system, r.windows = sums{}, sums{}, nil, nil
	}
}

// equations fills in the system from the parts that the phase is about, once per
// phase.
func (r *ridge) equations(parts ...*sums) {
	if r.ready {
		return
	}
	if r.system == nil {
		r.system = newSystem(r.n, len(r.choice))
	}
	r.system.set(parts...)
	r.ready = true
}

// split reports whether there are photographs in both parts, so that λ can be
// chosen.
func (r *ridge) split() bool { return r.fitted.rows > 0 && r.held.rows > 0 }

// try takes the penalty for the targets whose held-out error is smaller with it
// than with those before it.
func (r *ridge) try() {
	w := make([]float64, r.n)
	varies := r.system.factorise(penalties[r.penalty])
	for t := range r.choice {
		if varies {
			r.system.solve(w, t)
		}
		if e := r.squares(&r.held, t, w); e < r.bestError[t] {
			r.choice[t], r.bestError[t] = r.penalty, e
		}
	}
}

// fit solves for the weights of the targets that the penalty was chosen for.
func (r *ridge) fit() {
	varies := r.system.factorise(penalties[r.penalty])
	for t, w := range r.weights {
		if r.choice[t] != r.penalty {
			continue
		}
		if varies {
			r.system.solve(w, t)
		}
		r.bias[t] = r.mean[t] - floats.Dot(w, r.system.mean)
		if !r.split() {
			r.bestError[t] = r.squares(&r.fitted, t, w) + r.squares(&r.held, t, w)
		}
	}
}

// squares is the squared error of a target, summed over one part.
func (r *ridge) squares(s *sums, target int, w []float64) float64 {
	pictures := s.rows / len(r.places)
	return s.error(target, w, floats.Dot(w, r.system.mean), float64(pictures)*r.square[target])
}

func (r *ridge) predict(dst []float32, picture, worker int) {
	b := r.buffers[worker]
	r.features.write(b.features, picture, r.spans, r.standardise)
	for p := range r.side * r.side {
		r.window(b.window, b.features, p)
		for t, w := range r.weights {
			b.output[p*len(r.weights)+t] = float32(r.bias[t] + floats.Dot(w, b.window))
		}
	}
	r.enlarge.Forward(exact.Blend, dst, b.output)
}

func (r *ridge) loss() float64 { return r.error }
func (r *ridge) params() int   { return len(r.weights) * (r.n + 1) }

func (r *ridge) sha256() string {
	h := sha256.New()
	for t, w := range r.weights {
		binary.Write(h, binary.LittleEndian, w) // writing to a hash never fails
		binary.Write(h, binary.LittleEndian, r.bias[t])
	}
	return hex.EncodeToString(h.Sum(nil))
}
