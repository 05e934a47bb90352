package onnx

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/nn"
)

// resize makes pictures of another size: by the nearest pixel along any axes, or
// by linear or cubic interpolation along those of a picture.
func resize(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	rank := len(v.dims)
	axes := plain(rank)
	if list := n.list("axes"); list != nil {
		axes = nil
		for _, a := range list {
			a, err := axisOf(a, rank)
			if err != nil {
				return nil, err
			}
			axes = append(axes, a)
		}
	}
	at := 2 // where the scales stand
	if n.op == "Upsample" || b.m.opset < 11 {
		at = 1
	}
	scales, dims := slices.Repeat([]float64{1}, rank), slices.Clone(v.dims)
	var given []float32
	if s := optional(in, at); s != nil {
		t, err := weights(in, at, "scale")
		if err != nil {
			return nil, err
		}
		given = t.values()
	} else if a, ok := n.attributes["scales"]; ok {
		given = a.floats
	}
	sizes := optional(in, 3)
	how := n.text("coordinate_transformation_mode", "half_pixel")
	if n.op == "Upsample" || b.m.opset < 11 {
		how = "asymmetric"
	}
	switch {
	case len(given) > 0:
		if len(given) != len(axes) {
			return nil, fmt.Errorf("scales %v for %d axes", given, len(axes))
		}
		for i, axis := range axes {
			s := float64(given[i])
			if !(s > 0 && s < 1<<12) {
				return nil, fmt.Errorf("scales %v", given)
			}
			scales[axis], dims[axis] = s, int(math.Floor(float64(v.dims[axis])*s))
		}
	case sizes != nil:
		list, err := fixed(sizes, "sizes")
		if err != nil {
			return nil, err
		}
		if len(list) != len(axes) {
			return nil, fmt.Errorf("sizes %d for %d axes", list, len(axes))
		}
		for i, axis := range axes {
			if list[i] < 1 || list[i] > maxValues || v.dims[axis] < 1 {
				return nil, fmt.Errorf("sizes %d", list)
			}
			dims[axis], scales[axis] = list[i], float64(list[i])/float64(v.dims[axis])
		}
		if policy := n.text("keep_aspect_ratio_policy", "stretch"); policy != "stretch" {
			s := scales[axes[0]]
			for _, axis := range axes {
				if policy == "not_larger" {
					s = min(s, scales[axis])
				} else {
					s = max(s, scales[axis])
				}
			}
			for _, axis := range axes {
				scales[axis], dims[axis] = s, int(math.Round(s*float64(v.dims[axis])))
			}
		}
	default:
		return nil, fmt.Errorf("neither scales nor sizes")
	}
	if err := b.checkDims(dims, v.constant != nil); err != nil {
		return nil, err
	}
	if n.integer("antialias", 0) != 0 {
		return nil, fmt.Errorf("with antialias")
	}
	if slices.Equal(dims, v.dims) && how != "tf_crop_and_resize" && unit1(scales) {
		return v, nil
	}
	place, err := placing(how)
	if err != nil {
		return nil, err
	}
	mode := n.text("mode", "nearest")
	if mode == "nearest" {
		return b.nearest(n, v, dims, scales, place)
	}
	if rank != 3 && rank != 4 || v.constant != nil || dims[0] != 1 || dims[1] != v.dims[1] {
		return nil, fmt.Errorf("%s interpolation from shape %d to %d", mode, v.dims, dims)
	}
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	h, w := 1, dims[rank-1]
	scale := [2]float64{1, scales[rank-1]}
	from := b.b.Shape(x)
	if rank == 4 {
		h, scale[0] = dims[2], scales[2]
	}
	if how == "align_corners" && (float64(h) != scale[0]*float64(from.H) || float64(w) != scale[1]*float64(from.W)) {
		return nil, fmt.Errorf("aligned corners, with scales that make no whole number of pixels: there is no agreement where they look")
	}
	whole := scale[0] == float64(h)/float64(from.H) && scale[1] == float64(w)/float64(from.W)
	switch {
	case mode == "linear" && (how == "align_corners" || whole && (how == "half_pixel" || how == "pytorch_half_pixel" && h > 1 && w > 1)):
		return b.ofPicture(b.b.Resize(b.name(""), x, h, w, how == "align_corners"), rank), nil
	case mode != "linear" && mode != "cubic":
		return nil, fmt.Errorf("%q interpolation", mode)
	}
	taps := func(size, to int, scale float64) [][]nn.Tap {
		list := make([][]nn.Tap, to)
		for o := range list {
			at := place(o, size, to, scale)
			if mode == "linear" {
				list[o] = linearTaps(at, size)
			} else {
				list[o] = cubicTaps(at, size, float64(n.float("cubic_coeff_a", -.75)), n.integer("exclude_outside", 0) != 0)
			}
		}
		return list
	}
	return b.ofPicture(b.b.Interpolate(b.name(""), x, taps(from.H, h, scale[0]), taps(from.W, w, scale[1])), rank), nil
}

