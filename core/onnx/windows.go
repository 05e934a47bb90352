package onnx

import (
	"errors"
	"fmt"
	"math"

	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/pad"
)

// A sight is where the windows of a convolution or pool lie, along both axes of
// pictures; along the rows of a line everything is 1.
type sight struct {
	size, stride, dilation [2]int
	sides                  pad.Sides
}

// two are the numbers along the rows and the columns.
func two(list []int, rank, otherwise int) ([2]int, error) {
	switch {
	case list == nil:
		return [2]int{otherwise, otherwise}, nil
	case len(list) != rank-2:
		return [2]int{}, fmt.Errorf("%d numbers for %d axes", len(list), rank-2)
	case rank == 3:
		return [2]int{1, list[0]}, nil
	}
	return [2]int(list), nil
}

// look reads the attributes of windows on a value.
func look(n *node, v *value, kernel []int) (s sight, err error) {
	rank := len(v.dims)
	if rank != 3 && rank != 4 {
		return s, fmt.Errorf("windows along %d axes: only pictures and lines have some here", rank-2)
	}
	if k := n.list("kernel_shape"); k != nil {
		kernel = k
	}
	if kernel == nil {
		return s, errors.New("no size of its windows")
	}
	if s.size, err = two(kernel, rank, 1); err == nil {
		if s.stride, err = two(n.list("strides"), rank, 1); err == nil {
			s.dilation, err = two(n.list("dilations"), rank, 1)
		}
	}
	if err != nil {
		return s, err
	}
	if rank == 3 {
		s.stride[0], s.dilation[0] = 1, 1
	}
	const most = 1 << 12
	for a := range 2 {
		if min(s.size[a], s.stride[a], s.dilation[a]) < 1 || max(s.size[a], s.stride[a], s.dilation[a]) > most {
			return s, fmt.Errorf("windows of size %d, stride %d and dilation %d", s.size, s.stride, s.dilation)
		}
	}
	s.sides, err = s.padding(n, v)
	return s, err
}

func (s sight) padding(n *node, v *value) (pad.Sides, error) {
	rank := len(v.dims)
	p := n.list("pads")
	auto := n.text("auto_pad", "NOTSET")
	switch auto {
	case "NOTSET":
		if p == nil {
			return pad.Sides{}, nil
		}
		if len(p) != 2*(rank-2) {
			return pad.Sides{}, fmt.Errorf("pads of %d", p)
		}
		for _, amount := range p {
			if amount > 1<<12 || amount < -1<<12 {
				return pad.Sides{}, fmt.Errorf("pads of %d", p)
			}
		}
		if rank == 3 {
			return pad.Sides{Left: p[0], Right: p[1]}, nil
		}
		return pad.Sides{Top: p[0], Left: p[1], Bottom: p[2], Right: p[3]}, nil
	case "VALID":
		return pad.Sides{}, nil
	case "SAME_UPPER", "SAME_LOWER":
		share := func(a, size int) (before, after int) {
			outputs := (size + s.stride[a] - 1) / s.stride[a]
			all := max(0, (outputs-1)*s.stride[a]+(s.size[a]-1)*s.dilation[a]+1-size)
			if auto == "SAME_UPPER" {
				return all / 2, all - all/2
			}
			return all - all/2, all / 2
		}
		var sides pad.Sides
		if rank == 4 {
			sides.Top, sides.Bottom = share(0, v.dims[2])
		}
		sides.Left, sides.Right = share(1, v.dims[rank-1])
		return sides, nil
	}
	return pad.Sides{}, fmt.Errorf("auto_pad %q", auto)
}

func negative(s pad.Sides) bool { return min(s.Top, s.Bottom, s.Left, s.Right) < 0 }

// amount is how much is padded: what the file says, or by the extent of the
// experiment.
func (b *build) amount(sides pad.Sides, s sight, h, w int) pad.Sides {
	if sides == (pad.Sides{}) {
		return sides
	}
	switch b.spec.Extent {
	case pad.Valid:
		return pad.Sides{}
	case pad.Same, "":
		return sides
	}
	rows := b.spec.Extent.For((s.size[0]-1)*s.dilation[0]+1, s.stride[0], h, w)
	columns := b.spec.Extent.For((s.size[1]-1)*s.dilation[1]+1, s.stride[1], h, w)
	return pad.Sides{Top: rows.Top, Bottom: rows.Bottom, Left: columns.Left, Right: columns.Right}
}

