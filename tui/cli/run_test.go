package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"padlab/core/experiment"
	"padlab/core/record"
)

// The shapes of the JSON output, written out: scripts depend on them. number
// may be null.
type number = *json.Number

type documentShape struct {
	Schema       int                `json:"schema"`
	Experiment   json.RawMessage    `json:"experiment"`
	Warnings     []string           `json:"warnings"`
	Arms         []armShape         `json:"arms"`
	Expectations []expectationShape `json:"expectations"`
	Provenance   provenanceShape    `json:"provenance"`
}

type armShape struct {
	Name        string         `json:"name"`
	Status      string         `json:"status"`
	Problem     string         `json:"problem,omitempty"`
	Steps       int            `json:"steps"`
	Params      int            `json:"params"`
	SHA256      string         `json:"weights_sha256"`
	Loss        [][2]number    `json:"loss"`
	EvaluatedAt int            `json:"evaluated_at"`
	Scores      []scoreShape   `json:"scores"`
	Profiles    []profileShape `json:"profiles"`
	Maps        []mapShape     `json:"maps"`
	Course      courseShape    `json:"course"`
}

type courseShape struct {
	Metric string      `json:"metric"`
	Points [][2]number `json:"points"`
}

type scoreShape struct {
	Metric  string  `json:"metric"`
	Images  string  `json:"images"`
	Value   number  `json:"value"`
	Low     number  `json:"low"`
	High    number  `json:"high"`
	Over    string  `json:"over"`
	Units   int     `json:"units"`
	N       int     `json:"n"`
	Chance  number  `json:"chance"`
	Ceiling *number `json:"ceiling,omitempty"`
}

type profileShape struct {
	Metric string `json:"metric"`
	Images string `json:"images"`
	Unit   string `json:"unit"`
	Rings  []struct {
		Distance int     `json:"distance"`
		N        int     `json:"n"`
		Value    number  `json:"value"`
		Low      number  `json:"low"`
		High     number  `json:"high"`
		Over     string  `json:"over"`
		Units    int     `json:"units"`
		Chance   number  `json:"chance"`
		Ceiling  *number `json:"ceiling,omitempty"`
	} `json:"rings"`
	AlikeFrom *int `json:"alike_from,omitempty"`
}

type mapShape struct {
	Metric string   `json:"metric"`
	Images string   `json:"images"`
	Rows   int      `json:"rows"`
	Cols   int      `json:"cols"`
	Values []number `json:"values"`
}

type expectationShape struct {
	Text string `json:"text"`
	Held bool   `json:"held"`
}

type provenanceShape struct {
	Version string                 `json:"version"`
	Go      string                 `json:"go"`
	Arch    string                 `json:"arch"`
	Kernel  string                 `json:"kernel"`
	Workers int                    `json:"workers"`
	Name    string                 `json:"name"`
	Command string                 `json:"command"`
	Inputs  []inputShape           `json:"inputs"`
	Arms    map[string]timingShape `json:"arms"`
}

type timingShape struct {
	Seconds          number `json:"seconds"`
	SamplesPerSecond number `json:"samples_per_second"`
}

type startShape struct {
	Event      string          `json:"event"`
	Schema     int             `json:"schema"`
	Experiment json.RawMessage `json:"experiment"`
	Warnings   []string        `json:"warnings"`
}

type evalShape struct {
	Event    string         `json:"event"`
	Arm      string         `json:"arm"`
	Step     int            `json:"step"`
	Scores   []scoreShape   `json:"scores"`
	Profiles []profileShape `json:"profiles"`
	Maps     []mapShape     `json:"maps"`
}

type resultShape struct {
	Event string `json:"event"`
	documentShape
}

// decode reads text into a shape. Nothing may be unknown, and nothing missing
// or in another order: written again it is the same text.
func decode(t *testing.T, text string, shape any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(shape); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(text)); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(shape)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(compact.String()); got != string(again) {
		t.Fatalf("not the shape of the design:\n%s\nwant\n%s", got, again)
	}
}

// document runs a command line that prints one JSON object.
func document(t *testing.T, o outcome) documentShape {
	t.Helper()
	var d documentShape
	decode(t, o.out, &d)
	return d
}

// events are the lines of jsonl: one start, evaluations, one result.
func events(t *testing.T, text string) (start startShape, evals []evalShape, result resultShape) {
	t.Helper()
	lines := slices.Collect(strings.Lines(text))
	if len(lines) < 2 {
		t.Fatalf("%d events:\n%s", len(lines), text)
	}
	decode(t, lines[0], &start)
	for _, line := range lines[1 : len(lines)-1] {
		var e evalShape
		decode(t, line, &e)
		evals = append(evals, e)
	}
	decode(t, lines[len(lines)-1], &result)
	if start.Event != "start" || result.Event != "result" || start.Schema != 1 || string(start.Experiment) != string(result.Experiment) {
		t.Errorf("%s\n%s", lines[0], lines[len(lines)-1])
	}
	return start, evals, result
}

