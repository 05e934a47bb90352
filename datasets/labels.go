package datasets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"path/filepath"
	"slices"
	"strings"

	"padlab/datasets/fetch"
)

// Labels is a picture whose pixels are numbers of classes, row by row.
type Labels struct {
	W, H   int
	Pixels []uint8
}

// maxLabelPictures bounds those of a folder.
const maxLabelPictures = 1 << 17

// LabelPairs returns the names of the PNG pictures that two folders share. The error
// names those that have no partner of the same name in the other folder; passed says how
// many files and folders there are besides, of which hidden ones do not count.
func LabelPairs(labels, predictions string) (names []string, passed int, err error) {
	first, passed, err := labelNames(labels)
	if err != nil {
		return nil, 0, err
	}
	second, others, err := labelNames(predictions)
	if err != nil {
		return nil, 0, err
	}
	for _, x := range []struct {
		names, in     []string
		folder, other string
	}{{first, second, labels, predictions}, {second, first, predictions, labels}} {
		var alone []string
		for _, name := range x.names {
			if _, ok := slices.BinarySearch(x.in, name); !ok {
				alone = append(alone, name)
			}
		}
		if len(alone) > 0 {
			more := ""
			if n := len(alone); n > 3 {
				alone, more = alone[:3], fmt.Sprintf(" and %d more", n-3)
			}
			return nil, 0, fmt.Errorf("%s: no picture of the same name for %s of %s", x.other, strings.Join(alone, ", ")+more, x.folder)
		}
	}
	return first, passed + others, nil
}

// labelNames are the names of a folder's PNG pictures, in order.
func labelNames(folder string) (names []string, passed int, err error) {
	entries, err := readDir(folder)
	if err != nil {
		return nil, 0, inFile(folder, err)
	}
	for _, e := range entries {
		switch {
		case hidden(e.Name()):
		case e.IsDir() || !strings.EqualFold(filepath.Ext(e.Name()), ".png"):
			passed++
		default:
			names = append(names, e.Name())
		}
	}
	if n := len(names); n == 0 || n > maxLabelPictures {
		return nil, 0, fmt.Errorf("%s: %d PNG pictures, 1 to %d are allowed", folder, n, maxLabelPictures)
	}
	slices.Sort(names)
	return names, passed, nil
}

// OpenLabels reads a PNG picture of labels: the indices of a palette, or 8-bit grey
// values. Its size is bounded as that of photographs is.
func OpenLabels(ctx context.Context, path string) (*Labels, error) {
	content, err := pictureFile(ctx, path)
	if err != nil {
		return nil, inFile(path, err)
	}
	l, err := readLabels(ctx, content)
	if err != nil {
		return nil, inFile(path, err)
	}
	return l, nil
}

var errNotLabels = errors.New("a picture in colours, or with transparency, or of another depth than 8 bits: labels are the indices of a palette, or 8-bit grey values")

// readLabels decodes a picture of labels, having looked at what it claims to be.
func readLabels(ctx context.Context, content []byte) (*Labels, error) {
	if !bytes.HasPrefix(content, []byte(pngMagic)) {
		return nil, errors.New("no PNG, whatever its name says")
	}
	h, err := pngHeader(content)
	if err != nil {
		return nil, err
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	const grey, palette = 0, 3
	depth, colours := content[len(pngMagic)+16], content[len(pngMagic)+17]
	if colours != palette && (colours != grey || depth != 8) {
		return nil, errNotLabels
	}
	picture, err := png.Decode(fetch.Heed(ctx, bytes.NewReader(content)))
	if err != nil {
		return nil, err
	}
	var pixels []uint8
	stride := 0
	switch p := picture.(type) {
	case *image.Paletted:
		pixels, stride = p.Pix, p.Stride
	case *image.Gray:
		pixels, stride = p.Pix, p.Stride
	default: // grey with one value that is transparent
		return nil, errNotLabels
	}
	l := &Labels{h.w, h.h, make([]uint8, 0, h.w*h.h)}
	for y := range h.h {
		l.Pixels = append(l.Pixels, pixels[y*stride:y*stride+h.w]...)
	}
	return l, nil
}
