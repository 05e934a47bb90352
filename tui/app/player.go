package app

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/record"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A player keeps one run under way and looks at it: runs publish snapshots when
// they like, and a screen that is drawn ten times a second polls for the latest.
// A run goes on until the next one has been built, also when that fails. One is
// built at a time: of what was asked for meanwhile, by a key that is held down,
// the last is built behind it. In place of a run it may show what a record has
// kept of one.
type player struct {
	start   func(context.Context, Wish) (*lab.Run, error)
	poll    time.Duration       // how often a new snapshot is looked for
	queues  bool                // it may wait for runs of others, and says so
	started func(before Preset) // is called when another run has come,
	looked  func() effect       // and this when there is something new of it

	preset     Preset                 // what was chosen
	experiment *experiment.Experiment // what is trained: the preset with changes
	run        *lab.Run               // nil until one has been built, and for a record
	watched    *lab.Run               // somebody else's, that is looked at in place of a run; nil: none
	snap       *lab.Snapshot          // the latest, nil without a run and a record
	kept       []*lab.Snapshot        // of a record: its evaluations
	before     *lab.Snapshot          // the last of what was shown before, once it had results
	cancel     context.CancelFunc     // ends the run
	pace       int                    // steps a second; 0: as fast as it goes
	paced      int                    // how often it has changed: of before, no step is made any more

	next    *building // nil: nothing is being built
	wanted  *building // in place of next, nil: that is wanted
	problem string    // why nothing is trained
}

// A building is what was asked for last and is not there yet.
type building struct {
	preset     Preset
	experiment *experiment.Experiment
	after      *lab.Run // whose networks it takes over, or nil
	from       *record.Record
	ctx        context.Context
	cancel     context.CancelFunc // ends the run, also when it has not been built
	queue      atomic.Pointer[queued]
}

// A queued building waits for runs of others: which it is of how many that do.
type queued struct{ place, of int }

// poll is how often something is looked at that may have changed, such as a player's
// run unless its session says otherwise.
const poll = 100 * time.Millisecond

// play has a run built, which will take the place of the one under way.
func (p *player) play(preset Preset, e *experiment.Experiment) effect {
	return p.request(&building{preset: preset, experiment: e.Clone()})
}

// request has what is asked for built, after what is being built.
func (p *player) request(b *building) effect {
	b.ctx, b.cancel = context.WithCancel(context.Background())
	p.problem = ""
	if p.next == nil {
		return p.build(b)
	}
	p.next.cancel()
	p.wanted = b
	return effect{}
}

func (p *player) build(b *building) effect {
	p.next = b
	start, wish := p.start, Wish{
		Preset: b.preset, Experiment: b.experiment.Clone(), After: b.after, From: b.from,
		Waits: func(place, of int) { b.queue.Store(&queued{place, of}) },
	}
	build := func() (*lab.Run, error) {
		run, err := start(b.ctx, wish)
		if err == nil {
			context.AfterFunc(b.ctx, run.Stop)
		}
		return run, err
	}
	e := effect{work: work(build, p.take)}
	if p.queues {
		e.work = together(e.work, p.awaited(b, nil).work)
	}
	return e
}

// awaited looks now and then how far a building has come in the queue, and draws
// when that is another place than before.
func (p *player) awaited(b *building, before *queued) effect {
	seen := b.queue.Load()
	return effect{unchanged: seen == before, work: after(3*poll, func() effect {
		if p.next != b {
			return effect{unchanged: true}
		}
		return p.awaited(b, seen)
	})}
}

// take is handed the run that was built, or why there is none.
func (p *player) take(run *lab.Run, err error) effect {
	built, wanted := p.next, p.wanted
	p.next, p.wanted = nil, nil
	if wanted != nil {
		return p.build(wanted)
	}
	if built.ctx.Err() != nil { // a record was opened meanwhile
		return effect{}
	}
	if err != nil && p.snap != nil {
		return effect{enter: complaint(fmt.Errorf("%s cannot be trained: %w", built.preset.Name, err))}
	}
	if err != nil {
		p.problem = err.Error()
		return effect{}
	}
	p.change(built.preset, built.experiment, run, run.Snapshot(), built.after != nil)
	p.cancel = built.cancel
	return effect{work: together(p.again(run).work, p.looked().work)}
}

