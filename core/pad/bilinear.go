package pad

import "fmt"

// Bilinear makes pictures of h×w pixels from pictures of H×W, each with C
// channels, by bilinear interpolation. Along each axis an output lies between
// two inputs, at
//
//	a = (i+½)·H/h − ½, but at least 0,   or   a = i·(H−1)/(h−1)
//
// The first form is PyTorch's default; the second, with which the corners of
// both pictures meet, is its align_corners. Nothing is smoothed before a
// picture shrinks. Values are blended as x + t·(y−x), so that a constant
// picture stays exactly constant.
type Bilinear struct {
	w, c       int // of the picture that comes in
	rows, cols []between
}

// between is a position between two others: a + t·(b−a).
type between struct {
	a, b int
	t    float32
}

// NewBilinear returns the map from height×width to toHeight×toWidth pixels with
// c channels. It panics unless all are positive.
func NewBilinear(height, width, c, toHeight, toWidth int, corners bool) *Bilinear {
	if height < 1 || width < 1 || c < 1 || toHeight < 1 || toWidth < 1 {
		panic(fmt.Sprintf("pad: interpolation of %d×%d×%d to %d×%d", height, width, c, toHeight, toWidth))
	}
	return &Bilinear{width, c, stretch(height, toHeight, corners), stretch(width, toWidth, corners)}
}

// NewBilinearPadded returns the map from height×width pixels with one pixel of
// padding on every side, (height+2)×(width+2) of them, to toHeight×toWidth: an output
// lies between two inputs at
//
//	a = (i+½)·H/h − ½
//
// and where that is before the first pixel or behind the last, the padding is the
// other of the two. With replicate's it is the first form of NewBilinear; with
// circular's the enlarged picture has no seam. It panics unless all are positive.
func NewBilinearPadded(height, width, c, toHeight, toWidth int) *Bilinear {
	if height < 1 || width < 1 || c < 1 || toHeight < 1 || toWidth < 1 {
		panic(fmt.Sprintf("pad: interpolation of %d×%d×%d to %d×%d", height, width, c, toHeight, toWidth))
	}
	return &Bilinear{width + 2, c, bridge(height, toHeight), bridge(width, toWidth)}
}

// NewBilinearAt returns the map from height×width units, of which the first
// looks at the place (top/2, left/2) of a picture of toHeight×toWidth pixels
// and the others follow step pixels apart, to the pixels of that picture: a
// pixel lies between the units that look beside it, at
//
//	a = (i − top/2) / step, but at least 0 and at most height−1
//
// and along the columns likewise, so that beyond the outermost units their
// values repeat. Halves of pixels are whole numbers here, because units of even
// windows look between pixels. It panics unless all sizes and step are positive.
func NewBilinearAt(height, width, c, toHeight, toWidth, top, left, step int) *Bilinear {
	if height < 1 || width < 1 || c < 1 || toHeight < 1 || toWidth < 1 || step < 1 {
		panic(fmt.Sprintf("pad: %d×%d×%d units %d pixels apart over %d×%d", height, width, c, step, toHeight, toWidth))
	}
	return &Bilinear{width, c, lay(height, toHeight, top, step), lay(width, toWidth, left, step)}
}

// Row says between which rows of the picture row i of the larger or smaller one
// lies: it is (1−t)·x[a] + t·x[b].
func (m *Bilinear) Row(i int) (a, b int, t float32) { return m.rows[i].a, m.rows[i].b, m.rows[i].t }

// Column is Row for column j.
func (m *Bilinear) Column(j int) (a, b int, t float32) { return m.cols[j].a, m.cols[j].b, m.cols[j].t }

// lay says between which of n units each of m pixels lies.
func lay(n, m, first, step int) []between {
	list := make([]between, m)
	for i := range list {
		over, under := min(max(0, 2*i-first), 2*step*(n-1)), 2*step
		a := over / under
		list[i] = between{a, min(a+1, n-1), float32(float64(over%under) / float64(under))}
	}
	return list
}

// stretch says where the positions of a line of m values lie between those of
// the line of n that it is made from.
func stretch(n, m int, corners bool) []between {
	list := make([]between, m)
	for i := range list {
		// The place is over/under, kept apart for its whole part to be exact.
		over, under := max(0, (2*i+1)*n-m), 2*m
		if corners {
			over, under = i*(n-1), max(1, m-1)
		}
		a := over / under
		list[i] = between{a, min(a+1, n-1), float32(float64(over%under) / float64(under))}
	}
	return list
}

// bridge is stretch from a line of n with one position of padding on either side.
func bridge(n, m int) []between {
	list := make([]between, m)
	for i := range list {
		over, under := (2*i+1)*n+m, 2*m // a + 1
		list[i] = between{over / under, over/under + 1, float32(float64(over%under) / float64(under))}
	}
	return list
}

// A Blender is [exact.Blend], or what has its bits.
type Blender func(y, a, b, c, d []float32, t, u float32)

// Forward sets the picture y to what the map makes of x.
func (m *Bilinear) Forward(blend Blender, y, x []float32) { m.ForwardApart(blend, y, m.c, x) }

// ForwardApart is Forward where the pixels of y, of which each has C channels, begin step
// floats apart, and what lies between them stays as it is. It panics when step is less
// than C.
func (m *Bilinear) ForwardApart(blend Blender, y []float32, step int, x []float32) {
	if step < m.c {
		panic(fmt.Sprintf("pad: pixels of %d channels, %d floats apart", m.c, step))
	}
	row, p := m.w*m.c, 0
	for _, r := range m.rows {
		above, below := x[r.a*row:(r.a+1)*row], x[r.b*row:(r.b+1)*row]
		for _, q := range m.cols {
			a, b := q.a*m.c, q.b*m.c
			blend(y[p:p+m.c], above[a:a+m.c], above[b:b+m.c], below[a:a+m.c], below[b:b+m.c], q.t, r.t)
			p += step
		}
	}
}

// Adjoint sets dx to the adjoint of Forward applied to dy: every pixel collects
// the gradients of the places between which it lies, in their row-major order.
func (m *Bilinear) Adjoint(dx, dy []float32) {
	clear(dx)
	row := m.w * m.c
	for _, r := range m.rows {
		above, below := dx[r.a*row:(r.a+1)*row], dx[r.b*row:(r.b+1)*row]
		for _, q := range m.cols {
			addScaled(above[q.a*m.c:], dy[:m.c], (1-r.t)*(1-q.t))
			addScaled(above[q.b*m.c:], dy[:m.c], (1-r.t)*q.t)
			addScaled(below[q.a*m.c:], dy[:m.c], r.t*(1-q.t))
			addScaled(below[q.b*m.c:], dy[:m.c], r.t*q.t)
			dy = dy[m.c:]
		}
	}
}

func addScaled(to, from []float32, by float32) {
	for i, v := range from {
		to[i] += float32(by * v)
	}
}