// same is a JSON document without what may differ: its provenance comes last.
func same(text string) string {
	before, _, _ := strings.Cut(text, `"provenance"`)
	return before
}

func TestRunJSON(t *testing.T) {
	o := padlab(t, tiny("--format", "json", "--workers", "2", "--seed", "5")...)
	o.want(t, exitOK, "padlab: "+tinyFile+", 2 arms, kernel ")
	if strings.Count(o.err, "\nstep ") != 3 {
		t.Errorf("want a line of progress per evaluation:\n%s", o.err)
	}
	d := document(t, o)
	e, err := (&session{}).load(tinyFile)
	if err != nil {
		t.Fatal(err)
	}
	e.Seed = 5
	var resolved bytes.Buffer
	if err := json.Compact(&resolved, d.Experiment); err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSpace(string(jsonLine(e))); resolved.String() != want {
		t.Errorf("the experiment is\n%s\nwant\n%s", &resolved, want)
	}
	if d.Schema != 1 || len(d.Warnings) != 0 || len(d.Arms) != 2 || len(d.Expectations) != 1 || d.Expectations[0] != (expectationShape{"circular: accuracy is exactly chance", true}) {
		t.Errorf("%+v", d)
	}
	for i, a := range d.Arms {
		if a.Name != []string{"zeros", "circular"}[i] || a.Status != "done" || a.Steps != 3 || a.EvaluatedAt != 3 || a.Params < 1000 || len(a.SHA256) != 64 || len(a.Loss) != 3 || a.Loss[2][0].String() != "2" {
			t.Errorf("%+v", a)
		}
		if s := a.Scores[0]; len(a.Scores) != 4 || s.Metric != "accuracy" || s.Images != "test" || s.N != 90 || s.Chance.String() != "0.1111111111111111" {
			t.Errorf("%+v", s)
		}
		if p := a.Profiles[0]; len(a.Profiles) != 3 || p.Unit != "cells" || len(p.Rings) != 2 || p.Rings[0].N != 80 || p.Rings[1].Distance != 1 || p.Rings[1].N != 10 {
			t.Errorf("%+v", p)
		}
		if m := a.Maps[0]; len(a.Maps) != 2 || m.Rows != 3 || m.Cols != 3 || len(m.Values) != 9 {
			t.Errorf("%+v", m)
		}
		if timing, ok := d.Provenance.Arms[a.Name]; !ok || timing.Seconds == nil || timing.SamplesPerSecond == nil {
			t.Errorf("%+v", d.Provenance)
		}
	}
	if p := d.Provenance; p.Version != version() || p.Name != tinyFile || len(p.Inputs) != 1 || p.Inputs[0].Kind != "set" || len(p.Inputs[0].SHA256) != 64 || !strings.HasPrefix(p.Go, "go") || p.Arch == "" || p.Kernel == "" || p.Workers != 2 || len(p.Arms) != 2 {
		t.Errorf("%+v", p)
	}
}

// The same experiment prints the same bytes, for any number of workers, with
// progress or without.
func TestRunIsRepeatable(t *testing.T) {
	for _, format := range formats {
		first := padlab(t, tiny("--format", format, "--workers", "1")...)
		for _, s := range []struct {
			variable string
			flags    []string
		}{{"", []string{"--workers", "2"}}, {"", []string{"--workers", "3", "--quiet"}}, {"PADLAB_WORKERS=3", nil}, {"PADLAB_WORKERS=x", []string{"--workers", "0"}}} {
			o := within(t, &session{getenv: environment(s.variable)}, tiny(append(s.flags, "--format", format)...)...)
			if o.code != exitOK || o.out == "" || same(o.out) != same(first.out) {
				t.Errorf("%s, %v: %d %s\n%s\nwant\n%s", format, s, o.code, o.err, o.out, first.out)
			}
		}
	}
	if o := padlab(t, tiny("--seed", "2", "--format", "csv", "--quiet")...); o.out == padlab(t, tiny("--format", "csv", "--quiet")...).out {
		t.Error("another seed, the same result")
	}
}

