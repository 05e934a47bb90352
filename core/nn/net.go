package nn

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"

	"padlab/core/names"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/rng"
)

// A Node is a layer in its place in a network.
type Node struct {
	Layer
	From []Output // what it takes

	tensors map[string]string // names of its tensors, where they are not those of the layer
}

// Params are those of the layer, under the names that they have in the network.
func (n Node) Params() []Param {
	list := n.Layer.Params()
	for i, p := range list {
		if name, ok := n.tensors[p.Name]; ok {
			list[i].Name = name
		}
	}
	return list
}

// An Output is the output of a node, by the node's number; Sample is the sample
// that the network is given.
type Output int

const Sample Output = -1

// A Net is layers in topological order: each comes behind those whose outputs it
// takes, and the output of the last is the network's. All weights lie in one
// slice, the running statistics behind those that are trained, so that gradients,
// optimisers and checksums are loops over it.
type Net struct {
	Nodes     []Node
	In        Shape
	W         []float32 // all weights
	Trainable int       // how many of them follow the gradient

	kernel *kernel.Kernel
	packed []float32
	spans  []span // of each node
	plan
}

// span is where a node's share of weights, statistics and packed weights lies.
type span struct{ w, wEnd, state, stateEnd, packed, packedEnd int }

// A Builder puts layers together. The first error stops it; Net returns it.
type Builder struct {
	// Schemes of single convolutions, of pools that have one, and of bilinear
	// resizes, by name, in place of the one that they are added with.
	Schemes map[string]pad.Scheme

	// Times lets the layers that are added work on so many pictures of a sample,
	// one below the other (see [Each]), and shapes be those of one of them; 0: one.
	Times int

	// Tensors are names that tensors get in place of those that their layers give
	// them.
	Tensors map[string]string

	in      Shape
	nodes   []Node
	schemed []string // the names of all those layers so far
	err     error
}

// NewBuilder starts a network for samples of shape in.
func NewBuilder(in Shape) *Builder { return &Builder{in: in} }

// Err is the error that stopped the builder, if any did.
func (b *Builder) Err() error { return b.err }

// Len is how many layers there are so far.
func (b *Builder) Len() int { return len(b.nodes) }

// Shape is the shape of an output.
func (b *Builder) Shape(x Output) Shape {
	s := b.in
	if x != Sample {
		s = b.nodes[x].Out()
	}
	s.H /= max(b.Times, 1)
	return s
}

// add appends a layer, unless there was an error. It returns an output in any
// case, so that callers need not check.
func (b *Builder) add(l Layer, err error, from ...Output) Output {
	if b.err == nil {
		b.err = err
	}
	if b.err != nil {
		return Output(len(b.nodes) - 1)
	}
	if b.Times > 1 {
		l = Each{l, b.Times}
	}
	b.nodes = append(b.nodes, Node{l, from, b.Tensors})
	return Output(len(b.nodes) - 1)
}

// Fail says why the network cannot be built.
func (b *Builder) Fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// Conv adds a convolution of x with padding of the given extent, and what its
// scheme needs besides: a Reweight behind it, a Predict before it, or Banks in
// its place. The other methods add the layer of their name; see there.
func (b *Builder) Conv(name string, x Output, filters, size, stride int, scheme pad.Scheme, extent pad.Extent, bias bool) Output {
	in := b.Shape(x)
	return b.ConvOf(name, x, ConvSpec{Filters: filters, Size: size, Stride: stride, Scheme: scheme, Sides: extent.For(size, stride, in.H, in.W), Bias: bias})
}

// scheme is the one that the layer of that name gets, having been given another.
func (b *Builder) scheme(name string, given pad.Scheme) pad.Scheme {
	b.schemed = append(b.schemed, name)
	if s, ok := b.Schemes[name]; ok {
		return s
	}
	return given
}

// predict adds the Predict that pads x for the layer of that name.
func (b *Builder) predict(name string, x Output, sides pad.Sides) Output {
	l, err := NewPredict(name+".padding", b.Shape(x), sides)
	return b.add(l, err, x)
}

