package view

import (
	"slices"
	"strings"
)

// Shorten returns names that stand in one chart or list in at most w columns
// each. When all fit they stay as they are. Otherwise the words that all of
// them begin or end with go first, as few as it takes; a name that is still too
// wide then loses its end or, where that tells it from another, a part before
// it. Names that differ still do, where w has room for it.
func Shorten(names []string, w int) []string {
	names = withoutCommon(names, w)
	if fit(names, w) {
		return names
	}
	short, taken := slices.Clone(names), map[string]bool{}
	for _, name := range names {
		taken[name] = Columns(name) <= w
	}
	for i, name := range names {
		if Columns(name) <= w {
			continue
		}
		result := Cut(name, w)
		for cut := range cuts(name, shared(name, names), w) {
			if !taken[cut] {
				result = cut
				break
			}
		}
		taken[result] = true
		short[i] = result
	}
	return short
}

// withoutCommon returns names without words at their beginning or end that they
// have in common, the first ones first, until all fit into w columns or nothing
// is in common.
func withoutCommon(names []string, w int) []string {
	for _, cut := range [...]func(string) (string, string){firstWord, lastWord} {
		for len(names) > 1 && !fit(names, w) {
			word, _ := cut(names[0])
			rest := make([]string, len(names))
			for i, name := range names {
				other, left := cut(name)
				if other != word || left == "" {
					rest = nil
					break
				}
				rest[i] = left
			}
			if rest == nil {
				break
			}
			names = rest
		}
	}
	return names
}

func fit(names []string, w int) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return Columns(name) > w })
}

func firstWord(name string) (word, rest string) {
	word, rest, _ = strings.Cut(name, " ")
	return word, strings.TrimLeft(rest, " ")
}

func lastWord(name string) (word, rest string) {
	i := strings.LastIndexByte(name, ' ')
	return name[i+1:], strings.TrimRight(name[:max(i, 0)], " ,")
}

// shared returns how many runes name has in common with the beginning of
// another one, at most. One that begins with all of name does not count: it is
// told by its own end.
func shared(name string, names []string) int {
	most, runes := 0, []rune(name)
	for _, other := range names {
		n := 0
		for _, r := range other {
			if n == len(runes) || r != runes[n] {
				break
			}
			n++
		}
		if n < len(runes) {
			most = max(most, n)
		}
	}
	return most
}

// cuts yields a name in w ≥ 2 columns, the best first, given that its first n
// runes tell nothing: without its end, if rune n is kept; with the word that
// rune n is in; and with an end of any width.
func cuts(name string, n, w int) func(yield func(string) bool) {
	runes := []rune(name)
	return func(yield func(string) bool) {
		if w < 2 {
			return
		}
		if Columns(string(runes[:n+1])) < w && !yield(Cut(name, w)) {
			return
		}
		for n < len(runes)-1 && strings.ContainsRune(" ,(", runes[n]) {
			n++
		}
		for n > 0 && !strings.ContainsRune(" (", runes[n-1]) {
			n--
		}
		word := string(runes[n:])
		if room := w - 1 - Columns(word); room > 0 {
			if !yield(gap(runes, room, Columns(word))) {
				return
			}
		} else if n > 0 && !yield("…"+Cut(word, w-1)) {
			return
		}
		for i := range w {
			end := (i + 1) % w // none at last
			if !yield(gap(runes, w-1-end, end)) {
				return
			}
		}
	}
}

// gap returns the first and the last runes of a name, as many as have the given
// columns, with an ellipsis between.
func gap(runes []rune, first, last int) string {
	i, j := 0, len(runes)
	for i < len(runes) && columns(runes[i]) <= first {
		first -= columns(runes[i])
		i++
	}
	for j > i && columns(runes[j-1]) <= last {
		last -= columns(runes[j-1])
		j--
	}
	return strings.TrimRight(string(runes[:i]), " ,") + "…" + strings.TrimLeft(string(runes[j:]), " ")
}
