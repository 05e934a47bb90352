package pad

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"padlab/core/rng"
)

// The one-dimensional examples of numpy.pad's documentation, [1,2,3,4,5]
// padded by (2, 3), as indices.
func TestSourcesAgreeWithNumpy(t *testing.T) {
	for name, want := range map[string][]int{
		"zeros":         {-1, -1, 0, 1, 2, 3, 4, -1, -1, -1},
		"constant(0.5)": {-1, -1, 0, 1, 2, 3, 4, -1, -1, -1},
		"edge":          {0, 0, 0, 1, 2, 3, 4, 4, 4, 4},
		"reflect":       {2, 1, 0, 1, 2, 3, 4, 3, 2, 1},
		"symmetric":     {1, 0, 0, 1, 2, 3, 4, 4, 3, 2},
		"wrap":          {3, 4, 0, 1, 2, 3, 4, 0, 1, 2},
	} {
		got, err := Must(name).Sources(5, 2, 3)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
}

// Padding beyond the size: numpy repeats wrap and symmetric, and so do we.
func TestSourcesRepeat(t *testing.T) {
	for name, want := range map[string][]int{
		"circular":  {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1},
		"symmetric": {0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1},
		"replicate": {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1},
	} {
		before := 5
		if got, err := Must(name).Sources(2, before, 4); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	for name, want := range map[string][]int{"circular": {0, 0, 0}, "symmetric": {0, 0, 0}, "replicate": {0, 0, 0}, "zeros": {-1, 0, -1}} {
		if got, err := Must(name).Sources(1, 1, 1); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s of one pixel: %v, %v; want %v", name, got, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name             string
		n, before, after int
		want             string
	}{
		{"reflect", 3, 4, 0, "reflect needs padding < size: 4 ≥ 3"},
		{"reflect", 3, 0, 3, "reflect needs padding < size: 3 ≥ 3"},
		{"reflect", 1, 1, 1, "reflect needs padding < size: 1 ≥ 1"},
		{"none", 3, 1, 0, "none pads nothing: padding must be 0, not 1"},
		{"zeros", 0, 1, 1, "zeros needs a size of at least 1: 0"},
		{"circular", 3, -1, 0, "circular needs padding of at least 0: -1, 0"},
	} {
		if _, err := Must(c.name).Sources(c.n, c.before, c.after); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := NewPlan(Must("reflect"), 5, 2, 1, Sides{1, 1, 2, 2}); err == nil || err.Error() != "reflect needs padding < size: 2 ≥ 2 (columns)" {
		t.Error(err)
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"zero": "zeros", "edge": "replicate", "wrap": "circular", "constant": "zeros", "Reflect": "reflect",
		"constant(0.50)": "constant(0.5)", "constant( -1e3 )": "constant(-1000)", "none": "none",
	} {
		if s, err := Parse(in); err != nil || s.Name != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", in, s.Name, err, want)
		}
	}
	for in, want := range map[string]string{
		"reflct":        `did you mean "reflect"`,
		"constant(x)":   "constant needs a number",
		"constant(nan)": "constant needs a number",
		"constant(1e99": "constant needs a number",
		"":              "unknown scheme",
	} {
		if _, err := Parse(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, want %q", in, err, want)
		}
	}
	for _, s := range All() {
		for _, a := range s.Aliases() {
			if got := Must(a); got.Name != s.Name {
				t.Errorf("%s is an alias of %s but parses as %s", a, s.Name, got.Name)
			}
		}
	}
}

func TestExtents(t *testing.T) {
	for _, c := range []struct {
		e    string
		k    int
		want Sides
	}{
		{"valid", 3, Sides{}}, {"same", 3, Sides{1, 1, 1, 1}}, {"full", 3, Sides{2, 2, 2, 2}},
		{"same", 1, Sides{}}, {"same", 4, Sides{1, 2, 1, 2}}, {"full", 7, Sides{6, 6, 6, 6}},
	} {
		e, err := ParseExtent(c.e)
		if got := e.Sides(c.k); err != nil || got != c.want {
			t.Errorf("%s of %d: %v, %v; want %v", c.e, c.k, got, err, c.want)
		}
	}
	if _, err := ParseExtent("sam"); err == nil || !strings.Contains(err.Error(), `"same"`) {
		t.Error(err)
	}
}

var paddings = []string{"none", "zeros", "constant(-2.5)", "replicate", "reflect", "symmetric", "circular"}

var perAxes = []string{"circular/zeros", "zeros/replicate", "reflect/constant(2)", "circular/pole"}

// anyPlan draws a scheme, an anisotropic shape and one-sided paddings.
func anyPlan(t *rapid.T) (Scheme, *Plan) {
	s := Must(rapid.SampledFrom(append(perAxes, paddings...)).Draw(t, "scheme"))
	h, w, c := rapid.IntRange(1, 7).Draw(t, "h"), rapid.IntRange(1, 7).Draw(t, "w"), rapid.IntRange(1, 4).Draw(t, "c")
	limH, limW := 9, 9
	switch s.Name {
	case "none":
		limH, limW = 0, 0
	case "reflect":
		limH, limW = h-1, w-1
	case "reflect/constant(2)":
		limW = w - 1
	case "circular/pole":
		w, limH = 2*w, h
	}
	side := func(lim int, name string) int { return rapid.IntRange(0, lim).Draw(t, name) }
	p, err := NewPlan(s, h, w, c, Sides{side(limH, "top"), side(limH, "bottom"), side(limW, "left"), side(limW, "right")})
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func floats(t *rapid.T, n int, name string) []float32 {
	return rapid.SliceOfN(rapid.Float32Range(-8, 8), n, n).Draw(t, name)
}

// Forward against the definition, one value at a time.
func TestForwardIsTheIndexFunction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p := anyPlan(t)
		x := floats(t, p.H*p.W*p.C, "x")
		y := make([]float32, p.PH*p.PW*p.C)
		p.Forward(y, x, Pass{})
		for py := range p.PH {
			for px := range p.PW {
				columns, rows := s.Axes()
				sy, sx := rows.index(py-p.Top, p.H), columns.index(px-p.Left, p.W)
				if beyond := py < p.Top || py >= p.Top+p.H; beyond && s.Name == "circular/pole" {
					sx = (sx + p.W/2) % p.W
				}
				if row, col, ok := p.Source(py, px); ok != (sy != Nowhere && sx != Nowhere) || ok && (row != sy || col != sx) {
					t.Fatalf("%s: %d, %d is from %d, %d, want %d, %d", s.Name, py, px, row, col, sy, sx)
				}
				for c := range p.C {
					want := s.Value
					if sy != Nowhere && sx != Nowhere {
						want = x[(sy*p.W+sx)*p.C+c]
					}
					if got := y[(py*p.PW+px)*p.C+c]; got != want {
						t.Fatalf("%s: y[%d,%d,%d] = %g, want %g", s.Name, py, px, c, got, want)
					}
				}
			}
		}
	})
}

