// Package app is the screen: the only Bubble Tea model. It polls the snapshots
// of one run, lays out the panes that tui/view draws, and turns keys into
// calls on the run. What it needs from the world (experiments, a way to start
// one, the look of the terminal) it is handed in a Config, so that one process
// can serve many screens.
package app

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// Config is what a screen is handed.
type Config struct {
	Theme   theme.Theme
	Presets []Preset
	First   string // the preset that is trained at once

	// Start builds an experiment and starts to train it. It is called outside
	// of Update and may take a while.
	Start func(*lab.Experiment) (*lab.Run, error)

	// Inspect looks into the network of an arm. It is called outside of Update,
	// may take seconds, and gives up when the context is done.
	Inspect func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error)
}

// A Preset is an experiment with the name that people know it by.
type Preset struct {
	Name       string
	Experiment *lab.Experiment
}

// A Model is one screen. Use it through a pointer: it is its own state.
type Model struct {
	Config
	frame *view.Frame
	drawn string // the frame as text, until something changes

	preset     Preset          // what was chosen
	experiment *lab.Experiment // what is trained: the preset with changes
	run        *lab.Run        // nil while it is being built
	snap       *lab.Snapshot   // the latest; of the run before while the next is being built
	problem    string          // why there is no run
	generation int             // of the run: what belongs to older ones is dropped

	focus  pane
	zoomed bool
	arm    int // the selected one
	curve  int // which of an arm's profiles is drawn
	log    bool
	layers []layer // what lies over the lab; the last sees keys first
}

// poll is how often a screen looks for a new snapshot.
const poll = 100 * time.Millisecond

type (
	tick    struct{ generation int }
	started struct {
		generation int
		run        *lab.Run
		err        error
	}
)

// New returns the screen, on which the first preset will be trained. It
// panics when there is no preset of that name.
func New(c Config) *Model {
	m := &Model{Config: c, frame: view.NewFrame(80, 24)}
	for _, p := range c.Presets {
		if p.Name == c.First {
			m.preset, m.experiment = p, p.Experiment.Clone()
			return m
		}
	}
	panic("app: no preset " + c.First)
}

// Close stops the run and waits for it. It is called when the program has
// ended.
func (m *Model) Close() {
	for _, l := range m.layers {
		if p, ok := l.(*inspection); ok {
			p.cancel()
		}
	}
	if m.run != nil {
		m.run.Stop()
		<-m.run.Done()
	}
}

// Init starts the first run.
func (m *Model) Init() tea.Cmd { return m.train(m.preset, m.experiment) }

// train leaves the run under way and builds another.
func (m *Model) train(p Preset, e *lab.Experiment) tea.Cmd {
	if m.run != nil {
		m.run.Stop()
	}
	m.generation++
	if p.Name != m.preset.Name {
		m.curve = 0
		if e.Compares("readout.taps") {
			m.curve = 1 // a bar for each tap
		}
	}
	m.preset, m.experiment, m.run, m.problem, m.arm = p, e.Clone(), nil, "", 0
	generation, start, handed := m.generation, m.Start, m.experiment.Clone()
	return func() tea.Msg {
		run, err := start(handed)
		return started{generation, run, err}
	}
}

// again is the next look at the run.
func (m *Model) again() tea.Cmd {
	generation := m.generation
	return tea.Tick(poll, func(time.Time) tea.Msg { return tick{generation} })
}

// Update takes one message. It never waits.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.frame.Resize(msg.Width, msg.Height)
	case started:
		if msg.generation != m.generation {
			if msg.run != nil {
				msg.run.Stop()
			}
			return m, nil
		}
		m.run, m.snap = msg.run, nil
		if msg.err != nil {
			m.problem = msg.err.Error()
			break
		}
		m.snap = m.run.Snapshot()
		m.drawn = ""
		return m, m.again()
	case tick:
		if msg.generation != m.generation || m.run == nil {
			return m, nil
		}
		s := m.run.Snapshot()
		if s.Version != m.snap.Version {
			m.snap, m.drawn = s, ""
		}
		if s.Status.Ended() {
			return m, nil
		}
		return m, m.again()
	case inspected:
		msg.of.take(msg)
	case tea.KeyMsg:
		m.drawn = ""
		return m, m.key(msg.String())
	default:
		return m, nil
	}
	m.drawn = ""
	return m, nil
}

// View returns the frame.
func (m *Model) View() string {
	if m.drawn == "" {
		m.draw()
		m.drawn = m.frame.String(m.Theme)
	}
	return m.drawn
}

// training reports whether leaving would lose something.
func (m *Model) training() bool {
	return m.problem == "" && (m.run == nil || m.snap == nil || !m.snap.Status.Ended())
}
