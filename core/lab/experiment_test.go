package lab

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

const whole1 = `
title = "A"
about = "B\tC"
seed = 7

[[vary]]
key = "net.padding"
values = ["wrap", "constant(0.5)"]

[[vary]]
key = "canvas.grid"
values = [3, 5]

[canvas]
fill = 0.25

[train]
lr = 1
steps = 10

[[expect]]
arm = "circular, 3"
what = "accuracy"
ring = 1
is = "chance"
`

func TestParse(t *testing.T) {
	e, err := Parse("a.toml", []byte(whole1))
	if err != nil {
		t.Fatal(err)
	}
	if e.Title != "A" || e.About != "B C" || e.Seed != 7 || e.Canvas.Fill != "0.25" || e.Train.LR != 1 || e.Train.Batch != 32 {
		t.Errorf("%+v", e)
	}
	var names []string
	for _, a := range e.Arms() {
		names = append(names, a.Name)
	}
	if want := []string{"circular, 3", "circular, 5", "constant(0.5), 3", "constant(0.5), 5"}; !reflect.DeepEqual(names, want) {
		t.Errorf("arms %v, want %v", names, want)
	}
	if a := e.Arms()[3]; a.Canvas.Grid != 5 || a.Net.Padding != "constant(0.5)" || a.Vary != nil {
		t.Errorf("%+v", a)
	}
	again, err := Parse("b.toml", e.TOML())
	if err != nil || !reflect.DeepEqual(again, e) {
		t.Errorf("%v\n%s\nreads back as %+v", err, e.TOML(), again)
	}
	got, err := json.Marshal(e.Vary)
	if want := `[{"key":"net.padding","values":["circular","constant(0.5)"]},{"key":"canvas.grid","values":[3,5]}]`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"[train]\nlr = 1\nstep = 3\n":                              `f.toml:3: unknown key "train.step": did you mean "train.steps"?`,
		"\n\nsed = 3":                                              `f.toml:3: unknown key "sed": did you mean "seed"?`,
		"[canvs]\ngrid = 3":                                        `f.toml:2: unknown key "canvs.grid": did you mean "canvas.grid"?`,
		"canvas = { grid = 3,\n  gird = 4 }":                       `f.toml:2: unknown key "canvas.gird"`,
		"canvas.grid = 1":                                          `f.toml:1: arm zeros: a canvas of one cell leaves nothing to locate: canvas.grid must be at least 2`,
		"[canvas]\ngrid = \"7\"":                                   `f.toml:2: canvas.grid must be 1 … 32, without quotes: "7"`,
		"[canvas]\ngrid = 7.5":                                     `f.toml:2: canvas.grid must be a whole number in 1 … 32: "7.5"`,
		"[canvas]\nfill = \"blak\"":                                `f.toml:2: canvas.fill: unknown fill "blak": did you mean "black"?`,
		"[canvas]\nfill = 2":                                       `f.toml:2: canvas.fill: grey value 2 is outside 0..1`,
		"[net]\npadding = \"reflct\"":                              `f.toml:2: net.padding: unknown scheme "reflct": did you mean "reflect"?`,
		"[net]\npadding = 3":                                       `f.toml:2: net.padding must be none, zeros,`,
		"[net]\npadding = [\"zeros\"]":                             `f.toml:2: net.padding takes one value; let it vary in a [[vary]] table`,
		"[net]\nbias = 1":                                          `f.toml:2: net.bias must be true or false: "1"`,
		"[train]\nlr = nan":                                        `f.toml:2: train.lr must be finite`,
		"[train]\nlr = -1":                                         `f.toml:2: train.lr must be a number in 0 … 100: "-1"`,
		"seed = -1":                                                `f.toml:1: seed must be a whole number`,
		"[net]\npadding = \"none\"\nextent = \"full\"":             `arm none: none pads nothing, so its extent cannot be full`,
		"[data]\npatch = 64\n[canvas]\ngrid = 9":                   `arm zeros: 9 cells of 64 pixels make a canvas of 576 pixels: at most 512`,
		"\n[[vary]]\nkey = \"net.paddng\"\nvalues = [1]":           `f.toml:2: vary: unknown key "net.paddng"`,
		"[[vary]]\nkey = \"seed\"\nvalues = [1]":                   `f.toml:1: vary: seed cannot vary between arms`,
		"[[vary]]\nkey = \"canvas.grid\"\nvalues = [5,5]":          `f.toml:1: vary: canvas.grid varies over 5 twice`,
		"[[vary]]\nkey = \"canvas.grid\"\nvalues = []":             `f.toml:1: vary: canvas.grid varies over no values`,
		"[[vary]]\nky = \"canvas.grid\"":                           `f.toml:1: unknown key of vary "ky": did you mean "key"?`,
		"vary = [3]":                                               `f.toml:1: vary must be tables: [[vary]]`,
		"[[expect]]\narm = \"none\"\nwhat = \"accuracy\"":          `f.toml:1: expect: unknown arm "none" (known: zeros)`,
		"[[expect]]\narm = \"zeros\"\nwhat = \"mad\"":              `f.toml:1: expect: unknown metric "mad"`,
		"[[expect]]\narm=\"zeros\"\nwhat=\"accuracy\"\nis=\"big\"": `f.toml:1: expect: is must be chance, exactly chance, or exactly, above, below, surely above or surely below NUMBER, or above or below ARM by NUMBER: "big"`,
		"[[expect]]\narm=\"zeros\"\nwhat=\"accuracy\"\nis=\"chance\"\nring=4": `f.toml:1: expect: a 7×7 grid has no ring 4`,
		"seed = 1\nseed = 2": `f.toml:2`,
		"seed = \n":          `f.toml:1`,
		"title = \"\x00\"":   `f.toml:1`,
		"[net\n":             `f.toml:1`,
	} {
		e, err := Parse("f.toml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: more than one line: %v", text, err)
		}
		if e != nil && err != nil {
			t.Errorf("%q: an error and an experiment", text)
		}
	}
	if _, err := Parse("f.toml", make([]byte, MaxFile+1)); err == nil || !strings.Contains(err.Error(), "at most 65536") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole1))
	f.Add([]byte(readingFile))
	f.Add([]byte("[readout]\nkernel = 5\n[backbone]\nsteps = 3\n"))
	f.Add([]byte("differs = \"x\"\n[train]\nsteps = 7\n[readout]\ntargets = [\"G\"]\n[[arm]]\nname = \"a\"\n"))
	f.Add([]byte("canvas = { grid = 3 }\n[[expect]]\n"))
	f.Add([]byte("[vary]\nkey=1\n[expect.a]\n"))
	f.Add([]byte("[[train]]\nlr=1\n[[seed]]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse("f.toml", data)
		if err != nil {
			return
		}
		again, err := Parse("g.toml", e.TOML())
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%v\n%s", err, e.TOML())
		}
	})
}

