package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/names"
	"padlab/datasets"
	"padlab/presets"
)

// A guest is somebody whose command line comes over a network: a session with a
// guest trains on the pool of all of them, within rules, and opens no file of this
// machine.
type guest struct {
	pool  *lab.Pool
	seat  *lab.Seat
	rules rules
}

// rules are what guests may train.
type rules struct {
	presets  []string // by name; empty: all, and experiments of their own
	locked   []string // keys that stay as the preset has them
	maxSteps int      // of all arms together
}

// own reports whether guests may train what is no preset.
func (r rules) own() bool { return len(r.presets) == 0 && len(r.locked) == 0 }

// check says why an experiment, which is a change of the preset of that name, may not
// be trained.
func (r rules) check(name string, base, e *experiment.Experiment) error {
	if len(r.presets) > 0 && !slices.Contains(r.presets, name) {
		return fmt.Errorf("this server trains %s, and not %q", strings.Join(r.presets, ", "), name)
	}
	if data, ok := presets.Read(name); ok && !r.own() { // as it ships, whatever a screen says
		shipped, err := experiment.Parse("preset "+name, data)
		if err != nil {
			return err
		}
		base = shipped
	} else if !r.own() {
		return fmt.Errorf("this server trains its presets, and not %q", name)
	}
	arms, err := e.Expand()
	if err != nil {
		return err
	}
	if len(r.locked) > 0 {
		before, err := base.Expand()
		if err != nil {
			return err
		}
		for _, key := range r.locked {
			field, err := experiment.FieldOf(key)
			if err != nil {
				return err
			}
			var allowed []string
			for _, a := range before {
				allowed = append(allowed, field.Get(a.Experiment))
			}
			for _, a := range arms {
				if !slices.Contains(allowed, field.Get(a.Experiment)) {
					return fmt.Errorf("%s is locked on this server: it stays %s", key, strings.Join(slices.Compact(allowed), ", "))
				}
			}
		}
	}
	steps := 0
	for _, a := range arms {
		n := a.Train.Steps
		if a.Reads() {
			n = a.Backbone.Steps + a.Readout.Epochs*((a.Readout.Crops+a.Readout.Batch-1)/a.Readout.Batch)
		}
		steps += n * max(1, e.Seeds)
	}
	if steps > r.maxSteps {
		return fmt.Errorf("that takes %d steps in all, and this server trains at most %d: fewer steps, arms or seeds", steps, r.maxSteps)
	}
	return nil
}

// guestSources open what comes with padlab, and the sets of this machine by their
// names: nothing that a guest calls by a path.
func (s *session) guestSources() lab.Sources {
	over := func(what, path string) error { return fmt.Errorf("%s: no %s can be opened over SSH", path, what) }
	return lab.Sources{
		Set: func(name string) (*images.Set, error) { return datasets.Open(s.ctx, name, s.sets()) },
		Photos: func(folder string) ([]images.Photo, error) {
			if folder != "" {
				return nil, over("folder of photographs", folder)
			}
			return datasets.Photos(s.ctx)
		},
		Weights: func(path string) (*lab.Weights, error) { return nil, over("file of weights", path) },
		Network: func(path string) (*lab.Network, error) { return nil, over("ONNX file", path) },
	}
}

// admit waits for a guest's turn. Nobody else waits.
func (s *session) admit() (leave func(), err error) {
	if s.guest == nil {
		return func() {}, nil
	}
	return s.guest.seat.Enter(s.ctx, func(place, of int) { s.logf("waiting, number %d of %d", place, of) })
}

// guestCommands are what a guest may say, and guestless the flags that are none of a
// guest's business: paths, and what the server decides.
var (
	guestCommands = []string{"run", "presets", "schemes", "inspect", "help"}
	guestless     = []string{"weights", "images", "out", "resume", "data", "kernel", "workers", "theme", "glyphs", "color"}
)

const guestExample = `  ssh -p 2222 HOST run where-am-i --format json
  ssh -p 2222 HOST run where-am-i --set net.padding=zeros,reflect --seed 3
  ssh -p 2222 HOST presets show where-am-i >my.toml
  ssh -p 2222 HOST run - <my.toml`

// restrict takes away from the tree of commands what a guest has no use for.
func (s *session) restrict(root *cobra.Command) {
	for _, c := range root.Commands() {
		if !slices.Contains(guestCommands, c.Name()) {
			root.RemoveCommand(c)
		}
	}
	run := at(root, "run")
	run.Use, run.Example = "run PRESET|-", guestExample
	run.Long = "Run trains all arms of a preset, or of an experiment on the standard input (-), and\nprints the border profiles. Data goes to the standard output, progress to the\nstandard error."
	at(root, "inspect").Example, at(root, "inspect").Long = "  ssh -p 2222 HOST inspect resnet18 --size 225", "Inspect prints the layers of a network with how far their outputs see, and which of\nthem look over the edge of the picture."
	root.Args, root.Version, root.Example = nothing, "", guestExample
	root.Long = "Without a command, ssh HOST opens the screen. These commands print, and need no\nterminal. They open no file of the server; run - reads an experiment from the\nstandard input."
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	root.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Name != "help" })
	hide(root)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		for _, name := range guestless {
			if f := c.Flags().Lookup(name); f != nil && f.Changed {
				return fmt.Errorf("--%s is not for line commands over SSH", name)
			}
		}
		return s.settleLook()
	}
}

// hide leaves flags out of the help that guests cannot use.
func hide(c *cobra.Command) {
	for _, name := range guestless {
		if f := c.Flags().Lookup(name); f != nil {
			f.Hidden = true
		}
		if f := c.PersistentFlags().Lookup(name); f != nil {
			f.Hidden = true
		}
	}
	for _, sub := range c.Commands() {
		hide(sub)
	}
}

// runGuest executes one command line of a guest. Cobra has commands of its own, which
// complete paths: what is not in the list does not reach it.
func runGuest(s *session, args []string) int {
	if len(args) == 0 || !slices.Contains(guestCommands, args[0]) {
		word := ""
		if len(args) > 0 {
			word = args[0]
		}
		s.logf("%v; without a command, ssh opens the screen", names.Unknown("command", word, guestCommands))
		return exitUsage
	}
	code := run(s, args)
	if errors.Is(context.Cause(s.ctx), context.Canceled) && code == exitOK {
		code = exitInterrupted
	}
	return code
}
