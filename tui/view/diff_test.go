package view

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/muesli/termenv"
	"pgregory.net/rapid"

	"padlab/tui/theme"
)

// A terminal shows what is written to it: cursor positions, styles, erasing and
// runes of one or two columns. Of a double-width rune that is half overwritten
// the other half becomes blank.
type terminal struct {
	w, h  int
	cells []shownCell
	x, y  int
	style string // the sequences since the last reset
	// Behind the last column, terminals that wrap go to the next row before the
	// next rune; others stay where they are.
	wraps, pending bool
	scrolled       bool
}

// A shownCell of a double-width rune is followed by one whose rune is covered.
type shownCell struct {
	r     rune
	style string
}

func newTerminal(w, h int, wraps bool) *terminal {
	t := &terminal{w: w, h: h, cells: make([]shownCell, w*h), wraps: wraps, x: w / 2, y: h / 2}
	for i := range t.cells {
		t.cells[i] = shownCell{'~', "\x1b[7m"} // what was there before
	}
	return t
}

func (m *terminal) newline() {
	m.x, m.pending = 0, false
	if m.y++; m.y >= m.h {
		m.y, m.scrolled = m.h-1, true
	}
}

func (m *terminal) print(r rune, n int) {
	if m.pending {
		m.newline()
	}
	m.x = min(m.x, m.w-n)
	row := m.cells[m.y*m.w : (m.y+1)*m.w]
	if row[m.x].r == covered {
		row[m.x-1].r = ' '
	}
	if m.x+n < m.w && row[m.x+n].r == covered {
		row[m.x+n].r = ' '
	}
	row[m.x] = shownCell{r, m.style}
	if n == 2 {
		row[m.x+1] = shownCell{covered, m.style}
	}
	if m.x += n; m.x == m.w {
		m.x, m.pending = m.w-1, m.wraps
	}
}

var sequence = regexp.MustCompile(`^\x1b\[([0-9;]*)([HJKm])`)

func (m *terminal) write(t *rapid.T, s string) {
	for len(s) > 0 {
		if s[0] != '\x1b' {
			r, n := utf8.DecodeRuneInString(s)
			s = s[n:]
			m.print(r, columns(r))
			continue
		}
		found := sequence.FindStringSubmatch(s)
		if found == nil {
			t.Fatalf("the terminal does not know %q", s)
		}
		s = s[len(found[0]):]
		switch found[2] {
		case "m":
			if m.style += found[0]; found[1] == "0" || found[1] == "" {
				m.style = ""
			}
		case "H":
			row, column, _ := strings.Cut(found[1], ";")
			y, _ := strconv.Atoi(row)
			x, _ := strconv.Atoi(column)
			if x < 1 || y < 1 || x > m.w || y > m.h {
				t.Fatalf("the cursor goes to %q of %d×%d", found[1], m.w, m.h)
			}
			m.x, m.y, m.pending = x-1, y-1, false
		case "J", "K":
			from, to := 0, len(m.cells)
			if found[2] == "K" {
				from, to = m.y*m.w+m.x, (m.y+1)*m.w
				if found[1] != "" {
					t.Fatalf("the terminal does not know %q", found[0])
				}
			} else if found[1] != "2" {
				t.Fatalf("the terminal does not know %q", found[0])
			}
			for i := from; i < to; i++ {
				m.cells[i] = shownCell{' ', m.style}
			}
		}
	}
}

// check compares the terminal with a frame.
func (m *terminal) check(t *rapid.T, f *Frame, th theme.Theme, what string) {
	if m.scrolled || m.style != "" {
		t.Fatalf("%s: scrolled %v, style %q is left on", what, m.scrolled, m.style)
	}
	for i, c := range f.cells {
		r, style := c.r, th.On(c.s)
		switch {
		case r == covered && th.Glyphs == theme.ASCII:
			r = ' '
		case r != covered:
			r = th.Spell(r)
		}
		got := m.cells[i]
		plain := r == ' ' && !c.s.Paints() // then only a background would be seen
		if got.r != r || got.style != style && !plain || plain && paints(got.style) {
			t.Fatalf("%s: (%d, %d) shows %q in %q, want %q in %q", what, i%m.w, i/m.w, got.r, got.style, r, style)
		}
	}
}

// paints reports whether a style has a background.
func paints(style string) bool {
	codes := regexp.MustCompile(`\d+`).FindAllString(style, -1)
	for i := 0; i < len(codes); i++ {
		switch code, _ := strconv.Atoi(codes[i]); {
		case code == 38 && codes[i+1] == "2": // a colour of the rune, in three numbers
			i += 4
		case code == 38:
			i += 2
		case code == 7, code >= 40 && code <= 48, code >= 100 && code <= 107:
			return true
		}
	}
	return false
}

