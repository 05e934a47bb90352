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

	"github.com/pelletier/go-toml/v2"

	"padlab/core/images"
	"padlab/datasets/fetch"
)

// maxClasses is how many a label of one byte tells apart. maxText bounds
// classes.txt, and set.toml: so many names of 64 bytes.
const (
	maxClasses = 256
	maxText    = maxClasses * 64
)

// maxChannels bounds those of an image, all of which a network takes in at once;
// satellites have 13.
const maxChannels = 64

// A folder holds the files of one set.
type folder struct {
	ctx  context.Context // of the call that reads it
	path string          // what errors call it
	open func(name string) (file, error)
}

// A file is an open one.
type file struct {
	io.ReadCloser
	path string // what errors call it
	size int64
}

// folderOf is the folder of that path, whose files those of a file system are.
func folderOf(ctx context.Context, files fs.FS, path string) folder {
	return folder{ctx, path, func(name string) (file, error) { return openRegular(files, name, filepath.Join(path, name)) }}
}

func openFolder(ctx context.Context, name, path string) (*images.Set, error) {
	set := &images.Set{Name: name, Title: name, Source: path}
	if name == fashion.Name {
		set.Classes = slices.Clone(fashion.Classes)
	}
	f := folderOf(ctx, os.DirFS(path), path)
	if err := f.describe(set); err != nil {
		return nil, err
	}
	if err := fill(set, f); err != nil {
		if others(path) {
			err = fmt.Errorf("%s: no idx files; padlab datasets import makes a set of CIFAR's binaries and of pictures in folders", path)
		}
		return nil, err
	}
	return set, nil
}

