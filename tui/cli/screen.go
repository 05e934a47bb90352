package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/record"
	"padlab/presets"
	"padlab/tui/app"
	"padlab/tui/config"
	"padlab/tui/figure"
	"padlab/tui/paint"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/whole"
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
	pool, done, err := s.pool()
	if err != nil {
		return err
	}
	defer done()
	s.pulse.hush()
	keyboard, painter := paint.NewKeyboard(os.Stdin), paint.New(os.Stdout, s.config.Mouse && !f.noMouse)
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
		Show: painter.Show, Copy: painter.Copy, Title: painter.Title, Keys: s.config.Keys,
		Suspend: func() { painter.Close(); keyboard.Restore() },
		Resume:  func() { keyboard.Raw(); painter.Open() },
	}
	if s.config.Bell {
		session.Terminal.Bell = painter.Bell
	}
	host := s.host(pool, f)
	model := app.New(host, session)
	painter.Open()
	defer painter.Close()
	var program *tea.Program
	keys := keyboard.Input(func(text string) { program.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text), Paste: true}) })
	program = tea.NewProgram(model, tea.WithContext(s.ctx), tea.WithoutSignalHandler(), tea.WithoutRenderer(), tea.WithInput(keys))
	stop := paint.Sizes(os.Stdout, func(w, h int) { program.Send(tea.WindowSizeMsg{Width: w, Height: h}) })
	_, err = program.Run()
	stop()
	painter.Close()
	keyboard.Restore()
	if s.left != nil {
		close(s.left)
	}
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
		Save: saveExperiment, Export: exportResult,
	}
	dir := config.StateDir(s.getenv)
	if s.config.Record && !f.noRecord {
		h.History = &record.History{Dir: dir, Disk: s.disk, Now: time.Now, Keep: s.config.Keep, KeepBytes: keepBytes}
	}
	tour := filepath.Join(filepath.Dir(dir), tourFile)
	h.Seen, h.Follow = func() int { return readTour(tour) }, func(step int) error { return writeTour(tour, step) }
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

// keepBytes is how much room the runs that are kept may take.
const keepBytes = 500 << 20

// free is a name in the working directory that nothing has.
func free(base, extension string) (string, error) {
	base = strings.TrimSuffix(filepath.Base(base), ".toml")
	for n := 1; n < 1000; n++ {
		path := base + extension
		if n > 1 {
			path = fmt.Sprintf("%s-%d%s", base, n, extension)
		}
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s%s and 998 more exist already", base, extension)
}

// saveExperiment writes an experiment file under a name that is free.
func saveExperiment(name string, data []byte) (path string, err error) {
	if path, err = free(name+"-mine", ".toml"); err != nil {
		return "", err
	}
	return path, whole.Write(path, func(w io.Writer) error { _, err := w.Write(data); return err })
}

// exportResult writes a result as a figure or a CSV file under a name that is free.
func exportResult(r record.Result, name, kind string) (path string, err error) {
	if path, err = free(name, "."+kind); err != nil {
		return "", err
	}
	return path, figure.Export(r, path)
}

// tourFile has the number of the step at which the tour was left, beside the runs.
const tourFile = "tour"

func readTour(path string) (step int) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	step, _ = strconv.Atoi(strings.TrimSpace(string(data)))
	return step
}

func writeTour(path string, step int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return whole.Write(path, func(w io.Writer) error { _, err := fmt.Fprintln(w, step); return err })
}
