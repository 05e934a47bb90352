package theme

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

func TestWithoutColourNoEscapes(t *testing.T) {
	for _, th := range []Theme{{}, New(termenv.Ascii, true, ASCII), New(termenv.Ascii, false, Braille)} {
		if th.Colour() {
			t.Error("claims colour")
		}
		for s := range styles {
			if th.On(s) != "" || th.Off(s) != "" {
				t.Fatalf("style %d: %q %q", s, th.On(s), th.Off(s))
			}
		}
	}
}

func TestSequences(t *testing.T) {
	forms := map[termenv.Profile]string{
		termenv.ANSI:      `^(\x1b\[(1;)?(1|[349][0-7]|10[0-7])(;([349][0-7]|10[0-7]))*m)+$`,
		termenv.ANSI256:   `^(\x1b\[(1;)?(1|[34]8;5;\d+)(;[34]8;5;\d+)*m)+$`,
		termenv.TrueColor: `^(\x1b\[(1;)?(1|[34]8;2;\d+;\d+;\d+)(;[34]8;2;\d+;\d+;\d+)*m)+$`,
	}
	for profile, form := range forms {
		for _, dark := range []bool{true, false} {
			th := New(profile, dark, Braille)
			if th.On(Plain) != "" || th.Off(Plain) != "" {
				t.Errorf("Plain has sequences under %v", profile)
			}
			for s := Plain + 1; s < styles; s++ {
				if !regexp.MustCompile(form).MatchString(th.On(s)) || th.Off(s) != "\x1b[0m" {
					t.Errorf("%v, style %d: on %q, off %q", profile, s, th.On(s), th.Off(s))
				}
				background := strings.Contains(th.On(s), "48;")
				if profile == termenv.ANSI {
					background = regexp.MustCompile(`[\[;](4|10)[0-7][;m]`).MatchString(th.On(s))
				}
				if s.Paints() != background {
					t.Errorf("%v, style %d: Paints %v, but %q", profile, s, s.Paints(), th.On(s))
				}
			}
		}
	}
}

func TestSessionsDoNotMeet(t *testing.T) {
	before := lipgloss.ColorProfile()
	a, b := New(termenv.TrueColor, true, Braille), New(termenv.ANSI, false, Block)
	if a.On(Series(0)) == b.On(Series(0)) {
		t.Error("two profiles share a sequence")
	}
	if New(termenv.TrueColor, true, Braille).On(Series(0)) == New(termenv.TrueColor, false, Braille).On(Series(0)) {
		t.Error("dark and light share a colour")
	}
	if lipgloss.ColorProfile() != before {
		t.Error("the default renderer changed")
	}
}

// The limits are WCAG 2's: 4.5 for text, 3 for marks.
func TestContrast(t *testing.T) {
	ground := map[bool]lipgloss.Color{true: "#1A1A1A", false: "#FFFFFF"}
	for _, dark := range []bool{true, false} {
		limits := map[Style]float64{Dim: 4.5, Title: 4.5, Key: 4.5, Good: 4.5, Warn: 4.5, Bad: 4.5, Chance: 4.5, Border: 2}
		for i := range Colours {
			limits[Series(i)] = 3.7
			limits[Series(i).Faint()] = 2
		}
		for s, limit := range limits {
			full, of256 := shades(look(s).GetForeground(), dark)
			for _, c := range []lipgloss.Color{full, of256} {
				if got := contrast(c, ground[dark]); got < limit {
					t.Errorf("style %d, dark %v, %s: contrast %.1f < %.1f", s, dark, c, got, limit)
				}
			}
		}
		for s := Selected; s < grey0; s++ {
			if !s.Paints() {
				continue
			}
			fullInk, inkOf256 := shades(look(s).GetForeground(), dark)
			full, of256 := shades(look(s).GetBackground(), dark)
			if a, b := contrast(fullInk, full), contrast(inkOf256, of256); min(a, b) < 4 {
				t.Errorf("style %d, dark %v: digits have contrast %.1f and %.1f", s, dark, a, b)
			}
		}
	}
}

