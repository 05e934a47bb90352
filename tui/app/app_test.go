package app

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"padlab/core/border"
	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/lab/stage"
	"padlab/core/metric"
	"padlab/core/nn/kernel"
	"padlab/core/record"
	"padlab/core/rng"
	"padlab/tui/theme"
	"padlab/tui/view"
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

func parse(t testing.TB, text string) *experiment.Experiment {
	e, err := experiment.Parse("test", []byte(text))
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

// pool has one worker, the flat set, and no photographs.
func pool(t testing.TB) *lab.Pool {
	k, err := kernel.Select("gonum")
	if err != nil {
		t.Fatal(err)
	}
	p := lab.NewPool(k, 1, time.Now, lab.Sources{Set: func(string) (*images.Set, error) { return flat(), nil }})
	t.Cleanup(p.Close)
	return p
}

func host(p *lab.Pool) *Host {
	return &Host{Start: func(ctx context.Context, w Wish) (*lab.Run, error) {
		return lab.Start(ctx, p, w.Experiment, lab.Options{After: w.After, From: w.From})
	}}
}

// presets are two quick ones, and one that cannot be trained.
func presets(t testing.TB, steps int) []Preset {
	return []Preset{
		{Name: "quick", Experiment: parse(t, fmt.Sprintf(quick, steps))},
		{Name: "other", Experiment: parse(t, "title = \"Other\"\nabout = \"Another one.\"\n"+fmt.Sprintf(quick[strings.Index(quick, "[[vary"):], steps))},
		{Name: "broken", Experiment: parse(t, "[eval]\nimages = 100\n")},
	}
}

// driver is a program with these presets that carries out its commands one after
// the other.
type driver struct {
	testing.TB
	*Model
	pending []tea.Cmd
}

func newScreen(t testing.TB, steps int, look theme.Theme) *driver {
	return drive(t, host(pool(t)), Session{Theme: look, Presets: presets(t, steps), First: presets(t, steps)[0]})
}

func drive(t testing.TB, h *Host, session Session) *driver {
	s := &driver{TB: t, Model: New(h, session)}
	t.Cleanup(s.Close)
	s.pending = append(s.pending, s.Init())
	s.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	return s
}

// lab is the screen at the bottom.
func (s *driver) lab() *labScreen { return s.stack[0].(*labScreen) }

// send draws after the message, as Bubble Tea does.
func (s *driver) send(msg tea.Msg) {
	if _, cmd := s.Update(msg); cmd != nil {
		s.pending = append(s.pending, cmd)
	}
	s.View()
}

// show puts a snapshot on the screen.
func (s *driver) show(snap *lab.Snapshot) {
	s.lab().snap, s.stale, s.ticks = snap, true, false
}

// showing is a screen of so many columns and rows that shows a snapshot, and has one of
// its arms selected, whatever is trained behind it.
func showing(t testing.TB, snap *lab.Snapshot, arm, w, h int) *driver {
	s := newScreen(t, 1_000_000, mono)
	s.settle(s.running)
	l := s.lab()
	l.experiment, l.arm = snap.Experiment, arm
	s.show(snap)
	s.send(tea.WindowSizeMsg{Width: w, Height: h})
	return s
}

// settle carries out commands until ok.
func (s *driver) settle(ok func() bool) {
	s.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if len(s.pending) == 0 || time.Now().After(deadline) {
			s.Fatalf("nothing more happens; the screen shows\n%s", s.View())
		}
		c := s.pending[0]
		s.pending = s.pending[1:]
		msg := c()
		if batch, ok := msg.(tea.BatchMsg); ok {
			s.pending = append(s.pending, batch...)
			continue
		}
		s.send(msg)
	}
}

