package app

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/tui/view"
)

// touring is a lab whose presets have the names of those that ship, and take no
// time. What is followed lands in steps.
func touring(t *testing.T, seen int) (s *driver, steps *[]int) {
	t.Helper()
	arms := func(names ...string) string {
		text := ""
		for i, name := range names {
			text += fmt.Sprintf("[[arm]]\nname = %q\nset = { \"train.lr\" = 0.0%d }\n", name, i+1)
		}
		return text
	}
	small := "title = \"Small\"\nabout = \"About it.\"\n%s[data]\npatch = 13\n[canvas]\ngrid = 2\n[train]\nsteps = 3\nbatch = 2\neval_every = 5\n[eval]\nimages = 2\n"
	all := []Preset{{Name: "where-am-i", Experiment: parse(t, fmt.Sprintf(small, "[[vary]]\nkey = \"net.padding\"\nvalues = [\"zeros\", \"circular\"]\n"))}}
	for name, of := range map[string]string{
		"how-far":       arms("nearest", "near", "vgg5-mini"),
		"table3-layers": arms("1", "all"),
		"swap-padding":  arms("zeros", "circular"),
	} {
		all = append(all, Preset{Name: name, Experiment: parse(t, fmt.Sprintf(small, of))})
	}
	steps = &[]int{}
	h := kept(t)
	h.Inspect = looked
	h.Seen, h.Follow = func() int { return seen }, func(step int) error { seen = step; *steps = append(*steps, step); return nil }
	s = drive(t, h, Session{Theme: mono, Presets: all, First: all[0]})
	s.send(tea.WindowSizeMsg{Width: 100, Height: 40})
	s.settle(s.done)
	s.drained()
	return s, steps
}

func (s *driver) tour() *tour {
	s.Helper()
	p, ok := s.top().(*tour)
	if !ok {
		s.Fatalf("the tour is not on top but %T:\n%s", s.top(), s.View())
	}
	return p
}

// start is the first words of a text, as they fit into a line.
func start(text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(4, len(words))], " ")
}

// With enter alone one comes through all lessons: each asks, waits for a
// prediction, and then answers.
func TestTheWholeTour(t *testing.T) {
	s, steps := touring(t, 0)
	s.press("t")
	for n, lesson := range lessons {
		s.drained()
		if got := s.tour().step; got != n {
			t.Fatalf("lesson %d comes after %d", got, n-1)
		}
		s.want(fmt.Sprintf("tour %d of %d", n+1, len(lessons)), lesson.title, start(lesson.text), start(lesson.ask))
		for _, c := range lesson.choices {
			s.want(c)
		}
		s.wantNot("You say", start(lesson.press))
		s.press("right") // is no answer
		if s.tour().step != n || s.tour().said >= 0 {
			t.Fatal("→ goes on without a prediction")
		}
		s.press("down", "up", "down")
		s.press("enter")
		s.drained()
		s.want("You say: " + view.Cut(lesson.choices[1], 20)[:2])
		right := s.tour().right()
		switch {
		case n == len(lessons)-1:
			s.want("Try it.")
		case right < 0:
			s.want("This run cannot tell.")
		case right == s.tour().said:
			s.want("So it is.")
		default:
			s.want("It is: " + lesson.choices[right][:2])
		}
		if right < 0 && n != 3 && n != 4 && n != 6 && n != len(lessons)-1 { // of these the tiny runs have no rings, and no read-out
			t.Errorf("lesson %d has no answer:\n%s", n+1, s.View())
		}
		s.press("enter")
	}
	s.drained()
	if len(s.stack) != 1 {
		t.Error("the tour does not end")
	}
	want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0}
	if !slices.Equal(*steps, want) {
		t.Errorf("followed %v, want %v", *steps, want)
	}
}

// Whoever leaves comes back to where they were.
func TestTheTourResumes(t *testing.T) {
	s, steps := touring(t, 2)
	s.press("t")
	s.drained()
	s.want("tour 3 of 10")
	s.press("enter", "enter")
	s.drained()
	s.want("tour 4 of 10")
	s.press("left")
	s.drained()
	s.want("tour 3 of 10")
	s.press("enter", "right")
	s.drained()
	s.press("esc")
	if len(s.stack) != 1 {
		t.Fatal("esc does not leave")
	}
	s.press("t")
	s.drained()
	s.want("tour 4 of 10")
	if last := (*steps)[len(*steps)-1]; last != 3 {
		t.Errorf("followed %v", *steps)
	}
	s.press("1")
	if len(s.stack) != 1 {
		t.Error("1 does not go to the lab")
	}
	for _, seen := range []int{-3, 99} {
		s, _ := touring(t, seen)
		s.press("t")
		s.drained()
		s.tour()
	}
}

