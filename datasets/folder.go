package datasets

import (
	"bytes"
	"context"
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
	ctx   context.Context // of the call that reads it
	files fs.FS
	path  string // what errors call it
}

func openFolder(ctx context.Context, name, path string) (*images.Set, error) {
	set := &images.Set{Name: name, Title: name, Source: path}
	if name == fashion.Name {
		set.Classes = slices.Clone(fashion.Classes)
	}
	if err := fill(set, folder{ctx, os.DirFS(path), path}); err != nil {
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

	train, err := f.part("train")
	if err != nil {
		return err
	}
	defer train.Close()
	test, err := f.part("t10k")
	if err != nil {
		return err
	}
	defer test.Close()
	set.H, set.W, set.C = train.images.sizes[1], train.images.sizes[2], 1
	if h, w := test.images.sizes[1], test.images.sizes[2]; h != set.H || w != set.W {
		return fmt.Errorf("%s: the train images are %d×%d, the test images %d×%d", f.path, set.H, set.W, h, w)
	}
	if need := train.memory() + test.memory(); need > maxSet {
		return fmt.Errorf("%s: %d images of %d×%d pixels need %d MiB: at most %d MiB are allowed", f.path,
			train.images.sizes[0]+test.images.sizes[0], set.H, set.W, need>>20, maxSet>>20)
	}
	if set.Train, err = train.content(); err != nil {
		return err
	}
	if set.Test, err = test.content(); err != nil {
		return err
	}

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

// A part is the two open files of the train or the test images.
type part struct{ images, labels idxFile }

func (f folder) part(name string) (p part, err error) {
	if p.images, err = f.openIDX(name+"-images", 3); err != nil {
		return p, err
	}
	if p.labels, err = f.openIDX(name+"-labels", 1); err != nil {
		p.images.Close()
		return p, err
	}
	if n, m := p.images.sizes[0], p.labels.sizes[0]; n != m {
		p.Close()
		return p, fmt.Errorf("%s announces %d images, %s %d labels", p.images.name, n, p.labels.name, m)
	}
	return p, nil
}

func (p part) Close() {
	p.images.Close()
	p.labels.Close()
}

// memory estimates the bytes that the images take once they are read.
func (p part) memory() int64 { return int64(p.images.total) + perImage*int64(p.labels.total) }

func (p part) content() (split images.Split, err error) {
	if split.Pixels, err = p.images.content(); err != nil {
		return split, err
	}
	split.Labels, err = p.labels.content()
	return split, err
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
		header, err := readHeader(reader{f.ctx, file}, length, filepath.Join(f.path, name), sizes)
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
	text, err := io.ReadAll(io.LimitReader(reader{f.ctx, file}, maxClassBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > maxClassBytes {
		return nil, fmt.Errorf("%s: longer than the %d bytes allowed", path, maxClassBytes)
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // left by editors on Windows
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
