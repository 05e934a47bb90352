package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/theme"
)

// found is a result of so many arms over a grid of 7×7 cells, whose innermost ring
// is one.
func found(arms int) record.Result {
	r := record.Result{Schema: 1, Experiment: experiment.Default(), Provenance: record.Provenance{Name: "tried"}}
	r.Experiment.Title = "Where & <when>?"
	for i := range arms {
		key := metric.Key{Metric: metric.BeyondGuessing, Images: "test"}
		a := record.Arm{Name: fmt.Sprint("arm ", i), Status: record.Done}
		p := metric.Profile{Key: key, Unit: "cells"}
		for d, n := range []int{2400, 1600, 800, 100} {
			v := metric.Number(.9 - .25*float64(d) - .01*float64(i))
			most := metric.Number(.95 - .25*float64(d) - .1*float64(i%2))
			p.Rings = append(p.Rings, metric.Point{Distance: d, N: n, Value: v, Low: v - .05, High: v + .03, Chance: 0, Ceiling: &most,
				Interval: metric.Interval{Over: metric.Images, Units: 100}})
		}
		m := metric.Map{Key: metric.Key{Metric: metric.Accuracy, Images: "test"}, Rows: 7, Cols: 7}
		for j := range 49 {
			m.Values = append(m.Values, metric.Number(float64(j)/48))
		}
		m.Values[3] = metric.NaN
		a.Scores = []metric.Score{{Key: key, Value: metric.Number(.6 - .1*float64(i)), Low: .1, High: .8, Interval: metric.Interval{Over: metric.Images, Units: 100}}}
		a.Profiles, a.Maps = []metric.Profile{p}, []metric.Map{m}
		for _, target := range []string{metric.Location, metric.Class} {
			for k, name := range []string{metric.WithoutTop, metric.WithoutRandom} {
				curve := metric.Profile{Key: metric.Key{Metric: name, Target: target, Images: "test"}, Unit: metric.Neurons}
				for n := range 9 {
					v := metric.Number(.9 - .1*float64(n)/float64(1+k) - .01*float64(arms))
					curve.Rings = append(curve.Rings, metric.Point{Distance: 4 * n, N: 100, Value: v, Low: v - .02, High: v + .02})
				}
				a.Profiles = append(a.Profiles, curve)
			}
		}
		for step := range 100 {
			a.Loss = append(a.Loss, record.LossPoint{Step: step, Value: metric.Number(3/(1+float64(step)/20) + .1*float64(i))})
		}
		a.Loss[50].Value = metric.NaN
		r.Arms = append(r.Arms, a)
	}
	return r
}

func written(t *testing.T, r record.Result, kind, format string) []byte {
	t.Helper()
	f, err := Of(r, kind, "")
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	var b bytes.Buffer
	if err := f.Write(&b, format); err != nil {
		t.Fatalf("%s %s: %v", kind, format, err)
	}
	return b.Bytes()
}

// Every kind is written in every format, and the same result gives the same bytes.
func TestWrite(t *testing.T) {
	for _, kind := range Kinds() {
		for _, format := range Formats() {
			data := written(t, found(4), kind, format)
			if again := written(t, found(4), kind, format); !bytes.Equal(data, again) {
				t.Errorf("%s %s: other bytes for the same result", kind, format)
			}
			if other := written(t, found(3), kind, format); kind != Map && bytes.Equal(data, other) {
				t.Errorf("%s %s: the same bytes for another result", kind, format)
			}
			switch format {
			case PNG:
				if img, err := png.Decode(bytes.NewReader(data)); err != nil || img.Bounds().Dx() < 1000 {
					t.Errorf("%s: %v, %v", kind, img, err)
				}
			case PDF:
				if !bytes.HasPrefix(data, []byte("%PDF-1.")) || !bytes.Contains(data, []byte("/CreationDate (D:20000101000000)")) || !bytes.Contains(data, []byte("/ModDate (D:20000101000000)")) {
					t.Errorf("%s: %.300q", kind, data)
				}
			case SVG:
				if words := wordsOf(t, data); !strings.Contains(words, "Where & <when>?\n") {
					t.Errorf("%s: %s", kind, words)
				}
			}
		}
	}
	if err := (&Figure{}).Write(io.Discard, "gif"); err == nil || !strings.Contains(err.Error(), `unknown format "gif"`) || !strings.Contains(err.Error(), "known: svg, png, pdf") {
		t.Error(err)
	}
}

// wordsOf are the texts of an SVG, each on a line; the document must be right.
func wordsOf(t *testing.T, data []byte) string {
	t.Helper()
	var b strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, data)
		}
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			fmt.Fprintln(&b, string(text))
		}
	}
}

