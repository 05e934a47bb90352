package datasets

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"padlab/core/images"
	"padlab/datasets/fetch"
)

const (
	// usualSide is the side of the squares that photographs become, and the
	// largest of pictures that stay as they are.
	usualSide = 64

	// oneIn is the share of pictures that are for testing where nobody has split
	// them: every sixth, as in CIFAR.
	oneIn = 6
)

// The folders of pictures that somebody has split.
const trainFolder = "train"

var testFolders = []string{"test", "val", "valid", "validation"}

// A sorting is which pictures are for what: paths of the tree, and the class of
// each by its number.
type sorting struct {
	classes     []string
	train, test []sorted
}

type sorted struct {
	path  string
	class int
}

// A picture is a file on its way to its class: the folders that it lies in are taken
// off its path, one after the other.
type picture struct{ path, part, class, file string }

// sortPictures sorts pictures by the folders that they lie in: train/CLASS/… and
// test/CLASS/… (or val), or CLASS/…; a folder around all of them does not count. Classes are
// in the order of their names. Without train and test, each class gives a sixth of
// its pictures, at least one, for testing: those whose CLASS/FILE have the smallest
// SHA-256, so that nobody chooses, and whoever has these files gets the same.
// Pictures without folders are of one class.
func sortPictures(paths []string) (sorting, error) {
	list := make([]picture, len(paths))
	for i, p := range paths {
		list[i] = picture{path: p, file: p, class: "picture"}
	}
	// outer are the different outermost folders, in order; "" is that of a file
	// which lies in none.
	outer := func() (folders []string) {
		for _, p := range list {
			folder, _, nested := strings.Cut(p.file, "/")
			if !nested {
				folder = ""
			}
			folders = append(folders, folder)
		}
		return unique(folders)
	}
	for folders := outer(); len(folders) == 1 && folders[0] != ""; folders = outer() {
		for i := range list {
			p := &list[i]
			p.class, p.file, _ = strings.Cut(p.file, "/")
		}
	}
	if folders := outer(); slices.Contains(folders, trainFolder) && !slices.ContainsFunc(folders, func(f string) bool { return f != trainFolder && !slices.Contains(testFolders, f) }) {
		if len(folders) > 2 {
			return sorting{}, fmt.Errorf("the folders %s: take %s and one of the others", strings.Join(folders, ", "), trainFolder)
		}
		for i := range list {
			p := &list[i]
			p.part, p.file, _ = strings.Cut(p.file, "/")
		}
	}
	if folders := outer(); folders[0] != "" {
		for i := range list {
			p := &list[i]
			p.class, p.file, _ = strings.Cut(p.file, "/")
		}
	} else if len(folders) > 1 {
		for _, p := range list {
			if !strings.Contains(p.file, "/") {
				return sorting{}, fmt.Errorf("%s lies beside the folders of the classes, not in one", p.path)
			}
		}
	}

	of := map[string][]picture{}
	for _, p := range list {
		of[p.class] = append(of[p.class], p)
	}
	s := sorting{classes: slices.Sorted(maps.Keys(of))}
	if n := len(s.classes); n > maxClasses {
		return s, fmt.Errorf("%d folders of classes, at most %d are allowed", n, maxClasses)
	}
	for class, name := range s.classes {
		if err := checkClass(name); err != nil {
			return s, err
		}
		train, test, err := split(name, of[name])
		if err != nil {
			return s, err
		}
		for _, p := range train {
			s.train = append(s.train, sorted{p.path, class})
		}
		for _, p := range test {
			s.test = append(s.test, sorted{p.path, class})
		}
	}
	return s, nil
}

// split splits the pictures of a class, which keep their order.
func split(class string, members []picture) (train, test []picture, err error) {
	tests := map[string]bool{} // by path, of a class without parts
	if members[0].part == "" {
		if len(members) < 2 {
			return nil, nil, fmt.Errorf("class %s has one picture: at least 2 are needed, one of them to test", class)
		}
		key := func(p picture) string {
			sum := sha256.Sum256([]byte(class + "/" + p.file))
			return string(sum[:])
		}
		chosen := slices.SortedFunc(slices.Values(members), func(a, b picture) int {
			return cmp.Or(strings.Compare(key(a), key(b)), strings.Compare(a.path, b.path))
		})
		for _, p := range chosen[:max(1, len(chosen)/oneIn)] {
			tests[p.path] = true
		}
	}
	for _, p := range members {
		if slices.Contains(testFolders, p.part) || tests[p.path] {
			test = append(test, p)
		} else {
			train = append(train, p)
		}
	}
	if len(train) == 0 {
		return nil, nil, fmt.Errorf("class %s has pictures in %s, and none in %s", class, members[0].part, trainFolder)
	}
	return train, test, nil
}

