package report

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// By hand: of 18 rows the first and the last stay, and 16 in between become 14.
func TestCharacterMap(t *testing.T) {
	if got, want := groups(3), [][2]int{{0, 1}, {1, 2}, {2, 3}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	got := groups(18)
	if len(got) != mapCells || got[0] != [2]int{0, 1} || got[15] != [2]int{17, 18} || got[7] != [2]int{7, 9} {
		t.Errorf("%v", got)
	}
	for i, g := range got {
		if i > 0 && g[0] != got[i-1][1] || g[0] >= g[1] {
			t.Errorf("%v", got)
		}
	}

	lines := characterMap("x", []float32{0, 3, 9, 1, 1, 1.5, 6, 4.4, 8.4}, 3, 3)
	if want := []string{"x", "+------+", "|  --@@|", "|....::|", "|**==%%|", "+------+", "' ' 0, '@' 9"}; !slices.Equal(lines, want) {
		t.Errorf("%q, want %q", lines, want)
	}
	lines = characterMap("x", []float32{2, 2, 2, 2.0000002}, 2, 2)
	if lines[2] != "|    |" || lines[5] != "2 all over" {
		t.Errorf("%q", lines)
	}

	// A line along the border stays, however large the map is.
	large := make([]float32, 160*160)
	for i := range 160 {
		large[i*160] = 1
	}
	if lines := characterMap("x", large, 160, 160); lines[2] != "|@@"+strings.Repeat(" ", 30)+"|" {
		t.Errorf("%q", lines)
	}
}
