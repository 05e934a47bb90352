package stage

import "sync"

// A Budget is the memory that all runs of a process share for what they can
// wait for: the features of frozen networks. Its methods may be called from any
// goroutine.
type Budget struct {
	mu           sync.Mutex
	limit, taken int // bytes
	freed        chan struct{}
}

// NewBudget returns a budget of so many bytes.
func NewBudget(bytes int) *Budget { return &Budget{limit: bytes, freed: make(chan struct{})} }

// Reserve takes so many bytes, if there are as many left or none is taken: what
// is larger than the whole budget has to be alone.
func (b *Budget) Reserve(bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken > 0 && b.taken+bytes > b.limit {
		return false
	}
	b.taken += bytes
	return true
}

// Release gives back what was reserved.
func (b *Budget) Release(bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken -= bytes; b.taken < 0 {
		panic("stage: more memory is given back than was reserved")
	}
	close(b.freed)
	b.freed = make(chan struct{})
}

// Freed is closed when something is given back after this call.
func (b *Budget) Freed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.freed
}
