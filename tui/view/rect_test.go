package view

import (
	"testing"

	"pgregory.net/rapid"
)

func anyRect(t *rapid.T) Rect {
	n := rapid.OneOf(rapid.IntRange(-3, 12), rapid.IntRange(-200, 500))
	return Rect{n.Draw(t, "X"), n.Draw(t, "Y"), n.Draw(t, "W"), n.Draw(t, "H")}
}

func TestCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, n := anyRect(t), rapid.IntRange(-5, 300).Draw(t, "n")
		r.W, r.H = max(r.W, 0), max(r.H, 0)
		left, right := r.CutLeft(n)
		if left.W != clamp(n, 0, r.W) || left.X != r.X || right.X != left.X+left.W || left.W+right.W != r.W || left.H != r.H || right.H != r.H {
			t.Fatalf("%v cut left at %d: %v %v", r, n, left, right)
		}
		right2, left2 := r.CutRight(n)
		if l, r := r.CutLeft(r.W - n); l != left2 && n >= 0 || r != right2 && n >= 0 || n < 0 && right2.W != 0 {
			t.Fatalf("%v cut right at %d: %v %v", r, n, right2, left2)
		}
		top, bottom := r.CutTop(n)
		if top.H != clamp(n, 0, r.H) || top.Y != r.Y || bottom.Y != top.Y+top.H || top.H+bottom.H != r.H || top.W != r.W || bottom.W != r.W {
			t.Fatalf("%v cut top at %d: %v %v", r, n, top, bottom)
		}
		if low, rest := r.CutBottom(n); low.H != top.H || low.Y != r.Y+r.H-low.H || rest.H+low.H != r.H || rest.Y != r.Y {
			t.Fatalf("%v cut bottom at %d: %v %v", r, n, low, rest)
		}
		if c := r.Centre(n, n); c.Intersect(r) != c && !c.Empty() {
			t.Fatalf("centre %v of %v", c, r)
		}
	})
}

func TestIntersect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, s := anyRect(t), anyRect(t)
		both := r.Intersect(s)
		x, y := rapid.IntRange(-10, 30).Draw(t, "x"), rapid.IntRange(-10, 30).Draw(t, "y")
		if both.Contains(x, y) != (r.Contains(x, y) && s.Contains(x, y)) {
			t.Fatalf("%v and %v give %v: (%d, %d)", r, s, both, x, y)
		}
	})
}
