package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/record"
	"padlab/datasets"
)

// asked is an experiment whose neurons are asked, of small networks.
func asked(t testing.TB, changes ...string) *experiment.Experiment {
	return quick(t, append([]string{"neurons.ask=ablation", "net.arch=nearest", "data.patch=4", "train.steps=30", "train.eval_every=30"}, changes...)...)
}

func score(t testing.TB, a ArmState, name, target string) metric.Score {
	t.Helper()
	s, ok := metric.Find(a.Scores, metric.Key{Metric: name, Target: target, Images: "test"})
	if !ok {
		t.Fatalf("%s has no %s of %s", a.Name, name, target)
	}
	return s
}

func curveOf(t testing.TB, a ArmState, name, target string) []metric.Point {
	t.Helper()
	p, ok := metric.Find(a.Profiles, metric.Key{Metric: name, Target: target, Images: "test"})
	if !ok {
		t.Fatalf("%s has no %s of %s", a.Name, name, target)
	}
	return p.Rings
}

// What must hold whatever is learned: curves begin at the accuracy and end at
// chance; that of the head begins at the accuracy of the network; the dimensions are
// all neurons, shares are where they can be; maps have every neuron once. Where the
// geometry lets circular padding be blind, the place is read exactly by chance,
// leaves a score of −1/(n−1) and no gap, though neurons change in a mirror.
func TestInside(t *testing.T) {
	for _, kind := range []string{"location", "classify"} {
		s := finished(t, start(t, asked(t, "task.kind="+kind), pool(t, 2), nil))
		if s.Status != Done {
			t.Fatalf("%s\n%s", s.Failure, s.Stack)
		}
		for _, a := range s.Arms {
			for _, target := range []string{metric.Location, metric.Class, metric.Head} {
				whole := score(t, a, metric.Accuracy, target)
				for _, name := range []string{metric.WithoutTop, metric.WithoutRandom} {
					curve := curveOf(t, a, name, target)
					last := curve[len(curve)-1]
					if curve[0].Value != whole.Value || last.Distance != 32 || math.Abs(float64(last.Value-whole.Chance)) > 1e-12 {
						t.Errorf("%s %s: %s of %s goes from %g to %g without all %d; accuracy %g, chance %g", kind, a.Name, name, target, curve[0].Value, last.Value, last.Distance, whole.Value, whole.Chance)
					}
				}
			}
			if head := score(t, a, metric.Accuracy, metric.Head); head.Value != a.Scores[0].Value {
				t.Errorf("%s %s: the head is right in %g, the network in %g", kind, a.Name, head.Value, a.Scores[0].Value)
			}
			dimensions := 0.0
			for _, target := range []string{metric.Location, metric.Class, metric.Residual} {
				dimensions += float64(score(t, a, metric.Dimensions, target).Value)
				if share := score(t, a, metric.DimensionShare, target); target != metric.Residual && !(share.Value > .15 && share.Value < .43) {
					t.Errorf("%s %s: the share of %s is %g", kind, a.Name, target, share.Value)
				}
			}
			if dimensions != 32 {
				t.Errorf("%s %s: %g dimensions", kind, a.Name, dimensions)
			}
			channels, _ := metric.Find(a.Maps, metric.Key{Metric: metric.Channel})
			flips, _ := metric.Find(a.Maps, metric.Key{Metric: metric.FlipDifference})
			seen := map[metric.Number]bool{}
			for i, c := range channels.Values {
				seen[c] = true
				if i > 0 && flips.Values[i] > flips.Values[i-1] {
					t.Errorf("%s %s: flip differences rise: %v", kind, a.Name, flips.Values)
				}
			}
			if len(seen) != 32 || channels.Rows*channels.Cols != 32 || channels.Check() != nil {
				t.Errorf("%s %s: channels %v", kind, a.Name, channels)
			}
		}
		blind := s.Arms[1]
		if v := float64(score(t, blind, metric.Accuracy, metric.Location).Value); math.Abs(v-1./9) > 1e-12 {
			t.Errorf("%s: circular reads the place with %g", kind, v)
		}
		if v := float64(score(t, blind, metric.FactorScore, metric.Location).Value); math.Abs(v+1./19) > 1e-6 {
			t.Errorf("%s: the score of the location under circular is %g, want −1/19", kind, v)
		}
		for _, ring := range append(curveOf(t, blind, metric.WithoutTop, metric.Location), curveOf(t, blind, metric.WithoutRandom, metric.Location)...) {
			if math.Abs(float64(ring.Value)-1./9) > 1e-12 {
				t.Errorf("%s: without %d circular reads the place with %g", kind, ring.Distance, ring.Value)
			}
		}
		if v := score(t, blind, metric.AblationGap, metric.Location).Value; v != 0 {
			t.Errorf("%s: the gap of circular is %g", kind, v)
		}
		if flips, _ := metric.Find(blind.Maps, metric.Key{Metric: metric.FlipDifference}); !(flips.Values[0] > 0) {
			t.Errorf("%s: nothing changes in a mirror", kind)
		}
	}
}

