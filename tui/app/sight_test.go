package app

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/lab"
	"padlab/core/pad"
	"padlab/tui/view"
)

// looking is a lab that trains quick networks with these schemes, to their end.
func looking(t *testing.T, schemes string) *driver {
	t.Helper()
	p := presets(t, 10)
	for key, value := range map[string]string{"net.padding": schemes, "data.patch": "13"} {
		if err := p[0].Experiment.SetAll(key, value); err != nil {
			t.Fatal(err)
		}
	}
	s := drive(t, host(pool(t)), Session{Theme: mono, Presets: p, First: p[0]})
	s.lab().host.Inspect = looked
	s.settle(s.done)
	s.drained()
	s.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	return s
}

// look asks the run itself.
func (s *driver) look(arm, picture int) *lab.Sight {
	s.Helper()
	seen, err := s.lab().run.Look(context.Background(), arm, lab.Question{Image: picture, View: cellOf(picture)})
	if err != nil {
		s.Fatal(err)
	}
	return seen
}

// The answer beside a picture is that of the network, whichever picture and arm,
// also when nothing is trained any more.
func TestPictures(t *testing.T) {
	s := looking(t, "zeros,circular")
	l := s.lab()
	for l.focus != picturePlace {
		s.press("tab")
	}
	check := func(arm, picture int) {
		t.Helper()
		s.drained()
		seen := s.look(arm, picture)
		if shown := l.sight.shown; shown == nil || shown.Image != seen.Image || shown.View != seen.View || !slices.Equal(shown.Answers, seen.Answers) || l.sight.of.arm != arm {
			t.Fatalf("arm %d, picture %d: something else is shown: %+v", arm, picture, l.sight.of)
		}
		best := 0
		for i, share := range seen.Answers {
			if share > seen.Answers[best] {
				best = i
			}
		}
		mark := "✗ "
		if best == seen.Truth {
			mark = "✓ "
		}
		s.want(mark+seen.Names[best], fmt.Sprintf("picture %d", seen.Image+1))
	}
	check(0, 0)
	for picture := 1; picture < 15; picture++ { // more than there are
		s.press("right")
		check(0, picture)
	}
	s.press("left", "left")
	check(0, 12)
	s.press("down")
	check(1, 12)
	for range 20 {
		s.press("left")
	}
	check(1, 0)
	s.press("right", "right", "right") // without waiting for an answer
	check(1, 3)
	s.press("up")
	check(0, 3)
}

// While it trains, the picture follows what is learned.
func TestThePictureFollows(t *testing.T) {
	s := newScreen(t, 1_000_000, mono)
	s.settle(func() bool { return s.ready() && s.lab().sight.shown != nil })
	at := s.lab().sight.of.evaluated
	s.settle(func() bool { return s.lab().sight.of.evaluated > at+2 })
	s.press(" ")
	s.settle(func() bool { return s.lab().snap.Status == lab.Paused })
	s.press("down")
	s.settle(func() bool { return s.lab().sight.of.arm == 1 })
}

var sumLine = regexp.MustCompile(`sum \+ bias (-?[\d.]+) = (-?[\d.]+)`)

// What the kernel page says is what the layer has there.
func TestTheKernel(t *testing.T) {
	schemes := []string{"zeros", "reflect", "circular", "replicate", "constant(1)", "none"}
	if testing.Short() {
		schemes = schemes[1:2]
	}
	for _, scheme := range schemes {
		s := looking(t, scheme+",")
		s.press("i")
		s.settle(func() bool { return s.inspection().inside.sights[0] != nil })
		s.press("tab")
		seen := s.look(0, 0)
		first, ok := firstConv(seen)
		if !ok {
			t.Fatal("no convolution sees the picture")
		}
		in := &s.inspection().inside
		for n := range 60 {
			keys := []string{"right", "down", "right", "f", "left", "up", "F", "right", "down"}
			s.press(keys[n%len(keys)])
			if n == 40 {
				for range 70 {
					s.press("right", "down")
				}
				if in.row != (first.H-1)*first.Stride || in.col != (first.W-1)*first.Stride {
					t.Errorf("%s: the kernel ends at %d, %d", scheme, in.row, in.col)
				}
			}
			m := sumLine.FindStringSubmatch(strings.Join(s.lines(), "\n"))
			if m == nil {
				t.Fatalf("no sum:\n%s", s.View())
			}
			got, _ := strconv.ParseFloat(m[2], 64)
			row, col := in.row/first.Stride, in.col/first.Stride
			want := float64(first.Values[(row*first.W+col)*first.C+in.filter])
			if math.Abs(got-want) > 0.0006 {
				t.Fatalf("%s: filter %d at row %d, column %d of the map has %.4f, the page says %.4f\n%s", scheme, in.filter, row, col, want, got, s.View())
			}
			s.want(fmt.Sprintf("filter %d of %d ", in.filter+1, first.C), fmt.Sprintf("row %d, column %d: ", in.row-first.Sides.Top, in.col-first.Sides.Left))
		}
	}
}