// How far one has come is neither read nor written while the screen waits.
func TestTheTourWaitsForNoDisk(t *testing.T) {
	s, _ := touring(t, 0)
	at := func(what string) {
		stack := make([]byte, 1<<16)
		if stack = stack[:runtime.Stack(stack, false)]; strings.Contains(string(stack), "(*Model).Update") {
			t.Errorf("%s is called by Update", what)
		}
	}
	seen, follow := s.lab().host.Seen, s.lab().host.Follow
	s.lab().host.Seen = func() int { at("Seen"); return seen() }
	s.lab().host.Follow = func(n int) error { at("Follow"); return follow(n) }
	s.press("t")
	s.drained()
	s.press("enter", "enter")
	s.drained()
	s.want("tour 2 of 10")
}

// A click on an answer is a prediction.
func TestAClickIsAPrediction(t *testing.T) {
	s, _ := touring(t, 1)
	s.press("t")
	s.drained()
	s.clickOn(lessons[1].choices[2])
	if s.tour().said != 2 {
		t.Errorf("said %d", s.tour().said)
	}
	s.drained()
	s.want("You say: nearly always")
}

// What was right comes from what was found.
func TestWhatWasRight(t *testing.T) {
	arm := func(name string, score, low float64, rings ...float64) lab.ArmState {
		a := lab.ArmState{Name: name}
		a.Scores = []metric.Score{
			{Key: metric.Key{Metric: metric.Accuracy}, Value: metric.Number(score), Low: metric.Number(low), Chance: .03},
			{Key: metric.Key{Metric: metric.SPC, Target: "H", Images: "natural"}, Value: metric.Number(score)},
		}
		p := metric.Profile{Key: metric.Key{Metric: metric.BeyondGuessing}}
		for d, v := range rings {
			p.Rings = append(p.Rings, metric.Point{Distance: d, Value: metric.Number(v), Low: metric.Number(v - .1), High: metric.Number(v + .1)})
		}
		a.Profiles = []metric.Profile{p}
		return a
	}
	of := func(arms ...lab.ArmState) *lab.Snapshot { return &lab.Snapshot{Arms: arms} }
	for _, c := range []struct {
		lesson int
		snap   *lab.Snapshot
		want   int
	}{
		{0, nil, 2},
		{1, of(arm("circular", .03, .01)), 0},
		{1, of(arm("circular", .1, .05)), 1},
		{1, of(arm("circular", .95, .9)), 2},
		{1, of(arm("zeros", .95, .9)), -1},
		{1, nil, -1},
		{2, of(arm("zeros", .03, .01)), 0},
		{2, of(arm("zeros", .95, .9)), 1},
		{3, of(arm("zeros", .5, .4, .9, .5, .2)), 0},
		{3, of(arm("zeros", .5, .4, .2, .5, .9)), 1},
		{3, of(arm("zeros", .5, .4, .5, .5, .5)), 2},
		{3, of(arm("zeros", .5, .4, .5, .5)), -1},
		{4, of(arm("nearest", .5, .4, 1, 1, .9), arm("vgg5-mini", .5, .4, 1, 1, 1)), 0},
		{4, of(arm("nearest", .5, .4, 1, 1, 0), arm("vgg5-mini", .5, .4, 1, 1, 1)), 1},
		{4, of(arm("nearest", .5, .4, 1, 1, 0), arm("vgg5-mini", .5, .4, 1, 1, .1)), 2},
		{4, of(arm("nearest", .5, .4, 1, 1, 0)), -1},
		{5, of(arm("none", .03, .01)), 0},
		{5, of(arm("none", .5, .4)), 1},
		{6, of(arm("all", .1, 0)), 0},
		{6, of(arm("all", .5, 0)), 1},
		{6, of(arm("all", .9, 0)), 2},
		{6, of(arm("1", .9, 0)), -1},
		{7, of(arm("zeros", .95, .9), arm("circular", .03, .01)), 0},
		{7, of(arm("zeros", .95, .9), arm("circular", .3, .2)), 1},
		{7, of(arm("zeros", .95, .9), arm("circular", .95, .9)), 2},
		{7, of(arm("zeros", .95, .9)), -1},
		{8, nil, -1},
		{9, nil, -1},
	} {
		if got := lessons[c.lesson].right(c.snap); got != c.want || got >= len(lessons[c.lesson].choices) {
			t.Errorf("lesson %d: %d, want %d", c.lesson+1, got, c.want)
		}
	}
}

