package arch

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/rng"
)

func build(t testing.TB, name string, side, channels, classes int, padding string) *nn.Net {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	net, err := Build(Spec{Arch: Must(name), In: nn.Shape{H: side, W: side, C: channels}, Classes: classes, Padding: pad.Must(padding), Extent: pad.Same, Bias: true}, k)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// Parameters by hand: Σ 9·in·out + out over the convolutions, in·out + out for
// the linear layer.
func TestParameters(t *testing.T) {
	for _, c := range []struct {
		name                    string
		side, channels, classes int
		want                    int
	}{
		{"small", 56, 1, 49, 160 + 4640 + 9248 + 18496 + 3185},
		{"vgg5", 64, 3, 10, 896 + 18496 + 73856 + 295168 + 2570},
		{"S", 32, 3, 49, 448 + 4640 + 9248 + 18496 + 3185},
		{"M", 64, 3, 49, 896 + 9248 + 18496 + 36928 + 73856 + 147584 + 6321},
		{"L", 32, 3, 10, 11_173_962}, // ResNet-18 for CIFAR-10, as commonly counted
	} {
		if got := build(t, c.name, c.side, c.channels, c.classes, "zeros").Trainable; got != c.want {
			t.Errorf("%s has %d parameters, want %d", c.name, got, c.want)
		}
	}
}

// Parameters as torchvision's documentation and the authors of the networks for
// CIFAR count them, with the sizes and classes that they were made for.
func TestParametersOfKnownNetworks(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name          string
		side, classes int
		want          int
	}{
		{"vgg16", 224, 1000, 138_357_544}, {"vgg11_bn", 224, 1000, 132_868_840},
		{"resnet18", 224, 1000, 11_689_512}, {"resnet34", 224, 1000, 21_797_672}, {"resnet50", 224, 1000, 25_557_032},
		{"resnet101", 224, 1000, 44_549_160}, {"resnet152", 224, 1000, 60_192_808},
		{"squeezenet1_0", 224, 1000, 1_248_424}, {"squeezenet1_1", 224, 1000, 1_235_496},
		{"resnet20", 32, 10, 269_722}, {"resnet32", 32, 10, 464_154}, {"resnet44", 32, 10, 658_586}, {"resnet56", 32, 10, 853_018},
		{"rook", 32, 2, 29}, {"red-green", 32, 2, 9*(3*32+32*32+32*64+64*64) + 64*2 + 2},
	} {
		net, err := Build(Spec{Arch: Must(c.name), In: nn.Shape{H: c.side, W: c.side, C: 3}, Classes: c.classes, Padding: pad.Must("zeros"), Extent: pad.Same, FCHead: true}, k)
		if c.name == "rook" {
			net, err = Build(Spec{Arch: Must(c.name), In: nn.Shape{H: c.side, W: c.side, C: 1}, Classes: c.classes, Padding: pad.Must("zeros"), Extent: pad.Same}, k)
		}
		if err != nil {
			t.Error(err)
		} else if net.Trainable != c.want {
			t.Errorf("%s has %d parameters, want %d", c.name, net.Trainable, c.want)
		}
		runtime.GC()
	}
}

// Every architecture is built with every scheme and extent that pads alike on
// all sides, has the taps that it names, and computes something finite.
func TestEveryArchitecture(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range All() {
		name := a.Name
		large := slices.Contains([]string{"resnet34", "resnet101", "resnet152", "bagnet9", "bagnet33", "vgg13", "vgg16", "vgg19"}, strings.TrimSuffix(name, "_bn"))
		for _, c := range []struct {
			padding string
			extent  pad.Extent
		}{{"zeros", pad.Same}, {"circular", pad.Same}, {"reflect", pad.Full}, {"none", pad.Valid}, {"resize", pad.Same}, {"explicit", pad.Same}, {"partial", pad.Same}} {
			if large && c.extent == pad.Same && c.padding != "zeros" { // built like their smaller relatives
				continue
			}
			side := 128
			if c.padding == "none" {
				side = 2000
			}
			net, err := Build(Spec{Arch: a, In: nn.Shape{H: side, W: side, C: 1}, Classes: 3, Padding: pad.Must(c.padding), Extent: c.extent}, k)
			if err != nil {
				t.Error(err)
				continue
			}
			if len(a.Taps) == 0 {
				t.Errorf("%s has no taps", name)
			}
			for _, tap := range a.Taps {
				if !slices.ContainsFunc(net.Nodes, func(n nn.Node) bool { return n.Name() == tap }) {
					t.Errorf("%s has no tap %s", name, tap)
				}
			}
			seen := map[string]bool{}
			net.EachParam(func(p nn.Param, _ []float32) {
				if seen[p.Name] {
					t.Errorf("%s has two tensors %s", name, p.Name)
				}
				seen[p.Name] = true
			})
		}
	}
}

