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
	Net       string  `json:"net"`
	Padding   string  `json:"padding"`
	Size      [2]int  `json:"size"` // height and width of a picture
	Workers   int     `json:"workers"`
	Kernel    string  `json:"kernel"`
	Inference float64 `json:"inference_samples_per_second"`
	GFLOPS    float64 `json:"gflops"`
	OfPeak    float64 `json:"percent_of_peak"`
	Allocs    float64 `json:"allocations_per_round"`
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
		}
	}
	crew := kernel.NewCrew(workers)
	defer crew.Close()
	var cases []inferenceCase
	peak := 0.0
	for i, spec := range specs {
		c := inferenceCase{Net: nets[i/len(paddings)], Padding: spec.Padding.Name, Size: [2]int{spec.In.H, spec.In.W}, Workers: workers, Kernel: k.Name}
		measuring := s.doing("measuring %s with %s, %d of %d", c.Net, c.Padding, i+1, len(specs))
		found, err := s.measureInference(&c, spec, k, crew, fastest)
		measuring.done()
		if err != nil {
			return err
		}
		peak = max(peak, found)
		c.OfPeak = 100 * c.GFLOPS * 1e9 / peak
		if format == "jsonl" {
			s.Write(jsonLine(c))
		}
		cases = append(cases, c)
	}
	for i := range cases {
		cases[i].OfPeak = 100 * cases[i].GFLOPS * 1e9 / peak
	}
	switch format {
	case "json":
		s.Write(jsonLine(struct {
			Schema int             `json:"schema"`
			Peak   float64         `json:"peak_gflops"`
			Cases  []inferenceCase `json:"cases"`
		}{1, peak / 1e9, cases}))
		return nil
	case "jsonl":
		return nil
	}
	rows := report.Table{{"net", "padding", "picture", "inference", "each", "GFLOPS", "of peak", "allocations"}}
	for _, c := range cases {
		rows.Add(report.Visible(c.Net), c.Padding, fmt.Sprintf("%d×%d", c.Size[0], c.Size[1]), fmt.Sprintf("%.4g/s", c.Inference), fmt.Sprintf("%.3g ms", 1e3*float64(workers)/c.Inference),
			fmt.Sprintf("%.1f", c.GFLOPS), fmt.Sprintf("%.0f %%", c.OfPeak), fmt.Sprintf("%.0f", c.Allocs))
	}
	fmt.Fprintf(s, "%s\nkernel %s, %s, peak %.0f GFLOPS\n", rows, k.Name, report.Count(workers, "worker"), peak/1e9)
	return nil
}

// measureInference fills in a case, and returns the peak between its rounds: see measure.
// A network without weights of its own has random ones.
func (s *session) measureInference(c *inferenceCase, spec arch.Spec, k *kernel.Kernel, crew *kernel.Crew, fastest *kernel.Kernel) (peak float64, err error) {
	nodes, err := arch.Layers(spec)
	if err != nil {
		return 0, err
	}
	memory := stage.Allowance{Limit: machineMemory() / 10 * 9}
	if err := memory.Charge(c.Net, nn.NetBytes(nodes)+int64(crew.Workers())*nn.TapeBytes(nodes, spec.In), "--size, or --workers"); err != nil {
		return 0, err
	}
	net, err := built(spec, k)
	if err != nil {
		return 0, err
	}
	tapes := make([]*nn.Tape, crew.Workers())
	for i := range tapes {
		tapes[i] = net.NewTape()
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
