// Package datasets fills image sets by name, so that nobody behind it asks
// where pixels come from. A part of Fashion-MNIST and 20 photographs travel
// inside the program; every other set is read from the user's disk.
//
// A set on disk is a folder of four idx files, the format of MNIST:
// train-images-idx3-ubyte and train-labels-idx1-ubyte for the training part,
// t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte for the test part, each
// plain or gzipped (.gz). The spelling train-images.idx3-ubyte will do, too, and so
// will test in place of t10k. Images of several channels are in files of four sizes,
// images, rows, columns and channels (NHWC): train-images-idx4-ubyte. A file
// classes.txt beside them may name the classes, one a line, and set.toml may say
// title, licence and source. Import makes such a set of what a person has; the sets
// that others offer are in a table with the checksums of their files. All files
// come from strangers: whatever they claim is checked before memory is given.
package datasets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"padlab/core/images"
	"padlab/core/names"
)

// An Info is what there is to say about a set before using it.
type Info struct {
	Name, Title     string
	Licence, Source string // Licence is empty when nobody said
	About           string // a sentence or two, or empty

	Classes     []string
	H, W, C     int // rows, columns and channels of an image
	Train, Test int // the numbers of images
	Embedded    bool

	Err error // what Open says about a folder that is no set; the numbers above are 0 then
}

// Open returns the set of that name, read and checked: the folder dir/name if
// there is one, else the embedded set. An empty dir is no folder; a dir that
// cannot be read is an error, and so is a context that is done.
func Open(ctx context.Context, name, dir string) (*images.Set, error) {
	return within(ctx, func(ctx context.Context) (*images.Set, error) { return open(ctx, name, dir) })
}

func open(ctx context.Context, name, dir string) (*images.Set, error) {
	found, err := folders(dir)
	if err != nil {
		return nil, err
	}
	if slices.Contains(found, name) {
		return openFolder(ctx, name, filepath.Join(dir, name))
	}
	if name == fashion.Name {
		return openEmbedded(ctx)
	}
	err = names.Unknown("data set", name, withEmbedded(found))
	if _, offered := FindFetchable(name); offered == nil {
		err = fmt.Errorf("%w; padlab datasets fetch %s fetches it", err, name)
	}
	return nil, err
}

// Names returns the names of all sets that Open may find, in order. It opens none.
func Names(dir string) ([]string, error) {
	found, err := folders(dir)
	if err != nil {
		return nil, err
	}
	return withEmbedded(found), nil
}

// List describes every set that Open finds, in the order of their names. It
// opens each, so that what it says is so; a folder that Open refuses is listed
// with the reason.
func List(ctx context.Context, dir string) ([]Info, error) {
	return within(ctx, func(ctx context.Context) ([]Info, error) { return list(ctx, dir) })
}

func list(ctx context.Context, dir string) ([]Info, error) {
	found, err := folders(dir)
	if err != nil {
		return nil, err
	}
	var list []Info
	for _, name := range withEmbedded(found) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		info := Info{Name: name, Title: name}
		set, err := open(ctx, name, dir)
		if err != nil {
			info.Err = err
			list = append(list, info)
			continue
		}
		info.Title, info.Licence, info.Source = set.Title, set.Licence, set.Source
		info.Classes, info.H, info.W, info.C = set.Classes, set.H, set.W, set.C
		info.Train, info.Test = set.Train.Len(), set.Test.Len()
		if !slices.Contains(found, name) {
			info.Embedded, info.About = true, aboutFashion
		}
		list = append(list, info)
	}
	return list, nil
}

// folders returns the names of the folders in dir, links to folders among
// them. Hidden ones, and names that cannot be shown on a terminal as they are,
// are passed over.
func folders(dir string) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := readDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the folder of data sets: %w", err)
	}
	var found []string
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || !printable(name) {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.IsDir() {
			found = append(found, name)
		}
	}
	return found, nil
}

// readDir is os.ReadDir of what is a folder. A pipe in its place would keep us
// waiting when it is opened.
func readDir(dir string) ([]os.DirEntry, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, &os.PathError{Op: "open", Path: dir, Err: errors.New("not a folder")}
	}
	return os.ReadDir(dir)
}

// withEmbedded returns the names of found and of the embedded set, in order.
func withEmbedded(found []string) []string {
	all := append([]string{fashion.Name}, found...)
	slices.Sort(all)
	return slices.Compact(all)
}

// printable reports whether a terminal shows s as it is: no control or
// formatting characters, no broken UTF-8.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar })
}
