package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func init() { benchRound = 10 * time.Millisecond }

// A bench of one case, with every key that the comparison with PyTorch reads.
func TestBench(t *testing.T) {
	o := padlab(t, "bench", "--net", "S", "--padding", "edge", "--workers", "1", "--format", "jsonl")
	if o.code != exitOK || o.err != "" || strings.Count(o.out, "\n") != 1 {
		t.Fatalf("%d %s%s", o.code, o.err, o.out)
	}
	var c map[string]any
	if err := json.Unmarshal([]byte(o.out), &c); err != nil {
		t.Fatal(err)
	}
	if c["net"] != "S" || c["padding"] != "replicate" || c["workers"] != 1.0 || c["kernel"] == "" {
		t.Error(o.out)
	}
	for _, key := range []string{"samples_per_second", "inference_samples_per_second", "gflops", "percent_of_peak"} {
		if v, _ := c[key].(float64); v <= 0 {
			t.Errorf("%s is %v", key, c[key])
		}
	}
	if share := c["percent_of_peak"].(float64); share > 100 {
		t.Errorf("%g %% of the peak", share)
	}
	if c["allocations_per_step"].(float64) >= 1 {
		t.Error(o.out)
	}
	for flags, want := range map[string]string{
		"--net X": `unknown network "X"`, "--padding zeross": `did you mean "zeros"?`, "--format csv": `unknown format "csv"`, "--workers x": "an integer",
	} {
		o := padlab(t, append([]string{"bench"}, strings.Fields(flags)...)...)
		if o.code != exitUsage || !strings.Contains(o.err, want) {
			t.Errorf("%s: %d %s, want %s", flags, o.code, o.err, want)
		}
	}
}

// Any network is measured as it looks at pictures, a file among them.
func TestBenchOfInference(t *testing.T) {
	o := padlab(t, "bench", "--mode", "inference", "--net", "near,"+graphs+"mobile.onnx", "--workers", "1", "--format", "json")
	o.want(t, exitOK, "")
	var found struct {
		Peak  float64 `json:"peak_gflops"`
		Cases []inferenceCase
	}
	if err := json.Unmarshal([]byte(o.out), &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Cases) != 2 || found.Peak <= 0 || found.Cases[1].Net != graphs+"mobile.onnx" || found.Cases[1].Size != [2]int{16, 16} {
		t.Fatal(o.out)
	}
	for _, c := range found.Cases {
		if c.Inference <= 0 || c.GFLOPS <= 0 || !(c.OfPeak > 0 && c.OfPeak <= 100) || c.Allocs >= 1 {
			t.Errorf("%+v", c)
		}
	}
	for flags, want := range map[string]string{
		"--mode inference --net neer": `did you mean "near"?`, "--mode inference --net gone.onnx": "gone.onnx", "--mode infer": `unknown mode "infer"`, "--size 3": "--size is for --mode inference",
		"--mode inference --net resnet50 --size 4000": "--size must be an integer from 1 to 1024", "--mode inference --net near --size 0": "--size must be", "--mode inference --net near --size 2": "smallest picture that works",
	} {
		if o := padlab(t, append([]string{"bench"}, strings.Fields(flags)...)...); o.code != exitUsage || !strings.Contains(o.err, want) {
			t.Errorf("%s: %d %s, want %s", flags, o.code, o.err, want)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("median %g", got)
	}
}

// An interruption ends the measurement, and nothing half-measured is printed.
func TestBenchIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := within(t, &session{ctx: ctx}, "bench", "--net", "S", "--padding", "zeros")
	if o.want(t, exitInterrupted, ""); o.out != "" {
		t.Error(o.out)
	}
}
