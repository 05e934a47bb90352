package cli

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"padlab/core/lint"
	"padlab/core/nn"
	"padlab/tui/report"
)

// The shape of the JSON output, written out: scripts depend on it.
type lintShape struct {
	Schema  int      `json:"schema"`
	Network string   `json:"network"`
	Padding string   `json:"padding"`
	Extent  string   `json:"extent"`
	Size    [3]int   `json:"size"`
	Photos  int      `json:"photographs"`
	Trained bool     `json:"trained"`
	Broken  []string `json:"broken"`
	Off     []string `json:"off"`
	Rules   []struct {
		ID      string   `json:"id"`
		Asks    string   `json:"asks"`
		Counts  string   `json:"counts"`
		Value   *float64 `json:"value"`
		Most    *float64 `json:"most"`
		Broken  bool     `json:"broken"`
		Verdict string   `json:"verdict"`
		Places  []struct {
			Name  string  `json:"name"`
			Kind  string  `json:"kind"`
			Says  string  `json:"says"`
			Sides *[4]int `json:"sides"`
		} `json:"places"`
		Mends []struct {
			Change string  `json:"change"`
			Value  float64 `json:"value"`
			Mends  bool    `json:"mends"`
		} `json:"mends"`
	} `json:"rules"`
}

// With 224 pixels a rule of ResNet-18 is broken, with 225 none is.
func TestLint(t *testing.T) {
	o := padlab(t, "lint", "resnet18", "--off", "told-apart")
	o.want(t, exitUnexpected, "padlab: resnet18: A rule is broken: uneven-stride. Off: told-apart.\n")
	for _, want := range []string{
		"resnet18 with padding zeros (same) on 224×224×3\n", "\nfound border: 18 layers\n", "\nbroken uneven-stride: 8 layers, at most 0\n",
		"\n    uses 3 in front, 2 behind; remainder 1\n      conv1\n", "\n  225×225 instead of 224×224 would mend it: then 0.\n",
	} {
		if !strings.Contains(o.out, want) {
			t.Errorf("no %q in\n%s", want, o.out)
		}
	}
	for line := range strings.SplitSeq(o.out, "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	o = padlab(t, "lint", "resnet18", "--off", "told-apart", "--size", "225")
	if o.code != exitOK || o.err != "" || !strings.HasSuffix(o.out, "\nNo rule is broken. Off: told-apart.\n") {
		t.Errorf("%+v", o)
	}

	var d lintShape
	o = padlab(t, "lint", "small_bn", "--format", "json", "--max-seen", "0.5", "--max-told-apart", "1", "--off", "border,foveation")
	decode(t, o.out, &d)
	if o.code != exitUnexpected || d.Schema != 1 || d.Network != "small_bn" || d.Size != [3]int{32, 32, 3} || !slices.Equal(d.Broken, []string{"seen"}) || !slices.Equal(d.Off, []string{"border", "foveation"}) || d.Photos != 0 || d.Trained {
		t.Errorf("%d, %+v", o.code, d)
	}
	for _, r := range d.Rules {
		switch r.ID {
		case "seen":
			if *r.Most != .5 || !r.Broken || !(*r.Value > .5) || len(r.Mends) != 2 || r.Mends[0].Change != "circular in every layer that pads" || r.Mends[0].Value != 0 || !r.Mends[0].Mends {
				t.Errorf("%+v", r)
			}
		case "told-apart":
			if *r.Most != 1 || r.Broken || *r.Value != 1 || len(r.Places) != 1 || r.Places[0].Name != "conv1" {
				t.Errorf("%+v", r)
			}
		case "uneven-stride", "seam":
			if *r.Most != 0 || r.Broken || *r.Value != 0 {
				t.Errorf("%+v", r)
			}
		default:
			t.Errorf("rule %s is off, or needs pictures", r.ID)
		}
	}
}

// The network that is mended keeps what the other broke.
func TestLintOfTheMended(t *testing.T) {
	limits := []string{"--max-border", "0", "--max-seen", "0", "--max-told-apart", "0", "--max-foveation", "0"}
	padlab(t, append([]string{"lint", "small_bn"}, limits...)...).want(t, exitUnexpected, "4 rules are broken: border, foveation, seen, told-apart.")
	padlab(t, append([]string{"lint", "small_bn", "--padding", "circular", "--pools", "scheme"}, limits...)...).want(t, exitOK, "")
}

// What SARIF 2.1.0 requires of each object, and whose values it lists, is there.
func TestLintAsSARIF(t *testing.T) {
	o := padlab(t, "lint", filepath.Join("..", "..", "core", "onnx", "testdata", "residual.onnx"), "--format", "sarif", "--off", "border", "--max-told-apart", "0")
	var d struct {
		Schema, Version string
		Runs            []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID                                string
						ShortDescription, FullDescription struct{ Text string }
						DefaultConfiguration              struct{ Level string }
					}
				}
			}
			Invocations []struct {
				ExecutionSuccessful        *bool
				RuleConfigurationOverrides []struct {
					Descriptor    struct{ ID string }
					Configuration struct{ Enabled bool }
				}
			}
			Results []struct {
				RuleID, Kind, Level string
				RuleIndex           int
				Message             struct{ Text string }
				Locations           []struct {
					PhysicalLocation *struct{ ArtifactLocation struct{ URI string } }
					LogicalLocations []struct{ Name, FullyQualifiedName, Kind string }
				}
				PartialFingerprints map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(o.out), &d); err != nil || d.Version != "2.1.0" || len(d.Runs) != 1 || o.code != exitUnexpected {
		t.Fatalf("%d, %v: %s%s", o.code, err, o.err, o.out)
	}
	run := d.Runs[0]
	rules := lint.Rules()
	if run.Tool.Driver.Name != "padlab" || len(run.Tool.Driver.Rules) != len(rules) || len(run.Invocations) != 1 || !*run.Invocations[0].ExecutionSuccessful {
		t.Fatalf("%+v", run)
	}
	for i, r := range run.Tool.Driver.Rules {
		if r.ID != rules[i].ID || r.ShortDescription.Text == "" || r.FullDescription.Text == "" || !slices.Contains([]string{"none", "note", "warning", "error"}, r.DefaultConfiguration.Level) {
			t.Errorf("%+v", r)
		}
	}
	if over := run.Invocations[0].RuleConfigurationOverrides; len(over) != 1 || over[0].Descriptor.ID != "border" || over[0].Configuration.Enabled {
		t.Errorf("%+v", over)
	}
	failed := map[string]bool{}
	for _, r := range run.Results {
		if r.RuleID != rules[r.RuleIndex].ID || r.Message.Text == "" || len(r.Locations) != 1 || len(r.PartialFingerprints) == 0 || r.RuleID == "border" {
			t.Errorf("%+v", r)
		}
		if !slices.Contains([]string{"fail", "pass", "informational"}, r.Kind) || (r.Kind == "fail") != (r.Level == "error") || r.Kind != "fail" && r.Level != "none" {
			t.Errorf("kind %s with level %s", r.Kind, r.Level)
		}
		l := r.Locations[0]
		if l.PhysicalLocation == nil || !strings.HasSuffix(l.PhysicalLocation.ArtifactLocation.URI, "testdata/residual.onnx") || len(l.LogicalLocations) != 1 || l.LogicalLocations[0].Name == "" {
			t.Errorf("%+v", l)
		}
		failed[r.RuleID] = failed[r.RuleID] || r.Kind == "fail"
	}
	if !failed["told-apart"] {
		t.Errorf("%+v", run.Results)
	}
	if o := padlab(t, "lint", "rook", "--format", "sarif"); strings.Contains(o.out, "physicalLocation") || o.code != exitOK {
		t.Errorf("a network that is no file lies somewhere: %s", o.out)
	}
}

