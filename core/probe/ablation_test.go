package probe

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"padlab/core/metric"
)

func TestFlipDifferences(t *testing.T) {
	z := []float32{1, 2, 3, 4, 5, 6}
	mirrored := []float32{1, 0, 2, 4, 9, 6}
	if got := FlipDifferences(z, mirrored, 3); !reflect.DeepEqual(got, []float64{0, 3, .5}) {
		t.Errorf("%v", got)
	}
	if got := Rank([]float64{.5, 3, 0, 3}); !slices.Equal(got, []int{1, 3, 0, 2}) {
		t.Errorf("ranked %v", got)
	}
}

func TestLeftOut(t *testing.T) {
	for channels, want := range map[int][]int{1: {0, 1}, 3: {0, 1, 2, 3}, 32: {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32}, 64: nil, 100: nil, 512: nil} {
		got := LeftOut(channels)
		if want != nil && !slices.Equal(got, want) || got[0] != 0 || got[len(got)-1] != channels || len(got) > 17 {
			t.Errorf("of %d channels %v", channels, got)
		}
	}
}

// fitted fits read-outs of both questions to rows.
func fitted(t testing.TB, workers int, z []float32, channels int, ofA int, a []int, ofB int, b []int) (*Linear, *Linear) {
	crew, f := crewOf(t, workers), NewFit(z, channels)
	f.Ask(ofA, a)
	f.Ask(ofB, b)
	for f.Step(crew) {
	}
	return f.Read(0), f.Read(1)
}

// The fit is that of ridge regression with an intercept, of targets 0 and 1, worked
// out densely for every penalty; and its penalty is the largest with which every fourth
// row is answered as well as with any after a fit to the others, but for a standard
// error.
func TestLinearIsRidge(t *testing.T) {
	const rows, channels, answers = 203, 5, 3
	s := rand.New(rand.NewPCG(4, 4))
	var z []float32
	var right, other []int
	for i := range rows {
		right, other = append(right, i%answers), append(other, i%2)
		for c := range channels {
			z = append(z, float32(s.NormFloat64()*float64(1+4*(c%2))+3+float64(right[i]*((c+1)%2))))
		}
	}
	// dense solves for one target over rows that pass: [channels] weights, bias.
	dense := func(keep func(int) bool, penalty float64, answer int) (w []float64, bias float64) {
		var x []float64
		var y []float64
		for i := range rows {
			if keep(i) {
				for _, v := range z[i*channels : (i+1)*channels] {
					x = append(x, float64(v))
				}
				y = append(y, 0)
				if right[i] == answer {
					y[len(y)-1] = 1
				}
			}
		}
		n := len(y)
		mean, my := make([]float64, channels), 0.0
		for i, v := range x {
			mean[i%channels] += v / float64(n)
		}
		for _, v := range y {
			my += v / float64(n)
		}
		for i := range x {
			x[i] -= mean[i%channels]
		}
		X := mat.NewDense(n, channels, x)
		var gram mat.Dense
		gram.Mul(X.T(), X)
		lambda := penalty * mat.Trace(&gram) / channels
		for c := range channels {
			gram.Set(c, c, gram.At(c, c)+lambda)
		}
		var xy, solution mat.Dense
		xy.Mul(X.T(), mat.NewDense(n, 1, y))
		if err := solution.Solve(&gram, &xy); err != nil {
			t.Fatal(err)
		}
		w, bias = mat.Col(nil, 0, &solution), my
		for c := range channels {
			bias -= w[c] * mean[c]
		}
		return w, bias
	}
	var held []float64 // accuracy on every fourth row, after a fit to the others
	for _, penalty := range penalties {
		hits, n := 0., 0.
		var ws [][]float64
		var bs []float64
		for k := range answers {
			w, b := dense(func(i int) bool { return i%4 != 1 }, penalty, k)
			ws, bs = append(ws, w), append(bs, b)
		}
		for i := 1; i < rows; i += 4 {
			said, most := 0, math.Inf(-1)
			for k := range answers {
				v := bs[k]
				for c := range channels {
					v += ws[k][c] * float64(z[i*channels+c])
				}
				if v > most {
					said, most = k, v
				}
			}
			if n++; said == right[i] {
				hits++
			}
		}
		held = append(held, hits/n)
	}
	top := slices.Max(held)
	best := 0.0
	for i, share := range slices.Backward(held) {
		if share >= top-math.Sqrt(top*(1-top)/51) { // of 203 rows 51 are held out
			best = penalties[i]
		}
	}
	if best == penalties[0] || best == penalties[len(penalties)-1] {
		t.Fatalf("the penalty %g is chosen of accuracies %g: nothing is tested", best, held)
	}
	got, _ := fitted(t, 2, z, channels, answers, right, 2, other)
	for k := range answers {
		w, b := dense(func(int) bool { return true }, best, k)
		if math.Abs(got.Bias[k]-b) > 1e-9 {
			t.Errorf("answer %d: bias %g, want %g", k, got.Bias[k], b)
		}
		for c := range channels {
			if math.Abs(got.Weights[k][c]-w[c]) > 1e-9 {
				t.Errorf("answer %d, channel %d: %g, want %g", k, c, got.Weights[k][c], w[c])
			}
		}
	}
	again, _ := fitted(t, 1, z, channels, answers, right, 2, other)
	if !reflect.DeepEqual(got, again) {
		t.Error("2 workers and 1 give different bits")
	}
}

