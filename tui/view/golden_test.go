package view

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/muesli/termenv"

	"padlab/tui/theme"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// golden compares a frame with testdata/name.golden. In the file each line
// ends with "|", so that blanks at the end are seen.
func golden(t *testing.T, name string, f *Frame, th theme.Theme) {
	t.Helper()
	got := strings.ReplaceAll(f.String(th), "\n", "|\n") + "|\n"
	got = strings.ReplaceAll(got, "\x1b", "␛")
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs\ngot\n%s\nwant\n%s", name, got, want)
	}
}

type drawer interface {
	Draw(*Frame, Rect, theme.Theme)
}

func TestGolden(t *testing.T) {
	mono := func(g theme.Glyphs) theme.Theme { return theme.New(termenv.Ascii, true, g) }
	unknown := exampleMap()
	for i := range unknown.Values[:10] {
		unknown.Values[i] = math.NaN()
	}
	wide, quiet := exampleProfile(), exampleProfile()
	wide.XLabel = "cells between the patch and the border"
	quiet.Series, quiet.Empty = nil, "the first evaluation comes after 50 steps"
	start := exampleArms(6) // before anything is learnt
	for i := range start.Series {
		start.Series[i].Points = examplePoints([]int{2400, 1600, 800, 100}, []float64{0.02, 0.03, 0.05, 0.15}, 0.02, 0.03, 0.01, 0.02)
	}
	correlations := exampleBars()
	correlations.Range = Range{-1, 1}
	lasts, logs := exampleCurve(), exampleCurve()
	lasts.Last, logs.Last, logs.Log = true, true, true

	colour := theme.New(termenv.ANSI256, true, theme.Braille)

	for _, c := range []struct {
		name string
		w, h int
		d    drawer
		th   theme.Theme
	}{
		{"profile-56x9", 56, 9, exampleProfile(), mono(theme.Braille)},
		{"profile-90x22", 90, 22, wide, mono(theme.Braille)},
		{"profile-56x9-block", 56, 9, exampleProfile(), mono(theme.Block)},
		{"profile-56x9-ascii", 56, 9, exampleProfile(), mono(theme.ASCII)},
		{"profile-90x22-ascii", 90, 22, wide, mono(theme.ASCII)},
		{"profile-24x6", 24, 6, exampleProfile(), mono(theme.Braille)},
		{"profile-below-0-56x9", 56, 9, exampleSkill(), mono(theme.Braille)},
		{"profile-below-0-90x22", 90, 22, exampleSkill(), mono(theme.Braille)},
		{"profile-beyond-54x9", 54, 9, exampleBeyond(), mono(theme.Braille)},
		{"profile-beyond-54x9-ascii", 54, 9, exampleBeyond(), mono(theme.ASCII)},
		{"profile-beyond-82x17", 82, 17, exampleBeyond(), mono(theme.Braille)},
		{"profile-beyond-82x17-256", 82, 17, exampleBeyond(), theme.New(termenv.ANSI256, true, theme.Braille)},
		{"arms-16-82x17-ascii", 82, 17, exampleArms(16), mono(theme.ASCII)},
		{"profile-start-54x9", 54, 9, start, mono(theme.Braille)},
		{"profile-cursor-56x9", 56, 9, exampleCursor(), mono(theme.Braille)},
		{"profile-cursor-90x22", 90, 22, exampleCursor(), mono(theme.Braille)},
		{"profile-cursor-90x22-ascii", 90, 22, exampleCursor(), mono(theme.ASCII)},
		{"profile-cursor-90x22-block", 90, 22, exampleCursor(), mono(theme.Block)},
		{"profile-cursor-56x9-256", 56, 9, exampleCursor(), theme.New(termenv.ANSI256, true, theme.Braille)},
		{"profile-cursor-24x6", 24, 6, exampleCursor(), mono(theme.Braille)},
		{"curve-cursor-60x14", 60, 14, exampleSteps(), mono(theme.Braille)},
		{"curve-cursor-60x14-ascii", 60, 14, exampleSteps(), mono(theme.ASCII)},
		{"curve-cursor-60x14-256", 60, 14, exampleSteps(), theme.New(termenv.ANSI256, true, theme.Braille)},
		{"curve-cursor-21x4", 21, 4, exampleSteps(), mono(theme.Braille)},
		{"profile-empty", 56, 9, quiet, mono(theme.Braille)},
		{"profile-56x9-256", 56, 9, exampleProfile(), theme.New(termenv.ANSI256, true, theme.Braille)},
		{"curve-21x4", 21, 4, exampleCurve(), mono(theme.Braille)},
		{"curve-60x14", 60, 14, lasts, mono(theme.Braille)},
		{"curve-60x14-log", 60, 14, logs, mono(theme.Braille)},
		{"curve-score-60x14", 60, 14, exampleScores(), mono(theme.Braille)},
		{"curve-score-21x4", 21, 4, exampleScores(), mono(theme.Braille)},
		{"curve-60x14-ascii", 60, 14, lasts, mono(theme.ASCII)},
		{"heatmap-36x9", 36, 9, exampleMap(), mono(theme.Braille)},
		{"heatmap-90x22", 90, 22, exampleMap(), mono(theme.Braille)},
		{"heatmap-60x15", 60, 15, exampleMap(), mono(theme.Braille)},
		{"heatmap-36x5", 36, 5, exampleMap(), mono(theme.Braille)},
		{"heatmap-14x7-ascii", 14, 7, exampleMap(), mono(theme.ASCII)},
		{"heatmap-60x15-ascii", 60, 15, exampleMap(), mono(theme.ASCII)},
		{"heatmap-unknown", 36, 9, unknown, mono(theme.Braille)},
		{"heatmap-36x9-256", 36, 9, exampleMap(), theme.New(termenv.ANSI256, true, theme.Braille)},
		{"list-21x5", 21, 5, exampleList(), mono(theme.Braille)},
		{"list-60x10", 60, 10, exampleList(), mono(theme.Braille)},
		{"dialog-80x24", 80, 24, exampleDialog(), mono(theme.Braille)},
		{"dialog-30x10", 30, 10, exampleDialog(), mono(theme.Braille)},
		{"hints-80", 80, 1, exampleHints(), mono(theme.Braille)},
		{"hints-40", 40, 1, exampleHints(), mono(theme.Braille)},
		{"paragraph-39x6", 39, 6, exampleParagraph(), mono(theme.Braille)},
		{"paragraph-24x4", 24, 4, exampleParagraph(), mono(theme.Braille)},
		{"bars-56x9", 56, 9, exampleBars(), mono(theme.Braille)},
		{"bars-56x9-ascii", 56, 9, exampleBars(), mono(theme.ASCII)},
		{"bars-below-0-56x9", 56, 9, correlations, mono(theme.Braille)},
		{"bars-below-0-56x9-ascii", 56, 9, correlations, mono(theme.ASCII)},
		{"bars-30x3", 30, 3, exampleBars(), mono(theme.Braille)},
		{"bars-empty", 30, 3, Bars{Empty: "nothing was read out yet"}, mono(theme.Braille)},
		{"table-40x5", 40, 5, exampleTable(), mono(theme.Braille)},
		{"table-20x4", 20, 4, exampleTable(), mono(theme.Braille)},
		{"table-left-24x5", 24, 5, Table{Header: exampleTable().Header, Rows: exampleTable().Rows, Left: 1}, mono(theme.Braille)},
		{"table-left-24x5-ascii", 24, 5, Table{Header: exampleTable().Header, Rows: exampleTable().Rows, Left: 1}, mono(theme.ASCII)},
		{"paragraph-skip-24x5", 24, 5, Paragraph{Spans: exampleParagraph().Spans, Skip: 2}, mono(theme.Braille)},
		{"sections-40x8", 40, 8, exampleSections(), mono(theme.Braille)},
		{"sections-40x8-256", 40, 8, exampleSections(), colour},
		{"hints-12", 12, 1, exampleHints(), mono(theme.Braille)},
		{"form-70x14", 70, 14, exampleForm(), mono(theme.Braille)},
		{"form-70x14-block", 70, 14, exampleForm(), mono(theme.Block)},
		{"form-70x14-ascii", 70, 14, exampleForm(), mono(theme.ASCII)},
		{"form-70x14-256", 70, 14, exampleForm(), colour},
		{"form-30x7", 30, 7, exampleForm(), mono(theme.Braille)},
		{"form-30x7-ascii", 30, 7, exampleForm(), mono(theme.ASCII)},
		{"slider-60", 60, 1, Slider{2, 12, "step 90"}, mono(theme.Braille)},
		{"slider-60-ascii", 60, 1, Slider{2, 12, "step 90"}, mono(theme.ASCII)},
		{"slider-60-256", 60, 1, Slider{11, 12, "step 600"}, colour},
		{"slider-12", 12, 1, Slider{2, 12, "step 90"}, mono(theme.Braille)},
		{"padded-30x10", 30, 10, examplePadded(reflected), mono(theme.Braille)},
		{"padded-30x10-ascii", 30, 10, examplePadded(reflected), mono(theme.ASCII)},
		{"padded-30x10-256", 30, 10, examplePadded(reflected), colour},
		{"padded-30x10-ascii-256", 30, 10, examplePadded(reflected), theme.New(termenv.ANSI256, true, theme.ASCII)},
		{"image-20x8-ascii-256", 20, 8, exampleImage(), theme.New(termenv.ANSI256, true, theme.ASCII)},
		{"slider-60-block", 60, 1, Slider{2, 12, "step 90"}, mono(theme.Block)},
		{"padded-60x20", 60, 20, examplePadded(reflected), mono(theme.Braille)},
		{"padded-60x20-ascii", 60, 20, examplePadded(reflected), mono(theme.ASCII)},
		{"padded-60x20-block", 60, 20, examplePadded(reflected), mono(theme.Block)},
		{"padded-60x20-256", 60, 20, examplePadded(reflected), colour},
		{"padded-zeros-60x20", 60, 20, examplePadded(nil), mono(theme.Braille)},
		{"padded-corner-40x16", 40, 16, exampleCorner(), mono(theme.Braille)},
		{"padded-corner-40x16-256", 40, 16, exampleCorner(), colour},
		{"image-20x8", 20, 8, exampleImage(), mono(theme.Braille)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := NewFrame(c.w, c.h)
			c.d.Draw(f, f.Bounds(), c.th)
			golden(t, c.name, f, c.th)
		})
	}
	for _, n := range []int{1, 4, 11, 16} { // arms, at the sizes of the chart at 60×16, 80×24 and 120×40
		for _, size := range [][2]int{{35, 5}, {54, 9}, {82, 17}} {
			name := fmt.Sprintf("arms-%d-%dx%d", n, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				f := NewFrame(size[0], size[1])
				exampleArms(n).Draw(f, f.Bounds(), mono(theme.Braille))
				golden(t, name, f, mono(theme.Braille))
			})
		}
	}
	for name, th := range map[string]theme.Theme{
		"lab-80x24":       mono(theme.Braille),
		"lab-80x24-ascii": mono(theme.ASCII),
		"lab-80x24-256":   theme.New(termenv.ANSI256, true, theme.Braille),
	} {
		t.Run(name, func(t *testing.T) {
			f := NewFrame(80, 24)
			exampleLab(f, th)
			golden(t, name, f, th)
		})
	}
}

