// Package lab runs experiments. A Run is an experiment being executed: its
// goroutine advances the stages of all arms side by side, on a crew of workers
// that it shares with all other runs of the process, and publishes immutable
// Snapshots, which the screen draws, plain mode prints and a record keeps.
package lab

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/lab/stage"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/record"
)

// Options are what a run may be started with besides its experiment.
type Options struct {
	// Provenance, if not nil, says what only the caller knows: the version of
	// the program, and the command that runs the experiment, resolved, again.
	Provenance func(resolved *experiment.Experiment) record.Provenance

	// Evaluated, if not nil, is called from the run's goroutine after every
	// round of evaluations and once at the end, so that no evaluation is
	// missed. The run waits for it.
	Evaluated func(*Snapshot)

	// Record, if not nil, is called when the experiment has been built, before
	// anything is trained: the run is written there, or nowhere if it returns nil.
	// The snapshot has the experiment, the provenance and the warnings. On an
	// error the run does not start.
	Record func(first *Snapshot) (*record.Writer, error)

	// Unrecorded lets the run go on when its record cannot be written, or not any
	// more, and snapshots say why. Else it does not start, or it stops: what it found
	// would be lost.
	Unrecorded bool

	// From, if not nil, is where the run goes on: a record of the same
	// experiment that has not ended.
	From *record.Record

	// After, if not nil, is a run of the same experiment with fewer seeds, which
	// has not been stopped. It ends where it stands, and this one takes over its
	// networks: those of its seeds are not trained again. Its evaluations so far
	// are the first of this run's. Where both are recorded, and the other had not
	// ended, its record is taken away once that of this run has all of it, unless
	// people have given it a label. On an error the other one goes on.
	After *Run
}

// A Run is an experiment being executed. Its goroutine owns the networks; all
// methods may be called from any goroutine and return at once.
type Run struct {
	*prepared
	pool     *Pool
	options  Options
	writer   *record.Writer
	snapshot atomic.Pointer[Snapshot]
	changed  chan struct{}
	done     chan struct{}
	wake     chan struct{}       // capacity one: the request changed
	calls    chan func()         // what is done between two slices
	heir     atomic.Pointer[Run] // who takes over the networks, and is asked once done is closed
	quit     context.Context
	cancel   context.CancelFunc

	mu      sync.Mutex
	request request

	evaluations atomic.Pointer[[]*Snapshot] // of rounds

	version  uint64
	elapsed  time.Duration
	reported map[string]stage.Report // of each arm: the one with the last evaluation that was recorded
	rounds   rounds
	saved    time.Time     // when the last checkpoint was made
	saving   time.Duration // and how long that took
}

// A request is what people asked of a run.
type request struct {
	stop, paused bool
	leave        bool // for an heir
	until        int  // while paused, train up to this step all the same
}

// Start builds the networks of e, unless the context is done first, and starts to
// train them. The error says what does not fit. The caller may change e
// afterwards.
func Start(ctx context.Context, p *Pool, e *experiment.Experiment, o Options) (_ *Run, err error) {
	b, err := prepare(ctx, p, e, o.After)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.memory.Release()
		}
	}()
	r := &Run{
		prepared: b, pool: p, options: o,
		changed: make(chan struct{}, 1), done: make(chan struct{}), wake: make(chan struct{}, 1), calls: make(chan func()), reported: map[string]stage.Report{},
	}
	r.quit, r.cancel = context.WithCancel(context.Background())
	first := &Snapshot{Experiment: b.experiment, Status: Running, Warnings: b.warnings, Slow: p.kernel.Slow}
	if o.Provenance != nil {
		first.Provenance = o.Provenance(b.experiment)
	}
	first.Provenance.Kernel, first.Provenance.Workers, first.Provenance.Inputs = p.kernel.Name, p.workers, b.inputs
	r.snapshot.Store(first)
	if o.After != nil {
		if o.From != nil {
			panic("lab: a run takes over another, or goes on from a record, not both")
		}
		if err := r.record(); err != nil { // while the other one can still go on
			return nil, err
		}
		if err := r.takeOver(o.After); err != nil {
			r.writer.Discard()
			return nil, err
		}
	}
	for _, a := range r.replicas {
		if a.status == "" {
			a.status = Running
			a.look(false)
		}
	}
	if o.From != nil {
		if err := r.restore(o.From); err != nil {
			return nil, err
		}
	}
	r.publish(Running)
	if o.After == nil {
		if err := r.record(); err != nil {
			return nil, err
		}
	}
	go r.main()
	return r, nil
}

