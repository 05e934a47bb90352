package app

import (
	"fmt"
	"math"
	"strings"
	"time"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/task"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A pane is one of the boxes of the lab.
type pane int

const (
	profilePane pane = iota
	armsPane
	lossPane
	mapPane
	picturePane
	aboutPane
	panes
)

// The smallest screen on which the lab can be drawn.
const (
	leastWidth  = 60
	leastHeight = 16
)

// pictureWidth is from how many columns on there is room for a picture.
const pictureWidth = 100

func (m *Model) tooSmall() bool {
	r := m.frame.Bounds()
	return r.W < leastWidth || r.H < leastHeight
}

// draw draws the whole screen.
func (m *Model) draw() {
	f, screen := m.frame, m.frame.Bounds()
	f.Clear()
	if m.tooSmall() {
		text := fmt.Sprintf("padlab needs %d×%d characters; this window has %d×%d. Make it larger, or press q to quit.", leastWidth, leastHeight, screen.W, screen.H)
		if len(m.layers) > 0 {
			text = "Make the window larger, or press esc."
		}
		view.Paragraph{Spans: []view.Span{{Style: theme.Plain, Text: text}}}.Draw(f, screen, m.Theme)
		return
	}
	head, rest := screen.CutTop(1)
	foot, body := rest.CutBottom(1)
	m.drawHead(head)
	for p, r := range m.layout(body) {
		m.drawPane(pane(p), r)
	}
	table := labKeys()
	for _, l := range m.layers {
		l.draw(m, body)
		table = l.keys()
	}
	list := hints(table)
	if len(m.layers) == 0 && m.run != nil && m.run.Paused() {
		list[0].Text = "go on"
	}
	list.Draw(f, foot.Inset(1, 0), m.Theme)
}

// layout gives every pane its rectangle; a pane without one is empty.
func (m *Model) layout(body view.Rect) [panes]view.Rect {
	var r [panes]view.Rect
	if m.zoomed {
		r[m.focus] = body
		return r
	}
	arms := 4
	if m.snap != nil {
		arms = len(m.snap.Arms)
	}
	top, bottom := body.CutTop(body.H / 2)
	side, profile := top.CutRight(min(36, max(23, body.W*3/10)))
	r[profilePane] = profile
	r[armsPane], r[lossPane] = side.CutTop(min(arms+2, top.H-4))
	if body.W < pictureWidth {
		r[mapPane], r[aboutPane] = bottom.CutLeft(body.W * 45 / 100)
		return r
	}
	maps, picture := body.W/3, body.W/4
	if m.experiment.Reads() { // three pictures in place of a map
		maps, picture = body.W*45/100, body.W/5
	}
	r[mapPane], bottom = bottom.CutLeft(maps)
	r[picturePane], r[aboutPane] = bottom.CutLeft(picture)
	return r
}

func (m *Model) drawPane(p pane, r view.Rect) {
	if r.Empty() {
		return
	}
	box := view.Panel{Focused: p == m.focus && len(m.layers) == 0}
	draw := m.contents(p)(&box)
	draw(box.Draw(m.frame, r, m.Theme))
}

// contents is what fills a pane in and draws its inside.
func (m *Model) contents(p pane) func(*view.Panel) func(view.Rect) {
	switch p {
	case profilePane:
		if m.experiment.Reads() && m.curve%2 == 1 {
			return m.bars
		}
		return m.profile
	case armsPane:
		return m.arms
	case lossPane:
		return m.loss
	case mapPane:
		if m.experiment.Reads() {
			return m.pictures
		}
		return m.hits
	case picturePane:
		return m.picture
	}
	return m.about
}

// drawHead is the status line: what is trained on the left, how it goes on the
// right. What does not fit is left out, the last first.
func (m *Model) drawHead(r view.Rect) {
	f := m.frame
	x := 1 + f.Text(r.X+1, r.Y, theme.Title, "padlab")
	x += 2 + f.Text(x+2, r.Y, theme.Plain, fmt.Sprintf("%s · seed %d", m.preset.Name, m.experiment.Seed))
	style, parts := m.status()
	for len(parts) > 1 && view.Columns(strings.Join(parts, " · "))+3 > r.W-x-2 {
		parts = parts[:len(parts)-1]
	}
	text := view.Cut(strings.Join(parts, " · "), r.W-x-4)
	at := r.W - 1 - view.Columns(text)
	f.Text(at, r.Y, theme.Dim, text)
	f.Text(at-2, r.Y, style, "●")
}

// status says how the run goes, the most important first.
func (m *Model) status() (theme.Style, []string) {
	s := m.snap
	switch {
	case m.problem != "":
		return theme.Bad, []string{"cannot be trained"}
	case s == nil || m.run == nil:
		return theme.Dim, []string{"building the networks"}
	}
	step := 0
	for _, a := range s.Arms {
		step = max(step, a.Step)
	}
	parts := []string{fmt.Sprintf("step %d/%d", step, s.Steps())}
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
		return style, append(parts, s.Kernel+", slow")
	}
	return style, append(parts, s.Kernel)
}

