package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/spf13/pflag"

	"padlab/core/record"
	"padlab/tui/config"
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
	home                      string // where data sets lie, unless data says otherwise; empty: nowhere
	look                      look
	glyphs                    string // as asked for, auto among them; look has what that came to

	left     chan struct{} // is closed when a person has left the screen; nil: nobody waits for that
	patience atomic.Int64  // how long the process waits for what is under way, in nanoseconds

	pulse *pulse // which speaks when the command is silent for long; nil: it may be

	guest *guest // whose command line this is; nil: somebody's on this machine

	config config.Config // of this machine, once configure has read it; until then the default
}

// Write prints to the output. It never fails: the first error, such as a full
// disk, is kept, what follows is dropped, and run tells it at the end.
func (s *session) Write(p []byte) (int, error) {
	if s.broken == nil {
		_, s.broken = s.out.Write(p)
	}
	s.pulse.heard()
	return len(p), nil
}

// logf writes one message, on one line whatever a file or an argument put
// into it.
func (s *session) logf(format string, args ...any) {
	fmt.Fprintln(s.err, "padlab: "+report.Visible(fmt.Sprintf(format, args...)))
}

// failure is an error that is not the user's: it exits with 1.
type failure struct{ error }

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
