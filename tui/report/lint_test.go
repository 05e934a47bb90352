package report

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"padlab/core/lint"
	"padlab/core/nn"
)

// A report of a network with a name that no terminal should be sent, whose numbers are
// not known, infinite, and within a limit.
func lintReport() *lint.Report {
	rule := func(id string) lint.Rule {
		r, err := lint.Find(id)
		if err != nil {
			panic(err)
		}
		return r
	}
	return &lint.Report{
		Network: "evil\x1b[2J.onnx", Padding: "zeros", Extent: "same", In: nn.Shape{H: 8, W: 9, C: 3}, Photos: 2, Random: true, Off: []string{"seam"},
		Findings: []lint.Finding{
			{Rule: rule(lint.ToldApart), Value: math.NaN(), Most: 0, Verdict: "Not known: it is too large."},
			{Rule: rule(lint.Artifacts), Value: math.Inf(1), Most: math.Inf(1), Verdict: "It stands out.", Places: []lint.Place{{Name: "a\x07", Says: "top"}, {Name: "b", Says: "left"}, {Name: "c", Says: "top"}}},
			{Rule: rule(lint.Seen), Value: .25, Most: .5, Verdict: "A quarter.", Mends: []lint.Mend{{Change: "no padding", Value: 0, Mends: true}, {Change: "reflect in b", Value: .125}}},
		},
	}
}

func TestLintText(t *testing.T) {
	const want = `evil [2J.onnx with padding zeros (same) on 8×9×3, shown 2 photographs with
random weights (seed 1), which have learned nothing

broken told-apart: not known, at most 0 (1 if it can, 0 if it is blind)
  Not known: it is too large.

found artifact: ∞ (largest contrast to the middle)
  It stands out.
    top
      a , c
    left
      b

kept seen: 0.25, at most 0.5 (share of the outputs)
  A quarter.
  No padding would mend it: then 0.
  Reflect in b would lessen it: then 0.125.

A rule is broken: told-apart. Off: seam.
`
	if got := Lint(lintReport()); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestLintFormats(t *testing.T) {
	data, err := json.Marshal(LintedOf(lintReport()))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"broken":["told-apart"],"off":["seam"]`, `"value":null,"most":0,"broken":true`, `"value":0.25,"most":0.5,"broken":false`, `"photographs":2,"trained":false`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
	s := SARIFOf(lintReport(), `models\a b.onnx`, "1")
	if n := len(s.Runs[0].Results); n != 5 { // a place each, and one of the network where there is none
		t.Errorf("%d results", n)
	}
	data, err = json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"uri":"models/a%20b.onnx"`, `"kind":"fail","level":"error"`, `"kind":"pass","level":"none"`, `A quarter. No padding would mend it: then 0. Reflect in b would lessen it: then 0.125.`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
	if strings.ContainsAny(string(data), "\x1b\x07") || strings.Contains(string(data), `\u001b`) {
		t.Errorf("control characters in %s", data)
	}
}
