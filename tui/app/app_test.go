package app

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"padlab/core/border"
	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/nn/kernel"
	"padlab/core/rng"
	"padlab/tui/theme"
)

var update = flag.Bool("update", false, "write the golden frames anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flat is a small set; the screen does not care what is on it.
func flat() *images.Set {
	s := &images.Set{Name: "flat", Classes: []string{"a"}, H: 4, W: 4, C: 1}
	for _, split := range []*images.Split{&s.Train, &s.Test} {
		source := rng.New(1, "flat")
		for range 12 {
			split.Labels = append(split.Labels, 0)
			for range 16 {
				split.Pixels = append(split.Pixels, byte(source.IntN(256)))
			}
		}
	}
	return s
}

func parse(t testing.TB, text string) *lab.Experiment {
	e, err := lab.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const quick = `
title = "Quick"
about = "About it."
try = "something else."
[[vary]]
key = "net.padding"
values = ["zeros", "circular"]
[data]
patch = 4
[canvas]
grid = 2
[train]
steps = %d
batch = 2
eval_every = 5
[eval]
images = 4
`

// screen is a model with two quick presets, and a driver that carries out its
// commands one after the other.
type screen struct {
	testing.TB
	*Model
	pending []tea.Cmd
}

func newScreen(t testing.TB, steps int, look theme.Theme) *screen {
	k, err := kernel.Select("gonum")
	if err != nil {
		t.Fatal(err)
	}
	pool := lab.NewPool(k, 1)
	set := flat()
	m := New(Config{
		Theme: look,
		Presets: []Preset{
			{"quick", parse(t, fmt.Sprintf(quick, steps))},
			{"other", parse(t, "title = \"Other\"\nabout = \"Another one.\"\n"+fmt.Sprintf(quick[strings.Index(quick, "[[vary"):], steps))},
			{"broken", parse(t, "[eval]\nimages = 100\n")},
		},
		First: "quick",
		Start: func(e *lab.Experiment) (*lab.Run, error) {
			return lab.Start(e, lab.Inputs{Set: set, Pool: pool, Now: time.Now})
		},
	})
	s := &screen{TB: t, Model: m}
	t.Cleanup(func() {
		for _, c := range s.pending { // a run may still be under construction
			if msg, ok := c().(started); ok && msg.run != nil {
				msg.run.Stop()
				<-msg.run.Done()
			}
		}
		m.Close()
		pool.Close()
	})
	s.pending = append(s.pending, m.Init())
	s.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	return s
}

func (s *screen) send(msg tea.Msg) {
	if _, cmd := s.Update(msg); cmd != nil {
		s.pending = append(s.pending, cmd)
	}
}

// settle carries out commands until ok.
func (s *screen) settle(ok func() bool) {
	s.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if len(s.pending) == 0 || time.Now().After(deadline) {
			s.Fatalf("nothing more happens; the screen shows\n%s", s.View())
		}
		c := s.pending[0]
		s.pending = s.pending[1:]
		s.send(c())
	}
}

// press sends keys and reports whether one of them quit the program.
func (s *screen) press(keys ...string) (quit bool) {
	special := map[string]tea.KeyType{
		"enter": tea.KeyEnter, "esc": tea.KeyEsc, "tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab,
		"up": tea.KeyUp, "down": tea.KeyDown, "ctrl+c": tea.KeyCtrlC, " ": tea.KeySpace,
	}
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		if t, ok := special[k]; ok {
			msg = tea.KeyMsg{Type: t, Runes: msg.Runes}
		}
		_, cmd := s.Update(msg)
		if cmd == nil {
			continue
		}
		// A command of a key is either Quit, which answers at once, or the
		// building of a run, which is left to settle.
		if fmt.Sprintf("%p", cmd) == fmt.Sprintf("%p", tea.Cmd(tea.Quit)) {
			return true
		}
		s.pending = append(s.pending, cmd)
	}
	return false
}

func (s *screen) shows(text string) bool { return strings.Contains(ansi.Strip(s.View()), text) }

func (s *screen) running() bool { return s.run != nil && s.snap != nil }

var mono = theme.New(termenv.Ascii, true, theme.Braille)

