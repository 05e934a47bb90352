package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/datasets"
	"padlab/tui/report"
)

// maxImported bounds the side of pictures that are imported: larger ones are
// reduced to 256 pixels when they are read.
const maxImported = 256

// importCommand is padlab datasets import and its flags.
func (s *session) importCommand() *cobra.Command {
	size := 0
	c := &cobra.Command{
		Use:   "import NAME PATH…",
		Short: "Make a data set of your own files",
		Long: `Import makes a set of what lies in folders, archives (.tar, .tar.gz) and files, and
puts it whole into the folder of --data, or where your system has data
($XDG_DATA_HOME/padlab/datasets). From then on --set data.set=NAME trains on it.

It takes

  idx files            train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k-
                       or test-; zipped (.gz) or not, as MNIST is; idx4: in colour
  CIFAR's binaries     data_batch_1.bin …, test_batch.bin; or train.bin, test.bin
  pictures in folders  train/CLASS/* and test/CLASS/* (or val), JPEG and PNG
                       CLASS/* alone: a sixth of each class, at least one picture,
                       is for testing: those with the smallest SHA-256 of CLASS/FILE
  pictures             without folders: of one class, to say where they are;
                       several folders: a class each

Pictures are turned as their EXIF says. Where all have one size of at most 64×64
pixels they stay as they are; else the largest square in the middle is reduced to
64×64, or to what --size says. They have one channel where all are grey, else three.`,
		Example: `  padlab datasets import mine ~/pictures/garden
  padlab datasets import cifar10 cifar-10-binary.tar.gz
  padlab datasets import letters emnist-letters-*.gz
  padlab run where-am-i --set data.set=mine`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return see(c, errors.New("datasets import takes a name for the set, and the folders or files that it is made of"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("size") && (size < 1 || size > maxImported) {
				return fmt.Errorf("--size must be an integer from 1 to %d: \"%d\"", maxImported, size)
			}
			return s.importSet(args[0], args[1:], size)
		},
	}
	c.Flags().IntVar(&size, "size", 0, "`N` pixels, the side of the square that pictures become; left out: see above")
	return c
}

// importSet is padlab datasets import.
func (s *session) importSet(name string, paths []string, size int) error {
	claim, err := s.claim(name)
	if err != nil {
		return err
	}
	defer claim.Close()
	set, err := s.read(paths, size)
	if err != nil {
		return err
	}
	datasets.Describe(set, name, paths)
	return s.save(claim, set)
}

// claim claims the name of a new set.
func (s *session) claim(name string) (*datasets.Claim, error) {
	if name == photosName {
		return nil, fmt.Errorf("a set cannot be called %q: these are the photographs that ship", name)
	}
	claim, err := datasets.NewClaim(s.disk, s.newSets(), name)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s is there already: give another name, or remove that folder", filepath.Join(s.newSets(), name))
	}
	return claim, unwritable(err)
}

// unwritable is an error of a folder of sets. A disk that is full or broken is
// nobody's fault; everything else is the user's to choose.
func unwritable(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO) {
		return failure{err}
	}
	return err
}

// read reads a set from files, with progress.
func (s *session) read(paths []string, size int) (*images.Set, error) {
	archive := s.meter("reading", bytesOf)
	pictures := s.meter("reading", picturesOf)
	set, err := datasets.Import(s.ctx, paths, size, datasets.Progress{Bytes: archive.tell, Pictures: pictures.tell})
	archive.clear()
	pictures.clear()
	return set, err
}

// save puts a set into the folder of sets and says what it is.
func (s *session) save(claim *datasets.Claim, set *images.Set) error {
	info := infoOf(set)
	if err := s.room(s.newSets(), pixels(info)); err != nil {
		return err
	}
	if err := claim.Save(s.ctx, set); err != nil {
		if s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		return unwritable(fmt.Errorf("%s is not there, nor a part of it: %w", claim.Folder(), err))
	}
	fmt.Fprint(s, report.Table{{info.Name, report.Visible(claim.Folder()), megabytes(pixels(info)), orUnknown(info.Licence), counts(info)}})
	if len(set.Classes) == 1 {
		s.logf("there is one class: such a set is for the location of patches, not for telling them apart")
	}
	fewer := ""
	if usual := experiment.Default().Eval.Images; info.Test < usual {
		fewer = fmt.Sprintf(" --set eval.images=%d", info.Test) // presets ask for more
	}
	s.logf("--set data.set=%s%s trains on it", info.Name, fewer)
	return nil
}

// room is the error of a disk that has less than so many bytes left.
func (s *session) room(dir string, need int64) error {
	if free, known := freeBytes(dir); known && free < need {
		return failure{fmt.Errorf("%s: %s are free on this disk, and %s are needed", dir, megabytes(free), megabytes(need))}
	}
	return nil
}