// ablated is an ablation of latents in which channel c is about the place c mod 9
// while c < 9, and about class c−9 behind it, that has gone through everything.
func ablated(t testing.TB, workers int, ranking []int) *Ablation {
	const images, places, classes, channels = 20, 9, 4, 13
	noise := normal(8)
	value := func(i, p, c int) float64 {
		v := .05 * noise(i, p, c)
		if c == p || c-places == i%classes {
			v++
		}
		return v
	}
	l := latentsOf(images, places, channels, classes, value)
	var rows []float32
	var cells, kinds []int
	for i := range 400 {
		cells, kinds = append(cells, i*7%places), append(kinds, i/places%classes)
		for c := range channels {
			v := .05 * noise(i, 0, c)
			if c == cells[i] || c-places == kinds[i] {
				v++
			}
			rows = append(rows, float32(v))
		}
	}
	place, class := fitted(t, workers, rows, channels, places, cells, classes, kinds)
	a := NewAblation(l, []Asked{
		{metric.Location, place, func(_, p int) int { return p }, places},
		{metric.Class, class, func(i, _ int) int { return l.Class[i] }, classes},
	}, ranking, 1)
	for crew := crewOf(t, workers); a.Step(crew); {
	}
	return a
}

// With nothing left out a curve is at the accuracy of the whole latents, with all
// left out exactly at chance: one answer to every picture. Without the channels that
// hold the place the location is lost and the class is not; in the other order it is
// the other way round.
func TestAblation(t *testing.T) {
	first := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	last := slices.Clone(first)
	slices.Reverse(last)
	for name, c := range map[string]struct {
		ranking     []int
		lost, whole string
		left        int
	}{"places first": {first, metric.Location, metric.Class, 9}, "classes first": {last, metric.Class, metric.Location, 4}} {
		a := ablated(t, 2, c.ranking)
		gaps, curves := a.Results("test")
		for _, s := range a.Accuracies("test") {
			if s.Value < .95 {
				t.Fatalf("%s: %s is read with %g", name, s.Target, s.Value)
			}
			for _, kind := range []string{metric.WithoutTop, metric.WithoutRandom} {
				p, ok := metric.Find(curves, metric.Key{Metric: kind, Target: s.Target, Images: "test"})
				if !ok || p.Unit != metric.Neurons {
					t.Fatalf("%s: no curve %s of %s", name, kind, s.Target)
				}
				last := p.Rings[len(p.Rings)-1]
				if p.Rings[0].Distance != 0 || p.Rings[0].Value != s.Value || last.Distance != 13 || math.Abs(float64(last.Value-s.Chance)) > 1e-12 {
					t.Errorf("%s: %s of %s goes from %g at %d to %g at %d; the accuracy is %g and chance %g", name, kind, s.Target, p.Rings[0].Value, p.Rings[0].Distance, last.Value, last.Distance, s.Value, s.Chance)
				}
			}
		}
		at := func(target string) metric.Number {
			p, _ := metric.Find(curves, metric.Key{Metric: metric.WithoutTop, Target: target})
			for _, ring := range p.Rings {
				if ring.Distance == c.left {
					return ring.Value
				}
			}
			t.Fatalf("%s: no point at %d", name, c.left)
			return 0
		}
		if at(c.lost) > .35 || at(c.whole) < .95 {
			t.Errorf("%s: without %d channels %s is %g and %s %g", name, c.left, c.lost, at(c.lost), c.whole, at(c.whole))
		}
		lost, _ := metric.Find(gaps, metric.Key{Metric: metric.AblationGap, Target: c.lost})
		kept, _ := metric.Find(gaps, metric.Key{Metric: metric.AblationGap, Target: c.whole})
		if !(lost.Low > kept.High) || !(lost.Value > 0) {
			t.Errorf("%s: the gap of %s is %+v, that of %s %+v", name, c.lost, lost, c.whole, kept)
		}
	}
}

