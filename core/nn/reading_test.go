package nn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"padlab/core/pad"
)

// readingCases are the layers of layerCases, convolutions under every scheme,
// and maps that are put where they look.
func readingCases(t *testing.T) map[string]Layer {
	list := map[string]Layer{}
	for name, c := range layerCases(t) {
		switch {
		case strings.Contains(name, "/pole"): // whose rows outside read other columns: no axis by itself
		case c.layer.Kind() == "clip":
			list[name] = NewClamp("clamp", c.layer.In()[0], -100, 100) // wide enough to change
		default:
			list[name] = c.layer
		}
	}
	for _, scheme := range append(pad.All(), pad.Must("circular/zeros"), pad.Must("reflect/circular")) {
		for _, s := range []ConvSpec{
			{Filters: 2, Size: 3, Sides: pad.Same.Sides(3)},
			{Filters: 2, Size: 3, Stride: 2, Sides: pad.Same.Sides(3)},
			{Filters: 4, Size: 3, Dilation: 2, Groups: 2, Sides: pad.Sides{Top: 2, Bottom: 2, Left: 2, Right: 2}},
			{Filters: 1, Size: 5, Stride: 3, Sides: pad.Full.Sides(5)},
		} {
			if s.Scheme = scheme; scheme.Name == "none" {
				s.Sides = pad.Sides{}
			}
			b := NewBuilder(Shape{9, 10, 2})
			b.ConvOf("conv", Sample, s)
			nodes, err := b.Nodes()
			if err != nil && !strings.Contains(err.Error(), "dilated") {
				t.Fatal(err)
			}
			for _, node := range nodes {
				list[fmt.Sprintf("%s of %s %d×%d by %d, dilated %d", node.Kind(), scheme.Name, s.Size, s.Size, s.Stride, s.Dilation)] = node.Layer
			}
		}
	}
	list["bridge"], list["bridge, smaller"] = NewBridge("bridge", Shape{5, 4, 2}, 9, 7), NewBridge("bridge", Shape{7, 9, 2}, 2, 3)
	for _, first := range []int{-3, 0, 5} {
		list[fmt.Sprint("align ", first)] = NewAlign("align", Shape{4, 3, 2}, 13, 12, first, first+1, 3)
	}
	return list
}

// plainCall returns a call for one sample of each input, x as often as it takes, outside of training, with
// kernels of ones, and norms and biases that change nothing.
func plainCall(t *testing.T, l Layer, x []float32) *Call {
	s := l.Sizes()
	c := &Call{
		Kernel: portable(t), N: 1, Packed: make([]float32, s.Packed), Saved: make([]float32, s.Saved), Scratch: make([]float32, s.Scratch),
		Indices: make([]int32, s.Indices), Batch: make([]float32, s.Batch), Y: make([]float32, l.Out().Len()), DY: make([]float32, l.Out().Len()),
	}
	for _, p := range l.Params() {
		v := p.Start
		if len(p.Shape) > 1 && l.Kind() != "predict" {
			v = 1
		}
		if p.State {
			c.State = append(c.State, slices.Repeat([]float32{v}, p.Len())...)
		} else {
			c.W = append(c.W, slices.Repeat([]float32{v}, p.Len())...)
		}
	}
	l.Pack(c.Packed, c.W, c.State)
	for _, s := range l.In() {
		c.X, c.DX = append(c.X, slices.Repeat(x, s.Len()/len(x)+1)[:s.Len()]), append(c.DX, make([]float32, s.Len()))
	}
	return c
}

// matrix adds up what each output reads of each position of any input.
func matrix(l Layer, a Axis) [][]float64 {
	m, positions := make([][]float64, a.Of(l.Out())), 0
	for _, s := range l.In() {
		positions = max(positions, a.Of(s))
	}
	for o, r := range l.Reads(a) {
		m[o] = make([]float64, positions)
		for _, tap := range r.Taps {
			m[o][tap.At] += tap.Weight
		}
	}
	return m
}

