package lab

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/pad"
	"padlab/core/task"
)

func look(t testing.TB, r *Run, arm int, q Question) *Sight {
	t.Helper()
	s, err := r.Look(t.Context(), arm, q)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mapOf is a map of the last evaluation of an arm.
func mapOf(t testing.TB, s *Snapshot, arm int, name string) metric.Map {
	t.Helper()
	m, ok := metric.Find(s.Arms[arm].Maps, metric.Key{Metric: name})
	if !ok {
		t.Fatalf("no map of %s", name)
	}
	return m
}

// What a look tells of all test pictures is what the evaluation of the run has
// counted: in the cells that a patch can stand in, right answers of so many.
func TestLookAgreesWithTheEvaluation(t *testing.T) {
	p := pool(t, 2)
	for name, e := range map[string]*experiment.Experiment{
		"location": quick(t, "net.padding=zeros,random,explicit", "train.steps=40"),
		"classify": quick(t, "task.kind=classify", "net.padding=zeros", "eval.padding=,circular", "train.steps=40"),
		"segment":  quick(t, "task.kind=segment", "net.padding=zeros", "data.normalize=true", "eval.images=6"),
		"seeds":    quick(t, "net.padding=zeros,", "seeds=2"),
	} {
		run := start(t, e, p, nil)
		end := finished(t, run)
		for arm := range end.Arms {
			want := mapOf(t, end, arm, metric.Accuracy)
			if e.Seeds > 1 { // of the first seed there is no map in a snapshot
				want = run.replicas[arm].report.Maps[0]
			}
			got := make([]float64, 9)
			for image := range e.Eval.Images {
				for cell := range 9 {
					s := look(t, run, arm, Question{Image: image, View: cell})
					if s.Image != image || s.View != cell || s.Images != 30 || s.Views != 9 {
						t.Fatalf("%s: picture %d, %d of %d, %d", name, s.Image, s.View, s.Images, s.Views)
					}
					got[cell] += right(t, s) / float64(e.Eval.Images)
				}
			}
			for cell, v := range want.Values {
				if math.Abs(got[cell]-float64(v)) > 1e-6 {
					t.Errorf("%s, %s: cell %d is right in %g of the looks, in %g of the evaluation", name, end.Arms[arm].Name, cell, got[cell], v)
				}
			}
		}
	}
}

// right is how far a sight's answer is right, having checked that it is one.
func right(t testing.TB, s *Sight) float64 {
	t.Helper()
	if s.TruthMap != nil {
		n, same := 0, 0
		for i, truth := range s.TruthMap {
			if s.Names[truth] == "background" {
				continue
			}
			if n++; s.AnswerMap[i] == truth {
				same++
			}
			if int(truth) != s.Truth {
				t.Fatalf("a pixel shows %d, the image is %d", truth, s.Truth)
			}
		}
		if len(s.TruthMap) != len(s.Picture.Values) || len(s.AnswerMap) != len(s.TruthMap) || s.Answer != -1 || s.Answers != nil || n == 0 {
			t.Fatalf("%+v", s)
		}
		return float64(same) / float64(n)
	}
	sum := 0.0
	for i, share := range s.Answers {
		sum += float64(share)
		if share > s.Answers[s.Answer] || share == s.Answers[s.Answer] && i < s.Answer {
			t.Fatalf("it answers %d, of %v", s.Answer, s.Answers)
		}
	}
	if math.Abs(sum-1) > 1e-5 || s.AnswerName != s.Names[s.Answer] || s.TruthName != s.Names[s.Truth] || len(s.Names) != len(s.Answers) {
		t.Fatalf("%+v", s)
	}
	if s.Answer == s.Truth {
		return 1
	}
	return 0
}

// A look shows the picture of the examination, and its first convolution is the
// correlation of what it saw with the weights, under every scheme.
func TestLookAtTheFirstConvolution(t *testing.T) {
	var schemes []string
	for _, s := range pad.All() {
		if s.Name != "constant" { // of 0 that is zeros
			schemes = append(schemes, s.Name)
		}
	}
	e := quick(t, "canvas.grid=4", "train.steps=3", "eval.images=1", "net.padding="+strings.Join(schemes, ","))
	run := start(t, e, pool(t, 2), nil)
	finished(t, run)
	exam := task.Must("location").On(task.NewSource(noise()), e.CanvasSpec()).Examine(1)
	x := make([]float32, 32*32)
	exam.Draw(x, 3, 5)
	for arm, name := range run.arms {
		s := look(t, run, arm, Question{Image: 3 + 30, View: 5 - 16})
		if s.Image != 3 || s.View != 5 || s.Truth != 5 || s.TruthName != "row 2, column 2" || !same(s.Picture, images.Grey(x, 32, 32, 1)) {
			t.Errorf("%s: picture %d, %d, %s", name, s.Image, s.View, s.TruthName)
		}
		i := slices.IndexFunc(s.Layers, func(l LayerSight) bool { return l.Conv })
		l := s.Layers[i]
		if l.Name != "conv1" || l.Kernel != 3 || l.Stride != 1 || l.C != 16 || len(l.Weights) != 16*9 || len(l.Bias) != 16 || l.Field != 3 || l.Scheme.Name != name {
			t.Fatalf("%s: %s %d %d %d, %s, %d weights, %d biases", name, l.Name, l.Kernel, l.Stride, l.Field, l.Scheme.Name, len(l.Weights), len(l.Bias))
		}
		if want := (pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 1}); name != "none" && l.Sides != want || name == "none" && l.Sides != (pad.Sides{}) {
			t.Errorf("%s: sides %+v", name, l.Sides)
		}
		checkLayers(t, name, s)
		ownFilters, reweighs := l.PH == 32 && name != "none", l.Scheme.Reweighs
		if !ownFilters && (l.PH != 32+l.Sides.Top+l.Sides.Bottom || l.PW != l.PH) || ownFilters && !l.Scheme.Banks || len(l.Padded) != l.PH*l.PW {
			t.Errorf("%s: it saw %d×%d pixels", name, l.PH, l.PW)
		}
		if !ownFilters && name != "resize" && !slices.Equal(middle(l), x) {
			t.Errorf("%s: the picture is not in the middle of what the first convolution saw", name)
		}
		for y := range l.H {
			for c := range l.W {
				row, col := y, c
				if ownFilters { // inside alone, where the window begins one pixel before
					if y == 0 || c == 0 || y == l.H-1 || c == l.W-1 {
						continue
					}
					row, col = y-1, c-1
				}
				for n := range l.C {
					want := float64(l.Bias[n])
					if reweighs {
						want = 0
					}
					for k := range 9 {
						want += float64(l.Padded[(row+k/3)*l.PW+col+k%3]) * float64(l.Weights[n*9+k])
					}
					if got := float64(l.Values[(y*l.W+c)*l.C+n]); math.Abs(got-want) > 1e-5 {
						t.Fatalf("%s: filter %d at %d, %d makes %g, by hand %g", name, n, y, c, got, want)
					}
				}
			}
		}
	}
}

