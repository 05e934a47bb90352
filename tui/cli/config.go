package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"padlab/tui/config"
	"padlab/tui/report"
	"padlab/tui/theme"
)

// settleLook checks, for all commands, how the screen should look, and settles
// the glyphs.
func (s *session) settleLook() error {
	asked := strings.ToLower(s.glyphs)
	if err := oneOf("glyph set", asked, "braille", "block", "ascii", "auto"); err != nil {
		return fmt.Errorf("%s: %w", s.origin("glyphs"), err)
	}
	if s.look.glyphs = asked; asked == "auto" {
		s.look.glyphs = theme.GlyphsFor(s.getenv).String()
	}
	return s.checkLook()
}

// configure reads the settings of this machine and tells what is wrong with the
// file. Those that are flags too count where neither the flag nor its variable
// says otherwise.
func (s *session) configure() {
	c, problems, err := config.Load(config.Path(s.getenv))
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, p := range problems {
		s.logf("%s", p)
	}
	s.config = c
	if s.source("theme") == "file" {
		s.look.theme = c.Theme
	}
	if s.source("glyphs") == "file" {
		s.glyphs = c.Glyphs
	}
	if err := s.settleLook(); err != nil {
		panic("cli: " + err.Error()) // the flags were checked before, the file is now
	}
}

// source says what the value of a setting is from, once the file was read.
func (s *session) source(key string) string {
	if flag := s.flags.Lookup(key); flag != nil {
		switch {
		case flag.Changed:
			return "flag --" + key
		case s.getenv(variable(key)) != "":
			return "environment " + variable(key)
		}
	}
	if s.config.Says(key) {
		return "file"
	}
	return "default"
}

// configCommand is padlab config with its subcommands.
func (s *session) configCommand() *cobra.Command {
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the settings, and what each is from",
		Args:  nothing,
		RunE: func(*cobra.Command, []string) error {
			s.showConfig()
			return nil
		},
	}
	set := &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Change a setting of this machine",
		Example: `  padlab config set theme dark
  padlab config set keys.x space
  padlab config set keys.x ''`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return see(c, errors.New("config set takes a setting and its value"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return s.setConfig(args[0], args[1]) },
	}
	c := group("config", "Show and change the settings of this machine", show, set)
	c.Long = "Config prints the file of settings, what counts now and what it is from. A flag\ngoes before its environment variable, that before the file.\n\nThe settings are:\n" + settingsTable().String()
	return c
}

// settingsTable explains all settings.
func settingsTable() (rows report.Table) {
	usual := config.Default()
	for _, x := range config.Settings() {
		value, _ := usual.Get(x.Key)
		allowed := x.Allowed()
		if x.Key == "preset" {
			allowed = "a preset or a file"
		}
		rows.Add("  "+x.Key, x.About+" ("+allowed+"; "+value+")")
	}
	rows.Add("  keys.NAME", "a key NAME of the screen that does what the known one does; empty: none")
	return rows
}

// showConfig prints the file and what counts now.
func (s *session) showConfig() {
	s.configure()
	path := config.Path(s.getenv)
	there := ""
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		there = " (not there yet)"
	}
	fmt.Fprintf(s, "%s%s\n", report.Visible(path), there)
	var rows report.Table
	for _, key := range s.config.Names() {
		value, _ := s.config.Get(key)
		switch key {
		case "theme":
			value = s.look.theme
		case "glyphs":
			value = s.glyphs
		}
		rows.Add(key, report.Visible(value), s.source(key))
	}
	fmt.Fprint(s, rows)
}

// setConfig changes one setting in the file. What is wrong with the file comes
// first: it would be lost.
func (s *session) setConfig(key, value string) error {
	path := config.Path(s.getenv)
	c, problems, err := config.Load(path)
	switch {
	case err != nil:
		return fmt.Errorf("%w: mend or remove the file first", err)
	case len(problems) > 0:
		return fmt.Errorf("%s: mend this first, or remove the file", problems[0])
	}
	if err := c.Set(key, value); err != nil {
		return err
	}
	if err := config.Save(path, c); err != nil {
		return failure{fmt.Errorf("the settings cannot be written: %w", err)}
	}
	return nil
}