// kernelOf is the kernel of a convolution, and where its windows look.
func kernelOf(n *node, in []*value) (w *tensor, s sight, err error) {
	if w, err = weights(in, 1, "kernel"); err != nil {
		return nil, s, err
	}
	v := in[0]
	rank := len(v.dims)
	if len(w.dims) != rank || volume(w.dims) == 0 {
		return nil, s, fmt.Errorf("a kernel of shape %d for values of shape %d", w.dims, v.dims)
	}
	if s, err = look(n, v, w.dims[2:]); err != nil {
		return nil, s, err
	}
	if size, err := two(w.dims[2:], rank, 1); err != nil || size != s.size {
		return nil, s, fmt.Errorf("windows of %d and a kernel of shape %d", s.size, w.dims)
	}
	return w, s, nil
}

func conv(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	rank := len(v.dims)
	w, s, err := kernelOf(n, in)
	if err != nil {
		return nil, err
	}
	if negative(s.sides) {
		return nil, fmt.Errorf("negative pads: %v", s.sides)
	}
	groups := n.integer("group", 1)
	inner, first := w.dims[1], v.out == nn.Sample && v.constant == nil && v.pending == nil && groups == 1 && b.m.Channels == w.dims[1]
	if first { // of other pictures it has no weights
		inner = v.dims[1]
	}
	if groups < 1 || inner*groups != v.dims[1] || w.dims[0]%groups != 0 {
		return nil, fmt.Errorf("a kernel of shape %d in %d groups on %d channels", w.dims, groups, v.dims[1])
	}
	scheme := b.spec.Padding
	// What a Pad before it pads is its own, where that can be.
	if p := v.pending; p != nil && (s.sides == (pad.Sides{}) || p.scheme == scheme) && !b.named(p.name) {
		if s.sides == (pad.Sides{}) {
			scheme = p.scheme
		}
		s.sides = pad.Sides{Top: s.sides.Top + p.sides.Top, Bottom: s.sides.Bottom + p.sides.Bottom, Left: s.sides.Left + p.sides.Left, Right: s.sides.Right + p.sides.Right}
		v = p.of
	}
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	name, from := b.name(""), b.b.Shape(x)
	out := w.dims[0]
	if err := b.checkDims([]int{out, (from.H+s.sides.Top+s.sides.Bottom)/s.stride[0] + 1, (from.W+s.sides.Left+s.sides.Right)/s.stride[1] + 1}, false); err != nil {
		return nil, err
	}
	bias := (*tensor)(nil)
	if v := optional(in, 2); v != nil {
		if bias, err = weights(in, 2, "bias"); err != nil {
			return nil, err
		}
		if bias.len() != out {
			return nil, fmt.Errorf("a bias of %d for %d filters", bias.len(), out)
		}
		b.fill(name+".bias", bias, func(to []float32) { copy(to, bias.values()) })
	}
	area := s.size[0] * s.size[1]
	b.fill(name+".weight", w, func(to []float32) {
		values := w.values()
		for o := range out {
			for c := range inner {
				for k := range area {
					to[(k*inner+c)*out+o] = values[(o*inner+c)*area+k]
				}
			}
		}
	})
	own := b.spec.Classes
	other := n == b.m.classifier && own > 0 && own != out
	if other {
		out = own
	}
	if other || inner != w.dims[1] {
		delete(b.fills, b.tensor(name+".weight"))
	}
	if other {
		delete(b.fills, b.tensor(name+".bias"))
	}
	y := b.b.ConvOf(name, x, nn.ConvSpec{
		Filters: out, Size: s.size[0], Stride: s.stride[0], Dilation: s.dilation[0], Groups: groups,
		Across: nn.Taps{Size: s.size[1], Stride: s.stride[1], Dilation: s.dilation[1]},
		Scheme: scheme, Sides: b.amount(s.sides, s, from.H, from.W), Bias: bias != nil,
	})
	return b.ofPicture(y, rank), nil
}

// named reports whether the experiment names a layer.
func (b *build) named(name string) bool {
	_, ok := b.spec.Layers[name]
	return ok
}

