package nn

import "fmt"

// MaxPool takes the largest of every 2×2 pixels, channel by channel,
//
//	y[i][j][c] = max x[2i+a][2j+b][c],  a, b ∈ {0, 1}
//
// An odd last row or column is dropped, as in PyTorch. The first of equal
// values in row-major order wins, and NaN wins over all.
type MaxPool struct{ plain }

// NewMaxPool returns the layer; it is an error when the picture has less than
// two rows or columns.
func NewMaxPool(name string, in Shape) (*MaxPool, error) {
	if in.H < 2 || in.W < 2 {
		return nil, fmt.Errorf("%s: 2×2 pooling does not fit in %d×%d pixels", name, in.H, in.W)
	}
	return &MaxPool{plain{name, in, Shape{in.H / 2, in.W / 2, in.C}}}, nil
}

func (l *MaxPool) Window() Window { return Window{Size: 2, Stride: 2, Dilation: 1} }

// Sizes: chosen is, for each output, which of the four inputs won.
func (l *MaxPool) Sizes() Sizes { return Sizes{Chosen: l.out.Len()} }

func (l *MaxPool) Forward(c *Call) {
	in, out := l.in.Len(), l.out.Len()
	for i := range c.N {
		c.MaxPool(c.Y[i*out:(i+1)*out], c.Chosen[i*out:(i+1)*out], c.X[0][i*in:(i+1)*in], l.in.H, l.in.W, l.in.C)
	}
}

// Backward sends each dy to the input that won: windows do not overlap, so
// dx = dy there, and 0 elsewhere.
func (l *MaxPool) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	in, out := l.in.Len(), l.out.Len()
	for i := range c.N {
		c.MaxPoolGrad(c.DX[0][i*in:(i+1)*in], c.DY[i*out:(i+1)*out], c.Chosen[i*out:(i+1)*out], l.in.H, l.in.W, l.in.C)
	}
}

// GlobalAveragePool is the mean over all pixels,
//
//	y[c] = 1/(H·W) Σ_ij x[i][j][c]
//
// accumulated in float64 and rounded once, so that a picture whose values only
// changed places has the same mean: sums of float32 are exact in float64 while
// their magnitudes span less than about 2²⁰.
type GlobalAveragePool struct{ plain }

// NewGlobalAveragePool returns the layer; its output is 1×1×C.
func NewGlobalAveragePool(name string, in Shape) *GlobalAveragePool {
	return &GlobalAveragePool{plain{name, in, Shape{1, 1, in.C}}}
}

func (l *GlobalAveragePool) Window() Window { return Window{Size: 0, Stride: 1, Dilation: 1} }

// lanes is how many channels GlobalAveragePool sums side by side: additions
// that do not wait for each other.
const lanes = 8

func (l *GlobalAveragePool) Forward(c *Call) {
	pixels, n := float64(l.in.H*l.in.W), l.in.C
	for s := range c.N {
		x := c.X[0][s*l.in.Len() : (s+1)*l.in.Len()]
		for first := 0; first < n; first += lanes {
			var sums [lanes]float64
			some := min(lanes, n-first)
			for at := first; at < len(x); at += n {
				for i, v := range x[at : at+some] {
					sums[i%lanes] += float64(v)
				}
			}
			for i := range some {
				c.Y[s*n+first+i] = float32(sums[i] / pixels)
			}
		}
	}
}

// Backward is dx[i][j][c] = dy[c]/(H·W).
func (l *GlobalAveragePool) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	pixels, n := float32(l.in.H*l.in.W), l.in.C
	for s := range c.N {
		dx := c.DX[0][s*l.in.Len() : (s+1)*l.in.Len()]
		for i, v := range c.DY[s*n : (s+1)*n] {
			dx[i] = v / pixels
		}
		for at := n; at < len(dx); at += n {
			copy(dx[at:], dx[:n])
		}
	}
}
