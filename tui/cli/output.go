package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"padlab/core/border"
	"padlab/core/lab"
)

var formats = []string{"text", "json", "jsonl", "csv"}

// A reporter prints one run: events and progress as it goes, the result at the
// end.
type reporter struct {
	*session
	format, name string
	base         *lab.Experiment
	quiet        bool

	seen   map[string]int // the step of each arm's last reported evaluation
	line   bool           // a progress line stands on the terminal
	failed error          // the first write error; reported at the end
}

// begin announces the run.
func (r *reporter) begin(s *lab.Snapshot) {
	if r.quiet {
		return
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(r.err, "padlab: warning: %s\n", w)
	}
	slow := ""
	if s.Slow != "" {
		slow = " (slow: " + s.Slow + ")"
	}
	fmt.Fprintf(r.err, "padlab: %s, %d arms, kernel %s%s, %d workers\n", r.name, len(s.Arms), s.Kernel, slow, s.Workers)
}

// evaluated reports what was evaluated since the last call. It is called by
// the run's goroutine.
func (r *reporter) evaluated(s *lab.Snapshot) {
	if r.seen == nil {
		r.seen = map[string]int{}
		r.event(struct {
			Event      string          `json:"event"`
			Schema     int             `json:"schema"`
			Experiment *lab.Experiment `json:"experiment"`
			Warnings   []string        `json:"warnings"`
		}{"start", 1, s.Experiment, append([]string{}, s.Warnings...)})
	}
	for _, a := range s.Arms {
		if last, ok := r.seen[a.Name]; a.EvalStep < 0 || (ok && last == a.EvalStep) {
			continue
		}
		r.seen[a.Name] = a.EvalStep
		r.event(struct {
			Event    string           `json:"event"`
			Arm      string           `json:"arm"`
			Step     int              `json:"step"`
			Scores   []border.Score   `json:"scores"`
			Profiles []border.Profile `json:"profiles"`
			Maps     []border.Map     `json:"maps"`
		}{"eval", a.Name, a.EvalStep, a.Scores, a.Profiles, a.Maps})
	}
	if !r.session.progress && !r.quiet && !s.Status.Ended() {
		fmt.Fprintln(r.err, progressLine(s))
	}
}

// event prints one line of jsonl.
func (r *reporter) event(v any) {
	if r.format != "jsonl" || r.failed != nil {
		return
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic("cli: " + err.Error())
	}
	_, r.failed = r.out.Write(append(data, '\n'))
}

// progress rewrites the progress line of a terminal.
func (r *reporter) progress(s *lab.Snapshot) {
	if r.quiet || !r.session.progress {
		return
	}
	r.line = true
	fmt.Fprintf(r.err, "\r\x1b[K%s", progressLine(s))
}

func (r *reporter) clearLine() {
	if r.line {
		fmt.Fprint(r.err, "\r\x1b[K")
	}
}

// progressLine is one line without a newline.
func progressLine(s *lab.Snapshot) string {
	var b strings.Builder
	step := 0
	for _, a := range s.Arms {
		step = max(step, a.Step)
	}
	fmt.Fprintf(&b, "step %d/%d", step, s.Experiment.Train.Steps)
	for _, a := range s.Arms {
		if len(a.Scores) > 0 {
			fmt.Fprintf(&b, "  %s %s", a.Name, accuracy(a.Scores[0].Value))
		}
	}
	if s.SamplesPerSecond > 0 {
		fmt.Fprintf(&b, "  %.0f samples/s", s.SamplesPerSecond)
	}
	if s.Fraction > 0.02 {
		left := time.Duration(float64(s.Elapsed) * (1 - s.Fraction) / s.Fraction)
		fmt.Fprintf(&b, "  %v left", left.Round(time.Second))
	}
	return b.String()
}

// end prints the result.
func (r *reporter) end(s *lab.Snapshot, result lab.Result) error {
	if r.failed != nil {
		return written(r.failed)
	}
	result.Provenance.Version, result.Provenance.Go, result.Provenance.Arch = version(), runtime.Version(), runtime.GOARCH
	switch r.format {
	case "json":
		data, err := json.MarshalIndent(result, "", " ")
		if err != nil {
			panic("cli: " + err.Error())
		}
		return r.print("%s\n", data)
	case "jsonl":
		r.event(struct {
			Event string `json:"event"`
			lab.Result
		}{"result", result})
		return written(r.failed)
	case "csv":
		return written(writeCSV(r, result))
	}
	return r.print("%s", text(r.name, r.base, s, result))
}

