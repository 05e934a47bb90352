package catalog

// A Head is the end of a network: one answer for the picture, or one for every
// pixel of it.
type Head string

const (
	Pooled    Head = "pooled"    // global average pooling and a linear layer
	Stretched Head = "stretched" // a 1×1 convolution, enlarged to the picture whatever the map has lost at its sides
	Aligned   Head = "aligned"   // a 1×1 convolution, each unit put where it looks, the outermost repeated
	Continued Head = "continued" // a 1×1 convolution, enlarged with what the padding scheme puts beside it: no seam where that has none
)

// Heads returns those that answer for every pixel.
func Heads() []Head { return []Head{Stretched, Aligned, Continued} }
