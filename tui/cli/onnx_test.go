package cli

import (
	"encoding/json"
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

const graphs = "../../core/onnx/testdata/"

func TestOnnx(t *testing.T) {
	o := padlab(t, "onnx", graphs+"residual.onnx")
	for _, want := range []string{
		"on 16×16×3: 11 layers, 569 parameters; 2 nodes needed no layer",
		"/conv1/Conv               Conv                 8×8×6   3        2        1         3 every 2",
		"/fc/Gemm                  Gemm                 1×1×5                               all",
	} {
		if o.code != 0 || !strings.Contains(o.out, want) {
			t.Errorf("ended with %d and\n%s%s\nwant %s", o.code, o.out, o.err, want)
		}
	}
	o = padlab(t, "onnx", graphs+"mobile.onnx", "--format", "json")
	var g graph
	if err := json.Unmarshal([]byte(o.out), &g); err != nil || o.code != 0 {
		t.Fatalf("ended with %d, %v and\n%s%s", o.code, err, o.out, o.err)
	}
	for _, l := range g.Layers {
		if l.Name == "/dw/Conv" && (l.Pad != [4]int{0, 1, 0, 1} || l.Stride != [2]int{2, 2} || l.Out != [3]int{8, 8, 8} || l.Op != "Conv") {
			t.Errorf("%+v", l)
		}
	}
	if g.Classes == nil || *g.Classes != 4 || len(g.Problems) != 0 || g.Opset != 17 {
		t.Errorf("%+v", g)
	}
}

// What cannot be read is a bad file, in one sentence; what does not fit is said
// with the node.
func TestOnnxRefuses(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.onnx")
	if err := os.WriteFile(text, []byte("<html>no network</html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"onnx"}, "onnx takes an ONNX file"},
		{[]string{"onnx", filepath.Join(folder, "gone.onnx")}, "gone.onnx: no such file"},
		{[]string{"onnx", folder}, "a folder, not a file"},
		{[]string{"onnx", text}, "not an ONNX network that is read here"},
		{[]string{"onnx", graphs + "attention.onnx", "--size", "20"}, `node "/Add" (Add, behind Concat, before MatMul, Add): shapes [1 26 8] and [1 17 8] do not lie over each other`},
		{[]string{"onnx", graphs + "residual.onnx", "--size", "2000"}, "--size must be an integer from 1 to 1024"},
		{[]string{"onnx", graphs + "residual.onnx", "--format", "xml"}, "format"},
		{[]string{"inspect", text}, "not an ONNX network that is read here"},
		{[]string{"inspect", graphs + "mobile.onnx", "--size", "20"}, "800 inputs, but its weights are for 512"},
		{tiny("--set", "net.arch="+filepath.Join(folder, "gone.onnx")), "net.arch"},
	} {
		if o := padlab(t, c.args...); o.code != 2 || !strings.Contains(o.err, c.want) {
			t.Errorf("%v ended with %d and\n%s\nwant 2 and\n%s", c.args, o.code, o.err, c.want)
		}
	}
}

// A network from a file is inspected as one that has a name, at its own size or
// another, with its own weights or another padding.
func TestInspectOnnx(t *testing.T) {
	type inspected struct {
		Arch, Padding string
		Size          [3]int
		Measured      *struct {
			Trained bool
			Weights string `json:"weights_sha256"`
		}
	}
	look := func(args ...string) (i inspected) {
		t.Helper()
		o := padlab(t, append([]string{"inspect", graphs + "residual.onnx", "--format", "json"}, args...)...)
		if err := json.Unmarshal([]byte(o.out), &i); err != nil || o.code != 0 {
			t.Fatalf("ended with %d, %v and\n%s%s", o.code, err, o.out, o.err)
		}
		return i
	}
	own, larger := look(), look("--size", "33", "--padding", "circular")
	if own.Arch != "residual.onnx" || own.Size != [3]int{16, 16, 3} || larger.Size != [3]int{33, 33, 3} || larger.Padding != "circular" {
		t.Errorf("%+v, %+v", own, larger)
	}
	if own.Measured == nil || !own.Measured.Trained || own.Measured.Weights != larger.Measured.Weights {
		t.Errorf("%+v, %+v", own.Measured, larger.Measured)
	}
}

// Weights of a file of PyTorch's names take the place of the network's own.
func TestInspectOnnxWeights(t *testing.T) {
	a, err := (&session{}).network(graphs + "residual.onnx")
	if err != nil {
		t.Fatal(err)
	}
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	net, err := arch.Build(arch.Spec{Arch: a, In: a.Native, Classes: a.Classes, Padding: pad.Must("zeros"), Extent: pad.Same}, k)
	if err != nil {
		t.Fatal(err)
	}
	net.Init(7)
	var names []string
	for _, t := range nn.Tensors(net.Nodes) {
		names = append(names, t.Name)
	}
	for _, name := range []string{"conv1.weight", "bn1.weight", "bn1.running_var", "down.bias", "fc.weight"} {
		if !slices.Contains(names, name) {
			t.Errorf("no tensor %s among %v", name, names)
		}
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
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
	o := padlab(t, "inspect", graphs+"residual.onnx", "--weights", path, "--format", "json")
	if o.code != 0 || !strings.Contains(o.out, net.SHA256()) {
		t.Errorf("ended with %d and\n%s\nwant weights %s", o.code, o.err, net.SHA256())
	}
	o = padlab(t, "inspect", graphs+"mobile.onnx", "--weights", path)
	if o.code != 2 || !strings.Contains(o.err, "tensors are missing") {
		t.Errorf("ended with %d and\n%s", o.code, o.err)
	}
}

// In place of an experiment a graph stands for what can be read out of it.
func TestGraphInPlaceOfAnExperiment(t *testing.T) {
	file := graphs + "residual.onnx"
	args := []string{file, "--set", "readout.targets=H", "--set", "readout.epochs=1", "--set", "readout.crops=8", "--set", "readout.test_crops=4", "--set", "eval.padding=zeros,reflect"}
	o := padlab(t, append([]string{"run", "--quiet"}, args...)...)
	if o.want(t, exitOK, ""); !strings.HasPrefix(o.out, "How much position is in residual.onnx? ("+file+", seed 1)\n") || !strings.Contains(o.out, "\nnetwork, reflect   H ") || strings.Contains(o.out, "Paper") {
		t.Error(o.out)
	}
	said := o.out[strings.Index(o.out, "Reproduce: padlab "):]
	again := padlab(t, append(strings.Fields(strings.TrimPrefix(strings.TrimSpace(said), "Reproduce: padlab ")), "--quiet")...)
	if again.want(t, exitOK, ""); again.out != o.out {
		t.Errorf("%s\nis not\n%s", again.out, o.out)
	}
	padlab(t, "run", filepath.Join(t.TempDir(), "gone.onnx")).want(t, exitUsage, "gone.onnx: no such file or directory\n")
}

// A network from a file is frozen with its weights, and read out at any of its
// layers; a padding of the test does not change the weights.
func TestReadOutOnnx(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reading.toml")
	if err := os.WriteFile(file, []byte(tinyReading), 0o644); err != nil {
		t.Fatal(err)
	}
	o := padlab(t, "run", file, "--set", "net.arch="+graphs+"residual.onnx", "--set", "readout.taps=/Relu+/pool/MaxPool", "--set", "eval.padding=zeros,circular", "--format", "json")
	if o.code != 0 {
		t.Fatalf("ended with %d and\n%s", o.code, o.err)
	}
	var r struct {
		Experiment struct {
			Data struct{ Normalize bool }
		}
		Arms []struct {
			Name, Status string
		}
	}
	if err := json.Unmarshal([]byte(o.out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Arms) != 4 || !r.Experiment.Data.Normalize {
		t.Errorf("%+v", r)
	}
	for _, a := range r.Arms {
		if a.Status != "done" {
			t.Errorf("%+v", a)
		}
	}
	o = padlab(t, "run", file, "--set", "net.arch="+graphs+"residual.onnx", "--set", "readout.taps=/Rulu")
	if o.code != 2 || !strings.Contains(o.err, `unknown layer "/Rulu"`) {
		t.Errorf("ended with %d and\n%s", o.code, o.err)
	}
}

// Its layers learn anew on a task of ours, for grey pictures too; where the graph
// has a size of its own it is said.
func TestTrainOnnx(t *testing.T) {
	o := padlab(t, tiny("--set", "net.arch="+graphs+"residual.onnx", "--format", "json")...)
	if o.code != 0 {
		t.Fatalf("ended with %d and\n%s", o.code, o.err)
	}
	o = padlab(t, tiny("--set", "net.arch="+graphs+"attention.onnx")...)
	if o.code != 2 || !strings.Contains(o.err, "do not lie over each other") {
		t.Errorf("ended with %d and\n%s", o.code, o.err)
	}
}
