package nn

import (
	"fmt"

	"padlab/core/pad"
)

// A padding is what a layer sees in place of its input x: xp = P x + v, of
// PH×PW×C (see [pad.Plan]).
type padding struct {
	plan   *pad.Plan
	scheme pad.Scheme
	draws  string // the purpose of what is drawn
}

// newPadding returns the padding of a layer of that name. The error says why the
// picture cannot be padded so.
func newPadding(name string, in Shape, scheme pad.Scheme, sides pad.Sides) (padding, error) {
	plan, err := pad.NewPlan(scheme, in.H, in.W, in.C, sides)
	if err != nil {
		return padding{}, fmt.Errorf("%s: %w", name, err)
	}
	return padding{plan, scheme, "padding " + name}, nil
}

// shape and padded are the shape and the length of xp.
func (p *padding) shape() Shape { return Shape{p.plan.PH, p.plan.PW, p.plan.C} }
func (p *padding) padded() int  { return p.shape().Len() }

// pass is what the plan needs to know of the call's i-th sample.
func (p *padding) pass(c *Call, i int) pad.Pass {
	return pad.Pass{Source: c.source(p.draws, i), Training: c.Training}
}

// Beside is the scheme of what the layer sees beside its picture; a pool that sees
// nothing there has none.
func (p *padding) Beside() pad.Scheme { return p.scheme }

// pad sets xp to the padded pictures of a call.
func (p *padding) pad(c *Call, xp []float32) {
	in := p.plan.H * p.plan.W * p.plan.C
	for i := range c.N {
		p.plan.Forward(cut(xp, p.padded(), i, i+1), cut(c.X[0], in, i, i+1), p.pass(c, i))
	}
}

// line is what stands at each position of the padded line. A picture that is
// enlarged instead has no edge to look over. Of rows that are turned, a column says
// what stands in those of the picture.
func (p *padding) line(a Axis) []Reading {
	n := a.Of(Shape{H: p.plan.H, W: p.plan.W})
	before, after := a.Sides(p.plan.Sides)
	if m := p.plan.Enlarged(); m != nil {
		return interpolated(m, a, before+n+after)
	}
	along, rows := p.scheme.Axes()
	if a == Rows {
		along = rows
	}
	sources, err := along.Sources(n, before, after)
	if err != nil {
		panic("nn: " + err.Error()) // the plan was made with them
	}
	list := make([]Reading, len(sources))
	for i, from := range sources {
		if from != pad.Nowhere {
			list[i] = at(from)
		}
		list[i].Padding = i < before || i >= before+n
	}
	return list
}