// ⟨P x, y⟩ = ⟨x, Pᵀ y⟩, where P x is Forward(x) − Forward(0): exact here,
// because small integers add without rounding.
func TestAdjoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p := anyPlan(t)
		small := rapid.Custom(func(t *rapid.T) float32 { return float32(rapid.IntRange(-9, 9).Draw(t, "v")) })
		x := rapid.SliceOfN(small, p.H*p.W*p.C, p.H*p.W*p.C).Draw(t, "x")
		y := rapid.SliceOfN(small, p.PH*p.PW*p.C, p.PH*p.PW*p.C).Draw(t, "y")
		px, p0, pty := make([]float32, len(y)), make([]float32, len(y)), make([]float32, len(x))
		p.Forward(px, x, Pass{})
		p.Forward(p0, make([]float32, len(x)), Pass{})
		for i := range pty {
			pty[i] = float32(math.NaN()) // Adjoint sets, it does not add
		}
		p.Adjoint(pty, y, Pass{})
		var left, right float64
		for i := range y {
			left += float64(px[i]-p0[i]) * float64(y[i])
		}
		for i := range x {
			right += float64(x[i]) * float64(pty[i])
		}
		if left != right {
			t.Fatalf("%s: ⟨Px, y⟩ = %g, ⟨x, Pᵀy⟩ = %g", s.Name, left, right)
		}
	})
}

