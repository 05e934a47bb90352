package figure

import (
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The sizes of a figure: as wide as the text of a page of A4.
const (
	pageWidth  = 17 * vg.Centimeter
	pageHeight = 10.5 * vg.Centimeter
	margin     = 8 * vg.Length(1)
	gap        = 10 * vg.Length(1)
)

var (
	ink   = color.RGBA{R: 0x22, G: 0x22, B: 0x22, A: 255}
	muted = color.RGBA{R: 0x55, G: 0x55, B: 0x55, A: 255}
	soft  = color.RGBA{R: 0x99, G: 0x99, B: 0x99, A: 255}
	grid  = color.RGBA{R: 0xE2, G: 0xE2, B: 0xE2, A: 255}
)

// letters are those of a size in points. All are of one font: a PDF holds it once,
// and the library does not find bold ones there.
func letters(points float64, c color.Color) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(points)}
	return text.Style{Color: c, Font: f, Handler: plot.DefaultTextHandler}
}

// A page is a plot under its title, with a legend on its right.
type page struct {
	title, below string // below says how it was found
	plot         *plot.Plot
	entries      []entry
	side         func(c draw.Canvas) // in place of a legend
	sideWidth    vg.Length
}

// An entry is a line of the legend.
type entry struct {
	name   string
	sample func(c draw.Canvas) // draws into the rectangle of c
}

func (p page) figure() *Figure { return &Figure{pageWidth, pageHeight, p.draw} }

// The legend takes at most a third of the figure.
const (
	maxLegend   = pageWidth / 3
	sampleWidth = 30 * vg.Length(1)
)

// draw puts the page together from the top down.
func (p page) draw(c draw.Canvas) {
	c.FillPolygon(color.White, corners(c.Rectangle))
	c = draw.Crop(c, margin, -margin, margin, -margin)
	title, below := letters(13.5, ink), letters(8.5, muted)
	y := c.Max.Y
	for _, part := range []struct {
		style text.Style
		words string
	}{{title, p.title}, {below, p.below}} {
		part.style.YAlign = draw.YTop
		for _, line := range wrapped(part.words, part.style, c.Max.X-c.Min.X, 2) {
			c.FillText(part.style, vg.Point{X: c.Min.X, Y: y}, line)
			y -= part.style.Font.Size * 1.25
		}
	}
	c.Max.Y = y - 4

	right := p.sideWidth
	style := letters(9, ink)
	for i, e := range p.entries {
		p.entries[i].name = shortened(e.name, style, maxLegend-sampleWidth-6)
		right = max(right, sampleWidth+6+style.Width(p.entries[i].name))
	}
	if right > 0 {
		side := c
		side.Min.X = c.Max.X - right
		c.Max.X -= right + gap
		if p.side != nil {
			p.side(side)
		}
		p.legend(side, style)
	}
	p.plot.Draw(c)
}

// legend draws the entries from the top down.
func (p page) legend(c draw.Canvas, style text.Style) {
	style.YAlign = draw.YCenter
	step := style.Font.Size * 1.6
	if room := (c.Max.Y - c.Min.Y) / vg.Length(max(len(p.entries), 1)); room < step {
		step = room // many arms stand closer
	}
	y := c.Max.Y - step/2 - 2
	for _, e := range p.entries {
		sample := c
		sample.Min, sample.Max = vg.Point{X: c.Min.X, Y: y - step/2}, vg.Point{X: c.Min.X + sampleWidth, Y: y + step/2}
		e.sample(sample)
		c.FillText(style, vg.Point{X: c.Min.X + sampleWidth + 6, Y: y + 1}, e.name)
		y -= step
	}
}

func corners(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}}
}

// wrapped breaks a text into at most so many lines that fit; the last is cut where
// that is not enough.
func wrapped(words string, style text.Style, width vg.Length, most int) (lines []string) {
	line := ""
	list := strings.Fields(words)
	for i, word := range list {
		longer := strings.TrimSpace(line + " " + word)
		if line == "" || style.Width(longer) <= width {
			line = longer
			continue
		}
		if len(lines) == most-1 {
			return append(lines, shortened(strings.Join(append([]string{line}, list[i:]...), " "), style, width))
		}
		lines, line = append(lines, shortened(line, style, width)), word
	}
	if line != "" {
		lines = append(lines, shortened(line, style, width))
	}
	return lines
}

// mostLetters is more than any line of a figure has.
const mostLetters = 300

// shortened cuts a text that is too wide.
func shortened(words string, style text.Style, width vg.Length) string {
	if style.Width(words) <= width {
		return words
	}
	runes := []rune(words)
	for n := min(len(runes)-1, mostLetters); n > 0; n-- {
		if short := strings.TrimRight(string(runes[:n]), " ,") + "…"; style.Width(short) <= width {
			return short
		}
	}
	return "…"
}

// axes is an empty plot in the house's style.
func axes(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle = within(a.Label.TextStyle, letters(9.5, ink))
		a.Tick.Label = within(a.Tick.Label, letters(8.5, muted))
		a.LineStyle.Color, a.Tick.LineStyle.Color = muted, muted
		a.Padding = 0
		a.Tick.Length = 3
		a.Tick.Marker = plot.TickerFunc(ticks)
	}
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.X.Label.Padding, p.Y.Label.Padding = 3, 4
	return p
}

// ticks are at most seven round numbers of a range.
func ticks(low, high float64) (list []plot.Tick) {
	if !(low < high) {
		return nil
	}
	step, decimals := math.Pow(10, math.Floor(math.Log10((high-low)/7))), 0
	for _, factor := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*factor) <= 7 {
			step *= factor
			break
		}
	}
	for math.Abs(math.Round(step*math.Pow10(decimals))-step*math.Pow10(decimals)) > 1e-6 && decimals < 9 {
		decimals++
	}
	for i := int(math.Ceil(low/step - 1e-9)); float64(i)*step <= high+1e-9*step; i++ { // an int has no negative zero
		v := float64(i) * step
		text := strconv.FormatFloat(v, 'f', decimals, 64)
		if step >= 1e5 || step < 1e-4 {
			text = strconv.FormatFloat(v, 'g', 3, 64)
		}
		list = append(list, plot.Tick{Value: v, Label: strings.ReplaceAll(text, "-", "−")})
	}
	return list
}

// within gives a style another font and colour; how it is turned and aligned stays.
func within(style, as text.Style) text.Style {
	style.Font, style.Color, style.Handler = as.Font, as.Color, as.Handler
	return style
}