func TestRampsRise(t *testing.T) {
	for _, dark := range []bool{true, false} {
		for i := 1; i < Heats; i++ {
			a, a256 := shades(look(heat0+Style(i-1)).GetBackground(), dark)
			b, b256 := shades(look(heat0+Style(i)).GetBackground(), dark)
			if (luminance(a) < luminance(b)) != dark || (luminance(a256) < luminance(b256)) != dark {
				t.Errorf("heat %d, dark %v: %s %s, %s %s", i, dark, a, b, a256, b256)
			}
		}
	}
	for i := 1; i < Greys; i++ {
		a, b := greys()[i-1], greys()[i]
		if luminance(lipgloss.Color(a.TrueColor)) >= luminance(lipgloss.Color(b.TrueColor)) ||
			luminance(lipgloss.Color(a.ANSI256)) >= luminance(lipgloss.Color(b.ANSI256)) {
			t.Errorf("grey %d does not rise", i)
		}
	}
}

// Each of the twelve hues has its own background at each level, in 16 colours
// too, and the levels rise.
func TestHues(t *testing.T) {
	for _, profile := range []termenv.Profile{termenv.ANSI, termenv.ANSI256, termenv.TrueColor} {
		th, seen := New(profile, true, Braille), map[string]int{}
		for i := range Hues {
			seen[th.On(Hue(float64(i)/Hues, 0.5))]++
		}
		if len(seen) != Hues {
			t.Errorf("%v: %d hues", profile, len(seen))
		}
	}
	for i := range Hues {
		for l := 1; l < levels; l++ {
			a, b := hues()[l-1][i], hues()[l][i]
			if luminance(lipgloss.Color(a.TrueColor)) >= luminance(lipgloss.Color(b.TrueColor)) || luminance(lipgloss.Color(a.ANSI256)) >= luminance(lipgloss.Color(b.ANSI256)) {
				t.Errorf("hue %d: level %d does not rise", i, l)
			}
		}
	}
}

func TestRoles(t *testing.T) {
	for v, want := range map[float64]Style{
		math.Inf(-1): heat0, -1: heat0, 0: heat0, 0.034: heat0 + 1, 0.5: heat0 + 8, 1: heat0 + 15, 7: heat0 + 15, math.Inf(1): heat0 + 15,
	} {
		if got := Heat(v); got != want {
			t.Errorf("Heat(%v) = %d, want %d", v, got, want)
		}
	}
	if Heat(math.NaN()) != Dim {
		t.Error("Heat(NaN) is not Dim")
	}
	if Grey(0, 0) != grey0 || Grey(1, 1) != halves0-1 || Grey(math.NaN(), 1) != grey0+15 || Grey(1, math.NaN()) != grey0+240 {
		t.Error("Grey is off")
	}
	for around, want := range map[float64]Style{0: 0, 1: 0, -1: 0, 0.04: 0, 0.05: 1, 0.5: 6, -0.25: 9, 0.99: 0, 7.25: 3} {
		if got := Hue(around, 0.5); got != hue0+Hues+want {
			t.Errorf("Hue(%v) = %d, want %d", around, got, hue0+Hues+want)
		}
	}
	if Hue(0, 0) != hue0 || Hue(0, 2) != hue0+2*Hues || Hue(math.NaN(), 1) != Dim || Hue(math.Inf(1), 1) != Dim || Hue(0, math.NaN()) != hue0 {
		t.Error("Hue is off")
	}
	if Paper(0) != paper0 || Paper(1)+1 != grey0 || Paper(math.NaN()) != paper0 {
		t.Error("Paper is off")
	}
	if Halves(0, 0) != halves0 || Halves(HueTone(-1./Hues), HueTone(0.92)) != styles-1 || GreyTone(1)+1 != HueTone(0) || HueTone(math.Inf(1)) != 0 {
		t.Error("Halves is off")
	}
	if Series(0) != Caret+1 || Series(7)+1 != faint0 || Marker(16) != Marker(0) {
		t.Error("Series or Marker is off")
	}
	if Series(2).Faint() != faint0+2 || Series(2).Faint().Faint() != faint0+2 || Dim.Faint() != Dim || Heat(1).Faint() != Heat(1) {
		t.Error("Faint is off")
	}
	for name, f := range map[string]func(){
		"Series": func() { Series(-1) }, "Marker": func() { Marker(-1) }, "On": func() { Theme{}.On(styles) }, "Halves": func() { Halves(tones, 0) },
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "theme: ") {
					t.Errorf("%s did not panic as theme", name)
				}
			}()
			f()
		}()
	}
}