// The description of every layer against the layer itself. Where it is linear,
// its backward pass with kernels of ones sends back from one output pixel what
// the description says that it reads, row times column; an average does so but
// for its own factor. Elsewhere those outputs change that read the input pixel
// which is changed.
func TestReads(t *testing.T) {
	linear := map[string]func(l Layer) float64{ // the factor, of dy all ones over the channels; 0: any
		"conv":            func(l Layer) float64 { c := l.(*Conv); return float64(c.Filters / c.Groups) },
		"conv with banks": func(l Layer) float64 { c := l.(*Banks); return float64(c.Filters / c.Groups) },
		"transposed conv": func(l Layer) float64 { c := l.(*ConvTranspose); return float64(c.Filters / c.Groups) },
		"linear":          func(l Layer) float64 { return float64(l.Out().C) },
		"average-pool":    func(Layer) float64 { return 0 }, "global average": func(Layer) float64 { return 0 },
	}
	for _, kind := range []string{"reweight", "predict", "crop", "subsample", "resize", "add", "concat"} {
		linear[kind] = func(Layer) float64 { return 1 }
	}
	kinds := map[string]bool{}
	for name, l := range readingCases(t) {
		kinds[l.Kind()] = true
		in, out := l.In()[0], l.Out()
		rows, columns := matrix(l, Rows), matrix(l, Columns)
		if len(rows) != out.H || len(columns) != out.W {
			t.Errorf("%s: %d×%d readings of %v", name, len(rows), len(columns), out)
			continue
		}
		if l.Kind() == "group norm" || strings.HasPrefix(l.Kind(), "layer norm") { // its statistics, which may depend on all pixels, are not counted
			for o, row := range rows {
				if row[o] != 1 || !slices.Equal(slices.Delete(slices.Clone(row), o, o+1), make([]float64, in.H-1)) {
					t.Errorf("%s: row %d reads %v", name, o, row)
				}
			}
			continue
		}
		x := random(name, in.Len())
		for i := range x {
			x[i] = 2 + x[i]/8
		}
		before := plainCall(t, l, x)
		l.Forward(before)
		if factor, ok := linear[l.Kind()]; ok {
			for o := range out.H * out.W {
				clear(before.DY)
				for c := range out.C {
					before.DY[o*out.C+c] = 1
				}
				l.Backward(before)
				for _, dx := range before.DX {
					compareReading(t, name, o, dx, in, rows[o/out.W], columns[o%out.W], factor(l))
				}
			}
			continue
		}
		for i := range in.H * in.W {
			after := plainCall(t, l, x)
			for c := range in.C {
				after.X[0][i*in.C+c] += 3 + float32(c)
			}
			l.Forward(after)
			for o := range out.H * out.W {
				changed := !slices.Equal(after.Y[o*out.C:(o+1)*out.C], before.Y[o*out.C:(o+1)*out.C])
				read := rows[o/out.W][i/in.W]*columns[o%out.W][i%in.W] != 0
				if changed != read && (changed || !mixes(l)) {
					t.Fatalf("%s: pixel %d changes output %d: %v, but it reads it: %v", name, i, o, changed, read)
				}
			}
		}
	}
	for _, kind := range []string{"conv", "conv with banks", "reweight", "predict", "max-pool", "average-pool", "global average", "global max", "linear", "batch norm",
		"group norm", "ReLU", "leaky ReLU", "sigmoid", "add", "concat", "crop", "subsample", "dropout", "permute", "resize",
		"transposed conv", "layer norm", "softmax", "matrix product", "mean"} {
		if !kinds[kind] {
			t.Errorf("no layer of kind %s among %v", kind, slices.Sorted(maps.Keys(kinds)))
		}
	}
}

// mixes reports whether a layer takes values from one axis to the other: what its
// outputs read along one of them is then true of all that they read along the
// other, and together more than they read.
func mixes(l Layer) bool {
	if on, ok := l.(Each); ok {
		l = on.Layer
	}
	switch l.(type) {
	case *Arrange, *Reshape, *MatMul, *Reduce, *Softmax:
		return l.Window(Rows).Size == 0 || l.Window(Columns).Size == 0
	}
	return false
}

// compareReading compares what output o sent back to an input with what it says
// that it reads.
func compareReading(t *testing.T, name string, o int, dx []float32, in Shape, row, column []float64, factor float64) {
	t.Helper()
	got, want := make([]float64, in.H*in.W), make([]float64, in.H*in.W)
	sent, said := 0.0, 0.0
	for i := range got {
		for c := range in.C {
			got[i] += float64(dx[i*in.C+c]) / float64(in.C)
		}
		want[i] = row[i/in.W] * column[i%in.W]
		sent, said = sent+got[i], said+want[i]
	}
	if factor == 0 && said > 0 {
		factor = sent / said
	}
	for i := range got {
		if d := math.Abs(got[i] - factor*want[i]); d > 1e-5*(1+math.Abs(got[i])) {
			t.Fatalf("%s: output %d sends %g back to pixel %d, but says that it reads %g × %g of it", name, o, got[i], i, want[i], factor)
		}
	}
}

