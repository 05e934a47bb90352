package stage

import (
	"context"
	"math"

	"padlab/core/arch"
	"padlab/core/exact"
	"padlab/core/images"
	"padlab/core/nn"
	"padlab/core/pad"
)

// A Question names one test picture: an image of those that the network is tested
// on, in the order in which it is, and a view of it, for which a task on a canvas
// has the cell that the image stands in. Both count from 0, and on from the first
// behind the last.
type Question struct{ Image, View int }

// A Sight is what a network makes of one test picture.
type Sight struct {
	Image, View   int             // that was looked at
	Images, Views int             // that there are
	Picture       *images.Picture // as the Example of a Report: the mean of its channels

	// Names are those of the answers, by number: cells ("row 2, column 5"),
	// classes, and of a task that answers for every pixel the background behind
	// them. Of a read-out there are none: it is asked nothing.
	Names []string

	// Truth and Answer are numbers of answers, −1 where there is none: of a
	// read-out both, of a task that answers for every pixel the Answer, whose Truth
	// is the class of the image. The names are empty then.
	Truth, Answer         int
	TruthName, AnswerName string

	// Answers are the shares that the network gives all answers, which sum to 1 (the
	// softmax of what it makes); nil of a read-out, and of a task that answers for
	// every pixel.
	Answers []float32

	// TruthMap and AnswerMap are the answers for every pixel, row by row, nil of all
	// other tasks.
	TruthMap, AnswerMap []int32

	Layers []LayerSight // in the order of the network
}

// A LayerSight is what a layer made of the picture by itself: of a convolution
// before the activation behind it.
type LayerSight struct {
	Name, Kind string
	H, W, C    int
	Values     []float32 // H×W×C: row by row, the channels of a pixel together
	Low, High  float32   // the smallest and the largest of them that are numbers

	Kernel, Stride int // 0 and 1 where it sees all pixels, 1 and 1 where it sees one
	Field          int // pixels of the picture that a value sees, along the rows; 0: all of them

	// Of a convolution: how it is padded. Where the scheme predicts what is beyond
	// the edge, the layer before it does that; where it has filters of its own at
	// the border, the sides are how far a window would look over the edge.
	Conv   bool
	Sides  pad.Sides
	Scheme pad.Scheme

	// Of the first convolution alone. Padded is what it saw, PH×PW by channels like
	// Values; with filters of its own at the border that is the picture itself.
	// Weights are C×I×Kernel×Kernel, as PyTorch lays them out: filter by filter, of
	// each the channels one after the other, I = len(Weights)/(C·Kernel·Kernel) of
	// them, row by row; with filters of its own at the border, those of the inside.
	// Bias is one number for each filter, or nil. A value is
	//
	//	Values[i][j][n] = Bias[n] + Σ_c Σ_ky Σ_kx Padded[Stride·i+ky][Stride·j+kx][c] · Weights[n][c][ky][kx]
	//
	// unless it is dilated or in groups, as no first one of the catalog is, or
	// weighted up at the border (partial), which the layer behind it does, and adds
	// the bias.
	PH, PW        int
	Padded        []float32
	Weights, Bias []float32
}

// A Glass is a network as it was at one moment, to be looked into by any
// goroutine: the run goes on meanwhile.
type Glass struct {
	net    *nn.Net // that nobody writes to any more
	spec   arch.Spec
	seed   uint64 // of what layers draw, with the number of the picture
	before int    // pictures before the first that is looked at
	images int
	views  int
	draw   func(x []float32, image, view int)
	judge  func(s *Sight, answer []float32) // nil of a read-out
}

// See answers a question. The error is that of the context, which is looked at
// between two layers.
func (g *Glass) See(ctx context.Context, q Question) (*Sight, error) {
	s := &Sight{Image: modulo(q.Image, g.images), View: modulo(q.View, g.views), Images: g.images, Views: g.views, Truth: -1, Answer: -1}
	tape := g.net.NewTape()
	tape.Seed, tape.Step, tape.Apart = g.seed, uint64(g.before+s.Image*g.views+s.View), true
	g.draw(tape.Input(), s.Image, s.View)
	in := g.net.In
	s.Picture = images.Grey(tape.Input(), in.H, in.W, in.C)
	fields := arch.TraceLayers(g.net.Nodes)
	first := true
	for i, node := range g.net.Nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tape.Node(nn.Output(i))
		l := g.layer(tape, node, nn.Output(i))
		l.Field = fields[i].ReceptiveField
		if l.Conv && first {
			first = false
			g.open(&l, tape, node, nn.Output(i))
		}
		s.Layers = append(s.Layers, l)
	}
	if g.judge != nil {
		g.judge(s, tape.Output())
	}
	return s, ctx.Err()
}

func modulo(n, of int) int { return (n%of + of) % of }

// layer is what the node that the tape was just sent through has made.
func (g *Glass) layer(tape *nn.Tape, node nn.Node, o nn.Output) LayerSight {
	out, w := node.Out(), node.Window(nn.Rows)
	l := LayerSight{Name: node.Name(), Kind: node.Kind(), H: out.H, W: out.W, C: out.C, Kernel: w.Size, Stride: max(w.Stride, 1)}
	l.Values = append(l.Values, tape.Activation(o)...)
	l.Low, l.High = float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range l.Values {
		if v < l.Low {
			l.Low = v
		}
		if v > l.High {
			l.High = v
		}
	}
	if l.Low > l.High {
		l.Low, l.High = float32(math.NaN()), float32(math.NaN())
	}
	switch layer := node.Layer.(type) {
	case *nn.Conv:
		l.Conv, l.Sides, l.Scheme = true, layer.Sides, layer.Scheme
		if from := node.From[0]; from != nn.Sample {
			if before, ok := g.net.Nodes[from].Layer.(*nn.Predict); ok {
				l.Sides, l.Scheme = before.Window(nn.Rows).Pad, g.scheme(node.Name())
			}
		}
	case *nn.Banks:
		l.Conv, l.Sides, l.Scheme = true, layer.Sides, layer.Scheme
	}
	return l
}

