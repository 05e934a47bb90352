package nn

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// The cases with which ONNX tests whoever implements its operators: Debian's
// package libonnx-testdata, here of version 1.12.0-2. Each is a folder with a
// model of one or more operators, what goes in and what must come out. Those
// in node come from ONNX itself, most of them computed by NumPy, those in
// pytorch-converted and pytorch-operator from PyTorch.
const onnxRoot = "/usr/share/libonnx-testdata/data"

// onnxTolerance is by how much, of the largest value of a tensor, an output
// may differ.
const onnxTolerance = 1e-5

// onnxLeast are the operators that layers of ours are like, and how many cases
// of each run at least: those of the version above.
var onnxLeast = map[string]int{
	"Add": 1, "AveragePool": 9, "BatchNormalization": 4, "Concat": 5, "Conv": 14, "Dropout": 6, "Gemm": 7,
	"GlobalAveragePool": 2, "GlobalMaxPool": 2, "InstanceNormalization": 1, "LeakyRelu": 5, "MatMul": 1,
	"MaxPool": 9, "Pad": 4, "Relu": 3, "Resize": 2, "Sigmoid": 3, "Sum": 1,
}

// onnxAlone are those of them that see each value for itself.
var onnxAlone = []string{"Add", "Dropout", "LeakyRelu", "Relu", "Sigmoid", "Sum"}

// attribute returns an attribute, or what it is where the case does not say.
func (c *onnxCase) attribute(name string, otherwise onnxAttribute) onnxAttribute {
	a, ok := c.attributes[name]
	if !ok {
		return otherwise
	}
	delete(c.attributes, name)
	return a
}

func (c *onnxCase) float(name string, otherwise float32) float32 {
	return c.attribute(name, onnxAttribute{float: otherwise}).float
}

func (c *onnxCase) integer(name string, otherwise int) int {
	return c.attribute(name, onnxAttribute{integer: otherwise}).integer
}

func (c *onnxCase) text(name, otherwise string) string {
	return c.attribute(name, onnxAttribute{text: otherwise}).text
}

func (c *onnxCase) list(name string, otherwise ...int) []int {
	return c.attribute(name, onnxAttribute{list: otherwise}).list
}

// window is the size, the stride and the dilation of the windows of a picture,
// each of which must be the same along both axes. Where the case does not say,
// the size is that of the kernel.
func (c *onnxCase) window(kernel ...int) (size, stride, dilation int, err error) {
	kernel = c.list("kernel_shape", kernel...)
	if len(kernel) != 2 {
		return 0, 0, 0, fmt.Errorf("windows along %d axes", len(kernel))
	}
	strides, dilations := c.list("strides", 1, 1), c.list("dilations", 1, 1)
	for _, v := range [][]int{kernel, strides, dilations} {
		if len(v) != 2 || v[0] != v[1] {
			return 0, 0, 0, fmt.Errorf("windows of size %v, stride %v and dilation %v", kernel, strides, dilations)
		}
	}
	return kernel[0], strides[0], dilations[0], nil
}

// sides are the pixels that pads or auto_pad put around a picture, for windows
// that span so many pixels.
func (c *onnxCase) sides(in Shape, span, stride int) (pad.Sides, error) {
	p := c.list("pads", 0, 0, 0, 0)
	same := func(n int) (less, more int) {
		outputs := (n + stride - 1) / stride
		all := max(0, (outputs-1)*stride+span-n)
		return all / 2, all - all/2
	}
	lessV, moreV := same(in.H)
	lessH, moreH := same(in.W)
	switch how := c.text("auto_pad", "NOTSET"); how {
	case "NOTSET":
		return pad.Sides{Top: p[0], Left: p[1], Bottom: p[2], Right: p[3]}, nil
	case "VALID":
		return pad.Sides{}, nil
	case "SAME_UPPER":
		return pad.Sides{Top: lessV, Left: lessH, Bottom: moreV, Right: moreH}, nil
	case "SAME_LOWER":
		return pad.Sides{Top: moreV, Left: moreH, Bottom: lessV, Right: lessH}, nil
	default:
		return pad.Sides{}, fmt.Errorf("an auto_pad of %s", how)
	}
}

