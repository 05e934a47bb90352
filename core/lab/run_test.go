package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/lab/stage"
	"padlab/core/nn/kernel"
	"padlab/core/record"
	"padlab/core/rng"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noise is a set of random 8×8 images of two classes.
func noise() *images.Set {
	s := &images.Set{Name: "noise", Classes: []string{"a", "b"}, H: 8, W: 8, C: 1}
	for n, split := range []*images.Split{&s.Train, &s.Test} {
		source := rng.New(1, "noise", uint64(n))
		for i := range 30 {
			split.Labels = append(split.Labels, byte(i%2))
			for range 64 {
				split.Pixels = append(split.Pixels, byte(source.IntN(256)))
			}
		}
	}
	return s
}

// sources are noise: a set, photographs, and no weights.
func sources() Sources {
	return Sources{
		Set:    func(string) (*images.Set, error) { return noise(), nil },
		Photos: func(string) ([]images.Photo, error) { return album(), nil },
	}
}

func pool(t testing.TB, workers int) *Pool { return poolWith(t, "", workers) }

func poolWith(t testing.TB, name string, workers int) *Pool {
	return poolOf(t, name, workers, sources())
}

func poolOf(t testing.TB, name string, workers int, sources Sources) *Pool {
	k, err := kernel.Select(name)
	if err != nil {
		t.Fatal(err)
	}
	p := NewPool(k, workers, time.Now, sources)
	t.Cleanup(p.Close)
	return p
}

