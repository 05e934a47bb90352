package datasets

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg" // image.Decode reads these two
	_ "image/png"
	"runtime"

	"padlab/core/images"
	"padlab/datasets/fetch"
)

// What one file with a picture may cost. All are checked before anything is
// decoded.
const (
	maxPhotoFile   = 64 << 20 // bytes of the file
	maxPhotoPixels = 50e6
	maxSlim        = 64 // times as long as wide

	// maxPhotoMemory bounds the bytes that are held at once while a picture is
	// decoded: 50 million pixels of an ordinary JPEG or PNG take 300 to 350 MB,
	// the 24 million of a camera 432 MB when they are stored progressively.
	maxPhotoMemory = 512 << 20

	// largePhoto is from how many bytes on the collector is called before a
	// picture is decoded: else what the one before it took would still stand,
	// and the bound would hold for each of them but not for both.
	largePhoto = 64 << 20

	// maxScans bounds the scans of a JPEG: a progressive one has about 10, and
	// each may go through all pixels for a few bytes.
	maxScans = 100

	// shortSide is that of the embedded photographs; larger ones are reduced
	// to it.
	shortSide = 256
)

// A header is what a file with a picture says before its pixels come.
type header struct {
	w, h  int
	bytes int64 // held while it is decoded by the standard library, as an upper bound, but for the file
	scans int
	exif  []byte // without its marker; nil: there is none
}

// photoHeader reads the header of a JPEG or PNG file.
func photoHeader(file []byte) (header, error) {
	switch {
	case bytes.HasPrefix(file, []byte("\xff\xd8")):
		return jpegHeader(file)
	case bytes.HasPrefix(file, []byte(pngMagic)):
		return pngHeader(file)
	}
	return header{}, errors.New("neither JPEG nor PNG")
}

// check returns an error for a picture that costs too much.
func (h header) check() error {
	memory := h.bytes + 3*int64(h.w)*int64(h.h) // what rgb makes of it
	switch {
	case h.w < 1 || h.h < 1:
		return fmt.Errorf("%d×%d pixels", h.w, h.h)
	case float64(h.w)*float64(h.h) > maxPhotoPixels:
		return fmt.Errorf("%d×%d pixels, at most %.0f million are allowed", h.w, h.h, maxPhotoPixels/1e6)
	case max(h.w, h.h) > maxSlim*min(h.w, h.h):
		return fmt.Errorf("%d×%d pixels, but no side may be more than %d times as long as the other", h.w, h.h, maxSlim)
	case memory > maxPhotoMemory:
		return fmt.Errorf("%d×%d pixels, stored so that %d MiB are needed to decode them: at most %d MiB are allowed", h.w, h.h, memory>>20, maxPhotoMemory>>20)
	case h.scans > maxScans:
		return fmt.Errorf("a JPEG of %d scans, at most %d are allowed", h.scans, maxScans)
	}
	return nil
}

// jpegHeader reads the segments of a JPEG file up to its first scan.
func jpegHeader(file []byte) (header, error) {
	var h header
	framed := false
	for at := 2; ; {
		for at < len(file) && file[at] != 0xff {
			at++ // the decoder passes over such bytes, too
		}
		for at < len(file) && file[at] == 0xff {
			at++
		}
		if at+3 > len(file) {
			return h, errors.New("unexpected EOF before the pixels of a JPEG")
		}
		marker := file[at]
		if marker == 0 || 0xd0 <= marker && marker <= 0xd7 {
			at++ // stray data: these have no length
			continue
		}
		length := int(binary.BigEndian.Uint16(file[at+1:]))
		if length < 2 || at+1+length > len(file) {
			return h, errors.New("unexpected EOF before the pixels of a JPEG")
		}
		segment := file[at+3 : at+1+length]
		at += 1 + length
		switch {
		case 0xc0 <= marker && marker <= 0xc2 && !framed:
			if len(segment) < 6 {
				return h, errors.New("a JPEG whose frame has no size")
			}
			framed = true
			h.frame(segment, marker == 0xc2)
		case marker == 0xe1 && h.exif == nil:
			if exif, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok {
				h.exif = exif
			}
		case marker == 0xd9:
			return h, errors.New("a JPEG without pixels")
		case marker == 0xda:
			if !framed {
				return h, errors.New("a JPEG whose pixels come before their size")
			}
			h.scans = countScans(file)
			return h, nil
		}
	}
}

