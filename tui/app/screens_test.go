package app

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/pad"
	"padlab/core/record"
	"padlab/tui/theme"
)

// noon is when the runs of the frames began.
var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.Local)

// sightShown is what a network with some padding makes of a picture of 8×8 pixels,
// with fixed numbers.
func sightShown(scheme string) *lab.Sight {
	const n, k, filters = 8, 3, 2
	s := &lab.Sight{Images: 12, Views: 25, Truth: 0, Answer: 0, TruthName: "row 1, column 1", AnswerName: "row 1, column 1"}
	s.Picture = &images.Picture{Rows: n, Cols: n}
	for i := range n * n {
		s.Picture.Values = append(s.Picture.Values, float32((i*7)%17)/17)
	}
	first := lab.LayerSight{Name: "conv1", Kind: "conv", H: n, W: n, C: filters, Kernel: k, Stride: 1, Field: k, Conv: true, Sides: pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 1}, Scheme: pad.Must(scheme), Bias: []float32{.1, -.2}}
	plan, err := pad.NewPlan(first.Scheme, n, n, 1, first.Sides)
	if err != nil {
		panic(err)
	}
	first.PH, first.PW = plan.PH, plan.PW
	first.Padded = make([]float32, plan.PH*plan.PW)
	plan.Forward(first.Padded, s.Picture.Values, pad.Pass{})
	for i := range filters * k * k {
		first.Weights = append(first.Weights, float32(i%5-2)/4)
	}
	for i := range n {
		for j := range n {
			for f := range filters {
				sum := first.Bias[f]
				for y := range k {
					for x := range k {
						sum += first.Padded[(i+y)*first.PW+j+x] * first.Weights[(f*k+y)*k+x]
					}
				}
				first.Values = append(first.Values, sum)
				first.Low, first.High = min(first.Low, sum), max(first.High, sum)
			}
		}
	}
	last := lab.LayerSight{Name: "linear", Kind: "linear", H: 1, W: 1, C: 4, Values: []float32{.4, -1.2, 2.5, 0}, Low: -1.2, High: 2.5, Kernel: 0, Stride: 1}
	s.Layers = []lab.LayerSight{first, last}
	return s
}

// runsShown are entries with fixed numbers, and what two of them have found.
func runsShown(r *runsScreen, e *experiment.Experiment) {
	r.loaded, r.problem = true, ""
	r.entries = []record.Entry{
		{Folder: "c", Name: "quick", Began: noon.Add(-time.Hour), Seed: 1, Seeds: 1, Arms: []string{"zeros"}, Status: record.Running, Live: true, Bytes: 310_000},
		{Folder: "b", Name: "quick", Label: "the grey canvas", Began: noon.Add(-2 * time.Hour), Seed: 1, Seeds: 3, Arms: []string{"zeros", "circular", "reflect", "none"}, Status: record.Done, Bytes: 12_345_678},
		{Folder: "a", Name: "where-am-i", Began: noon.Add(-50 * time.Hour), Seed: 7, Seeds: 1, Status: record.Stopped, Bytes: 98_000},
		{Folder: "z", Name: "2026-11-01-100000-x-seed-1", Began: noon.Add(-500 * time.Hour), Problem: "result.json: unexpected end of JSON input", Bytes: 12},
	}
	done := shown(e)
	done.Status = lab.Done
	for i := range done.Arms {
		done.Arms[i].Status = lab.Done
	}
	r.found["b"], r.found["a"] = keptRun{snap: done}, keptRun{snap: done}
	r.selected = 1
	r.marked["b"] = true
}

// screens are all there are, each as it is reached from the lab.
var screens = []struct {
	name string
	open func(s *driver)
}{
	{"lab", func(*driver) {}},
	{"zoomed", func(s *driver) { s.press("z", "right", "right") }},
	{"form", func(s *driver) { s.press("e", "down", "down", "down") }},
	{"typing", func(s *driver) {
		s.press("e")
		s.goTo("canvas.grid")
		s.press("enter")
		s.erase()
		s.types("3,x")
	}},
	{"presets", func(s *driver) { s.press("p") }},
	{"finding", func(s *driver) {
		s.press("p", "/")
		s.types("ano")
	}},
	{"runs", func(s *driver) {
		s.press("o")
		runsShown(s.runs(), s.lab().experiment)
	}},
	{"compared", func(s *driver) {
		one, other := shown(s.lab().experiment), shown(s.lab().experiment.Clone())
		other.Experiment.Canvas.Grid = 9
		for i := range other.Arms {
			for j := range other.Arms[i].Profiles {
				for k := range other.Arms[i].Profiles[j].Rings {
					p := &other.Arms[i].Profiles[j].Rings[k]
					p.Value *= .8
					p.Low, p.High = p.Value-.05, p.Value+.05
				}
			}
		}
		s.carryOut(func() effect {
			return effect{enter: &comparison{runs: []compared{{"quick · seed 1", one}, {"the grey canvas", other}}}}
		})
	}},
	{"asking", func(s *driver) { s.tourAt(2) }},
	{"answered", func(s *driver) {
		s.tourAt(2)
		s.lab().snap.Status = lab.Done
		s.press("down", "enter")
	}},
	{"help", func(s *driver) { s.press("?") }},
	{"helping", func(s *driver) {
		s.press("?", "/")
		s.types("seed")
	}},
	{"padding", func(s *driver) { s.insideAt("") }},
	{"kernel", func(s *driver) { s.insideAt("tab") }},
	{"maps", func(s *driver) { s.insideAt("tab", "tab") }},
	{"quit", func(s *driver) { s.press("q") }},
}