// A file says what flags say; flags go before it.
func TestLintPolicy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "limits.toml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	base := []string{"lint", "resnet18", "--config", file}
	for _, c := range []struct {
		text, args string
		code       int
		complaint  string
	}{
		{"off = [\"told-apart\"]\n[max]\nuneven-stride = 8\n", "", exitOK, ""},
		{"off = [\"told-apart\"]\n[max]\nuneven-stride = 7.5\n", "", exitUnexpected, "uneven-stride"},
		{"off = [\"told-apart\"]\n[max]\nuneven-stride = 8\n", "--max-uneven-stride 7", exitUnexpected, "uneven-stride"},
		{"off = [\"told-apart\"]\n[max]\nuneven-stride = 7\n", "--off uneven-stride", exitOK, ""},
		{"off = [\"told-apart\", \"uneven-stride\"]\n", "--max-uneven-stride 7", exitUnexpected, "uneven-stride"},
		{"of = [\"told-apart\"]\n", "", exitUsage, "limits.toml:1: unknown key of: off and [max] are allowed"},
		{"off = [\"told\"]\n", "", exitUsage, "limits.toml: unknown rule \"told\""},
		{"[max]\nseem = 0\n", "", exitUsage, "limits.toml: unknown rule \"seem\": did you mean \"seam\"?"},
		{"[max]\nseen = \"few\"\n", "", exitUsage, "limits.toml:2:"},
		{"[max]\nseen = nan\n", "", exitUsage, "the limit of rule seen must be a number from 0 on"},
		{"[max]\nposition = 0.3\n", "", exitUsage, "pictures have to be shown"},
		{"off = [\n", "", exitUsage, "limits.toml:"},
		{strings.Repeat("#", maxPolicy+1), "", exitUsage, "longer than 16384 bytes"},
	} {
		write(c.text)
		padlab(t, append(slices.Clone(base), strings.Fields(c.args)...)...).want(t, c.code, c.complaint)
	}
}

func TestLintRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args      []string
		complaint string
	}{
		{[]string{"lint"}, "lint takes an ONNX file, or the name of a network"},
		{[]string{"lint", "resnet81"}, `did you mean "resnet18"?`},
		{[]string{"lint", filepath.Join(dir, "none.onnx")}, "none.onnx: no such file or directory"},
		{[]string{"lint", "small", "--format", "xml"}, "format"},
		{[]string{"lint", "small", "--size", "5000"}, "--size must be an integer from 1 to 1024: 5000"},
		{[]string{"lint", "small", "--size", "2", "--padding", "reflect"}, "the smallest picture that works is"},
		{[]string{"lint", "small", "--off", "bordr"}, `--off: unknown rule "bordr": did you mean "border"?`},
		{[]string{"lint", "small", "--max-seen", "few"}, `--max-seen takes a number: "few"`},
		{[]string{"lint", "small", "--max-seen", "1", "--off", "seen"}, "rule seen is off, but there is a limit for it, too"},
		{[]string{"lint", "small", "--max-artifact", "1"}, "pictures have to be shown"},
		{[]string{"lint", "small", "--weights", "x"}, "--images DIR"},
		{[]string{"lint", "small", "--images", ""}, "--images needs a path, and is empty"},
		{[]string{"lint", "small", "--images", filepath.Join(dir, "none")}, "none: no such file or directory"},
		{[]string{"lint", "small", "--config", dir}, "not a regular file"},
		{[]string{"lint", "small", "--config", filepath.Join(dir, "none.toml")}, "none.toml: no such file or directory"},
	} {
		padlab(t, c.args...).want(t, exitUsage, c.complaint)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if o := within(t, &session{ctx: ended}, "lint", "resnet18"); o.code != exitInterrupted || o.out != "" {
		t.Errorf("%+v", o)
	}
}

// One filter of small fires where the pixel above is black, and so at the top of pictures
// that are bright alone: it is aware of padding, and no longer where that is a mirror.
func TestLintWithPictures(t *testing.T) {
	dir, weights := album(t, 5, 40), weightsOf(t, awareAtTheTop)
	var d lintShape
	o := padlab(t, "lint", "small", "--size", "16", "--weights", weights, "--images", dir, "--format", "json", "--max-aware-filters", "0.001", "--off", "told-apart")
	decode(t, o.out, &d)
	if o.code != exitUnexpected || !slices.Equal(d.Broken, []string{"aware-filters"}) || d.Photos != 5 || !d.Trained {
		t.Fatalf("%d, %s, %+v", o.code, o.err, d)
	}
	found := map[string]bool{}
	for _, r := range d.Rules {
		found[r.ID] = true
		if r.ID != "aware-filters" {
			continue
		}
		if len(r.Places) != 1 || r.Places[0].Name != "conv1" || *r.Places[0].Sides != [4]int{1, 0, 0, 0} {
			t.Errorf("%+v", r.Places)
		}
		var changes []string
		for _, m := range r.Mends {
			if changes = append(changes, m.Change); m.Value != 0 || !m.Mends {
				t.Errorf("%+v", m)
			}
		}
		if !slices.Equal(changes, []string{"reflect in every layer that pads", "circular in every layer that pads", "reflect in conv1"}) {
			t.Errorf("%q", changes)
		}
	}
	for _, r := range lint.Rules() {
		if found[r.ID] != (r.ID != "told-apart") {
			t.Errorf("rule %s: %t", r.ID, found[r.ID])
		}
	}
	broken := weightsOf(t, func(_ nn.Param, values []float32) { values[0] = float32(math.Inf(1)) })
	padlab(t, "lint", "small", "--size", "16", "--weights", broken, "--images", dir).want(t, exitUsage, "all must be finite")
}

// The README has the table of rules, and what a command prints, as they are.
func TestLintInReadme(t *testing.T) {
	const name = "../../README.md"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fresh := string(text)
	for mark, content := range map[string]string{
		"rules of lint":   report.LintRules(),
		"example of lint": "```\n" + padlab(t, "lint", "resnet18", "--off", "seam,foveation").out + "```\n",
	} {
		begin, end := "<!-- "+mark+", by go test ./tui/cli -run LintInReadme -update -->\n", "<!-- end of "+mark+" -->\n"
		before, rest, there := strings.Cut(fresh, begin)
		_, after, ends := strings.Cut(rest, end)
		if !there || !ends {
			t.Fatalf("%s has no place for the %s", name, mark)
		}
		fresh = before + begin + content + end + after
	}
	if *update {
		if err := os.WriteFile(name, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if fresh != string(text) {
		t.Errorf("%s is stale: go test ./tui/cli -run LintInReadme -update makes it anew", name)
	}
}

// Whatever a file of limits holds, it is read or refused.
func FuzzLintPolicy(f *testing.F) {
	for _, text := range []string{"off = [\"seen\"]\n[max]\nborder = 3\n", "[max]\nposition = 0.3", "off = 3", "[max", "max = { seen = inf }", "\xef\xbb\xbfoff = []"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePolicy("limits.toml", data)
		if err == nil && p.Check(true) != nil {
			t.Errorf("%q was read, but does not hold", data)
		}
	})
}
