package view

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"padlab/tui/theme"
)

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		h        int
		rows     []int // where the lines end
		selected int
		want     []int
		near     bool
	}{
		{7, []int{0, 6, 3}, -1, []int{0, 6, 3}, true},
		{7, []int{3, 3, 3}, -1, []int{2, 3, 4}, true},
		{7, []int{3, 3, 3}, 0, []int{3, 4, 5}, true},
		{7, []int{3, 3, 3}, 2, []int{1, 2, 3}, true},
		{7, []int{6, 6, 0}, -1, []int{5, 6, 0}, true},
		{7, []int{0, 0, 1, 6}, -1, []int{0, 1, 2, 6}, true},
		{7, []int{6, 6, 6, 6}, -1, []int{3, 4, 5, 6}, false},
		{3, []int{2, 0, 1}, 0, []int{2, 0, 1}, true},
		{1, []int{0}, 0, []int{0}, true},
		{4, nil, -1, []int{}, true},
	} {
		var list []ending
		for i, row := range c.rows {
			list = append(list, ending{dot: 4*row + 2, selected: i == c.selected})
		}
		if got, near := places(list, c.h); !slices.Equal(got, c.want) || near != c.near {
			t.Errorf("lines end in %v of %d, %d selected: names in %v, %v; want %v, %v", c.rows, c.h, c.selected, got, near, c.want, c.near)
		}
	}
}

// Names have rows of their own in the order of their lines; one whose row
// nobody else is near has it; and the selected one has its own wherever all
// others have room above and below.
func TestPlacesOfAnyLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := rapid.IntRange(1, 30).Draw(t, "h")
		dots := rapid.SliceOfN(rapid.IntRange(0, 4*h-1), 0, h).Draw(t, "dots")
		selected := rapid.IntRange(-1, len(dots)-1).Draw(t, "selected")
		list := make([]ending, len(dots))
		for i, dot := range dots {
			list[i] = ending{dot: dot, selected: i == selected}
		}
		at, _ := places(list, h)
		above, below := 0, 0
		for i := range list {
			if at[i] < 0 || at[i] >= h {
				t.Fatalf("row %d of %d", at[i], h)
			}
			for j := range list {
				if i != j && at[i] == at[j] || dots[i] < dots[j] && at[i] > at[j] {
					t.Fatalf("lines end at dots %v, names in rows %v", dots, at)
				}
			}
			if selected >= 0 && at[i] < at[selected] {
				above++
			} else if i != selected {
				below++
			}
		}
		if selected >= 0 {
			if row := dots[selected] / 4; row >= above && h-1-row >= below && at[selected] != row {
				t.Fatalf("the selected line ends in row %d, its name is in %d; dots %v, rows %v", row, at[selected], dots, at)
			}
		}
	})
}

func TestMost(t *testing.T) {
	list := []ending{{text: "a"}, {text: "b"}, {text: "c", selected: true}, {text: "guessing", reference: true}}
	for n, want := range []string{1: "c", 2: "c guessing", 3: "a c guessing", 4: "a b c guessing"} {
		if n == 0 {
			continue
		}
		var got []string
		for _, e := range most(list, n) {
			got = append(got, e.text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d of them: %q, want %q", n, got, want)
		}
	}
}

// Whatever the size and the selection, somewhere beside or above the lines the
// selected arm is named, with its marker, and those without a name are counted.
func TestArmsAreNamed(t *testing.T) {
	for _, size := range [][2]int{{35, 5}, {54, 9}, {60, 12}, {82, 17}} {
		for _, n := range []int{1, 4, 11, 16} {
			for selected := range n {
				p := exampleArms(n)
				p.Selected = selected
				f := NewFrame(size[0], size[1])
				p.Draw(f, f.Bounds(), theme.Theme{})
				text := f.String(theme.Theme{})
				s := p.Series[selected]
				if !named(text, "▸"+string(s.Marker)) {
					t.Errorf("%v: %s is not named:\n%s", size, s.Name, text)
				}
				names := 0
				for _, s := range p.Series {
					if named(text, string(s.Marker)) {
						names++
					}
				}
				if counted := strings.Contains(text, more(n-names)); counted != (names < n) {
					t.Errorf("%v: %d of %d arms are named:\n%s", size, names, n, text)
				}
			}
		}
	}
}

// named reports whether a name stands behind a marker.
func named(text, marker string) bool {
	return regexp.MustCompile(marker + " [a-z…]").MatchString(text)
}
