package cli

import (
	"context"
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"padlab/core/lab"
	"padlab/core/nn/kernel"
	"padlab/presets"
	"padlab/tui/app"
	"padlab/tui/theme"
)

var (
	long   = flag.Bool("long", false, "run the tests that train a whole preset")
	update = flag.Bool("update", false, "write the pictures of the README anew")
)

// The README shows the screen as the program draws it. The same experiment
// gives the same picture: the clock stands still, so that nothing on the
// screen tells the time, and of the fast kernels, which agree in every bit,
// the most common one has its name on it.
func TestPicture(t *testing.T) {
	if !*long && !*update {
		t.Skip("trains whole presets; run with -long")
	}
	for _, c := range []struct {
		preset string
		keys   string
	}{{presets.Default, ""}, {"table3-layers", "jjjj"}} {
		t.Run(c.preset, func(t *testing.T) {
			got := svg(t, "The screen of padlab after the preset "+c.preset, screenAfter(t, c.preset, c.keys))
			file := filepath.Join("..", "..", "presets", "results", c.preset+".svg")
			if *update {
				write(t, file, got)
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is not what the program draws now; write it anew with go test ./tui/cli -run TestPicture -update", file)
			}
		})
	}
}

// screenAfter is the screen when a preset is through, and some keys were
// pressed.
func screenAfter(t *testing.T, preset, keys string) string {
	fast, err := kernel.Select("avx2")
	if err != nil {
		t.Skip(err)
	}
	s := &session{ctx: t.Context()}
	e, err := s.load(preset)
	if err != nil {
		t.Fatal(err)
	}
	pool := lab.NewPool(fast, runtime.GOMAXPROCS(0), func() time.Time { return time.Time{} }, s.sources())
	defer pool.Close()
	s.getenv = os.Getenv
	h := s.host(pool, runFlags{noRecord: true})
	start := h.Start
	h.Start = func(ctx context.Context, w app.Wish) (*lab.Run, error) {
		run, err := start(ctx, w)
		if err == nil {
			<-run.Done()
		}
		return run, err
	}
	first := app.Preset{Name: preset, Experiment: e}
	screen := app.New(h, app.Session{Theme: theme.New(termenv.TrueColor, true, theme.Braille), Presets: []app.Preset{first}, First: first})
	defer screen.Close()
	screen.Update(tea.WindowSizeMsg{Width: 120, Height: 36})
	_, cmd := screen.Update(screen.Init()())
	for _, c := range cmd().(tea.BatchMsg) { // what it sees is asked for
		screen.Update(c())
	}
	for _, key := range keys {
		screen.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{key}})
	}
	return screen.View()
}

// The measures of a picture, in pixels. Cells are twice as high as wide, so
// that the pixels of an image are squares and the dots of braille lie evenly.
const (
	cellWidth  = 9
	cellHeight = 18
	baseline   = 14
	fontSize   = 15
	margin     = 20
)

// boxes are the lines of a box as paths from the upper left corner of a cell.
// They and braille are drawn, not written: few fonts for reading have them, in
// fewer do they join from row to row, and where they come from another font
// than the words they push a row out of line.
var boxes = map[rune]string{
	'─': "m0 9.5h9", '│': "m4.5 0v18", '╎': "m4.5 1v4m0 2v4m0 2v4", '┄': "m1 9.5h2.5m2 0h2.5", '╵': "m4.5 0v9.5", '╷': "m4.5 9.5v8.5",
	'╭': "m4.5 18v-5q0-3.5 3.5-3.5h1", '╮': "m4.5 18v-5q0-3.5-3.5-3.5h-1",
	'╰': "m4.5 0v6q0 3.5 3.5 3.5h1", '╯': "m4.5 0v6q0 3.5-3.5 3.5h-1",
	'┤': "m4.5 0v18m0-8.5h-4.5", '┬': "m0 9.5h9m-4.5 0v8.5", '┴': "m0 9.5h9m-4.5 0v-9.5", '└': "m4.5 0v9.5h4.5",
}

var heavyBoxes = map[rune]string{
	'━': "m0 9.5h9", '┃': "m4.5 0v18",
	'┏': "m4.5 18v-8.5h4.5", '┓': "m4.5 18v-8.5h-4.5", '┗': "m4.5 0v9.5h4.5", '┛': "m4.5 0v9.5h-4.5",
}

var (
	escape = regexp.MustCompile(`\x1b\[([0-9;]*)m`)
	words  = regexp.MustCompile(`[!-~]+( [!-~]+)*|[^ ]`) // what one text element holds
)

