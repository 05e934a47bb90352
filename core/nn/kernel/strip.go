//go:build amd64 || arm64

package kernel

// A strip is the argument of the assembly of depth-wise convolutions: some
// neighbouring pixels of a row of y, for some vectors of channels. Steps are in bytes.
// The generators know the order of the fields.
type strip struct {
	x, y, w, start *float32 // of the first channel
	o, k           int
	am, ao, ak     uintptr
	step           uintptr // between pixels of y, and between taps of w
	startBits      uintptr // all ones where every channel has its own start, else 0
	end            uintptr // of the channels
	floor          uint64  // the bits of a float32
	mask           uintptr // as in a tile
}

func newStrip(p DepthWise) strip {
	return strip{
		o: p.O, k: p.K, am: uintptr(p.AM) * floatBytes, ao: uintptr(p.AO) * floatBytes, ak: uintptr(p.AK) * floatBytes,
		step: uintptr(p.C) * floatBytes, floor: p.floor(),
	}
}

// begin says where the pixels of a strip lie from a channel on, and how many channels it
// has.
func (s *strip) begin(y, x, w, bias []float32, channels int) {
	s.y, s.x, s.w, s.end = &y[0], &x[0], &w[0], uintptr(channels)*floatBytes
	s.start, s.startBits = &nothing[0], 0
	if bias != nil {
		s.start, s.startBits = &bias[0], ^uintptr(0)
	}
}

// pixelsOf is how many pixels the next strip has where so many are left.
func pixelsOf(left int) int {
	for _, n := range [...]int{8, 4, 2} {
		if left >= n {
			return n
		}
	}
	return 1
}
