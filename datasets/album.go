package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"padlab/core/images"
	"padlab/datasets/fetch"
)

// What a folder of photographs may hold, besides what one of them may cost.
const (
	maxPhotos = 2000
	maxAlbum  = 512 << 20 // bytes of all pixels, as they are kept
)

var photoEndings = []string{".jpg", ".jpeg", ".png"}

// PhotosIn returns the photographs of a folder in the order of their names:
// all files that end with .jpg, .jpeg or .png, in capitals or not, but for
// hidden ones and those whose names a terminal cannot show. One with a short
// side of more than 256 pixels is reduced to that, by area; where one is
// transparent it is black. They are turned as their EXIF says that they were
// taken.
//
// A file that is not what it says it is, is too large, or cannot be read is an
// error that names it. So is a folder that cannot be read or has no
// photographs, and a context that is done.
func PhotosIn(ctx context.Context, dir string) ([]images.Photo, error) {
	return within(ctx, func(ctx context.Context) ([]images.Photo, error) { return photosIn(ctx, dir) })
}

func photosIn(ctx context.Context, dir string) ([]images.Photo, error) {
	entries, err := readDir(dir)
	if err != nil {
		return nil, inFile(dir, err)
	}
	var files []string
	for _, entry := range entries { // they come sorted
		name := entry.Name()
		if slices.Contains(photoEndings, strings.ToLower(filepath.Ext(name))) && !strings.HasPrefix(name, ".") && printable(name) && !entry.IsDir() {
			files = append(files, name)
		}
	}
	switch {
	case len(files) == 0:
		return nil, fmt.Errorf("%s: no photographs (%s) in this folder", dir, strings.Join(photoEndings, ", "))
	case len(files) > maxPhotos:
		return nil, fmt.Errorf("%s: %d photographs, at most %d are allowed", dir, len(files), maxPhotos)
	}
	var photos []images.Photo
	kept := 0
	for _, name := range files {
		file := filepath.Join(dir, name)
		photo, err := openPhoto(ctx, file)
		if err != nil {
			return nil, inFile(file, err)
		}
		if kept += len(photo.Pixels); kept > maxAlbum {
			return nil, fmt.Errorf("%s: the photographs up to %s have more than %d bytes of pixels", dir, name, maxAlbum)
		}
		photo.Name, photo.From = strings.TrimSuffix(name, filepath.Ext(name)), file
		photos = append(photos, photo)
	}
	return photos, nil
}

// inFile words the error of a file once: its name, then what is wrong.
func inFile(name string, err error) error {
	if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

func openPhoto(ctx context.Context, path string) (images.Photo, error) {
	content, err := pictureFile(ctx, path)
	if err != nil {
		return images.Photo{}, err
	}
	return readPhoto(ctx, content)
}

// pictureFile returns what is in a file with a picture, which may not be decoded yet.
func pictureFile(ctx context.Context, path string) ([]byte, error) {
	info, err := os.Stat(path) // a pipe would keep us waiting when it is opened
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Size() > maxPhotoFile {
		return nil, fmt.Errorf("%d bytes, at most %d are allowed", info.Size(), maxPhotoFile)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content := make([]byte, info.Size())
	_, err = io.ReadFull(fetch.Heed(ctx, file), content)
	return content, err
}
