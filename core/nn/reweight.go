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
	bias  *Param    // or nil
	ratio []float32 // r of each pixel, 0 where nothing is inside
}

// NewReweight returns the layer behind conv, which has no bias: with bias, this
// one's tensor is called as if it were conv's.
func NewReweight(conv *Conv, bias bool) *Reweight {
	l := &Reweight{plain: plain{conv.name + ".partial", conv.out, conv.out}}
	if bias {
		l.bias = &Param{Name: conv.name + ".bias", Shape: []int{conv.Filters}, FanIn: conv.Params()[0].FanIn}
	}
	inside := func(out, before, n int) []int { // taps inside, for each output along one axis
		list := make([]int, out)
		for i := range list {
			for k := range conv.Size {
				if at := i*conv.Stride + k*conv.Dilation - before; at >= 0 && at < n {
					list[i]++
				}
			}
		}
		return list
	}
	cols := inside(conv.out.W, conv.Sides.Left, conv.in.W)
	for _, row := range inside(conv.out.H, conv.Sides.Top, conv.in.H) {
		for _, col := range cols {
			r := float32(0)
			if row*col > 0 {
				r = float32(conv.Size*conv.Size) / float32(row*col)
			}
			l.ratio = append(l.ratio, r)
		}
	}
	return l
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
