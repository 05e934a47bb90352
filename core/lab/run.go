package lab

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"padlab/core/arch"
	"padlab/core/images"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
)

// slice is how long a run keeps the crew before others get their turn, and how
// often it publishes a snapshot while it trains.
const slice = 20 * time.Millisecond

// Inputs is what a run needs from outside.
type Inputs struct {
	Set     *images.Set
	Photos  []images.Photo    // what read-outs look at; nil where nothing is read out
	Weights *safetensors.File // those of net.weights, or nil

	Pool *Pool
	Now  func() time.Time // timings only; no result depends on it

	// Evaluated, if not nil, is called from the run's goroutine after every
	// round of evaluations and once at the end, so that no evaluation is
	// missed. The run waits for it.
	Evaluated func(*Snapshot)
}

// A Run is an experiment being executed. Its goroutine owns the networks; all
// methods may be called from any goroutine and return at once.
type Run struct {
	in       Inputs
	arms     []*arm
	warnings []string // those of the geometry
	snapshot atomic.Pointer[Snapshot]
	changed  chan struct{}
	done     chan struct{}
	poke     chan struct{} // capacity one: the wish changed
	visits   chan func()   // what is done between two slices

	mu   sync.Mutex
	wish wish

	version          uint64
	elapsed, trained time.Duration
	samples          int
}

// wish is what people asked of a run.
type wish struct {
	stop, paused bool
	until        int // while paused, train up to this step all the same
}

// Check builds an experiment without running it and returns the warnings that
// its snapshots would show, or why it cannot be run on this set.
func Check(e *Experiment, in Inputs) (warns []string, err error) {
	k, err := kernel.Select("")
	if err != nil {
		return nil, err
	}
	if _, err := e.check(); err != nil {
		return nil, err
	}
	arms, err := prepare(e, in, k, 1)
	if err != nil {
		return nil, err
	}
	return warnings(arms), nil
}

// Start builds the networks of e and starts to train them. The error says what
// does not fit. The caller may change e afterwards.
func Start(e *Experiment, in Inputs) (*Run, error) {
	e = e.Clone()
	if _, err := e.check(); err != nil {
		return nil, err
	}
	arms, err := prepare(e, in, in.Pool.kernel, in.Pool.workers)
	if err != nil {
		return nil, err
	}
	r := &Run{
		in: in, arms: arms, warnings: slices.Clip(warnings(arms)),
		changed: make(chan struct{}, 1), done: make(chan struct{}), poke: make(chan struct{}, 1), visits: make(chan func()),
	}
	first := &Snapshot{
		Experiment: e, Status: Running,
		Kernel: in.Pool.kernel.Name, Slow: in.Pool.kernel.Slow, Workers: in.Pool.workers,
	}
	r.snapshot.Store(first)
	r.publish(Running)
	go r.main()
	return r, nil
}

// Snapshot returns the latest state.
func (r *Run) Snapshot() *Snapshot { return r.snapshot.Load() }

// Changed receives when there may be a new snapshot. Signals are not counted:
// several snapshots may pass with one.
func (r *Run) Changed() <-chan struct{} { return r.changed }

// Done is closed after the last snapshot, whose status is Ended.
func (r *Run) Done() <-chan struct{} { return r.done }

// Network returns a copy of what an arm has learned so far: of a read-out the
// frozen network, for pictures of the size at which it is read. It waits for
// the slice under way; the error is that of the context.
func (r *Run) Network(ctx context.Context, arm int) (arch.Spec, *nn.Net, error) {
	a := r.arms[arm]
	net, err := arch.Build(a.shape, r.in.Pool.kernel)
	if err != nil {
		panic("lab: " + err.Error()) // it was built before
	}
	err = r.visit(ctx, func() {
		if err := net.CopyWeights(a.network()); err != nil {
			panic("lab: " + err.Error())
		}
	})
	return a.shape, net, err
}

