package kernel

import (
	"sync/atomic"
	"testing"
)

// A crew apart does every piece once, in its own threads, and passes a panic on.
func TestCrewApart(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		var begun atomic.Int32
		c := NewCrewApart(workers, func() { begun.Add(1) })
		for _, pieces := range []int{0, 1, 3, 100} {
			done := make([]atomic.Int32, pieces)
			c.Do(pieces, func(worker, piece int) {
				if worker < 0 || worker >= workers {
					t.Errorf("worker %d of %d", worker, workers)
				}
				done[piece].Add(1)
			})
			for i := range done {
				if n := done[i].Load(); n != 1 {
					t.Errorf("%d workers do piece %d of %d %d times", workers, i, pieces, n)
				}
			}
		}
		func() {
			defer func() {
				if _, ok := recover().(*Failure); !ok {
					t.Error("a panic is lost")
				}
			}()
			c.Do(3, func(int, int) { panic("a fault") })
		}()
		c.Do(1, func(int, int) {})
		c.Close()
		if n := begun.Load(); n < 1 || n > int32(workers) {
			t.Errorf("%d of %d workers have begun", n, workers)
		}
	}
}
