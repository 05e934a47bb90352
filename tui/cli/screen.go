package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/adrg/xdg"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/record"
	"padlab/presets"
	"padlab/tui/app"
	"padlab/tui/paint"
	"padlab/tui/report"
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

// build asks the terminal what the flags leave open, and returns the theme and the
// one for the other background. It must be called in raw mode, and before anybody
// else reads the keyboard: the terminal's answer comes in as input.
func (l look) build(s *session, keyboard *paint.Keyboard) (look, other theme.Theme, err error) {
	glyphs, err := theme.ParseGlyphs(l.glyphs)
	if err != nil {
		return theme.Theme{}, theme.Theme{}, err
	}
	profile := theme.ProfileFor(s.getenv)
	switch {
	case l.color == "never":
		profile = termenv.Ascii
	case l.color == "always" && profile == termenv.Ascii:
		profile = termenv.ANSI256
	}
	dark := l.theme != "light"
	if l.theme == "auto" && profile != termenv.Ascii {
		if answer, ok := paint.Dark(os.Stdout, keyboard, patience); ok {
			dark = answer
		}
	}
	return theme.New(profile, dark, glyphs), theme.New(profile, !dark, glyphs), nil
}

// patience is how long the screen waits for a terminal to say what colour its
// background has.
const patience = 200 * time.Millisecond

// screen opens the screen on an experiment, with changes, or on a record, and waits
// until it is left.
func (s *session) screen(name string, f runFlags) error {
	session, err := s.open(name, f)
	if err != nil {
		return err
	}
	pool, err := s.pool()
	if err != nil {
		return err
	}
	defer pool.Close()
	keyboard, painter := paint.NewKeyboard(os.Stdin), paint.New(os.Stdout, !f.noMouse)
	if err := keyboard.Raw(); err != nil {
		return failure{fmt.Errorf("the terminal: %w", err)}
	}
	defer keyboard.Restore()
	look, other, err := s.look.build(s, keyboard)
	if err != nil {
		return err
	}
	session.Theme, session.Other = look, other
	session.Terminal = app.Terminal{
		Show: painter.Show, Copy: painter.Copy, Title: painter.Title,
		Suspend: func() { painter.Close(); keyboard.Restore() },
		Resume:  func() { keyboard.Raw(); painter.Open() },
	}
	host := s.host(pool, f)
	model := app.New(host, session)
	painter.Open()
	defer painter.Close()
	program := tea.NewProgram(model, tea.WithContext(s.ctx), tea.WithoutSignalHandler(), tea.WithoutRenderer())
	stop := paint.Sizes(os.Stdout, func(w, h int) { program.Send(tea.WindowSizeMsg{Width: w, Height: h}) })
	_, err = program.Run()
	stop()
	painter.Close()
	keyboard.Restore()
	model.Close()
	if s.ctx.Err() != nil {
		s.code = exitInterrupted
		return nil
	}
	if err != nil {
		return failure{fmt.Errorf("the screen: %w", err)}
	}
	s.farewell(model)
	return nil
}

// farewell leaves in the scrollback what was found, and what runs it again.
func (s *session) farewell(model *app.Model) {
	snap, command := model.Shown()
	if snap == nil {
		return
	}
	fmt.Fprintln(s.out, report.Brief(snap.Result()))
	fmt.Fprintln(s.out, command)
}

// open reads what the screen opens on: an experiment, or a record.
func (s *session) open(name string, f runFlags) (app.Session, error) {
	var session app.Session
	for _, section := range presets.Sections() {
		for _, name := range section.Names {
			e, err := s.load(name)
			if err != nil {
				return session, err
			}
			session.Presets = append(session.Presets, app.Preset{Name: name, Experiment: e, Section: section.Title})
		}
	}
	if record.Exists(name) {
		if f.changed() {
			return session, fmt.Errorf("%s: a record is what it was: it takes no --set, --seed, --seeds, --weights or --images; key e changes it on the screen", name)
		}
		r, err := record.Open(name)
		if err != nil {
			return session, err
		}
		session.Record = r
		session.First = app.Preset{Name: filepath.Base(filepath.Clean(r.Folder)), Experiment: r.Experiment}
		return session, nil
	}
	base, err := s.load(name)
	if err != nil {
		return session, err
	}
	changed := base.Clone()
	if err := s.change(changed, f); err != nil {
		return session, err
	}
	session.First, session.Experiment = app.Preset{Name: name, Experiment: base}, changed
	return session, nil
}

// host lends a pool to the screen, and what it may do with the disk.
func (s *session) host(pool *lab.Pool, f runFlags) *app.Host {
	h := &app.Host{
		Inspect: func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error) {
			return inspectArm(ctx, pool, run, arm)
		},
		Geometry: func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, error) {
			spec, _, err := run.Network(ctx, arm)
			if err != nil {
				return nil, err
			}
			return inspect.Look(spec)
		},
		Save: s.saveExperiment,
	}
	if dir, err := s.stateDir(); err == nil && !f.noRecord {
		h.History = &record.History{Dir: filepath.Join(dir, "runs"), Disk: s.disk, Now: time.Now, Keep: keepRuns, KeepBytes: keepBytes}
		h.Seen, h.Follow = func() int { return readTour(dir) }, func(step int) error { return writeTour(s.disk, dir, step) }
	}
	h.Start = func(ctx context.Context, w app.Wish) (*lab.Run, error) {
		o := lab.Options{Unrecorded: true, After: w.After, From: w.From, Provenance: s.provenance(w.Preset.Name, w.Preset.Experiment)}
		switch {
		case w.From != nil:
			o.Record = func(first *lab.Snapshot) (*record.Writer, error) {
				return record.Resume(s.disk, w.From, first.Warnings)
			}
		case h.History != nil:
			o.Record = func(first *lab.Snapshot) (*record.Writer, error) {
				return h.History.Begin(w.Preset.Name, first.Experiment, first.Provenance, first.Warnings)
			}
		}
		return lab.Start(ctx, pool, w.Experiment, o)
	}
	return h
}

// How many runs of the screen are kept, and how much room they may take.
const (
	keepRuns  = 200
	keepBytes = 500 << 20
)

// saveExperiment writes an experiment file into the working directory, under a name
// that is free.
func (s *session) saveExperiment(name string, data []byte) (path string, err error) {
	base := strings.TrimSuffix(filepath.Base(name), ".toml")
	for n := 1; n < 1000; n++ {
		path = fmt.Sprintf("%s-mine.toml", base)
		if n > 1 {
			path = fmt.Sprintf("%s-mine-%d.toml", base, n)
		}
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		return path, record.WriteFile(s.disk, path, data)
	}
	return "", fmt.Errorf("%s-mine.toml and 998 more exist already", base)
}

// stateDir is where the screen keeps runs, in the place of the XDG base directories.
func (s *session) stateDir() (string, error) {
	if dir := s.getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "padlab"), nil
	}
	return filepath.Join(xdg.StateHome, "padlab"), nil
}

// tourFile has the number of the step at which the tour was left.
const tourFile = "tour"

func readTour(dir string) (step int) {
	data, err := os.ReadFile(filepath.Join(dir, tourFile))
	if err != nil {
		return 0
	}
	step, _ = strconv.Atoi(strings.TrimSpace(string(data)))
	return step
}

func writeTour(d record.Disk, dir string, step int) error {
	if err := d.MakeFolder(dir); err != nil {
		return err
	}
	return record.WriteFile(d, filepath.Join(dir, tourFile), []byte(strconv.Itoa(step)+"\n"))
}
