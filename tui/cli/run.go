package cli

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/record"
)

type runFlags struct {
	set       []string
	full      bool
	seed, out string
	seeds     string
	weights   string
	images    string
	format    string
	resume    bool
	expect    bool
	quiet     bool

	noRecord, noMouse, plain bool // of the screen
}

// changed reports whether a flag changes the experiment.
func (f *runFlags) changed() bool {
	return f.weights != "" || f.images != "" || f.seed != "" || f.seeds != "" || len(f.set) > 0 || f.full
}

// runCommand is padlab run and its flags.
func (s *session) runCommand() *cobra.Command {
	f := runFlags{}
	c := &cobra.Command{
		Use:   "run PRESET|FILE|-",
		Short: "Run an experiment without a screen",
		Long: `Run trains all arms of an experiment and prints the border profiles: a preset
by its name (see padlab presets), a TOML file, or - for the standard input.
Data goes to the standard output, progress to the standard error. Ctrl-C prints
what there is.

With --out the run is kept in a folder, with checkpoints: after it was stopped or
killed, --resume goes on from there and ends with the same bits.`,
		Example: `  padlab run where-am-i
  padlab run where-am-i --seed 3 --set canvas.grid=7 --set net.padding=zeros,reflect
  padlab run my.toml --format json >result.json
  padlab run table1 --weights squeezenet1_0.safetensors`,
		Args: func(c *cobra.Command, args []string) error {
			if f.resume && len(args) == 0 {
				return nil // the record knows
			}
			return one("the name of a preset, a file, or -")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := paths(c, "weights", "images", "out"); err != nil {
				return err
			}
			if len(args) == 0 {
				return s.resume(f)
			}
			return s.run(f, args[0])
		},
	}
	flags := c.Flags()
	f.changes(flags)
	flags.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text, json, jsonl or csv")
	flags.StringVar(&f.out, "out", "", "`DIR` for a record of the run: experiment.toml, events.jsonl, weights, result.json")
	flags.BoolVar(&f.resume, "resume", false, "go on with the run in --out, from its last checkpoint; without PRESET it is the one that the record has")
	flags.BoolVar(&f.expect, "expect", false, "exit with 3 when an expectation of the experiment does not hold")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress on the standard error")
	return c
}

// changes are the flags that change an experiment.
func (f *runFlags) changes(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.set, "set", nil, "change a field, `KEY=VALUE`; several values (a,b) make arms")
	flags.BoolVar(&f.full, "full", false, "the experiment at its full size, nearer to the paper, where it says what that is; what --set says counts besides")
	flags.StringVar(&f.seed, "seed", "", "`N`, the seed of all random draws; left out: the experiment's")
	flags.StringVar(&f.seeds, "seeds", "", "train every arm `n` times, from that seed, the next, and so on, and show means; left out: the experiment's")
	flags.StringVar(&f.weights, "weights", "", "`FILE` (safetensors) whose network is read out, in place of one that is trained")
	flags.StringVar(&f.images, "images", "", "`DIR` with photographs to read positions out of; left out: those that ship")
}

