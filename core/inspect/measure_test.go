package inspect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/images"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// noise is n photographs of side×side random pixels of at least 100.
func noise(n, side int) (photos []images.Photo) {
	source := rand.New(rand.NewPCG(1, uint64(side)))
	for i := range n {
		p := images.Photo{Name: fmt.Sprint("noise", i), H: side, W: side, Pixels: make([]byte, side*side*3)}
		for j := range p.Pixels {
			p.Pixels[j] = byte(100 + source.IntN(156))
		}
		photos = append(photos, p)
	}
	return photos
}

func subject(t *testing.T, s arch.Spec, photos []images.Photo) Subject {
	t.Helper()
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	net, err := arch.Build(s, k)
	if err != nil {
		t.Fatal(err)
	}
	net.Init(1)
	return Subject{Spec: s, Net: net, Kernel: k, Photos: photos}
}

// set changes a tensor of a network.
func (s Subject) set(t *testing.T, name string, change func(values []float32)) {
	t.Helper()
	found := false
	s.Net.EachParam(func(p nn.Param, values []float32) {
		if p.Name == name {
			change(values)
			found = true
		}
	})
	if !found {
		t.Fatalf("no tensor %s", name)
	}
	s.Net.Pack()
}

func measured(t *testing.T, s Subject, workers int) *Findings {
	t.Helper()
	crew := kernel.NewCrew(workers)
	defer crew.Close()
	f, err := s.Measure(t.Context(), crew)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestContrast(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		h, w   int
		values []float32
		want   [4]float64
	}{
		{3, 3, []float32{9, 3, 9, 4, 2, 1, 9, 2, 9}, [4]float64{0.5, 0, 1, -0.5}}, // corners do not count
		{3, 4, []float32{
			0, 6, 2, 0,
			5, 1, 3, 2,
			0, 2, 2, 0}, [4]float64{1, 0, 1.5, 0}},
		// The middle of eight is the four from the third on: what is next to the
		// border counts neither here nor there.
		{8, 3, []float32{0, 5, 0, 8, 8, 8, 4, 4, 6, 4, 4, 6, 4, 4, 6, 4, 4, 6, 8, 8, 8, 0, 1, 0}, [4]float64{0.25, -0.75, 1. / 3, 2. / 3}},
		{3, 3, []float32{0, -1, 0, -3, -2, -2, 0, -4, 0}, [4]float64{0.5, -1, -0.5, 0}}, // up is up below 0 too
		{3, 3, []float32{0, 1, 0, 0, 0, -1, 0, 0, 0}, [4]float64{inf, 0, 0, -inf}},
		{3, 3, []float32{0, 0, 0, 0, 0, 0, 0, 0, 0}, [4]float64{}},
		{3, 3, []float32{0, 1, 0, 1 + 1e-7, 1, 1, 0, 1 - 1e-7, 0}, [4]float64{}}, // rounding
		{2, 3, make([]float32, 6), [4]float64{nan, nan, nan, nan}},
		{3, 2, make([]float32, 6), [4]float64{nan, nan, nan, nan}},
	} {
		got := Contrast(c.values, c.h, c.w)
		for i := range got {
			same := got[i] == c.want[i] || math.Abs(got[i]-c.want[i]) < 1e-12 || math.IsNaN(got[i]) && math.IsNaN(c.want[i])
			if !same {
				t.Errorf("%d×%d %v: %s %v, want %v", c.h, c.w, c.values, Sides[i], got[i], c.want[i])
			}
		}
	}
}

// By hand: behind 2 the shares are 2/4 and 0/5, behind 3 they are 3/4 and 3/5,
// behind 4 all and 4/5.
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		x, y []float32
		want float64
	}{
		{[]float32{1, 2, 3, 4}, []float32{3, 3, 3, 4, 5}, 0.5},
		{[]float32{1, 2, 2, 3}, []float32{2, 2, 2, 4}, 0.25},
		{[]float32{1, 2}, []float32{1, 2}, 0},
		{[]float32{0, 0, 0}, []float32{0, 0}, 0},
		{[]float32{1}, []float32{2, 3}, 1},
		{[]float32{0, 0, 0, 5}, []float32{0, 5, 5, 5}, 0.5},
		{[]float32{-1, float32(math.Copysign(0, -1))}, []float32{-1, 0}, 0},
	} {
		if got, mirrored := distance(c.x, c.y), distance(c.y, c.x); got != c.want || mirrored != c.want {
			t.Errorf("%v and %v: %v and %v, want %v", c.x, c.y, got, mirrored, c.want)
		}
	}
}