// flat makes one pixel of a tensor, whatever its shape.
func flat(t torchTensor) torchTensor { return torchTensor{[]int{1, len(t.Data), 1, 1}, t.Data} }

// pictures gives a tensor of N×C or N×C×W the shape N×C×H×W.
func pictures(t torchTensor) (torchTensor, error) {
	switch s := t.Shape; len(s) {
	case 2:
		return torchTensor{[]int{s[0], s[1], 1, 1}, t.Data}, nil
	case 3:
		return torchTensor{[]int{s[0], s[1], 1, s[2]}, t.Data}, nil
	case 4:
		return t, nil
	}
	return t, fmt.Errorf("tensors of rank %d", len(t.Shape))
}

// pictureShape is the shape of each of N×C×H×W pictures.
func pictureShape(t torchTensor) Shape { return Shape{t.Shape[2], t.Shape[3], t.Shape[1]} }

// An onnxCall is the layer that does what a case wants, with what it is given,
// in our order.
type onnxCall struct {
	Layer
	n        int
	x        [][]float64
	w, state []float64
	want     torchTensor // N×C×H×W
	training bool
}

// call expresses the case by one of our layers. The error says why none can.
func (c *onnxCase) call() (*onnxCall, error) {
	if c.op == "Dropout" && len(c.inputs) > 2 { // the third says whether to
		return nil, errors.New("training, where each draws in its own way")
	}
	var inputs []torchTensor
	for i, t := range c.inputs {
		if t.kind != onnxFloat32 && (i == 0 || c.op != "Resize" && c.op != "Pad") {
			return nil, errors.New("values that are not float32")
		}
		inputs = append(inputs, t.torchTensor)
	}
	x, call := inputs[0], &onnxCall{want: c.outputs[0].torchTensor}
	if slices.Contains(onnxAlone, c.op) {
		x, call.want = flat(x), flat(call.want)
	}
	var err error
	if x, err = pictures(x); err != nil {
		return nil, err
	}
	if call.want, err = pictures(call.want); err != nil {
		return nil, err
	}
	call.n, call.x = x.Shape[0], [][]float64{channelsLast(x)}
	if err := c.express(call, pictureShape(x), inputs); err != nil {
		return nil, err
	}
	if len(c.attributes) > 0 {
		return nil, fmt.Errorf("attributes that are not known here: %v", slices.Sorted(maps.Keys(c.attributes)))
	}
	return call, nil
}

// express chooses the layer, with its weights and further inputs.
func (c *onnxCase) express(call *onnxCall, in Shape, inputs []torchTensor) (err error) {
	switch c.op {
	case "Relu":
		call.Layer = NewReLU("relu", in)
	case "LeakyRelu":
		call.Layer = NewLeakyReLU("relu", in, c.float("alpha", 0.01))
	case "Sigmoid":
		call.Layer = NewSigmoid("sigmoid", in)
	case "Dropout":
		c.float("ratio", 0.5)
		c.integer("seed", 0)
		call.Layer, err = NewDropout("dropout", in, 0.5)
	case "Add", "Sum":
		if len(inputs) != 2 || !slices.Equal(inputs[0].Shape, inputs[1].Shape) {
			return errors.New("not two inputs of one shape")
		}
		call.Layer = NewAdd("add", in)
		call.x = append(call.x, inputs[1].Data)
	case "Concat":
		return c.concat(call, inputs)
	case "Conv":
		return c.conv(call, in, inputs)
	case "Pad":
		return c.pad(call, in)
	case "MaxPool", "AveragePool":
		return c.pool(call, in)
	case "GlobalMaxPool":
		call.Layer = NewGlobalMaxPool("gmp", in)
	case "GlobalAveragePool":
		call.Layer = NewGlobalAveragePool("gap", in)
	case "BatchNormalization":
		return c.batchNorm(call, in, inputs)
	case "InstanceNormalization":
		if err := c.epsilon(); err != nil {
			return err
		}
		call.w = slices.Concat(inputs[1].Data, inputs[2].Data)
		call.Layer, err = NewGroupNorm("norm", in, in.C)
	case "Gemm", "MatMul":
		return c.linear(call, in, inputs)
	case "Resize":
		return c.resize(call, in)
	default:
		return errors.New("no layer that is expressed here")
	}
	return err
}

