package cli

import (
	"fmt"

	"padlab/core/lab"
	"padlab/core/record"
	"padlab/tui/report"
)

var formats = []string{"text", "json", "jsonl", "csv"}

// A reporter tells of one run while it goes: events, and how far it is.
type reporter struct {
	*session
	format string
	quiet  bool

	seen map[string]int // the step of each arm's last reported evaluation
	line bool           // a progress line stands on the terminal
}

// begin announces the run.
func (r *reporter) begin(s *lab.Snapshot) {
	r.seen = map[string]int{}
	r.event(record.StartOf(s.Experiment, s.Warnings))
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
	p := s.Provenance
	r.logf("%s, %s, kernel %s%s, %s", p.Name, report.Count(len(s.Arms), "arm"), p.Kernel, slow, report.Count(p.Workers, "worker"))
}

// evaluated reports what was evaluated since the last call.
func (r *reporter) evaluated(s *lab.Snapshot) {
	for _, a := range s.Arms {
		if last, ok := r.seen[a.Name]; a.EvalStep < 0 || ok && last == a.EvalStep {
			continue
		}
		r.seen[a.Name] = a.EvalStep
		r.event(record.EvalOf(a.Result()))
	}
	if !r.session.progress && !r.quiet && !s.Status.Ended() {
		fmt.Fprintln(r.err, report.Progress(s))
	}
}

// event is one line of jsonl.
func (r *reporter) event(line []byte) {
	if r.format == "jsonl" {
		r.Write(line)
	}
}

// progress rewrites the progress line of a terminal, cut at its right border;
// elsewhere it is what is said when nothing else is for long.
func (r *reporter) progress(s *lab.Snapshot, training *work) {
	training.now(report.Progress(s))
	if r.session.progress && !r.quiet {
		r.line = true
		fmt.Fprintf(r.err, "\r\x1b[K\x1b[?7l%s\x1b[?7h", report.Progress(s))
	}
}

// clearLine takes the progress line away, so that what follows stands alone.
func (r *reporter) clearLine() {
	if r.line {
		fmt.Fprint(r.err, "\r\x1b[K")
	}
}

// printResult prints a result in one of the formats; of jsonl it is the last
// line.
func (s *session) printResult(format string, result record.Result) {
	switch format {
	case "text":
		fmt.Fprint(s, report.Text(result))
	case "json":
		s.Write(result.Document())
	case "jsonl":
		s.Write(record.EndOf(result))
	case "csv":
		report.CSV(s, result)
	}
}
