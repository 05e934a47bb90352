package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"padlab/datasets"
	"padlab/datasets/fetch"
)

// fetchCommand is padlab datasets fetch and its flags.
func (s *session) fetchCommand() *cobra.Command {
	from, sum := "", ""
	var names []string
	for _, f := range datasets.Fetchables() {
		names = append(names, f.Name)
	}
	c := &cobra.Command{
		Use:   "fetch NAME",
		Short: "Download a data set: " + strings.Join(names, ", "),
		Long: `Fetch downloads the files of a set, checks their size and SHA-256, and puts the set
whole into the folder of --data, or where your system has data
($XDG_DATA_HOME/padlab/datasets). From then on --set data.set=NAME trains on it.
padlab datasets show NAME says where the files are from.

When the connection breaks, or fetch is stopped or killed, what has come stays, and
the same command goes on from there.

--from takes the files from elsewhere: a copy on this disk, a mirror. Of a set of
several files it is the folder in which they lie, or the address before their
names. The checksums are the same.`,
		Example: `  padlab datasets fetch cifar10
  padlab datasets fetch cifar10 --from ~/Downloads/cifar-10-binary.tar.gz
  padlab datasets fetch mnist --from https://example.org/mnist/`,
		Args: one("the name of a data set: " + strings.Join(names, ", ")),
		RunE: func(c *cobra.Command, args []string) error {
			if err := paths(c, "from", "sha256"); err != nil {
				return err
			}
			return s.fetchSet(args[0], from, sum)
		},
	}
	c.Flags().StringVar(&from, "from", "", "`FILE|URL` to take it from; left out: where its authors offer it")
	c.Flags().StringVar(&sum, "sha256", "", "`SUM` of the file, for a set whose checksum padlab does not know")
	return c
}

// fetchSet is padlab datasets fetch.
func (s *session) fetchSet(name, from, sum string) error {
	f, err := datasets.FindFetchable(name)
	if err != nil {
		return err
	}
	if err := settleSum(&f, sum); err != nil {
		return err
	}
	claim, err := datasets.NewClaim(s.disk, s.newSets(), name)
	if errors.Is(err, fs.ErrExist) {
		return s.fetched(name)
	}
	if err != nil {
		return unwritable(err)
	}
	defer claim.Close()
	files, err := s.bring(claim, f, from)
	if err != nil {
		return err
	}
	set, err := s.read(files, 0)
	if err == nil {
		err = f.Complete(set)
	}
	switch {
	case err != nil && isAddress(from) && s.ctx.Err() == nil:
		return failure{err}
	case err != nil:
		return err
	}
	if err := s.save(claim, set); err != nil {
		return err
	}
	return nil
}

// isAddress reports whether files are from a server: then what is wrong with them is a
// failure, and not a file that the user has named.
func isAddress(from string) bool { return from == "" || strings.Contains(from, "://") }

// settleSum puts the checksum that a person gives where none is known.
func settleSum(f *datasets.Fetchable, sum string) error {
	sum = strings.ToLower(sum)
	switch {
	case f.Checked() && sum != "":
		return fmt.Errorf("--sha256: the checksum of %s is known, and no other file is taken for it", f.Name)
	case f.Checked():
		return nil
	case sum == "":
		return fmt.Errorf("the checksum of %s is not known here: fetch takes it with --sha256 SUM, the SHA-256 of %s from a source that you trust", f.Name, f.Files[0].Name)
	case !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(sum):
		return fmt.Errorf("--sha256 takes 64 hexadecimal digits: %q", sum)
	}
	f.Files[0].SHA256 = sum
	return nil
}

// fetched says what is there already under the name of a set.
func (s *session) fetched(name string) error {
	set, err := datasets.Open(s.ctx, name, s.newSets())
	if err != nil {
		return fmt.Errorf("%w; when its folder is removed it can be fetched again", err)
	}
	s.logf("%s is there already: %s, in %s", name, counts(infoOf(set)), filepath.Join(s.newSets(), name))
	return nil
}

// bring returns the paths of the files of a set, which are right.
func (s *session) bring(claim *datasets.Claim, f datasets.Fetchable, from string) (paths []string, err error) {
	if !isAddress(from) {
		return s.local(f, from)
	}
	if err := s.room(s.newSets(), needed(f, claim.Downloads())); err != nil {
		return nil, err
	}
	client := fetch.NewClient(s.disk, "padlab/"+version())
	for _, file := range f.Files {
		if file.URL, err = source(file, from, len(f.Files)); err != nil {
			return nil, err
		}
		m := s.meter(file.Name, bytesOf)
		client.Progress = m.tell
		client.Problem = func(text string) {
			m.clear()
			s.logf("%s", text)
		}
		path, err := client.Fetch(s.ctx, claim.Downloads(), file)
		m.clear()
		switch {
		case errors.Is(err, context.Canceled):
			s.logf("interrupted; what has come stays, and the same command goes on from there")
			return nil, err
		case err != nil:
			return nil, s.unfetched(claim, err)
		}
		s.logf("%s: %s, checked", file.Name, megabytes(sizeOf(path)))
		paths = append(paths, path)
	}
	return paths, nil
}

// needed is how many bytes a set will take that are not there yet, as far as that is
// known: its files, less what has come of them, and the set itself.
func needed(f datasets.Fetchable, downloads string) int64 {
	n := f.Pixels()
	for _, file := range f.Files {
		name := filepath.Join(downloads, file.Name)
		n += max(0, file.Size-sizeOf(name)-sizeOf(name+fetch.PartEnd))
	}
	return n
}

// unfetched is the error of a download. All are failures, but for a folder that
// cannot be written.
func (s *session) unfetched(claim *datasets.Claim, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	if disk := (*fs.PathError)(nil); errors.As(err, &disk) {
		err = fmt.Errorf("%w; what has come stays in %s, and the same command goes on from there", err, claim.Downloads())
	}
	return failure{err}
}

// source is where a file of a set of several is fetched from.
func source(file fetch.File, from string, several int) (string, error) {
	if from == "" {
		return file.URL, nil
	}
	if err := fetch.CheckURL(from); err != nil {
		return "", fmt.Errorf("--from: %w", err)
	}
	switch {
	case strings.HasSuffix(from, "/"):
		return from + file.Name, nil
	case several > 1:
		return "", fmt.Errorf("--from: this set has %d files: an address that ends in / stands before their names: %q", several, fetch.Shown(from))
	}
	return from, nil
}

// local are the files of a set on this disk, checked.
func (s *session) local(f datasets.Fetchable, from string) (paths []string, err error) {
	info, err := os.Stat(from)
	if err != nil {
		return nil, onFile(from, err)
	}
	for _, file := range f.Files {
		path := from
		switch {
		case info.IsDir():
			path = filepath.Join(from, file.Name)
		case len(f.Files) > 1:
			return nil, fmt.Errorf("--from: %s has %d files: name the folder in which they lie, not %s", f.Name, len(f.Files), from)
		}
		switch info, err := os.Stat(path); {
		case err != nil:
			return nil, onFile(path, err)
		case !info.Mode().IsRegular():
			return nil, onFile(path, errors.New("not a regular file"))
		}
		if err := fetch.Verify(s.ctx, path, file); err != nil {
			return nil, onFile(path, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// sizeOf is how many bytes a file has, 0 if it is not there.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
