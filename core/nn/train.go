package nn

import (
	"fmt"

	"padlab/core/nn/kernel"
)

const (
	// MaxChunks is into how many pieces a batch is cut at most where samples
	// are trained on one after the other. Each piece sums its own gradient,
	// and the sums are added in the order of the pieces; so the bits depend
	// on the batch, never on the number of workers.
	MaxChunks = 16

	// chunkFloats is how many floats the gradients of all chunks may take. A
	// network with more weights is trained level by level.
	chunkFloats = 1 << 25

	// reduceBlock is how many parameters a worker adds up and updates at a
	// time.
	reduceBlock = 4096
)

// A Trainer does training steps on one network. It owns the memory that a
// step needs; a step allocates nothing.
//
// There are two ways through a batch. Depth first, one sample goes all the way
// forward and back while its activations are still in the cache. Level by level,
// all samples go through one level of the network before any enters the next:
// batch statistics need this, and with many weights it is faster. Which one is
// taken depends on the network and the size of the batch.
type Trainer struct {
	Net   *Net
	Clip  *Clip  // of the batch's gradient; nil: none
	Seed  uint64 // of what layers draw
	Steps uint64 // made so far, with those that diverged; each has random numbers of its own

	optimizer  Optimizer
	size       int // of a batch
	workspaces []*workspace
	tapes      []*Tape
	grads      [][]float32 // one per chunk; the first becomes the batch's
	losses     []float64   // one per chunk, or per sample
	bad        []bool      // one per block of parameters: not all gradients are finite

	sample        func(i int, x []float32)
	loss          Loss
	labelled      Sampler // of a Step, whose labels go to labels
	labels        []int
	writeLabelled func(i int, x []float32)
	lossOfLabel   Loss

	own   []*batch // depth first: one sample per worker
	all   *batch   // level by level: the whole batch
	level int
	slab  []int     // of each level: how many samples go together
	parts [][]share // of each level: pieces of the weights' gradient

	depthFirst, forward, backward, gradient, reduce, update, pack func(worker, piece int)
}

// share is a part of a node's gradient.
type share struct{ node, part, parts int }

// A Sampler writes sample i of a batch to x and returns its label. It is
// called by several goroutines at once.
type Sampler func(i int, x []float32) (label int)

// A Loss returns what sample i of a batch adds to the batch's loss when the
// network has made z of it, and sets dz to the gradient of that. It is called
// by several goroutines at once, each with a scratch of its own.
type Loss func(s *LossScratch, i int, dz, z []float32) float64

// LossScratch is what a loss may compute with.
type LossScratch struct {
	*kernel.Kernel
	Parts []float64 // as long as z; they hold anything
}

// NewTrainer returns a trainer for batches of the given size, for crews of at
// most workers workers. It panics if size or workers is below 1, or CheckBatch
// returns an error.
func NewTrainer(net *Net, optimizer Optimizer, size, workers int) *Trainer {
	if size < 1 || workers < 1 {
		panic(fmt.Sprintf("nn: a trainer for batches of %d and %d workers", size, workers))
	}
	if err := net.CheckBatch(size); err != nil {
		panic("nn: " + err.Error())
	}
	t := &Trainer{Net: net, optimizer: optimizer, size: size}
	chunks := min(size, MaxChunks)
	most := 1
	if len(net.levels) == 1 && chunks*net.Trainable <= chunkFloats {
		for range workers {
			t.own = append(t.own, newBatch(net, 1, true, false))
		}
		for range chunks {
			t.grads = append(t.grads, make([]float32, net.Trainable))
		}
		t.losses = make([]float64, chunks)
	} else {
		t.all = newBatch(net, size, true, true)
		t.grads = [][]float32{make([]float32, net.Trainable)}
		t.losses = make([]float64, size)
		for l := range net.levels {
			t.slab = append(t.slab, slab(net, l, size, workers))
			t.parts = append(t.parts, shares(net, l, workers))
			most = max(most, t.slab[l])
		}
	}
	for range workers {
		t.workspaces = append(t.workspaces, newWorkspace(net, most, true))
		t.tapes = append(t.tapes, net.NewTape())
	}
	for _, b := range append(t.own, t.all) {
		if b != nil {
			b.batchScale = 1 / float32(size)
		}
	}
	t.bad = make([]bool, (net.Trainable+reduceBlock-1)/reduceBlock)
	t.labels = make([]int, size)
	t.bind()
	return t
}

