package pad

import "padlab/core/names"

// Sides says how many pixels stand on each side of a picture.
type Sides struct{ Top, Bottom, Left, Right int }

// An Extent says how much a convolution of kernel size k pads on each axis.
type Extent string

const (
	Valid Extent = "valid" // nothing: the map shrinks by k−1
	Same  Extent = "same"  // k−1 in all: the map keeps its size; an even kernel's odd pixel stands behind, as in PyTorch
	Full  Extent = "full"  // k−1 on each side: the map grows by k−1

	// SameTF is TensorFlow's "same": as much as makes ⌈n/s⌉ outputs under
	// stride s, the odd pixel behind. With a stride it pads less in front than
	// Same, and so sees other pixels.
	SameTF Extent = "same-tf"
)

// Extents returns the names of all extents.
func Extents() []string { return []string{string(Valid), string(Same), string(Full), string(SameTF)} }

// ParseExtent returns the extent of that name.
func ParseExtent(name string) (Extent, error) {
	for _, e := range Extents() {
		if e == name {
			return Extent(e), nil
		}
	}
	return "", names.Unknown("extent", name, Extents())
}

// UnmarshalText is ParseExtent.
func (e *Extent) UnmarshalText(text []byte) error {
	parsed, err := ParseExtent(string(text))
	if err == nil {
		*e = parsed
	}
	return err
}

// For returns the padding of a k×k kernel with stride s on h×w pixels.
func (e Extent) For(k, s, h, w int) Sides {
	if e != SameTF {
		return e.Sides(k)
	}
	axis := func(n int) (before, after int) {
		all := max(0, ((n+s-1)/s-1)*s+k-n)
		return all / 2, all - all/2
	}
	var sides Sides
	sides.Top, sides.Bottom = axis(h)
	sides.Left, sides.Right = axis(w)
	return sides
}

// Sides returns the padding of a k×k kernel with stride 1.
func (e Extent) Sides(k int) Sides {
	var before, after int
	switch e {
	case Valid:
	case Same, SameTF:
		before, after = (k-1)/2, k-1-(k-1)/2
	case Full:
		before, after = k-1, k-1
	default:
		panic("pad: no extent " + string(e))
	}
	return Sides{before, after, before, after}
}
