package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manCommand is padlab man. It is hidden: who builds a package asks for it.
func (s *session) manCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "man",
		Short:   "Print the manual page",
		Example: "  padlab man | man -l -",
		Hidden:  true,
		Args:    nothing,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprint(s, manual(root))
			return nil
		},
	}
}

// A page is a text in roff's language of manual pages.
type page struct{ strings.Builder }

// roffed is text as roff shows it: a backslash stands for itself, and hyphens stay
// those that are typed in a command.
var roffed = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...", "—", `\(em`, "−", `\-`, "×", `\(mu`, "·", `\(pc`)

// line writes a line of text, which begins no request of roff's.
func (p *page) line(text string) {
	text = roffed.Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	p.WriteString(text + "\n")
}

func (p *page) section(name string) { p.WriteString(".SH " + name + "\n") }

// text writes paragraphs, with blank lines between them; lines that are indented
// stay as they are.
func (p *page) text(text string) {
	kept := false
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if indented := strings.HasPrefix(line, "  "); indented != kept && line != "" {
			p.WriteString(map[bool]string{true: ".nf\n", false: ".fi\n"}[indented])
			kept = indented
		}
		if line == "" {
			p.WriteString(".PP\n")
		} else {
			p.line(line)
		}
	}
	if kept {
		p.WriteString(".fi\n")
	}
}

// example writes lines as they are typed.
func (p *page) example(text string) {
	p.WriteString(".PP\n.nf\n")
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		p.line(line)
	}
	p.WriteString(".fi\n")
}

// options writes those of a set of flags that are not hidden.
func (p *page) options(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		p.WriteString(".TP\n")
		p.line(strings.TrimSpace("--" + f.Name + " " + value))
		p.line(usage)
	})
}

// manual is the page of all commands that help shows.
func manual(root *cobra.Command) string {
	p := &page{}
	fmt.Fprintf(p, ".TH PADLAB 1 \"\" \"padlab %s\"\n", roffed.Replace(version()))
	p.section("NAME")
	p.line("padlab - " + root.Short)
	p.section("SYNOPSIS")
	p.example(root.Use + "\npadlab COMMAND …")
	p.section("DESCRIPTION")
	p.text(root.Long)
	p.example(root.Example)
	p.section("OPTIONS")
	p.options(root.LocalNonPersistentFlags())
	p.section("OPTIONS OF ALL COMMANDS")
	p.options(root.PersistentFlags())
	p.section("COMMANDS")
	var commands func(c *cobra.Command)
	commands = func(c *cobra.Command) {
		for _, one := range c.Commands() {
			if one.Hidden {
				continue
			}
			p.WriteString(".SS ")
			p.line(strings.TrimSuffix(one.UseLine(), " [flags]"))
			if p.text(one.Short + "."); one.Long != "" {
				p.WriteString(".PP\n")
				p.text(one.Long)
			}
			if one.Example != "" {
				p.example(one.Example)
			}
			p.options(one.LocalNonPersistentFlags())
			commands(one)
		}
	}
	commands(root)
	p.section("FILES")
	p.text("padlab config prints where the settings of a machine are.")
	p.section("EXIT STATUS")
	for _, line := range exitCodes {
		code, meaning, _ := strings.Cut(line, " ")
		p.WriteString(".TP\n" + code + "\n")
		p.line(meaning)
	}
	return p.String()
}

// exitCodes are explained in the manual.
var exitCodes = []string{
	fmt.Sprint(exitOK, " all is well"),
	fmt.Sprint(exitFailed, " it failed, or an arm diverged"),
	fmt.Sprint(exitUsage, " a slip in the command line, or a file that is not right"),
	fmt.Sprint(exitUnexpected, " an expectation of the experiment did not hold (run --expect), or a rule is broken (lint)"),
	fmt.Sprint(exitInterrupted, " interrupted; what was done is written"),
}
