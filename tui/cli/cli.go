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
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"padlab/core/lab"
	"padlab/core/names"
	"padlab/core/nn/kernel"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1 // failed or diverged
	exitUsage       = 2 // usage, or a bad file
	exitUnexpected  = 3 // an expectation did not hold
	exitInterrupted = 130
)

// A session is what a command may use of the world outside.
type session struct {
	ctx      context.Context
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	terminal bool // a person sits at in and out, and the cursor can be moved
	progress bool // err is a terminal on which a line can be rewritten

	code int // what to exit with when no error was returned

	// flags of all commands
	data, kernel string
	workers      int
	look         look
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
		ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv,
		terminal: movable && term.IsTerminal(os.Stdin.Fd()) && term.IsTerminal(os.Stdout.Fd()),
		progress: movable && term.IsTerminal(os.Stderr.Fd()),
	}, args)
}

// run executes one command line.
func run(s *session, args []string) int {
	root := s.root()
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(s.ctx)
	if err == nil {
		return s.code
	}
	fmt.Fprintf(s.err, "padlab: %v\n", err)
	if failure := (failure{}); errors.As(err, &failure) {
		return exitFailed
	}
	return exitUsage
}

func (s *session) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "padlab",
		Short: "How does a convolutional network know where it is looking?",
		Long: `padlab trains small convolutional networks that differ in how they pad the
border of a picture, and draws how often each can say where it is looking
against the distance to the border.

Without a command it opens the screen and trains the preset where-am-i at
once; without a terminal it runs that preset and prints the result.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(*cobra.Command, []string) error {
			if s.terminal {
				return s.screen()
			}
			return s.runPreset(runFlags{format: "text"}, defaultPreset)
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&s.data, "data", s.getenv("PADLAB_DATA"), "folder with more data sets, DIR/NAME/ each (PADLAB_DATA)")
	flags.StringVar(&s.kernel, "kernel", s.getenv("PADLAB_KERNEL"), "how to compute; empty: the fastest here (PADLAB_KERNEL)")
	flags.IntVar(&s.workers, "workers", 0, "workers that share the training; 0: one per core (PADLAB_WORKERS)")
	s.look.flags(flags, s.getenv)
	root.AddCommand(s.runCommand(), s.presetsCommand(), s.datasetsCommand(), s.schemesCommand(), s.versionCommand())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w (see %s --help)", err, c.CommandPath())
	})
	return root
}

// pool starts the crew that the flags and the environment ask for.
func (s *session) pool() (*lab.Pool, error) {
	workers, from := s.workers, "--workers"
	if text := s.getenv("PADLAB_WORKERS"); workers == 0 && text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("PADLAB_WORKERS must be a whole number: %q", text)
		}
		workers, from = n, "PADLAB_WORKERS"
	}
	if workers < 0 || workers > maxWorkers {
		return nil, fmt.Errorf("%s must be in 1 … %d, or 0 for one per core: %d", from, maxWorkers, workers)
	}
	if workers == 0 {
		workers = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	k, err := kernel.Select(s.kernel)
	if err != nil {
		return nil, err
	}
	return lab.NewPool(k, workers), nil
}

const maxWorkers = 256

func (s *session) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return s.print("padlab %s, %s, %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// print writes to the output; an error there, such as a full disk, is a
// failure.
func (s *session) print(format string, args ...any) error {
	_, err := fmt.Fprintf(s.out, format, args...)
	return written(err)
}

func written(err error) error {
	if err != nil {
		return failure{fmt.Errorf("the output cannot be written: %w", err)}
	}
	return nil
}

// oneOf checks the value of a flag with a few words to choose from.
func oneOf(flag, value string, words ...string) error {
	for _, w := range words {
		if value == w {
			return nil
		}
	}
	return names.Unknown(flag, value, words)
}