// quick is an experiment of a few hundred milliseconds.
func quick(t testing.TB, changes ...string) *experiment.Experiment {
	e, err := experiment.Parse("quick.toml", []byte(`
[[vary]]
key = "net.padding"
values = ["zeros", "circular"]
[data]
patch = 8
[canvas]
grid = 3
[train]
batch = 18
steps = 12
eval_every = 5
[eval]
images = 20
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		key, text, _ := strings.Cut(c, "=")
		if err := e.SetAll(key, text); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func start(t testing.TB, e *experiment.Experiment, p *Pool, evaluated func(*Snapshot)) *Run {
	r, err := Start(context.Background(), p, e, Options{Evaluated: evaluated})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Stop(); <-r.Done() })
	return r
}

func finished(t testing.TB, r *Run) *Snapshot {
	select {
	case <-r.Done():
	case <-time.After(time.Minute):
		t.Fatal("the run does not end")
	}
	return r.Snapshot()
}

// canonical is the JSON result without its provenance.
func canonical(t testing.TB, s *Snapshot) string {
	r := s.Result()
	r.Provenance = record.Provenance{}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRun(t *testing.T) {
	e := quick(t)
	one := 1
	e.Expect = []experiment.Expectation{
		{Arm: "circular", What: "accuracy", Is: "exactly chance"},
		{Arm: "zeros", What: "accuracy", Is: "below 0", Ring: &one},
		{Arm: "reflect", What: "accuracy", Is: "chance"},
	}
	var steps []int
	s := finished(t, start(t, e, pool(t, 2), func(s *Snapshot) { steps = append(steps, s.Arms[0].EvalStep) }))
	if s.Status != Done || s.Fraction != 1 || s.Failure != "" {
		t.Fatalf("%+v", s)
	}
	if want := []int{0, 5, 10, 12, 12}; len(steps) != len(want) || steps[1] != 5 || steps[3] != 12 {
		t.Errorf("evaluated at %v, want %v", steps, want)
	}
	for _, a := range s.Arms {
		if a.Status != Done || a.Step != 12 || len(a.Loss) != 12 || a.Scores[0].N != 180 || len(a.Profiles[0].Rings) != 2 || len(a.Maps[0].Values) != 9 || len(a.SHA256) != 64 {
			t.Errorf("%+v", a)
		}
		if l := float64(a.Loss[0].Value); math.Abs(l-math.Log(9)) > 0.3 {
			t.Errorf("%s: the first loss is %g, of guessing %g", a.Name, l, math.Log(9))
		}
	}
	// 8-pixel cells, stride 4, 24 → 12 → 6: circular cannot know.
	if v := float64(s.Arms[1].Scores[0].Value); v != 20.0/180 {
		t.Errorf("circular scores %g, want exactly 1/9", v)
	}
	got := s.Result().Expectations
	if len(got) != 2 || !got[0].Held || got[1].Held || got[1].Text != "zeros: accuracy in ring 1 is below 0" {
		t.Errorf("%+v", got)
	}
}

// Same experiment, same bits: for any number of workers, alone or beside
// another run, paused and stepped or not.
func TestSameBits(t *testing.T) {
	want := canonical(t, finished(t, start(t, quick(t), pool(t, 1), nil)))
	for _, workers := range []int{2, 3, 8} {
		if got := canonical(t, finished(t, start(t, quick(t), pool(t, workers), nil))); got != want {
			t.Errorf("%d workers:\n%s\nwant\n%s", workers, got, want)
		}
	}
	for _, name := range kernel.Names() {
		if name == "gonum" { // multiplies, rounds, then adds: see TestPortableKernel
			continue
		}
		if got := canonical(t, finished(t, start(t, quick(t), poolWith(t, name, 2), nil))); got != want && kernel.Names()[0] != "gonum" {
			t.Errorf("kernel %s:\n%s\nwant\n%s", name, got, want)
		}
	}
	p := pool(t, 2)
	other := start(t, quick(t, "train.steps=40", "seed=9"), p, nil)
	r := start(t, quick(t), p, nil)
	r.Pause()
	await(t, r, func(s *Snapshot) bool { return s.Status == Paused })
	for range 3 {
		before := r.Snapshot().slowest()
		r.Step()
		await(t, r, func(s *Snapshot) bool { return s.Status == Paused && s.slowest() == before+1 })
	}
	r.Resume()
	if got := canonical(t, finished(t, r)); got != want {
		t.Errorf("beside another run, paused and stepped:\n%s\nwant\n%s", got, want)
	}
	if got := canonical(t, finished(t, other)); got == want {
		t.Error("another seed, same result")
	}
}

// The portable kernel rounds every product before it adds it, the others do
// not. Over one step that shows in the seventh digit; over many, training
// amplifies it like any other difference.
func TestPortableKernel(t *testing.T) {
	losses := func(name string) []record.LossPoint {
		return finished(t, start(t, quick(t, "train.steps=3"), poolWith(t, name, 2), nil)).Arms[0].Loss
	}
	fast, portable := losses(""), losses("gonum")
	for i := range fast {
		if d := math.Abs(float64(fast[i].Value - portable[i].Value)); d > 1e-5*float64(fast[i].Value) {
			t.Errorf("step %d: loss %v, with the portable kernel %v", i, fast[i].Value, portable[i].Value)
		}
	}
}

func await(t testing.TB, r *Run, ok func(*Snapshot) bool) {
	deadline := time.After(time.Minute)
	for !ok(r.Snapshot()) {
		select {
		case <-r.Changed():
		case <-deadline:
			t.Fatalf("never came: %+v", r.Snapshot())
		}
	}
}

// All arms train on the same batches: an arm's result does not depend on the
// other arms.
func TestArmsAreIndependent(t *testing.T) {
	both := finished(t, start(t, quick(t), pool(t, 2), nil))
	alone := finished(t, start(t, quick(t, "net.padding=circular"), pool(t, 2), nil))
	if both.Arms[1].SHA256 != alone.Arms[0].SHA256 {
		t.Error("circular alone has other weights than circular beside zeros")
	}
	if both.Arms[0].SHA256 == both.Arms[1].SHA256 {
		t.Error("zeros and circular have the same weights")
	}
}

func TestPausedRunsDoNothing(t *testing.T) {
	r := start(t, quick(t, "train.steps=100000"), pool(t, 1), nil)
	await(t, r, func(s *Snapshot) bool { return s.slowest() > 0 })
	r.Pause()
	await(t, r, func(s *Snapshot) bool { return s.Status == Paused })
	before := r.Snapshot()
	for range 10 { // asked again, and again woken, it still does nothing
		r.Pause()
		time.Sleep(5 * time.Millisecond)
	}
	if after := r.Snapshot(); after.Version != before.Version || before.Arms[0].Status != Paused {
		t.Errorf("a paused run went from %+v to %+v", before, after)
	}
	r.Stop()
	if s := finished(t, r); s.Status != Stopped || s.Arms[0].Status != Stopped || s.Arms[0].SHA256 == "" || len(s.Arms[0].Scores) == 0 {
		t.Errorf("%+v", s)
	}
}

func TestDivergence(t *testing.T) {
	s := finished(t, start(t, quick(t, "train.optimizer=sgd", "train.lr=100", "canvas.fill=white", "train.steps=60"), pool(t, 2), nil))
	if s.Status != Diverged {
		t.Fatalf("status %s", s.Status)
	}
	for _, a := range s.Arms {
		if a.Status != Diverged || !strings.Contains(a.Problem, "not finite at step ") || len(a.Scores) == 0 {
			t.Errorf("%+v", a)
		}
	}
	if text := canonical(t, s); strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Error(text)
	}
}

func TestStartRefuses(t *testing.T) {
	for want, e := range map[string]*experiment.Experiment{
		"arm zeros: eval.images is 31, the set has 30 test images": quick(t, "eval.images=31"),
		"arm none: network small with padding none on 15×15":       quick(t, "net.padding=none", "data.patch=5"),
		"arm none: none pads nothing":                              quick(t, "net.padding=none", "net.extent=full"),
	} {
		if _, err := Start(context.Background(), pool(t, 1), e, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if _, _, err := Estimate(context.Background(), pool(t, 1), e, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check: %v, want %s", err, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	if testing.Short() {
		t.Skip("of numbers alone, which take the portable kernel minutes under the race detector")
	}
	for _, c := range []struct {
		changes []string
		want    string
	}{
		{nil, ""},
		{[]string{"data.patch=6"}, "small tells 9 of 9 cells apart under circular padding, which has no border: pool2 is the first layer whose map does not move with the patch (data.patch=4 or data.patch=8 would mend it)"},
		{[]string{"data.patch=3", "canvas.grid=4"}, "(data.patch=4 would mend it)"},
		{[]string{"net.arch=vgg5", "data.patch=8", "canvas.grid=5"}, ""},
		{[]string{"net.arch=vgg5", "data.patch=4", "canvas.grid=9"}, "pool3 is the first layer"},
		{[]string{"net.arch=resnet20"}, ""}, // drops a row of padding at every stride, and is blind all the same
		{[]string{"net.padding=circular", "net.extent=full"}, "(net.extent=same would mend it)"},
		{[]string{"net.padding=circular", "net.extent=valid", "canvas.grid=4"}, "(net.extent=same would mend it)"},
		{[]string{"net.padding=circular", "net.layers.conv2.padding=zeros"}, "conv2 is the first layer whose map does not move with the patch (circular padding in every layer would mend it)"},
		{[]string{"net.padding=circular", "net.extent=full", "data.patch=6"}, "(net.extent=same with data.patch=8 would mend it)"},
		{[]string{"net.arch=resnet18", "data.patch=32"}, "maxpool is the first layer whose map does not move with the patch (net.pools=scheme would mend it)"},
		{[]string{"net.arch=resnet18", "data.patch=32", "net.pools=scheme"}, ""},
		{[]string{"net.arch=resnet18", "data.patch=24", "net.padding=circular"}, "(net.pools=scheme with data.patch=32 would mend it)"},
	} {
		_, got, err := Estimate(context.Background(), pool(t, 1), quick(t, c.changes...), 0)
		if err != nil || (c.want == "") != (len(got) == 0) || !strings.Contains(strings.Join(got, " "), c.want) {
			t.Errorf("%v: %v, %v; want %q", c.changes, got, err, c.want)
		}
	}
}

// broken is a stage whose workers panic.
type broken struct{ stage.Stage }

func (broken) Advance(crew *kernel.Crew) stage.Event {
	crew.Do(2, func(int, int) { panic("broken stage") })
	return stage.Event{}
}

// A panic in the engine is a failed run, with the stack of the worker, and the
// crew goes on to serve others.
func TestPanicIsAFailedRun(t *testing.T) {
	p := pool(t, 2)
	b, err := prepare(context.Background(), p, quick(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.replicas[0].stages = []stage.Stage{broken{b.replicas[0].stages[0]}}
	r := &Run{prepared: b, pool: p, changed: make(chan struct{}, 1), done: make(chan struct{}), wake: make(chan struct{}, 1)}
	r.quit, r.cancel = context.WithCancel(context.Background())
	for _, a := range b.replicas {
		a.status = Running
	}
	r.snapshot.Store(&Snapshot{Experiment: quick(t)})
	go r.main()
	s := finished(t, r)
	if s.Status != Failed || s.Failure != "broken stage" || !strings.Contains(s.Stack, "broken.Advance") {
		t.Errorf("%s %q %s", s.Status, s.Failure, s.Stack)
	}
	if s := finished(t, start(t, quick(t), p, nil)); s.Status != Done {
		t.Error("the pool is lost after a failed run")
	}
}

// Snapshots may be read while the run goes on (the race detector looks).
func TestSnapshotsAreImmutable(t *testing.T) {
	r := start(t, quick(t, "train.steps=30"), pool(t, 2), nil)
	var readers sync.WaitGroup
	for range 3 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for {
				s := r.Snapshot()
				first, err := json.Marshal(s.Result())
				if err != nil {
					t.Error(err)
				}
				second, _ := json.Marshal(s.Result())
				if !bytes.Equal(first, second) {
					t.Error("a snapshot changed")
				}
				select {
				case <-r.Done():
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
	}
	readers.Wait()
}

// A layer of its own changes the network; one that does not exist is refused
// with the nearest that does.
func TestOneLayerPadsOtherwise(t *testing.T) {
	same := finished(t, start(t, quick(t, "net.padding=zeros"), pool(t, 1), nil))
	other := finished(t, start(t, quick(t, "net.padding=zeros", "net.layers.conv2.padding=circular"), pool(t, 1), nil))
	if same.Arms[0].SHA256 == other.Arms[0].SHA256 {
		t.Error("conv2 padded otherwise has the same weights")
	}
	_, _, err := Estimate(context.Background(), pool(t, 1), quick(t, "net.layers.conv22.padding=circular"), 0)
	if err == nil || !strings.Contains(err.Error(), `unknown layer that pads "conv22": did you mean "conv2"`) {
		t.Error(err)
	}
}

// Trained with zeros, tested with another scheme: the same weights, other
// answers; circular is blind whatever the weights are.
func TestAnotherPaddingWhenTested(t *testing.T) {
	s := finished(t, start(t, quick(t, "net.padding=zeros", "eval.padding=zeros,circular"), pool(t, 2), nil))
	zeros, circular := s.Arms[0], s.Arms[1]
	if zeros.SHA256 != circular.SHA256 {
		t.Error("how it is tested changes how it is trained")
	}
	plain := finished(t, start(t, quick(t, "net.padding=zeros"), pool(t, 2), nil)).Arms[0]
	if !same(plain.Scores, zeros.Scores) {
		t.Errorf("tested with its own scheme it scores %v, not %v", zeros.Scores, plain.Scores)
	}
	if v := circular.Scores[0]; v.Value != v.Chance {
		t.Errorf("circular scores %v, chance is %v", v.Value, v.Chance)
	}
	_, _, err := Estimate(context.Background(), pool(t, 1), quick(t, "net.padding=zeros", "eval.padding=explicit"), 0)
	if err == nil || !strings.Contains(err.Error(), "weights of zeros do not run with explicit") {
		t.Error(err)
	}
}

// Every optimiser and schedule trains; each in its own way.
func TestOptimizers(t *testing.T) {
	seen := map[string]string{}
	for _, o := range []string{"adam", "adamw", "sgd", "nesterov", "adadelta"} {
		for _, schedule := range []string{"constant", "cosine", "one-cycle"} {
			a := finished(t, start(t, quick(t, "net.padding=zeros", "train.optimizer="+o, "train.schedule="+schedule, "train.decay=0.01", "train.clip=0.5", "train.lr=0.02"), pool(t, 2), nil)).Arms[0]
			if a.Status != Done {
				t.Errorf("%s, %s: %s", o, schedule, a.Status)
			}
			if other, ok := seen[a.SHA256]; ok {
				t.Errorf("%s, %s trains like %s", o, schedule, other)
			}
			seen[a.SHA256] = o + ", " + schedule
		}
	}
}

// What an arm has learned can be had while it trains, while it is paused, and
// when it is through.
func TestNetwork(t *testing.T) {
	r := start(t, quick(t, "train.steps=100000"), pool(t, 2), nil)
	await(t, r, func(s *Snapshot) bool { return s.slowest() > 0 })
	running, err := shaOf(t, r, 1)
	if err != nil {
		t.Fatal(err)
	}
	before := r.Snapshot().slowest()
	await(t, r, func(s *Snapshot) bool { return s.slowest() > before+1 })
	r.Pause()
	await(t, r, func(s *Snapshot) bool { return s.Status == Paused })
	paused, _ := shaOf(t, r, 1)
	if again, _ := shaOf(t, r, 1); again != paused {
		t.Error("a paused network changes")
	}
	r.Stop()
	if s := finished(t, r); s.Arms[1].SHA256 != paused || paused == running {
		t.Errorf("stopped with %s, paused %s, before that %s", s.Arms[1].SHA256, paused, running)
	}
	if done, err := shaOf(t, r, 1); done != paused || err != nil {
		t.Errorf("when it has ended it is %s, %v", done, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	busy := &Run{prepared: r.prepared, pool: r.pool, calls: make(chan func()), done: make(chan struct{})} // comes to nobody's call
	if _, _, err := busy.Network(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func shaOf(t testing.TB, r *Run, arm int) (string, error) {
	spec, net, err := r.Network(context.Background(), arm)
	if net.In != spec.In {
		t.Errorf("a network for %v of a spec for %v", net.In, spec.In)
	}
	return net.SHA256(), err
}

// What needs more memory than there is, is refused before it is taken, in words
// that name what would have to be lower.
func TestMemoryIsChargedFirst(t *testing.T) {
	p := pool(t, 2)
	for _, c := range []struct {
		limit   int64
		changes []string
		want    string
	}{
		{100e6, nil, ""},
		{100e6, []string{"net.arch=vgg16_bn", "data.patch=64", "train.batch=4096"}, "arm zeros: training needs 704 GB of memory, of 100 MB that there are: lower train.batch"},
		{100e6, []string{"net.arch=vgg11", "data.patch=16", "train.batch=1"}, "lower net.arch: a smaller network"},
		{100e6, []string{"data.patch=160", "train.batch=1"}, "lower canvas.grid or data.patch"},
		{1e6, []string{"data.patch=160"}, "arm zeros: the canvas needs 8 MB of memory, of 1 MB that there are: lower data.patch"},
		{6e6, []string{"net.padding=zeros,circular,reflect,replicate,none"}, "arm circular: training needs 4 MB of memory, and what comes before it 4 MB, of 6 MB that there are: lower train.batch"},
	} {
		p.Limit(c.limit)
		_, _, err := Estimate(context.Background(), p, quick(t, c.changes...), 0)
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v of %g bytes: %v, want %s", c.changes, float64(c.limit), err, c.want)
		}
	}
	p.Limit(6e6)
	if _, _, err := Estimate(context.Background(), p, quick(t, "net.padding=zeros,", "seeds=100"), 0); err == nil || !strings.Contains(err.Error(), "arm zeros, seed ") || !strings.Contains(err.Error(), ", or seeds to ") {
		t.Error(err)
	}
	p.Limit(40e6)
	if _, _, err := Estimate(context.Background(), p, reading(t, "readout.size=300"), 0); err == nil || !strings.Contains(err.Error(), "the frozen network needs") || !strings.Contains(err.Error(), "lower readout.size") {
		t.Error(err)
	}
	if _, _, err := Estimate(context.Background(), p, reading(t, "readout.batch=256", "readout.crops=256"), 0); err == nil || !strings.Contains(err.Error(), "the read-out needs") {
		t.Error(err)
	}
}

// Building ends with its context, whatever it is at.
func TestBuildingIsLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Start(ctx, pool(t, 1), quick(t), Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, _, err := Estimate(ctx, pool(t, 1), reading(t), 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A run that is led to its end step by step ends.
func TestStepByStepToTheEnd(t *testing.T) {
	p := pool(t, 1)
	r := start(t, quick(t, "train.steps=3"), p, nil)
	r.Pause()
	deadline := time.After(time.Minute)
	for {
		r.Step()
		select {
		case <-r.Done():
			if s := r.Snapshot(); s.Status != Done || s.Step() != 3 {
				t.Errorf("%s after step %d", s.Status, s.Step())
			}
			return
		case <-deadline:
			t.Fatalf("it never ends: %s after step %d", r.Snapshot().Status, r.Snapshot().Step())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
