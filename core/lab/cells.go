package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/experiment"
	"padlab/core/inspect"
	"padlab/core/nn"
	"padlab/core/pad"
	"padlab/core/task"
)

// A sight is a network before a canvas, whose cells it may be able to tell apart.
type sight struct {
	net    arch.Spec
	canvas task.Spec
	marks  func(patch int) func(x []float32, cell int) // draws that canvas with cells of another size
}

// maxSight bounds the operations of looking at every cell once, which is done a
// few times. A step of training looks at a batch three times: what is larger is
// hardly trained.
const maxSight = 3e11

// manyClasses is how many a sight has at least.
const manyClasses = 64

// cells are the cells that the tested network of an arm can tell apart, nil where
// that would take too long. It warns where the geometry tells cells apart without
// any help from a border: under circular padding, which has none.
func (b *builder) cells(arm experiment.Arm, tested arch.Spec) *inspect.Cells {
	if arm.Canvas.Fill == task.Noise || shuffles(tested) {
		return nil // no two pictures, or no two answers to one, are the same
	}
	own := sight{tested, arm.CanvasSpec(), b.source.Canvas(arm.CanvasSpec()).Marks}
	own.net.Head = catalog.Pooled
	borderless := own
	if tested.Padding.Name != "circular" {
		borderless.net.Padding, borderless.net.Extent, borderless.net.Layers = pad.Must("circular"), pad.Same, nil
	}
	if c := b.look(borderless); c != nil && !c.Blind() {
		b.out.warn(fmt.Sprintf("%s tells %d of %d cells apart under circular padding, which has no border: %s is the first layer whose map does not move with the patch (%s)",
			tested.Arch.Name, c.Count, len(c.Class), c.Leak, b.mend(borderless)))
	}
	return b.look(own)
}

// corners are the classes of views of quadrant that the tested network of an arm cannot
// tell apart, nil where that would take too long.
func (b *builder) corners(arm experiment.Arm, tested arch.Spec) []int {
	if arm.Canvas.Fill == task.Noise || shuffles(tested) {
		return nil
	}
	views, draw := task.Corners(b.source, arm.CanvasSpec())
	net, err := arch.Build(undrawn(tested), b.means.Kernel)
	if err != nil {
		return nil
	}
	if forward, _ := arch.FLOPs(net); float64(forward)*float64(views) > maxSight {
		return nil
	}
	class, ok := inspect.Alike(net, b.crew, views, draw)
	if !ok {
		return nil // the building is left
	}
	return class
}

// shuffles reports whether a network has its channels in a new order at every pass: what
// it says in two places differs then though they look alike to it.
func shuffles(s arch.Spec) bool {
	nodes, err := arch.Layers(s)
	return err == nil && slices.ContainsFunc(nodes, func(n nn.Node) bool { return n.Kind() == "permute" })
}

// undrawn puts zeros in the place of padding that is drawn.
func undrawn(s arch.Spec) arch.Spec {
	zeros := func(p pad.Scheme) pad.Scheme {
		if p.Draws {
			return pad.Must("zeros")
		}
		return p
	}
	s.Padding, s.Layers = zeros(s.Padding), maps.Clone(s.Layers)
	for name, p := range s.Layers {
		s.Layers[name] = zeros(p)
	}
	return s
}

// look distinguishes the cells of a sight, once for all runs of the pool. Padding
// that is drawn counts as zeros.
func (b *builder) look(s sight) *inspect.Cells {
	s.net = undrawn(s.net)
	s.net.In.H, s.net.In.W = s.canvas.Grid*s.canvas.Patch, s.canvas.Grid*s.canvas.Patch
	key := fmt.Sprintln(b.source.Set.SHA256(), s.net.Arch.Name, s.net.In, s.net.Padding.Name, s.net.Extent, s.net.Pools, s.net.Bias, s.net.Global, s.net.Unbiased, s.canvas)
	for _, name := range slices.Sorted(maps.Keys(s.net.Layers)) {
		key += fmt.Sprintln(name, s.net.Layers[name].Name)
	}
	if c, ok := b.pool.sight(key); ok {
		return c
	}
	s.net.Classes = max(s.net.Classes, manyClasses) // where they are what is pooled, a few may all be dead
	var c *inspect.Cells                            // nil: too large, or it cannot be built
	if net, err := arch.Build(s.net, b.means.Kernel); err == nil {
		if forward, _ := arch.FLOPs(net); float64(forward)*float64(s.canvas.Grid*s.canvas.Grid) <= maxSight {
			var ok bool
			if c, ok = inspect.Distinguish(net, b.crew, s.canvas.Grid, s.marks(s.canvas.Patch)); !ok {
				return nil // the building is left
			}
		}
	}
	b.pool.remember(key, c)
	return c
}

// mend says which changes make all cells of a sight look alike, having tried them.
func (b *builder) mend(s sight) string {
	type change struct {
		text  string
		make  func(*sight)
		alone bool // it is an alternative to the next one
	}
	var changes []change
	if s.net.Extent != pad.Same {
		changes = append(changes, change{"net.extent=same", func(s *sight) { s.net.Extent = pad.Same }, false})
	}
	if len(s.net.Layers) > 0 {
		changes = append(changes, change{"circular padding in every layer", func(s *sight) { s.net.Layers = nil }, false})
	}
	if s.net.Pools != catalog.SchemePools && padsPools(s.net) {
		changes = append(changes, change{"net.pools=scheme", func(s *sight) { s.net.Pools = catalog.SchemePools }, false})
	}
	if nodes, err := arch.Layers(s.net); err == nil {
		stride, patch := arch.Features(arch.TraceLayers(nodes)).Stride, s.canvas.Patch
		for _, other := range []int{patch / stride * stride, (patch + stride - 1) / stride * stride} {
			if other > 0 && other != patch && other*s.canvas.Grid <= experiment.MaxCanvas {
				changes = append(changes, change{fmt.Sprintf("data.patch=%d", other), func(s *sight) { s.canvas.Patch = other }, other < patch})
			}
		}
	}
	blind := func(s sight) bool {
		c := b.look(s)
		return c != nil && c.Blind()
	}
	var mends, together []string
	all := s
	for _, c := range changes {
		one := s
		c.make(&one)
		if blind(one) {
			mends = append(mends, c.text)
		}
		if !c.alone {
			c.make(&all)
			together = append(together, c.text)
		}
	}
	switch {
	case len(mends) > 0:
		return strings.Join(mends, " or ") + " would mend it"
	case len(together) > 1 && blind(all):
		return strings.Join(together, " with ") + " would mend it"
	}
	return "no other size of cells would mend it"
}

// padsPools reports whether a network has padded pools, where it is padded.
func padsPools(s arch.Spec) bool {
	s.Extent = pad.Same
	nodes, err := arch.Layers(s)
	return err == nil && slices.ContainsFunc(nodes, func(n nn.Node) bool {
		pool, ok := n.Layer.(*nn.MaxPool)
		return ok && pool.Pad > 0
	})
}
