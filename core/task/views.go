package task

import (
	"fmt"

	"padlab/core/border"
)

// views is the exam of a task with one answer per picture whose views are no cells of
// a canvas: it keeps what was answered.
type views struct {
	images, views, labels int
	right                 func(image, view int) int32
	said                  []float32 // [image][view]; numbers of answers, far below 2²⁴
}

func newViews(images, n, labels int, right func(image, view int) int32) *views {
	return &views{images, n, labels, right, make([]float32, images*n)}
}

func (v *views) Tally(image, view int, answer []float32) {
	v.said[image*v.views+view] = float32(largest(answer))
}

func (v *views) State() []float32 { return append([]float32(nil), v.said...) }

func (v *views) Restore(state []float32) error {
	said := make([]float32, len(v.said))
	if err := fill(state, said); err != nil {
		return err
	}
	for _, x := range said {
		if n := int(x); float32(n) != x || n < 0 || n >= v.labels {
			return fmt.Errorf("the state of an examination has the answer %g, of %d", x, v.labels)
		}
	}
	copy(v.said, said)
	return nil
}

// hits are the right answers.
func (v *views) hits() *border.Views {
	h := border.NewViews(v.images, v.views)
	for image := range v.images {
		for view, hit := 0, h.Of(image); view < v.views; view++ {
			hit[view] = int32(v.said[image*v.views+view]) == v.right(image, view)
		}
	}
	return h
}