// Beside returns a trainer of another network of the same [Layout] that works in
// the memory of t, so that it takes none but what its optimizer keeps. Only one of
// the two, and of their tapes, may be at work at a time. It panics if the layouts
// differ.
func (t *Trainer) Beside(net *Net, optimizer Optimizer) *Trainer {
	if Layout(net.Nodes, net.In) != Layout(t.Net.Nodes, t.Net.In) {
		panic("nn: a trainer beside that of a network of another layout")
	}
	twin := &Trainer{
		Net: net, optimizer: optimizer, size: t.size,
		workspaces: t.workspaces, grads: t.grads, losses: t.losses, bad: t.bad, labels: t.labels, slab: t.slab, parts: t.parts,
	}
	for _, b := range t.own {
		twin.own = append(twin.own, b.of(net))
	}
	if t.all != nil {
		twin.all = t.all.of(net)
	}
	for _, tape := range t.tapes {
		twin.tapes = append(twin.tapes, &Tape{batch: tape.batch.of(net), work: tape.work})
	}
	twin.bind()
	return twin
}

// bind makes what the crew is handed.
func (t *Trainer) bind() {
	t.writeLabelled = func(i int, x []float32) { t.labels[i] = t.labelled(i, x) }
	t.lossOfLabel = func(s *LossScratch, i int, dz, z []float32) float64 {
		return CrossEntropy(s.Kernel, s.Parts, dz, z, t.labels[i], 1/float32(t.size))
	}
	t.depthFirst, t.forward, t.backward, t.gradient = t.runChunk, t.runForward, t.runBackward, t.runGradient
	t.reduce, t.update, t.pack = t.reduceGradients, t.updateWeights, t.packWeights
}

// slabRows is how many rows of a product the samples of a slab should make
// together, so that a panel of weights is read for more than a few of them.
const slabRows = 256

// filters reports whether a layer's weights are filters, k×k×C×N: those that a
// product reads again for every output pixel.
func filters(l Layer) bool {
	params := l.Params()
	return len(params) > 0 && len(params[0].Shape) == 4
}

// slab is how many samples pass through a level together.
func slab(net *Net, level, size, workers int) int {
	pixels := slabRows
	for _, i := range net.levels[level] {
		if node := net.Nodes[i]; filters(node) {
			pixels = min(pixels, node.Out().H*node.Out().W)
		}
	}
	return max(1, min(slabRows/pixels, size/(2*workers)))
}

// shareWeights is how many weights a share has at least, where there are more
// shares than workers. Every share reads all samples again, so that smaller ones
// would cost more than they gain.
const shareWeights = 1 << 17

// shares cuts the weights' gradients of a level into pieces, at least one per
// worker.
func shares(net *Net, level, workers int) (list []share) {
	for _, i := range net.backward[level] {
		if n := net.spans[i].wEnd - net.spans[i].w; n > 0 {
			parts := max(workers, n/shareWeights)
			for part := range parts {
				list = append(list, share{i, part, parts})
			}
		}
	}
	return list
}

// Size is how many samples a batch has.
func (t *Trainer) Size() int { return t.size }

// Tapes are tapes of workers 0, 1, …, free between steps.
func (t *Trainer) Tapes() []*Tape { return t.tapes }