// Every scheme is its own: on a picture without repeats no two agree.
func TestSchemesDiffer(t *testing.T) {
	x := make([]float32, 4*6)
	for i := range x {
		x[i] = float32(i + 1)
	}
	seen := map[string]string{}
	for _, name := range append(perAxes, paddings[1:]...) {
		p, err := NewPlan(Must(name), 4, 6, 1, Sides{2, 2, 2, 2})
		if err != nil {
			t.Fatal(err)
		}
		y := make([]float32, p.PH*p.PW)
		p.Forward(y, x, Pass{})
		key := ""
		for _, v := range y {
			key += string(rune('0' + int(v) + 3))
		}
		if other, ok := seen[key]; ok {
			t.Errorf("%s pads like %s", name, other)
		}
		seen[key] = name
	}
}

func TestCopiesNothing(t *testing.T) {
	for _, name := range paddings {
		for _, sides := range []Sides{{}, {Top: 1}, {Right: 1}} {
			if name == "none" && sides != (Sides{}) {
				continue
			}
			p, err := NewPlan(Must(name), 3, 4, 2, sides)
			if err != nil {
				t.Fatal(err)
			}
			want := sides == Sides{} || name == "zeros" || name == "constant(-2.5)"
			if got := p.CopiesNothing(); got != want {
				t.Errorf("%s, %v: %v, want %v", name, sides, got, want)
			}
		}
	}
}

func TestLengthsAreChecked(t *testing.T) {
	p, _ := NewPlan(Must("zeros"), 2, 2, 1, Sides{1, 1, 1, 1})
	for _, f := range []func(){
		func() { p.Forward(make([]float32, 15), make([]float32, 4), Pass{}) },
		func() { p.Adjoint(make([]float32, 5), make([]float32, 16), Pass{}) },
		func() { NewPlan(Must("zeros"), 2, 2, 0, Sides{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		}()
	}
}

// filled draws a scheme that computes, draws or enlarges, with a picture that it
// can pad.
func filled(t *rapid.T) (*Plan, []float32, Pass) {
	s := Must(rapid.SampledFrom([]string{"mean-interp", "mean-ref", "noise", "random", "resize"}).Draw(t, "scheme"))
	p := rapid.IntRange(1, 3).Draw(t, "p")
	h, w := rapid.IntRange(2*p+1, 9).Draw(t, "h"), rapid.IntRange(2*p+1, 9).Draw(t, "w")
	c := rapid.SampledFrom([]int{1, 3, 65}).Draw(t, "c")
	plan, err := NewPlan(s, h, w, c, Sides{p, p, p, p})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, h*w*c)
	source := rng.New(rapid.Uint64().Draw(t, "seed"), "x")
	source.Uniform(x, 8)
	return plan, x, Pass{rng.New(rapid.Uint64().Draw(t, "key"), "pad"), rapid.Bool().Draw(t, "training")}
}

// ⟨P x, y⟩ = ⟨x, Pᵀ y⟩ where the scheme is linear; where it computes or draws
// its border, Pᵀ is the picture cut out.
func TestAdjointOfTheOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, x, pass := filled(t)
		g := make([]float32, p.PH*p.PW*p.C)
		source := rng.New(3, "g")
		source.Uniform(g, 1)
		y, dx := make([]float32, len(g)), make([]float32, len(x))
		if p.compute != nil {
			for i := range g { // the border may hold anything
				if row, col := i/p.C/p.PW, i/p.C%p.PW; row < p.Top || row >= p.Top+p.H || col < p.Left || col >= p.Left+p.W {
					g[i] = 0
				}
			}
		}
		p.Forward(y, x, pass)
		p.Adjoint(dx, g, pass)
		var left, right, scale float64
		for i := range g {
			left += float64(y[i]) * float64(g[i])
			scale += math.Abs(float64(y[i]) * float64(g[i]))
		}
		for i := range x {
			right += float64(x[i]) * float64(dx[i])
		}
		if math.Abs(left-right) > 1e-6*scale {
			t.Fatalf("⟨Px, g⟩ = %g, ⟨x, Pᵀg⟩ = %g", left, right)
		}
	})
}

