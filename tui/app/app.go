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

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/experiment"
	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A Host is what a process lends to all its screens, on the pool and the caches
// that it has once. Its functions are called outside of Update, also at the same
// time, and may take a while. When one of them panics, the screen that asked
// says so, and everything else goes on.
type Host struct {
	// Start builds an experiment and starts to train it; after, if not nil, is a
	// run of it with fewer seeds, whose networks it takes over.
	Start func(ctx context.Context, e *experiment.Experiment, after *lab.Run) (*lab.Run, error)

	// Inspect looks into the network of an arm, as it is now. It gives up when
	// the context is done. With an error it may still know the geometry.
	Inspect func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error)
}

// A Session is one person at one terminal.
type Session struct {
	Theme   theme.Theme
	Presets []Preset // that may be chosen
	First   Preset   // what is trained at once,

	Experiment *experiment.Experiment // with these changes; nil: as it is
}

// A Preset is an experiment with the name that people know it by. It is never
// changed, so sessions may share it.
type Preset struct {
	Name       string
	Experiment *experiment.Experiment
}

// A Model is one session's program. Use it through a pointer: it is its own
// state.
type Model struct {
	surface
	stack []screen // the last is on top and has the keys
	drawn string   // the frame as text, until something changes
}

// New returns the program, in which the session's first preset will be trained.
func New(h *Host, s Session) *Model {
	return &Model{surface: surface{Frame: view.NewFrame(80, 24), Theme: s.Theme}, stack: []screen{newLab(h, s)}}
}

// Close ends what the screens have under way and waits for runs. It is called
// when the program has ended.
func (m *Model) Close() {
	for _, s := range slices.Backward(m.stack) {
		s.leave()
	}
}

// Init starts the first run.
func (m *Model) Init() tea.Cmd { return m.carryOut(m.stack[0].enter) }

// Update takes one message. It never waits.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.Resize(msg.Width, msg.Height)
		m.drawn = ""
	case tea.KeyMsg:
		return m, m.pressAll(msg)
	case answer:
		return m, m.carryOut(msg)
	}
	return m, nil
}

// pressAll answers a message of keys: letters that come fast, of a key that is
// held down over a slow line, come in one.
func (m *Model) pressAll(msg tea.KeyMsg) tea.Cmd {
	if msg.Type != tea.KeyRunes || msg.Alt || len(msg.Runes) < 2 {
		return m.carryOut(func() effect { return m.press(msg.String()) })
	}
	if msg.Paste { // nothing takes a text
		return nil
	}
	var all []tea.Cmd
	for _, r := range msg.Runes {
		all = append(all, m.carryOut(func() effect { return m.press(string(r)) }))
	}
	return tea.Batch(all...)
}

// press answers a key: what is in the table of the topmost screen is done.
func (m *Model) press(name string) effect {
	if name == "ctrl+c" {
		return effect{quit: true}
	}
	for _, k := range m.top().keys() {
		if slices.Contains(k.names, name) && (k.always || !m.tooSmall() || len(m.stack) > 1) {
			return k.do()
		}
	}
	return effect{}
}

// carryOut lets a screen act and does what it asks for. A panic of the screen
// becomes a message over it.
func (m *Model) carryOut(act func() effect) tea.Cmd {
	e, err := guarded(func() (effect, error) { return act(), nil })
	if err != nil {
		e = effect{enter: complaint(err)}
	}
	if !e.unchanged {
		m.drawn = ""
	}
	if i := slices.Index(m.stack, e.leave); i > 0 {
		m.stack = slices.Delete(m.stack, i, i+1)
		e.leave.leave()
	}
	var more tea.Cmd
	if e.enter != nil {
		m.stack = append(m.stack, e.enter)
		more = m.carryOut(e.enter.enter)
	}
	if e.quit {
		return tea.Quit
	}
	return tea.Batch(e.work, more)
}

func (m *Model) top() screen { return m.stack[len(m.stack)-1] }

// View returns the frame.
func (m *Model) View() string {
	if m.drawn == "" {
		m.draw()
		m.drawn = m.Frame.String(m.Theme)
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
// sight.
func (m *Model) draw() {
	m.Clear()
	window := m.Bounds()
	if m.tooSmall() {
		text := fmt.Sprintf("padlab needs %d×%d characters; this window has %d×%d. Make it larger, or press q to quit.", leastWidth, leastHeight, window.W, window.H)
		if len(m.stack) > 1 {
			text = "Make the window larger, or press esc."
		}
		m.put(words(theme.Plain, text), window)
		return
	}
	foot, body := window.CutBottom(1)
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
