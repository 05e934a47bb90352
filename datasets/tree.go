package datasets

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"padlab/datasets/fetch"
)

// What the files that a set is made from may cost, besides what the set itself may.
const (
	maxFiles = 1 << 20
	maxDepth = 8

	// maxArchive bounds what is kept of an archive, in bytes: 512 MiB. The two
	// sets of CIFAR unpack to 184 MB each. maxUnpacked bounds all that it unpacks
	// to, what is passed over included.
	maxArchive  = 512 << 20
	maxUnpacked = 1 << 30
)

// A kind is what a file of some name may be for.
type kind int

const (
	other     kind = iota
	isIDX          // train-images-idx3-ubyte
	isCIFAR        // data_batch_1.bin
	isPickle       // data_batch_1, of CIFAR for Python
	isPicture      // 0001.jpg
	isForeign      // 0001.webp, a picture that cannot be read
	isNames        // classes.txt
)

var (
	idxName    = regexp.MustCompile(`^(?:.*[-_.])?(train|t10k|test)[-_](images|labels)[-.]idx([134])-ubyte(\.gz)?$`)
	cifarName  = regexp.MustCompile(`^(?:data_batch_[0-9]+|test_batch|train|test)\.bin$`)
	pickleName = regexp.MustCompile(`^(?:data_batch_[0-9]+|test_batch|batches\.meta)$`)
)

var foreignEndings = []string{".avif", ".bmp", ".gif", ".heic", ".ppm", ".tif", ".tiff", ".webp"}

// The files that name the classes of CIFAR-10 and CIFAR-100.
const (
	cifar10Names  = "batches.meta.txt"
	cifar100Names = "fine_label_names.txt"
)

// kindOf tells from its name, without folders, what a file may be for.
func kindOf(name string) kind {
	switch {
	case idxName.MatchString(name):
		return isIDX
	case cifarName.MatchString(name):
		return isCIFAR
	case pickleName.MatchString(name):
		return isPickle
	case slices.Contains(photoEndings, strings.ToLower(path.Ext(name))):
		return isPicture
	case slices.Contains(foreignEndings, strings.ToLower(path.Ext(name))):
		return isForeign
	case name == classesFile || name == cifar10Names || name == cifar100Names:
		return isNames
	}
	return other
}

// A tree is the files that a set may be made from, by their paths with slashes,
// below the folder or within the archive that a person has named. What has no kind
// is left out, and so are hidden files. None has been read yet, but for those of an
// archive, which are in memory.
type tree struct {
	ctx    context.Context
	name   string // what errors call it
	leaves map[string]leaf
}

// A leaf is a file of a tree.
type leaf struct {
	path string // what errors call it
	size int64
	open func() (io.ReadCloser, error)
}

// grow returns the tree of folders, archives and files. tell hears how many bytes of
// an archive have been read.
func grow(ctx context.Context, paths []string, tell func(done, total int64)) (*tree, error) {
	t := &tree{ctx, strings.Join(paths, ", "), map[string]leaf{}}
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			err = inFile(p, err)
		case info.IsDir():
			below := ""
			if len(paths) > 1 { // as if one had named the folder around them
				below = filepath.Base(p)
			}
			err = t.folder(p, below, 0)
		case !info.Mode().IsRegular():
			err = inFile(p, errors.New("neither a file nor a folder"))
		case kindOf(filepath.Base(p)) != other:
			err = t.add(filepath.Base(p), fileAt(p, info.Size()))
		default:
			err = t.archive(p, info.Size(), tell)
		}
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

func fileAt(path string, size int64) leaf {
	return leaf{path, size, func() (io.ReadCloser, error) { return os.Open(path) }}
}

// add adds a file, unless it is of no kind.
func (t *tree) add(name string, l leaf) error {
	if kindOf(path.Base(name)) == other {
		return nil
	}
	if was, ok := t.leaves[name]; ok {
		return fmt.Errorf("%s and %s are called the same", was.path, l.path)
	}
	if len(t.leaves) == maxFiles {
		return fmt.Errorf("%s: more than %d files", t.name, maxFiles)
	}
	t.leaves[name] = l
	return nil
}

// hidden reports whether a file or folder is passed over: hidden, or what macOS
// puts beside every file of an archive.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }

