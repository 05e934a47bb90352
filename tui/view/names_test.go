package view

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		w           int
		names, want []string
	}{
		{20, []string{"trained zeros", "trained reflect"}, []string{"trained zeros", "trained reflect"}},
		{9, []string{"trained zeros", "trained reflect"}, []string{"zeros", "reflect"}},
		{8, []string{"zeros, black", "none, black"}, []string{"zeros", "none"}},
		{9, []string{"raw, padding 1", "raw, padding 2"}, []string{"padding 1", "padding 2"}},
		{8, []string{"raw, padding 1", "raw, padding 2"}, []string{"1", "2"}},
		{8, []string{"circular, black", "circular, white", "zeros"}, []string{"ci…black", "ci…white", "zeros"}},
		{10, []string{"false, zeros", "false, circular", "true, zeros"}, []string{"false, ze…", "false, ci…", "true, zer…"}},
		{9, []string{"constant(0.5)", "constant(1)", "zeros"}, []string{"cons…0.5)", "consta…1)", "zeros"}},
		{6, []string{"circular, black", "circular, white", "reflect, black"}, []string{"…black", "…white", "refle…"}},
		{5, []string{"mean-interp", "zeros"}, []string{"mean…", "zeros"}},
		{6, []string{"zeros, 漢字漢字", "zeros, 漢字字漢", "none"}, []string{"…漢字…", "zero…", "none"}},
		{5, []string{"trained zeros"}, []string{"trai…"}},
		{5, []string{"zeros again", "zeros again"}, []string{"again", "again"}},
		{1, []string{"zeros", "none"}, []string{"…", "…"}},
		{0, []string{"zeros", ""}, []string{"", ""}},
		{3, nil, nil},
	} {
		before := slices.Clone(c.names)
		if got := Shorten(c.names, c.w); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d columns: %q, want %q", c.names, c.w, got, c.want)
		}
		if !slices.Equal(before, c.names) {
			t.Errorf("the names given were changed: %q", c.names)
		}
	}
}

// Names as experiments have them stay different from four columns on.
func TestShortNamesDiffer(t *testing.T) {
	for _, names := range [][]string{
		{"false, zeros", "false, circular", "false, reflect", "true, zeros", "true, circular", "true, reflect"},
		{"zeros, black", "zeros, white", "circular, black", "circular, white", "reflect, black", "reflect, white"},
		{"raw, padding 0", "raw, padding 1", "raw, padding 2", "raw, padding 10", "network"},
		{"trained zeros, tested zeros", "trained zeros, tested circular", "trained zeros, tested reflect", "trained circular, tested zeros",
			"trained circular, tested circular", "trained circular, tested reflect", "trained reflect, tested zeros", "trained reflect, tested circular"},
		{"constant(0)", "constant(0.25)", "constant(0.5)", "constant(1)", "zeros"},
		{"1×1 of zeros", "3×3 of zeros", "7×7 of zeros"},
		{"zeros", "circular", "reflect", "replicate", "mean-interp", "constant(0.5)", "partial", "noise", "resize", "none", "symmetric"},
	} {
		for w := 4; w < 40; w++ {
			short := Shorten(names, w)
			for i, name := range short {
				if Columns(name) > w || slices.Contains(short[:i], name) {
					t.Errorf("in %d columns: %q", w, short)
					break
				}
			}
		}
	}
}

// Any names, in any width: none is wider, and those that all fit stay.
func TestShortenAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`(aa|ab|b|,|漢| ){0,9}`))
		names, w := rapid.SliceOfN(name, 0, 6).Draw(t, "names"), rapid.IntRange(-1, 12).Draw(t, "w")
		short := Shorten(names, w)
		if len(short) != len(names) {
			t.Fatalf("%d names for %d", len(short), len(names))
		}
		fits := true
		for i := range names {
			fits = fits && Columns(names[i]) <= w
			if Columns(short[i]) > max(w, 0) {
				t.Fatalf("%q is wider than %d", short[i], w)
			}
		}
		if fits && !slices.Equal(names, short) {
			t.Fatalf("%q fit but became %q", names, short)
		}
	})
}