// record begins the record of the run.
func (r *Run) record() (err error) {
	if r.options.Record != nil {
		r.writer, err = r.options.Record(r.Snapshot())
		r.saved = r.pool.now()
	}
	if err != nil && r.options.Unrecorded {
		s := *r.Snapshot()
		s.Unrecorded = err.Error()
		r.snapshot.Store(&s)
		return nil
	}
	return err
}

// takeOver ends a run where it stands and goes on with its networks.
// Whoever asks that run for something while it ends is sent here, and waits for
// this one to begin.
func (r *Run) takeOver(before *Run) error {
	if !before.heir.CompareAndSwap(nil, r) {
		return errors.New("the run goes on in another one already")
	}
	before.ask(func(q *request) { q.leave = true })
	<-before.done
	if s := before.Snapshot().Status; s == Stopped || s == Failed {
		before.heir.Store(nil)
		close(r.done) // it never begins
		return fmt.Errorf("a run that has %s takes no more seeds", s)
	}
	r.elapsed, r.rounds = before.elapsed, before.rounds
	r.remember(r.rounds.last, nil)
	for i, a := range r.averages {
		a.take(before.replicasOf(i))
	}
	return nil
}

// succeed makes the record of a run that took over another hold all of that one,
// whose record is then taken away.
func (r *Run) succeed(before *Run) {
	for _, s := range r.rounds.list() {
		r.write(s)
	}
	r.checkpoint()
	if r.writer != nil && r.writer.Err() == nil && !before.Snapshot().Status.Ended() {
		before.writer.Discard() // one that stays can be gone on with
	}
}

// Snapshot returns the latest state.
func (r *Run) Snapshot() *Snapshot { return r.snapshot.Load() }

// Changed receives when there may be a new snapshot. Signals are not counted:
// several snapshots may pass with one.
func (r *Run) Changed() <-chan struct{} { return r.changed }

// Done is closed after the last snapshot, whose status is Ended.
func (r *Run) Done() <-chan struct{} { return r.done }

// RecordError returns why the run could not be recorded, once it has ended.
func (r *Run) RecordError() error {
	select {
	case <-r.done:
		return r.writer.Err()
	default:
		return nil
	}
}

// Network returns a copy of what an arm has learned so far: of a read-out the
// frozen network, for pictures of the size at which it is read. It waits for
// the slice under way; the error is that of the context.
func (r *Run) Network(ctx context.Context, arm int) (arch.Spec, *nn.Net, error) {
	stages := r.replicas[arm].stages
	last := stages[len(stages)-1]
	spec := last.Spec()
	net, err := arch.Build(spec, r.pool.kernel)
	if err != nil {
		panic("lab: " + err.Error()) // it was built before
	}
	err = r.call(ctx, func() {
		if err := net.CopyWeights(last.Net()); err != nil {
			panic("lab: " + err.Error())
		}
	})
	return spec, net, err
}

