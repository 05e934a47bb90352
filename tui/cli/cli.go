// Package cli is the command line: commands and flags, plain and
// machine-readable output, exit codes. It opens what an experiment needs (the
// preset, the images, the kernel) and hands it to lab, or to the screen.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"padlab/core/record"
	"padlab/tui/config"
)

// Main runs padlab with these arguments on the process's terminal and returns
// the exit code.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	movable := os.Getenv("TERM") != "dumb"
	s := &session{
		ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, disk: record.OS{},
		terminal: movable && term.IsTerminal(os.Stdin.Fd()) && term.IsTerminal(os.Stdout.Fd()),
		progress: movable && term.IsTerminal(os.Stderr.Fd()),
		left:     make(chan struct{}),
	}
	s.patience.Store(int64(ending))
	sleep := s.wake()
	done := make(chan int, 1)
	go func() {
		defer sleep()
		done <- run(s, args)
	}()
	select {
	case code := <-done:
		return code
	case <-s.left:
	case <-ctx.Done():
		stop() // a second signal ends the process at once
	}
	select {
	case code := <-done:
		return code
	case <-time.After(time.Duration(s.patience.Load())):
	}
	if ctx.Err() == nil {
		return exitOK
	}
	s.logf("interrupted in the middle of a step, which takes long; a record that is kept goes on from its last evaluation")
	return exitInterrupted
}

// ending is how long what is under way may take to end when it is told to. A step of
// a large network takes longer than anybody waits, and what was recorded by then is as
// safe as from a kill.
const ending = 700 * time.Millisecond

// run executes one command line.
func run(s *session, args []string) int {
	s.config = config.Default()
	root := s.root()
	root.SetArgs(append([]string{}, args...)) // cobra takes nil for the arguments of the process
	root.SetIn(s.in)
	root.SetOut(s)
	root.SetErr(s.err)
	err := root.ExecuteContext(s.ctx)
	if err == nil && s.broken != nil {
		err = failure{fmt.Errorf("the output cannot be written: %w", s.broken)}
	}
	if err == nil {
		return s.code
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	s.logf("%v", err)
	if failure := (failure{}); errors.As(err, &failure) {
		return exitFailed
	}
	return exitUsage
}

// root is the tree of commands with the flags that all of them share.
func (s *session) root() *cobra.Command {
	cobra.MousetrapHelpText = "" // a double click on Windows opens the screen, too
	f := runFlags{format: "text"}
	root := &cobra.Command{
		Use:   "padlab [PRESET|FILE|RECORD]",
		Short: "How does a convolutional network know where it is looking?",
		Long: `padlab trains small convolutional networks that differ in how they pad the
border of a picture, and draws how often each can say where it is looking
against the distance to the border.

Without a command it opens the screen on an experiment, a preset or a TOML
file, and trains it at once, or on the record of a run; without a terminal it
runs it and prints the result. Left out, it is the preset where-am-i, or what
padlab config names.`,
		Example: `  padlab
  padlab which-colour
  padlab my.toml --set canvas.grid=8 --seeds 3`,
		Args:              s.openable,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: func(*cobra.Command, []string) error {
			s.doing("working")
			return s.settleLook()
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := paths(c, "weights", "images"); err != nil {
				return err
			}
			s.configure()
			name := s.config.Preset
			if len(args) > 0 {
				name = args[0]
			}
			switch {
			case s.terminal && name == "-":
				return errors.New("the screen needs the standard input for keys: padlab run - reads an experiment from there")
			case s.terminal && !f.plain:
				return s.screen(name, f)
			}
			s.progress = s.progress && !f.plain
			if record.Exists(name) {
				return s.show(name, "text")
			}
			return s.run(f, name)
		},
	}
	f.changes(root.Flags())
	root.Flags().BoolVar(&f.noRecord, "no-record", false, "do not keep the runs of the screen")
	root.Flags().BoolVar(&f.noMouse, "no-mouse", false, "leave the mouse to the terminal")
	root.Flags().BoolVar(&f.plain, "plain", false, "lines in place of the screen, for screen readers: the same numbers at every evaluation")
	root.SetFlagErrorFunc(flagError)
	s.home = config.DataDir(s.getenv)
	s.flags = root.PersistentFlags()
	s.setting(&s.data, "data", "", "`DIR` of data sets, DIR/NAME/ each; left out: where datasets import and fetch put them")
	s.setting(&s.kernelName, "kernel", "", "`NAME` of the arithmetic; left out: the fastest here")
	s.setting(&s.workers, "workers", "0", "`N` workers share the training; 0: one per core")
	s.setting(&s.glyphs, "glyphs", "auto", "`SET` to draw curves with: braille, block, ascii or auto")
	s.setting(&s.look.theme, "theme", "auto", "`THEME` of the screen: light, dark or auto")
	s.flags.StringVar(&s.look.color, "color", "auto", "`WHEN` to use colour: auto (heeds NO_COLOR, CLICOLOR_FORCE), always or never")
	root.AddCommand(s.configCommand(), s.runCommand(), s.sweepCommand(), s.showCommand(), s.compareCommand(), s.exportCommand(), s.presetsCommand(), s.datasetsCommand(), s.schemesCommand(), s.inspectCommand(), s.lintCommand(), s.onnxCommand(), s.profileCommand(), s.benchCommand(), s.serveCommand(), s.versionCommand(), completionCommand(root))
	root.AddCommand(s.manCommand(root))
	root.SetHelpCommand(s.helpCommand(root))
	root.InitDefaultHelpCmd()
	s.showVersion(root)
	s.complete(root)
	if s.guest != nil {
		s.restrict(root)
	}
	return root
}