// The networks that are built are those of the catalog, in its order.
func TestCatalog(t *testing.T) {
	var built []string
	for _, a := range All() {
		built = append(built, a.Name)
		if got := Must(a.Name); got.Entry != a.Entry || !slices.Equal(got.Taps, a.Taps) {
			t.Errorf("%s is %+v by name", a.Name, got.Entry)
		}
	}
	if !slices.Equal(built, catalog.Names()) {
		t.Errorf("built are\n%v, in the catalog are\n%v", built, catalog.Names())
	}
}

// The fields of the networks that are known for them.
func TestReceptiveFields(t *testing.T) {
	for _, c := range []struct {
		name          string
		stride, field int
	}{{"bagnet9", 8, 9}, {"bagnet17", 8, 17}, {"bagnet33", 8, 33}, {"vgg11", 32, 150}, {"resnet18-canvas", 16, 219}, {"resnet18", 32, 435}, {"resnet50", 32, 427}} {
		f := Features(Trace(build(t, c.name, 224, 3, 10, "zeros")))
		if f.Stride != c.stride || f.ReceptiveField != c.field {
			t.Errorf("%s: stride %d, field %d; want %d, %d", c.name, f.Stride, f.ReceptiveField, c.stride, c.field)
		}
	}
}

// vgg5 sees 38 pixels with stride 8 (paper.md, §2.3: "RF of VGG5 = 38 px").
func TestGeometry(t *testing.T) {
	for _, c := range []struct {
		name                string
		side, stride, field int
	}{{"vgg5", 64, 8, 38}, {"small", 56, 4, 26}, {"S", 32, 2, 14}, {"M", 64, 4, 32}, {"L", 32, 8, 109}} {
		f := Features(Trace(build(t, c.name, c.side, 1, 10, "zeros")))
		if f.Stride != c.stride || f.ReceptiveField != c.field {
			t.Errorf("%s: stride %d, field %d; want %d, %d", c.name, f.Stride, f.ReceptiveField, c.stride, c.field)
		}
	}
	dropped := map[string]int{}
	for _, s := range Trace(build(t, "small", 54, 1, 81, "circular")) {
		dropped[s.Name] = s.Dropped
	}
	if dropped["pool1"] != 0 || dropped["pool2"] != 1 {
		t.Errorf("54 → 27 → 13 drops a row at pool2 only: %v", dropped)
	}
}

// perf.md: a training step takes 72.6 MFLOP per sample on S, 920 on M, 3,329 on L.
func TestFLOPs(t *testing.T) {
	for _, c := range []struct {
		name string
		side int
		want float64
	}{{"S", 32, 72.6e6}, {"M", 64, 920e6}, {"L", 32, 3329e6}} {
		_, got := FLOPs(build(t, c.name, c.side, 3, 49, "zeros"))
		if math.Abs(float64(got)-c.want) > 0.002*c.want {
			t.Errorf("%s: %d FLOP per sample, want %g", c.name, got, c.want)
		}
	}
}

