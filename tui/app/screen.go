package app

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/tui/theme"
	"padlab/tui/view"
)

// A screen is something to look at and act on: the lab, or what was opened over
// it. It belongs to the goroutine of Update.
type screen interface {
	enter() effect // when it comes onto the stack
	leave()        // when it is taken away, or the program has ended
	keys() []key   // while it is on top
	draw(on surface, r view.Rect)
}

// A dialog is embedded by screens that have nothing under way.
type dialog struct{}

func (dialog) enter() effect { return effect{} }
func (dialog) leave()        {}

// An effect is what a screen asks of the program; the zero effect is nothing.
// A screen is taken away before another one comes.
type effect struct {
	leave     []screen // are taken off the stack, unless one is at the bottom
	enter     screen   // is put on top
	work      tea.Cmd  // from work or after
	quit      bool
	unchanged bool   // all that is shown is as it was: nothing has to be drawn
	ticked    bool   // only the lab has changed, which draws what is new
	room      room   // everything over the lab is taken away, and this opened
	copy      string // goes into the clipboard
	turn      bool   // to the theme for the other background
	bell      bool
}

// A room is a screen that is opened by its number.
type room int

const (
	labRoom room = 1 + iota
	inspectRoom
	presetsRoom
	runsRoom
	helpRoom
)

// A pointed screen answers the mouse.
type pointed interface{ point(mouse) effect }

// A mouse is where something was clicked or, with wheel −1 or 1, scrolled.
type mouse struct{ x, y, wheel int }

// on reports whether that was in r.
func (m mouse) on(r view.Rect) bool { return r.Contains(m.x, m.y) }

// A surface is what screens draw on, with the look of the session's terminal.
type surface struct {
	*view.Frame
	theme.Theme
	active bool // the screen that draws is on top
	kept   bool // what the frame shows is what the screen drew last
}

// A drawer is a value that draws itself into a rectangle, as most of view's do.
type drawer interface {
	Draw(*view.Frame, view.Rect, theme.Theme)
}

func (s surface) put(d drawer, r view.Rect) { d.Draw(s.Frame, r, s.Theme) }

// window clears r, draws a box with the focus along its rim, and returns the
// rectangle inside, with a blank at either side.
func (s surface) window(title, foot string, r view.Rect) view.Rect {
	s.Fill(r, theme.Plain)
	return view.Panel{Title: title, Foot: foot, Focused: true}.Draw(s.Frame, r, s.Theme).Inset(1, 0)
}

// inset leaves a column free at either side.
type inset struct{ drawer }

func (i inset) Draw(f *view.Frame, r view.Rect, t theme.Theme) { i.drawer.Draw(f, r.Inset(1, 0), t) }

// words is a paragraph in one style.
func words(s theme.Style, text string) view.Paragraph {
	return view.Paragraph{Spans: []view.Span{{Style: s, Text: text}}}
}

// An answer is the only message that the program sends itself: what a screen
// wants to do, in Update, when something it asked for is there.
type answer func() effect

// work returns a command that lets do run outside of Update, where it must not
// touch any screen, and then has its screen take what came of it. A panic is an
// error like others.
func work[T any](do func() (T, error), take func(T, error) effect) tea.Cmd {
	return func() tea.Msg {
		value, err := guarded(do)
		return answer(func() effect { return take(value, err) })
	}
}

// after returns a command that has a screen act when some time has passed.
func after(d time.Duration, act func() effect) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return answer(act) })
}

// guarded turns a panic into an error: networks that have trained for an hour
// are not lost because something else has a fault.
func guarded[T any](do func() (T, error)) (value T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("a fault of padlab%s: %v; what is trained goes on", faultAt(), v)
		}
	}()
	return do()
}

// faultAt is the place in our own code that panicked, for whoever mends it.
func faultAt() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	panicked := false
	for {
		f, more := frames.Next()
		if panicked && strings.HasPrefix(f.Function, "padlab/") {
			return fmt.Sprintf(" (%s:%d)", filepath.Base(f.File), f.Line)
		}
		panicked = panicked || f.Function == "runtime.gopanic"
		if !more {
			return ""
		}
	}
}
