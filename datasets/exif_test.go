package datasets

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"slices"
	"testing"

	"padlab/core/images"
)

// exif is a TIFF file that says how a picture was held, behind another entry.
func exif(order binary.AppendByteOrder, orientation int) []byte {
	b := []byte("MM")
	if order == binary.LittleEndian {
		b = []byte("II")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 10)
	b = append(b, 0, 0) // a gap is allowed
	b = order.AppendUint16(b, 2)
	for _, entry := range [][3]uint16{{0x0100, 4, 1}, {0x0112, 3, uint16(orientation)}} {
		b = order.AppendUint16(b, entry[0])
		b = order.AppendUint16(b, entry[1])
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(b, entry[2])
		b = append(b, 0, 0)
	}
	return append(b, 0, 0, 0, 0)
}

// inJPEG and inPNG put EXIF into a file.
func inJPEG(file, exif []byte) []byte {
	return slices.Concat(file[:2], segment(0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00<x/>")...), segment(0xe1, append([]byte("Exif\x00\x00"), exif...)...), file[2:])
}

func inPNG(file, exif []byte) []byte {
	chunk := append([]byte("eXIf"), exif...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk))
	const header = 8 + 25
	return slices.Concat(file[:header], binary.BigEndian.AppendUint32(nil, uint32(len(exif))), chunk, file[header:])
}

// held returns a picture as a camera stores it that was held in one of eight
// ways: side is what row 0 and column 0 of the file show of the scene.
func held(scene *image.NRGBA, orientation int) *image.NRGBA {
	w, h := scene.Rect.Dx(), scene.Rect.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	stored := image.NewNRGBA(image.Rect(0, 0, w, h))
	for row := range h {
		for column := range w {
			var x, y int
			switch orientation {
			case 1: // row 0 is the top, column 0 the left side
				x, y = column, row
			case 2: // the top, the right side
				x, y = w-1-column, row
			case 3: // the bottom, the right side
				x, y = w-1-column, h-1-row
			case 4: // the bottom, the left side
				x, y = column, h-1-row
			case 5: // the left side, the top
				x, y = row, column
			case 6: // the right side, the top
				x, y = h-1-row, column
			case 7: // the right side, the bottom
				x, y = h-1-row, w-1-column
			case 8: // the left side, the bottom
				x, y = row, w-1-column
			}
			stored.Set(column, row, scene.At(x, y))
		}
	}
	return stored
}

// A photograph stands as it was taken, however the camera was held.
func TestPhotosStandUpright(t *testing.T) {
	small := ramp(7, 5).(*image.NRGBA)
	large := image.NewNRGBA(image.Rect(0, 0, 600, 400))
	for y := range 400 {
		for x := range 600 {
			large.Set(x, y, color.NRGBA{byte(x / 3), byte(y / 2), byte(x * y / 1000), 255})
		}
	}
	for name, scene := range map[string]*image.NRGBA{"small": small, "reduced": large} {
		want, err := readPhoto(t.Context(), pngOf(t, scene))
		if err != nil {
			t.Fatal(err)
		}
		for o := 1; o <= 8; o++ {
			order := []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}[o%2]
			got, err := readPhoto(t.Context(), inPNG(pngOf(t, held(scene, o)), exif(order, o)))
			if err != nil {
				t.Fatal(err)
			}
			if got.H != want.H || got.W != want.W || !bytes.Equal(got.Pixels, want.Pixels) {
				t.Errorf("%s, PNG, orientation %d: %d×%d pixels are not those of the scene, %d×%d", name, o, got.W, got.H, want.W, want.H)
			}
		}
	}

	// A scene whose blocks of 8×8 pixels are of one colour loses next to
	// nothing as a JPEG.
	blocks := image.NewNRGBA(image.Rect(0, 0, 48, 32))
	for y := range 32 {
		for x := range 48 {
			blocks.Set(x, y, color.NRGBA{byte(x / 16 * 80), byte(y / 16 * 80), byte(x / 16 * y / 16 * 40), 255})
		}
	}
	want, _, _, err := rgb(t.Context(), blocks)
	if err != nil {
		t.Fatal(err)
	}
	for o := 1; o <= 8; o++ {
		got, err := readPhoto(t.Context(), inJPEG(jpegOf(t, held(blocks, o)), exif(binary.BigEndian, o)))
		if err != nil {
			t.Fatal(err)
		}
		if got.W != 48 || got.H != 32 {
			t.Errorf("JPEG, orientation %d: %d×%d pixels", o, got.W, got.H)
			continue
		}
		for i, v := range got.Pixels {
			if d := int(v) - int(want[i]); d < -12 || d > 12 {
				t.Errorf("JPEG, orientation %d: byte %d is %d, want %d", o, i, v, want[i])
				break
			}
		}
	}
}

// Broken EXIF leaves a picture as it is stored.
func TestBrokenEXIF(t *testing.T) {
	good := exif(binary.LittleEndian, 6)
	changed := func(at int, to ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], to)
		return b
	}
	const entry = 10 + 2 + 12 // the one of the orientation
	plain := ramp(7, 5)
	want, _, _, _ := rgb(t.Context(), plain)
	for name, broken := range map[string][]byte{
		"empty": {}, "short": good[:7], "cut": good[:entry+9], "order": changed(0, 'X'), "magic": changed(2, 43), "far": changed(4, 255, 255, 255, 255),
		"at its end": changed(4, byte(len(good)-1), 0), "type": changed(entry+2, 7), "count": changed(entry+4, 2), "0": exif(binary.BigEndian, 0), "9": exif(binary.BigEndian, 9),
	} {
		if o := orientation(broken); o != 1 {
			t.Errorf("%s: orientation %d", name, o)
		}
		got, err := readPhoto(t.Context(), inPNG(pngOf(t, plain), broken))
		if err != nil || !bytes.Equal(got.Pixels, want) {
			t.Errorf("%s, PNG: %v", name, err)
		}
		if got, err := readPhoto(t.Context(), inJPEG(jpegOf(t, plain), broken)); err != nil || got.W != 7 || got.H != 5 {
			t.Errorf("%s, JPEG: %v", name, err)
		}
	}
	if o := orientation(changed(10, 255, 255)); o != 6 {
		t.Errorf("of more entries than there are, those that are there should be read: orientation %d", o)
	}
}

// Whatever EXIF says, there are eight orientations, and each keeps all pixels.
func FuzzEXIF(f *testing.F) {
	f.Add(exif(binary.LittleEndian, 6))
	f.Add(exif(binary.BigEndian, 1))
	f.Add([]byte("II*\x00\xff\xff\xff\xff"))
	stored := images.Photo{H: 2, W: 3, Pixels: []byte{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5}}
	f.Fuzz(func(t *testing.T, tiff []byte) {
		o := orientation(tiff)
		if o < 1 || o > 8 {
			t.Fatalf("orientation %d", o)
		}
		p := upright(stored, o)
		pixels := slices.Sorted(slices.Values(p.Pixels))
		if p.H*p.W != 6 || !slices.Equal(pixels, stored.Pixels) {
			t.Errorf("orientation %d: %+v", o, p)
		}
	})
}
