package theme

import "math"

// A Style is the role of a cell: what it means, not how it looks.
type Style uint16

// The roles. Series are the arms of a comparison; Heat is a ramp of
// backgrounds, each with a foreground that can be read on it.
const (
	Plain    Style = iota
	Dim            // secondary text
	Strong         // text that stands out
	Title          // the name of a pane or a screen
	Border         // the border of a pane
	Focus          // the border of the pane that has the keys
	Key            // a key in a hint
	Good           // held, done
	Warn           // look here
	Bad            // failed, diverged
	Chance         // the line of guessing
	Selected       // the row that the keys act on
	Caret          // the cell that is typed into

	series0                     // Series(0) … Series(7)
	faint0  = series0 + Colours // their Faint
	heat0   = faint0 + Colours  // Heat(0) … Heat(1)
	hue0    = heat0 + Heats     // Hue, level by level
	paper0  = hue0 + Hues*levels
	grey0   = paper0 + Greys // Grey(0, 0) … Grey(1, 1)
	halves0 = grey0 + Greys*Greys
	styles  = halves0 + tones*tones
)

// Colours is the number of different colours of series, Heats that of the steps
// of the heat ramp, Greys that of the grey one, Hues that of those around the
// circle.
const (
	Colours = 8
	Heats   = 16
	Greys   = 16
	Hues    = 12

	levels    = 3 // of brightness of a hue
	greyTones = 8 // of a half of a cell
	tones     = greyTones + Hues
)

// Series returns the style of arm i. Beyond the eighth the colours come again,
// shifted by four, so that of the first sixteen arms two with one colour differ
// in the shape of their markers, too, not only in being filled. It panics when
// i is negative.
func Series(i int) Style {
	if i < 0 {
		panic("theme: negative series")
	}
	return series0 + Style((i+i/Colours*4)%Colours)
}

// Faint returns a series' colour for what lies behind, nearer the background;
// any other style is its own. With 16 colours a series has no such colour.
func (s Style) Faint() Style {
	if s >= series0 && s < faint0 {
		return s - series0 + faint0
	}
	return s
}

// Heat returns the background for a value in 0 … 1; values outside are
// clamped, and not-a-number is Dim.
func Heat(v float64) Style {
	if math.IsNaN(v) {
		return Dim
	}
	return heat0 + Style(level(v, Heats))
}

// Grey returns the style of a cell that shows ▀, whose upper half is as bright
// as top and whose lower half as bottom, both in 0 (black) … 1 (white); values
// outside are clamped, and not-a-number is black.
func Grey(top, bottom float64) Style {
	return grey0 + Style(level(top, Greys)*Greys+level(bottom, Greys))
}

// Hue returns a background with a hue of its own for each twelfth of a circle,
// on which 0 and 1 are the same, in one of three levels of brightness, 0 … 1, and
// with a foreground that can be read on it. With 16 colours the levels look alike.
// Not-a-number is Dim.
func Hue(around, brightness float64) Style {
	if math.IsNaN(around) || math.IsInf(around, 0) {
		return Dim
	}
	return hue0 + Style(level(brightness, levels)*Hues+sector(around))
}

// Paper returns a grey background, from 0 (black) to 1 (white), with a foreground
// that can be read on it; values outside are clamped, and not-a-number is black.
func Paper(v float64) Style { return paper0 + Style(level(v, Greys)) }

// A Tone is what one half of a cell shows: a grey or a hue.
type Tone uint8

// GreyTone returns the tone of a brightness in 0 … 1, as Grey has it, in eight
// steps.
func GreyTone(v float64) Tone { return Tone(level(v, greyTones)) }

// HueTone returns the tone of a place on the circle, as Hue has it. A place that
// is not finite is black.
func HueTone(around float64) Tone {
	if math.IsNaN(around) || math.IsInf(around, 0) {
		return 0
	}
	return Tone(greyTones + sector(around))
}

// Halves returns the style of a cell that shows ▀, with a tone above and one
// below.
func Halves(top, bottom Tone) Style {
	if top >= tones || bottom >= tones {
		panic("theme: no such tone")
	}
	return halves0 + Style(top)*tones + Style(bottom)
}

// sector returns the twelfth of a circle.
func sector(around float64) int {
	return int((around-math.Floor(around))*Hues+0.5) % Hues
}

// level maps 0 … 1 to 0 … n−1.
func level(v float64, n int) int {
	if !(v > 0) {
		return 0
	}
	return int(min(v, 1)*float64(n-1) + 0.5)
}

// Paints reports whether a blank in this style differs from an empty cell, in
// other words whether the style has a background.
func (s Style) Paints() bool { return s == Selected || s == Caret || s >= heat0 }
