package kernel

import "fmt"

// The portable element-wise passes. The others do the same additions and
// comparisons, several at a time, and so have the same bits.

func relu(y, x []float32) {
	same(len(x), len(y))
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		y[i] = v
	}
}

func reluGrad(dx, dy, y []float32) {
	same(len(y), len(dx), len(dy))
	for i, v := range y {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}

func clamp(y, x []float32, low, high float32) {
	same(len(x), len(y))
	for i, v := range x {
		switch {
		case v < low:
			v = low
		case v > high:
			v = high
		}
		y[i] = v
	}
}

func add(sum, x []float32) {
	same(len(x), len(sum))
	for i, v := range x {
		sum[i] += v
	}
}

func addRows(sum, x []float32) {
	same(0, len(x)%len(sum))
	for n := len(sum); len(x) > 0; x = x[n:] {
		add(sum, x[:n])
	}
}

// corner is the offset of pixel code (0, 1: upper row; 2, 3: lower row) of a
// window in rows of w pixels with c channels.
func corner(code, w, c int) int { return (code/2*w + code%2) * c }

func maxPool(y []float32, from []int32, x []float32, h, w, c int) {
	pooled(len(y), len(from), len(x), h, w, c)
	for i := range h / 2 {
		for j := range w / 2 {
			for ch := range c {
				at := (2*i*w+2*j)*c + ch
				best, code := x[at], 0
				for k := 1; k < 4; k++ {
					if v := x[at+corner(k, w, c)]; v > best || v != v {
						best, code = v, k
					}
				}
				o := (i*(w/2)+j)*c + ch
				y[o], from[o] = best, int32(code)
			}
		}
	}
}

// A Window is Rows × Cols pixels, which lie Right floats apart in a row, and rows Down
// floats. There is one at least.
type Window struct{ Rows, Cols, Down, Right int }

// check panics unless a window of c channels lies in n floats.
func (w Window) check(c, n int) {
	if need := (w.Rows-1)*w.Down + (w.Cols-1)*w.Right + c; w.Rows < 1 || w.Cols < 1 || need > n {
		panic(fmt.Sprintf("kernel: a window of %d×%d pixels of %d channels reaches %d floats, of %d", w.Rows, w.Cols, c, need, n))
	}
}

func maxWindow(y []float32, from []int32, x []float32, at int, w Window) {
	same(len(y), len(from))
	w.check(len(y), len(x))
	copy(y, x)
	for i := range from {
		from[i] = int32(at + i)
	}
	for r := range w.Rows {
		for q := range w.Cols {
			place := r*w.Down + q*w.Right
			for i, v := range x[place : place+len(y)] {
				if v > y[i] || v != v && y[i] == y[i] {
					y[i], from[i] = v, int32(at+place+i)
				}
			}
		}
	}
}

func maxPoolGrad(dx, dy []float32, from []int32, h, w, c int) {
	pooled(len(dy), len(from), len(dx), h, w, c)
	clear(dx)
	for i := range h / 2 {
		for j := range w / 2 {
			for ch := range c {
				o := (i*(w/2)+j)*c + ch
				dx[(2*i*w+2*j)*c+ch+corner(int(from[o]), w, c)] = dy[o]
			}
		}
	}
}

func transpose(to, from []float32, m, n int) {
	same(m*n, len(to), len(from))
	transposeBeyond(to, from, m, n, 0, 0)
}

// transposeBeyond is transpose but for the columns before the given one of the rows
// before the given one.
func transposeBeyond(to, from []float32, m, n, rows, columns int) {
	for i := range m {
		first := columns
		if i >= rows {
			first = 0
		}
		for j := first; j < n; j++ {
			to[j*m+i] = from[i*n+j]
		}
	}
}

// peak multiplies and adds four numbers at a time, as independent of each other
// as Go allows.
func peak(rounds int) int {
	var a, b, c, d float32
	for range rounds {
		a, b, c, d = a*a+a, b*b+b, c*c+c, d*d+d
	}
	if a+b+c+d != 0 {
		panic("kernel: zeros add up to something")
	}
	return 8 * rounds
}

// same panics unless all lengths are n: assembly does not check them.
func same(n int, lengths ...int) {
	for _, l := range lengths {
		if l != n {
			panic(fmt.Sprintf("kernel: length %d, want %d", l, n))
		}
	}
}

// pooled panics unless x is h×w×c and y and from are half of that.
func pooled(y, from, x, h, w, c int) {
	if h < 2 || w < 2 || c < 1 || x != h*w*c || y != h/2*(w/2)*c || from != y {
		panic(fmt.Sprintf("kernel: pooling %d values of %d×%d×%d to %d and %d", x, h, w, c, y, from))
	}
}
