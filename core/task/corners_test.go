package task

import (
	"math"
	"slices"
	"testing"

	"padlab/core/metric"
)

// Quadrant pictures hold one patch, as far from two edges as they say, and nothing else;
// the profile has a ring for every distance.
func TestQuadrants(t *testing.T) {
	p := quadrant.On(NewSource(noisy()), Spec{Grid: 9, Patch: 4, Fill: "1", Border: 16})
	h, w, c := p.Shape()
	if h != 40 || w != 40 || c != 2 || p.Views() != 6 || p.Answers() != 2 || quadrant.Side(Spec{Grid: 9, Patch: 4, Border: 16}) != 40 {
		t.Fatal(h, w, c, p.Views(), p.Answers())
	}
	draw := p.Examine(1).Draw
	x := make([]float32, h*w*c)
	for view := range 6 {
		draw(x, 0, view)
		low, high := h, -1 // of the rows and columns that are not empty
		for i, v := range x {
			if v != 1 {
				for _, at := range []int{i / c / w, i / c % w} {
					low, high = min(low, at), max(high, at)
				}
			}
		}
		want := view / 2 * 8
		if view%2 == 1 {
			want = 39 - want - 3
		}
		if low != want || high != want+3 {
			t.Errorf("view %d: a patch in %d … %d, want it from %d", view, low, high, want)
		}
	}
	seen := map[int32]int{}
	labels := make([]int32, 1)
	for i := range 400 {
		p.Sample(1, 2, i, x, labels)
		if p.Sample(1, 2, i, x, labels); (x[0] == 1) == (x[len(x)-1] == 1) && labels[0] > 1 {
			t.Fatal("not in a corner")
		}
		first := slices.IndexFunc(x, func(v float32) bool { return v != 1 }) / c / w
		if (first < 18) != (labels[0] == 0) {
			t.Fatalf("the patch begins in row %d, and the label is %d", first, labels[0])
		}
		seen[labels[0]]++
	}
	if seen[0] < 150 || seen[1] < 150 {
		t.Errorf("labels %v", seen)
	}
	if err := quadrant.Check(Spec{Border: 12}); err == nil {
		t.Error("a border of 12 is taken")
	}
	exam := p.Examine(6) // an answer that is right at the border only
	for image := range 6 {
		for view := range 6 {
			answer := []float32{1, 0}
			if view == 1 {
				answer = []float32{0, 1}
			}
			exam.Tally(image, view, answer)
		}
	}
	scores, profiles, _ := exam.Results()
	var got []float64
	for _, r := range profiles[0].Rings {
		got = append(got, float64(r.Distance), float64(r.Value))
	}
	if !slices.Equal(got, []float64{0, 1, 8, .5, 16, .5}) || math.Abs(float64(scores[0].Value)-4./6) > 1e-12 || profiles[0].Unit != "pixels" {
		t.Errorf("%v, %+v", got, scores)
	}
}

// Red-green pictures hold two squares of 4×4 pixels that do not touch, the left one of
// which says the label; dissimilar pictures are the same, 16 rows further.
func TestSquares(t *testing.T) {
	p := redGreen.On(nil, Spec{})
	draw := p.Examine(1000).Draw
	x, y, labels := make([]float32, 32*32*3), make([]float32, 32*32*3), make([]int32, 1)
	box := func(x []float32, color int) (row, col, n int) {
		row, col = 32, 32
		for i := range 32 * 32 {
			if x[i*3+color] == 1 {
				row, col, n = min(row, i/32), min(col, i%32), n+1
			}
		}
		return row, col, n
	}
	check := func(what string, x []float32, right int32, upper bool) {
		t.Helper()
		red, green, blue := [3]int{}, [3]int{}, [3]int{}
		red[0], red[1], red[2] = box(x, 0)
		green[0], green[1], green[2] = box(x, 1)
		_, _, blue[2] = box(x, 2)
		left := min(red[1], green[1])
		apart := max(red[1], green[1]) - left
		if red[2] != 16 || green[2] != 16 || blue[2] != 0 || red[0] != green[0] || apart < 5 || left > 9 || max(red[1], green[1]) > 27 {
			t.Fatalf("%s: red %v, green %v", what, red, green)
		}
		if (red[1] < green[1]) != (right == 0) {
			t.Fatalf("%s: label %d, red in column %d, green in %d", what, right, red[1], green[1])
		}
		row := red[0]
		if upper && (row < 3 || row > 11) || !upper && (row < 19 || row > 27) {
			t.Fatalf("%s: in row %d", what, row)
		}
	}
	for i := range 300 {
		p.Sample(4, 1, i, x, labels)
		check("sample", x, labels[0], labels[0] == 0)
		draw(x, i, 0)
		draw(y, i, 1)
		right := p.Right(i, 0)
		check("similar", x, right, right == 0)
		check("dissimilar", y, right, right == 1)
		const half = 16 * 32 * 3
		if right == 1 {
			x, y = y, x
		}
		if !slices.Equal(x[:half], y[half:]) || slices.Max(x[half:]) != 0 || slices.Max(y[:half]) != 0 {
			t.Fatalf("picture %d: the dissimilar one is not the same, 16 rows away", i)
		}
	}
	// Who goes by the row is always right where it was trained, and never elsewhere.
	exam := p.Examine(1000)
	for i := range 1000 {
		for view := range 2 {
			draw(x, i, view)
			row, _, _ := box(x, 0)
			answer := []float32{1, 0}
			if row > 15 {
				answer = []float32{0, 1}
			}
			exam.Tally(i, view, answer)
		}
	}
	scores, _, _ := exam.Results()
	for images, want := range map[string]metric.Number{Similar: 1, Dissimilar: 0} {
		if s, _ := metric.Find(scores, metric.Key{Metric: metric.Accuracy, Images: images}); s.Value != want || s.Units != 1000 {
			t.Errorf("%s: %+v", images, s)
		}
	}
	if s, _ := metric.Find(scores, metric.Key{Metric: metric.SameLogits}); s.Value != 0 {
		t.Errorf("%+v", s)
	}
}

func TestRooks(t *testing.T) {
	draw := rook.On(nil, Spec{}).Examine(1).Draw
	x, y := make([]float32, 32*32), make([]float32, 32*32)
	draw(x, 0, 0)
	draw(y, 0, 1)
	const moved = 24*32 + 24
	for i := range 8 * 32 {
		if x[i] != y[min(i+moved, 32*32-1)] && i%32 < 8 {
			t.Fatalf("pixel %d of the rook is another one in the other corner", i)
		}
	}
	if len(theRook) != 8 || slices.Max(x[8*32:]) != 0 || slices.Max(y[:24*32]) != 0 {
		t.Error("the rook is not in its corner")
	}
}