func convTranspose(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	rank := len(v.dims)
	w, s, err := kernelOf(n, in)
	if err != nil {
		return nil, err
	}
	groups := n.integer("group", 1)
	if groups < 1 || w.dims[0] != v.dims[1] || v.dims[1]%groups != 0 {
		return nil, fmt.Errorf("a kernel of shape %d in %d groups on %d channels", w.dims, groups, v.dims[1])
	}
	more, err := two(n.list("output_padding"), rank, 0)
	if err != nil {
		return nil, err
	}
	if rank == 3 {
		more[0] = 0
	}
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	from := b.b.Shape(x)
	full := [2]int{}
	for a, size := range [2]int{from.H, from.W} {
		full[a] = (size-1)*s.stride[a] + (s.size[a]-1)*s.dilation[a] + 1
	}
	lower := n.text("auto_pad", "NOTSET") == "SAME_LOWER"
	auto := lower || n.text("auto_pad", "") == "SAME_UPPER"
	cut := func(a, before, after, size, wanted int) (int, int) {
		if wanted < 0 && !auto {
			return before, after - more[a]
		}
		if wanted < 0 {
			wanted = size * s.stride[a]
		}
		all := full[a] + more[a] - wanted
		before, after = all-all/2, all/2
		if !lower {
			before, after = after, before
		}
		return before, after - more[a]
	}
	wanted := [2]int{-1, -1}
	if list := n.list("output_shape"); list != nil {
		if wanted, err = two(list[max(0, len(list)-(rank-2)):], rank, 1); err != nil {
			return nil, err
		}
	}
	s.sides.Top, s.sides.Bottom = cut(0, s.sides.Top, s.sides.Bottom, from.H, wanted[0])
	s.sides.Left, s.sides.Right = cut(1, s.sides.Left, s.sides.Right, from.W, wanted[1])
	if rank == 3 {
		s.sides.Top, s.sides.Bottom = 0, 0
	}
	if err := b.checkDims([]int{w.dims[1] * groups, full[0] + 1 + more[0], full[1] + 1 + more[1]}, false); err != nil {
		return nil, err
	}
	for _, side := range []int{s.sides.Bottom, s.sides.Right} {
		if side < -1<<12 {
			return nil, fmt.Errorf("%v cut off", s.sides)
		}
	}
	name := b.name("")
	channels, filters, area := v.dims[1], w.dims[1], s.size[0]*s.size[1]
	bias := optional(in, 2)
	if bias != nil {
		t, err := weights(in, 2, "bias")
		if err != nil || t.len() != filters*groups {
			return nil, errors.New("a bias that does not fit")
		}
		b.fill(name+".bias", t, func(to []float32) { copy(to, t.values()) })
	}
	b.fill(name+".weight", w, func(to []float32) {
		values := w.values()
		for c := range channels {
			for f := range filters {
				for k := range area {
					to[(k*channels+c)*filters+f] = values[(c*filters+f)*area+k]
				}
			}
		}
	})
	y := b.b.ConvTranspose(name, x, nn.ConvSpec{
		Filters: filters * groups, Size: s.size[0], Stride: s.stride[0], Dilation: s.dilation[0], Groups: groups,
		Across: nn.Taps{Size: s.size[1], Stride: s.stride[1], Dilation: s.dilation[1]}, Sides: s.sides, Bias: bias != nil,
	})
	return b.ofPicture(y, rank), nil
}

func pool(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	if len(n.out) > 1 && n.out[1] != "" {
		return nil, errors.New("its second output, where the largest values lie")
	}
	s, err := look(n, v, nil)
	if err != nil {
		return nil, err
	}
	if s.dilation != [2]int{1, 1} {
		return nil, fmt.Errorf("windows with a dilation of %d", s.dilation)
	}
	if negative(s.sides) {
		return nil, fmt.Errorf("negative pads: %v", s.sides)
	}
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	from := b.b.Shape(x)
	spec := nn.PoolSpec{
		Size: s.size[0], Stride: s.stride[0], Across: nn.Taps{Size: s.size[1], Stride: s.stride[1]}, Uneven: s.sides,
		Ceil: n.integer("ceil_mode", 0) != 0, Inside: n.integer("count_include_pad", 0) == 0,
	}
	if b.spec.Extent == pad.Valid {
		spec.Uneven = pad.Sides{}
	}
	if u := spec.Uneven; u == (pad.Sides{Top: u.Top, Bottom: u.Top, Left: u.Top, Right: u.Top}) && 2*u.Top <= min(s.size[0], s.size[1]) {
		spec.Pad, spec.Uneven = u.Top, pad.Sides{}
	}
	if b.spec.Pools == catalog.SchemePools && s.sides != (pad.Sides{}) {
		spec.Scheme = b.spec.Padding
	}
	if err := b.checkDims([]int{v.dims[1], from.H + s.sides.Top + s.sides.Bottom, from.W + s.sides.Left + s.sides.Right}, false); err != nil {
		return nil, err
	}
	name := b.name("")
	if n.op == "MaxPool" {
		return b.ofPicture(b.b.MaxPoolOf(name, x, spec), len(v.dims)), nil
	}
	return b.ofPicture(b.b.AveragePool(name, x, spec), len(v.dims)), nil
}