// The functions below fill in a pane's title and return what draws its inside.

func (m *Model) profile(box *view.Panel) func(view.Rect) {
	box.Title, box.Foot = m.experiment.Question(), "cells between the patch and the border"
	if m.experiment.Reads() {
		box.Foot = ""
	}
	p := view.Profile{Selected: m.arm, Empty: m.waiting()}
	if m.snap == nil {
		return func(r view.Rect) { p.Draw(m.frame, r, m.Theme) }
	}
	for i, a := range m.snap.Arms {
		series := view.ProfileSeries{Name: a.Name, Style: theme.Series(i), Marker: theme.Marker(i)}
		if len(a.Profiles) > 0 {
			profile := a.Profiles[m.curve%len(a.Profiles)]
			switch {
			case m.experiment.Reads():
				profile, _ = m.shownReading(a)
				box.Title = fmt.Sprintf("skill at %s (%s) · %s", profile.Target, drawn[profile.Target], of[profile.Images])
				box.Foot = "distance to the border in " + profile.Unit
			case m.curve%len(a.Profiles) > 0:
				box.Title = profile.Metric
			}
			if profile.Unit == "pixels" {
				box.Foot = "pixels between a pixel and the border"
			}
			for _, d := range profile.Rings {
				series.Points = append(series.Points, view.ProfilePoint{
					Distance: float64(d.Distance), Value: float64(d.Value), Low: float64(d.Low), High: float64(d.High), N: d.N,
				})
				p.Chance = float64(d.Chance)
			}
		}
		p.Series = append(p.Series, series)
	}
	return func(r view.Rect) { p.Draw(m.frame, r, m.Theme) }
}

func (m *Model) arms(box *view.Panel) func(view.Rect) {
	box.Title = "arms"
	list := view.List{Selected: m.arm, Focused: box.Focused, Empty: m.waiting()}
	if m.snap != nil {
		if m.snap.SamplesPerSecond > 0 {
			box.Foot = view.Count(int(m.snap.SamplesPerSecond)) + " images/s"
		}
		for i, a := range m.snap.Arms {
			row := view.Row{Text: a.Name, Marker: theme.Marker(i), Tint: theme.Series(i)}
			switch {
			case a.Status == lab.Diverged || a.Status == lab.Failed:
				row.Style, row.Columns = theme.Bad, []string{string(a.Status)}
			default:
				if s, ok := m.scoreShown(a); ok {
					row.Columns = []string{view.ScoreWithin(float64(s.Value), float64(s.Low), float64(s.High))}
				}
			}
			list.Rows = append(list.Rows, row)
		}
	}
	return func(r view.Rect) { list.Draw(m.frame, r, m.Theme) }
}

