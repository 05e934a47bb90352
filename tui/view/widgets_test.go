package view

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/muesli/termenv"
	"pgregory.net/rapid"

	"padlab/tui/theme"
)

type drawing func(*Frame, Rect, theme.Theme)

func (d drawing) Draw(f *Frame, r Rect, t theme.Theme) { d(f, r, t) }

// Any widget, with any data, in any rectangle, stays inside it and leaves the
// frame whole.
func TestAnythingAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := NewFrame(rapid.IntRange(0, 130).Draw(t, "w"), rapid.IntRange(0, 45).Draw(t, "h"))
		for y := range f.h {
			f.Text(0, y, theme.Plain, strings.Repeat("x", f.w))
		}
		r, th := anyRect(t), anyTheme(t)
		anyWidget(t).Draw(f, r, th)
		for y := range f.h {
			for x := range f.w {
				if c := f.cells[y*f.w+x]; !r.Contains(x, y) && c != (cell{'x', theme.Plain}) {
					t.Fatalf("%q at (%d, %d) is outside %v", c.r, x, y, r)
				}
			}
		}
		checkDimensions(t, f, th)
	})
}

func anyWidget(t *rapid.T) drawer {
	number := rapid.OneOf(rapid.Float64Range(-0.2, 1.2), rapid.Float64(),
		rapid.SampledFrom([]float64{0, 1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64}))
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-z]{1,9} ?){0,12}`), rapid.SampledFrom([]string{"漢字漢字漢字", "zeros", "\n\n"}))
	index := rapid.IntRange(-2, 12)
	values := func(n int) []float64 { return rapid.SliceOfN(number, n, n).Draw(t, "values") }
	marker := func() rune { return theme.Marker(rapid.IntRange(0, 20).Draw(t, "marker")) }

	extent := func() Range { return Range{number.Draw(t, "low"), number.Draw(t, "high")} }

	optional := func() Optional {
		if rapid.Bool().Draw(t, "none") {
			return Optional{}
		}
		return Some(number.Draw(t, "some"))
	}

	switch rapid.IntRange(0, 14).Draw(t, "widget") {
	case 0:
		p := Profile{Range: extent(), Chance: optional(), Reach: optional(), Cursor: optional(), XLabel: text.Draw(t, "x"), Selected: index.Draw(t, "selected"), Empty: text.Draw(t, "empty")}
		points := func() (list []ProfilePoint) {
			for d := range rapid.IntRange(0, 8).Draw(t, "points") {
				v := values(4)
				if rapid.Bool().Draw(t, "regular") {
					v[0] = float64(d)
				}
				list = append(list, ProfilePoint{Distance: v[0], Value: v[1], Low: v[2], High: v[3], N: rapid.Int().Draw(t, "n"),
					Single: rapid.Bool().Draw(t, "single"), Ceiling: optional()})
			}
			return list
		}
		for range rapid.IntRange(0, 9).Draw(t, "series") {
			s := ProfileSeries{Name: text.Draw(t, "name"), Style: anyStyle(t), Marker: marker()}
			s.Points, s.Before = points(), points()
			for range rapid.IntRange(0, 2).Draw(t, "seeds") {
				s.Seeds = append(s.Seeds, points())
			}
			p.Series = append(p.Series, s)
		}
		return p
	case 1:
		c := Curve{Log: rapid.Bool().Draw(t, "log"), Last: rapid.Bool().Draw(t, "last"), Reference: number.Draw(t, "ref"),
			RefLabel: text.Draw(t, "label"), XLabel: text.Draw(t, "x"), Empty: text.Draw(t, "empty")}
		if rapid.Bool().Draw(t, "score") {
			c.Range = extent()
		}
		c.Cursor = optional()
		points := func(n int) (list []CurvePoint) {
			for range rapid.IntRange(0, n).Draw(t, "points") {
				list = append(list, CurvePoint{rapid.OneOf(rapid.IntRange(0, 100), rapid.Int()).Draw(t, "step"), number.Draw(t, "value")})
			}
			return list
		}
		for range rapid.IntRange(0, 9).Draw(t, "series") {
			c.Series = append(c.Series, CurveSeries{Name: text.Draw(t, "name"), Style: anyStyle(t), Marker: marker(), Points: points(40), Before: points(9)})
		}
		return c
	case 2, 3:
		rows, cols := rapid.IntRange(0, 40).Draw(t, "rows"), rapid.IntRange(0, 40).Draw(t, "cols")
		if rapid.Bool().Draw(t, "image") {
			return Image{rows, cols, values(rows * cols)}
		}
		return Heatmap{rows, cols, values(rows * cols), rapid.Bool().Draw(t, "legend")}
	case 4:
		l := List{Selected: index.Draw(t, "selected"), Focused: rapid.Bool().Draw(t, "focused"), Empty: text.Draw(t, "empty")}
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			l.Rows = append(l.Rows, Row{text.Draw(t, "text"), anyStyle(t), Check(rapid.IntRange(0, 2).Draw(t, "check")),
				rapid.SampledFrom([]rune{0, '■', '漢'}).Draw(t, "marker"), anyStyle(t), rapid.SliceOfN(text, 0, 3).Draw(t, "columns"), rapid.Bool().Draw(t, "heading")})
		}
		return l
	case 5:
		p := Paragraph{Skip: index.Draw(t, "skip")}
		for range rapid.IntRange(0, 5).Draw(t, "spans") {
			p.Spans = append(p.Spans, Span{anyStyle(t), text.Draw(t, "text")})
		}
		return p
	case 6:
		var hs Hints
		for range rapid.IntRange(0, 9).Draw(t, "hints") {
			hs = append(hs, Hint{text.Draw(t, "key"), text.Draw(t, "text"), rapid.Bool().Draw(t, "keep")})
		}
		return hs
	case 7:
		return Dialog{text.Draw(t, "title"), text.Draw(t, "text"), rapid.SliceOfN(text, 0, 9).Draw(t, "choices"), index.Draw(t, "selected"), text.Draw(t, "foot")}
	case 8:
		p := Panel{text.Draw(t, "title"), text.Draw(t, "foot"), rapid.Bool().Draw(t, "focused")}
		return drawing(func(f *Frame, r Rect, th theme.Theme) {
			if inner := p.Draw(f, r, th); !inner.Empty() && (inner.Intersect(r) != inner || inner.Intersect(f.Bounds()) != inner) {
				t.Fatalf("inner %v of %v", inner, r)
			}
		})
	case 9:
		b := Bars{Range: extent(), Selected: index.Draw(t, "selected"), Empty: text.Draw(t, "empty")}
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			v := values(4)
			b.Rows = append(b.Rows, Bar{text.Draw(t, "name"), anyStyle(t), marker(), v[0], v[1], v[2], v[3]})
		}
		return b
	case 10:
		table := Table{Header: rapid.SliceOfN(text, 0, 4).Draw(t, "header"), Skip: index.Draw(t, "skip"), Left: index.Draw(t, "left")}
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			table.Rows = append(table.Rows, rapid.SliceOfN(text, 0, 5).Draw(t, "row"))
		}
		return table
	case 11:
		m := Form{Selected: index.Draw(t, "selected"), Foot: text.Draw(t, "foot")}
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			row := FormRow{Name: text.Draw(t, "name"), Value: text.Draw(t, "value"), Allowed: text.Draw(t, "allowed"), About: text.Draw(t, "about"),
				Changed: rapid.Bool().Draw(t, "changed"), Editing: rapid.Bool().Draw(t, "editing"), Cursor: index.Draw(t, "cursor"), Choice: rapid.Bool().Draw(t, "choice")}
			if rapid.Bool().Draw(t, "wrong") {
				row.Problem = text.Draw(t, "problem")
			}
			if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
				row.Heading = text.Draw(t, "heading")
			}
			m.Rows = append(m.Rows, row)
		}
		return m
	case 12:
		return Slider{index.Draw(t, "index"), index.Draw(t, "count"), text.Draw(t, "text")}
	case 13:
		small := rapid.IntRange(-1, 5)
		m := Padded{Rows: rapid.IntRange(0, 40).Draw(t, "rows"), Cols: rapid.IntRange(0, 40).Draw(t, "cols"),
			Top: small.Draw(t, "top"), Bottom: small.Draw(t, "bottom"), Left: small.Draw(t, "left"), Right: small.Draw(t, "right"),
			Corner: rapid.Bool().Draw(t, "corner"), Window: Window{index.Draw(t, "row"), index.Draw(t, "col"), index.Draw(t, "size")}}
		m.Values = values(m.Rows * m.Cols)
		if rapid.Bool().Draw(t, "sources") {
			m.Source = rapid.SliceOfN(rapid.IntRange(-1, 300), len(m.Values), len(m.Values)).Draw(t, "source")
		}
		return m
	default:
		return drawing(exampleLabIn)
	}
}

// exampleLabIn draws the Lab on a frame of its own, whatever size is left.
func exampleLabIn(f *Frame, r Rect, th theme.Theme) {
	g := NewFrame(r.W, r.H)
	exampleLab(g, th)
}

func lines(f *Frame) []string { return strings.Split(f.String(theme.Theme{}), "\n") }

// A line ends before a ring that is unknown, or that is one cell, and begins
// again behind it.
func TestProfileBreaks(t *testing.T) {
	for name, c := range map[string]struct {
		change func(q *ProfilePoint)
		want   string // the markers, and whether a line leads from each to the next
	}{
		"whole":   {func(*ProfilePoint) {}, "▲-▲-▲-▲"},
		"unknown": {func(q *ProfilePoint) { q.Value = math.NaN() }, "▲ ▲-▲"},
		"single":  {func(q *ProfilePoint) { q.Single = true }, "▲ ▲ ▲-▲"},
	} {
		p := exampleProfile()
		p.Series, p.Chance, p.Selected = p.Series[3:], Optional{}, -1
		for i := range p.Series[0].Points {
			p.Series[0].Points[i].Low = math.NaN()
		}
		c.change(&p.Series[0].Points[1])
		f := NewFrame(56, 9)
		p.Draw(f, f.Bounds(), theme.Theme{})
		row, _, _ := strings.Cut(lines(f)[0], " none")
		row = strings.TrimSuffix(row[strings.Index(row, "┤")+len("┤"):], " ▲")
		got := regexp.MustCompile(` +`).ReplaceAllString(strings.TrimSpace(row), " ")
		got = regexp.MustCompile(`[⠀-⣿]+`).ReplaceAllString(got, "-")
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestNoMarkerIsHidden(t *testing.T) {
	for _, p := range []Profile{exampleProfile(), exampleBeyond()} {
		for i := range 4 {
			p.Selected = i
			f := NewFrame(56, 9)
			p.Draw(f, f.Bounds(), theme.Theme{})
			for _, s := range p.Series {
				if n := strings.Count(f.String(theme.Theme{}), string(s.Marker)); n != 5 { // four rings and the name
					t.Errorf("%d selected: %c is seen %d times", i, s.Marker, n)
				}
			}
		}
	}
}

// Ceilings, the end of the field, chance and seeds in colour lie behind markers,
// whiskers and lines, and show only where nothing else does.
func TestReferencesHideNothing(t *testing.T) {
	th := theme.New(termenv.TrueColor, true, theme.Braille)
	with := exampleBeyond()
	without := exampleBeyond()
	without.Reach = Optional{}
	for i := range without.Series {
		without.Series[i].Seeds = nil
		for k := range without.Series[i].Points {
			without.Series[i].Points[k].Ceiling = Optional{}
		}
	}
	f, g := NewFrame(82, 17), NewFrame(82, 17)
	with.Draw(f, f.Bounds(), th)
	without.Draw(g, g.Bounds(), th)
	more := 0
	for i, c := range g.cells {
		if i%f.w > 68 {
			continue // the names
		}
		if c.r != ' ' && c.r != '┄' && f.cells[i] != c {
			t.Errorf("(%d, %d): %q in place of %q", i%f.w, i/f.w, f.cells[i].r, c.r)
		}
		if f.cells[i] != c {
			more++
		}
	}
	if more < 50 {
		t.Errorf("only %d cells show references", more)
	}
}

// What is not known is not drawn; what is 0 is.
func TestReferences(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *Profile)
		shown  []string
		hidden []string
	}{
		"none":               {func(*Profile) {}, nil, []string{"┄", "guessing", "═", "ceiling", "┊", "field"}},
		"chance 0":           {func(p *Profile) { p.Chance = Some(0) }, []string{"┄ guessing", "┄┄●"}, []string{"═", "┊"}},
		"chance unknown":     {func(p *Profile) { p.Chance = Some(math.NaN()) }, nil, []string{"┄", "guessing"}},
		"ceiling":            {func(p *Profile) { p.Series[0].Points[1].Ceiling = Some(0.8) }, []string{"═══", "═ ceiling"}, []string{"┄", "┊"}},
		"ceiling of another": {func(p *Profile) { p.Series[1].Points[1].Ceiling = Some(0.8) }, nil, []string{"═", "ceiling"}},
		"ceiling 0":          {func(p *Profile) { p.Series[0].Points[2].Ceiling = Some(0) }, []string{"═ ceiling"}, []string{"┄"}},
		"reach":              {func(p *Profile) { p.Reach = Some(1.5) }, []string{"┊", "alike from here"}, []string{"┄"}},
		"reach 0":            {func(p *Profile) { p.Reach = Some(0) }, []string{"┊"}, nil},
		"reach beyond":       {func(p *Profile) { p.Reach = Some(9) }, nil, []string{"┊", "field"}},
	} {
		p := exampleProfile()
		p.Chance = Optional{}
		c.change(&p)
		f := NewFrame(56, 9)
		p.Draw(f, f.Bounds(), theme.Theme{})
		text := strings.ReplaceAll(f.String(theme.Theme{}), "\n", "|\n") + "|\n"
		for _, s := range c.shown {
			if !strings.Contains(text, s) {
				t.Errorf("%s: no %q in\n%s", name, s, text)
			}
		}
		for _, s := range c.hidden {
			if strings.Contains(text, s) {
				t.Errorf("%s: %q in\n%s", name, s, text)
			}
		}
	}
}

func TestSelectedIsSeenWithoutColour(t *testing.T) {
	for i, name := range []string{"zeros", "circular", "reflect", "none"} {
		p := exampleProfile()
		p.Selected = i
		l := exampleList()
		l.Selected = i
		for _, d := range []drawer{p, l} {
			f := NewFrame(56, 9)
			d.Draw(f, f.Bounds(), theme.Theme{})
			for _, line := range lines(f) {
				_, behind, marked := strings.Cut(line, "▸")
				if marked && !strings.Contains(behind, name) || !marked && strings.Contains(line, " "+name+" ") {
					t.Errorf("%T, %s selected: %q", d, name, line)
				}
			}
		}
	}
}

func TestSelectedIsDrawnLast(t *testing.T) {
	point := []ProfilePoint{{Value: 0.5, Low: math.NaN(), High: math.NaN(), N: 1}}
	p := Profile{Range: Range{0, 1}, Series: []ProfileSeries{{Name: "a", Marker: 'A', Points: point}, {Name: "b", Marker: 'B', Points: point}}}
	for i, want := range []string{"A", "B"} {
		p.Selected = i
		f := NewFrame(3, 1) // too narrow to stand side by side
		p.Draw(f, f.Bounds(), theme.Theme{})
		if got := strings.Trim(f.String(theme.Theme{}), " "); got != want {
			t.Errorf("%d selected: %q", i, got)
		}
	}
}

// An axis with an open end reaches to the next half of a tick, and at least to
// 0; so does one with both signs, below 0.
func TestAxis(t *testing.T) {
	open := math.Inf(-1)
	for _, c := range []struct {
		r     Range
		shown []float64
		want  axis
	}{
		{Range{0, 1}, []float64{-3, 7}, axis{0, 1, .5}},
		{Range{-1, 1}, nil, axis{0, 1, .5}},
		{Range{-1, 1}, []float64{.4, .02}, axis{0, 1, .5}},
		{Range{-1, 1}, []float64{.4, -.06}, axis{-.25, 1, .5}},
		{Range{-1, 1}, []float64{.4, -.6}, axis{-.75, 1, .5}},
		{Range{-1, 1}, []float64{-1, -7}, axis{-1, 1, .5}},
		{Range{-.1, 1}, []float64{-.06}, axis{-.1, 1, .5}},
		{Range{-2, -1}, []float64{-1.5}, axis{-2, -1, .5}},
		{Range{open, 1}, nil, axis{0, 1, .5}},
		{Range{open, 1}, []float64{.4, math.NaN(), .9}, axis{0, 1, .5}},
		{Range{open, 1}, []float64{.4, -.06}, axis{-.25, 1, .5}},
		{Range{open, 1}, []float64{-2.3}, axis{-2.5, 1, 1}},
		{Range{open, 1}, []float64{-1e30}, axis{-1000, 1, 500}},
		{Range{0, math.Inf(1)}, []float64{.31}, axis{0, .35, .1}},
	} {
		got := c.r.axis(slices.Values(c.shown))
		if math.Abs(got.low-c.want.low)+math.Abs(got.high-c.want.high)+math.Abs(got.step-c.want.step) > 1e-9 {
			t.Errorf("%v with %v: %v, want %v", c.r, c.shown, got, c.want)
		}
	}
}

func TestCurveThinsWithoutLosingPeaks(t *testing.T) {
	c := Curve{Series: []CurveSeries{{Style: theme.Series(0)}}}
	for step := range 512 {
		c.Series[0].Points = append(c.Series[0].Points, CurvePoint{step, 0})
	}
	c.Series[0].Points[300].Value = 1
	f := NewFrame(10, 4)
	c.Draw(f, f.Bounds(), theme.Theme{})
	if top := lines(f)[0]; strings.Trim(top, " ") == "" {
		t.Errorf("the peak is lost:\n%s", strings.Join(lines(f), "\n"))
	}
}

// A score's axis is that of its metric, whatever the values, and its numbers are
// scores; the reference is named beside its line where a curve lies on it.
func TestCurveOfScores(t *testing.T) {
	c := exampleScores()
	c.Log = true // not of a score
	f := NewFrame(60, 14)
	c.Draw(f, f.Bounds(), theme.Theme{})
	rows := lines(f)
	if !strings.HasPrefix(rows[0], "  1┤") || !strings.HasPrefix(rows[6], " .5┤") || !strings.HasPrefix(rows[12], ".02┤") {
		t.Errorf("the axis is not that of a score:\n%s", strings.Join(rows, "\n"))
	}
	for y, want := range map[int]string{1: "◆ .90", 6: "● .46", 12: "■ .02", 11: "guessing"} {
		if !strings.Contains(rows[y], want) {
			t.Errorf("no %s in row %d:\n%s", want, y, strings.Join(rows, "\n"))
		}
	}
}

func TestListKeepsSelectionVisible(t *testing.T) {
	l := exampleList()
	for h := 1; h <= 14; h++ {
		for i := range l.Rows {
			l.Selected = i
			f := NewFrame(60, h)
			l.Draw(f, f.Bounds(), theme.Theme{})
			seen := false
			for _, line := range lines(f) {
				if strings.HasPrefix(line, "▸") {
					seen = true
				}
			}
			if !seen {
				t.Errorf("height %d: row %d is not visible", h, i)
			}
		}
	}
}

func TestHeatmapPoolsWhatDoesNotFit(t *testing.T) {
	m := Heatmap{Rows: 4, Cols: 4, Values: []float64{
		1, 1, 0, 0,
		1, 1, 0, math.NaN(),
		0.5, 0.5, math.NaN(), math.NaN(),
		0.5, 0.5, math.NaN(), math.NaN(),
	}}
	for _, c := range []struct {
		w, h int
		want string
	}{
		{8, 3, "100   0 \n 50  ·  \n2×2 mean"},
		{17, 3, "    100   0      \n     50  ·       \nmean of 2×2 cells"},
		{7, 3, "       \n small \n       "},
		{9, 1, "too small"},
		{27, 1, "  too small for 4×4 cells  "},
		{1, 1, "…"},
	} {
		f := NewFrame(c.w, c.h)
		m.Draw(f, f.Bounds(), theme.Theme{})
		if got := f.String(theme.Theme{}); got != c.want {
			t.Errorf("%d×%d: got\n%s\nwant\n%s", c.w, c.h, got, c.want)
		}
	}
}

// At no size does a block stand for several cells without a word.
func TestHeatmapNeverPoolsSilently(t *testing.T) {
	for w := 1; w < 50; w++ {
		for h := 1; h < 20; h++ {
			f := NewFrame(w, h)
			exampleMap().Draw(f, f.Bounds(), theme.Theme{})
			text := f.String(theme.Theme{})
			if told := regexp.MustCompile(`mean|small|(?m)^ *… *$`).MatchString(text); told != (w < 7 || h < 7) {
				t.Errorf("%d×%d:\n%s", w, h, text)
			}
		}
	}
}

func TestWrongNumberOfValuesPanics(t *testing.T) {
	for _, d := range []drawer{Heatmap{Rows: 2, Cols: 2}, Image{Rows: 1, Cols: 3, Values: make([]float64, 2)}, Padded{Rows: 1, Cols: 3},
		Padded{Rows: 1, Cols: 3, Values: make([]float64, 3), Source: make([]int, 2)}} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "view: ") {
					t.Errorf("%T did not panic as view", d)
				}
			}()
			f := NewFrame(5, 5)
			d.Draw(f, f.Bounds(), theme.Theme{})
		}()
	}
}

func TestHintsKeepHelpAndQuit(t *testing.T) {
	for w := 17; w < 100; w++ { // "? help · q quit" takes 15
		f := NewFrame(w, 1)
		exampleHints().Draw(f, f.Bounds(), theme.Theme{})
		got := f.String(theme.Theme{})
		if !strings.Contains(got, "? help") || !strings.Contains(got, "q quit") {
			t.Errorf("width %d: %q", w, got)
		}
		if strings.Contains(got, "step") && !strings.Contains(got, "pause") {
			t.Errorf("width %d drops the more important: %q", w, got)
		}
	}
}

// Where not even the hints to keep fit, their keys do.
func TestHintsKeepKeys(t *testing.T) {
	for w, want := range map[int]string{5: "? · q", 8: "? · q   ", 11: "? help · q ", 15: "? help · q quit", 4: "? · "} {
		f := NewFrame(w, 1)
		exampleHints().Draw(f, f.Bounds(), theme.Theme{})
		if got := f.String(theme.Theme{}); got != want {
			t.Errorf("width %d: %q, want %q", w, got, want)
		}
	}
}

// What is scrolled out is counted exactly: the lines that are seen and those
// that are counted are all there are, and at MaxSkip the end is seen.
func TestScrolledOutIsCounted(t *testing.T) {
	var p Paragraph
	table := Table{Header: []string{"n"}}
	for i := range 20 {
		p.Spans = append(p.Spans, Span{theme.Plain, fmt.Sprintf("line%d\n", i)})
		table.Rows = append(table.Rows, []string{fmt.Sprintf("line%d", i)})
	}
	p.Spans[19].Text = "line19"
	count := regexp.MustCompile(`[↑↓] (\d+) more`)
	for h := 5; h <= 24; h++ {
		for skip := -1; skip <= 25; skip++ {
			p.Skip, table.Skip = skip, skip
			for _, c := range []struct {
				d   drawer
				max int
			}{{p, p.MaxSkip(20, h)}, {table, table.MaxSkip(h)}} {
				f := NewFrame(20, h)
				c.d.Draw(f, f.Bounds(), theme.Theme{})
				text := f.String(theme.Theme{})
				n := len(regexp.MustCompile(`(?m)^line\d`).FindAllString(text, -1))
				for _, m := range count.FindAllStringSubmatch(text, -1) {
					k, _ := strconv.Atoi(m[1])
					n += k
				}
				if n != 20 {
					t.Errorf("%T, height %d, skip %d: %d lines\n%s", c.d, h, skip, n, text)
				}
				if (max(skip, 0) >= c.max) != strings.Contains(text, "line19") {
					t.Errorf("%T, height %d, skip %d, at most %d:\n%s", c.d, h, skip, c.max, text)
				}
			}
		}
	}
}

// Every column of a table can be scrolled to.
func TestTableColumns(t *testing.T) {
	table := exampleTable()
	table.Skip = 0
	for w := 8; w < 60; w++ {
		seen := map[string]bool{}
		for table.Left = 0; table.Left <= table.MaxLeft(w); table.Left++ {
			f := NewFrame(w, 6)
			table.Draw(f, f.Bounds(), theme.Theme{})
			rows := lines(f)
			for i, word := range table.Rows[0] {
				if strings.Contains(rows[1], word[:min(len(word), 3)]) {
					seen[table.Header[i]] = true
				}
			}
			if all := table.MaxLeft(w) == 0; all == strings.ContainsAny(rows[0], "←→") {
				t.Errorf("width %d, left %d: %q", w, table.Left, rows[0])
			}
		}
		if len(seen) != len(table.Header) {
			t.Errorf("width %d: only %v are seen", w, seen)
		}
	}
}

// The selected field of a form is always seen, and what is wrong with it.
func TestFormKeepsSelectionVisible(t *testing.T) {
	for h := 1; h <= 14; h++ {
		m := exampleForm()
		for i, row := range m.Rows {
			if row.Heading != "" {
				continue
			}
			m.Selected = i
			f := NewFrame(60, h)
			m.Draw(f, f.Bounds(), theme.Theme{})
			text := f.String(theme.Theme{})
			if !regexp.MustCompile(`(?m)^▸.. `+row.Name).MatchString(text) || h > 2 && !strings.Contains(text, row.Problem) {
				t.Errorf("height %d: %s is not visible\n%s", h, row.Name, text)
			}
		}
	}
}

// The cursor is seen wherever it stands in a value of any length.
func TestFormCursor(t *testing.T) {
	colour := theme.New(termenv.TrueColor, true, theme.Braille)
	for w := 12; w < 60; w++ {
		for at := range 31 {
			m := Form{Rows: []FormRow{{Name: "seeds", Value: "123456789012345678901234567890", Editing: true, Cursor: at}}}
			f := NewFrame(w, 1)
			m.Draw(f, f.Bounds(), theme.Theme{})
			if n := strings.Count(f.String(theme.Theme{}), "▏"); n != 1 {
				t.Errorf("width %d, cursor %d: %q", w, at, f.String(theme.Theme{}))
			}
			f.Clear()
			m.Draw(f, f.Bounds(), colour)
			n := 0
			for _, c := range f.cells {
				if c.s == theme.Caret {
					n++
					if want := (m.Rows[0].Value + " ")[at]; c.r != rune(want) {
						t.Errorf("width %d: the cursor is on %c, not %c", w, c.r, want)
					}
				}
			}
			if n != 1 {
				t.Errorf("width %d, cursor %d: %d cursors", w, at, n)
			}
		}
	}
}

// A copy looks like its source and like no pixel opposite; without colour they
// have one name.
func TestPaddedCopiesLookLikeTheirSources(t *testing.T) {
	m := examplePadded(reflected)
	m.Window = Window{}
	for _, th := range []theme.Theme{{}, theme.New(termenv.TrueColor, true, theme.Braille)} {
		f := NewFrame(60, 20)
		m.Draw(f, f.Bounds(), th)
		l := m.layout(60, 20, th.Colour())
		if l.half || l.rows != m.Rows || l.cols != m.Cols {
			t.Fatal("not all pixels are shown")
		}
		at := func(row, col int) []cell {
			from := (l.y+l.row(m, row))*f.w + l.x + l.column(m, col)
			return f.cells[from : from+2]
		}
		for row := range m.Rows {
			for col := range m.Cols {
				i := m.copied(row, col)
				if i < 0 {
					continue
				}
				copied, source := at(row, col), at(m.Top+i/8, m.Left+i%8)
				if th.Colour() {
					if source[0] != copied[0] {
						t.Errorf("(%d, %d) is %v, its source %v", row, col, copied, source)
					}
				} else if a, b := plain(copied), plain(source); a == b || strings.ToUpper(a) != b {
					t.Errorf("(%d, %d) is %q, its source %q", row, col, a, b)
				}
			}
		}
	}
}

func TestPaddedSaysThatItIsACorner(t *testing.T) {
	colour := theme.New(termenv.TrueColor, true, theme.Braille)
	for w := 1; w < 40; w++ {
		for h := 1; h < 20; h++ {
			for _, th := range []theme.Theme{{}, colour} {
				f := NewFrame(w, h)
				m := examplePadded(reflected)
				m.Draw(f, f.Bounds(), th)
				l := m.layout(w, h, th.Colour())
				all := l.rows == m.Rows && l.cols == m.Cols
				if want := w >= 24 && (h >= 12 || th.Colour() && h >= 6); all != want {
					t.Errorf("%d×%d, colour %v: %d×%d pixels are shown", w, h, th.Colour(), l.rows, l.cols)
				}
				if told := regexp.MustCompile(`of 12×12|small|…|(?m)^ *\d+×\d+ *$`).MatchString(f.String(theme.Theme{})); told == all {
					t.Errorf("%d×%d, colour %v: told %v\n%s", w, h, th.Colour(), told, f.String(theme.Theme{}))
				}
			}
		}
	}
}

func TestListHeadings(t *testing.T) {
	l := exampleSections()
	l.Selected = 0 // a heading
	f := NewFrame(40, 8)
	l.Draw(f, f.Bounds(), theme.New(termenv.TrueColor, true, theme.Braille))
	for i, c := range f.cells {
		if c.r == '▸' || c.s == theme.Selected {
			t.Errorf("(%d, %d): a heading looks selected", i%f.w, i/f.w)
		}
	}
	if f.cells[0] != (cell{'P', theme.Strong}) {
		t.Errorf("the heading begins with %v", f.cells[0])
	}
}

func TestStrokes(t *testing.T) {
	for _, c := range []struct{ braille, block, ascii string }{
		{"⠒", "▀", "-"}, // its dots lie in the second row
		{"⠤", "▄", "-"}, {"⠉", "▀", "'"}, {"⣀", "▄", "_"}, {"⠑", "▀", "\\"}, {"⡠", "▄", "/"}, {"⢣", "▚", "\\"}, {"⡜", "▞", "/"}, {"⡇", "▌", "|"}, {"⣿", "█", "|"},
	} {
		r := []rune(c.braille)[0]
		if got := string(stroke(theme.Braille, r)); got != c.braille {
			t.Errorf("%s in braille is %s", c.braille, got)
		}
		if got := string(stroke(theme.Block, r)); got != c.block {
			t.Errorf("%s in blocks is %s, want %s", c.braille, got, c.block)
		}
		if got := string(stroke(theme.ASCII, r)); got != c.ascii {
			t.Errorf("%s in ASCII is %s, want %s", c.braille, got, c.ascii)
		}
	}
}

func TestParagraphHeight(t *testing.T) {
	p := exampleParagraph()
	for _, c := range []struct{ w, want int }{{39, 6}, {1000, 2}, {0, 0}, {-1, 0}} {
		if got := p.Height(c.w); got != c.want {
			t.Errorf("Height(%d) = %d, want %d", c.w, got, c.want)
		}
	}
	if got := (Paragraph{}).Height(10); got != 0 {
		t.Errorf("nothing takes %d rows", got)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		w    int
		want []string
	}{
		{"one two three", 7, []string{"one two", "three"}},
		{"one two three", 8, []string{"one two", "three"}},
		{"extraordinary x", 5, []string{"extra", "ordin", "ary x"}},
		{"漢字漢", 3, []string{"漢", "字", "漢"}},
		{"漢", 1, []string{"漢"}},
		{"a\n\nb ", 5, []string{"a", "", "b "}},
		{"ab   cd", 3, []string{"ab", "cd"}},
		{"  indented text", 10, []string{"  indented", "text"}},
	} {
		var got []string
		for _, line := range (Paragraph{Spans: []Span{{theme.Plain, c.text}}}).lines(c.w) {
			got = append(got, plain(line))
		}
		if strings.TrimRight(strings.Join(got, "|"), " ") != strings.TrimRight(strings.Join(c.want, "|"), " ") {
			t.Errorf("%q in %d: %q, want %q", c.text, c.w, got, c.want)
		}
	}
}

// A click on the knob means what is shown, one on an arrow the next on its side, and
// the ends of the track the first and the last.
func TestClicksOnSliders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Slider{Count: rapid.IntRange(1, 40).Draw(t, "count"), Text: rapid.SampledFrom([]string{"", "step 90"}).Draw(t, "text")}
		s.Index = rapid.IntRange(0, s.Count-1).Draw(t, "index")
		r := Rect{rapid.IntRange(0, 9).Draw(t, "x"), 0, rapid.IntRange(5, 90).Draw(t, "w"), 1}
		f := NewFrame(100, 1)
		s.Draw(f, r, theme.Theme{})
		line := []rune(f.String(theme.Theme{}))
		want := map[rune]int{'◂': max(s.Index-1, 0), '▸': min(s.Index+1, s.Count-1), '●': s.Index}
		for x, glyph := range line {
			got, ok := s.At(r, x)
			if index, known := want[glyph]; known && (!ok || got != index) {
				t.Fatalf("%+v in %+v: a click on %c is %d, %v", s, r, glyph, got, ok)
			}
			if ok && (got < 0 || got >= s.Count) {
				t.Fatalf("%+v in %+v: a click is %d", s, r, got)
			}
			if (x < r.X || x >= r.X+r.W) && ok {
				t.Fatalf("a click beside it, at %d", x)
			}
		}
	})
}
