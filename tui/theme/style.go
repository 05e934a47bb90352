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

	series0                     // Series(0) … Series(7)
	faint0  = series0 + Colours // their Faint
	heat0   = faint0 + Colours  // Heat(0) … Heat(1)
	grey0   = heat0 + Heats     // Grey(0, 0) … Grey(1, 1)
	styles  = grey0 + Greys*Greys
)

// Colours is the number of different colours of series, Heats that of the steps
// of the heat ramp, Greys that of the grey one.
const (
	Colours = 8
	Heats   = 16
	Greys   = 16
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

// level maps 0 … 1 to 0 … n−1.
func level(v float64, n int) int {
	if !(v > 0) {
		return 0
	}
	return int(min(v, 1)*float64(n-1) + 0.5)
}

// Paints reports whether a blank in this style differs from an empty cell, in
// other words whether the style has a background.
func (s Style) Paints() bool { return s == Selected || s >= heat0 }