// ConvOf is Conv for any convolution.
func (b *Builder) ConvOf(name string, x Output, s ConvSpec) Output {
	if s.Scheme = b.scheme(name, s.Scheme); s.Scheme.Name == "none" {
		s.Sides = pad.Sides{}
	}
	padded := s.Sides != pad.Sides{}
	switch {
	case s.Scheme.Banks && padded:
		l, err := NewBanks(name, b.Shape(x), s)
		return b.add(l, err, x)
	case s.Scheme.Learns && padded:
		x = b.predict(name, x, s.Sides)
		s.Scheme, s.Sides = pad.Must("none"), pad.Sides{}
	}
	bias := s.Bias
	s.Bias = bias && !(s.Scheme.Reweighs && padded)
	l, err := NewConv(name, b.Shape(x), s)
	y := b.add(l, err, x)
	if s.Scheme.Reweighs && padded && b.err == nil {
		y = b.add(NewReweight(l, bias), nil, y)
	}
	return y
}

func (b *Builder) BatchNorm(name string, x Output) Output {
	return b.add(NewBatchNorm(name, b.Shape(x)), nil, x)
}

// BatchNormOf is BatchNorm with another ε.
func (b *Builder) BatchNormOf(name string, x Output, epsilon float64) Output {
	l := NewBatchNorm(name, b.Shape(x))
	l.epsilon = epsilon
	return b.add(l, nil, x)
}

func (b *Builder) ReLU(name string, x Output) Output {
	return b.add(NewReLU(name, b.Shape(x)), nil, x)
}

func (b *Builder) Add(name string, x, y Output) Output {
	if b.err == nil && b.Shape(x) != b.Shape(y) {
		b.err = fmt.Errorf("%s: %v and %v cannot be added", name, b.Shape(x), b.Shape(y))
	}
	return b.add(NewAdd(name, b.Shape(x)), nil, x, y)
}

func (b *Builder) LeakyReLU(name string, x Output, slope float32) Output {
	return b.add(NewLeakyReLU(name, b.Shape(x), slope), nil, x)
}

func (b *Builder) Clamp(name string, x Output, low, high float32) Output {
	return b.add(NewClamp(name, b.Shape(x), low, high), nil, x)
}

func (b *Builder) Sigmoid(name string, x Output) Output {
	return b.add(NewSigmoid(name, b.Shape(x)), nil, x)
}

func (b *Builder) GroupNorm(name string, x Output, groups int) Output {
	l, err := NewGroupNorm(name, b.Shape(x), groups)
	return b.add(l, err, x)
}

// GroupNormOf is GroupNorm with another ε.
func (b *Builder) GroupNormOf(name string, x Output, groups int, epsilon float64) Output {
	l, err := NewGroupNorm(name, b.Shape(x), groups)
	if err == nil {
		l.epsilon = epsilon
	}
	return b.add(l, err, x)
}

func (b *Builder) Concat(name string, x ...Output) Output {
	shapes := make([]Shape, len(x))
	for i := range x {
		shapes[i] = b.Shape(x[i])
	}
	l, err := NewConcat(name, shapes...)
	return b.add(l, err, x...)
}

func (b *Builder) Crop(name string, x Output, h, w int) Output {
	if h < 1 || w < 1 {
		b.Fail("%s: %v cannot be cut to %d×%d pixels", name, b.Shape(x), h, w)
		return x
	}
	return b.add(NewCrop(name, b.Shape(x), h, w), nil, x)
}

// Cut adds what NewCut returns.
func (b *Builder) Cut(name string, x Output, h, w int) Output {
	return b.add(NewCut(name, b.Shape(x), h, w), nil, x)
}

// Resize adds what NewResize returns, or where one of Schemes has its name, what
// ResizePadded does.
func (b *Builder) Resize(name string, x Output, h, w int, corners bool) Output {
	if s := b.scheme(name, pad.Scheme{}); s != (pad.Scheme{}) {
		if !corners {
			return b.ResizePadded(name, x, h, w, s)
		}
		b.Fail("%s: with aligned corners nothing looks over the edge: there is nothing to pad", name)
	}
	return b.add(NewResize(name, b.Shape(x), h, w, corners), nil, x)
}

// ResizePadded adds an interpolation, corners not aligned, whose outermost pixels
// lie between those of x and what a scheme puts beside them: what NewBridge returns,
// behind a Pad. None holds them at the edge, as NewResize does.
func (b *Builder) ResizePadded(name string, x Output, h, w int, scheme pad.Scheme) Output {
	if scheme.Name == "none" {
		return b.add(NewResize(name, b.Shape(x), h, w, false), nil, x)
	}
	x = b.padWith(name+".padding", x, scheme, pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 1})
	if b.err != nil {
		return x
	}
	return b.add(NewBridge(name, b.Shape(x), h, w), nil, x)
}

