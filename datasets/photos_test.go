package datasets

import (
	"image/jpeg"
	"slices"
	"strings"
	"testing"
)

func TestPhotos(t *testing.T) {
	photos, err := Photos(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(photos) != 20 {
		t.Fatalf("%d photographs, want 20", len(photos))
	}
	var names []string
	for _, p := range photos {
		names = append(names, p.Name)
		if min(p.H, p.W) != 256 || len(p.Pixels) != p.H*p.W*3 {
			t.Errorf("%s: %d bytes for %d×%d", p.Name, len(p.Pixels), p.H, p.W)
		}
		if slices.Max(p.Pixels)-slices.Min(p.Pixels) < 100 {
			t.Errorf("%s: flat, %d to %d", p.Name, slices.Min(p.Pixels), slices.Max(p.Pixels))
		}
		if p.Author == "" || p.Licence == "" || !strings.HasPrefix(p.From, "Debian ") {
			t.Errorf("%s: credits %q, %q, %q", p.Name, p.Author, p.Licence, p.From)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("not in order: %q", names)
	}
}

// Pixels are rows of red, green, blue, as the standard library sees each file
// pixel by pixel.
func TestPhotosPixels(t *testing.T) {
	photos, err := Photos(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range photos {
		file, err := embedded.Open("photos/" + p.Name + ".jpg")
		if err != nil {
			t.Fatal(err)
		}
		picture, err := jpeg.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		for y := 0; y < p.H; y += 7 {
			for x := 0; x < p.W; x += 5 {
				r, g, b, _ := picture.At(x, y).RGBA()
				want := []byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)}
				if got := p.Pixels[(y*p.W+x)*3:][:3]; !slices.Equal(got, want) {
					t.Fatalf("%s: row %d, column %d is %v, want %v", p.Name, y, x, got, want)
				}
			}
		}
	}
}

// Every row of the credits speaks of something that is there.
func TestCreditsAreUsed(t *testing.T) {
	credits, err := readCredits()
	if err != nil {
		t.Fatal(err)
	}
	for file := range credits {
		if file == "file" || file == "fashion-mnist/*" {
			continue
		}
		if _, err := embedded.Open(file); err != nil {
			t.Error(err)
		}
	}
	if _, ok := credits["fashion-mnist/*"]; !ok {
		t.Error("no row for fashion-mnist/*")
	}
}