// A figure says what it shows: axes with units, arms, chance, ceilings and whose,
// what intervals are over.
func TestWords(t *testing.T) {
	words := wordsOf(t, written(t, found(4), Profile, SVG))
	for _, want := range []string{"arm 0", "arm 3", "chance", "ceiling of arm 0, arm 2", "ceiling of arm 1, arm 3", "accuracy beyond guessing",
		"cells between the patch and the border", "n 2400", "0.8", "Accuracy beyond guessing, seed 1, with 95 % intervals over 100 images (this network)"} {
		if !strings.Contains(words, want+"\n") {
			t.Errorf("no %q in\n%s", want, words)
		}
	}
	words = wordsOf(t, written(t, found(2), Map, SVG))
	for _, want := range []string{"Accuracy, seed 1, arm arm 0", "column", "row, from the top", "–", "0.50", "1.00"} {
		if !strings.Contains(words, want+"\n") {
			t.Errorf("no %q in\n%s", want, words)
		}
	}
	words = wordsOf(t, written(t, found(2), Loss, SVG))
	for _, want := range []string{"training step", "loss (mean of a batch)", "arm 1"} {
		if !strings.Contains(words, want+"\n") {
			t.Errorf("no %q in\n%s", want, words)
		}
	}
	// Whatever a file says, the document stays right.
	evil := found(2)
	evil.Arms[0].Name, evil.Experiment.Title, evil.Arms[1].Name = "a\x00\x1b[2J\n\xff</svg>", "\xfe\x01&amp;", strings.Repeat("x", 5000)
	evil.Arms[0].Profiles[0].Unit, evil.Arms[0].Profiles[0].Metric, evil.Arms[1].Profiles[0].Metric = "\x02", "later", "later"
	for _, kind := range Kinds() {
		wordsOf(t, written(t, evil, kind, SVG))
		written(t, evil, kind, PDF)
	}
}

// The ring of one cell is a marker without a line, and a value that is not known
// cuts the line.
func TestSeries(t *testing.T) {
	p := found(1).Arms[0].Profiles[0]
	s := seriesOf(p, 0, 1)
	if len(s.lines) != 1 || len(s.lines[0]) != 3 || len(s.alone) != 1 || s.alone[0].x != 3 {
		t.Errorf("%+v", s)
	}
	p.Rings[1].Value = metric.NaN
	if s := seriesOf(p, 0, 1); len(s.lines) != 2 || len(s.lines[0]) != 1 || len(s.alone) != 1 {
		t.Errorf("%+v", s)
	}
	if lines := finite(found(1).Arms[0].Loss); len(lines) != 2 || len(lines[0]) != 50 || len(lines[1]) != 49 {
		t.Errorf("%d lines", len(lines))
	}
	// A straight line is its own mean but for the end.
	var line []point
	for i := range 100 {
		line = append(line, point{x: float64(i), y: 2 * float64(i)})
	}
	for i, q := range means(line) {
		if want := 2 * float64(i); i < 89 && math.Abs(q.y-want) > 1e-9 || i == 99 && q.y != 2*94 {
			t.Errorf("%d: %g", i, q.y)
		}
	}
}

// Without colour the first eight arms differ in dashes and in the shape of their
// markers, and the next eight are hollow.
func TestBlackAndWhite(t *testing.T) {
	seen := map[string]bool{}
	for i := range theme.Markers {
		s := series{look: i}
		key := fmt.Sprint(s.line().Dashes, i%theme.Markers >= len(shapes))
		if seen[key] {
			t.Errorf("arm %d has the dashes of another", i)
		}
		seen[key] = true
	}
	for i, a := range shapes {
		for j, b := range shapes[:i] {
			if fmt.Sprintf("%.2f", a) == fmt.Sprintf("%.2f", b) {
				t.Errorf("markers %d and %d are alike", i, j)
			}
		}
	}
}

// Texts lie within the page and apart from each other.
func TestNothingOverlaps(t *testing.T) {
	long := found(15)
	long.Experiment.Title = strings.Repeat("How does it know where it is looking? ", 10)
	for i := range long.Arms {
		long.Arms[i].Name = fmt.Sprint(strings.Repeat("reflect, ", i), i)
	}
	far := found(3)
	for i := range far.Arms {
		p := &far.Arms[i].Profiles[0]
		for d := len(p.Rings); d < 112; d++ {
			p.Rings = append(p.Rings, p.Rings[1])
			p.Rings[d].Distance = d
			p.Rings[d].Value = metric.Number(-3000 * float64(d))
		}
	}
	for name, r := range map[string]record.Result{"few": found(2), "long": long, "far": far} {
		for _, kind := range Kinds() {
			f, err := Of(r, kind, "")
			if err != nil {
				t.Fatal(err)
			}
			texts := textsOf(f)
			if len(texts) < 8 {
				t.Errorf("%s %s: %d texts", name, kind, len(texts))
			}
			for i, a := range texts {
				if a.Min.X < 0 || a.Min.Y < 0 || a.Max.X > f.width || a.Max.Y > f.height {
					t.Errorf("%s %s: %q is outside", name, kind, a.text)
				}
				for _, b := range texts[:i] {
					if a.Min.X < b.Max.X && b.Min.X < a.Max.X && a.Min.Y < b.Max.Y && b.Min.Y < a.Max.Y {
						t.Errorf("%s %s: %q covers %q", name, kind, a.text, b.text)
					}
				}
			}
		}
	}
}

