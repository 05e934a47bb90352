package datasets

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2"

	"padlab/core/images"
	"padlab/core/record"
)

// A Claim is the right of one process to make the set of a name in the folder of
// sets. Until the set is there whole, everything lies under hidden names, which
// whoever comes next, after a crash, goes on from or removes.
type Claim struct {
	Name string

	disk record.Disk
	dir  string
	lock io.Closer
}

// NewClaim makes the folder of sets where there is none, and claims a name in it.
// It is an error when the name cannot be one, when a set of that name is there
// (fs.ErrExist), and while another process has the claim.
func NewClaim(disk record.Disk, dir, name string) (*Claim, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	c := &Claim{Name: name, disk: disk, dir: dir}
	if err := disk.MakeFolder(dir); err != nil {
		return nil, err
	}
	there := func() bool { _, err := os.Lstat(c.Folder()); return err == nil }
	if there() {
		return nil, inFile(c.Folder(), fs.ErrExist)
	}
	lock, err := disk.Lock(c.hidden("lock"))
	if holder, held := record.Holder(err); held {
		return nil, fmt.Errorf("%s is being made by %s", c.Folder(), holder)
	}
	if err != nil {
		return nil, inFile(c.Folder(), err)
	}
	c.lock = lock
	err = c.clean()
	if err == nil && there() { // since we have looked
		err = inFile(c.Folder(), fs.ErrExist)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// half ends the name of a folder with a set that is not there whole.
const half = "importing"

// clean removes what processes that were killed have left of this set and of others:
// halves of sets, but not what was fetched for them.
func (c *Claim) clean() error {
	if err := c.remove(c.hidden(half)); err != nil {
		return err
	}
	left, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	for _, entry := range left {
		folder := filepath.Join(c.dir, entry.Name())
		of, temporary := strings.CutSuffix(folder, "."+half)
		if !temporary || !strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		lock, err := c.disk.Lock(of + ".lock")
		if err != nil {
			continue // somebody is at it
		}
		c.remove(folder) // who makes this set will tell why it cannot be
		lock.Close()
	}
	return nil
}

// maxName bounds the name of a set, in bytes.
const maxName = 64

// checkName is the error of a name that no set can be given: it is part of a path,
// and of lists with commas between.
func checkName(name string) error {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.+", r)
	}
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, odd) || strings.ContainsAny(name[:1], "-.") {
		return fmt.Errorf("a set cannot be called %q: a name has letters, digits, - _ . and +, begins with none of - and ., and has at most %d bytes", name, maxName)
	}
	return nil
}

// Folder is where the set will be.
func (c *Claim) Folder() string { return filepath.Join(c.dir, c.Name) }

// Downloads is the folder for what is fetched to make the set of. It is not there
// before somebody makes it, and stays until the set is.
func (c *Claim) Downloads() string { return c.hidden("fetched") }

func (c *Claim) hidden(what string) string { return filepath.Join(c.dir, "."+c.Name+"."+what) }

// Close gives the claim up.
func (c *Claim) Close() error {
	c.disk.Remove(c.Downloads()) // if nothing has come
	return c.lock.Close()
}

// Save writes a set, so that it is there whole or not at all, and removes the
// downloads. Its name is that of the claim.
func (c *Claim) Save(ctx context.Context, set *images.Set) error {
	if err := set.Check(); err != nil {
		return err
	}
	temporary := c.hidden(half)
	err := c.disk.NewFolder(temporary)
	if err == nil {
		err = c.write(ctx, temporary, set)
	}
	if err == nil {
		err = c.disk.Rename(temporary, c.Folder())
	}
	if err != nil {
		c.remove(temporary)
		return err
	}
	if err := c.disk.SyncFolder(c.dir); err != nil {
		return err
	}
	return c.remove(c.Downloads())
}

// write writes the files of a set into a folder, as Open reads them.
func (c *Claim) write(ctx context.Context, folder string, set *images.Set) error {
	about, err := toml.Marshal(description{shown(set.Title), shown(set.Licence), shown(set.Source)})
	if err != nil {
		return err
	}
	type named struct {
		name  string
		write func(io.Writer) error
	}
	text := func(name string, content []byte) named {
		return named{name, func(w io.Writer) error { _, err := w.Write(content); return err }}
	}
	idx := func(name string, content []byte, sizes ...int) named {
		return named{spellings(name, len(sizes))[0], func(w io.Writer) error { return writeIDX(ctx, w, sizes, content) }}
	}
	files := []named{text(classesFile, []byte(strings.Join(set.Classes, "\n"))), text(descriptionFile, about)}
	for _, part := range []struct {
		name string
		images.Split
	}{{"train", set.Train}, {"t10k", set.Test}} {
		sizes := []int{part.Len(), set.H, set.W, set.C}
		if set.C == 1 {
			sizes = sizes[:3]
		}
		files = append(files, idx(part.name+"-images", part.Pixels, sizes...), idx(part.name+"-labels", part.Labels, part.Len()))
	}
	for _, f := range files {
		path := filepath.Join(folder, f.name)
		if err := record.WriteVia(c.disk, path+".tmp", path, f.write); err != nil {
			return err
		}
	}
	return nil
}

// maxShown bounds what a description says of a kind, in characters.
const maxShown = 1000

// shown is a text as a description may have it: a path may hold anything.
func shown(text string) string {
	text = strings.Map(func(r rune) rune {
		if !printable(string(r)) {
			return '?'
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + " …"
	}
	return text
}

// writeIDX writes an idx file of bytes.
func writeIDX(ctx context.Context, w io.Writer, sizes []int, content []byte) error {
	header := binary.BigEndian.AppendUint32(nil, 0x0800|uint32(len(sizes)))
	for _, size := range sizes {
		header = binary.BigEndian.AppendUint32(header, uint32(size))
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for len(content) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(content), 1<<20)
		if _, err := w.Write(content[:n]); err != nil {
			return err
		}
		content = content[n:]
	}
	return nil
}

// remove removes a folder of files, if it is there.
func (c *Claim) remove(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := c.disk.Remove(filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return c.disk.Remove(folder)
}
