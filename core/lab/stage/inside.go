package stage

import (
	"fmt"
	"slices"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/probe"
	"padlab/core/task"
)

// Neurons are shown test images in every cell, at the end as many as the examination
// has, while training at most liveInside, and two of each class at least; and training
// images, each in one cell, for read-outs and the ranking: so many for each of those.
const (
	liveInside    = 40
	fittedForEach = 20
	mostFitted    = 4000
)

// inside is the part of an examination that asks what the neurons behind global
// pooling hold of where the patch is and of what it shows: how many of them, and what
// is lost without those that know left from right. It reads both out of the same
// frozen features, whatever the network has learned.
type inside struct {
	t      *Train
	net    *nn.Net // that is tested
	canvas *task.Canvas
	pool   nn.Output // whose outputs are the neurons
	head   nn.Output // the linear layer behind it that answers; 0: there is none

	fitted, images int // how many of each this examination takes

	rows, mirrored []float32 // latents of training pictures, and of these in a mirror
	cells, classes []int     // where these stand, and what they show
	read           int       // of the training pictures
	latents        *probe.Latents
	shown          int // pictures of latents

	factors  *probe.Factors
	ranking  []int
	flips    []float64
	fit      *probe.Fit
	ablation *probe.Ablation
}

// newInside returns what looks inside the network of t. The errors say what does not
// fit.
func newInside(t *Train, src *task.Source, m Means) (*inside, error) {
	net := t.net
	if t.tested != nil {
		net = t.tested
	}
	in := &inside{t: t, net: net, canvas: src.Canvas(t.arm.CanvasSpec())}
	for i, node := range slices.Backward(net.Nodes) {
		if from, out := node.In()[0], node.Out(); out.H*out.W == 1 && from.H*from.W > 1 && from.C == out.C {
			in.pool = nn.Output(i)
			break
		}
	}
	if in.pool == 0 {
		return nil, fmt.Errorf("neurons.ask: network %s has no global pooling behind which there would be neurons to ask", t.arm.Net.Arch)
	}
	last := nn.Output(len(net.Nodes) - 1)
	if net.Nodes[last].Kind() == "linear" && net.Nodes[last].From[0] == in.pool {
		in.head = last
	}
	images, rows := in.sizes(true)
	if images > in.canvas.TestImages() {
		return nil, fmt.Errorf("neurons.ask: to ask about what the patch shows takes two images of each of %d classes, and there are %d test images in all", in.classCount(), in.canvas.TestImages())
	}
	d, fitted, placements := int64(in.channels()), int64(rows), int64(images*in.canvas.Views())
	answers := int64(in.canvas.Views() + in.classCount())
	latents := 4*d*(placements+2*fitted) + 8*d*placements
	fit := 8*fitted*(2*d+answers) + 16*d*d
	hits := int64(3 * 17 * 4 * placements) // of three read-outs, at each number of neurons left out
	return in, m.Memory.Charge("what neurons hold", latents+fit+hits, "eval.images")
}

func (in *inside) channels() int { return in.net.Nodes[in.pool].Out().C }

// begin makes ready for an examination, the last one or one on the way.
func (in *inside) begin(last bool) {
	in.clear()
	in.images, in.fitted = in.sizes(last)
	d, cells := in.channels(), in.canvas.Views()
	in.rows, in.mirrored = make([]float32, in.fitted*d), make([]float32, in.fitted*d)
	in.cells, in.classes = make([]int, in.fitted), make([]int, in.fitted)
	in.latents = &probe.Latents{Images: in.images, Places: cells, Channels: d, Values: make([]float32, in.images*cells*d)}
	for i := range in.images {
		in.latents.Class = append(in.latents.Class, in.canvas.TestClass(i))
	}
}

// clear lets go of what an examination has left.
func (in *inside) clear() {
	*in = inside{t: in.t, net: in.net, canvas: in.canvas, pool: in.pool, head: in.head}
}

// sizes are how many test images an examination has, the last one or one on the way,
// and how many training images.
func (in *inside) sizes(last bool) (images, fitted int) {
	images = in.t.arm.Eval.Images
	if !last {
		images = min(images, liveInside)
	}
	images = max(images, 2*in.classCount())
	return images, min(fittedForEach*images, mostFitted)
}