// The page of all schemes shows each of them, on any screen, and what is beside a
// picture is what the scheme puts there.
func TestAllSchemes(t *testing.T) {
	s := looking(t, "reflect,")
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 60}} {
		s.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		s.press("i")
		s.settle(func() bool { return s.inspection().inside.sights[0] != nil })
		missing := map[string]bool{}
		for _, scheme := range pad.All() {
			missing[scheme.Name] = true
		}
		for range len(missing) {
			for name := range missing {
				if s.shows(view.Cut(name, 16)) {
					delete(missing, name)
				}
			}
			s.press("down")
		}
		if len(missing) > 0 {
			t.Errorf("%d×%d: %v are never shown\n%s", size[0], size[1], missing, s.View())
		}
		s.press("esc")
	}
	picture := s.look(0, 0).Picture
	for _, scheme := range pad.All() {
		v, err := withPadding(picture, scheme, 2)
		if err != nil {
			continue
		}
		for i := range v.Rows {
			for j := range v.Cols {
				at := i*v.Cols + j
				outside := i < 2 || j < 2 || i >= v.Rows-2 || j >= v.Cols-2
				if source := v.Source[at]; outside && source >= 0 && v.Values[at] != float64(picture.Values[source]) {
					t.Fatalf("%s: the pixel at %d, %d has %v and copies one with %v", scheme.Name, i-2, j-2, v.Values[at], picture.Values[source])
				}
			}
		}
	}
}

var rangeLine = regexp.MustCompile(`(-?[\d.e+-]+) … (-?[\d.e+-]+), layer`)

// Over the maps of a layer stand the smallest and the largest value that it has.
func TestTheMaps(t *testing.T) {
	s := looking(t, "zeros,circular")
	s.press("i")
	s.settle(func() bool { return s.inspection().inside.sights[0] != nil })
	s.press("tab", "tab", "x")
	s.drained()
	layers := s.inspection().inside.rows(mapsPage)
	for n := range layers {
		text := strings.Join(s.lines(), "\n")
		all := rangeLine.FindAllStringSubmatch(text, -1)
		if len(all) != 2 {
			t.Fatalf("layer %d: %v\n%s", n, all, text)
		}
		for arm, m := range all {
			layer := shownLayers(s.look(arm, 0))[n]
			low, high := slices.Min(layer.Values), slices.Max(layer.Values)
			if m[1] != fmt.Sprintf("%.3g", low) || m[2] != fmt.Sprintf("%.3g", high) {
				t.Errorf("%s of arm %d goes from %g to %g, the page says %v", layer.Name, arm, low, high, m)
			}
			if layer.H*layer.W > 1 {
				low, high = float32(math.Inf(1)), float32(math.Inf(-1))
				for i := 0; i < len(layer.Values); i += layer.C {
					low, high = min(low, layer.Values[i]), max(high, layer.Values[i])
				}
				s.want(between(low, high, 13))
			}
		}
		s.press("down")
	}
	s.press("down")
	if s.inspection().row != layers-1 {
		t.Error("it scrolls beyond the last layer")
	}
	s.press("x") // the arm alone again
	s.drained()
	if all := rangeLine.FindAllString(strings.Join(s.lines(), "\n"), -1); len(all) != 1 {
		t.Errorf("%v\n%s", all, s.View())
	}
}

func TestBetween(t *testing.T) {
	for _, c := range []struct {
		low, high float32
		want      string
	}{{-0.066, 0.0041, "-.066 … .0041"}, {-0.066, 0.00412, "-.066 … .0041"}, {-0.066, -0.0041, "-.07 … -.004"}, {0.015, 0.14, ".015 … .14"}, {-12, 130, "-12 … 1.3e+02"}, {0, 0, "0 … 0"}, {-0.5, 10.25, "-.5 … 10"}} {
		if got := between(c.low, c.high, 13); got != c.want {
			t.Errorf("%g to %g is %q, want %q", c.low, c.high, got, c.want)
		}
	}
}

// The pages follow a picture that was asked for while another was looked at, also
// when nothing is trained any more.
func TestInsideFollowsThePicture(t *testing.T) {
	s := looking(t, "zeros,circular")
	s.press("i")
	s.settle(func() bool { return s.inspection().inside.sights[0] != nil })
	s.drained()
	s.press(">", ">", ">")
	s.drained()
	if seen := s.inspection().inside.sights[0]; seen == nil || seen.Image != 3 {
		t.Errorf("%+v", seen)
	}
}

// What is looked into stays what it is when another run comes below, with other arms.
func TestInsideKeepsItsRun(t *testing.T) {
	s := looking(t, "zeros,circular")
	changed := s.lab().experiment.Clone()
	if err := changed.SetAll("net.padding", "zeros,circular,reflect,replicate"); err != nil {
		t.Fatal(err)
	}
	s.pending = append(s.pending, s.carryOut(func() effect { return s.lab().play(s.lab().preset, changed) }))
	s.press("i")
	s.settle(func() bool { return len(s.lab().snap.Arms) == 4 && s.inspection().inside.sights[0] != nil })
	s.press("tab", "tab")
	for range 4 {
		s.press("x")
		s.drained()
		if p := s.inspection().inside.problem; p != "" {
			t.Fatal(p)
		}
	}
}
