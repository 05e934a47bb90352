package datasets

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// album writes files into a folder of its own; a content that is nil is a
// folder.
func album(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		var err error
		if content == nil {
			err = os.Mkdir(path, 0o755)
		} else {
			err = os.WriteFile(path, content, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ramp is a picture whose red grows with the column, whose green grows with the
// row, and whose blue is 9.
func ramp(w, h int) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			picture.Set(x, y, color.NRGBA{byte(x), byte(y), 9, 255})
		}
	}
	return picture
}

func pngOf(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// claims is the beginning of a PNG file that says how large it is, and has
// nothing more.
func claims(w, h uint32) []byte {
	chunk := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	chunk = append(chunk, 8, 2, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(file, chunk...), crc32.ChecksumIEEE(chunk))
}

func TestPhotosIn(t *testing.T) {
	clear := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	clear.Set(0, 0, color.NRGBA{200, 100, 50, 0})
	dir := album(t, map[string][]byte{
		"b.PNG": pngOf(t, ramp(3, 2)), "a.jpeg": jpegOf(t, ramp(16, 8)), "c.jpg": pngOf(t, clear),
		".hidden.png": []byte("no picture"), "notes.txt": []byte("no picture"), "folder.png": nil, "\x1b[2J.png": []byte("no picture"),
	})
	photos, err := PhotosIn(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range photos {
		names = append(names, p.Name)
		if len(p.Pixels) != p.H*p.W*3 {
			t.Errorf("%s: %d bytes for %d×%d", p.Name, len(p.Pixels), p.H, p.W)
		}
	}
	if got := strings.Join(names, " "); got != "a b c" {
		t.Fatalf("found %q", got)
	}
	if a := photos[0]; a.H != 8 || a.W != 16 {
		t.Errorf("a.jpeg is %d×%d", a.H, a.W)
	}
	if got, want := photos[1].Pixels, []byte{0, 0, 9, 1, 0, 9, 2, 0, 9, 0, 1, 9, 1, 1, 9, 2, 1, 9}; !bytes.Equal(got, want) {
		t.Errorf("b.PNG is %v, want %v", got, want)
	}
	if got := photos[2].Pixels; !bytes.Equal(got, []byte{0, 0, 0}) {
		t.Errorf("what is transparent is %v", got)
	}
	if photos[1].From != filepath.Join(dir, "b.PNG") {
		t.Errorf("b.PNG is from %q", photos[1].From)
	}
}

// A large photograph is reduced to a short side of 256 pixels: 600×512 pixels
// to 300×256. Four pixels of one colour become one of that colour.
func TestPhotosInReduces(t *testing.T) {
	picture := image.NewNRGBA(image.Rect(0, 0, 600, 512))
	for y := range 512 {
		for x := range 600 {
			picture.Set(x, y, color.NRGBA{byte(x / 2), byte(y / 2), byte((x/2 + y/2) % 7), 255})
		}
	}
	photos, err := PhotosIn(t.Context(), album(t, map[string][]byte{"a.png": pngOf(t, picture)}))
	if err != nil {
		t.Fatal(err)
	}
	p := photos[0]
	if p.H != 256 || p.W != 300 || len(p.Pixels) != 256*300*3 {
		t.Fatalf("%d bytes of %d×%d", len(p.Pixels), p.H, p.W)
	}
	for at, got := range p.Pixels {
		y, x := at/3/300, at/3%300
		if want := [3]byte{byte(x), byte(y), byte((x + y) % 7)}[at%3]; got != want {
			t.Fatalf("row %d, column %d, channel %d: %d, want %d", y, x, at%3, got, want)
		}
	}
}

func TestPhotosInErrors(t *testing.T) {
	whole := jpegOf(t, ramp(64, 64))
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"empty":     {nil, ": no photographs (.jpg, .jpeg, .png) in this folder"},
		"others":    {map[string][]byte{"a.gif": []byte("GIF89a")}, ": no photographs (.jpg, .jpeg, .png) in this folder"},
		"text":      {map[string][]byte{"a.png": pngOf(t, ramp(1, 1)), "b.jpg": []byte("hello")}, "b.jpg: neither JPEG nor PNG"},
		"nothing":   {map[string][]byte{"b.jpg": {}}, "b.jpg: neither JPEG nor PNG"},
		"truncated": {map[string][]byte{"b.jpg": whole[:len(whole)/2]}, "b.jpg: unexpected EOF"},
		"large":     {map[string][]byte{"b.png": claims(100_000, 100_000)}, "b.png: 100000×100000 pixels, at most 50 million are allowed"},
		"slim":      {map[string][]byte{"b.png": claims(65, 1)}, "b.png: 65×1 pixels, but no side may be more than 64 times as long"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := album(t, c.files)
			_, err := PhotosIn(t.Context(), dir)
			if err == nil || !strings.HasPrefix(err.Error(), dir) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := PhotosIn(t.Context(), "no such folder"); err == nil || err.Error() != "no such folder: no such file or directory" {
		t.Errorf("%v", err)
	}
	file := filepath.Join(album(t, map[string][]byte{"a.png": whole}), "a.png")
	if _, err := PhotosIn(t.Context(), file); err == nil || !strings.HasPrefix(err.Error(), file+": ") {
		t.Errorf("%v", err)
	}
}

// Whatever a file says, reading it ends with an error or with a photograph whose
// pixels are all there; and a picture is as large as its header was found to
// say, else its cost would not be what was checked.
func FuzzPhoto(f *testing.F) {
	f.Add(jpegOf(f, ramp(9, 5)))
	f.Add(pngOf(f, ramp(5, 9)))
	f.Add(pngOf(f, image.NewGray16(image.Rect(0, 0, 3, 2))))
	f.Add(pngOf(f, image.NewNRGBA64(image.Rect(0, 0, 3, 2))))
	f.Add(pngOf(f, image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black, color.White})))
	f.Add(inPNG(pngOf(f, ramp(5, 9)), exif(binary.LittleEndian, 6)))
	f.Add(inJPEG(jpegOf(f, ramp(9, 5)), exif(binary.BigEndian, 8)))
	f.Add(scanned(20, 9, 4))
	f.Add(scanned(9, 9, 101))
	f.Add(claims(300, 300))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		h, err := photoHeader(file)
		if err != nil || h.check() != nil || h.bytes > 4<<20 { // to be quick
			return
		}
		p, err := readPhoto(t.Context(), file)
		if err != nil {
			return
		}
		if p.H < 1 || p.W < 1 || min(p.H, p.W) > shortSide || len(p.Pixels) != p.H*p.W*3 {
			t.Errorf("%d bytes for %d×%d", len(p.Pixels), p.H, p.W)
		}
		picture, _, err := image.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds().Size(); size != image.Pt(h.w, h.h) {
			t.Errorf("the header says %d×%d, the picture is %v", h.w, h.h, size)
		}
	})
}
