package probe

import (
	"fmt"
	"math"

	"padlab/core/images"
	"padlab/core/position"
	"padlab/core/rng"
)

const (
	noisePictures = 4
	maxEnlarged   = 8 // times that a photograph may be enlarged
)

// An Album is the pictures of a read-out, numbered: Train crops to fit it on,
// then Test crops of other photographs, then black, white and noise.
type Album struct {
	Side, Channels int // of a picture
	Train, Test    int

	photos          []images.Photo
	train, test     []int // photographs, by number
	seed            uint64
	mean, deviation []float32
}

// An AlbumSpec says how an album is made.
type AlbumSpec struct {
	Side        int // pixels per side of a picture
	Channels    int // 3, or 1: the mean of the three
	Train, Test int // crops
	Seed        uint64

	// Mean and Deviation normalise every channel, of all kinds of pictures;
	// nil: values stay byte/255.
	Mean, Deviation []float32
}

// NewAlbum cuts photographs into pictures. Three of five photographs, in their
// order, are for training: two crops of one photograph are never on both sides.
// A crop is a square whose area is .35 … 1 of the largest square, at a random
// place, mirrored or not; photographs take turns. It is an error when there are
// fewer than two photographs, or one so small that it had to be enlarged more
// than 8 times.
func NewAlbum(photos []images.Photo, s AlbumSpec) (*Album, error) {
	if s.Side < 1 || s.Train < 1 || s.Test < 1 || s.Channels != 1 && s.Channels != 3 {
		panic(fmt.Sprintf("probe: an album of %d and %d pictures of %d×%d×%d", s.Train, s.Test, s.Side, s.Side, s.Channels))
	}
	a := &Album{Side: s.Side, Channels: s.Channels, Train: s.Train, Test: s.Test, photos: photos, seed: s.Seed, mean: s.Mean, deviation: s.Deviation}
	for i := range photos {
		if i%5 == 1 || i%5 == 3 {
			a.test = append(a.test, i)
		} else {
			a.train = append(a.train, i)
		}
	}
	if len(a.test) == 0 {
		return nil, fmt.Errorf("a read-out needs at least two photographs, some to learn from and others to be tested on: %d", len(photos))
	}
	for _, p := range photos {
		if maxEnlarged*min(p.H, p.W) < s.Side {
			return nil, fmt.Errorf("photograph %s has %d×%d pixels: pictures of %d×%d need at least %d per side", p.Name, p.W, p.H, s.Side, s.Side, (s.Side+maxEnlarged-1)/maxEnlarged)
		}
	}
	return a, nil
}

// Len is how many pictures there are.
func (a *Album) Len() int { return a.Train + a.Test + 2 + noisePictures }

// Kind says what picture i is, and Group which of the photographs a crop shows:
// the pictures of one group depend on each other.
func (a *Album) Kind(i int) string {
	switch i -= a.Train + a.Test; {
	case i < 0:
		return position.Natural
	case i == 0:
		return position.Black
	case i == 1:
		return position.White
	}
	return position.Noise
}

// Group is the number of the photograph that a crop shows, among those of its
// side; of black, white and noise, each picture is its own.
func (a *Album) Group(i int) int {
	switch {
	case i < a.Train:
		return i % len(a.train)
	case i < a.Train+a.Test:
		return (i - a.Train) % len(a.test)
	}
	return i
}

// Draw writes picture i to dst, Side×Side×Channels.
func (a *Album) Draw(dst []float32, i int) {
	switch a.Kind(i) {
	case position.Natural:
		a.crop(dst, i)
	case position.White:
		for j := range dst {
			dst[j] = 1
		}
	case position.Black:
		clear(dst)
	case position.Noise:
		s := rng.New(a.seed, "noise picture", uint64(i-a.Train-a.Test))
		for j := range dst {
			dst[j] = float32(min(max(0.5+float64(0.25*s.Normal()), 0), 1))
		}
	}
	if a.mean != nil {
		for j := range dst {
			c := j % a.Channels
			dst[j] = (dst[j] - a.mean[c]) / a.deviation[c]
		}
	}
}

func (a *Album) crop(dst []float32, i int) {
	purpose, list, number := "training crop", a.train, i
	if i >= a.Train {
		purpose, list, number = "test crop", a.test, i-a.Train
	}
	p := a.photos[list[number%len(list)]]
	s := rng.New(a.seed, purpose, uint64(number))
	short := min(p.H, p.W)
	area := 0.35 + float64(0.65*float64(s.Float32()))
	side := min(short, max(1, int(math.Sqrt(area)*float64(short)+0.5)))
	box := images.Box{Y: s.IntN(p.H - side + 1), X: s.IntN(p.W - side + 1), H: side, W: side}
	mirrored := s.IntN(2) == 1
	picture := dst
	if a.Channels == 1 {
		picture = make([]float32, 3*len(dst))
	}
	images.Resample(picture, a.Side, a.Side, p.Pixels, p.H, p.W, 3, box)
	if mirrored {
		for y := range a.Side {
			row := picture[y*a.Side*3 : (y+1)*a.Side*3]
			for l, r := 0, a.Side-1; l < r; l, r = l+1, r-1 {
				for c := range 3 {
					row[l*3+c], row[r*3+c] = row[r*3+c], row[l*3+c]
				}
			}
		}
	}
	if a.Channels == 1 {
		for j := range dst {
			dst[j] = (picture[3*j] + picture[3*j+1] + picture[3*j+2]) / 3
		}
	}
}