// Every evaluation of every arm is one event, in order.
func TestRunJSONL(t *testing.T) {
	_, evals, result := events(t, padlab(t, tiny("--format", "jsonl", "--quiet")...).out)
	want := []struct {
		arm  string
		step int
	}{{"zeros", 0}, {"circular", 0}, {"zeros", 2}, {"circular", 2}, {"zeros", 3}, {"circular", 3}}
	if len(evals) != len(want) {
		t.Fatalf("%d evaluations, want %d", len(evals), len(want))
	}
	for i, e := range evals {
		if e.Event != "eval" || e.Arm != want[i].arm || e.Step != want[i].step || len(e.Scores) != 4 || len(e.Profiles) != 3 || len(e.Maps) != 2 {
			t.Errorf("event %d is %+v", i+1, e)
		}
	}
	for i, a := range result.Arms {
		last := evals[4+i]
		if fmt.Sprint(string(jsonLine(last.Scores)), string(jsonLine(last.Profiles)), string(jsonLine(last.Maps))) != fmt.Sprint(string(jsonLine(a.Scores)), string(jsonLine(a.Profiles)), string(jsonLine(a.Maps))) {
			t.Errorf("%s: the last evaluation is not the result", a.Name)
		}
	}
}

func TestRunCSV(t *testing.T) {
	o := padlab(t, tiny("--format", "csv", "--quiet", "--seed", "9", "--set", "eval.images=1")...)
	rows, err := csv.NewReader(strings.NewReader(o.out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := "arm,seed,metric,target,images,unit,distance,n,value,low,high,chance\n"; !strings.HasPrefix(o.out, want) {
		t.Errorf("%s\nwant %s", o.out, want)
	}
	var got []string
	for _, row := range rows[1:] {
		chance := "0"
		if row[2] == "accuracy" {
			chance = "0.1111111111111111"
		}
		if row[2] == "steps-to-half" { // six steps are too few
			if strings.Join(row[8:], "") != "" {
				t.Errorf("%q", row)
			}
			got = append(got, strings.Join(row[:8], ","))
			continue
		}
		bound := "" // one image has no interval
		if row[0] == "circular" && (row[2] != "accuracy" || row[6] == "") {
			bound = row[8] // but a blind network needs none
		}
		if _, err := strconv.ParseFloat(row[8], 64); err != nil || row[9] != bound || row[10] != bound || row[11] != chance {
			t.Errorf("%q", row)
		}
		got = append(got, strings.Join(row[:8], ","))
	}
	var want []string
	metrics := []string{"accuracy", "beyond-guessing", "information"} // of which there are profiles
	for _, arm := range []string{"zeros", "circular"} {
		for _, m := range append(metrics, "steps-to-half") {
			want = append(want, arm+",9,"+m+",,test,,,9")
		}
		for _, m := range metrics {
			want = append(want, arm+",9,"+m+",,test,cells,0,8", arm+",9,"+m+",,test,cells,1,1")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

func TestRunText(t *testing.T) {
	o := padlab(t, tiny("--quiet", "--seed", "7", "--set", "net.padding=circular,reflect", "--set", "train.lr=0.01")...)
	for _, want := range []string{
		"Tiny & quick (" + tinyFile + ", seed 7)\nWhere is the noise?\nPaper: There is none.\n", "at the border", "1 cell away", "\nreflect ", "\ncircular    0.111 exactly ",
		"\nExpected:\n  circular: accuracy is exactly chance: held\n",
		"\nReproduce: padlab run " + experiment.Quote(tinyFile) + " --seed 7 --set net.padding=circular,reflect --set train.lr=0.01 --data " + experiment.Quote(tinyDir) + "\n",
	} {
		if !strings.Contains(o.out, want) {
			t.Errorf("no %q in\n%s", want, o.out)
		}
	}
	// The last line says how to get the same again.
	_, line, _ := strings.Cut(o.out, "\nReproduce: padlab ")
	if again := padlab(t, append(strings.Fields(strings.ReplaceAll(line, "'", "")), "--quiet")...); again != o {
		t.Errorf("%+v\nwant\n%+v", again, o)
	}
	// A file need not have a title, and what it has cannot move the cursor.
	for title, want := range map[string]string{
		``:                           "-, seed 1\n\nWhere the patch is: accuracy beyond guessing, with 95 % intervals over ",
		`title = "\u001b[2JA\u0007"`: " [2JA  (-, seed 1)\n\nWhere the patch is: accuracy beyond guessing, ",
	} {
		_, rest, _ := strings.Cut(tinyText, "There is none.\"\n")
		o := within(t, &session{in: strings.NewReader(title + "\n" + rest)}, "run", "-", "--data", tinyDir, "--quiet")
		if o.code != exitOK || !strings.HasPrefix(o.out, want) || strings.Contains(o.out, "\x1b") {
			t.Errorf("%+v", o)
		}
	}
}

// Without a command and without a terminal padlab runs the default preset,
// whatever the process was started with: a server hands over its clients'
// arguments.
func TestRunWithoutTerminal(t *testing.T) {
	defer func(args []string) { os.Args = args }(os.Args)
	os.Args = []string{"padlab", "version"}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := within(t, &session{ctx: ctx, err: when{"step ", cancel}})
	if o.code != exitInterrupted || !strings.Contains(o.out, "Where am I? (where-am-i, seed 1)") {
		t.Errorf("%+v", o)
	}
}

func TestExpectations(t *testing.T) {
	expecting := func(is string) *session {
		return &session{in: strings.NewReader(tinyText + "[[expect]]\narm = \"zeros\"\nwhat = \"accuracy\"\nring = 1\nis = \"" + is + "\"\n")}
	}
	args := []string{"run", "-", "--data", tinyDir, "--quiet"}
	within(t, expecting("above -1"), append(args, "--expect")...).want(t, exitOK, "")
	within(t, expecting("above 1"), args...).want(t, exitOK, "")
	for _, format := range formats {
		o := within(t, expecting("above 1"), append(args, "--expect", "--format", format)...)
		if o.code != exitUnexpected || o.err != "padlab: did not hold: zeros: accuracy in ring 1 is above 1\n" || o.out == "" {
			t.Errorf("%+v", o)
		}
	}
}

func TestDivergence(t *testing.T) {
	args := tiny("--quiet", "--expect", "--set", "net.arch=vgg5", "--set", "train.optimizer=sgd", "--set", "train.lr=100", "--set", "canvas.fill=white", "--set", "train.steps=60", "--set", "eval.images=1")
	for _, format := range formats {
		o := padlab(t, append(args, "--format", format)...)
		o.want(t, exitFailed, "padlab: arm circular diverged: the loss or its gradient was not finite at step ")
		if strings.Count(o.err, "\n") != 2 || strings.Contains(o.out, "NaN") || strings.Contains(o.out, "Inf") {
			t.Errorf("%s: %s%s", format, o.err, o.out)
		}
		switch format {
		case "json":
			for _, a := range document(t, o).Arms {
				if a.Status != "diverged" || !strings.Contains(a.Problem, "a lower train.lr helps") || a.Steps >= 60 || a.Profiles[0].Rings[0].High != nil || a.Scores[0].Value == nil {
					t.Errorf("%+v", a)
				}
			}
		case "jsonl":
			events(t, o.out)
		case "text":
			if !strings.Contains(o.out, "diverged after ") || !strings.Contains(o.out, "did not hold") {
				t.Error(o.out)
			}
		}
	}
}

// When waits for a text to be written.
type when struct {
	text string
	do   func()
}

func (w when) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.text) {
		w.do()
	}
	return len(p), nil
}

// An interrupted run prints all that there is, in full.
func TestInterruption(t *testing.T) {
	for _, format := range formats {
		ctx, cancel := context.WithCancel(t.Context())
		dir := filepath.Join(t.TempDir(), "record")
		o := within(t, &session{ctx: ctx, err: when{"step ", cancel}}, tiny("--set", "train.steps=10000000", "--expect", "--format", format, "--out", dir)...)
		cancel()
		o.want(t, exitInterrupted, "")
		var arms []armShape
		switch format {
		case "text":
			if !strings.Contains(o.out, "stopped after ") || !strings.Contains(o.out, "\nReproduce: ") {
				t.Error(o.out)
			}
		case "json":
			arms = document(t, o).Arms
			if o.out != contentOf(t, dir, "result.json") {
				t.Error("another result in the record")
			}
		case "jsonl":
			_, evals, result := events(t, o.out)
			if arms = result.Arms; len(evals) < 2 {
				t.Errorf("%d evaluations", len(evals))
			}
		case "csv":
			if rows, err := csv.NewReader(strings.NewReader(o.out)).ReadAll(); err != nil || len(rows) != 1+2*10 {
				t.Errorf("%v\n%s", err, o.out)
			}
		}
		for _, a := range arms {
			if a.Status != string(record.Stopped) || a.Steps >= 10000000 || len(a.Scores) != 4 || len(a.SHA256) != 64 {
				t.Errorf("%+v", a)
			}
		}
	}
	// Before anything was opened there is nothing to say.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, format := range formats {
		o := within(t, &session{ctx: ctx}, tiny("--quiet", "--set", "train.steps=10000000", "--format", format)...)
		if o.code != exitInterrupted || o.out != "" || o.err != "" {
			t.Errorf("%+v", o)
		}
	}
}

// On a terminal progress is one line that is rewritten, and gone at the end.
func TestProgressOnTerminal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var err bytes.Buffer
	s := &session{ctx: ctx, in: strings.NewReader(""), out: io.Discard, err: io.MultiWriter(&err, when{"samples/s", cancel}), getenv: environment(), progress: true}
	if code := run(s, tiny("--set", "train.steps=10000000")); code != exitInterrupted {
		t.Fatalf("%d %s", code, &err)
	}
	if lines := strings.Split(err.String(), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[1], "\r\x1b[K\x1b[?7lstep ") || !strings.HasSuffix(lines[1], "\x1b[?7h\r\x1b[K") {
		t.Errorf("%q", err.String())
	}
}

type inputShape struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}
