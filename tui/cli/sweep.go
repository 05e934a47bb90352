package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/record"
	"padlab/core/sweep"
	"padlab/tui/report"
)

type sweepFlags struct {
	runFlags
	vary        []string
	jobs, tasks int
	shard       string

	plan, slurm, submit bool
}

var sweepFormats = []string{"text", "json", "csv", "markdown"}

// sweepCommand is padlab sweep with its flags and its subcommand.
func (s *session) sweepCommand() *cobra.Command {
	f := sweepFlags{}
	c := &cobra.Command{
		Use:   "sweep PRESET|FILE",
		Short: "Run an experiment over values of its fields and over seeds",
		Long: `Sweep runs an experiment with every combination of the values that --vary gives,
each with so many seeds, and prints a table: means over seeds with 95 % intervals,
and differences between values on the same seeds. What varies in the experiment
itself makes arms of every cell, as in padlab run; a key of --vary is taken out of
that. --plan prints the numbered cells, and what they take, and runs nothing.

Every cell is kept in a folder of its own in --out. After the sweep was stopped or
killed, --resume goes on with what is left and ends with the same table.

--shard 2/5 runs every fifth cell, from the second on, on any machine, into the
same folder or another; padlab sweep merge puts shards together, to the same bytes
as without. Left out, it is taken from SLURM_ARRAY_TASK_ID and what stands beside it;
with --shard /5 from JOB_COMPLETION_INDEX, too. --slurm writes scripts for a job
array of Slurm and for the merge behind it, and --submit submits them.`,
		Example: `  padlab sweep where-am-i --vary canvas.grid=6,8 --seeds 5 --out sweep/
  padlab sweep where-am-i --vary net.padding=zeros,reflect --seeds 10 --plan
  padlab sweep --resume --out sweep/
  padlab sweep merge sweep/ --format markdown
  padlab sweep how-far --vary canvas.fill=black,white --seeds 10 --out sweep/ --slurm --submit`,
		Args: func(c *cobra.Command, args []string) error {
			if f.resume && len(args) == 0 {
				return nil // the folder knows
			}
			return one("the name of a preset, or a file")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := paths(c, "weights", "images", "out"); err != nil {
				return err
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return s.sweep(f, name)
		},
	}
	flags := c.Flags()
	f.changes(flags)
	flags.StringArrayVar(&f.vary, "vary", nil, "a field and the values that it takes in turn, `KEY=a,b`; several of them make every combination")
	flags.IntVar(&f.jobs, "jobs", 0, "run `N` cells at once; 0: as many as there are workers, one each")
	flags.StringVar(&f.shard, "shard", "", "run every N-th cell alone, from the I-th on, `I/N`; /N takes I from a job array")
	flags.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text, json, csv or markdown")
	flags.StringVar(&f.out, "out", "", "`DIR` for the plan and the records of all cells")
	flags.BoolVar(&f.resume, "resume", false, "go on with the sweep in --out; without PRESET it is the one that the folder has")
	flags.BoolVar(&f.plan, "plan", false, "print the cells, and what they take, and run nothing")
	flags.BoolVar(&f.slurm, "slurm", false, "write scripts for Slurm into --out, and run nothing")
	flags.BoolVar(&f.submit, "submit", false, "with --slurm: submit them by sbatch")
	flags.IntVar(&f.tasks, "tasks", 0, "with --slurm: an array of `N` tasks; 0: one for each cell, at most 1000")
	flags.BoolVar(&f.quiet, "quiet", false, "no plan and no progress on the standard error")
	c.AddCommand(s.mergeCommand())
	return c
}

// mergeCommand is padlab sweep merge.
func (s *session) mergeCommand() *cobra.Command {
	format := "text"
	c := &cobra.Command{
		Use:   "merge DIR…",
		Short: "Print the table of a sweep, or of its shards put together",
		Long: `Merge prints the table of the sweep that is kept in these folders: the same bytes,
whichever of them holds which cells. Cells that have not been run, or have not come
to a good end, are listed, and the exit code is then 1. CSV has a row for each
score, each ring of a border profile and each difference; JSON the values of all
seeds besides.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return see(c, errors.New("sweep merge takes the folder of a sweep, or those of its shards"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("format", format, sweepFormats...); err != nil {
				return err
			}
			return s.printSweep(format, args...)
		},
	}
	c.Flags().StringVar(&format, "format", format, "`FORMAT` of the output: text, json, csv or markdown")
	return c
}

// printSweep prints the table of a sweep, and sets the exit code.
func (s *session) printSweep(format string, dirs ...string) error {
	defer s.doing("reading the sweep in %s", strings.Join(dirs, ", ")).done()
	t, err := sweep.Collect(dirs...)
	if err != nil {
		return err
	}
	switch format {
	case "text":
		fmt.Fprint(s, report.SweepText(t))
	case "json":
		s.Write(jsonLine(t))
	case "csv":
		report.SweepCSV(s, t)
	case "markdown":
		fmt.Fprint(s, report.SweepMarkdown(t))
	}
	if !t.Complete() && s.broken == nil {
		s.code = exitFailed
		s.logf("%s of %d ended, not all of them well: the table says which did not", report.Count(t.Ended, "cell"), t.Cells)
	}
	return nil
}

// check returns what is wrong with the flags together.
func (f *sweepFlags) check(name string) error {
	if err := oneOf("format", f.format, sweepFormats...); err != nil {
		return err
	}
	switch {
	case f.jobs < 0 || f.jobs > maxWorkers:
		return fmt.Errorf("--jobs must be an integer from 1 to %d, or 0 for as many as there are workers: %d", maxWorkers, f.jobs)
	case f.out == "" && name == "":
		return errors.New("--resume goes on with the sweep in --out DIR")
	case f.out == "" && !f.plan:
		return errors.New("a sweep is kept in --out DIR; with --plan nothing is run")
	case f.plan && f.format != "text":
		return errors.New("--plan is printed as text: it takes no --format")
	case f.submit && !f.slurm:
		return errors.New("--submit submits what --slurm writes")
	case f.tasks != 0 && !f.slurm:
		return errors.New("--tasks is how many --slurm makes")
	}
	return nil
}

// sweep is padlab sweep: everything that can be wrong is told before anything is
// written.
func (s *session) sweep(f sweepFlags, name string) error {
	if err := f.check(name); err != nil {
		return err
	}
	if f.quiet {
		s.pulse.hush()
	}
	shard, err := s.shard(f.shard)
	if err != nil {
		return err
	}
	if shard.Count > 0 && f.slurm {
		return errors.New("--slurm makes shards itself: it takes no --shard, and does not work inside of a job array")
	}
	p, err := s.planned(f, name)
	if err != nil {
		return err
	}
	cells := shard.Of(p)
	if !f.plan {
		if err := s.mayGoOn(f, shard, p); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		cells = slices.DeleteFunc(cells, func(c sweep.Cell) bool { return c.Ended(f.out) })
	}
	jobs, pool, err := s.sweepPool(f.jobs, len(cells))
	if err != nil {
		return err
	}
	defer pool.Close()
	costs, err := s.costs(pool, p, cells, f.quiet && !f.plan)
	if err != nil {
		return err
	}
	if f.plan {
		s.printPlan(p, cells, costs, jobs, pool.Workers())
		return nil
	}
	token := strconv.Itoa(os.Getpid()) + "-" + rand.Text()[:8]
	if err := p.Keep(s.disk, f.out, token); err != nil {
		return atStart(err)
	}
	if f.slurm {
		return s.slurm(f, p, costs, token)
	}
	if shard.Count == 0 {
		lock, err := sweep.Lock(s.disk, f.out)
		if err != nil {
			return atStart(err)
		}
		defer lock.Close()
	}
	if !f.quiet {
		s.announce(p, shard, cells, costs, jobs, pool.Workers())
	}
	return s.runSweep(f, shard, pool, costs, p, sweep.Options{
		Dir: f.out, Disk: s.disk, Host: hostName(), Token: token, Cells: shard.Of(p), Jobs: jobs, Memory: sweepMemory(),
		Bytes: func(c sweep.Cell) int64 { return costs.of[c.Combination].Bytes }, Provenance: s.sweepProvenance(p),
	})
}

// planned is the plan that the flags say, or that of the folder.
func (s *session) planned(f sweepFlags, name string) (*sweep.Plan, error) {
	if name == "" {
		if f.changed() || len(f.vary) > 0 {
			return nil, errors.New("--resume: a sweep goes on as it began: without PRESET it takes no --vary, --full, --set, --seed, --seeds, --weights or --images")
		}
		return sweep.Open(f.out)
	}
	if name == "-" {
		return nil, errors.New("a sweep takes the name of a preset, or a file: what comes from the standard input is gone when it goes on")
	}
	e, err := s.load(name)
	if err != nil {
		return nil, err
	}
	if err := s.change(e, f.runFlags); err != nil {
		return nil, err
	}
	var factors []sweep.Factor
	for _, text := range f.vary {
		factor, err := sweep.ParseFactor(text)
		if err != nil {
			return nil, fmt.Errorf("--vary %s: %w", text, err)
		}
		factors = append(factors, factor)
	}
	return sweep.New(name, e, factors, s.resolve)
}

// resolve lets weights, and networks from files, say what they are of.
func (s *session) resolve(e *experiment.Experiment) error {
	if e.Net.Weights == "" && !experiment.IsGraph(e.Net.Arch) {
		return nil
	}
	pool, done, err := s.pool()
	if err != nil {
		return err
	}
	defer done()
	return pool.Resolve(e)
}

// mayGoOn returns an error when a folder holds a run, or another sweep, or this one
// and the command line does not say that it goes on with it.
func (s *session) mayGoOn(f sweepFlags, shard sweep.Shard, p *sweep.Plan) error {
	if !sweep.Exists(f.out) {
		return record.Free(f.out)
	}
	if err := p.Same(f.out); err != nil {
		return fmt.Errorf("%w; take another folder", err)
	}
	if f.resume || f.slurm || shard.Count > 0 {
		return nil
	}
	name := experiment.Quote(f.out)
	return fmt.Errorf("%s holds this sweep already: padlab sweep --resume --out %s goes on with what is left of it, padlab sweep merge %s prints its table", f.out, name, name)
}

// sweepPool is a pool for so many cells at once, and how many those are: workers
// are shared out among them.
func (s *session) sweepPool(jobs, cells int) (int, *lab.Pool, error) {
	workers, err := s.crewSize()
	if err != nil {
		return 0, nil, err
	}
	if jobs == 0 {
		jobs = workers
	}
	jobs = max(1, min(jobs, cells))
	k, err := s.kernel()
	if err != nil {
		return 0, nil, err
	}
	pool := lab.NewPool(k, max(1, workers/jobs), time.Now, s.sources())
	pool.Limit(sweepMemory())
	pool.Crews(jobs)
	return jobs, pool, nil
}

// sweepMemory is how many bytes all cells that are run at once may take.
func sweepMemory() int64 { return machineMemory() / 10 * 9 }

// sweepProvenance says how to run a cell again by itself.
func (s *session) sweepProvenance(p *sweep.Plan) func(*experiment.Experiment) func(*experiment.Experiment) record.Provenance {
	name := p.Name
	base, err := s.load(name)
	if err != nil { // it is gone, or was another machine's
		name, base = "-", experiment.Default()
	}
	return func(*experiment.Experiment) func(*experiment.Experiment) record.Provenance {
		return s.provenance(name, base)
	}
}

// hostName is the name of this machine as part of a file's.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unknown"
	}
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, name)
}

// runSweep runs the cells and prints what they found.
func (s *session) runSweep(f sweepFlags, shard sweep.Shard, pool *lab.Pool, c costs, p *sweep.Plan, o sweep.Options) error {
	events := make(chan sweepEvent)
	o.Began = func(cell sweep.Cell, r *lab.Run) { events <- sweepEvent{cell: cell, run: r} }
	o.Ended = func(cell sweep.Cell, e sweep.Ended) { events <- sweepEvent{cell: cell, ended: &e} }
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = sweep.Run(s.ctx, pool, p, o)
	}()
	progress := sweepProgress{session: s, plan: p, cells: o.Cells, costs: c, quiet: f.quiet, running: map[int]*lab.Run{}, began: time.Now()}
	progress.follow(events, done)
	name := experiment.Quote(f.out)
	switch {
	case err != nil:
		return failure{fmt.Errorf("the sweep cannot be written: %w (%d of %s ended and stay; padlab sweep --resume --out %s goes on)", err, progress.ended, report.Count(len(o.Cells), "cell"), name)}
	case s.ctx.Err() != nil && progress.ended < len(o.Cells):
		s.code = exitInterrupted
		s.logf("interrupted: %d of %s ended; padlab sweep --resume --out %s goes on with the others", progress.ended, report.Count(len(o.Cells), "cell"), name)
		return nil
	case shard.Count == 0:
		return s.printSweep(f.format, f.out)
	}
	if !f.quiet {
		s.logf("shard %s: %s of %d ended; padlab sweep merge %s prints the table of all shards that are there", shard, report.Count(progress.ended, "cell"), len(o.Cells), name)
	}
	if progress.bad > 0 {
		s.code = exitFailed
		s.logf("%s of shard %s did not come to a good end", report.Count(progress.bad, "cell"), shard)
	}
	return nil
}