// others reports whether a folder has something in it, but no idx file.
func others(path string) bool {
	entries, err := readDir(path)
	idx := func(e os.DirEntry) bool { return kindOf(e.Name()) == isIDX }
	return err == nil && len(entries) > 0 && !slices.ContainsFunc(entries, idx)
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
	test, err := f.part("t10k", "test")
	if err != nil {
		return err
	}
	defer test.Close()
	set.H, set.W, set.C = train.size()
	switch h, w, c := test.size(); {
	case c != set.C:
		return fmt.Errorf("%s: the train images are %d×%d×%d, the test images %d×%d×%d", f.path, set.H, set.W, set.C, h, w, c)
	case h != set.H || w != set.W:
		return fmt.Errorf("%s: the train images are %d×%d, the test images %d×%d", f.path, set.H, set.W, h, w)
	case c > maxChannels:
		return fmt.Errorf("%s: images of %d channels, at most %d are allowed", f.path, c, maxChannels)
	}
	if err := affordable(f.path, train.images.sizes[0]+test.images.sizes[0], set); err != nil {
		return err
	}
	if set.Train, err = train.content(); err != nil {
		return err
	}
	if set.Test, err = test.content(); err != nil {
		return err
	}

	if set.Classes == nil {
		set.Classes = numbered(set)
	}
	if err := set.Check(); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

// affordable is the error of more images, of the size of the set's, than there is
// memory for. path is where they are.
func affordable(path string, n int, set *images.Set) error {
	if need := int64(n) * (int64(set.H)*int64(set.W)*int64(set.C) + perImage); need > maxSet {
		return fmt.Errorf("%s: %d images of %d×%d pixels need %d MiB: at most %d MiB are allowed", path, n, set.H, set.W, need>>20, maxSet>>20)
	}
	return nil
}

// numbered are the classes of labels without names: 0 up to the largest.
func numbered(set *images.Set) (classes []string) {
	largest := max(slices.Max(set.Train.Labels), slices.Max(set.Test.Labels))
	for label := range int(largest) + 1 {
		classes = append(classes, strconv.Itoa(label))
	}
	return classes
}

// A part is the two open files of the train or the test images.
type part struct{ images, labels idxFile }

// part opens the files of a part, which has several names.
func (f folder) part(names ...string) (p part, err error) {
	if p.images, err = f.openIDX(names, "images", 3, 4); err != nil {
		return p, err
	}
	if p.labels, err = f.openIDX(names, "labels", 1); err != nil {
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

// size is that of an image: files of three sizes have one channel.
func (p part) size() (h, w, c int) {
	sizes := append(slices.Clone(p.images.sizes), 1)
	return sizes[1], sizes[2], sizes[3]
}

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
	io.Closer
}

// openIDX opens the file of what a part has, its "images", under the first of its
// possible names that exists: each of the part's, with each number of sizes.
func (f folder) openIDX(parts []string, what string, sizes ...int) (idxFile, error) {
	for _, part := range parts {
		for _, n := range sizes {
			for _, name := range spellings(part+"-"+what, n) {
				file, err := f.open(name)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil {
					return idxFile{}, err
				}
				header, err := readHeader(fetch.Heed(f.ctx, file), file.size, file.path, n)
				if err != nil {
					file.Close()
					return idxFile{}, err
				}
				return idxFile{header, file}, nil
			}
		}
	}
	names := spellings(parts[0]+"-"+what, sizes[0])
	return idxFile{}, fmt.Errorf("%s: there is no %s (or %s, or either with .gz)", f.path, names[0], names[2])
}

// spellings are the names that an idx file of so many sizes has in the world.
func spellings(name string, sizes int) []string {
	hyphen, dot := fmt.Sprintf("%s-idx%d-ubyte", name, sizes), fmt.Sprintf("%s.idx%d-ubyte", name, sizes)
	return []string{hyphen, hyphen + ".gz", dot, dot + ".gz"}
}

// A description is what set.toml says of a set.
type description struct {
	Title   string `toml:"title"`
	Licence string `toml:"licence"`
	Source  string `toml:"source"`
}

const (
	classesFile     = "classes.txt"
	descriptionFile = "set.toml"
)

// describe gives a set the title, licence and source that set.toml has, if there
// is such a file.
func (f folder) describe(set *images.Set) error {
	text, path, err := f.text(descriptionFile)
	if err != nil || text == nil {
		return err
	}
	var d description
	if err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&d); err != nil {
		var unknown *toml.StrictMissingError
		if errors.As(err, &unknown) {
			err = errors.New("only title, licence and source stand there")
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, text := range []struct {
		said string
		of   *string
	}{{d.Title, &set.Title}, {d.Licence, &set.Licence}, {d.Source, &set.Source}} {
		if !printable(text.said) {
			return fmt.Errorf("%s: %q holds characters that cannot be printed", path, text.said)
		}
		if text.said != "" {
			*text.of = text.said
		}
	}
	return nil
}

// text returns a small file whole, nil if there is none, and what errors call it.
func (f folder) text(name string) (text []byte, path string, err error) {
	file, err := f.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	text, err = io.ReadAll(io.LimitReader(fetch.Heed(f.ctx, file), maxText+1))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", file.path, err)
	}
	if len(text) > maxText {
		return nil, "", fmt.Errorf("%s: longer than the %d bytes allowed", file.path, maxText)
	}
	return append([]byte{}, text...), file.path, nil
}

// classes returns the lines of classes.txt, nil if there is no such file.
func (f folder) classes() ([]string, error) {
	text, path, err := f.text(classesFile)
	if err != nil || text == nil {
		return nil, err
	}
	return readClasses(text, path)
}

// readClasses reads the names of classes, one a line.
func readClasses(text []byte, path string) ([]string, error) {
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
	if n := len(classes); n < 1 || n > maxClasses {
		return nil, fmt.Errorf("%s: %d classes, 1 to %d are allowed", path, n, maxClasses)
	}
	return classes, nil
}

// openRegular opens a regular file. Anything else is refused before it is opened:
// a pipe would keep us waiting.
func openRegular(files fs.FS, name, path string) (file, error) {
	info, err := fs.Stat(files, name)
	if err != nil {
		return file{}, inFile(path, err)
	}
	if !info.Mode().IsRegular() {
		return file{}, inFile(path, errors.New("not a regular file"))
	}
	f, err := files.Open(name)
	if err != nil {
		return file{}, inFile(path, err)
	}
	return file{f, path, info.Size()}, nil
}