// epsilon: ours cannot be chosen.
func (c *onnxCase) epsilon() error {
	if e := c.float("epsilon", normEpsilon); e != normEpsilon {
		return fmt.Errorf("an epsilon that is not %g", normEpsilon)
	}
	return nil
}

func (c *onnxCase) batchNorm(call *onnxCall, in Shape, inputs []torchTensor) error {
	if err := c.epsilon(); err != nil {
		return err
	}
	call.training = c.integer("training_mode", 0) == 1
	if c.integer("is_test", 1) != 1 { // of old versions
		return errors.New("training in an old version")
	}
	if m := c.float("momentum", 0.9); call.training && m != 1-normMomentum {
		return fmt.Errorf("a momentum of %g", m)
	}
	call.w, call.state = slices.Concat(inputs[1].Data, inputs[2].Data), slices.Concat(inputs[3].Data, inputs[4].Data)
	call.Layer = NewBatchNorm("norm", in)
	return nil
}

func (c *onnxCase) concat(call *onnxCall, inputs []torchTensor) (err error) {
	rank := len(inputs[0].Shape)
	if axis := c.integer("axis", 1); (axis+rank)%rank != 1 {
		return errors.New("not along the channels")
	}
	call.x = nil
	var shapes []Shape
	for _, t := range inputs {
		if t, err = pictures(t); err != nil {
			return err
		}
		call.x = append(call.x, channelsLast(t))
		shapes = append(shapes, pictureShape(t))
	}
	call.Layer, err = NewConcat("concat", shapes...)
	return err
}

func (c *onnxCase) conv(call *onnxCall, in Shape, inputs []torchTensor) error {
	w := inputs[1]
	size, stride, dilation, err := c.window(w.Shape[2:]...)
	if err != nil {
		return err
	}
	s := ConvSpec{Filters: w.Shape[0], Size: size, Stride: stride, Dilation: dilation, Groups: c.integer("group", 1), Scheme: pad.Must("zeros"), Bias: len(inputs) > 2}
	if s.Sides, err = c.sides(in, (size-1)*dilation+1, stride); err != nil {
		return err
	}
	call.w = weightsLast(w, in)
	if s.Bias {
		call.w = slices.Concat(call.w, inputs[2].Data)
	}
	call.Layer, err = NewConv("conv", in, s)
	return err
}

// pad: ours is part of a convolution, here of one that changes nothing.
func (c *onnxCase) pad(call *onnxCall, in Shape) (err error) {
	mode := c.text("mode", "constant")
	scheme, ok := map[string]string{"constant": "zeros", "edge": "replicate", "reflect": "reflect"}[mode]
	if !ok || len(c.inputs) > 3 {
		return fmt.Errorf("padding by %s, with %d inputs", mode, len(c.inputs))
	}
	p, value := c.list("pads"), float64(c.float("value", 0)) // of old versions
	if len(c.inputs) > 1 {
		for _, v := range c.inputs[1].Data {
			p = append(p, int(v))
		}
	}
	if len(c.inputs) > 2 {
		value = c.inputs[2].Data[0]
	}
	if value != 0 {
		return errors.New("a constant that is not 0")
	}
	if len(p) != 8 || p[0] != 0 || p[1] != 0 || p[4] != 0 || p[5] != 0 {
		return fmt.Errorf("pads of %v", p)
	}
	call.w = slices.Repeat([]float64{1}, in.C)
	call.Layer, err = NewConv("pad", in, ConvSpec{
		Filters: in.C, Size: 1, Groups: in.C, Scheme: pad.Must(scheme),
		Sides: pad.Sides{Top: p[2], Left: p[3], Bottom: p[6], Right: p[7]},
	})
	return err
}

