package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"padlab/core/names"
	"padlab/presets"
)

// see points to the help of a command.
func see(c *cobra.Command, err error) error {
	return fmt.Errorf("%w (see %s --help)", err, c.CommandPath())
}

// command is what a command is called within padlab: "presets show".
func command(c *cobra.Command) string { return strings.TrimPrefix(c.CommandPath(), "padlab ") }

// nothing is the rule of commands without arguments. What follows a command
// that has subcommands should have been one of them.
func nothing(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case c.HasSubCommands():
		return unknownCommand(c, args[0])
	}
	return see(c, fmt.Errorf("%s takes no arguments: %q", command(c), args[0]))
}

// openable is the rule of padlab itself: a preset or a file, or nothing. A word
// that is neither should have been a command, or one of the presets.
func (s *session) openable(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := args[0]
	_, shipped := presets.Read(word)
	_, err := os.Stat(word)
	switch {
	case !shipped && err != nil && !strings.ContainsAny(word, `./\`):
		near := func(list []string) bool { return names.Nearest(word, list) != "" }
		if near(presets.Names()) && !near(namesOf(c.Commands())) {
			return see(c, names.Unknown("preset", word, presets.Names()))
		}
		return unknownCommand(c, word)
	case len(args) > 1:
		return see(c, fmt.Errorf("padlab opens one experiment: %q is one too many", args[1]))
	}
	return nil
}

// one is the rule of commands with one argument; what says which.
func one(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return see(c, fmt.Errorf("%s takes %s", command(c), what))
		}
		return nil
	}
}

// unknownCommand is the error for a word where a command should stand.
func unknownCommand(c *cobra.Command, word string) error {
	kind := "command"
	if c.HasParent() {
		kind = command(c) + " command"
	}
	return see(c, names.Unknown(kind, word, namesOf(c.Commands())))
}

// namesOf are the names of commands that help shows.
func namesOf(commands []*cobra.Command) (list []string) {
	for _, c := range commands {
		if !c.Hidden {
			list = append(list, c.Name())
		}
	}
	return list
}

// flagError words what is wrong with a flag.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case c.HasSubCommands() && c.Flags().NArg() > 0 && c.Args(c, c.Flags().Args()) != nil: // the flag may be right and the command wrong
		return c.Args(c, c.Flags().Args())
	case errors.As(err, &unknown):
		err = unknownFlag(c, unknown)
	case errors.As(err, &missing):
		err = fmt.Errorf("--%s needs a value", missing.GetSpecifiedName())
	case errors.As(err, &invalid): // all others are texts, and checked by their commands
		err = fmt.Errorf("--%s takes %s: %q", invalid.GetFlag().Name, kindOf(invalid.GetFlag()), invalid.GetValue())
	}
	return see(c, err)
}

// unknownFlag is the error for a flag that a command does not have.
func unknownFlag(c *cobra.Command, e *pflag.NotExistError) error {
	if short := e.GetSpecifiedShortnames(); short != "" {
		return fmt.Errorf("unknown flag -%s", short)
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if nearest := names.Nearest(e.GetSpecifiedName(), known); nearest != "" {
		return fmt.Errorf("unknown flag --%s: did you mean --%s?", e.GetSpecifiedName(), nearest)
	}
	return fmt.Errorf("unknown flag --%s", e.GetSpecifiedName())
}

// kindOf says in words what values a flag takes.
func kindOf(f *pflag.Flag) string {
	if f.Value.Type() == "bool" {
		return "true or false"
	}
	return "an integer"
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

// paths checks flags that take a path: one that is given and empty, as of a
// variable of a script that was never set, is not the same as one that is left
// out.
func paths(c *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if f := c.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return see(c, fmt.Errorf("--%s needs a path, and is empty", name))
		}
	}
	return nil
}

// helpCommand is padlab help; cobra's own takes a wrong name for none.
func (s *session) helpCommand(root *cobra.Command) *cobra.Command {
	help := &cobra.Command{
		Use:   "help [COMMAND|TOPIC]",
		Short: "Show the help of a command, or about fields or networks",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 && c.HasSubCommands() {
				return unknownTopic(c, rest[0])
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
	help.AddCommand(s.fieldsTopic(), s.keysTopic(), s.networksTopic())
	return help
}

// completionCommand is padlab completion.
func completionCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "completion SHELL",
		Short:   "Print what lets a shell complete padlab's commands: bash, zsh, fish or powershell",
		Example: "  source <(padlab completion bash)",
		Args:    one("the name of a shell: bash, zsh, fish or powershell"),
		RunE: func(c *cobra.Command, args []string) error {
			write, known := map[string]func(io.Writer) error{
				"bash":       func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
				"zsh":        root.GenZshCompletion,
				"fish":       func(w io.Writer) error { return root.GenFishCompletion(w, true) },
				"powershell": root.GenPowerShellCompletionWithDesc,
			}[args[0]]
			if !known {
				return names.Unknown("shell", args[0], []string{"bash", "zsh", "fish", "powershell"})
			}
			return write(c.OutOrStdout())
		},
	}
}
