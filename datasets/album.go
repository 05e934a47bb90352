package datasets

import (
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // image.Decode reads these two
	_ "image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"padlab/core/images"
)

// What a folder of photographs may hold. All are bounds on what a stranger's
// files can cost; a photograph of 50 million pixels takes about 0.4 GB while
// it is decoded.
const (
	maxPhotos      = 2000
	maxPhotoFile   = 64 << 20  // bytes of one file
	maxPhotoPixels = 50e6      // of one photograph
	maxAlbum       = 512 << 20 // bytes of all pixels, as they are kept
	maxSlim        = 64        // times as long as wide

	// shortSide is that of the embedded photographs; larger ones are reduced
	// to it.
	shortSide = 256
)

var photoEndings = []string{".jpg", ".jpeg", ".png"}

// PhotosIn returns the photographs of a folder in the order of their names:
// all files that end with .jpg, .jpeg or .png, in capitals or not, but for
// hidden ones and those whose names a terminal cannot show. One with a short
// side of more than 256 pixels is reduced to that, by area; where one is
// transparent it is black.
//
// A file that is not what it says it is, is too large, or cannot be read is an
// error that names it. So is a folder that cannot be read or has no
// photographs.
func PhotosIn(dir string) ([]images.Photo, error) {
	entries, err := os.ReadDir(dir)
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
		photo, err := openPhoto(file)
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

func openPhoto(path string) (images.Photo, error) {
	info, err := os.Stat(path) // a pipe would keep us waiting when it is opened
	if err != nil {
		return images.Photo{}, err
	}
	if !info.Mode().IsRegular() {
		return images.Photo{}, errors.New("not a regular file")
	}
	if info.Size() > maxPhotoFile {
		return images.Photo{}, fmt.Errorf("%d bytes, at most %d are allowed", info.Size(), maxPhotoFile)
	}
	file, err := os.Open(path)
	if err != nil {
		return images.Photo{}, err
	}
	defer file.Close()
	return readPhoto(file)
}

// readPhoto decodes a JPEG or PNG file, having looked at how large it claims
// to be, and reduces it.
func readPhoto(file io.ReadSeeker) (images.Photo, error) {
	config, _, err := image.DecodeConfig(file)
	if errors.Is(err, image.ErrFormat) {
		return images.Photo{}, errors.New("neither JPEG nor PNG")
	}
	if err != nil {
		return images.Photo{}, err
	}
	w, h := config.Width, config.Height
	switch {
	case w < 1 || h < 1:
		return images.Photo{}, fmt.Errorf("%d×%d pixels", w, h)
	case float64(w)*float64(h) > maxPhotoPixels:
		return images.Photo{}, fmt.Errorf("%d×%d pixels, at most %.0f million are allowed", w, h, maxPhotoPixels/1e6)
	case max(w, h) > maxSlim*min(w, h):
		return images.Photo{}, fmt.Errorf("%d×%d pixels, but no side may be more than %d times as long as the other", w, h, maxSlim)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return images.Photo{}, err
	}
	picture, _, err := image.Decode(file)
	if err != nil {
		return images.Photo{}, err
	}
	var photo images.Photo
	photo.Pixels, photo.H, photo.W = rgb(picture)
	return reduce(photo), nil
}

// reduce returns the photograph with a short side of at most 256 pixels and,
// up to half a pixel, the sides in proportion.
func reduce(p images.Photo) images.Photo {
	short := min(p.H, p.W)
	if short <= shortSide {
		return p
	}
	scaled := func(side int) int { return (2*side*shortSide + short) / (2 * short) }
	h, w := scaled(p.H), scaled(p.W)
	means := make([]float32, h*w*3)
	images.AreaAverage(means, h, w, p.Pixels, p.H, p.W, 3)
	p.H, p.W, p.Pixels = h, w, make([]byte, len(means))
	for i, v := range means {
		p.Pixels[i] = byte(v*255 + 0.5)
	}
	return p
}