func TestBuildSaysWhatWouldFit(t *testing.T) {
	k, _ := kernel.Select("")
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{Arch: Must("small"), In: nn.Shape{H: 16, W: 16, C: 1}, Classes: 4, Padding: pad.Must("none"), Extent: pad.Same, Bias: true}, "network small with padding none on 16×16 pixels: conv3: a 3×3 kernel does not fit in 2×2 pixels; the smallest picture that works is 26×26"},
		{Spec{Arch: Must("small"), In: nn.Shape{H: 4, W: 4, C: 1}, Classes: 4, Padding: pad.Must("reflect"), Extent: pad.Same, Bias: true}, "conv3: reflect needs padding < size: 1 ≥ 1 (rows); the smallest picture that works is 8×8"},
	} {
		if _, err := Build(c.spec, k); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
	if _, err := Named("smal"); err == nil || !strings.Contains(err.Error(), `unknown network "smal": did you mean "small"?`) {
		t.Error(err)
	}
}

// canvas pastes a random patch of the given size at (row, col) on black.
func canvas(side, patch, row, col, which int) []float32 {
	x := make([]float32, side*side)
	s := rng.New(uint64(which), "patch")
	for i := range patch {
		for j := range patch {
			x[(row+i)*side+col+j] = s.Float32()
		}
	}
	return x
}

// features is what the layer before global pooling and the one behind it make
// of x.
func features(net *nn.Net, tape *nn.Tape, x []float32) (maps, pooled []float32) {
	copy(tape.Input(), x)
	tape.Forward()
	for i, l := range net.Nodes {
		if l.Window(nn.Rows).Size == 0 {
			return tape.Activation(l.From[0]), tape.Activation(nn.Output(i))
		}
	}
	panic("no global pooling")
}

// Behind global pooling circular padding is blind to where the patch is, where
// the geometry allows it: every cell a multiple of the total stride and every
// pooled size even. The maps are equal bit for bit after rolling them back,
// the pooled vectors too, for they are accumulated in float64.
func TestCircularIsBlind(t *testing.T) {
	for _, c := range []struct{ grid, cell int }{{5, 12}, {7, 8}, {3, 28}} {
		side := c.grid * c.cell
		net := build(t, "small", side, 1, c.grid*c.grid, "circular")
		net.Init(1)
		tape := net.NewTape()
		stage := Features(Trace(net))
		m := stage.Out
		for which := range 4 {
			at0, pooled0 := features(net, tape, canvas(side, c.cell, 0, 0, which))
			maps, pooled := append([]float32(nil), at0...), append([]float32(nil), pooled0...)
			for cell := 1; cell < c.grid*c.grid; cell++ {
				dy, dx := cell/c.grid*c.cell/stage.Stride, cell%c.grid*c.cell/stage.Stride
				gotMaps, gotPooled := features(net, tape, canvas(side, c.cell, cell/c.grid*c.cell, cell%c.grid*c.cell, which))
				for y := range m.H {
					for x := range m.W {
						for ch := range m.C {
							if got, want := gotMaps[((y+dy)%m.H*m.W+(x+dx)%m.W)*m.C+ch], maps[(y*m.W+x)*m.C+ch]; got != want {
								t.Fatalf("%d×%d cells of %d: the map of cell %d differs from cell 0's at %d,%d,%d: %g, want %g", c.grid, c.grid, c.cell, cell, y, x, ch, got, want)
							}
						}
					}
				}
				for ch := range pooled {
					if gotPooled[ch] != pooled[ch] {
						t.Fatalf("%d×%d cells of %d: pooled channel %d is %g in cell %d, %g in cell 0", c.grid, c.grid, c.cell, ch, gotPooled[ch], cell, pooled[ch])
					}
				}
			}
		}
	}
}