// What Diff sends makes any terminal that shows one frame show another.
func TestDiff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(0, 24).Draw(t, "w"), rapid.IntRange(0, 4).Draw(t, "h")
		th := anyTheme(t)
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"漢字漢字", "zeros", "     ", "a漢b", "x", " ", "x  y", "⠤⠤⠤"}))
		style := rapid.SampledFrom([]theme.Style{theme.Plain, theme.Plain, theme.Bad, theme.Selected, theme.Grey(0.1, 0.9)})
		scribble := func(f *Frame) {
			for range rapid.IntRange(0, 6).Draw(t, "n") {
				f.Text(rapid.IntRange(-2, 24).Draw(t, "x"), rapid.IntRange(0, 3).Draw(t, "y"), style.Draw(t, "style"), text.Draw(t, "text"))
			}
			if rapid.IntRange(0, 3).Draw(t, "fill") == 0 {
				f.Fill(Rect{rapid.IntRange(0, 24).Draw(t, "x"), 0, 12, 4}, style.Draw(t, "style"))
			}
		}
		f, before := NewFrame(w, h), NewFrame(rapid.IntRange(0, 3).Draw(t, "w before"), h)
		terminals := []*terminal{newTerminal(w, h, false), newTerminal(w, h, true)}
		send := func(what string, before *Frame) {
			b := f.Diff([]byte("kept"), before, th)
			if string(b[:4]) != "kept" {
				t.Fatal("what was there is gone")
			}
			for _, m := range terminals {
				m.write(t, string(b[4:]))
				m.check(t, f, th, what)
			}
		}
		scribble(f)
		if w == before.w || rapid.Bool().Draw(t, "nil") {
			before = nil
		}
		send("from nothing", before)
		before = &Frame{}
		for range 3 {
			before.Copy(f)
			if rapid.IntRange(0, 3).Draw(t, "clear") == 0 {
				f.Clear()
			}
			scribble(f)
			send("from another", before)
		}
		before.Copy(f)
		if b := f.Diff(nil, before, th); len(b) != 0 {
			t.Fatalf("no change takes %q", b)
		}
	})
}

// What is sent is short, too.
func TestDiffIsShort(t *testing.T) {
	th := theme.New(termenv.ANSI256, true, theme.Braille)
	bad, selected := th.On(theme.Bad), th.On(theme.Selected)
	for _, c := range []struct {
		change func(f *Frame)
		want   string
	}{
		{func(*Frame) {}, ""},
		{func(f *Frame) { f.Text(3, 1, theme.Plain, "x") }, "\x1b[2;4Hx"},
		{func(f *Frame) { f.Text(3, 1, theme.Bad, "xy") }, "\x1b[2;4H" + bad + "xy\x1b[0m"},
		{func(f *Frame) { f.Text(3, 1, theme.Plain, "x"); f.Text(6, 1, theme.Plain, "y") }, "\x1b[2;4Hxefy"},                      // the gap is re-sent
		{func(f *Frame) { f.Text(3, 1, theme.Plain, "x"); f.Text(13, 1, theme.Plain, "y") }, "\x1b[2;4Hx\x1b[2;14Hy"},             // this one is too long
		{func(f *Frame) { f.Text(3, 1, theme.Bad, "x"); f.Text(6, 1, theme.Bad, "y") }, "\x1b[2;4H" + bad + "x\x1b[2;7Hy\x1b[0m"}, // in another style
		{func(f *Frame) { f.Text(19, 1, theme.Plain, "x"); f.Text(0, 2, theme.Plain, "y") }, "\x1b[2;20Hx\x1b[3;1Hy"},             // over the end of a row
		{func(f *Frame) { f.Fill(Rect{2, 1, 18, 1}, theme.Plain) }, "\x1b[2;3H\x1b[K"},
		{func(f *Frame) { f.Fill(Rect{2, 1, 18, 1}, theme.Plain); f.Text(2, 1, theme.Selected, "x") }, "\x1b[2;3H" + selected + "x\x1b[0m\x1b[K"},
		{func(f *Frame) { f.Text(2, 1, theme.Selected, "x"); f.Text(3, 1, theme.Plain, " ") }, "\x1b[2;3H" + selected + "x\x1b[0m "},
		{func(f *Frame) { f.Text(0, 2, theme.Bad, "   ") }, ""}, // a blank in another colour
		{func(f *Frame) { f.Text(0, 0, theme.Plain, "字") }, "\x1b[1;1H字"},
		{func(f *Frame) { f.Text(1, 0, theme.Plain, "x") }, "\x1b[1;1H x"}, // half of a rune
	} {
		f, before := NewFrame(20, 3), NewFrame(0, 0)
		f.Text(0, 0, theme.Plain, "漢")
		f.Text(0, 1, theme.Plain, "abcdefghijklmnopqrst")
		before.Copy(f)
		c.change(f)
		if got := string(f.Diff(nil, before, th)); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	f, before := NewFrame(20, 3), NewFrame(0, 0)
	before.Copy(f)
	f.Fill(f.Bounds(), theme.Selected)
	if got := f.Diff(nil, before, theme.Theme{}); len(got) != 0 {
		t.Errorf("without colour, a colour takes %q", got)
	}
}

func TestDiffDoesNotAllocate(t *testing.T) {
	f, before, th := changedLab()
	b := f.Diff(nil, before, th)
	if n := testing.AllocsPerRun(10, func() { b = f.Diff(b[:0], before, th) }); n != 0 {
		t.Errorf("Diff allocates %v times", n)
	}
	if n := testing.AllocsPerRun(10, func() { before.Copy(before) }); n != 0 {
		t.Errorf("Copy allocates %v times", n)
	}
}

// changedLab is the Lab at 120×40, of which a twentieth of the cells has changed.
func changedLab() (f, before *Frame, th theme.Theme) {
	th = theme.New(termenv.ANSI256, true, theme.Braille)
	f, before = NewFrame(120, 40), NewFrame(0, 0)
	exampleLab(f, th)
	before.Copy(f)
	for i := 0; i < len(f.cells); i += 20 {
		x, y := i%120+i/120%20, i/120
		r := '⠶'
		if f.cells[y*120+x].r == r {
			r = '⠒'
		}
		f.Set(x, y, r, theme.Series(i/20%4))
	}
	return f, before, th
}