type placed struct {
	vg.Rectangle
	text string
}

// textsOf are the texts of a figure that lie flat, with the place of their
// letters.
func textsOf(f *Figure) (list []placed) {
	var c recorder.Canvas
	f.draw(draw.NewCanvas(&c, f.width, f.height))
	turned := 0
	for _, a := range c.Actions {
		switch a := a.(type) {
		case *recorder.Push:
			turned = max(turned, 0)
			if turned > 0 {
				turned++
			}
		case *recorder.Rotate:
			turned = max(turned, 1)
		case *recorder.Pop:
			turned = max(turned-1, 0)
		case *recorder.FillString:
			if turned == 0 {
				style := letters(a.Size.Points(), ink)
				list = append(list, placed{vg.Rectangle{Min: a.Point, Max: vg.Point{X: a.Point.X + style.Width(a.String), Y: a.Point.Y + .7*a.Size}}, a.String})
			}
		}
	}
	return list
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"}, {-.04, 1.04, "0.0 0.2 0.4 0.6 0.8 1.0"}, {-3.2, 1.1, "−3 −2 −1 0 1"}, {0, 359, "0 100 200 300"},
		{0, .0012, "0.0000 0.0002 0.0004 0.0006 0.0008 0.0010 0.0012"}, {0, 3e6, "0 5e+05 1e+06 1.5e+06 2e+06 2.5e+06 3e+06"}, {1, 1, ""}, {-1e308, 1e308, ""},
	} {
		var got []string
		for _, tick := range ticks(c.low, c.high) {
			got = append(got, tick.Label)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%g to %g: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

// What cannot be drawn is said.
func TestNothingToDraw(t *testing.T) {
	empty := found(2)
	for i := range empty.Arms {
		empty.Arms[i] = record.Arm{Name: empty.Arms[i].Name}
	}
	for _, c := range []struct {
		r               record.Result
		kind, arm, want string
	}{
		{empty, Profile, "", errNoProfile.Error()}, {empty, Map, "", errNoMap.Error()}, {empty, Map, "arm 1", errNoMap.Error()}, {empty, Loss, "", errNoLoss.Error()},
		{found(2), "pie", "", `unknown kind of figure "pie" (known: profile, map, loss, bars, neurons)`},
		{found(2), Map, "arm 7", `unknown arm "arm 7": did you mean "arm 0"? (known: arm 0, arm 1)`},
		{found(2), Loss, "arm 1", "a loss shows all arms: only a map, and neurons, are of one"},
		{record.Result{Experiment: experiment.Default()}, Profile, "", errNoProfile.Error()},
	} {
		if f, err := Of(c.r, c.kind, c.arm); err == nil || err.Error() != c.want || f != nil {
			t.Errorf("%s: %v, want %s", c.kind, err, c.want)
		}
	}
}

func TestExport(t *testing.T) {
	dir := t.TempDir()
	for _, ending := range Endings() {
		path := filepath.Join(dir, "a."+strings.ToUpper(ending))
		if err := Export(found(2), path); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil || len(data) == 0 {
			t.Fatal(err)
		}
		if err := Export(found(3), path); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: written over: %v", path, err)
		}
		if again, _ := os.ReadFile(path); !bytes.Equal(again, data) {
			t.Errorf("%s has changed", path)
		}
		if ending == CSV {
			if !regexp.MustCompile(`(?m)^arm 1,1,beyond-guessing,,test,cells,0,2400,`).Match(data) {
				t.Errorf("%s", data)
			}
		} else if !bytes.Equal(data, written(t, found(2), Profile, ending)) {
			t.Errorf("%s is another figure", path)
		}
	}
	for path, want := range map[string]string{
		"x":                                   "x: its name says no format: it must end in .svg, .png, .pdf, .csv",
		"x.sgv":                               `x.sgv: unknown format "sgv": did you mean "svg"? (known: svg, png, pdf, csv)`,
		filepath.Join(dir, "none", "a.svg"):   "no such file",
		filepath.Join(dir, "none.d", "a.csv"): "no such file",
	} {
		if err := Export(found(1), path); err == nil || !strings.Contains(err.Error(), want) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) != len(Endings()) {
		t.Errorf("%v", list)
	}
}

// Texts of a PDF are in the code of its fonts.
func TestWindows1252(t *testing.T) {
	if got := windows1252("aé×−1 ≥ 3 – “x” €…漢"); got != "a\xe9\xd7\x961 >= 3 \x96 \x93x\x94 \x80\x85?" {
		t.Errorf("%q", got)
	}
}
