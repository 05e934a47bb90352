package stage

import (
	"math"

	"padlab/core/metric"
	"padlab/core/record"
)

// lossPoints is how many points of a loss curve are kept at most: whenever it
// is full, every second one goes.
const lossPoints = 512

// A curve is the loss of every stride-th step, and of the last.
type curve struct {
	points []record.LossPoint
	stride int
}

// add appends a point; last says that none will follow. Points that somebody else
// may hold are never written again: appending leaves them alone, and thinning
// makes a new slice.
func (c *curve) add(step int, loss float64, last bool) {
	c.stride = max(c.stride, 1)
	if step%c.stride != 0 && !last {
		return
	}
	c.points = append(c.points, record.LossPoint{Step: step, Value: metric.Number(loss)})
	if len(c.points) == lossPoints && !last {
		c.points = thinned(c.points)
		c.stride *= 2
	}
}

// thinned is every second point, with room for as many again.
func thinned(points []metric.StepValue) []metric.StepValue {
	half := make([]metric.StepValue, 0, len(points))
	for i := 0; i < len(points); i += 2 {
		half = append(half, points[i])
	}
	return half
}

// follow adds what an evaluation after so many steps has found to a course: the
// score beyond guessing, or the first where there is none. Of a course that is as
// long as a loss curve may be, every second point goes; points that somebody else
// may hold are never written again.
func follow(c *metric.Course, step int, scores []metric.Score) {
	s := scores[0]
	if beyond, ok := metric.Find(scores, metric.Key{Metric: metric.BeyondGuessing}); ok {
		s = beyond
	}
	c.Metric = s.Metric
	c.Points = append(c.Points, metric.StepValue{Step: step, Value: s.Value})
	if len(c.Points) == lossPoints {
		c.Points = thinned(c.Points)
	}
}

// stepsToHalf is after how many steps a course came to half of what there is to
// be had; not-a-number while it has not, and where there is nothing.
func stepsToHalf(c metric.Course, scores []metric.Score) (s metric.Score, ok bool) {
	beyond, ok := metric.Find(scores, metric.Key{Metric: metric.BeyondGuessing})
	if !ok {
		return s, false
	}
	all := 1.0
	if beyond.Ceiling != nil {
		all = float64(*beyond.Ceiling)
	}
	s = metric.Score{Key: beyond.Key, Value: metric.NaN, Low: metric.NaN, High: metric.NaN, Interval: beyond.Interval, N: beyond.N, Chance: metric.NaN}
	s.Metric = metric.StepsToHalf
	if all > 0 {
		s.Value = metric.Number(math.Round(stepsTo(c.Points, all/2)*1e6) / 1e6)
	}
	return s, true
}

// stepsTo is after how many steps points first reach a value, on straight lines
// between them; not-a-number when they never do.
func stepsTo(points []metric.StepValue, value float64) float64 {
	for i, p := range points {
		if float64(p.Value) < value {
			continue
		}
		if i == 0 {
			return float64(p.Step)
		}
		before := points[i-1]
		share := (value - float64(before.Value)) / float64(p.Value-before.Value)
		return float64(before.Step) + float64(share*float64(p.Step-before.Step))
	}
	return math.NaN()
}
