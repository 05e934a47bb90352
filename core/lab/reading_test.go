package lab

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"padlab/core/arch"
	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
	"padlab/core/position"
	"padlab/core/probe"
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

const readingFile = `
[[arm]]
name = "raw"
set = { "net.arch" = "raw", "readout.standardise" = false }

[[arm]]
name = "zeros"
set = { "net.padding" = "zeros" }

[[arm]]
name = "zeros, tested with circular"
set = { "net.padding" = "zeros", "eval.padding" = "circular" }

[[arm]]
name = "random"
set = { "backbone.steps" = 0, "readout.taps" = "2+relu4" }

[data]
patch = 8

[canvas]
grid = 3

[train]
batch = 18

[eval]
images = 10

[backbone]
task = "location"
steps = 20

[readout]
targets = ["H", "HS"]
size = 24
crops = 40
test_crops = 10
epochs = 4

[[expect]]
arm = "zeros"
what = "spc"
target = "H"
images = "white"
is = "above raw by 0.1"

[[expect]]
arm = "raw"
what = "spc"
images = "black"
is = "exactly 0"

[[figure]]
source = "paper"
arm = "zeros"
what = "mae"
with = "training"
values = { H = 0.149, HS = 1 }

[[figure]]
source = "paper"
arm = "zeros"
what = "mae"
with = "weights"
values = { H = 0.2 }
`