// The same key gives the same border, another key another one, where the
// scheme draws; and noise has the mean and deviation of its channel.
func TestWhatIsDrawn(t *testing.T) {
	x := make([]float32, 40*40*2)
	source := rng.New(1, "x")
	source.Uniform(x, 1)
	for i := range x {
		if i%2 == 1 {
			x[i] = 3*x[i] + 10
		}
	}
	for _, name := range []string{"noise", "random"} {
		p, err := NewPlan(Must(name), 40, 40, 2, Sides{3, 3, 3, 3})
		if err != nil {
			t.Fatal(err)
		}
		pad := func(key uint64) []float32 {
			y := make([]float32, p.PH*p.PW*p.C)
			p.Forward(y, x, Pass{rng.New(key, "pad"), true})
			return y
		}
		y := pad(1)
		if !reflect.DeepEqual(y, pad(1)) {
			t.Errorf("%s: the same key draws another border", name)
		}
		other := false
		for key := uint64(2); key < 12; key++ {
			other = other || !reflect.DeepEqual(y, pad(key))
		}
		if !other {
			t.Errorf("%s: ten keys draw one border", name)
		}
		if name == "noise" {
			for c, want := range [][2]float64{{0, 1 / math.Sqrt(3)}, {10, math.Sqrt(3)}} {
				sum, squares, n := 0.0, 0.0, 0.0
				p.eachOutside(y, func(_, _ int, to []float32) {
					sum, squares, n = sum+float64(to[c]), squares+float64(to[c])*float64(to[c]), n+1
				})
				mean := sum / n
				if d := math.Sqrt(squares/n - mean*mean); math.Abs(mean-want[0]) > 0.2*want[1] || math.Abs(d-want[1]) > 0.1*want[1] {
					t.Errorf("channel %d: noise has mean %g, deviation %g; want %g, %g", c, mean, d, want[0], want[1])
				}
			}
		}
	}
}

