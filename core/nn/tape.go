package nn

// A batch holds what n samples leave on their way through a network, and in
// training on the way back. Workers share it as long as they work on different
// samples.
type batch struct {
	net        *Net
	training   bool
	apart      bool    // Call.Apart
	batchScale float32 // Call.BatchScale
	seed       uint64  // of what layers draw, with step and first
	step       uint64
	first      int         // the index in the batch of the first sample here
	x          []float32   // the samples
	y, dy      [][]float32 // of each node
	saved      [][]float32 // Call.Saved of each node
	indices    [][]int32
	shared     [][]float32 // Call.Batch of each node
}

// newBatch returns the memory for n samples; wholeLevels as in gradients.
func newBatch(net *Net, n int, training, wholeLevels bool) *batch {
	b := &batch{net: net, training: training, x: make([]float32, n*net.In.Len())}
	var buffer []int
	var gradients [][]float32
	if training {
		var length []int
		buffer, length = net.gradients(net.Nodes, wholeLevels)
		for _, l := range length {
			gradients = append(gradients, make([]float32, n*l))
		}
	}
	for i, node := range net.Nodes {
		s := node.Sizes()
		if root := net.root[i]; root < i {
			b.y = append(b.y, b.y[root])
		} else {
			b.y = append(b.y, make([]float32, n*node.Out().Len()))
		}
		b.saved = append(b.saved, make([]float32, n*s.Saved))
		b.indices = append(b.indices, make([]int32, n*s.Indices))
		b.shared = append(b.shared, make([]float32, s.Batch))
		if training {
			b.dy = append(b.dy, gradients[buffer[i]])
		}
	}
	return b
}

// newLeanBatch returns the memory for one sample on its way forward alone, in which an
// output lies only until all nodes that take it have been passed.
func newLeanBatch(net *Net) *batch {
	buffer, length, saved, indices, shared := net.outputs(net.Nodes)
	b := &batch{net: net, x: make([]float32, net.In.Len())}
	memory := make([][]float32, len(length))
	for i, n := range length {
		memory[i] = make([]float32, n)
	}
	kept, integers, common := make([]float32, saved), make([]int32, indices), make([]float32, shared)
	for i, node := range net.Nodes {
		s := node.Sizes()
		b.y = append(b.y, memory[buffer[i]][:node.Out().Len()])
		b.saved, b.indices, b.shared = append(b.saved, kept[:s.Saved]), append(b.indices, integers[:s.Indices]), append(b.shared, common[:s.Batch])
	}
	return b
}

// of is the same memory for another network of the same layers.
func (b *batch) of(net *Net) *batch {
	other := *b
	other.net = net
	return &other
}

// A workspace is the memory that one worker needs for a call, beside the batch.
type workspace struct {
	call    Call
	scratch []float32
	fresh   []float32 // gradients before they are added
	loss    LossScratch
}

// newWorkspace returns what calls with up to n samples need.
func newWorkspace(net *Net, n int, training bool) *workspace {
	ws := &workspace{call: Call{Kernel: net.kernel}, scratch: make([]float32, net.scratchOf(n))}
	if training {
		ws.fresh = make([]float32, n*net.fresh)
		ws.loss = LossScratch{net.kernel, make([]float64, net.Out().Len())}
	}
	return ws
}

// cut is the part of samples from … to−1 of values, of which each has length.
func cut[T any](values []T, length, from, to int) []T {
	return values[from*length : to*length : to*length]
}

// call is node i's call for samples from … to−1.
func (b *batch) call(ws *workspace, i, from, to int) *Call {
	node, span, sizes := b.net.Nodes[i], b.net.spans[i], b.net.Nodes[i].Sizes()
	c := &ws.call
	c.N, c.Training, c.Apart, c.Fresh, c.BatchScale = to-from, b.training, b.apart, false, b.batchScale
	c.Seed, c.Step, c.First = b.seed, b.step, b.first+from
	c.W, c.State = b.net.W[span.w:span.wEnd:span.wEnd], b.net.W[span.state:span.stateEnd:span.stateEnd]
	c.Packed = b.net.packed[span.packed:span.packedEnd:span.packedEnd]
	c.X, c.DX = c.X[:0], c.DX[:0]
	for _, f := range node.From {
		c.X = append(c.X, b.output(f, from, to))
	}
	c.Y = b.output(Output(i), from, to)
	if b.training {
		c.DY = cut(b.dy[i], node.Out().Len(), from, to)
	}
	c.Saved, c.Indices = cut(b.saved[i], sizes.Saved, from, to), cut(b.indices[i], sizes.Indices, from, to)
	c.Scratch, c.Batch = ws.scratch, b.shared[i]
	return c
}