func (m *Model) loss(box *view.Panel) func(view.Rect) {
	box.Title = "loss"
	if m.log {
		box.Title = "loss, logarithmic"
	}
	c := view.Curve{Log: m.log, XLabel: "step", Last: true, Empty: m.waiting()}
	if m.snap != nil {
		for i, a := range m.snap.Arms {
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
	return func(r view.Rect) { c.Draw(m.frame, r, m.Theme) }
}

func (m *Model) hits(box *view.Panel) func(view.Rect) {
	box.Title = "where it is right"
	a, ok := m.selected()
	if !ok || len(a.Maps) == 0 {
		return func(r view.Rect) { view.Heatmap{}.Draw(m.frame, r, m.Theme) }
	}
	box.Title += " · " + a.Name
	box.Foot = fmt.Sprintf("%% of %d pictures, cell by cell", a.Scores[0].N/(a.Maps[0].Rows*a.Maps[0].Cols))
	h := view.Heatmap{Rows: a.Maps[0].Rows, Cols: a.Maps[0].Cols, Values: make([]float64, len(a.Maps[0].Values))}
	for i, v := range a.Maps[0].Values {
		h.Values[i] = float64(v)
	}
	return func(r view.Rect) { h.Draw(m.frame, r, m.Theme) }
}

func (m *Model) picture(box *view.Panel) func(view.Rect) {
	box.Title = "what the network sees"
	a, ok := m.selected()
	if !ok || a.Example == nil {
		return func(view.Rect) {}
	}
	box.Foot = fmt.Sprintf("%d×%d pixels", a.Example.Cols, a.Example.Rows)
	p := view.Image{Rows: a.Example.Rows, Cols: a.Example.Cols, Values: make([]float64, len(a.Example.Values))}
	for i, v := range a.Example.Values {
		p.Values[i] = float64(v)
	}
	return func(r view.Rect) { p.Draw(m.frame, r, m.Theme) }
}

func (m *Model) about(box *view.Panel) func(view.Rect) {
	box.Title = "what this shows"
	if m.experiment.Title != "" {
		box.Title += " · " + m.experiment.Title
	}
	var spans []view.Span
	add := func(s theme.Style, text string) {
		if text == "" {
			return
		}
		if len(spans) > 0 {
			spans = append(spans, view.Span{Text: "\n"})
		}
		spans = append(spans, view.Span{Style: s, Text: text})
	}
	add(theme.Bad, m.problem)
	if m.snap != nil {
		add(theme.Bad, m.snap.Failure)
		for _, w := range m.snap.Warnings {
			add(theme.Warn, "Careful: "+w+".")
		}
	}
	if a, ok := m.selected(); ok && m.experiment.Reads() {
		add(theme.Strong, m.readingFound(a))
	} else if ok {
		add(theme.Strong, finding(a, task.Must(m.experiment.Task.Kind).Question))
	}
	add(theme.Plain, m.experiment.About)
	if m.experiment.Try != "" {
		add(theme.Key, "Try: "+m.experiment.Try)
	}
	add(theme.Dim, m.experiment.Differs)
	if m.snap != nil && m.snap.Slow != "" {
		add(theme.Dim, "Slow: "+m.snap.Slow+".")
	}
	return func(r view.Rect) { view.Paragraph{Spans: spans}.Draw(m.frame, r.Inset(1, 0), m.Theme) }
}

// selected is the arm that the map and the words are about.
func (m *Model) selected() (lab.ArmState, bool) {
	if m.snap == nil || m.arm >= len(m.snap.Arms) {
		return lab.ArmState{}, false
	}
	return m.snap.Arms[m.arm], true
}

func (m *Model) waiting() string {
	if m.problem != "" {
		return "nothing is trained"
	}
	if m.snap != nil && m.experiment.Reads() {
		return "the networks learn; then they are read out"
	}
	return "building the networks…"
}

// finding says in one sentence what an arm has been found to know, where what is
// the question of its task. The middle is the innermost ring that is more than
// a single cell: a network that is at a loss says the same cell again and
// again, and may hit that one always.
func finding(a lab.ArmState, what string) string {
	if a.Status == lab.Diverged {
		return fmt.Sprintf("%s has diverged: %s.", a.Name, a.Problem)
	}
	if len(a.Scores) == 0 {
		return fmt.Sprintf("%s has not been tested yet.", a.Name)
	}
	score, rings := a.Scores[0], a.Profiles[0].Rings
	middle := rings[len(rings)-1]
	if before := len(rings) - 2; before > 0 && 4*middle.N < rings[before].N {
		middle = rings[before]
	}
	outer, inner := rings[0].Value, middle.Value
	name := a.Name
	if !a.Status.Ended() {
		name = fmt.Sprintf("After %d steps %s", a.EvalStep, name)
	}
	percent := func(v metric.Number) string { return fmt.Sprintf("%.0f%%", 100*float64(v)) }
	for _, s := range a.Scores {
		if s.Metric != "border-interior" || score.Value <= score.Chance*1.5 {
			continue
		}
		points := func(v metric.Number) string {
			return strings.Replace(fmt.Sprintf("%+.1f", 100*float64(v)), "-", "−", 1)
		}
		return fmt.Sprintf("%s can tell %s in %s; next to the border that is %s points (%s to %s) against the interior, image by image.", name, what, percent(score.Value), points(s.Value), points(s.Low), points(s.High))
	}
	switch {
	case score.Value <= score.Chance*1.5:
		return fmt.Sprintf("%s cannot tell %s: right in %s, and guessing gives %s.", name, what, percent(score.Value), percent(score.Chance))
	case outer > inner+0.15:
		return fmt.Sprintf("%s knows its place next to the border (%s) and loses it in the middle (%s).", name, percent(outer), percent(inner))
	case inner > outer+0.15:
		return fmt.Sprintf("%s knows its place in the middle (%s) better than next to the border (%s).", name, percent(inner), percent(outer))
	}
	return fmt.Sprintf("%s knows its place about as well next to the border (%s) as in the middle (%s).", name, percent(outer), percent(inner))
}