// svg returns a screen, lines with escape sequences of true colour, as a
// picture.
func svg(t *testing.T, title, screen string) string {
	d := drawing{T: t, strokes: map[pen]*strings.Builder{}}
	rows := strings.Split(screen, "\n")
	for row, line := range rows {
		d.x, d.y = margin, margin+row*cellHeight
		now, from := ink{}, 0
		for _, at := range escape.FindAllStringSubmatchIndex(line, -1) {
			d.draw(line[from:at[0]], now)
			now = now.after(t, line[at[2]:at[3]])
			from = at[1]
		}
		d.draw(line[from:], now)
		d.right = max(d.right, d.x)
	}
	w, h := d.right+margin, len(rows)*cellHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %[1]d %[2]d\" role=\"img\">\n", w, h)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(title))
	fmt.Fprintf(&b, "<rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"10\" fill=\"#16181D\" stroke=\"#30343C\"/>\n", w-1, h-1)
	fmt.Fprintf(&b, "<g shape-rendering=\"crispEdges\">\n%s</g>\n<g fill=\"none\">\n", d.areas.String())
	for _, p := range d.pens {
		fmt.Fprintf(&b, "<path stroke=\"%s\" stroke-width=\"%g\" stroke-linecap=\"%s\" d=\"%s\"/>\n", p.colour, p.width, p.end, d.strokes[p])
	}
	fmt.Fprintf(&b, "</g>\n<g fill=\"%s\" font-size=\"%d\" font-family=\"ui-monospace, 'SF Mono', Menlo, 'Cascadia Mono', Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace\">\n%s</g>\n</svg>\n",
		plain, fontSize, d.text.String())
	return b.String()
}

// A drawing is a picture under way: areas lie below strokes below text.
type drawing struct {
	*testing.T
	x, y, right int // where the next character stands; the end of the longest line

	areas, text strings.Builder
	strokes     map[pen]*strings.Builder
	pens        []pen // in the order of their first use
}

// A pen draws lines.
type pen struct {
	colour string
	width  float64
	end    string
}

// draw draws characters of one ink, each one column wide.
func (d *drawing) draw(characters string, i ink) {
	if characters == "" {
		return
	}
	start, rest := d.x, []rune(characters)
	if i.back != "" {
		d.area(len(rest)*cellWidth, cellHeight, i.back)
	}
	colour := i.fore
	if colour == "" {
		colour = plain
	}
	if strings.Trim(characters, "▀") == "" { // pixels of an image, two to a cell
		d.area(len(rest)*cellWidth, cellHeight/2, colour)
		d.x += len(rest) * cellWidth
		return
	}
	for n, r := range rest {
		drawn := true
		switch {
		case r >= '⠀' && r <= '⣿':
			d.dots(byte(r-'⠀'), pen{colour, 2.75, "round"})
		case r >= '█' && r <= '▏': // eighths of a cell, from the left
			d.area(cellWidth*int('▏'-r+1)/8, cellHeight, colour)
		case boxes[r] != "":
			d.stroke(pen{colour, 1, "butt"}, boxes[r])
		case heavyBoxes[r] != "":
			d.stroke(pen{colour, 2, "butt"}, heavyBoxes[r])
		default:
			drawn = false
		}
		if drawn {
			rest[n] = ' '
		}
		d.x += cellWidth
	}
	written := string(rest)
	for _, at := range words.FindAllStringIndex(written, -1) {
		word := written[at[0]:at[1]]
		// As wide as its columns in any font.
		fmt.Fprintf(&d.text, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\"",
			start+utf8.RuneCountInString(written[:at[0]])*cellWidth, d.y+baseline, utf8.RuneCountInString(word)*cellWidth)
		if i.fore != "" {
			fmt.Fprintf(&d.text, " fill=\"%s\"", i.fore)
		}
		if i.bold {
			d.text.WriteString(" font-weight=\"bold\"")
		}
		fmt.Fprintf(&d.text, ">%s</text>\n", html.EscapeString(word))
	}
}

// area fills w×h pixels from where the next character stands.
func (d *drawing) area(w, h int, colour string) {
	fmt.Fprintf(&d.areas, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", d.x, d.y, w, h, colour)
}

// dots draws a braille pattern. Its bits are the dots of the left column, the
// right one, and then the fourth row.
func (d *drawing) dots(pattern byte, p pen) {
	for bit, at := range [8][2]float64{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}} {
		if pattern>>bit&1 == 1 {
			d.stroke(p, fmt.Sprintf("m%g %gh0", (at[0]+0.5)*cellWidth/2, (at[1]+0.5)*cellHeight/4))
		}
	}
}

// stroke draws a path from where the next character stands.
func (d *drawing) stroke(p pen, path string) {
	if d.strokes[p] == nil {
		d.strokes[p] = &strings.Builder{}
		d.pens = append(d.pens, p)
	}
	fmt.Fprintf(d.strokes[p], "M%d %d%s", d.x, d.y, path)
}

// An ink is how a terminal draws a character; an empty colour is the
// terminal's own.
type ink struct {
	fore, back string
	bold       bool
}

const plain = "#D8DADF" // the foreground of the picture's terminal

// after returns the ink after an escape sequence with these parameters.
func (i ink) after(t *testing.T, parameters string) ink {
	p := strings.Split(parameters, ";")
	for len(p) > 0 {
		switch {
		case p[0] == "0" || p[0] == "":
			i, p = ink{}, p[1:]
		case p[0] == "1":
			i.bold, p = true, p[1:]
		case len(p) >= 5 && (p[0] == "38" || p[0] == "48") && p[1] == "2":
			colour := "rgb(" + strings.Join(p[2:5], ",") + ")"
			if p[0] == "38" {
				i.fore = colour
			} else {
				i.back = colour
			}
			p = p[5:]
		default:
			t.Fatalf("a picture cannot show %q", parameters)
		}
	}
	return i
}