func writeCSV(r *reporter, result lab.Result) error {
	w := csv.NewWriter(r.out)
	w.Write([]string{"arm", "seed", "metric", "target", "images", "unit", "distance", "n", "value", "low", "high", "chance"})
	seed := strconv.FormatUint(result.Experiment.Seed, 10)
	for _, a := range result.Arms {
		for _, s := range a.Scores {
			w.Write([]string{a.Name, seed, s.Metric, "", s.Images, "", "", strconv.Itoa(s.N), cell(s.Value), cell(s.Low), cell(s.High), cell(s.Chance)})
		}
		for _, p := range a.Profiles {
			for _, d := range p.Rings {
				w.Write([]string{a.Name, seed, p.Metric, "", p.Images, p.Unit, strconv.Itoa(d.Distance), strconv.Itoa(d.N), cell(d.Value), cell(d.Low), cell(d.High), cell(d.Chance)})
			}
		}
	}
	w.Flush()
	return w.Error() // the writer keeps the first error
}

// cell is empty for not-a-number.
func cell(n border.Number) string {
	if math.IsNaN(float64(n)) {
		return ""
	}
	return strconv.FormatFloat(float64(n), 'g', -1, 64)
}

// text is the result for a person.
func text(name string, base *lab.Experiment, s *lab.Snapshot, result lab.Result) string {
	var b strings.Builder
	e := s.Experiment
	fmt.Fprintf(&b, "%s (%s, seed %d)\n%s\n", e.Title, name, e.Seed, e.About)
	if e.Paper != "" {
		fmt.Fprintf(&b, "Paper: %s\n", e.Paper)
	}
	b.WriteString("\nHow often the network can say where the patch is, with 95 % intervals over images:\n")
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	rings := 0
	for _, a := range result.Arms {
		for _, p := range a.Profiles {
			rings = max(rings, len(p.Rings))
		}
	}
	header := "arm\tall cells"
	for d := range rings {
		header += "\t" + distance(d)
	}
	fmt.Fprintln(t, header+"\tchance")
	for _, a := range result.Arms {
		if len(a.Scores) == 0 {
			fmt.Fprintf(t, "%s\t%s before the first evaluation\n", a.Name, a.Status)
			continue
		}
		score := a.Scores[0]
		line := a.Name + "\t" + withInterval(score.Value, score.Low, score.High)
		for d := range rings {
			line += "\t"
			if p := a.Profiles[0].Rings; d < len(p) {
				line += withInterval(p[d].Value, p[d].Low, p[d].High)
			}
		}
		line += "\t" + accuracy(score.Chance)
		if a.Status != lab.Done {
			line += fmt.Sprintf("\t%s after %d of %d steps, evaluated after %d", a.Status, a.Steps, e.Train.Steps, a.EvalStep)
		}
		fmt.Fprintln(t, line)
	}
	t.Flush()
	for _, w := range result.Warnings {
		fmt.Fprintf(&b, "\nwarning: %s\n", w)
	}
	if len(result.Expectations) > 0 {
		b.WriteString("\nExpected:\n")
	}
	for _, x := range result.Expectations {
		answer := "held"
		if !x.Held {
			answer = "did not hold"
		}
		fmt.Fprintf(&b, "  %s: %s\n", x.Text, answer)
	}
	fmt.Fprintf(&b, "\nAgain: %s\n", oneLine(name, base, e))
	return b.String()
}

func distance(d int) string {
	switch d {
	case 0:
		return "at the border"
	case 1:
		return "1 cell away"
	}
	return fmt.Sprintf("%d cells away", d)
}

// oneLine is the command that repeats an experiment.
func oneLine(name string, base, e *lab.Experiment) string {
	line := fmt.Sprintf("padlab run %s --seed %d", name, e.Seed)
	for _, c := range e.Changes(base) {
		if strings.ContainsAny(c, "()* ") {
			c = "'" + c + "'"
		}
		line += " --set " + c
	}
	return line
}

func accuracy(n border.Number) string { return fmt.Sprintf("%.3f", float64(n)) }

func withInterval(value, low, high border.Number) string {
	if math.IsNaN(float64(low)) {
		return accuracy(value)
	}
	return fmt.Sprintf("%s [%.2f, %.2f]", accuracy(value), float64(low), float64(high))
}
