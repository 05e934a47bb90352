package probe

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"padlab/core/position"
)

// The errors of the best constants of paper.md §1.2: .251, .197 and .318.
func TestConstants(t *testing.T) {
	for target, want := range map[position.Target]float64{position.H: .251, position.V: .251, position.G: .197, position.HS: .318, position.VS: .318} {
		s := newScorer(target, position.Natural, 224, false)
		if got := s.constant[len(s.rings)]; math.Abs(got-want) > 2e-3 {
			t.Errorf("the best constant errs by %g on %s, want %g", got, target, want)
		}
	}
	if s := newScorer(position.HS, position.Natural, 224, true); math.Abs(s.constant[len(s.rings)]-.635) > 4e-3 {
		t.Errorf("on [−1, 1] the best constant errs by %g, want .635", s.constant[len(s.rings)])
	}
}

// By hand: the ranks of 3 1 4 1 5 are 3 1.5 4 1.5 5, those of 1 2 3 4 5 are
// themselves: Σxy = 4, Σx² = 9.5, Σy² = 10.
func TestRankCorrelation(t *testing.T) {
	for _, c := range []struct {
		prediction, target []float32
		want               float64
		flat               bool
	}{
		{[]float32{1, 2, 3}, []float32{10, 20, 21}, 1, false},
		{[]float32{3, 2, 1}, []float32{10, 20, 21}, -1, false},
		{[]float32{3, 1, 4, 1, 5}, []float32{1, 2, 3, 4, 5}, 4 / math.Sqrt(95), false},
		{[]float32{.5, .5, .5, .5}, []float32{1, 2, 3, 4}, 0, true},
		{[]float32{1, 1 + 9e-7, 1, 1}, []float32{1, 2, 3, 4}, 0, true},
		{[]float32{100, 100.001, 100, 100}, []float32{1, 2, 3, 4}, -1 / math.Sqrt(15), false},
	} {
		if got, flat := RankCorrelation(c.prediction, c.target); math.Abs(got-c.want) > 1e-12 || flat != c.flat {
			t.Errorf("%v, %v: %g, %v, want %g, %v", c.prediction, c.target, got, flat, c.want, c.flat)
		}
	}
}

// What numpy makes of the same values (testdata/ranks.py).
func TestRankCorrelationAgainstNumpy(t *testing.T) {
	text, err := os.ReadFile("testdata/ranks.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		What               string
		Prediction, Target []float32
		Rho                float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 16 {
		t.Errorf("%d cases", len(cases))
	}
	for _, c := range cases {
		if got, flat := RankCorrelation(c.Prediction, c.Target); math.Abs(got-c.Rho) > 1e-12 || flat {
			t.Errorf("%s: %g, constant %v, want %g", c.What, got, flat, c.Rho)
		}
	}
}

// A target is drawn perfectly by itself and not at all by its best constant,
// and an error at the right border counts there.
func TestSheet(t *testing.T) {
	s := newScorer(position.H, position.Natural, 8, false)
	s.Add(0, position.H.Map(8, 8))
	flat := make([]float32, 64)
	for i := range flat {
		flat[i] = 0.5
	}
	s.Add(1, flat)
	scores := s.scores()
	if scores[0].Value != 0.5 || scores[0].Constant != 1 || scores[2].Value != 0.5 || scores[1].N != 2 {
		t.Errorf("%+v", scores)
	}
	s = newScorer(position.H, position.Natural, 8, false)
	wrong := position.H.Map(8, 8)
	for y := range 8 {
		wrong[y*8+7] = 0
	}
	s.Add(0, wrong)
	p := s.profile()
	// At distance 0 stand eight errors of 0 and eight of 1; the constant errs by .5 at both.
	if len(p.Rings) != 4 || p.Rings[0].Value != 0 || p.Rings[0].N != 16 || p.Rings[1].Value != 1 {
		t.Errorf("%+v", p)
	}
	if m := s.errorMap(); m.Values[7] != 1 || m.Values[6] != 0 {
		t.Errorf("%v", m.Values[:8])
	}
}
