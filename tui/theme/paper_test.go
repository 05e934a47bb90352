package theme

import (
	"image/color"
	"math"
	"testing"
)

func TestOnPaper(t *testing.T) {
	if got := OnPaper(Series(0)); got != (color.RGBA{R: 0xA8, G: 0x64, A: 255}) {
		t.Errorf("%v", got)
	}
	if got := OnPaper(Grey(1, 1)); got != (color.RGBA{A: 255}) {
		t.Errorf("%v", got)
	}
	light := func(c color.RGBA) float64 {
		linear := func(v uint8) float64 { return math.Pow(float64(v)/255, 2.2) }
		return .2126*linear(c.R) + .7152*linear(c.G) + .0722*linear(c.B)
	}
	for i := range Colours {
		if contrast := 1.05 / (light(OnPaper(Series(i))) + .05); contrast < 4 { // 3 is what WCAG 2.2 asks of graphics
			t.Errorf("series %d has a contrast of %.1f on white", i, contrast)
		}
	}
	for i := 1; i < Heats; i++ {
		if a, b := light(OnPaper(Heat(float64(i-1)/(Heats-1)))), light(OnPaper(Heat(float64(i)/(Heats-1)))); b >= a {
			t.Errorf("heat %d is not darker than the one before: %.3f, %.3f", i, b, a)
		}
	}
}
