package lab

import (
	"context"
	"testing"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/pad"
	"padlab/datasets"
)

// A trained network behind global pooling with circular padding says the same of
// a picture in every cell, so that it hits exactly one of them, whatever it has
// learned: an identity of whole numbers, picture by picture. Pictures of which
// the two best answers are all but equal are counted apart. Cells of 14 pixels
// are no multiples of the stride, and there the identity must break.
func TestTrainedIsBlind(t *testing.T) {
	if testing.Short() {
		t.Skip("of numbers alone, which take the portable kernel minutes under the race detector")
	}
	set, err := datasets.Open(t.Context(), "fashion-mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	const grid, size, pictures = 5, 12, 40
	for padding, steps := range map[string]int{"circular": 250, "zeros": 100} {
		blind := padding == "circular"
		e := experiment.Default()
		e.Net.Padding, e.Train.Steps, e.Train.EvalEvery, e.Eval.Images = pad.Must(padding), steps, steps, 10
		e.Canvas.Grid, e.Data.Patch = grid, size
		r, err := Start(context.Background(), poolOf(t, "", 2, Sources{Set: func(string) (*images.Set, error) { return set, nil }}), e, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s := finished(t, r); s.Status != Done {
			t.Fatalf("%s", s.Status)
		}
		_, net, err := r.Network(context.Background(), 0)
		if err != nil {
			t.Fatal(err)
		}
		tape, side := net.NewTape(), grid*size
		one, ties, other := 0, 0, 0
		patch := make([]float32, size*size)
		for i := range pictures {
			images.AreaAverage(patch, size, size, set.Test.Pixels[i*set.H*set.W:(i+1)*set.H*set.W], set.H, set.W, 1)
			hits, tie := 0, false
			for cell := range grid * grid {
				x := tape.Input()
				clear(x)
				for row := range size {
					copy(x[(cell/grid*size+row)*side+cell%grid*size:], patch[row*size:(row+1)*size])
				}
				best, second, largest := 0, -1, float32(0)
				y := tape.Forward()
				for k, v := range y {
					largest = max(largest, v, -v)
					switch {
					case v > y[best]:
						best, second = k, best
					case k > 0 && (second < 0 || v > y[second]):
						second = k
					}
				}
				tie = tie || y[best]-y[second] <= 1e-5*largest
				if best == cell {
					hits++
				}
			}
			switch {
			case tie:
				ties++
			case hits == 1:
				one++
			default:
				other++
			}
		}
		t.Logf("%s: %d pictures hit one cell, %d another number, %d are ties", padding, one, other, ties)
		if blind != (other == 0) || blind && one < pictures/2 {
			t.Errorf("%s: %d pictures hit one cell, %d another number, %d are ties", padding, one, other, ties)
		}
	}
}

// Of a network that shuffles its channels no ceiling is told: in two cells that look
// alike to it, it may say one thing and another.
func TestShufflingHasNoCeiling(t *testing.T) {
	p := pool(t, 2)
	s := finished(t, start(t, quick(t, "net.padding=circular", "net.global=average,permuted", "train.steps=6"), p, nil))
	for i, a := range s.Arms {
		score, ok := metric.Find(a.Scores, metric.Key{Metric: metric.Accuracy})
		if !ok || (score.Ceiling != nil) != (i == 0) {
			t.Errorf("%s: ceiling %v", a.Name, score.Ceiling)
		}
	}
}
