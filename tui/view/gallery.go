package view

import "padlab/tui/theme"

// A Gallery is pictures side by side in columns of one width, each above its
// caption. Below four rows there are no captions.
type Gallery []Picture

// A Picture is an image with a caption of one line.
type Picture struct {
	Caption string
	Image
}

// Draw draws the gallery into r.
func (g Gallery) Draw(f *Frame, r Rect, t theme.Theme) {
	for i, p := range g {
		column, rest := r.CutLeft(r.W / (len(g) - i))
		r = rest
		_, column = column.CutRight(1)
		if column.H >= 4 {
			caption, picture := column.CutBottom(1)
			f.area(caption).middle(0, theme.Dim, p.Caption)
			column = picture
		}
		p.Image.Draw(f, column, t)
	}
}
