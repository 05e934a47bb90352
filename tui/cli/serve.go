package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"padlab/core/experiment"
	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/names"
	"padlab/core/record"
	"padlab/presets"
	"padlab/tui/app"
	"padlab/tui/config"
	"padlab/tui/report"
	"padlab/tui/serve"
)

type serveFlags struct {
	listen, keys, password, hostKey string
	presets, locked                 []string
	pin, open, public, qr, class    bool
	teacher, exercise               string
	limits                          serve.Limits
	runs, steps, memory             int
}

// serveCommand is padlab serve and its flags.
func (s *session) serveCommand() *cobra.Command {
	f := serveFlags{limits: serve.DefaultLimits()}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Let others use padlab over SSH",
		Long: `Serve lets others use padlab over SSH, with nothing to install: each session has a
screen of its own, drawn for its own terminal, and all train on this machine, which
they share. Line commands work, too: ssh HOST run where-am-i --format json.

It has to be said who may come in: whoever has a key (--authorized-keys), whoever
knows a password (--password-file, or --pin, which draws one), or everybody (--open).
Visitors run no other program, open no file and forward nothing; what those who come
with a key have trained is kept for them.`,
		Example: `  padlab serve --authorized-keys ~/.ssh/authorized_keys
  padlab serve --listen 0.0.0.0:2222 --pin
  padlab serve --open --presets where-am-i,which-colour --lock train.steps`,
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := paths(c, "authorized-keys", "password-file", "host-key", "teacher-key", "exercise"); err != nil {
				return err
			}
			if f.class && !c.Flags().Changed("idle") {
				f.limits.Idle = f.limits.Time // who watches presses no key
			}
			return s.serve(f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:2222", "`ADDRESS` to listen on; 0.0.0.0:2222 is the whole network")
	flags.StringVar(&f.keys, "authorized-keys", "", "`FILE` with the public keys of those who may come in, as OpenSSH has it")
	flags.StringVar(&f.password, "password-file", "", "`FILE` whose first line is the password, of at least 8 characters; nobody else may read it")
	flags.BoolVar(&f.pin, "pin", false, "draw a password, and print it once")
	flags.BoolVar(&f.open, "open", false, "everybody may come in")
	flags.BoolVar(&f.public, "public", false, "with --open: also from other machines")
	flags.StringVar(&f.hostKey, "host-key", "", "`FILE` with the key of this server, made when there is none; left out: in the folder of padlab's state")
	flags.IntVar(&f.limits.Sessions, "max-sessions", f.limits.Sessions, "`N` sessions at a time")
	flags.IntVar(&f.limits.PerAddress, "per-address", f.limits.PerAddress, "`N` of them from one address; a class may share one")
	flags.DurationVar(&f.limits.Idle, "idle", f.limits.Idle, "`TIME` without a key after which a session ends; in a class, left out: none but --max-time")
	flags.DurationVar(&f.limits.Time, "max-time", f.limits.Time, "`TIME` after which a session ends in any case")
	flags.IntVar(&f.runs, "max-runs", 32, "`N` sessions train at a time; others wait for their turn")
	flags.IntVar(&f.steps, "max-steps", 100_000, "`N` training steps that one experiment may take, all arms together")
	flags.IntVar(&f.memory, "max-memory", 0, "`MB` that one experiment may take; left out: a tenth of the machine's, and six tenths for all together")
	flags.StringSliceVar(&f.presets, "presets", nil, "`NAMES` of the presets that may be trained; left out: all, and experiments of one's own")
	flags.StringSliceVar(&f.locked, "lock", nil, "`KEYS` of fields that nobody may change, such as train.lr")
	flags.BoolVar(&f.class, "class", false, "all watch what the teacher does, who comes as teacher@HOST; key f trains it for oneself")
	flags.StringVar(&f.teacher, "teacher-key", "", "`FILE` with the public key of the teacher of a class; left out: a PIN is drawn for him, and printed once")
	flags.StringVar(&f.exercise, "exercise", "", "`FILE` with what everybody in a class is to do, which key x shows: preset, change, question")
	flags.BoolVar(&f.qr, "qr", false, "print the address as a QR code, too")
	return c
}

// check finds what is wrong with the flags before anything is opened.
func (f serveFlags) check() error {
	ways := 0
	for _, chosen := range []bool{f.keys != "", f.password != "", f.pin, f.open} {
		if chosen {
			ways++
		}
	}
	switch {
	case ways == 0:
		return errors.New("it has to be said who may come in: --authorized-keys FILE, --password-file FILE, --pin, or --open for everybody")
	case f.open && ways > 1:
		return errors.New("--open lets everybody in: it goes with no other way to come in")
	case f.pin && f.password != "":
		return errors.New("--pin draws a password, and --password-file has one: either")
	case f.teacher != "" && !f.class:
		return errors.New("--teacher-key goes with --class")
	case f.exercise != "" && !f.class:
		return errors.New("--exercise goes with --class")
	case f.public && !f.open:
		return errors.New("--public goes with --open")
	}
	for _, n := range []struct {
		flag  string
		value int
	}{{"max-sessions", f.limits.Sessions}, {"per-address", f.limits.PerAddress}, {"max-runs", f.runs}, {"max-steps", f.steps}} {
		if n.value < 1 {
			return fmt.Errorf("--%s must be at least 1: %d", n.flag, n.value)
		}
	}
	if f.limits.Idle < time.Second || f.limits.Time < time.Second {
		return errors.New("--idle and --max-time must be at least 1s")
	}
	if f.memory < 0 {
		return fmt.Errorf("--max-memory must be at least 1: %d", f.memory)
	}
	for _, name := range f.presets {
		if _, ok := presets.Read(name); !ok {
			return names.Unknown("preset", name, presets.Names())
		}
	}
	for _, key := range f.locked {
		if _, err := experiment.FieldOf(key); err != nil {
			return fmt.Errorf("--lock: %w", err)
		}
	}
	return nil
}

// door reads who may come in.
func (f serveFlags) door() (d serve.Door, pin string, err error) {
	d.Open = f.open
	if f.keys != "" {
		if d.Keys, err = serve.AuthorizedKeys(f.keys); err != nil {
			return d, "", fmt.Errorf("--authorized-keys: %w", err)
		}
	}
	if f.password != "" {
		if d.Password, err = serve.ReadPassword(f.password); err != nil {
			return d, "", fmt.Errorf("--password-file: %w", err)
		}
	}
	if f.pin {
		pin = serve.NewPIN()
		d.Password = pin
	}
	switch {
	case f.teacher != "":
		if d.TeacherKeys, err = serve.AuthorizedKeys(f.teacher); err != nil {
			return d, "", fmt.Errorf("--teacher-key: %w", err)
		}
	case f.class:
		d.TeacherPIN = serve.NewPIN()
	}
	return d, pin, nil
}

// hosting is what all sessions of a server share.
type hosting struct {
	*session
	flags serveFlags
	rules rules
	pool  *lab.Pool
	gate  *lab.Gate
	looks chan struct{} // inspections that may be under way at a time

	presets []app.Preset
	first   app.Preset
	class   *app.Class // nil: everybody is alone
}

// serve is padlab serve. It ends, as it should, when it is interrupted.
func (s *session) serve(f serveFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	h, err := s.hosting(f)
	if err != nil {
		return err
	}
	defer h.pool.Close()
	door, pin, err := f.door()
	if err != nil {
		return err
	}
	if f.hostKey == "" {
		f.hostKey = filepath.Join(filepath.Dir(config.StateDir(s.getenv)), "ssh_host_ed25519_key")
	}
	key, err := serve.HostKey(f.hostKey)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", f.listen, err)
	}
	if f.open && !f.public && !serve.Loopback(l.Addr()) {
		l.Close()
		return fmt.Errorf("--open with --listen %s lets everybody on the network in: say --public, too, or choose --pin", f.listen)
	}
	line, link := serve.Line(l.Addr())
	fmt.Fprintf(s, "%s\nhost key %s\n", line, serve.Fingerprint(key.PublicKey()))
	if pin != "" {
		fmt.Fprintf(s, "PIN %s\n", pin)
	}
	if door.TeacherPIN != "" {
		at := strings.LastIndex(line, " ") + 1
		fmt.Fprintf(s, "teacher: %steacher@%s\nteacher's PIN %s\n", line[:at], line[at:], door.TeacherPIN)
	}
	if f.qr {
		if err := serve.QR(s, link); err != nil {
			s.logf("no QR code: %v", err)
		}
	}
	s.pulse.hush()
	s.patience.Store(int64(f.limits.Grace + 2*time.Second))
	err = serve.Run(s.ctx, l, serve.Config{
		HostKey: key, Door: door, Limits: f.limits,
		Look: serve.Look{Glyphs: s.asGuestGlyphs(), Dark: s.look.theme != "light"},
		Log:  h.log,
		Exec: h.exec, Screen: h.screen,
	})
	if err != nil {
		return failure{err}
	}
	return nil
}