// middle is what lies between the sides of what a convolution saw.
func middle(l LayerSight) (list []float32) {
	for row := l.Sides.Top; row < l.PH-l.Sides.Bottom; row++ {
		list = append(list, l.Padded[row*l.PW+l.Sides.Left:(row+1)*l.PW-l.Sides.Right]...)
	}
	return list
}

// checkLayers checks what holds of the layers of any sight.
func checkLayers(t testing.TB, name string, s *Sight) {
	t.Helper()
	for i, l := range s.Layers {
		if len(l.Values) != l.H*l.W*l.C || slices.Min(l.Values) != l.Low || slices.Max(l.Values) != l.High {
			t.Errorf("%s: %s has %d values of %d×%d×%d, %g to %g", name, l.Name, len(l.Values), l.H, l.W, l.C, l.Low, l.High)
		}
		if l.Kind == "ReLU" {
			before := s.Layers[i-1]
			for j, v := range before.Values {
				if l.Values[j] != max(v, 0) {
					t.Fatalf("%s: %s makes %g of %g", name, l.Name, l.Values[j], v)
				}
			}
			if before.Conv && before.Low >= 0 {
				t.Errorf("%s: %s is rectified already", name, before.Name)
			}
		}
	}
}

// The padding that is looked at is that of the network that is tested.
func TestLookAtAnotherPadding(t *testing.T) {
	run := start(t, quick(t, "net.padding=zeros", "eval.padding=,circular"), pool(t, 1), nil)
	finished(t, run)
	trained, tested := look(t, run, 0, Question{}).Layers[0], look(t, run, 1, Question{}).Layers[0]
	if trained.Scheme.Name != "zeros" || tested.Scheme.Name != "circular" || !slices.Equal(trained.Weights, tested.Weights) || slices.Equal(trained.Padded, tested.Padded) || !slices.Equal(middle(trained), middle(tested)) {
		t.Errorf("%s and %s", trained.Scheme.Name, tested.Scheme.Name)
	}
}

