package theme

import (
	"fmt"
	"image/color"

	"github.com/charmbracelet/lipgloss"
)

// OnPaper returns the colour of a style on white, for figures in files: of a heat
// its background, of others what they are written in. It is the one of light
// terminals with true colour. Plain, Strong and greys are black.
func OnPaper(s Style) color.RGBA {
	if s >= grey0 {
		return color.RGBA{A: 255}
	}
	var c lipgloss.TerminalColor = look(s).GetForeground()
	if s >= heat0 && s < hue0 {
		c = look(s).GetBackground()
	}
	pair, ok := c.(lipgloss.CompleteAdaptiveColor)
	out := color.RGBA{A: 255}
	if ok {
		fmt.Sscanf(pair.Light.TrueColor, "#%02x%02x%02x", &out.R, &out.G, &out.B)
	}
	return out
}