// log writes a line with its time, from whatever goroutine.
func (h *hosting) log(format string, args ...any) {
	fmt.Fprintln(h.err, time.Now().Format(time.RFC3339), report.Visible(fmt.Sprintf(format, args...)))
}

// asGuestGlyphs are the glyphs that were asked for, and not what this terminal shows.
func (s *session) asGuestGlyphs() string { return strings.ToLower(s.glyphs) }

// gcPercent is how far the heap of a server grows between collections: with Go's 100 a
// screen that watches a class takes 1 MB, with 40 half of that, and keys are answered
// no later.
const gcPercent = 40

// hosting makes ready what sessions share.
func (s *session) hosting(f serveFlags) (*hosting, error) {
	pool, err := s.newPool(s.guestSources())
	if err != nil {
		return nil, err
	}
	pool.Behind(stepBack)
	each := int64(f.memory) * 1e6
	if machine := machineMemory(); machine > 0 {
		if each == 0 {
			each = machine / 10
		}
		pool.LimitAll(machine / 10 * 6)
		debug.SetMemoryLimit(machine / 10 * 7) // from there on garbage is collected more often
	}
	debug.SetGCPercent(gcPercent)
	pool.Limit(each)
	h := &hosting{
		session: s, flags: f, pool: pool, gate: lab.NewGate(f.runs), looks: make(chan struct{}, 2),
		rules: rules{presets: f.presets, locked: f.locked, maxSteps: f.steps},
	}
	if f.class {
		h.class = app.NewClass()
		h.class.Answered = func(who, answer string) { h.log("answer of %s: %s", who, answer) }
	}
	for _, section := range presets.Sections() {
		for _, name := range section.Names {
			if len(f.presets) > 0 && !slices.Contains(f.presets, name) {
				continue
			}
			e, err := s.load(name)
			if err != nil {
				pool.Close()
				return nil, err
			}
			h.presets = append(h.presets, app.Preset{Name: name, Experiment: e, Section: section.Title})
		}
	}
	if f.exercise != "" {
		if h.class.Exercise, err = readExercise(f.exercise, h.presets, h.rules); err != nil {
			pool.Close()
			return nil, fmt.Errorf("--exercise %w", err)
		}
	}
	h.first = h.presets[0]
	for _, p := range h.presets {
		if len(f.presets) > 0 && p.Name == f.presets[0] {
			h.first = p
		}
	}
	return h, nil
}

