package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

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

// screen opens the screen and waits until it is left.
func (s *session) screen() error {
	look, err := s.look.build(termenv.NewOutput(os.Stdout))
	if err != nil {
		return err
	}
	config := app.Config{Theme: look, First: presets.Default}
	for _, name := range presets.Names() {
		e, err := s.load(name)
		if err != nil {
			return err
		}
		config.Presets = append(config.Presets, app.Preset{Name: name, Experiment: e})
	}
	pool, err := s.pool()
	if err != nil {
		return err
	}
	config.Start = func(e *lab.Experiment) (*lab.Run, error) {
		in, release, err := s.inputs(e, "")
		if err != nil {
			return nil, err
		}
		defer release()
		in.Pool, in.Now = pool, time.Now
		return lab.Start(e, in)
	}
	k, err := s.arithmetic()
	if err != nil {
		return err
	}
	config.Inspect = func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error) {
		return inspectArm(ctx, k, run, arm)
	}
	model := app.New(config)
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

// whole is a terminal that shows every write at once: it is wrapped in the
// synchronized-output sequences, which terminals that do not know them ignore.
type whole struct{ *os.File }

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
