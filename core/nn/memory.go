package nn

import "fmt"

// Layout is a text that networks of nodes for samples of shape in have in common
// where their trainers use memory alike, though they may pad otherwise.
func Layout(nodes []Node, in Shape) string {
	text := fmt.Sprintln(in)
	for _, n := range nodes {
		text += fmt.Sprintln(n.Kind(), n.From, n.Out(), n.Sizes())
		for _, p := range n.Params() {
			text += fmt.Sprintln(p.Shape, p.State)
		}
	}
	return text
}

// NetBytes is how much memory a network of these nodes takes: its weights, and
// what the passes make of them.
func NetBytes(nodes []Node) int64 {
	n := int64(0)
	for _, node := range nodes {
		for _, p := range node.Params() {
			n += int64(p.Len())
		}
		n += int64(node.Sizes().Packed)
	}
	return 4 * n
}

// TapeBytes is how much memory a tape through a network of these nodes, for
// samples of shape in, takes.
func TapeBytes(nodes []Node, in Shape) int64 {
	p := newPlan(nodes)
	return p.batchBytes(nodes, in, 1, false, false) + 4*int64(p.scratchOf(1))
}

// LeanTapeBytes is TapeBytes for a lean tape.
func LeanTapeBytes(nodes []Node, in Shape) int64 {
	p := newPlan(nodes)
	_, length, saved, indices, shared := p.outputs(nodes)
	n := in.Len() + saved + indices + shared + p.scratchOf(1)
	for _, l := range length {
		n += l
	}
	return 4 * int64(n)
}

// TrainerBytes is how much memory a trainer of a network of these nodes takes,
// for batches of size samples of shape in, with tapes for as many workers; but
// without the network and what its optimiser keeps, moments of every weight:
//
//	4·moments·weights
//
// It is that of the slices that NewTrainer makes, and can be asked for before
// any of them is.
func TrainerBytes(nodes []Node, in Shape, size, workers, moments int) int64 {
	p := newPlan(nodes)
	trainable := 0
	for _, node := range nodes {
		for _, param := range node.Params() {
			if !param.State {
				trainable += param.Len()
			}
		}
	}
	n := 4 * int64(moments) * int64(trainable)
	chunks, most := min(size, MaxChunks), 1
	if len(p.levels) == 1 && chunks*trainable <= chunkFloats {
		n += int64(workers)*p.batchBytes(nodes, in, 1, true, false) + 4*int64(chunks)*int64(trainable)
	} else {
		n += p.batchBytes(nodes, in, size, true, true) + 4*int64(trainable)
		for l := range p.levels {
			most = max(most, slab(&Net{Nodes: nodes, plan: p}, l, size, workers))
		}
	}
	last := nodes[len(nodes)-1].Out().Len()
	n += int64(workers) * (4*int64(p.scratchOf(most)+most*p.fresh) + 8*int64(last))
	return n + int64(workers)*TapeBytes(nodes, in)
}

// batchBytes is what newBatch makes.
func (p *plan) batchBytes(nodes []Node, in Shape, n int, training, wholeLevels bool) int64 {
	perSample, shared := int64(in.Len()), int64(0)
	if training {
		_, length := p.gradients(nodes, wholeLevels)
		for _, l := range length {
			perSample += int64(l)
		}
	}
	for i, node := range nodes {
		s := node.Sizes()
		if p.root[i] == i {
			perSample += int64(node.Out().Len())
		}
		perSample += int64(s.Saved) + int64(s.Indices)
		shared += int64(s.Batch)
	}
	return 4 * (int64(n)*perSample + shared)
}
