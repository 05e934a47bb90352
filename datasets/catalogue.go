package datasets

import (
	"fmt"
	"slices"
	"strings"

	"padlab/core/images"
	"padlab/core/names"
	"padlab/datasets/fetch"
)

// A Fetchable is a set that others offer for downloading.
type Fetchable struct {
	Info               // Classes without names where only the files have them
	Files []fetch.File // without a SHA256 where that is not known: then a person has to give it
}

// Checked reports whether the checksums of all files are known.
func (f Fetchable) Checked() bool {
	return !slices.ContainsFunc(f.Files, func(x fetch.File) bool { return x.SHA256 == "" })
}

// Bytes is how much there is to fetch: exactly, or at most where exact is false.
func (f Fetchable) Bytes() (n int64, exact bool) {
	exact = true
	for _, x := range f.Files {
		if n += x.Size; x.Size == 0 {
			n, exact = n+x.Most, false
		}
	}
	return n, exact
}

// Pixels is how many bytes the set takes on disk, but for some small files.
func (f Fetchable) Pixels() int64 { return int64(f.Train+f.Test) * int64(f.H*f.W*f.C+1) }

// Complete gives a set that was made from the files what is known of it, and is an
// error when it cannot be that one.
func (f Fetchable) Complete(set *images.Set) error {
	is := func(h, w, c, classes, train, test int) string {
		return fmt.Sprintf("%d×%d×%d, %d classes, %d train, %d test", h, w, c, classes, train, test)
	}
	got := is(set.H, set.W, set.C, len(set.Classes), set.Train.Len(), set.Test.Len())
	if want := is(f.H, f.W, f.C, len(f.Classes), f.Train, f.Test); got != want {
		return fmt.Errorf("what the files hold is not %s: %s, want %s", f.Title, got, want)
	}
	set.Name, set.Title, set.Licence, set.Source = f.Name, f.Title, f.Licence, f.Source
	if f.Classes[0] != "" {
		set.Classes = slices.Clone(f.Classes)
	}
	return nil
}

const (
	mnistURL   = "https://ossci-datasets.s3.amazonaws.com/mnist/"
	fashionURL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
	cifarURL   = "https://www.cs.toronto.edu/~kriz/"
)

// idxFiles are the four files of a set in the format of MNIST.
var idxFiles = []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"}

// Fetchables are the sets that can be fetched, in the order of their names. The
// checksums are those of data that was decoded and looked at; that of CIFAR-100 was
// not.
func Fetchables() []Fetchable {
	digits := strings.Fields("0 1 2 3 4 5 6 7 8 9")
	zipped := func(i int, size int64, sum string) fetch.File {
		return fetch.File{Name: idxFiles[i], URL: mnistURL + idxFiles[i], Size: size, SHA256: sum}
	}
	unzipped := func(i int, size int64, sum string) fetch.File {
		return fetch.File{Name: idxFiles[i], URL: fashionURL + idxFiles[i], Most: size, SHA256: sum, Unzipped: true}
	}
	return []Fetchable{
		{
			Info: Info{
				Name: "cifar10", Title: "CIFAR-10", Licence: "none stated", Source: cifarURL + "cifar.html", Classes: slices.Clone(cifar10.classes), H: 32, W: 32, C: 3, Train: 50_000, Test: 10_000,
				About: "Small colour photographs of animals and vehicles (Krizhevsky 2009).",
			},
			Files: []fetch.File{{Name: "cifar-10-binary.tar.gz", URL: cifarURL + "cifar-10-binary.tar.gz", Size: 170_052_171, SHA256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}},
		}, {
			Info: Info{
				Name: "cifar100", Title: "CIFAR-100", Licence: "none stated", Source: cifarURL + "cifar.html", Classes: make([]string, 100), H: 32, W: 32, C: 3, Train: 50_000, Test: 10_000,
				About: "Small colour photographs in a hundred classes (Krizhevsky 2009).",
			},
			Files: []fetch.File{{Name: "cifar-100-binary.tar.gz", URL: cifarURL + "cifar-100-binary.tar.gz", Most: maxArchive}},
		}, {
			Info: Info{
				Name: "fashion-mnist-70k", Title: "Fashion-MNIST, all of it", Licence: fashion.Licence, Source: "https://github.com/zalandoresearch/fashion-mnist", Classes: slices.Clone(fashion.Classes), H: 28, W: 28, C: 1, Train: 60_000, Test: 10_000,
				About: "Photographs of clothes in a shop's catalogue, grey on black; 6,000 of them come with padlab, as fashion-mnist.",
			},
			Files: []fetch.File{
				unzipped(0, 47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
				unzipped(1, 60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
				unzipped(2, 7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
				unzipped(3, 10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
			},
		}, {
			Info: Info{
				Name: "mnist", Title: "MNIST", Licence: "CC BY-SA 3.0 © LeCun and Cortes (says Keras)", Source: mnistURL, Classes: digits, H: 28, W: 28, C: 1, Train: 60_000, Test: 10_000,
				About: "Handwritten digits, white on black (LeCun et al. 1998).",
			},
			Files: []fetch.File{
				zipped(0, 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
				zipped(1, 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
				zipped(2, 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
				zipped(3, 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
			},
		},
	}
}

// FindFetchable returns the set to fetch of that name. The error lists those that
// there are.
func FindFetchable(name string) (Fetchable, error) {
	var known []string
	for _, f := range Fetchables() {
		if f.Name == name {
			return f, nil
		}
		known = append(known, f.Name)
	}
	return Fetchable{}, names.Unknown("data set to fetch", name, known)
}
