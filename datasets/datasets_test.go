package datasets

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"padlab/core/images"
)

func TestEmbeddedSet(t *testing.T) {
	set, err := Open(t.Context(), "fashion-mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Check(); err != nil {
		t.Error(err)
	}
	if set.H != 28 || set.W != 28 || set.C != 1 || len(set.Classes) != 10 {
		t.Errorf("%d×%d×%d in %d classes, want 28×28×1 in 10", set.H, set.W, set.C, len(set.Classes))
	}
	for _, part := range []struct {
		name     string
		split    images.Split
		perClass int
	}{{"train", set.Train, 500}, {"test", set.Test, 100}} {
		var counts [10]int
		for _, label := range part.split.Labels {
			counts[label]++
		}
		for class, n := range counts {
			if n != part.perClass {
				t.Errorf("%s: %d images of %s, want %d", part.name, n, set.Classes[class], part.perClass)
			}
		}
		// Clothes lie in the middle of a black ground. Pixels that were read
		// from a wrong place or in rows of a wrong length would be as bright
		// everywhere.
		var border, middle, nBorder, nMiddle int
		for i := range part.split.Len() {
			for at, v := range part.split.Image(i) {
				switch y, x := at/28, at%28; {
				case min(y, x, 27-y, 27-x) == 0:
					border, nBorder = border+int(v), nBorder+1
				case min(y, x, 27-y, 27-x) >= 10:
					middle, nMiddle = middle+int(v), nMiddle+1
				}
			}
		}
		if b, m := border/nBorder, middle/nMiddle; b > 60 || m < 100 {
			t.Errorf("%s: the border has mean %d, the middle %d", part.name, b, m)
		}
	}
}

// tiny is the files of a set of 3 train and 2 test images of 2×1, labels 0…4.
func tiny() map[string][]byte {
	return map[string][]byte{
		"train-images-idx3-ubyte": idxBytes(0x803, []uint32{3, 2, 1}, []byte{1, 2, 3, 4, 5, 6}),
		"train-labels-idx1-ubyte": idxBytes(0x801, []uint32{3}, []byte{0, 1, 4}),
		"t10k-images-idx3-ubyte":  idxBytes(0x803, []uint32{2, 2, 1}, []byte{7, 8, 9, 10}),
		"t10k-labels-idx1-ubyte":  idxBytes(0x801, []uint32{2}, []byte{3, 0}),
	}
}