// output is what an output made of samples from … to−1.
func (b *batch) output(o Output, from, to int) []float32 {
	if o == Sample {
		return cut(b.x, b.net.In.Len(), from, to)
	}
	return cut(b.y[o], b.net.Nodes[o].Out().Len(), from, to)
}

// backward passes the gradient of node i on to what it takes. That of the
// sample itself is not computed.
func (b *batch) backward(ws *workspace, i, from, to int) {
	c := b.call(ws, i, from, to)
	node := b.net.Nodes[i]
	used := 0
	for j, f := range node.From {
		switch {
		case f == Sample:
			c.DX = append(c.DX, nil)
		case b.net.adds[i][j]:
			n := (to - from) * b.net.Nodes[f].Out().Len()
			c.DX = append(c.DX, ws.fresh[used:used+n])
			used += n
		default:
			c.DX = append(c.DX, cut(b.dy[f], b.net.Nodes[f].Out().Len(), from, to))
		}
	}
	node.Backward(c)
	for j, f := range node.From {
		if b.net.adds[i][j] {
			c.Add(cut(b.dy[f], b.net.Nodes[f].Out().Len(), from, to), c.DX[j])
		}
	}
}

// A Tape sends one sample at a time through a network, to see what it makes of
// it. It belongs to one goroutine at a time.
//
// Layers that draw outside training too take their numbers from Seed and Step:
// whoever shows many samples gives each another Step.
type Tape struct {
	Seed, Step uint64

	// Apart lets no layer do the work of the next, so that behind each its
	// Activation is what it makes by itself. Outputs have the same bits.
	Apart bool

	batch *batch
	work  *workspace
}

// NewTape returns a tape for passes through n.
func (n *Net) NewTape() *Tape {
	return &Tape{batch: newBatch(n, 1, false, false), work: newWorkspace(n, 1, false)}
}

// NewLeanTape returns a tape that takes less memory. The Activation of a node is there
// only until those that take it have been sent through.
func (n *Net) NewLeanTape() *Tape {
	return &Tape{batch: newLeanBatch(n), work: newWorkspace(n, 1, false)}
}

// Input is where the caller writes the sample before Forward.
func (t *Tape) Input() []float32 { return t.batch.x }

// Output is what the last node made of the sample.
func (t *Tape) Output() []float32 { return t.Activation(Output(len(t.batch.y) - 1)) }

// Activation is what a node, or the one that works in place on it, made of the
// sample.
func (t *Tape) Activation(o Output) []float32 { return t.batch.output(o, 0, 1) }

// Forward sends the input through all nodes and returns Output.
func (t *Tape) Forward() []float32 { return t.ForwardTo(Output(len(t.batch.y) - 1)) }

// ForwardTo sends the input through the nodes up to o and returns what that made
// of it. Nodes behind o hold what an earlier pass left.
func (t *Tape) ForwardTo(o Output) []float32 {
	t.Through(o, func(Output) {})
	return t.Activation(o)
}

// Through sends the input through the nodes up to last. It calls see behind
// each, while its Activation is what it made and no other node has worked in
// place on it yet.
func (t *Tape) Through(last Output, see func(Output)) {
	for o := range last + 1 {
		t.Node(o)
		see(o)
	}
}

// Node sends what the node takes through it. The nodes before it have been sent
// through, the last of them just before.
func (t *Tape) Node(o Output) {
	t.batch.seed, t.batch.step, t.batch.apart = t.Seed, t.Step, t.Apart
	t.batch.net.Nodes[o].Forward(t.batch.call(t.work, int(o), 0, 1))
}

// Padded is what a convolution that was just sent through saw, its picture with
// the padding, of the shape returned. It panics at any other node.
func (t *Tape) Padded(o Output) ([]float32, Shape) {
	node := t.batch.net.Nodes[o]
	l, ok := node.Layer.(*Conv)
	if !ok {
		panic("nn: " + node.Name() + " is no convolution")
	}
	if l.plan.Identity() {
		return t.batch.output(node.From[0], 0, 1), l.shape()
	}
	return t.batch.saved[o][:l.padded()], l.shape()
}
