package probe

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/position"
)

// drawn are features of a tap "x" whose values a function says. Training crops
// show so many photographs in turn.
func drawn(train, photographs, channels int, value func(picture, place, channel int) float32) *Features {
	a := &Album{Train: train, Test: 4, train: make([]int, photographs), test: make([]int, 2)}
	k, err := kernel.Select("")
	if err != nil {
		panic(err)
	}
	f := &Features{Album: a, Channels: channels, kernel: k, sums: make([][]float64, train), kept: Side * Side * channels, taps: []tap{{name: "x", shape: nn.Shape{H: Side, W: Side, C: channels}, until: Side * Side * channels}}}
	for i := range a.Len() {
		var x []float32
		for p := range Side * Side {
			for c := range channels {
				x = append(x, value(i, p, c))
			}
		}
		f.pinned = append(f.pinned, x)
	}
	return f
}

func noise(seed uint64) func(picture, place, channel int) float32 {
	s := rand.New(rand.NewPCG(seed, 1))
	return func(_, _, _ int) float32 { return float32(s.NormFloat64()) }
}

func linear(targets ...position.Target) Spec {
	return Spec{HeadSpec: HeadSpec{Targets: targets, Kernel: 1}, Taps: []string{"x"}, Ridge: true, Batch: 4, EvalEvery: 100, Seed: 1}
}

// examples are the rows of a regression, worked out from the definition: the
// window at every third place of every training picture, and the targets there.
// Channels are standardised with what is known of them.
func examples(f *Features, s Spec, held bool) (x, y [][]float64) {
	side := Side + 2*s.Padding - s.Kernel + 1
	for i := range f.Album.Train {
		if held != (i%len(f.Album.train)%4 == 1) {
			continue
		}
		for row := 0; row < side; row += 3 {
			for col := 0; col < side; col += 3 {
				var out []float64
				for _, t := range s.Targets {
					out = append(out, float64(t.Map(side, side)[row*side+col]))
				}
				x, y = append(x, seen(f, s, i, row, col)), append(y, out)
			}
		}
	}
	return x, y
}

// seen is the window at a place of the output map, of drawn features.
func seen(f *Features, s Spec, picture, row, col int) (x []float64) {
	for ky := row - s.Padding; ky < row-s.Padding+s.Kernel; ky++ {
		for kx := col - s.Padding; kx < col-s.Padding+s.Kernel; kx++ {
			for c := range f.Channels {
				v := float32(0)
				if ky >= 0 && ky < Side && kx >= 0 && kx < Side {
					v = f.of(picture)[(ky*Side+kx)*f.Channels+c]
					if s.Standardise {
						v = (v - f.mean[c]) * f.scale[c]
					}
				}
				x = append(x, float64(v))
			}
		}
	}
	return x
}

// enlarged is b + w·x over the output map, with bilinear interpolation at
// (i+½)·side/28 − ½.
func enlarged(f *Features, s Spec, picture int, w []float64, b float64) (list []float64) {
	side := Side + 2*s.Padding - s.Kernel + 1
	var output []float64
	for p := range side * side {
		v := b
		for i, x := range seen(f, s, picture, p/side, p%side) {
			v += w[i] * x
		}
		output = append(output, v)
	}
	between := func(i int) (low, high int, part float64) {
		at := max(0, (float64(i)+.5)*float64(side)/Side-.5)
		low = int(at)
		return low, min(low+1, side-1), at - float64(low)
	}
	for i := range Side * Side {
		top, bottom, down := between(i / Side)
		left, right, along := between(i % Side)
		list = append(list, (1-down)*((1-along)*output[top*side+left]+along*output[top*side+right])+down*((1-along)*output[bottom*side+left]+along*output[bottom*side+right]))
	}
	return list
}

// eliminate solves (XᵀX + λI)·w = Xᵀy for centred x and y, where λ is a part of
// the mean of the diagonal, by Gaussian elimination with pivots.
func eliminate(x, y [][]float64, target int, penalty float64) (w []float64, b float64) {
	n, rows := len(x[0]), float64(len(x))
	mean, my := make([]float64, n), 0.0
	for r := range x {
		for i, v := range x[r] {
			mean[i] += v / rows
		}
		my += y[r][target] / rows
	}
	a := make([][]float64, n) // with the right side as a last column
	trace := 0.0
	for i := range a {
		a[i] = make([]float64, n+1)
		for r := range x {
			for j := range n {
				a[i][j] += (x[r][i] - mean[i]) * (x[r][j] - mean[j])
			}
			a[i][n] += (x[r][i] - mean[i]) * (y[r][target] - my)
		}
		trace += a[i][i]
	}
	for i := range a {
		a[i][i] += penalty * trace / float64(n)
	}
	for i := range a {
		best := i
		for j := i; j < n; j++ {
			if math.Abs(a[j][i]) > math.Abs(a[best][i]) {
				best = j
			}
		}
		a[i], a[best] = a[best], a[i]
		for j := range a {
			if by := a[j][i] / a[i][i]; j != i {
				for k := i; k <= n; k++ {
					a[j][k] -= by * a[i][k]
				}
			}
		}
	}
	w, b = make([]float64, n), my
	for i := range a {
		w[i] = a[i][n] / a[i][i]
		b -= w[i] * mean[i]
	}
	return w, b
}

