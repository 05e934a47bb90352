package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/lab/stage"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
	"padlab/core/position"
	"padlab/core/rng"
)

// snapshots of nature: ten photographs of noise.
func album() (list []images.Photo) {
	for i := range 10 {
		p := images.Photo{H: 40, W: 50}
		source := rng.New(7, "photograph", uint64(i))
		for range p.H * p.W * 3 {
			p.Pixels = append(p.Pixels, byte(source.IntN(256)))
		}
		list = append(list, p)
	}
	return list
}

func reading(t testing.TB, changes ...string) *experiment.Experiment {
	const name = "../experiment/testdata/reading.toml"
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := experiment.Parse(name, data)
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

func readWith(t testing.TB, e *experiment.Experiment, workers int, weights *safetensors.File) *Snapshot {
	s := finished(t, start(t, e, poolOf(t, "", workers, weighted(weights)), nil))
	if s.Status != Done {
		t.Fatalf("%s: %s\n%s", s.Status, s.Failure, s.Stack)
	}
	return s
}

// weighted are sources with weights.
func weighted(f *safetensors.File) Sources {
	s := sources()
	s.Weights = func(string) (*Weights, error) { return &Weights{f, "abc", func() error { return nil }}, nil }
	return s
}

func TestReadingRefuses(t *testing.T) {
	one := func(set ...experiment.Setting) *experiment.Experiment {
		e := reading(t)
		e.Arms, e.Expect, e.References = []experiment.Arm{{Name: "one", Settings: set}}, nil, nil
		return e
	}
	loads := one()
	loads.Net.Weights = "w.safetensors"
	for want, e := range map[string]*experiment.Experiment{
		"arm one: readout: unknown tap \"relu9\": did you mean \"relu1\"? (known: relu1, relu2, relu4)": one(experiment.Setting{Key: "readout.taps", Value: "relu9"}),
		"arm one: readout.taps: there are taps 1 … 3, not 4":                                            one(experiment.Setting{Key: "readout.taps", Value: "4"}),
		"arm one: the frozen network: network vgg11 with padding none on 16×16":                         one(experiment.Setting{Key: "net.arch", Value: "vgg11"}, experiment.Setting{Key: "net.padding", Value: "none"}, experiment.Setting{Key: "readout.size", Value: "16"}, experiment.Setting{Key: "backbone.steps", Value: "0"}),
		"net.weights: w.safetensors: no weights can be opened here":                                     loads,
	} {
		if _, _, err := Estimate(context.Background(), pool(t, 1), e, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	few := sources()
	few.Photos = func(string) ([]images.Photo, error) { return album()[:1], nil }
	if _, _, err := Estimate(context.Background(), poolOf(t, "", 1, few), one(), 0); err == nil || !strings.Contains(err.Error(), "at least two photographs") {
		t.Errorf("one photograph: %v", err)
	}
}

// Taps that all arms are told to look at are those of the networks; the raw
// picture has nothing but itself.
func TestTapsOfRaw(t *testing.T) {
	params := func(changes ...string) (list []int) {
		b, err := prepare(context.Background(), pool(t, 1), reading(t, changes...), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range b.replicas[:2] {
			var r stage.Report
			a.stages[len(a.stages)-1].Report(&r)
			list = append(list, r.Params)
		}
		return list
	}
	all, some := params(), params("readout.taps=1+2")
	if all[0] != some[0] || all[1] <= some[1] {
		t.Errorf("read-outs of raw and zeros have %d weights, with two taps %d", all, some)
	}
	if _, _, err := Estimate(context.Background(), pool(t, 1), reading(t, "readout.taps=relu9"), 0); err == nil || !strings.Contains(err.Error(), `arm zeros: readout: unknown tap "relu9"`) {
		t.Errorf("%v", err)
	}
}

// Arms share the network that learns before it is frozen where only what comes
// behind differs.
func TestReadingShares(t *testing.T) {
	e := reading(t)
	e.Arms = append(e.Arms, experiment.Arm{Name: "reflect", Settings: []experiment.Setting{{Key: "net.padding", Value: "reflect"}}},
		experiment.Arm{Name: "kernel 5", Settings: []experiment.Setting{{Key: "readout.kernel", Value: "5"}}})
	b, err := prepare(context.Background(), pool(t, 1), e, nil)
	if err != nil {
		t.Fatal(err)
	}
	learns := func(arm int) stage.Stage {
		if len(b.replicas[arm].stages) == 1 {
			return nil
		}
		return b.replicas[arm].stages[0]
	}
	frozen := func(arm int) any {
		stages := b.replicas[arm].stages
		last := stages[len(stages)-1]
		return fmt.Sprint(last.Spec().Padding.Name, last.Net())
	}
	if learns(0) != nil || learns(3) != nil || learns(1) == nil || learns(1) != learns(2) {
		t.Errorf("networks that learn: %v %v %v %v", learns(0), learns(1), learns(2), learns(3))
	}
	if learns(4) == learns(1) || learns(4) == nil {
		t.Error("reflect has learned with zeros")
	}
	if len(b.stages) != 2+6 || frozen(1) == frozen(2) {
		t.Errorf("%d stages", len(b.stages))
	}
}

func TestReading(t *testing.T) {
	s := readWith(t, reading(t), 2, nil)
	r := s.Result()
	if zeros, circular := s.Arms[1], s.Arms[2]; zeros.Backbone != circular.Backbone || zeros.Backbone == "" || zeros.SHA256 == circular.SHA256 {
		t.Errorf("frozen %s and %s, heads %s and %s", zeros.Backbone, circular.Backbone, zeros.SHA256, circular.SHA256)
	}
	for _, x := range r.Expectations {
		if !x.Held {
			t.Errorf("did not hold: %s", x.Text)
		}
	}
	if len(r.Expectations) != 2 || r.Expectations[0].Text != "zeros: spc of H on white is above raw by 0.1" {
		t.Errorf("%+v", r.Expectations)
	}
	var theirs []float64
	for _, c := range r.Comparisons {
		theirs = append(theirs, float64(c.Theirs))
		for _, score := range s.Arms[1].Scores {
			if score.Metric == metric.MAE && score.Target == c.Target && score.Images == position.Natural && score.Value != c.Ours {
				t.Errorf("%+v beside %v", c, score.Value)
			}
		}
	}
	if !reflect.DeepEqual(theirs, []float64{0.149, 1}) {
		t.Errorf("figures %v", theirs)
	}
	for _, a := range s.Arms {
		metrics := map[string]bool{}
		for _, score := range a.Scores {
			metrics[score.Metric+score.Target+score.Images] = true
		}
		for _, want := range []string{"spcHnatural", "maeHSnoise", "skillHwhite", "spcHSblack"} {
			if !metrics[want] {
				t.Errorf("%s has no score %s", a.Name, want)
			}
		}
		if learned := metrics["accuracytest"]; learned != strings.HasPrefix(a.Name, "zeros") {
			t.Errorf("%s: what the frozen network has learned is there: %v", a.Name, learned)
		}
		if a.Step != a.Steps || a.Steps == 0 {
			t.Errorf("%s did %d of %d steps", a.Name, a.Step, a.Steps)
		}
	}
	fewer := readWith(t, reading(t, "readout.targets=HS"), 1, nil).Result()
	if len(fewer.Expectations) != 1 || len(fewer.Comparisons) != 1 || fewer.Comparisons[0].Target != "HS" {
		t.Errorf("of HS alone: %+v, %+v", fewer.Expectations, fewer.Comparisons)
	}
	for _, workers := range []int{1, 3} {
		if canonical(t, s) != canonical(t, readWith(t, reading(t), workers, nil)) {
			t.Errorf("%d workers read something else", workers)
		}
	}
}

// Features that find no room wait for others to be read out, and are read all
// the same.
func TestReadingWaits(t *testing.T) {
	run := func(limit int) (result string, waited bool) {
		p := pool(t, 1)
		p.budget = stage.NewBudget(limit)
		r := start(t, reading(t), p, func(s *Snapshot) {
			for _, a := range s.Arms {
				waited = waited || a.Stage == stage.Waiting
			}
		})
		s := finished(t, r)
		if s.Status != Done {
			t.Fatalf("%s: %s\n%s", s.Status, s.Failure, s.Stack)
		}
		if !p.budget.Reserve(limit) || limit > 1 && p.budget.Reserve(1) {
			t.Error("some of the budget is still taken")
		}
		return canonical(t, s), waited
	}
	want, waited := run(MaxFeatures)
	if waited {
		t.Error("an arm waited although there is room for all")
	}
	got, waited := run(1)
	if !waited || got != want {
		t.Errorf("one after the other: waited: %v, found\n%s\nwant\n%s", waited, got, want)
	}
}

// Runs of one process share its memory: one waits until the other gives back
// what it has, and can be stopped while it waits.
func TestRunsShareMemory(t *testing.T) {
	p := pool(t, 1)
	p.budget = stage.NewBudget(1)
	first := start(t, reading(t, "readout.epochs=10000"), p, nil)
	reads := func(s *Snapshot) bool { return s.Arms[0].Stage == stage.Reading }
	await(t, first, reads)
	second, third := start(t, reading(t), p, nil), start(t, reading(t), p, nil)
	waits := func(s *Snapshot) bool {
		for _, a := range s.Arms {
			if a.Stage != stage.Waiting {
				return false
			}
		}
		return s.Status == Running
	}
	await(t, second, waits)
	await(t, third, waits)
	third.Stop()
	if s := finished(t, third); s.Status != Stopped {
		t.Errorf("stopped while it waits: %s", s.Status)
	}
	first.Stop()
	finished(t, first)
	if s := finished(t, second); s.Status != Done {
		t.Errorf("%s: %s", s.Status, s.Failure)
	}
}

// A ridge read-out is live, too, says how it chose, and that it looks at less
// where its windows would hold too much.
func TestReadingRidge(t *testing.T) {
	e := reading(t, "readout.solver=ridge", "readout.kernel=7")
	e.Arms = e.Arms[1:2]
	e.Expect, e.References = nil, nil
	evaluated := 0
	s := finished(t, start(t, e, pool(t, 2), func(s *Snapshot) { evaluated++ }))
	if s.Status != Done || evaluated < 4 {
		t.Fatalf("%s after %d evaluations: %s", s.Status, evaluated, s.Failure)
	}
	a := s.Arms[0]
	if len(a.Penalties) != 2 || !(a.Penalties[0] > 0) || len(s.Result().Arms[0].Penalties) != 2 {
		t.Errorf("penalties %v", a.Penalties)
	}
	want := "arm zeros: the ridge read-out looks at 1×1 features in place of 7×7, which would be more than 2000"
	if len(s.Warnings) == 0 || s.Warnings[0] != want {
		t.Errorf("warnings %q, want %q", s.Warnings, want)
	}
	if err := e.Set("readout.depth", "2"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Estimate(context.Background(), pool(t, 1), e, 0); err == nil || !strings.Contains(err.Error(), "readout.depth must be 1, not 2") {
		t.Errorf("%v", err)
	}
}

// A network from a file reads as the same network trained here does.
func TestReadingWeights(t *testing.T) {
	file := func(name string) *safetensors.File { return fileOf(t, name, 1) }
	e := reading(t)
	e.Arms = []experiment.Arm{{Name: "random", Settings: []experiment.Setting{{Key: "net.bias", Value: "true"}}}}
	e.Expect, e.References, e.Backbone.Steps = nil, nil, 0
	want := readWith(t, e, 1, nil).Arms[0]
	for _, c := range [][2]string{{"net.weights", "w.safetensors"}, {"readout.size", "24"}} {
		if err := e.Set(c[0], c[1]); err != nil {
			t.Fatal(err)
		}
	}
	got := readWith(t, e, 1, file("small")).Arms[0]
	if got.Backbone != want.Backbone || got.SHA256 != want.SHA256 {
		t.Errorf("frozen %s, head %s; want %s, %s", got.Backbone, got.SHA256, want.Backbone, want.SHA256)
	}
	if err := e.Set("net.arch", "small"); err != nil { // behind the weights: it stays
		t.Fatal(err)
	}
	_, _, err := Estimate(context.Background(), poolOf(t, "", 1, weighted(file("rook"))), e, 0)
	if err == nil || !strings.Contains(err.Error(), "arm random: w.safetensors: these look like the weights of rook, not of small") {
		t.Errorf("weights of another network: %v", err)
	}
}

// Weights mean the same whether a file names them or a person sets them later:
// they bring along their network, its normalisation and its size, and nothing
// that was set with them or after them.
func TestWeightsAreResolvedOnce(t *testing.T) {
	p := poolOf(t, "", 1, weighted(fileOf(t, "squeezenet1_1", 3)))
	resolved := func(text string, sets ...string) *experiment.Experiment {
		if !strings.Contains(text, "[readout]") {
			text += "\n[readout]\ntargets = [\"H\"]\n"
		}
		e, err := experiment.Parse("f.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sets {
			key, value, _ := strings.Cut(s, "=")
			if err := e.SetAll(key, value); err != nil {
				t.Fatal(err)
			}
		}
		b, err := prepare(context.Background(), p, e, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b.experiment
	}
	byFile := resolved("[net]\nweights = \"w\"")
	if byFile.Net.Arch != "squeezenet1_1" || !byFile.Data.Normalize || byFile.Readout.Size != 224 {
		t.Errorf("%+v %+v %+v", byFile.Net, byFile.Data, byFile.Readout)
	}
	bySet := resolved("[net]\narch = \"vgg5\"", "net.weights=w")
	if string(bySet.TOML()) != string(byFile.TOML()) {
		t.Errorf("set:\n%s\nin a file:\n%s", bySet.TOML(), byFile.TOML())
	}
	pinned := resolved("[net]\nweights = \"w\"\n[data]\nnormalize = false", "readout.size=64")
	if pinned.Data.Normalize || pinned.Readout.Size != 64 || pinned.Net.Arch != "squeezenet1_1" {
		t.Errorf("%+v %+v", pinned.Data, pinned.Readout)
	}
	again := resolved(string(pinned.TOML()))
	if string(again.TOML()) != string(pinned.TOML()) {
		t.Errorf("what is resolved is resolved to something else:\n%s", again.TOML())
	}
}

// A read-out that is stopped while its network learns says of it what it has
// learned so far.
func TestStoppedWhileLearning(t *testing.T) {
	e := reading(t)
	e.Arms = e.Arms[1:2]
	e.Expect, e.References = nil, nil
	e.Backbone.Steps = 1_000_000
	r := start(t, e, pool(t, 1), nil)
	await(t, r, func(s *Snapshot) bool { return s.Arms[0].Step > 2 })
	fresh := prepared1(t, e).replicas[0].stages[0]
	net := fresh.Net()
	r.Stop()
	s := finished(t, r)
	learned, err := shaOf(t, r, 0)
	if err != nil || s.Arms[0].Backbone != learned || learned == net.SHA256() {
		t.Errorf("%v: the backbone is %s, has learned %s, began with %s", err, s.Arms[0].Backbone, learned, net.SHA256())
	}
}

func prepared1(t *testing.T, e *experiment.Experiment) *prepared {
	b, err := prepare(context.Background(), pool(t, 1), e, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Rates count the samples that were trained on, whatever the batches of the
// stages are.
func TestSamplesOfStages(t *testing.T) {
	e := reading(t)
	s := readWith(t, e, 1, nil)
	perEpoch, epochs := e.Readout.Crops/e.Readout.Batch, e.Readout.Epochs
	head := perEpoch * epochs * e.Readout.Batch
	if s.Arms[0].Samples != head || s.Arms[3].Samples != head {
		t.Errorf("heads of %d and %d samples, want %d", s.Arms[0].Samples, s.Arms[3].Samples, head)
	}
	if learned := s.Arms[1].Samples + s.Arms[2].Samples - 2*head; learned != e.Backbone.Steps*e.Train.Batch { // they share it
		t.Errorf("networks learned from %d samples, want %d", learned, e.Backbone.Steps*e.Train.Batch)
	}
	for _, a := range s.Arms {
		rate := s.Result().Provenance.Arms[a.Name].SamplesPerSecond
		if want := float64(a.Samples) / a.TrainTime.Seconds(); rate != want {
			t.Errorf("%s: %g samples/s, want %g", a.Name, rate, want)
		}
	}
}

// fileOf is a file of weights that were drawn.
func fileOf(t testing.TB, name string, channels int) *safetensors.File {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	net, err := arch.Build(arch.Spec{Arch: arch.Must(name), In: nn.Shape{H: 24, W: 24, C: channels}, Classes: 2, Padding: pad.Must("zeros"), Extent: pad.Same, Bias: true}, k)
	if err != nil {
		t.Fatal(err)
	}
	net.Init(1)
	var b bytes.Buffer
	if err := net.Save(&b, nil); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
