package cli

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/nn/kernel"
	"padlab/core/record"
	"padlab/presets"
	"padlab/tui/report"
)

// What a preset says takes its numbers from the experiment, names keys where keys
// are at hand and flags where flags are, and the flags work.
func TestPresetTexts(t *testing.T) {
	s := &session{ctx: t.Context()}
	pool := poolOf(t, s)
	for _, name := range presets.Names() {
		e, err := s.load(name)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{e.Title, e.About, e.Try, e.Paper, e.Differs}
		for _, x := range e.Expect {
			texts = append(texts, x.Says)
		}
		for _, text := range texts {
			if strings.ContainsAny(e.Prose(text), "{}") {
				t.Errorf("%s: %q leaves a brace", name, e.Prose(text))
			}
		}
		if strings.Contains(e.Try, "--") {
			t.Errorf("%s: %q has flags, but is read on the screen", name, e.Try)
		}
		for _, key := range regexp.MustCompile(`\b([a-zA-Z]): `).FindAllStringSubmatch(e.Try, -1) {
			if !strings.Contains("aenNviz", key[1]) {
				t.Errorf("%s: no key %q on the screen", name, key[1])
			}
		}
		if e.Flags == "" {
			t.Errorf("%s has no flags to try", name)
			continue
		}
		if !*long {
			continue // to build them all takes half a minute
		}
		if _, _, err := lab.Estimate(t.Context(), pool, e, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if e.Full != "" {
			full := e.Clone()
			if err := full.Enlarge(); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if _, _, err := lab.Estimate(t.Context(), pool, full, 0); err != nil {
				t.Errorf("%s: full: %v", name, err)
			}
		}
		if !strings.Contains(e.Flags, "--weights") { // a file that people have
			changed := e.Clone()
			if err := s.change(changed, flagsOf(t, e.Flags)); err != nil {
				t.Errorf("%s: %s: %v", name, e.Flags, err)
			} else if _, _, err := lab.Estimate(t.Context(), pool, changed, 0); err != nil {
				t.Errorf("%s: %s: %v", name, e.Flags, err)
			}
		}
	}
}

func poolOf(t *testing.T, s *session) *lab.Pool {
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	pool := lab.NewPool(k, runtime.GOMAXPROCS(0), time.Now, s.sources())
	t.Cleanup(pool.Close)
	return pool
}

// flagsOf are flags of run as they stand in a text.
func flagsOf(t *testing.T, text string) (f runFlags) {
	words := strings.Fields(text)
	for i := 0; i+1 < len(words); i += 2 {
		switch words[i] {
		case "--set":
			f.set = append(f.set, words[i+1])
		case "--seeds":
			f.seeds = words[i+1]
		case "--seed":
			f.seed = words[i+1]
		default:
			t.Errorf("%q: what is %s?", text, words[i])
		}
	}
	return f
}

// What a preset expects, and so what it says, holds for other seeds and when
// training goes on; and at every evaluation on the way the sentence about each arm
// agrees with its numbers. CI runs a sample:
//
//	go test ./tui/cli -run 'TestPresetsHold/leaky-grid' -long
func TestPresetsHold(t *testing.T) {
	if !*long {
		t.Skip("trains whole presets; run with -long")
	}
	for _, name := range presets.Names() {
		for _, longer := range []int{1, 2} {
			for seed := 1; seed <= 5; seed++ {
				t.Run(fmt.Sprintf("%s/steps times %d/seed %d", name, longer, seed), func(t *testing.T) {
					e, err := (&session{}).load(name)
					if err != nil {
						t.Fatal(err)
					}
					e.Seed = uint64(seed)
					e.Train.Steps *= longer
					e.Backbone.Steps *= longer
					e.Readout.Epochs *= longer
					run, err := lab.Start(t.Context(), poolOf(t, &session{ctx: t.Context()}), e, lab.Options{Evaluated: func(s *lab.Snapshot) {
						for _, a := range s.Arms {
							sentence(t, s.Experiment, a.Result())
						}
					}})
					if err != nil {
						t.Fatal(err)
					}
					<-run.Done()
					for _, x := range run.Snapshot().Result().Expectations {
						if !x.Held {
							t.Errorf("did not hold: %s", x.Text)
						}
					}
				})
			}
		}
	}
}

// sentence holds what is said of an arm against its numbers.
func sentence(t *testing.T, e *experiment.Experiment, a record.Arm) {
	beyond, ok := metric.Find(a.Scores, metric.Key{Metric: metric.BeyondGuessing})
	if !ok || e.Reads() {
		return
	}
	text := report.Found(e, a, a.Name)
	says := func(words string) bool { return strings.Contains(text, words) }
	var short bool
	if beyond.Ceiling != nil {
		short = beyond.Value < *beyond.Ceiling-0.05
	}
	for _, c := range []struct {
		words string
		true  bool
	}{
		{"cannot tell", !(beyond.Low > 0) && beyond.Value <= 0.05},
		{"could still be guessing", beyond.Low <= 0 && beyond.High > 0},
		{"exactly guessing", beyond.Value == 0 && beyond.Ceiling != nil && *beyond.Ceiling == 0},
		{"and it has that", beyond.Ceiling != nil && !short},
		{"still rising", a.Status == record.Done && len(a.Course.Points) > 1 && slices.ContainsFunc(a.Course.Points, func(p metric.StepValue) bool {
			return 4*p.Step <= 3*a.Steps && p.Value < beyond.Value-0.05
		})},
	} {
		if says(c.words) && !c.true {
			t.Errorf("%q beside %+v", text, beyond)
		}
	}
	if (a.Status != record.Done) != says("After ") {
		t.Errorf("%s, %s", a.Status, text)
	}
}
