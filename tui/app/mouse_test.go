package app

import (
	"fmt"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/tui/view"
)

// pointing is a lab with fixed numbers, drawn in a window of some size.
func pointing(t *testing.T, w, h int) *driver {
	s := newScreen(t, 1_000_000, mono)
	s.settle(s.running)
	s.lab().run.Pause()
	s.lab().host.Inspect = looked
	s.pending = nil
	s.show(shown(s.lab().experiment))
	s.send(tea.WindowSizeMsg{Width: w, Height: h})
	return s
}

var windows = [][2]int{{60, 16}, {80, 24}, {120, 40}}

func TestTheMouseInTheLab(t *testing.T) {
	for _, size := range windows {
		s := pointing(t, size[0], size[1])
		l := s.lab()
		arms := l.drawn[armsPlace].rect
		for i, a := range l.snap.Arms {
			// The list scrolls: what is seen of the arm is clicked, if it is.
			for y := arms.Y + 1; y < arms.Y+arms.H-1; y++ {
				if line := []rune(s.lines()[y]); strings.Contains(string(line[arms.X:]), " "+a.Name+" ") {
					s.click(arms.X+4, y)
					if l.arm != i || l.focus != armsPlace {
						t.Errorf("%v: a click on %s selects arm %d", size, a.Name, l.arm)
					}
				}
			}
		}
		for p, d := range l.drawn {
			if d.rect.Empty() {
				continue
			}
			s.click(d.rect.X, d.rect.Y) // the rim
			if l.focus != place(p) {
				t.Errorf("%v: a click on box %d focuses %d", size, p, l.focus)
			}
		}

		// Every ring of the chart is reached, and only those that there are.
		chart := l.drawn[chartPlace].rect
		rings := map[float64]bool{}
		for x := chart.X; x < chart.X+chart.W; x++ {
			s.click(x, chart.Y+chart.H/2)
			p := l.board().chart().inside.(view.Profile)
			want, over := p.At(chart.Inset(1, 1), x, chart.Y+chart.H/2)
			got, ok := l.cursor.Value()
			if ok != over || ok && got != want {
				t.Fatalf("%v: column %d sets the cursor at %v, want %v", size, x, got, want)
			}
			if ok {
				rings[got] = true
			}
		}
		if len(rings) != 3 {
			t.Errorf("%v: rings %v are reached", size, rings)
		}

		s.click(chart.X+chart.W/2, chart.Y+chart.H/2)
		was := l.arm
		s.wheel(chart.X+3, chart.Y+3, 1)
		if l.arm != (was+1)%4 {
			t.Error("the wheel selects no arm")
		}
		s.wheel(chart.X+3, chart.Y+3, -1)
		if l.arm != was {
			t.Error("the wheel does not go back")
		}
		if r := l.drawn[picturePlace].rect; !r.Empty() {
			s.wheel(r.X+1, r.Y+1, 1)
			s.wheel(r.X+1, r.Y+1, 1)
			s.wheel(r.X+1, r.Y+1, -1)
			if l.sight.picture != 1 {
				t.Errorf("picture %d", l.sight.picture)
			}
		}
		about := l.drawn[aboutPlace].rect
		for range 30 {
			s.wheel(about.X+1, about.Y+1, 1)
		}
		down := l.scroll
		s.wheel(about.X+1, about.Y+1, -1)
		if down > 0 && l.scroll != down-1 {
			t.Errorf("scrolled %d, then %d", down, l.scroll)
		}
	}
}

// A click on a hint does what its key does, on every screen.
func TestClicksOnHints(t *testing.T) {
	for _, size := range windows[1:2] {
		screens := []string{"", "e", "p", "o", "t", "?", "i", "a", "q", "c"}
		if testing.Short() {
			screens = screens[:2] // under the race detector: one after the other they start what they start there
		}
		for _, open := range screens {
			reach := func() *driver {
				s := pointing(t, size[0], size[1])
				if open != "" {
					s.press(open)
				}
				return s
			}
			for n, k := range reach().top().keys() {
				if k.hint == "" {
					continue
				}
				s := reach()
				foot := s.lines()[size[1]-1]
				label := k.label() + " " + k.hint
				before, _, ok := strings.Cut(foot, label)
				if !ok {
					continue // there is no room for it
				}
				// Of a pair the first glyph is the row behind.
				for x, row := range map[int]int{view.Columns(before): n, view.Columns(before + k.label() + " "): n} {
					if k.pair() && x == view.Columns(before) {
						row++
					}
					s := reach()
					s.click(x, size[1]-1)
					clicked := s.state()
					s = reach()
					s.carryOut(s.top().keys()[row].do)
					if pressed := s.state(); clicked != pressed {
						t.Errorf("%v, after %q: a click on %q leads to %s, its key to %s", size, open, label, clicked, pressed)
					}
				}
			}
		}
	}
}

