// Package app is the screen: the only Bubble Tea model. It is a stack of
// screens, the lab at the bottom, each with its keys, its drawing and what it
// does when it comes and goes. Screens do not reach into the program or into
// each other: what a key or an answer leads to is an [effect] that they return,
// and a dialog calls back with what was chosen.
//
// What a process shares among all who look ([Host]) and what belongs to one of
// them ([Session]) are two values, so that one process can serve many.
package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	_ "before/bubbletea" // which would ask the terminal for its background

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/experiment"
	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/record"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A Host is what a process lends to all its screens, on the pool and the caches
// that it has once. Its functions are called outside of Update, also at the same
// time, and may take a while. When one of them panics, the screen that asked
// says so, and everything else goes on.
type Host struct {
	// Start builds an experiment and starts to train it.
	Start func(context.Context, Wish) (*lab.Run, error)

	// Queues says that Start may wait for runs of others, and calls Wish.Waits.
	Queues bool

	// History keeps the runs; nil: nothing is kept.
	History *record.History

	// Save writes an experiment file, and returns where it is.
	Save func(name string, data []byte) (path string, err error)

	// Geometry is what follows from the shape of an arm's network alone.
	Geometry func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, error)

	// Export writes a result as a file of a kind, svg, png, pdf or csv, and
	// returns where it is.
	Export func(r record.Result, name, kind string) (path string, err error)

	// Seen is how far the tour was followed, and Follow keeps that. Either may
	// be nil.
	Seen   func() int
	Follow func(step int) error

	// Inspect looks into the network of an arm, as it is now. It gives up when
	// the context is done. With an error it may still know the geometry.
	Inspect func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error)
}

// A Wish is what is to be trained.
type Wish struct {
	Preset     Preset                 // what it is called, and what it was before changes
	Experiment *experiment.Experiment // with them
	After      *lab.Run               // a run of it with fewer seeds, whose networks it takes over; nil: none
	From       *record.Record         // where a run was stopped that this one goes on with; nil: none

	// Waits is called with the place in the queue, from 1 on, and its length, while
	// others have to end first. It returns at once.
	Waits func(place, of int)
}

// A Session is one person at one terminal.
type Session struct {
	Theme   theme.Theme
	Other   theme.Theme // for the other background: a key turns to it
	Presets []Preset    // that may be chosen
	First   Preset      // what is trained at once,

	Experiment *experiment.Experiment // with these changes; nil: as it is
	Record     *record.Record         // is looked at in place of training; nil: none
	Terminal   Terminal
	Poll       time.Duration // how often a run is looked at; 0: ten times a second

	Class   *Class // is watched, or taught; nil: there is none
	Teaches bool
	Visitor string // who that is, as the teacher is told
}

// A Terminal is what a session's terminal can be asked for. What is nil it cannot
// do: without Show, frames are what View returns.
type Terminal struct {
	Show    func(*view.Frame, theme.Theme) // returns at once, and keeps nothing of the frame
	Copy    func(text string)              // into the clipboard
	Title   func(text string)
	Bell    func()
	Keys    map[string]string // other names of keys: what each stands for
	Suspend func()            // hands the terminal back to the shell,
	Resume  func()            // and takes it again
}

// A Preset is an experiment with the name that people know it by. It is never
// changed, so sessions may share it.
type Preset struct {
	Name       string
	Experiment *experiment.Experiment
	Section    string // under which it is listed
}

// A Model is one session's program. Use it through a pointer: it is its own
// state.
type Model struct {
	surface
	terminal Terminal
	other    theme.Theme
	stack    []screen // the last is on top and has the keys
	foot     view.Rect
	title    string

	stale bool   // something that is shown has changed
	ticks bool   // but only in the bottom screen, which knows what
	drawn string // the frame as text, without Terminal.Show
}

// New returns the program, in which the session's experiment will be trained.
func New(h *Host, s Session) *Model {
	return &Model{
		surface: surface{Frame: view.NewFrame(80, 24), Theme: s.Theme}, other: s.Other, terminal: s.Terminal,
		stack: []screen{newLab(h, s)}, stale: true,
	}
}

