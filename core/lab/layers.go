package lab

import (
	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/lab/stage"
	"padlab/core/nn"
	"padlab/core/task"
)

// Convolutions names the convolutions of the network of an experiment, in the
// order of the network: those whose scheme net.layers.NAME.padding sets. The error
// says why there is no such network.
func Convolutions(e *experiment.Experiment) ([]string, error) {
	arms, err := e.Expand()
	if err != nil {
		return nil, err
	}
	spec, err := stage.ArchSpec(arms[0], nil)
	if err != nil {
		return nil, err
	}
	side := e.Side()
	if e.Reads() {
		side = e.Readout.Size
	}
	spec.In.H, spec.In.W, spec.In.C = side, side, 3
	spec.Classes = 2
	if learns := e.Learns(); learns != "" && task.Must(learns).PerPixel {
		spec.Head = e.Net.Head
	}
	nodes, err := arch.Layers(spec)
	if err != nil {
		return nil, err
	}
	return convolutions(nodes), nil
}

// Convolutions is that of the network of an arm that was built, which may have come
// from a file.
func (r *Run) Convolutions(arm int) []string {
	stages := r.replicas[arm].stages
	nodes, err := arch.Layers(stages[len(stages)-1].Spec())
	if err != nil {
		panic("lab: " + err.Error()) // it was built before
	}
	return convolutions(nodes)
}

func convolutions(nodes []nn.Node) (names []string) {
	for _, n := range nodes {
		if n.Kind() == "conv" && n.Window(nn.Rows).Size > 1 {
			names = append(names, n.Name())
		}
	}
	return names
}
