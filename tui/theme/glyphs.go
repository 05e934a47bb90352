package theme

import (
	"strings"

	"padlab/core/names"
)

// Glyphs says what the terminal's font has.
type Glyphs uint8

// The glyph sets. Braille has everything; Block lacks the braille patterns,
// so that lines are drawn with quarter blocks; ASCII has nothing beyond ASCII.
const (
	Braille Glyphs = iota
	Block
	ASCII
)

// String returns the name that ParseGlyphs reads.
func (g Glyphs) String() string { return glyphNames()[g] }

// ParseGlyphs reads "braille", "block" or "ascii", letter case aside.
func ParseGlyphs(s string) (Glyphs, error) {
	known := glyphNames()
	for i, name := range known {
		if strings.EqualFold(s, name) {
			return Glyphs(i), nil
		}
	}
	return Braille, names.Unknown("glyph set", s, known[:])
}

func glyphNames() [3]string { return [...]string{"braille", "block", "ascii"} }

// Markers is the number of different markers for the arms of a comparison.
const Markers = 16

// Marker returns the marker of arm i: eight that are filled, then the same
// eight hollow. Arms beyond the sixteenth begin again. It panics when i is
// negative.
func Marker(i int) rune {
	if i < 0 {
		panic("theme: negative marker")
	}
	return [Markers]rune{
		'■', '●', '◆', '▲', '▼', '★', '✚', '✖',
		'□', '○', '◇', '△', '▽', '☆', '⊕', '⊗',
	}[i%Markers]
}

// Spell returns the rune that the terminal shows for r: r itself, or under
// ASCII the nearest ASCII rune, '_' where there is none. It is never '?', which
// is a key and a question.
func (t Theme) Spell(r rune) rune {
	if t.Glyphs != ASCII || r < 0x80 {
		return r
	}
	return spell(r)
}

// spell keeps apart what must be told apart: the markers, the border of the
// focused pane, a series, the line of chance and the ceiling.
func spell(r rune) rune {
	switch r {
	case '■':
		return '#'
	case '●', '•':
		return 'o'
	case '◆':
		return '*'
	case '✓', '✔':
		return 'v'
	case '×', '✖', '✗':
		return 'x'
	case '▲':
		return '^'
	case '▼':
		return 'v'
	case '★':
		return '@'
	case '✚':
		return '+'
	case '□':
		return 'Z'
	case '○':
		return 'C'
	case '◇':
		return '&'
	case '△':
		return 'A'
	case '▽':
		return 'Y'
	case '☆':
		return '$'
	case '⊕':
		return 'T'
	case '⊗':
		return '%'

	case '─', '–', '—', '−', '┬', '┴', '╌', '▬', '▀', '▄':
		return '-'
	case '│', '┤', '├', '▏', '▎', '▍', '▌', '▐', '╵', '╷', '┇':
		return '|'
	case '╭', '╮', '╰', '╯', '┌', '┐', '└', '┘', '┼':
		return '+'
	case '━', '═':
		return '='
	case '┏', '┓', '┗', '┛', '┃', '║', '╔', '╗', '╚', '╝', '█', '▊', '▉', '▋':
		return '#'
	case '╎', '┊':
		return ':'
	case '┆':
		return '!'
	case '┄', '┈', '·', '…', '░':
		return '.'
	case '∙':
		return ','
	case '▒':
		return ':'
	case '▓':
		return '+'

	case '▸', '▶', '→', '»', '›':
		return '>'
	case '◂', '◀', '←', '«', '‹':
		return '<'
	case '↑':
		return '^'
	case '↓':
		return 'v'
	case '±', '≈':
		return '~'
	case '‘', '’', '′':
		return '\''
	case '“', '”', '″':
		return '"'
	case '\u00a0', '\u2009', '\u202f':
		return ' '
	}
	return letter(r)
}

// latin is the letters from U+00C0 to U+017F without their marks.
const latin = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty" +
	"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL" +
	"lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs"

// letter spells what stands in formulas, names and units: Greek letters by
// their names' first Latin letter where it has the sound, superscripts and
// subscripts on the line.
func letter(r rune) rune {
	if r >= 0xc0 && r < 0x180 {
		return rune(latin[r-0xc0])
	}
	const greek = "abgdezhtiklmnxoprsstufxcw"
	switch {
	case r >= 'α' && r <= 'ω':
		return rune(greek[r-'α'])
	case r >= 'Α' && r <= 'Ω' && r != '\u03a2': // there is one form of Σ
		return rune(greek[r-'Α']) - 'a' + 'A'
	case r >= '⁴' && r <= '⁹':
		return '4' + r - '⁴'
	case r >= '₀' && r <= '₉':
		return '0' + r - '₀'
	}
	switch r {
	case 'µ':
		return 'u'
	case 'ȳ':
		return 'y'
	case '⁰':
		return '0'
	case '¹':
		return '1'
	case '²':
		return '2'
	case '³':
		return '3'
	case 'ⁱ', 'ᵢ':
		return 'i'
	case 'ⁿ', 'ₙ':
		return 'n'
	case 'ᵃ':
		return 'a'
	case 'ᵇ':
		return 'b'
	case 'ᵉ':
		return 'e'
	case 'ᵏ', 'ₖ':
		return 'k'
	case 'ʳ':
		return 'r'
	case 'ˢ':
		return 's'
	case 'ᵗ':
		return 't'
	case 'ᵀ':
		return 'T'
	case 'ˣ', 'ₓ':
		return 'x'
	case 'ₘ':
		return 'm'
	case '⁻', '₋', '‐', '‑':
		return '-'
	case '⁺', '₊':
		return '+'
	case '₍', '⁽':
		return '('
	case '₎', '⁾':
		return ')'
	case '½':
		return 'h'
	case '¼':
		return 'q'
	case '≤', '⟨':
		return '<'
	case '≥', '⟩':
		return '>'
	case '≠':
		return '!'
	case '∞':
		return 'I'
	case '√':
		return 'V'
	case '⌈', '⌊':
		return '['
	case '⌉', '⌋':
		return ']'
	case '‖':
		return '|'
	case '∂':
		return 'd'
	case '∈':
		return 'e'
	case '∑', '§':
		return 'S'
	case '∏':
		return 'P'
	case '°':
		return 'o'
	case '©':
		return 'c'
	case '⌀':
		return '0'
	case '⏎', '↵':
		return '<'
	}
	return '_'
}
