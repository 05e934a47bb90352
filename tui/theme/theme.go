// Package theme keeps colour and glyphs apart from drawing, because one
// process serves many terminals at once: a Theme is a value made for one
// session, from what that session's terminal can do, and nothing here is
// global.
//
// Drawing names roles ([Style]) and draws in Unicode. The theme knows the
// escape sequences that switch a role on and off, worked out once, and how a
// terminal that has no more than ASCII spells a rune. Whatever matters must be
// visible without colour too: by a glyph, a border or a number.
package theme

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// A Theme is what one session's terminal looks like. The zero Theme is braille
// without colour. A Theme is never changed after New, so it may be copied and
// shared between goroutines.
type Theme struct {
	Glyphs Glyphs

	sequences []sequence // by Style; empty without colour
}

type sequence struct{ on, off string }

// New returns the theme for a terminal with the given colours, a dark or a
// light background, and a glyph set. The profile Ascii (NO_COLOR, a dumb
// terminal) gives a theme without any escape sequence.
func New(profile termenv.Profile, dark bool, glyphs Glyphs) Theme {
	t := Theme{Glyphs: glyphs}
	if profile == termenv.Ascii {
		return t
	}
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(profile)
	r.SetHasDarkBackground(dark)
	render := func(s lipgloss.Style) sequence {
		const marker = "x"
		on, off, _ := strings.Cut(s.Renderer(r).Render(marker), marker)
		return sequence{on, off}
	}

	t.sequences = make([]sequence, 0, styles)
	for s := range grey0 {
		t.sequences = append(t.sequences, render(look(s)))
	}
	pairs := func(colours []lipgloss.CompleteColor) {
		var top, bottom []sequence
		for _, c := range colours {
			top = append(top, render(lipgloss.NewStyle().Foreground(c)))
			bottom = append(bottom, render(lipgloss.NewStyle().Background(c)))
		}
		for _, a := range top {
			for _, b := range bottom {
				t.sequences = append(t.sequences, sequence{a.on + b.on, b.off})
			}
		}
	}
	grey := greys()
	pairs(grey[:])
	var both []lipgloss.CompleteColor
	for i := range greyTones {
		both = append(both, grey[(i*(Greys-1)+greyTones/2)/(greyTones-1)])
	}
	bright := hues()[1]
	pairs(append(both, bright[:]...))
	return t
}

// Colour reports whether the terminal shows any style at all. Without it, a
// picture must say with glyphs or digits what it would say with colour.
func (t Theme) Colour() bool { return len(t.sequences) > 0 }

// On returns the escape sequence that switches s on: "" without colour and for
// Plain.
func (t Theme) On(s Style) string { return t.sequence(s).on }

// Off returns the escape sequence that ends s: "" where On is "".
func (t Theme) Off(s Style) string { return t.sequence(s).off }

func (t Theme) sequence(s Style) sequence {
	if s >= styles {
		panic("theme: no such style")
	}
	if !t.Colour() {
		return sequence{}
	}
	return t.sequences[s]
}

// Same reports whether frames look the same in both themes, byte by byte: whether
// they were copied from one.
func (t Theme) Same(o Theme) bool {
	if t.Glyphs != o.Glyphs || len(t.sequences) != len(o.sequences) {
		return false
	}
	return len(t.sequences) == 0 || &t.sequences[0] == &o.sequences[0]
}
