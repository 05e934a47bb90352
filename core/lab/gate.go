package lab

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// A Gate lets so many people train at a time; others wait, first come first served.
// Its methods may be called from any goroutine.
type Gate struct {
	mu    sync.Mutex
	free  int
	queue []*waiting // the first has come first
}

// maxRunsEach is how many runs one person may have under way: the one that is shown,
// and the one that takes its place.
const maxRunsEach = 3

// A waiting one is in the queue until go is closed.
type waiting struct {
	seat *Seat
	in   chan struct{}
	told func(place, of int)
}

// NewGate returns a gate for so many, at least one.
func NewGate(n int) *Gate { return &Gate{free: max(1, n)} }

// A Seat is one person's place at the gate: who is inside may bring along what takes
// the place of what he has.
type Seat struct {
	gate *Gate
	runs int // inside
}

// Seat returns that of a person.
func (g *Gate) Seat() *Seat { return &Seat{gate: g} }

// Enter waits until the person may train, and returns what is called when that has
// ended. Meanwhile told is called, in turn with others, with the place in the queue,
// from 1 on, and its length, whenever they are others; it must return at once. The
// error is that of the context, or says that there is too much under way.
func (s *Seat) Enter(ctx context.Context, told func(place, of int)) (leave func(), err error) {
	g := s.gate
	g.mu.Lock()
	if s.runs >= maxRunsEach {
		g.mu.Unlock()
		return nil, fmt.Errorf("%d runs are under way in this session already: stop one first", s.runs)
	}
	if s.runs > 0 || g.free > 0 {
		s.enter()
		g.mu.Unlock()
		return sync.OnceFunc(s.leave), nil
	}
	w := &waiting{s, make(chan struct{}), told}
	g.queue = append(g.queue, w)
	g.tell()
	g.mu.Unlock()
	select {
	case <-w.in:
		return sync.OnceFunc(s.leave), nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.queue, w); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		g.tell()
	} else { // it came in just now
		s.out()
	}
	return nil, ctx.Err()
}

// enter takes a place, unless the person has one. The gate is locked.
func (s *Seat) enter() {
	if s.runs == 0 {
		s.gate.free--
	}
	s.runs++
}

func (s *Seat) leave() {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	s.out()
}

// out gives the place back with the last run, and lets in who waits. The gate is
// locked.
func (s *Seat) out() {
	g := s.gate
	if s.runs--; s.runs > 0 {
		return
	}
	g.free++
	moved := false
	for len(g.queue) > 0 && (g.free > 0 || g.queue[0].seat.runs > 0) {
		w := g.queue[0]
		g.queue = g.queue[1:]
		w.seat.enter()
		close(w.in)
		moved = true
	}
	if moved {
		g.tell()
	}
}

// tell says to all that wait where they are.
func (g *Gate) tell() {
	for i, w := range g.queue {
		w.told(i+1, len(g.queue))
	}
}
