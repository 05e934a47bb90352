package datasets

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"padlab/core/images"
)

// maxClassBytes bounds classes.txt: 256 names of 64 bytes.
const maxClassBytes = 256 * 64

// A folder holds the files of one set.
type folder struct {
	files fs.FS
	path  string // what errors call it
}

func openFolder(name, path string) (*images.Set, error) {
	set := &images.Set{Name: name, Title: name, Source: path}
	if name == fashion.Name {
		set.Classes = slices.Clone(fashion.Classes)
	}
	if err := fill(set, folder{os.DirFS(path), path}); err != nil {
		return nil, err
	}
	return set, nil
}

// fill reads the images of a set, and its classes: from classes.txt, else as
// the set has them already, else numbered up to the largest label.
func fill(set *images.Set, f folder) error {
	classes, err := f.classes()
	if err != nil {
		return err
	}
	if classes != nil {
		set.Classes = classes
	}

	var h, w int
	if set.Train, set.H, set.W, err = f.split("train"); err != nil {
		return err
	}
	if set.Test, h, w, err = f.split("t10k"); err != nil {
		return err
	}
	if h != set.H || w != set.W {
		return fmt.Errorf("%s: the train images are %d×%d, the test images %d×%d", f.path, set.H, set.W, h, w)
	}
	set.C = 1

	if set.Classes == nil {
		largest := max(slices.Max(set.Train.Labels), slices.Max(set.Test.Labels))
		for label := range int(largest) + 1 {
			set.Classes = append(set.Classes, strconv.Itoa(label))
		}
	}
	if err := set.Check(); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

// split reads the images and labels of one part, and says how large an image
// is.
func (f folder) split(part string) (split images.Split, h, w int, err error) {
	pictures, err := f.openIDX(part+"-images", 3)
	if err != nil {
		return split, 0, 0, err
	}
	defer pictures.Close()
	labels, err := f.openIDX(part+"-labels", 1)
	if err != nil {
		return split, 0, 0, err
	}
	defer labels.Close()

	if n, m := pictures.sizes[0], labels.sizes[0]; n != m {
		return split, 0, 0, fmt.Errorf("%s announces %d images, %s %d labels", pictures.name, n, labels.name, m)
	}
	if split.Pixels, err = pictures.content(); err != nil {
		return split, 0, 0, err
	}
	if split.Labels, err = labels.content(); err != nil {
		return split, 0, 0, err
	}
	return split, pictures.sizes[1], pictures.sizes[2], nil
}

// An idxFile is an open file whose header is read.
type idxFile struct {
	*idx
	fs.File
}

// openIDX opens the file of a part, "train-images", under the first of its
// possible names that exists.
func (f folder) openIDX(part string, sizes int) (idxFile, error) {
	hyphen, dot := fmt.Sprintf("%s-idx%d-ubyte", part, sizes), fmt.Sprintf("%s.idx%d-ubyte", part, sizes)
	for _, name := range []string{hyphen, hyphen + ".gz", dot, dot + ".gz"} {
		file, length, err := f.open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return idxFile{}, err
		}
		header, err := readHeader(file, length, filepath.Join(f.path, name), sizes)
		if err != nil {
			file.Close()
			return idxFile{}, err
		}
		return idxFile{header, file}, nil
	}
	return idxFile{}, fmt.Errorf("%s: there is no %s (or %s, or either with .gz)", f.path, hyphen, dot)
}

// classes returns the lines of classes.txt, nil if there is no such file.
func (f folder) classes() ([]string, error) {
	const name = "classes.txt"
	file, _, err := f.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	path := filepath.Join(f.path, name)
	text, err := io.ReadAll(io.LimitReader(file, maxClassBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > maxClassBytes {
		return nil, fmt.Errorf("%s: longer than the %d bytes allowed", path, maxClassBytes)
	}
	var classes []string
	for line := range strings.Lines(strings.TrimRightFunc(string(text), unicode.IsSpace)) {
		class := strings.TrimSpace(line)
		if class == "" {
			return nil, fmt.Errorf("%s:%d: no class name", path, len(classes)+1)
		}
		if !printable(class) {
			return nil, fmt.Errorf("%s:%d: %q holds characters that cannot be printed", path, len(classes)+1, class)
		}
		classes = append(classes, class)
	}
	if n := len(classes); n < 1 || n > 256 {
		return nil, fmt.Errorf("%s: %d classes, 1 to 256 are allowed", path, n)
	}
	return classes, nil
}

// open opens a regular file and tells its length. Anything else is refused
// before it is opened: a pipe would keep us waiting.
func (f folder) open(name string) (fs.File, int64, error) {
	fail := func(err error) (fs.File, int64, error) { return nil, 0, inFile(filepath.Join(f.path, name), err) }
	info, err := fs.Stat(f.files, name)
	if err != nil {
		return fail(err)
	}
	if !info.Mode().IsRegular() {
		return fail(errors.New("not a regular file"))
	}
	file, err := f.files.Open(name)
	if err != nil {
		return fail(err)
	}
	return file, info.Size(), nil
}
