package datasets

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"padlab/core/images"
	"padlab/core/record"
	"padlab/core/record/recordtest"
)

var silent = Progress{func(int64, int64) {}, func(int64, int64) {}}

// lay writes files, by their paths, into a new folder.
func lay(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// one is a picture of w×h pixels of a colour.
func one(t testing.TB, w, h int, c color.Color) []byte {
	picture := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			picture.Set(x, y, c)
		}
	}
	return pngOf(t, picture)
}

// records is a file of CIFAR: of each image all label bytes, then red i, green i+1,
// blue i+2 in pixel 0, 40 in pixel 1 of red, and 0 elsewhere.
func records(labels ...[]byte) (file []byte) {
	for i, l := range labels {
		planes := make([]byte, 3*1024)
		planes[0], planes[1], planes[1024], planes[2048] = byte(i), 40, byte(i+1), byte(i+2)
		file = append(append(file, l...), planes...)
	}
	return file
}

// What is saved is what is opened, in colour and in grey.
func TestSaveAndOpen(t *testing.T) {
	for name, set := range map[string]*images.Set{
		"grey":   {Title: "Grau “é”", Licence: "CC0", Source: "https://example.org/?a=\\b", Classes: []string{"ä", "b c"}, H: 2, W: 1, C: 1, Train: images.Split{Pixels: []byte{1, 2, 3, 4}, Labels: []byte{1, 0}}, Test: images.Split{Pixels: []byte{5, 6}, Labels: []byte{1}}},
		"odd":    {Title: "odd", Source: "/a\x1b[2J\xff\n\u202e/" + strings.Repeat("long", 5000), Classes: []string{"a"}, H: 1, W: 1, C: 1, Train: images.Split{Pixels: []byte{1}, Labels: []byte{0}}, Test: images.Split{Pixels: []byte{2}, Labels: []byte{0}}},
		"colour": {Title: "colour", Source: "x", Classes: []string{"a"}, H: 1, W: 2, C: 3, Train: images.Split{Pixels: []byte{1, 2, 3, 4, 5, 6}, Labels: []byte{0}}, Test: images.Split{Pixels: []byte{7, 8, 9, 10, 11, 12}, Labels: []byte{0}}},
	} {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		c, err := NewClaim(record.OS{}, dir, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Save(t.Context(), set); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		got, err := Open(t.Context(), name, dir)
		if err != nil {
			t.Fatal(err)
		}
		if got.SHA256() != set.SHA256() || got.Title != set.Title || got.Licence != set.Licence || got.Name != name || got.Source != set.Source && !strings.HasPrefix(got.Source, "/a?[2J???/long") {
			t.Errorf("%+v\nwas saved as\n%+v", got, set)
		}
		if list, _ := os.ReadDir(dir); len(list) != 1 {
			t.Errorf("beside the set there is something else: %v", list)
		}
		if _, err := NewClaim(record.OS{}, dir, name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%v", err)
		}
	}
}

// Wherever a process is killed, and whatever a disk refuses, the set is not there;
// the next one makes it.
func TestSaveOnADiskThatFails(t *testing.T) {
	set := &images.Set{Title: "x", Classes: []string{"a"}, H: 1, W: 1, C: 3, Train: images.Split{Pixels: []byte{1, 2, 3}, Labels: []byte{0}}, Test: images.Split{Pixels: []byte{7, 8, 9}, Labels: []byte{0}}}
	save := func(disk record.Disk, dir, name string) error {
		c, err := NewClaim(disk, dir, name)
		if err != nil {
			return err
		}
		defer c.Close()
		return c.Save(t.Context(), set)
	}
	failed := 0
	for n := int64(0); ; n++ {
		dir := t.TempDir()
		err := save(recordtest.NewKilling(n), dir, "mine")
		got, openErr := Open(t.Context(), "mine", dir)
		switch {
		case err == nil:
			if failed < 10 {
				t.Errorf("it failed only %d times", failed)
			}
			if openErr != nil || got.SHA256() != set.SHA256() {
				t.Errorf("%v, %v", got, openErr)
			}
			return
		case openErr == nil && got.SHA256() != set.SHA256():
			t.Fatalf("after %d operations there is half of a set", n)
		case openErr != nil && !strings.Contains(openErr.Error(), "unknown data set"):
			t.Fatalf("after %d operations: %v", n, openErr)
		}
		failed++
		if openErr == nil {
			continue // only what comes after the set failed
		}
		name := []string{"mine", "other"}[n%2] // whichever set comes next, nothing stays of the one before
		if err := save(record.OS{}, dir, name); err != nil {
			t.Fatalf("after %d operations the next one fails: %v", n, err)
		}
		if list, _ := os.ReadDir(dir); len(list) != 1 || list[0].Name() != name {
			t.Errorf("after %d operations something stays: %v", n, list)
		}
	}
}

func TestInterruptedSave(t *testing.T) {
	set, err := Open(t.Context(), "fashion-mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c, err := NewClaim(record.OS{}, dir, "mine")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := c.Save(ctx, set); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	c.Close()
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("it leaves %v", list)
	}
}

func TestClaims(t *testing.T) {
	dir := t.TempDir()
	first, err := NewClaim(record.OS{}, dir, "mine")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewClaim(record.OS{}, dir, "mine"); err == nil || err.Error() != fmt.Sprintf("%s is being made by process %d", first.Folder(), os.Getpid()) {
		t.Errorf("two have it: %v", err)
	}
	first.Close()
	for _, good := range []string{"a", "CIFAR-10", "vögel_2.b+c", "日本", strings.Repeat("a", 64)} {
		if err := checkName(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", ".", "..", ".a", "-a", "a/b", `a\b`, "a,b", "a b", "a\x1b", "a\xff", "c:", strings.Repeat("a", 65)} {
		if _, err := NewClaim(record.OS{}, dir, bad); err == nil || !strings.Contains(err.Error(), "a set cannot be called") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Every spelling that idx files have in the world, in a folder, in a tar, or one by
// one.
func TestImportIDX(t *testing.T) {
	want := func(set *images.Set, err error, classes ...string) {
		t.Helper()
		if err != nil {
			t.Error(err)
			return
		}
		if set.H != 2 || set.W != 1 || set.C != 1 || !bytes.Equal(set.Train.Pixels, []byte{1, 2, 3, 4, 5, 6}) || !bytes.Equal(set.Train.Labels, []byte{0, 1, 4}) ||
			!bytes.Equal(set.Test.Pixels, []byte{7, 8, 9, 10}) || !bytes.Equal(set.Test.Labels, []byte{3, 0}) || !slices.Equal(set.Classes, classes) {
			t.Errorf("%+v", set)
		}
	}
	numbers := []string{"0", "1", "2", "3", "4"}
	for _, spell := range []func(string) string{
		func(n string) string { return n },
		func(n string) string { return n + ".gz" },
		func(n string) string { return strings.Replace(n, "-idx", ".idx", 1) },
		func(n string) string { return strings.Replace(n, "t10k", "test", 1) },
		func(n string) string { return "deep/er/emnist-letters-" + n + ".gz" },
	} {
		files := map[string][]byte{"README.txt": []byte("hello"), ".hidden/train-images-idx3-ubyte": nil}
		var paths []string
		for name, content := range tiny() {
			spelled := spell(name)
			if strings.HasSuffix(spelled, ".gz") {
				content = gzipped(content)
			}
			files[spelled] = content
			paths = append(paths, spelled)
		}
		dir := lay(t, files)
		set, err := Import(t.Context(), []string{dir}, 0, silent)
		want(set, err, numbers...)
		for i := range paths {
			paths[i] = filepath.Join(dir, paths[i])
		}
		set, err = Import(t.Context(), paths, 0, silent)
		want(set, err, numbers...)
		set, err = Import(t.Context(), []string{lay(t, map[string][]byte{"x.tgz": gzipped(tarOf(t, files))}) + "/x.tgz"}, 0, silent)
		want(set, err, numbers...)
	}
	named := tiny()
	named["classes.txt"] = []byte("a\nb\nc\nd\ne\n")
	set, err := Import(t.Context(), []string{lay(t, named)}, 0, silent)
	want(set, err, "a", "b", "c", "d", "e")
}

// Red, green and blue of a CIFAR file come together in each pixel, and the label
// that counts is the last.
func TestImportCIFAR(t *testing.T) {
	ten := map[string][]byte{
		"cifar-10-batches-bin/data_batch_2.bin": records([]byte{7}),
		"cifar-10-batches-bin/data_batch_1.bin": records([]byte{3}, []byte{9}),
		"cifar-10-batches-bin/test_batch.bin":   records([]byte{0}),
		"cifar-10-batches-bin/readme.html":      []byte("<html>"),
	}
	hundred := map[string][]byte{"train.bin": records([]byte{19, 99}, []byte{3, 5}), "test.bin": records([]byte{0, 1})}
	check := func(set *images.Set, err error, train, test []byte, classes int) {
		t.Helper()
		if err != nil {
			t.Error(err)
			return
		}
		if set.H != 32 || set.W != 32 || set.C != 3 || !bytes.Equal(set.Train.Labels, train) || !bytes.Equal(set.Test.Labels, test) || len(set.Classes) != classes {
			t.Errorf("%d×%d×%d, labels %v and %v, classes %q", set.H, set.W, set.C, set.Train.Labels, set.Test.Labels, set.Classes)
		}
		if got, want := set.Train.Image(1)[:7], []byte{1, 2, 3, 40, 0, 0, 0}; classes == 100 && !bytes.Equal(got, want) {
			t.Errorf("the second image begins with %v, want %v", got, want)
		}
	}
	for _, at := range []string{lay(t, ten), lay(t, map[string][]byte{"c.tar.gz": gzipped(tarOf(t, ten))}) + "/c.tar.gz", lay(t, map[string][]byte{"c.tar": tarOf(t, ten)}) + "/c.tar"} {
		set, err := Import(t.Context(), []string{at}, 0, silent)
		check(set, err, []byte{3, 9, 7}, []byte{0}, 10)
		if err == nil && set.Classes[3] != "cat" {
			t.Errorf("%q", set.Classes)
		}
	}
	set, err := Import(t.Context(), []string{lay(t, hundred)}, 0, silent)
	check(set, err, []byte{99, 5}, []byte{1}, 100)
	names := ""
	for i := range 100 {
		names += fmt.Sprintf("class %d\n", i)
	}
	hundred["fine_label_names.txt"] = []byte(names)
	set, err = Import(t.Context(), []string{lay(t, hundred)}, 0, silent)
	if check(set, err, []byte{99, 5}, []byte{1}, 100); err == nil && set.Classes[99] != "class 99" {
		t.Errorf("%q", set.Classes)
	}
}

// Which pictures are for what. Of classes that nobody has split, the pictures for
// testing are those that sha256sum puts first: 6a… of cat/1.png, 82… of dog/2.png,
// and so on.
func TestSortPictures(t *testing.T) {
	show := func(s sorting) string {
		var b strings.Builder
		for i, part := range [][]sorted{s.train, s.test} {
			b.WriteString([]string{"train", "; test"}[i])
			for _, p := range part {
				fmt.Fprintf(&b, " %s=%s", p.path, s.classes[p.class])
			}
		}
		return b.String()
	}
	for in, want := range map[string]string{
		"train/b/1.png train/a/2.png test/a/3.png test/b/4.png":           "train train/a/2.png=a train/b/1.png=b; test test/a/3.png=a test/b/4.png=b",
		"x/y/train/b/sub/1.png x/y/val/b/2.png":                           "train x/y/train/b/sub/1.png=b; test x/y/val/b/2.png=b",
		"train/cat/1.png train/cat/2.png train/dog/1.png train/dog/2.png": "train train/cat/2.png=cat train/dog/1.png=dog; test train/cat/1.png=cat train/dog/2.png=dog",
		"1.jpg 2.jpg":                                           "train 2.jpg=picture; test 1.jpg=picture",
		"garden/1.jpg garden/2.jpg":                             "train garden/2.jpg=garden; test garden/1.jpg=garden",
		"a/1.png 2.png":                                         "error 2.png lies beside the folders of the classes, not in one",
		"train/a/1.png test/a/1.png val/a/1.png":                "error the folders test, train, val: take train and one of the others",
		"train/a/1.png test/b/1.png":                            "error class b has pictures in test, and none in train",
		"a/1.png b/1.png b/2.png":                               "error class a has one picture: at least 2 are needed, one of them to test",
		"a/1.png a/2.png " + strings.Repeat("b", 64) + "/1.png": `error "` + strings.Repeat("b", 64) + `": the name of a class`,
		"a/1.png a/2.png \x1b[2J/1.png":                         `error "\x1b[2J": the name of a class`,
		"train/a/1.png test/a/2.png train/\u202eb/1.png test/\u202eb/1.png": `error "\u202eb": the name of a class`,
		"test/a/1.png test/a/2.png test/b/1.png test/b/2.png test/b/3.png":  "train test/a/1.png=a test/b/1.png=b test/b/2.png=b; test test/a/2.png=a test/b/3.png=b",
		"train/1.png test/2.png": "train train/1.png=picture; test test/2.png=picture",
	} {
		s, err := sortPictures(strings.Fields(in))
		got := show(s)
		if err != nil {
			got = "error " + err.Error()
		}
		if got == want || strings.HasPrefix(want, "error") && strings.HasPrefix(got, want) {
			continue
		}
		t.Errorf("%s\ngot  %s\nwant %s", in, got, want)
	}

	var many []string
	for i := range 257 {
		many = append(many, fmt.Sprintf("c%03d/1.png", i), fmt.Sprintf("c%03d/2.png", i))
	}
	if _, err := sortPictures(many); err == nil || err.Error() != "257 folders of classes, at most 256 are allowed" {
		t.Error(err)
	}
}

// The split is by SHA-256 of CLASS/FILE, whatever else there is, and in which order
// and folder: a sixth of each class, at least one.
func TestSplitIsKeyed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z]{1,3}`)
		root := rapid.SampledFrom([]string{"", "x/", "x/train/"}).Draw(t, "root")
		var paths []string
		sums := map[string][]string{}
		for _, class := range rapid.SliceOfNDistinct(rapid.StringMatching(`c[a-z]{1,3}`), 2, 4, rapid.ID).Draw(t, "classes") {
			for _, file := range rapid.SliceOfNDistinct(name, 2, 20, rapid.ID).Draw(t, "files") {
				sum := sha256.Sum256([]byte(class + "/" + file + ".png"))
				sums[class] = append(sums[class], hex.EncodeToString(sum[:])+" "+root+class+"/"+file+".png")
				paths = append(paths, root+class+"/"+file+".png")
			}
		}
		var want []string
		for _, list := range sums {
			slices.Sort(list)
			for _, line := range list[:max(1, len(list)/6)] {
				want = append(want, strings.Fields(line)[1])
			}
		}
		s, err := sortPictures(rapid.Permutation(paths).Draw(t, "order"))
		if err != nil {
			t.Fatal(err)
		}
		var test, all []string
		for _, p := range s.test {
			test = append(test, p.path)
		}
		for _, p := range slices.Concat(s.train, s.test) {
			all = append(all, p.path)
			if want := path.Base(path.Dir(p.path)); s.classes[p.class] != want {
				t.Fatalf("%s is of class %s", p.path, s.classes[p.class])
			}
		}
		slices.Sort(test)
		slices.Sort(all)
		slices.Sort(want)
		slices.Sort(paths)
		if !slices.Equal(test, want) || !slices.Equal(all, paths) {
			t.Fatalf("for testing are %v, want %v", test, want)
		}
	})
}

// Small pictures of one size stay as they are; others become squares; grey ones have
// one channel; and all stand upright.
func TestImportPictures(t *testing.T) {
	red, blue, grey := color.NRGBA{200, 10, 20, 255}, color.NRGBA{0, 0, 250, 255}, color.NRGBA{77, 77, 77, 255}
	small := lay(t, map[string][]byte{"train/b/1.png": one(t, 5, 4, blue), "train/a/1.PNG": one(t, 5, 4, red), "test/a/1.png": one(t, 5, 4, grey), "notes.txt": nil})
	set, err := Import(t.Context(), []string{small}, 0, silent)
	if err != nil {
		t.Fatal(err)
	}
	if set.H != 4 || set.W != 5 || set.C != 3 || !slices.Equal(set.Classes, []string{"a", "b"}) || !bytes.Equal(set.Train.Labels, []byte{0, 1}) ||
		!bytes.Equal(set.Train.Image(0), bytes.Repeat([]byte{200, 10, 20}, 20)) || !bytes.Equal(set.Train.Image(1), bytes.Repeat([]byte{0, 0, 250}, 20)) || !bytes.Equal(set.Test.Pixels, bytes.Repeat([]byte{77}, 60)) {
		t.Errorf("%+v", set)
	}

	set, err = Import(t.Context(), []string{lay(t, map[string][]byte{"a/1.png": one(t, 3, 3, grey), "a/2.png": one(t, 3, 3, color.Black)})}, 0, silent)
	if err != nil || set.C != 1 || len(set.Train.Pixels) != 9 || set.Train.Pixels[0]+set.Test.Pixels[0] != 77 {
		t.Errorf("%+v, %v", set, err)
	}

	// Red at the left, a blue square in the middle, red at the right; stored lying on
	// a side, as cameras do.
	wide := image.NewNRGBA(image.Rect(0, 0, 300, 100))
	for y := range 100 {
		for x := range 300 {
			wide.Set(x, y, red)
			if 100 <= x && x < 200 {
				wide.Set(x, y, color.NRGBA{0, byte(100 * (y / 50)), 250, 255})
			}
		}
	}
	for _, o := range []int{1, 6, 8, 3} {
		dir := lay(t, map[string][]byte{"p/1.png": inPNG(pngOf(t, held(wide, o)), exif(binary.BigEndian, o)), "p/2.png": one(t, 9, 9, blue)})
		set, err = Import(t.Context(), []string{dir}, 2, silent)
		if err != nil {
			t.Fatal(err)
		}
		pixels := set.Train.Pixels
		if set.Test.Pixels[1] != 0 || set.Test.Pixels[7] != 0 {
			pixels = set.Test.Pixels
		}
		if want := []byte{0, 0, 250, 0, 0, 250, 0, 100, 250, 0, 100, 250}; set.H != 2 || set.W != 2 || !bytes.Equal(pixels, want) {
			t.Errorf("orientation %d: %v, want %v", o, pixels, want)
		}
	}
	_, err = Import(t.Context(), []string{filepath.Join(small, "train", "b"), filepath.Join(small, "train", "a"), filepath.Join(small, "test") + "/"}, 0, silent)
	if err == nil || err.Error() != small+"/train/b, "+small+"/train/a, "+small+"/test/: class a has one picture: at least 2 are needed, one of them to test" && runtime.GOOS != "windows" {
		t.Errorf("%v", err)
	}
	set, err = Import(t.Context(), []string{filepath.Join(small, "test"), filepath.Join(small, "train")}, 0, silent)
	if err != nil || !slices.Equal(set.Classes, []string{"a", "b"}) || set.Test.Len() != 1 {
		t.Errorf("%+v, %v", set, err)
	}
	set, err = Import(t.Context(), []string{lay(t, map[string][]byte{"1.png": pngOf(t, wide), "2.png": pngOf(t, wide)})}, 0, silent)
	if err != nil || set.H != 64 || set.W != 64 || len(set.Classes) != 1 {
		t.Errorf("%+v, %v", set, err)
	}
}

// tarOf is an archive of files in the order of their names.
func tarOf(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	var list []string
	for name := range files {
		list = append(list, name)
	}
	slices.Sort(list)
	for _, name := range list {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write(files[name])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// entry is an archive that ends after the header of one file.
func entry(t testing.TB, h tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whatever is wrong is named, and costs next to nothing.
func TestImportRefuses(t *testing.T) {
	whole := one(t, 8, 8, color.NRGBA{1, 2, 3, 255})
	with := func(files map[string][]byte, more ...any) map[string][]byte {
		for i := 0; i < len(more); i += 2 {
			if more[i+1] == nil {
				delete(files, more[i].(string))
			} else {
				files[more[i].(string)] = more[i+1].([]byte)
			}
		}
		return files
	}
	cifar := func() map[string][]byte {
		return map[string][]byte{"data_batch_1.bin": records([]byte{1}), "test_batch.bin": records([]byte{0})}
	}
	pictures := func() map[string][]byte { return map[string][]byte{"train/a/1.png": whole, "test/a/1.png": whole} }
	archive := func(content []byte) map[string][]byte { return map[string][]byte{"x.tar": content} }
	bomb := gzipped(entry(t, tar.Header{Name: "a/1.png", Size: 1 << 40, Typeflag: tar.TypeReg}))
	dir := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 1} }
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
		side  int
	}{
		"nothing":          {map[string][]byte{"readme": nil}, ": nothing that is a set: neither idx files", 0},
		"python":           {map[string][]byte{"data_batch_1": nil, "test_batch": nil}, ": this is CIFAR for Python", 0},
		"no labels":        {with(tiny(), "train-labels-idx1-ubyte", nil), ": there is no train-labels-idx1-ubyte (or train-labels.idx1-ubyte, or either with .gz)", 0},
		"swapped":          {with(tiny(), "train-labels-idx1-ubyte", tiny()["train-images-idx3-ubyte"]), "train-labels-idx1-ubyte: begins with 00000803, want 00000801: these are images, not labels", 0},
		"swapped back":     {with(tiny(), "t10k-images-idx3-ubyte", idxBytes(0x801, []uint32{9}, make([]byte, 9))), "t10k-images-idx3-ubyte: begins with 00000801, want 00000803: these are labels, not images", 0},
		"cut idx":          {with(tiny(), "train-images-idx3-ubyte", tiny()["train-images-idx3-ubyte"][:20]), "train-images-idx3-ubyte: holds 4 of 6 bytes", 0},
		"twice":            {with(tiny(), "test-images.idx3-ubyte", tiny()["t10k-images-idx3-ubyte"]), "are the same part of a set", 0},
		"65 channels":      {with(tiny(), "train-images-idx3-ubyte", nil, "t10k-images-idx3-ubyte", nil, "train-images-idx4-ubyte", idxBytes(0x804, []uint32{3, 1, 1, 65}, make([]byte, 195)), "test-images-idx4-ubyte", idxBytes(0x804, []uint32{2, 1, 1, 65}, make([]byte, 130))), ": images of 65 channels, at most 64 are allowed", 0},
		"idx has a size":   {tiny(), "these are images of 2×1 pixels, and stay so", 32},
		"cut cifar":        {with(cifar(), "data_batch_1.bin", records([]byte{1})[:3000]), "data_batch_1.bin: 3000 bytes, which are not a number of images of 3073", 0},
		"empty cifar":      {with(cifar(), "test_batch.bin", []byte{}), "test_batch.bin: 0 bytes, which", 0},
		"cifar's label":    {with(cifar(), "data_batch_1.bin", records([]byte{1}, []byte{10})), "data_batch_1.bin: image 1 has label 10, but the classes are 0 to 9", 0},
		"cifar100's label": {map[string][]byte{"train.bin": records([]byte{1, 100}), "test.bin": records([]byte{0, 0})}, "train.bin: image 0 has label 100, but the classes are 0 to 99", 0},
		"no test":          {with(cifar(), "test_batch.bin", nil), "there is no test_batch.bin", 0},
		"no train":         {with(cifar(), "data_batch_1.bin", nil), "there is no data_batch_1.bin", 0},
		"two tests":        {with(cifar(), "b/test_batch.bin", records([]byte{1})), "only one of them can be meant", 0},
		"both cifars":      {with(cifar(), "train.bin", records([]byte{1, 1})), "together", 0},
		"cifar's names":    {with(cifar(), "batches.meta.txt", []byte("a\nb\n")), "batches.meta.txt names 2 classes, not 10", 0},
		"no picture":       {with(pictures(), "train/a/2.jpg", []byte("hello")), "2.jpg: neither JPEG nor PNG", 0},
		"cut picture":      {with(pictures(), "train/a/1.png", whole[:len(whole)-20]), "1.png: png: invalid format: unexpected EOF", 0},
		"huge picture":     {with(pictures(), "train/a/1.png", claims(100_000, 100_000)), "1.png: 100000×100000 pixels, at most 50 million are allowed", 0},
		"foreign":          {with(pictures(), "train/a/2.WEBP", []byte("RIFF"), "test/a/3.gif", []byte("GIF89a")), "3.gif: only JPEG and PNG are read, and 2 of the pictures are something else", 0},
		"only foreign":     {map[string][]byte{"a/1.gif": nil}, "1.gif: only JPEG and PNG are read", 0},
		"no archive":       {archive([]byte("hello")), "x.tar: neither a folder, nor a file of a set, nor a .tar or .tar.gz", 0},
		"empty file":       {archive(nil), "x.tar: neither a folder, nor", 0},
		"long file":        {archive(bytes.Repeat([]byte("hello "), 1000)), "x.tar: neither a folder, nor", 0},
		"zeros":            {archive(make([]byte, 2048)), "x.tar: neither a folder, nor", 0},
		"cut archive":      {archive(tarOf(t, cifar())[:5000]), "x.tar: test_batch.bin: ", 0},
		"cut gzip":         {archive(gzipped(tarOf(t, cifar()))[:50]), "x.tar: ", 0},
		"climbs":           {archive(entry(t, dir("../../a/1.png"))), "x.tar: ../../a/1.png lies outside of the archive", 0},
		"climbs inside":    {archive(entry(t, dir("b/../../a/1.png"))), "lies outside of the archive", 0},
		"absolute":         {archive(entry(t, dir("/etc/1.png"))), "/etc/1.png lies outside of the archive", 0},
		"backslash":        {archive(entry(t, dir(`..\1.png`))), "lies outside of the archive", 0},
		"link":             {archive(entry(t, tar.Header{Name: "a/1.png", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink})), "a/1.png is a link", 0},
		"hard link":        {archive(entry(t, tar.Header{Name: "a/1.png", Linkname: "a/2.png", Typeflag: tar.TypeLink})), "a/1.png is a link", 0},
		"device":           {archive(entry(t, tar.Header{Name: "a/1.png", Typeflag: tar.TypeChar})), "a/1.png is no file", 0},
		"terabyte":         {archive(bomb), "a/1.png: the files up to it have more than the 512 MiB allowed", 0},
		"lying size":       {archive(entry(t, tar.Header{Name: "a/1.png", Size: 500 << 20, Typeflag: tar.TypeReg})), "a/1.png: announces 524288000 bytes, more than an archive of 512 holds", 0},
	} {
		at := lay(t, c.files)
		if len(c.files) == 1 && c.files["x.tar"] != nil || name == "empty file" {
			at = filepath.Join(at, "x.tar")
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		set, err := Import(t.Context(), []string{at}, c.side, silent)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), c.want) {
			t.Errorf("%s: got %v, %v\nwant %s", name, set, err, c.want)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, spent)
		}
	}
	if _, err := Import(t.Context(), []string{filepath.Join(t.TempDir(), "none")}, 0, silent); !errors.Is(err, fs.ErrNotExist) && err == nil {
		t.Error(err)
	}
}

// More pictures than there is memory for are refused before any is read, and more
// files than allowed before they are listed.
func TestImportCost(t *testing.T) {
	grow := func(n int, size int64) *tree {
		opened := leaf{"p.png", size, func() (io.ReadCloser, error) { return nil, errors.New("it was opened") }}
		tr := &tree{t.Context(), "T", map[string]leaf{}}
		for i := range n {
			tr.leaves["a/"+strconv.Itoa(i)+".png"] = opened
		}
		return tr
	}
	if _, err := grow(5000, 100).pictures(256, func(int64, int64) {}); err == nil || err.Error() != "T: 5000 images of 256×256 pixels need 937 MiB: at most 768 MiB are allowed" {
		t.Error(err)
	}
	if _, err := grow(2, 65<<20).pictures(0, func(int64, int64) {}); err == nil || err.Error() != "p.png: 68157440 bytes, at most 67108864 are allowed" {
		t.Error(err)
	}
	tr := &tree{t.Context(), "T", map[string]leaf{"data_batch_1.bin": {"d.bin", 3073 * 300_000, nil}, "test_batch.bin": {"t.bin", 3073, nil}}}
	if _, err := tr.cifar(); err == nil || err.Error() != "T: 300001 images of 32×32 pixels need 888 MiB: at most 768 MiB are allowed" {
		t.Error(err)
	}
	deep := t.TempDir()
	if err := os.MkdirAll(filepath.Join(deep, strings.Repeat("a/", 12)), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Import(t.Context(), []string{deep}, 0, silent); err == nil || !strings.Contains(err.Error(), "more than 8 folders in one another") {
		t.Error(err)
	}
}

// An archive that goes on and on, in files of no kind, is given up.
func TestArchiveBomb(t *testing.T) {
	var parts []io.Reader
	for i := range 3 {
		parts = append(parts, bytes.NewReader(entry(t, tar.Header{Name: fmt.Sprint(i), Size: 600 << 20, Typeflag: tar.TypeReg})), io.LimitReader(zeros{}, 600<<20))
	}
	tr := &tree{t.Context(), "T", map[string]leaf{}}
	if err := tr.unpack(io.MultiReader(parts...), 1<<40, "x.tar"); !errors.Is(err, errUnpacked) {
		t.Errorf("%v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// The real thing: CIFAR-10 as JPEG files in folders.
func TestImportRealPictures(t *testing.T) {
	const file = "../../shared/data/cifar10-jpeg.tar.gz" // beside a checkout
	if _, err := os.Stat(file); err != nil {
		t.Skip("no archive of real pictures: ", err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tr := &tree{t.Context(), "T", map[string]leaf{}}
	if err := tr.unpack(f, 200<<20, "x.tar.gz"); err != nil {
		t.Fatal(err)
	}
	if n := len(tr.leaves); n != 60_000 {
		t.Fatalf("%d files", n)
	}
	for name := range tr.leaves { // the first ten of each class
		if !strings.HasPrefix(path.Base(name), "000") {
			delete(tr.leaves, name)
		}
	}
	set, err := tr.pictures(0, func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	if set.H != 32 || set.W != 32 || set.C != 3 || !slices.Equal(set.Classes, cifar10.classes) || set.Train.Len() != 100 || set.Test.Len() != 100 {
		t.Errorf("%d×%d×%d, %q, %d and %d", set.H, set.W, set.C, set.Classes, set.Train.Len(), set.Test.Len())
	}
}

// What is unpacked is within its bounds, wherever it claims to be.
func FuzzArchive(f *testing.F) {
	f.Add(tarOf(f, map[string][]byte{"a/1.png": {1, 2}, "train-images-idx3-ubyte": {3}}))
	f.Add(gzipped(tarOf(f, map[string][]byte{"a/1.png": {1, 2}})))
	f.Add(entry(f, tar.Header{Name: "../1.png", Typeflag: tar.TypeReg, Size: 1}))
	f.Add(entry(f, tar.Header{Name: "a", Linkname: "b", Typeflag: tar.TypeSymlink}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		tr := &tree{t.Context(), "T", map[string]leaf{}}
		if err := tr.unpack(bytes.NewReader(file), int64(len(file)), "x.tar"); err != nil {
			return
		}
		for name, l := range tr.leaves {
			if !fs.ValidPath(name) || kindOf(path.Base(name)) == other {
				t.Errorf("%q is kept", name)
			}
			r, err := l.open()
			if err != nil {
				t.Fatal(err)
			}
			if content, err := io.ReadAll(r); err != nil || int64(len(content)) != l.size {
				t.Errorf("%q: %d bytes of %d, %v", name, len(content), l.size, err)
			}
		}
	})
}

// A file of CIFAR that is accepted is the labels and planes that it was made of.
func FuzzCIFAR(f *testing.F) {
	f.Add(records([]byte{3}, []byte{9}), false)
	f.Add(records([]byte{3, 99}), true)
	f.Add(records([]byte{10}), false)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, file []byte, hundred bool) {
		train, test, format := "data_batch_1.bin", "test_batch.bin", cifar10
		if hundred {
			train, test, format = "train.bin", "test.bin", cifar100
		}
		last := make([]byte, format.record())
		tr := &tree{t.Context(), "T", map[string]leaf{}}
		for name, content := range map[string][]byte{train: file, test: last} {
			tr.leaves[name] = leaf{name, int64(len(content)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
		}
		set, err := tr.cifar()
		if err != nil {
			return
		}
		var again []byte
		for i, label := range set.Train.Labels {
			record := file[int64(i)*format.record():]
			if again = append(again, record[:format.labels]...); again[len(again)-1] != label {
				t.Errorf("label %d", label)
			}
			for c := range 3 {
				for p := range 1024 {
					again = append(again, set.Train.Image(i)[3*p+c])
				}
			}
		}
		if !bytes.Equal(again, file) {
			t.Error("the images do not make up the file")
		}
	})
}

// What set.toml and classes.txt say can be shown on a terminal.
func FuzzDescription(f *testing.F) {
	f.Add([]byte("title = \"A\"\nlicence = \"B\"\nsource = 'C'\n"), []byte("a\nb\n"))
	f.Add([]byte("title = \"\\u001b[2J\""), []byte("\xef\xbb\xbfa\r\n\x1b"))
	f.Add([]byte("other = 3"), []byte("\n"))
	f.Fuzz(func(t *testing.T, about, classes []byte) {
		names := map[string]leaf{}
		for name, content := range map[string][]byte{descriptionFile: about, classesFile: classes} {
			names[name] = leaf{name, int64(len(content)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
		}
		folder := (&tree{t.Context(), "T", nil}).asFolder(names)
		set := images.Set{}
		if err := folder.describe(&set); err == nil && !printable(set.Title+set.Licence+set.Source) {
			t.Errorf("%q %q %q", set.Title, set.Licence, set.Source)
		}
		list, err := folder.classes()
		if err == nil && (len(list) < 1 || len(list) > 256 || !printable(strings.Join(list, ""))) {
			t.Errorf("%q", list)
		}
	})
}
