package app

import (
	"cmp"
	"fmt"
	"slices"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/record"
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
	slider view.Rect     // of the evaluations, where it is shown
	sight  sight         // what the selected arm makes of a picture

	class   *Class // nil: there is none
	teaches bool
	watches int    // counts the times at which the class was turned to; 0: something of one's own is shown
	seen    looks  // what was taken over last
	visitor string // who sits here, as the class knows him
	own     aside  // what one trains while one watches,
	ownOf   string // and what of: its one-line form
	forked  string // of which what is trained was made

	changes   comparing
	followed  int  // how far the tour was followed
	following bool // that is being kept
}

// A board is what the lab shows differently from one kind of experiment to
// another: one for networks that are trained, one for those whose neurons are asked
// besides, and one for those that are read out. It is a view of the lab and has nothing of its own.
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
	if l.experiment.Inside() {
		return neuronBoard{trainingBoard{l}}
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
	l := &labScreen{host: h, presets: s.Presets, class: s.Class, teaches: s.Class != nil && s.Teaches, visitor: s.Visitor}
	l.player = player{start: h.Start, poll: cmp.Or(s.Poll, poll), queues: h.Queues, started: l.begin, cancel: func() {}, preset: s.First, experiment: s.First.Experiment.Clone()}
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
	if l.class != nil && l.run != nil {
		l.class.tried(l)
	}
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
		return both(l.begins(), l.listen(stand{}))
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
	return effect{enter: newForm(l.host, preset, e, l.layersOfFile(e), func(changed *experiment.Experiment) effect { return l.play(preset, changed) })}
}

// layersOfFile are the convolutions of a network that came from a file, which only
// who built it knows.
func (l *labScreen) layersOfFile(e *experiment.Experiment) []string {
	if l.run == nil || !experiment.IsGraph(e.Net.Arch) {
		return nil
	}
	for arm := range l.snap.Arms { // the raw picture is an arm, too, of no convolution
		if layers := l.run.Convolutions(arm); len(layers) > 0 {
			return layers
		}
	}
	return nil
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
	if !l.busy() && !l.own.busy() {
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