// press sends keys and reports whether one of them quit the program.
func (s *driver) press(keys ...string) (quit bool) {
	special := map[string]tea.KeyType{
		"enter": tea.KeyEnter, "esc": tea.KeyEsc, "tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab,
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "ctrl+c": tea.KeyCtrlC, " ": tea.KeySpace,
	}
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		if t, ok := special[k]; ok {
			msg = tea.KeyMsg{Type: t, Runes: msg.Runes}
		}
		_, cmd := s.Update(msg)
		s.View()
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

func (s *driver) shows(text string) bool { return strings.Contains(ansi.Strip(s.View()), text) }

// done reports whether the run that was asked for last is through.
func (s *driver) done() bool { return s.ready() && s.lab().snap.Status == lab.Done }

// ready reports whether it has been built.
func (s *driver) ready() bool { return s.running() && s.lab().next == nil }

func (s *driver) running() bool { return s.lab().run != nil }

var mono = theme.New(termenv.Ascii, true, theme.Braille)

func TestAFirstLook(t *testing.T) {
	s := newScreen(t, 20, mono)
	if !s.shows("building the networks") || !s.shows("quick · seed 1") {
		t.Error(s.View())
	}
	s.settle(s.done)
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
	s.settle(func() bool { return s.running() && s.lab().snap.Arms[0].Step > 0 })
	s.press(" ")
	s.settle(func() bool { return s.lab().snap.Status == lab.Paused })
	if !s.shows("paused, step") || !s.shows("space go on") {
		t.Error(s.View())
	}
	at := s.lab().snap.Arms[0].Step
	s.press("s")
	s.settle(func() bool { return s.lab().snap.Status == lab.Paused && s.lab().snap.Arms[1].Step > at })
	if got := s.lab().snap.Arms[0].Step; got != at+1 {
		t.Errorf("one step from %d led to %d", at, got)
	}
	if s.press("q") || !s.shows("is not kept") || s.press("enter") || s.shows("is not kept") {
		t.Error("q does not ask, or its first answer does not go back")
	}
	if s.press("q", "esc") || s.shows("is not kept") {
		t.Error("esc does not close the question")
	}
	if !s.press("q", "down", "enter") {
		t.Error("the second answer does not quit")
	}
	s.press(" ")
	s.settle(func() bool { return s.lab().snap.Status == lab.Running })
	if !s.press("ctrl+c") {
		t.Error("ctrl+c does not quit")
	}
}

func TestRestartAndSeeds(t *testing.T) {
	s := newScreen(t, 10, mono)
	s.settle(s.done)
	first := s.lab().snap.Arms[0].SHA256
	s.press("r")
	s.settle(s.done)
	if s.lab().snap.Arms[0].SHA256 != first {
		t.Error("a restart with the same seed ends with other weights")
	}
	s.press("n")
	s.settle(s.done)
	if s.lab().snap.Arms[0].SHA256 == first || !s.shows("seed 2") {
		t.Error("a new seed changes nothing")
	}
	s.press("c")
	if !s.shows("padlab run quick --seed 2") {
		t.Error(s.View())
	}
	s.press("esc", "p", "down", "enter")
	s.settle(s.done)
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
	s.settle(s.ready)
	if arms := s.lab().snap.Arms; len(arms) != 1 || arms[0].Name != "reflect" {
		t.Errorf("%+v", arms)
	}
	s.press("c")
	if !s.shows("--set net.padding=reflect") {
		t.Error(s.View())
	}
}

// Where nothing else is trained, what cannot be trained is said in its place.
func TestWhatCannotBeTrained(t *testing.T) {
	s := drive(t, host(pool(t)), Session{Theme: mono, Presets: presets(t, 10), First: presets(t, 10)[2]})
	s.settle(func() bool { return s.lab().problem != "" })
	if !s.shows("eval.images is 100,") || !s.shows("cannot be trained") || !s.shows("nothing is trained") {
		t.Error(s.View())
	}
	s.press(" ", "s", "down", "z", "z", "y", "c", "esc", "?", "esc", "i")
	if !s.press("q") {
		t.Error("q asks although nothing is training")
	}
}

// What cannot be trained does not end what is.
func TestARunGoesOnUntilTheNext(t *testing.T) {
	s := newScreen(t, 1_000_000, mono)
	s.settle(s.running)
	run := s.lab().run
	s.press("p", "up", "enter")
	if !s.shows("broken · seed 1") || !s.shows("building the networks") {
		t.Error(s.View())
	}
	s.settle(func() bool { return len(s.stack) == 2 })
	if !s.shows("broken cannot be trained: arm zeros: eval.images is 100, the set") {
		t.Error(s.View())
	}
	s.goesOn(run)
	s.press("esc")
	if !s.shows("quick · seed 1") {
		t.Error(s.View())
	}
}

// goesOn checks that a run is that on the screen, and makes steps.
func (s *driver) goesOn(run *lab.Run) {
	s.Helper()
	if s.lab().run != run || s.lab().next != nil {
		s.Error("another run is on the screen")
	}
	step := run.Snapshot().Step()
	s.settle(func() bool { return s.lab().snap.Step() > step })
}

// Letters that come in one message are keys one by one; a pasted text is none.
func TestFastKeys(t *testing.T) {
	s := newScreen(t, 1_000_000, mono)
	s.settle(s.running)
	s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("jjj?")})
	if l := s.lab(); l.arm != 1 || len(s.stack) != 2 {
		t.Errorf("arm %d, %d screens", l.arm, len(s.stack))
	}
	s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("qqq"), Paste: true})
	if len(s.stack) != 2 {
		t.Error("a pasted text closed the help")
	}
}