// visit lets the run's goroutine do something between two slices, or does it
// itself when the run has ended.
func (r *Run) visit(ctx context.Context, do func()) error {
	seen := make(chan struct{})
	select {
	case r.visits <- func() { defer close(seen); do() }:
		<-seen
		return nil
	case <-r.done:
		do()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pause lets the run wait after the step under way.
func (r *Run) Pause() { r.ask(func(w *wish) { w.paused = true; w.until = 0 }) }

// Resume ends a pause.
func (r *Run) Resume() { r.ask(func(w *wish) { w.paused = false }) }

// Paused reports whether the run was asked to wait.
func (r *Run) Paused() bool { return r.wished().paused }

// Step pauses the run after one more step of every arm.
func (r *Run) Step() {
	at := r.Snapshot().step()
	r.ask(func(w *wish) { w.paused = true; w.until = max(w.until, at+1) })
}

// Stop ends the run after the step under way; Done tells when.
func (r *Run) Stop() { r.ask(func(w *wish) { w.stop = true }) }

func (r *Run) ask(change func(*wish)) {
	r.mu.Lock()
	change(&r.wish)
	r.mu.Unlock()
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

func (r *Run) wished() wish {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wish
}

// step is the number of steps that the slowest arm still training has done.
func (s *Snapshot) step() int {
	least := s.Steps()
	for _, a := range s.Arms {
		if !a.Status.Ended() && a.Stage != Waiting {
			least = min(least, a.Step)
		}
	}
	return least
}

// main is the run's goroutine.
func (r *Run) main() {
	defer close(r.done)
	defer r.recover()
	for {
		select {
		case visit := <-r.visits:
			visit()
		default:
		}
		w := r.wished()
		switch {
		case w.stop:
			r.end(Stopped)
			return
		case w.paused && !r.owes(w.until):
			if r.Snapshot().Status != Paused { // else this is a second signal of one wish
				r.publish(Paused)
			}
			select {
			case <-r.poke:
			case visit := <-r.visits:
				visit()
			}
			continue
		}
		if r.work() {
			r.publish(Running)
			continue
		}
		status := Done
		for _, a := range r.arms {
			if a.state.Status == Diverged {
				status = Diverged
			}
		}
		r.end(status)
		return
	}
}

// batch is how many samples the step made last had.
func (a *arm) batch() int {
	if a.readout != nil && a.readout.Step > 0 {
		return a.readout.BatchSize()
	}
	return a.spec.Train.Batch
}

// owes reports whether an arm still has to reach a step, or finish an
// evaluation that it began on the way.
func (r *Run) owes(until int) bool {
	for _, a := range r.arms {
		if a.state.Status == Running && a.state.Stage != Waiting && (a.state.Step < until || (until > 0 && a.exam != nil)) {
			return true
		}
	}
	return false
}

// work keeps the crew for one slice. It reports whether there is more to do.
func (r *Run) work() (more bool) {
	crew := r.in.Pool.borrow()
	defer r.in.Pool.giveBack(crew)
	start := r.in.Now()
	for {
		more = r.round(crew)
		passed := r.in.Now().Sub(start)
		if !more || passed >= slice || r.wished() != (wish{}) {
			r.elapsed += passed
			return more
		}
	}
}

// round advances every arm by one piece of work.
func (r *Run) round(crew *kernel.Crew) (more bool) {
	evaluated := false
	for _, a := range r.arms {
		if a.state.Status.Ended() {
			continue
		}
		more = true
		step, start := a.state.Step, r.in.Now()
		evaluated = a.advance(crew) || evaluated
		passed := r.in.Now().Sub(start)
		a.state.Busy += passed
		if a.state.Step > step {
			a.state.Trained += passed
			r.trained += passed
			r.samples += a.batch()
		}
	}
	if evaluated && r.in.Evaluated != nil {
		r.publish(Running)
		r.in.Evaluated(r.Snapshot())
	}
	return more
}

// publish stores a new snapshot and signals it.
func (r *Run) publish(status Status) {
	s := *r.snapshot.Load()
	r.version++
	s.Version, s.Status, s.Elapsed = r.version, status, r.elapsed
	s.Arms = make([]ArmState, len(r.arms))
	s.Warnings = r.warnings
	var done, all float64
	for i, a := range r.arms {
		s.Arms[i] = a.state
		if status == Paused && a.state.Status == Running {
			s.Arms[i].Status = Paused
		}
		s.Warnings = append(s.Warnings, a.unconverged()...)
		d, n := a.work()
		done, all = done+d, all+n
	}
	s.Fraction = done / all
	if r.trained > 0 {
		s.SamplesPerSecond = float64(r.samples) / r.trained.Seconds()
	}
	r.snapshot.Store(&s)
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// end publishes the last snapshot.
func (r *Run) end(status Status) {
	for _, a := range r.arms {
		a.end(status)
	}
	r.publish(status)
	if r.in.Evaluated != nil {
		r.in.Evaluated(r.Snapshot())
	}
}

// recover turns a panic of the engine into a failed run.
func (r *Run) recover() {
	v := recover()
	if v == nil {
		return
	}
	stack := debug.Stack()
	if f, ok := v.(*kernel.Failure); ok {
		stack = f.Stack
	}
	for _, a := range r.arms {
		if !a.state.Status.Ended() {
			a.state.Status = Failed
		}
	}
	s := *r.Snapshot()
	s.Failure, s.Stack = fmt.Sprint(v), string(stack)
	r.snapshot.Store(&s)
	r.publish(Failed)
}
