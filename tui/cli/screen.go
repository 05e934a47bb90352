package cli

import (
	"context"
	"fmt"
	"os"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"padlab/core/experiment"
	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/presets"
	"padlab/tui/app"
	"padlab/tui/theme"
)

// look is how the screen should look, by flag or environment.
type look struct{ color, glyphs, theme string }

// checkLook checks it for all commands, so that a slip is found at once.
func (s *session) checkLook() error {
	if err := oneOf("word", s.look.color, "auto", "always", "never"); err != nil {
		return fmt.Errorf("--color: %w", err)
	}
	if _, err := theme.ParseGlyphs(s.look.glyphs); err != nil {
		return fmt.Errorf("%s: %w", s.origin("glyphs"), err)
	}
	if err := oneOf("theme", s.look.theme, "light", "dark", "auto"); err != nil {
		return fmt.Errorf("%s: %w", s.origin("theme"), err)
	}
	return nil
}

// build asks the terminal what the flags leave open. It must be called before
// the screen owns the terminal: the terminal's answer comes in as input.
func (l look) build(out *termenv.Output) (theme.Theme, error) {
	glyphs, err := theme.ParseGlyphs(l.glyphs)
	if err != nil {
		return theme.Theme{}, err
	}
	profile := out.EnvColorProfile()
	switch {
	case l.color == "never":
		profile = termenv.Ascii
	case l.color == "always" && profile == termenv.Ascii:
		profile = termenv.ANSI256
	}
	dark := l.theme == "dark"
	if l.theme == "auto" && profile != termenv.Ascii {
		dark = out.HasDarkBackground()
	}
	return theme.New(profile, dark, glyphs), nil
}

// screen opens the screen on an experiment, with changes, and waits until it is
// left.
func (s *session) screen(name string, f runFlags) error {
	base, err := s.load(name)
	if err != nil {
		return err
	}
	changed := base.Clone()
	if err := s.change(changed, f); err != nil {
		return err
	}
	look, err := s.look.build(termenv.NewOutput(os.Stdout))
	if err != nil {
		return err
	}
	session := app.Session{Theme: look, First: app.Preset{Name: name, Experiment: base}, Experiment: changed}
	for _, name := range presets.Names() {
		e, err := s.load(name)
		if err != nil {
			return err
		}
		session.Presets = append(session.Presets, app.Preset{Name: name, Experiment: e})
	}
	pool, err := s.pool()
	if err != nil {
		return err
	}
	model := app.New(host(pool), session)
	program := tea.NewProgram(model, tea.WithAltScreen(), tea.WithContext(s.ctx), tea.WithoutSignalHandler(), tea.WithOutput(whole{os.Stdout}))
	_, err = program.Run()
	model.Close()
	pool.Close()
	if s.ctx.Err() != nil {
		s.code = exitInterrupted
		return nil
	}
	if err != nil {
		return failure{fmt.Errorf("the screen: %w", err)}
	}
	return nil
}

// host lends a pool to screens.
func host(pool *lab.Pool) *app.Host {
	return &app.Host{
		Start: func(ctx context.Context, e *experiment.Experiment, after *lab.Run) (*lab.Run, error) {
			return lab.Start(ctx, pool, e, lab.Options{After: after})
		},
		Inspect: func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error) {
			return inspectArm(ctx, pool, run, arm)
		},
	}
}

// whole is a terminal that shows every write at once: it is wrapped in the
// synchronized-output sequences, which terminals that do not know them ignore.
type whole struct{ *os.File }

// Write wraps what is written, and says of it how much was.
func (w whole) Write(p []byte) (int, error) {
	frame := make([]byte, 0, len(p)+16)
	frame = append(frame, "\x1b[?2026h"...)
	frame = append(frame, p...)
	frame = append(frame, "\x1b[?2026l"...)
	if _, err := w.File.Write(frame); err != nil {
		return 0, err
	}
	return len(p), nil
}