func TestEvenly(t *testing.T) {
	for _, c := range []struct {
		of, n int
		want  []int
	}{{3, 5, []int{0, 1, 2}}, {9, 3, []int{1, 4, 7}}, {4, 1, []int{2}}, {5, 2, []int{1, 3}}} {
		list := make([]int, c.of)
		for i := range list {
			list[i] = i
		}
		if got := evenly(list, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d: %v", c.n, c.of, got)
		}
	}
}

// A window shows the photograph or its mirror image: from column 3 of a line
// a b c d of four come d d c b, from column 6 on b a a b.
func TestWindow(t *testing.T) {
	var got []int
	for i := range 12 {
		got = append(got, mirrored(i, 4))
	}
	if want := []int{0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}

	// All pictures together show every pixel of the photograph about as often at
	// each place: here, where red is the row, blue the column of 8.
	p := images.Photo{Name: "ramp", H: 8, W: 8}
	for r := range 8 {
		for c := range 8 {
			p.Pixels = append(p.Pixels, byte(30*r), 0, byte(30*c))
		}
	}
	s := subject(t, spec("small", "zeros", 8), []images.Photo{p})
	const pictures = 4000
	sums := make([]float64, 8*8*3)
	x := make([]float32, len(sums))
	for i := range pictures {
		s.window(x, s.Photos, i)
		for j, v := range x {
			sums[j] += float64(v) * 255 / 30 / pictures
		}
		for r := 1; r < 8; r++ { // neighbours are neighbours, or one pixel and its image
			if d := math.Abs(float64(x[r*24]-x[r*24-24])) * 255 / 30; math.Abs(d-1) > 1e-4 && d > 1e-4 {
				t.Fatalf("picture %d: rows %v apart", i, d)
			}
		}
	}
	for j, mean := range sums {
		if j%3 != 1 && math.Abs(mean-3.5) > 0.2 { // five standard errors of 2.29/√4000
			t.Errorf("pixel %d, channel %d: %v on average, want 3.5", j/3, j%3, mean)
		}
	}
}

// A black picture stays the same all over where what is beyond the edge is part
// of it, and where nothing is; with zeros the first layer sees no difference,
// but makes its biases of it, which the second does see end.
func TestBlack(t *testing.T) {
	for padding, flat := range map[string]bool{"circular": true, "reflect": true, "none": true, "zeros": false} {
		side := 48
		f := measured(t, subject(t, spec("small", padding, side), noise(2, side)), 2)
		for i, a := range f.Artifacts {
			constant := slices.Max(a.Black) == slices.Min(a.Black)
			if want := flat || i == 0; constant != want || (a.BlackContrast == [4]float64{}) != want {
				t.Errorf("%s at %s: constant is %v, contrast %v", padding, a.Tap, constant, a.BlackContrast)
			}
			if a.Black[0] == 0 {
				t.Errorf("%s at %s: nothing comes of the biases", padding, a.Tap)
			}
		}
	}
}

// The mean over photographs is that of what single passes make of them.
func TestArtifactMaps(t *testing.T) {
	s := subject(t, spec("small", "zeros", 16), noise(3, 16))
	f := measured(t, s, 2)
	if f.Pictures != mostPictures {
		t.Fatalf("%d pictures", f.Pictures)
	}
	tape := s.Net.NewTape()
	sums := make([][]float64, len(f.Artifacts))
	for i := range f.Pictures {
		s.window(tape.Input(), s.Photos, i)
		tape.Forward()
		for j, a := range f.Artifacts {
			y := tape.Activation(nn.Output(number(s.Net.Nodes, a.Tap)))
			sums[j] = append(sums[j], make([]float64, a.H*a.W-len(sums[j]))...)
			for k, v := range y {
				channels := len(y) / len(sums[j])
				sums[j][k/channels] += float64(v) / float64(channels*f.Pictures)
			}
		}
	}
	for j, a := range f.Artifacts {
		for k, want := range sums[j] {
			if math.Abs(float64(a.Photos[k])-want) > 1e-5 {
				t.Errorf("%s, pixel %d: %v, want %v", a.Tap, k, a.Photos[k], want)
			}
		}
	}
}

