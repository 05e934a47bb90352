package cli

import (
	"fmt"
	"testing"
	"time"

	"padlab/core/lab"
	"padlab/core/nn/kernel"
	"padlab/presets"
)

// Every arm of every preset can be inspected as the screen does it, with
// photographs shown to the network; of arms that are built alike the first is.
func TestInspectEveryPreset(t *testing.T) {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	pool := lab.NewPool(k, 2)
	t.Cleanup(pool.Close)
	for _, name := range presets.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &session{}
			e, err := s.load(name)
			if err != nil {
				t.Fatal(err)
			}
			in, release, err := s.inputs(e, "")
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			in.Pool, in.Now = pool, time.Now
			run, err := lab.Start(e, in)
			if err != nil {
				t.Fatal(err)
			}
			run.Pause()
			seen := map[string]bool{}
			for arm, state := range run.Snapshot().Arms {
				spec, _, err := run.Network(t.Context(), arm)
				if err != nil {
					t.Fatal(err)
				}
				key := fmt.Sprint(spec.Arch.Name, spec.In, spec.Padding.Name, spec.Extent, spec.Head, spec.Layers)
				if seen[key] {
					continue
				}
				seen[key] = true
				g, found, err := inspectArm(t.Context(), k, run, arm)
				if err != nil || len(g.Layers) == 0 || len(found.Artifacts) != len(g.Taps) {
					t.Errorf("%s: %v", state.Name, err)
				}
			}
			run.Stop()
			<-run.Done()
		})
	}
}
