package app

import (
	"fmt"
	"math"
	"strings"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/metric"
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

	arm    int // the selected one
	curve  int // which of the things that can be charted is, counted on and on
	log    bool
	focus  place
	zoomed bool
	body   view.Rect // where the boxes were drawn last
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

// pictureWidth is from how many columns on there is room for a picture.
const pictureWidth = 100

func newLab(h *Host, s Session) *labScreen {
	l := &labScreen{host: h, presets: s.Presets}
	l.player = player{start: h.Start, started: l.begin, cancel: func() {}, preset: s.First, experiment: s.First.Experiment.Clone()}
	if s.Experiment != nil {
		l.experiment = s.Experiment.Clone()
	}
	l.curve = firstCurve(l.experiment)
	return l
}

// begin makes ready for another run. Where only the seed or the schemes are
// others, the chart stays what it is.
func (l *labScreen) begin(before Preset) {
	l.arm = 0
	if before.Name != l.preset.Name {
		l.curve = firstCurve(l.experiment)
	}
}

func (l *labScreen) enter() effect { return l.restart() }

func (l *labScreen) keys() []key {
	pause := "pause"
	if l.paused() {
		pause = "go on"
	}
	return []key{
		{names: []string{" "}, shown: "space", hint: pause, help: "pause or go on", do: l.pause},
		{names: []string{"s"}, hint: "step", help: "pause, and train one step", do: l.step},
		{names: []string{"a"}, hint: "schemes", help: "switch padding schemes on and off, and train them", do: l.openSchemes},
		{names: []string{"p"}, hint: "presets", help: "choose another experiment", do: l.openPresets},
		{names: []string{"r"}, hint: "restart", help: "train again from the start, same seed", do: l.restart},
		{names: []string{"n"}, hint: "new seed", help: "train again with other weights and pictures", do: l.newSeed},
		{names: []string{"N"}, hint: "one more seed", help: "one more seed for every arm; means and intervals over seeds", do: l.moreSeeds},
		{names: []string{"down", "j"}, shown: "↑ ↓", help: "select an arm (also j and k)", do: quietly(func() { l.moveArm(1) })},
		{names: []string{"up", "k"}, do: quietly(func() { l.moveArm(-1) })},
		{names: []string{"tab"}, hint: "pane", help: "next pane (shift+tab: the one before)", do: quietly(func() { l.moveFocus(1) })},
		{names: []string{"shift+tab"}, do: quietly(func() { l.moveFocus(places - 1) })},
		{names: []string{"z"}, hint: "zoom", help: "show the pane on the whole screen, and back", do: quietly(func() { l.zoomed = !l.zoomed })},
		{names: []string{"v"}, help: "another chart: plain accuracy, how fast it is learned, bits", do: quietly(func() { l.curve++ })},
		{names: []string{"y"}, help: "loss on a logarithmic axis, and back", do: quietly(func() { l.log = !l.log })},
		{names: []string{"i"}, help: "look into the selected network: layers, artifacts, filters", do: l.openInspection},
		{names: []string{"c"}, help: "the command that runs this without a screen", do: l.openCommand},
		{names: []string{"esc"}, help: "one layer out", do: quietly(func() { l.zoomed = false })},
		{names: []string{"?"}, hint: "help", help: "this help", keep: true, do: l.openHelp},
		{names: []string{"q"}, hint: "quit", help: "quit; asks while training (ctrl+c does not)", keep: true, always: true, do: l.quit},
	}
}

func (l *labScreen) moveArm(by int) {
	if l.snap != nil {
		n := len(l.snap.Arms)
		l.arm = (l.arm + by + n) % n
	}
}

// moveFocus goes to the next box that has a place on the screen.
func (l *labScreen) moveFocus(by place) {
	shown := l.grid(l.body)
	for range places {
		if l.focus = (l.focus + by) % places; !shown[l.focus].Empty() {
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
	return effect{enter: newPresetPicker(l.presets, preset.Name, func(p Preset) effect { return l.play(p, p.Experiment) })}
}

func (l *labScreen) openInspection() effect {
	a, ok := l.selected()
	if !ok {
		return effect{}
	}
	return effect{enter: newInspection(l.host, l.run, a.Label, l.arm)}
}

func (l *labScreen) openCommand() effect {
	preset, e := l.asked()
	text := words(theme.Strong, "padlab run "+e.OneLine(preset.Name, preset.Experiment))
	return effect{enter: &page{title: "the same without a screen", text: text, wide: true}}
}

func (l *labScreen) openHelp() effect { return effect{enter: help(l.keys(), l.snap)} }

func (l *labScreen) quit() effect {
	if !l.busy() {
		return effect{quit: true}
	}
	doing := "The networks are still training."
	if l.paused() {
		doing = "The networks are paused, and not at their end."
	}
	return effect{enter: &question{
		title: "quit", text: doing + " What they have learned so far is not kept.",
		choices: []choice{
			{"go on training", func() effect { return effect{} }},
			{"quit", func() effect { return effect{quit: true} }},
		},
	}}
}

func (l *labScreen) draw(on surface, r view.Rect) {
	head, body := r.CutTop(1)
	l.drawHead(on, head)
	l.body = body
	shown := l.grid(body)
	if l.zoomed {
		shown = [places]view.Rect{}
		shown[l.focus] = body
	}
	for p, r := range shown {
		if r.Empty() {
			continue
		}
		focused := on.active && place(p) == l.focus
		b := l.box(place(p), focused)
		on.put(b.inside, view.Panel{Title: b.title, Foot: b.foot, Focused: focused}.Draw(on.Frame, r, on.Theme))
	}
}

// drawHead is the status line: what is trained on the left, how it goes on the
// right. What does not fit is left out, the last first.
func (l *labScreen) drawHead(on surface, r view.Rect) {
	preset, e := l.asked()
	x := 1 + on.Text(r.X+1, r.Y, theme.Title, "padlab")
	x += 2 + on.Text(x+2, r.Y, theme.Plain, fmt.Sprintf("%s · %s", preset.Name, report.Seeds(e)))
	style, parts := l.status()
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
	if body.W < pictureWidth {
		r[mapPlace], r[aboutPlace] = bottom.CutLeft(body.W * 45 / 100)
		return r
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
		if l.snap.SamplesPerSecond > 0 {
			b.foot = view.Count(int(l.snap.SamplesPerSecond)) + " images/s"
		}
		for i, a := range l.snap.Arms {
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
		for i, a := range l.snap.Arms {
			if a.Stage != now.Stage {
				continue // the loss of a network and that of what is read out of it are two quantities
			}
			series := view.CurveSeries{Style: theme.Series(i), Marker: theme.Marker(i)}
			for _, p := range a.Loss {
				series.Points = append(series.Points, view.CurvePoint{Step: p.Step, Value: float64(p.Value)})
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

func (l *labScreen) picture() box {
	b := box{title: "what the network sees", inside: view.Image{}}
	if a, ok := l.selected(); ok && a.Example != nil {
		b.foot = fmt.Sprintf("%d×%d pixels", a.Example.Cols, a.Example.Rows)
		b.inside = view.Image{Rows: a.Example.Rows, Cols: a.Example.Cols, Values: numbers(a.Example.Values)}
	}
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
	var text view.Paragraph
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
	b.inside = inset{text}
	return b
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
	if l.snap == nil || l.arm >= len(l.snap.Arms) {
		return lab.ArmState{}, false
	}
	return l.snap.Arms[l.arm], true
}

// empty is what stands where there is nothing to show.
func (l *labScreen) empty() string {
	switch {
	case l.problem != "":
		return "nothing is trained"
	case l.snap == nil:
		return "building the networks…"
	}
	return l.board().waiting()
}
