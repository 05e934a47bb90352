package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/rng"
	"padlab/tui/report"
)

// The cases of padlab bench: 49 classes, batches of 32, SGD with momentum, as
// in the comparison with PyTorch.
const (
	benchBatch   = 32
	benchClasses = 49
	benchRounds  = 7
	peakBursts   = 10 // of some 10 ms, between two rounds
)

var benchRound = 300 * time.Millisecond // tests take shorter ones

// benchSides are the reference networks with the side of their pictures.
var benchSides = map[string]int{"S": 32, "M": 64, "L": 32}

// A benchCase is one line of the output.
type benchCase struct {
	benchOf
	benchOn
	Training  float64 `json:"samples_per_second"`
	Inference float64 `json:"inference_samples_per_second"`
	benchSpeed
	Allocs float64 `json:"allocations_per_step"`
}

// benchOf is what is measured.
type benchOf struct {
	Net     string `json:"net"`
	Padding string `json:"padding"`
}

func (b benchOf) of() string { return b.Net + " with " + b.Padding }

// benchOn is what it is measured on.
type benchOn struct {
	Workers int    `json:"workers"`
	Kernel  string `json:"kernel"`
}

func (b benchOn) on() string {
	return fmt.Sprintf("kernel %s, %s", b.Kernel, report.Count(b.Workers, "worker"))
}

// benchSpeed is how much is computed in a second: in training where that is measured.
type benchSpeed struct {
	GFLOPS float64 `json:"gflops"`
	OfPeak float64 `json:"percent_of_peak"` // see peakFLOPS
}

// compare sets the share of a peak.
func (b *benchSpeed) compare(peak float64) { b.OfPeak = 100 * b.GFLOPS * 1e9 / peak }

// A benched is a case of either mode.
type benched interface {
	of() string
	on() string
	compare(peak float64)
	row() []string // of the table
}

// benchCommand is padlab bench and its flags.
func (s *session) benchCommand() *cobra.Command {
	nets, paddings, mode, size, format := "S,M,L", "zeros,reflect", "training", 0, "text"
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast this machine trains",
		Long: `Bench trains the reference networks on random pictures and prints the median of
several rounds: samples per second of training and of inference, the share of
this machine's peak, which is the best that it measures between those rounds, and
the allocations of a step.

With --mode inference it measures any networks, which look at one picture after
another: those that net.arch takes, and ONNX files with their weights.`,
		Example: "  padlab bench --net S,L\n  padlab bench --mode inference --net resnet50,mine.onnx --workers 1",
		Args:    nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := oneOf("format", format, "text", "json", "jsonl"); err != nil {
				return err
			}
			if err := oneOf("mode", mode, "training", "inference"); err != nil {
				return err
			}
			if mode == "inference" {
				if !c.Flags().Changed("padding") {
					paddings = "zeros"
				}
				if c.Flags().Changed("size") && size < 1 {
					return fmt.Errorf("--size must be an integer from 1 to %d: %d", maxSide, size)
				}
				return s.benchInference(strings.Split(nets, ","), strings.Split(paddings, ","), size, format)
			}
			if size != 0 {
				return see(c, errors.New("--size is for --mode inference: the networks that are trained have pictures of one size"))
			}
			return s.bench(strings.Split(nets, ","), strings.Split(paddings, ","), format)
		},
	}
	flags := c.Flags()
	flags.StringVar(&nets, "net", nets, "`NETWORKS`: of S, M, L; with --mode inference any, and ONNX files")
	flags.StringVar(&mode, "mode", mode, "`MODE`: training, or inference")
	flags.IntVar(&size, "size", size, "`N`×N pixels, with --mode inference; left out: the network's own")
	flags.StringVar(&paddings, "padding", paddings, "padding schemes")
	flags.StringVar(&format, "format", format, "text, json or jsonl")
	return c
}

// bench builds all trainers before it measures any, so that a slip in the last of
// them is told at once.
func (s *session) bench(nets, paddings []string, format string) error {
	k, err := s.kernel()
	if err != nil {
		return err
	}
	workers, err := s.crewSize()
	if err != nil {
		return err
	}
	crew := kernel.NewCrew(workers)
	defer crew.Close()
	var trainers []*nn.Trainer
	var cases []*benchCase
	for _, name := range nets {
		side := benchSides[name]
		if err := oneOf("network", name, "S", "M", "L"); err != nil {
			return err
		}
		for _, padding := range paddings {
			scheme, err := pad.Parse(padding)
			if err != nil {
				return err
			}
			net, err := arch.Build(arch.Spec{
				Arch: arch.Must(name), In: nn.Shape{H: side, W: side, C: 3}, Classes: benchClasses, Padding: scheme, Extent: pad.Same, Bias: true,
			}, k)
			if err != nil {
				return err
			}
			net.Init(1)
			trainers = append(trainers, nn.NewTrainer(net, nn.NewSGD(net.Trainable, nn.SGDOptions{LR: nn.Constant(0.01), Momentum: 0.9}), benchBatch, workers))
			cases = append(cases, &benchCase{benchOf: benchOf{name, scheme.Name}, benchOn: benchOn{workers, k.Name}})
		}
	}
	fastest, err := kernel.Select("") // the peak is the machine's, whichever kernel is measured
	if err != nil {
		return err
	}
	head := []string{"net", "padding", "training", "inference", "GFLOPS", "of peak", "allocations"}
	return printBench(s, format, head, cases, func(i int) (float64, error) { return measure(s.ctx, cases[i], trainers[i], crew, fastest) })
}

