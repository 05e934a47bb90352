package probe

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"padlab/core/arch"
	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
	"padlab/core/position"
	"padlab/datasets"
)

var long = flag.Bool("long", false, "run the tests that take a minute")

func photos(t *testing.T) []images.Photo {
	t.Helper()
	list, err := datasets.Photos(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func crew(t *testing.T, workers int) *kernel.Crew {
	c := kernel.NewCrew(workers)
	t.Cleanup(c.Close)
	return c
}

// fit runs a read-out to its end.
func fit(t *testing.T, f *Features, s Spec, c *kernel.Crew) *Readout {
	t.Helper()
	r, err := NewReadout(f, s, fastest(t), c.Workers(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for !r.Done() {
		r.Advance(c)
	}
	return r
}

func fastest(t *testing.T) *kernel.Kernel {
	t.Helper()
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// random is a frozen network with random weights and biases.
func random(t *testing.T, padding string, side int) *nn.Net {
	t.Helper()
	net, err := arch.Build(arch.Spec{Arch: arch.Must("small"), In: nn.Shape{H: side, W: side, C: 1}, Classes: 2, Padding: pad.Must(padding), Extent: pad.Same, Bias: true}, fastest(t))
	if err != nil {
		t.Fatal(err)
	}
	net.Init(3)
	return net
}

func read(t *testing.T, net *nn.Net, a *Album, workers, bytes int) *Features {
	t.Helper()
	taps := arch.Must("small").Taps
	f, err := newFeatures(net, taps, a, workers, 1, bytes)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func find(t *testing.T, r *Readout, name string, target position.Target, kind string) metric.Score {
	t.Helper()
	s, ok := metric.Find(r.Scores, metric.Key{Metric: name, Target: string(target), Images: kind})
	if !ok {
		t.Fatalf("no %s of %s on %s", name, target, kind)
	}
	return s
}

var paper = Spec{
	HeadSpec: HeadSpec{Targets: []position.Target{position.H}, Kernel: 3, Depth: 1, Width: 32, Norm: true, Sigmoid: true},
	Taps:     []string{"relu1", "relu2", "relu4"}, Standardise: true, LR: 0.1, Decay: 1e-4, Epochs: 4, Batch: 8, EvalEvery: 10, Seed: 1,
}

// paper.md §2.4: on a constant picture only zeros, constant and partial leave
// anything that tells places apart. All settings are small; the numbers that
// the paper reports are looked at in TestSqueezeNet.
func TestOnlyZerosShowOnConstantPictures(t *testing.T) {
	c := crew(t, 2)
	for padding, shows := range map[string]bool{"zeros": true, "circular": false, "reflect": false, "replicate": false, "none": false} {
		a, err := NewAlbum(photos(t), AlbumSpec{Side: 64, Channels: 1, Train: 24, Test: 8, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		r := fit(t, read(t, random(t, padding, 64), a, 2, MaxBytes), paper, c)
		for _, kind := range []string{position.Black, position.White} {
			s := find(t, r, metric.SPC, position.H, kind)
			if shows && (s.Value == 0 || s.Constant != 0) || !shows && (s.Value != 0 || s.Constant != 1) {
				t.Errorf("%s, %s: SPC %g, %d constant predictions", padding, kind, s.Value, s.Constant)
			}
			if !math.IsNaN(float64(s.Low)) {
				t.Errorf("an interval over one picture: %g", s.Low)
			}
		}
		if s := find(t, r, metric.SPC, position.H, position.Natural); shows != (s.Value > 0.4) {
			t.Errorf("%s: SPC %g on photographs", padding, s.Value)
		}
	}
}

// The same bits for any number of workers, whatever fits into memory, and
// whatever else is read out.
func TestReadoutBits(t *testing.T) {
	a, err := NewAlbum(photos(t), AlbumSpec{Side: 48, Channels: 1, Train: 16, Test: 8, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	net := random(t, "zeros", 48)
	deep := paper
	deep.Depth, deep.Width, deep.Epochs, deep.Padding = 3, 4, 2, 1
	thirds := paper
	thirds.Batch = 3 // its quotients are not exact
	for name, s := range map[string]Spec{"one layer": paper, "three layers": deep, "batches of three": thirds} {
		want := fit(t, read(t, net, a, 1, MaxBytes), s, crew(t, 1))
		for _, other := range []struct{ workers, bytes int }{{3, MaxBytes}, {2, 0}, {2, 5 * 4 * 28 * 28 * 112}} {
			got := fit(t, read(t, net, a, other.workers, other.bytes), s, crew(t, other.workers))
			if got.SHA256() != want.SHA256() || find(t, got, metric.MAE, position.H, position.Natural) != find(t, want, metric.MAE, position.H, position.Natural) {
				t.Errorf("%s: %d workers, %d bytes for features: other bits", name, other.workers, other.bytes)
			}
		}
		s.Targets = []position.Target{position.V, position.H, position.HS}
		among := fit(t, read(t, net, a, 2, MaxBytes), s, crew(t, 2))
		for _, metric := range position.Metrics() {
			if a, b := find(t, among, metric, position.H, position.Natural), find(t, want, metric, position.H, position.Natural); a != b {
				t.Errorf("%s: %s of H alone is %v, among others %v", name, metric, b, a)
			}
		}
	}
}

// trials.md D: SqueezeNet's ImageNet weights give H a rank correlation of .73
// and an error of .153 with its zeros.
func TestSqueezeNet(t *testing.T) {
	if !*long {
		t.Skip("with -long")
	}
	path, err := filepath.Abs("../../../shared/data/weights/squeezenet1_0_imagenet_deepcompression.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Skip("no weights: ", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	weights, err := safetensors.Open(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	c := crew(t, 2)
	for _, padding := range []string{"zeros", "circular", "none"} {
		net, err := arch.Build(arch.Spec{Arch: arch.Must("squeezenet1_0"), In: nn.Shape{H: 224, W: 224, C: 3}, Classes: 1000, Padding: pad.Must(padding), Extent: pad.Same, Bias: true}, fastest(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := net.Load(weights); err != nil {
			t.Fatal(err)
		}
		a, err := NewAlbum(photos(t), AlbumSpec{Side: 224, Channels: 3, Train: 160, Test: 48, Seed: 1,
			Mean: []float32{.485, .456, .406}, Deviation: []float32{.229, .224, .225}})
		if err != nil {
			t.Fatal(err)
		}
		taps := arch.Must("squeezenet1_0").Taps
		f, err := NewFeatures(net, taps, a, 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		head := paper
		head.Targets, head.Taps, head.Epochs, head.EvalEvery = position.Targets(), taps, 10, 1000
		ridge := head
		ridge.Ridge = true
		// The head is 3×3; of 1,376 channels ridge sees one pixel, as heads of
		// kernel 1, whose H is .594 with an error of .191.
		for name, s := range map[string]Spec{"head": head, "ridge": ridge} {
			start := time.Now()
			r := fit(t, f, s, c)
			for _, target := range s.Targets {
				spc := find(t, r, metric.SPC, target, position.Natural)
				t.Logf("%s, %s, %s: SPC %.3f [%.2f, %.2f] MAE %.3f black %.3f white %.3f", padding, name, target, spc.Value, spc.Low, spc.High,
					find(t, r, metric.MAE, target, position.Natural).Value, find(t, r, metric.SPC, target, position.Black).Value, find(t, r, metric.SPC, target, position.White).Value)
			}
			t.Logf("%s, %s in %v: windows of %d, penalties %g, loss %.4f", padding, name, time.Since(start), r.Window(), r.Penalties(), r.Loss)
			least, most := 0.6, 0.19
			if s.Ridge {
				least, most = 0.45, 0.24
			}
			spc, mae := find(t, r, metric.SPC, position.H, position.Natural).Value, find(t, r, metric.MAE, position.H, position.Natural).Value
			switch padding {
			case "zeros":
				if float64(spc) < least || float64(mae) > most || find(t, r, metric.SPC, position.G, position.Natural).Value < find(t, r, metric.SPC, position.HS, position.Natural).Value+0.15 {
					t.Errorf("zeros, %s: SPC %.3f, MAE %.3f", name, spc, mae)
				}
			case "circular":
				if find(t, r, metric.SPC, position.H, position.Black).Value != 0 || find(t, r, metric.SPC, position.H, position.White).Value != 0 {
					t.Errorf("%s: circular padding shows on black or white", name)
				}
			case "none":
				if math.Abs(float64(spc)) > 0.2 {
					t.Errorf("none, %s: SPC %.3f", name, spc)
				}
			}
		}
	}
}
