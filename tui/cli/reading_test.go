package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// tinyReading reads a little network out in a moment.
const tinyReading = `
[[arm]]
name = "raw"
set = { "net.arch" = "raw", "readout.standardise" = false }

[[arm]]
name = "network"

[canvas]
grid = 3

[eval]
images = 10

[backbone]
task = "location"
steps = 5

[readout]
targets = ["H", "HS"]
size = 32
crops = 40
test_crops = 10
epochs = 2

[[reference]]
source = "paper"
arm = "raw"
what = "spc"
values = { H = 0.012 }

[[reference]]
source = "paper"
arm = "network"
what = "spc"
images = "white"
values = { HS = 0.576 }
`

func fileOf(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// photosOf is a folder of pictures of that size.
func photosOf(t *testing.T, n, side int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		picture := image.NewGray(image.Rect(0, 0, side, side))
		for p := range picture.Pix {
			picture.Pix[p] = byte((p*p + i*p) % 251)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, picture); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, string(rune('a'+i))+".png"), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// randomWeights is a file of random weights.
func randomWeights(t *testing.T, name string) string {
	t.Helper()
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	net, err := arch.Build(arch.Spec{Arch: arch.Must(name), In: nn.Shape{H: 32, W: 32, C: 3}, Classes: 10, Padding: pad.Must("zeros"), Extent: pad.Same, Bias: true}, k)
	if err != nil {
		t.Fatal(err)
	}
	net.Init(1)
	var b bytes.Buffer
	if err := net.Save(&b, nil); err != nil {
		t.Fatal(err)
	}
	return fileOf(t, name+".safetensors", b.String())
}

func TestRunReading(t *testing.T) {
	path := fileOf(t, "tiny.toml", tinyReading)
	o := padlab(t, "run", path, "--quiet", "--format", "json")
	if o.code != exitOK {
		t.Fatalf("%+v", o)
	}
	type entry struct {
		Metric, Target, Images string
		Value                  *float64
		N, Constant            int
	}
	var result struct {
		Arms []struct {
			Name           string
			Backbone       string `json:"backbone_sha256"`
			Scores         []entry
			Profiles, Maps []entry
		}
		Comparisons []struct {
			Source, Arm, Metric, Target, Images string
			Theirs, Ours                        *float64
		}
	}
	if err := json.Unmarshal([]byte(o.out), &result); err != nil {
		t.Fatal(err)
	}
	for _, a := range result.Arms {
		var got []string
		for _, s := range a.Scores {
			got = append(got, strings.TrimSpace(s.Metric+" "+s.Target+" "+s.Images))
			if constant := a.Name == "raw" && s.Metric == "spc" && s.Images == "black"; constant && (s.Constant != s.N || *s.Value != 0) {
				t.Errorf("the raw black picture: %+v", s)
			}
		}
		for _, want := range []string{"spc H natural", "mae H natural", "skill HS noise", "spc HS black"} {
			if !slices.Contains(got, want) {
				t.Errorf("%s has no %s: %v", a.Name, want, got)
			}
		}
		if len(a.Profiles) != 8 || len(a.Maps) != 6 || a.Backbone == "" {
			t.Errorf("%s: %d profiles, %d maps, frozen weights %q", a.Name, len(a.Profiles), len(a.Maps), a.Backbone)
		}
	}
	if c := result.Comparisons; len(c) != 2 || *c[0].Theirs != 0.012 || c[1].Images != "white" || c[1].Ours == nil {
		t.Errorf("%+v", c)
	}

	o = padlab(t, "run", path, "--quiet")
	for _, want := range []string{
		"How well a read-out can draw where each pixel is, with 95 % intervals over ", "paper\n", "spc 0.012\n",
		"SPC on pictures that show nothing:\n", "(paper: 0.576)", "What the frozen networks have learned:\narm ", "Reproduce: padlab run " + path + " --seed 1\n",
	} {
		if o.code != exitOK || !strings.Contains(o.out, want) {
			t.Errorf("no %q in\n%s%s", want, o.out, o.err)
		}
	}

	o = padlab(t, "run", path, "--quiet", "--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(o.out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(rows, func(row []string) bool {
		return row[0] == "network" && row[2] == "skill" && row[3] == "HS" && row[4] == "noise" && row[6] == "13"
	}); i < 0 {
		t.Errorf("no innermost ring of HS on noise in\n%s", o.out)
	}
}

func TestRunWeightsAndImages(t *testing.T) {
	path := fileOf(t, "tiny.toml", tinyReading)
	weights, photos := randomWeights(t, "vgg5"), photosOf(t, 4, 40)
	o := padlab(t, "run", path, "--quiet", "--weights", weights, "--images", photos)
	again := "Reproduce: padlab run " + path + " --seed 1 --weights " + weights + " --images " + photos + " --set data.normalize=false --set net.arch=vgg5 --set readout.size=32\n"
	if o.code != exitOK || !strings.Contains(o.out, again) {
		t.Fatalf("%+v\nwant\n%s", o, again)
	}
	line := strings.Fields(strings.TrimPrefix(strings.TrimSpace(again), "Reproduce: padlab "))
	if o2 := padlab(t, append(line, "--quiet")...); o2.out != o.out {
		t.Errorf("again it is\n%s\nnot\n%s", o2.out, o.out)
	}

	slim := photosOf(t, 4, 3)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{path, "--weights", "none.safetensors"}, "net.weights: none.safetensors: no such file or directory"},
		{[]string{path, "--weights", path}, "net.weights: " + path + ": not a safetensors file: "},
		{[]string{path, "--weights", photos}, "net.weights: " + photos + ": a folder, not a file of weights"},
		{[]string{"where-am-i", "--weights", weights}, "weights from a file can be read out, not trained on"},
		{[]string{"table6-task", "--weights", weights}, "the arms of this experiment set backbone.task themselves"},
		{[]string{path, "--weights", weights, "--set", "net.arch=small"}, "arm network: " + weights + ": these look like the weights of vgg5, not of small"},
		{[]string{path, "--images", t.TempDir()}, ": no photographs (.jpg, .jpeg, .png) in this folder"},
		{[]string{path, "--images", photosOf(t, 1, 40)}, "a read-out needs at least two photographs"},
		{[]string{path, "--images", slim}, "photograph a has 3×3 pixels: pictures of 32×32 need at least 4 per side"},
		{[]string{"where-am-i", "--images", photos}, "this experiment reads nothing out of photographs"},
		{[]string{path, "--set", "readout.taps=relu5"}, `arm network: readout: unknown tap "relu5"`},
		{[]string{"table1", "--set", "readout.targets=H,X"}, `--set readout.targets=H,X: readout.targets: unknown target "X"`},
	} {
		o := padlab(t, append([]string{"run", "--quiet"}, c.args...)...)
		if o.code != exitUsage || !strings.Contains(o.err, c.want) || o.out != "" {
			t.Errorf("%v:\n got %+v\nwant %s", c.args, o, c.want)
		}
	}
}