func examplePoints(n []int, half []float64, values ...float64) []ProfilePoint {
	var points []ProfilePoint
	for i, v := range values {
		points = append(points, ProfilePoint{Distance: float64(i), Value: v, Low: max(v-half[i], 0), High: min(v+half[i], 1), N: n[i]})
	}
	return points
}

func exampleProfile() Profile {
	n, half := []int{2400, 1600, 800, 100}, []float64{0.02, 0.05, 0.08, 0.2}
	series := func(i int, name string, values ...float64) ProfileSeries {
		return ProfileSeries{Name: name, Style: theme.Series(i), Marker: theme.Marker(i), Points: examplePoints(n, half, values...)}
	}
	return Profile{
		Series: []ProfileSeries{
			series(0, "zeros", 0.93, 0.62, 0.21, 0.16),
			series(1, "circular", 0.02, 0.02, 0.02, 0.02),
			series(2, "reflect", 0.5, 0.48, 0.44, 0.4),
			series(3, "none", 0.98, 0.98, 0.97, 0.98),
		},
		Range:  Range{0, 1},
		Chance: Some(1. / 49),
	}
}

// exampleArms is a comparison of n ≤ 16 arms, the third selected, most of which
// end close to another one.
func exampleArms(n int) Profile {
	trials, half := []int{2400, 1600, 800, 100}, []float64{0.02, 0.03, 0.05, 0.15}
	p := Profile{Range: Range{0, 1}, Chance: Some(1. / 49), Selected: min(2, n-1), XLabel: "cells between the patch and the border"}
	for i, name := range []string{"zeros", "circular", "reflect", "none", "replicate", "mean-interp", "noise", "resize", "partial", "symmetric", "constant(0.5)",
		"zeros, black", "zeros, white", "circular, black", "circular, white", "constant(1)"}[:n] {
		first, last := math.Mod(0.95-0.11*float64(i)+1, 1), math.Mod(0.1+0.37*float64(i%7), 1)
		if name == "circular" {
			first, last = 1./49, 1./49
		}
		p.Series = append(p.Series, ProfileSeries{Name: name, Style: theme.Series(i), Marker: theme.Marker(i),
			Points: examplePoints(trials, half, first, 0.7*first+0.3*last, 0.3*first+0.7*last, last)})
	}
	return p
}

