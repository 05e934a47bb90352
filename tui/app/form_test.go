package app

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/nn/kernel"
)

// formed is a lab with a run that goes on, and the form over it; what is copied
// lands in copied.
func formed(t *testing.T, steps int) (s *driver, copied *string) {
	copied = new(string)
	h := host(pool(t))
	all := presets(t, steps)
	s = drive(t, h, Session{Theme: mono, Presets: all, First: all[0], Terminal: Terminal{Copy: func(text string) { *copied = text }}})
	s.settle(s.ready)
	s.send(tea.WindowSizeMsg{Width: 100, Height: 30})
	s.press("e")
	return s, copied
}

func (s *driver) form() *form {
	s.Helper()
	f, ok := s.top().(*form)
	if !ok {
		s.Fatalf("the form is not on top but %T:\n%s", s.top(), s.View())
	}
	return f
}

// goTo selects a field by looking for its key, and leaves what is looked for.
func (s *driver) goTo(key string) {
	s.Helper()
	s.press("/")
	s.types(key)
	s.press("enter")
	f := s.form()
	for range len(f.rows) {
		if f.rows[f.selected].Key == key {
			return
		}
		s.press("down")
	}
	s.Fatalf("%s is not found by its name:\n%s", key, s.View())
}

func TestAFieldIsTyped(t *testing.T) {
	s, copied := formed(t, 1_000_000)
	before := s.lab().run
	s.goTo("canvas.grid")
	s.press("enter")
	s.erase()
	s.types("2x")
	f := s.form()
	if f.problem == "" || !s.shows(`canvas.grid`) || !strings.Contains(f.problem, `2x`) {
		t.Errorf("what was typed is not said to be wrong: %q\n%s", f.problem, s.View())
	}
	s.press("enter")
	if f.edit == nil || f.draft.Canvas.Grid != 2 || f.problem == "" {
		t.Errorf("enter took what cannot be: grid %d, %q", f.draft.Canvas.Grid, f.problem)
	}
	s.press("esc")
	if s.form().edit != nil || f.problem != "" || f.draft.Canvas.Grid != 2 {
		t.Error("esc did not leave the field as it was")
	}
	s.press("enter")
	s.erase()
	s.types("3")
	if f.problem != "" {
		t.Error(f.problem)
	}
	s.press("enter")
	if f.edit != nil || f.draft.Canvas.Grid != 3 || f.draft.Compares("canvas.grid") {
		t.Errorf("grid %d", f.draft.Canvas.Grid)
	}
	s.want("1 changed")

	// Several values make arms.
	s.press("enter")
	s.erase()
	s.types("3,2")
	s.press("enter")
	if !f.draft.Compares("canvas.grid") {
		t.Error("two values make no arms")
	}
	s.want("3, 2")
	s.press("u")
	if f.draft.Canvas.Grid != 2 || f.draft.Compares("canvas.grid") || len(f.draft.Changes(f.preset.Experiment)) != 0 {
		t.Errorf("u did not bring back what the preset has: %v", f.draft.Changes(f.preset.Experiment))
	}

	// The command is that of the draft, for the clipboard as for the run.
	s.press("enter")
	s.erase()
	s.types("3")
	s.press("enter", "c")
	want := "padlab run " + f.draft.OneLine("quick", presets(t, 1_000_000)[0].Experiment)
	if *copied != want || !strings.Contains(want, "--set canvas.grid=3") {
		t.Errorf("copied %q, want %q", *copied, want)
	}
	s.press("r")
	s.settle(func() bool { return s.lab().run != before && s.ready() })
	l := s.lab()
	if len(s.stack) != 1 || l.snap.Experiment.Canvas.Grid != 3 || l.snap.Experiment.Seed != 1 {
		t.Errorf("%d screens, grid %d, seed %d", len(s.stack), l.snap.Experiment.Canvas.Grid, l.snap.Experiment.Seed)
	}
	if l.command() != want {
		t.Errorf("the lab runs %q", l.command())
	}
}

