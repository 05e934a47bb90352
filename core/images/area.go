package images

import "fmt"

// AreaAverage scales one image by area: src is sh×sw×c bytes, dst becomes
// h×w×c values in 0…1 (byte/255). Output pixel (i, j) is the mean of the
// source over the rectangle of rows i·sh/h … (i+1)·sh/h and columns
// j·sw/w … (j+1)·sw/w, where a pixel that the edge cuts counts by the part
// that lies inside. The mean of the image is kept, a constant image stays
// exactly constant, and h×w = sh×sw gives exactly byte/255. The same formula
// enlarges.
//
// Sums are kept in integers and divided once, so the result has the same bits
// on every machine. It panics unless every size is positive,
// len(dst) = h·w·c and len(src) = sh·sw·c.
func AreaAverage(dst []float32, h, w int, src []byte, sh, sw, c int) {
	if h < 1 || w < 1 || sh < 1 || sw < 1 || c < 1 {
		panic(fmt.Sprintf("images: scaling %d×%d×%d to %d×%d×%d", sh, sw, c, h, w, c))
	}
	if len(src) != sh*sw*c {
		panic(fmt.Sprintf("images: source of %d bytes for %d×%d×%d", len(src), sh, sw, c))
	}
	if len(dst) != h*w*c {
		panic(fmt.Sprintf("images: destination of %d values for %d×%d×%d", len(dst), h, w, c))
	}

	// Rows are measured in 1/h of a source row and columns in 1/w of a source
	// column, so that all edges are whole numbers: source row y is
	// y·h … (y+1)·h, output row i is i·sh … (i+1)·sh.
	white := float64(255 * int64(sh) * int64(sw))
	for i := range h {
		top, bottom := i*sh, (i+1)*sh
		for j := range w {
			left, right := j*sw, (j+1)*sw
			for k := range c {
				sum := int64(0)
				for y := top / h; y*h < bottom; y++ {
					rows := min((y+1)*h, bottom) - max(y*h, top)
					for x := left / w; x*w < right; x++ {
						columns := min((x+1)*w, right) - max(x*w, left)
						sum += int64(rows) * int64(columns) * int64(src[(y*sw+x)*c+k])
					}
				}
				dst[(i*w+j)*c+k] = float32(float64(sum) / white)
			}
		}
	}
}
