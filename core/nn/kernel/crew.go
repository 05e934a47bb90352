package kernel

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// A Crew is a fixed number of workers that stay alive between steps. Work is
// cut into pieces that do not depend on how many workers there are, and each
// worker takes the next piece when it is free, so that a slow core does not
// hold up the others. What a piece computes must not depend on who takes it.
//
// One Do runs at a time; the caller is worker 0, unless the crew works in threads of
// its own.
type Crew struct {
	workers int
	apart   bool            // the caller does not work
	wake    []chan struct{} // one per goroutine of the crew
	done    sync.WaitGroup
	pieces  int
	next    atomic.Int64
	work    func(worker, piece int)
	failure atomic.Pointer[Failure]
}

// A Failure is the panic of a worker, passed on by Do to its caller with the
// stack of the goroutine in which it happened.
type Failure struct {
	Value any
	Stack []byte
}

func (f *Failure) Error() string { return fmt.Sprint(f.Value) }

// NewCrew starts workers−1 goroutines; Close ends them. It panics if
// workers < 1.
func NewCrew(workers int) *Crew {
	if workers < 1 {
		panic(fmt.Sprintf("kernel: a crew of %d", workers))
	}
	c := &Crew{workers: workers}
	for w := 1; w < workers; w++ {
		c.hire(w, func() {})
	}
	return c
}

// NewCrewApart starts workers goroutines, each in a thread of its own, in which begin
// is called first: it may ask the system to let others go before. The caller of Do
// only waits. It panics if workers < 1.
func NewCrewApart(workers int, begin func()) *Crew {
	if workers < 1 {
		panic(fmt.Sprintf("kernel: a crew of %d", workers))
	}
	c := &Crew{workers: workers, apart: true}
	for w := range workers {
		c.hire(w, func() {
			runtime.LockOSThread() // for good: the thread ends with the goroutine
			begin()
		})
	}
	return c
}

// hire starts a worker.
func (c *Crew) hire(w int, begin func()) {
	wake := make(chan struct{})
	c.wake = append(c.wake, wake)
	go func() {
		begin()
		for range wake {
			c.take(w)
			c.done.Done()
		}
	}()
}

// Workers returns how many workers the crew has.
func (c *Crew) Workers() int { return c.workers }

// Do calls work(worker, piece) once for every piece in 0 … pieces−1 and
// returns when all are done. A panic in work ends the remaining pieces and is
// raised again here as a *Failure. Do allocates nothing.
func (c *Crew) Do(pieces int, work func(worker, piece int)) {
	c.pieces, c.work = pieces, work
	c.next.Store(0)
	helpers := min(len(c.wake), max(pieces-1, 0))
	if c.apart {
		helpers = min(len(c.wake), max(pieces, 0))
	}
	c.done.Add(helpers)
	for _, w := range c.wake[:helpers] {
		w <- struct{}{}
	}
	if !c.apart {
		c.take(0)
	}
	c.done.Wait()
	c.work = nil
	if f := c.failure.Swap(nil); f != nil {
		panic(f)
	}
}

// take works until no piece is left.
func (c *Crew) take(worker int) {
	defer func() {
		if v := recover(); v != nil {
			c.failure.CompareAndSwap(nil, &Failure{Value: v, Stack: debug.Stack()})
			c.next.Store(int64(c.pieces))
		}
	}()
	for {
		piece := int(c.next.Add(1)) - 1
		if piece >= c.pieces {
			return
		}
		c.work(worker, piece)
		runtime.Gosched() // who waits for a processor, to answer a key, gets it now and not in 10 ms
	}
}

// Close ends the crew's goroutines. The crew must be idle, and is not used
// afterwards.
func (c *Crew) Close() {
	for _, w := range c.wake {
		close(w)
	}
}
