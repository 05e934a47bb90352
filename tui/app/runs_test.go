package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/lab"
	"padlab/core/record"
	"padlab/tui/view"
)

// remembering is a lab that keeps its runs, with one run to its end.
func remembering(t *testing.T, steps int) *driver {
	t.Helper()
	s := drive(t, kept(t), Session{Theme: mono, Presets: presets(t, steps), First: presets(t, steps)[0]})
	s.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	s.settle(s.done)
	s.drained()
	return s
}

func (s *driver) runs() *runsScreen {
	s.Helper()
	r, ok := s.top().(*runsScreen)
	if !ok {
		s.Fatalf("the runs are not on top but %T:\n%s", s.top(), s.View())
	}
	return r
}

// listed opens the runs.
func (s *driver) listed() *runsScreen {
	s.Helper()
	s.press("o")
	s.settle(func() bool { return s.runs().loaded })
	s.drained()
	return s.runs()
}

// pane is what the screen shows in a box of the lab.
func (s *driver) pane(p place) string {
	r := s.lab().drawn[p].rect
	var b strings.Builder
	for y, line := range s.lines() {
		letters := []rune(line)
		if y >= r.Y && y < r.Y+r.H {
			b.WriteString(string(letters[r.X:min(r.X+r.W, len(letters))]) + "\n")
		}
	}
	return b.String()
}

func TestARunIsOpenedAgain(t *testing.T) {
	s := remembering(t, 30)
	l := s.lab()
	l.snap.Slow = "" // that is of the machine, and not kept
	s.press("b", "b")
	same := []place{chartPlace, armsPlace, lossPlace, mapPlace, aboutPlace}
	live := map[place]string{}
	for _, p := range same {
		live[p] = s.pane(p)
	}
	sha := l.snap.Arms[0].SHA256
	evaluations := l.evaluations()

	s.press("p", "down", "enter") // something else comes between
	s.settle(s.done)
	if r := s.listed(); len(r.entries) != 2 || r.entries[0].Name != "other" || r.entries[1].Status != lab.Done {
		t.Fatalf("%+v", r.entries)
	}
	s.want("other · seed 1", "quick · seed 1")
	s.press("down", "enter")
	s.settle(func() bool { return len(s.stack) == 1 && l.run == nil })
	s.want("recorded, done, step 30/30")
	s.press("b") // without what was shown before
	for _, p := range same {
		if got := s.pane(p); got != live[p] {
			t.Errorf("box %d shows\n%s\nand showed\n%s", p, got, live[p])
		}
	}
	s.want("Key r trains it")
	s.press("i")
	s.want("A record keeps what was found")
	s.press("esc")

	// The slider goes through what was evaluated.
	if got := l.evaluations(); len(got) != len(evaluations) {
		t.Errorf("%d evaluations are kept of %d", len(got), len(evaluations))
	}
	s.press("[", "[")
	s.want("5/7 after step 20", "esc now")
	if got, want := l.now().Arms[0].Scores[0].Value, evaluations[4].Arms[0].Scores[0].Value; got != want {
		t.Errorf("the evaluation before has %v, had %v", got, want)
	}
	for range 10 {
		s.press("[")
	}
	s.want("1/7 after step 0")
	s.press("esc")
	s.want("recorded, done")

	s.press("r")
	s.settle(s.done)
	if l.snap.Arms[0].SHA256 != sha {
		t.Error("the same experiment ends with other weights")
	}
	l.before = nil
	s.press("b")
	if got := s.pane(chartPlace); got != live[chartPlace] {
		t.Errorf("%s\nwant\n%s", got, live[chartPlace])
	}
}

