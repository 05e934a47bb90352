package view

import (
	"slices"

	"padlab/tui/theme"
)

// A Paragraph is text of several styles, broken into lines at blanks. A "\n"
// in a text starts a new line. What does not fit is counted: "↓ 12 more lines"
// in the last row, "↑ 3 more" in the first; below three rows an ellipsis ends
// the text.
type Paragraph struct {
	Spans []Span
	Skip  int // lines that are scrolled out above, at most MaxSkip
}

// A Span is a piece of text in one style.
type Span struct {
	Style theme.Style
	Text  string
}

// Height returns the rows that the text takes in w columns, without Skip.
func (p Paragraph) Height(w int) int { return len(p.lines(w)) }

// MaxSkip returns how many lines can be scrolled out above until the end is
// seen in w columns and h rows.
func (p Paragraph) MaxSkip(w, h int) int { return max(0, p.Height(w)-max(h, 0)) }

// Draw writes the text into r.
func (p Paragraph) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	lines := p.lines(a.w)
	skip := clamp(p.Skip, 0, max(0, len(lines)-a.h))
	rest := lines[skip:]
	for y, line := range rest[:min(len(rest), a.h)] {
		x := 0
		for _, c := range line {
			a.set(x, y, c.r, c.s)
			x += columns(c.r)
		}
		if y == a.h-1 && len(rest) > a.h && a.h < 3 {
			a.set(min(x, a.w-1), y, '…', theme.Dim)
		}
	}
	if a.h < 3 {
		return
	}
	if skip > 0 {
		a.above(skip+1, "")
	}
	if len(rest) > a.h {
		a.below(len(rest)-a.h+1, "lines")
	}
}

func (p Paragraph) lines(w int) [][]cell {
	var text []cell
	for _, s := range p.Spans {
		for _, r := range s.Text {
			if r == '\t' {
				r = ' '
			}
			text = append(text, cell{r, s.Style})
		}
	}
	if len(text) == 0 || w < 1 {
		return nil
	}
	var lines [][]cell
	for {
		n := slices.IndexFunc(text, func(c cell) bool { return c.r == '\n' })
		if n < 0 {
			return append(lines, wrap(text, w)...)
		}
		lines = append(lines, wrap(text[:n], w)...)
		text = text[n+1:]
	}
}

// wrap cuts text into lines of at most w ≥ 1 columns, at blanks where it can;
// the blanks of a break are dropped. An empty text is one empty line.
func wrap(text []cell, w int) [][]cell {
	isBlank := func(c cell) bool { return c.r == ' ' }
	var lines [][]cell
	for {
		end, used, blank := 0, 0, 0
		for end < len(text) && used+columns(text[end].r) <= w {
			if isBlank(text[end]) {
				blank = end
			}
			used += columns(text[end].r)
			end++
		}
		if end == len(text) {
			return append(lines, text)
		}
		if !isBlank(text[end]) && blank > 0 {
			end = blank
		}
		end = max(end, 1)
		line, rest := text[:end], text[end:]
		for len(line) > 0 && isBlank(line[len(line)-1]) {
			line = line[:len(line)-1]
		}
		for len(rest) > 0 && isBlank(rest[0]) {
			rest = rest[1:]
		}
		lines = append(lines, line)
		if text = rest; len(text) == 0 {
			return lines
		}
	}
}
