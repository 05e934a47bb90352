package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"time"

	"padlab/core/lab"
	"padlab/core/metric"
)

var formats = []string{"text", "json", "jsonl", "csv"}

// A reporter tells of one run: events and progress as it goes, the result at
// the end.
type reporter struct {
	*session
	format, name string
	base         *lab.Experiment // as it was loaded
	images       string          // the folder of photographs
	quiet        bool
	record       *record // nil without --out

	seen map[string]int // the step of each arm's last reported evaluation
	line bool           // a progress line stands on the terminal
}

// lost reports whether nobody will see what the run finds.
func (r *reporter) lost() bool { return r.broken != nil || r.record.failed() != nil }

// begin announces the run.
func (r *reporter) begin(s *lab.Snapshot) {
	r.seen = map[string]int{}
	r.event(struct {
		Event      string          `json:"event"`
		Schema     int             `json:"schema"`
		Experiment *lab.Experiment `json:"experiment"`
		Warnings   []string        `json:"warnings"`
	}{"start", 1, s.Experiment, append([]string{}, s.Warnings...)})
	if r.quiet {
		return
	}
	for _, w := range s.Warnings {
		r.logf("warning: %s", w)
	}
	slow := ""
	if s.Slow != "" {
		slow = " (slow: " + s.Slow + ")"
	}
	r.logf("%s, %s, kernel %s%s, %s", r.name, count(len(s.Arms), "arm"), s.Kernel, slow, count(s.Workers, "worker"))
}

// evaluated reports what was evaluated since the last call.
func (r *reporter) evaluated(s *lab.Snapshot) {
	for _, a := range s.Arms {
		if last, ok := r.seen[a.Name]; a.EvalStep < 0 || (ok && last == a.EvalStep) {
			continue
		}
		r.seen[a.Name] = a.EvalStep
		r.event(struct {
			Event    string           `json:"event"`
			Arm      string           `json:"arm"`
			Step     int              `json:"step"`
			Scores   []metric.Score   `json:"scores"`
			Profiles []metric.Profile `json:"profiles"`
			Maps     []metric.Map     `json:"maps"`
		}{"eval", a.Name, a.EvalStep, a.Scores, a.Profiles, a.Maps})
	}
	if !r.session.progress && !r.quiet && !s.Status.Ended() {
		fmt.Fprintln(r.err, progressLine(s))
	}
}

// event is one line of jsonl.
func (r *reporter) event(v any) {
	line := jsonLine(v)
	if r.format == "jsonl" {
		r.Write(line)
	}
	r.record.event(line)
}

// progress rewrites the progress line of a terminal, cut at its right border.
func (r *reporter) progress(s *lab.Snapshot) {
	if r.session.progress && !r.quiet {
		r.line = true
		fmt.Fprintf(r.err, "\r\x1b[K\x1b[?7l%s\x1b[?7h", progressLine(s))
	}
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
	fmt.Fprintf(&b, "step %d/%d", step, s.Steps())
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

// end prints the result, after it was recorded, and returns it.
func (r *reporter) end(s *lab.Snapshot) lab.Result {
	result := s.Result()
	result.Provenance.Version, result.Provenance.Go, result.Provenance.Arch = version(), runtime.Version(), runtime.GOARCH
	r.event(struct {
		Event string `json:"event"`
		lab.Result
	}{"result", result})
	document := jsonDocument(result)
	r.record.finish(document)
	switch r.format {
	case "text":
		fmt.Fprint(r, text(r.name, r.oneLine(s.Experiment), result))
	case "json":
		r.Write(document)
	case "csv":
		writeCSV(r, result)
	}
	return result
}

// jsonDocument is v over many lines.
func jsonDocument(v any) []byte {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic("cli: " + err.Error())
	}
	return append(data, '\n')
}
