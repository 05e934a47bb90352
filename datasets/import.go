package datasets

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"padlab/core/images"
)

// Import reads a set from what a person has: the folders, archives (.tar, .tar.gz)
// and files of these paths, together. It may be
//
//   - four idx files, as Open reads them, or with something in front of their names;
//   - the binary version of CIFAR-10 (data_batch_1.bin …, test_batch.bin) or of
//     CIFAR-100 (train.bin, test.bin; the classes are the hundred fine ones);
//   - pictures, JPEG or PNG: train/CLASS/* and test/CLASS/*, or CLASS/* alone, which
//     Import splits, or pictures without folders, which are all of one class; of
//     several folders each is one.
//
// side is that of the square that pictures are cut and reduced to; 0: they stay as
// they are, where all have one size of at most 64×64 pixels, and become 64×64
// otherwise. Other sets are of the size that they have.
//
// Errors name the file; so does that of a set which would take more memory than
// allowed, before it is read. What is told is told while Import runs, or has been left
// because the context was done.
func Import(ctx context.Context, paths []string, side int, tell Progress) (*images.Set, error) {
	return within(ctx, func(ctx context.Context) (*images.Set, error) { return importFrom(ctx, paths, side, tell) })
}

// A Progress hears how far Import is: how many bytes of an archive it has read, and
// how many pictures.
type Progress struct{ Bytes, Pictures func(done, total int64) }

func importFrom(ctx context.Context, paths []string, side int, tell Progress) (*images.Set, error) {
	t, err := grow(ctx, paths, tell.Bytes)
	if err != nil {
		return nil, err
	}
	var set *images.Set
	switch {
	case len(t.of(isIDX)) > 0:
		set, err = t.idx()
	case len(t.of(isCIFAR)) > 0:
		set, err = t.cifar()
	case len(t.of(isPickle)) > 0:
		return nil, fmt.Errorf("%s: this is CIFAR for Python, whose files are programs: take the binary version (cifar-10-binary.tar.gz, cifar-100-binary.tar.gz)", t.name)
	case len(t.of(isPicture))+len(t.of(isForeign)) > 0:
		return t.pictures(side, tell.Pictures)
	default:
		return nil, fmt.Errorf("%s: nothing that is a set: neither idx files (train-images-idx3-ubyte …), nor CIFAR's binaries (data_batch_1.bin …), nor pictures in folders (CLASS/*.png, .jpg)", t.name)
	}
	if err == nil && side > 0 && (set.H != side || set.W != side) {
		return nil, fmt.Errorf("%s: these are images of %d×%d pixels, and stay so: only pictures (.png, .jpg) are brought to a size", t.name, set.H, set.W)
	}
	return set, err
}

// idx reads a set of idx files.
func (t *tree) idx() (*images.Set, error) {
	names := map[string]leaf{}
	for _, p := range t.of(isIDX) {
		m := idxName.FindStringSubmatch(path.Base(p))
		part, what, sizes := m[1], m[2], int(m[3][0]-'0')
		if part == "test" {
			part = "t10k"
		}
		name := spellings(part+"-"+what, sizes)[0]
		if was, ok := names[name]; ok {
			return nil, fmt.Errorf("%s and %s are the same part of a set", was.path, t.leaves[p].path)
		}
		names[name] = t.leaves[p]
	}
	l, err := t.one(classesFile)
	if err != nil {
		return nil, err
	}
	if l != nil {
		names[classesFile] = *l
	}
	set := &images.Set{}
	if err := fill(set, t.asFolder(names)); err != nil {
		return nil, err
	}
	return set, nil
}

// one is the leaf with this base name, nil if there is none. Several are an error.
func (t *tree) one(base string) (*leaf, error) {
	var found *leaf
	for p, l := range t.leaves {
		if path.Base(p) != base {
			continue
		}
		if found != nil {
			first, second := min(found.path, l.path), max(found.path, l.path)
			return nil, fmt.Errorf("%s and %s: only one of them can be meant", first, second)
		}
		found = &l
	}
	return found, nil
}

// named are the names of classes that a file of the tree holds, nil if there is none.
func (t *tree) named(base string) ([]string, error) {
	l, err := t.one(base)
	if err != nil || l == nil {
		return nil, err
	}
	text, p, err := t.asFolder(map[string]leaf{base: *l}).text(base)
	if err != nil {
		return nil, err
	}
	return readClasses(text, p)
}

// Describe gives a set a name, and says that it is from files of these paths.
func Describe(set *images.Set, name string, paths []string) {
	var from []string
	for _, p := range paths {
		if absolute, err := filepath.Abs(p); err == nil {
			p = absolute
		}
		from = append(from, p)
	}
	set.Name, set.Title, set.Source = name, name, strings.Join(from, ", ")
}

var errClassName = errors.New("the name of a class is of characters that can be seen, at most 64 bytes, without spaces around it")

// checkClass is the error of a folder whose name cannot be that of a class.
func checkClass(name string) error {
	if !printable(name) || len(name) > maxText/maxClasses-1 || strings.TrimSpace(name) != name {
		return fmt.Errorf("%q: %w", name, errClassName)
	}
	return nil
}

// unique are the different ones of a list, in order.
func unique(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