// store writes the files of a set into dir/name.
func store(t *testing.T, dir, name string, files map[string][]byte) {
	t.Helper()
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenFolder(t *testing.T) {
	dir := t.TempDir()
	store(t, dir, "plain", tiny())

	zipped := map[string][]byte{}
	for file, content := range tiny() {
		zipped[file+".gz"] = gzipped(content)
	}
	store(t, dir, "zipped", zipped)

	dotted := map[string][]byte{"classes.txt": []byte("\xef\xbb\xbfnull\r\n eins\nzwei\ndrei\nvier und mehr\n\n")}
	for file, content := range tiny() {
		dotted[strings.Replace(file, "-idx", ".idx", 1)] = content
	}
	store(t, dir, "dotted", dotted)

	numbers := []string{"0", "1", "2", "3", "4"}
	for name, classes := range map[string][]string{
		"plain": numbers, "zipped": numbers, "dotted": {"null", "eins", "zwei", "drei", "vier und mehr"},
	} {
		set, err := Open(t.Context(), name, dir)
		if err != nil {
			t.Error(err)
			continue
		}
		if set.H != 2 || set.W != 1 || set.C != 1 || set.Name != name {
			t.Errorf("%s: %s is %d×%d×%d, want 2×1×1", name, set.Name, set.H, set.W, set.C)
		}
		if !slices.Equal(set.Classes, classes) {
			t.Errorf("%s: classes %q, want %q", name, set.Classes, classes)
		}
		if !slices.Equal(set.Train.Pixels, []byte{1, 2, 3, 4, 5, 6}) || !slices.Equal(set.Train.Labels, []byte{0, 1, 4}) ||
			!slices.Equal(set.Test.Pixels, []byte{7, 8, 9, 10}) || !slices.Equal(set.Test.Labels, []byte{3, 0}) {
			t.Errorf("%s: read %v and %v", name, set.Train, set.Test)
		}
	}
}

// A copy of the embedded files on disk is the embedded set again, and a folder
// of that name goes before it.
func TestFolderGoesBeforeEmbedded(t *testing.T) {
	dir := t.TempDir()
	within, err := fs.Sub(embedded, "fashion-mnist")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"copy", "fashion-mnist"} {
		if err := os.CopyFS(filepath.Join(dir, name), within); err != nil {
			t.Fatal(err)
		}
	}
	want, err := Open(t.Context(), "fashion-mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"copy", "fashion-mnist"} {
		got, err := Open(t.Context(), name, dir)
		if err != nil {
			t.Fatal(err)
		}
		if got.Source != filepath.Join(dir, name) {
			t.Errorf("%s was taken from %s", name, got.Source)
		}
		if !slices.Equal(got.Train.Pixels, want.Train.Pixels) || !slices.Equal(got.Test.Labels, want.Test.Labels) {
			t.Errorf("%s differs from the embedded set", name)
		}
		if class := map[string]string{"copy": "9", "fashion-mnist": "Ankle boot"}[name]; got.Classes[9] != class {
			t.Errorf("%s: class 9 is %q, want %q", name, got.Classes[9], class)
		}
	}

	// A folder that is no set is not passed over in silence.
	store(t, dir, "fashion-mnist", map[string][]byte{"t10k-labels-idx1-ubyte": nil})
	if _, err := Open(t.Context(), "fashion-mnist", dir); err == nil || !strings.Contains(err.Error(), "t10k-labels-idx1-ubyte: holds 0 of the 8 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file    string // replaced, or removed if content is nil
		content []byte
		want    string
	}{
		"missing":      {"t10k-images-idx3-ubyte", nil, "%s: there is no t10k-images-idx3-ubyte (or t10k-images.idx3-ubyte, or either with .gz)"},
		"magic":        {"train-labels-idx1-ubyte", idxBytes(0x803, []uint32{3}, nil), "%s/train-labels-idx1-ubyte: begins with 00000803, want 00000801: these are images, not labels"},
		"cut":          {"train-images-idx3-ubyte", idxBytes(0x803, []uint32{3, 2, 1}, []byte{1, 2}), "%s/train-images-idx3-ubyte: holds 2 of 6 bytes"},
		"counts":       {"train-labels-idx1-ubyte", idxBytes(0x801, []uint32{2}, []byte{0, 1}), "%[1]s/train-images-idx3-ubyte announces 3 images, %[1]s/train-labels-idx1-ubyte 2 labels"},
		"sizes":        {"t10k-images-idx3-ubyte", idxBytes(0x803, []uint32{2, 1, 2}, []byte{7, 8, 9, 10}), "%s: the train images are 2×1, the test images 1×2"},
		"label":        {"classes.txt", []byte("a\nb\nc"), "%s: train: image 2 has label 4, but the classes are 0 to 2"},
		"no class":     {"classes.txt", []byte("a\n\nb"), "%s/classes.txt:2: no class name"},
		"no classes":   {"classes.txt", []byte("\n"), "%s/classes.txt: 0 classes, 1 to 256 are allowed"},
		"257 classes":  {"classes.txt", []byte(strings.Repeat("a\n", 257)), "%s/classes.txt: 257 classes, 1 to 256 are allowed"},
		"long classes": {"classes.txt", make([]byte, 20000), "%s/classes.txt: longer than the 16384 bytes allowed"},
		"escape":       {"classes.txt", []byte("a\nb\x1b[2J"), `%s/classes.txt:2: "b\x1b[2J" holds characters that cannot be printed`},
		"right to left": {"classes.txt", []byte("a\u202eb"),
			`%s/classes.txt:1: "a\u202eb" holds characters that cannot be printed`},
		"broken UTF-8": {"classes.txt", []byte("a\xff"), `%s/classes.txt:1: "a\xff" holds characters that cannot be printed`},
	} {
		dir := t.TempDir()
		files := tiny()
		files[c.file] = c.content
		if c.content == nil {
			delete(files, c.file)
		}
		store(t, dir, "mine", files)
		_, err := Open(t.Context(), "mine", dir)
		want := fmt.Sprintf(c.want, filepath.ToSlash(filepath.Join(dir, "mine")))
		if err == nil || filepath.ToSlash(err.Error()) != want && runtime.GOOS != "windows" {
			t.Errorf("%s: got  %v\nwant %s", name, err, want)
		}
	}
}

func TestOpenUnknown(t *testing.T) {
	dir := t.TempDir()
	store(t, dir, "mnist", tiny())
	store(t, dir, ".hidden", tiny())
	if err := os.WriteFile(filepath.Join(dir, "notes"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		store(t, dir, "clear\x1b[2J", tiny())
	}
	for name, want := range map[string]string{
		"mnits":    `unknown data set "mnits": did you mean "mnist"? (known: fashion-mnist, mnist)`,
		"":         `unknown data set "" (known: fashion-mnist, mnist)`,
		"notes":    `unknown data set "notes" (known: fashion-mnist, mnist)`,
		"../mnist": `unknown data set "../mnist" (known: fashion-mnist, mnist)`,
		".":        `unknown data set "." (known: fashion-mnist, mnist)`,
		".hidden":  `unknown data set ".hidden" (known: fashion-mnist, mnist)`,
	} {
		if _, err := Open(t.Context(), name, dir); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if _, err := Open(t.Context(), "mnist", ""); err == nil || err.Error() != `unknown data set "mnist" (known: fashion-mnist); padlab datasets fetch mnist fetches it` {
		t.Errorf("got %v", err)
	}
}

func TestUnreadableFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(dir, "missing")} {
		_, err := Open(t.Context(), "fashion-mnist", dir)
		if err == nil || !strings.Contains(err.Error(), "the folder of data sets: open "+dir) {
			t.Errorf("Open: %v", err)
		}
		if _, err := List(t.Context(), dir); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("List: %v", err)
		}
	}

	if os.Getuid() <= 0 {
		t.Skip("the super-user (and Windows) may read every folder")
	}
	store(t, dir, "locked", tiny())
	if err := os.Chmod(filepath.Join(dir, "locked"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(dir, "locked"), 0o755)
	if _, err := Open(t.Context(), "locked", dir); err == nil || !strings.HasSuffix(err.Error(), "classes.txt: permission denied") {
		t.Errorf("locked: %v", err)
	}
}