// change shows another run, or a record. What was shown stays behind it, unless
// the new one contains it.
func (p *player) change(preset Preset, e *experiment.Experiment, run *lab.Run, snap *lab.Snapshot, contains bool) {
	p.cancel()
	p.cancel = func() {}
	if last := p.latest(); last != nil && last.Evaluated > 0 && !contains {
		p.before = last
	}
	before := p.preset
	p.preset, p.experiment, p.run, p.snap, p.kept, p.pace, p.problem, p.watched = preset, e, run, snap, nil, 0, "", nil
	p.started(before)
}

// An aside is a run that is not shown, and goes on; the zero aside is none.
type aside struct {
	preset     Preset
	experiment *experiment.Experiment
	run        *lab.Run
	cancel     context.CancelFunc
}

// setAside takes the run away from what is shown next.
func (p *player) setAside() aside {
	a := aside{p.preset, p.experiment, p.run, p.cancel}
	p.snap = p.run.Snapshot()
	p.run, p.cancel = nil, func() {}
	p.setPace(0)
	return a
}

// takeUp shows a run that was set aside.
func (p *player) takeUp(a aside) effect {
	p.change(a.preset, a.experiment, a.run, a.run.Snapshot(), false)
	p.cancel = a.cancel
	return effect{work: together(p.again(a.run).work, p.looked().work)}
}

// busy reports whether ending it would lose something.
func (a aside) busy() bool { return a.run != nil && !a.run.Snapshot().Status.Ended() }

// end stops the run.
func (a aside) end() {
	if a.run != nil {
		a.cancel()
	}
}

// latest is what is known of what is shown.
func (p *player) latest() *lab.Snapshot {
	if p.run != nil {
		return p.run.Snapshot()
	}
	return p.snap
}

// recall shows a record in place of a run.
func (p *player) recall(preset Preset, snap *lab.Snapshot, evaluations []*lab.Snapshot) {
	for _, b := range []*building{p.next, p.wanted} {
		if b != nil {
			b.cancel()
		}
	}
	p.wanted = nil
	p.change(preset, snap.Experiment.Clone(), nil, snap, false)
	p.kept = evaluations
}

// evaluations are the snapshots that one can go back to, the oldest first.
func (p *player) evaluations() []*lab.Snapshot {
	if p.run != nil {
		return p.run.Evaluations()
	}
	if p.watched != nil {
		return p.watched.Evaluations()
	}
	return p.kept
}

// again is the next look at a run.
func (p *player) again(run *lab.Run) effect {
	return effect{work: after(p.poll, func() effect { return p.look(run) })}
}

// look takes the latest snapshot, unless there is another run by now. When the
// run has ended it is the last look.
func (p *player) look(run *lab.Run) effect {
	if run != p.run {
		return effect{unchanged: true}
	}
	var e effect
	s := run.Snapshot()
	if !s.Status.Ended() {
		e = p.again(run)
	}
	e.unchanged, e.ticked = s.Version == p.snap.Version, true
	e.bell = s.Status.Ended() && !p.snap.Status.Ended()
	p.snap = s
	if !e.unchanged {
		e.work = together(e.work, p.looked().work)
	}
	return e
}

// leave stops the run and waits for it.
func (p *player) leave() {
	for _, b := range []*building{p.next, p.wanted} {
		if b != nil {
			b.cancel()
		}
	}
	p.cancel()
	if p.run != nil {
		p.run.Stop()
		<-p.run.Done()
	}
}

// busy reports whether leaving would lose something.
func (p *player) busy() bool { return p.coming() != nil || p.run != nil && !p.snap.Status.Ended() }

// asked is what was asked for last.
func (p *player) asked() (Preset, *experiment.Experiment) {
	if b := p.coming(); b != nil {
		return b.preset, b.experiment
	}
	return p.preset, p.experiment
}

// coming is what will take the place of what is shown, nil: nothing.
func (p *player) coming() *building {
	switch {
	case p.wanted != nil:
		return p.wanted
	case p.next != nil && p.next.ctx.Err() == nil:
		return p.next
	}
	return nil
}

func (p *player) paused() bool { return p.run != nil && p.pace == 0 && p.run.Paused() }

