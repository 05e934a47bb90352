package arch

import "padlab/core/nn"

// A Stage is the geometry behind one layer of a network, along the rows; the
// columns of our square pictures are alike.
type Stage struct {
	Name           string
	In, Out        nn.Shape
	Stride         int // pixels of the picture between neighbouring outputs
	ReceptiveField int // pixels of the picture that an output sees; 0: all of them
	Top, Left      int // where the first output looks: half pixels from the middle of the first pixel
	Dropped        int // input rows behind the last window, which no output sees
}

// Trace follows the geometry through a network. With jump j₀ = 1 and field
// r₀ = 1, a layer of window k and stride s has j = j₀·s and
// r = r₀ + (k−1)·j₀, where k includes the pixels that dilation skips; with
// padding p before it, its first output looks (k−1−2p)·j₀ half pixels further in.
// Where branches meet, the wider field counts, and the place of the first.
func Trace(net *nn.Net) []Stage { return TraceLayers(net.Nodes) }

// TraceLayers is Trace for the nodes of a network that need not be built.
func TraceLayers(nodes []nn.Node) []Stage {
	stages := make([]Stage, len(nodes))
	for i, l := range nodes {
		w, in := l.Window(nn.Rows), l.In()[0]
		stage := Stage{Name: l.Name(), In: in, Out: l.Out(), Stride: 1, ReceptiveField: 1}
		for j, from := range l.From {
			if from != nn.Sample {
				before := stages[from]
				stage.Stride = before.Stride
				if j == 0 {
					stage.Top, stage.Left = before.Top, before.Left
				}
				if seesAll := stage.ReceptiveField == 0; j == 0 || !seesAll && (before.ReceptiveField == 0 || before.ReceptiveField > stage.ReceptiveField) {
					stage.ReceptiveField = before.ReceptiveField
				}
			}
		}
		if w.Size == 0 {
			stage.ReceptiveField = 0
		} else {
			if stage.ReceptiveField > 0 {
				stage.ReceptiveField += (w.Span() - 1) * stage.Stride
			}
			stage.Top += (w.Span() - 1 - 2*w.Pad.Top) * stage.Stride
			stage.Left += (w.Span() - 1 - 2*w.Pad.Left) * stage.Stride
			stage.Stride *= w.Stride
			stage.Dropped = (in.H + w.Pad.Top + w.Pad.Bottom - w.Span()) % w.Stride
		}
		stages[i] = stage
	}
	return stages
}

// Features returns the last stage before global pooling: its stride is the
// total stride of the network.
func Features(stages []Stage) Stage {
	for i, s := range stages {
		if s.ReceptiveField == 0 {
			return stages[max(i-1, 0)]
		}
	}
	return stages[len(stages)-1]
}

// FLOPs counts the floating-point operations of one sample, a multiplication
// and an addition being two: forward, and forward and backward together. Only
// convolutions and linear layers count. Backward computes the gradient of the
// weights and, but for a layer that sees the sample itself, that of the input,
// each as many operations as forward.
func FLOPs(net *nn.Net) (forward, training int) {
	for _, l := range net.Nodes {
		params := l.Params()
		if len(params) == 0 || len(params[0].Shape) == 1 {
			continue
		}
		n := 2 * params[0].Len() * l.Out().H * l.Out().W
		forward += n
		training += 3 * n
		if l.From[0] == nn.Sample {
			training -= n
		}
	}
	return forward, training
}
