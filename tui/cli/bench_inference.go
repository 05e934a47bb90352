package cli

import (
	"fmt"

	"padlab/core/arch"
	"padlab/core/lab/stage"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/rng"
	"padlab/tui/report"
)

// An inferenceCase is one line of the output of padlab bench --mode inference.
type inferenceCase struct {
	benchOf
	Size [2]int `json:"size"` // height and width of a picture
	benchOn
	Inference float64 `json:"inference_samples_per_second"`
	benchSpeed
	Allocs float64 `json:"allocations_per_round"`
}

// benchPictures are how many pictures each worker looks at in a round.
const benchPictures = 2

// benchInference measures how fast networks, which may be ONNX files, look at pictures:
// one after the other, so that only one of them is in memory.
func (s *session) benchInference(nets, paddings []string, size int, format string) error {
	k, err := s.kernel()
	if err != nil {
		return err
	}
	workers, err := s.crewSize()
	if err != nil {
		return err
	}
	fastest, err := kernel.Select("")
	if err != nil {
		return err
	}
	var specs []arch.Spec
	var cases []*inferenceCase
	for _, name := range nets {
		a, err := s.network(name)
		if err != nil {
			return err
		}
		for _, padding := range paddings {
			f := newInspectFlags()
			f.size, f.padding = size, padding
			spec, err := f.spec(a)
			if err != nil {
				return err
			}
			if _, err := arch.Layers(spec); err != nil {
				return err
			}
			specs = append(specs, spec)
			cases = append(cases, &inferenceCase{benchOf: benchOf{name, spec.Padding.Name}, Size: [2]int{spec.In.H, spec.In.W}, benchOn: benchOn{workers, k.Name}})
		}
	}
	crew := kernel.NewCrew(workers)
	defer crew.Close()
	head := []string{"net", "padding", "picture", "inference", "each", "GFLOPS", "of peak", "allocations"}
	return printBench(s, format, head, cases, func(i int) (float64, error) { return s.measureInference(cases[i], specs[i], k, crew, fastest) })
}

// row is what the table says of a case.
func (c *inferenceCase) row() []string {
	return []string{report.Visible(c.Net), c.Padding, fmt.Sprintf("%d×%d", c.Size[0], c.Size[1]), fmt.Sprintf("%.4g/s", c.Inference), fmt.Sprintf("%.3g ms", 1e3*float64(c.Workers)/c.Inference),
		fmt.Sprintf("%.1f", c.GFLOPS), fmt.Sprintf("%.0f %%", c.OfPeak), fmt.Sprintf("%.0f", c.Allocs)}
}

// measureInference fills in a case, and returns the peak between its rounds: see measure.
// A network without weights of its own has random ones.
func (s *session) measureInference(c *inferenceCase, spec arch.Spec, k *kernel.Kernel, crew *kernel.Crew, fastest *kernel.Kernel) (peak float64, err error) {
	nodes, err := arch.Layers(spec)
	if err != nil {
		return 0, err
	}
	memory := stage.Allowance{Limit: machineMemory() / 10 * 9}
	if err := memory.Charge(c.Net, nn.NetBytes(nodes)+int64(crew.Workers())*nn.LeanTapeBytes(nodes, spec.In), "--size, or --workers"); err != nil {
		return 0, err
	}
	net, err := built(spec, k)
	if err != nil {
		return 0, err
	}
	tapes := make([]*nn.Tape, crew.Workers())
	for i := range tapes {
		tapes[i] = net.NewLeanTape()
		source := rng.New(1, "bench", uint64(i))
		source.Uniform(tapes[i].Input(), 1)
	}
	n := benchPictures * len(tapes)
	look := func(worker, _ int) { tapes[worker].Forward() }
	infer := func() { crew.Do(n, look) }
	infer()
	var rates []float64
	for range benchRounds {
		rates = append(rates, rate(s.ctx, infer))
		if err := s.ctx.Err(); err != nil {
			return 0, err
		}
		peak = max(peak, peakFLOPS(fastest, crew))
	}
	forward, _ := arch.FLOPs(net)
	c.Inference = float64(n) * median(rates)
	c.GFLOPS = c.Inference * float64(forward) / 1e9
	c.Allocs = allocations(infer)
	return peak, nil
}
