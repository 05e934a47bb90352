package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"padlab/core/record"
	"padlab/core/sweep"
	"padlab/tui/figure"
	"padlab/tui/report"
	"padlab/tui/whole"
)

type exportFlags struct {
	figure, csv, what, arm string
	where                  []string
	force                  bool
}

// exportCommand is padlab export and its flags.
func (s *session) exportCommand() *cobra.Command {
	f := exportFlags{what: figure.Profile}
	c := &cobra.Command{
		Use:   "export DIR",
		Short: "Draw what a run has found as a figure, or write its numbers to a file",
		Long: `Export draws a figure of a run that was kept with --out: the border profiles of
all arms with their intervals, the map of one arm, the loss, or what one arm
knows without some of its neurons. The name of the file says the format: SVG,
PNG or PDF. Arms differ by marker and dashes as well as by colour. The same run
gives the same bytes.

Of a sweep over two keys, or one, the figure is the heat map of the means of the
score that says most; --csv is what sweep merge --format csv prints. --where holds
a key to one of its values: a sweep over three keys has a map for each value of one.`,
		Example: `  padlab export results/ --figure profile.svg
  padlab export results/ --figure map.png --what map --arm reflect
  padlab export results/ --csv numbers.csv
  padlab export sweep/ --figure black.svg --where canvas.fill=black`,
		Args: one("the folder of a record"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := paths(c, "figure", "csv"); err != nil {
				return err
			}
			if f.figure == "" && (c.Flags().Changed("what") || c.Flags().Changed("arm")) {
				return see(c, errors.New("--what and --arm say what --figure FILE draws"))
			}
			return s.export(args[0], f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.figure, "figure", "", "`FILE` for the figure: .svg, .png or .pdf")
	flags.StringVar(&f.what, "what", f.what, "`KIND` of figure: profile, map, loss, bars or neurons")
	flags.StringVar(&f.arm, "arm", "", "`NAME` of the arm whose map or neurons are drawn; left out: the first")
	flags.StringArrayVar(&f.where, "where", nil, "`KEY=VALUE`: of a sweep, only where a key that varies has that value (repeatable)")
	flags.StringVar(&f.csv, "csv", "", "`FILE` for the scores and profiles: .csv")
	flags.BoolVar(&f.force, "force", false, "write over a file that is there")
	return c
}

// export checks everything that the command line says before it writes anything.
func (s *session) export(folder string, f exportFlags) error {
	if f.figure == "" && f.csv == "" {
		return errors.New("export takes --figure FILE, or --csv FILE, or both (see padlab export --help)")
	}
	for _, x := range []struct {
		path    string
		endings []string
	}{{f.figure, figure.Formats()}, {f.csv, []string{figure.CSV}}} {
		if x.path == "" {
			continue
		}
		if _, err := figure.Ending(x.path, x.endings...); err != nil {
			return err
		}
		if err := figure.New(x.path); err != nil && !f.force {
			return fmt.Errorf("%w; --force writes over it", err)
		}
	}
	if sweep.Exists(folder) && !record.Exists(folder) {
		return s.exportSweep(folder, f)
	}
	if len(f.where) > 0 {
		return fmt.Errorf("%s holds no sweep: --where chooses among the values that one varies", folder)
	}
	r, err := openRecord(folder)
	if err != nil {
		return err
	}
	found := r.Found()
	if found == nil {
		return fmt.Errorf("%s: the run was killed before its first checkpoint: there is nothing to export", folder)
	}
	var drawn *figure.Figure
	if f.figure != "" {
		if drawn, err = figure.Of(*found, f.what, f.arm); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	if !r.Ended() {
		s.logf("this run has not ended: padlab run --resume --out %s goes on with it", folder)
	}
	if drawn != nil {
		if err := drawn.Save(f.figure); err != nil {
			return unwritten(f.figure, err)
		}
	}
	if f.csv != "" {
		if err := figure.Numbers(*found, f.csv); err != nil {
			return unwritten(f.csv, err)
		}
	}
	return nil
}

// exportSweep is export of the folder of a sweep.
func (s *session) exportSweep(folder string, f exportFlags) error {
	t, err := sweep.Collect(folder)
	if err != nil {
		return err
	}
	for _, w := range f.where {
		key, value, ok := strings.Cut(w, "=")
		if !ok {
			return fmt.Errorf("--where %s: want KEY=VALUE", report.Visible(w))
		}
		if t, err = t.Where(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return fmt.Errorf("--where %s: %w", report.Visible(w), err)
		}
	}
	if f.figure != "" {
		if f.what != figure.Map && f.what != figure.Profile { // which is what it is when it is left out
			return fmt.Errorf("%s holds a sweep, of which there is a map, and no %s", folder, f.what)
		}
		drawn, err := figure.OfSweep(t, f.arm)
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		if err := drawn.Save(f.figure); err != nil {
			return unwritten(f.figure, err)
		}
	}
	if f.csv != "" {
		err := whole.Write(f.csv, func(w io.Writer) error {
			report.SweepCSV(w, t) // the file's buffer keeps what went wrong
			return nil
		})
		if err != nil {
			return unwritten(f.csv, err)
		}
	}
	if !t.Complete() {
		s.logf("%d of %s ended, not all of them well: padlab sweep merge %s says which did not", t.Ended, report.Count(t.Cells, "cell"), folder)
	}
	return nil
}

// unwritten is the error of a file that cannot be written; where its folder is
// missing or closed, that is the user's to choose.
func unwritten(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return onFile(path, err)
	}
	return failure{onFile(path, err)}
}
