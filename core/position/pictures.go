package position

import "padlab/core/metric"

// The kinds of pictures that a read-out is tested on. Every score, profile and
// map of a read-out names one of them.
const (
	Natural = "natural" // crops of photographs that the read-out was not fitted on
	Black   = "black"
	White   = "white"
	Noise   = "noise"
)

// Kinds are all of them.
func Kinds() []string { return []string{Natural, Black, White, Noise} }

// KindWords say what pictures of a kind are: "photographs". They are empty for
// what is no kind.
func KindWords(kind string) string {
	switch kind {
	case Natural:
		return "photographs"
	case Black:
		return "a black picture"
	case White:
		return "a white picture"
	case Noise:
		return "pictures of noise"
	}
	return ""
}

// Metrics are the names of the scores of a read-out.
func Metrics() []string { return []string{metric.SPC, metric.MAE, metric.Skill} }