func (c *onnxCase) pool(call *onnxCall, in Shape) error {
	size, stride, dilation, err := c.window()
	if err != nil {
		return err
	}
	if dilation != 1 {
		return errors.New("a dilation")
	}
	sides, err := c.sides(in, size, stride)
	if err != nil {
		return err
	}
	s := PoolSpec{Size: size, Stride: stride, Pad: sides.Top, Ceil: c.integer("ceil_mode", 0) == 1, Inside: c.integer("count_include_pad", 0) == 0}
	if sides != (pad.Sides{Top: s.Pad, Bottom: s.Pad, Left: s.Pad, Right: s.Pad}) {
		return errors.New("sides that are padded differently")
	}
	if 2*s.Pad > s.Size {
		return errors.New("padding by more than half of the window")
	}
	if c.op == "MaxPool" {
		c.integer("storage_order", 0) // of a second output, where the largest values lie
		call.Layer, err = NewMaxPool("pool", in, s)
	} else {
		call.Layer, err = NewAveragePool("pool", in, s)
	}
	return err
}

func (c *onnxCase) linear(call *onnxCall, in Shape, inputs []torchTensor) error {
	w := inputs[1]
	if len(inputs[0].Shape) != 2 || len(w.Shape) != 2 {
		return errors.New("not two matrices")
	}
	if c.integer("transA", 0) != 0 || c.float("alpha", 1) != 1 || c.float("beta", 1) != 1 {
		return errors.New("a transA, alpha or beta")
	}
	c.integer("broadcast", 1) // of old versions, where it lets the bias be a vector
	outputs, weights := w.Shape[1], w.Data
	if c.integer("transB", 0) == 1 {
		outputs, weights = w.Shape[0], weightsLast(w, in)
	}
	bias := make([]float64, outputs)
	if len(inputs) > 2 {
		switch b := inputs[2].Data; len(b) {
		case outputs:
			bias = b
		case 1:
			bias = slices.Repeat(b, outputs)
		default:
			return errors.New("a bias that is a matrix")
		}
	}
	call.w = slices.Concat(weights, bias)
	call.Layer = NewLinear("linear", in, outputs)
	return nil
}

func (c *onnxCase) resize(call *onnxCall, in Shape) error {
	if mode := c.text("mode", "nearest"); mode != "linear" {
		return fmt.Errorf("%s interpolation", mode)
	}
	var sizes []float64
	switch {
	case len(c.inputs) > 3:
		sizes = c.inputs[3].Data
	case len(c.inputs) > 2 && len(c.inputs[2].Data) == len(c.inputs[0].Shape):
		for i, n := range c.inputs[0].Shape {
			sizes = append(sizes, c.inputs[2].Data[i]*float64(n))
		}
	}
	if len(sizes) != 4 {
		return fmt.Errorf("sizes of %v", sizes)
	}
	for _, v := range sizes {
		if v != math.Floor(v) { // ONNX goes on with the scale, ours with the ratio of the sizes
			return errors.New("a scale that makes no whole number of pixels")
		}
	}
	h, w := int(sizes[2]), int(sizes[3])
	how := c.text("coordinate_transformation_mode", "half_pixel")
	switch {
	case how == "half_pixel" || how == "align_corners":
	case how == "pytorch_half_pixel" && h > 1 && w > 1: // as half_pixel, but for where a single pixel lies
	default:
		return fmt.Errorf("%s for %d×%d pixels", how, h, w)
	}
	call.Layer = NewResize("resize", in, h, w, how == "align_corners")
	return nil
}