// change does what --weights, --images, --full, --set, --seed and --seeds say, in this
// order.
func (s *session) change(e *experiment.Experiment, f runFlags) error {
	for _, c := range []struct{ flag, key, text string }{{"weights", "net.weights", f.weights}, {"images", "data.photos", f.images}} {
		if c.text == "" {
			continue
		}
		if err := e.Set(c.key, c.text); err != nil {
			return fmt.Errorf("--%s: %w", c.flag, err)
		}
	}
	if f.full {
		if err := e.Enlarge(); err != nil {
			return fmt.Errorf("--full: %w", err)
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
		if err := e.Set("seed", f.seed); err != nil {
			return err
		}
	}
	if f.seeds != "" {
		return e.Set("seeds", f.seeds)
	}
	return nil
}

// provenance is what only the command line knows of a run. The command runs the
// same in any shell, whatever its environment is.
func (s *session) provenance(name string, base *experiment.Experiment) func(*experiment.Experiment) record.Provenance {
	return func(e *experiment.Experiment) record.Provenance {
		command := "padlab run " + e.OneLine(name, base)
		if name == "-" {
			command = "padlab run -"
		}
		if s.data != "" {
			command += " --data " + experiment.Quote(s.data)
		}
		if s.kernelName != "" {
			command += " --kernel " + experiment.Quote(s.kernelName)
		}
		if name == "-" { // what came in is gone
			command += " <<'END'\n" + string(e.TOML()) + "END"
		}
		return record.Provenance{Version: version(), Go: runtime.Version(), Arch: runtime.GOARCH, Name: name, Command: command}
	}
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
	if s.guest != nil {
		if err := s.guest.rules.check(name, base, e); err != nil {
			return err
		}
	}
	o := lab.Options{Provenance: s.provenance(name, base)}
	switch {
	case f.resume:
		return s.goOn(f, e, o)
	case f.out != "":
		if err := record.Free(f.out); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		o.Record = func(first *lab.Snapshot) (*record.Writer, error) {
			w, err := record.Create(s.disk, f.out, first.Experiment, first.Provenance, first.Warnings)
			return w, atStart(err)
		}
	}
	return s.execute(f, e, o)
}

// resume goes on with the experiment of a record.
func (s *session) resume(f runFlags) error {
	if err := oneOf("format", f.format, formats...); err != nil {
		return err
	}
	if f.out == "" {
		return errors.New("--resume goes on with the run in --out DIR")
	}
	r, err := record.Open(f.out)
	if err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	if f.changed() {
		return errors.New("--resume: a run goes on as it began: it takes no --full, --set, --seed, --seeds, --weights or --images")
	}
	was := r.Provenance
	return s.goOn(f, r.Experiment, lab.Options{Provenance: func(*experiment.Experiment) record.Provenance {
		return record.Provenance{Version: version(), Go: runtime.Version(), Arch: runtime.GOARCH, Name: was.Name, Command: was.Command}
	}})
}

// goOn runs an experiment from where its record in --out stands; where there is
// none, from the start.
func (s *session) goOn(f runFlags, e *experiment.Experiment, o lab.Options) error {
	if f.out == "" {
		return errors.New("--resume goes on with the run in --out DIR")
	}
	if !record.Exists(f.out) {
		o.Record = func(first *lab.Snapshot) (*record.Writer, error) {
			w, err := record.Create(s.disk, f.out, first.Experiment, first.Provenance, first.Warnings)
			return w, atStart(err)
		}
		return s.execute(f, e, o)
	}
	r, err := record.Open(f.out)
	if err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	if r.Ended() {
		if !f.quiet {
			s.logf("%s: this run has ended; this is what it found", f.out)
		}
		s.printResult(f.format, *r.Result)
		return nil
	}
	o.From = r
	o.Record = func(first *lab.Snapshot) (*record.Writer, error) {
		w, err := record.Resume(s.disk, r, first.Warnings)
		return w, atStart(err)
	}
	return s.execute(f, e, o)
}

// atStart is the error of a record that cannot be begun. A folder that cannot be
// written is the user's to choose; a disk that is full or broken is nobody's.
func atStart(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EIO):
		return failure{fmt.Errorf("the record cannot be written: %w", err)}
	}
	return fmt.Errorf("--out: %w", err)
}

// execute runs an experiment and prints what it finds.
func (s *session) execute(f runFlags, e *experiment.Experiment, o lab.Options) error {
	pool, done, err := s.pool()
	if err != nil {
		return err
	}
	defer done()
	leave, err := s.admit()
	if err != nil {
		return err
	}
	defer leave()
	evaluated := make(chan *lab.Snapshot)
	o.Evaluated = func(s *lab.Snapshot) { evaluated <- s }
	if f.quiet {
		s.pulse.hush()
	}
	preparing := s.doing("preparing %s", o.Provenance(e).Name)
	run, err := lab.Start(s.ctx, pool, e, o)
	preparing.done()
	if err != nil {
		return err
	}
	report := &reporter{session: s, format: f.format, quiet: f.quiet}
	report.begin(run.Snapshot())
	last := s.follow(run, evaluated, report)
	if last.Status == lab.Failed {
		fmt.Fprintln(s.err, last.Stack)
		return failure{fmt.Errorf("a fault in padlab itself: %s", last.Failure)}
	}
	result := last.Result()
	s.printResult(f.format, result)
	if err := run.RecordError(); err != nil {
		return failure{fmt.Errorf("the record cannot be written: %w", err)}
	}
	s.judge(last, result, f.expect)
	return nil
}

// follow reports a run until it has ended and returns its last snapshot. An
// interruption stops it, and so does an output that cannot be written.
func (s *session) follow(run *lab.Run, evaluated <-chan *lab.Snapshot, report *reporter) *lab.Snapshot {
	training := s.doing("training")
	defer training.done()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	interrupted := s.ctx.Done()
	for {
		select {
		case now := <-evaluated:
			if report.evaluated(now); s.broken != nil {
				run.Stop()
			}
		case <-tick.C:
			report.progress(run.Snapshot(), training)
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
func (s *session) judge(last *lab.Snapshot, result record.Result, expect bool) {
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
