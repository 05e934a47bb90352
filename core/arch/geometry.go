package arch

import "padlab/core/nn"

// A Stage is the geometry behind one layer of a network, along the rows; the
// columns of our square pictures are alike.
type Stage struct {
	Name           string
	In, Out        nn.Shape
	Stride         int // pixels of the picture between neighbouring outputs
	ReceptiveField int // pixels of the picture that an output sees; 0: all of them
	Dropped        int // input rows behind the last window, which no output sees
}

// Trace follows the geometry through a network. With jump j₀ = 1 and field
// r₀ = 1, a layer of window k and stride s has j = j₀·s and
// r = r₀ + (k−1)·j₀.
func Trace(net *nn.Net) []Stage {
	var stages []Stage
	jump, field := 1, 1
	for _, l := range net.Layers {
		w := l.Window()
		stage := Stage{Name: l.Name(), In: l.In(), Out: l.Out()}
		if w.Size == 0 {
			field = 0
		} else {
			if field > 0 {
				field += (w.Size - 1) * jump
			}
			jump *= w.Stride
			stage.Dropped = (l.In().H + w.Pad.Top + w.Pad.Bottom - w.Size) % w.Stride
		}
		stage.Stride, stage.ReceptiveField = jump, field
		stages = append(stages, stage)
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
// layers with weights count. Backward computes the gradient of the weights
// and, but for the first layer, that of the input, each as dear as forward.
func FLOPs(net *nn.Net) (forward, training int) {
	first := true
	for _, l := range net.Layers {
		params := l.Params()
		if len(params) == 0 {
			continue
		}
		n := 2 * params[0].Len() * l.Out().H * l.Out().W
		forward += n
		training += 3 * n
		if first {
			training -= n
			first = false
		}
	}
	return forward, training
}