func (p *player) pause() effect {
	switch {
	case p.run == nil:
	case p.pace > 0:
		p.setPace(0)
	case p.run.Paused():
		p.run.Resume()
	default:
		p.run.Pause()
	}
	return effect{}
}

func (p *player) step() effect {
	if p.run != nil {
		p.setPace(0)
		p.run.Step()
	}
	return effect{}
}

// paces are the speeds, in steps a second, from the fastest on; the first is as
// fast as it goes.
var paces = []int{0, 10, 3, 1}

// speed makes training slower by one pace, or faster by −1.
func (p *player) speed(by int) effect {
	if p.run == nil || p.snap.Status.Ended() {
		return effect{}
	}
	was := p.pace
	p.setPace(paces[max(0, min(slices.Index(paces, was)+by, len(paces)-1))])
	switch {
	case p.pace == was:
		return effect{}
	case p.pace == 0:
		p.run.Resume()
		return effect{}
	}
	p.run.Pause()
	e := p.pulse(p.run, p.paced)
	e.unchanged = false
	return e
}

func (p *player) setPace(pace int) {
	if p.pace != pace {
		p.pace, p.paced = pace, p.paced+1
	}
}

// pulse trains a step now and then, until there is another pace.
func (p *player) pulse(run *lab.Run, paced int) effect {
	return effect{unchanged: true, work: after(time.Second/time.Duration(p.pace), func() effect {
		if p.run != run || p.paced != paced || run.Snapshot().Status.Ended() {
			return effect{unchanged: true}
		}
		run.Step()
		return p.pulse(run, paced)
	})}
}

func (p *player) restart() effect { return p.play(p.asked()) }

func (p *player) newSeed() effect {
	preset, e := p.asked()
	e = e.Clone()
	e.Seed++
	return p.play(preset, e)
}

// moreSeeds trains every arm once more, from the next seed, beside what is there.
func (p *player) moreSeeds() effect {
	preset, e := p.asked()
	e = e.Clone()
	if e.Seeds == experiment.MaxSeeds {
		return effect{}
	}
	e.Seeds++
	if p.coming() != nil {
		return p.play(preset, e)
	}
	return p.request(&building{preset: preset, experiment: e, after: p.run})
}

// ordinal is 1st, 2nd, 3rd, 4th, …
func ordinal(n int) string {
	ending := "th"
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			ending = "st"
		case 2:
			ending = "nd"
		case 3:
			ending = "rd"
		}
	}
	return fmt.Sprint(n, ending)
}

// status says how the run goes, the most important first.
func (p *player) status() (theme.Style, []string) {
	s := p.snap
	switch {
	case p.coming() != nil:
		if q := p.coming().queue.Load(); q != nil {
			return theme.Warn, []string{fmt.Sprintf("waiting, %s of %d", ordinal(q.place), q.of)}
		}
		return theme.Dim, []string{"building the networks"}
	case p.snap == nil && p.problem == "":
		return theme.Dim, []string{"reading the record"}
	case p.snap == nil:
		return theme.Bad, []string{"cannot be trained"}
	}
	parts := []string{fmt.Sprintf("step %d/%d", s.Step(), s.Steps())}
	if stage := s.Stage(); stage != "" && !s.Status.Ended() {
		parts[0] = stage + ", " + parts[0]
	}
	style := theme.Good
	switch s.Status {
	case lab.Paused:
		word := "paused, "
		if p.pace > 0 {
			word = fmt.Sprintf("slow (%d/s), ", p.pace)
		}
		style, parts[0] = theme.Warn, word+parts[0]
	case lab.Diverged, lab.Failed, lab.Stopped:
		style, parts[0] = theme.Bad, string(s.Status)+", "+parts[0]
	case lab.Done:
		parts[0] = "done, " + parts[0]
	}
	if !s.Status.Ended() && s.Fraction > 0.01 {
		left := time.Duration(float64(s.Elapsed) * (1 - s.Fraction) / s.Fraction)
		parts = append(parts, view.Duration(left)+" left")
	}
	if p.run == nil && p.watched == nil {
		return theme.Dim, append([]string{"recorded, " + parts[0]}, parts[1:]...)
	}
	if s.Slow != "" {
		return style, append(parts, s.Provenance.Kernel+", slow")
	}
	return style, append(parts, s.Provenance.Kernel)
}