// A run that was left stops, also when it was still being built.
func TestLeftRunsStop(t *testing.T) {
	var built []*lab.Run
	h := host(pool(t))
	start := h.Start
	h.Start = func(ctx context.Context, w Wish) (*lab.Run, error) {
		run, err := start(ctx, w)
		built = append(built, run)
		return run, err
	}
	s := drive(t, h, Session{Theme: mono, First: presets(t, 1_000_000)[0]})
	for range 30 { // a key that is held down, before the first was built: the last one counts
		s.press("r")
	}
	s.settle(func() bool { return s.ready() && len(built) == 2 })
	s.press("r")
	s.settle(func() bool { return s.ready() && len(built) == 3 })
	for _, run := range built[:2] {
		if run == nil {
			continue // the building was left
		}
		select {
		case <-run.Done():
		case <-time.After(time.Minute):
			t.Error("a run that was left goes on")
		}
	}
	if s.lab().run != built[2] || built[2].Snapshot().Status != lab.Running {
		t.Error("the last run is not that on the screen")
	}
}

// A fault of whatever the screen asks for is said on the screen, and what is
// trained goes on.
func TestFaults(t *testing.T) {
	h := host(pool(t))
	start, faulty := h.Start, false
	h.Start = func(ctx context.Context, w Wish) (*lab.Run, error) {
		if faulty {
			panic("no case for this kind")
		}
		return start(ctx, w)
	}
	h.Inspect = func(context.Context, *lab.Run, int) (*inspect.Geometry, *inspect.Findings, error) {
		var none []int
		return nil, nil, fmt.Errorf("%d", none[len(none)])
	}
	s := drive(t, h, Session{Theme: mono, Presets: presets(t, 1_000_000), First: presets(t, 1_000_000)[0]})
	s.settle(s.running)
	run := s.lab().run

	s.press("i")
	s.settle(func() bool { return s.stack[1].(*inspection).problem != "" })
	s.press("tab", "tab", "tab")
	if !s.shows("a fault of padlab (app_test.go:") || !s.shows("index out of range") {
		t.Error(s.View())
	}
	s.press("tab", "down", "esc")
	s.goesOn(run)

	faulty = true
	s.press("p", "down", "enter")
	s.settle(func() bool { return len(s.stack) == 2 })
	if !s.shows("other cannot be trained: a fault of padlab") || !s.shows("for this kind; what is trained goes on") {
		t.Error(s.View())
	}
	s.press("esc")
	s.goesOn(run)

	for _, bad := range []faultyScreen{{keyFault: true}, {drawFault: true}} {
		s.carryOut(func() effect { return effect{enter: &bad} })
		if s.press("x"); !s.shows("a fault of padlab") {
			t.Error(s.View())
		}
		for len(s.stack) > 1 {
			s.press("esc")
		}
		s.goesOn(run)
	}
	if s.press("q") || !s.shows("is not kept") {
		t.Error("the program does not go on as before")
	}
}

