package lab

import "padlab/core/nn/kernel"

// A Pool owns the one crew of workers of a process and lends it to runs, one
// at a time and first come first served, for a slice of work each.
type Pool struct {
	kernel  *kernel.Kernel
	workers int
	crew    chan *kernel.Crew
}

// NewPool starts a crew of workers workers that compute with k. It panics if
// workers < 1.
func NewPool(k *kernel.Kernel, workers int) *Pool {
	p := &Pool{kernel: k, workers: workers, crew: make(chan *kernel.Crew, 1)}
	p.crew <- kernel.NewCrew(workers)
	return p
}

// Close waits for the crew and ends it. No run may be using the pool any more
// or do so later.
func (p *Pool) Close() { (<-p.crew).Close() }

func (p *Pool) borrow() *kernel.Crew    { return <-p.crew }
func (p *Pool) giveBack(c *kernel.Crew) { p.crew <- c }
