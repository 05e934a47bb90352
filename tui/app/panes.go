package app

import (
	"fmt"
	"math/bits"
	"strings"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/lab"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

func (l *labScreen) draw(on surface, r view.Rect) {
	head, body := r.CutTop(1)
	on.Fill(head, theme.Plain)
	l.drawHead(on, head)
	shown := l.grid(body)
	if l.zoomed {
		shown = [places]view.Rect{}
		shown[l.focus] = body
	}
	for i, r := range shown {
		p := place(i)
		if r.Empty() {
			l.drawn[p] = drawn{}
			continue
		}
		focused := on.active && p == l.focus
		now := drawn{r, l.stateOf(p, r.W, focused)}
		if on.kept && now == l.drawn[p] {
			continue
		}
		l.drawn[p] = now
		on.Fill(r, theme.Plain)
		b := l.box(p, focused)
		if l.pointed(p) {
			b.title = "▸ " + b.title
		}
		on.put(b.inside, view.Panel{Title: b.title, Foot: b.foot, Focused: focused}.Draw(on.Frame, r, on.Theme))
	}
}

// pointed reports whether a teacher points at a box.
func (l *labScreen) pointed(p place) bool {
	return l.attending() && l.seen != (looks{}) && l.seen.focus == p
}

// grid gives every box its rectangle; a box without one is not shown.
func (l *labScreen) grid(body view.Rect) [places]view.Rect {
	var r [places]view.Rect
	arms := 4
	if l.snap != nil {
		arms = len(l.snap.Arms)
	}
	top, bottom := body.CutTop(body.H / 2)
	side, chart := top.CutRight(min(36, max(23, body.W*3/10)))
	r[chartPlace] = chart
	r[armsPlace], r[lossPlace] = side.CutTop(min(arms+2, top.H-4))
	if r[armsPlace].H < min(arms, 4)+2 { // the names of the arms come first
		r[armsPlace], r[lossPlace] = side, view.Rect{}
	}
	maps, picture := l.board().widths(body.W)
	r[mapPlace], bottom = bottom.CutLeft(maps)
	r[picturePlace], r[aboutPlace] = bottom.CutLeft(picture)
	return r
}

func (l *labScreen) box(p place, focused bool) box {
	switch p {
	case chartPlace:
		return l.board().chart()
	case armsPlace:
		return l.arms(focused)
	case lossPlace:
		return l.loss()
	case mapPlace:
		return l.board().maps()
	case picturePlace:
		return l.picture()
	}
	return l.about()
}

// drawHead is the status line: what is trained on the left, how it goes on the
// right. What does not fit is left out, the last first.
func (l *labScreen) drawHead(on surface, r view.Rect) {
	preset, e := l.asked()
	x := 1 + on.Text(r.X+1, r.Y, theme.Title, "padlab")
	name := preset.Name
	if l.changes.differ(e, preset.Experiment) {
		name += "*"
	}
	x += 2 + on.Text(x+2, r.Y, theme.Plain, fmt.Sprintf("%s · %s", name, report.Seeds(e)))
	l.slider = view.Rect{}
	if l.back > 0 {
		_, rest := r.CutLeft(x - r.X + 2)
		rest, _ = rest.CutLeft(rest.W - 1)
		hint := "] forth · esc now"
		if rest.W > 44 {
			var end view.Rect
			end, rest = rest.CutRight(view.Columns(hint) + 2)
			on.Text(end.X+2, end.Y, theme.Dim, hint)
		}
		l.slider = rest
		on.put(l.pastSlider(), rest)
		return
	}
	style, parts := l.status()
	parts = append(parts[:1:1], append(l.classStatus(), parts[1:]...)...)
	for len(parts) > 1 && view.Columns(strings.Join(parts, " · "))+3 > r.W-x-2 {
		parts = parts[:len(parts)-1]
	}
	text := view.Cut(strings.Join(parts, " · "), r.W-x-4)
	at := r.W - 1 - view.Columns(text)
	on.Text(at, r.Y, theme.Dim, text)
	on.Text(at-2, r.Y, style, "●")
}

// A comparing remembers whether an experiment differs from another, neither of
// which is ever changed: ticks ask again and again.
type comparing struct {
	e, base *experiment.Experiment
	differs bool
}

func (c *comparing) differ(e, base *experiment.Experiment) bool {
	if c.e != e || c.base != base {
		*c = comparing{e, base, len(e.Changes(base)) > 0}
	}
	return c.differs
}

// A drawn is what a box looked like when it was drawn: while it is the same, it
// need not be drawn again.
type drawn struct {
	rect view.Rect
	of   state
}

// A state is all that a box is drawn from, as far as it can change between two
// ticks of a run: a tick in which only step, loss and rate moved draws the status
// line, and the loss when it has come a column further.
type state struct {
	focused bool
	pointed bool // at by a teacher
	run     *lab.Run
	before  *lab.Snapshot
	now     *lab.Snapshot // where it is an evaluation of before, or recorded
	problem string

	evaluated uint64
	status    lab.Status
	ended     int // arms that are through or have diverged

	arm, curve, back int
	cursor           view.Optional
	rate             string
	loss             progress
	sight            *lab.Sight
	example          *images.Picture
	scroll, warnings int
	unrecorded       string
}

// A progress is how far the line of a loss is drawn.
type progress struct {
	log    bool
	column int // of the pane
	points int // their logarithm: the first ones are seen at once
	stage  string
}

// stateOf is that of a box in a rectangle of some width.
func (l *labScreen) stateOf(p place, width int, focused bool) state {
	s := state{focused: focused, pointed: l.pointed(p), run: l.run, arm: l.arm, curve: l.curve, back: l.back, problem: l.problem}
	if !l.alone {
		s.before = l.before
	}
	if l.snap == nil {
		return s
	}
	s.evaluated, s.status = l.snap.Evaluated, l.snap.Status
	for i := range l.snap.Arms {
		if l.snap.Arms[i].Status.Ended() {
			s.ended++
		}
	}
	if l.watched != nil {
		s.run = l.watched
	}
	if l.back > 0 || s.run == nil {
		s.now = l.now()
	}
	switch p {
	case chartPlace:
		s.cursor = l.cursor
	case armsPlace:
		s.rate = l.rate()
	case lossPlace:
		if l.arm < len(l.snap.Arms) {
			a := &l.snap.Arms[l.arm]
			s.loss = progress{l.log, a.Step * width / max(1, a.Steps), bits.Len(uint(len(a.Loss))), a.Stage}
		}
	case picturePlace:
		s.sight = l.sight.shown
		if s.problem == "" {
			s.problem = l.sight.problem
		}
		if l.arm < len(l.snap.Arms) {
			s.example = l.snap.Arms[l.arm].Example
		}
	case aboutPlace:
		s.scroll, s.warnings, s.unrecorded = l.scroll, len(l.snap.Warnings), l.snap.Unrecorded
	}
	return s
}

// rate is how many pictures are learned from per second, in words.
func (l *labScreen) rate() string {
	if l.snap == nil || l.snap.SamplesPerSecond == 0 {
		return ""
	}
	return view.Count(int(l.snap.SamplesPerSecond)) + " images/s"
}

// point selects and focuses what was clicked, and scrolls.
func (l *labScreen) point(m mouse) effect {
	if m.on(l.slider) && m.wheel == 0 {
		if i, ok := l.pastSlider().At(l.slider, m.x); ok {
			return l.goBack(len(l.past()) - 1 - i - l.back)
		}
		return effect{}
	}
	at := places
	for i, d := range l.drawn {
		if m.on(d.rect) {
			at = place(i)
		}
	}
	if at == places {
		return effect{unchanged: true}
	}
	inner := l.drawn[at].rect.Inset(1, 1)
	switch {
	case m.wheel != 0 && at == aboutPlace:
		l.scrollAbout(m.wheel)
	case m.wheel != 0 && at == picturePlace:
		return l.sight.turn(l, m.wheel)
	case m.wheel != 0:
		return l.moveArm(m.wheel)
	case at == armsPlace:
		l.focus = at
		if list, ok := l.arms(true).inside.(view.List); ok {
			if i, ok := list.At(inner, m.x, m.y); ok {
				return l.moveArm(i - l.arm)
			}
		}
	case at == chartPlace:
		l.cursor = view.Optional{}
		if chart, ok := l.board().chart().inside.(interface {
			At(r view.Rect, x, y int) (float64, bool)
		}); ok {
			if v, ok := chart.At(inner, m.x, m.y); ok {
				l.cursor = view.Some(v)
			}
		}
	}
	if m.wheel == 0 {
		l.focus = at
	}
	return effect{}
}
