package datasets

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"padlab/core/images"
)

// Photos returns the 20 embedded photographs in the order of their names,
// with a short side of 256 pixels and the credits of CREDITS.tsv. It decodes
// them anew each time. An error can only be that of the context.
func Photos(ctx context.Context) ([]images.Photo, error) {
	return within(ctx, embeddedPhotos)
}

func embeddedPhotos(ctx context.Context) ([]images.Photo, error) {
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
		credit, ok := credits[file]
		if !ok {
			return nil, fmt.Errorf("CREDITS.tsv: no row for %s", file)
		}
		content, err := embedded.ReadFile(file)
		if err != nil {
			return nil, err
		}
		photo, err := readPhoto(ctx, content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		photo.Name = strings.TrimSuffix(path.Base(file), ".jpg")
		photo.Author, photo.Licence, photo.From = credit.Author, credit.Licence, credit.From
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
