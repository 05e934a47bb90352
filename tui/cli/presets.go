package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"padlab/core/lab"
	"padlab/presets"
	"padlab/tui/report"
	"padlab/tui/view"
)

// presetsCommand is padlab presets with its subcommands.
func (s *session) presetsCommand() *cobra.Command {
	list := &cobra.Command{
		Use:   "list",
		Short: "List the presets",
		Args:  nothing,
		RunE:  func(*cobra.Command, []string) error { return s.listPresets() },
	}
	show := &cobra.Command{
		Use:   "show NAME",
		Short: "Print a preset as a file to start from",
		Args:  one("the name of a preset"),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := s.load(args[0])
			if err != nil {
				return err
			}
			s.Write(e.TOML())
			return nil
		},
	}
	check := &cobra.Command{
		Use:   "check FILE",
		Short: "Say whether an experiment file can be run",
		Args:  one("a file"),
		RunE:  func(_ *cobra.Command, args []string) error { return s.checkPreset(args[0]) },
	}
	return group("presets", "List, show and check experiments", list, show, check)
}

// group is a command that only has subcommands; alone it does what the first
// of them does.
func group(name, short string, first *cobra.Command, rest ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  nothing,
		RunE:  func(*cobra.Command, []string) error { return first.RunE(first, nil) },
	}
	c.AddCommand(first)
	c.AddCommand(rest...)
	return c
}

// listPresets prints a line for each preset that ships.
func (s *session) listPresets() error {
	var rows report.Table
	for _, name := range presets.Names() {
		e, err := s.load(name)
		if err != nil {
			return err
		}
		arms, err := e.Expand()
		if err != nil {
			return err
		}
		rows.Add(name, e.Title, report.Count(len(arms), "arm"))
	}
	fmt.Fprint(s, rows)
	return nil
}

// checkPreset builds an experiment without running it.
func (s *session) checkPreset(name string) error {
	e, err := s.load(name)
	if err != nil {
		return err
	}
	pool, done, err := s.pool()
	if err != nil {
		return err
	}
	defer done()
	defer s.doing("measuring what %s takes", name).done()
	cost, warnings, err := lab.Estimate(s.ctx, pool, e, time.Second)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, w := range warnings {
		fmt.Fprintf(s, "warning: %s\n", w)
	}
	arms, err := e.Expand()
	if err != nil {
		return err
	}
	more := ""
	if cost.Stages {
		more = " until the networks are frozen, and then the read-outs"
	}
	fmt.Fprintf(s, "%s: fine, %s, %.0f MB of memory, about %s here%s\n", report.Visible(name), report.Count(len(arms), "arm"), float64(cost.Bytes)/1e6, view.Duration(cost.Time), more)
	return nil
}