func global(b *build, n *node, in []*value) (*value, error) {
	v := in[0]
	x, err := b.picture(v)
	if err != nil {
		return nil, err
	}
	if n.op == "GlobalMaxPool" {
		return b.ofPicture(b.b.GlobalMaxPool(b.name(""), x), len(v.dims)), nil
	}
	return b.ofPicture(b.b.GlobalAveragePool(b.name(""), x), len(v.dims)), nil
}

// modes are the schemes of Pad's modes.
var modes = map[string]string{"constant": "zeros", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}

// padded pads pictures by a scheme, which a convolution behind may do; anything
// else it moves.
func padded(b *build, n *node, in []*value) (*value, error) {
	amounts, err := listed(n, in, "pads", 1)
	if err != nil {
		return nil, err
	}
	v, rank := in[0], len(in[0].dims)
	axes := plain(rank)
	if given := optional(in, 3); given != nil {
		list, err := fixed(given, "axes")
		if err != nil {
			return nil, err
		}
		axes = nil
		for _, a := range list {
			if a, err = axisOf(a, rank); err != nil {
				return nil, err
			}
			axes = append(axes, a)
		}
	}
	if len(amounts) != 2*len(axes) {
		return nil, fmt.Errorf("pads of %d for %d axes", amounts, len(axes))
	}
	fill := n.float("value", 0)
	if given := optional(in, 2); given != nil {
		t, err := weights(in, 2, "value")
		if err != nil || t.len() != 1 {
			return nil, errors.New("a value that is no number")
		}
		fill = t.values()[0]
	}
	mode := n.text("mode", "constant")
	schemeName, ok := modes[mode]
	if !ok {
		return nil, fmt.Errorf("mode %q", mode)
	}
	if mode == "constant" && fill != 0 {
		schemeName = fmt.Sprintf("constant(%g)", fill)
		if math.IsInf(float64(fill), 0) || math.IsNaN(float64(fill)) {
			schemeName = "zeros" // not asked for below
		}
	}
	scheme := pad.Must(schemeName)
	before, after := make([]int, rank), make([]int, rank)
	pictures, nothing := rank == 4 && v.constant == nil && v.dims[0] == 1, true
	for i, axis := range axes {
		before[axis], after[axis] = amounts[i], amounts[i+len(axes)]
		if before[axis] == 0 && after[axis] == 0 {
			continue
		}
		nothing = false
		if max(before[axis], after[axis]) > 1<<12 || min(before[axis], after[axis]) < -maxValues {
			return nil, fmt.Errorf("pads of %d", amounts)
		}
		pictures = pictures && axis >= 2 && min(before[axis], after[axis]) >= 0
	}
	if nothing {
		return v, nil
	}
	if pictures && !(mode == "constant" && (math.IsInf(float64(fill), 0) || math.IsNaN(float64(fill)))) {
		sides := pad.Sides{Top: before[2], Bottom: after[2], Left: before[3], Right: after[3]}
		if b.spec.Extent == pad.Valid {
			return v, nil
		}
		if b.spec.Padding.Name != "zeros" && fill == 0 {
			scheme = b.spec.Padding
		}
		v = b.settle(v)
		m := b.value(v.out, v.dims, v.order)
		m.dims[2] += sides.Top + sides.Bottom
		m.dims[3] += sides.Left + sides.Right
		if err := b.checkDims(m.dims, false); err != nil {
			return nil, err
		}
		m.pending = &pending{name: b.name(""), of: v, scheme: scheme, sides: sides}
		return m, nil
	}
	picks := v.picks()
	for axis, n := range v.dims {
		if before[axis] == 0 && after[axis] == 0 {
			continue
		}
		lead, tail := max(before[axis], 0), max(after[axis], 0)
		sources, err := scheme.Sources(n, lead, tail)
		if err != nil {
			return nil, err
		}
		from, to := max(-before[axis], 0), len(sources)-max(-after[axis], 0)
		if from > to {
			return nil, fmt.Errorf("pads of %d leave nothing", amounts)
		}
		for i, s := range sources {
			if s == pad.Nowhere {
				sources[i] = -1
			}
		}
		picks[axis].index = sources[from:to]
	}
	return b.move("pad", v, picks, fill)
}
