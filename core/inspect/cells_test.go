package inspect

import (
	"hash/maphash"
	"slices"
	"strings"
	"testing"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/rng"
)

// cellsOf distinguishes the cells of a black canvas.
func cellsOf(t testing.TB, name, scheme string, extent pad.Extent, grid, patch int) *Cells {
	t.Helper()
	return cellsOfSpec(t, arch.Spec{Arch: arch.Must(name), Padding: pad.Must(scheme), Extent: extent, Bias: true}, grid, patch)
}

func cellsOfSpec(t testing.TB, spec arch.Spec, grid, patch int) *Cells {
	t.Helper()
	side := grid * patch
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	spec.In, spec.Classes = nn.Shape{H: side, W: side, C: 1}, 2
	net, err := arch.Build(spec, k)
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]float32, patch*patch)
	s := rng.New(5, "patch")
	s.Uniform(noise, 1)
	crew := kernel.NewCrew(2)
	defer crew.Close()
	c, ok := Distinguish(net, crew, grid, func(x []float32, cell int) {
		clear(x)
		for i := range patch {
			copy(x[(cell/grid*patch+i)*side+cell%grid*patch:], noise[i*patch:(i+1)*patch])
		}
	})
	if !ok {
		t.Fatal("work was left out")
	}
	return c
}

// symbolic distinguishes cells without any numbers: a pixel is a symbol, a
// convolution makes of a window a symbol for what stands where in it, a max-pool
// one for what stands in it, and the global pool forgets places. Zeros beside a
// black canvas are black. A layer is 3 for a 3×3 convolution, 2 for a pool.
func symbolic(t *testing.T, layers []int, scheme string, grid, patch int) []int {
	seed := maphash.MakeSeed()
	sum := func(list ...uint64) uint64 {
		var window [10]uint64
		copy(window[:], list)
		return maphash.Comparable(seed, window)
	}
	side := grid * patch
	var seen [][]uint64
	var classes []int
	for cell := range grid * grid {
		x, n := make([]uint64, side*side), side // black is 0
		for i := range patch * patch {
			x[(cell/grid*patch+i/patch)*side+cell%grid*patch+i%patch] = sum(uint64(i + 1))
		}
		for depth, layer := range layers {
			if layer == 2 {
				y := make([]uint64, (n/2)*(n/2))
				for i := range y {
					at := i/(n/2)*2*n + i%(n/2)*2
					window := []uint64{x[at], x[at+1], x[at+n], x[at+n+1]}
					slices.Sort(window)
					y[i] = sum(window...)
				}
				x, n = y, n/2
				continue
			}
			p := 1
			if scheme == "none" {
				p = 0
			}
			plan, err := pad.NewPlan(pad.Must(scheme), n, n, 1, pad.Sides{Top: p, Bottom: p, Left: p, Right: p})
			if err != nil {
				t.Fatal(err)
			}
			out := n + 2*p - 2
			y := make([]uint64, out*out)
			for i := range y {
				window := []uint64{uint64(depth + 1)}
				for tap := range 9 {
					if row, col, ok := plan.Source(i/out+tap/3, i%out+tap%3); ok {
						window = append(window, x[row*n+col])
					} else {
						window = append(window, 0)
					}
				}
				y[i] = sum(window...)
			}
			x, n = y, out
		}
		slices.Sort(x)
		class := slices.IndexFunc(seen, func(other []uint64) bool { return slices.Equal(other, x) })
		if class < 0 {
			class, seen = len(seen), append(seen, x)
		}
		classes = append(classes, class)
	}
	return classes
}

func TestCellsAreThoseOfSymbols(t *testing.T) {
	chains := map[string][]int{"near": {3, 2, 3, 2, 3}, "S": {3, 3, 2, 3, 3}, "small": {3, 2, 3, 2, 3, 3}, "vgg5-mini": {3, 2, 3, 2, 3, 2, 3}}
	for name, layers := range chains {
		for _, scheme := range []string{"zeros", "circular", "reflect", "replicate", "symmetric", "circular/zeros", "circular/pole", "none"} {
			for _, geometry := range [][2]int{{5, 5}, {6, 8}, {5, 6}, {4, 12}, {7, 4}} {
				if testing.Short() && geometry[0]*geometry[1] > 25 {
					continue
				}
				grid, patch := geometry[0], geometry[1]
				if scheme == "none" && grid*patch < 38 {
					continue // too small for it
				}
				if strings.Contains(scheme, "/") && name != "near" {
					continue // one network is enough for the axes
				}
				if scheme == "circular/pole" && grid*patch%8 != 0 {
					continue // half a turn is no whole number of pixels on some layer
				}
				extent := pad.Same
				if scheme == "none" {
					extent = pad.Valid
				}
				got := cellsOf(t, name, scheme, extent, grid, patch)
				if want := symbolic(t, layers, scheme, grid, patch); !slices.Equal(got.Class, want) {
					t.Errorf("%s, %s, %d×%d cells of %d pixels: classes %v, want %v", name, scheme, grid, grid, patch, got.Class, want)
				}
			}
		}
	}
}