func TestRunsAreCompared(t *testing.T) {
	s := remembering(t, 10)
	s.press("r")
	s.settle(s.done)
	changed := s.lab().experiment.Clone()
	if err := changed.Set("canvas.grid", "3"); err != nil {
		t.Fatal(err)
	}
	s.pending = append(s.pending, s.carryOut(func() effect { return s.lab().play(s.lab().preset, changed) }))
	s.settle(s.done)
	s.drained()
	if r := s.listed(); len(r.entries) != 3 {
		t.Fatalf("%+v", r.entries)
	}
	s.press(" ", "x") // the two that were trained last
	s.want("[x] quick")
	s.press("v")
	s.settle(topIs[*comparison](s))
	s.want("differs from", "canvas.grid")
	if c := s.top().(*comparison); len(profilesOf(c.runs, 0).Series) != 4 {
		t.Errorf("%d lines", len(profilesOf(c.runs, 0).Series))
	}
	s.press("down", "down", "down", "down", "esc")
	s.press("up", "up", "up", " ", "down", " ") // the first is not marked any more, the third is
	if r := s.runs(); len(r.marked) != 3 || r.marked[r.entries[0].Folder] || !r.marked[r.entries[1].Folder] || !r.marked[r.entries[2].Folder] {
		t.Fatalf("%v", r.marked)
	}
	s.press("v")
	s.settle(topIs[*comparison](s))
	s.want("is the same experiment as")
	s.press("esc")

	// Without marks the selected one is compared with what the lab shows.
	clear(s.runs().marked)
	s.press("v")
	s.settle(topIs[*comparison](s))
	s.want("now")
}

func TestRunsAreNamedAndDeleted(t *testing.T) {
	s := remembering(t, 5)
	r := s.listed()
	s.press("m")
	s.types("my first q1 ")
	s.press("enter")
	s.settle(func() bool { return len(r.entries) == 1 && r.entries[0].Label == "my first q1" })
	s.want("my first q1")
	s.press("m")
	s.erase()
	s.pastes("evil \u202e name")
	s.press("enter")
	s.settle(topIs[*page](s))
	s.want("that did not work", "control or format characters")
	s.press("esc")
	if s.runs().entries[0].Label != "my first q1" {
		t.Error(r.entries[0].Label)
	}
	s.press("m")
	s.erase()
	s.types("漢字 abc")
	s.want("name: 漢字 abc")
	s.press("esc")
	if r.rename != nil || len(s.stack) != 2 {
		t.Error("esc left more than the name")
	}

	s.press("d")
	s.want("delete it for good?", "keep it")
	s.press("enter")
	if len(s.stack) != 2 || len(r.entries) != 1 {
		t.Error("the first answer does not keep it")
	}
	s.press("d", "down", "enter")
	s.until("no run yet")
	folders, _ := os.ReadDir(s.lab().host.History.Dir)
	if len(folders) != 0 {
		t.Errorf("%v", folders)
	}
	s.want("deleted")
	s.press("enter", "x", "v", "g", "m", "d", "/")
	s.types("x")
	s.press("enter", "enter", "d", "esc")
}

func TestFindRuns(t *testing.T) {
	s := remembering(t, 5)
	s.press("p", "down", "enter")
	s.settle(s.done)
	r := s.listed()
	s.press("/")
	s.types("qui")
	if list := r.shown(); len(list) != 1 || list[0].Name != "quick" {
		t.Errorf("%+v", list)
	}
	s.types("zz1q")
	if len(r.shown()) != 0 || len(s.stack) != 2 {
		t.Error("it finds what there is not")
	}
	s.want("no run is called that")
	s.press("esc")
	if len(r.shown()) != 2 {
		t.Error("esc does not show all runs")
	}
}