// Close ends what the screens have under way and waits for runs. It is called
// when the program has ended.
func (m *Model) Close() {
	for _, s := range slices.Backward(m.stack) {
		s.leave()
	}
}

// lab is the screen at the bottom.
func (m *Model) lab() *labScreen { return m.stack[0].(*labScreen) }

// Init starts the first run.
func (m *Model) Init() tea.Cmd { return m.carryOut(m.stack[0].enter) }

// Update takes one message. It never waits.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.Resize(msg.Width, msg.Height)
		m.stale, m.ticks = true, false
	case tea.KeyMsg:
		return m, m.pressAll(msg)
	case tea.MouseMsg:
		return m, m.carryOut(func() effect { return m.point(tea.MouseEvent(msg)) })
	case tea.ResumeMsg:
		if m.terminal.Resume != nil {
			m.terminal.Resume()
		}
		m.stale, m.ticks = true, false
	case answer:
		return m, m.carryOut(msg)
	}
	return m, nil
}

// pressAll answers a message of keys: letters that come fast, of a key that is
// held down over a slow line, come in one.
func (m *Model) pressAll(msg tea.KeyMsg) tea.Cmd {
	if t, ok := m.top().(typist); ok && t.line() != nil && t.line().takes(msg) {
		return m.carryOut(func() effect {
			t.line().take(msg)
			return t.typed()
		})
	}
	if msg.Type != tea.KeyRunes || msg.Alt || len(msg.Runes) < 2 {
		return m.carryOut(func() effect { return m.press(msg.String()) })
	}
	if msg.Paste { // nothing takes a text
		return nil
	}
	var all []tea.Cmd
	for _, r := range msg.Runes {
		all = append(all, m.pressAll(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}))
	}
	return tea.Batch(all...)
}

// press answers a key: what is in the table of the topmost screen is done.
func (m *Model) press(name string) effect {
	if known, ok := m.terminal.Keys[name]; ok {
		name = known
	}
	switch name {
	case "ctrl+c":
		return effect{quit: true}
	case "ctrl+z":
		if m.terminal.Suspend == nil {
			return effect{}
		}
		m.terminal.Suspend()
		return effect{work: tea.Suspend}
	}
	for _, k := range m.top().keys() {
		if slices.Contains(k.names, name) && (k.always || !m.tooSmall() || len(m.stack) > 1) {
			return k.do()
		}
	}
	return effect{}
}

// point answers the mouse: a click on a hint is its key, everything else is the
// business of the topmost screen.
func (m *Model) point(e tea.MouseEvent) effect {
	if e.Action != tea.MouseActionPress || m.tooSmall() {
		return effect{unchanged: true}
	}
	at := mouse{x: e.X, y: e.Y}
	switch e.Button {
	case tea.MouseButtonWheelUp:
		at.wheel = -1
	case tea.MouseButtonWheelDown:
		at.wheel = 1
	case tea.MouseButtonLeft:
	default:
		return effect{unchanged: true}
	}
	if m.foot.Contains(at.x, at.y) && at.wheel == 0 {
		return m.pointHint(at.x)
	}
	if p, ok := m.top().(pointed); ok {
		return p.point(at)
	}
	return effect{unchanged: true}
}

// pointHint answers a click on the line of hints. Of a pair such as ← → the first
// glyph is the row behind: see [key].
func (m *Model) pointHint(x int) effect {
	table := m.top().keys()
	line := m.foot.Inset(1, 0)
	i, ok := hints(table).At(line, x)
	if !ok {
		return effect{unchanged: true}
	}
	for n, k := range table {
		if k.hint == "" {
			continue
		}
		if i--; i >= 0 {
			continue
		}
		before, ok := hints(table).At(line, x-1)
		at, _ := hints(table).At(line, x)
		if first := !ok || before != at; first && k.pair() && n+1 < len(table) {
			return table[n+1].do()
		}
		return k.do()
	}
	return effect{unchanged: true}
}