func meanSquare(x, y [][]float64, target int, w []float64, b float64) float64 {
	sum := 0.0
	for r := range x {
		e := y[r][target] - b
		for i, v := range x[r] {
			e -= w[i] * v
		}
		sum += e * e / float64(len(x))
	}
	return sum
}

// Weights, the choice of λ and the held-out error, against the same from all
// rows at once. The last batch is not full.
func TestRidgeAgainstElimination(t *testing.T) {
	c := crew(t, 2)
	for name, change := range map[string]func(s *Spec){
		"one pixel":                func(s *Spec) {},
		"windows":                  func(s *Spec) { s.Kernel = 3 },
		"windows, padded":          func(s *Spec) { s.Kernel, s.Padding = 3, 1 },
		"standardised":             func(s *Spec) { s.Kernel, s.Standardise = 3, true },
		"more padding than needed": func(s *Spec) { s.Padding = 2 },
	} {
		random := noise(2)
		f := drawn(10, 6, 3, func(picture, place, channel int) float32 { // something to be read, and means that matter
			return random(picture, place, channel) + float32(channel) + []float32{.02, .05, 0}[channel]*float32([]int{place % Side, place / Side, 0}[channel])
		})
		s := linear(position.H, position.V, position.HS)
		change(&s)
		r := fit(t, f, s, c)
		l := r.learner.(*ridge)
		x, y := examples(f, s, false)
		hx, hy := examples(f, s, true)
		loss := 0.0
		for target := range s.Targets {
			best, least := 0.0, math.Inf(1)
			for _, p := range penalties {
				w, b := eliminate(x, y, target, p)
				if e := meanSquare(hx, hy, target, w, b); e < least {
					best, least = p, e
				}
			}
			loss += least
			if got := r.Penalties()[target]; got != best {
				t.Errorf("%s, %s: chose %g, want %g", name, s.Targets[target], got, best)
			}
			w, b := eliminate(append(slices.Clone(x), hx...), append(slices.Clone(y), hy...), target, best)
			for i := range w {
				if math.Abs(l.weights[target][i]-w[i]) > 1e-9 || math.Abs(l.bias[target]-b) > 1e-9 {
					t.Fatalf("%s, %s: weight %d is %g, want %g; intercept %g, want %g", name, s.Targets[target], i, l.weights[target][i], w[i], l.bias[target], b)
				}
			}
			predicted, want := r.Maps[3*target+1], enlarged(f, s, f.Album.Train, w, b)
			for p, got := range predicted.Values {
				if math.Abs(float64(got)-want[p]) > 1e-6 {
					t.Fatalf("%s, %s of %s at %d is %g, want %g", name, predicted.Metric, predicted.Target, p, got, want[p])
				}
			}
		}
		if math.Abs(r.Loss-loss) > 1e-9 {
			t.Errorf("%s: held-out error %g, want %g", name, r.Loss, loss)
		}
	}
}

