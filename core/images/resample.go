package images

import "fmt"

// A Box is a part of a picture: h×w pixels from row y and column x on.
type Box struct{ Y, X, H, W int }

// Resample scales a part of a picture of sh×sw pixels with c channels to h×w
// and returns values byte/255. Each output is a mean with triangular weights,
//
//	w_j = max(0, 1 − |j + ½ − (i + ½)·n/m| / max(1, n/m))
//
// along each axis, n inputs becoming m outputs, over the inputs of the box and
// with a sum of 1: bilinear interpolation where the picture grows, smoothed
// where it shrinks (Pillow's BILINEAR, PyTorch's antialias=True).
//
// It panics unless every size is positive, the box lies in the picture,
// len(dst) = h·w·c and len(src) = sh·sw·c.
func Resample(dst []float32, h, w int, src []byte, sh, sw, c int, box Box) {
	if h < 1 || w < 1 || c < 1 || len(dst) != h*w*c || len(src) != sh*sw*c {
		panic(fmt.Sprintf("images: scaling %d bytes of %d×%d×%d to %d values of %d×%d", len(src), sh, sw, c, len(dst), h, w))
	}
	if box.Y < 0 || box.X < 0 || box.H < 1 || box.W < 1 || box.Y+box.H > sh || box.X+box.W > sw {
		panic(fmt.Sprintf("images: box %+v of a picture of %d×%d", box, sh, sw))
	}
	columns := triangles(box.W, w)
	rows := triangles(box.H, h)
	narrow := make([]float64, box.H*w*c) // scaled along the rows
	for y := range box.H {
		line := src[((box.Y+y)*sw+box.X)*c:]
		for x, t := range columns {
			at := narrow[(y*w+x)*c : (y*w+x+1)*c]
			if c == 3 { // the same sums, in registers
				var r, g, b float64
				pixels := line[t.from*3 : (t.from+len(t.weights))*3]
				for _, weight := range t.weights {
					r += float64(weight * float64(pixels[0]))
					g += float64(weight * float64(pixels[1]))
					b += float64(weight * float64(pixels[2]))
					pixels = pixels[3:]
				}
				at[0], at[1], at[2] = r, g, b
				continue
			}
			for j, weight := range t.weights {
				for k := range at {
					at[k] += float64(weight * float64(line[(t.from+j)*c+k]))
				}
			}
		}
	}
	sum := make([]float64, w*c)
	for y, t := range rows {
		clear(sum)
		for j, weight := range t.weights {
			line := narrow[(t.from+j)*w*c : (t.from+j+1)*w*c][:len(sum)]
			for i := range sum {
				sum[i] += float64(weight * line[i])
			}
		}
		for i, v := range sum {
			dst[y*w*c+i] = float32(v / 255)
		}
	}
}

// triangle is what one output is made of: the inputs from … with their weights.
type triangle struct {
	from    int
	weights []float64
}

func triangles(n, m int) []triangle {
	scale := float64(n) / float64(m)
	reach := max(1, scale)
	list := make([]triangle, m)
	for i := range list {
		middle := float64((2*i+1)*n) / float64(2*m)
		t := &list[i]
		sum := 0.0
		for j := max(0, int(middle-reach)-1); j < min(n, int(middle+reach)+2); j++ { // beyond these they are 0
			distance := float64(j) + 0.5 - middle
			if distance < 0 {
				distance = -distance
			}
			weight := 1 - distance/reach
			if weight <= 0 {
				continue
			}
			if t.weights == nil {
				t.from = j
			}
			t.weights = append(t.weights, weight)
			sum += weight
		}
		for j := range t.weights {
			t.weights[j] /= sum
		}
	}
	return list
}
