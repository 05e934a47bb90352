package experiment

import (
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"padlab/core/metric"
	"padlab/core/pad"
)

// expand is Expand of what can be expanded.
func expand(t testing.TB, e *Experiment) []Arm {
	t.Helper()
	arms, err := e.Expand()
	if err != nil {
		t.Fatal(err)
	}
	return arms
}

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
	for _, a := range expand(t, e) {
		names = append(names, a.Name)
	}
	if want := []string{"circular, 3", "circular, 5", "constant(0.5), 3", "constant(0.5), 5"}; !reflect.DeepEqual(names, want) {
		t.Errorf("arms %v, want %v", names, want)
	}
	if a := expand(t, e)[3]; a.Canvas.Grid != 5 || a.Net.Padding != pad.Must("constant(0.5)") || a.Vary != nil {
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
		"[canvas]\ngrid = \"7\"":                                   `f.toml:2: canvas.grid must be an integer from 1 to 32, without quotes: "7"`,
		"[canvas]\ngrid = 7.5":                                     `f.toml:2: canvas.grid must be an integer from 1 to 32: "7.5"`,
		"[canvas]\nfill = \"blak\"":                                `f.toml:2: canvas.fill: unknown fill "blak": did you mean "black"?`,
		"[canvas]\nfill = 2":                                       `f.toml:2: canvas.fill: grey value 2 is outside 0..1`,
		"[net]\npadding = \"reflct\"":                              `f.toml:2: net.padding: unknown scheme "reflct": did you mean "reflect"?`,
		"[net]\npadding = 3":                                       `f.toml:2: net.padding must be none, zeros,`,
		"[net]\npadding = [\"zeros\"]":                             `f.toml:2: net.padding takes one value; let it vary in a [[vary]] table`,
		"[net]\nbias = 1":                                          `f.toml:2: net.bias must be true or false: "1"`,
		"[train]\nlr = nan":                                        `f.toml:2: train.lr must be finite`,
		"[train]\nlr = -1":                                         `f.toml:2: train.lr must be a number from 0 to 100: "-1"`,
		"seed = -1":                                                `f.toml:1: seed must be an integer`,
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
		"[[expect]]\narm=\"zeros\"\nwhat=\"accuracy\"\nis=\"big\"": `f.toml:1: expect: is must be chance, exactly chance, at its ceiling, or exactly, above, below, surely above or surely below NUMBER, or above or below ARM or ring N by NUMBER, or the same on IMAGES: "big"`,
		"[[expect]]\narm=\"zeros\"\nwhat=\"accuracy\"\nis=\"chance\"\nring=4": `f.toml:1: expect: a 7×7 grid has no ring 4`,
		"seed = 1\nseed = 2":                                                        `f.toml:2`,
		"seed = \n":                                                                 `f.toml:1`,
		"title = \"\x00\"":                                                          `f.toml:1`,
		"[net\n":                                                                    `f.toml:1`,
		"\n" + strings.Repeat("a.", 9) + "a = 1":                                    `f.toml:2: a key of more than 8 parts`,
		"[" + strings.Repeat("a.", 9) + "a]":                                        `f.toml:1: a key of more than 8 parts`,
		"[[" + strings.Repeat("a.", 9) + "a]]":                                      `f.toml:1: a key of more than 8 parts`,
		"x = [{" + strings.Repeat("a.", 9) + "a = 1}]":                              `f.toml:1: a key of more than 8 parts`,
		"seed = 1\n'" + strings.Repeat("a", 1025) + "' = 1":                         `f.toml:2: a key of more than 1024 bytes`,
		"x = " + strings.Repeat("[", 9) + strings.Repeat("]", 9):                    `f.toml:1: lists and tables that nest deeper than 8`,
		"x = " + strings.Repeat("{a=", 99) + "1" + strings.Repeat("}", 99):          `f.toml:1: lists and tables that nest deeper than 8`,
		strings.Repeat("[[arm]]\nname = \"a\"\n", 2500):                             `f.toml:1: 2500 arms: more than 16 are not allowed`,
		"[[vary]]\nkey = \"train.lr\"\nvalues = [" + strings.Repeat("1,", 17) + "]": `f.toml:1: vary: train.lr varies over 17 values: more than 16 arms are not allowed`,
		"\xff\xfes\x00e\x00e\x00d\x00":                                              `f.toml: this is UTF-16: an experiment must be saved as UTF-8`,
		"\xfe\xff\x00s":                                                             `f.toml: this is UTF-16`,
		"s\x00e\x00d":                                                               `f.toml: this is UTF-16`,
		"[[arm]]\nname = \"a\\nb\"":                                                 `f.toml:1: arm: name "a\nb" holds U+000A`,
		"[[arm]]\nname = \"\\u001b]0;x\\u0007\"":                                    `holds U+001B`,
		"[[arm]]\nname = \"\\u009b2J\"":                                             `holds U+009B`,
		"[[arm]]\nname = \"a\\u202eb\"":                                             `holds U+202E`,
		"[[reference]]\nsource = \"a\\u001b[2J\"\narm = \"zeros\"":                  `f.toml:1: reference: source "a\x1b[2J" holds U+001B`,
		"[[expect]]\narm=\"zeros\"\nwhat=\"accuracy\"\nis=\"chance\"\nimages=\"\\u001b\"": `f.toml:1: expect: images "\x1b" holds U+001B`,
		"[data]\nset = \"a\\u001b\"":                                              `f.toml:2: data.set "a\x1b" holds U+001B`,
		"[net.layers.\"a\\u001b\"]\npadding = \"zeros\"":                          `the convolution "a\x1b" holds U+001B`,
		"[readout]\ntargets = [\"H\"]\ntaps = \"1+2+1\"":                          `f.toml:3: readout.taps: tap "1" is named twice`,
		"[readout]\ntargets = [\"H\"]\ntaps = \"1+ relu1+relu1 \"":                `f.toml:3: readout.taps: tap "relu1" is named twice`,
		"[task]\ncorrelation = 0.5":                                               `f.toml:2: arm zeros: task.correlation is of a class and a place: only classify has both`,
		"[[expect]]\narm=\"zeros\"\nwhat=\"accuracy\"\nis=\"above nan\"":          `f.toml:1: expect: is must be`,
		"[[expect]]\narm=\"zeros\"\nwhat=\"accuracy\"\nis=\"below inf\"":          `f.toml:1: expect: is must be`,
		"[[expect]]\narm=\"zeros\"\nwhat=\"accuracy\"\nis=\"above zeros by inf\"": `f.toml:1: expect: is must be`,
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

//go:embed testdata/reading.toml
var readingFile string

func reading(t testing.TB) *Experiment {
	e, err := Parse("reading.toml", []byte(readingFile))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestArmsThatAreSpelledOut(t *testing.T) {
	e := reading(t)
	again, err := Parse("again.toml", e.TOML())
	if err != nil || !reflect.DeepEqual(again, e) {
		t.Errorf("%v\n%s\nreads back as %+v", err, e.TOML(), again)
	}
	data, err := json.Marshal(e.Arms[0])
	if want := `{"name":"raw","set":{"net.arch":"raw","readout.standardise":false}}`; err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
	if err := e.SetAll("net.arch", "vgg5"); err != nil || expand(t, e)[0].Net.Arch != Raw || expand(t, e)[1].Net.Arch != "vgg5" {
		t.Errorf("--set of what one arm sets: %v", err)
	}
	e.Arms = e.Arms[:1]
	if err := e.SetAll("net.arch", "small"); err == nil || !strings.Contains(err.Error(), "arms of this experiment set net.arch themselves") {
		t.Errorf("--set of what an arm sets: %v", err)
	}
	old := strings.ReplaceAll(readingFile, "[[reference]]", "[[figure]]")
	before, err := Parse("old.toml", []byte(old))
	if err != nil || !reflect.DeepEqual(before, reading(t)) {
		t.Errorf("references by their old name: %v", err)
	}
}

func TestReadoutErrors(t *testing.T) {
	for text, want := range map[string]string{
		"[[arm]]\nname = \"\"":                                                                                  "arm: a name must not be empty",
		"[[arm]]\nname = \"a\"\n[[arm]]\nname = \"a\"":                                                          "arm: two are named a",
		"[[arm]]\nname = \"a\"\nset = { seed = 2 }":                                                             "arm a: seed cannot vary between arms",
		"[[arm]]\nname = \"a\"\nset = { \"net.weights\" = \"x\" }":                                              "arm a: net.weights cannot vary between arms",
		"[[arm]]\nname = \"a\"\nset = { \"net.pading\" = \"x\" }":                                               "arm a: unknown key \"net.pading\": did you mean \"net.padding\"?",
		"[[arm]]\nname = \"a\"\nset = { \"net.padding\" = \"x\" }":                                              "arm a: net.padding: unknown scheme \"x\"",
		"[readout]\ntargets = [\"X\"]":                                                                          "f.toml:2: readout.targets: unknown target \"X\"",
		"[readout]\ntargets = [\"H\", \"H\"]":                                                                   "f.toml:2: readout.targets names H twice",
		"[readout]\ntargets = [\"H\"]\nkernel = 2":                                                              "f.toml:3: readout.kernel must be one of 1, 3, 5, 7: \"2\"",
		"[readout]\ntargets = [\"H\"]\ncrops = 8\nbatch = 9":                                                    "f.toml:4: arm zeros: batches of 9 crops, but readout.crops is 8",
		"[net]\nweights = \"x\"":                                                                                "f.toml:2: arm zeros: weights from a file can be read out, not trained on",
		"[[reference]]\narm = \"zeros\"\nwhat = \"spc\"\nvalues = { H = 1 }":                                    "f.toml:1: reference: a source must not be empty",
		"[[reference]]\nsource = \"p\"\narm = \"zero\"\nwhat = \"spc\"\nvalues = { H = 1 }":                     "f.toml:1: reference: unknown arm \"zero\": did you mean \"zeros\"?",
		"[[reference]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"\nvalues = { Q = 1 }":                    "f.toml:1: reference: unknown target \"Q\"",
		"[[reference]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"\nvalues = { H = \"1\" }":                "f.toml:1: reference: the value of H must be a finite number",
		"[[reference]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"":                                        "f.toml:1: reference: no values",
		"[[reference]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"\nimages = \"blak\"\nvalues = { H = 1 }": "did you mean \"black\"?",
		"[[reference]]\nsource = \"p\"\narm = \"zeros\"\nwhat = \"spc\"\nwith = \"luck\"\nvalues = { H = 1 }":   "reference: with must be weights or training",
		"[[expect]]\narm = \"zeros\"\nwhat = \"spc\"\nis = \"above circular by 0.1\"":                           "f.toml:1: expect: unknown arm \"circular\"",
		"[[expect]]\narm = \"zeros\"\nwhat = \"spc\"\nis = \"above zeros by x\"":                                "f.toml:1: expect: is must be",
		"[readout]\ntargets = [\"H\"]\n[canvas]\ngrid = 1\n[backbone]\ntask = \"location\"":                     "f.toml:4: arm zeros: a canvas of one cell leaves nothing to locate",
	} {
		if _, err := Parse("f.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole1))
	f.Add([]byte(readingFile))
	f.Add([]byte("\"\\u0061\" = 1\n"))
	f.Add([]byte("[net]\nweights = \"w\"\n[readout]\ntargets = [\"H\"]\n"))
	f.Add([]byte("[readout]\nkernel = 5\n[backbone]\nsteps = 3\n"))
	f.Add([]byte("differs = \"x\"\n[train]\nsteps = 7\n[readout]\ntargets = [\"G\"]\n[[arm]]\nname = \"a\"\n"))
	f.Add([]byte("canvas = { grid = 3 }\n[[expect]]\n"))
	f.Add([]byte("[vary]\nkey=1\n[expect.a]\n"))
	f.Add([]byte("[[train]]\nlr=1\n[[seed]]\n"))
	f.Add([]byte("\xef\xbb\xbfseed = 1\r\ntitle = 'a'\r\n"))
	f.Add([]byte("s\x00e\x00e\x00d\x00"))
	f.Add([]byte("a.b.c.d.e.f.g.h.i = [[[[[[[[[1]]]]]]]]]\n"))
	f.Add([]byte("[[arm]]\nname = \"\\u001b\"\nset = { \"net.padding\" = \"zeros\" }\n"))
	f.Add([]byte("[[reference]]\nsource = \"s\"\narm = \"zeros\"\nwhat = \"spc\"\nvalues = { H = 1 }\n[readout]\ntargets = [\"H\"]\ntaps = \"1+2\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse("f.toml", data)
		if err != nil {
			return
		}
		again, err := Parse("g.toml", e.TOML())
		if err != nil {
			t.Fatalf("%v\n%s", err, e.TOML())
		}
		again.pinned, e.pinned = nil, nil // the second file says everything
		if !reflect.DeepEqual(again, e) {
			t.Fatalf("%s\n%+v\n%+v", e.TOML(), again, e)
		}
		bothWays(t, e)
	})
}

// Whatever --set is given, it is an error or an experiment whose arms its
// one-line form and its file give again.
func FuzzSet(f *testing.F) {
	for _, field := range Fields() {
		f.Add(field.Key, field.Default(), field.Key, "1,2")
	}
	for _, s := range [][2]string{
		{"train.lr", "0,003"}, {"train.clip", "10, 100"}, {"net.padding", "zeros,wrap,constant(0.5)"}, {"net.layers.conv1.padding", "reflect"}, {"net.layers.a\x1b.padding", "zeros"},
		{"readout.taps", "1+1"}, {"readout.taps", "1+2,all"}, {"data.set", "\x1b[2J"}, {"canvas.fill", "0.5,nan"}, {"seed", "99999999999999999999"}, {"", "="},
	} {
		f.Add(s[0], s[1], "readout.targets", "H,V")
	}
	f.Fuzz(func(t *testing.T, key1, text1, key2, text2 string) {
		e := Default()
		for _, s := range [][2]string{{key1, text1}, {key2, text2}} {
			if err := e.SetAll(s[0], s[1]); err != nil {
				return
			}
		}
		arms, err := e.Expand()
		if err != nil {
			return
		}
		again := Default()
		for _, c := range e.Changes(Default()) {
			key, text, _ := strings.Cut(c, "=")
			if err := again.SetAll(key, text); err != nil {
				t.Fatalf("%s: %v", c, err)
			}
		}
		read, err := Parse("f.toml", e.TOML())
		if err != nil {
			t.Fatalf("%v\n%s", err, e.TOML())
		}
		again.Seed = e.Seed          // which has a flag of its own
		told := func(a Arm) string { // all but what is only told, and what the experiment lets vary
			a.Title, a.About, a.Try, a.Flags, a.Full, a.Paper, a.Differs = "", "", "", "", "", "", ""
			return a.Name + "\n" + string(a.TOML())
		}
		for _, other := range []*Experiment{again, read} {
			others, err := other.Expand()
			if err != nil || len(others) != len(arms) {
				t.Fatalf("%v, %d arms, want %d", err, len(others), len(arms))
			}
			for i, a := range arms {
				if got, want := told(others[i]), told(a); got != want {
					t.Fatalf("an arm comes back as\n%s\nwant\n%s", got, want)
				}
			}
		}
	})
}

// bothWays writes an experiment as JSON, reads it, and writes it again.
func bothWays(t *testing.T, e *Experiment) {
	t.Helper()
	data, err := json.Marshal(e.Clone())
	if err != nil {
		t.Fatal(err)
	}
	var back Experiment
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	again, err := json.Marshal(&back)
	if err != nil || string(again) != string(data) {
		t.Fatalf("%v\n%s\n%s", err, data, again)
	}
	if string(back.TOML()) != string(e.TOML()) {
		t.Fatalf("from JSON\n%s\nfrom TOML\n%s", back.TOML(), e.TOML())
	}
}

func TestJSONBothWays(t *testing.T) {
	for _, text := range []string{whole1, readingFile, "[net.layers]\nconv3 = { padding = \"wrap\" }\n[eval]\npadding = \"circular\"\n", ""} {
		e, err := Parse("a.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		bothWays(t, e)
	}
	files, err := filepath.Glob("../../presets/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d presets, %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		e, err := Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		bothWays(t, e)
	}
	for text, want := range map[string]string{
		`{"net":{"padding":"circulr"}}`:                     `did you mean "circular"`,
		`{"net":{"extent":"ful"}}`:                          `did you mean "full"`,
		`{"canvas":{"fill":"blak"}}`:                        `did you mean "black"`,
		`{"readout":{"targets":["Q"]}}`:                     `unknown target "Q"`,
		`{"vary":[{"key":"net.pading","values":["a"]}]}`:    `unknown key "net.pading"`,
		`{"arms":[{"name":"a","set":{"canvas.grid":"5"}}]}`: `canvas.grid must be an integer`,
	} {
		var e Experiment
		if err := json.Unmarshal([]byte(text), &e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// What weights bring along gives way to what was set with them or after them.
func TestPinned(t *testing.T) {
	e, err := Parse("f.toml", []byte("[net]\narch = \"vgg5\"\n[readout]\ntargets = [\"H\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	set := func(key, text string) {
		t.Helper()
		if err := e.SetAll(key, text); err != nil {
			t.Fatal(err)
		}
	}
	set("net.weights", "a.safetensors")
	if e.Pinned("net.arch") {
		t.Error("weights that come later do not bring their network along")
	}
	set("data.normalize", "false")
	if !e.Pinned("data.normalize") || e.Pinned("readout.size") {
		t.Error("what was set after the weights does not stay")
	}
	again, err := Parse("g.toml", e.TOML())
	if err != nil || !again.Pinned("net.arch") || !again.Pinned("readout.size") || !again.Pinned("data.normalize") {
		t.Errorf("a file that says everything is changed by its weights: %v", err)
	}
	base, err := Parse("f.toml", []byte("[net]\narch = \"vgg5\"\n[readout]\ntargets = [\"H\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	set("data.photos", "my photos")
	want := "table1 --seed 1 --weights a.safetensors --images 'my photos' --set data.normalize=false --set net.arch=vgg5 --set readout.size=96"
	if got := e.OneLine("table1", base); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// Files from Windows read as others do.
func TestParseWindows(t *testing.T) {
	want, err := Parse("a.toml", []byte(whole1))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse("b.toml", []byte("\xef\xbb\xbf"+strings.ReplaceAll(whole1, "\n", "\r\n")))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %+v", err, got)
	}
	if _, err := Parse("c.toml", []byte("\xef\xbb\xbfseed = 1\r\nsed = 2\r\n")); err == nil || !strings.HasPrefix(err.Error(), "c.toml:2: unknown key") {
		t.Error(err)
	}
}

// What a file may cost is bounded before the library, or we, expand it.
func TestParseCost(t *testing.T) {
	for name, text := range map[string]string{
		"a key":          strings.Repeat("a.", 30_000) + "a = 1",
		"a table":        "[" + strings.Repeat("a.", 30_000) + "a]",
		"a key in lists": "x = [" + strings.Repeat("{", 1) + strings.Repeat("a.", 30_000) + "a = 1}]",
		"lists":          "x = " + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000),
		"tables":         "x = " + strings.Repeat("{a=", 9_000) + "1" + strings.Repeat("}", 9_000),
		"arms":           strings.Repeat("[[arm]]\nname = \"a\"\n", 2_500),
		"arms that vary": strings.Repeat("[[arm]]\nname = \"a\"\n", 2_500) + "[[vary]]\nkey = \"canvas.grid\"\nvalues = [3, 5]\n",
		"taps":           "readout.targets = [\"H\"]\nreadout.taps = \"1" + strings.Repeat("+1", 30_000) + "\"",
		"values":         "[[vary]]\nkey = \"train.lr\"\nvalues = [" + strings.Repeat("1,", 30_000) + "]",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse("f.toml", []byte(text))
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 32<<20 {
			t.Errorf("%s: %d MiB allocated", name, spent>>20)
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("%s: the message has %d bytes", name, len(err.Error()))
		}
	}
}

// A decimal comma is no list of two arms, and what could be one is written so
// that it reads back.
func TestDecimalComma(t *testing.T) {
	for text, fails := range map[string]bool{
		"0,003": true, "0,05": true, "1,125": true, "0,00": true, "0,3": false, "0, 003": false, "1, 100": false, "1,0": false, "0.1,0.003": false, "1e-3,003": false, "0,003,1": false, "3": false, "0,12": false,
	} {
		e := Default()
		err := e.SetAll("train.lr", text)
		if (err != nil) != fails {
			t.Errorf("train.lr=%s: %v, %v", text, err, e.Vary)
		}
		if err != nil {
			continue
		}
		again := Default()
		for _, c := range e.Changes(Default()) {
			key, text, _ := strings.Cut(c, "=")
			if err := again.SetAll(key, text); err != nil {
				t.Error(err)
			}
		}
		if !reflect.DeepEqual(again, e) {
			t.Errorf("train.lr=%s reads back as %+v", text, again.Vary)
		}
	}
	if err := Default().SetAll("train.lr", "0,003"); err == nil || err.Error() != `train.lr: 0,003 looks like a number with a decimal comma: write train.lr=0.003 for that number, or "train.lr=0, 003" for a list of two` {
		t.Error(err)
	}
	if err := Default().SetAll("canvas.grid", "5,003"); err != nil {
		t.Error(err)
	}
}

// What Parse refuses in texts, a record cannot bring in.
func TestJSONTexts(t *testing.T) {
	for _, text := range []string{
		`{"arms":[{"name":"a\u001b","set":{}}]}`, `{"expect":[{"arm":"a\n","what":"accuracy","is":"chance"}]}`, `{"figures":[{"source":"\u0007"}]}`,
	} {
		if err := json.Unmarshal([]byte(text), new(Experiment)); err == nil || !strings.Contains(err.Error(), "control and format characters") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A quoted key with an escape stands on its line, too.
func TestEscapedKeys(t *testing.T) {
	if _, err := Parse("f.toml", []byte("\n\"\\u0061\" = 1\n")); err == nil || !strings.HasPrefix(err.Error(), `f.toml:2: unknown key "a"`) {
		t.Error(err)
	}
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
	if n := len(expand(t, e)); n != 4 || expand(t, e)[1].Name != "zeros, white" || len(expand(t, base)) != 2 {
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
	if err := e.SetAll("net.padding", "reflect"); err != nil || expand(t, e)[0].Name != "reflect, black" {
		t.Error(err, expand(t, e)[0].Name)
	}
	once := Default()
	for _, text := range []string{"zeros,circular", "zeros"} { // twice in one command
		if err := once.SetAll("net.padding", text); err != nil {
			t.Fatal(err)
		}
	}
	if got := once.Changes(Default()); !reflect.DeepEqual(got, []string{"net.padding=zeros,"}) {
		t.Errorf("a key that varies over one value: %v", got)
	}
	for _, c := range [][3]string{
		{"train.stps", "3", `unknown key "train.stps": did you mean "train.steps"?`},
		{"train.steps", "1,2", "train.steps cannot vary between arms"},
		{"net.padding", "zeros,,", "unknown scheme"},
		{"net.padding", "zeros,zero", "varies over zeros twice"},
		{"train.steps", "many", `train.steps must be an integer from 0 to 10000000: "many"`},
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
		if f.Allowed() == "" || f.About == "" || f.Kind == Choice && len(f.Options) == 0 || (f.Kind == Integer || f.Kind == Float) && !(f.Low < f.High) {
			t.Errorf("%s is not explained", f.Key)
		}
		if f.Kind == Text {
			continue
		}
		text := f.Default()
		if err := f.set(a, text); err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s = %q: %v", f.Key, text, err)
		}
		for _, option := range f.Options {
			if got, err := f.Canonical(option); err != nil || got != option && option != "constant" {
				t.Errorf("%s = %q, which is an option: %q, %v", f.Key, option, got, err)
			}
		}
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"where-am-i": "where-am-i", "net.padding=zeros,reflect": "net.padding=zeros,reflect", "a b": "'a b'", "": "''",
		"net.padding=constant(0.5)": "'net.padding=constant(0.5)'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "a;b": "'a;b'", "ä": "'ä'", "a\x1b\n'\\": `$'a\x1b\n\'\\'`,
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
	if want := (Layers{"conv3": {pad.Must("circular")}, "features.0": {pad.Must("zeros")}}); !reflect.DeepEqual(e.Net.Layers, want) {
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
	arms := expand(t, e)
	if len(arms) != 2 || arms[0].Net.Layers["conv3"].Padding.Name != "zeros" || arms[1].Net.Layers["conv3"].Padding.Name != "reflect" || e.Net.Layers["conv3"].Padding.Name != "circular" {
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

// A sentence is told where its comparison holds, and takes its numbers from the
// experiment.
func TestSays(t *testing.T) {
	e, err := Parse("f.toml", []byte(`
[canvas]
grid = 6
[[vary]]
key = "net.padding"
values = ["zeros", "circular"]
[[expect]]
arm = "zeros"
what = "accuracy"
ring = 0
is = "above ring 2 by 0.3"
says = "Of {cells} cells, {canvas.grid} a side, {net.padding} {nothing} {title}{"
[[expect]]
arm = "zeros"
what = "accuracy"
is = "at its ceiling"
says = "all there is"
`))
	if err != nil {
		t.Fatal(err)
	}
	ceiling := metric.Number(0.75)
	found := func(outer, inner, all metric.Number) []Finding {
		key := metric.Key{Metric: metric.Accuracy, Images: "test"}
		rings := []metric.Point{{Value: outer}, {Distance: 1}, {Distance: 2, Value: inner}}
		return []Finding{{Arm: "zeros", Done: true, Scores: []metric.Score{{Key: key, Value: all, Ceiling: &ceiling}}, Profiles: []metric.Profile{{Key: key, Rings: rings}}}}
	}
	told := "Of 36 cells, 6 a side, zeros, circular {nothing} {title}{"
	for _, c := range []struct {
		outer, inner, all metric.Number
		first, second     string
	}{
		{.8, .25, .72, told, "all there is"},
		{.8, .51, .69, "", ""},
		{.25, .8, .81, "", ""},
	} {
		got := e.Judge(found(c.outer, c.inner, c.all))
		if got[0].Says != c.first || got[0].Held != (c.first != "") || got[1].Says != c.second || got[1].Held != (c.second != "") {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	again, err := Parse("f.toml", e.TOML())
	if err != nil || again.Expect[0].Says != e.Expect[0].Says {
		t.Errorf("%+v, %v", again, err)
	}
	for _, is := range []string{"above ring 3 by 0.1", "above ring -1 by 0.1", "below ring by 0.1"} {
		if _, err := Parse("f.toml", []byte("canvas.grid = 6\n[[expect]]\narm = \"zeros\"\nwhat = \"accuracy\"\nis = \""+is+"\"")); err == nil {
			t.Errorf("%q is taken", is)
		}
	}
}

// The labels of arms are words where their names are values that name nothing.
func TestLabels(t *testing.T) {
	for text, want := range map[string][]string{
		"": {"zeros"},
		"[[vary]]\nkey = \"net.bias\"\nvalues = [true, false]\n[[vary]]\nkey = \"net.padding\"\nvalues = [\"zeros\", \"circular\"]": {"bias on, zeros", "bias on, circular", "bias off, zeros", "bias off, circular"},
		"[[vary]]\nkey = \"eval.padding\"\nvalues = [\"zeros\", \"circular\"]":                                                      {"trained zeros, tested zeros", "trained zeros, tested circular"},
		"[[vary]]\nkey = \"data.patch\"\nvalues = [8, 6]":                                                                           {"patch 8", "patch 6"},
		"[[arm]]\nname = \"mine\"\n[[vary]]\nkey = \"train.lr\"\nvalues = [0.1, 0.2]":                                               {"mine, lr 0.1", "mine, lr 0.2"},
	} {
		e, err := Parse("f.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		arms, err := e.Expand()
		var got []string
		for _, a := range arms {
			got = append(got, a.Label)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
}

// An experiment whose arms were changed is read again, whatever was said of arms
// that are gone.
func TestChangedArmsAreReadAgain(t *testing.T) {
	for _, set := range []string{"net.padding=zeros,replicate", "net.padding=zeros,", "canvas.grid=3,5"} {
		e, err := Parse("test", []byte(`
[[vary]]
key = "net.padding"
values = ["zeros", "circular"]
[[expect]]
arm = "circular"
what = "accuracy"
is = "chance"
[[expect]]
arm = "zeros"
what = "accuracy"
is = "above circular by 0.1"
[[expect]]
arm = "zeros"
what = "accuracy"
is = "above 0.1"
`))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.SetLine(set); err != nil {
			t.Fatal(err)
		}
		again, err := Parse("again", e.TOML())
		if err != nil {
			t.Errorf("%s: %v", set, err)
			continue
		}
		if strings.HasPrefix(set, "net.padding") && len(again.Expect) != 1 {
			t.Errorf("%s: %d expectations are left, want that of zeros alone", set, len(again.Expect))
		}
		if got := again.Differences(e); len(got) > 1 || len(got) == 1 && got[0] != "the arms or what is expected of them" {
			t.Errorf("%s: read again it differs in %v", set, got)
		}
	}
}
