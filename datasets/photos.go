package datasets

import (
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"io/fs"
	"path"
	"strings"

	"padlab/core/images"
)

// Photos returns the 20 embedded photographs in the order of their names,
// with a short side of 256 pixels and the credits of CREDITS.tsv. It decodes
// them anew each time.
func Photos() ([]images.Photo, error) {
	credits, err := readCredits()
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(embedded, "photos/*.jpg")
	if err != nil {
		return nil, err
	}
	var photos []images.Photo
	for _, file := range files {
		photo, ok := credits[file]
		if !ok {
			return nil, fmt.Errorf("CREDITS.tsv: no row for %s", file)
		}
		photo.Name = strings.TrimSuffix(path.Base(file), ".jpg")
		if photo.Pixels, photo.H, photo.W, err = decode(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		photos = append(photos, photo)
	}
	return photos, nil
}

// readCredits returns the rows of CREDITS.tsv by file: photos that have
// neither name nor pixels yet.
func readCredits() (map[string]images.Photo, error) {
	text, err := embedded.ReadFile("CREDITS.tsv")
	if err != nil {
		return nil, err
	}
	credits := map[string]images.Photo{}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		row := strings.Split(line, "\t")
		if len(row) != 4 {
			return nil, fmt.Errorf("CREDITS.tsv:%d: %d columns, want 4", i+1, len(row))
		}
		credits[row[0]] = images.Photo{Author: row[1], Licence: row[2], From: row[3]}
	}
	return credits, nil
}

// decode returns the H×W×3 bytes of an embedded JPEG file.
func decode(name string) (pixels []byte, h, w int, err error) {
	file, err := embedded.Open(name)
	if err != nil {
		return nil, 0, 0, err
	}
	defer file.Close()
	picture, err := jpeg.Decode(file)
	if err != nil {
		return nil, 0, 0, err
	}
	pixels, h, w = rgb(picture)
	return pixels, h, w, nil
}

// rgb returns the H×W×3 bytes of a picture; where it is transparent, black
// shows through.
func rgb(picture image.Image) (pixels []byte, h, w int) {
	size := picture.Bounds().Size()
	pixels = make([]byte, 0, size.X*size.Y*3)
	row := image.NewRGBA(image.Rect(0, 0, size.X, 1))
	for y := range size.Y {
		draw.Draw(row, row.Bounds(), picture, picture.Bounds().Min.Add(image.Pt(0, y)), draw.Src)
		for at := 0; at < len(row.Pix); at += 4 {
			pixels = append(pixels, row.Pix[at:at+3]...)
		}
	}
	return pixels, size.Y, size.X
}