// What a block of BagNet adds to its convolutions, in the published order: the
// strided 1×1 convolution and norm of the whole map, then cut at the bottom and
// right. Here those convolutions say nothing, and the norms change nothing.
func TestShortcutOfBagNet(t *testing.T) {
	const side = 29
	for padding, cut := range map[string]int{"none": 1, "zeros": 0} {
		net := build(t, "bagnet9", side, 3, 2, padding)
		net.Init(1)
		var w []float32 // of the shortcut, [64][256]
		net.EachParam(func(p nn.Param, values []float32) {
			switch p.Name {
			case "layer1.0.bn3.weight":
				clear(values)
			case "layer1.0.downsample.0.weight":
				w = values
			}
		})
		net.Pack()
		tape := net.NewTape()
		s := rng.New(3, "picture")
		s.Uniform(tape.Input(), 1)
		at := func(name string) nn.Output {
			return nn.Output(slices.IndexFunc(net.Nodes, func(n nn.Node) bool { return n.Name() == name }))
		}
		x := slices.Clone(tape.ForwardTo(at("relu")))
		y := tape.ForwardTo(at("layer1.0.out"))
		in, out := net.Nodes[at("relu")].Out(), net.Nodes[at("layer1.0.out")].Out()
		if want := (in.H+1)/2 - cut; out != (nn.Shape{H: want, W: want, C: 256}) {
			t.Errorf("%s: %v of %v", padding, out, in)
		}
		for i, got := range y {
			row, col, c := i/256/out.W, i/256%out.W, i%256
			sum := 0.0
			for k := range 64 {
				sum += float64(x[(2*row*in.W+2*col)*64+k]) * float64(w[k*256+c])
			}
			if want := max(sum/math.Sqrt(1+1e-5), 0); math.Abs(float64(got)-want) > 1e-5*(1+want) {
				t.Fatalf("%s: pixel %d,%d of channel %d is %g, want %g", padding, row, col, c, got, want)
			}
		}
	}
}

// Behind a ReLU the largest of a window with zeros beside the map is that of what
// lies in it: there padded pools that follow the scheme zeros change no bit, and
// others do. Without padding there is nothing to follow, and the pools of
// SqueezeNet pad nothing.
func TestPoolsFollowTheScheme(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, padding string
		same          bool
	}{
		{"resnet18", "zeros", true}, {"resnet18", "partial", true}, {"resnet18", "none", true}, {"resnet18", "circular", false}, {"resnet18", "constant(1)", false},
		{"resnet18", "resize", false}, {"squeezenet1_0", "circular", true},
	} {
		var out [2][]float32
		side := 96
		if c.padding == "none" {
			side = 435
		}
		for i, pools := range []catalog.Pools{"", catalog.SchemePools} {
			net, err := Build(Spec{Arch: Must(c.name), In: nn.Shape{H: side, W: side, C: 1}, Classes: 5, Padding: pad.Must(c.padding), Extent: pad.Same, Pools: pools}, k)
			if err != nil {
				t.Fatal(err)
			}
			net.Init(1)
			tape := net.NewTape()
			copy(tape.Input(), canvas(side, side, 0, 0, 1))
			out[i] = slices.Clone(tape.Forward())
		}
		if slices.Equal(out[0], out[1]) != c.same {
			t.Errorf("%s with %s: %v, and with pools that follow %v", c.name, c.padding, out[0], out[1])
		}
	}
}

// Behind global pooling full padding with zeros is blind too, on a black canvas
// and without biases: every window that meets the patch lies wholly in the
// padded picture. A bias or a white canvas breaks it (Kayhan and van Gemert
// 2020).
func TestFullIsBlind(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		bias  bool
		empty float32
		blind bool
	}{{"red-green", false, 0, true}, {"rook", false, 0, true}, {"red-green", false, 1, false}, {"small", true, 0, false}} {
		const side, cell = 48, 16
		net, err := Build(Spec{Arch: Must(c.name), In: nn.Shape{H: side, W: side, C: 1}, Classes: 2, Padding: pad.Must("zeros"), Extent: pad.Full, Bias: c.bias}, k)
		if err != nil {
			t.Fatal(err)
		}
		net.Init(1)
		tape := net.NewTape()
		var first []float32
		same := true
		for at := range 9 {
			x := canvas(side, cell, at/3*cell, at%3*cell, 1)
			for i := range x {
				if row, col := i/side, i%side; row/cell != at/3 || col/cell != at%3 {
					x[i] = c.empty
				}
			}
			copy(tape.Input(), x)
			z := tape.Forward()
			if at == 0 {
				first = slices.Clone(z)
			}
			same = same && slices.Equal(z, first)
		}
		if same != c.blind {
			t.Errorf("%+v: blind %v", c, same)
		}
	}
}

