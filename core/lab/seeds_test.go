package lab

import (
	"context"
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"padlab/core/experiment"
	"padlab/core/metric"
)

// Each of several seeds is bit for bit the run with that seed alone, and above
// them stands their mean with Student's interval.
func TestSeeds(t *testing.T) {
	for _, arch := range []string{"small", "near"} { // one sample after the other, and level by level
		t.Run(arch, func(t *testing.T) { testSeeds(t, "net.arch="+arch) })
	}
}

func testSeeds(t *testing.T, arch string) {
	p := pool(t, 2)
	s := finished(t, start(t, quick(t, arch, "seeds=3", "seed=5", "net.padding=zeros,circular"), p, nil))
	result := s.Result()
	for i, arm := range result.Arms {
		if len(arm.Seeds) != 3 || arm.SHA256 != "" || arm.Status != Done {
			t.Fatalf("%s: %d seeds, %q, %s", arm.Name, len(arm.Seeds), arm.SHA256, arm.Status)
		}
		var accuracies []float64
		for j, one := range arm.Seeds {
			alone := finished(t, start(t, quick(t, arch, "net.padding=zeros,circular", "seed="+string(rune('5'+j))), p, nil)).Result().Arms[i]
			if one.Seed != uint64(5+j) || one.SHA256 != alone.SHA256 || one.Steps != alone.Steps || !same(one.Scores, alone.Scores) || !same(one.Profiles, alone.Profiles) {
				t.Errorf("%s, seed %d: %+v, alone %+v", arm.Name, one.Seed, one, alone)
			}
			accuracies = append(accuracies, float64(alone.Scores[0].Value))
		}
		mean := (accuracies[0] + accuracies[1] + accuracies[2]) / 3
		squares := 0.0
		for _, a := range accuracies {
			squares += (a - mean) * (a - mean)
		}
		half := 4.302653 * math.Sqrt(squares/2/3) // t of 2 degrees of freedom at 97.5 %
		got := arm.Scores[0]
		if math.Abs(float64(got.Value)-mean) > 1e-12 || math.Abs(float64(got.High-got.Value)-half) > 1e-6 || math.Abs(float64(got.Value-got.Low)-half) > 1e-6 {
			t.Errorf("%s: %+v of %v, want %g ± %g", arm.Name, got, accuracies, mean, half)
		}
		if got.Over != metric.Seeds || got.Units != 3 || got.N != 3*arm.Seeds[0].Scores[0].N {
			t.Errorf("%+v", got)
		}
	}
	if got := result.Arms[1].Scores[0]; got.Low != got.Value || got.High != got.Value { // blind in every seed
		t.Errorf("circular %+v", got)
	}
}

// same compares as JSON does: not-a-number is itself.
func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return reflect.DeepEqual(x, y)
}

// Two seeds show their range.
func TestTwoSeeds(t *testing.T) {
	arm := finished(t, start(t, quick(t, "seeds=2", "net.padding=zeros,"), pool(t, 1), nil)).Result().Arms[0]
	a, b, got := arm.Seeds[0].Scores[0].Value, arm.Seeds[1].Scores[0].Value, arm.Scores[0]
	if got.Low != min(a, b) || got.High != max(a, b) || math.Abs(float64(got.Value-(a+b)/2)) > 1e-12 || got.Units != 2 {
		t.Errorf("%+v of %g and %g", got, a, b)
	}
}

// A seed that diverges is listed, has no part in the mean, and makes its arm one
// that has diverged.
func TestASeedThatDiverges(t *testing.T) {
	p := pool(t, 1)
	r, err := prepare(context.Background(), p, quick(t, "seeds=3", "net.padding=zeros,"), nil)
	if err != nil {
		t.Fatal(err)
	}
	score := func(v metric.Number) []metric.Score {
		return []metric.Score{{Key: metric.Key{Metric: metric.Accuracy}, Value: v, N: 10}}
	}
	for i, v := range []metric.Number{0.5, 0.25, 0.125} {
		a := r.replicas[i]
		a.status, a.report.EvalStep, a.report.Scores = Done, 8, score(v)
	}
	r.replicas[1].status, r.replicas[1].report.Problem = Diverged, "the loss was not finite"
	s := r.state(0)
	if s.Status != Diverged || s.Problem != "seed 2: the loss was not finite" || s.Scores[0].Value != 0.3125 || s.Scores[0].Units != 2 || len(s.Seeds) != 3 {
		t.Errorf("%+v", s)
	}
}

// A seed that joins later, while the others train or when they have ended, makes
// the run what it would have been with that seed from the start.
func TestASeedJoins(t *testing.T) {
	p := pool(t, 2)
	e := func(seeds string) *experiment.Experiment {
		return quick(t, "net.padding=zeros,circular", "seeds="+seeds)
	}
	want := finished(t, start(t, e("3"), p, nil)).Result()
	join := func(r *Run, seeds string) *Run {
		t.Helper()
		next, err := Start(context.Background(), p, e(seeds), Options{After: r})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Network(t.Context(), 1); err != nil { // whoever still holds the first run
			t.Fatal(err)
		}
		return next
	}
	first, err := Start(context.Background(), p, e("1"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	second := join(first, "2")
	if s := finished(t, second); s.Arms[0].Scores[0].Units != 2 {
		t.Errorf("%+v", s.Arms[0].Scores[0])
	}
	third := join(second, "3")
	if s := third.Snapshot(); len(s.Arms[0].Scores) == 0 {
		t.Error("what two seeds have found is gone while the third trains")
	}
	if got := finished(t, third).Result(); !same(got.Arms, want.Arms) {
		t.Errorf("%+v\nwant %+v", got.Arms, want.Arms)
	}
	for _, other := range []*experiment.Experiment{e("3"), e("2"), quick(t, "seeds=4", "net.padding=zeros,reflect")} {
		if _, err := Start(context.Background(), p, other, Options{After: third}); err == nil {
			t.Errorf("seeds %d join", other.Seeds)
		}
	}
}

// Whoever holds a run that another takes over gets its networks from there, also
// while it happens; and a run can be taken over once.
func TestNetworkWhileASeedJoins(t *testing.T) {
	p := pool(t, 2)
	first, err := Start(t.Context(), p, quick(t, "net.padding=zeros,", "seeds=1", "train.steps=200"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan error)
	go func() {
		for range 50 {
			if _, _, err := first.Network(t.Context(), 0); err != nil {
				asked <- err
				return
			}
		}
		asked <- nil
	}()
	more := quick(t, "net.padding=zeros,", "seeds=2", "train.steps=200")
	second, err := Start(t.Context(), p, more, Options{After: first})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-asked; err != nil {
		t.Error(err)
	}
	if _, err := Start(t.Context(), p, more, Options{After: first}); err == nil {
		t.Error("a run is taken over twice")
	}
	finished(t, second)

	stopped, err := Start(t.Context(), p, quick(t, "net.padding=zeros,", "train.steps=1000000"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	stopped.Stop()
	<-stopped.Done()
	if _, err := Start(t.Context(), p, quick(t, "net.padding=zeros,", "seeds=2", "train.steps=1000000"), Options{After: stopped}); err == nil {
		t.Error("a run that was stopped goes on")
	}
	if _, _, err := stopped.Network(t.Context(), 0); err != nil {
		t.Error(err)
	}
}