// promised finds what looks like the name of a key: a letter by itself, an arrow, or
// one of the words.
var promised = regexp.MustCompile(`\b(esc|enter|tab|shift\+tab|space)\b|(?:^|[\s(,])([a-zN/←→↑↓])(?:[\s,.:)]|$)`)

// What lessons say that one could press is bound where they say it, in the tour
// once an answer was given, or in the screen that a key before it opens.
func TestLessonsPromiseKeysThatThereAre(t *testing.T) {
	s, _ := touring(t, 0)
	s.press("t")
	s.drained()
	names := map[string]string{"←": "left", "→": "right", "↑": "up", "↓": "down", "space": " "}
	for n, lesson := range lessons {
		tour := s.tour()
		tour.step, tour.said = n, 0
		seen := map[string]bool{}
		for _, k := range tour.keys() {
			for _, name := range k.names {
				seen[name] = true
			}
		}
		for _, k := range append(s.lab().keys(), (&form{}).keys()...) { // lesson 10 leads through the form
			for _, name := range k.names {
				if n == len(lessons)-1 {
					seen[name] = true
				}
			}
		}
		for _, m := range promised.FindAllStringSubmatch(lesson.press+" ", -1) {
			key := m[1] + m[2]
			if key == "a" || key == "" { // the word
				continue
			}
			if name, ok := names[key]; ok {
				key = name
			}
			if !seen[key] {
				t.Errorf("lesson %d promises %q: %s", n+1, key, lesson.press)
			}
			// ← and → are the tour's own: forth and back.
			if key == "left" || key == "right" {
				t.Errorf("lesson %d promises %s, which leaves it: %s", n+1, key, lesson.press)
			}
		}
	}
}

// On the chart of lesson 4 the keys that it names move the cursor.
func TestTheCursorInTheTour(t *testing.T) {
	s, _ := touring(t, 3)
	s.press("t")
	s.drained()
	s.press("enter")
	s.press("shift+tab")
	if s.lab().focus != chartPlace {
		t.Fatalf("box %d has the focus", s.lab().focus)
	}
	s.press("l")
	if _, ok := s.lab().cursor.Value(); !ok || s.tour().step != 3 {
		t.Error("l does not set the cursor")
	}
}

// All that a lesson says fits on the screen, the answer as the question.
func TestLessonsFit(t *testing.T) {
	s, _ := touring(t, 0)
	s.press("t")
	s.drained()
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 60}} {
		s.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		for n, lesson := range lessons {
			tour := s.tour()
			tour.step, tour.said = n, -1
			s.stale, s.ticks = true, false
			last := lesson.choices[len(lesson.choices)-1]
			s.want(last[:min(8, len(last))])
			s.wantNot("more lines")
			if words := strings.Fields(lesson.text); !strings.Contains(strings.Join(s.lines(), " "), words[len(words)-1]) {
				t.Errorf("%d×%d: the text of lesson %d is cut:\n%s", size[0], size[1], n+1, s.View())
			}
			tour.said = 0
			s.stale, s.ticks = true, false
			words := strings.Fields(lesson.press)
			s.want("You say", words[len(words)-1])
		}
	}
}

// The network of lesson 9 is that of lesson 8, also when that is still being built.
func TestTheNetworkOfBefore(t *testing.T) {
	s, _ := touring(t, 7)
	var asked *lab.Run
	s.lab().host.Geometry = func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, error) {
		asked = run
		return geometry(ctx, run, arm)
	}
	s.press("t")
	s.settle(func() bool { return s.lab().next != nil })
	s.press("enter", "enter")
	if s.tour().step != 8 {
		t.Fatal(s.tour().step)
	}
	s.drained()
	if asked == nil || asked != s.lab().run || s.lab().preset.Name != "swap-padding" {
		t.Error("another network was asked about")
	}
}