// The curves are those of setting channels to 0 and asking again, and the gap is the
// mean of their differences.
func TestAblationIsSettingToZero(t *testing.T) {
	ranking := rand.New(rand.NewPCG(6, 6)).Perm(13)
	a := ablated(t, 1, ranking)
	gaps, curves := a.Results("test")
	l := a.latents
	accuracy := func(asked Asked, order []int, count int) float64 {
		hits := 0
		for i := range l.Images {
			for p := range l.Places {
				z := slices.Clone(l.At(i, p))
				for _, c := range order[:count] {
					z[c] = 0
				}
				if asked.Read.Say(z) == asked.Right(i, p) {
					hits++
				}
			}
		}
		return float64(hits) / float64(l.Images*l.Places)
	}
	for q, asked := range a.asked {
		top, _ := metric.Find(curves, metric.Key{Metric: metric.WithoutTop, Target: asked.Name})
		random, _ := metric.Find(curves, metric.Key{Metric: metric.WithoutRandom, Target: asked.Name})
		difference := 0.0
		for i, ring := range top.Rings {
			if want := accuracy(asked, ranking, ring.Distance); !near(float64(ring.Value), want) {
				t.Errorf("%s without %d: %g, want %g", asked.Name, ring.Distance, ring.Value, want)
			}
			mean := 0.0
			for _, order := range a.orders[1:] {
				mean += accuracy(asked, order, ring.Distance) / Draws
			}
			if !near(float64(random.Rings[i].Value), mean) {
				t.Errorf("%s without %d at random: %g, want %g", asked.Name, ring.Distance, random.Rings[i].Value, mean)
			}
			difference += float64(random.Rings[i].Value - ring.Value)
		}
		if want := difference / float64(len(top.Rings)-2); !near(float64(gaps[q].Value), want) {
			t.Errorf("%s: gap %g, want %g", asked.Name, gaps[q].Value, want)
		}
	}
	if len(a.orders) != Draws+1 || slices.Equal(a.orders[1], a.orders[2]) {
		t.Errorf("orders %v", a.orders)
	}
	same := ablated(t, 3, ranking)
	if again, more := same.Results("test"); !reflect.DeepEqual(again, gaps) || !reflect.DeepEqual(more, curves) {
		t.Error("3 workers and 1 give different bits")
	}
}

// Latents that are not finite come to an end, too: nothing is known of them, and one
// answer is given to all.
func TestLatentsThatAreNotFinite(t *testing.T) {
	noise := normal(2)
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), -math.MaxFloat32} {
		l := latentsOf(8, 4, 3, 2, noise)
		l.Values[5] = bad
		f := FactorsOf(crewOf(t, 1), l)
		if finite := bad-bad == 0; !finite && (f.Location.Score == f.Location.Score || f.Location.Dimensions+f.Residual.Dimensions != 0) {
			t.Errorf("%g: %+v", bad, f.Location)
		}
		place, _ := fitted(t, 1, l.Values, 3, 4, []int{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}, 2, make([]int, 32))
		a := NewAblation(l, []Asked{{metric.Location, place, func(_, p int) int { return p }, 4}}, Rank(FlipDifferences(l.Values, l.Values, 3)), 1)
		for crew := crewOf(t, 1); a.Step(crew); {
		}
		if s := a.Accuracies("test")[0]; bad-bad != 0 && s.Value != .25 {
			t.Errorf("%g: the place is read with %g", bad, s.Value)
		}
	}
}