// exampleCursor has the run before, and a cursor.
func exampleCursor() Profile {
	p := exampleProfile()
	p.XLabel = "cells between the patch and the border"
	p.Cursor = Some(1.2)
	for i := range p.Series {
		s := &p.Series[i]
		s.Before = slices.Clone(s.Points)
		for k := range s.Before {
			s.Before[k].Value *= 0.75
		}
	}
	return p
}

// exampleSteps has the run before, and a cursor.
func exampleSteps() Curve {
	c := exampleScores()
	c.Cursor = Some(210)
	for i := range c.Series {
		s := &c.Series[i]
		s.Name = []string{"circular", "reflect", "zeros"}[i]
		for _, q := range s.Points {
			s.Before = append(s.Before, CurvePoint{q.Step, q.Value * 0.8})
		}
		s.Points = s.Points[:8]
	}
	return c
}

// exampleBeyond is accuracy beyond guessing, with everything that a profile can
// draw.
func exampleBeyond() Profile {
	p := exampleProfile()
	p.Range, p.Chance, p.Reach = Range{-1, 1}, Some(0), Some(2)
	p.XLabel = "cells between the patch and the border"
	for i := range p.Series {
		s := &p.Series[i]
		for k := range s.Points {
			q := &s.Points[k]
			q.Value, q.Low, q.High = q.Value-1./49, q.Low-1./49, q.High-1./49
			q.Ceiling, q.Single = Some([]float64{1, 1, 0.5, 0.3}[k]), k == 3
		}
		for _, shift := range []float64{-0.06, 0.02, 0.05} {
			seed := slices.Clone(s.Points)
			for k := range seed {
				seed[k].Value += shift * float64(k+1)
			}
			s.Seeds = append(s.Seeds, seed)
		}
	}
	return p
}

