package names

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3},
		{"reflect", "relfect", 1}, {"ca", "abc", 3}, {"steps", "step", 1}, {"same", "same", 0},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"none", "zeros", "reflect", "circular"}
	for word, want := range map[string]string{
		"Zeros": "zeros", "zero": "zeros", "refelct": "reflect", "circluar": "circular", "banana": "", "": "", "x": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestUnknown(t *testing.T) {
	known := []string{"none", "reflect"}
	for word, want := range map[string]string{
		"reflec": `unknown scheme "reflec": did you mean "reflect"? (known: none, reflect)`,
		"banana": `unknown scheme "banana" (known: none, reflect)`,
	} {
		if got := Unknown("scheme", word, known).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
