package probe

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"padlab/core/nn/kernel"
)

// A Linear is a read-out behind global pooling: of a latent z it says the first k
// that has the largest
//
//	b_k + Σ_i w_ki·z_i
type Linear struct {
	Weights [][]float64 // of each answer, one for each channel
	Bias    []float64
}

// Say is the answer to a latent.
func (r *Linear) Say(z []float32) int {
	best, most := 0, math.Inf(-1)
	for k, w := range r.Weights {
		v := r.Bias[k]
		for i, x := range z {
			v += float64(w[i] * float64(x))
		}
		if v > most {
			best, most = k, v
		}
	}
	return best
}

// A Fit fits linear read-outs of several questions to the same latents by ridge
// regression in closed form, as [Readout] does: each answer is a target that is 1
// where it is right and 0 elsewhere. λ is chosen for each question by the accuracy on a
// quarter of the rows, after a fit to the others: it is the largest with which that is
// within one standard error of the best (Breiman et al. 1984). Read-outs that are as
// good have smaller weights then, which cancel each other less when channels are
// set to 0. In the end the weights are fitted to all rows. Where a latent is not finite
// there is nothing to be fitted, and one answer is given to all.
type Fit struct {
	rows      [][]float64 // the latents, those held out, all
	questions []question
	columns   []int // where the targets of each question begin, and how many there are in all

	parts   []part // without those held out, and all
	penalty int
	whole   bool // the penalties are chosen
}

// A question has an answer for every row.
type question struct {
	answers int
	right   []int
	penalty int       // the index of the one that was chosen
	held    []float64 // accuracy on the rows held out, with each penalty
	read    *Linear
}

// A part is some of the rows, ready to be solved.
type part struct {
	rows   []int
	mean   []float64 // of every target over its rows
	system *system   // nil: not yet
}

// NewFit returns a fit to rows latents of so many channels, one after the other. It
// panics when there are fewer than 8, or other numbers of values.
func NewFit(z []float32, channels int) *Fit {
	if channels < 1 || len(z)%channels != 0 || len(z) < 8*channels {
		panic(fmt.Sprintf("probe: a fit to %d values of latents of %d channels", len(z), channels))
	}
	f := &Fit{columns: []int{0}, parts: make([]part, 2)}
	for i := range len(z) / channels {
		row := make([]float64, channels)
		for j, v := range z[i*channels : (i+1)*channels] {
			row[j] = float64(v)
		}
		f.rows = append(f.rows, row)
		if f.parts[1].rows = append(f.parts[1].rows, i); i%4 != 1 {
			f.parts[0].rows = append(f.parts[0].rows, i)
		}
	}
	return f
}

// Ask adds a question, before the first Step: the right answer to every row, of so
// many.
func (f *Fit) Ask(answers int, right []int) {
	if len(right) != len(f.rows) || slices.Max(right) >= answers || slices.Min(right) < 0 {
		panic(fmt.Sprintf("probe: %d answers from %d to %d for %d rows, of %d", len(right), slices.Min(right), slices.Max(right), len(f.rows), answers))
	}
	q := question{answers: answers, right: right}
	f.questions = append(f.questions, q)
	f.columns = append(f.columns, f.columns[len(f.columns)-1]+answers)
}

// Read is what was fitted for a question, once Step reports that nothing is left.
func (f *Fit) Read(question int) *Linear { return f.questions[question].read }

// Step does a piece of the work: at most one factorisation. It reports whether there
// is more to do.
func (f *Fit) Step(crew *kernel.Crew) (more bool) {
	at := 0
	if f.whole {
		at = 1
	}
	p := &f.parts[at]
	if p.system == nil {
		f.prepare(crew, p)
		return true
	}
	switch {
	case !f.whole:
		f.try(p)
		if f.penalty++; f.penalty == len(penalties) {
			for i := range f.questions {
				f.questions[i].choose(len(f.rows) - len(p.rows))
			}
			f.whole, f.penalty, p.system = true, 0, nil
		}
		return true
	default:
		f.fit(p)
		f.penalty++
		return f.penalty < len(penalties)
	}
}

// prepare adds up the sums of a part, whose targets are less their mean, so that they
// sum to 0.
func (f *Fit) prepare(crew *kernel.Crew, p *part) {
	targets := f.columns[len(f.questions)]
	p.mean = make([]float64, targets)
	for q, question := range f.questions {
		for _, row := range p.rows {
			p.mean[f.columns[q]+question.right[row]] += 1 / float64(len(p.rows))
		}
	}
	channels := len(f.rows[0])
	x, y := make([]float64, 0, len(p.rows)*channels), make([]float64, 0, len(p.rows)*(targets+1))
	for _, row := range p.rows {
		x = append(x, f.rows[row]...)
		from := len(y)
		for _, m := range p.mean {
			y = append(y, -m)
		}
		for q, question := range f.questions {
			y[from+f.columns[q]+question.right[row]]++
		}
		y = append(y, 1)
	}
	s := sums{n: channels, targets: targets}
	s.grow(len(p.rows))
	crew.Do(s.blocks(), func(_, block int) { s.add(block, x, y) })
	p.system = newSystem(channels, targets)
	p.system.set(&s)
}

// solve is the read-out of a question with a penalty, on a part that was factorised.
func (f *Fit) solve(p *part, q int, varies bool) *Linear {
	r := &Linear{}
	for k := f.columns[q]; k < f.columns[q+1]; k++ {
		w := make([]float64, len(f.rows[0]))
		if varies {
			p.system.solve(w, k)
		}
		r.Weights = append(r.Weights, w)
		r.Bias = append(r.Bias, p.mean[k]-floats.Dot(w, p.system.mean))
	}
	return r
}

// try asks how often the rows held out are answered rightly with the penalty.
func (f *Fit) try(p *part) {
	varies := p.system.factorise(penalties[f.penalty])
	for i := range f.questions {
		q := &f.questions[i]
		r := f.solve(p, i, varies)
		hits, held := 0, 0
		values := make([]float64, q.answers)
		for row := 1; row < len(f.rows); row += 4 {
			for k, w := range r.Weights {
				values[k] = r.Bias[k] + floats.Dot(w, f.rows[row])
			}
			if held++; first(values) == q.right[row] {
				hits++
			}
		}
		q.held = append(q.held, float64(hits)/float64(held))
	}
}

// choose takes the largest penalty that is as good as any on so many rows, but for one
// standard error.
func (q *question) choose(rows int) {
	best := slices.Max(q.held)
	error := math.Sqrt(best * (1 - best) / float64(rows))
	q.penalty = slices.IndexFunc(q.held, func(share float64) bool { return share >= best-error })
}

// fit fits the questions that the penalty was chosen for to all rows.
func (f *Fit) fit(p *part) {
	chosen := func(q question) bool { return q.penalty == f.penalty }
	if !slices.ContainsFunc(f.questions, chosen) {
		return
	}
	varies := p.system.factorise(penalties[f.penalty])
	for i := range f.questions {
		if chosen(f.questions[i]) {
			f.questions[i].read = f.solve(p, i, varies)
		}
	}
}