// exampleSkill has no lowest value, and goes below 0.
func exampleSkill() Profile {
	p := exampleProfile()
	p.Range, p.Chance = Range{math.Inf(-1), 1}, Optional{}
	for i := range p.Series {
		for k := range p.Series[i].Points {
			q := &p.Series[i].Points[k]
			q.Value, q.Low, q.High = 1.5*q.Value-0.6, 1.5*q.Low-0.6, 1.5*q.High-0.6
		}
	}
	return p
}

func exampleCurve() Curve {
	c := Curve{Reference: math.Log(49), RefLabel: "guessing", XLabel: "step", Empty: "no loss yet"}
	for i := range 3 {
		s := CurveSeries{Style: theme.Series(i), Marker: theme.Marker(i)}
		for step := 0; step <= 600; step += 5 {
			x := float64(step)
			v := 0.6*float64(i) + (3.9-0.6*float64(i))*math.Exp(-x/(60+60*float64(i))) + 0.1*math.Sin(x)*math.Exp(-x/300)
			s.Points = append(s.Points, CurvePoint{step, v + 0.02})
		}
		c.Series = append(c.Series, s)
	}
	return c
}

// exampleScores is a score against the step, of which one stays at chance.
func exampleScores() Curve {
	c := Curve{Range: Range{0, 1}, Reference: 1. / 49, RefLabel: "guessing", XLabel: "step", Last: true}
	for i := range 3 {
		s := CurveSeries{Style: theme.Series(i), Marker: theme.Marker(i)}
		for step := 50; step <= 600; step += 50 {
			s.Points = append(s.Points, CurvePoint{step, 1./49 + 0.45*float64(i)*(1-math.Exp(-float64(step)/150))})
		}
		c.Series = append(c.Series, s)
	}
	return c
}

