package cli

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
)

// The shapes of the JSON output, written out: scripts depend on them.
type inspectionShape struct {
	Schema         int                 `json:"schema"`
	Arch           string              `json:"arch"`
	Padding        string              `json:"padding"`
	Extent         string              `json:"extent"`
	Size           [3]int              `json:"size"`
	Params         int                 `json:"params"`
	Stride         int                 `json:"stride"`
	ReceptiveField int                 `json:"receptive_field"`
	EvenSizes      []int               `json:"even_sizes"`
	Taps           []string            `json:"taps"`
	Layers         []layerShape        `json:"layers"`
	Foveation      map[string][]number `json:"foveation"`
	Measured       *measuredShape      `json:"measured"`
}

type layerShape struct {
	Name           string `json:"name"`
	Kind           string `json:"kind"`
	Kernel         *int   `json:"kernel"`
	Stride         int    `json:"stride"`
	Out            [3]int `json:"out"`
	TotalStride    *int   `json:"total_stride"`
	ReceptiveField *int   `json:"receptive_field"`
	Uneven         [2]int `json:"uneven"`
	OverTheEdge    number `json:"over_the_edge"`
}

type measuredShape struct {
	Trained     bool                   `json:"trained"`
	SHA256      string                 `json:"weights_sha256"`
	Photographs int                    `json:"photographs"`
	Windows     int                    `json:"windows"`
	Sides       []string               `json:"sides"`
	Artifacts   []artifactShape        `json:"artifacts"`
	Neurons     []filtersShape         `json:"neurons"`
	Pattern     inspectionPatternShape `json:"pattern"`
}

type artifactShape struct {
	Tap            string    `json:"tap"`
	Rows           int       `json:"rows"`
	Cols           int       `json:"cols"`
	Photos         []number  `json:"photographs"`
	PhotosContrast [4]number `json:"photographs_contrast"`
	Black          []number  `json:"black"`
	BlackContrast  [4]number `json:"black_contrast"`
}

type filtersShape struct {
	Layer    string `json:"layer"`
	Kernel   int    `json:"kernel"`
	Filters  int    `json:"filters"`
	Compared bool   `json:"compared"`
	Aware    int    `json:"aware"`
	At       [4]int `json:"aware_at"`
	List     []struct {
		Filter   int       `json:"filter"`
		Distance [4]number `json:"distance"`
	} `json:"neurons"`
}

type inspectionPatternShape struct {
	Problem     *string `json:"problem"`
	Photographs int     `json:"photographs"`
	Crop        int     `json:"crop"`
	Around      int     `json:"around"`
	Margin      int     `json:"margin"`
	Away        bool    `json:"away"`
	Taps        []struct {
		Tap     string `json:"tap"`
		Out     [3]int `json:"out"`
		SNR     number `json:"snr"`
		Chance  number `json:"chance"`
		MAE     number `json:"mae"`
		Reached number `json:"reached"`
	} `json:"taps"`
	LeftOut []string `json:"left_out"`
}

