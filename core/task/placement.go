package task

import "padlab/core/rng"

// Placement writes the canvas with a training image in a cell to x, h×w×c, and
// returns the cell and what the image shows. Both are drawn, and depend on (seed, i)
// alone: they are none of those that a task trains on but by chance.
func (l *Canvas) Placement(seed uint64, i int, x []float32) (cell, class int) {
	s := rng.New(seed, "placement", uint64(i))
	image := s.IntN(len(l.train.labels))
	cell = s.IntN(l.cells())
	l.ground(x, seed, "placement canvas", uint64(i))
	l.paste(x, l.train, image, cell)
	return cell, int(l.train.labels[image])
}

// TestClass is what test image i shows.
func (l *Canvas) TestClass(i int) int { return int(l.test.labels[i]) }