// Step trains on one batch of labelled samples and returns their mean
// cross-entropy, before the step. When the loss or a gradient is not finite the
// weights stay as they were and finite is false.
func (t *Trainer) Step(crew *kernel.Crew, sample Sampler) (loss float64, finite bool) {
	t.labelled = sample
	sum, finite := t.StepWithLoss(crew, t.writeLabelled, t.lossOfLabel)
	return sum / float64(t.size), finite
}

// StepWithLoss trains on one batch with any loss: sample writes sample i of the
// batch to x, and the batch's loss, which is returned as in Step, is the sum of
// the samples' losses.
func (t *Trainer) StepWithLoss(crew *kernel.Crew, sample func(i int, x []float32), loss Loss) (sum float64, finite bool) {
	t.sample, t.loss = sample, loss
	if t.all != nil {
		t.all.seed, t.all.step = t.Seed, t.Steps
	}
	for _, b := range t.own {
		b.seed, b.step = t.Seed, t.Steps
	}
	t.Steps++
	if t.all == nil {
		crew.Do(len(t.grads), t.depthFirst)
		crew.Do(len(t.bad), t.reduce)
	} else {
		t.levels(crew)
	}
	for _, l := range t.losses {
		sum += l
	}
	finite = sum-sum == 0
	for _, bad := range t.bad {
		finite = finite && !bad
	}
	if finite {
		if t.Clip != nil {
			t.Clip.Do(crew, t.grads[0])
		}
		t.optimizer.Begin()
		crew.Do(len(t.bad), t.update)
		if t.all != nil {
			t.updateRunning()
		}
		crew.Do(len(t.Net.Nodes), t.pack)
	}
	return sum, finite
}

// runChunk trains on the samples of a chunk, one after the other.
func (t *Trainer) runChunk(worker, chunk int) {
	b, ws, grad := t.own[worker], t.workspaces[worker], t.grads[chunk]
	clear(grad)
	loss := 0.0
	from, to := portion(t.size, chunk, len(t.grads))
	for i := from; i < to; i++ {
		b.first = i
		t.sample(i, b.x)
		for n, node := range t.Net.Nodes {
			node.Forward(b.call(ws, n, 0, 1))
		}
		loss += t.lossOf(b, ws, 0)
		for _, n := range t.Net.plan.backward[0] {
			if s := t.Net.spans[n]; s.wEnd > s.w {
				t.Net.Nodes[n].Gradient(b.call(ws, n, 0, 1), grad[s.w:s.wEnd:s.wEnd], 0, 1)
			}
			b.backward(ws, n, 0, 1)
		}
	}
	t.losses[chunk] = loss
}

// lossOf is the loss of sample i of b, whose gradient it leaves at the output.
func (t *Trainer) lossOf(b *batch, ws *workspace, i int) float64 {
	last := len(t.Net.Nodes) - 1
	n := t.Net.Out().Len()
	return t.loss(&ws.loss, b.first+i, cut(b.dy[last], n, i, i+1), cut(b.y[last], n, i, i+1))
}

// levels trains on the whole batch, level by level forward, then back.
func (t *Trainer) levels(crew *kernel.Crew) {
	net := t.Net
	for t.level = 0; t.level < len(net.plan.levels); t.level++ {
		t.eachStatistics(t.level, func(l BatchStatistics, i int, s span) {
			l.Reduce(t.all.shared[i], net.W[s.w:s.wEnd], t.all.saved[i], t.size)
		})
		crew.Do(t.slabs(), t.forward)
	}
	for t.level = len(net.plan.levels) - 1; t.level >= 0; t.level-- {
		crew.Do(t.slabs(), t.backward)
		t.eachStatistics(t.level, func(l BatchStatistics, i int, s span) {
			l.ReduceGradient(t.all.shared[i], net.W[s.w:s.wEnd], t.all.saved[i], t.size)
		})
		crew.Do(len(t.parts[t.level]), t.gradient)
	}
	crew.Do(len(t.bad), t.reduce)
}

