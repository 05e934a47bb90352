package images

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// pair is a set of two classes with 2 train and 1 test images of 1×2×1.
func pair() *Set {
	return &Set{
		Classes: []string{"a", "b"}, H: 1, W: 2, C: 1,
		Train: Split{Pixels: []byte{1, 2, 3, 4}, Labels: []byte{0, 1}},
		Test:  Split{Pixels: []byte{5, 6}, Labels: []byte{1}},
	}
}

func TestCheck(t *testing.T) {
	if err := pair().Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spoil func(*Set)
		want  string
	}{
		{func(s *Set) { s.H = 0 }, "images of 0×2×1: every size must be at least 1"},
		{func(s *Set) { s.W = -2 }, "images of 1×-2×1"},
		{func(s *Set) { s.C = 0 }, "images of 1×2×0"},
		{func(s *Set) { s.Classes = nil }, "0 classes: 1 to 256"},
		{func(s *Set) { s.Classes = make([]string, 257) }, "257 classes"},
		{func(s *Set) { s.Train = Split{} }, "train: no images"},
		{func(s *Set) { s.Test = Split{} }, "test: no images"},
		{func(s *Set) { s.Train.Pixels = s.Train.Pixels[:3] }, "train: 3 bytes of pixels, want 4 for 2 images of 1×2×1"},
		{func(s *Set) { s.Test.Pixels = make([]byte, 3) }, "test: 3 bytes of pixels, want 2 for 1 images"},
		{func(s *Set) { s.Train.Labels[1] = 2 }, "train: image 1 has label 2, but the classes are 0 to 1"},
		{func(s *Set) { s.Test.Labels[0] = 255 }, "test: image 0 has label 255"},
	} {
		s := pair()
		c.spoil(s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestImage(t *testing.T) {
	s := pair().Train
	image := s.Image(1)
	if !slices.Equal(image, []byte{3, 4}) {
		t.Errorf("image 1 is %v", image)
	}
	if first := s.Image(0); cap(first) != 2 {
		t.Errorf("appending to image 0 would write into image 1: capacity %d", cap(first))
	}
	for _, i := range []int{-1, 2} {
		mustPanic(t, fmt.Sprintf("images: image %d of 2", i), func() { s.Image(i) })
	}
	mustPanic(t, "images: image 0 of 0", func() { Split{}.Image(0) })
}

func TestInTurn(t *testing.T) {
	for _, c := range []struct {
		labels []byte
		want   []int
	}{
		{nil, nil},
		{[]byte{7}, []int{0}},
		{[]byte{1, 1, 0, 0}, []int{2, 0, 3, 1}},
		{[]byte{2, 2, 2, 0, 255, 2, 0}, []int{3, 0, 4, 6, 1, 2, 5}},
	} {
		if got := (Split{Labels: c.labels}).InTurn(); !slices.Equal(got, c.want) {
			t.Errorf("labels %v: got %v, want %v", c.labels, got, c.want)
		}
	}
}

// mustPanic fails unless f panics with a text that holds want.
func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("panic %q, want %q", got, want)
		}
	}()
	f()
}