// Looks while a run trains, is paused, is taken over and has ended change nothing
// of it, and show it as it is.
func TestLookWhileItRuns(t *testing.T) {
	p := pool(t, 2)
	e := quick(t, "train.steps=60")
	want := canonical(t, finished(t, start(t, e, p, nil)))
	run := start(t, e, p, nil)
	var lookers sync.WaitGroup
	for arm := range 2 {
		lookers.Add(1)
		go func() {
			defer lookers.Done()
			for n := 0; ; n++ {
				if _, err := run.Look(t.Context(), arm, Question{Image: n, View: n}); err != nil {
					t.Error(err)
				}
				select {
				case <-run.Done():
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
	}
	first := look(t, run, 0, Question{})
	run.Pause()
	await(t, run, func(s *Snapshot) bool { return s.Status == Paused || s.Status.Ended() })
	paused := look(t, run, 0, Question{})
	if again := look(t, run, 0, Question{}); !same(paused, again) {
		t.Error("a paused network changes")
	}
	run.Resume()
	if got := canonical(t, finished(t, run)); got != want {
		t.Errorf("looked at:\n%s\nwant\n%s", short(got, want), short(want, got))
	}
	lookers.Wait()
	if end := look(t, run, 0, Question{}); slices.Equal(end.Answers, first.Answers) {
		t.Error("it has learned nothing that shows")
	}

	one := start(t, quick(t), p, nil)
	two, err := Start(t.Context(), p, quick(t, "seeds=2"), Options{After: one})
	if err != nil {
		t.Fatal(err)
	}
	look(t, one, 1, Question{})
	finished(t, two)
	if !same(look(t, one, 1, Question{Image: 4, View: 4}), look(t, two, 1, Question{Image: 4, View: 4})) {
		t.Error("the run before shows another network than the one that took it over")
	}
}

// Of a read-out the frozen network is looked at, as the read-out sees it; before
// it is frozen, as far as it has learned.
func TestLookAtAReadOut(t *testing.T) {
	run := start(t, reading(t, "readout.solver=ridge", "backbone.steps=6", "readout.kernel=1"), pool(t, 2), nil)
	look(t, run, 1, Question{})
	end := finished(t, run)
	for arm, a := range end.Arms {
		s := look(t, run, arm, Question{Image: 0, View: 3})
		if s.Truth != -1 || s.Answer != -1 || s.Names != nil || s.Answers != nil || s.TruthMap != nil || s.Views != 1 || s.View != 0 || s.Images < 7 || !same(s.Picture, a.Example) {
			t.Errorf("%s: %+v", a.Name, s)
		}
		checkLayers(t, a.Name, s)
		black := look(t, run, arm, Question{Image: s.Images - 6})
		if slices.Max(black.Picture.Values) != 0 {
			t.Errorf("%s: %v is not black", a.Name, black.Picture.Values)
		}
	}
}

// What cannot be looked at is said in words.
func TestLookRefuses(t *testing.T) {
	p := pool(t, 1)
	run := start(t, quick(t, "train.optimizer=sgd", "train.lr=100", "canvas.fill=white", "train.steps=60"), p, nil)
	finished(t, run)
	for arm, want := range map[int]string{0: "arm zeros has nothing to look at: the loss or its gradient was not finite at step", 2: "there is no arm 2: there are 0 to 1", -1: "there is no arm -1"} {
		if _, err := run.Look(t.Context(), arm, Question{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	fine := start(t, quick(t), p, nil)
	finished(t, fine)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := fine.Look(ctx, 0, Question{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