// folder adds what lies in a folder, links to files and folders among it. below is
// where that is in the tree.
func (t *tree) folder(dir, below string, depth int) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if depth > maxDepth {
		return fmt.Errorf("%s: more than %d folders in one another", dir, maxDepth)
	}
	entries, err := readDir(dir)
	if err != nil {
		return inFile(dir, err)
	}
	for _, entry := range entries {
		if hidden(entry.Name()) {
			continue
		}
		file, name := filepath.Join(dir, entry.Name()), path.Join(below, entry.Name())
		info, err := os.Stat(file)
		switch {
		case err != nil:
			err = inFile(file, err)
		case info.IsDir():
			err = t.folder(file, name, depth+1)
		case kindOf(entry.Name()) == other:
		case !info.Mode().IsRegular():
			err = inFile(file, errors.New("not a regular file"))
		default:
			err = t.add(name, fileAt(file, info.Size()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// archive adds what a tar file has, which may be gzipped.
func (t *tree) archive(name string, size int64, tell func(done, total int64)) error {
	file, err := os.Open(name)
	if err != nil {
		return inFile(name, err)
	}
	defer file.Close()
	counted := &counting{from: fetch.Heed(t.ctx, file), tell: func(done int64) { tell(done, size) }}
	if err := t.unpack(counted, size, name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// counting tells how much has been read.
type counting struct {
	from io.Reader
	done int64
	tell func(done int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.done += int64(n)
	c.tell(c.done)
	return n, err
}

var (
	errNoArchive = errors.New("neither a folder, nor a file of a set, nor a .tar or .tar.gz")
	errUnpacked  = fmt.Errorf("it unpacks to more than the %d MiB allowed", maxUnpacked>>20)
)

// unpack adds the regular files of an archive that have a kind, and holds them in
// memory. name is that of the archive, which has size bytes. Nothing of it is written anywhere; an archive
// that would, elsewhere, write outside of its folder is refused all the same.
func (t *tree) unpack(from io.Reader, size int64, name string) error {
	plain := io.Reader(bufio.NewReaderSize(from, 1<<16))
	magic, _ := plain.(*bufio.Reader).Peek(2)
	gzipped := string(magic) == "\x1f\x8b"
	if gzipped {
		unzipped, err := gzip.NewReader(plain)
		if err != nil {
			return fmt.Errorf("gzip header: %w", err)
		}
		plain = unzipped
	}
	bounded := &io.LimitedReader{R: plain, N: maxUnpacked}
	archive := tar.NewReader(bounded)
	kept := int64(0)
	for entries := 0; ; entries++ {
		header, err := archive.Next()
		switch {
		case err == io.EOF && entries == 0:
			return errNoArchive // no block at all, or blocks of zeros
		case err == io.EOF:
			return nil
		case bounded.N == 0:
			return errUnpacked
		case entries == 0 && (errors.Is(err, tar.ErrHeader) || !gzipped && errors.Is(err, io.ErrUnexpectedEOF)):
			return errNoArchive
		case err != nil:
			return err
		case entries == maxFiles:
			return fmt.Errorf("more than %d files", maxFiles)
		}
		inside := path.Clean(header.Name)
		switch header.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
			continue
		case tar.TypeReg:
		case tar.TypeLink, tar.TypeSymlink:
			return fmt.Errorf("%s is a link: only files and folders may stand in an archive", header.Name)
		default:
			return fmt.Errorf("%s is no file: only files and folders may stand in an archive", header.Name)
		}
		if !filepath.IsLocal(header.Name) || strings.Contains(header.Name, `\`) {
			return fmt.Errorf("%s lies outside of the archive", header.Name)
		}
		if slices.ContainsFunc(strings.Split(inside, "/"), hidden) || kindOf(path.Base(inside)) == other {
			continue
		}
		kept += header.Size
		switch {
		case header.Size > maxArchive || kept > maxArchive:
			return fmt.Errorf("%s: the files up to it have more than the %d MiB allowed", header.Name, maxArchive>>20)
		case header.Size > size*maxDeflate:
			return fmt.Errorf("%s: announces %d bytes, more than an archive of %d holds", header.Name, header.Size, size)
		}
		content := make([]byte, header.Size)
		if _, err := io.ReadFull(fetch.Heed(t.ctx, archive), content); err != nil {
			if bounded.N == 0 {
				err = errUnpacked
			}
			return fmt.Errorf("%s: %w", header.Name, err)
		}
		l := leaf{name + ": " + inside, header.Size, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
		if err := t.add(inside, l); err != nil {
			return err
		}
	}
}

// of are the paths of the leaves of a kind, in order.
func (t *tree) of(k kind) (paths []string) {
	for p := range t.leaves {
		if kindOf(path.Base(p)) == k {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths
}

// file opens a leaf.
func (l leaf) file() (file, error) {
	r, err := l.open()
	if err != nil {
		return file{}, inFile(l.path, err)
	}
	return file{r, l.path, l.size}, nil
}

// asFolder are leaves as the files of a set, under the names that Open knows them
// by.
func (t *tree) asFolder(names map[string]leaf) folder {
	return folder{t.ctx, t.name, func(name string) (file, error) {
		l, ok := names[name]
		if !ok {
			return file{}, fs.ErrNotExist
		}
		return l.file()
	}}
}
