// Package images says what an image set is, so that the rooms that read sets
// from files and the rooms that learn from them need not know each other.
//
// Pixels are bytes, 0 black to 255 white, in NHWC order: image by image, row
// by row, pixel by pixel, the channels of a pixel together.
package images

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// A Set is labelled images, train and test apart. All of them have one size.
type Set struct {
	Name    string // what presets call it, "fashion-mnist"
	Title   string // "Fashion-MNIST (6,000 of 70,000)"
	Licence string // "MIT © 2017 Zalando SE"; empty when nobody said
	Source  string // where the images were taken from

	Classes []string // a label is an index into it
	H, W, C int      // rows, columns and channels of an image

	Train, Test Split
}

// A Split is one part of a set. Image i is Pixels[i·H·W·C : (i+1)·H·W·C], of
// class Labels[i].
type Split struct {
	Pixels []byte
	Labels []byte
}

// A Photo is one picture without a label, of its own size.
type Photo struct {
	Name, Author, Licence, From string

	H, W   int
	Pixels []byte // H×W×3: red, green, blue
}

// Check returns an error unless every size is positive, there are 1 to 256
// classes, and both splits hold at least one image, H·W·C bytes for each, and
// only labels below the number of classes.
func (s *Set) Check() error {
	if s.H < 1 || s.W < 1 || s.C < 1 {
		return fmt.Errorf("images of %d×%d×%d: every size must be at least 1", s.H, s.W, s.C)
	}
	if n := len(s.Classes); n < 1 || n > 256 {
		return fmt.Errorf("%d classes: 1 to 256 are allowed", n)
	}
	if err := s.check(s.Train); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := s.check(s.Test); err != nil {
		return fmt.Errorf("test: %w", err)
	}
	return nil
}

func (s *Set) check(split Split) error {
	n := split.Len()
	if n == 0 {
		return fmt.Errorf("no images")
	}
	if want := n * s.H * s.W * s.C; len(split.Pixels) != want {
		return fmt.Errorf("%d bytes of pixels, want %d for %d images of %d×%d×%d", len(split.Pixels), want, n, s.H, s.W, s.C)
	}
	for i, label := range split.Labels {
		if int(label) >= len(s.Classes) {
			return fmt.Errorf("image %d has label %d, but the classes are 0 to %d", i, label, len(s.Classes)-1)
		}
	}
	return nil
}

// Len returns the number of images.
func (s Split) Len() int { return len(s.Labels) }

// Image returns the H·W·C bytes of image i, not a copy. It panics unless
// 0 ≤ i < Len.
func (s Split) Image(i int) []byte {
	if i < 0 || i >= s.Len() {
		panic(fmt.Sprintf("images: image %d of %d", i, s.Len()))
	}
	size := len(s.Pixels) / s.Len()
	return s.Pixels[i*size : (i+1)*size : (i+1)*size]
}

// InTurn returns all images in the order of evaluation, in which every
// beginning is as balanced as it can be: the first image of each class, by
// rising label, then the second of each, and so on. Classes that have run out
// are skipped.
func (s Split) InTurn() []int {
	ofClass := make([][]int, 256)
	for i, label := range s.Labels {
		ofClass[label] = append(ofClass[label], i)
	}
	order := make([]int, 0, s.Len())
	for turn := 0; len(order) < s.Len(); turn++ {
		for _, members := range ofClass {
			if turn < len(members) {
				order = append(order, members[turn])
			}
		}
	}
	return order
}

// A Picture is grey values, 0 black to 1 white, row by row.
type Picture struct {
	Rows, Cols int
	Values     []float32
}

// Grey is the mean of the channels of x, h×w×c.
func Grey(x []float32, h, w, c int) *Picture {
	p := &Picture{Rows: h, Cols: w, Values: make([]float32, h*w)}
	for i, v := range x {
		p.Values[i/c] += v / float32(c)
	}
	return p
}

// SHA256 is the checksum of what a set holds: its sizes, its classes, and all
// images with their labels.
func (s *Set) SHA256() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d %q\n", s.H, s.W, s.C, s.Classes)
	for _, split := range []Split{s.Train, s.Test} {
		fmt.Fprintf(h, "%d\n", split.Len())
		h.Write(split.Labels)
		for i := range split.Len() {
			h.Write(split.Image(i))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// PhotosSHA256 is the checksum of photographs in their order.
func PhotosSHA256(photos []Photo) string {
	h := sha256.New()
	for _, p := range photos {
		fmt.Fprintf(h, "%q %d %d\n", p.Name, p.H, p.W)
		h.Write(p.Pixels)
	}
	return hex.EncodeToString(h.Sum(nil))
}