func TestGlyphs(t *testing.T) {
	for _, g := range []Glyphs{Braille, Block, ASCII} {
		if got, err := ParseGlyphs(strings.ToUpper(g.String())); err != nil || got != g {
			t.Errorf("ParseGlyphs(%q) = %v, %v", g, got, err)
		}
	}
	if _, err := ParseGlyphs("blocks"); err == nil || !strings.Contains(err.Error(), `did you mean "block"?`) {
		t.Errorf("ParseGlyphs: %v", err)
	}

	th := Theme{Glyphs: ASCII}
	for _, pair := range []string{"─━", "┄─", "╭┏", "│┃", "▸◂", "█░", "═┄", "═─", "┊│", "∙┄", "┆│", "┆┊"} {
		r := []rune(pair)
		if th.Spell(r[0]) == th.Spell(r[1]) {
			t.Errorf("%s are spelt alike", pair)
		}
	}
	for text, want := range map[string]string{
		"λ = σ² ≤ ½·√µ": "l = s2 < h.Vu", "Σ ∂θ ≥ 10⁻⁵": "S dt > 10-5", "café – naïve Ångström": "cafe - naive Angstrom",
		"⌈n/2⌉ ⟨x⟩ ≠ ∞": "[n/2] <x> ! I", "↑↓←→ … 90°": "^v<> . 90o", "ȳ x₁ xᵀ ‖w‖": "y x1 xT |w|", "‹ reflect › “a” ±3": "< reflect > \"a\" ~3", "漢": "_",
	} {
		if got := strings.Map(th.Spell, text); got != want {
			t.Errorf("%s is spelt %q, want %q", text, got, want)
		}
	}
	for r := rune(0x80); r <= 0x10ffff; r++ {
		if s := th.Spell(r); s < ' ' || s > '~' || s == '?' {
			t.Fatalf("%q is spelt %q", r, s)
		}
		if (Theme{}).Spell(r) != r {
			t.Fatalf("%q is not itself", r)
		}
	}
}

// Sixteen arms are told apart by their marker alone. Where there is colour, two
// arms with one colour do not have the filled and the hollow form of one marker.
func TestArmsAreToldApart(t *testing.T) {
	const arms = 16
	for _, th := range []Theme{{Glyphs: Braille}, {Glyphs: Block}, {Glyphs: ASCII}} {
		seen := map[rune]int{}
		for i := range arms {
			r := th.Spell(Marker(i))
			if j, twice := seen[r]; twice {
				t.Errorf("%v: markers %d and %d are both %q", th.Glyphs, i, j, r)
			}
			if strings.ContainsRune(`|\/'-_.:=,>!`, r) {
				t.Errorf("%v: marker %d is %q, as is a line", th.Glyphs, i, r)
			}
			seen[r] = i
		}
	}
	for _, profile := range []termenv.Profile{termenv.ANSI, termenv.ANSI256, termenv.TrueColor} {
		for _, dark := range []bool{true, false} {
			th := New(profile, dark, Braille)
			for i := range arms {
				for j := range i {
					if th.On(Series(i)) == th.On(Series(j)) && (i-j)%8 == 0 {
						t.Errorf("%v, dark %v: arms %d and %d have one colour and one shape", profile, dark, i, j)
					}
				}
				if profile != termenv.ANSI && th.On(Series(i)) == th.On(Series(i).Faint()) {
					t.Errorf("%v, dark %v: arm %d is not fainter behind", profile, dark, i)
				}
			}
		}
	}
}

// shades returns a colour in true colour and in 256 colours.
func shades(c lipgloss.TerminalColor, dark bool) (full, of256 lipgloss.Color) {
	if one, same := c.(lipgloss.CompleteColor); same { // on dark and on light
		return lipgloss.Color(one.TrueColor), lipgloss.Color(one.ANSI256)
	}
	both := c.(lipgloss.CompleteAdaptiveColor)
	if dark {
		return lipgloss.Color(both.Dark.TrueColor), lipgloss.Color(both.Dark.ANSI256)
	}
	return lipgloss.Color(both.Light.TrueColor), lipgloss.Color(both.Light.ANSI256)
}

func contrast(a, b lipgloss.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is WCAG 2's relative luminance.
func luminance(c lipgloss.Color) float64 {
	r, g, b := termenv.ConvertToRGB(termenv.TrueColor.Color(string(c))).LinearRgb()
	return 0.2126*r + 0.7152*g + 0.0722*b
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New(termenv.ANSI256, true, Braille)
	}
}
