package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"padlab/core/experiment"
	"padlab/core/record"
	"padlab/core/sweep"
)

// showCommand is padlab show and its flags.
func (s *session) showCommand() *cobra.Command {
	format := "text"
	c := &cobra.Command{
		Use:   "show DIR",
		Short: "Print the record of a run, as run did",
		Long: `Show prints what a run that was kept with --out has found, as padlab run printed
it. Of one that was killed, or still goes on, it prints what there was at its last
checkpoint.`,
		Args: one("the folder of a record"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("format", format, formats...); err != nil {
				return err
			}
			return s.show(args[0], format)
		},
	}
	c.Flags().StringVar(&format, "format", format, "`FORMAT` of the output: text, json, jsonl or csv")
	return c
}

// show prints a record.
func (s *session) show(folder, format string) error {
	r, err := openRecord(folder)
	if err != nil {
		return err
	}
	if !r.Ended() {
		s.logf("this run has not ended: padlab run --resume --out %s goes on with it", folder)
	}
	if format == "jsonl" { // the last line is the result, once there is one
		events, err := r.Events()
		if err != nil {
			return err
		}
		s.Write(events)
		return nil
	}
	found := r.Found()
	if found == nil {
		return fmt.Errorf("%s: the run was killed before its first checkpoint: there is nothing to show", folder)
	}
	s.printResult(format, *found)
	return nil
}

// openRecord reads the record of a run; of the folder of a sweep it says where those
// are.
func openRecord(folder string) (*record.Record, error) {
	if sweep.Exists(folder) && !record.Exists(folder) {
		return nil, fmt.Errorf("%s holds a sweep: padlab sweep merge %s prints its table; the records of its cells are in %s", folder, experiment.Quote(folder), sweep.Cells(folder))
	}
	return record.Open(folder)
}
