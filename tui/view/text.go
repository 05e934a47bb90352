package view

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Columns returns how many columns s takes in a frame: double-width runes
// count 2, and what a frame drops (control characters, combining marks)
// counts 0.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += columns(r)
	}
	return n
}

// Cut returns s if it fits into w columns, else as much of it as fits before an
// ellipsis, and "" when w < 1.
func Cut(s string, w int) string {
	if Columns(s) <= w {
		return s
	}
	if w < 1 {
		return ""
	}
	n := 0
	for i, r := range s {
		if n += columns(r); n >= w {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// fitting returns the first of texts that fits into w columns, or "".
func fitting(w int, texts ...string) string {
	for _, text := range texts {
		if Columns(text) <= w {
			return text
		}
	}
	return ""
}

// columns returns the width of r: 0, 1 or 2. A rune that a terminal would join
// with its neighbours has width 0, so that a frame never contains it and every
// cell stands for itself.
func columns(r rune) int {
	switch {
	case r < ' ':
		return 0
	case r < 0x7f, r >= 0xa1 && r <= 0xac, r >= 0xae && r < 0x300:
		return 1
	case r >= 0x2010 && r < 0x2028, r >= 0x2500 && r < 0x25fd, r >= 0x2800 && r < 0x2900: // dashes, lines and shapes, braille
		return 1
	}
	n := ansi.StringWidth(string(r))
	if ansi.StringWidth(string([]rune{'x', r, r, 'x'})) != 2+2*n {
		return 0
	}
	return n
}