// carryOut lets a screen act and does what it asks for. A panic of the screen
// becomes a message over it.
func (m *Model) carryOut(act func() effect) tea.Cmd {
	e, err := guarded(func() (effect, error) { return act(), nil })
	if err != nil {
		e = effect{enter: complaint(err)}
	}
	if !e.unchanged {
		m.ticks = e.ticked && (m.ticks || !m.stale)
		m.stale = true
	}
	if e.turn && m.other.Colour() {
		m.Theme, m.other = m.other, m.Theme
	}
	if e.copy != "" && m.terminal.Copy != nil {
		m.terminal.Copy(e.copy)
	}
	if e.bell && m.terminal.Bell != nil {
		m.terminal.Bell()
	}
	if l, ok := m.stack[0].(*labScreen); ok && l.teaches {
		l.class.teach(l)
	}
	var work tea.Cmd
	if e.room != 0 {
		for len(m.stack) > 1 {
			last := m.top()
			m.stack = m.stack[:len(m.stack)-1]
			last.leave()
		}
		work = m.carryOut(func() effect { return m.lab().open(e.room) })
	}
	for _, s := range e.leave {
		if i := slices.Index(m.stack, s); i > 0 {
			m.stack = slices.Delete(m.stack, i, i+1)
			s.leave()
		}
	}
	var more tea.Cmd
	if e.enter != nil {
		m.stack = append(m.stack, e.enter)
		more = m.carryOut(e.enter.enter)
	}
	if e.quit {
		return tea.Quit
	}
	return together(e.work, more, work)
}

// together is a batch of the commands that are not nil.
func together(list ...tea.Cmd) tea.Cmd {
	list = slices.DeleteFunc(list, func(c tea.Cmd) bool { return c == nil })
	if len(list) == 1 {
		return list[0]
	}
	return tea.Batch(list...)
}

func (m *Model) top() screen { return m.stack[len(m.stack)-1] }

// View shows the frame, or returns it as text where nothing else shows it.
func (m *Model) View() string {
	if m.stale {
		m.draw()
		m.stale, m.ticks = false, false
		if m.terminal.Show == nil {
			m.drawn = m.Frame.String(m.Theme)
		} else {
			m.terminal.Show(m.Frame, m.Theme)
		}
		if title := m.lab().windowTitle(); m.terminal.Title != nil && title != m.title {
			m.title = title
			m.terminal.Title(title)
		}
	}
	return m.drawn
}

// The smallest window in which screens can be drawn.
const (
	leastWidth  = 60
	leastHeight = 16
)

func (m *Model) tooSmall() bool {
	r := m.Bounds()
	return r.W < leastWidth || r.H < leastHeight
}

// draw draws all screens, each over those below it, and the keys of the topmost
// one. The first row is the status line of the bottom screen, and stays in
// sight. Where only the bottom screen has ticked, and nothing lies over it, it
// draws what has changed.
func (m *Model) draw() {
	window := m.Bounds()
	foot, body := window.CutBottom(1)
	m.foot = foot
	if m.ticks && len(m.stack) == 1 && !m.tooSmall() {
		on := m.surface
		on.active, on.kept = true, true
		if _, err := guarded(func() (struct{}, error) { m.lab().draw(on, body); return struct{}{}, nil }); err == nil {
			return
		}
	}
	m.Clear()
	if m.tooSmall() {
		text := fmt.Sprintf("padlab needs %d×%d characters; this window has %d×%d. Make it larger, or press q to quit.", leastWidth, leastHeight, window.W, window.H)
		if len(m.stack) > 1 {
			text = "Make the window larger, or press esc."
		}
		m.put(words(theme.Plain, text), window)
		return
	}
	for i, s := range m.stack {
		on := m.surface
		on.active = i == len(m.stack)-1
		r := body
		if i > 0 {
			_, r = body.CutTop(1)
		}
		if _, err := guarded(func() (struct{}, error) { s.draw(on, r); return struct{}{}, nil }); err != nil {
			m.Fill(r, theme.Plain)
			m.put(words(theme.Bad, err.Error()), r)
		}
	}
	m.put(hints(m.top().keys()), foot.Inset(1, 0))
}

// Shown is what the lab shows when the program is left, nil if there is nothing
// to show yet, and the command that runs it.
func (m *Model) Shown() (snap *lab.Snapshot, command string) {
	l := m.lab()
	if l.snap == nil || l.snap.Evaluated == 0 {
		return nil, ""
	}
	return l.snap, "padlab run " + l.experiment.OneLine(l.preset.Name, l.preset.Experiment)
}
