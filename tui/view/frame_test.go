package view

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
	"pgregory.net/rapid"

	"padlab/tui/theme"
)

func TestCellIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(cell{}); n > 8 {
		t.Errorf("a cell takes %d bytes", n)
	}
}

// Every rune that a frame keeps must have the width that the terminal library
// sees, whatever stands beside it: a letter, one that forms clusters, an emoji.
func TestColumnsOfEveryRune(t *testing.T) {
	for r := rune(0); r <= 0x10ffff; r++ {
		n := columns(r)
		if n == 0 {
			continue
		}
		s := string([]rune{'a', r, 'क', r, '👍', r, r})
		if got, want := ansi.StringWidth(s), 4+4*n; got != want {
			t.Errorf("%U: columns says %d, but %q is %d wide, not %d", r, n, s, got, want)
		}
	}
	for s, want := range map[string]int{"": 0, "abc": 3, "µ−×": 3, "漢字": 4, "e\u0301": 1, "a\tb\x1b\n": 2, "\u200b\u00ad": 0, "\U0001f1e9\U0001f1ea": 0, "👍\U0001f3fd": 2, "⠿█┏": 3} {
		if got := Columns(s); got != want {
			t.Errorf("Columns(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		s    string
		w    int
		want string
	}{
		{"zeros", 5, "zeros"}, {"zeros", 4, "zer…"}, {"zeros", 1, "…"}, {"zeros", 0, ""}, {"zeros", -3, ""}, {"", 0, ""},
		{"漢字漢", 5, "漢字…"}, {"漢字漢", 4, "漢…"}, {"ab cd", 4, "ab…"},
	} {
		if got := Cut(c.s, c.w); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.s, c.w, got, c.want)
		}
	}
}

func TestResize(t *testing.T) {
	for _, c := range [][4]int{{80, 24, 80, 24}, {-1, 5, 0, 5}, {5, -1, 5, 0}, {1 << 40, 1 << 40, MaxWidth, MaxHeight}} {
		f := NewFrame(c[0], c[1])
		if got := f.Bounds(); got != (Rect{0, 0, c[2], c[3]}) {
			t.Errorf("NewFrame(%d, %d) is %v", c[0], c[1], got)
		}
	}
	f := NewFrame(80, 24)
	f.Text(0, 0, theme.Bad, "old")
	if n := testing.AllocsPerRun(10, func() { f.Resize(40, 10); f.Resize(80, 24) }); n != 0 {
		t.Errorf("Resize allocates %v times", n)
	}
	if got := f.String(theme.Theme{}); strings.Trim(got, " \n") != "" {
		t.Errorf("old cells remain: %q", got)
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		x    int
		s    string
		n    int
		want string
	}{
		{0, "abcd", 4, "abcd  "}, {4, "abcd", 4, "    ab"}, {-2, "abcd", 4, "cd    "}, {1, "漢字", 4, " 漢字 "}, {3, "漢字", 4, "   漢 "},
		{-1, "漢字", 4, " 字   "}, {0, "a\x1b[1m\r\nb\u0301", 5, "a[1mb "}, {9, "ab", 2, "      "}, {0, "\xff", 1, "�     "},
	} {
		f := NewFrame(6, 1)
		if n := f.Text(c.x, 0, theme.Plain, c.s); n != c.n {
			t.Errorf("Text(%d, %q) = %d, want %d", c.x, c.s, n, c.n)
		}
		if got := f.String(theme.Theme{}); got != c.want {
			t.Errorf("Text(%d, %q) gives %q, want %q", c.x, c.s, got, c.want)
		}
	}
}

func TestOverwritingHalves(t *testing.T) {
	for _, c := range []struct {
		x    int
		r    rune
		want string
	}{{0, 'a', "a 字 "}, {1, 'a', " a字 "}, {1, '漢', " 漢  "}, {3, 'a', "漢 a "}, {4, '漢', "漢字 "}} {
		f := NewFrame(5, 1)
		f.Text(0, 0, theme.Plain, "漢字")
		f.Set(c.x, 0, c.r, theme.Plain)
		if got := f.String(theme.Theme{}); got != c.want {
			t.Errorf("%c at %d gives %q, want %q", c.r, c.x, got, c.want)
		}
	}
}

func TestRunsAreJoined(t *testing.T) {
	th := theme.New(termenv.ANSI256, true, theme.Braille)
	f := NewFrame(12, 2)
	f.Text(0, 0, theme.Bad, "red words")
	f.Text(2, 1, theme.Selected, "  x")
	want := th.On(theme.Bad) + "red words   " + th.Off(theme.Bad) + "\n  " + th.On(theme.Selected) + "  x" + th.Off(theme.Selected) + "       "
	if got := f.String(th); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if n := testing.AllocsPerRun(10, func() { _ = f.String(th) }); n > 1 {
		t.Errorf("String allocates %v times", n)
	}
}

// A frame is scribbled on at random, with text from all of Unicode, and must
// keep its dimensions.
func TestDimensions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := NewFrame(rapid.IntRange(-1, 30).Draw(t, "w"), rapid.IntRange(-1, 5).Draw(t, "h"))
		for range rapid.IntRange(0, 10).Draw(t, "n") {
			f.Text(rapid.IntRange(-5, 35).Draw(t, "x"), rapid.IntRange(-1, 5).Draw(t, "y"), anyStyle(t), rapid.String().Draw(t, "text"))
		}
		checkDimensions(t, f, anyTheme(t))
	})
}

func checkDimensions(t *rapid.T, f *Frame, th theme.Theme) {
	s := f.String(th)
	lines := strings.Split(s, "\n")
	if f.h > 0 && len(lines) != f.h {
		t.Fatalf("%d lines, want %d", len(lines), f.h)
	}
	for _, line := range lines {
		if f.h > 0 && ansi.StringWidth(line) != f.w {
			t.Fatalf("%q is %d columns wide, want %d", line, ansi.StringWidth(line), f.w)
		}
	}
	if !th.Colour() && strings.Contains(s, "\x1b") {
		t.Fatalf("escape without colour: %q", s)
	}
	if th.Glyphs == theme.ASCII && strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
		t.Fatalf("not ASCII: %q", s)
	}
}

func anyTheme(t *rapid.T) theme.Theme {
	profile := rapid.SampledFrom([]termenv.Profile{termenv.Ascii, termenv.ANSI, termenv.ANSI256, termenv.TrueColor}).Draw(t, "profile")
	glyphs := rapid.SampledFrom([]theme.Glyphs{theme.Braille, theme.Block, theme.ASCII}).Draw(t, "glyphs")
	return theme.New(profile, rapid.Bool().Draw(t, "dark"), glyphs)
}

func anyStyle(t *rapid.T) theme.Style {
	return rapid.SampledFrom([]theme.Style{theme.Plain, theme.Dim, theme.Strong, theme.Selected, theme.Series(3), theme.Heat(0.4), theme.Grey(0.1, 0.9)}).Draw(t, "style")
}
