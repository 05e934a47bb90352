// Package cli is the command line: commands and flags, plain and
// machine-readable output, exit codes. It opens what an experiment needs (the
// preset, the images, the kernel) and hands it to lab, or to the screen.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"padlab/core/record"
	"padlab/presets"
	"padlab/tui/report"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1 // failed or diverged
	exitUsage       = 2 // usage, or a bad file
	exitUnexpected  = 3 // an expectation did not hold
	exitInterrupted = 130
)

// A session is one command line with what it may use of the world outside.
type session struct {
	ctx      context.Context
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	disk     record.Disk
	terminal bool // a person sits at in and out, and the cursor can be moved
	progress bool // err is a terminal on which a line can be rewritten

	code   int   // what to exit with when no error was returned
	broken error // why out cannot be written, once it cannot

	flags                     *pflag.FlagSet // those of all commands:
	data, kernelName, workers string
	look                      look
}

// Write prints to the output. It never fails: the first error, such as a full
// disk, is kept, what follows is dropped, and run tells it at the end.
func (s *session) Write(p []byte) (int, error) {
	if s.broken == nil {
		_, s.broken = s.out.Write(p)
	}
	return len(p), nil
}

// logf writes one message, on one line whatever a file or an argument put
// into it.
func (s *session) logf(format string, args ...any) {
	fmt.Fprintln(s.err, "padlab: "+report.Visible(fmt.Sprintf(format, args...)))
}

// failure is an error that is not the user's: it exits with 1.
type failure struct{ error }

// Main runs padlab with these arguments on the process's terminal and returns
// the exit code.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	movable := os.Getenv("TERM") != "dumb"
	return run(&session{
		ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, disk: record.OS{},
		terminal: movable && term.IsTerminal(os.Stdin.Fd()) && term.IsTerminal(os.Stdout.Fd()),
		progress: movable && term.IsTerminal(os.Stderr.Fd()),
	}, args)
}

// run executes one command line.
func run(s *session, args []string) int {
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
	root := &cobra.Command{
		Use:   "padlab",
		Short: "How does a convolutional network know where it is looking?",
		Long: `padlab trains small convolutional networks that differ in how they pad the
border of a picture, and draws how often each can say where it is looking
against the distance to the border.

Without a command it opens the screen and trains the preset where-am-i at
once; without a terminal it runs that preset and prints the result.`,
		Args:              nothing,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: func(*cobra.Command, []string) error { return s.checkLook() },
		RunE: func(*cobra.Command, []string) error {
			if s.terminal {
				return s.screen()
			}
			return s.run(runFlags{format: "text"}, presets.Default)
		},
	}
	root.SetFlagErrorFunc(flagError)
	s.flags = root.PersistentFlags()
	s.setting(&s.data, "data", "", "`DIR` with more data sets, DIR/NAME/ each")
	s.setting(&s.kernelName, "kernel", "", "`NAME` of the arithmetic; left out: the fastest here")
	s.setting(&s.workers, "workers", "0", "`N` workers share the training; 0: one per core")
	s.setting(&s.look.glyphs, "glyphs", "braille", "`SET` to draw curves with: braille, block or ascii")
	s.setting(&s.look.theme, "theme", "auto", "`THEME` of the screen: light, dark or auto")
	s.flags.StringVar(&s.look.color, "color", "auto", "`WHEN` to use colour: auto (heeds NO_COLOR, CLICOLOR_FORCE), always or never")
	root.AddCommand(s.runCommand(), s.showCommand(), s.presetsCommand(), s.datasetsCommand(), s.schemesCommand(), s.inspectCommand(), s.benchCommand(), s.versionCommand(), completionCommand(root))
	root.SetHelpCommand(helpCommand(root))
	return root
}

// setting adds a flag of all commands that an environment variable stands in
// for.
func (s *session) setting(at *string, name, fallback, usage string) {
	if value := s.getenv(variable(name)); value != "" {
		fallback = value
	}
	s.flags.StringVar(at, name, fallback, usage+" ("+variable(name)+")")
}

// variable is the environment variable that stands in for a flag.
func variable(flag string) string { return "PADLAB_" + strings.ToUpper(flag) }

// origin says where the value of a setting was written.
func (s *session) origin(flag string) string {
	if !s.flags.Changed(flag) && s.getenv(variable(flag)) != "" {
		return variable(flag)
	}
	return "--" + flag
}