// pictures reads a set of pictures.
func (t *tree) pictures(side int, tell func(done, total int64)) (*images.Set, error) {
	if foreign := t.of(isForeign); len(foreign) > 0 {
		return nil, fmt.Errorf("%s: only JPEG and PNG are read, and %d of the pictures are something else", t.leaves[foreign[0]].path, len(foreign))
	}
	s, err := sortPictures(t.of(isPicture))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.name, err)
	}
	all := slices.Concat(s.train, s.test)
	if n := len(all); n > maxImages {
		return nil, fmt.Errorf("%s: %d pictures, at most %d are allowed", t.name, n, maxImages)
	}
	set := &images.Set{H: side, W: side, C: 3, Classes: s.classes}
	if side == 0 {
		if set.H, set.W, err = t.common(all); err != nil {
			return nil, err
		}
	}
	if err := affordable(t.name, len(all), set); err != nil {
		return nil, err
	}

	done := int64(0)
	coloured := false
	for _, part := range []struct {
		list  []sorted
		split *images.Split
	}{{s.train, &set.Train}, {s.test, &set.Test}} {
		part.split.Pixels = make([]byte, 0, len(part.list)*set.H*set.W*3)
		for _, p := range part.list {
			pixels, err := t.picture(p.path, set.H, set.W)
			if err != nil {
				return nil, err
			}
			coloured = coloured || isColoured(pixels)
			part.split.Pixels = append(part.split.Pixels, pixels...)
			part.split.Labels = append(part.split.Labels, byte(p.class))
			done++
			tell(done, int64(len(all)))
		}
	}
	if !coloured {
		set.C = 1
		for _, split := range []*images.Split{&set.Train, &set.Test} {
			for i := range len(split.Pixels) / 3 {
				split.Pixels[i] = split.Pixels[3*i]
			}
			split.Pixels = slices.Clip(split.Pixels[:len(split.Pixels)/3])
		}
	}
	return set, set.Check()
}

// isColoured reports whether red, green and blue differ in any pixel.
func isColoured(pixels []byte) bool {
	for i := 0; i < len(pixels); i += 3 {
		if pixels[i] != pixels[i+1] || pixels[i] != pixels[i+2] {
			return true
		}
	}
	return false
}

// common is the size that pictures are kept in: theirs, if all have one of at most
// usualSide×usualSide, else that square. Photographs end it at the first.
func (t *tree) common(list []sorted) (h, w int, err error) {
	for i, p := range list {
		content, err := t.read(p.path)
		if err != nil {
			return 0, 0, err
		}
		header, err := photoHeader(content)
		if err == nil {
			err = header.check()
		}
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", t.leaves[p.path].path, err)
		}
		if orientation(header.exif) >= 5 {
			header.w, header.h = header.h, header.w
		}
		if i == 0 {
			h, w = header.h, header.w
		}
		if header.h != h || header.w != w || max(h, w) > usualSide {
			return usualSide, usualSide, nil
		}
	}
	return h, w, nil
}

// read reads the file of a picture, whose size is checked.
func (t *tree) read(name string) ([]byte, error) {
	l := t.leaves[name]
	if l.size > maxPhotoFile {
		return nil, fmt.Errorf("%s: %d bytes, at most %d are allowed", l.path, l.size, maxPhotoFile)
	}
	f, err := l.file()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content := make([]byte, l.size)
	if _, err := io.ReadFull(fetch.Heed(t.ctx, f), content); err != nil {
		return nil, inFile(l.path, err)
	}
	return content, nil
}

// picture reads a picture as h×w×3 bytes.
func (t *tree) picture(name string, h, w int) ([]byte, error) {
	content, err := t.read(name)
	if err != nil {
		return nil, err
	}
	photo, err := readPhoto(t.ctx, content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.leaves[name].path, err)
	}
	if photo.H == h && photo.W == w {
		return photo.Pixels, nil
	}
	return squeeze(photo, h, w), nil
}

// squeeze cuts the largest square out of the middle of a photograph and brings it
// to h×w pixels by area.
func squeeze(p images.Photo, h, w int) []byte {
	side := min(p.H, p.W)
	top, left := (p.H-side)/2, (p.W-side)/2
	square := make([]byte, 0, side*side*3)
	for y := range side {
		at := ((top+y)*p.W + left) * 3
		square = append(square, p.Pixels[at:at+side*3]...)
	}
	means := make([]float32, h*w*3)
	images.AreaAverage(means, h, w, square, side, side, 3)
	pixels := make([]byte, len(means))
	for i, v := range means {
		pixels[i] = byte(v*255 + 0.5)
	}
	return pixels
}