// work is how many pictures an examination looks at.
func (in *inside) work(last bool) float64 {
	images, fitted := in.sizes(last)
	return float64(2*fitted + images*in.canvas.Views())
}

// advance does a piece of the work. It reports whether there is more.
func (in *inside) advance(crew *kernel.Crew) (more bool) {
	together := evalSlice * max(1, min(in.canvas.Views(), sliceView/in.t.spec.In.Len()))
	switch {
	case in.read < in.fitted:
		n := min(together, in.fitted-in.read)
		crew.Do(n, func(worker, piece int) { in.place(in.t.tapes[worker], in.read+piece) })
		in.read += n
	case in.shown < in.images*in.latents.Places:
		n := min(together, in.images*in.latents.Places-in.shown)
		crew.Do(n, func(worker, piece int) { in.show(in.t.tapes[worker], in.shown+piece) })
		in.shown += n
	case in.factors == nil:
		f := probe.FactorsOf(crew, in.latents)
		in.factors = &f
		in.flips = probe.FlipDifferences(in.rows, in.mirrored, in.channels())
		in.ranking = probe.Rank(in.flips)
		in.fit = probe.NewFit(in.rows, in.channels())
		in.fit.Ask(in.latents.Places, in.cells)
		in.fit.Ask(in.classCount(), in.classes)
	case in.ablation == nil:
		if !in.fit.Step(crew) {
			in.ablation = probe.NewAblation(in.latents, in.asked(), in.ranking, in.t.arm.Seed)
		}
	default:
		return in.ablation.Step(crew) && in.t.arm.Neurons.Ask == experiment.AskAblation
	}
	return true
}

func (in *inside) classCount() int { return len(in.canvas.Classes) }

// place takes the latents of a training picture, as it is and in a mirror.
func (in *inside) place(tape *nn.Tape, i int) {
	in.cells[i], in.classes[i] = in.canvas.Placement(in.t.arm.Seed, i, tape.Input())
	tape.Step = uint64(i)
	mirrored := slices.Clone(tape.Input())
	mirror(mirrored, in.t.spec.In)
	d := in.channels()
	copy(in.rows[i*d:(i+1)*d], tape.ForwardTo(in.pool))
	copy(tape.Input(), mirrored)
	copy(in.mirrored[i*d:(i+1)*d], tape.ForwardTo(in.pool))
}

// show takes the latent of a test image in a cell.
func (in *inside) show(tape *nn.Tape, i int) {
	image, cell := i/in.latents.Places, i%in.latents.Places
	in.canvas.Draw(tape.Input(), image, cell)
	tape.Step = uint64(in.fitted + i)
	copy(in.latents.At(image, cell), tape.ForwardTo(in.pool))
}

// mirror exchanges left and right of a picture.
func mirror(x []float32, s nn.Shape) {
	for row := range slices.Chunk(x, s.W*s.C) {
		for a, b := 0, s.W-1; a < b; a, b = a+1, b-1 {
			for c := range s.C {
				row[a*s.C+c], row[b*s.C+c] = row[b*s.C+c], row[a*s.C+c]
			}
		}
	}
}

// state is what pictures have left so far, of n training pictures [n, D] as they are
// and [n, D] in a mirror, then of test pictures [m, D]. What is made of them
// takes a second or two, and is made again.
func (in *inside) state() []float32 {
	d := in.channels()
	return slices.Concat(in.rows[:in.read*d], in.mirrored[:in.read*d], in.latents.Values[:in.shown*d])
}

// restore takes back what state has returned, in an examination that has begun.
func (in *inside) restore(state []float32) error {
	d := in.channels()
	rows := len(state) / d
	in.read, in.shown = rows/2, 0
	if in.read >= in.fitted {
		in.read, in.shown = in.fitted, rows-2*in.fitted
	}
	if (2*in.read+in.shown)*d != len(state) || in.shown > in.images*in.latents.Places {
		return fmt.Errorf("what neurons hold has %d numbers, which are no latents of %d channels", len(state), d)
	}
	for _, part := range [][]float32{in.rows[:in.read*d], in.mirrored[:in.read*d], in.latents.Values[:in.shown*d]} {
		state = state[copy(part, state):]
	}
	x := make([]float32, in.t.spec.In.Len())
	for i := range in.read {
		in.cells[i], in.classes[i] = in.canvas.Placement(in.t.arm.Seed, i, x)
	}
	return nil
}

