package stage

import (
	"fmt"
	"sync"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
)

// Means are what the stages of an experiment are built with.
type Means struct {
	Kernel  *kernel.Kernel
	Workers int
	Memory  *Allowance

	// Network opens the network of a name or a file; nil: those that have a name.
	Network func(name string) (arch.Architecture, error)

	// Trainers are those of the arms so far, by batch and layout: networks
	// that differ in their seed or their padding alone train in the same, one at a
	// time. A run advances one stage at a time.
	Trainers map[string]*nn.Trainer
}

// An Allowance is the memory that one experiment may take. What a stage will
// need is charged before it is taken: a process that runs out of memory cannot
// say why.
type Allowance struct {
	Limit  int64   // bytes; 0: there is none
	Common *Common // what it shares with other experiments, nil: it is alone
	taken  int64
	shared int64 // of it, what was taken from Common
}

// Common is the memory that all experiments of a process may take together. Its
// methods may be called from any goroutine.
type Common struct {
	mu           sync.Mutex
	limit, taken int64 // bytes
}

// NewCommon returns so many bytes.
func NewCommon(bytes int64) *Common { return &Common{limit: bytes} }

// take takes so many bytes, if there are as many left.
func (c *Common) take(bytes int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken+bytes > c.limit {
		return false
	}
	c.taken += bytes
	return true
}

// Taken is what was charged so far, in bytes.
func (a *Allowance) Taken() int64 { return a.taken }

// Release gives back what was taken from the common memory. The experiment must have
// ended.
func (a *Allowance) Release() {
	if a.Common == nil {
		return
	}
	a.Common.mu.Lock()
	defer a.Common.mu.Unlock()
	a.Common.taken -= a.shared
	a.shared = 0
}

// Charge adds what something needs. The error says how much that is, how much
// there is, and what would have to be lower.
func (a *Allowance) Charge(what string, bytes int64, lower string) error {
	a.taken += bytes
	if a.Limit == 0 || a.taken <= a.Limit {
		if a.Common == nil {
			return nil
		}
		if !a.Common.take(bytes) {
			return fmt.Errorf("%s needs %s of memory, and other runs have what there is, %s: wait until some have ended, or lower %s", what, size(bytes), size(a.Common.limit), lower)
		}
		a.shared += bytes
		return nil
	}
	if rest := a.taken - bytes; rest > a.Limit/20 {
		return fmt.Errorf("%s needs %s of memory, and what comes before it %s, of %s that there are: lower %s", what, size(bytes), size(rest), size(a.Limit), lower)
	}
	return fmt.Errorf("%s needs %s of memory, of %s that there are: lower %s", what, size(bytes), size(a.Limit), lower)
}

// size is a number of bytes for a person.
func size(bytes int64) string {
	switch {
	case bytes >= 1e10:
		return fmt.Sprintf("%.0f GB", float64(bytes)/1e9)
	case bytes >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
	}
	return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
}