// The layers of a network from a file are those that were built of it.
func TestLayersOfAFile(t *testing.T) {
	k, err := kernel.Select("gonum")
	if err != nil {
		t.Fatal(err)
	}
	p := lab.NewPool(k, 1, time.Now, lab.Sources{
		Set:     func(string) (*images.Set, error) { return flat(), nil },
		Network: func(string) (*lab.Network, error) { return &lab.Network{Architecture: arch.Must("near")}, nil },
	})
	t.Cleanup(p.Close)
	own := presets(t, 1_000_000)[0]
	if err := own.Experiment.Fix("net.arch", "mine.onnx"); err != nil {
		t.Fatal(err)
	}
	s := drive(t, host(p), Session{Theme: mono, Presets: []Preset{own}, First: own})
	s.settle(s.ready)
	s.send(tea.WindowSizeMsg{Width: 100, Height: 30})
	s.press("e")
	s.goTo("net.layers.conv3.padding")
	s.press("enter")
	s.types("circular")
	s.press("enter")
	if got := s.form().draft.Net.Layers["conv3"]; got.Padding.Name != "circular" {
		t.Errorf("%+v\n%s", s.form().draft.Net.Layers, s.View())
	}
}

// Of one layer alone the padding can be another one, and u takes that away.
func TestOnlyTheFirstLayer(t *testing.T) {
	s, copied := formed(t, 1_000_000)
	before := s.lab().run
	s.goTo("net.layers.conv1.padding")
	s.want("as the network")
	s.press("enter")
	s.types("circular")
	s.press("enter")
	f := s.form()
	if got := f.draft.Net.Layers["conv1"]; f.problem != "" || got.Padding.Name != "circular" {
		t.Errorf("%q, %+v", f.problem, f.draft.Net.Layers)
	}
	s.press("c")
	if !strings.Contains(*copied, "--set net.layers.conv1.padding=circular") {
		t.Errorf("copied %q", *copied)
	}
	s.press("u")
	if len(f.draft.Net.Layers) != 0 {
		t.Errorf("%+v", f.draft.Net.Layers)
	}
	s.want("as the network")
	s.press("right")
	if len(f.draft.Net.Layers) != 1 {
		t.Errorf("an arrow takes no scheme: %q\n%s", f.problem, s.View())
	}
	s.press("r")
	s.settle(func() bool { return s.lab().run != before && s.ready() })
	if len(s.lab().snap.Experiment.Net.Layers) != 1 {
		t.Errorf("%+v", s.lab().snap.Experiment.Net)
	}
}

// Arrows go through choices, around the ends, through yes and no, and change
// numbers as far as they go.
func TestArrowsInTheForm(t *testing.T) {
	s, _ := formed(t, 1_000_000)
	f := s.form()
	choices, bools, numbers := 0, 0, 0
	for i, field := range f.rows {
		if f.draft.Compares(field.Key) || field.Kind == experiment.List {
			continue
		}
		was := field.Get(f.draft)
		if f.selected = i; f.rows[i].Key != field.Key {
			t.Fatal("the rows are others")
		}
		n := len(field.Options)
		switch {
		case field.Kind == experiment.Bool:
			bools, n = bools+1, 2
		case n > 0:
			choices++
		case field.Kind == experiment.Integer:
			numbers++
			s.press("right")
			if f.problem == "" && field.Get(f.draft) == was {
				t.Errorf("%s stays %s", field.Key, was)
			}
			f.problem = ""
			s.press("u")
			continue
		default:
			continue
		}
		if !slices.Contains(field.Options, was) && field.Kind != experiment.Bool {
			continue // what else is free
		}
		s.press("right")
		if f.problem == "" && field.Get(f.draft) == was {
			t.Errorf("%s stays %s", field.Key, was)
		}
		s.press("left")
		if f.problem == "" && field.Get(f.draft) != was {
			t.Errorf("%s was %s, and there and back is %s", field.Key, was, field.Get(f.draft))
		}
		f.draft = s.lab().experiment.Clone()
		f.refresh()
	}
	if choices < 5 || bools < 1 || numbers < 5 {
		t.Errorf("%d choices, %d times yes or no, %d numbers", choices, bools, numbers)
	}
}