// tourAt opens a lesson, without training anything.
func (s *driver) tourAt(step int) {
	s.carryOut(func() effect { return effect{enter: &tour{lab: &labScreen{host: &Host{}}, step: step, said: -1}} })
	s.tour().lab = s.lab()
}

// insideAt opens a page of the inside, with fixed numbers.
func (s *driver) insideAt(keys ...string) {
	s.press("i")
	in := &s.inspection().inside
	in.asking, in.beside = true, true
	in.sights = [2]*lab.Sight{sightShown("zeros"), sightShown("circular")}
	g, f := found()
	s.inspection().take(g, f, nil)
	for _, k := range keys {
		if k != "" {
			s.press(k)
		}
	}
	s.show(shown(s.lab().experiment))
}

// reached is a screen with fixed numbers, in a window.
func reached(t testing.TB, open func(*driver), w, h int, look theme.Theme) *driver {
	host := host(frames(t))
	host.Inspect = looked
	host.History = &record.History{Dir: t.TempDir(), Now: func() time.Time { return noon }}
	s := drive(t, host, Session{Theme: look, Presets: presets(t, 1_000_000), First: presets(t, 1_000_000)[0]})
	s.settle(s.running)
	s.lab().run.Pause()
	s.pending = nil
	l := s.lab()
	snap := shown(l.experiment)
	l.sight.shown, l.sight.asking = sightShown("zeros"), true
	l.before = shown(l.experiment)
	for i := range l.before.Arms {
		for j := range l.before.Arms[i].Profiles {
			p := &l.before.Arms[i].Profiles[j]
			for k := range p.Rings {
				p.Rings[k].Value *= metric.Number(.9)
			}
		}
	}
	l.snap = snap
	s.send(tea.WindowSizeMsg{Width: w, Height: h})
	open(s)
	s.stale, s.ticks = true, false
	s.View()
	s.pending = nil
	return s
}

// frames is a pool that all frames of a test are drawn with.
func frames(t testing.TB) *lab.Pool { return pool(t) }

// Every screen at four sizes as text that can be read, and for all other
// combinations of colours and glyphs a sum of the frame, so that a change is seen.
func TestScreens(t *testing.T) {
	looks := []struct {
		name string
		look theme.Theme
	}{
		{"braille", mono},
		{"ascii", theme.New(termenv.Ascii, true, theme.ASCII)},
		{"16 braille", theme.New(termenv.ANSI, true, theme.Braille)},
		{"16 ascii", theme.New(termenv.ANSI, true, theme.ASCII)},
		{"true braille", theme.New(termenv.TrueColor, true, theme.Braille)},
		{"true ascii", theme.New(termenv.TrueColor, true, theme.ASCII)},
	}
	var sums strings.Builder
	for _, screen := range screens {
		for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 60}} {
			s := reached(t, screen.open, size[0], size[1], mono)
			for _, l := range looks {
				if l.look.Colour() != s.Colour() { // widgets draw other things with colour
					s = reached(t, screen.open, size[0], size[1], l.look)
				}
				s.Theme = l.look
				s.stale, s.ticks = true, false
				text := s.View()
				name := fmt.Sprintf("%s-%dx%d", screen.name, size[0], size[1])
				switch {
				case l.name == "braille":
					golden(t, filepath.Join("screens", name), text)
				case l.name == "ascii" && size[0] == 80:
					golden(t, filepath.Join("screens", name+"-ascii"), text)
				}
				h := fnv.New32a()
				h.Write([]byte(text))
				fmt.Fprintf(&sums, "%-18s %-13s %08x\n", name, l.name, h.Sum32())
				for i, line := range strings.Split(text, "\n") {
					if n := ansi.StringWidth(line); n != size[0] {
						t.Fatalf("%s, %s: line %d has %d columns", name, l.name, i, n)
					}
				}
			}
			s.Close()
		}
	}
	file := filepath.Join("testdata", "screens", "sums.txt")
	if *update {
		if err := os.WriteFile(file, []byte(sums.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	now, others := strings.Split(sums.String(), "\n"), []string{}
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(now) || now[i] != line {
			others = append(others, strings.TrimRight(line[:max(0, len(line)-8)], " "))
		}
	}
	if len(others) > 0 {
		t.Errorf("%d frames are others than before (-update writes the sums anew): %s", len(others), strings.Join(others, "; "))
	}
}