// scheme is the one that a convolution was asked to have.
func (g *Glass) scheme(name string) pad.Scheme {
	if s, ok := g.spec.Layers[name]; ok {
		return s
	}
	return g.spec.Padding
}

// open adds what the first convolution saw, and by which weights.
func (g *Glass) open(l *LayerSight, tape *nn.Tape, node nn.Node, o nn.Output) {
	if _, ok := node.Layer.(*nn.Conv); ok {
		x, shape := tape.Padded(o)
		l.Padded, l.PH, l.PW = append(l.Padded, x...), shape.H, shape.W
	} else {
		in := node.In()[0]
		x := tape.Input()
		if from := node.From[0]; from != nn.Sample {
			x = tape.Activation(from)
		}
		l.Padded, l.PH, l.PW = append(l.Padded, x...), in.H, in.W
	}
	g.net.EachParam(func(p nn.Param, values []float32) {
		switch p.Name {
		case l.Name + ".bias":
			l.Bias = append(l.Bias, values...)
		case l.Name + ".weight":
			k, c, n := p.Shape[0]*p.Shape[1], p.Shape[2], p.Shape[3]
			l.Weights = make([]float32, len(values))
			for i, v := range values { // [ky·kx][c][n] → [n][c][ky·kx]
				l.Weights[(i%n*c+i/n%c)*k+i/(n*c)] = v
			}
		}
	})
}

// Glass returns the network that is tested, with its weights so far. It is called
// between two pieces of work.
func (t *Train) Glass() *Glass {
	net, err := arch.Build(t.spec, t.kernel)
	if err == nil {
		err = net.CopyWeights(t.net)
	}
	if err != nil {
		panic("stage: " + err.Error()) // it was built before
	}
	exam := t.problem.Examine(1)
	g := &Glass{net: net, spec: t.spec, seed: t.arm.Seed, images: t.problem.TestImages(), views: t.problem.Views(), draw: exam.Draw}
	names := t.problem.Names()
	g.judge = func(s *Sight, answer []float32) {
		s.Names, s.Truth = names, int(t.problem.Right(s.Image, s.View))
		s.TruthName = names[s.Truth]
		if t.task.PerPixel {
			s.TruthMap, s.AnswerMap = t.truthMap(s.Image, s.View), largestOf(answer, len(names))
			return
		}
		s.Answers = softmax(answer)
		s.Answer = int(largestOf(answer, len(answer))[0])
		s.AnswerName = names[s.Answer]
	}
	return g
}

// truthMap is the right answer for every pixel of a canvas with a test image in a
// cell: the class of the image where that is brighter than a tenth in any channel,
// and else the background.
func (t *Train) truthMap(image, cell int) []int32 {
	const inkAbove = 0.1 // as task has it
	set, patch, grid := t.set, t.arm.Data.Patch, t.arm.Canvas.Grid
	x := make([]float32, patch*patch*set.C)
	images.AreaAverage(x, patch, patch, set.Test.Image(set.Test.InTurn()[image]), set.H, set.W, set.C)
	labels := make([]int32, grid*patch*grid*patch)
	for i := range labels {
		labels[i] = int32(len(set.Classes))
	}
	for i, v := range x {
		if v > inkAbove {
			row, col := cell/grid*patch+i/set.C/patch, cell%grid*patch+i/set.C%patch
			labels[row*grid*patch+col] = t.problem.Right(image, cell)
		}
	}
	return labels
}

// largestOf is the number of the largest of every n values, the first of several.
func largestOf(values []float32, n int) (list []int32) {
	for ; len(values) >= n; values = values[n:] {
		best := 0
		for i, v := range values[:n] {
			if v > values[best] {
				best = i
			}
		}
		list = append(list, int32(best))
	}
	return list
}

// softmax is e^zᵢ / Σ e^zⱼ.
func softmax(z []float32) []float32 {
	most := z[0]
	for _, v := range z {
		most = max(most, v)
	}
	sum, powers := 0.0, make([]float64, len(z))
	for i, v := range z {
		powers[i] = exact.Exp(float64(v) - float64(most))
		sum += powers[i]
	}
	shares := make([]float32, len(z))
	for i, p := range powers {
		shares[i] = float32(p / sum)
	}
	return shares
}

// Glass returns the frozen network, which is shown what the read-out is tested on:
// its test crops, then black, white and noise. Until it has its weights, those of
// its twin count. It is called between two pieces of work.
func (r *Read) Glass() *Glass {
	f := r.frozen
	net := f.net // nothing writes to it once it has its weights
	if !f.ready {
		var err error
		if net, err = arch.Build(f.spec, f.kernel); err == nil {
			err = net.CopyWeights(f.train.net)
		}
		if err != nil {
			panic("stage: " + err.Error()) // it was built before
		}
	}
	a := f.features.Album
	return &Glass{net: net, spec: f.spec, seed: r.arm.Seed, before: a.Train, images: a.Len() - a.Train, views: 1, draw: func(x []float32, image, _ int) { a.Draw(x, a.Train+image) }}
}
