package nn

import "slices"

// A plan is what follows from a network's shape alone: the order of its passes
// and who may share a buffer.
type plan struct {
	levels   [][]int  // nodes by level, and within a level in their order
	backward [][]int  // of each level: the nodes whose gradients are passed on there, in that order
	norms    [][]int  // of each level: its layers with batch statistics
	root     []int    // of each node: the node in whose buffer its output lies
	adds     [][]bool // of each node and input: its gradient is added to what others left there
	scratch  int      // floats per sample that any node wants for a call
	once     int      // floats that any node wants for one at least
	fresh    int      // floats per sample that the gradients to be added to others want, at most in one node
}

// scratchOf is the length of what a call with n samples may scribble on.
func (p *plan) scratchOf(n int) int { return max(n*p.scratch, p.once) }

// newPlan plans for nodes.
//
// The level of a node is how many layers with batch statistics lie on the
// longest way to it, itself included. The samples of a batch wait for each other
// between levels: such a layer needs what all of them look like at the level
// before, and on the way back all of their gradients at its own.
func newPlan(nodes []Node) plan {
	p := plan{root: make([]int, len(nodes)), adds: make([][]bool, len(nodes))}
	takers := make([]int, len(nodes)) // of each output
	for _, n := range nodes {
		for _, from := range n.From {
			if from != Sample {
				takers[from]++
			}
		}
	}
	level := make([]int, len(nodes))
	for i, n := range nodes {
		for _, from := range n.From {
			if from != Sample {
				level[i] = max(level[i], level[from])
			}
		}
		_, isNorm := n.Layer.(BatchStatistics)
		if isNorm {
			level[i]++
		}
		for len(p.levels) <= level[i] {
			p.levels, p.norms, p.backward = append(p.levels, nil), append(p.norms, nil), append(p.backward, nil)
		}
		p.levels[level[i]] = append(p.levels[level[i]], i)
		if isNorm {
			p.norms[level[i]] = append(p.norms[level[i]], i)
		}
		s := n.Sizes()
		p.scratch, p.once = max(p.scratch, s.Scratch), max(p.once, s.Once)

		p.root[i] = i
		if first := n.From[0]; n.InPlace() && first != Sample && takers[first] == 1 {
			if _, retains := nodes[first].Retains(); !retains {
				p.root[i] = p.root[first]
				nodes[first].Fuse(n.Layer)
			}
		}
	}
	seen := make([]bool, len(nodes))
	for l := len(p.levels) - 1; l >= 0; l-- {
		if l+1 < len(p.levels) {
			p.backward[l] = append(p.backward[l], p.norms[l+1]...)
		}
		for _, i := range slices.Backward(p.levels[l]) {
			if !slices.Contains(p.norms[l], i) {
				p.backward[l] = append(p.backward[l], i)
			}
		}
		for _, i := range p.backward[l] {
			fresh := 0
			for _, from := range nodes[i].From {
				p.adds[i] = append(p.adds[i], from != Sample && seen[from])
				if from == Sample {
					continue
				}
				if seen[from] {
					fresh += nodes[from].Out().Len()
				}
				seen[from] = true
			}
			p.fresh = max(p.fresh, fresh)
		}
	}
	return p
}

// gradients assigns buffers for ∂L/∂y: of each node the number of its buffer,
// and of each buffer its length per sample. A buffer is used again once the
// gradient that it held has been passed on; with whole levels, once the level has.
func (p *plan) gradients(nodes []Node, wholeLevels bool) (buffer, length []int) {
	buffer = make([]int, len(nodes))
	for i := range buffer {
		buffer[i] = -1
	}
	free := map[int][]int{} // buffers by length
	take := func(i int) {
		if buffer[i] >= 0 {
			return
		}
		n := nodes[i].Out().Len()
		list := free[n]
		if len(list) == 0 {
			buffer[i], length = len(length), append(length, n)
			return
		}
		buffer[i], free[n] = list[len(list)-1], list[:len(list)-1]
	}
	take(p.root[len(nodes)-1])
	for l := len(p.levels) - 1; l >= 0; l-- {
		var done []int
		release := func() {
			for _, i := range done {
				n := nodes[i].Out().Len()
				free[n] = append(free[n], buffer[i])
			}
			done = nil
		}
		for _, i := range p.backward[l] {
			for _, from := range nodes[i].From {
				if from != Sample {
					take(p.root[from])
				}
			}
			if p.root[i] == i {
				done = append(done, i)
			}
			if !wholeLevels {
				release()
			}
		}
		release()
	}
	for i, root := range p.root {
		buffer[i] = buffer[root]
	}
	return buffer, length
}

// outputs assigns buffers for what nodes make of a sample on its way forward alone: of
// each node the number of its buffer, and of each buffer its length; a buffer is used
// again behind the last node that takes what lies in it. Besides, they are the largest of
// what any node keeps: they are needed for the time of a call.
func (p *plan) outputs(nodes []Node) (buffer, length []int, saved, indices, shared int) {
	last := make([]int, len(nodes)) // that takes the output of a root
	for i, n := range nodes {
		last[p.root[i]] = i
		for _, from := range n.From {
			if from != Sample {
				last[p.root[from]] = i
			}
		}
		s := n.Sizes()
		saved, indices, shared = max(saved, s.Saved), max(indices, s.Indices), max(shared, s.Batch)
	}
	last[p.root[len(nodes)-1]] = len(nodes)
	ends := make([][]int, len(nodes)+1)
	for i, root := range p.root {
		if root == i {
			ends[last[i]] = append(ends[last[i]], i)
		}
	}
	buffer = make([]int, len(nodes))
	var free []int
	for i, n := range nodes {
		if root := p.root[i]; root != i {
			buffer[i] = buffer[root]
		} else {
			best := -1 // the smallest that is large enough, or the largest
			for at, b := range free {
				fits, bestFits := length[b] >= n.Out().Len(), best >= 0 && length[free[best]] >= n.Out().Len()
				if best < 0 || fits && (!bestFits || length[b] < length[free[best]]) || !fits && !bestFits && length[b] > length[free[best]] {
					best = at
				}
			}
			if best < 0 {
				buffer[i], length = len(length), append(length, n.Out().Len())
			} else {
				buffer[i] = free[best]
				length[buffer[i]] = max(length[buffer[i]], n.Out().Len())
				free = slices.Delete(free, best, best+1)
			}
		}
		for _, root := range ends[i] {
			free = append(free, buffer[root])
		}
	}
	return buffer, length, saved, indices, shared
}