// Pictures look alike at all places, even of photographs with a bright sky on
// top, so a network that pads nothing has nothing to notice.
func TestNobodyIsAwareWithoutPadding(t *testing.T) {
	photos := noise(20, 64)
	for _, p := range photos {
		for i := range len(p.Pixels) / 2 {
			p.Pixels[i] -= 100
		}
	}
	f := measured(t, subject(t, spec("small", "none", 48), photos), 2)
	if len(f.Neurons) != 4 {
		t.Fatalf("%+v", f.Neurons)
	}
	for _, n := range f.Neurons {
		if n.Any != 0 || n.TooSmall {
			t.Errorf("%s: %+v", n.Name, n)
		}
	}
}

// A filter that is 1 where the pixel above is black is aware of zeros at the
// top, and nothing else is of anything. None is of a mirror image.
func TestAwareFilter(t *testing.T) {
	for padding, want := range map[string]int{"zeros": 1, "reflect": 0} {
		s := subject(t, spec("small", padding, 16), noise(2, 16))
		clear(s.Net.W)
		const filter, filters = 5, 16
		s.set(t, "conv1.weight", func(w []float32) { w[(0*3+1)*3*filters+filter] = -100 }) // row 0, column 1, red
		s.set(t, "conv1.bias", func(b []float32) { b[filter] = 1 })
		f := measured(t, s, 1)
		for i, n := range f.Neurons {
			expected := Filters{Name: n.Name, Kernel: 3, Count: n.Count, TooSmall: n.TooSmall}
			if i == 0 && want == 1 {
				expected.At, expected.Any, expected.Neurons = [4]int{1, 0, 0, 0}, 1, []Neuron{{filter, [4]float64{1, 0, 0, 0}}}
			}
			if !reflect.DeepEqual(n, expected) {
				t.Errorf("%s: %+v, want %+v", padding, n, expected)
			}
		}
	}
}

// What counts is what the next layer sees: behind batch norm and ReLU, before
// an addition.
func TestStudies(t *testing.T) {
	nodesOf := func(name, padding string) []nn.Node {
		nodes, err := arch.Layers(spec(name, padding, 64))
		if err != nil {
			t.Fatal(err)
		}
		return nodes
	}
	for _, c := range []struct{ arch, padding, want string }{
		{"small", "zeros", "conv1 at relu1, conv2 at relu2, conv3 at relu3, conv4 at relu4"},
		{"small", "partial", "conv1 at relu1, conv2 at relu2, conv3 at relu3, conv4 at relu4"},
		{"small", "explicit", "conv1 at relu1, conv2 at relu2, conv3 at relu3, conv4 at relu4"},
		{"resnet20", "zeros", "conv1 at relu, layer1.0.conv1 at layer1.0.relu1, layer1.0.conv2 at layer1.0.bn2"},
	} {
		nodes := nodesOf(c.arch, c.padding)
		var list []string
		for _, s := range studiesOf(nodes, 1) {
			list = append(list, s.conv.Name()+" at "+nodes[s.node].Name())
		}
		if got := strings.Join(list, ", "); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s", c.arch, got)
		}
	}
}

// What is found at the taps does not depend on how a network answers behind
// them: with the same weights all heads have the same findings.
func TestMeasureBehindAnyHead(t *testing.T) {
	for _, padding := range []string{"zeros", "partial", "none", "resize"} {
		var pooled *Findings
		for _, head := range []catalog.Head{catalog.Pooled, catalog.Stretched, catalog.Aligned} {
			s := spec("small", padding, 32)
			s.Head = head
			found := measured(t, subject(t, s, noise(3, 96)), 2)
			if pooled == nil {
				pooled = found
			}
			if len(found.Neurons) != 4 || len(found.Artifacts) != 3 || fmt.Sprintf("%+v", *found) != fmt.Sprintf("%+v", *pooled) { // NaN too
				t.Errorf("%s, %s:\n%+v\npooled:\n%+v", padding, head, found, pooled)
			}
		}
	}
}

func TestSameBitsForAnyNumberOfWorkers(t *testing.T) {
	for _, s := range []arch.Spec{spec("small", "zeros", 16), spec("resnet20", "noise", 16)} {
		one := subject(t, s, noise(7, 64))
		if a, b := measured(t, one, 1), measured(t, one, 3); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: one worker\n%+v\nthree\n%+v", s.Arch.Name, a, b)
		}
	}
}

// dying is a context that is cancelled when it has been asked n times.
type dying struct {
	context.Context
	left *atomic.Int64
}

