package inspect

import (
	"math"
	"slices"
	"strings"
	"testing"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// A layout is a picture of any extent: what stands at a row, column and
// channel.
type layout func(r, c, channel int) float64

// convolved is a 3×3 convolution with a bias and a ReLU; w is HWIO.
func convolved(x layout, w, bias []float32, in int) layout {
	filters := len(bias)
	return func(r, c, n int) float64 {
		sum := float64(bias[n])
		for ky := range 3 {
			for kx := range 3 {
				for i := range in {
					sum += x(r+ky-1, c+kx-1, i) * float64(w[((ky*3+kx)*in+i)*filters+n])
				}
			}
		}
		return max(0, sum)
	}
}

func pooled(x layout) layout {
	return func(r, c, n int) float64 {
		return max(x(2*r, 2*c, n), x(2*r, 2*c+1, n), x(2*r+1, 2*c, n), x(2*r+1, 2*c+1, n))
	}
}

// bordered is a map of n×n with a scheme around it, each value computed once.
func bordered(x layout, n, channels int, scheme pad.Scheme) layout {
	sources, err := scheme.Sources(n, 2, 2)
	if err != nil {
		panic(err)
	}
	values := make([]float64, n*n*channels)
	for i := range values {
		values[i] = x(i/channels/n, i/channels%n, i%channels)
	}
	return func(r, c, channel int) float64 {
		if r, c = sources[r+2], sources[c+2]; r == pad.Nowhere || c == pad.Nowhere {
			return 0
		}
		return values[(r*n+c)*channels+channel]
	}
}

func patternOf(t *testing.T, s Subject) (p Pattern) {
	t.Helper()
	crew := kernel.NewCrew(2)
	defer crew.Close()
	if err := s.pattern(t.Context(), crew, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// The pattern of two layers of the network small, as the formulas have it, in
// float64: a feature of the real surroundings is a formula of the pixels around
// it, wherever they are.
func TestPatternIsWhatItsFormulaSays(t *testing.T) {
	const side, photos = 8, 5
	for _, c := range []struct {
		padding       string
		away          bool // it came with its weights
		whole, margin int
	}{{"zeros", false, 30, 11}, {"reflect", false, 30, 11}, {"circular", false, 30, 11}, {"zeros", true, 32, 12}, {"reflect", true, 32, 12}} {
		padding, whole := c.padding, c.whole
		s := subject(t, spec("small", padding, side), noise(photos, whole))
		if c.away {
			s.Spec.Arch.Weigh = func(arch.Spec, *nn.Net) error { return nil }
		}
		f := patternOf(t, s)
		if f.Problem != "" || f.Away != c.away || f.Around != whole || f.Margin != c.margin || f.Photos != photos || len(f.Taps) != 3 || f.Crop != side || len(f.LeftOut) != 0 {
			t.Fatalf("%s: %+v", padding, f)
		}
		tensors := map[string][]float32{}
		s.Net.EachParam(func(p nn.Param, values []float32) { tensors[p.Name] = values })
		layer := func(name string, x layout, in int) layout {
			return convolved(x, tensors[name+".weight"], tensors[name+".bias"], in)
		}
		scheme := pad.Must(padding)
		var deltas [2][][]float64 // of each tap and photograph
		for _, p := range s.Photos {
			around := layout(func(r, c, channel int) float64 {
				return float64(float32(p.Pixels[((r+f.Margin)*whole+c+f.Margin)*3+channel]) / 255)
			})
			relu1 := layer("conv1", bordered(around, side, 3, scheme), 3)
			relu2 := layer("conv2", bordered(pooled(relu1), side/2, 16, scheme), 16)
			real1 := layer("conv1", around, 3)
			real2 := layer("conv2", pooled(real1), 16)
			for tap, q := range []struct {
				padded, real layout
				n, channels  int
			}{{relu1, real1, side, 16}, {relu2, real2, side / 2, 32}} {
				var delta []float64
				for i := range q.n * q.n * q.channels {
					r, c, channel := i/q.channels/q.n, i/q.channels%q.n, i%q.channels
					delta = append(delta, q.padded(r, c, channel)-q.real(r, c, channel))
				}
				deltas[tap] = append(deltas[tap], delta)
			}
		}
		for tap, want := range []TapPattern{{Tap: "relu1", H: side, W: side, C: 16}, {Tap: "relu2", H: side / 2, W: side / 2, C: 32}} {
			n := len(deltas[tap][0])
			reached := map[int]bool{}
			alive := 0
			for i := range n {
				mean, variance := 0.0, 0.0
				for _, d := range deltas[tap] {
					mean += d[i] / photos
				}
				for _, d := range deltas[tap] {
					variance += (d[i] - mean) * (d[i] - mean) / (photos - 1)
				}
				want.MAE += math.Abs(mean) / float64(n)
				if variance > 1e-20 {
					want.SNR += math.Abs(mean) / math.Sqrt(variance) / float64(n)
					reached[i/want.C] = true
					alive++
				}
			}
			want.Chance = math.Sqrt(2/math.Pi/photos) * float64(alive) / float64(n)
			want.Reached = float64(len(reached)) / float64(n/want.C)
			got := f.Taps[tap]
			if got.Tap != want.Tap || got.H != want.H || got.C != want.C || got.Reached != want.Reached ||
				math.Abs(got.SNR-want.SNR) > 1e-4 || math.Abs(got.MAE-want.MAE) > 1e-6 || math.Abs(got.Chance-want.Chance) > 1e-12 {
				t.Errorf("%s: %+v, want %+v", padding, got, want)
			}
		}
	}
}

// δ is exactly 0 where no output looks over the edge, and nowhere else; without
// padding it is 0 all over.
func TestPatternReachesAsFarAsThePadding(t *testing.T) {
	for _, name := range []string{"small", "M", "resnet20"} {
		for _, padding := range []string{"zeros", "reflect", "circular", "partial"} {
			if name == "resnet20" && padding == "partial" {
				continue // where it rounds otherwise, what little comes from far away counts as rounding
			}
			s := subject(t, spec(name, padding, 44), noise(3, 60))
			g := look(t, s.Spec)
			p := patternOf(t, s)
			if p.Problem != "" {
				t.Fatalf("%s, %s: %s", name, padding, p.Problem)
			}
			for _, tap := range p.Taps {
				at := slices.IndexFunc(g.Layers, func(l Layer) bool { return l.Name == tap.Tap })
				if want := g.Layers[at].SeesPadding; math.Abs(tap.Reached-want) > 1e-12 {
					t.Errorf("%s, %s: reaches %v of %s, the geometry says %v", name, padding, tap.Reached, tap.Tap, want)
				}
			}
		}
	}
	for _, name := range []string{"small", "resnet20", "vgg5"} {
		p := patternOf(t, subject(t, spec(name, "none", 81), noise(3, 60)))
		if p.Margin != 0 || p.Around != 81 || p.Problem != "" || len(p.Taps) == 0 {
			t.Errorf("%+v", p)
		}
		for _, tap := range p.Taps {
			if tap.SNR != 0 || tap.MAE != 0 || tap.Reached != 0 || tap.Chance != 0 {
				t.Errorf("%s without padding: %+v", name, tap)
			}
		}
	}
}

// By hand: over four pictures δ is 1, 3, 5, 7 (mean 4, deviation √(20/3)), 0
// throughout, and 2 throughout.
func TestComparison(t *testing.T) {
	q := &comparison{tap: "x", shape: nn.Shape{H: 1, W: 3, C: 1}, sum: make([]float64, 3), squares: make([]float64, 3)}
	for _, delta := range [][]float32{{1, 0, 2}, {3, 0, 2}, {5, 0, 2}, {7, 0, 2}} {
		q.add(delta)
	}
	got := q.result()
	snr, chance := 4/math.Sqrt(20./3)/2, math.Sqrt(1/(2*math.Pi))*2/3
	if math.Abs(got.SNR-snr) > 1e-12 || got.MAE != 2 || math.Abs(got.Reached-2./3) > 1e-12 || math.Abs(got.Chance-chance) > 1e-12 {
		t.Errorf("%+v, want %v, 2, 2/3, %v", got, snr, chance)
	}
	q = &comparison{tap: "x", shape: nn.Shape{H: 1, W: 1, C: 1}, sum: make([]float64, 1), squares: make([]float64, 1)}
	q.add([]float32{3})
	if got := q.result(); !math.IsNaN(got.SNR) || got.MAE != 3 {
		t.Errorf("one picture: %+v", got)
	}
}

// Every architecture is compared under every scheme, but for one that moves the
// pixels, and BagNets, whose shortcuts lie elsewhere without padding.
func TestAlignAll(t *testing.T) {
	for _, name := range catalog.Names() {
		if slices.Contains([]string{"resnet34", "resnet101", "resnet152"}, name) {
			continue // built as resnet18 and resnet50, but they take seconds
		}
		without := spec(name, "none", 1)
		smallest := arch.Smallest(without)
		without.In.H, without.In.W = smallest, smallest
		for _, padding := range []string{"none", "zeros", "reflect", "partial", "explicit", "learned", "resize"} {
			if name == "raw" && padding == "resize" {
				continue // it pads nothing
			}
			side := max(257, smallest)
			nodes, err := arch.Layers(spec(name, padding, side))
			if err != nil {
				t.Fatalf("%s, %s: %v", name, padding, err)
			}
			a, err := align(nodes, without, without.Arch.Taps, false)
			switch {
			case padding == "resize":
				if err == nil || !strings.Contains(err.Error(), "enlarges the map instead of padding it") {
					t.Errorf("%s, %s: %+v, %v", name, padding, a, err)
				}
			case strings.HasPrefix(name, "bagnet"):
				if err == nil || !strings.Contains(err.Error(), "the branches that meet in layer1.0.add do not lie over each other") {
					t.Errorf("%s, %s: %+v, %v", name, padding, a, err)
				}
			case err != nil:
				t.Errorf("%s, %s: %v", name, padding, err)
			case padding == "none" && a.margin != 0 || a.around < side+2*a.margin:
				t.Errorf("%s, %s: %+v", name, padding, a)
			}
		}
	}
}

// Taps whose surroundings would be enlarged too much are left out, and what
// cannot be compared at all says why.
func TestPatternLeavesOut(t *testing.T) {
	photos := noise(3, 4) // at most 32 pixels; the third tap wants 38
	p := patternOf(t, subject(t, spec("small", "zeros", 16), photos))
	if len(p.Taps) != 2 || !slices.Equal(p.LeftOut, []string{"relu4"}) || p.Around > 32 || p.Problem != "" {
		t.Errorf("%+v", p)
	}
	for _, c := range []struct {
		padding string
		side    int
		want    string
	}{{"resize", 16, "conv1 enlarges the map"}, {"zeros", 32, "surroundings of what even the first tap sees are too large"}} {
		if p := patternOf(t, subject(t, spec("small", c.padding, c.side), photos)); !strings.Contains(p.Problem, c.want) || p.Taps != nil {
			t.Errorf("%s: %+v", c.padding, p)
		}
	}
	// The border filters have no part in the comparison: on the larger picture those
	// of the inside see the surroundings.
	if p := patternOf(t, subject(t, spec("small", "explicit", 16), noise(3, 64))); p.Problem != "" || p.Taps[0].Reached != 1-14.*14/16/16 {
		t.Errorf("explicit: %+v", p)
	}
}
