package nn

import (
	"fmt"

	"padlab/core/nn/kernel"
)

// MaxChunks is into how many pieces a batch is cut at most. Each piece sums
// its own gradient, and the sums are added in the order of the pieces; so the
// bits depend on the batch, never on the number of workers.
const MaxChunks = 16

// reduceBlock is how many parameters a worker adds up and updates at a time.
const reduceBlock = 4096

// A Trainer does training steps on one network. It owns the memory that a
// step needs; a step allocates nothing.
type Trainer struct {
	Net *Net

	optimizer Optimizer
	batch     int
	tapes     []*Tape     // one per worker of the crew
	grads     [][]float32 // one per chunk; the first becomes the batch's
	losses    []float64   // one per chunk
	bad       []bool      // one per block of parameters: not all gradients are finite
	sample    Sampler
	chunk     func(worker, chunk int)
	reduce    func(worker, block int)
	update    func(worker, block int)
}

// A Sampler writes sample i of a batch to x and returns its label. It is
// called by several goroutines at once.
type Sampler func(i int, x []float32) (label int)

// NewTrainer returns a trainer for batches of the given size, for crews of at
// most workers workers. It panics if batch or workers is below 1.
func NewTrainer(net *Net, optimizer Optimizer, batch, workers int) *Trainer {
	if batch < 1 || workers < 1 {
		panic(fmt.Sprintf("nn: a trainer for batches of %d and %d workers", batch, workers))
	}
	t := &Trainer{Net: net, optimizer: optimizer, batch: batch}
	chunks := min(batch, MaxChunks)
	for range workers {
		t.tapes = append(t.tapes, net.NewTape())
	}
	for range chunks {
		t.grads = append(t.grads, make([]float32, len(net.W)))
	}
	t.losses = make([]float64, chunks)
	t.bad = make([]bool, (len(net.W)+reduceBlock-1)/reduceBlock)
	t.chunk, t.reduce, t.update = t.runChunk, t.reduceGradients, t.updateWeights
	return t
}

// Tapes are the tapes of workers 0, 1, …, free between steps.
func (t *Trainer) Tapes() []*Tape { return t.tapes }

// Step trains on one batch and returns its mean loss, before the step. When
// the loss or a gradient is not finite the weights stay as they were and
// finite is false.
func (t *Trainer) Step(crew *kernel.Crew, sample Sampler) (loss float64, finite bool) {
	t.sample = sample
	crew.Do(len(t.grads), t.chunk)
	for _, l := range t.losses {
		loss += l
	}
	loss /= float64(t.batch)
	crew.Do(len(t.bad), t.reduce)
	finite = loss-loss == 0
	for _, bad := range t.bad {
		finite = finite && !bad
	}
	if finite {
		t.optimizer.Begin()
		crew.Do(len(t.bad), t.update)
		t.Net.Pack()
	}
	return loss, finite
}

func (t *Trainer) runChunk(worker, chunk int) {
	tape, grad := t.tapes[worker], t.grads[chunk]
	clear(grad)
	loss := 0.0
	for i := chunk * t.batch / len(t.grads); i < (chunk+1)*t.batch/len(t.grads); i++ {
		label := t.sample(i, tape.Input())
		z := tape.Forward()
		loss += CrossEntropy(tape.OutputGradient(), z, label, 1/float32(t.batch))
		tape.Backward(grad)
	}
	t.losses[chunk] = loss
}

// block is the range of parameters of one block.
func (t *Trainer) block(b int) (from, to int) {
	return b * reduceBlock, min((b+1)*reduceBlock, len(t.Net.W))
}

func (t *Trainer) reduceGradients(_, b int) {
	from, to := t.block(b)
	sum := t.grads[0][from:to]
	for _, g := range t.grads[1:] {
		t.Net.kernel.Add(sum, g[from:to])
	}
	bad := false
	for _, v := range sum {
		bad = bad || v-v != 0
	}
	t.bad[b] = bad
}

func (t *Trainer) updateWeights(_, b int) {
	from, to := t.block(b)
	t.optimizer.Update(t.Net.W[from:to], t.grads[0][from:to], from)
}
