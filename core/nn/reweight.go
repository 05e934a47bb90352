package nn

// Reweight is the second half of a partial convolution (Liu et al. 2018, in the
// form of NVIDIA/partialconv): a convolution saw zeros where its window looked
// over the edge, and what it saw of the picture is weighted up,
//
//	y[i][j][n] = x[i][j][n] · r[i][j] + b[n],   r = window / pixels of it inside
//
// so that for a 3×3 kernel r is 1 inside, 9/6 at an edge and 9/4 in a corner.
// Where a window lies wholly outside, y is 0.
type Reweight struct {
	plain
	bias   *Param    // or nil
	size   [2]int    // of the convolution's kernel, along each axis
	inside [2][]int  // taps inside the picture, for each output along each axis
	ratio  []float32 // r of each pixel, 0 where nothing is inside
}

// NewReweight returns the layer behind conv, which has no bias of its own: with
// bias, this layer has it, under the name that it would have there.
func NewReweight(conv *Conv, bias bool) *Reweight {
	l := &Reweight{plain: plain{conv.name + ".partial", conv.out, conv.out}, size: [2]int{conv.Size, conv.Across.Size}}
	if bias {
		l.bias = &Param{Name: conv.name + ".bias", Shape: []int{conv.Filters}, FanIn: conv.Params()[0].FanIn}
	}
	for _, a := range []Axis{Rows, Columns} {
		for _, r := range conv.Reads(a) {
			l.inside[a] = append(l.inside[a], len(r.Taps))
		}
	}
	for _, row := range l.inside[Rows] {
		for _, col := range l.inside[Columns] {
			r := float32(0)
			if row*col > 0 {
				r = float32(conv.area()) / float32(row*col)
			}
			l.ratio = append(l.ratio, r)
		}
	}
	return l
}

func (l *Reweight) Kind() string { return "reweight" }
func (l *Reweight) Role() Role   { return Scaling }

// Reads: along an axis k/n of the value, where the convolution's window of k
// taps has n of them inside.
func (l *Reweight) Reads(a Axis) []Reading {
	list := make([]Reading, a.Of(l.out))
	for o, n := range l.inside[a] {
		if n > 0 {
			list[o].Taps = []Tap{{o, float64(l.size[a]) / float64(n)}}
		}
	}
	return list
}

func (l *Reweight) Params() []Param {
	if l.bias == nil {
		return nil
	}
	return []Param{*l.bias}
}

func (l *Reweight) Forward(c *Call) {
	n := l.out.C
	for i := range c.N * len(l.ratio) {
		r, x, y := l.ratio[i%len(l.ratio)], c.X[0][i*n:(i+1)*n], c.Y[i*n:(i+1)*n]
		switch {
		case r == 0:
			clear(y)
			continue
		case r == 1:
			copy(y, x)
		default:
			scale(y, x, r)
		}
		if l.bias != nil {
			c.Add(y, c.W)
		}
	}
}

// Backward is dx = dy·r.
func (l *Reweight) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	n := l.out.C
	for i := range c.N * len(l.ratio) {
		scale(c.DX[0][i*n:(i+1)*n], c.DY[i*n:(i+1)*n], l.ratio[i%len(l.ratio)])
	}
}

// Gradient is db = Σ dy, over the pixels whose window sees something.
func (l *Reweight) Gradient(c *Call, dw []float32, part, _ int) {
	if l.bias == nil || part > 0 {
		return
	}
	if c.Fresh {
		clear(dw)
	}
	n := l.out.C
	for i := range c.N * len(l.ratio) {
		if l.ratio[i%len(l.ratio)] > 0 {
			c.Add(dw, c.DY[i*n:(i+1)*n])
		}
	}
}

func scale(to, from []float32, by float32) {
	for i, v := range from {
		to[i] = v * by
	}
}
