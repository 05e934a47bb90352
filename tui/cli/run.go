package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"padlab/core/lab"
)

type runFlags struct {
	set       []string
	seed, out string
	weights   string
	images    string
	format    string
	expect    bool
	quiet     bool
}

func (s *session) runCommand() *cobra.Command {
	f := runFlags{}
	c := &cobra.Command{
		Use:   "run PRESET|FILE|-",
		Short: "Run an experiment without a screen",
		Long: `Run trains all arms of an experiment and prints the border profiles: a preset
by its name (see padlab presets), a TOML file, or - for the standard input.
Data goes to the standard output, progress to the standard error. Ctrl-C prints
what there is.`,
		Example: `  padlab run where-am-i
  padlab run where-am-i --seed 3 --set canvas.grid=7 --set net.padding=zeros,reflect
  padlab run my.toml --format json >result.json
  padlab run table1 --weights squeezenet1_0.safetensors`,
		Args: one("the name of a preset, a file, or -"),
		RunE: func(_ *cobra.Command, args []string) error { return s.run(f, args[0]) },
	}
	flags := c.Flags()
	flags.StringArrayVar(&f.set, "set", nil, "change a field, `KEY=VALUE`; several values (a,b) make arms")
	flags.StringVar(&f.seed, "seed", "", "`N`, the seed of all random draws; left out: the experiment's")
	flags.StringVar(&f.weights, "weights", "", "`FILE` (safetensors) whose network is read out, in place of one that is trained")
	flags.StringVar(&f.images, "images", "", "`DIR` with photographs to read positions out of; left out: those that ship")
	flags.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text, json, jsonl or csv")
	flags.StringVar(&f.out, "out", "", "`DIR` for a record: experiment.toml, events.jsonl, result.json")
	flags.BoolVar(&f.expect, "expect", false, "exit with 3 when an expectation of the experiment does not hold")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress on the standard error")
	return c
}

// change does what --weights, --set and --seed say, in this order.
func (s *session) change(e *lab.Experiment, f runFlags) error {
	if f.weights != "" {
		if err := s.freeze(e, f.weights); err != nil {
			return fmt.Errorf("--weights: %w", err)
		}
	}
	for _, change := range f.set {
		key, text, ok := strings.Cut(change, "=")
		if !ok {
			return fmt.Errorf("--set takes key=value: %q", change)
		}
		if err := e.SetAll(strings.TrimSpace(key), strings.TrimSpace(text)); err != nil {
			return fmt.Errorf("--set %s: %w", change, err)
		}
	}
	if f.seed != "" {
		return e.Set("seed", f.seed)
	}
	return nil
}

// run is padlab run.
func (s *session) run(f runFlags, name string) error {
	if err := oneOf("format", f.format, formats...); err != nil {
		return err
	}
	base, err := s.load(name)
	if err != nil {
		return err
	}
	e := base.Clone()
	if err := s.change(e, f); err != nil {
		return err
	}
	pool, err := s.pool()
	if err != nil {
		return err
	}
	defer pool.Close()
	in, release, err := s.inputs(e, f.images)
	if err != nil {
		return err
	}
	defer release()
	in.Pool, in.Now = pool, time.Now
	report := &reporter{session: s, format: f.format, name: name, base: base, images: f.images, quiet: f.quiet}
	if f.out != "" {
		if _, err := lab.Check(e, in); err != nil {
			return err // before a folder is made for it
		}
		if report.record, err = openRecord(s.disk, f.out, e); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		defer report.record.close()
	}
	evaluated := make(chan *lab.Snapshot)
	in.Evaluated = func(s *lab.Snapshot) { evaluated <- s }
	run, err := lab.Start(e, in)
	if err != nil {
		return err
	}
	report.begin(run.Snapshot())
	last := s.follow(run, evaluated, report)
	if last.Status == lab.Failed {
		fmt.Fprintln(s.err, last.Stack)
		return failure{fmt.Errorf("a fault in padlab itself: %s", last.Failure)}
	}
	result := report.end(last)
	if err := report.record.failed(); err != nil {
		return failure{fmt.Errorf("the record cannot be written: %w", err)}
	}
	s.judge(last, result, f.expect)
	return nil
}

// follow reports a run until it has ended and returns its last snapshot. An
// interruption stops it, and so does an output that cannot be written.
func (s *session) follow(run *lab.Run, evaluated <-chan *lab.Snapshot, report *reporter) *lab.Snapshot {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	interrupted := s.ctx.Done()
	for {
		select {
		case now := <-evaluated:
			if report.evaluated(now); report.lost() {
				run.Stop()
			}
		case <-tick.C:
			report.progress(run.Snapshot())
		case <-interrupted:
			run.Stop()
			interrupted = nil
		case <-run.Done():
			report.clearLine()
			return run.Snapshot()
		}
	}
}

// judge sets the exit code and says on the standard error what made it so.
func (s *session) judge(last *lab.Snapshot, result lab.Result, expect bool) {
	switch {
	case s.broken != nil: // that is what counts
	case last.Status == lab.Stopped:
		s.code = exitInterrupted
	case last.Status == lab.Diverged:
		s.code = exitFailed
		for _, a := range last.Arms {
			if a.Status == lab.Diverged {
				s.logf("arm %s diverged: %s", a.Name, a.Problem)
			}
		}
	case expect:
		for _, x := range result.Expectations {
			if !x.Held {
				s.code = exitUnexpected
				s.logf("did not hold: %s", x.Text)
			}
		}
	}
}
