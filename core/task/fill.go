package task

import (
	"fmt"
	"math"
	"strconv"

	"padlab/core/names"
)

// A Fill is what the empty canvas looks like: "black" (0), "white" (1), "mean"
// (of the training images, channel by channel), a grey value in 0 … 1, or "noise",
// uniform between 0 and 1, another one in every picture.
type Fill string

// Noise is the fill that is drawn.
const Noise Fill = "noise"

// Fills returns the named ones.
func Fills() []string { return []string{"black", "white", "mean", string(Noise)} }

// ParseFill returns the fill of that name or grey value.
func ParseFill(text string) (Fill, error) {
	for _, name := range Fills() {
		if text == name {
			return Fill(name), nil
		}
	}
	grey, err := strconv.ParseFloat(text, 32)
	if err != nil {
		return "", names.Unknown("fill", text, append(Fills(), "a grey value 0..1"))
	}
	if !(grey >= 0 && grey <= 1) {
		return "", fmt.Errorf("grey value %s is outside 0..1", text)
	}
	return Fill(strconv.FormatFloat(math.Abs(grey), 'g', -1, 32)), nil
}

// UnmarshalText is ParseFill.
func (f *Fill) UnmarshalText(text []byte) error {
	parsed, err := ParseFill(string(text))
	if err == nil {
		*f = parsed
	}
	return err
}

// value is the fill's value where the mean of the training images is mean; of noise,
// its own mean. It
// panics on a Fill that ParseFill did not make.
func (f Fill) value(mean float32) float32 {
	switch f {
	case "black":
		return 0
	case "white":
		return 1
	case "mean":
		return mean
	case Noise:
		return .5
	}
	grey, err := strconv.ParseFloat(string(f), 32)
	if err != nil {
		panic("task: no fill " + string(f))
	}
	return float32(grey)
}