func exampleMap() Heatmap {
	m := Heatmap{Rows: 7, Cols: 7, Legend: true}
	for r := range 7 {
		for c := range 7 {
			ring := min(r, c, 6-r, 6-c)
			v := []float64{0.9, 0.6, 0.25, 0.03}[ring] - 0.011*float64(c)
			if (r == 0 || r == 6) && (c == 0 || c == 6) {
				v = 1
			}
			m.Values = append(m.Values, v)
		}
	}
	return m
}

func exampleList() List {
	l := List{Selected: 2, Focused: true}
	for i, name := range []string{"zeros", "circular", "reflect", "none", "replicate", "symmetric", "mean-interp", "noise", "resize", "partial", "constant(0.5)", "reflect, valid, π"} {
		l.Rows = append(l.Rows, Row{
			Text: name, Check: 1 + Check((i+1)%2), Marker: theme.Marker(i), Tint: theme.Series(i),
			Columns: []string{ScoreWithin(0.61-0.05*float64(i), 0.58, 0.64), Count(123456 * i)},
		})
	}
	return l
}

func exampleDialog() Dialog {
	return Dialog{
		Title:    "Quit?",
		Text:     "The run is at step 420 of 600. What has been done can be kept and resumed later.",
		Choices:  []string{"keep training", "save and quit", "quit without saving"},
		Selected: 1,
		Foot:     "enter choose · esc back",
	}
}

func exampleHints() Hints {
	return Hints{
		{"space", "pause", false}, {"s", "step", false}, {"r", "restart", false}, {"n", "seed", false}, {"tab", "pane", false},
		{"z", "zoom", false}, {"2", "inspect", false}, {"?", "help", true}, {"q", "quit", true},
	}
}

func exampleParagraph() Paragraph {
	return Paragraph{Spans: []Span{
		{theme.Plain, "With "}, {theme.Series(0), "zeros"}, {theme.Plain, " around the picture the network knows its place next to the border (61 %) and loses it inside (2 %).\n"},
		{theme.Series(1), "circular"}, {theme.Plain, " cannot know: it sees no border."},
	}}
}

func exampleBars() Bars {
	b := Bars{Range: Range{0, 1}, Selected: 3}
	for i, v := range []float64{.304, .426, .53, .73, -.06} {
		bar := Bar{Name: []string{"tap 1", "tap 2", "tap 3", "tap 4, the last", "none"}[i], Style: theme.Series(i), Marker: theme.Marker(i), Value: v, Low: v - .05, High: v + .05, Mark: .8 * v}
		if i == 0 {
			bar.Low, bar.High, bar.Mark = math.NaN(), math.NaN(), math.NaN()
		}
		b.Rows = append(b.Rows, bar)
	}
	return b
}

func exampleTable() Table {
	t := Table{Header: []string{"layer", "out", "sees", "sees padding"}, Skip: 1}
	for _, name := range []string{"conv1", "pool1", "conv2 with a name", "gap"} {
		t.Rows = append(t.Rows, []string{name, "56×56×16", "3", Share(0.0699)})
	}
	return t
}

func exampleSections() List {
	l := List{Selected: 4, Focused: true}
	for _, name := range []string{"Padding", "zeros", "reflect", "Position", "where-am-i", "table3-layers", "Size", "width"} {
		l.Rows = append(l.Rows, Row{Text: name, Heading: name[0] < 'a', Columns: []string{Count(len(name))}})
	}
	return l
}