type faultyScreen struct {
	dialog
	keyFault, drawFault bool
}

func (f *faultyScreen) keys() []key {
	return []key{{names: []string{"x"}, do: func() effect {
		if f.keyFault {
			panic("a key")
		}
		return effect{}
	}}, closing(f)}
}

func (f *faultyScreen) draw(surface, view.Rect) {
	if f.drawFault {
		panic("a drawing")
	}
}

// A process serves several screens at the same time: each has its own look and
// its own presets, and all runs share one pool.
func TestTwoSessions(t *testing.T) {
	h := host(pool(t))
	all := presets(t, 1_000_000)
	dark := drive(t, h, Session{Theme: theme.New(termenv.TrueColor, true, theme.Braille), Presets: all, First: all[0]})
	plain := drive(t, h, Session{Theme: theme.New(termenv.Ascii, false, theme.ASCII), Presets: all[1:2], First: all[1]})
	both := []*driver{dark, plain}
	for _, s := range both {
		s.settle(s.running)
	}
	if dark.lab().run == plain.lab().run {
		t.Error("they share a run")
	}
	plain.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	dark.press("n", "p")
	plain.press("p")
	for _, s := range both {
		s.settle(func() bool { return s.ready() && s.lab().snap.Step() > 0 })
	}
	if !strings.Contains(dark.View(), "\x1b[") || !dark.shows("quick · seed 2") || !dark.shows("broken") {
		t.Error(dark.View())
	}
	if strings.Contains(plain.View(), "\x1b[") || strings.ContainsRune(plain.View(), '│') || !plain.shows("other . seed 1") || plain.shows("broken") || plain.shows("quick") {
		t.Error(plain.View())
	}
	dark.press("esc", " ")
	dark.settle(func() bool { return dark.lab().snap.Status == lab.Paused })
	plain.goesOn(plain.lab().run)
	dark.Close()
	plain.goesOn(plain.lab().run)
}

// The same with the real event loop, in a goroutine for each.
func TestProgramsSideBySide(t *testing.T) {
	h := host(pool(t))
	all := presets(t, 1_000_000)
	var sessions sync.WaitGroup
	for i := range 3 {
		sessions.Go(func() {
			m := New(h, Session{Presets: all, First: all[i%2]})
			p := tea.NewProgram(m, tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithoutSignalHandler())
			go func() {
				for _, keys := range []string{"?", "qjn", "p", "q", "aq", "ziq"} {
					time.Sleep(20 * time.Millisecond)
					p.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(keys)})
				}
				p.Send(tea.KeyMsg{Type: tea.KeyCtrlC})
			}()
			if _, err := p.Run(); err != nil {
				t.Error(err)
			}
			m.Close()
		})
	}
	sessions.Wait()
}