func TestSetAllAndChanges(t *testing.T) {
	base, err := Parse("a.toml", []byte("[[vary]]\nkey = \"net.padding\"\nvalues = [\"zeros\", \"circular\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	e := base.Clone()
	for _, s := range [][2]string{{"train.steps", "20"}, {"net.padding", "zero, edge"}, {"canvas.fill", "black,white"}} {
		if err := e.SetAll(s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.Arms()); n != 4 || e.Arms()[1].Name != "zeros, white" || len(base.Arms()) != 2 {
		t.Errorf("%d arms, %v", n, e.Vary)
	}
	changes := e.Changes(base)
	if want := []string{"net.padding=zeros,replicate", "canvas.fill=black,white", "train.steps=20"}; !reflect.DeepEqual(changes, want) {
		t.Errorf("%v, want %v", changes, want)
	}
	again := base.Clone()
	for _, c := range changes {
		key, text, _ := strings.Cut(c, "=")
		if err := again.SetAll(key, text); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(again, e) {
		t.Errorf("the one-line form gives %+v, want %+v", again, e)
	}
	if err := e.SetAll("net.padding", "reflect"); err != nil || e.Arms()[0].Name != "reflect, black" {
		t.Error(err, e.Arms()[0].Name)
	}
	for _, c := range [][3]string{
		{"train.stps", "3", `unknown key "train.stps": did you mean "train.steps"?`},
		{"train.steps", "1,2", "train.steps cannot vary between arms"},
		{"net.padding", "zeros,,", "unknown scheme"},
		{"net.padding", "zeros,zero", "varies over zeros twice"},
		{"train.steps", "many", `train.steps must be a whole number in 0 … 10000000: "many"`},
	} {
		if err := e.Clone().SetAll(c[0], c[1]); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("--set %s=%s: %v, want %s", c[0], c[1], err, c[2])
		}
	}
}

// Every field reads back the text that it writes, says what is allowed, and
// belongs to the experiment that it is asked about.
func TestFields(t *testing.T) {
	for _, f := range Fields() {
		a, b := Default(), Default()
		if f.Allow == "" || f.About == "" {
			t.Errorf("%s is not explained", f.Key)
		}
		if f.prose {
			continue
		}
		text := f.get(a)
		if err := f.set(a, text); err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s = %q: %v", f.Key, text, err)
		}
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"where-am-i": "where-am-i", "net.padding=zeros,reflect": "net.padding=zeros,reflect", "a b": "'a b'", "": "''",
		"net.padding=constant(0.5)": "'net.padding=constant(0.5)'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "a;b": "'a;b'", "ä": "'ä'",
	} {
		if got := Quote(text); got != want {
			t.Errorf("%s is quoted as %s, want %s", text, got, want)
		}
	}
}

// A single convolution may pad otherwise, from a file, by --set, and as an arm;
// the file that comes back says so again.
func TestLayersOfTheirOwn(t *testing.T) {
	e, err := Parse("own.toml", []byte("[net.layers]\nconv3 = { padding = \"wrap\" }\n\"features.0\" = { padding = \"zeros\" }\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Layers{"conv3": {"circular"}, "features.0": {"zeros"}}); !reflect.DeepEqual(e.Net.Layers, want) {
		t.Errorf("%v, want %v", e.Net.Layers, want)
	}
	again, err := Parse("again.toml", e.TOML())
	if err != nil || !reflect.DeepEqual(again, e) {
		t.Errorf("%v\n%s", err, e.TOML())
	}
	if changes := e.Changes(Default()); !reflect.DeepEqual(changes, []string{"net.layers.conv3.padding=circular", "net.layers.features.0.padding=zeros"}) {
		t.Error(changes)
	}
	if err := e.SetAll("net.layers.conv3.padding", "zeros,reflect"); err != nil {
		t.Fatal(err)
	}
	arms := e.Arms()
	if len(arms) != 2 || arms[0].Net.Layers["conv3"].Padding != "zeros" || arms[1].Net.Layers["conv3"].Padding != "reflect" || e.Net.Layers["conv3"].Padding != "circular" {
		t.Errorf("%v", arms)
	}
	for text, want := range map[string]string{
		"[net.layers]\nconv3 = { padding = \"circulr\" }": `own.toml:2: net.layers.conv3.padding: unknown scheme "circulr": did you mean "circular"`,
		"[net.layers]\nconv3 = { paddin = \"zeros\" }":    `own.toml:2: unknown key "net.layers.conv3.paddin"`,
		"[net.layers]\nconv3 = \"zeros\"":                 `own.toml:2: unknown key "net.layers.conv3"`,
	} {
		if _, err := Parse("own.toml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
}
