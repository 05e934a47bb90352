package serve

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"padlab/tui/app"
	"padlab/tui/paint"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A Look is what the server says of how screens look, where a session's terminal does
// not: auto is what its environment tells.
type Look struct {
	Glyphs string // braille, block, ascii or auto
	Dark   bool
}

// looks are the themes that were made, which sessions share.
type looks struct {
	mu sync.Mutex
	of map[lookKey]theme.Theme
}

type lookKey struct {
	profile termenv.Profile
	dark    bool
	glyphs  theme.Glyphs
}

func (l *looks) get(k lookKey) theme.Theme {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, ok := l.of[k]
	if !ok {
		if l.of == nil {
			l.of = map[lookKey]theme.Theme{}
		}
		t = theme.New(k.profile, k.dark, k.glyphs)
		l.of[k] = t
	}
	return t
}

// themes are those of a session: for the background that is expected, and the other.
// Clients seldom say what their terminal's locale is, but that it is UTF-8 is what
// SSH asks for; those of which TERM tells that they cannot are heeded.
func (v *visit) themes() (own, other theme.Theme) {
	getenv := func(name string) string {
		if name == "LANG" && v.env["LC_ALL"] == "" && v.env["LC_CTYPE"] == "" && v.env["LANG"] == "" {
			return "C.UTF-8"
		}
		return v.env[name]
	}
	k := lookKey{theme.ProfileFor(getenv), v.Look.Dark, theme.GlyphsFor(getenv)}
	if glyphs, err := theme.ParseGlyphs(v.Look.Glyphs); v.Look.Glyphs != "auto" && err == nil {
		k.glyphs = glyphs
	}
	turned := k
	turned.dark = !k.dark
	return v.looks.get(k), v.looks.get(turned)
}

// Frames are drawn so many a second, after a few that are drawn at once; sizes are
// changed no more often than every resizeTime.
const (
	frameRate, frameBurst = 30, 5
	resizeTime            = time.Second / 20
)

// screen shows the screen until it is left, and returns the exit code.
func (v *visit) screen() int {
	if !v.terminal {
		v.say("padlab: the screen needs a terminal: ssh -t; line commands need none: ssh HOST help\n")
		return 2
	}
	host, session, leave, err := v.Screen(v.visitor)
	if err != nil {
		v.say("padlab: " + err.Error() + "\n")
		return 1
	}
	defer leave()
	painter := paint.New(&outlet{visit: v, to: v.channel}, true)
	frames := &paced{frames: newBucket(frameRate, frameBurst)}
	session.Theme, session.Other = v.themes()
	session.Terminal.Show = func(f *view.Frame, t theme.Theme) {
		frames.frames.debt(1)
		painter.Show(f, t)
	}
	session.Terminal.Copy, session.Terminal.Title = painter.Copy, painter.Title
	model := app.New(host, session)
	frames.Model = model
	defer model.Close()
	painter.Open()
	defer painter.Close()
	first := v.window.Load()
	model.Resize(first.w, first.h)
	keys := &paint.Pastes{Most: maxPaste, From: &keyboard{from: inlet{v}, rate: newBucket(keyRate, keyBurst), pressed: v.press, gone: func() { v.end(errGone) }}}
	program := tea.NewProgram(frames, tea.WithContext(v.ctx), tea.WithInput(keys), tea.WithOutput(io.Discard),
		tea.WithoutSignalHandler(), tea.WithoutRenderer(), tea.WithFilter(neverSuspend))
	keys.Pasted = func(text string) { program.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text), Paste: true}) }
	go v.safely("the size of a screen", func() { v.sizes(program) })
	_, err = program.Run()
	painter.Close()
	if err != nil && !errors.Is(err, context.Canceled) && v.ctx.Err() == nil {
		v.logf("the screen of %s: %v", v.visitor.Address, err)
		return 1
	}
	return 0
}

// sizes hands the latest size on, now and then.
func (v *visit) sizes(program *tea.Program) {
	tick := time.NewTicker(resizeTime)
	defer tick.Stop()
	for {
		select {
		case <-v.resized:
			s := v.window.Load()
			program.Send(tea.WindowSizeMsg{Width: s.w, Height: s.h})
		case <-v.ctx.Done():
			return
		}
		select {
		case <-tick.C:
		case <-v.ctx.Done():
			return
		}
	}
}

// neverSuspend drops what would stop the process of all sessions.
func neverSuspend(_ tea.Model, msg tea.Msg) tea.Msg {
	if _, ok := msg.(tea.SuspendMsg); ok {
		return nil
	}
	return msg
}

// A paced model draws a frame at once when there were few lately, and else when it is
// time for the next: thousands of keys cost what a key that is held down costs.
type paced struct {
	*app.Model
	frames bucket
	due    bool // a frame is on its way
}

type draw struct{}

func (p *paced) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	if _, ok := msg.(draw); ok {
		p.due = false
	} else {
		_, cmd = p.Model.Update(msg)
	}
	if wait := p.frames.until(1); wait > 0 && !p.due {
		p.due = true
		cmd = tea.Batch(cmd, tea.Tick(wait, func(time.Time) tea.Msg { return draw{} }))
	}
	return p, cmd
}

func (p *paced) View() string {
	if !p.due {
		p.Model.View()
	}
	return ""
}
