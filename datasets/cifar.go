package datasets

import (
	"fmt"
	"io"
	"path"
	"strings"

	"padlab/core/images"
	"padlab/datasets/fetch"
)

// A cifar is one of the two formats of Krizhevsky's sets: records of label bytes,
// the last of which counts, and then 32×32 pixels of red, of green and of blue.
type cifar struct {
	labels  int
	classes []string // by label
	names   string   // the file that has them
}

const cifarSide = 32

var (
	cifar10  = cifar{1, strings.Fields("airplane automobile bird cat deer dog frog horse ship truck"), cifar10Names}
	cifar100 = cifar{2, make([]string, 100), cifar100Names} // named by its file alone, else numbered
)

func (c cifar) record() int64 { return int64(c.labels) + 3*cifarSide*cifarSide }

// cifar reads a set of CIFAR's binaries.
func (t *tree) cifar() (*images.Set, error) {
	formats := map[int]cifar{}
	var train, test []leaf
	for _, p := range t.of(isCIFAR) {
		base, format := path.Base(p), cifar10
		if base == "train.bin" || base == "test.bin" {
			format = cifar100
		}
		formats[format.labels] = format
		if strings.HasPrefix(base, "test") {
			test = append(test, t.leaves[p])
		} else {
			train = append(train, t.leaves[p])
		}
	}
	if len(formats) > 1 {
		return nil, fmt.Errorf("%s: files of CIFAR-10 (data_batch_1.bin …) and of CIFAR-100 (train.bin) together", t.name)
	}
	var format cifar
	for _, format = range formats {
	}
	switch {
	case len(train) == 0:
		return nil, fmt.Errorf("%s: there is no data_batch_1.bin, or for CIFAR-100 train.bin", t.name)
	case len(test) == 0:
		return nil, fmt.Errorf("%s: there is no test_batch.bin, or for CIFAR-100 test.bin", t.name)
	case len(test) > 1:
		return nil, fmt.Errorf("%s and %s: only one of them can be meant", test[0].path, test[1].path)
	}

	set := &images.Set{H: cifarSide, W: cifarSide, C: 3}
	records := int64(0)
	for _, l := range append(train, test...) {
		if l.size == 0 || l.size%format.record() != 0 {
			return nil, fmt.Errorf("%s: %d bytes, which are not a number of images of %d", l.path, l.size, format.record())
		}
		records += l.size / format.record()
		if records > maxImages {
			return nil, fmt.Errorf("%s: more than %d images up to here", l.path, maxImages)
		}
	}
	if err := affordable(t.name, int(records), set); err != nil {
		return nil, err
	}
	var err error
	if set.Train, err = t.batches(format, train); err != nil {
		return nil, err
	}
	if set.Test, err = t.batches(format, test); err != nil {
		return nil, err
	}
	names, err := t.named(format.names)
	switch {
	case err != nil:
		return nil, err
	case names != nil && len(names) != len(format.classes):
		return nil, fmt.Errorf("%s: %s names %d classes, not %d", t.name, format.names, len(names), len(format.classes))
	case names != nil:
		set.Classes = names
	case format.labels == 1:
		set.Classes = append([]string{}, format.classes...)
	default:
		set.Classes = numbered(set)
	}
	return set, set.Check()
}

// batches reads files whose sizes are known to be right.
func (t *tree) batches(format cifar, list []leaf) (split images.Split, err error) {
	size := int64(0)
	for _, l := range list {
		size += l.size
	}
	n := int(size / format.record())
	split = images.Split{Pixels: make([]byte, 0, n*3*cifarSide*cifarSide), Labels: make([]byte, 0, n)}
	for _, l := range list {
		if err := t.batch(format, l, &split); err != nil {
			return split, err
		}
	}
	return split, nil
}

func (t *tree) batch(format cifar, l leaf, split *images.Split) error {
	f, err := l.file()
	if err != nil {
		return err
	}
	defer f.Close()
	record := make([]byte, format.record())
	for i := range l.size / format.record() {
		if _, err := io.ReadFull(fetch.Heed(t.ctx, f), record); err != nil {
			return fmt.Errorf("%s: image %d: %w", l.path, i, err)
		}
		label, planes := record[format.labels-1], record[format.labels:]
		if int(label) >= len(format.classes) {
			return fmt.Errorf("%s: image %d has label %d, but the classes are 0 to %d", l.path, i, label, len(format.classes)-1)
		}
		split.Labels = append(split.Labels, label)
		const plane = cifarSide * cifarSide
		for p := range plane {
			split.Pixels = append(split.Pixels, planes[p], planes[plane+p], planes[2*plane+p])
		}
	}
	return nil
}