// On real pictures a trained network with circular padding has nothing of the place
// in its neurons, and one with zeros has.
func TestNeuronsOfTrainedNetworks(t *testing.T) {
	set, err := datasets.Open(t.Context(), "fashion-mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	e := asked(t, "task.kind=classify", "data.patch=8", "canvas.grid=4", "train.steps=60", "train.eval_every=60", "eval.images=20")
	s := finished(t, start(t, e, poolOf(t, "", 2, Sources{Set: func(string) (*images.Set, error) { return set, nil }}), nil))
	if s.Status != Done {
		t.Fatalf("%s\n%s", s.Failure, s.Stack)
	}
	zeros, circular := s.Arms[0], s.Arms[1]
	if v := float64(score(t, circular, metric.Accuracy, metric.Location).Value); math.Abs(v-1./16) > 1e-12 {
		t.Errorf("circular reads the place with %g", v)
	}
	if s := score(t, zeros, metric.Accuracy, metric.Location); !(s.Low > s.Chance) {
		t.Errorf("zeros reads the place with %+v", s)
	}
	if a, b := score(t, zeros, metric.DimensionShare, metric.Location), score(t, circular, metric.DimensionShare, metric.Location); !(a.Value > b.Value) {
		t.Errorf("shares of the location: zeros %g, circular %g", a.Value, b.Value)
	}
}

// Same experiment, same bits, for any number of workers and kernel; and the numbers
// come out of JSON as they went in.
func TestInsideSameBits(t *testing.T) {
	e := asked(t, "train.steps=6", "train.eval_every=3", "eval.images=8")
	s := finished(t, start(t, e, pool(t, 1), nil))
	want := canonical(t, s)
	if got := canonical(t, finished(t, start(t, e, pool(t, 3), nil))); got != want {
		t.Errorf("3 workers:\n%s\nwant\n%s", short(got, want), short(want, got))
	}
	read, err := record.ReadResult("result.json", s.Result().Document())
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(read.Arms)
	first, _ := json.Marshal(s.Result().Arms)
	if err != nil || string(again) != string(first) {
		t.Errorf("%v: %s\nwant %s", err, short(string(again), string(first)), short(string(first), string(again)))
	}
	if back := read.Experiment; !back.Inside() || len(back.Differences(e)) > 0 {
		t.Errorf("differs in %v", back.Differences(e))
	}
}

// Several seeds are averaged, but for the numbers of channels; and "dimensions" leaves
// the curves out and finds the same besides.
func TestInsideOverSeeds(t *testing.T) {
	e := asked(t, "net.padding=zeros", "train.steps=3", "train.eval_every=3", "eval.images=8", "seeds=2")
	a := finished(t, start(t, e, pool(t, 2), nil)).Arms[0]
	share := score(t, a, metric.DimensionShare, metric.Location)
	one, two := a.Seeds[0].Scores, a.Seeds[1].Scores
	x, _ := metric.Find(one, share.Key)
	y, _ := metric.Find(two, share.Key)
	if share.Over != metric.Seeds || share.Value != (x.Value+y.Value)/2 || x.Value == y.Value {
		t.Errorf("%+v of %g and %g", share, x.Value, y.Value)
	}
	if _, ok := metric.Find(a.Maps, metric.Key{Metric: metric.Channel}); ok {
		t.Error("channels of two networks have a mean")
	}
	if len(a.Seeds[0].Profiles) != len(a.Profiles) || len(a.Maps) == 0 {
		t.Errorf("%d and %d profiles, %d maps", len(a.Seeds[0].Profiles), len(a.Profiles), len(a.Maps))
	}
	few := finished(t, start(t, asked(t, "net.padding=zeros", "train.steps=3", "train.eval_every=3", "eval.images=8", "neurons.ask=dimensions"), pool(t, 2), nil)).Arms[0]
	for _, s := range few.Scores {
		if full, ok := metric.Find(one, s.Key); s.Metric == metric.AblationGap || !ok || fmt.Sprint(full) != fmt.Sprint(s) {
			t.Errorf("%+v, asked for all %+v", s, full)
		}
	}
	for _, p := range few.Profiles {
		if p.Unit == metric.Neurons {
			t.Errorf("%v is there", p.Key)
		}
	}
}

// Where another padding is tested, its network is looked into, though it may have other
// layers; and a network that has come to numbers without end comes to its own.
func TestInsideOfOthers(t *testing.T) {
	for _, changes := range [][]string{
		{"net.padding=zeros", "eval.padding=partial", "train.steps=3", "train.eval_every=3"},
		{"net.padding=zeros", "train.optimizer=sgd", "train.lr=100", "canvas.fill=white", "train.steps=30", "train.eval_every=10"},
	} {
		s := finished(t, start(t, asked(t, changes...), pool(t, 2), nil))
		a := s.Arms[0]
		if s.Status != Done && s.Status != Diverged {
			t.Fatalf("%s\n%s", s.Failure, s.Stack)
		}
		head := score(t, a, metric.Accuracy, metric.Head)
		if s.Status == Done && head.Value != a.Scores[0].Value {
			t.Errorf("%v: the head is right in %g, the network in %g", changes, head.Value, a.Scores[0].Value)
		}
		t.Log(changes, s.Status)
	}
}

func TestInsideRefuses(t *testing.T) {
	for want, e := range map[string]*experiment.Experiment{
		"neurons are asked about networks that learn location or classify, not segment": asked(t, "task.kind=segment"),
	} {
		if _, _, err := Estimate(context.Background(), pool(t, 1), e, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
