package arch

import (
	"bytes"
	"slices"
	"testing"

	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
)

// saved is a file with the weights of a network.
func saved(t *testing.T, s Spec) *safetensors.File {
	t.Helper()
	s.Padding, s.Extent = pad.Must("zeros"), pad.Same
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	net, err := Build(s, k)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := net.Save(&b, nil); err != nil {
		t.Fatal(err)
	}
	return open(t, b.Bytes())
}

func open(t *testing.T, file []byte) *safetensors.File {
	t.Helper()
	f, err := safetensors.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// recognized are the names of the networks whose weights a file may hold.
func recognized(f *safetensors.File) (list []string) {
	for _, a := range Recognize(f) {
		list = append(list, a.Name)
	}
	return list
}

// A file of weights says how many channels and classes the network has, and
// whether its convolutions have biases; a network of that shape takes it.
func TestFit(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Spec{
		{Arch: Must("small"), In: nn.Shape{H: 32, W: 32, C: 1}, Classes: 49, Bias: true},
		{Arch: Must("small"), In: nn.Shape{H: 32, W: 32, C: 2}, Classes: 5},
		{Arch: Must("rook"), In: nn.Shape{H: 32, W: 32, C: 1}, Classes: 2},
		{Arch: Must("resnet20"), In: nn.Shape{H: 32, W: 32, C: 3}, Classes: 10},
		{Arch: Must("gapnet"), In: nn.Shape{H: 64, W: 64, C: 3}, Classes: 7},
		{Arch: Must("squeezenet1_1"), In: nn.Shape{H: 64, W: 64, C: 3}, Classes: 4, Bias: true},
		{Arch: Must("bagnet9"), In: nn.Shape{H: 64, W: 64, C: 3}, Classes: 3},
	} {
		f := saved(t, want)
		got := Spec{Arch: want.Arch, In: nn.Shape{H: want.In.H, W: want.In.W, C: 3}, Classes: 1000, Bias: true, Padding: pad.Must("zeros"), Extent: pad.Same}
		got.Fit(f)
		if got.In != want.In || got.Classes != want.Classes || got.Bias != want.Bias || got.FCHead {
			t.Errorf("%s: got %v, %d classes, bias %v, original %v; want %v, %d, %v", want.Arch.Name, got.In, got.Classes, got.Bias, got.FCHead, want.In, want.Classes, want.Bias)
		}
		net, err := Build(got, k)
		if err != nil {
			t.Fatal(err)
		}
		if err := net.Load(f); err != nil {
			t.Errorf("%s: %v", want.Arch.Name, err)
		}
		if list := recognized(f); !slices.Contains(list, want.Arch.Name) || len(list) > 2 {
			t.Errorf("the weights of %s look like those of %v", want.Arch.Name, list)
		}
	}
}

// The classifier that came with a VGG is known by its last layer.
func TestFitOriginal(t *testing.T) {
	const header = `{"module.features.0.weight":{"dtype":"I8","shape":[64,3,3,3],"data_offsets":[0,1728]},` +
		`"module.features.0.bias":{"dtype":"I8","shape":[64],"data_offsets":[1728,1792]},` +
		`"module.classifier.6.weight":{"dtype":"I8","shape":[7,4096],"data_offsets":[1792,30464]}}`
	f := open(t, slices.Concat([]byte{byte(len(header) % 256), byte(len(header) / 256), 0, 0, 0, 0, 0, 0}, []byte(header), make([]byte, 30464)))
	s := Spec{Arch: Must("vgg11"), Classes: 1000}
	if s.Fit(f); !s.FCHead || s.Classes != 7 || s.In.C != 3 || !s.Bias {
		t.Errorf("%+v", s)
	}
	s = Spec{Arch: Must("resnet18"), Classes: 1000}
	if s.Fit(f); s.FCHead || s.Classes != 1000 || s.In.C != 0 {
		t.Errorf("%+v", s)
	}
	if list := recognized(f); len(list) > 0 {
		t.Errorf("three tensors look like the weights of %v", list)
	}
}