// call lets the run's goroutine do something between two slices, or does it
// itself when the run has ended.
func (r *Run) call(ctx context.Context, do func()) error {
	done := make(chan struct{})
	select {
	case r.calls <- func() { defer close(done); do() }:
		<-done
		return nil
	case <-r.done:
		if heir := r.heir.Load(); heir != nil {
			return heir.call(ctx, do)
		}
		do()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pause lets the run wait after the step under way.
func (r *Run) Pause() { r.ask(func(q *request) { q.paused = true; q.until = 0 }) }

// Resume ends a pause.
func (r *Run) Resume() { r.ask(func(q *request) { q.paused = false }) }

// Paused reports whether the run was asked to wait.
func (r *Run) Paused() bool { return r.requested().paused }

// Step pauses the run after one more step of every arm.
func (r *Run) Step() {
	at := r.Snapshot().slowest()
	r.ask(func(q *request) { q.paused = true; q.until = max(q.until, at+1) })
}

// Stop ends the run after the step under way; Done tells when.
func (r *Run) Stop() {
	r.ask(func(q *request) { q.stop = true })
	r.cancel()
}

// ask changes what is requested, and wakes the run.
func (r *Run) ask(change func(*request)) {
	r.mu.Lock()
	change(&r.request)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Run) requested() request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.request
}

// main is the run's goroutine.
func (r *Run) main() {
	defer close(r.done)
	defer r.memory.Release()
	defer r.cancel()
	defer r.writer.Close()
	defer r.recover()
	if before := r.options.After; before != nil {
		r.options.After = nil // else the memory of runs that are over stays
		r.succeed(before)
	}
	for {
		select {
		case call := <-r.calls:
			call()
		default:
		}
		q := r.requested()
		switch {
		case r.writer.Err() != nil && !r.options.Unrecorded: // what is found now would be lost
			r.end(Stopped)
			return
		case q.leave:
			r.checkpoint()
			return
		case q.stop:
			r.checkpoint()
			r.end(Stopped)
			return
		case q.paused && !r.pending(q.until) && !r.through():
			if r.Snapshot().Status != Paused { // else this is a second signal of one request
				r.publish(Paused)
				r.checkpointIfDue()
			}
			r.wait(nil)
			continue
		}
		freed := r.pool.budget.Freed() // before anybody asks for memory
		switch more, worked := r.work(); {
		case !more:
			r.end(r.outcome())
			return
		case worked:
			r.publish(Running)
			r.checkpointIfDue()
		default: // all that is left waits for memory that others take
			r.publish(Running)
			r.wait(freed)
		}
	}
}

// wait sleeps until there is something new to look at.
func (r *Run) wait(freed <-chan struct{}) {
	select {
	case <-r.wake:
	case <-freed:
	case call := <-r.calls:
		call()
	}
}

// outcome is the status of a run all of whose arms have ended.
func (r *Run) outcome() Status {
	for _, a := range r.replicas {
		if a.status == Diverged {
			return Diverged
		}
	}
	return Done
}

// pending reports whether an arm still has to reach a step, or finish an
// evaluation that it began on the way.
func (r *Run) pending(until int) bool {
	for _, a := range r.replicas {
		if a.status == Running && !a.waits && (a.report.Step < until || until > 0 && a.report.Examining) {
			return true
		}
	}
	return false
}

// through reports whether all arms have ended.
func (r *Run) through() bool {
	for _, a := range r.replicas {
		if !a.status.Ended() {
			return false
		}
	}
	return true
}

// work keeps the crew for one slice. It reports whether there is more to do,
// and whether anything could be done.
func (r *Run) work() (more, worked bool) {
	crew, ok := r.pool.borrow(r.quit)
	if !ok { // it was stopped
		return true, true
	}
	defer r.pool.giveBack(crew)
	start := r.pool.now()
	for {
		more, worked = r.round(crew)
		passed := r.pool.now().Sub(start)
		if !more || !worked || passed >= slice || r.requested() != (request{}) {
			r.elapsed += passed
			return more, worked
		}
	}
}

// round advances every arm by one piece of work.
func (r *Run) round(crew *kernel.Crew) (more, worked bool) {
	evaluated := false
	for _, a := range r.replicas {
		if a.status.Ended() {
			continue
		}
		more = true
		did, e := a.advance(crew, r.pool.budget, r.pool.now)
		worked = worked || did
		evaluated = evaluated || e.Evaluated
	}
	if evaluated {
		r.publish(Running)
		r.evaluated()
	}
	return more, worked
}

// evaluated hands on what was evaluated since it was called last.
func (r *Run) evaluated() {
	s := r.Snapshot()
	r.remember(s, r.write(s))
	if r.options.Evaluated != nil {
		r.options.Evaluated(s)
	}
}

// write records the evaluations of a snapshot that were not recorded before, and
// returns the names of their arms.
func (r *Run) write(s *Snapshot) (fresh []string) {
	for _, a := range s.Arms {
		if last, ok := r.reported[a.Name]; a.EvalStep < 0 || ok && sameScores(&last, &a.Report) {
			continue
		}
		r.reported[a.Name] = a.Report
		r.writer.Event(record.EvalOf(a.Result()))
		fresh = append(fresh, a.Name)
	}
	return fresh
}

// publish stores a new snapshot and signals it.
func (r *Run) publish(status Status) {
	s := *r.snapshot.Load()
	r.version++
	s.Version, s.Status, s.Elapsed = r.version, status, r.elapsed
	s.Arms = make([]ArmState, len(r.arms))
	s.Warnings = r.warnings
	var done, all, samples, seconds float64
	for i := range s.Arms {
		s.Arms[i] = r.state(i)
		if status == Paused && s.Arms[i].Status == Running {
			s.Arms[i].Status = Paused
		}
		s.Warnings = append(s.Warnings, s.Arms[i].Warnings...)
	}
	for _, a := range r.replicas {
		d, n := a.work()
		done, all = done+d, all+n
		samples, seconds = samples+float64(a.clock.Samples), seconds+a.clock.TrainTime.Seconds()
	}
	s.Fraction = done / all
	if err := r.writer.Err(); err != nil {
		s.Unrecorded = err.Error()
	}
	if !sameFindings(r.snapshot.Load().Arms, s.Arms) {
		s.Evaluated++
	}
	if seconds > 0 {
		s.SamplesPerSecond = samples / seconds
	}
	r.snapshot.Store(&s)
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// end publishes the last snapshot, and records it.
func (r *Run) end(status Status) {
	for _, a := range r.replicas {
		a.end(status, r.pool.budget)
	}
	r.publish(status)
	r.evaluated()
	result := r.Snapshot().Result()
	r.writer.Finish(result, r.files(result.Arms))
	if r.writer.Err() != nil && r.Snapshot().Unrecorded == "" {
		r.publish(status)
		r.remember(r.Snapshot(), nil)
	}
}

// files are the weights of all arms.
func (r *Run) files(arms []record.Arm) (list []record.Weights) {
	for i, a := range r.replicas {
		for _, s := range a.stages {
			for _, f := range s.Files() {
				kind := f.Kind
				if r.experiment.Seeds > 1 {
					kind += fmt.Sprintf("-seed-%d", a.spec.Seed)
				}
				list = append(list, record.Weights{Name: record.FileOf(kind, arms, i%len(arms)), Write: f.Write})
			}
		}
	}
	return list
}

// Checkpoints are made at most so often, and take at most a fortieth of the time:
// that is what a kill costs, and a run of a second or two writes none. One holds
// all weights three times.
const (
	checkpointEvery = 5 * time.Second
	checkpointShare = 40
)

func (r *Run) checkpointIfDue() {
	if r.writer != nil && r.pool.now().Sub(r.saved) >= max(checkpointEvery, checkpointShare*r.saving) {
		r.checkpoint()
	}
}

// checkpoint keeps all from which restore goes on.
func (r *Run) checkpoint() {
	if r.writer == nil {
		return
	}
	start := r.pool.now()
	c := record.Checkpoint{Elapsed: r.elapsed, Stages: map[string]record.Progress{}, Result: r.Snapshot().Result()}
	var tensors []safetensors.Tensor
	for _, s := range r.stages {
		p, t := s.State()
		c.Stages[s.Name()] = p
		tensors = append(tensors, t...)
	}
	for _, a := range r.replicas {
		c.Arms = append(c.Arms, a.clock)
	}
	r.writer.Checkpoint(c, tensors)
	r.saved = r.pool.now()
	r.saving = r.saved.Sub(start)
}

// restore is the other half of checkpoint. Without a checkpoint the run begins
// at the start.
func (r *Run) restore(from *record.Record) error {
	if changes := r.experiment.Differences(from.Experiment); len(changes) > 0 {
		return fmt.Errorf("%s holds another experiment: here %s", from.Folder, strings.Join(changes, ", "))
	}
	for i, in := range from.Provenance.Inputs {
		if i < len(r.inputs) && in.SHA256 != r.inputs[i].SHA256 {
			return fmt.Errorf("%s cannot be gone on with: its %s (%s) changed since", from.Folder, in.Kind, in.Name)
		}
	}
	if was := from.Provenance.Kernel; was != r.pool.kernel.Name && (was == "gonum" || r.pool.kernel.Name == "gonum") {
		return fmt.Errorf("%s was computed with the kernel %s, and %s does not give the same bits", from.Folder, was, r.pool.kernel.Name)
	}
	c := from.Checkpoint
	if c == nil {
		return nil
	}
	broken := func(err error) error { return fmt.Errorf("the checkpoint in %s: %w", from.Folder, err) }
	f, file, err := from.Tensors()
	if err != nil {
		return broken(err)
	}
	defer file.Close()
	for _, s := range r.stages {
		p, ok := c.Stages[s.Name()]
		if !ok {
			return broken(errors.New("it has nothing of " + s.Name()))
		}
		if err := s.Restore(p, f); err != nil {
			return broken(err)
		}
	}
	if len(c.Arms) != len(r.replicas) {
		return broken(fmt.Errorf("it has %d networks, not %d", len(c.Arms), len(r.replicas)))
	}
	r.elapsed = c.Elapsed
	for i, a := range r.averages {
		if i < len(c.Result.Arms) {
			a.restore(c.Result.Arms[i])
		}
	}
	for i, a := range r.replicas {
		a.clock = c.Arms[i]
		a.look(false)
		if s := a.current(); s == nil {
			a.end(Done, r.pool.budget)
		} else if s.Status().Ended() {
			a.end(s.Status(), r.pool.budget)
		}
	}
	for i, name := range r.arms {
		r.reported[name] = r.state(i).Report
	}
	end, err := Recalled(from)
	if err != nil {
		return err
	}
	past, err := recalledRounds(from, end)
	if err != nil {
		return err
	}
	r.rounds = *past
	r.remember(past.last, nil)
	return nil
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
	for _, a := range r.replicas {
		if !a.status.Ended() {
			a.status = Failed
			for _, s := range a.stages {
				s.Release(r.pool.budget)
			}
		}
	}
	s := *r.Snapshot()
	s.Failure, s.Stack = fmt.Sprint(v), string(stack)
	r.snapshot.Store(&s)
	r.publish(Failed)
	r.remember(r.Snapshot(), nil)
}
