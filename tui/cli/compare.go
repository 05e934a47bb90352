package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"padlab/core/record"
	"padlab/core/sweep"
	"padlab/tui/report"
)

// compareCommand is padlab compare and its flags.
func (s *session) compareCommand() *cobra.Command {
	format := "text"
	c := &cobra.Command{
		Use:   "compare DIR…",
		Short: "Line runs and sweeps up: what each found, and in what their experiments differ",
		Long: `Compare prints, of runs that were kept with --out, in what the experiment of each
differs from that of the first, and a table of the score of every arm that says
most, with its interval. Of a run that has not ended it is what there was at its
last checkpoint. Of a sweep, every combination stands for an arm, with its mean over
seeds.`,
		Example: "  padlab compare a/ b/ c/\n  padlab compare runs/* --format csv",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return see(c, errors.New("compare takes the folders of two records or sweeps, or more"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("format", format, "text", "json", "csv"); err != nil {
				return err
			}
			return s.compare(args, format)
		},
	}
	c.Flags().StringVar(&format, "format", format, "`FORMAT` of the output: text, json or csv")
	return c
}

// compare reads all records before it prints anything.
func (s *session) compare(folders []string, format string) error {
	var c report.Comparison
	for _, folder := range folders {
		if sweep.Exists(folder) && !record.Exists(folder) {
			p, err := sweep.Open(folder)
			if err != nil {
				return err
			}
			t, err := sweep.Collect(folder)
			if err != nil {
				return err
			}
			c.AddSweep(folder, p, t)
			continue
		}
		r, err := openRecord(folder)
		if err != nil {
			return err
		}
		found := r.Found()
		if found == nil {
			return fmt.Errorf("%s: the run was killed before its first checkpoint: there is nothing to compare", folder)
		}
		c.Add(folder, *found, r.Ended())
	}
	switch format {
	case "json":
		s.Write(jsonLine(c))
	case "csv":
		c.CSV(s)
	default:
		fmt.Fprint(s, c)
	}
	return nil
}