func TestAFirstLook(t *testing.T) {
	s := newScreen(t, 20, mono)
	if !s.shows("building the networks") || !s.shows("quick · seed 1") {
		t.Error(s.View())
	}
	s.settle(func() bool { return s.running() && s.snap.Status == lab.Done })
	for _, text := range []string{"where the patch is", "done, step 20/20", "zeros", "circular", "About it.", "Try: something else.", "gonum, slow", "images/s"} {
		if !s.shows(text) {
			t.Errorf("%q is not on the screen:\n%s", text, s.View())
		}
	}
	if !s.press("q") {
		t.Error("q asks although nothing is training")
	}
}

func TestPauseStepAndQuit(t *testing.T) {
	s := newScreen(t, 1_000_000, mono)
	s.settle(func() bool { return s.running() && s.snap.Arms[0].Step > 0 })
	s.press(" ")
	s.settle(func() bool { return s.snap.Status == lab.Paused })
	if !s.shows("paused, step") || !s.shows("space go on") {
		t.Error(s.View())
	}
	at := s.snap.Arms[0].Step
	s.press("s")
	s.settle(func() bool { return s.snap.Status == lab.Paused && s.snap.Arms[1].Step > at })
	if got := s.snap.Arms[0].Step; got != at+1 {
		t.Errorf("one step from %d led to %d", at, got)
	}
	if s.press("q") || !s.shows("still training") || s.press("enter") || s.shows("still training") {
		t.Error("q does not ask, or its first answer does not go back")
	}
	if s.press("q", "esc") || s.shows("still training") {
		t.Error("esc does not close the question")
	}
	if !s.press("q", "down", "enter") {
		t.Error("the second answer does not quit")
	}
	s.press(" ")
	s.settle(func() bool { return s.snap.Status == lab.Running })
	if !s.press("ctrl+c") {
		t.Error("ctrl+c does not quit")
	}
}

func TestRestartAndSeeds(t *testing.T) {
	s := newScreen(t, 10, mono)
	done := func() bool { return s.running() && s.snap.Status == lab.Done }
	s.settle(done)
	first := s.snap.Arms[0].SHA256
	s.press("r")
	s.settle(func() bool { return done() && s.generation == 2 })
	if s.snap.Arms[0].SHA256 != first {
		t.Error("a restart with the same seed ends with other weights")
	}
	s.press("n")
	s.settle(func() bool { return done() && s.generation == 3 })
	if s.snap.Arms[0].SHA256 == first || !s.shows("seed 2") {
		t.Error("a new seed changes nothing")
	}
	s.press("c")
	if !s.shows("padlab run quick --seed 2") {
		t.Error(s.View())
	}
	s.press("esc", "p", "down", "enter")
	s.settle(func() bool { return done() && s.generation == 4 })
	if !s.shows("other · seed 1") {
		t.Error(s.View())
	}
}

func TestSchemes(t *testing.T) {
	s := newScreen(t, 10, mono)
	s.settle(s.running)
	s.press("a")
	if !s.shows("[x] zeros") || !s.shows("[ ] reflect") {
		t.Error(s.View())
	}
	s.press("down", "x")                                          // zeros off
	s.press("down", "down", "down", "down", "down", " ", "enter") // circular off
	if !s.shows("Switch at least one on.") {
		t.Error(s.View())
	}
	s.press("up", "up", "x", "enter") // reflect on
	s.settle(func() bool { return s.running() && s.generation == 2 })
	if len(s.snap.Arms) != 1 || s.snap.Arms[0].Name != "reflect" {
		t.Errorf("%+v", s.snap.Arms)
	}
	s.press("c")
	if !s.shows("--set net.padding=reflect") {
		t.Error(s.View())
	}
}

func TestWhatCannotBeTrained(t *testing.T) {
	s := newScreen(t, 10, mono)
	s.settle(s.running)
	s.press("p", "up", "enter")
	s.settle(func() bool { return s.problem != "" })
	if !s.shows("eval.images is 100, the set") || !s.shows("cannot be trained") || !s.shows("nothing is trained") {
		t.Error(s.View())
	}
	s.press(" ", "s", "down", "z", "z", "y", "c", "esc", "?", "esc")
	if !s.press("q") {
		t.Error("q asks although nothing is training")
	}
}

// A run that was left stops, also when it was still being built.
func TestLeftRunsStop(t *testing.T) {
	s := newScreen(t, 1_000_000, mono)
	s.press("r", "r") // both before the first was built
	s.settle(func() bool { return s.running() && s.generation == 3 })
	old := s.run
	s.press("r")
	select {
	case <-old.Done():
	case <-time.After(time.Minute):
		t.Error("the run before goes on")
	}
	s.settle(func() bool { return s.running() && s.run != old })
}

