package arch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"
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

// renamed is a file with the tensors of another under other names.
func renamed(t *testing.T, f *safetensors.File, rename func(string) string) *safetensors.File {
	t.Helper()
	var list []safetensors.Tensor
	for _, info := range f.Tensors {
		tensor, err := f.Read(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		if tensor.Name = rename(info.Name); tensor.Name != "" {
			list = append(list, tensor)
		}
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, list, nil); err != nil {
		t.Fatal(err)
	}
	return open(t, b.Bytes())
}

// Weights are recognized, fitted and loaded behind any prefix, which is said.
func TestPrefix(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"small", "resnet20", "squeezenet1_1"} {
		f := saved(t, Spec{Arch: Must(name), In: nn.Shape{H: 64, W: 64, C: 1}, Classes: 7, Bias: true})
		for _, prefix := range []string{"", "module.", "model.", "backbone.", "encoder.", "module.encoder_q."} {
			f := renamed(t, f, func(name string) string { return prefix + name })
			if list := recognized(f); !slices.Contains(list, name) {
				t.Errorf("%s behind %q looks like %v", name, prefix, list)
			}
			s := Spec{Arch: Must(name), In: nn.Shape{H: 64, W: 64, C: 3}, Classes: 1000, Padding: pad.Must("zeros"), Extent: pad.Same}
			if got, err := s.Fit(f); got != prefix || err != nil || s.Classes != 7 || s.In.C != 1 {
				t.Errorf("%s behind %q: found %q, %d classes, %d channels, %v", name, prefix, got, s.Classes, s.In.C, err)
			}
			net, err := Build(s, k)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Arch.Load(net, f); err != nil {
				t.Errorf("%s behind %q: %v", name, prefix, err)
			}
		}
	}
}

// What does not fit is said in a line, with the network that comes closest.
func TestUnrecognized(t *testing.T) {
	whole := saved(t, Spec{Arch: Must("resnet20"), In: nn.Shape{H: 32, W: 32, C: 3}, Classes: 10})
	f := renamed(t, whole, func(name string) string {
		if name == "linear.bias" {
			return ""
		}
		return "model." + name
	})
	err := Unrecognized(f)
	if want := `: 96 of its 97 tensors are those of resnet20, but 1 tensor is missing: "model.linear.bias"`; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v", err)
	}
	net := build(t, "resnet56", 32, 3, 10, "zeros")
	if err := Must("resnet56").Load(net, f); err == nil || !strings.Contains(err.Error(), "of the 97 tensors of resnet20 are there") || len(err.Error()) > 400 {
		t.Errorf("%v", err)
	}
	nothing := renamed(t, whole, func(name string) string { return strings.ReplaceAll(name, ".", "/") })
	if err := Unrecognized(nothing); err == nil || err.Error() != "not the weights of a network known here" {
		t.Errorf("%v", err)
	}
}

// zeros answers as a file of any length does that nobody has written to.
type zeros struct{ header []byte }

func (z zeros) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < int64(len(z.header)) {
		copy(p, z.header[at:])
	}
	return len(p), nil
}

// A file that announces more than any network has is refused before there is
// memory for one, however short it is on a disk.
func TestFitRefuses(t *testing.T) {
	for want, c := range map[string]struct{ first, last []int }{
		"the weights are of 4194304 classes, at most 32768 are allowed":                    {[]int{16, 3, 3, 3}, []int{1 << 22, 64}},
		"the weights are for pictures of 5000000 channels, at most 64 are allowed":         {[]int{16, 5_000_000, 3, 3}, []int{10, 64}},
		"the weights are for pictures of 288230376151711 channels, at most 64 are allowed": {[]int{16, 288230376151711, 3, 3}, []int{10, 64}},
	} {
		s := Spec{Arch: Must("small"), Classes: 10}
		var texts []string
		end := 0
		for _, tensor := range s.tensors() {
			switch tensor.Name {
			case s.tensors()[0].Name:
				tensor.Shape = c.first
			case "linear.weight", "fc.weight":
				tensor.Shape = c.last
			}
			texts = append(texts, fmt.Sprintf(`%q:{"dtype":"F16","shape":%s,"data_offsets":[%d,%d]}`, tensor.Name, strings.ReplaceAll(fmt.Sprint(tensor.Shape), " ", ","), end, end+2*tensor.Len()))
			end += 2 * tensor.Len()
		}
		header := "{" + strings.Join(texts, ",") + "}"
		f, err := safetensors.Open(zeros{slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header))}, int64(8+len(header)+end))
		if err != nil {
			t.Fatal(err)
		}
		before := fmt.Sprint(s.Classes, s.In, s.Bias)
		var was, is runtime.MemStats
		runtime.ReadMemStats(&was)
		if _, err := s.Fit(f); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		runtime.ReadMemStats(&is)
		if spent := is.TotalAlloc - was.TotalAlloc; spent > 1<<20 {
			t.Errorf("%d bytes allocated", spent)
		}
		if after := fmt.Sprint(s.Classes, s.In, s.Bias); after != before {
			t.Errorf("the network changed to %s", after)
		}
		if list := recognized(f); len(list) > 0 {
			t.Errorf("it looks like %v", list)
		}
		if err := Unrecognized(f); !strings.HasSuffix(err.Error(), "of its 6 tensors are those of small, but "+want) {
			t.Error(err)
		}
	}
}

// Whatever a file announces, a network is fitted to it or left as it was, and
// the network is none of any size.
func FuzzFit(f *testing.F) {
	add := func(header string, data int) {
		f.Add(slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header), make([]byte, data)), byte(0))
	}
	add(`{"conv1.weight":{"dtype":"F16","shape":[16,1,3,3],"data_offsets":[0,288]}}`, 288)
	add(`{"model.conv1.weight":{"dtype":"I8","shape":[16,0,3,3],"data_offsets":[0,0]},"model.linear.weight":{"dtype":"I8","shape":[2,64],"data_offsets":[0,128]}}`, 128)
	add(`{".":{"dtype":"I8","shape":[],"data_offsets":[0,1]},"..conv1.weight":{"dtype":"I8","shape":[0],"data_offsets":[1,1]}}`, 1)
	f.Fuzz(func(t *testing.T, file []byte, which byte) {
		in, err := safetensors.Open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		a := architectures[int(which)%len(architectures)]
		s := Spec{Arch: a, Classes: 10}
		prefix, err := s.Fit(in)
		if err != nil {
			if s.Classes != 10 || s.In.C != 0 || s.Bias || s.FCHead {
				t.Errorf("%v, and the network changed to %+v", err, s)
			}
			return
		}
		if err := s.affordable(); err != nil {
			t.Error(err)
		}
		if prefix != "" && !strings.HasSuffix(prefix, ".") {
			t.Errorf("prefix %q", prefix)
		}
		if err := nn.Fits(s.tensors(), in); err != nil && len(err.Error()) > 4000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})
}