// asked are the read-outs of place and class, and the head of the network.
func (in *inside) asked() []probe.Asked {
	place := func(_, cell int) int { return cell }
	class := func(image, _ int) int { return in.latents.Class[image] }
	list := []probe.Asked{
		{Name: metric.Location, Read: in.fit.Read(0), Right: place, Of: in.latents.Places},
		{Name: metric.Class, Read: in.fit.Read(1), Right: class, Of: in.classCount()},
	}
	if in.head == 0 {
		return list
	}
	head := probe.Asked{Name: metric.Head, Read: in.headOf(), Right: class, Of: in.classCount()}
	if in.t.task.Places {
		head.Right, head.Of = place, in.latents.Places
	}
	return append(list, head)
}

// headOf is the trained head as a read-out.
func (in *inside) headOf() *probe.Linear {
	name := in.net.Nodes[in.head].Name()
	r := &probe.Linear{}
	in.net.EachParam(func(p nn.Param, values []float32) {
		switch p.Name {
		case name + ".bias":
			for _, v := range values {
				r.Bias = append(r.Bias, float64(v))
			}
		case name + ".weight": // [channel][answer]
			answers := p.Shape[1]
			for k := range answers {
				w := make([]float64, p.Shape[0])
				for i := range w {
					w[i] = float64(values[i*answers+k])
				}
				r.Weights = append(r.Weights, w)
			}
		}
	})
	return r
}

// results are what was found; maps go through the neurons in descending order of
// what changes in a mirror.
func (in *inside) results() (scores []metric.Score, profiles []metric.Profile, maps []metric.Map) {
	scores = in.ablation.Accuracies(testImages)
	if in.t.arm.Neurons.Ask == experiment.AskAblation {
		gaps, curves := in.ablation.Results(testImages)
		scores, profiles = append(scores, gaps...), curves
	}
	f := in.factors
	over := metric.Interval{Over: metric.Images, Units: f.Images}
	n := in.images * in.latents.Places
	for _, one := range []struct {
		target string
		probe.Factor
	}{{metric.Location, f.Location}, {metric.Class, f.Class}, {metric.Residual, f.Residual}} {
		add := func(name string, value, low, high float64) {
			scores = append(scores, metric.Score{Key: metric.Key{Metric: name, Target: one.target, Images: testImages},
				Value: metric.Number(value), Low: metric.Number(low), High: metric.Number(high), Interval: over, N: n, Chance: metric.NaN})
		}
		if one.target != metric.Residual {
			add(metric.FactorScore, one.Score, one.Low, one.High)
		}
		add(metric.DimensionShare, one.Share, one.ShareLow, one.ShareHigh)
		add(metric.Dimensions, float64(one.Dimensions), float64(metric.NaN), float64(metric.NaN))
	}
	neurons := func(name, target, images string, value func(channel int) float64) {
		m := metric.Map{Key: metric.Key{Metric: name, Target: target, Images: images}}
		m.Rows, m.Cols = oblong(len(in.ranking))
		for _, c := range in.ranking {
			m.Values = append(m.Values, metric.Number(value(c)))
		}
		maps = append(maps, m)
	}
	neurons(metric.FlipDifference, "", trainingImages, func(c int) float64 { return in.flips[c] })
	neurons(metric.FactorScore, metric.Location, testImages, func(c int) float64 { return f.Location.Neurons[c] })
	neurons(metric.FactorScore, metric.Class, testImages, func(c int) float64 { return f.Class.Neurons[c] })
	neurons(metric.Channel, "", trainingImages, func(c int) float64 { return float64(c) })
	return scores, profiles, maps
}

// Neurons are ranked on the pictures that read-outs are fitted to, so that what is
// lost without the first of them is measured on others.
const (
	testImages     = "test"
	trainingImages = "training"
)

// oblong are the rows and columns of a map of n values, as square as n can be.
func oblong(n int) (rows, cols int) {
	rows = 1
	for r := 2; r*r <= n; r++ {
		if n%r == 0 {
			rows = r
		}
	}
	return rows, n / rows
}
