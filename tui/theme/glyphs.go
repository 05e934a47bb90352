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
// ASCII the nearest ASCII rune, '?' where there is none.
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
	case '×', '✖', '✓', '✔':
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
	case '│', '┤', '├', '▏', '▎', '▍', '▌', '╵', '╷':
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
	case '‘', '’':
		return '\''
	case '“', '”':
		return '"'
	case '\u00a0':
		return ' '
	}
	return '?'
}
