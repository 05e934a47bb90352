package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/names"
	"padlab/datasets"
	"padlab/presets"
)

const defaultPreset = presets.Default

type runFlags struct {
	set    []string
	seed   int64
	format string
	expect bool
	quiet  bool
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
  padlab run my.toml --format json >result.json`,
		Args: exactly(1, "the name of a preset, a file, or -"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("format", f.format, formats...); err != nil {
				return err
			}
			return s.runPreset(f, args[0])
		},
	}
	flags := c.Flags()
	flags.StringArrayVar(&f.set, "set", nil, "change a field, `key=value`; several values (a,b) make arms")
	flags.Int64Var(&f.seed, "seed", -1, "seed of all random draws; −1: the experiment's")
	flags.StringVar(&f.format, "format", "text", "text, json, jsonl or csv")
	flags.BoolVar(&f.expect, "expect", false, "exit with 3 when an expectation of the experiment does not hold")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress on the standard error")
	return c
}

// exactly is cobra.ExactArgs with a sentence that says what is missing.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return fmt.Errorf("%s takes %s (see %s --help)", c.CommandPath(), what, c.CommandPath())
		}
		return nil
	}
}

// load reads an experiment: a preset, a file, or the standard input for "-".
func (s *session) load(name string) (*lab.Experiment, error) {
	if data, ok := presets.Read(name); ok {
		return lab.Parse("preset "+name, data)
	}
	if name == "-" {
		data, err := io.ReadAll(io.LimitReader(s.in, lab.MaxFile+1))
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return lab.Parse("standard input", data)
	}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, `./\`) {
		return nil, names.Unknown("preset", name, presets.Names())
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return nil, fmt.Errorf("%s: a folder, not an experiment file", name)
	}
	data, err := io.ReadAll(io.LimitReader(file, lab.MaxFile+1))
	if err != nil {
		return nil, err
	}
	return lab.Parse(name, data)
}

// open returns the images of an experiment.
func (s *session) open(e *lab.Experiment) (*images.Set, error) {
	return datasets.Open(e.Data.Set, s.data)
}

// runPreset is padlab run.
func (s *session) runPreset(f runFlags, name string) error {
	base, err := s.load(name)
	if err != nil {
		return err
	}
	e := base.Clone()
	if f.seed >= 0 {
		f.set = append(f.set, fmt.Sprint("seed=", f.seed))
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
	set, err := s.open(e)
	if err != nil {
		return err
	}
	pool, err := s.pool()
	if err != nil {
		return err
	}
	defer pool.Close()
	report := &reporter{session: s, format: f.format, name: name, base: base, quiet: f.quiet}
	run, err := lab.Start(e, lab.Inputs{Set: set, Pool: pool, Now: time.Now, Evaluated: report.evaluated})
	if err != nil {
		return err
	}
	report.begin(run.Snapshot())
	interrupted := false
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for ended := false; !ended; {
		select {
		case <-run.Done():
			ended = true
		case <-s.ctx.Done():
			interrupted = true
			run.Stop()
			<-run.Done()
			ended = true
		case <-tick.C:
			report.progress(run.Snapshot())
		}
	}
	last := run.Snapshot()
	report.clearLine()
	if last.Status == lab.Failed {
		return failure{fmt.Errorf("a fault in padlab itself: %s\n%s", last.Failure, last.Stack)}
	}
	result := last.Result()
	if err := report.end(last, result); err != nil {
		return err
	}
	switch {
	case interrupted:
		s.code = exitInterrupted
	case last.Status == lab.Diverged:
		s.code = exitFailed
		for _, a := range last.Arms {
			if a.Problem != "" {
				fmt.Fprintf(s.err, "padlab: arm %s diverged: %s\n", a.Name, a.Problem)
			}
		}
	case f.expect:
		for _, x := range result.Expectations {
			if !x.Held {
				s.code = exitUnexpected
				fmt.Fprintf(s.err, "padlab: did not hold: %s\n", x.Text)
			}
		}
	}
	return nil
}
