package probe

import (
	"fmt"
	"math"

	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/position"
	"padlab/core/rng"
)

// A HeadSpec says what a convolutional read-out looks like.
type HeadSpec struct {
	Channels int // of the features
	Targets  []position.Target
	Kernel   int  // 1, 3, 5 or 7
	Depth    int  // convolutions, 1 … 3
	Padding  int  // zeros around the features, before every convolution
	Width    int  // filters of the convolutions before the last
	Norm     bool // batch norm behind every convolution
	Sigmoid  bool // at the end
}

// NewHead builds PosENet (Islam et al. 2020; official code) for pictures of
// features of 28×28 pixels: Depth−1 times a k×k convolution, batch norm and
// ReLU, then a k×k convolution to one channel, batch norm, sigmoid, and
// bilinear enlargement to 28×28, corners not aligned.
//
// Every target has a head of its own. The heads are the groups of grouped
// convolutions and share nothing, so that the bits of one do not depend on which
// other targets there are. Weights are Xavier-uniform, drawn for each target
// separately, biases 0. It is an error when the features are too small for the
// convolutions.
func NewHead(s HeadSpec, seed uint64, k *kernel.Kernel) (*nn.Net, error) {
	targets := len(s.Targets)
	b := nn.NewBuilder(nn.Shape{H: Side, W: Side, C: s.Channels})
	x := nn.Sample
	groups := 1
	for layer := range s.Depth {
		last := layer == s.Depth-1
		filters := targets
		if !last {
			filters *= s.Width
		}
		p := s.Padding
		name := fmt.Sprintf("conv%d", layer+1)
		scheme := pad.Must("zeros")
		if p == 0 {
			scheme = pad.Must("none")
		}
		x = b.ConvOf(name, x, nn.ConvSpec{Filters: filters, Size: s.Kernel, Stride: 1, Groups: groups, Scheme: scheme, Sides: pad.Sides{Top: p, Bottom: p, Left: p, Right: p}, Bias: true})
		if s.Norm {
			x = b.BatchNorm(fmt.Sprintf("bn%d", layer+1), x)
		}
		if !last {
			x = b.ReLU(fmt.Sprintf("relu%d", layer+1), x)
		}
		groups = targets
	}
	if s.Sigmoid {
		x = b.Sigmoid("sigmoid", x)
	}
	b.Resize("enlarge", x, Side, Side, false)
	net, err := b.Net(k)
	if err != nil {
		return nil, fmt.Errorf("the read-out: %w", err)
	}
	net.Init(seed)
	s.draw(net, seed)
	net.Pack()
	return net, nil
}

// draw gives the convolutions their first weights: uniform in ±√(6/(in + out)),
// where in and out count the weights at one input and at one output of the head
// of a single target (Glorot and Bengio 2010).
func (s HeadSpec) draw(net *nn.Net, seed uint64) {
	net.EachParam(func(p nn.Param, values []float32) {
		if len(p.Shape) != 4 {
			if p.FanIn != 0 { // a bias
				clear(values)
			}
			return
		}
		filters := p.Shape[3] / len(s.Targets)
		area := s.Kernel * s.Kernel
		bound := float32(math.Sqrt(6 / float64(area*(p.Shape[2]+filters))))
		own := make([]float32, len(values)/len(s.Targets))
		for t, target := range s.Targets {
			source := rng.New(seed, "read-out "+string(target)+" "+p.Name)
			source.Uniform(own, bound)
			for i := range len(own) / filters { // [ky][kx][in]
				copy(values[i*p.Shape[3]+t*filters:], own[i*filters:(i+1)*filters])
			}
		}
	})
}

// posenet is a head that is fitted by gradient descent.
type posenet struct {
	features    *Features
	spans       []span
	standardise bool
	net         *nn.Net
	trainer     *nn.Trainer
	batch       []int
	write       func(i int, x []float32)
	squared     nn.Loss
	last        float64 // the loss of the last step
}

func newPosENet(f *Features, s Spec, spans []span, steps int, k *kernel.Kernel, workers int, beside *nn.Trainer) (*posenet, error) {
	net, err := NewHead(s.HeadSpec, s.Seed, k)
	if err != nil {
		return nil, err
	}
	rate := nn.Constant(s.LR)
	if steps > 1 {
		rate = nn.StepDecay(s.LR, 0.1, max(1, 2*steps/3))
	}
	var o nn.Optimizer
	if s.Adam {
		o = nn.NewAdam(net.Trainable, nn.AdamOptions{LR: rate, Decay: s.Decay})
	} else {
		o = nn.NewSGD(net.Trainable, nn.SGDOptions{LR: rate, Momentum: 0.9, Decay: s.Decay})
	}
	p := &posenet{features: f, spans: spans, standardise: s.Standardise, net: net}
	if beside != nil {
		p.trainer = beside.Beside(net, o)
	} else {
		p.trainer = nn.NewTrainer(net, o, s.Batch, workers)
	}
	targets := len(s.Targets)
	truth := make([]float32, Side*Side*targets)
	for t, target := range s.Targets {
		for i, v := range target.Map(Side, Side) {
			truth[i*targets+t] = v
		}
	}
	p.write = func(i int, x []float32) { f.write(x, p.batch[i], spans, s.Standardise) }
	p.squared = func(_ *nn.LossScratch, _ int, dz, z []float32) float64 { return squaredError(dz, z, truth, s.Batch) }
	return p, nil
}

func (p *posenet) learn(crew *kernel.Crew, pictures []int) (finite bool) {
	p.batch = pictures
	loss, finite := p.trainer.StepWithLoss(crew, p.write, p.squared)
	if finite {
		p.last = loss
	}
	return finite
}

func (p *posenet) solveStep() bool { return false }

func (p *posenet) predict(dst []float32, picture, worker int) {
	tape := p.trainer.Tapes()[worker]
	p.features.write(tape.Input(), picture, p.spans, p.standardise)
	copy(dst, tape.Forward())
}

func (p *posenet) loss() float64  { return p.last }
func (p *posenet) params() int    { return p.net.Trainable }
func (p *posenet) sha256() string { return p.net.SHA256() }

// squaredError is the loss of a batch of n samples, mean squared errors summed
// over the targets: z and truth are 28×28×T,
//
//	L = 1/(28·28·n) Σ (z − truth)²
//
// and sets dz to the gradient. The divisor does not contain T, so that the
// gradient of one target is not rounded differently among others.
func squaredError(dz, z, truth []float32, n int) float64 {
	sum, rate := 0.0, 2/(float64(Side*Side)*float64(n))
	for i, v := range z {
		d := float64(v) - float64(truth[i])
		sum += float64(d * d)
		dz[i] = float32(rate * d)
	}
	return sum / (Side * Side * float64(n))
}
