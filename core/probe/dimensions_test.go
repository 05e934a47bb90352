package probe

import (
	"math"
	"math/rand/v2"
	"testing"

	"padlab/core/nn/kernel"
)

// latentsOf are latents whose values a function says; image i is of class i mod
// classes.
func latentsOf(images, places, channels, classes int, value func(image, place, channel int) float64) *Latents {
	l := &Latents{Images: images, Places: places, Channels: channels}
	for i := range images {
		l.Class = append(l.Class, i%classes)
		for p := range places {
			for c := range channels {
				l.Values = append(l.Values, float32(value(i, p, c)))
			}
		}
	}
	return l
}

func normal(seed uint64) func(image, place, channel int) float64 {
	s := rand.New(rand.NewPCG(seed, 2))
	return func(_, _, _ int) float64 { return s.NormFloat64() }
}

func crewOf(t testing.TB, workers int) *kernel.Crew {
	c := kernel.NewCrew(workers)
	t.Cleanup(c.Close)
	return c
}

// naiveScores are the scores of the definition, pair by pair.
func naiveScores(l *Latents, without int) (location, class []float64) {
	type member struct{ image, place int }
	type pair [2]member
	var all []member
	for i := range l.Images {
		for p := range l.Places {
			if i != without {
				all = append(all, member{i, p})
			}
		}
	}
	z := func(m member, c int) float64 { return float64(l.At(m.image, m.place)[c]) }
	variance := 0.0
	for c := range l.Channels {
		mean, square := 0.0, 0.0
		for _, m := range all {
			mean += z(m, c) / float64(len(all))
		}
		for _, m := range all {
			square += (z(m, c) - mean) * (z(m, c) - mean) / float64(len(all))
		}
		variance += square
	}
	score := func(share func(a, b member) bool) (terms []float64) {
		var pairs []pair
		for _, a := range all {
			for _, b := range all {
				if a.image != b.image && share(a, b) {
					pairs = append(pairs, pair{a, b})
				}
			}
		}
		for c := range l.Channels {
			mean, sum := 0.0, 0.0
			for _, p := range pairs {
				mean += (z(p[0], c) + z(p[1], c)) / float64(2*len(pairs))
			}
			for _, p := range pairs {
				sum += (z(p[0], c) - mean) * (z(p[1], c) - mean) / float64(len(pairs))
			}
			terms = append(terms, sum/variance)
		}
		return terms
	}
	return score(func(a, b member) bool { return a.place == b.place }), score(func(a, b member) bool { return l.Class[a.image] == l.Class[b.image] })
}

func sum(values []float64) (s float64) {
	for _, v := range values {
		s += v
	}
	return s
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }

// The sums give what going through all pairs gives, channel by channel, for classes
// of different sizes, and around a mean far from 0; and so does leaving an image out.
func TestScoresAreThoseOfAllPairs(t *testing.T) {
	noise := normal(1)
	l := latentsOf(11, 4, 3, 3, func(i, p, c int) float64 {
		return 100*float64(c) + float64(i%3)*float64(c) + .5*float64(p) + noise(i, p, c)
	})
	l.Class[0], l.Class[1] = 3, 2 // one has no other of its class
	f := FactorsOf(crewOf(t, 2), l)
	location, class := naiveScores(l, -1)
	for c := range l.Channels {
		if !near(f.Location.Neurons[c], location[c]) || !near(f.Class.Neurons[c], class[c]) {
			t.Errorf("channel %d: %g, %g; pair by pair %g, %g", c, f.Location.Neurons[c], f.Class.Neurons[c], location[c], class[c])
		}
	}
	if !near(f.Location.Score, sum(location)) || !near(f.Class.Score, sum(class)) {
		t.Errorf("scores %g, %g; pair by pair %g, %g", f.Location.Score, f.Class.Score, sum(location), sum(class))
	}
	p := newPairs(l)
	var without [2][]float64
	for image := range l.Images {
		location, class := naiveScores(l, image)
		s := p.scores(image)
		if !near(s[0], sum(location)) || !near(s[1], sum(class)) {
			t.Errorf("without image %d: %g, pair by pair %g, %g", image, s, sum(location), sum(class))
		}
		without[0], without[1] = append(without[0], s[0]), append(without[1], s[1])
	}
	mean, squares := sum(without[0])/11, 0.0
	for _, v := range without[0] {
		squares += (v - mean) * (v - mean)
	}
	const t10 = 2.228138852 // Student's 97.5 % point of 10 degrees, from R's qt
	if half := t10 * math.Sqrt(10./11*squares); !near(f.Location.High-f.Location.Score, half) || !near(f.Location.Score-f.Location.Low, half) {
		t.Errorf("interval %g to %g around %g, want ±%g", f.Location.Low, f.Location.High, f.Location.Score, half)
	}
}

