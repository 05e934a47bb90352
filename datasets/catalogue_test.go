package datasets

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"padlab/core/images"
	"padlab/datasets/fetch"
)

// Every set to fetch says what it is, where its files are and what they have to be;
// of CIFAR-100 alone nobody has told us.
func TestFetchables(t *testing.T) {
	sum := regexp.MustCompile(`^[0-9a-f]{64}$`)
	var names, sums []string
	for _, f := range Fetchables() {
		names = append(names, f.Name)
		if f.Title == "" || f.About == "" || f.Licence == "" || f.Source == "" || f.H*f.W*f.C*f.Train*f.Test == 0 || len(f.Classes) < 10 {
			t.Errorf("%+v leaves something unsaid", f.Info)
		}
		if f.Checked() != (f.Name != "cifar100") {
			t.Errorf("%s: checked is %v", f.Name, f.Checked())
		}
		for _, file := range f.Files {
			u, err := url.Parse(file.URL)
			if err != nil || u.Host == "" || path.Base(u.Path) != file.Name || file.Name != filepath.Base(file.Name) {
				t.Errorf("%s: %v", file.URL, err)
			}
			if file.SHA256 != "" && !sum.MatchString(file.SHA256) || (file.Size > 0) == (file.Most > 0) {
				t.Errorf("%+v", file)
			}
			sums = append(sums, file.SHA256)
		}
		found, err := FindFetchable(f.Name)
		if err != nil || found.Title != f.Title {
			t.Errorf("%v, %v", found, err)
		}
	}
	slices.Sort(sums)
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) || len(slices.Compact(sums)) != 10 {
		t.Errorf("%q, %d sums", names, len(sums))
	}
}

// The embedded images are among those that can be fetched, where
// the Debian package dataset-fashion-mnist has put them.
func TestRealFashion(t *testing.T) {
	const folder = "/usr/share/datasets/fashion-mnist"
	f, err := FindFetchable("fashion-mnist-70k")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, file := range f.Files {
		p := filepath.Join(folder, file.Name)
		if _, err := os.Stat(p); err != nil {
			t.Skip("no dataset-fashion-mnist: ", err)
		}
		if err := fetch.Verify(t.Context(), p, file); err != nil {
			t.Error(err)
		}
		paths = append(paths, p)
	}
	set, err := Import(t.Context(), paths, 0, silent)
	if err == nil {
		err = f.Complete(set)
	}
	if err != nil {
		t.Fatal(err)
	}
	ours, err := Open(t.Context(), "fashion-mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ whole, part images.Split }{{set.Train, ours.Train}, {set.Test, ours.Test}} {
		taken := map[string]bool{}
		for i := range c.whole.Len() {
			taken[string(c.whole.Image(i))] = true
		}
		for i := range c.part.Len() {
			if !taken[string(c.part.Image(i))] {
				t.Fatalf("embedded image %d is not among them", i)
			}
		}
	}
}

// What was made from the files of another set is not given its name.
func TestComplete(t *testing.T) {
	f, err := FindFetchable("mnist")
	if err != nil {
		t.Fatal(err)
	}
	set, err := Open(t.Context(), "fashion-mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	const want = "what the files hold is not MNIST: 28×28×1, 10 classes, 5000 train, 1000 test, want 28×28×1, 10 classes, 60000 train, 10000 test"
	if err := f.Complete(set); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	f.Train, f.Test = 5000, 1000
	if err := f.Complete(set); err != nil || set.Name != "mnist" || set.Classes[9] != "9" || set.Licence != f.Licence {
		t.Errorf("%+v, %v", set, err)
	}
}