// Fields that do not go together are refused when they are to be trained, in
// words.
func TestWhatDoesNotGoTogether(t *testing.T) {
	s, _ := formed(t, 1_000_000)
	run := s.lab().run
	s.goTo("eval.images")
	s.press("enter")
	s.erase()
	s.types("4")
	s.press("enter")
	s.goTo("data.patch")
	s.press("enter")
	s.erase()
	s.types("64")
	s.press("enter")
	s.goTo("canvas.grid")
	s.press("enter")
	s.erase()
	s.types("16")
	s.press("enter", "r")
	f := s.form()
	if f.problem == "" || !s.shows(f.problem[:20]) {
		t.Errorf("problem %q\n%s", f.problem, s.View())
	}
	if s.lab().run != run || s.lab().next != nil {
		t.Error("something is trained")
	}
	s.press("esc")
	s.goesOn(run)
}

// While something is typed, letters are letters: no key acts, however they come.
func TestLettersAreLetters(t *testing.T) {
	s, _ := formed(t, 1_000_000)
	f := s.form()
	s.press("/")
	all := "qrucw12345?T e hjkl/"
	s.types(all)
	if s.form() != f || f.find == nil || f.find.text() != all {
		t.Fatalf("%d screens, %+v", len(s.stack), f.find)
	}
	s.want("find: ")
	s.press("esc")
	if s.form() != f || f.find != nil || len(f.rows) < 10 {
		t.Error("esc did not leave what was looked for, or left more")
	}

	s.goTo("data.patch")
	s.press("enter")
	s.erase()
	s.pastes(strings.Repeat("q1?", 3000))
	if s.form() != f || f.edit == nil || len(f.edit.text()) != longest {
		t.Fatalf("%d letters", len(f.edit.text()))
	}
	s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("rq")}) // fast, not pasted
	s.press("esc")
	if s.form() != f || f.edit != nil || f.draft.Data.Patch != 4 {
		t.Errorf("patch %d", f.draft.Data.Patch)
	}
	s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("/seed"), Paste: false}) // a key, and what it opens takes the rest
	if f.find == nil || f.find.text() != "seed" {
		t.Errorf("%+v", f.find)
	}
	s.press("enter")
	if f.rows[f.selected].Key != "seed" {
		t.Error(f.rows[f.selected].Key)
	}
	s.press("q")
	if len(s.stack) != 1 {
		t.Error("q does not close the form")
	}
}

// The file that w writes is the draft, in a place that the host chooses.
func TestTheFormWrites(t *testing.T) {
	s, _ := formed(t, 1_000_000)
	var name, data string
	var fails error
	s.lab().host.Save = func(n string, d []byte) (string, error) { name, data = n, string(d); return "quick-mine.toml", fails }
	s.goTo("seed")
	s.press("enter")
	s.erase()
	s.types("7")
	s.press("enter", "w")
	s.until("written: quick-mine.toml")
	e := parse(t, data)
	if name != "quick" || e.Seed != 7 || len(e.Differences(s.form().draft)) != 0 {
		t.Errorf("%q: %s", name, data)
	}
	fails = errors.New("the disk is full")
	s.press("w")
	s.settle(func() bool { return s.form().problem != "" })
	s.want("the disk is full")
	s.lab().host.Save = nil
	s.press("w")
	s.want("files cannot be written here")
}

// The last lesson of the tour says how to compare two fills; that is so.
func TestTheLastLessonsKeys(t *testing.T) {
	s, _ := formed(t, 1_000_000)
	s.press("esc", "e", "/")
	s.types("fill")
	s.press("enter", "enter")
	s.types(",mean")
	s.press("enter", "r")
	s.settle(func() bool { return s.ready() && len(s.stack) == 1 })
	if e := s.lab().snap.Experiment; !e.Compares("canvas.fill") || len(s.lab().snap.Arms) != 4 {
		t.Errorf("%d arms", len(s.lab().snap.Arms))
	}
}