// Align adds what NewAlign returns.
func (b *Builder) Align(name string, x Output, h, w, top, left, step int) Output {
	return b.add(NewAlign(name, b.Shape(x), h, w, top, left, step), nil, x)
}

func (b *Builder) Dropout(name string, x Output, p float64) Output {
	l, err := NewDropout(name, b.Shape(x), p)
	return b.add(l, err, x)
}

func (b *Builder) Permute(name string, x Output) Output {
	l, err := NewPermute(name, b.Shape(x))
	return b.add(l, err, x)
}

// MaxPool adds a max-pool of 2×2 pixels with stride 2; MaxPoolOf adds any.
func (b *Builder) MaxPool(name string, x Output) Output {
	return b.MaxPoolOf(name, x, PoolSpec{Size: 2})
}

// pool adds what the scheme of a pool needs before it: a Predict. Where a scheme
// says that a window sees only what lies in the picture, a pool without one does
// just that.
func (b *Builder) pool(name string, x Output, s PoolSpec) (Output, PoolSpec) {
	if s.Scheme == (pad.Scheme{}) {
		return x, s
	}
	switch s.Scheme = b.scheme(name, s.Scheme); {
	case s.Scheme.Name == "none":
		s.Scheme, s.Pad, s.Uneven = pad.Scheme{}, 0, pad.Sides{}
	case s.Scheme.Banks, s.Scheme.Reweighs:
		s.Scheme = pad.Scheme{}
	case s.Scheme.Learns && s.sides() != (pad.Sides{}):
		x = b.predict(name, x, s.sides())
		s.Scheme, s.Pad, s.Uneven = pad.Scheme{}, 0, pad.Sides{}
	}
	return x, s
}

func (b *Builder) MaxPoolOf(name string, x Output, s PoolSpec) Output {
	x, s = b.pool(name, x, s)
	l, err := NewMaxPool(name, b.Shape(x), s)
	return b.add(l, err, x)
}

func (b *Builder) AveragePool(name string, x Output, s PoolSpec) Output {
	x, s = b.pool(name, x, s)
	l, err := NewAveragePool(name, b.Shape(x), s)
	return b.add(l, err, x)
}

func (b *Builder) GlobalMaxPool(name string, x Output) Output {
	return b.add(NewGlobalMaxPool(name, b.Shape(x)), nil, x)
}

func (b *Builder) GlobalAveragePool(name string, x Output) Output {
	return b.add(NewGlobalAveragePool(name, b.Shape(x)), nil, x)
}

func (b *Builder) Linear(name string, x Output, n int) Output {
	return b.add(NewLinear(name, b.Shape(x), n), nil, x)
}

// Nodes returns the layers in their places, or the first error. It panics
// without a layer.
func (b *Builder) Nodes() ([]Node, error) {
	for _, name := range slices.Sorted(maps.Keys(b.Schemes)) {
		if b.err == nil && !slices.Contains(b.schemed, name) {
			b.err = names.Unknown("layer that pads", name, b.schemed)
		}
	}
	if b.err != nil {
		return nil, b.err
	}
	if len(b.nodes) == 0 {
		panic("nn: a network without layers")
	}
	return b.nodes, nil
}

// Net returns the network, with all weights 0, that computes with k. It panics
// without a layer.
func (b *Builder) Net(k *kernel.Kernel) (*Net, error) {
	nodes, err := b.Nodes()
	if err != nil {
		return nil, err
	}
	n := &Net{Nodes: nodes, In: b.in, kernel: k, plan: newPlan(nodes)}
	var s span
	for _, l := range n.Nodes {
		s.w, s.state, s.packed = s.wEnd, s.stateEnd, s.packedEnd
		for _, p := range l.Params() {
			if p.State {
				s.stateEnd += p.Len()
			} else {
				s.wEnd += p.Len()
			}
		}
		s.packedEnd += l.Sizes().Packed
		n.spans = append(n.spans, s)
	}
	n.Trainable = s.wEnd
	for i := range n.spans {
		n.spans[i].state += n.Trainable
		n.spans[i].stateEnd += n.Trainable
	}
	n.W = make([]float32, s.wEnd+s.stateEnd)
	return n, nil
}