func reading(t testing.TB, changes ...string) *Experiment {
	e, err := Parse("reading.toml", []byte(readingFile))
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

func readWith(t testing.TB, e *Experiment, workers int, weights *safetensors.File) *Snapshot {
	r, err := Start(e, Inputs{Set: noise(), Photos: album(), Weights: weights, Pool: pool(t, workers), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	s := finished(t, r)
	if s.Status != Done {
		t.Fatalf("%s: %s\n%s", s.Status, s.Failure, s.Stack)
	}
	return s
}

func TestReadingFile(t *testing.T) {
	e := reading(t)
	again, err := Parse("again.toml", e.TOML())
	if err != nil || !reflect.DeepEqual(again, e) {
		t.Errorf("%v\n%s\nreads back as %+v", err, e.TOML(), again)
	}
	data, err := json.Marshal(e.Given[0])
	if want := `{"name":"raw","set":{"net.arch":"raw","readout.standardise":false}}`; err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
	if err := e.SetAll("net.arch", "vgg5"); err != nil || e.Arms()[0].Net.Arch != raw || e.Arms()[1].Net.Arch != "vgg5" {
		t.Errorf("--set of what one arm sets: %v", err)
	}
	e.Given = e.Given[:1]
	if err := e.SetAll("net.arch", "small"); err == nil || !strings.Contains(err.Error(), "arms of this experiment set net.arch themselves") {
		t.Errorf("--set of what an arm sets: %v", err)
	}
}

func TestReadingErrors(t *testing.T) {
	for text, want := range map[string]string{
		"[[arm]]\nname = \"\"":                                                                               "arm: a name must not be empty",
		"[[arm]]\nname = \"a\"\n[[arm]]\nname = \"a\"":                                                       "arm: two are named a",
		"[[arm]]\nname = \"a\"\nset = { seed = 2 }":                                                          "arm a: seed cannot vary between arms",
		"[[arm]]\nname = \"a\"\nset = { \"net.weights\" = \"x\" }":                                           "arm a: net.weights cannot vary between arms",
		"[[arm]]\nname = \"a\"\nset = { \"net.pading\" = \"x\" }":                                            "arm a: unknown key \"net.pading\": did you mean \"net.padding\"?",
		"[[arm]]\nname = \"a\"\nset = { \"net.padding\" = \"x\" }":                                           "arm a: net.padding: unknown scheme \"x\"",
		"[readout]\ntargets = [\"X\"]":                                                                       "f.toml:2: readout.targets: unknown target \"X\"",
		"[readout]\ntargets = [\"H\", \"H\"]":                                                                "f.toml:2: readout.targets names H twice",
		"[readout]\ntargets = [\"H\"]\nkernel = 2":                                                           "f.toml:3: readout.kernel must be one of 1 3 5 7: \"2\"",
		"[readout]\ntargets = [\"H\"]\ncrops = 8\nbatch = 9":                                                 "f.toml:4: arm zeros: batches of 9 crops, but readout.crops is 8",
		"[net]\nweights = \"x\"":                                                                             "f.toml:2: arm zeros: weights from a file can be read out, not trained on",
		"[[figure]]\narm = \"zeros\"\nwhat = \"spc\"\nvalues = { H = 1 }":                                    "f.toml:1: figure: a source must not be empty",
		"[[figure]]\nsource = \"p\"\narm = \"zero\"\nwhat = \"spc\"\nvalues = { H = 1 }":                     "f.toml:1: figure: unknown arm \"zero\": did you mean \"zeros\"?",
		"[[figure]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"\nvalues = { Q = 1 }":                    "f.toml:1: figure: unknown target \"Q\"",
		"[[figure]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"\nvalues = { H = \"1\" }":                "f.toml:1: figure: the value of H must be a finite number",
		"[[figure]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"":                                        "f.toml:1: figure: no values",
		"[[figure]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"\nimages = \"blak\"\nvalues = { H = 1 }": "did you mean \"black\"?",
		"[[figure]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"\nwith = \"luck\"\nvalues = { H = 1 }":   "figure: with must be weights or training",
		"[[expect]]\narm = \"zeros\"\nwhat = \"spc\"\nis = \"above circular by 0.1\"":                        "f.toml:1: expect: unknown arm \"circular\"",
		"[[expect]]\narm = \"zeros\"\nwhat = \"spc\"\nis = \"above zeros by x\"":                             "f.toml:1: expect: is must be",
		"[readout]\ntargets = [\"H\"]\n[canvas]\ngrid = 1\n[backbone]\ntask = \"location\"":                  "f.toml:4: arm zeros: a canvas of one cell leaves nothing to locate",
	} {
		if _, err := Parse("f.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestReadingRefuses(t *testing.T) {
	one := func(set ...Setting) *Experiment {
		e := reading(t)
		e.Given, e.Expect, e.Figures = []Given{{"one", set}}, nil, nil
		return e
	}
	weighted := one()
	weighted.Net.Weights = "w.safetensors"
	for want, e := range map[string]*Experiment{
		"arm one: readout: unknown tap \"relu9\": did you mean \"relu1\"? (known: relu1, relu2, relu4)": one(Setting{"readout.taps", "relu9"}),
		"arm one: readout.taps: there are taps 1 … 3, not 4":                                            one(Setting{"readout.taps", "4"}),
		"arm one: the frozen network: network vgg11 with padding none on 16×16":                         one(Setting{"net.arch", "vgg11"}, Setting{"net.padding", "none"}, Setting{"readout.size", "16"}, Setting{"backbone.steps", "0"}),
		"arm one: net.weights is w.safetensors, but no weights were opened":                             weighted,
	} {
		if _, err := Check(e, Inputs{Set: noise(), Photos: album()}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := Check(one(), Inputs{Set: noise(), Photos: album()[:1]}); err == nil || !strings.Contains(err.Error(), "at least two photographs") {
		t.Errorf("one photograph: %v", err)
	}
}

// Arms share the network that learns before it is frozen where only what comes
// behind differs.
func TestReadingShares(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	e := reading(t)
	e.Given = append(e.Given, Given{"reflect", []Setting{{"net.padding", "reflect"}}}, Given{"kernel 5", []Setting{{"readout.kernel", "5"}}})
	arms, err := prepare(e, Inputs{Set: noise(), Photos: album()}, k, 1)
	if err != nil {
		t.Fatal(err)
	}
	raw, zeros, circular, random := arms[0].encoder, arms[1].encoder, arms[2].encoder, arms[3].encoder
	if raw.backbone != nil || random.backbone != nil || zeros.backbone == nil || zeros.backbone != circular.backbone {
		t.Errorf("networks that learn: %p %p %p %p", raw.backbone, zeros.backbone, circular.backbone, random.backbone)
	}
	if reflect := arms[4].encoder; reflect.backbone == zeros.backbone || reflect.backbone == nil {
		t.Error("reflect has learned with zeros")
	}
	if arms[5].encoder != zeros {
		t.Error("a read-out of another size has features of its own")
	}
	if zeros == circular {
		t.Error("the same features under zeros and circular")
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
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	e := reading(t)
	heads := func(limit int) (sha []string, waited bool) {
		arms, err := prepare(e, Inputs{Set: noise(), Photos: album()}, k, 1)
		if err != nil {
			t.Fatal(err)
		}
		memory := arms[0].encoder.memory
		memory.limit = limit
		largest := arms[1].encoder.features.Bytes()
		crew := kernel.NewCrew(1)
		defer crew.Close()
		for more := true; more; {
			more = false
			for _, a := range arms {
				if !a.state.Status.Ended() {
					a.advance(crew)
					more = true
				}
				waited = waited || a.state.Stage == Waiting
			}
			if memory.taken > max(limit, largest) {
				t.Fatalf("%d bytes are taken, %d allowed", memory.taken, limit)
			}
		}
		if memory.taken != 0 {
			t.Errorf("%d bytes are still taken", memory.taken)
		}
		for _, a := range arms {
			sha = append(sha, a.state.SHA256)
		}
		return sha, waited
	}
	want, waited := heads(MaxFeatures)
	if waited {
		t.Error("an arm waited although there is room for all")
	}
	got, waited := heads(1)
	if !waited || !reflect.DeepEqual(got, want) {
		t.Errorf("one after the other: waited: %v, heads %v, want %v", waited, got, want)
	}
}

// A ridge read-out is live, too, says how it chose, and that it looks at less
// where its windows would hold too much.
func TestReadingRidge(t *testing.T) {
	e := reading(t, "readout.solver=ridge", "readout.kernel=7")
	e.Given = e.Given[1:2]
	e.Expect, e.Figures = nil, nil
	evaluated := 0
	r, err := Start(e, Inputs{Set: noise(), Photos: album(), Pool: pool(t, 2), Now: time.Now, Evaluated: func(s *Snapshot) { evaluated++ }})
	if err != nil {
		t.Fatal(err)
	}
	s := finished(t, r)
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
	if _, err := Check(e, Inputs{Set: noise(), Photos: album()}); err == nil || !strings.Contains(err.Error(), "readout.depth must be 1, not 2") {
		t.Errorf("%v", err)
	}
}

// A network from a file reads as the same network trained here does.
func TestReadingWeights(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string) *safetensors.File {
		net, err := arch.Build(arch.Spec{Arch: arch.Must(name), In: nn.Shape{H: 24, W: 24, C: 1}, Classes: 2, Padding: pad.Must("zeros"), Extent: pad.Same, Bias: true}, k)
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
	e := reading(t)
	e.Given = []Given{{"random", []Setting{{"backbone.steps", "0"}}}}
	e.Expect, e.Figures = nil, nil
	want := readWith(t, e, 1, nil).Arms[0]
	e.Net.Weights = "w.safetensors"
	got := readWith(t, e, 1, file("small")).Arms[0]
	if got.Backbone != want.Backbone || got.SHA256 != want.SHA256 {
		t.Errorf("frozen %s, head %s; want %s, %s", got.Backbone, got.SHA256, want.Backbone, want.SHA256)
	}
	_, err = Check(e, Inputs{Set: noise(), Photos: album(), Weights: file("rook")})
	if err == nil || !strings.Contains(err.Error(), "arm random: w.safetensors: these look like the weights of rook, not of small") {
		t.Errorf("weights of another network: %v", err)
	}
}

func TestUnconverged(t *testing.T) {
	a := &arm{spec: reading(t).Arms()[1], readout: &probe.Readout{}, state: ArmState{Status: Done, Scores: []metric.Score{
		{Key: metric.Key{Metric: metric.MAE, Target: "H", Images: position.Natural}, Value: .26, Chance: .25},
		{Key: metric.Key{Metric: metric.MAE, Target: "H", Images: position.Black}, Value: .9, Chance: .25},
		{Key: metric.Key{Metric: metric.MAE, Target: "HS", Images: position.Natural}, Value: .67, Chance: .636},
		{Key: metric.Key{Metric: metric.MAE, Target: "V", Images: position.Natural}, Value: .28, Chance: .25},
	}}}
	want := []string{"arm zeros: the read-out of V has not converged: its error is 0.280, that of a constant 0.250"}
	if got := a.unconverged(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	a.state.Status = Running
	if got := a.unconverged(); got != nil {
		t.Errorf("while it runs: %q", got)
	}
}
