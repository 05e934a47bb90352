// Package names answers a name that nobody knows: it finds the nearest known
// one and words the error, so that a slip of the finger in a preset, a scheme,
// a key or a set is met by the same sentence everywhere.
package names

import (
	"fmt"
	"strings"
)

// Nearest returns the element of known that is closest to word by the number
// of single-letter insertions, deletions, replacements and swaps of
// neighbours, letter case aside, or "" when none is close (further than a
// third of the longer of the two, and at least two).
func Nearest(word string, known []string) string {
	best, nearest := -1, ""
	for _, k := range known {
		d := distance(strings.ToLower(word), strings.ToLower(k))
		if limit := max(2, max(len(word), len(k))/3); d > limit || d >= len(k) {
			continue
		}
		if best < 0 || d < best {
			best, nearest = d, k
		}
	}
	return nearest
}

// Unknown returns the error for a word that is not among known, for example
//
//	unknown scheme "reflec": did you mean "reflect"? (known: none, zeros, reflect)
//
// kind says what the word should have named. A list of more than twelve is
// only shown when nothing in it is near.
func Unknown(kind, word string, known []string) error {
	nearest := Nearest(word, known)
	if nearest != "" && len(known) > 12 {
		return fmt.Errorf("unknown %s %q: did you mean %q?", kind, word, nearest)
	}
	hint := ""
	if nearest != "" {
		hint = fmt.Sprintf(": did you mean %q?", nearest)
	}
	return fmt.Errorf("unknown %s %q%s (known: %s)", kind, word, hint, strings.Join(known, ", "))
}

// distance is the optimal string alignment distance of a and b in bytes: the
// restricted Damerau–Levenshtein distance, in which no substring is edited
// twice.
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
