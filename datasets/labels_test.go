package datasets

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// encoded is a picture as PNG.
func encoded(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// coloured has n colours, and index x·y modulo n at pixel x,y.
func coloured(w, h, n int) *image.Paletted {
	var palette color.Palette
	for i := range n {
		palette = append(palette, color.RGBA{uint8(200 - i%7), uint8(i), 9, 255}) // no grey ramp
	}
	p := image.NewPaletted(image.Rect(0, 0, w, h), palette)
	for y := range h {
		for x := range w {
			p.SetColorIndex(x, y, uint8(x*y%n))
		}
	}
	return p
}

// A palette of 256, 16 or 2 colours is stored in 8, 4 or 1 bits: labels are its indices,
// whatever the colours, and grey values as they are.
func TestLabels(t *testing.T) {
	for _, n := range []int{256, 200, 16, 5, 2} {
		p := coloured(21, 13, n)
		l, err := readLabels(context.Background(), encoded(t, p))
		if err != nil || l.W != 21 || l.H != 13 || !slices.Equal(l.Pixels, p.Pix) {
			t.Errorf("%d colours: %v, %v", n, l, err)
		}
	}
	grey := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(i)
	}
	if l, err := readLabels(context.Background(), encoded(t, grey)); err != nil || !slices.Equal(l.Pixels, grey.Pix) {
		t.Errorf("grey: %v, %v", l, err)
	}
}

func TestLabelsRefused(t *testing.T) {
	size := image.Rect(0, 0, 4, 4)
	var lossy bytes.Buffer
	if err := jpeg.Encode(&lossy, image.NewGray(size), nil); err != nil {
		t.Fatal(err)
	}
	whole := encoded(t, coloured(9, 9, 4))
	for what, c := range map[string]struct {
		content []byte
		want    string
	}{
		"colours": {encoded(t, image.NewNRGBA(size)), "a picture in colours"},
		"16 bits": {encoded(t, image.NewGray16(size)), "a picture in colours, or with transparency, or of another depth than 8 bits"},
		"JPEG":    {lossy.Bytes(), "no PNG, whatever its name says"},
		"empty":   {nil, "no PNG"},
		"cut off": {whole[:len(whole)-20], "EOF"},
		"slim":    {encoded(t, image.NewGray(image.Rect(0, 0, 100, 1))), "no side may be more than 64 times as long as the other"},
		"huge":    {append([]byte(pngMagic+"\x00\x00\x00\x0dIHDR\x00\x10\x00\x00\x00\x10\x00\x00\x08\x03\x00\x00\x00"), 0, 0, 0, 0), "at most 50 million are allowed"},
	} {
		if l, err := readLabels(context.Background(), c.content); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want %s", what, l, err, c.want)
		}
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	path := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLabels(stopped, path); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Error(err)
	}
	if _, err := OpenLabels(context.Background(), filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
}

// Hidden files do not count; what has no partner is named.
func TestLabelPairs(t *testing.T) {
	folder := t.TempDir()
	make := func(paths ...string) {
		for _, p := range paths {
			p = filepath.Join(folder, p)
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, b := filepath.Join(folder, "a"), filepath.Join(folder, "b")
	make("a/2.png", "a/1.PNG", "a/.hidden.png", "a/notes.txt", "a/below/3.png", "b/1.PNG", "b/2.png")
	if names, passed, err := LabelPairs(a, b); err != nil || !slices.Equal(names, []string{"1.PNG", "2.png"}) || passed != 2 {
		t.Error(names, passed, err)
	}
	make("b/3.png", "b/4.png", "b/5.png", "b/6.png", "b/7.png")
	want := a + ": no picture of the same name for 3.png, 4.png, 5.png and 2 more of " + b
	if _, _, err := LabelPairs(a, b); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if _, _, err := LabelPairs(filepath.Join(a, "below"), filepath.Join(folder)); err == nil || !strings.HasSuffix(err.Error(), "0 PNG pictures, 1 to 131072 are allowed") {
		t.Error(err)
	}
	if _, _, err := LabelPairs(a, filepath.Join(a, "notes.txt")); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Error(err)
	}
}

// FuzzLabels reads anything: an error, or as many labels as there are pixels.
func FuzzLabels(f *testing.F) {
	f.Add(encoded(f, coloured(5, 4, 3)))
	f.Add(encoded(f, coloured(5, 4, 256)))
	f.Add(encoded(f, image.NewGray(image.Rect(0, 0, 3, 2))))
	f.Fuzz(func(t *testing.T, content []byte) {
		if h, err := photoHeader(content); err == nil && float64(h.w)*float64(h.h) > 1e6 {
			return // allowed, and slow
		}
		l, err := readLabels(context.Background(), content)
		if err == nil && (len(l.Pixels) != l.W*l.H || l.W < 1 || l.H < 1) {
			t.Errorf("%d labels of %d×%d pixels", len(l.Pixels), l.W, l.H)
		}
	})
}