func unit1(scales []float64) bool {
	for _, s := range scales {
		if s != 1 {
			return false
		}
	}
	return true
}

// placing is where an output of a line of to looks in one of size.
func placing(how string) (func(o, size, to int, scale float64) float64, error) {
	switch how {
	case "half_pixel":
		return func(o, _, _ int, scale float64) float64 { return (float64(o)+.5)/scale - .5 }, nil
	case "pytorch_half_pixel":
		return func(o, _, to int, scale float64) float64 {
			if to < 2 {
				return 0
			}
			return (float64(o)+.5)/scale - .5
		}, nil
	case "align_corners":
		return func(o, size, to int, _ float64) float64 {
			if to < 2 {
				return 0
			}
			return float64(o) * float64(size-1) / float64(to-1)
		}, nil
	case "asymmetric":
		return func(o, _, _ int, scale float64) float64 { return float64(o) / scale }, nil
	case "tf_half_pixel_for_nn":
		return func(o, _, _ int, scale float64) float64 { return (float64(o) + .5) / scale }, nil
	case "half_pixel_symmetric":
		return func(o, size, to int, scale float64) float64 {
			adjustment := float64(to) / (scale * float64(size))
			center := float64(size) / 2
			return center*(1-adjustment) + (float64(o)+.5)/scale - .5
		}, nil
	}
	return nil, fmt.Errorf("coordinates by %q", how)
}

func (b *build) nearest(n *node, v *value, dims []int, scales []float64, place func(o, size, to int, scale float64) float64) (*value, error) {
	round := n.text("nearest_mode", "round_prefer_floor")
	if n.op == "Upsample" || b.m.opset < 11 {
		round = "floor"
	}
	picks := v.picks()
	for axis, to := range dims {
		if to == v.dims[axis] && scales[axis] == 1 {
			continue
		}
		picks[axis].index = make([]int, to)
		for o := range to {
			at := place(o, v.dims[axis], to, scales[axis])
			switch round {
			case "floor":
				at = math.Floor(at)
			case "ceil":
				at = math.Ceil(at)
			case "round_prefer_ceil":
				at = math.Floor(at + .5)
			default:
				at = math.Ceil(at - .5)
			}
			picks[axis].index[o] = min(max(int(at), 0), v.dims[axis]-1)
		}
	}
	return b.move("resize", v, picks, 0)
}

// linearTaps are the two taps about a place, held at the ends.
func linearTaps(at float64, size int) []nn.Tap {
	at = min(max(at, 0), float64(size-1))
	low := int(at)
	if t := at - float64(low); t > 0 {
		return []nn.Tap{{At: low, Weight: 1 - t}, {At: low + 1, Weight: t}}
	}
	return []nn.Tap{{At: low, Weight: 1}}
}

// cubicTaps are the four taps about a place (Keys 1981), those beyond the ends at
// them, or left out.
func cubicTaps(at float64, size int, a float64, inside bool) []nn.Tap {
	low := int(math.Floor(at))
	var list []nn.Tap
	sum := 0.0
	for i := low - 1; i <= low+2; i++ {
		x, w := math.Abs(at-float64(i)), 0.0
		switch {
		case x <= 1:
			w = ((a+2)*x-(a+3))*x*x + 1
		case x < 2:
			w = ((a*x-5*a)*x+8*a)*x - 4*a
		}
		if inside && (i < 0 || i >= size) {
			continue
		}
		sum += w
		list = append(list, nn.Tap{At: min(max(i, 0), size-1), Weight: w})
	}
	if inside {
		for i := range list {
			list[i].Weight /= sum
		}
	}
	return list
}