// Help is made of the same table as the keys: every key of the lab is in it,
// and no two keys do two things.
func TestKeyTable(t *testing.T) {
	s := newScreen(t, 5, mono)
	s.send(tea.WindowSizeMsg{Width: 120, Height: 150})
	s.press("?")
	seen := map[string]bool{}
	for _, k := range s.lab().keys() {
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

// Idle means no redraw: without a new snapshot a look leaves the text as it is,
// and once the run has ended there are no more looks.
func TestIdle(t *testing.T) {
	s := newScreen(t, 5, mono)
	s.settle(s.done)
	s.View()
	run := s.lab().run
	if _, cmd := s.Update(answer(func() effect { return s.lab().look(run) })); s.stale || cmd != nil {
		t.Error("an idle screen draws or looks again")
	}
	s.press("r")
	s.settle(s.ready)
	if _, cmd := s.Update(answer(func() effect { return s.lab().look(run) })); s.stale || cmd != nil {
		t.Error("a look at the run before draws or goes on")
	}
}

// Whatever is pressed at whatever size, the frame has the size of the window
// and nothing panics.
func TestAnyKeysAtAnySize(t *testing.T) {
	s := newScreen(t, 1_000_000, theme.New(termenv.TrueColor, true, theme.Braille))
	s.settle(s.running)
	keys := []string{" ", "s", "a", "p", "up", "down", "j", "k", "tab", "shift+tab", "z", "y", "c", "esc", "?", "enter", "x", "n", "N", "v", "i", "left", "right"}
	rapid.Check(t, func(rt *rapid.T) {
		if rapid.IntRange(0, 3).Draw(rt, "resize") == 0 {
			s.send(tea.WindowSizeMsg{Width: rapid.IntRange(-1, 200).Draw(rt, "w"), Height: rapid.IntRange(-1, 70).Draw(rt, "h")})
		}
		key := rapid.SampledFrom(keys).Draw(rt, "key")
		s.press(key)
		if l := s.lab(); l.next != nil { // a key started another experiment
			s.settle(func() bool { return l.next == nil })
		}
		s.send(answer(func() effect { return s.lab().look(s.lab().run) }))
		s.pending = nil
		lines := strings.Split(s.View(), "\n")
		bounds := s.Bounds()
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

// shown is a snapshot with a story: what a run of three seeds on 5×5 cells looks
// like, of which zeros and reflect see the border two cells away, with fixed
// numbers.
func shown(e *experiment.Experiment) *lab.Snapshot {
	s := &lab.Snapshot{
		Experiment: e, Status: lab.Running, Provenance: record.Provenance{Kernel: "gonum", Workers: 2}, Slow: "portable kernel",
		Elapsed: 15 * time.Second, Fraction: 0.6, SamplesPerSecond: 1520,
	}
	number := func(v float64) *metric.Number { n := metric.Number(v); return &n }
	for _, a := range []struct {
		name     string
		rings    [3]float64
		ceilings [3]float64
		decay    float64
	}{
		{"zeros", [3]float64{.62, .31, .1}, [3]float64{1, .5, .11}, 80},
		{"circular", [3]float64{0, 0, 0}, [3]float64{0, 0, 0}, 1e9},
		{"reflect", [3]float64{.97, .48, .1}, [3]float64{1, .5, .11}, 40},
		{"none", [3]float64{.99, 1, 1}, [3]float64{1, 1, 1}, 25},
	} {
		arm := lab.ArmState{Name: a.name, Label: a.name, Status: lab.Running, Report: stage.Report{
			Step: 120, Steps: 1_000_000, Params: 32057, EvalStep: 100, Example: &images.Picture{Rows: 4, Cols: 4, Values: make([]float32, 16)},
		}}
		arm.Example.Values[5] = 1
		for step := range 120 {
			arm.Loss = append(arm.Loss, record.LossPoint{Step: step, Value: metric.Number(3.2 * a.decay / (a.decay + float64(step)))})
		}
		three := metric.Interval{Over: metric.Seeds, Units: 3}
		for _, m := range []struct {
			name   string
			chance float64
		}{{metric.Accuracy, .04}, {metric.BeyondGuessing, 0}} {
			key, of := metric.Key{Metric: m.name, Images: "test"}, func(v float64) metric.Number { return metric.Number(v*(1-m.chance) + m.chance) }
			profile, all, most := metric.Profile{Key: key, Unit: "cells"}, 0.0, 0.0
			if a.ceilings[2] < 1 {
				from := 2
				if a.ceilings[0] == 0 {
					from = 0
				}
				profile.AlikeFrom = &from
			}
			seeds := make([]metric.Profile, 3)
			for d, n := range []int{16, 8, 1} {
				v, half := a.rings[d], metric.Number(.05)
				if a.ceilings[d] == 0 {
					half = 0
				}
				point := metric.Point{Distance: d, N: 30 * n, Value: of(v), Low: of(v) - half, High: of(v) + half, Interval: three, Chance: metric.Number(m.chance), Ceiling: number(float64(of(a.ceilings[d])))}
				profile.Rings = append(profile.Rings, point)
				for i := range seeds {
					point.Value += half * metric.Number(i-1) * .8
					seeds[i].Key, seeds[i].Unit, seeds[i].Rings = key, profile.Unit, append(seeds[i].Rings, point)
				}
				all, most = all+v*float64(n)/25, most+a.ceilings[d]*float64(n)/25
			}
			for i, p := range seeds {
				if len(arm.Seeds) <= i {
					arm.Seeds = append(arm.Seeds, lab.SeedState{Seed: uint64(i + 1), Status: lab.Running})
				}
				arm.Seeds[i].Profiles = append(arm.Seeds[i].Profiles, p)
			}
			arm.Profiles = append(arm.Profiles, profile)
			score := metric.Score{Key: key, Value: of(all), Low: of(all) - .03, High: of(all) + .03, Interval: three, N: 750, Chance: metric.Number(m.chance), Ceiling: number(float64(of(most)))}
			if most == 0 {
				score.Low, score.High = score.Value, score.Value
			}
			arm.Scores = append(arm.Scores, score)
			arm.Course.Metric = m.name
		}
		m := metric.Map{Key: metric.Key{Metric: metric.Accuracy, Images: "test"}, Rows: 5, Cols: 5}
		for cell := range 25 {
			m.Values = append(m.Values, metric.Number(a.rings[border.Ring(cell, 5)]))
		}
		arm.Maps = []metric.Map{m}
		for step := 0; step <= 100; step += 20 {
			arm.Course.Points = append(arm.Course.Points, metric.StepValue{Step: step, Value: arm.Scores[1].Value * metric.Number(step) / 100})
		}
		s.Arms = append(s.Arms, arm)
	}
	return s
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
		{"steps-80x24", 80, 24, mono, []string{"v", "v"}, nil},
		{"accuracy-80x24", 80, 24, mono, []string{"v", "down", "down"}, nil},
		{"done-120x40", 120, 40, mono, nil, func(s *lab.Snapshot) {
			s.Status = lab.Done
			for i := range s.Arms {
				s.Arms[i].Status = lab.Done
			}
		}},
		{"small-40x10", 40, 10, mono, nil, nil},
		{"help-80x24", 80, 24, mono, []string{"?"}, nil},
		{"schemes-80x24", 80, 24, mono, []string{"a"}, nil},
		{"presets-80x24", 80, 24, mono, []string{"p"}, nil},
		{"quit-80x24", 80, 24, mono, []string{"q"}, nil},
		{"diverged-80x24", 80, 24, mono, nil, func(s *lab.Snapshot) {
			s.Warnings = []string{"near tells 4 of 36 cells apart under circular padding, which has no border: pool2 is the first layer whose map does not move with the patch (data.patch=4 or data.patch=8 would mend it)"}
			s.Arms[0].Status, s.Arms[0].Problem = lab.Diverged, "the loss was not finite at step 17"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScreen(t, 1_000_000, c.look)
			s.settle(s.running)
			s.show(shown(s.lab().experiment))
			if c.edit != nil {
				c.edit(s.lab().snap)
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
	s.show(shown(s.lab().experiment))
	s.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	b.ReportAllocs()
	for b.Loop() {
		s.stale, s.ticks = true, false
		s.View()
	}
}

// The screen opens on an experiment with changes, and knows what they are; a seed
// more joins what is trained.
func TestOpensWithChanges(t *testing.T) {
	first := presets(t, 3)[0]
	changed := first.Experiment.Clone()
	if err := changed.Set("canvas.grid", "3"); err != nil {
		t.Fatal(err)
	}
	s := drive(t, host(pool(t)), Session{Theme: mono, Presets: presets(t, 3), First: first, Experiment: changed})
	s.settle(func() bool { return s.running() && s.lab().snap.Status == lab.Done })
	if got := s.lab().snap.Experiment.Canvas.Grid; got != 3 {
		t.Errorf("the canvas has %d cells a side", got)
	}
	if s.press("c"); !s.shows("padlab run quick --seed 1 --set canvas.grid=3") {
		t.Error(s.View())
	}
	s.press("esc")
	s.press("N")
	s.settle(func() bool {
		return s.lab().next == nil && s.lab().snap.Status == lab.Done && len(s.lab().snap.Arms[0].Seeds) == 2
	})
	if !s.shows("seeds 1–2") || s.lab().snap.Arms[0].Scores[0].Units != 2 {
		t.Errorf("%+v\n%s", s.lab().snap.Arms[0].Scores[0], s.View())
	}
}
