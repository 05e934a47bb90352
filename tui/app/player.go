package app

import (
	"context"
	"fmt"
	"time"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A player keeps one run under way and looks at it: runs publish snapshots when
// they like, and a screen that is drawn ten times a second polls for the latest.
// A run goes on until the next one has been built, also when that fails. One is
// built at a time: of what was asked for meanwhile, by a key that is held down,
// the last is built behind it.
type player struct {
	start   func(ctx context.Context, e *experiment.Experiment, after *lab.Run) (*lab.Run, error)
	started func(before Preset) // is called when another run has come

	preset     Preset                 // what was chosen
	experiment *experiment.Experiment // what is trained: the preset with changes
	run        *lab.Run               // nil until one has been built
	snap       *lab.Snapshot          // the latest, nil without a run
	cancel     context.CancelFunc     // ends the run

	next    *building // nil: nothing is being built
	wanted  *building // in place of next, nil: that is wanted
	problem string    // why nothing is trained
}

// A building is what was asked for last and is not there yet.
type building struct {
	preset     Preset
	experiment *experiment.Experiment
	after      *lab.Run // whose networks it takes over, or nil
	ctx        context.Context
	cancel     context.CancelFunc // ends the run, also when it has not been built
}

// poll is how often a player looks for a new snapshot.
const poll = 100 * time.Millisecond

// play has a run built, which will take the place of the one under way.
func (p *player) play(preset Preset, e *experiment.Experiment) effect {
	return p.playAfter(preset, e, nil)
}

func (p *player) playAfter(preset Preset, e *experiment.Experiment, after *lab.Run) effect {
	ctx, cancel := context.WithCancel(context.Background())
	b := &building{preset, e.Clone(), after, ctx, cancel}
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
	start, handed := p.start, b.experiment.Clone()
	build := func() (*lab.Run, error) {
		run, err := start(b.ctx, handed, b.after)
		if err == nil {
			context.AfterFunc(b.ctx, run.Stop)
		}
		return run, err
	}
	return effect{work: work(build, p.take)}
}

// take is handed the run that was built, or why there is none.
func (p *player) take(run *lab.Run, err error) effect {
	built, wanted := p.next, p.wanted
	p.next, p.wanted = nil, nil
	if wanted != nil {
		return p.build(wanted)
	}
	if err != nil && p.run != nil {
		return effect{enter: complaint(fmt.Errorf("%s cannot be trained: %w", built.preset.Name, err))}
	}
	if err != nil {
		p.problem = err.Error()
		return effect{}
	}
	p.cancel()
	before := p.preset
	p.preset, p.experiment, p.cancel = built.preset, built.experiment, built.cancel
	p.run, p.snap = run, run.Snapshot()
	p.started(before)
	return p.again(run)
}

// again is the next look at a run.
func (p *player) again(run *lab.Run) effect {
	return effect{work: after(poll, func() effect { return p.look(run) })}
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
	e.unchanged = s.Version == p.snap.Version
	p.snap = s
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
func (p *player) busy() bool { return p.next != nil || p.run != nil && !p.snap.Status.Ended() }

// asked is what was asked for last.
func (p *player) asked() (Preset, *experiment.Experiment) {
	switch {
	case p.wanted != nil:
		return p.wanted.preset, p.wanted.experiment
	case p.next != nil:
		return p.next.preset, p.next.experiment
	}
	return p.preset, p.experiment
}

func (p *player) paused() bool { return p.run != nil && p.run.Paused() }

func (p *player) pause() effect {
	switch {
	case p.run == nil:
	case p.run.Paused():
		p.run.Resume()
	default:
		p.run.Pause()
	}
	return effect{}
}

func (p *player) step() effect {
	if p.run != nil {
		p.run.Step()
	}
	return effect{}
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
	if p.next != nil {
		return p.play(preset, e)
	}
	return p.playAfter(preset, e, p.run)
}

// status says how the run goes, the most important first.
func (p *player) status() (theme.Style, []string) {
	s := p.snap
	switch {
	case p.next != nil:
		return theme.Dim, []string{"building the networks"}
	case p.run == nil:
		return theme.Bad, []string{"cannot be trained"}
	}
	parts := []string{fmt.Sprintf("step %d/%d", s.Step(), s.Steps())}
	if stage := s.Stage(); stage != "" && !s.Status.Ended() {
		parts[0] = stage + ", " + parts[0]
	}
	style := theme.Good
	switch s.Status {
	case lab.Paused:
		style, parts[0] = theme.Warn, "paused, "+parts[0]
	case lab.Diverged, lab.Failed, lab.Stopped:
		style, parts[0] = theme.Bad, string(s.Status)+", "+parts[0]
	case lab.Done:
		parts[0] = "done, " + parts[0]
	}
	if !s.Status.Ended() && s.Fraction > 0.01 {
		left := time.Duration(float64(s.Elapsed) * (1 - s.Fraction) / s.Fraction)
		parts = append(parts, view.Duration(left)+" left")
	}
	if s.Slow != "" {
		return style, append(parts, s.Provenance.Kernel+", slow")
	}
	return style, append(parts, s.Provenance.Kernel)
}
