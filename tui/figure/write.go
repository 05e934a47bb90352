package figure

import (
	"bytes"
	"image/color"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"padlab/core/names"
)

// The formats of a figure, which end the names of its files.
const (
	SVG = "svg"
	PNG = "png"
	PDF = "pdf"
)

// Formats returns the formats of a figure.
func Formats() []string { return []string{SVG, PNG, PDF} }

// resolution is that of a PNG, in dots per inch.
const resolution = 200

// Write writes the figure in one of Formats. The same figure gives the same bytes
// in any process. The error is that of w, or names the formats.
func (f *Figure) Write(w io.Writer, format string) error {
	switch format {
	case SVG:
		c := vgsvg.New(f.width, f.height)
		f.draw(draw.New(c))
		var buffer bytes.Buffer
		if _, err := c.WriteTo(&buffer); err != nil {
			return err
		}
		_, err := io.WriteString(w, fallback.Replace(buffer.String()))
		return err
	case PNG:
		c := vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(resolution), vgimg.UseBackgroundColor(color.White))
		f.draw(draw.New(c))
		_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
		return err
	case PDF:
		c := vgpdf.New(f.width, f.height)
		f.draw(draw.New(western{c}))
		_, err := c.WriteTo(w)
		return err
	}
	return names.Unknown("format", format, Formats())
}

// fallback names fonts of the same widths for machines without Liberation's.
var fallback = strings.NewReplacer("font-family:Liberation Sans;", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")

// western is a PDF whose fonts have the characters of Windows-1252, in which its
// texts must be.
type western struct{ *vgpdf.Canvas }

func (w western) FillString(f font.Face, at vg.Point, text string) {
	w.Canvas.FillString(f, at, windows1252(text))
}

// windows1252 returns a text in that code: Latin-1, and signs of print between its
// halves. What it lacks becomes the nearest that it has, or a question mark.
func windows1252(text string) string {
	var b strings.Builder
	for _, r := range nearest.Replace(text) {
		switch i := strings.IndexRune(signs, r); {
		case r < 0x80 || r >= 0xa0 && r < 0x100:
			b.WriteByte(byte(r))
		case i >= 0:
			b.WriteByte(0x80 + byte(utf8.RuneCountInString(signs[:i])))
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}

// signs are the characters from 0x80 on; a blank stands where there is none.
const signs = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ"

var nearest = strings.NewReplacer("−", "–", "≤", "<=", "≥", ">=", "≈", "~")

// A PDF says when it was made. The library asks the clock unless it is told
// otherwise for the whole process; nothing else here writes any.
func init() {
	made := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	fpdf.SetDefaultCreationDate(made)
	fpdf.SetDefaultModificationDate(made)
	fpdf.SetDefaultCatalogSort(true)
}
