package task

import (
	"strings"

	"padlab/core/metric"
	"padlab/core/rng"
)

// rook is the smallest demonstration of Kayhan and van Gemert (2020): two pictures of
// 32×32 pixels with the same patch, here a rook, in the top left and in the bottom right
// corner. One filter that sees the border is enough to tell them apart. Chance is 1/2.
var rook = Task{
	Name:     "rook",
	Question: "in which corner the rook is",
	About:    "the same rook in the top left or the bottom right corner, and the network says which",
	Drawn:    true,
	problem:  func(*Source, Spec) Problem { return rooks{} },
	side:     func(Spec) int { return rooksSide },
}

const rooksSide = 32

// theRook is eight rows of eight pixels.
var theRook = strings.Fields(`
	.#.##.#.
	.######.
	..####..
	..####..
	..####..
	..####..
	.######.
	########`)

type rooks struct{ single }

func (rooks) Shape() (h, w, c int)    { return rooksSide, rooksSide, 1 }
func (rooks) Answers() int            { return 2 }
func (rooks) Names() []string         { return []string{"top left", "bottom right"} }
func (rooks) Cell() int               { return 0 }
func (rooks) TestImages() int         { return 1 }
func (rooks) Views() int              { return 2 }
func (rooks) Right(_, view int) int32 { return int32(view) }

func (rooks) Draw(x []float32, _, view int) {
	clear(x)
	corner := view * (rooksSide - len(theRook))
	for row, line := range theRook {
		for col, c := range line {
			if c == '#' {
				x[(corner+row)*rooksSide+corner+col] = 1
			}
		}
	}
}

func (r rooks) Sample(seed uint64, step, i int, x []float32, labels []int32) {
	s := rng.New(seed, "sample", uint64(step), uint64(i))
	view := s.IntN(2)
	r.Draw(x, 0, view)
	labels[0] = int32(view)
}

func (r rooks) Examine(images int) Exam { return told{newViews(images, 2, 2, r.Right), r} }

// told is the exam of rook.
type told struct {
	*views
	rooks
}

func (t told) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	return []metric.Score{t.hits().Score(metric.Accuracy, TestImages, .5, 0, 1)}, nil, nil
}