// Kernel is what the network computes with.
func (n *Net) Kernel() *kernel.Kernel { return n.kernel }

// CheckBatch returns an error unless every layer with batch statistics finds
// some in a batch of size samples.
func (n *Net) CheckBatch(size int) error {
	for _, node := range n.Nodes {
		if l, ok := node.Layer.(BatchStatistics); ok {
			if err := l.CheckBatch(size); err != nil {
				return err
			}
		}
	}
	return nil
}

// Out is the shape of what the network makes of a sample.
func (n *Net) Out() Shape { return n.Nodes[len(n.Nodes)-1].Out() }

// EachParam calls f for every tensor with its values.
func (n *Net) EachParam(f func(p Param, values []float32)) {
	n.eachParam(n.W, func(_ Node, p Param, values []float32) { f(p, values) })
}

// eachParam is EachParam for any values w that are laid out as n.W is, with the
// node that a tensor belongs to.
func (n *Net) eachParam(w []float32, f func(node Node, p Param, values []float32)) {
	for i, node := range n.Nodes {
		trained, state := n.spans[i].w, n.spans[i].state
		for _, p := range node.Params() {
			at := &trained
			if p.State {
				at = &state
			}
			f(node, p, w[*at:*at+p.Len()])
			*at += p.Len()
		}
	}
}

// Init draws all weights, each tensor from the stream that its name and the
// seed give, so that networks share the tensors that they have in common.
func (n *Net) Init(seed uint64) {
	n.EachParam(func(p Param, values []float32) {
		if p.FanIn == 0 {
			for i := range values {
				values[i] = p.Start
			}
			return
		}
		s := rng.New(seed, "weights "+p.Name)
		s.Uniform(values, float32(1/math.Sqrt(float64(p.FanIn))))
	})
	n.Pack()
}

// Pack must be called after W has changed and before the next pass.
func (n *Net) Pack() {
	for i := range n.Nodes {
		n.pack(i)
	}
}

// PackForward is Pack for one node, and for passes forward alone: these read kernels as
// they are, which Pack turns round for the way back.
func (n *Net) PackForward(o Output) {
	switch n.Nodes[o].Layer.(type) {
	case *Conv, *ConvTranspose, *Banks, *Linear:
		n.packInto()
	default:
		n.pack(int(o))
	}
}

// packInto makes room for what Pack makes.
func (n *Net) packInto() {
	if n.packed == nil {
		n.packed = make([]float32, n.spans[len(n.spans)-1].packedEnd)
	}
}

func (n *Net) pack(i int) {
	n.packInto()
	s := n.spans[i]
	n.Nodes[i].Pack(n.packed[s.packed:s.packedEnd], n.W[s.w:s.wEnd], n.W[s.state:s.stateEnd])
}

// SHA256 is the checksum of all tensors: name, shape and little-endian values.
func (n *Net) SHA256() string {
	h := sha256.New()
	n.EachParam(func(p Param, values []float32) {
		fmt.Fprintf(h, "%s %v\n", p.Name, p.Shape)
		binary.Write(h, binary.LittleEndian, values) // a hash takes every write
	})
	return hex.EncodeToString(h.Sum(nil))
}

// CopyWeights sets all weights and running statistics to those of another
// network with the same tensors, such as one that pads otherwise. The error
// names the first tensor that one of them lacks or that has another shape.
func (n *Net) CopyWeights(from *Net) error {
	values := map[string][]float32{}
	from.EachParam(func(p Param, v []float32) { values[fmt.Sprint(p.Name, p.Shape)] = v })
	var err error
	n.EachParam(func(p Param, _ []float32) {
		if _, ok := values[fmt.Sprint(p.Name, p.Shape)]; !ok && err == nil {
			err = fmt.Errorf("the other network has no tensor %s of shape %v", p.Name, p.Shape)
		}
	})
	if err == nil && len(n.W) != len(from.W) {
		err = fmt.Errorf("the other network has %d weights, not %d", len(from.W), len(n.W))
	}
	if err != nil {
		return err
	}
	n.EachParam(func(p Param, to []float32) { copy(to, values[fmt.Sprint(p.Name, p.Shape)]) })
	n.Pack()
	return nil
}