// frame reads the sizes of a JPEG. The decoder keeps every sample of every
// component as a byte; of a progressive file also as a coefficient of 4 bytes;
// and 4 bytes for each pixel where there are four components, or the three are
// red, green and blue, which only later segments may say.
func (h *header) frame(segment []byte, progressive bool) {
	h.h, h.w = int(binary.BigEndian.Uint16(segment[1:])), int(binary.BigEndian.Uint16(segment[3:]))
	components := segment[6:]
	widest, tallest, samples := int64(1), int64(1), int64(0)
	for ; len(components) >= 3; components = components[3:] {
		across, down := int64(components[1]>>4), int64(components[1]&15)
		widest, tallest = max(widest, across), max(tallest, down)
		samples += across * down
	}
	units := func(side int, most int64) int64 { return (int64(side) + 8*most - 1) / (8 * most) }
	h.bytes = 64 * units(h.w, widest) * units(h.h, tallest) * samples
	if progressive {
		h.bytes *= 5
	}
	if int(segment[5]) != 1 {
		h.bytes += 4 * int64(h.w) * int64(h.h)
	}
}

// countScans returns how many scans the decoder can find in a file: it takes
// the marker of one only with a length that fits its number of components.
func countScans(file []byte) (n int) {
	for _, start := range []string{"\xff\xda\x00\x08\x01", "\xff\xda\x00\x0a\x02", "\xff\xda\x00\x0c\x03", "\xff\xda\x00\x0e\x04"} {
		n += bytes.Count(file, []byte(start))
	}
	return n
}

const pngMagic = "\x89PNG\r\n\x1a\n"

// pngHeader reads the chunks of a PNG file, the first of which has its size. The
// decoder looks at the checksums behind them.
func pngHeader(file []byte) (header, error) {
	var h header
	const start, size, sum = "\x00\x00\x00\x0dIHDR", 13, 4
	rest, ok := bytes.CutPrefix(file[len(pngMagic):], []byte(start))
	if !ok || len(rest) < size+sum {
		return h, errors.New("a PNG that does not begin with its size")
	}
	w, height, depth, colours, interlaced := binary.BigEndian.Uint32(rest), binary.BigEndian.Uint32(rest[4:]), rest[8], rest[9], rest[12] != 0
	h.w, h.h = int(w), int(height)
	h.bytes = 4 * int64(w) * int64(height) // of more than allowed this may be anything
	switch {
	case depth == 16:
		h.bytes *= 2
	case colours == 3: // numbers of colours in a palette
		h.bytes /= 4
	}
	if interlaced {
		h.bytes *= 2 // its seven passes, and the whole
	}
	for rest = rest[size+sum:]; len(rest) >= 8; {
		length, kind := int64(binary.BigEndian.Uint32(rest)), string(rest[4:8])
		rest = rest[8:]
		if kind == "eXIf" {
			h.exif = rest[:min(length, int64(len(rest)))]
			break
		}
		rest = rest[min(length+sum, int64(len(rest))):]
	}
	return h, nil
}

// readPhoto decodes a JPEG or PNG file, having looked at what it claims to be,
// reduces it, and turns it as it was taken.
func readPhoto(ctx context.Context, file []byte) (images.Photo, error) {
	h, err := photoHeader(file)
	if err != nil {
		return images.Photo{}, err
	}
	if err := h.check(); err != nil {
		return images.Photo{}, err
	}
	if h.bytes > largePhoto {
		runtime.GC()
	}
	picture, _, err := image.Decode(fetch.Heed(ctx, bytes.NewReader(file)))
	if err != nil {
		return images.Photo{}, err
	}
	var photo images.Photo
	if photo.Pixels, photo.H, photo.W, err = rgb(ctx, picture); err != nil {
		return images.Photo{}, err
	}
	return upright(reduce(photo), orientation(h.exif)), nil
}

// rgb returns the H×W×3 bytes of a picture; where it is transparent, black
// shows through.
func rgb(ctx context.Context, picture image.Image) (pixels []byte, h, w int, err error) {
	size := picture.Bounds().Size()
	pixels = make([]byte, 0, size.X*size.Y*3)
	row := image.NewRGBA(image.Rect(0, 0, size.X, 1))
	for y := range size.Y {
		if err := ctx.Err(); err != nil {
			return nil, 0, 0, err
		}
		draw.Draw(row, row.Bounds(), picture, picture.Bounds().Min.Add(image.Pt(0, y)), draw.Src)
		for at := 0; at < len(row.Pix); at += 4 {
			pixels = append(pixels, row.Pix[at:at+3]...)
		}
	}
	return pixels, size.Y, size.X, nil
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
