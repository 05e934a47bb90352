package inspect

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/pad"
)

func spec(name, padding string, side int) arch.Spec {
	return arch.Spec{Arch: arch.Must(name), In: nn.Shape{H: side, W: side, C: 3}, Classes: 10, Padding: pad.Must(padding), Extent: pad.Same, Bias: true}
}

func look(t *testing.T, s arch.Spec) *Geometry {
	t.Helper()
	g, err := Look(s)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// stack is convolutions of one size and stride 1 over n×n pixels.
func stack(t *testing.T, n, size, layers int, scheme string, extent pad.Extent) []nn.Node {
	t.Helper()
	b := nn.NewBuilder(nn.Shape{H: n, W: n, C: 1})
	x := nn.Sample
	for i := range layers {
		x = b.Conv(fmt.Sprintf("conv%d", i+1), x, 1, size, 1, pad.Must(scheme), extent, false)
	}
	nodes, err := b.Nodes()
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

// The counts of one layer, from the border inward, as they follow from Alsallakh
// et al. (2021).
func TestFoveation(t *testing.T) {
	for _, c := range []struct {
		size   int
		scheme string
		extent pad.Extent
		want   Foveation
	}{
		{3, "none", pad.Valid, Foveation{1, 2, 3, 3, 3}},
		{3, "zeros", pad.Same, Foveation{2, 3, 3, 3, 3}},
		{3, "zeros", pad.Full, Foveation{3, 3, 3, 3, 3}},
		{3, "circular", pad.Same, Foveation{3, 3, 3, 3, 3}},
		{3, "symmetric", pad.Same, Foveation{3, 3, 3, 3, 3}},
		{3, "replicate", pad.Same, Foveation{3, 3, 3, 3, 3}},
		{3, "reflect", pad.Same, Foveation{2, 4, 3, 3, 3}},
		{5, "none", pad.Valid, Foveation{1, 2, 3, 4, 5}},
		{5, "zeros", pad.Same, Foveation{3, 4, 5, 5, 5}},
		{5, "reflect", pad.Same, Foveation{3, 6, 6, 5, 5}},
		{5, "replicate", pad.Same, Foveation{6, 4, 5, 5, 5}},
		{5, "symmetric", pad.Same, Foveation{5, 5, 5, 5, 5}},
		{5, "circular", pad.Same, Foveation{5, 5, 5, 5, 5}},
		{5, "zeros", pad.Full, Foveation{5, 5, 5, 5, 5}},
		// What a window sees is weighted up: 3/2 + 1, 3/2 + 1 + 1, 3, …
		{3, "partial", pad.Same, Foveation{2.5, 3.5, 3, 3, 3}},
		// The first two windows are the same.
		{3, "explicit", pad.Same, Foveation{2, 3, 4, 3, 3}},
		// What is computed or drawn passes nothing on.
		{3, "noise", pad.Same, Foveation{2, 3, 3, 3, 3}},
		{3, "learned", pad.Same, Foveation{2, 3, 3, 3, 3}},
	} {
		nodes := stack(t, 13, c.size, 1, c.scheme, c.extent)
		for _, a := range []nn.Axis{nn.Rows, nn.Columns} {
			got := foveate(nodes, len(nodes)-1, a)
			if !slices.Equal(got[:5], c.want) {
				t.Errorf("%d×%d %s %s: %v, want %v", c.size, c.size, c.scheme, c.extent, got[:5], c.want)
			}
			mirrored := slices.Clone(got)
			slices.Reverse(mirrored)
			if !slices.Equal(got, mirrored) {
				t.Errorf("%d×%d %s: %v is not symmetric", c.size, c.size, c.scheme, got)
			}
		}
	}
}

// Circular padding uses all pixels alike, however deep the network is: 3⁵ times
// behind five layers. Valid convolutions use a corner pixel once.
func TestFoveationOfManyLayers(t *testing.T) {
	for scheme, want := range map[string]float64{"circular": 243, "none": 1} {
		extent := map[string]pad.Extent{"circular": pad.Same, "none": pad.Valid}[scheme]
		got := foveate(stack(t, 13, 3, 5, scheme, extent), 4, nn.Rows)
		if got[0] != want || got[12] != want || scheme == "circular" && slices.Max(got) != slices.Min(got) {
			t.Errorf("%s: %v", scheme, got)
		}
	}
	// An enlarged picture is used as often in all as it has windows: each
	// position of the padded line passes on what it gets.
	got, sum := foveate(stack(t, 13, 3, 1, "resize", pad.Same), 0, nn.Rows), 0.0
	for _, v := range got {
		sum += v
	}
	if math.Abs(sum-3*13) > 1e-5 {
		t.Errorf("resize: %v sums to %v", got, sum)
	}
}

// By hand: of n×n outputs of a 3×3 convolution all but (n−2)² look over the
// edge, of a second all but (n−4)²; without padding none does.
func TestBeyond(t *testing.T) {
	for _, n := range []int{5, 8, 9} {
		for _, scheme := range []string{"zeros", "circular", "reflect", "partial", "explicit", "learned"} {
			nodes := stack(t, n, 3, 2, scheme, pad.Same)
			r, c := seesPadding(nodes, nn.Rows), seesPadding(nodes, nn.Columns)
			inner := []int{n - 2, n - 4}
			for i, node := range nodes {
				if node.Window(nn.Rows).Size != 3 {
					continue
				}
				got := 1 - (1-share(r[i]))*(1-share(c[i]))
				want := float64(n*n-inner[0]*inner[0]) / float64(n*n)
				if inner = inner[1:]; math.Abs(got-want) > 1e-12 {
					t.Errorf("%s, %d pixels, %s: %v, want %v", scheme, n, node.Name(), got, want)
				}
			}
		}
		nodes := stack(t, n, 3, 2, "none", pad.Valid)
		if r := seesPadding(nodes, nn.Rows); share(r[1]) != 0 {
			t.Errorf("none: %v", r)
		}
	}
}

// A brute-force walk over a small residual network, output by output and pixel
// by pixel, sees over the edge where the product of the axes does.
func TestBeyondInTwoDimensions(t *testing.T) {
	b := nn.NewBuilder(nn.Shape{H: 9, W: 7, C: 1})
	zeros := pad.Must("zeros")
	x := b.Conv("a", nn.Sample, 1, 3, 2, zeros, pad.Same, false)
	y := b.Conv("b", x, 1, 3, 1, zeros, pad.Same, false)
	b.MaxPoolOf("p", b.Add("sum", x, y), nn.PoolSpec{Size: 3, Stride: 2, Ceil: true})
	nodes, err := b.Nodes()
	if err != nil {
		t.Fatal(err)
	}
	maps := make([][]bool, len(nodes))
	for i, node := range nodes {
		out, in, w := node.Out(), node.In()[0], node.Window(nn.Rows)
		for r := range out.H {
			for c := range out.W {
				over := false
				for ky := range w.Size {
					for kx := range w.Size {
						y, x := r*w.Stride+ky-w.Pad.Top, c*w.Stride+kx-w.Pad.Left
						if y < 0 || x < 0 || y >= in.H || x >= in.W {
							over = true
							continue
						}
						for _, from := range node.From {
							over = over || from != nn.Sample && maps[from][y*in.W+x]
						}
					}
				}
				maps[i] = append(maps[i], over)
			}
		}
	}
	byRow, byCol := seesPadding(nodes, nn.Rows), seesPadding(nodes, nn.Columns)
	for i, node := range nodes {
		w := node.Out().W
		for at, want := range maps[i] {
			if got := byRow[i][at/w] || byCol[i][at%w]; got != want {
				t.Errorf("%s, row %d, column %d: %v, want %v", node.Name(), at/w, at%w, got, want)
			}
		}
	}
}

// ResNet-18 halves five times with 2p = k − 1: even at a·2⁵ + 1 pixels, so at
// 225, and uneven at 224, where each layer leaves one row of padding behind.
func TestEvenSizes(t *testing.T) {
	g := look(t, spec("resnet18", "zeros", 224))
	if !slices.Equal(g.Even, []int{193, 225}) {
		t.Errorf("next to 224: %v", g.Even)
	}
	var strided []string
	for _, l := range g.Layers {
		if l.AsymmetricRows != 0 || l.AsymmetricColumns != 0 {
			strided = append(strided, l.Name)
			if l.AsymmetricRows != 1 || l.AsymmetricColumns != 1 {
				t.Errorf("%s: %d, %d", l.Name, l.AsymmetricRows, l.AsymmetricColumns)
			}
		}
	}
	if got, want := strings.Join(strided, " "), "conv1 maxpool layer2.0.conv1 layer2.0.downsample.0 layer3.0.conv1 layer3.0.downsample.0 layer4.0.conv1 layer4.0.downsample.0"; got != want {
		t.Errorf("uneven are %s", got)
	}
	if g.Params != 11_689_512-990*513 || g.Stride != 32 || g.ReceptiveField != 435 {
		t.Errorf("%d parameters, stride %d, field %d", g.Params, g.Stride, g.ReceptiveField)
	}
	g = look(t, spec("resnet18", "zeros", 225))
	for _, l := range g.Layers {
		if l.AsymmetricRows != 0 || l.AsymmetricColumns != 0 {
			t.Errorf("225: %s is uneven", l.Name)
		}
	}
	if !slices.Equal(g.Even, []int{225}) {
		t.Errorf("next to 225: %v", g.Even)
	}

	for _, c := range []struct {
		name, padding string
		side          int
		want          []int
	}{
		{"vgg16", "zeros", 224, []int{224}}, // five pools of 2×2: multiples of 32
		{"vgg16", "zeros", 230, []int{224, 256}},
		{"resnet20", "zeros", 32, []int{29, 33}}, // two strides: a·4 + 1
		{"small", "zeros", 30, []int{28, 32}},
		{"rook", "zeros", 17, []int{17}}, // no stride at all
	} {
		if got := look(t, spec(c.name, c.padding, c.side)).Even; !slices.Equal(got, c.want) {
			t.Errorf("%s next to %d: %v, want %v", c.name, c.side, got, c.want)
		}
	}

	// A pool in ceil mode looks behind the map instead: 111 → 55 fits, 110 → 55
	// sticks out by one.
	squeeze := look(t, spec("squeezenet1_0", "zeros", 226))
	for _, l := range squeeze.Layers {
		if l.Name == "features.2" && (l.AsymmetricRows != -1 || l.H != 55) {
			t.Errorf("%+v", l)
		}
	}
}

// Every architecture with every head that it has, under every scheme, has a
// geometry that makes sense.
func TestLookAtAll(t *testing.T) {
	if testing.Short() {
		t.Skip("of numbers alone, which take the portable kernel minutes under the race detector")
	}
	for _, name := range catalog.Names() {
		for _, c := range []struct {
			head catalog.Head
			side int
		}{{catalog.Pooled, 97}, {catalog.Pooled, 64}, {catalog.Stretched, 97}, {catalog.Aligned, 64}} {
			lookAtAll(t, name, c.head, c.side)
		}
	}
}

func lookAtAll(t *testing.T, name string, head catalog.Head, side int) {
	for _, padding := range pad.Names() {
		if padding == "none" && strings.HasPrefix(name, "resnet") && name != "resnet20" {
			continue // the picture is too small, and to say how large it must be takes long
		}
		s := spec(name, padding, side)
		s.Head = head
		g, err := Look(s)
		if err != nil {
			pooled := head != catalog.Pooled && strings.Contains(err.Error(), "it answers for the whole picture only")
			if padding != "none" && !strings.Contains(err.Error(), "the smallest picture that works is") && !pooled {
				t.Errorf("%s, %s, %s: %v", name, head, padding, err)
			}
			continue
		}
		if last := g.Layers[len(g.Layers)-1]; head != catalog.Pooled && (last.Kind != "resize" || last.H != side || last.ReceptiveField <= g.ReceptiveField || padding != "none" && last.Jump > 1) {
			t.Errorf("%s, %s, %s: %+v", name, head, padding, last)
		}
		for _, l := range g.Layers {
			if !(l.SeesPadding >= 0 && l.SeesPadding <= 1) || l.H < 1 || l.W != l.H {
				t.Errorf("%s, %s: %+v", name, padding, l)
			}
			if padding == "none" && l.SeesPadding > 0 && !strings.Contains(name, "squeezenet") {
				t.Errorf("%s without padding: %s looks over the edge", name, l.Name)
			}
			for _, tap := range g.Taps {
				if l.Name == tap && l.ReceptiveField == 0 {
					t.Errorf("%s: the tap %s sees all", name, tap)
				}
			}
		}
		for i, v := range g.Rows {
			if v < 0 || v != v || v != g.Columns[i] {
				t.Fatalf("%s, %s: %v and %v", name, padding, g.Rows, g.Columns)
			}
		}
		if m := g.Rows.Middle(g.Stride); !(m > 0) || math.IsInf(m, 0) {
			t.Errorf("%s, %s: used %v times in the middle", name, padding, m)
		}
	}
}

// The last map of a network that answers for every pixel is the one that is
// enlarged. By hand for small on 60 pixels: 15×15 logits, 4 pixels apart, are
// stretched or aligned to 60×60 with 1 pixel between neighbours; without padding
// 9×9 are, stretched to 36/60 of a pixel, aligned to 1. What the logits have
// seen is seen behind them, and beyond the outermost nothing new is.
func TestLookAtHeads(t *testing.T) {
	for _, c := range []struct {
		padding string
		head    catalog.Head
		jump    int
	}{{"zeros", catalog.Stretched, 1}, {"zeros", catalog.Aligned, 1}, {"none", catalog.Stretched, 0}, {"none", catalog.Aligned, 1}} {
		s := spec("small", c.padding, 60)
		pooled := look(t, s)
		s.Head = c.head
		g := look(t, s)
		if g.Stride != pooled.Stride || g.ReceptiveField != pooled.ReceptiveField || !slices.Equal(g.Rows, pooled.Rows) || !slices.Equal(g.Even, pooled.Even) {
			t.Errorf("%+v: stride %d, field %d, used %v, even %v", c, g.Stride, g.ReceptiveField, g.Rows, g.Even)
		}
		logits, last := g.Layers[len(g.Layers)-2], g.Layers[len(g.Layers)-1]
		if last.Jump != c.jump || last.ReceptiveField != g.ReceptiveField+4 || last.AsymmetricRows != 0 || last.Plain {
			t.Errorf("%+v: %+v", c, last)
		}
		if c.padding == "none" && last.SeesPadding != 0 || c.padding == "zeros" && !(last.SeesPadding > 0 && last.SeesPadding >= logits.SeesPadding) {
			t.Errorf("%+v: %v of the logits see padding, %v behind them", c, logits.SeesPadding, last.SeesPadding)
		}
	}
}

func TestLookRefuses(t *testing.T) {
	if _, err := Look(spec("resnet18", "none", 97)); err == nil || !strings.Contains(err.Error(), "the smallest picture that works is ") {
		t.Errorf("%v", err)
	}
}
