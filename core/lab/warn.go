package lab

import (
	"fmt"
	"slices"

	"padlab/core/arch"
	"padlab/core/probe"
)

// warnings says where the geometry of an experiment tells cells apart without
// any help from the padding. Behind global pooling circular padding is blind
// to place only if every cell is a multiple of the network's total stride and
// every pooled size divides evenly: otherwise neighbouring cells fall on
// different phases of the stride, and dropped rows are missed at one side.
func warnings(arms []*arm) []string {
	var list []string
	for _, a := range arms {
		if a.readout != nil { // nothing is pooled
			if k := a.spec.Readout.Kernel; a.readout.Window() != k {
				list = append(list, fmt.Sprintf("arm %s: the ridge read-out looks at %d×%d features in place of %d×%d, which would be more than %d", a.spec.Name, a.readout.Window(), a.readout.Window(), k, k, probe.MaxRidge))
			}
			continue
		}
		stages := arch.Trace(a.trainer.Net)
		var text string
		patch := a.task.Cell()
		if stride := arch.Features(stages).Stride; patch%stride != 0 {
			text = fmt.Sprintf("cells of %d pixels are no multiple of the network's stride %d: that alone tells places apart (%s would not)",
				patch, stride, multiples(patch, stride))
		} else if i := slices.IndexFunc(stages, func(s arch.Stage) bool { return s.Dropped > 0 }); i >= 0 && a.spec.Net.Padding != "none" && a.spec.Net.Extent == "same" {
			text = fmt.Sprintf("%s drops %d of its %d rows: that alone tells places apart", stages[i].Name, stages[i].Dropped, stages[i].In.H)
		}
		if text != "" && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// multiples names the multiples of stride around patch.
func multiples(patch, stride int) string {
	below := patch / stride * stride
	if below == 0 {
		return fmt.Sprint(stride)
	}
	return fmt.Sprintf("%d or %d", below, below+stride)
}
