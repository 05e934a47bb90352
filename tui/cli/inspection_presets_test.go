package cli

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/images"
	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/nn/kernel"
	"padlab/core/record"
	"padlab/presets"
	"padlab/tui/app"
)

// Of every preset, without -long of one of each kind, the screen looks into every arm, as it does when a person asks:
// nothing in between is made up. Networks learn for a step, and few photographs
// are shown; what the networks are is what the presets say.
func TestInspectionOfEveryPreset(t *testing.T) {
	if testing.Short() {
		t.Skip("photographs through large networks take minutes without fast kernels")
	}
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	here := &session{ctx: t.Context()}
	sources := here.sources()
	sources.Photos = func(folder string) ([]images.Photo, error) {
		list, err := here.photographs(folder)
		return list[:2], err
	}
	pool := lab.NewPool(k, 2, time.Now, sources)
	t.Cleanup(pool.Close)
	for _, name := range presets.Names() {
		if !*long && !slices.Contains([]string{presets.Default, "leaky-grid", "segment-anywhere", "table3-layers", "receptive-field-cliff", "red-green", "rook"}, name) {
			continue // one of each kind; of all with -long
		}
		t.Run(name, func(t *testing.T) {
			e, err := (&session{}).load(name)
			if err != nil {
				t.Fatal(err)
			}
			for key, text := range map[string]string{
				"train.steps": "1", "train.batch": "2", "eval.images": "1",
				"backbone.steps": "1", "readout.crops": "8", "readout.test_crops": "1", "readout.batch": "8", "readout.epochs": "1",
			} {
				if err := e.SetAll(key, text); err != nil {
					t.Fatal(err)
				}
			}
			first := app.Preset{Name: name, Experiment: e}
			h := (&session{disk: record.OS{}, getenv: os.Getenv}).host(pool, runFlags{noRecord: true})
			start, look := h.Start, h.Inspect
			var run *lab.Run
			h.Start = func(ctx context.Context, w app.Wish) (*lab.Run, error) {
				var err error
				if run, err = start(ctx, w); err == nil {
					<-run.Done()
				}
				return run, err
			}
			looks := 0
			h.Inspect = func(ctx context.Context, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error) {
				looks++
				g, f, err := look(ctx, run, arm)
				switch {
				case g == nil || len(g.Layers) == 0:
					t.Errorf("arm %d: no geometry, %v", arm, err)
				case err == nil && len(f.Artifacts) != len(g.Taps):
					t.Errorf("arm %d: artifact maps of %d of %d taps", arm, len(f.Artifacts), len(g.Taps))
				case err != nil && err.Error() == "":
					t.Errorf("arm %d: no findings, and nothing says why", arm)
				}
				return g, f, err
			}

			screen := app.New(h, app.Session{First: first})
			defer screen.Close()
			screen.Update(screen.Init()())
			press := func(key string) tea.Cmd {
				_, cmd := screen.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(key)})
				return cmd
			}
			carryOut := func(cmd tea.Cmd) {
				batch := cmd().(tea.BatchMsg)
				for _, c := range batch[:2] { // the report, and the look; then a timer
					screen.Update(c())
				}
			}
			arms, err := e.Expand()
			if err != nil {
				t.Fatal(err)
			}
			for range arms {
				carryOut(press("i"))
				for range 8 { // pages
					if text := screen.View(); !strings.Contains(text, "inside") || strings.Contains(text, "a fault of padlab") || strings.Contains(text, "is shown a picture…") {
						t.Errorf("the screen shows\n%s", text)
					}
					screen.Update(tea.KeyMsg{Type: tea.KeyTab})
				}
				press("q")
				press("j")
			}
			if looks != len(arms) {
				t.Errorf("looked into %d of %d arms", looks, len(arms))
			}
			if s := run.Snapshot(); s.Status != lab.Done {
				t.Errorf("the run is %s: %s", s.Status, s.Failure)
			}
		})
	}
}
