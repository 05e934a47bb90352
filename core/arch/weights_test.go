package arch

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"flag"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"padlab/core/arch/catalog"
	"padlab/core/images"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
)

var long = flag.Bool("long", false, "run the tests that classify thousands of pictures")

// shared opens a file of the test data that stands beside a checkout; a clone
// does not have it.
func shared(t *testing.T, name string) *os.File {
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not beside this checkout", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// weights opens a file of real weights.
func weights(t *testing.T, file string) *safetensors.File {
	f := shared(t, "weights/"+file)
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	w, err := safetensors.Open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// pretrained is a network with real weights.
func pretrained(t *testing.T, name, file string, side, classes int) *nn.Net {
	w := weights(t, file)
	net := build(t, name, side, 3, classes, "zeros")
	if err := net.Load(w); err != nil {
		t.Fatal(err)
	}
	return net
}

// input scales the middle of a picture to x, and normalises it as torchvision
// does.
func input(x []float32, picture image.Image, side int) {
	b := picture.Bounds()
	size := min(b.Dx(), b.Dy())
	left, top := b.Min.X+(b.Dx()-size)/2, b.Min.Y+(b.Dy()-size)/2
	bytes := make([]byte, 0, size*size*3)
	for i := range size {
		for j := range size {
			r, g, b, _ := picture.At(left+j, top+i).RGBA()
			bytes = append(bytes, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	images.AreaAverage(x, side, side, bytes, size, size, 3)
	for i := range x {
		x[i] = (x[i] - ImageNetMean[i%3]) / ImageNetStd[i%3]
	}
}

// A real SqueezeNet sees in photographs what is there. Classes of ImageNet: 281
// tabby, 282 tiger cat, 285 Egyptian cat; 967 espresso, 968 cup, 969 eggnog, 504
// coffee mug; 872 tripod; 970 alp; 88 macaw. (PyTorch 1.13, given the same
// weights and pictures, gives the same classes, and logits within 7e-6 of 17.7.)
func TestSqueezeNetSees(t *testing.T) {
	net := pretrained(t, "squeezenet1_0", "squeezenet1_0_imagenet_deepcompression.safetensors", 227, 1000)
	tape := net.NewTape()
	for name, want := range map[string][]int{
		"photos/chelsea.jpg": {281, 282, 285}, "photos/coffee.jpg": {967, 968, 969, 504}, "photos/camera.jpg": {872},
		"photos/picosdeeuropa_by_Aitzol_Berasategi.jpg": {970}, "kodak/23.jpg": {88},
	} {
		picture, err := jpeg.Decode(shared(t, name))
		if err != nil {
			t.Fatal(err)
		}
		input(tape.Input(), picture, 227)
		if got := nn.Argmax(tape.Forward()); !slices.Contains(want, got) {
			t.Errorf("%s is class %d, want one of %d", name, got, want)
		}
	}
}

// ResNet-20 classifies the first 200 test pictures of each class of CIFAR-10,
// JPEG-compressed, as its authors' weights do: 81.3 % of all, at least 79 % of
// these 2,000.
func TestResNet20Classifies(t *testing.T) {
	if !*long {
		t.Skip("with -long")
	}
	const each = 200
	net := pretrained(t, "resnet20", "resnet20_cifar10.safetensors", 32, 10)
	tape := net.NewTape()
	packed, err := gzip.NewReader(shared(t, "cifar10-jpeg.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	classes := []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
	hits, n := 0, 0
	for archive := tar.NewReader(packed); ; {
		file, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		dir, name := path.Split(file.Name)
		label := slices.Index(classes, path.Base(dir))
		if !strings.HasPrefix(file.Name, "test/") || !strings.HasSuffix(name, ".jpg") || name >= "0200.jpg" || label < 0 {
			continue
		}
		picture, err := jpeg.Decode(archive)
		if err != nil {
			t.Fatal(err)
		}
		input(tape.Input(), picture, 32)
		if n++; nn.Argmax(tape.Forward()) == label {
			hits++
		}
	}
	if n != each*len(classes) {
		t.Fatalf("%d pictures", n)
	}
	accuracy := float64(hits) / float64(n)
	t.Logf("%.4f of %d", accuracy, n)
	if accuracy < 0.79 {
		t.Errorf("%.4f are right", accuracy)
	}
}

// Weights of another network are refused by name, and nothing changes.
func TestWeightsOfAnotherNetwork(t *testing.T) {
	w := weights(t, "resnet20_cifar10.safetensors")
	net := build(t, "resnet32", 32, 3, 10, "zeros")
	net.Init(1)
	before := net.SHA256()
	if err := net.Load(w); err == nil || !strings.Contains(err.Error(), `"layer1.3.bn1.bias"`) || !strings.Contains(err.Error(), "missing") {
		t.Errorf("%v", err)
	}
	if net.SHA256() != before {
		t.Error("a file that does not fit changed the network")
	}
}

// Weights trained with zeros run with any other scheme: the tensors are the
// same.
func TestSchemesShareWeights(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"small", "resnet18", "resnet20", "squeezenet1_0"} {
		for _, padding := range []string{"circular", "reflect", "resize", "partial", "mean-interp"} {
			var tensors [2][]string
			for i, p := range []string{"zeros", padding} {
				pools := []catalog.Pools{catalog.OwnPools, catalog.SchemePools}[i]
				net, err := Build(Spec{Arch: Must(name), In: nn.Shape{H: 80, W: 80, C: 3}, Classes: 10, Padding: pad.Must(p), Extent: pad.Same, Pools: pools, Bias: true}, k)
				if err != nil {
					t.Fatal(err)
				}
				net.EachParam(func(p nn.Param, _ []float32) { tensors[i] = append(tensors[i], p.Name) })
			}
			slices.Sort(tensors[0])
			slices.Sort(tensors[1])
			if !slices.Equal(tensors[0], tensors[1]) {
				t.Errorf("%s under %s has tensors %v", name, padding, tensors[1])
			}
		}
	}
}
