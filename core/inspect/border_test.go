package inspect

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/rng"
)

// made is a network of layers that a test adds, on n×n pixels.
func made(n int, build func(b *nn.Builder, p pad.Scheme)) arch.Spec {
	a := arch.Architecture{Entry: catalog.Entry{Name: "made", Input: catalog.Input{Side: n}}, Build: func(b *nn.Builder, s arch.Spec) { build(b, s.Padding) }}
	return arch.Spec{Arch: a, In: nn.Shape{H: n, W: n, C: 8}, Classes: 3, Padding: pad.Must("zeros"), Extent: pad.Same}
}

// layersMade are layers by themselves, and whether their map goes around at the other
// side under circular padding.
var layersMade = map[string]struct {
	add   func(b *nn.Builder, x nn.Output, p pad.Scheme)
	wraps bool
}{
	"conv":         {func(b *nn.Builder, x nn.Output, p pad.Scheme) { b.Conv("l", x, 4, 3, 1, p, pad.Same, true) }, true},
	"conv 5":       {func(b *nn.Builder, x nn.Output, p pad.Scheme) { b.Conv("l", x, 4, 5, 1, p, pad.Same, true) }, true},
	"strided conv": {func(b *nn.Builder, x nn.Output, p pad.Scheme) { b.Conv("l", x, 4, 7, 2, p, pad.Same, true) }, true},
	"pool": {func(b *nn.Builder, x nn.Output, _ pad.Scheme) {
		b.MaxPoolOf("l", x, nn.PoolSpec{Size: 3, Stride: 2, Pad: 1})
	}, false},
	"even pool": {func(b *nn.Builder, x nn.Output, _ pad.Scheme) { b.MaxPool("l", x) }, true},
	"average": {func(b *nn.Builder, x nn.Output, _ pad.Scheme) {
		b.AveragePool("l", x, nn.PoolSpec{Size: 3, Stride: 1, Pad: 1})
	}, false},
	"pad": {func(b *nn.Builder, x nn.Output, p pad.Scheme) {
		b.Conv("c", b.Pad("l", x, p, pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 1}), 4, 3, 1, pad.Must("none"), pad.Valid, true)
	}, true},
	"resize": {func(b *nn.Builder, x nn.Output, _ pad.Scheme) {
		b.Resize("l", x, 2*b.Shape(x).H, 2*b.Shape(x).W, false)
	}, false},
	"resize by 3": {func(b *nn.Builder, x nn.Output, _ pad.Scheme) {
		b.Resize("l", x, 3*b.Shape(x).H, 3*b.Shape(x).W, false)
	}, false},
	"transposed 2": {func(b *nn.Builder, x nn.Output, _ pad.Scheme) {
		b.ConvTranspose("l", x, nn.ConvSpec{Filters: 4, Size: 2, Stride: 2})
	}, true},
	"transposed 4": {func(b *nn.Builder, x nn.Output, _ pad.Scheme) {
		b.ConvTranspose("l", x, nn.ConvSpec{Filters: 4, Size: 4, Stride: 2, Sides: pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 1}})
	}, false},
	"transposed 3": {func(b *nn.Builder, x nn.Output, _ pad.Scheme) {
		b.ConvTranspose("l", x, nn.ConvSpec{Filters: 4, Size: 3, Stride: 2, Sides: pad.Sides{Top: 1, Left: 1}})
	}, false},
	"aligned corners": {func(b *nn.Builder, x nn.Output, _ pad.Scheme) { b.Resize("l", x, 2*b.Shape(x).H, 2*b.Shape(x).W, true) }, false},
}