// Help is made of the same table as the keys: every key of the lab is in it,
// and no two keys do two things.
func TestKeyTable(t *testing.T) {
	s := newScreen(t, 5, mono)
	s.send(tea.WindowSizeMsg{Width: 120, Height: 60})
	s.press("?")
	seen := map[string]bool{}
	for _, k := range labKeys() {
		for _, n := range k.names {
			if seen[n] {
				t.Errorf("%q is bound twice", n)
			}
			seen[n] = true
		}
		if k.help == "" && k.hint != "" {
			t.Errorf("%v has a hint but no help", k.names)
		}
		if k.help != "" && !s.shows(k.help) {
			t.Errorf("the help does not show %q:\n%s", k.help, s.View())
		}
	}
}

// Idle means no redraw: without a new snapshot a tick leaves the text as it
// is, and once the run has ended there are no more ticks.
func TestIdle(t *testing.T) {
	s := newScreen(t, 5, mono)
	s.settle(func() bool { return s.running() && s.snap.Status == lab.Done })
	s.View()
	s.pending = nil
	s.send(tick{s.generation})
	if s.drawn == "" || len(s.pending) != 0 {
		t.Error("an idle screen draws or ticks")
	}
	s.send(tick{s.generation - 1})
	if s.drawn == "" {
		t.Error("a stale tick draws")
	}
}

// Whatever is pressed at whatever size, the frame has the size of the window
// and nothing panics.
func TestAnyKeysAtAnySize(t *testing.T) {
	s := newScreen(t, 1_000_000, theme.New(termenv.TrueColor, true, theme.Braille))
	s.settle(s.running)
	keys := []string{" ", "s", "a", "p", "up", "down", "j", "k", "tab", "shift+tab", "z", "y", "c", "esc", "?", "enter", "x", "n"}
	rapid.Check(t, func(rt *rapid.T) {
		if rapid.IntRange(0, 3).Draw(rt, "resize") == 0 {
			s.send(tea.WindowSizeMsg{Width: rapid.IntRange(-1, 200).Draw(rt, "w"), Height: rapid.IntRange(-1, 70).Draw(rt, "h")})
		}
		key := rapid.SampledFrom(keys).Draw(rt, "key")
		s.press(key)
		if s.run == nil { // a key started another experiment
			s.settle(func() bool { return s.run != nil || s.problem != "" })
		}
		s.send(tick{s.generation})
		s.pending = nil
		lines := strings.Split(s.View(), "\n")
		bounds := s.frame.Bounds()
		if bounds.H == 0 {
			return
		}
		if len(lines) != bounds.H {
			rt.Fatalf("%d lines on a screen of %d", len(lines), bounds.H)
		}
		for i, l := range lines {
			if w := ansi.StringWidth(l); w != bounds.W {
				rt.Fatalf("line %d has %d columns of %d: %q", i, w, bounds.W, l)
			}
		}
	})
}

// shown is a snapshot with a story: what a finished run of where-am-i looks
// like, with fixed numbers.
func shown(e *lab.Experiment) *lab.Snapshot {
	s := &lab.Snapshot{
		Experiment: e, Status: lab.Running, Kernel: "gonum", Slow: "portable kernel", Workers: 2,
		Elapsed: 15 * time.Second, Fraction: 0.6, SamplesPerSecond: 1520,
	}
	for _, a := range []struct {
		name  string
		rings [3]float64
		decay float64
	}{{"zeros", [3]float64{.67, .49, .1}, 80}, {"circular", [3]float64{.0625, 0, 0}, 1e9}, {"reflect", [3]float64{.9, .8, .6}, 40}, {"none", [3]float64{.99, 1, 1}, 25}} {
		arm := lab.ArmState{Name: a.name, Status: lab.Running, Step: 120, Steps: 1_000_000, Params: 32057, EvalStep: 100, Example: &lab.Picture{Rows: 4, Cols: 4, Values: make([]float32, 16)}}
		arm.Example.Values[5] = 1
		for step := range 120 {
			arm.Loss = append(arm.Loss, lab.LossPoint{Step: step, Value: metric.Number(3.2 * a.decay / (a.decay + float64(step)))})
		}
		profile := metric.Profile{Key: metric.Key{Metric: "accuracy", Images: "test"}, Unit: "cells"}
		sum := 0.0
		for d, n := range []int{16, 8, 1} {
			v := metric.Number(a.rings[d])
			profile.Rings = append(profile.Rings, metric.Point{Distance: d, N: 10 * n, Value: v, Low: max(0, v-.05), High: min(1, v+.05), Chance: .04})
			sum += a.rings[d] * float64(n) / 25
		}
		arm.Profiles = []metric.Profile{profile}
		arm.Scores = []metric.Score{{Key: metric.Key{Metric: "accuracy", Images: "test"}, Value: metric.Number(sum), Low: metric.Number(sum - .03), High: metric.Number(sum + .03), N: 250, Chance: .04}}
		m := metric.Map{Key: metric.Key{Metric: "accuracy", Images: "test"}, Rows: 5, Cols: 5}
		for cell := range 25 {
			m.Values = append(m.Values, metric.Number(a.rings[border.Ring(cell, 5)]))
		}
		arm.Maps = []metric.Map{m}
		s.Arms = append(s.Arms, arm)
	}
	return s
}

