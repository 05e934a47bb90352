package app

import (
	"fmt"
	"strings"
	"sync"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A Class is what a teacher shows, and who watches. Everybody looks at the same run,
// which costs what one run costs, on a screen of his own size: snapshots are
// immutable, and whoever comes late has all of them. Its methods may be called from
// any goroutine.
type Class struct {
	Exercise *Exercise                // nil: none; it is set before anybody comes
	Answered func(who, answer string) // is told of every answer; nil: nobody is

	mu       sync.Mutex
	scene    *scene
	watching map[*labScreen]bool
	said     map[*labScreen]prediction
	pupils   []pupil
	noted    int // how often something of them has changed
}

// NewClass returns a class to which nothing is shown yet.
func NewClass() *Class {
	return &Class{watching: map[*labScreen]bool{}, said: map[*labScreen]prediction{}}
}

// A scene is what is shown at one time. It is never changed.
type scene struct {
	preset     Preset
	experiment *experiment.Experiment
	snap       *lab.Snapshot   // of a record
	kept       []*lab.Snapshot // and its evaluations
	looks      looks
}

// looks are what a teacher looks at: which run, or snapshot of a record, and what of
// it.
type looks struct {
	run           *lab.Run
	record        *lab.Snapshot
	arm, curve    int
	back          int
	log, zoomed   bool
	focus         place
	cursor        view.Optional
	preset, named string
}

// A prediction is which arm somebody thinks will win, of which experiment.
type prediction struct{ of, arm string }

// teach shows to the class what a teacher's lab shows, when that is something else
// than before.
func (c *Class) teach(l *labScreen) {
	if l.snap == nil {
		return
	}
	now := looks{run: l.run, arm: l.arm, curve: l.curve, back: l.back, log: l.log, zoomed: l.zoomed, focus: l.focus, cursor: l.cursor, preset: l.preset.Name, named: l.experiment.OneLine(l.preset.Name, l.preset.Experiment)}
	if l.run == nil {
		now.record = l.snap
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.scene == nil || c.scene.looks != now {
		c.scene = &scene{l.preset, l.experiment.Clone(), l.snap, l.kept, now}
	}
}

// shown is the latest scene, nil before the first.
func (c *Class) shown() *scene {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scene
}

// sit lets somebody in, and leave takes him away with what he has predicted. Of several
// with one name all but the first get a number.
func (c *Class) sit(l *labScreen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := map[string]bool{}
	for other := range c.watching {
		taken[other.visitor] = true
	}
	name := l.visitor
	for n := 2; taken[l.visitor]; n++ {
		l.visitor = fmt.Sprintf("%s, %s", name, ordinal(n))
	}
	c.watching[l] = true
}

func (c *Class) leave(l *labScreen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.watching, l)
	delete(c.said, l)
}

// leave ends what is under way, also for the class.
func (l *labScreen) leave() {
	if l.class != nil {
		l.class.leave(l)
	}
	l.own.end()
	l.player.leave()
	if l.own.run != nil {
		<-l.own.run.Done()
	}
}

// predict notes what somebody thinks of what is shown.
func (c *Class) predict(l *labScreen, of, arm string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said[l] = prediction{of, arm}
}

// A stand is how far a class is: how many watch and have said who will win, and how
// often pupils did something.
type stand struct{ said, watching, noted int }

// tally counts who has said what of the experiment that is shown, by arm.
func (c *Class) tally() (by map[string]int, now stand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by = map[string]int{}
	for _, p := range c.said {
		if c.scene != nil && p.of == c.scene.looks.named {
			by[p.arm]++
			now.said++
		}
	}
	now.watching, now.noted = len(c.watching), c.noted
	return by, now
}

// listen draws anew when others have come, gone or said something. Only the teacher
// is told.
func (l *labScreen) listen(before stand) effect {
	_, now := l.class.tally()
	return effect{unchanged: now == before, work: after(3*poll, func() effect { return l.listen(now) })}
}

// follow watches the class from now on. A run of one's own goes on meanwhile.
func (l *labScreen) follow() effect {
	l.watches++
	if l.run != nil {
		l.own.end()
		l.own, l.ownOf = l.setAside(), l.forked
	}
	l.seen = looks{}
	return both(l.attend(), l.watch(l.watches))
}

// both is one effect after the other, of which both may have work.
func both(a, b effect) effect {
	a.work = together(a.work, b.work)
	return a
}

// watch looks now and then what is shown, until something of one's own is.
func (l *labScreen) watch(round int) effect {
	return effect{work: after(l.poll, func() effect {
		if round != l.watches {
			return effect{unchanged: true}
		}
		return both(l.attend(), l.watch(round))
	})}
}

// attend takes over what is shown. Whoever looks back does so undisturbed while it is
// the same run.
func (l *labScreen) attend() effect {
	s := l.class.shown()
	if s == nil {
		l.problem = "The teacher has shown nothing yet. What he shows comes here by itself."
		return effect{unchanged: l.snap == nil && l.seen == looks{}}
	}
	round, now := l.watches, s.looks
	e := effect{ticked: true}
	if l.watched != now.run || now.run == nil && l.snap != now.record || l.seen == (looks{}) {
		snap := s.snap
		if now.run != nil {
			snap = now.run.Snapshot()
		}
		l.recall(s.preset, snap, s.kept)
		l.experiment = s.experiment.Clone()
		l.watches, l.watched = round, now.run // else it would be a record
		e.ticked = false
	}
	if l.seen != now && l.back == l.seen.back {
		l.arm, l.curve, l.log, l.zoomed, l.focus, l.cursor, l.back = min(now.arm, len(l.snap.Arms)-1), now.curve, now.log, now.zoomed, now.focus, now.cursor, now.back
		l.seen, e.ticked = now, false
	}
	if l.watched != nil {
		snap := l.watched.Snapshot()
		e.unchanged = e.ticked && snap.Version == l.snap.Version
		l.snap = snap
	} else {
		e.unchanged = e.ticked
	}
	return e
}

// attending reports whether it is the class that is watched.
func (l *labScreen) attending() bool { return l.class != nil && !l.teaches && l.watches > 0 }

// fork trains what is shown as a run of one's own, to change; from there it goes back
// to the class, and from the class to that run, as long as the class is where it was
// when it began.
func (l *labScreen) fork() effect {
	if !l.attending() {
		return l.follow()
	}
	if l.snap == nil {
		return effect{}
	}
	if own := l.own; own.run != nil && l.ownOf == l.seen.named {
		l.own = aside{}
		return l.takeUp(own)
	}
	return l.trainOwn(l.preset, l.experiment)
}

// trainOwn trains something in place of watching the class, and of what was set aside.
func (l *labScreen) trainOwn(preset Preset, e *experiment.Experiment) effect {
	l.watches, l.forked = 0, l.seen.named
	l.own.end()
	l.own = aside{}
	return l.play(preset, e)
}

// predict asks which arm will win, or shows a teacher what the others have said.
func (l *labScreen) predict() effect {
	if l.snap == nil {
		return effect{}
	}
	if l.teaches {
		by, now := l.class.tally()
		var b strings.Builder
		for _, a := range l.snap.Arms {
			fmt.Fprintf(&b, "%3d  %s\n", by[a.Name], a.Label)
		}
		return effect{enter: &page{title: fmt.Sprintf("which will win? %d of %d have said", now.said, now.watching), text: words(theme.Plain, strings.TrimRight(b.String(), "\n"))}}
	}
	q := &question{title: "which will win?", text: "What do you think, before it is known: of which arm will the network know best where the patch is? The teacher sees how many think what, and not who."}
	of := l.experiment.OneLine(l.preset.Name, l.preset.Experiment)
	for _, a := range l.snap.Arms {
		q.choices = append(q.choices, choice{a.Label, func() effect {
			l.class.predict(l, of, a.Name)
			return effect{}
		}})
	}
	return effect{enter: q}
}

// classKeys are the keys that there are in a class.
func (l *labScreen) classKeys() []key {
	var list []key
	switch {
	case l.class == nil:
		return nil
	case l.teaches:
		list = []key{{names: []string{"w"}, hint: "tally", help: "what the class thinks will win", keep: true, do: l.predict}}
	case l.attending():
		list = []key{
			{names: []string{"f"}, hint: "fork", help: "train this yourself, and change it; f goes back and forth between the class and your run", keep: true, do: l.fork},
			{names: []string{"w"}, hint: "predict", help: "say which arm will win", keep: true, do: l.predict},
		}
	default:
		list = []key{{names: []string{"f"}, hint: "class", help: "back to the class; what you train goes on", keep: true, do: l.fork}}
	}
	switch {
	case l.class.Exercise == nil:
	case l.teaches:
		list = append(list, key{names: []string{"x"}, hint: "answers", help: "who has answered what to the exercise", keep: true, do: l.openExercise})
	default:
		list = append(list, key{names: []string{"x"}, hint: "exercise", help: "what the teacher asks of you", keep: true, do: l.openExercise})
	}
	return list
}

// classStatus says in the status line how the class stands.
func (l *labScreen) classStatus() []string {
	if l.class == nil {
		return nil
	}
	if l.teaches {
		_, now := l.class.tally()
		return []string{fmt.Sprintf("%s, %d predicted", report.Count(now.watching, "watcher"), now.said)}
	}
	if l.attending() {
		return []string{"class"}
	}
	return []string{"your own"}
}