// eachStatistics calls f for the layers of a level that have batch statistics.
func (t *Trainer) eachStatistics(level int, f func(l BatchStatistics, i int, s span)) {
	for _, i := range t.Net.norms[level] {
		f(t.Net.Nodes[i].Layer.(BatchStatistics), i, t.Net.spans[i])
	}
}

// slabs is how many slabs the batch has at the level under way.
func (t *Trainer) slabs() int { return (t.size + t.slab[t.level] - 1) / t.slab[t.level] }

// slabOf is the range of samples of one of them.
func (t *Trainer) slabOf(piece int) (from, to int) { return portion(t.size, piece, t.slabs()) }

// runForward sends a slab through the level under way.
func (t *Trainer) runForward(worker, piece int) {
	b, ws := t.all, t.workspaces[worker]
	from, to := t.slabOf(piece)
	if t.level == 0 {
		for i := from; i < to; i++ {
			t.sample(i, b.output(Sample, i, i+1))
		}
		t.accumulate(ws, Sample, from, to)
	}
	for _, n := range t.Net.plan.levels[t.level] {
		t.Net.Nodes[n].Forward(b.call(ws, n, from, to))
		t.accumulate(ws, Output(n), from, to)
	}
	if t.level == len(t.Net.plan.levels)-1 {
		for i := from; i < to; i++ {
			t.losses[i] = t.lossOf(b, ws, i)
		}
	}
}

// accumulate shows an output to the layers of the next level that have batch
// statistics.
func (t *Trainer) accumulate(ws *workspace, o Output, from, to int) {
	if t.level+1 == len(t.Net.plan.levels) {
		return
	}
	for _, i := range t.Net.norms[t.level+1] {
		if t.Net.Nodes[i].From[0] == o {
			t.Net.Nodes[i].Layer.(BatchStatistics).Accumulate(t.all.call(ws, i, from, to))
		}
	}
}

// runBackward sends the gradient of a slab back through the level under way.
func (t *Trainer) runBackward(worker, piece int) {
	ws := t.workspaces[worker]
	from, to := t.slabOf(piece)
	for _, n := range t.Net.plan.backward[t.level] {
		t.all.backward(ws, n, from, to)
	}
	for _, i := range t.Net.norms[t.level] {
		t.Net.Nodes[i].Layer.(BatchStatistics).AccumulateGradient(t.all.call(ws, i, from, to))
	}
}

// runGradient computes a share of the weights' gradient at the level under way.
func (t *Trainer) runGradient(worker, piece int) {
	p := t.parts[t.level][piece]
	s := t.Net.spans[p.node]
	c := t.all.call(t.workspaces[worker], p.node, 0, t.size)
	c.Fresh = true
	t.Net.Nodes[p.node].Gradient(c, t.grads[0][s.w:s.wEnd:s.wEnd], p.part, p.parts)
}

// updateRunning lets all running statistics follow the batch.
func (t *Trainer) updateRunning() {
	for l := range t.Net.norms {
		t.eachStatistics(l, func(l BatchStatistics, i int, s span) {
			l.UpdateRunning(t.Net.W[s.state:s.stateEnd], t.all.shared[i], t.size)
		})
	}
}

// block is the range of parameters of one block.
func (t *Trainer) block(b int) (from, to int) {
	return b * reduceBlock, min((b+1)*reduceBlock, t.Net.Trainable)
}

func (t *Trainer) reduceGradients(_, b int) {
	from, to := t.block(b)
	sum := t.grads[0][from:to]
	for _, g := range t.grads[1:] {
		t.Net.kernel.Add(sum, g[from:to])
	}
	t.bad[b] = !t.Net.kernel.Finite(sum)
}

func (t *Trainer) updateWeights(_, b int) {
	from, to := t.block(b)
	t.optimizer.Update(t.Net.kernel, t.Net.W[from:to], t.grads[0][from:to], from)
}

func (t *Trainer) packWeights(_, node int) { t.Net.pack(node) }