// A folder in place of a file is no regular file; nor would a pipe be, which
// nobody may ever write to.
func TestNotARegularFile(t *testing.T) {
	dir := t.TempDir()
	files := tiny()
	delete(files, "train-labels-idx1-ubyte")
	store(t, dir, "odd", files)
	store(t, dir, "odd/train-labels-idx1-ubyte", nil)
	if _, err := Open(t.Context(), "odd", dir); err == nil || !strings.HasSuffix(err.Error(), "train-labels-idx1-ubyte: not a regular file") {
		t.Errorf("got %v", err)
	}
}

func TestList(t *testing.T) {
	list, err := List(t.Context(), "")
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	if f := list[0]; f.Name != "fashion-mnist" || !f.Embedded || f.Train != 5000 || f.Test != 1000 || f.H != 28 || f.W != 28 || f.C != 1 ||
		len(f.Classes) != 10 || f.Licence != "MIT © 2017 Zalando SE" || f.Source == "" || f.About == "" || f.Err != nil {
		t.Errorf("%+v", f)
	}

	dir := t.TempDir()
	store(t, dir, "good", tiny())
	store(t, dir, "bad", nil)
	list, err = List(t.Context(), dir)
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	if bad := list[0]; bad.Name != "bad" || bad.Err == nil || !strings.Contains(bad.Err.Error(), "there is no train-images-idx3-ubyte") {
		t.Errorf("%+v", bad)
	}
	if list[1].Name != "fashion-mnist" || !list[1].Embedded {
		t.Errorf("%+v", list[1])
	}
	if good := list[2]; good.Name != "good" || good.Embedded || good.Train != 3 || good.Test != 2 || len(good.Classes) != 5 || good.Err != nil {
		t.Errorf("%+v", good)
	}

	store(t, dir, "fashion-mnist", tiny())
	list, err = List(t.Context(), dir)
	if err != nil || len(list) != 3 || list[1].Embedded || list[1].Train != 3 || len(list[1].Classes) != 10 {
		t.Errorf("a folder should hide the embedded set: %+v, %v", list, err)
	}
}

// What a set would take is known from the headers of its four files, together,
// and refused before there is memory for any of them.
func TestSetCost(t *testing.T) {
	for name, c := range map[string]struct {
		train, test, side int
		want              string
	}{
		"large": {700_000, 400_000, 28, "%s: 1100000 images of 28×28 pixels need 857 MiB: at most 768 MiB are allowed"},
		"many":  {1 << 30, 10, 1, "%s/train-images-idx3-ubyte: announces sizes [1073741824 1 1], more than the 805306368 bytes allowed"},
		"small": {1 << 21, 10, 1, "%s/train-images-idx3-ubyte: announces 2097152 images, at most 1048576 are allowed"},
	} {
		dir := t.TempDir()
		side := uint32(c.side)
		files := map[string][]byte{}
		lengths := map[string]int{}
		for part, n := range map[string]int{"train": c.train, "t10k": c.test} {
			files[part+"-images-idx3-ubyte"], lengths[part+"-images-idx3-ubyte"] = idxBytes(0x803, []uint32{uint32(n), side, side}, nil), 16+n*c.side*c.side
			files[part+"-labels-idx1-ubyte"], lengths[part+"-labels-idx1-ubyte"] = idxBytes(0x801, []uint32{uint32(n)}, nil), 8+n
		}
		store(t, dir, "mine", files)
		for file, length := range lengths {
			if err := os.Truncate(filepath.Join(dir, "mine", file), int64(length)); err != nil { // most of it is nowhere
				t.Skip(err)
			}
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open(t.Context(), "mine", dir)
		runtime.ReadMemStats(&after)
		want := fmt.Sprintf(c.want, filepath.Join(dir, "mine"))
		if err == nil || err.Error() != want && runtime.GOOS != "windows" {
			t.Errorf("%s: got  %v\nwant %s", name, err, want)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, spent)
		}
	}
}