// Which outputs see padding, against what changes when the padding does: its
// constant, the filters at the border, the predictor, or pixels around a picture
// that a transposed convolution spreads. Zeros that Crop adds are those that no
// input explains.
func TestReadsSayPadding(t *testing.T) {
	check := func(name string, l Layer, before, after []float32) {
		t.Helper()
		rows, columns, out := l.Reads(Rows), l.Reads(Columns), l.Out()
		for o := range out.H * out.W {
			changed := !slices.Equal(before[o*out.C:(o+1)*out.C], after[o*out.C:(o+1)*out.C])
			row, column := rows[o/out.W], columns[o%out.W]
			sees := row.Padding && (column.Padding || len(column.Taps) > 0) || column.Padding && len(row.Taps) > 0
			if sees != changed {
				t.Fatalf("%s: output %d changes with the padding: %v, but says that it sees it: %v", name, o, changed, sees)
			}
		}
	}
	forward := func(l Layer, change func(w []float32)) []float32 {
		c := plainCall(t, l, random("picture", l.In()[0].Len()))
		change(c.W)
		l.Pack(c.Packed, c.W, c.State)
		l.Forward(c)
		return c.Y
	}
	nothing := func([]float32) {}
	for name, l := range readingCases(t) {
		if on, ok := l.(Each); ok {
			l = on.Layer
		}
		switch l := l.(type) {
		case *Conv:
			s := l.ConvSpec
			if s.Scheme.Name == "resize" || s.Sides == (pad.Sides{}) { // nothing stands beside the picture
				check(name, l, forward(l, nothing), forward(l, nothing))
				continue
			}
			var y [2][]float32
			for i, value := range []string{"constant(0)", "constant(3)"} {
				s.Scheme = pad.Must(value)
				twin, err := NewConv("conv", l.in, s)
				if err != nil {
					t.Fatal(err)
				}
				y[i] = forward(twin, nothing)
			}
			check(name, l, y[0], y[1])
		case *ConvTranspose:
			const more = 5
			s, in, x := l.ConvSpec, Shape{l.in.H + 2*more, l.in.W + 2*more, l.in.C}, random("picture", l.in.Len())
			rows, columns := more*s.Stride, more*s.Across.Stride
			s.Sides = pad.Sides{Top: s.Sides.Top + rows, Bottom: s.Sides.Bottom + rows, Left: s.Sides.Left + columns, Right: s.Sides.Right + columns}
			twin, err := NewConvTranspose("transposed", in, s)
			if err != nil {
				t.Fatal(err)
			}
			var y [2][]float32
			for i, value := range []float32{0, 3} {
				c, line := plainCall(t, twin, slices.Repeat([]float32{value}, in.Len())), l.in.W*l.in.C
				for r := range l.in.H {
					copy(c.X[0][((more+r)*in.W+more)*in.C:], x[r*line:(r+1)*line])
				}
				twin.Forward(c)
				y[i] = c.Y
			}
			check(name, l, y[0], y[1])
		case *Banks:
			check(name, l, forward(l, nothing), forward(l, func(w []float32) {
				for _, b := range l.banks {
					if strings.Contains(b.name, ".border.") {
						for i := range w[:b.weights()] {
							w[i] = 2
						}
					}
					w = w[b.weights():]
				}
			}))
		case *Predict:
			check(name, l, forward(l, nothing), forward(l, func(w []float32) {
				for i := range w {
					w[i] = 0.5 + float32(i%7)/8
				}
			}))
		case *Crop:
			c := plainCall(t, l, slices.Repeat([]float32{1}, l.in.Len()))
			l.Forward(c)
			check(name, l, c.Y, slices.Repeat([]float32{1}, l.out.Len()))
		case *MaxPool, *AveragePool:
			in, out := l.In()[0], l.Out()
			for _, a := range []Axis{Rows, Columns} {
				w := l.Window(a)
				before, _ := a.Sides(w.Pad)
				for o, r := range l.Reads(a) {
					first := o*w.Stride - before
					if want := first < 0 || first+w.Size > a.Of(in); r.Padding != want || o >= a.Of(out) {
						t.Errorf("%s: output %d sees padding: %v, want %v", name, o, r.Padding, want)
					}
				}
			}
		case *Pad:
			for _, a := range []Axis{Rows, Columns} {
				before, _ := a.Sides(l.plan.Sides)
				for o, r := range l.Reads(a) {
					if want := o < before || o >= before+a.Of(l.in); r.Padding != want {
						t.Errorf("%s: output %d sees padding: %v, want %v", name, o, r.Padding, want)
					}
				}
			}
		case *Arrange: // what a whole row or column is filled up with stands beside the picture
			for _, a := range []Axis{Rows, Columns} {
				for o, r := range l.Reads(a) {
					if r.Padding != (len(r.Taps) == 0) {
						t.Errorf("%s: output %d sees padding: %v, and reads %d positions", name, o, r.Padding, len(r.Taps))
					}
				}
			}
		default:
			for _, a := range []Axis{Rows, Columns} {
				if slices.ContainsFunc(l.Reads(a), func(r Reading) bool { return r.Padding }) {
					t.Errorf("%s has no padding to see", name)
				}
			}
		}
	}
}
