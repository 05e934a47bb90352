package stage

import (
	"padlab/core/metric"
	"padlab/core/record"
)

// lossPoints is how many points of a loss curve are kept at most: whenever it
// is full, every second one goes.
const lossPoints = 512

// A curve is the loss of every stride-th step.
type curve struct {
	points []record.LossPoint
	stride int
}

// add appends a point. Points that somebody else may hold are never written
// again: appending leaves them alone, and thinning makes a new slice.
func (c *curve) add(step int, loss float64) {
	c.stride = max(c.stride, 1)
	if step%c.stride != 0 {
		return
	}
	c.points = append(c.points, record.LossPoint{Step: step, Value: metric.Number(loss)})
	if len(c.points) == lossPoints {
		half := make([]record.LossPoint, 0, lossPoints)
		for i := 0; i < lossPoints; i += 2 {
			half = append(half, c.points[i])
		}
		c.points = half
		c.stride *= 2
	}
}