// state is roughly where the screen is.
func (s *driver) state() string {
	var b strings.Builder
	for _, screen := range s.stack {
		b.WriteString(strings.TrimPrefix(fmt.Sprintf("%T", screen), "*app.") + " ")
	}
	l := s.lab()
	if l.run.Paused() {
		b.WriteString("paused ")
	}
	if l.zoomed {
		b.WriteString("zoomed ")
	}
	b.WriteString([]string{"chart", "arms", "loss", "map", "picture", "about"}[l.focus])
	return b.String()
}

// Where nothing is, and where the window is too small or something else lies over
// it, clicks do nothing: never what was there before.
func TestClicksBesideEverything(t *testing.T) {
	for _, size := range windows {
		s := pointing(t, size[0], size[1])
		all := func() { // but the hints
			for x := -1; x <= size[0]; x += 3 {
				for y := -1; y < size[1]-1; y++ {
					s.click(x, y)
					s.wheel(x, y, 1)
				}
			}
		}
		for _, at := range [][2]int{{-1, -1}, {size[0], size[1]}, {10_000, 3}, {3, 10_000}, {0, 0}, {size[0] - 1, 0}, {0, size[1] - 1}, {size[0] - 1, size[1] - 1}} {
			s.click(at[0], at[1])
		}
		l := s.lab()
		if l.focus != chartPlace || l.arm != 0 || len(s.stack) != 1 {
			t.Errorf("%v: %s", size, s.state())
		}
		for _, button := range []tea.MouseButton{tea.MouseButtonRight, tea.MouseButtonMiddle, tea.MouseButtonWheelLeft, tea.MouseButtonNone} {
			s.send(tea.MouseMsg{X: 5, Y: size[1] - 5, Action: tea.MouseActionPress, Button: button})
		}
		s.send(tea.MouseMsg{X: 5, Y: size[1] - 5, Action: tea.MouseActionMotion, Button: tea.MouseButtonLeft})
		s.send(tea.MouseMsg{X: 5, Y: size[1] - 5, Action: tea.MouseActionRelease, Button: tea.MouseButtonLeft})
		if l.focus != chartPlace {
			t.Errorf("%v: another button, a drag or a release focuses %d", size, l.focus)
		}

		s.send(tea.WindowSizeMsg{Width: 50, Height: 12})
		before := s.state()
		all()
		if s.state() != before || l.arm != 0 || l.cursor != (view.Optional{}) {
			t.Errorf("clicks in a window that is too small: %s", s.state())
		}
		s.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})

		s.press("z") // what is not drawn is not clicked
		s.click(l.drawn[chartPlace].rect.X+1, size[1]-3)
		if l.focus != chartPlace {
			t.Errorf("a click on what a zoom covers focuses %d", l.focus)
		}
		s.press("z", "c")
		all()
		if l.focus != chartPlace || l.arm != 0 {
			t.Errorf("%v: clicks over a page reach the lab: %s, arm %d", size, s.state(), l.arm)
		}
	}
}

// Rows of lists are opened by a second click.
func TestClicksInLists(t *testing.T) {
	for _, size := range windows {
		s := pointing(t, size[0], size[1])
		s.press("p")
		s.clickOn("other ")
		p := s.top().(*presetPicker)
		if p.selected != 1 {
			t.Fatalf("%v: preset %d", size, p.selected)
		}
		s.clickOn("▸ other")
		if len(s.stack) != 1 || s.lab().next == nil || s.lab().next.preset.Name != "other" {
			t.Errorf("%v: a second click does not train it: %s\n%s", size, s.state(), s.View())
		}

		s = pointing(t, size[0], size[1])
		s.press("e")
		f := s.form()
		s.press("/")
		s.types("grid")
		s.press("enter")
		for i, field := range f.rows {
			if field.Key != "canvas.grid" {
				continue
			}
			_, heading := s.at("canvas", f.list.Y)
			x, y := s.at("grid ", heading)
			if s.click(x, y); f.selected != i {
				t.Errorf("%v: field %d", size, f.selected)
			}
			if s.click(x, y); f.edit == nil {
				t.Errorf("%v: a second click does not change it", size)
			}
		}

		s = pointing(t, size[0], size[1])
		s.lab().snap.Status = "running"
		s.press("q")
		s.clickOn("go on training")
		if len(s.stack) != 1 {
			t.Errorf("%v: the question is still there", size)
		}
	}
}