// exec runs a line command of a visitor.
func (h *hosting) exec(ctx context.Context, v serve.Visitor, args []string, in io.Reader, out, err io.Writer) int {
	guest := &session{
		ctx: ctx, in: in, out: out, err: err, getenv: v.Getenv, disk: record.OS{}, progress: v.Terminal,
		guest: &guest{pool: h.pool, seat: h.gate.Seat(), rules: h.rules},
	}
	defer guest.wake()()
	return runGuest(guest, args)
}

// What is kept for a visitor who comes with a key.
const (
	guestRuns  = 50
	guestBytes = 50 << 20
)

// screen is what a visitor looks at.
func (h *hosting) screen(v serve.Visitor) (*app.Host, app.Session, func(), error) {
	seat := h.gate.Seat()
	host := &app.Host{
		Queues: true,
		Inspect: func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error) {
			select {
			case h.looks <- struct{}{}:
				defer func() { <-h.looks }()
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			}
			return inspectArm(ctx, h.pool, run, arm)
		},
		Geometry: func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, error) {
			spec, _, err := run.Network(ctx, arm)
			if err != nil {
				return nil, err
			}
			return inspect.Look(spec)
		},
	}
	if v.Key != "" {
		name := sha256.Sum256([]byte(v.Key))
		dir := filepath.Join(filepath.Dir(config.StateDir(h.getenv)), "visitors", hex.EncodeToString(name[:8]))
		host.History = &record.History{Dir: dir, Disk: h.disk, Now: time.Now, Keep: guestRuns, KeepBytes: guestBytes}
	}
	host.Start = func(ctx context.Context, w app.Wish) (*lab.Run, error) {
		if err := h.rules.check(w.Preset.Name, w.Preset.Experiment, w.Experiment); err != nil {
			return nil, err
		}
		leave, err := seat.Enter(ctx, w.Waits)
		if err != nil {
			return nil, err
		}
		run, err := lab.Start(ctx, h.pool, w.Experiment, h.options(host.History, w))
		if err != nil {
			leave()
			return nil, err
		}
		go func() {
			<-run.Done()
			leave()
		}()
		return run, nil
	}
	return host, app.Session{Poll: time.Second / 20, Presets: h.presets, First: h.first, Class: h.class, Teaches: v.Teacher, Visitor: nameOf(v)}, func() {}, nil
}

// nameOf is by what a teacher knows a visitor: how he calls himself, and his key or
// where he sits.
func nameOf(v serve.Visitor) string {
	if v.Key != "" {
		return v.User + " " + v.Key[:min(len(v.Key), 15)]
	}
	host, _, err := net.SplitHostPort(v.Address)
	if err != nil {
		host = v.Address
	}
	return v.User + " (" + host + ")"
}

// options are how a visitor's run is kept.
func (h *hosting) options(history *record.History, w app.Wish) lab.Options {
	o := lab.Options{Unrecorded: true, After: w.After, From: w.From, Provenance: h.provenance(w.Preset.Name, w.Preset.Experiment)}
	switch {
	case w.From != nil:
		o.Record = func(first *lab.Snapshot) (*record.Writer, error) {
			return record.Resume(h.disk, w.From, first.Warnings)
		}
	case history != nil:
		o.Record = func(first *lab.Snapshot) (*record.Writer, error) {
			return history.Begin(w.Preset.Name, first.Experiment, first.Provenance, first.Warnings)
		}
	}
	return o
}