func exampleForm() Form {
	return Form{
		Foot:     "enter change · esc back",
		Selected: 4,
		Rows: []FormRow{
			{Heading: "Training"},
			{Name: "steps", Value: "600", Allowed: "from 1 to 100000", About: "How many batches are trained on."},
			{Name: "batch", Value: "32", Allowed: "from 1 to 4096", About: "Pictures in a batch.", Changed: true},
			{Name: "optimizer", Value: "adam", Allowed: "adam, sgd, adamw", Choice: true, Changed: true},
			{Name: "learning rate", Value: "0.0x3", Allowed: "more than 0", About: "How far each step goes.", Problem: "0.0x3 is not a number", Changed: true, Editing: true, Cursor: 3},
			{Name: "seeds", Value: "1 2 3", Allowed: "whole numbers"},
			{Heading: "Picture"},
			{Name: "cells", Value: "7", Allowed: "from 2 to 64", About: "Places on a side."},
			{Name: "background", Value: "black", Allowed: "black, white, noise", Choice: true},
			{Name: "padding", Value: "reflect", Allowed: "zeros, reflect, …", Choice: true, Problem: "reflect needs two pixels"},
			{Heading: "Network"},
			{Name: "channels", Value: "16 32 64", Allowed: "numbers"},
			{Name: "bias", Value: "yes", Allowed: "yes, no", Choice: true},
		},
	}
}

// reflected is the place, among n, that reflection puts beside them.
func reflected(i, n int) int {
	if i < 0 {
		return -i
	}
	if i >= n {
		return 2*n - 2 - i
	}
	return i
}

// examplePadded is an 8×8 picture padded by two, with zeros when there is no
// source.
func examplePadded(source func(i, n int) int) Padded {
	m := Padded{Rows: 12, Cols: 12, Top: 2, Bottom: 2, Left: 2, Right: 2, Window: Window{0, 0, 3}}
	value := func(row, col int) float64 { return math.Mod(0.13*float64(row)+0.29*float64(col)+0.1, 1) }
	for row := range 12 {
		for col := range 12 {
			v, from := 0., -1
			inside := row >= 2 && row < 10 && col >= 2 && col < 10
			if source != nil || inside {
				r, c := row-2, col-2
				if !inside {
					r, c = source(r, 8), source(c, 8)
					from = r*8 + c
				}
				v = value(r, c)
			}
			m.Values, m.Source = append(m.Values, v), append(m.Source, from)
		}
	}
	return m
}

func exampleCorner() Padded {
	m := examplePadded(reflected)
	m.Corner, m.Window = true, Window{1, 1, 3}
	return m
}

func exampleImage() Image {
	m := Image{Rows: 16, Cols: 20}
	for r := range m.Rows {
		for c := range m.Cols {
			m.Values = append(m.Values, math.Exp(-((float64(r)-7.5)*(float64(r)-7.5)+(float64(c)-9.5)*(float64(c)-9.5))/30))
		}
	}
	return m
}

// exampleLab puts the widgets together as the Lab does at 80×24.
func exampleLab(f *Frame, t theme.Theme) {
	head, rest := f.Bounds().CutTop(1)
	hints, rest := rest.CutBottom(1)
	top, bottom := rest.CutTop(11)
	arms, chart := top.CutRight(23)
	arms, loss := arms.CutTop(6)
	where, what := bottom.CutLeft(36)

	f.Text(head.X+1, head.Y, theme.Title, "padlab")
	f.Text(head.X+9, head.Y, theme.Plain, "where-am-i · seed 1")
	status := "step 420/600  " + Count(5100) + " images/s  " + Duration(4*time.Second)
	f.Text(head.W-1-Columns(status), head.Y, theme.Dim, status)
	f.Text(head.W-3-Columns(status), head.Y, theme.Good, "●")

	p := exampleProfile()
	p.Draw(f, Panel{Title: "how often the network can say where the patch is", Foot: "cells between the patch and the border", Focused: true}.Draw(f, chart, t), t)
	l := exampleList()
	l.Rows, l.Selected, l.Focused = l.Rows[:4], 0, false
	for i := range l.Rows {
		l.Rows[i].Check, l.Rows[i].Columns = NoCheck, l.Rows[i].Columns[:1]
	}
	l.Draw(f, Panel{Title: "arms"}.Draw(f, arms, t), t)
	exampleCurve().Draw(f, Panel{Title: "loss"}.Draw(f, loss, t), t)
	exampleMap().Draw(f, Panel{Title: "where it is right · zeros"}.Draw(f, where, t), t)
	exampleParagraph().Draw(f, Panel{Title: "what this shows", Foot: "try: n new seed · p presets"}.Draw(f, what, t).Inset(1, 0), t)
	exampleHints().Draw(f, hints.Inset(1, 0), t)
}
