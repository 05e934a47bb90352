package border

import (
	"fmt"
	"math"
)

// PixelRing is the ring of a pixel among n rings of a picture of w×h pixels, which
// are numbered from 0. Its distance to the border is d = min(x, y, w−1−x, h−1−y),
// of which there are D = ⌈min(w, h)/2⌉, 0 … D−1, and
//
//	ring = ⌊d·n/D⌋,
//
// so that with n = D every distance has a ring of its own, as cells have ([Ring]). A
// place between pixels has no whole distance. It panics when the pixel is not in the
// picture, and unless n is in 1 … D.
func PixelRing(x, y float64, w, h, n int) int {
	d := math.Min(math.Min(x, float64(w-1)-x), math.Min(y, float64(h-1)-y))
	distances := AllSides.Rings(h, w)
	if !(d >= 0) || n < 1 || n > distances {
		panic(fmt.Sprintf("border: pixel %g,%g among %d rings of a picture of %d×%d", x, y, n, w, h))
	}
	return int(d * float64(n) / float64(distances))
}

// Zone is the zone of a box among n zones of a picture of w×h pixels, by the box's
// centre, x in 0 … w and y in 0 … h. Zone i is what lies between the rectangles whose
// sides are r = i/(2n) and r = (i+1)/(2n) of the width, or the height, away from those
// of the picture: with a depth of min(x/w, 1−x/w, y/h, 1−y/h),
//
//	i/(2n) < depth ≤ (i+1)/(2n)
//
// (Zheng et al. 2023, "Towards Spatial Equilibrium Object Detection", zone
// evaluation: there n = 5, and a centre on the border itself, which counts here for
// zone 0, is in none). It panics when the centre is not in the picture, and without a
// zone.
func Zone(x, y float64, w, h, n int) int {
	across, down := float64(w), float64(h)
	if !(x >= 0 && x <= across && y >= 0 && y <= down) || n < 1 {
		panic(fmt.Sprintf("border: a box around %g,%g among %d zones of a picture of %d×%d", x, y, n, w, h))
	}
	steps := 2 * float64(n)
	depth := math.Min(steps*math.Min(x, across-x)/across, steps*math.Min(y, down-y)/down)
	return min(max(int(math.Ceil(depth))-1, 0), n-1)
}
