package view

// A Rect is a rectangle of cells: X and Y are the column and row of its top
// left cell, counted from 0. A rectangle with W < 1 or H < 1 is empty. Layout
// is arithmetic on rectangles, and a click is looked up in the same ones.
type Rect struct{ X, Y, W, H int }

// Empty reports whether r has no cell.
func (r Rect) Empty() bool { return r.W < 1 || r.H < 1 }

// Contains reports whether the cell (x, y) lies in r.
func (r Rect) Contains(x, y int) bool {
	return x >= r.X && x-r.X < r.W && y >= r.Y && y-r.Y < r.H
}

// Intersect returns what r and s have in common, or the empty Rect{}.
func (r Rect) Intersect(s Rect) Rect {
	x, y := max(r.X, s.X), max(r.Y, s.Y)
	both := Rect{x, y, min(r.X+r.W, s.X+s.W) - x, min(r.Y+r.H, s.Y+s.H) - y}
	if both.Empty() {
		return Rect{}
	}
	return both
}

// Inset returns r without dx columns on the left and the right and dy rows
// above and below.
func (r Rect) Inset(dx, dy int) Rect { return Rect{r.X + dx, r.Y + dy, r.W - 2*dx, r.H - 2*dy} }

// CutLeft splits r into its first n columns and the rest. All four cuts clamp
// n to what there is.
func (r Rect) CutLeft(n int) (left, rest Rect) {
	n = clamp(n, 0, r.W)
	return Rect{r.X, r.Y, n, r.H}, Rect{r.X + n, r.Y, r.W - n, r.H}
}

// CutRight splits r into its last n columns and the rest.
func (r Rect) CutRight(n int) (right, rest Rect) {
	rest, right = r.CutLeft(r.W - clamp(n, 0, r.W))
	return right, rest
}

// CutTop splits r into its first n rows and the rest.
func (r Rect) CutTop(n int) (top, rest Rect) {
	n = clamp(n, 0, r.H)
	return Rect{r.X, r.Y, r.W, n}, Rect{r.X, r.Y + n, r.W, r.H - n}
}

// CutBottom splits r into its last n rows and the rest.
func (r Rect) CutBottom(n int) (bottom, rest Rect) {
	rest, bottom = r.CutTop(r.H - clamp(n, 0, r.H))
	return bottom, rest
}

// Centre returns a rectangle of at most w×h in the middle of r.
func (r Rect) Centre(w, h int) Rect {
	w, h = clamp(w, 0, r.W), clamp(h, 0, r.H)
	return Rect{r.X + (r.W-w)/2, r.Y + (r.H-h)/2, w, h}
}

// clamp returns v in lo … hi, and lo when hi < lo.
func clamp(v, lo, hi int) int { return max(lo, min(v, hi)) }