// What comes round left and right and ends above and below tells rows apart and no
// columns; over the pole, where a row goes on half a turn away, only those next to it.
func TestCellsPerAxis(t *testing.T) {
	for scheme, want := range map[string][]int{
		"circular/zeros": {0, 1, 2, 2, 3, 4}, "circular/pole": {0, 1, 1, 1, 1, 2}, "circular/circular": {0, 0, 0, 0, 0, 0},
	} {
		got := cellsOf(t, "near", scheme, pad.Same, 6, 8)
		for cell, class := range got.Class {
			if class != want[cell/6] {
				t.Errorf("%s: classes %v, want rows %v", scheme, got.Class, want)
				break
			}
		}
	}
}

// Along each axis of seven cells of 8 pixels, near sees the border from the two
// outer ones on either side; small sees it from all.
func TestCells(t *testing.T) {
	for _, c := range []struct {
		name, scheme string
		extent       pad.Extent
		grid, patch  int
		count        int
		leak         string
	}{
		{"near", "zeros", pad.Same, 7, 8, 25, "conv1"},
		{"near", "zeros", pad.Same, 6, 8, 25, "conv1"},
		{"small", "zeros", pad.Same, 7, 8, 49, "conv1"},
		{"small", "reflect", pad.Same, 7, 8, 25, "conv1"},
		{"near", "circular", pad.Same, 6, 8, 1, ""},
		{"resnet20", "circular", pad.Same, 6, 8, 1, ""}, // each stride uses padding in front only, and drops a row behind
		{"bagnet9", "circular", pad.Same, 4, 8, 1, ""},  // with padding no shortcut is cut
		{"bagnet9", "none", pad.Valid, 4, 16, 9, "conv2"},
		{"near", "circular", pad.Same, 5, 6, 16, "pool2"},       // 30 → 15 → 7
		{"near", "circular", pad.Full, 6, 8, 16, "conv1"},       // 48 → 50: the far side is seen twice
		{"near", "circular", pad.Valid, 6, 8, 25, "conv1"},      // no padding
		{"red-green", "zeros", pad.Full, 4, 8, 1, "conv1"},      // without biases on black, below a maximum
		{"resnet18", "circular", pad.Same, 2, 32, 4, "maxpool"}, // whose padding is its own
	} {
		if testing.Short() && strings.HasPrefix(c.name, "resnet") {
			continue
		}
		got := cellsOf(t, c.name, c.scheme, c.extent, c.grid, c.patch)
		if c.count == 1 {
			c.leak = ""
		}
		if got.Count != c.count || got.Leak != c.leak || got.Blind() != (c.count == 1) {
			t.Errorf("%+v: got %+v", c, got)
		}
	}
	if got := cellsOf(t, "squeezenet1_0", "zeros", pad.Same, 4, 8); got.Count != 16 { // two classes, dead in many draws
		t.Errorf("squeezenet1_0: %+v", got)
	}
	if got := cellsOf(t, "rook", "reflect", pad.Same, 4, 8); got.Count < 4 { // one filter, below one maximum
		t.Errorf("rook: %+v", got)
	}
	per := cellsOf(t, "near", "zeros", pad.Same, 7, 8)
	axis := []int{0, 1, 2, 2, 2, 3, 4}
	for a := range per.Class {
		for b := range per.Class {
			alike := axis[a/7] == axis[b/7] && axis[a%7] == axis[b%7]
			if (per.Class[a] == per.Class[b]) != alike {
				t.Fatalf("cells %d and %d: classes %d and %d", a, b, per.Class[a], per.Class[b])
			}
		}
	}
}

// The pool of ResNet-18 has a border of its own. Where it pads as the
// convolutions do, circular padding leaves none.
func TestCellsOfPools(t *testing.T) {
	s := arch.Spec{Arch: arch.Must("resnet18"), Padding: pad.Must("circular"), Extent: pad.Same, Pools: catalog.SchemePools}
	if c := cellsOfSpec(t, s, 2, 32); !c.Blind() {
		t.Errorf("circular: %+v", c)
	}
	s.Layers = map[string]pad.Scheme{"maxpool": pad.Must("replicate")}
	if c := cellsOfSpec(t, s, 2, 32); c.Count != 4 || c.Leak != "maxpool" {
		t.Errorf("replicate in the pool alone: %+v", c)
	}
	s.Layers = nil
	if c := cellsOfSpec(t, s, 3, 24); c.Count == 1 || c.Leak == "maxpool" {
		t.Errorf("cells that are no multiples of the stride: %+v", c)
	}
}
