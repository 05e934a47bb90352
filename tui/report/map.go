package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// mapCells bounds the rows and columns of a map of characters.
const mapCells = 16

// shades are those of a map of characters, from its lowest value to its
// highest.
const shades = " .:-=+*#%@"

// characterMap draws a map in lines of one width, below a heading and above
// the values that the first and the last shade stand for. Each cell is two
// characters; of a map with more than mapCells rows or columns the outermost
// keep cells of their own, and those between them are averaged.
func characterMap(title string, values []float32, h, w int) []string {
	rows, cols := groups(h), groups(w)
	var cells []float64
	for _, r := range rows {
		for _, c := range cols {
			sum := 0.0
			for y := r[0]; y < r[1]; y++ {
				for x := c[0]; x < c[1]; x++ {
					sum += float64(values[y*w+x])
				}
			}
			cells = append(cells, sum/float64((r[1]-r[0])*(c[1]-c[0])))
		}
	}
	low, high := slices.Min(cells), slices.Max(cells)
	if high-low <= 1e-6*max(math.Abs(low), math.Abs(high)) { // but for rounding
		high = low
	}
	lines := []string{title, "+" + strings.Repeat("-", 2*len(cols)) + "+"}
	for i := range rows {
		var b strings.Builder
		for _, v := range cells[i*len(cols) : (i+1)*len(cols)] {
			shade := 0
			if high > low {
				shade = int((v-low)/(high-low)*float64(len(shades)-1) + 0.5)
			}
			b.WriteString(strings.Repeat(shades[shade:shade+1], 2))
		}
		lines = append(lines, "|"+b.String()+"|")
	}
	scale := fmt.Sprintf("' ' %.3g, '@' %.3g", low, high)
	if high == low {
		scale = fmt.Sprintf("%.3g all over", low)
	}
	return append(lines, lines[1], scale)
}

// groups are which of n rows each cell of a map of characters stands for.
func groups(n int) (list [][2]int) {
	if n <= mapCells {
		for i := range n {
			list = append(list, [2]int{i, i + 1})
		}
		return list
	}
	list = append(list, [2]int{0, 1})
	inner := mapCells - 2
	for i := range inner {
		list = append(list, [2]int{1 + i*(n-2)/inner, 1 + (i+1)*(n-2)/inner})
	}
	return append(list, [2]int{n - 1, n})
}

// sideBySide puts two blocks of as many lines next to each other.
func sideBySide(a, b []string) string {
	var t Table
	for i := range a {
		t.Add(a[i], b[i])
	}
	return t.String()
}