// The words are about rings of several cells: a centre that is always hit, or
// never, is no knowledge.
func TestFinding(t *testing.T) {
	s := shown(parse(t, ""))
	a := s.Arms[0]
	a.Profiles[0].Rings[2].Value = 1 // the one cell in the middle of 5×5
	if got := finding(a, "where the patch is"); !strings.Contains(got, "next to the border (67%) and loses it in the middle (49%)") {
		t.Error(got)
	}
	a.Profiles[0].Rings[1].Value = 0.9
	if got := finding(a, "where the patch is"); !strings.Contains(got, "in the middle (90%) better than next to the border (67%)") {
		t.Error(got)
	}
	if got := finding(s.Arms[1], "where the patch is"); !strings.Contains(got, "cannot tell where the patch is") {
		t.Error(got)
	}
}

// golden compares a frame with testdata/name.golden, in which lines end with
// "|".
func golden(t *testing.T, name, view string) (frame string) {
	t.Helper()
	var b strings.Builder
	for l := range strings.SplitSeq(view, "\n") {
		b.WriteString(l + "|\n")
	}
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != b.String() {
		t.Errorf("%v; the frame is\n%s\nwant\n%s", err, b.String(), want)
	}
	return b.String()
}

func TestGoldenFrames(t *testing.T) {
	for _, c := range []struct {
		name string
		w, h int
		look theme.Theme
		keys []string
		edit func(*lab.Snapshot)
	}{
		{"lab-80x24", 80, 24, mono, nil, nil},
		{"lab-120x40", 120, 40, mono, []string{"down", "tab", "y"}, nil},
		{"lab-60x16", 60, 16, mono, nil, nil},
		{"lab-80x24-ascii", 80, 24, theme.New(termenv.Ascii, true, theme.ASCII), nil, nil},
		{"lab-80x24-256", 80, 24, theme.New(termenv.ANSI256, false, theme.Braille), nil, nil},
		{"zoomed-80x24", 80, 24, mono, []string{"z"}, nil},
		{"small-40x10", 40, 10, mono, nil, nil},
		{"help-80x24", 80, 24, mono, []string{"?"}, nil},
		{"schemes-80x24", 80, 24, mono, []string{"a"}, nil},
		{"presets-80x24", 80, 24, mono, []string{"p"}, nil},
		{"quit-80x24", 80, 24, mono, []string{"q"}, nil},
		{"diverged-80x24", 80, 24, mono, nil, func(s *lab.Snapshot) {
			s.Warnings = []string{"cells of 6 pixels are no multiple of the network's stride 4"}
			s.Arms[0].Status, s.Arms[0].Problem = lab.Diverged, "the loss was not finite at step 17"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScreen(t, 1_000_000, c.look)
			s.settle(s.running)
			s.snap = shown(s.experiment)
			if c.edit != nil {
				c.edit(s.snap)
			}
			s.send(tea.WindowSizeMsg{Width: c.w, Height: c.h})
			s.press(c.keys...)
			frame := golden(t, c.name, s.View())
			if coloured := regexp.MustCompile(`\x1b`).MatchString(frame); coloured != c.look.Colour() {
				t.Errorf("escape sequences: %v", coloured)
			}
		})
	}
}

func BenchmarkView(b *testing.B) {
	s := newScreen(b, 1_000_000, theme.New(termenv.ANSI256, true, theme.Braille))
	s.settle(s.running)
	s.snap = shown(s.experiment)
	s.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	b.ReportAllocs()
	for b.Loop() {
		s.drawn = ""
		s.View()
	}
}