// A folder that cannot be read is listed, and ends nothing.
func TestABrokenRun(t *testing.T) {
	s := remembering(t, 5)
	history := s.lab().host.History
	if err := os.WriteFile(filepath.Join(s.listed().entries[0].Folder, "result.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.runs().entries[0].Folder, "summary.json"), []byte("nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(history.Dir, "2026-01-01-000000-nothing-seed-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.press("esc")
	r := s.listed()
	if len(r.entries) != 1 || r.entries[0].Problem == "" {
		t.Fatalf("%+v", r.entries)
	}
	s.want("broken", "result", filepath.Base(r.entries[0].Folder)[:20])
	s.wantNot("seed 0")
	s.press("enter")
	if _, ok := s.top().(*page); !ok {
		t.Errorf("%T", s.top())
	}
	s.press("esc", "x", "v", "m", "g")
	if len(s.stack) != 2 || r.rename != nil {
		t.Error("something is done with a broken run")
	}
	s.press("esc", "r")
	s.settle(s.done)
}

// A run that was left in the middle goes on when it is opened, and ends with what
// it would have ended with.
func TestARunGoesOnFromItsRecord(t *testing.T) {
	whole := remembering(t, 400)
	want := whole.lab().snap.Arms

	h := kept(t)
	s := drive(t, h, Session{Theme: mono, Presets: presets(t, 400), First: presets(t, 400)[0]})
	s.settle(func() bool { return s.ready() && s.lab().snap.Step() > 10 })
	if s.press("q"); !s.shows("Runs goes on with it") {
		t.Error(s.View())
	}
	s.Close()
	s = drive(t, h, Session{Theme: mono, Presets: presets(t, 5), First: presets(t, 5)[1]})
	s.settle(s.done)
	r := s.listed()
	if len(r.entries) != 2 || r.entries[1].Status != lab.Stopped || !r.entries[1].Resumable {
		t.Fatalf("%+v", r.entries)
	}
	s.press("down")
	s.drained()
	s.want("stopped")
	s.press("enter")
	s.settle(func() bool { return len(s.stack) == 1 && s.done() && s.lab().preset.Name == "quick" })
	for i, a := range s.lab().snap.Arms {
		if a.SHA256 != want[i].SHA256 || a.Step != 400 {
			t.Errorf("%s: step %d, other weights: %v", a.Name, a.Step, a.SHA256 != want[i].SHA256)
		}
	}
	s.drained()
	if r := s.listed(); len(r.entries) != 2 || !slices.ContainsFunc(r.entries, func(e record.Entry) bool { return e.Name == "quick" && e.Status == lab.Done }) {
		t.Errorf("%+v", r.entries)
	}
}

func TestRunsWithoutHistory(t *testing.T) {
	s := newScreen(t, 5, mono)
	s.settle(s.done)
	s.press("o")
	s.want("Nothing is recorded here")
	s.press("enter", "x", "v", "g", "m", "d", "down", "/", "a", "enter", "enter", "esc", "esc")
	for len(s.stack) > 1 {
		s.press("esc")
	}
}

// A run that goes on is listed as such, and neither opened nor deleted.
func TestALiveRun(t *testing.T) {
	s := drive(t, kept(t), Session{Theme: mono, Presets: presets(t, 1_000_000), First: presets(t, 1_000_000)[0]})
	s.settle(s.running)
	s.press("o")
	s.settle(func() bool { return s.runs().loaded })
	s.want("going on")
	s.press("enter")
	s.want("This run is going on")
	s.press("esc", "d", "down", "enter")
	s.settle(topIs[*page](s))
	s.want("that did not work")
	s.press("esc", "esc")
	s.goesOn(s.lab().run)
}

func TestExport(t *testing.T) {
	s := remembering(t, 5)
	var name, kind string
	s.lab().host.Export = func(r record.Result, n, k string) (string, error) { name, kind = n, k; return n + "." + k, nil }
	s.listed()
	s.press("g")
	s.want("as svg", "as png", "as pdf", "as csv")
	s.press("down", "down", "enter")
	s.until("written: quick.pdf")
	if name != "quick" || kind != "pdf" {
		t.Errorf("%s %s", name, kind)
	}
}

// What is opened is what is shown, also when a run was being built meanwhile.
func TestARecordWinsOverABuilding(t *testing.T) {
	for _, built := range []bool{false, true} {
		s := remembering(t, 5)
		l := s.lab()
		s.listed()
		s.press("esc", "n")
		building := s.pending
		s.pending = nil
		if len(building) != 1 {
			t.Fatalf("%d commands", len(building))
		}
		if built { // it is there, and nobody has heard of it yet
			msg := building[0]()
			building[0] = func() tea.Msg { return msg }
		}
		s.press("o")
		s.settle(func() bool { return s.runs().loaded })
		s.drained()
		s.press("down", "enter")
		s.drained()
		if l.run != nil || len(s.stack) > 1 {
			t.Fatal("the record is not shown")
		}
		s.pending = building
		s.drained()
		if l.run != nil || len(s.stack) > 1 || l.next != nil {
			t.Errorf("built: %v, the record is gone:\n%s", built, s.View())
		}
		s.want("recorded, done")
		s.press("n")
		s.settle(s.done)
		s.want("seed 2")
	}
}

// The run before stays behind the next one, until b takes it away.
func TestTheRunBefore(t *testing.T) {
	s := newScreen(t, 10, mono)
	s.settle(s.done)
	before := s.lab().snap
	behind := func() int {
		n := 0
		for _, series := range s.lab().board().chart().inside.(view.Profile).Series {
			if series.Before != nil {
				n++
			}
		}
		return n
	}
	if behind() != 0 {
		t.Error("there is a run before the first")
	}
	s.press("n")
	s.settle(s.done)
	if s.lab().before != before || behind() != 2 {
		t.Errorf("%d lines of the run before", behind())
	}
	p := s.lab().board().chart().inside.(view.Profile)
	if got, want := p.Series[0].Before[0].Value, float64(before.Arms[0].Profiles[1].Rings[0].Value); got != want && got != float64(before.Arms[0].Profiles[0].Rings[0].Value) {
		t.Errorf("%v, want %v", got, want)
	}
	s.press("b")
	if behind() != 0 {
		t.Error("b does not take it away")
	}
	s.press("b")
	if behind() != 2 {
		t.Error("b does not bring it back")
	}
	was := s.lab().before
	s.press("N") // contains the one that is there
	s.settle(s.done)
	if s.lab().before != was {
		t.Error("the run that was taken over stays behind")
	}
	for _, p := range s.lab().loss().inside.(view.Curve).Series {
		if len(p.Before) == 0 {
			t.Error("the loss has nothing of the run before")
		}
	}
}

// The screen opens on a record, and does not say meanwhile that something has gone
// wrong; where it cannot be read, it says so.
func TestOpensOnARecord(t *testing.T) {
	first := remembering(t, 5)
	folder := first.listed().entries[0].Folder
	r, err := record.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := presets(t, 5)
	s := drive(t, kept(t), Session{Theme: mono, Presets: all, First: all[1], Record: r})
	s.wantNot("cannot be trained", "building")
	s.until("recorded, done, step 5/5")
	s.drained()
	s.press("r")
	s.settle(s.done)

	if err := os.Remove(filepath.Join(folder, "events.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "events.jsonl"), 0o755); err != nil {
		t.Fatal(err)
	}
	s = drive(t, kept(t), Session{Theme: mono, Presets: all, First: all[1], Record: r})
	s.settle(func() bool { return s.lab().problem != "" || s.lab().snap != nil })
	s.want("nothing is trained", "events.jsonl")
	s.press("p", "up", "enter")
	s.settle(s.done)
}

// An evaluation that one has gone back to stays on the screen while others come.
func TestAnEvaluationStays(t *testing.T) {
	s := newScreen(t, 1_000_000, mono)
	l := s.lab()
	s.settle(func() bool { return s.ready() && len(l.evaluations()) > 4 })
	s.press("[", "[")
	was, n := l.now(), len(l.evaluations())
	s.settle(func() bool { return len(l.evaluations()) >= n+4 })
	s.send(answer(func() effect { return l.look(l.run) }))
	if l.now() != was {
		t.Errorf("evaluation %d is shown, was %d", l.now().Step(), was.Step())
	}
	s.press("esc")
	if l.now() != l.snap {
		t.Error("esc does not come back")
	}
}
