package border

import "fmt"

// Sides are the borders of a picture that the distance of a pixel is measured
// from.
type Sides int

const (
	AllSides     Sides = iota // min(x, y, W−1−x, H−1−y)
	LeftAndRight              // min(x, W−1−x), for what varies along a row
	TopAndBottom              // min(y, H−1−y), for what varies along a column
)

// Distance is how many pixels lie between pixel (row, col) of a picture of
// rows×cols and the nearest of these sides: 0 at the border. It panics when the
// pixel is not in the picture.
func (s Sides) Distance(row, col, rows, cols int) int {
	if row < 0 || row >= rows || col < 0 || col >= cols {
		panic(fmt.Sprintf("border: pixel %d,%d of a picture of %d×%d", row, col, rows, cols))
	}
	x, y := min(col, cols-1-col), min(row, rows-1-row)
	switch s {
	case LeftAndRight:
		return x
	case TopAndBottom:
		return y
	}
	return min(x, y)
}

// Rings is how many distances a picture of rows×cols has: 0 … Rings−1.
func (s Sides) Rings(rows, cols int) int {
	switch s {
	case LeftAndRight:
		return (cols + 1) / 2
	case TopAndBottom:
		return (rows + 1) / 2
	}
	return (min(rows, cols) + 1) / 2
}