// row is what the table says of a case.
func (c *benchCase) row() []string {
	return []string{c.Net, c.Padding, fmt.Sprintf("%.0f/s", c.Training), fmt.Sprintf("%.0f/s", c.Inference),
		fmt.Sprintf("%.1f", c.GFLOPS), fmt.Sprintf("%.0f %%", c.OfPeak), fmt.Sprintf("%.0f per step", c.Allocs)}
}

// printBench measures cases one after the other, and prints each when it is measured, for
// jsonl, or all of them at the end. The function fills in a case, and returns the peak
// between its rounds.
func printBench[C benched](s *session, format string, head []string, cases []C, measure func(i int) (peak float64, err error)) error {
	peak := 0.0
	for i, c := range cases {
		measuring := s.doing("measuring %s, %d of %d", c.of(), i+1, len(cases))
		found, err := measure(i)
		measuring.done()
		if err != nil {
			return err
		}
		peak = max(peak, found)
		if format == "jsonl" {
			c.compare(peak)
			s.Write(jsonLine(c))
		}
	}
	if format == "jsonl" {
		return nil
	}
	rows := report.Table{head}
	for _, c := range cases {
		c.compare(peak)
		rows.Add(c.row()...)
	}
	if format == "json" {
		s.Write(jsonLine(struct {
			Schema int     `json:"schema"`
			Peak   float64 `json:"peak_gflops"`
			Cases  []C     `json:"cases"`
		}{1, peak / 1e9, cases}))
		return nil
	}
	fmt.Fprintf(s, "%s\n%s, peak %.0f GFLOPS\n", rows, cases[0].on(), peak/1e9)
	return nil
}

// measure fills in a case, and returns the peak of that kernel between its
// rounds: a peak of other moments may be that of another clock rate, or of a
// machine that had other things to do. The error is that of the context.
func measure(ctx context.Context, c *benchCase, t *nn.Trainer, crew *kernel.Crew, fastest *kernel.Kernel) (peak float64, err error) {
	pictures := make([][]float32, benchBatch)
	for i := range pictures {
		source := rng.New(1, "bench", uint64(i))
		pictures[i] = make([]float32, t.Net.In.Len())
		source.Uniform(pictures[i], 1)
	}
	sample := nn.Sampler(func(i int, x []float32) int {
		copy(x, pictures[i])
		return i % benchClasses
	})
	step := func() { t.Step(crew, sample) }
	tapes := t.Tapes()
	look := func(worker, i int) {
		copy(tapes[worker].Input(), pictures[i])
		tapes[worker].Forward()
	}
	infer := func() { crew.Do(benchBatch, look) }
	step()
	var training, inference []float64
	for range benchRounds {
		training = append(training, rate(ctx, step))
		inference = append(inference, rate(ctx, infer))
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		peak = max(peak, peakFLOPS(fastest, crew))
	}
	c.Training, c.Inference = benchBatch*median(training), benchBatch*median(inference)
	_, flops := arch.FLOPs(t.Net)
	c.GFLOPS = c.Training * float64(flops) / 1e9
	c.Allocs = allocations(step)
	return peak, nil
}

// rate is how often f runs in a second, over one round, or until the context is
// done.
func rate(ctx context.Context, f func()) float64 {
	start := time.Now()
	for n := 1.0; ctx.Err() == nil; n++ {
		f()
		if passed := time.Since(start); passed >= benchRound {
			return n / passed.Seconds()
		}
	}
	return 0
}

// median sorts the list and returns what is in its middle.
func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// peakFLOPS is what all workers together reach on registers alone, per second:
// the best of several bursts, as whatever else the machine does can only take
// away from it.
func peakFLOPS(k *kernel.Kernel, crew *kernel.Crew) float64 {
	const rounds = 4_000_000
	flops, best := make([]int, crew.Workers()), 0.0
	for range peakBursts {
		start := time.Now()
		crew.Do(len(flops), func(_, i int) { flops[i] = k.Peak(rounds) })
		passed, sum := time.Since(start), 0
		for _, n := range flops {
			sum += n
		}
		best = max(best, float64(sum)/passed.Seconds())
	}
	return best
}

// allocations is the mean number of allocations of ten calls.
func allocations(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		f()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / 10
}