// Layers against ONNX: what they compute forward, by every kernel. Of a node
// with several outputs that is the first, and the running statistics of a
// batch norm.
func TestOnnxLayers(t *testing.T) {
	if _, err := os.Stat(onnxRoot); err != nil {
		t.Skipf("Debian's package libonnx-testdata is not installed: %v", err)
	}
	models, err := filepath.Glob(filepath.Join(onnxRoot, "*", "*", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	ran, foreign, several, leftOut := map[string]int{}, map[string]int{}, 0, map[string][]string{}
	for _, model := range models {
		folder := filepath.Dir(model)
		c, err := readCase(folder)
		if err != nil {
			t.Errorf("%s: %v", folder, err)
			continue
		}
		if c.nodes != 1 {
			several++
			continue
		}
		if _, known := onnxLeast[c.op]; !known {
			foreign[c.op]++
			continue
		}
		call, err := c.call()
		if err != nil {
			reason := c.op + ", " + err.Error()
			leftOut[reason] = append(leftOut[reason], c.name)
			continue
		}
		ran[c.op]++
		for _, k := range kernels(t) {
			t.Run(fmt.Sprintf("%s, kernel %s", c.name, k.Name), func(t *testing.T) { onnxCompare(t, c, call, k) })
		}
	}
	for op, least := range onnxLeast {
		if ran[op] < least {
			t.Errorf("%d cases of %s ran, want at least %d", ran[op], op, least)
		}
	}
	var done, left strings.Builder
	all, out, others := 0, 0, 0
	for _, op := range slices.Sorted(maps.Keys(ran)) {
		all += ran[op]
		fmt.Fprintf(&done, "\n%s: %d", op, ran[op])
	}
	for _, reason := range slices.Sorted(maps.Keys(leftOut)) {
		out += len(leftOut[reason])
		fmt.Fprintf(&left, "\n%s: %s", reason, strings.Join(leftOut[reason], ", "))
	}
	for _, n := range foreign {
		others += n
	}
	t.Logf("%d cases ran%s", all, &done)
	t.Logf("%d cases were left out%s", out, &left)
	t.Logf("%d models of several operators were left out, and %d of operators that no layer here is like: %s",
		several, others, strings.Join(slices.Sorted(maps.Keys(foreign)), ", "))
}

func onnxCompare(t *testing.T, c *onnxCase, call *onnxCall, k *kernel.Kernel) {
	check := func(what string, got []float32, want []float64) {
		if len(got) != len(want) {
			t.Fatalf("%s: %s: %d values, want %d", c.name, what, len(got), len(want))
		}
		if d := gap(got, want); !(d <= onnxTolerance) {
			t.Errorf("%s: %s is off by %g of its largest value, want at most %g", c.name, what, d, onnxTolerance)
		}
	}
	n, out, sizes := call.n, call.Out(), call.Sizes()
	if shape := []int{n, out.C, out.H, out.W}; !slices.Equal(shape, call.want.Shape) {
		t.Fatalf("%s: y has the shape %v, want %v", c.name, shape, call.want.Shape)
	}
	if want := params(call.Layer); len(call.w) != want {
		t.Fatalf("%s: %d weights, want %d", c.name, len(call.w), want)
	}
	pass := &Call{
		Kernel: k, N: n, Training: call.training, Packed: make([]float32, sizes.Packed),
		Saved: make([]float32, n*sizes.Saved), Scratch: random("temp", n*sizes.Scratch), Indices: make([]int32, n*sizes.Indices), Batch: make([]float32, sizes.Batch),
		W: narrow(call.w), State: narrow(call.state), Y: random("y", n*out.Len()),
	}
	for _, x := range call.x {
		pass.X = append(pass.X, narrow(x))
	}
	call.Pack(pass.Packed, pass.W, pass.State)
	if norm, ok := call.Layer.(*BatchNorm); ok && call.training {
		norm.Accumulate(pass)
		norm.Reduce(pass.Batch, pass.W, pass.Saved, n)
		norm.UpdateRunning(pass.State, pass.Batch, n)
		check("the running mean", norm.vector(pass.State, 0), c.outputs[1].Data)
		// ONNX has n in the denominator of the variance, we have n−1, as PyTorch.
		variance, m := slices.Clone(c.outputs[2].Data), float64(n*out.H*out.W)
		for i, v := range variance {
			old := (1 - normMomentum) * call.state[out.C+i]
			variance[i] = old + (v-old)*m/(m-1)
		}
		check("the running variance", norm.vector(pass.State, 1), variance)
	}
	call.Forward(pass)
	check("y", pass.Y, channelsLast(call.want))
}