// album is a folder with n photographs of side×side bright, random pixels.
func album(t *testing.T, n, side int) string {
	t.Helper()
	dir := t.TempDir()
	source := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		picture := image.NewRGBA(image.Rect(0, 0, side, side))
		for at := range side * side {
			picture.Set(at%side, at/side, color.RGBA{byte(100 + source.IntN(156)), byte(100 + source.IntN(156)), byte(100 + source.IntN(156)), 255})
		}
		file, err := os.Create(filepath.Join(dir, fmt.Sprintf("photo%d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(file, picture); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// weightsOf is a file of weights of the network small on 16×16 pixels, its
// first filter of all being 1 where the pixel above is black, and all others 0.
func weightsOf(t *testing.T, change func(p nn.Param, values []float32)) string {
	t.Helper()
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	net, err := arch.Build(arch.Spec{Arch: arch.Must("small"), In: nn.Shape{H: 16, W: 16, C: 3}, Classes: 7, Padding: pad.Must("zeros"), Extent: pad.Same, Bias: true}, k)
	if err != nil {
		t.Fatal(err)
	}
	net.EachParam(change)
	path := filepath.Join(t.TempDir(), "small.safetensors")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := net.Save(file, nil); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func awareAtTheTop(p nn.Param, values []float32) {
	switch p.Name {
	case "conv1.weight":
		values[1*3*16] = -100 // row 0, column 1, red, filter 0
	case "conv1.bias":
		values[0] = 1
	}
}

// squeezed has one blank between the columns of tables.
func squeezed(text string) string { return regexp.MustCompile(" +").ReplaceAllString(text, " ") }

// Without photographs only the geometry is printed, and how to get the rest.
func TestInspectGeometry(t *testing.T) {
	o := padlab(t, "inspect", "resnet18")
	for _, want := range []string{
		"\nconv1 ", " 2 (×2)    7      +1          5.3 %          conv 7×7\n", "resnet18 with padding zeros (same) on 224×224×3: 11689512 parameters,\ntotal stride 32",
		"layers with a stride use more on\none side than on the other; at 193×193 and 225×225 all are even.\n",
		"\nHow often a row or column of the picture is used", "\nWith --weights FILE, or --images DIR, the network is also shown photographs:\n",
	} {
		if !strings.Contains(o.out, want) {
			t.Errorf("%s\nwant %s", o.out, want)
		}
	}
	if o.code != exitOK || o.err != "" {
		t.Errorf("%+v", o)
	}
	o = padlab(t, "inspect", "resnet18", "--size", "225")
	if !strings.Contains(o.out, "at 225×225 every layer with a\nstride uses as much in front as behind.\n") || strings.Contains(o.out, "+1") {
		t.Errorf("%s", o.out)
	}

	var d inspectionShape
	o = padlab(t, "inspect", "resnet18", "--padding", "circular", "--format", "json")
	decode(t, o.out, &d)
	if d.Schema != 1 || d.Arch != "resnet18" || d.Padding != "circular" || d.Extent != "same" || d.Size != [3]int{224, 224, 3} || d.Params != 11689512 ||
		d.Stride != 32 || d.ReceptiveField != 435 || !slices.Equal(d.EvenSizes, []int{193, 225}) || len(d.Taps) != 4 || d.Measured != nil {
		t.Errorf("%+v", d)
	}
	first, last := d.Layers[0], d.Layers[len(d.Layers)-1]
	if first.Name != "conv1" || first.Kind != "conv" || *first.Kernel != 7 || *first.TotalStride != 2 || first.Uneven != [2]int{1, 1} || first.Out != [3]int{112, 112, 64} {
		t.Errorf("%+v", first)
	}
	if last.Name != "fc" || last.Kernel != nil || last.TotalStride != nil || last.ReceptiveField != nil {
		t.Errorf("%+v", last)
	}
	if len(d.Foveation["rows"]) != 224 || len(d.Foveation["columns"]) != 224 {
		t.Errorf("%v", d.Foveation)
	}
}

// With photographs but no weights the network is random, and the text says so.
func TestInspectImages(t *testing.T) {
	args := []string{"inspect", "small", "--size", "16", "--images", album(t, 3, 40)}
	o := padlab(t, args...)
	for _, want := range []string{
		"conv1 ", "measured on 3 photographs (from ", "with random weights (seed 1), as no --weights are given: it has learnt nothing\n",
		"Artifact maps:", "\nrelu1   16×16   photographs   ", "relu1, photographs                   black\n", " all over\n",
		"Padding-aware filters: ", " of 144 (", "\nconv4   64        ",
		"Pattern of the padding (PPP): features of 16×16 pixels less those of the same\npixels in the middle of 38×38, without padding; 3 photographs. ",
	} {
		if !strings.Contains(o.out, want) {
			t.Errorf("%s\nwant %s", o.out, want)
		}
	}
	for _, line := range strings.Split(o.out[strings.Index(o.out, "Artifact maps"):], "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if strings.ContainsRune(o.out, '\x1b') || !strings.HasPrefix(o.err, "padlab: showing 3 photographs to small, ") {
		t.Errorf("%+v", o)
	}

	args = append(args, "--format", "json")
	one, three := padlab(t, append(args, "--workers", "1")...), padlab(t, append(args, "--workers", "3")...)
	if one.out != three.out || one.code != exitOK {
		t.Errorf("one worker:\n%s\nthree:\n%s", one.out, three.out)
	}
	var d inspectionShape
	decode(t, one.out, &d)
	m := d.Measured
	if m.Trained || len(m.SHA256) != 64 || m.Photographs != 3 || m.Windows != 64 || !slices.Equal(m.Sides, []string{"top", "bottom", "left", "right"}) {
		t.Errorf("%+v", m)
	}
	for i, a := range m.Artifacts {
		if side := []int{16, 8, 4}[i]; a.Rows != side || a.Cols != side || len(a.Photos) != side*side || len(a.Black) != side*side || a.PhotosContrast[0] == nil {
			t.Errorf("%+v", a)
		}
	}
	if len(m.Artifacts) != 3 || len(m.Neurons) != 4 || !m.Neurons[0].Compared || m.Neurons[0].Kernel != 3 || m.Neurons[0].Filters != 16 || !m.Neurons[3].Compared {
		t.Errorf("%+v", m.Neurons)
	}
	if p := m.Pattern; p.Problem != nil || p.Photographs != 3 || p.Crop != 16 || p.Around != 38 || p.Margin != 11 || len(p.Taps) != 3 || p.LeftOut == nil || p.Taps[0].Out != [3]int{16, 16, 16} {
		t.Errorf("%+v", p)
	}

	o = padlab(t, "inspect", "small", "--size", "8", "--images", args[5])
	if !strings.Contains(o.out, " of 48 (") || !strings.Contains(squeezed(o.out), "\nconv4 64 – map too small\n") || !strings.Contains(squeezed(o.out), "\nrelu4 2×2 photographs – – – –\n") {
		t.Errorf("%s", o.out)
	}
	o = padlab(t, "inspect", "small", "--size", "16", "--padding", "resize", "--images", args[5])
	if !strings.Contains(o.out, "Pattern of the padding (PPP): not compared: conv1 enlarges the map instead of") {
		t.Errorf("%s", o.out)
	}
}

// With weights the embedded photographs are shown, unless there is a folder.
func TestInspectWeights(t *testing.T) {
	weights := weightsOf(t, awareAtTheTop)
	o := padlab(t, "inspect", "small", "--size", "16", "--weights", weights)
	if o.code != exitOK || !strings.Contains(o.out, "measured on 20 photographs (embedded), with the weights of "+weights+"\n") {
		t.Errorf("%+v", o)
	}
	args := []string{"inspect", "small", "--size", "16", "--weights", weights, "--images", album(t, 2, 40)}
	o = padlab(t, args...)
	if !strings.Contains(o.out, "Padding-aware filters: 1 of ") || !strings.Contains(squeezed(o.out), "\nconv1 16 1 6.2 % 1 0 0 0\n") {
		t.Errorf("%+v", o)
	}
	var d inspectionShape
	decode(t, padlab(t, append(args, "--format", "json")...).out, &d)
	n := d.Measured.Neurons[0]
	if !d.Measured.Trained || n.Aware != 1 || n.At != [4]int{1, 0, 0, 0} || len(n.List) != 1 || n.List[0].Filter != 0 || *n.List[0].Distance[0] != "1" || *n.List[0].Distance[1] != "0" {
		t.Errorf("%+v", d.Measured.Neurons)
	}
	decode(t, padlab(t, append(args, "--format", "json", "--padding", "reflect")...).out, &d)
	if n := d.Measured.Neurons[0]; n.Aware != 0 || len(n.List) != 0 {
		t.Errorf("reflect: %+v", n)
	}
}

func TestInspectRefuses(t *testing.T) {
	photos, weights := album(t, 1, 9), weightsOf(t, awareAtTheTop)
	empty := t.TempDir()
	write := func(name string, tensors ...safetensors.Tensor) string {
		path := filepath.Join(t.TempDir(), name)
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := safetensors.Write(file, tensors, nil); err != nil {
			t.Fatal(err)
		}
		return path
	}
	infinite := weightsOf(t, func(p nn.Param, values []float32) {
		if p.Name == "conv2.bias" {
			values[4] = float32(math.Inf(1))
		}
	})
	strange := write("strange.safetensors", safetensors.Tensor{Name: "conv1.bias", Shape: []int{1}, Values: []float32{1}})
	broken := filepath.Join(empty, "broken.txt")
	if err := os.WriteFile(broken, []byte("these are no weights"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "inspect takes an ONNX file, or the name of a network: small, small_bn, nearest, near, vgg5, "},
		{[]string{"resnet81"}, `unknown network "resnet81": did you mean "resnet18"?`},
		{[]string{"small", "--size", "0x"}, `--size takes an integer: "0x"`},
		{[]string{"small", "--size", "-3"}, "--size must be an integer from 1 to 1024: -3"},
		{[]string{"small", "--size", "1025"}, "--size must be an integer from 1 to 1024: 1025"},
		{[]string{"small", "--padding", "reflec"}, `unknown scheme "reflec": did you mean "reflect"?`},
		{[]string{"small", "--extent", "ful"}, `did you mean "full"?`},
		{[]string{"resnet18", "--pools", "schem"}, `unknown kind of pools "schem": did you mean "scheme"?`},
		{[]string{"small", "--padding", "none", "--extent", "full"}, "none pads nothing, so its extent cannot be full"},
		{[]string{"small", "--format", "csv"}, `unknown format "csv" (known: text, json)`},
		{[]string{"small", "--size", "16", "--padding", "none"}, "the smallest picture that works is 26×26"},
		{[]string{"small", "--images", empty}, "no photographs (.jpg, .jpeg, .png) in this folder"},
		{[]string{"small", "--images", filepath.Join(empty, "nowhere")}, "nowhere: no such file or directory"},
		{[]string{"small", "--size", "73", "--images", photos}, "photograph photo0 has 9×9 pixels; enlarged at most 8 times it does not fill a picture of 73×73"},
		{[]string{"M", "--size", "1024", "--images", album(t, 1, 130)}, "a smaller picture helps"},
		{[]string{"small", "--weights", filepath.Join(empty, "no.safetensors")}, "no.safetensors: no such file or directory"},
		{[]string{"small", "--weights", empty}, "a folder, not a file of weights"},
		{[]string{"small", "--weights", broken}, "broken.txt: not a safetensors file: "},
		{[]string{"vgg5", "--weights", weights}, "small.safetensors: these look like the weights of small"},
		{[]string{"small", "--weights", strange}, " weights of small: "},
		{[]string{"small", "--weights", infinite}, `tensor "conv2.bias": value 5 of 32 is +Inf, but all must be finite`},
		{[]string{"small", "--workers", "x", "--images", album(t, 1, 40)}, `--workers must be an integer`},
	} {
		padlab(t, append([]string{"inspect"}, c.args...)...).want(t, exitUsage, c.want)
	}

	// Weights that are finite, and what they make of a picture is not.
	huge := weightsOf(t, func(p nn.Param, values []float32) {
		if strings.HasSuffix(p.Name, "weight") {
			for i := range values {
				values[i] = 1e30
			}
		}
	})
	padlab(t, "inspect", "small", "--weights", huge, "--format", "json").want(t, exitFailed, "padlab: network small: values at relu2 are not finite\n")
}

// An interruption ends the measurement; what is known before is printed.
func TestInspectInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := within(t, &session{ctx: ctx, err: when{"showing", cancel}}, "inspect", "M", "--size", "64", "--images", album(t, 1, 40))
	if o.code != exitInterrupted || !strings.Contains(o.out, "M with padding zeros") || strings.Contains(o.out, "Artifact maps") || strings.Count(o.err, "\n") != 1 {
		t.Errorf("%+v", o)
	}
}
