package lab

import (
	"context"
	"fmt"
	"sync"
	"time"

	"padlab/core/arch"
	"padlab/core/images"
	"padlab/core/inspect"
	"padlab/core/lab/stage"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/probe"
)

// A Pool is what a process owns and its runs share: one crew of workers, or
// several, each lent to one of them at a time and first come first served; one
// budget of memory for what can wait; and the images that were opened. Its methods may be called from
// any goroutine.
type Pool struct {
	kernel  *kernel.Kernel
	workers int
	now     func() time.Time // timings only; no result depends on it
	crew    chan *kernel.Crew
	budget  *stage.Budget
	memory  int64         // bytes that one experiment may take; 0: any
	common  *stage.Common // and all of them together; nil: any
	sources Sources
	builds  chan struct{} // experiments that are being built

	mu     sync.Mutex
	sets   map[string]*images.Set
	photos map[string][]images.Photo
	sights map[string]*inspect.Cells // what was found of the cells of a network on a canvas, by a text that says all of both
}

// Sources open what experiments name. A process that serves others refuses paths
// here, and nowhere else.
type Sources struct {
	Set     func(name string) (*images.Set, error)
	Photos  func(folder string) ([]images.Photo, error) // of an empty name: those that ship
	Weights func(path string) (*Weights, error)
	Network func(path string) (*Network, error) // of an ONNX file
}

// A Network is one that came as a file, with its weights.
type Network struct {
	arch.Architecture
	SHA256 string // of the file
	Bytes  int64  // that it holds as long as the experiment runs
}

// Weights is a file of weights that was opened. Its tensors are read when a
// network wants them, so it is closed when all have theirs.
type Weights struct {
	*safetensors.File
	SHA256 string // of the file
	Close  func() error
}

// MaxFeatures bounds the memory for features of all frozen networks of a
// process, in bytes: those of one large network, or of several small ones. Who finds no
// room waits until others have been read out.
const MaxFeatures = probe.MaxBytes

// slice is how long the crew is kept before others get their turn, and how
// often a run publishes a snapshot while it trains.
const slice = 20 * time.Millisecond

// maxBuilds is how many experiments are built at a time: building computes beside the
// crew, and dozens of them would leave no processor to whoever answers keys.
const maxBuilds = 2

// NewPool starts a crew of workers workers that compute with k. It panics if
// workers < 1.
func NewPool(k *kernel.Kernel, workers int, now func() time.Time, sources Sources) *Pool {
	p := &Pool{
		kernel: k, workers: workers, now: now, crew: make(chan *kernel.Crew, 1), budget: stage.NewBudget(MaxFeatures), sources: sources, builds: make(chan struct{}, maxBuilds),
		sets: map[string]*images.Set{}, photos: map[string][]images.Photo{}, sights: map[string]*inspect.Cells{},
	}
	p.crew <- kernel.NewCrew(workers)
	return p
}

// Behind lets the crew work in threads of its own, in each of which begin is called
// first: it may ask the system to let others go before. It is called before the pool
// is used.
func (p *Pool) Behind(begin func()) {
	(<-p.crew).Close()
	p.crew <- kernel.NewCrewApart(p.workers, begin)
}

// Limit refuses experiments that need more than so many bytes of memory. It is
// called before the pool is used.
func (p *Pool) Limit(bytes int64) { p.memory = bytes }

// LimitAll refuses experiments that need more, together with those under way, than so
// many bytes of memory. It is called before the pool is used.
func (p *Pool) LimitAll(bytes int64) { p.common = stage.NewCommon(bytes) }

// Crews gives the pool n crews in place of one, so that n runs work at once. It is
// called before the pool is used. It panics if n < 1.
func (p *Pool) Crews(n int) {
	if n < 1 {
		panic(fmt.Sprintf("lab: a pool of %d crews", n))
	}
	first := <-p.crew
	p.crew = make(chan *kernel.Crew, n)
	p.crew <- first
	for range n - 1 {
		p.crew <- kernel.NewCrew(p.workers)
	}
}

// Close waits for the crews and ends them. No run may be using the pool any more
// or do so later.
func (p *Pool) Close() {
	for range cap(p.crew) {
		(<-p.crew).Close()
	}
}

// Kernel is what the pool computes with.
func (p *Pool) Kernel() *kernel.Kernel { return p.kernel }

// Workers is how many share the work of a run.
func (p *Pool) Workers() int { return p.workers }

// borrow waits for a crew; false means that the context was done first.
func (p *Pool) borrow(ctx context.Context) (*kernel.Crew, bool) {
	select {
	case c := <-p.crew:
		return c, true
	case <-ctx.Done():
		return nil, false
	}
}

func (p *Pool) giveBack(c *kernel.Crew) { p.crew <- c }

// A Turn does work on a crew of the pool a slice at a time, so that runs and other
// work get theirs. It belongs to one goroutine.
type Turn struct {
	pool *Pool
	ctx  context.Context
}

// Turn returns one that leaves out what is left when the context is done: whoever
// hands it work asks the context afterwards.
func (p *Pool) Turn(ctx context.Context) *Turn { return &Turn{p, ctx} }

// Workers returns how many workers the crew has.
func (t *Turn) Workers() int { return t.pool.workers }

// Do calls work(worker, piece) once for every piece in 0 … pieces−1, as
// kernel.Crew does.
func (t *Turn) Do(pieces int, work func(worker, piece int)) {
	for done := 0; done < pieces; {
		crew, ok := t.pool.borrow(t.ctx)
		if !ok {
			return
		}
		done = t.slice(crew, done, pieces, work)
	}
}

// slice does pieces from done on until the crew has been kept long enough, and
// returns how many are done.
func (t *Turn) slice(crew *kernel.Crew, done, pieces int, work func(worker, piece int)) int {
	defer t.pool.giveBack(crew)
	start := t.pool.now()
	for done < pieces && t.ctx.Err() == nil {
		first, n := done, min(t.pool.workers, pieces-done)
		crew.Do(n, func(worker, piece int) { work(worker, first+piece) })
		if done += n; t.pool.now().Sub(start) >= slice {
			break
		}
	}
	return done
}

// set opens an image set, once.
func (p *Pool) set(name string) (*images.Set, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.sets[name]; s != nil {
		return s, nil
	}
	s, err := p.sources.Set(name)
	if err == nil {
		p.sets[name] = s
	}
	return s, err
}

// Photos opens the photographs of a folder, once; of an empty name those that
// ship.
func (p *Pool) Photos(folder string) ([]images.Photo, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if list := p.photos[folder]; list != nil {
		return list, nil
	}
	list, err := p.sources.Photos(folder)
	if err == nil {
		p.photos[folder] = list
	}
	return list, err
}

// maxSights is how many sights a pool remembers; a full memory is emptied.
const maxSights = 1024

// sight is what was remembered under a key.
func (p *Pool) sight(key string) (c *inspect.Cells, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok = p.sights[key]
	return c, ok
}

func (p *Pool) remember(key string, c *inspect.Cells) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sights) == maxSights {
		clear(p.sights)
	}
	p.sights[key] = c
}

// weights opens a file of weights. Files change and are large, so they are not
// kept.
func (p *Pool) weights(path string) (*Weights, error) {
	if p.sources.Weights == nil {
		return nil, fmt.Errorf("%s: no weights can be opened here", path)
	}
	return p.sources.Weights(path)
}

func (p *Pool) network(path string) (*Network, error) {
	if p.sources.Network == nil {
		return nil, fmt.Errorf("%s: no networks can be opened here", path)
	}
	return p.sources.Network(path)
}
