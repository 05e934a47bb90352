//go:build linux

package kernel

import (
	"os"
	"syscall"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// fence returns n floats with memory behind (atEnd) or before them that must
// not be touched: one step further and the process gets a fault.
func fence(t *testing.T, n int, atEnd bool) []float32 {
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
	const most = 1 << 16
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
			n := rapid.IntRange(1, 100).Draw(t, "n")
			h, w, channels := rapid.IntRange(2, 9).Draw(t, "h"), rapid.IntRange(2, 9).Draw(t, "w"), rapid.SampledFrom([]int{1, 3, 4, 8, 12, 16, 24, 32}).Draw(t, "c")
			half := h / 2 * (w / 2) * channels
			for _, kern := range here() {
				copy(gc, c)
				kern.Product(p, gc, ga, gb, bias)
				kern.ReLU(cut(0, n), cut(1, n))
				kern.ReLUGrad(cut(0, n), cut(1, n), cut(2, n))
				kern.Add(cut(0, n), cut(1, n))
				kern.AddRows(cut(0, n), cut(1, n*h))
				from := ints(cut(3, half))
				kern.MaxPool(cut(0, half), from, cut(1, h*w*channels), h, w, channels)
				kern.MaxPoolGrad(cut(1, h*w*channels), cut(0, half), from, h, w, channels)
			}
		})
	}
}
