package task

import (
	"padlab/core/border"
	"padlab/core/metric"
	"padlab/core/rng"
)

// redGreen is the red-green task of Kayhan and van Gemert (2020): a red and a green
// square on black, 32×32 pixels; the network says which of the two is on the left. In
// training red stands left in the upper half and green left in the lower half, so that
// the row says it as well. Tests are similar (as in training) and dissimilar: the same
// pictures moved by 16 pixels into the other half. Who knows rows takes the row for the
// answer, and is wrong then. Chance is 1/2.
//
// Squares are 4×4, at row 7 or 23 plus −4 … 4, the left one at column 0 … 9, the other
// from the same column to 27, at least 5 away (their code, CNNs-Without-Borders). There
// are 2,000 training and 1,000 test pictures.
//
// "same-logits" is the share of test pictures with which the network does the same bits
// in both places.
var redGreen = Task{
	Name:     "red-green",
	Question: "which of two squares is on the left",
	About:    "a red and a green square; red is on the left in the upper half, green in the lower one, and the test moves them",
	Drawn:    true,
	problem:  func(*Source, Spec) Problem { return squares{} },
	side:     func(Spec) int { return squaresSide },
	Examinations: []Examination{
		{Similar, "similar", "where it was trained"}, {Dissimilar, "dissimilar", "in the other half"},
	},
}

// What scores of red-green call their test pictures.
const (
	Similar    = "similar"
	Dissimilar = "dissimilar"
)

const (
	squaresSide  = 32
	squaresTrain = 2000
	squaresTest  = 1000
)

type squares struct{ single }

func (squares) Shape() (h, w, c int)     { return squaresSide, squaresSide, 3 }
func (squares) Answers() int             { return 2 }
func (squares) Names() []string          { return []string{"red", "green"} }
func (squares) Cell() int                { return 0 }
func (squares) TestImages() int          { return squaresTest }
func (squares) Views() int               { return 2 } // similar, dissimilar
func (squares) Right(image, _ int) int32 { return int32(image % 2) }
func (squares) Draw(x []float32, image, view int) {
	drawSquares(x, 1, "red-green test", image, view == 1)
}

// Sample is one of the training pictures of the seed.
func (squares) Sample(seed uint64, step, i int, x []float32, labels []int32) {
	s := rng.New(seed, "sample", uint64(step), uint64(i))
	image := s.IntN(squaresTrain)
	drawSquares(x, seed, "red-green", image, false)
	labels[0] = int32(image % 2)
}

// drawSquares draws picture n of a purpose; moved, it is in the other half.
func drawSquares(x []float32, seed uint64, purpose string, n int, moved bool) {
	const size, half, jitter = 4, squaresSide / 2, 4
	s := rng.New(seed, purpose, uint64(n))
	green := n % 2 // which is on the left
	row := 7 + green*half + s.IntN(2*jitter+1) - jitter
	if moved {
		row += half - 2*green*half
	}
	left := s.IntN(10)
	right := left + 5 + s.IntN(squaresSide-size-left-5)
	clear(x)
	for color, column := range [2]int{left, right} {
		if green == 1 {
			color = 1 - color
		}
		for i := range size * size {
			x[((row+i/size)*squaresSide+column+i%size)*3+color] = 1
		}
	}
}

func (q squares) Examine(images int) Exam {
	return &compared{views: newViews(images, 2, 2, q.Right), squares: q, logits: make([]float32, 2*images), same: make([]float32, images)}
}

// compared is the exam of red-green.
type compared struct {
	*views
	squares
	logits []float32 // of similar pictures
	same   []float32 // 1 where those of the dissimilar picture are the same bits
}

func (c *compared) Tally(image, view int, answer []float32) {
	c.views.Tally(image, view, answer)
	own := c.logits[2*image : 2*image+2]
	if view == 0 {
		copy(own, answer)
	} else if own[0] == answer[0] && own[1] == answer[1] {
		c.same[image] = 1
	}
}

func (c *compared) State() []float32 {
	return append(append(c.views.State(), c.logits...), c.same...)
}

func (c *compared) Restore(state []float32) error {
	said := make([]float32, len(c.said))
	if err := fill(state, said, c.logits, c.same); err != nil {
		return err
	}
	return c.views.Restore(said)
}

func (c *compared) Results() ([]metric.Score, []metric.Profile, []metric.Map) {
	hits, same := c.hits(), border.NewViews(c.images, 1)
	for image := range c.images {
		same.Of(image)[0] = c.same[image] == 1
	}
	return []metric.Score{
		hits.Score(metric.Accuracy, Similar, .5, 0),
		hits.Score(metric.Accuracy, Dissimilar, .5, 1),
		same.Score(metric.SameLogits, Similar, 0, 0),
	}, nil, nil
}
