package datasets

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// segment is one of a JPEG file.
func segment(marker byte, content ...byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2)), content...)
}

// frame is the frame of a JPEG: its sizes, and the sampling of each component.
func frame(marker byte, w, h int, samplings ...byte) []byte {
	content := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(len(samplings))}
	for i, s := range samplings {
		content = append(content, byte(i+1), s, 0)
	}
	return segment(marker, content...)
}

// scanned is a grey progressive JPEG of w×h pixels, all of them grey, with that
// many scans, each of which goes through all blocks for a few bytes.
func scanned(w, h, scans int) []byte {
	dqt := append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)
	one := func(class, symbol byte) []byte { // a table with one code, of one bit
		return segment(0xc4, append(append([]byte{class << 4, 1}, make([]byte, 15)...), symbol)...)
	}
	file := slices.Concat([]byte{0xff, 0xd8}, segment(0xdb, dqt...), frame(0xc2, w, h, 0x11), one(0, 0), one(1, 0xe0))
	blocks := (w + 7) / 8 * ((h + 7) / 8)
	file = append(file, segment(0xda, 1, 1, 0, 0, 0, 0)...)
	file = append(file, make([]byte, blocks/8+1)...) // a bit 0 for each: no difference
	for range scans - 1 {
		file = append(file, segment(0xda, 1, 1, 0, 1, 1, 0)...)
		// A 0, and 14 bits of how much longer than 2¹⁴ a run without
		// coefficients is.
		for left := blocks; left > 0; left -= 1 << 14 {
			file = append(file, 0, 0)
		}
	}
	return append(file, 0xff, 0xd9)
}

// What a file would cost is known from its header, and refused before anything
// is given for it.
func TestPhotoCost(t *testing.T) {
	sos := segment(0xda, 1, 1, 0, 0, 0, 0)
	soi := []byte{0xff, 0xd8}
	header := func(w, h uint32, depth, colours, interlace byte) []byte {
		file := claims(w, h)
		copy(file[24:], []byte{depth, colours, 0, 0, interlace})
		return file
	}
	for name, c := range map[string]struct {
		file []byte
		want string // empty: it is not refused for its cost
	}{
		"baseline":        {slices.Concat(soi, frame(0xc0, 7000, 7000, 0x22, 0x11, 0x11), sos), ""},
		"baseline, full":  {slices.Concat(soi, frame(0xc0, 7000, 7000, 0x11, 0x11, 0x11), sos), ""},
		"camera":          {slices.Concat(soi, frame(0xc2, 6000, 4000, 0x22, 0x11, 0x11), sos), ""},
		"progressive":     {slices.Concat(soi, frame(0xc2, 7000, 7000, 0x11, 0x11, 0x11), sos), "7000×7000 pixels, stored so that 1028 MiB are needed to decode them: at most 512 MiB are allowed"},
		"four components": {slices.Concat(soi, frame(0xc2, 7000, 7000, 0x11, 0x11, 0x11, 0x11), sos), "at most 512 MiB"},
		"too many pixels": {slices.Concat(soi, frame(0xc0, 8000, 8000, 0x11), sos), "8000×8000 pixels, at most 50 million are allowed"},
		"8 bits":          {header(7000, 7000, 8, 6, 0), ""},
		"16 bits":         {header(7000, 7000, 16, 2, 0), "7000×7000 pixels, stored so that 514 MiB are needed"},
		"interlaced":      {header(7000, 7000, 8, 2, 1), "at most 512 MiB"},
		"20,000 scans":    {scanned(64, 64, 20_000), "a JPEG of 20000 scans, at most 100 are allowed"},
		"100 scans":       {scanned(64, 64, 100), ""},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h, err := photoHeader(c.file)
		if err == nil {
			err = h.check()
		}
		runtime.ReadMemStats(&after)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<16 {
			t.Errorf("%s: %d bytes allocated", name, spent)
		}
	}
	if _, err := readPhoto(t.Context(), scanned(64, 64, 100)); err != nil {
		t.Errorf("100 scans: %v", err)
	}
	if _, err := readPhoto(t.Context(), scanned(64, 64, 101)); err == nil {
		t.Error("101 scans are read")
	}
}

// The estimate is not below what decoding holds.
func TestPhotoMemory(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 800, 600))
	deep.Set(1, 1, color.NRGBA64{1, 2, 3, 4})
	for name, file := range map[string][]byte{
		"16 bits": pngOf(t, deep), "8 bits": pngOf(t, ramp(800, 600)), "JPEG": jpegOf(t, ramp(800, 600)), "progressive": scanned(800, 600, 3),
	} {
		h, err := photoHeader(file)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, _, err := image.Decode(bytes.NewReader(file)); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		const small = 256 << 10 // the decoder's own tables
		if spent := int64(after.TotalAlloc - before.TotalAlloc); spent > h.bytes+small {
			t.Errorf("%s: %d bytes were allocated, estimated are %d", name, spent, h.bytes)
		}
	}
}

// A context that ends while a picture is decoded ends the reading at once,
// though the decoder would go on.
func TestPhotosInStops(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 6000, 6000))); err != nil {
		t.Fatal(err)
	}
	dir := album(t, map[string][]byte{"a.png": b.Bytes(), "b.png": b.Bytes(), "c.png": b.Bytes()})
	stops := func() (late time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := PhotosIn(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		return time.Since(start) - 50*time.Millisecond
	}
	const most = 100 * time.Millisecond
	late := stops()
	for range 4 { // a busy machine may be late, but not each time
		if late > most {
			late = stops()
		}
	}
	if late > most {
		t.Errorf("it went on for %v after the context", late)
	}

	done, stop := context.WithCancel(t.Context())
	stop()
	for name, load := range map[string]func() error{
		"Photos":   func() error { _, err := Photos(done); return err },
		"PhotosIn": func() error { _, err := PhotosIn(done, dir); return err },
		"Open":     func() error { _, err := Open(done, "fashion-mnist", ""); return err },
		"List":     func() error { _, err := List(done, ""); return err },
	} {
		if err := load(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What blocks for ever is left behind, and a panic is an error.
func TestWithin(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	free := make(chan int)
	defer close(free)
	if _, err := within(ctx, func(context.Context) (int, error) { return <-free, nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if _, err := within(t.Context(), func(context.Context) (int, error) { panic("ouch") }); err == nil || err.Error() != "reading it failed: ouch" {
		t.Errorf("%v", err)
	}
}
