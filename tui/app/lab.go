package app

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// The lab is the screen at the bottom: it trains, and shows what comes of it in
// boxes, some of which are the business of a board.
type labScreen struct {
	player
	host    *Host
	presets []Preset
	record  *record.Record // is shown first; nil: something is trained

	arm    int // the selected one
	curve  int // which of the things that can be charted is, counted on and on
	log    bool
	back   int           // how many evaluations ago is shown; 0: now
	rounds int           // and how many there were when that was counted
	alone  bool          // the run before is not drawn behind this one
	cursor view.Optional // the place on the chart's axis at which all arms are read
	scroll int           // lines of what this shows
	focus  place
	zoomed bool
	drawn  [places]drawn // what was drawn last, where
	sight  sight         // what the selected arm makes of a picture

	class   *Class // nil: there is none
	teaches bool
	watches int   // counts the times at which the class was turned to; 0: something of one's own is shown
	seen    looks // what was taken over last

	changes   comparing
	followed  int  // how far the tour was followed
	following bool // that is being kept
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

// A board is what the lab shows differently from one kind of experiment to
// another: one for networks that are trained, and one for those that are read
// out. It is a view of the lab and has nothing of its own.
type board interface {
	chart() box                                // what was found: the reason for it all
	maps() box                                 // the same of the selected arm, place by place
	score(a lab.ArmState) (metric.Score, bool) // behind the name of an arm
	finding(a lab.ArmState) string             // in a sentence
	waiting() string                           // while there is nothing to show yet
	stops() []float64                          // the places on the axis of the chart at which it can be read

	// widths are those of the maps and of the picture beside them, in so many
	// columns.
	widths(columns int) (maps, picture int)
}

func (l *labScreen) board() board {
	if l.experiment.Reads() {
		return readingBoard{l}
	}
	return trainingBoard{l}
}

// A box is what the lab shows in one place.
type box struct {
	title, foot string
	inside      drawer
}

// A place is where a box is.
type place int

const (
	chartPlace place = iota
	armsPlace
	lossPlace
	mapPlace
	picturePlace
	aboutPlace
	places
)

func newLab(h *Host, s Session) *labScreen {
	l := &labScreen{host: h, presets: s.Presets, class: s.Class, teaches: s.Class != nil && s.Teaches}
	l.player = player{start: h.Start, queues: h.Queues, started: l.begin, cancel: func() {}, preset: s.First, experiment: s.First.Experiment.Clone()}
	if s.Experiment != nil {
		l.experiment = s.Experiment.Clone()
	}
	l.record, l.looked = s.Record, func() effect {
		l.keepBack()
		return l.sight.look(l)
	}
	l.curve = firstCurve(l.experiment)
	return l
}

// begin makes ready for another run. Where only the seed or the schemes are
// others, the chart stays what it is.
func (l *labScreen) begin(before Preset) {
	l.watches = 0
	if l.arm >= len(l.snap.Arms) {
		l.arm = 0
	}
	l.back, l.scroll, l.cursor = 0, 0, view.Optional{}
	l.sight.forget()
	if before.Name != l.preset.Name {
		l.curve = firstCurve(l.experiment)
	}
}

func (l *labScreen) enter() effect {
	if l.class != nil && !l.teaches {
		l.class.sit(l)
		return l.follow()
	}
	if l.teaches {
		return both(l.begins(), l.listen(0, 0))
	}
	return l.begins()
}

// begins trains what was asked for, or shows a record.
func (l *labScreen) begins() effect {
	if r := l.record; r != nil {
		l.record = nil
		return l.openRecord(r)
	}
	return l.restart()
}

// openRecord shows what a record has kept, or goes on with it where there is more
// to train.
func (l *labScreen) openRecord(r *record.Record) effect {
	preset := l.presetOf(r.Provenance.Name, r.Experiment)
	if !r.Ended() {
		return l.request(&building{preset: preset, experiment: r.Experiment.Clone(), from: r})
	}
	type recalled struct {
		snap  *lab.Snapshot
		evals []*lab.Snapshot
	}
	return effect{work: work(func() (v recalled, err error) {
		if v.snap, err = lab.Recalled(r); err == nil {
			v.evals, err = lab.RecalledEvaluations(r)
		}
		return v, err
	}, func(v recalled, err error) effect {
		switch {
		case err != nil && l.snap == nil:
			l.problem = err.Error()
			return effect{}
		case err != nil:
			return effect{enter: complaint(err)}
		}
		l.recall(preset, v.snap, v.evals)
		return effect{}
	})}
}

// presetOf is what an experiment is a change of: the preset of that name, or
// itself.
func (l *labScreen) presetOf(name string, e *experiment.Experiment) Preset {
	for _, p := range l.presets {
		if p.Name == name {
			return p
		}
	}
	if name == "" {
		name = "experiment"
	}
	return Preset{Name: name, Experiment: e}
}

// now is what is shown: the latest, or an evaluation of before.
func (l *labScreen) now() *lab.Snapshot {
	if l.back == 0 {
		return l.snap
	}
	list := l.past()
	if len(list) == 0 {
		return l.snap
	}
	return list[max(0, len(list)-1-l.back)]
}

// past are the evaluations that one goes back through. Those that have come since
// the last look are not among them yet.
func (l *labScreen) past() []*lab.Snapshot {
	list := l.evaluations()
	return list[:min(len(list), l.rounds)]
}

// goBack moves by so many evaluations into the past.
func (l *labScreen) goBack(by int) effect {
	l.keepBack()
	l.rounds = len(l.evaluations())
	l.back = max(0, min(l.back+by, l.rounds-1))
	return effect{}
}

// keepBack stays at the evaluation that is shown when others have come since.
func (l *labScreen) keepBack() {
	if l.back == 0 {
		return
	}
	n := len(l.evaluations())
	if l.back += n - l.rounds; n < l.rounds { // every second of them is gone
		l.back = (l.back + l.rounds - n) * n / l.rounds
	}
	l.back, l.rounds = max(0, min(max(1, l.back), n-1)), n
}

func (l *labScreen) keys() []key {
	pause := "pause"
	if l.paused() {
		pause = "go on"
	}
	zoom := "zoom"
	if l.zoomed {
		zoom = "all panes"
	}
	own := []key{
		{names: []string{" "}, shown: "space", hint: pause, help: "pause or go on", do: l.pause},
		{names: []string{"e"}, hint: "edit", help: "change anything of the experiment, and train it", keep: true, do: l.openForm},
		{names: []string{"a"}, hint: "schemes", help: "switch padding schemes on and off, and train them", do: l.openSchemes},
		{names: []string{"p"}, hint: "presets", help: "choose another experiment", keep: true, do: l.openPresets},
		{names: []string{"i"}, hint: "inside", help: "look into the selected network: padding, kernels, maps, filters", do: l.openInspection},
		{names: []string{"o"}, hint: "runs", help: "what was found before: open, compare, export", do: l.openRuns},
		{names: []string{"t"}, hint: "tour", help: "ten steps through the argument, with live runs", keep: true, do: l.openTour},
		{names: []string{"s"}, hint: "step", help: "pause, and train one step", do: l.step},
		{names: []string{"-"}, help: "slower, to watch: 10, 3, 1 steps a second", do: func() effect { return l.speed(1) }},
		{names: []string{"+", "="}, help: "faster", do: func() effect { return l.speed(-1) }},
		{names: []string{"r"}, hint: "restart", help: "train again from the start, same seed", do: l.restart},
		{names: []string{"n"}, hint: "new seed", help: "train again with other weights and pictures", do: l.newSeed},
		{names: []string{"N"}, hint: "one more seed", help: "one more seed for every arm; means and intervals over seeds", do: l.moreSeeds},
		{names: []string{"down", "j"}, shown: "↑ ↓", help: "select an arm; in what this shows: scroll (also j and k)", do: func() effect { return l.move(1) }},
		{names: []string{"up", "k"}, do: func() effect { return l.move(-1) }},
		{names: []string{"right", "l"}, shown: "← →", help: "the next picture; on the chart: read all arms at a distance", do: func() effect { return l.aside(1) }},
		{names: []string{"left", "h"}, do: func() effect { return l.aside(-1) }},
		{names: []string{">", "."}, shown: "< >", help: "the next picture, and the one before, from any pane", do: func() effect { return l.sight.turn(l, 1) }},
		{names: []string{"<", ","}, do: func() effect { return l.sight.turn(l, -1) }},
		{names: []string{"]"}, shown: "[ ]", help: "back through the evaluations, and forth", do: func() effect { return l.goBack(-1) }},
		{names: []string{"["}, do: func() effect { return l.goBack(1) }},
		{names: []string{"b"}, help: "the run before, dim behind this one, and without it", do: quietly(func() { l.alone = !l.alone })},
		{names: []string{"tab"}, hint: "pane", help: "next pane (shift+tab: the one before)", do: quietly(func() { l.moveFocus(1) })},
		{names: []string{"shift+tab"}, do: quietly(func() { l.moveFocus(places - 1) })},
		{names: []string{"z"}, hint: zoom, help: "show the pane on the whole screen, and back", keep: l.zoomed, do: quietly(func() { l.zoomed = !l.zoomed })},
		{names: []string{"v"}, help: "another chart: plain accuracy, how fast it is learned, bits", do: quietly(func() { l.curve++; l.cursor = view.Optional{} })},
		{names: []string{"y"}, help: "loss on a logarithmic axis, and back", do: quietly(func() { l.log = !l.log })},
		{names: []string{"c"}, help: "copy the command that runs this without a screen", do: l.openCommand},
		{names: []string{"esc"}, help: "one layer out", do: quietly(l.out)},
		{names: []string{"?"}, hint: "help", help: "this help", keep: true, do: l.openHelp},
		{names: []string{"q"}, hint: "quit", help: "quit; asks while training (q q quits, and so does ctrl+c)", keep: true, always: true, do: l.quit},
	}
	if l.attending() { // the teacher drives
		own = slices.DeleteFunc(own, func(k key) bool { return slices.Contains([]string{" ", "s", "-", "+"}, k.names[0]) })
	}
	return append(append(l.classKeys(), own...), rooms()...)
}

// open goes to a room.
func (l *labScreen) open(r room) effect {
	switch r {
	case inspectRoom:
		return l.openInspection()
	case presetsRoom:
		return l.openPresets()
	case runsRoom:
		return l.openRuns()
	case helpRoom:
		return l.openHelp()
	}
	return effect{}
}

// out leaves what was looked at last: a zoom, an evaluation of before, a cursor.
func (l *labScreen) out() {
	switch {
	case l.zoomed:
		l.zoomed = false
	case l.back > 0:
		l.back = 0
	default:
		l.cursor = view.Optional{}
	}
}

// move selects an arm, or scrolls the text that has the focus.
func (l *labScreen) move(by int) effect {
	if l.focus == aboutPlace {
		l.scrollAbout(by)
		return effect{}
	}
	return l.moveArm(by)
}

// scrollAbout scrolls what this shows, as far as there is something to see.
func (l *labScreen) scrollAbout(by int) {
	r := l.drawn[aboutPlace].rect.Inset(2, 1)
	l.scroll = max(0, min(l.scroll+by, l.aboutText().MaxSkip(r.W, r.H)))
}

// aside moves the cursor on the chart, or to another picture.
func (l *labScreen) aside(by int) effect {
	if l.focus == chartPlace {
		l.cursor = stop(l.board().stops(), l.cursor, by)
		return effect{}
	}
	return l.sight.turn(l, by)
}

// moveArm selects another arm, which is shown the picture.
func (l *labScreen) moveArm(by int) effect {
	if l.snap != nil {
		n := len(l.snap.Arms)
		l.arm = (l.arm + by + n) % n
	}
	l.scroll = 0
	return l.sight.look(l)
}

// moveFocus goes to the next box that has a place on the screen.
func (l *labScreen) moveFocus(by place) {
	for range places {
		if l.focus = (l.focus + by) % places; l.zoomed || !l.drawn[l.focus].rect.Empty() {
			break
		}
	}
}

func (l *labScreen) openSchemes() effect {
	preset, e := l.asked()
	return effect{enter: newSchemePicker(e, func(changed *experiment.Experiment) effect { return l.play(preset, changed) })}
}

func (l *labScreen) openPresets() effect {
	preset, _ := l.asked()
	return effect{enter: newPresetPicker(l.host, l.presets, preset.Name, func(p Preset) effect { return l.play(p, p.Experiment) })}
}

func (l *labScreen) openForm() effect {
	preset, e := l.asked()
	return effect{enter: newForm(l.host, preset, e, func(changed *experiment.Experiment) effect { return l.play(preset, changed) })}
}

func (l *labScreen) openRuns() effect { return effect{enter: newRuns(l)} }

func (l *labScreen) openTour() effect { return effect{enter: newTour(l)} }

func (l *labScreen) openInspection() effect {
	a, ok := l.selected()
	switch {
	case !ok:
		return effect{}
	case l.attending():
		return effect{enter: &page{title: "inside " + a.Label, text: words(theme.Plain, "This is the network of the class. Key f trains it for yourself; then you can look inside.")}}
	case l.run == nil:
		return effect{enter: &page{title: "inside " + a.Label, text: words(theme.Plain, "A record keeps what was found, and not the network on the screen. Key r trains it again, to the same bits; then one can look inside.")}}
	}
	return effect{enter: newInspection(l)}
}

// command runs what is shown without a screen.
func (l *labScreen) command() string {
	preset, e := l.asked()
	return "padlab run " + e.OneLine(preset.Name, preset.Experiment)
}

func (l *labScreen) openCommand() effect {
	return effect{enter: &page{title: "the same without a screen (copied, where the terminal allows it)", text: words(theme.Strong, l.command()), wide: true}, copy: l.command()}
}

func (l *labScreen) openHelp() effect { return effect{enter: newHelp(l.keys(), l.snap)} }

func (l *labScreen) quit() effect {
	if !l.busy() {
		return effect{quit: true}
	}
	doing := "The networks are still training."
	if l.paused() {
		doing = "The networks are paused, and not at their end."
	}
	kept := " What they have learned so far is not kept."
	if l.host.History != nil {
		kept = " What they have learned so far is kept: Runs goes on with it."
	}
	return effect{enter: &question{
		title: "quit", text: doing + kept, again: "q",
		choices: []choice{
			{"go on training", func() effect { return effect{} }},
			{"quit (q)", func() effect { return effect{quit: true} }},
		},
	}}
}

// windowTitle says what runs, for the title of the terminal.
func (l *labScreen) windowTitle() string {
	preset, _ := l.asked()
	title := "padlab · " + preset.Name
	switch {
	case l.next != nil || l.snap == nil:
		return title
	case l.snap.Status.Ended():
		return title + " · " + string(l.snap.Status)
	}
	return fmt.Sprintf("%s · %d %%", title, int(l.snap.Fraction*10)*10)
}

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
		now := drawn{r, l.state(p, r.W, focused)}
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

// previous is the same arm in the run before, as far as it is shown.
func (l *labScreen) previous(name string) (a lab.ArmState, ok bool) {
	if l.before == nil || l.alone || l.before.Experiment.Reads() != l.experiment.Reads() {
		return a, false
	}
	a = arm(l.before, name)
	return a, a.Name != ""
}

// point selects and focuses what was clicked, and scrolls.
func (l *labScreen) point(m mouse) effect {
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

// state is that of a box in a rectangle of some width.
func (l *labScreen) state(p place, width int, focused bool) state {
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
	style, parts := l.status()
	parts = append(parts[:1:1], append(l.classStatus(), parts[1:]...)...)
	if l.back > 0 {
		list, at := l.past(), l.now()
		style, parts = theme.Warn, []string{fmt.Sprintf("evaluation %d of %d, after step %d", max(1, len(list)-l.back), len(list), at.Step()), "] forth", "esc now"}
	}
	for len(parts) > 1 && view.Columns(strings.Join(parts, " · "))+3 > r.W-x-2 {
		parts = parts[:len(parts)-1]
	}
	text := view.Cut(strings.Join(parts, " · "), r.W-x-4)
	at := r.W - 1 - view.Columns(text)
	on.Text(at, r.Y, theme.Dim, text)
	on.Text(at-2, r.Y, style, "●")
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

func (l *labScreen) arms(focused bool) box {
	b := box{title: "arms"}
	list := view.List{Selected: l.arm, Focused: focused, Empty: l.empty()}
	if l.snap != nil {
		b.foot = l.rate()
		for i, a := range l.now().Arms {
			row := view.Row{Text: a.Label, Marker: theme.Marker(i), Tint: theme.Series(i)}
			if a.Status == lab.Diverged || a.Status == lab.Failed {
				row.Style, row.Columns = theme.Bad, []string{string(a.Status)}
			} else if s, ok := l.board().score(a); ok {
				row.Columns = []string{scoreText(s, report.Rising(a.Result()))}
			}
			list.Rows = append(list.Rows, row)
		}
	}
	b.inside = list
	return b
}

// scoreText is a score behind the name of an arm: "guessing" where nothing else is
// possible, and an arrow where it was still rising at the end.
func scoreText(s metric.Score, rising bool) string {
	text := view.ScoreWithin(float64(s.Value), float64(s.Low), float64(s.High))
	switch {
	case s.Ceiling != nil && *s.Ceiling <= s.Chance:
		return "guessing"
	case rising:
		return text + " ↑"
	}
	return text
}

func (l *labScreen) loss() box {
	b := box{title: "loss"}
	if l.log {
		b.title = "loss, logarithmic"
	}
	c := view.Curve{Log: l.log, XLabel: "step", Last: true, Empty: l.empty()}
	if now, ok := l.selected(); ok {
		if now.Stage != "" {
			b.title += " · " + now.Stage
		}
		for i, a := range l.now().Arms {
			if a.Stage != now.Stage {
				continue // the loss of a network and that of what is read out of it are two quantities
			}
			series := view.CurveSeries{Style: theme.Series(i), Marker: theme.Marker(i)}
			series.Points = curve(a.Loss)
			if before, ok := l.previous(a.Name); ok && before.Stage == a.Stage {
				series.Before = curve(before.Loss)
			}
			c.Series = append(c.Series, series)
			if len(a.Scores) > 0 && a.Scores[0].Chance > 0 {
				c.Reference, c.RefLabel = -math.Log(float64(a.Scores[0].Chance)), "guessing"
			}
		}
	}
	b.inside = c
	return b
}

// numbers are values as view draws them.
func numbers[T float32 | metric.Number](values []T) []float64 {
	list := make([]float64, len(values))
	for i, v := range values {
		list[i] = float64(v)
	}
	return list
}

func (l *labScreen) about() box {
	b := box{title: "what this shows"}
	if l.experiment.Title != "" {
		b.title += " · " + l.experiment.Title
	}
	b.inside = inset{l.aboutText()}
	return b
}

// aboutText is what was found, and what is to be known, in words.
func (l *labScreen) aboutText() (text view.Paragraph) {
	add := func(s theme.Style, line string) {
		if line == "" {
			return
		}
		if len(text.Spans) > 0 {
			text.Spans = append(text.Spans, view.Span{Text: "\n"})
		}
		text.Spans = append(text.Spans, view.Span{Style: s, Text: line})
	}
	add(theme.Bad, l.problem)
	if l.snap != nil {
		add(theme.Bad, l.snap.Failure)
		if l.snap.Unrecorded != "" {
			add(theme.Warn, "This run is not kept: "+l.snap.Unrecorded+".")
		}
		for _, w := range l.snap.Warnings {
			add(theme.Warn, "Careful: "+w+".")
		}
	}
	if a, ok := l.selected(); ok {
		add(theme.Strong, l.board().finding(a))
	}
	for _, line := range l.claims() {
		add(theme.Good, line)
	}
	add(theme.Plain, l.experiment.Prose(l.experiment.About))
	if l.experiment.Try != "" {
		add(theme.Key, "Try: "+l.experiment.Prose(l.experiment.Try))
	}
	add(theme.Dim, l.experiment.Prose(l.experiment.Differs))
	if l.snap != nil && l.snap.Slow != "" {
		add(theme.Dim, "Slow: "+l.snap.Slow+".")
	}
	text.Skip = l.scroll
	return text
}

// claims are the sentences of the experiment that its numbers have made true.
func (l *labScreen) claims() (list []string) {
	if l.snap == nil || l.snap.Status != lab.Done {
		return nil
	}
	for _, v := range l.snap.Result().Expectations {
		if v.Says != "" {
			list = append(list, v.Says)
		}
	}
	return list
}

// selected is the arm that the maps and the words are about.
func (l *labScreen) selected() (lab.ArmState, bool) {
	now := l.now()
	if now == nil || l.arm >= len(now.Arms) {
		return lab.ArmState{}, false
	}
	return now.Arms[l.arm], true
}

// empty is what stands where there is nothing to show.
func (l *labScreen) empty() string {
	switch {
	case l.problem != "":
		return "nothing is trained"
	case l.snap == nil && l.coming() == nil:
		return "reading the record…"
	case l.snap == nil:
		return "building the networks…"
	}
	return l.board().waiting()
}