// Of latents half of which are the place and half the class, with the same variance,
// both scores are ½ but for the pairs of different images, and so are the terms 0 in
// the other's half; the shares are those of softmax(½, ½, 1).
func TestKnownDimensions(t *testing.T) {
	const images, places, channels, classes = 40, 16, 12, 4
	code := normal(3)
	var place [places][channels]float64
	var class [classes][channels]float64
	fill := func(rows int, at func(row int) *[channels]float64) { // of mean 0 and variance 1
		for c := range channels {
			mean, square := 0.0, 0.0
			for r := range rows {
				at(r)[c] = code(0, 0, 0)
				mean += at(r)[c] / float64(rows)
			}
			for r := range rows {
				at(r)[c] -= mean
				square += at(r)[c] * at(r)[c] / float64(rows)
			}
			for r := range rows {
				at(r)[c] /= math.Sqrt(square)
			}
		}
	}
	fill(places, func(r int) *[channels]float64 { return &place[r] })
	fill(classes, func(r int) *[channels]float64 { return &class[r] })
	l := latentsOf(images, places, channels, classes, func(i, p, c int) float64 {
		if c < channels/2 {
			return place[p][c]
		}
		return class[i%classes][c]
	})
	f := FactorsOf(crewOf(t, 1), l)
	inner := -1. / (2 * (images - 1)) // what the other half gives: the covariance without replacement
	if math.Abs(f.Location.Score-(.5+inner)) > 1e-6 || math.Abs(f.Class.Score-.5) > 1e-6 {
		t.Errorf("scores %g, %g; want %g, .5", f.Location.Score, f.Class.Score, .5+inner)
	}
	for c := range channels {
		location, class := 1./channels, 0.0
		if c >= channels/2 {
			location, class = -1./channels/(images-1), 1./channels
		}
		if math.Abs(f.Location.Neurons[c]-location) > 1e-6 || math.Abs(f.Class.Neurons[c]-class) > 1e-6 {
			t.Errorf("channel %d: %g, %g; want %g, %g", c, f.Location.Neurons[c], f.Class.Neurons[c], location, class)
		}
	}
	e := math.Exp
	if want := e(f.Location.Score) / (e(f.Location.Score) + e(f.Class.Score) + e(1)); !near(f.Location.Share, want) {
		t.Errorf("share %g, want %g", f.Location.Share, want)
	}
	if f.Location.Dimensions != 3 || f.Class.Dimensions != 3 || f.Residual.Dimensions != 6 { // 12 · (.272, .276, .452)
		t.Errorf("%d, %d and %d dimensions", f.Location.Dimensions, f.Class.Dimensions, f.Residual.Dimensions)
	}
}

// A share is between .155 and .422 for scores from 0 to 1, the values that the
// definition names.
func TestSharesAreNarrow(t *testing.T) {
	for _, c := range []struct{ location, class, share float64 }{{0, 1, .155}, {1, 0, .422}, {0, 0, .212}, {1, 1, .333}} {
		if s := shares([2]float64{c.location, c.class}); math.Abs(s[0]-c.share) > 5e-4 || !near(s[0]+s[1]+s[2], 1) {
			t.Errorf("scores %g, %g: shares %g, want %g first", c.location, c.class, s, c.share)
		}
	}
}

// The order of the channels changes the order of the terms, and nothing else; the
// number of workers changes nothing.
func TestPermutedChannels(t *testing.T) {
	const channels = 7
	noise := normal(5)
	l := latentsOf(12, 9, channels, 3, func(i, p, c int) float64 { return noise(i, p, c) + float64(p*c)/9 })
	order := rand.New(rand.NewPCG(1, 1)).Perm(channels)
	other := latentsOf(12, 9, channels, 3, func(i, p, c int) float64 { return float64(l.At(i, p)[order[c]]) })
	a, b := FactorsOf(crewOf(t, 1), l), FactorsOf(crewOf(t, 3), other)
	if !near(a.Location.Score, b.Location.Score) || !near(a.Class.Score, b.Class.Score) || !near(a.Location.Low, b.Location.Low) {
		t.Errorf("%+v, permuted %+v", a, b)
	}
	for c, from := range order {
		if a.Location.Neurons[from] != b.Location.Neurons[c] && !near(a.Location.Neurons[from], b.Location.Neurons[c]) || !near(a.Class.Neurons[from], b.Class.Neurons[c]) {
			t.Errorf("channel %d is %g, at %d %g", from, a.Location.Neurons[from], c, b.Location.Neurons[c])
		}
	}
	if c := FactorsOf(crewOf(t, 4), l); c.Location.Low != a.Location.Low || c.Class.ShareHigh != a.Class.ShareHigh || c.Residual.Share != a.Residual.Share {
		t.Error("4 workers and 1 give different bits")
	}
}

// Where the place leaves no trace the score of the location is −1/(n−1), whatever the
// images; where nothing varies there is no score and no dimension.
func TestNoTraceOfThePlace(t *testing.T) {
	noise := normal(9)
	own := map[[2]int]float64{}
	l := latentsOf(20, 16, 5, 4, func(i, _, c int) float64 {
		k := [2]int{i, c}
		if _, ok := own[k]; !ok {
			own[k] = noise(0, 0, 0)
		}
		return own[k]
	})
	f := FactorsOf(crewOf(t, 2), l)
	if !near(f.Location.Score, -1./19) {
		t.Errorf("%g, want −1/19", f.Location.Score)
	}
	dead := FactorsOf(crewOf(t, 2), latentsOf(20, 16, 5, 4, func(_, _, _ int) float64 { return 2 }))
	if v := dead.Location.Score; v == v || dead.Location.Dimensions+dead.Class.Dimensions+dead.Residual.Dimensions != 0 {
		t.Errorf("of latents that are constant: %+v", dead)
	}
}

func TestLatentsThatDoNotFit(t *testing.T) {
	for name, l := range map[string]*Latents{
		"one image":    latentsOf(1, 4, 2, 1, normal(1)),
		"no pair":      latentsOf(3, 4, 2, 3, normal(1)),
		"few values":   {Images: 4, Places: 2, Channels: 2, Class: make([]int, 4)},
		"few classes":  {Images: 2, Places: 1, Channels: 1, Values: make([]float32, 2), Class: make([]int, 1)},
		"no channel":   {Images: 4, Places: 2, Class: make([]int, 4)},
		"and no place": {Images: 4, Channels: 2, Class: make([]int, 4)},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			FactorsOf(crewOf(t, 1), l)
		}()
	}
}
