package view

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"padlab/tui/theme"
)

// An ending names a line at its right end.
type ending struct {
	value     float64 // at its end
	dot       int     // the row of dots there
	marker    rune
	style     theme.Style
	text      string
	selected  bool
	reference bool // not the line of an arm
}

// widest returns the columns of the longest text.
func widest(list []ending) int {
	w := 0
	for _, e := range list {
		w = max(w, Columns(e.text))
	}
	return w
}

// endingWidth returns the columns that endings need for texts of at most w
// columns, one of them free at the right.
func endingWidth(w int) int { return w + 4 }

// endings writes the endings into a, beside a plot of h rows, each where its
// line ends or near it. Where they cannot stand so they are a legend: from the
// top, in the order of the list, behind a line that parts them from the plot.
// When there are more than rows, those left out are counted in the row below
// the plot, or in the last one.
func (a area) endings(list []ending, h int) {
	if h < 1 || a.w < 4 {
		return
	}
	shown := list
	if len(list) > h {
		if a.h <= h {
			h = max(1, h-1)
		}
		shown = most(list, h)
		a.text(1, h, theme.Dim, Cut(more(len(list)-len(shown)), a.w-1))
	}
	at, near := places(shown, h)
	for i, e := range shown {
		y := at[i]
		if !near {
			y = i
			a.set(0, y, '│', theme.Border)
		}
		name := e.style
		if e.selected {
			a.set(0, y, '▸', theme.Strong)
			name = theme.Strong
		}
		a.set(1, y, e.marker, e.style)
		a.text(3, y, name, Cut(e.text, a.w-3))
	}
}

func more(n int) string { return "+" + strconv.Itoa(n) + " more" }

// most returns n ≥ 1 endings of a list: the selected one before references, and
// these before others, of which the first.
func most(list []ending, n int) []ending {
	list = slices.Clone(list)
	drop := func(unwanted func(e ending) bool) {
		for i := len(list) - 1; i >= 0 && len(list) > n; i-- {
			if unwanted(list[i]) {
				list = slices.Delete(list, i, i+1)
			}
		}
	}
	drop(func(e ending) bool { return !e.selected && !e.reference })
	drop(func(e ending) bool { return !e.selected })
	return list
}

// places returns the row of each ending among h, no fewer than there are: where
// its line ends or, where several end together, as near as their vertical order
// allows, the selected one before all. Near is false if one is so far off that
// it would seem to belong to another line.
func places(list []ending, h int) (at []int, near bool) {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(list[i].dot, list[j].dot) })

	// Endings in successive rows form a block, which stands where the mean
	// distance is 0. Blocks that would overlap become one.
	type block struct {
		n           int
		sum, weight float64 // of the first row as each ending would have it
	}
	var blocks []block
	for k, i := range order {
		weight := 1.
		if list[i].selected {
			weight = 100
		}
		blocks = append(blocks, block{1, weight * float64(list[i].dot/4-k), weight})
		for n := len(blocks); n > 1 && blocks[n-2].sum/blocks[n-2].weight >= blocks[n-1].sum/blocks[n-1].weight; n-- {
			a, b := blocks[n-2], blocks[n-1]
			blocks = append(blocks[:n-2], block{a.n + b.n, a.sum + b.sum, a.weight + b.weight})
		}
	}
	at, near = make([]int, len(list)), true
	k := 0
	for _, b := range blocks {
		shift := clamp(int(math.Round(b.sum/b.weight)), 0, h-len(list))
		for range b.n {
			i := order[k]
			at[i] = shift + k
			near = near && abs(at[i]-list[i].dot/4) <= 2
			k++
		}
	}
	return at, near
}

// legend names lines in a row: as many as have room for five columns of their
// names, in the order of the list, and how many there are more. References are
// named only where everything fits.
func (a area) legend(list []ending) {
	width := func(list []ending, limit int) (n int) {
		for _, e := range list {
			n += 3 + min(Columns(e.text), limit)
		}
		return n
	}
	shown, rest := list, ""
	if width(list, a.w) > a.w {
		arms := slices.DeleteFunc(slices.Clone(list), func(e ending) bool { return e.reference })
		n, room, limit := len(arms), a.w, a.w
		for n > 1 && width(most(arms, n), 5) > room {
			n--
			rest = more(len(arms) - n)
			room = a.w - 1 - Columns(rest)
		}
		for limit > 1 && width(most(arms, n), limit) > room {
			limit--
		}
		var names []string // of those that are not shown, too: they are told apart from them
		for _, e := range arms {
			names = append(names, e.text)
		}
		for i, name := range Shorten(names, limit) {
			arms[i].text = name
		}
		shown = most(arms, n)
	}
	x := 0
	for _, e := range shown {
		style := e.style
		if e.selected {
			a.set(x, 0, '▸', theme.Strong)
			style = theme.Strong
		}
		a.set(x+1, 0, e.marker, e.style)
		x = a.text(x+3, 0, style, e.text)
	}
	a.text(x+1, 0, theme.Dim, rest)
}
