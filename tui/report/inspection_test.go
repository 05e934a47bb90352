package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"padlab/core/inspect"
)

func TestSections(t *testing.T) {
	g := &inspect.Geometry{
		Arch: "small", Padding: "zeros", Extent: "same", H: 56, W: 56, C: 1, Stride: 2, ReceptiveField: 26, Even: []int{56}, Rows: make(inspect.Foveation, 56), Columns: make(inspect.Foveation, 56), Taps: []string{"relu1"},
		Layers: []inspect.Layer{
			{Name: "conv1", Kind: "conv", Kernel: 3, Stride: 1, H: 56, W: 56, C: 16, Jump: 1, ReceptiveField: 3, SeesPadding: 0.0702},
			{Name: "relu1", Kind: "ReLU", Plain: true},
			{Name: "pool1", Kind: "max-pool", Kernel: 2, Stride: 2, H: 28, W: 28, C: 16, Jump: 2, ReceptiveField: 4, AsymmetricRows: 1, AsymmetricColumns: 1, SeesPadding: 0.1378},
		},
	}
	for i := range 56 {
		g.Rows[i], g.Columns[i] = float64(1+min(i, 55-i, 10)), float64(1+min(i, 55-i, 10))
	}
	f := &inspect.Findings{
		Pictures:  64,
		Artifacts: []inspect.Artifact{{Tap: "relu1", H: 2, W: 2, Photos: []float32{0, 1, 2, 3}, Black: make([]float32, 4), PhotosContrast: [4]float64{-.24, .5, 0, 0}}},
		Neurons:   []inspect.Filters{{Name: "conv1", Kernel: 3, Count: 16, At: [4]int{6, 4, 5, 9}, Any: 11}, {Name: "conv9", Kernel: 3, Count: 8, TooSmall: true}},
		Pattern:   inspect.Pattern{Photos: 20, Crop: 56, Around: 78, Taps: []inspect.TapPattern{{Tap: "relu1", H: 56, W: 56, C: 16, SNR: 0.087, Chance: 0.01, MAE: 0.006, Reached: 0.07}}, LeftOut: []string{"relu2"}},
	}
	text := Geometry(g) + "\n" + Findings(f)
	for _, want := range []string{
		"\nlayer   out        stride   sees   asymmetry   sees padding   kind\n",
		"\npool1   28×28×16   2 (×2)   4      +1          13.8 %         max-pool 2×2\n",
		"\nall sides   0.0909   0.182 ",
		"\nrelu1   2×2   photographs   -24.0 %   +50.0 %   0      0\n              black         0         0         0      0\n",
		"|**@@|", "0 all over\n",
		"Padding-aware filters: 11 of 16 (68.8 %) say", "\nconv9   8         –       map too small\n",
		"; 20 photographs.", " large: relu2.\n", "\nrelu1   56×56   0.087   0.01        0.006   7.0 %\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	f.Pattern.Problem = "conv1 enlarges\x1b the map"
	if s := Pattern(f); s.Table != nil || s.Words != "Pattern of the padding (PPP): not compared: conv1 enlarges  the map." {
		t.Errorf("%+v", s)
	}
	f.Neurons = nil
	if s := Filters(f); !strings.Contains(s.Words, "no convolution of 3×3 or larger") {
		t.Errorf("%+v", s)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
	}{{"", ""}, {"one two  three", "one two\nthree"}, {"a überlanges-word b", "a\nüberlanges-word\nb"}, {"12 4567", "12 4567"}} {
		if got := wrap(c.text, 7); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