func (d dying) Err() error {
	if d.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func TestMeasureEndsWithItsContext(t *testing.T) {
	crew := kernel.NewCrew(2)
	defer crew.Close()
	s := subject(t, spec("small", "zeros", 16), noise(9, 64))
	asked := dying{t.Context(), &atomic.Int64{}}
	asked.left.Store(1 << 40)
	if _, err := s.Measure(asked, crew); err != nil {
		t.Fatal(err)
	}
	times := 1<<40 - asked.left.Load()
	for _, n := range []int64{0, 1, 30, times - 1} {
		asked.left.Store(n)
		if f, err := s.Measure(asked, crew); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at question %d of %d: %v, %v", n, times, f, err)
		}
	}
}

func TestMeasureRefuses(t *testing.T) {
	crew := kernel.NewCrew(1)
	defer crew.Close()
	inf, nan := float32(math.Inf(-1)), float32(math.NaN())
	for _, c := range []struct {
		name   string
		spec   arch.Spec
		photos []images.Photo
		change func(s Subject)
		want   string
	}{
		{"no photographs", spec("small", "zeros", 16), nil, nil, "there are no photographs"},
		{"tiny photograph", spec("small", "zeros", 65), append(noise(1, 64), noise(1, 8)...), nil, "photograph noise0 has 8×8 pixels"},
		{"channels", arch.Spec{Arch: arch.Must("small"), In: nn.Shape{H: 16, W: 16, C: 4}, Classes: 2, Padding: pad.Must("zeros"), Extent: pad.Same}, noise(1, 16), nil, "pictures of 4 channels"},
		{"no square", arch.Spec{Arch: arch.Must("small"), In: nn.Shape{H: 16, W: 20, C: 3}, Classes: 2, Padding: pad.Must("zeros"), Extent: pad.Same}, noise(1, 16), nil, "pictures of 16×20 pixels, but only square ones are shown"},
		{"weights", spec("small", "zeros", 16), noise(1, 16), func(s Subject) {
			s.set(t, "linear.bias", func(v []float32) { v[3] = nan })
		}, "tensor linear.bias holds NaN"},
		{"hidden by a ReLU", spec("small", "zeros", 16), noise(1, 16), func(s Subject) {
			s.set(t, "conv1.bias", func(v []float32) { v[0] = inf })
		}, "tensor conv1.bias holds -Inf"},
		{"overflow", spec("small", "zeros", 16), noise(1, 16), func(s Subject) {
			for _, name := range []string{"conv1.weight", "conv2.weight"} {
				s.set(t, name, func(v []float32) {
					for i := range v {
						v[i] = 1e30
					}
				})
			}
		}, "values at relu2 are not finite"},
	} {
		s := subject(t, c.spec, c.photos)
		if c.change != nil {
			c.change(s)
		}
		if f, err := s.Measure(t.Context(), crew); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", c.name, f, err)
		}
	}

	big := spec("small", "zeros", 16)
	big.In.H, big.In.W = 4096, 4096
	nodes, err := arch.Layers(big)
	if err != nil {
		t.Fatal(err)
	}
	err = Subject{Spec: big, Net: &nn.Net{Nodes: nodes}, Photos: noise(1, 512)}.Check()
	if err == nil || !strings.Contains(err.Error(), "a smaller picture helps") {
		t.Errorf("%v", err)
	}
}

// Grey pictures are the mean of red, green and blue; only those are normalised
// that the architecture is used to.
func TestSquare(t *testing.T) {
	p := images.Photo{Name: "wide", H: 1, W: 3, Pixels: []byte{1, 2, 3, 51, 102, 255, 4, 5, 6}}
	grey := spec("small", "zeros", 16)
	grey.In.C = 1
	for _, c := range []struct {
		spec arch.Spec
		want []float64
	}{
		{spec("small", "zeros", 16), []float64{0.2, 0.4, 1}},
		{grey, []float64{1.6 / 3}},
		{spec("resnet20", "zeros", 16), []float64{(0.2 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, (1 - 0.406) / 0.225}},
	} {
		got := Subject{Spec: c.spec}.square(p, 1)
		for i, want := range c.want {
			if len(got) != len(c.want) || math.Abs(float64(got[i])-want) > 1e-6 {
				t.Errorf("%s: %v, want %v", c.spec.Arch.Name, got, c.want)
			}
		}
	}
}