// Random padding moves the picture in training only: four ways, all seen.
func TestRandomMoves(t *testing.T) {
	p, err := NewPlan(Must("random"), 2, 3, 1, Sides{1, 1, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	x := []float32{1, 2, 3, 4, 5, 6}
	first := func(pass Pass) int {
		y := make([]float32, 20)
		p.Forward(y, x, pass)
		sum := float32(0)
		for _, v := range y {
			sum += v
		}
		for i, v := range y {
			if v == 1 && sum == 21 {
				return i
			}
		}
		t.Fatalf("%v is not %v moved", y, x)
		return 0
	}
	seen := map[int]bool{}
	for key := range uint64(64) {
		seen[first(Pass{rng.New(key, "pad"), true})] = true
	}
	if !reflect.DeepEqual(seen, map[int]bool{0: true, 2: true, 10: true, 12: true}) {
		t.Errorf("the first pixel stood at %v", seen)
	}
	if at := first(Pass{}); at != 6 {
		t.Errorf("outside training it stands at %d", at)
	}
}

// A constant picture stays constant under every scheme that looks at the
// picture alone (paper.md, §2.4), within rounding where it interpolates.
func TestConstantStaysConstant(t *testing.T) {
	for name, bound := range map[string]float64{"mean-interp": 1e-6, "mean-ref": 1e-6, "resize": 0, "noise": 1e-6, "replicate": 0, "reflect": 0, "symmetric": 0, "circular": 0} {
		p, err := NewPlan(Must(name), 7, 6, 3, Sides{2, 2, 2, 2})
		if err != nil {
			t.Fatal(err)
		}
		x, y := make([]float32, 7*6*3), make([]float32, p.PH*p.PW*p.C)
		fill(x, 0.7)
		p.Forward(y, x, Pass{Source: rng.New(1, "pad")})
		for i, v := range y {
			if math.Abs(float64(v-0.7)) > bound {
				t.Errorf("%s: value %d is %v", name, i, v)
				break
			}
		}
	}
}

// How often the pixels are read from the border inward (paper.md, §3.3), and in
// the middle always as often as the kernel has taps.
func TestUsage(t *testing.T) {
	for _, c := range []struct {
		scheme     string
		size, pads int
		want       []int
	}{
		{"none", 3, 0, []int{1, 2, 3, 3}}, {"zeros", 3, 1, []int{2, 3, 3}}, {"zeros", 3, 2, []int{3, 3, 3}}, {"circular", 3, 1, []int{3, 3, 3}},
		{"symmetric", 3, 1, []int{3, 3, 3}}, {"replicate", 3, 1, []int{3, 3, 3}}, {"reflect", 3, 1, []int{2, 4, 3}},
		{"none", 5, 0, []int{1, 2, 3, 4, 5}}, {"zeros", 5, 2, []int{3, 4, 5}}, {"reflect", 5, 2, []int{3, 6, 6, 5}}, {"replicate", 5, 2, []int{6, 4, 5}},
		{"symmetric", 5, 2, []int{5, 5, 5}}, {"circular", 5, 2, []int{5, 5, 5}}, {"zeros", 5, 4, []int{5, 5, 5}},
	} {
		const n = 14
		got, err := Must(c.scheme).Usage(n, c.pads, c.pads, c.size, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			want := c.size
			if d := min(i, n-1-i); d < len(c.want) {
				want = c.want[d]
			}
			if got[i] != want {
				t.Errorf("%s, %d taps: pixel %d is read %d times, want %d: %v", c.scheme, c.size, i, got[i], want, got)
			}
		}
	}
	// Stride 2 with one pixel of padding on each side is even on odd sizes only.
	for n := 8; n < 12; n++ {
		got, err := Must("zeros").Usage(n, 1, 1, 3, 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		back := slices.Clone(got)
		slices.Reverse(back)
		if slices.Equal(got, back) != (n%2 == 1) {
			t.Errorf("%d pixels with stride 2: %v", n, got)
		}
	}
}

// TensorFlow's rule: 224 pixels, 3 taps, stride 2 pad none in front and one
// behind; 225 pad one on each side.
func TestSameAsTensorFlow(t *testing.T) {
	for _, c := range []struct {
		k, s, h, w int
		want       Sides
	}{
		{3, 2, 224, 225, Sides{0, 1, 1, 1}}, {3, 1, 5, 9, Sides{1, 1, 1, 1}}, {7, 2, 224, 224, Sides{2, 3, 2, 3}}, {1, 2, 8, 8, Sides{}}, {2, 1, 6, 6, Sides{0, 1, 0, 1}},
	} {
		if got := SameTF.For(c.k, c.s, c.h, c.w); got != c.want {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// Noise needs no picture of a certain size: it looks at all pixels, and has no
// local means for which one could be too small.
func TestNoiseOnSmallPictures(t *testing.T) {
	for n := 1; n < 8; n++ {
		if _, err := NewPlan(Must("noise"), n, n, 1, Sides{3, 3, 3, 3}); err != nil {
			t.Errorf("%d pixels: %v", n, err)
		}
	}
}

// Schemes are values, and a name is all that a file needs to keep of one.
func TestSchemesAreValues(t *testing.T) {
	for _, s := range append(All(), Must("constant(0.5)"), Scheme{}) {
		text, err := s.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		back := Must("circular")
		if err := back.UnmarshalText(text); err != nil {
			t.Fatal(err)
		}
		if want := s; s.Name == "constant" { // the family without a value is PyTorch's name for zeros
			want = Must("zeros")
			if back != want {
				t.Errorf("%s reads back as %s", s.Name, back.Name)
			}
		} else if back != want {
			t.Errorf("%s reads back as %s", s.Name, back.Name)
		}
	}
	s := Must("zeros")
	if err := s.UnmarshalText([]byte("zeroes!")); err == nil || s != Must("zeros") {
		t.Errorf("a bad name gives %v and %v", s.Name, err)
	}
	if Must("zeros") == Must("none") || Must("constant(1)") == Must("constant(0)") {
		t.Error("different schemes are equal")
	}
}
