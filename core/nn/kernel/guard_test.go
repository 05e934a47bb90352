//go:build linux

package kernel

import (
	"math"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// fence returns n floats with memory behind (atEnd) or before them that must
// not be touched: one step further and the process gets a fault.
func fence(t testing.TB, n int, atEnd bool) []float32 {
	page := os.Getpagesize()
	size := (4*n + page - 1) / page * page
	block, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(block) })
	for _, guard := range [][]byte{block[:page], block[page+size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	start := page
	if atEnd {
		start = page + size - 4*n
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&block[start])), n)
}

// Neither a read nor a write of any kernel goes out by one element.
func TestGuardPages(t *testing.T) {
	const most = 1 << 20
	for _, atEnd := range []bool{true, false} {
		whole := [4][]float32{fence(t, most, atEnd), fence(t, most, atEnd), fence(t, most, atEnd), fence(t, most, atEnd)}
		cut := func(i, n int) []float32 {
			if atEnd {
				return whole[i][most-n:]
			}
			return whole[i][:n]
		}
		ints := func(x []float32) []int32 {
			for i := range x {
				x[i] = 0
			}
			return unsafe.Slice((*int32)(unsafe.Pointer(&x[0])), len(x))
		}
		rapid.Check(t, func(t *rapid.T) {
			p := anyProduct(t)
			c, a, b, bias := operands(p)
			gc, ga, gb := cut(0, len(c)), cut(1, len(a)), cut(2, len(b))
			if bias != nil {
				bias = append(cut(3, len(bias))[:0], bias...)
			}
			copy(ga, a)
			copy(gb, b)
			d := anyDepthWise(t)
			dy, dx, dw, _ := d.of(1, false)
			n := rapid.IntRange(1, 100).Draw(t, "n")
			h, w, channels := rapid.IntRange(2, 9).Draw(t, "h"), rapid.IntRange(2, 9).Draw(t, "w"), rapid.SampledFrom([]int{1, 3, 4, 8, 12, 16, 20, 24, 32, 80}).Draw(t, "c")
			half := h / 2 * (w / 2) * channels
			for _, kern := range here() {
				copy(gc, c)
				kern.Product(p, gc, ga, gb, bias)
				copy(cut(1, len(dx)), dx)
				copy(cut(2, len(dw)), dw)
				kern.DepthWise(d, cut(0, len(dy)), cut(1, len(dx)), cut(2, len(dw)), cut(3, d.C))
				kern.ReLU(cut(0, n), cut(1, n))
				kern.ReLUGrad(cut(0, n), cut(1, n), cut(2, n))
				kern.Clamp(cut(0, n), cut(1, n), -1, 6)
				kern.Blend(cut(0, n), cut(1, n), cut(1, n), cut(2, n), cut(3, n), .25, .5)
				kern.Transpose(cut(0, n*h), cut(1, n*h), n, h)
				kern.Transpose(cut(0, n*channels), cut(1, n*channels), n, channels)
				kern.Add(cut(0, n), cut(1, n))
				kern.AddRows(cut(0, n), cut(1, n*h))
				kern.MaxWindow(cut(0, channels), ints(cut(3, channels)), cut(1, h*w*channels), 5, Window{Rows: h, Cols: w, Down: w * channels, Right: channels})
				from := ints(cut(3, half))
				kern.MaxPool(cut(0, half), from, cut(1, h*w*channels), h, w, channels)
				kern.MaxPoolGrad(cut(1, h*w*channels), cut(0, half), from, h, w, channels)
			}
		})
	}
}

// FuzzProduct takes any shape, with guard pages around the operands, and
// compares every kernel with the definition.
func FuzzProduct(f *testing.F) {
	f.Add([]byte{2, 3, 12, 33, 1, 3, 9, 3, 0, 7, 1, 1})
	f.Add([]byte{1, 1, 130, 65, 2, 2, 2, 1, 1, 2, 0, 0})
	const most = 1 << 20
	whole := [3][2][]float32{}
	for i := range whole {
		whole[i] = [2][]float32{fence(f, most, false), fence(f, most, true)}
	}
	f.Fuzz(func(t *testing.T, shape []byte) {
		if len(shape) < 12 {
			return
		}
		n := func(i, most int) int { return 1 + int(shape[i])%most }
		p := Product{S: n(0, 3), R: n(1, 4), M: n(2, 130), N: n(3, 130), Q: n(4, 3), O: n(5, 4), K: n(6, 40), AM: n(7, 70), AK: 1}
		if shape[8]%2 == 1 {
			p.AM, p.AK = p.AK, p.AM
		}
		p.AO, p.AR, p.AQ, p.AS = n(9, 90), n(9, 50), n(9, 110), n(9, 70)
		p.BK, p.CM = p.N+n(7, 3)-1, p.N+n(9, 3)-1
		p.BO, p.BQ = p.K*p.BK, p.O*p.K*p.BK
		p.CR = p.M * p.CM
		p.CS = p.R * p.CR
		p.Fresh, p.ReLU = shape[10]%2 == 1, shape[11]%2 == 1
		c, a, b, bias := operands(p)
		if len(c)+len(a)+len(b) > most {
			return
		}
		want, scale := naive(p, c, a, b, bias)
		for _, kern := range here() {
			for end := range 2 {
				operand := func(i int, x []float32) []float32 {
					w := whole[i][end]
					if end == 1 {
						w = w[most-len(x):]
					}
					copy(w, x)
					return w[:len(x)]
				}
				got := operand(0, c)
				kern.Product(p, got, operand(1, a), operand(2, b), bias)
				for i := range got {
					if d := math.Abs(float64(got[i]) - want[i]); d > float64(p.Q*p.O*p.K+1)*0x1p-24*scale[i] {
						t.Fatalf("%s: %+v: c[%d] = %g, want %g", kern.Name, p, i, got[i], want[i])
					}
				}
			}
		}
	})
}