// The same bits for any number of workers, of gonum's too, whatever fits into
// memory, and whatever else is read out.
func TestRidgeBits(t *testing.T) {
	a, err := NewAlbum(photos(t), AlbumSpec{Side: 48, Channels: 1, Train: 10, Test: 8, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	net := random(t, "zeros", 48)
	s := Spec{HeadSpec: HeadSpec{Targets: []position.Target{position.H}, Kernel: 3, Padding: 1}, Taps: []string{"relu1", "relu2"}, Standardise: true, Ridge: true, Batch: 4, EvalEvery: 100, Seed: 1}
	want := fit(t, read(t, net, a, 1, MaxBytes), s, crew(t, 1))
	if s := find(t, want, metric.SPC, position.H, position.Natural); !(s.Value > .2) { // without zeros it would be 0
		t.Errorf("zeros: SPC %g", s.Value)
	}
	for _, other := range []struct{ workers, bytes, procs int }{{3, MaxBytes, 0}, {2, 0, 0}, {1, MaxBytes, 1}, {3, MaxBytes, 4}} {
		before := runtime.GOMAXPROCS(other.procs)
		got := fit(t, read(t, net, a, other.workers, other.bytes), s, crew(t, other.workers))
		runtime.GOMAXPROCS(before)
		if got.SHA256() != want.SHA256() || got.Loss != want.Loss || find(t, got, metric.MAE, position.H, position.Natural) != find(t, want, metric.MAE, position.H, position.Natural) {
			t.Errorf("%+v: other bits", other)
		}
	}
	s.Targets = []position.Target{position.V, position.H, position.HS}
	among := fit(t, read(t, net, a, 2, MaxBytes), s, crew(t, 2))
	for _, metric := range position.Metrics() {
		if a, b := find(t, among, metric, position.H, position.Natural), find(t, want, metric, position.H, position.Natural); a != b {
			t.Errorf("%s of H alone is %v, among others %v", metric, b, a)
		}
	}
	if among.SHA256() == want.SHA256() || among.Params() != 3*want.Params() || want.Params() != 9*48+1 {
		t.Errorf("%d and %d weights", want.Params(), among.Params())
	}
}

// Windows of more than 2,000 features shrink to a pixel, those of 2,000 do not.
func TestRidgeLimit(t *testing.T) {
	for _, c := range []struct{ channels, kernel, window int }{{80, 5, 5}, {81, 5, 1}, {222, 3, 3}, {223, 3, 1}, {2001, 1, 1}} {
		f := drawn(4, 2, 0, nil)
		f.Channels, f.taps[0].shape.C = c.channels, c.channels
		s := linear(position.H)
		s.Kernel = c.kernel
		r, err := NewReadout(f, s, fastest(t), 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Window() != c.window || r.Params() != c.window*c.window*c.channels+1 {
			t.Errorf("%d channels, kernel %d: a window of %d, %d weights", c.channels, c.kernel, r.Window(), r.Params())
		}
	}
}

// A feature that is the target is read out, beside noise, with as little
// penalty as there is; from noise alone nothing is, with much.
func TestRidgePenalty(t *testing.T) {
	c := crew(t, 1)
	truth, random := position.V.Map(Side, Side), noise(3)
	r := fit(t, drawn(12, 6, 8, func(picture, place, channel int) float32 {
		if channel == 5 {
			return 2*truth[place] - 7
		}
		return random(picture, place, channel)
	}), linear(position.V), c)
	spc, mae := find(t, r, metric.SPC, position.V, position.Natural), find(t, r, metric.MAE, position.V, position.Natural)
	if spc.Value < .999 || mae.Value > .001 || r.Penalties()[0] != 1e-5 || r.Loss > 1e-6 {
		t.Errorf("the target itself: SPC %g, error %g, penalty %g, loss %g", spc.Value, mae.Value, r.Penalties()[0], r.Loss)
	}
	r = fit(t, drawn(12, 6, 40, noise(4)), linear(position.V), c)
	if spc := find(t, r, metric.SPC, position.V, position.Natural); math.Abs(float64(spc.Value)) > .1 || r.Penalties()[0] < 1 {
		t.Errorf("noise: SPC %g, penalty %g", spc.Value, r.Penalties()[0])
	}
	// The intercept is not penalised, so that errors are those of the mean.
	if mae := find(t, r, metric.MAE, position.V, position.Natural); math.Abs(float64(mae.Value-mae.Chance)) > .005 {
		t.Errorf("noise: error %g, of the best constant %g", mae.Value, mae.Chance)
	}
}

// What is added to all features changes the intercept only.
func TestRidgeIntercept(t *testing.T) {
	c := crew(t, 1)
	var all []*ridge
	for _, shift := range []float32{0, 64} {
		random := noise(5)
		f := drawn(8, 4, 3, func(picture, place, channel int) float32 { // sixteenths, so that nothing is rounded
			return float32(math.Round(16*float64(random(picture, place, channel)+float32(place%Side)/9)))/16 + shift
		})
		all = append(all, fit(t, f, linear(position.H), c).learner.(*ridge))
	}
	a, b, sum := all[0], all[1], 0.0
	for i, w := range a.weights[0] {
		sum += w
		if math.Abs(w-b.weights[0][i]) > 1e-9 {
			t.Errorf("weight %d is %g, and %g of shifted features", i, w, b.weights[0][i])
		}
	}
	if sum < .01 || math.Abs(a.bias[0]-b.bias[0]-64*sum) > 1e-7 {
		t.Errorf("intercepts %g and %g with weights of %g", a.bias[0], b.bias[0], sum)
	}
}

// Constant features, alone or beside others, and the same feature twice.
func TestRidgeDegenerate(t *testing.T) {
	c := crew(t, 1)
	values := []float32{.1, 0, -3e4}
	r := fit(t, drawn(6, 3, 3, func(_, _, channel int) float32 { return values[channel] }), linear(position.H, position.G), c)
	for _, target := range []position.Target{position.H, position.G} {
		s := find(t, r, metric.SPC, target, position.Natural)
		if s.Value != 0 || s.Constant != s.N || r.Diverged {
			t.Errorf("constant features: SPC %g of %s, %d of %d constant", s.Value, target, s.Constant, s.N)
		}
	}
	if mae := find(t, r, metric.MAE, position.H, position.Natural); math.Abs(float64(mae.Value-mae.Chance)) > 1e-3 {
		t.Errorf("constant features: error %g, of the best constant %g", mae.Value, mae.Chance)
	}

	random := noise(6)
	beside := drawn(6, 3, 3, func(picture, place, channel int) float32 {
		if channel == 1 {
			return random(picture, place, channel) + float32(place%Side)
		}
		return values[channel]
	})
	r = fit(t, beside, linear(position.H), c)
	w := r.learner.(*ridge).weights[0]
	if w[0] != 0 || w[1] < .01 || w[2] != 0 {
		t.Errorf("weights of a feature between constants: %g", w)
	}

	twice := sums{n: 2, targets: 1}
	twice.grow(3)
	twice.add(0, []float64{1, 1, 2, 2, 4, 4}, []float64{-1, 1, -1, 1, 2, 1})
	system := newSystem(2, 1)
	system.set(&twice)
	if !system.factorise(1e-30) {
		t.Fatal("not factorised")
	}
	got := make([]float64, 2)
	system.solve(got, 0)
	// Σ(x−x̄)y = 5, Σ(x−x̄)² = 14/3, shared by two, to the precision that is left.
	if got[0] < .4 || got[1] < .4 || math.Abs(got[0]+got[1]-15./14) > 1e-6 {
		t.Errorf("the same feature twice: weights %g", got)
	}
}

// There are results while it learns, and they become better; without a second
// photograph there is nothing to choose λ by.
func TestRidgeLive(t *testing.T) {
	for _, photographs := range []int{1, 8} {
		random := noise(7)
		f := drawn(16, photographs, 60, func(picture, place, channel int) float32 {
			return random(picture, place, channel) + float32(place%Side)/100
		})
		s := linear(position.H)
		s.Batch, s.EvalEvery = 1, 4
		r, err := NewReadout(f, s, fastest(t), 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Steps != 16 || !math.IsNaN(r.Loss) {
			t.Errorf("%d steps, loss %g", r.Steps, r.Loss)
		}
		c := crew(t, 1)
		var losses []float64
		var spc []float64
		last := 0.0
		for !r.Done() {
			if r.Advance(c) {
				losses, spc = append(losses, r.Loss), append(spc, float64(find(t, r, metric.SPC, position.H, position.Natural).Value))
			}
			done, all := r.Work()
			if done < last || done > all {
				t.Fatalf("%g of %g done, after %g", done, all, last)
			}
			last = done
		}
		if len(spc) != 4 || spc[0] < .1 || spc[3] < spc[0]+.02 {
			t.Errorf("%d photographs: SPC %g", photographs, spc)
		}
		if photographs == 1 {
			x, y := examples(f, s, false)
			w, b := eliminate(x, y, 0, .01)
			if want := meanSquare(x, y, 0, w, b); math.Abs(losses[3]-want) > 1e-9 || r.Penalties()[0] != .01 {
				t.Errorf("one photograph: loss %g, want %g, penalty %g", losses[3], want, r.Penalties()[0])
			}
		}
	}
}

func TestRidgeErrors(t *testing.T) {
	zero := func(_, _, _ int) float32 { return 0 }
	for want, change := range map[string]func(s *Spec){
		`unknown tap "y" (known: x)`:                         func(s *Spec) { s.Taps = []string{"y"} },
		"the read-out: windows of 0×0 pixels with padding 1": func(s *Spec) { s.Kernel, s.Padding = 0, 1 },
	} {
		s := linear(position.H)
		change(&s)
		if _, err := NewReadout(drawn(4, 2, 1, zero), s, fastest(t), 1, nil); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	s := linear(position.H)
	s.Kernel, s.Padding = 29, 1
	r, err := NewReadout(drawn(4, 2, 2, zero), s, fastest(t), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Window() != 29 {
		t.Errorf("a window of %d", r.Window())
	}
	s.Padding = 0
	if _, err := NewReadout(drawn(4, 2, 2, zero), s, fastest(t), 1, nil); err == nil {
		t.Error("a window of 29×29 pixels in 28×28")
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		f := drawn(8, 4, 2, func(picture, place, _ int) float32 {
			if picture == 6 && place == 1 { // not one of every third
				return bad
			}
			return 0
		})
		if r := fit(t, f, linear(position.H), crew(t, 2)); !r.Diverged || r.Step > 1 {
			t.Errorf("%g among the features: diverged %v at step %d", bad, r.Diverged, r.Step)
		}
	}
}
