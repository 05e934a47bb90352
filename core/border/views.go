package border

import (
	"fmt"

	"padlab/core/metric"
)

// Views collects a hit or a miss for every image in every view, of which some belong
// together: placements at one distance to the border, or test pictures of one kind.
// Different images may be set by different goroutines.
type Views struct {
	Images, Views int
	hits          []bool // [image][view]
}

// NewViews returns misses. It panics if a number is below 1.
func NewViews(images, views int) *Views {
	if images < 1 || views < 1 {
		panic(fmt.Sprintf("border: %d views of %d images", views, images))
	}
	return &Views{images, views, make([]bool, images*views)}
}

// Of returns the hits of one image, view by view, to be filled in.
func (v *Views) Of(image int) []bool {
	return v.hits[image*v.Views : (image+1)*v.Views : (image+1)*v.Views]
}

// Score is the share of hits in some views of all images.
func (v *Views) Score(name, images string, chance float64, views ...int) metric.Score {
	return v.over(views).score(name, images, chance)
}

// Point is Score as a ring of a profile.
func (v *Views) Point(distance int, chance float64, views ...int) metric.Point {
	return v.over(views).point(distance, chance)
}

// over takes each image as one value, as Tally does.
func (v *Views) over(views []int) estimate {
	means := make([]float64, v.Images)
	for i := range means {
		hits := v.Of(i)
		for _, view := range views {
			if hits[view] {
				means[i] += 1 / float64(len(views))
			}
		}
	}
	mean, low, high := Proportion(means, len(views))
	return estimate{mean, low, high, v.Images, v.Images * len(views)}
}
