package view

import (
	"strconv"
	"unicode/utf8"

	"padlab/tui/theme"
)

// Copy makes f the same as from.
func (f *Frame) Copy(from *Frame) {
	f.w, f.h = from.w, from.h
	f.cells = append(f.cells[:0], from.cells...)
}

// Diff appends to b the escape sequences that make a terminal that shows before,
// in the same theme, show f, and returns it. When before is nil or of another
// size the terminal is cleared first and gets everything.
//
// Only cells that look different are sent, and few between them where that is
// shorter than moving the cursor over them; of a double-width rune always the
// whole; a row that ends blank is erased to its end. The terminal is taken to
// have no style on, and is left so; where its cursor stands is neither relied on
// nor told. After the last column of a row the cursor is moved, since terminals
// differ in where it then is.
func (f *Frame) Diff(b []byte, before *Frame, t theme.Theme) []byte {
	p := pen{b: b, t: t, y: -1}
	if before != nil && (before.w != f.w || before.h != f.h) {
		before = nil
	}
	if before == nil {
		p.b = append(p.b, "\x1b[0m\x1b[2J"...)
	}
	for y := range f.h {
		row, old := f.cells[y*f.w:(y+1)*f.w], []cell(nil)
		if before != nil {
			old = before.cells[y*f.w : (y+1)*f.w]
		}
		p.row(y, row, old)
	}
	return append(p.b, t.Off(p.on)...)
}

// A pen writes cells to a terminal.
type pen struct {
	b    []byte
	t    theme.Theme
	on   theme.Style
	x, y int // the cursor; y is −1 where it is not known
}

// row makes a row that shows old, or is blank when old is nil, show row.
func (p *pen) row(y int, row, old []cell) {
	end := len(row) // from here on the row is blank
	for end > 0 && p.looks(row[end-1], cell{r: ' '}) {
		end--
	}
	for x := 0; x < len(row); {
		n := p.width(row, x)
		changed := false
		for i := x; i < x+n; i++ {
			was := cell{r: ' '}
			if old != nil {
				was = old[i]
			}
			changed = changed || !p.looks(row[i], was)
		}
		if !changed {
			x += n
			continue
		}
		p.move(x, y, row)
		if x >= end && len(row)-x > len(erase) {
			p.style(theme.Plain)
			p.b = append(p.b, erase...)
			return
		}
		p.put(row, x)
		x += n
	}
}

// erase makes the rest of a row blank.
const erase = "\x1b[K"

// looks reports whether two cells look the same.
func (p *pen) looks(a, b cell) bool {
	if a.r != b.r {
		return false
	}
	return a.s == b.s || !p.t.Colour() || a.r == ' ' && !a.s.Paints() && !b.s.Paints()
}

// width returns the columns of the rune at x.
func (p *pen) width(row []cell, x int) int {
	if p.t.Glyphs != theme.ASCII && x+1 < len(row) && row[x+1].r == covered {
		return 2
	}
	return 1
}

// glyph returns what the terminal shows for a cell that is not the second of a
// rune, unless in ASCII, where every rune takes one column.
func (p *pen) glyph(c cell) rune {
	if c.r == covered {
		return ' '
	}
	return p.t.Spell(c.r)
}

// switches reports whether another style has to be on for a cell. A blank looks
// the same in all styles without a background.
func (p *pen) switches(c cell) bool {
	return c.s != p.on && (p.glyph(c) != ' ' || c.s.Paints() || p.on.Paints())
}

func (p *pen) style(s theme.Style) {
	if s != p.on {
		p.b = append(p.b, p.t.Off(p.on)...)
		p.b = append(p.b, p.t.On(s)...)
		p.on = s
	}
}

// put writes the rune at column x of a row, where the cursor stands.
func (p *pen) put(row []cell, x int) {
	if p.switches(row[x]) {
		p.style(row[x].s)
	}
	p.b = utf8.AppendRune(p.b, p.glyph(row[x]))
	p.x += p.width(row, x)
}

// move puts the cursor at (x, y): over a short gap in the row by what is there,
// where that is no longer than saying so.
func (p *pen) move(x, y int, row []cell) {
	const longest = 8
	if p.y == y && x-p.x <= longest {
		said := len("\x1b[;H") + digits10(y+1) + digits10(x+1)
		sent := 0
		for i := p.x; i < x && sent <= said; i += p.width(row, i) {
			if sent += utf8.RuneLen(p.glyph(row[i])); p.switches(row[i]) {
				sent = said + 1
			}
		}
		if sent <= said {
			for p.x < x {
				p.put(row, p.x)
			}
			return
		}
	}
	p.b = append(p.b, "\x1b["...)
	p.b = strconv.AppendInt(p.b, int64(y+1), 10)
	p.b = append(p.b, ';')
	p.b = strconv.AppendInt(p.b, int64(x+1), 10)
	p.b = append(p.b, 'H')
	p.x, p.y = x, y
}

// digits10 returns the number of decimal digits of n in 0 … 999.
func digits10(n int) int {
	switch {
	case n < 10:
		return 1
	case n < 100:
		return 2
	}
	return 3
}