// The negative control: cells of 14 pixels on 70 (70 → 35 → 17) break the
// condition, and the same comparison must fail by more than 1e-5. So must
// zeros, on a geometry that is fine for circular.
func TestBrokenGeometryLeaks(t *testing.T) {
	for _, c := range []struct {
		grid, cell int
		padding    string
	}{{5, 14, "circular"}, {5, 12, "zeros"}, {5, 12, "reflect"}, {5, 12, "none"}} {
		side := c.grid * c.cell
		net := build(t, "small", side, 1, c.grid*c.grid, c.padding)
		net.Init(1)
		tape := net.NewTape()
		_, first := features(net, tape, canvas(side, c.cell, 0, 0, 0))
		pooled := append([]float32(nil), first...)
		worst := 0.0
		for cell := 1; cell < c.grid*c.grid; cell++ {
			_, got := features(net, tape, canvas(side, c.cell, cell/c.grid*c.cell, cell%c.grid*c.cell, 0))
			for ch := range pooled {
				worst = math.Max(worst, math.Abs(float64(got[ch]-pooled[ch])))
			}
		}
		if worst < 1e-5 {
			t.Errorf("%s, cells of %d: the pooled vectors differ by %g only", c.padding, c.cell, worst)
		}
	}
}

// A constant picture stays exactly constant under every scheme whose values
// come from the picture, within 1e-6 where they are local means, and does not
// under zeros, constants and partial (paper.md, §2.4).
func TestConstantPictures(t *testing.T) {
	for padding, want := range map[string]bool{
		"circular": true, "reflect": true, "symmetric": true, "replicate": true, "none": true, "zeros": false, "constant(0.3)": false, "partial": false,
		"mean-interp": true, "mean-ref": true, "resize": true,
	} {
		net := build(t, "small", 48, 1, 4, padding)
		net.Init(2)
		tape := net.NewTape()
		x := make([]float32, 48*48)
		for i := range x {
			x[i] = 0.8
		}
		maps, _ := features(net, tape, x)
		channels := Features(Trace(net)).Out.C
		bound := float32(0)
		if strings.HasPrefix(padding, "mean-") { // a sum of nine, divided by nine, is rounded
			for _, v := range maps {
				bound = max(bound, 1e-6*v)
			}
		}
		constant := true
		for i, v := range maps {
			d := v - maps[i%channels]
			constant = constant && max(d, -d) <= bound
		}
		if constant != want {
			t.Errorf("%s: a constant picture stays constant: %v, want %v", padding, constant, want)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		name           string
		side, channels int
	}{{"small", 56, 1}, {"small", 40, 1}, {"S", 32, 3}, {"M", 64, 3}, {"L", 32, 3}} {
		for _, padding := range []string{"zeros", "reflect"} {
			b.Run(fmt.Sprintf("%s-%d/%s", c.name, c.side, padding), func(b *testing.B) {
				net := build(b, c.name, c.side, c.channels, 49, padding)
				net.Init(1)
				crew := kernel.NewCrew(2)
				defer crew.Close()
				trainer := nn.NewTrainer(net, nn.NewSGD(net.Trainable, nn.SGDOptions{LR: nn.Constant(0.01), Momentum: 0.9}), 32, 2)
				b.ReportAllocs()
				for b.Loop() {
					trainer.Step(crew, func(i int, x []float32) int { x[i] = 1; return i })
				}
				b.ReportMetric(32*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
			})
		}
	}
}

// trials.md B: the 9×9 units of small without padding look at 12.5 + 4j, 60
// pixels wide. A map whose units say where they look says so of every pixel
// between the outermost, and repeats those outside.
// Longitude comes round: of a picture that is rolled to the side by the stride, a
// network that is circular left and right says of every pixel what it said before,
// bit for bit, the enlargement to the picture among it where that is continued, too.
// Stretched it has a seam; and up and down there is a border.
func TestNoSeam(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	const h, w, classes = 24, 32, 3
	for _, c := range []struct {
		padding     string
		head        catalog.Head
		down, right int
		same        bool
	}{
		{"circular/zeros", catalog.Continued, 0, 12, true}, {"circular/pole", catalog.Continued, 0, 12, true}, {"circular", catalog.Continued, 8, 20, true},
		{"circular/zeros", catalog.Stretched, 0, 12, false}, {"circular", catalog.Stretched, 0, 12, false}, {"zeros/circular", catalog.Continued, 0, 12, false},
		{"circular/zeros", catalog.Continued, 8, 0, false}, {"zeros/circular", catalog.Continued, 8, 0, true},
	} {
		net, err := Build(Spec{Arch: Must("near"), In: nn.Shape{H: h, W: w, C: 1}, Classes: classes, Padding: pad.Must(c.padding), Extent: pad.Same, Bias: true, Head: c.head}, k)
		if err != nil {
			t.Fatal(err)
		}
		net.Init(1)
		tape := net.NewTape()
		x := make([]float32, h*w)
		source := rng.New(1, "picture")
		source.Uniform(x, 1)
		logits := func(down, right int) []float32 {
			for i := range x {
				tape.Input()[(i/w+down)%h*w+(i%w+right)%w] = x[i]
			}
			return slices.Clone(tape.Forward())
		}
		still, rolled := logits(0, 0), logits(c.down, c.right)
		differ := 0
		for i := range h * w {
			to := (i/w+c.down)%h*w + (i%w+c.right)%w
			if !slices.Equal(still[i*classes:(i+1)*classes], rolled[to*classes:(to+1)*classes]) {
				differ++
			}
		}
		if (differ == 0) != c.same {
			t.Errorf("%+v: %d of %d pixels are answered otherwise", c, differ, h*w)
		}
	}
}

func TestAlignedHead(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	for padding, want := range map[string]Stage{"none": {Top: 25, Left: 25, Stride: 4}, "zeros": {Top: 3, Left: 3, Stride: 4}} {
		net, err := Build(Spec{Arch: Must("small"), In: nn.Shape{H: 60, W: 60, C: 1}, Classes: 11, Padding: pad.Must(padding), Extent: pad.Same, Bias: true, Head: catalog.Aligned}, k)
		if err != nil {
			t.Fatal(err)
		}
		stages := Trace(net)
		logits, out := stages[len(stages)-2], stages[len(stages)-1]
		if logits.Top != want.Top || logits.Left != want.Left || logits.Stride != want.Stride || out.Out != (nn.Shape{H: 60, W: 60, C: 11}) {
			t.Fatalf("%s: %+v, %+v", padding, logits, out)
		}
		b := nn.NewBuilder(nn.Shape{H: logits.Out.H, W: logits.Out.W, C: 1})
		b.Align("align", nn.Sample, 60, 60, logits.Top, logits.Left, logits.Stride)
		align, err := b.Net(k)
		if err != nil {
			t.Fatal(err)
		}
		align.Pack()
		tape := align.NewTape()
		first, last := float32(want.Top)/2, float32(want.Top)/2+4*float32(logits.Out.H-1)
		for i := range tape.Input() {
			tape.Input()[i] = first + 4*float32(i/logits.Out.W)
		}
		for i, v := range tape.Forward() {
			if row := min(max(float32(i/60), first), last); v != row {
				t.Fatalf("%s: row %d is said to be at %g, want %g", padding, i/60, v, row)
			}
		}
	}
	if _, err := Build(Spec{Arch: Must("rook"), In: nn.Shape{H: 32, W: 32, C: 1}, Classes: 2, Padding: pad.Must("zeros"), Extent: pad.Same, Head: catalog.Stretched}, k); err == nil || !strings.Contains(err.Error(), "whole picture only") {
		t.Error(err)
	}
}
