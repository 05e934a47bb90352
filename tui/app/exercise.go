package app

import (
	"fmt"
	"slices"
	"strings"

	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// An Exercise is what a teacher gives to everybody in a class: a preset to train, a
// change to make to it, and a question. It is never changed.
type Exercise struct {
	Preset   Preset
	Change   string   // in words
	Set      []string // key=value: what makes the change; empty: any change does
	Question string
	Answers  []string // to choose from; empty: one's own words
}

// Bounds of what a class keeps of an exercise.
const (
	maxPupils = 1000 // that have tried it or answered
	maxAnswer = 200  // letters
)

// A pupil is somebody who has tried an exercise or answered it.
type pupil struct {
	name    string
	changes string // that he has made to the preset, as --set has them
	made    bool   // that of the exercise is among them
	answer  string
}

// made reports whether an experiment is the exercise's preset with the change that is
// asked for.
func (x *Exercise) made(l *labScreen) bool {
	changed := l.experiment.Clone()
	for _, line := range x.Set {
		if changed.SetLine(line) != nil {
			return false
		}
	}
	if len(x.Set) == 0 {
		return len(changed.Changes(x.Preset.Experiment)) > 0
	}
	return len(changed.Changes(l.experiment)) == 0
}

// note changes what is known of somebody, who is told when there is no room. The class
// is locked.
func (c *Class) note(name string, change func(*pupil)) bool {
	i := slices.IndexFunc(c.pupils, func(p pupil) bool { return p.name == name })
	if i < 0 {
		if len(c.pupils) == maxPupils {
			return false
		}
		i = len(c.pupils)
		c.pupils = append(c.pupils, pupil{name: name})
	}
	change(&c.pupils[i])
	c.noted++
	return true
}

// tried notes what somebody trains.
func (c *Class) tried(l *labScreen) {
	x := c.Exercise
	if x == nil || l.teaches || l.preset.Name != x.Preset.Name {
		return
	}
	changes, made := strings.Join(l.experiment.Changes(x.Preset.Experiment), " "), x.made(l)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(l.visitor, func(p *pupil) { p.changes, p.made = changes, p.made || made })
}

// answer keeps somebody's answer, the last one that he gives.
func (c *Class) answer(l *labScreen, text string) effect {
	letters := []rune(strings.TrimSpace(report.Visible(text)))
	text = string(letters[:min(len(letters), maxAnswer)])
	c.mu.Lock()
	kept := c.note(l.visitor, func(p *pupil) { p.answer = text })
	c.mu.Unlock()
	if !kept {
		return effect{enter: complaint(fmt.Errorf("%d have answered already, and there is no room for more", maxPupils))}
	}
	if c.Answered != nil {
		c.Answered(l.visitor, text)
	}
	return effect{}
}

// answerOf is what somebody has answered.
func (c *Class) answerOf(l *labScreen) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pupils {
		if p.name == l.visitor {
			return p.answer
		}
	}
	return ""
}

// answers are all pupils as a table, and how many have answered.
func (c *Class) answers() (t report.Table, given int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Add("who", "answer", "change", "trained with")
	for _, p := range c.pupils {
		made := ""
		if p.made {
			made = "made"
		}
		if p.answer != "" {
			given++
		}
		t.Add(p.name, p.answer, made, p.changes)
	}
	return t, given
}

// openExercise shows the exercise to whoever is to do it, and to the teacher who has
// done what.
func (l *labScreen) openExercise() effect {
	if l.teaches {
		return effect{enter: &answers{class: l.class}}
	}
	x := l.class.Exercise
	text := x.Change + "\n\n" + x.Question + "\n\nThe teacher sees your name, your changes and your answer."
	given := l.class.answerOf(l)
	if given != "" {
		text += "\n\nYour answer: " + given
	}
	q := &question{title: "exercise", text: text}
	if l.attending() || l.preset.Name != x.Preset.Name {
		q.choices = append(q.choices, choice{"train " + x.Preset.Name + " yourself, and change it (e)", func() effect { return l.trainOwn(x.Preset, x.Preset.Experiment) }})
	}
	for _, a := range x.Answers {
		q.choices = append(q.choices, choice{"answer: " + a, func() effect { return l.class.answer(l, a) }})
	}
	if len(x.Answers) == 0 {
		q.choices = append(q.choices, choice{"answer in your own words", func() effect { return effect{enter: &writing{lab: l, text: newLine(given)}} }})
	}
	return effect{enter: q}
}

// A writing is an answer that is being written.
type writing struct {
	dialog
	lab  *labScreen
	text *line
}

func (w *writing) line() *line   { return w.text }
func (w *writing) typed() effect { return effect{} }

func (w *writing) keys() []key {
	return []key{
		{names: []string{"enter"}, hint: "answer", keep: true, do: func() effect {
			e := w.lab.class.answer(w.lab, w.text.text())
			e.leave = append(e.leave, w)
			return e
		}},
		{names: []string{"esc"}, hint: "back", keep: true, always: true, do: func() effect { return effect{leave: []screen{w}} }},
	}
}

func (w *writing) draw(on surface, r view.Rect) {
	p := words(theme.Plain, w.lab.class.Exercise.Question)
	width := min(76, r.W)
	inner := on.window("your answer", "enter answer · esc back", r.Centre(width, min(p.Height(width-4)+4, r.H)))
	line, rest := inner.CutBottom(1)
	on.put(p, rest)
	on.typed(w.text, true, line.X, line.Y, line.W)
}

// An answers screen is what a teacher sees of an exercise.
type answers struct {
	dialog
	class *Class
	skip  int
}

func (a *answers) keys() []key {
	scroll := func(by int) func() effect { return quietly(func() { a.skip = max(0, a.skip+by) }) }
	return []key{
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "scroll", do: scroll(1)},
		{names: []string{"up", "k"}, do: scroll(-1)},
		{names: []string{"pgdown", " "}, do: scroll(10)},
		{names: []string{"pgup"}, do: scroll(-10)},
		closing(a, "x"),
	}
}

func (a *answers) point(m mouse) effect {
	a.skip = max(0, a.skip+3*m.wheel)
	return effect{}
}

func (a *answers) draw(on surface, r view.Rect) {
	t, given := a.class.answers()
	inner := on.window(fmt.Sprintf("exercise: %s, %d tried", report.Count(given, "answer"), len(t)-1), "esc back", r)
	a.skip = min(a.skip, max(0, len(t)-2))
	text := a.class.Exercise.Question
	if len(t) == 1 {
		text += "\n\nNobody has tried it yet."
		t = nil
	}
	on.section(text, t, a.skip, inner)
}