func kernelOf(t testing.TB) *kernel.Kernel {
	t.Helper()
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// output is what a network with random weights makes of a picture.
func output(t *testing.T, s arch.Spec, draw func(x []float32)) ([]float32, nn.Shape) {
	t.Helper()
	net, err := arch.Build(s, kernelOf(t))
	if err != nil {
		t.Fatal(err)
	}
	scatter(net, 1)
	tape := net.NewTape()
	draw(tape.Input())
	return slices.Clone(tape.Forward()), net.Out()
}

// What a layer makes of noise is compared with what it makes in the middle of the same
// noise tiled three times in each direction, where no border is near: the rows that
// differ, in the middle column, are those that are touched.
func TestEntriesAreWhatDiffersFromTiles(t *testing.T) {
	const n = 12
	for name, c := range layersMade {
		if name == "aligned corners" {
			continue // the middle of the larger one is blended otherwise, too
		}
		small := made(n, func(b *nn.Builder, p pad.Scheme) { c.add(b, nn.Sample, p) })
		large := small
		large.In.H, large.In.W = 3*n, 3*n
		noise := make([]float32, n*n*8)
		s := rng.New(4, "noise")
		s.Uniform(noise, 1)
		y, out := output(t, small, func(x []float32) { copy(x, noise) })
		tiled, wide := output(t, large, func(x []float32) {
			for i := range x {
				ch, col, row := i%8, i/8%(3*n)%n, i/8/(3*n)%n
				x[i] = noise[(row*n+col)*8+ch]
			}
		})
		at := func(list []float32, s nn.Shape, r, c int) []float32 { return list[(r*s.W+c)*s.C : (r*s.W+c+1)*s.C] }
		differs := func(r, c int) bool {
			up := n * out.H / n // outputs of a tile
			if out.H > n {
				up = out.H / n * n
			}
			return !slices.EqualFunc(at(y, out, r, c), at(tiled, wide, r+up, c+up), func(a, b float32) bool { return a-b < 1e-5 && b-a < 1e-5 })
		}
		var want [4]int
		middle := out.H / 2
		for r := range out.H {
			side := min(1, 2*r/out.H)
			if differs(r, middle) {
				want[side]++
			}
			if differs(middle, r) {
				want[2+side]++
			}
		}
		b, err := LookAtBorder(small)
		if err != nil {
			t.Fatal(err)
		}
		got := [4]int{}
		for _, e := range b.Entries {
			got = e.Touched
		}
		if name == "pad" { // it touches what it makes, which a convolution looks at
			want = [4]int{1, 1, 1, 1}
		}
		if got != want {
			t.Errorf("%s: touched %v, but %v differ: %+v", name, got, want, b.Entries)
		}
	}
}

// A network moves along with the picture exactly where no layer has a border.
func TestFollowLayers(t *testing.T) {
	crew := kernel.NewCrew(2)
	defer crew.Close()
	for name, c := range layersMade {
		s := made(16, func(b *nn.Builder, p pad.Scheme) {
			x := b.Conv("first", nn.Sample, 4, 3, 1, p, pad.Same, true)
			c.add(b, x, p)
			b.Conv("last", nn.Output(b.Len()-1), 3, 1, 1, p, pad.Same, true)
		})
		s.Padding = pad.Must("circular")
		m, err := Follow(context.Background(), s, kernelOf(t), crew)
		if err != nil {
			t.Fatal(err)
		}
		if m.Blind() != c.wraps || !c.wraps && m.Layer != "l" {
			t.Errorf("%s: %+v", name, m)
		}
		b, err := LookAtBorder(s)
		if err != nil {
			t.Fatal(err)
		}
		if (len(b.Entries) == 0) != c.wraps || (b.Seen == 0) != c.wraps {
			t.Errorf("%s: %+v", name, b.Entries)
		}
		if name == "aligned corners" && !b.Entries[0].Everywhere {
			t.Errorf("%+v", b.Entries)
		}
	}
}

func TestFollow(t *testing.T) {
	crew := kernel.NewCrew(2)
	defer crew.Close()
	named := func(name, scheme string, side int, pools catalog.Pools) arch.Spec {
		return arch.Spec{Arch: arch.Must(name), In: nn.Shape{H: side, W: side, C: 3}, Classes: 10, Padding: pad.Must(scheme), Extent: pad.Same, Bias: true, Pools: pools}
	}
	linear := made(12, func(b *nn.Builder, p pad.Scheme) {
		b.Linear("linear", b.Conv("conv", nn.Sample, 4, 3, 1, p, pad.Same, true), 3)
	})
	linear.Padding = pad.Must("circular")
	norms := made(12, func(b *nn.Builder, p pad.Scheme) {
		x := b.GroupNorm("norm", b.Conv("conv", nn.Sample, 4, 3, 1, p, pad.Same, true), 2)
		b.Linear("linear", b.GlobalAveragePool("gap", b.Conv("conv2", x, 4, 3, 1, p, pad.Same, true)), 3)
	})
	norms.Padding = pad.Must("circular")
	rows := made(12, func(b *nn.Builder, p pad.Scheme) {
		zeros := b.Pad("zeros", nn.Sample, pad.Must("zeros"), pad.Sides{Top: 1, Bottom: 1})
		b.Conv("conv", b.Pad("circular", zeros, p, pad.Sides{Left: 1, Right: 1}), 4, 3, 1, pad.Must("none"), pad.Valid, true)
	})
	rows.Padding = pad.Must("circular")
	for name, c := range map[string]struct {
		spec    arch.Spec
		layer   string
		uneven  bool
		problem bool
	}{
		"small circular":                    {named("small", "circular", 32, ""), "", false, false},
		"small zeros":                       {named("small", "zeros", 32, ""), "conv1", false, false},
		"small reflect":                     {named("small", "reflect", 32, ""), "conv1", false, false},
		"small partial":                     {named("small", "partial", 32, ""), "conv1.reweight", false, false},
		"30 -> 15 -> 7":                     {named("small", "circular", 30, ""), "pool2", true, false},
		"the pool's own border":             {named("resnet18", "circular", 64, ""), "maxpool", false, false},
		"no border":                         {named("resnet18", "circular", 64, catalog.SchemePools), "", false, false},
		"33 of 65":                          {named("resnet18", "circular", 65, catalog.SchemePools), "conv1", true, false},
		"no second place":                   {named("resnet18", "circular", 32, catalog.SchemePools), "", false, true},
		"squeezenet is not padded at first": {named("squeezenet1_1", "circular", 64, catalog.SchemePools), "features.0", true, false},
		"weights for each place":            {linear, "linear", false, false},
		"but for rounding":                  {norms, "", false, false},
		"along the rows":                    {rows, "zeros", true, false},
	} {
		m, err := Follow(context.Background(), c.spec, kernelOf(t), crew)
		if err != nil {
			t.Fatal(err)
		}
		if m.Layer != c.layer && !(name == "small partial" && m.Layer != "") || m.Uneven != c.uneven || (m.Problem != "") != c.problem || m.Blind() != (c.layer == "" && !c.problem) {
			t.Errorf("%s: %+v", name, m)
		}
		if name == "along the rows" && m.Along != [2]bool{true, false} {
			t.Errorf("%s: %+v", name, m)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Follow(ended, named("small", "circular", 32, ""), kernelOf(t), crew); err == nil {
		t.Error("it went on when it was told to end")
	}
}

// By hand: of ResNet-18 at 224 each stage leaves something behind, at 225 none does;
// 112 = (224 + 6 − 7)/2 + 1, with 3 rows of padding in front and 2 behind.
func TestStrides(t *testing.T) {
	for side, uneven := range map[int]int{224: 8, 225: 0, 193: 0, 256: 8} {
		b, err := LookAtBorder(spec("resnet18", "zeros", side))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, s := range b.Strides {
			remainder := (s.Remainder[0] != 0)
			if s.Uneven() {
				n++
			}
			if remainder != s.Uneven() {
				t.Errorf("%d: %+v", side, s)
			}
		}
		if n != uneven || len(b.Strides) != 8 {
			t.Errorf("%d: %d of %d are uneven", side, n, len(b.Strides))
		}
		if first := b.Strides[0]; side == 224 && fmt.Sprint(first) != "{conv1 conv [7 7] [2 2] [3 3] [2 2] [1 1]}" {
			t.Errorf("%v", first)
		}
	}
	wide := spec("resnet18", "zeros", 224)
	wide.In.W = 320
	if got := EvenSizes(wide, 32); !slices.Equal(got, [][2]int{{193, 289}, {225, 321}}) {
		t.Errorf("%v", got)
	}
}
