package app

import (
	"flag"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
	"pgregory.net/rapid"

	"padlab/core/record"
	"padlab/tui/theme"
)

// special are the messages of keys that are no letters.
var special = map[string]tea.KeyMsg{
	"enter": {Type: tea.KeyEnter}, "esc": {Type: tea.KeyEsc}, "tab": {Type: tea.KeyTab}, "shift+tab": {Type: tea.KeyShiftTab},
	"up": {Type: tea.KeyUp}, "down": {Type: tea.KeyDown}, "left": {Type: tea.KeyLeft}, "right": {Type: tea.KeyRight},
	"pgup": {Type: tea.KeyPgUp}, "pgdown": {Type: tea.KeyPgDown}, "backspace": {Type: tea.KeyBackspace}, "delete": {Type: tea.KeyDelete},
	"home": {Type: tea.KeyHome}, "end": {Type: tea.KeyEnd}, " ": {Type: tea.KeySpace, Runes: []rune{' '}}, "ctrl+c": {Type: tea.KeyCtrlC},
	"ctrl+z": {Type: tea.KeyCtrlZ}, "ctrl+u": {Type: tea.KeyCtrlU}, "ctrl+w": {Type: tea.KeyCtrlW}, "f1": {Type: tea.KeyF1},
}

// message is that of a key.
func message(name string) tea.KeyMsg {
	if msg, ok := special[name]; ok {
		return msg
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// anyKey is mostly one of the keys of the screen on top.
func anyKey(rt *rapid.T, s *driver) string {
	var names []string
	for _, k := range s.top().keys() {
		names = append(names, k.names...)
	}
	names = append(names, "left", "right", "up", "down", "enter", "enter", "esc", "backspace", "delete", "home", "end", "ctrl+u", "ctrl+w", "ctrl+z", "f1", "3", ",", "c", "漢")
	return rapid.SampledFrom(names).Draw(rt, "key")
}

// whole checks that a frame has the size of the window, and tells of no fault.
func (s *driver) whole(rt *rapid.T) {
	text := s.View()
	bounds := s.Bounds()
	if strings.Contains(ansi.Strip(text), "a fault of padlab") {
		rt.Fatalf("a fault:\n%s", ansi.Strip(text))
	}
	if bounds.H == 0 {
		return
	}
	lines := strings.Split(text, "\n")
	if len(lines) != bounds.H {
		rt.Fatalf("%d lines on a screen of %d", len(lines), bounds.H)
	}
	for i, l := range lines {
		if w := ansi.StringWidth(l); w != bounds.W {
			rt.Fatalf("line %d has %d columns of %d: %q", i, w, bounds.W, l)
		}
	}
}

// Whatever is pressed, typed, pasted, clicked and resized, in whatever order the
// answers come: the frame has the size of the window, nothing panics, nothing hangs,
// and what is drawn of changes alone is what would be drawn anew.
func TestAnythingAtAll(t *testing.T) {
	p := pool(t)
	history := &record.History{Dir: t.TempDir(), Disk: record.OS{}, Now: time.Now, Keep: 20}
	began, more := time.Now(), flag.Lookup("rapid.checks").Value.String() != "100"
	rapid.Check(t, func(rt *rapid.T) {
		if !more && time.Since(began) > 5*time.Second {
			return // -rapid.checks takes the time that it takes
		}
		h := &Host{Start: keeping(history, p), History: history, Inspect: looked, Seen: func() int { return 3 }, Follow: func(int) error { return nil }}
		h.Save = func(name string, _ []byte) (string, error) { return name + "-mine.toml", nil }
		h.Export = func(_ record.Result, name, kind string) (string, error) { return name + "." + kind, nil }
		h.Geometry = geometry
		colour := theme.New(termenv.TrueColor, true, theme.Braille)
		s := drive(uncleaned{t}, h, Session{Theme: colour, Other: theme.New(termenv.TrueColor, false, theme.Braille), Presets: presets(t, 8), First: presets(t, 8)[0], Terminal: Terminal{Copy: func(string) {}, Bell: func() {}, Title: func(string) {}, Suspend: func() {}}})
		defer s.Close()
		// one carries out a pending command, any of them.
		one := func() {
			if len(s.pending) == 0 {
				return
			}
			i := rapid.IntRange(0, len(s.pending)-1).Draw(rt, "pending")
			c := s.pending[i]
			s.pending = append(s.pending[:i:i], s.pending[i+1:]...)
			switch msg := c().(type) {
			case tea.BatchMsg:
				for _, c := range msg {
					if c != nil {
						s.pending = append(s.pending, c)
					}
				}
			case tea.QuitMsg, tea.SuspendMsg:
			default:
				s.send(msg)
			}
		}
		for range rapid.IntRange(1, 40).Draw(rt, "messages") {
			switch rapid.IntRange(0, 19).Draw(rt, "kind") {
			case 0:
				sizes := [][2]int{{80, 24}, {80, 24}, {120, 40}, {60, 16}, {200, 60}, {0, 0}, {1, 1}, {10_000, 10_000}, {59, 16}, {61, 150}, {-1, 5}}
				size := rapid.SampledFrom(sizes).Draw(rt, "size")
				s.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			case 1:
				text := rapid.StringN(0, 40, 200).Draw(rt, "text")
				s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text), Paste: rapid.Bool().Draw(rt, "pasted")})
			case 2, 3:
				b := s.Bounds()
				s.send(tea.MouseMsg{
					X: rapid.IntRange(-1, b.W+1).Draw(rt, "x"), Y: rapid.IntRange(-1, b.H+1).Draw(rt, "y"),
					Button: rapid.SampledFrom([]tea.MouseButton{tea.MouseButtonLeft, tea.MouseButtonLeft, tea.MouseButtonWheelUp, tea.MouseButtonWheelDown, tea.MouseButtonRight}).Draw(rt, "button"),
					Action: rapid.SampledFrom([]tea.MouseAction{tea.MouseActionPress, tea.MouseActionPress, tea.MouseActionMotion, tea.MouseActionRelease}).Draw(rt, "action"),
				})
			case 4, 5, 6, 7:
				one()
			case 8:
				if run := s.lab().run; run != nil {
					s.send(answer(func() effect { return s.lab().look(run) }))
				}
			default:
				s.send(message(anyKey(rt, s)))
			}
			s.whole(rt)
			if len(s.stack) == 1 && !s.tooSmall() {
				late := s.lab().drawn[lossPlace].rect
				if got, want := without(s.Frame, late, mono), without(s.anew(), late, mono); got != want {
					rt.Fatalf("the screen shows\n%s\nand anew it would be\n%s", got, want)
				}
			}
		}
		for n := 0; len(s.pending) > 0 && n < 10; n++ {
			one()
			s.whole(rt)
		}
	})
}

// uncleaned is a test whose driver is closed by who made it.
type uncleaned struct{ testing.TB }

func (uncleaned) Cleanup(func()) {}
