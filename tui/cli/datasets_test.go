package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"padlab/core/record"
	"padlab/datasets"
)

// garden is a folder of two classes of coloured pictures, six of each.
func garden(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for class, c := range map[string]color.NRGBA{"rose": {200, 0, 50, 255}, "leaf": {0, 150, 20, 255}} {
		if err := os.Mkdir(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			picture := image.NewNRGBA(image.Rect(0, 0, 8, 8))
			for p := range 64 {
				picture.Set(p%8, p/8, color.NRGBA{c.R + byte(i), c.G + byte(p), c.B, 255})
			}
			var b bytes.Buffer
			if err := png.Encode(&b, picture); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, class, fmt.Sprint(i, ".png")), b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// What is imported is listed, shown, and trained on in colour; a second one of that
// name is refused.
func TestImport(t *testing.T) {
	data, pictures := filepath.Join(t.TempDir(), "new"), garden(t)
	for _, where := range []struct {
		getenv func(string) string
		flags  []string
		dir    string
	}{
		{environment("XDG_DATA_HOME=" + data), nil, filepath.Join(data, "padlab", "datasets")},
		{environment("PADLAB_DATA=" + filepath.Join(data, "a")), nil, filepath.Join(data, "a")},
		{nil, []string{"--data", filepath.Join(data, "b")}, filepath.Join(data, "b")},
	} {
		do := func(args ...string) outcome {
			return within(t, &session{getenv: where.getenv}, append(args, where.flags...)...)
		}
		const counts = "8×8×3, 2 classes, 10 train, 2 test\n"
		o := do("datasets", "import", "garden", pictures)
		if o.want(t, exitOK, "padlab: --set data.set=garden --set eval.images=2 trains on it\n"); !strings.HasSuffix(o.out, counts) || !strings.Contains(o.out, filepath.Join(where.dir, "garden")) {
			t.Errorf("%s", o.out)
		}
		if o := do("datasets"); !strings.Contains(o.out, counts) || !strings.Contains(o.out, "5000 train, 1000 test\n") || !strings.Contains(o.out, "fetch: www.cs.toronto.edu") {
			t.Errorf("%s", o.out)
		}
		if o := do("datasets", "show", "garden"); !strings.Contains(o.out, "class 1   rose, 5 train, 1 test\n") || !strings.Contains(o.out, pictures) {
			t.Errorf("%+v", o)
		}
		var d documentShape
		o = do("run", tinyFile, "--set", "data.set=garden", "--set", "eval.images=2", "--format", "json", "--quiet")
		if decode(t, o.out, &d); o.code != exitOK || len(d.Arms) != 2 || d.Arms[1].Steps != 3 {
			t.Errorf("%+v", o)
		}
		do("datasets", "import", "garden", pictures).want(t, exitUsage, filepath.Join(where.dir, "garden")+" is there already: give another name, or remove that folder\n")
	}
}

func TestImportUsage(t *testing.T) {
	data := t.TempDir()
	for args, want := range map[string]string{
		"import":                       "datasets import takes a name for the set, and the folders or files that it is made of (see padlab datasets import --help)",
		"import mine":                  "datasets import takes a name",
		"import mine none":             "none: no such file or directory",
		"import a/b " + data:           `a set cannot be called "a/b"`,
		"import photos " + data:        "these are the photographs that ship",
		"import mine " + data:          "nothing that is a set",
		"import mine cli.go":           "cli.go: neither a folder, nor a file of a set, nor a .tar or .tar.gz",
		"import mine x --size 0":       `--size must be an integer from 1 to 256: "0"`,
		"import mine x --size big":     `--size takes an integer: "big"`,
		"fetch":                        "datasets fetch takes the name of a data set: cifar10, cifar100, fashion-mnist-70k, mnist",
		"fetch mnits":                  `unknown data set to fetch "mnits": did you mean "mnist"?`,
		"fetch cifar100":               "the checksum of cifar100 is not known here: fetch takes it with --sha256 SUM",
		"fetch cifar100 --sha256 12":   `--sha256 takes 64 hexadecimal digits: "12"`,
		"fetch mnist --sha256 12":      "the checksum of mnist is known",
		"fetch mnist --from none":      "none: no such file or directory",
		"fetch mnist --from cli.go":    "mnist has 4 files: name the folder in which they lie, not cli.go",
		"fetch mnist --from " + data:   "train-images-idx3-ubyte.gz: no such file or directory",
		"fetch cifar10 --from cli.go":  "cli.go: it is not the file that was asked for: ",
		"fetch mnist --from http://x":  `this set has 4 files: an address that ends in / stands before their names: "http://x"`,
		"fetch cifar10 --from ftp://x": `--from: not an address that begins with http:// or https:// and a host: "ftp://x"`,
		"fetch mnist --from=":          "--from needs a path, and is empty",
		"show mnits":                   `unknown data set "mnits"`,
		"import mine x --data cli.go/": "",
	} {
		fields := append(append([]string{"datasets"}, strings.Fields(args)...), "--data", data)
		if want == "" {
			fields = fields[:len(fields)-2]
		}
		padlab(t, fields...).want(t, exitUsage, want)
	}
	if list, _ := os.ReadDir(data); len(list) != 0 {
		t.Errorf("it leaves %v", list)
	}
	padlab(t, "run", "where-am-i", "--set", "data.set=cifar10").want(t, exitUsage, "padlab datasets fetch cifar10 fetches it")
	o := padlab(t, "datasets", "show", "cifar100")
	for _, want := range []string{"to fetch   ?, by padlab datasets fetch cifar100\n", "sha256     not known: fetch takes it from --sha256\n"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("%swant %s", o.out, want)
		}
	}
	if err := os.Mkdir(filepath.Join(data, "raw"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(data, "raw", "cat"), 0o755); err != nil {
		t.Fatal(err)
	}
	padlab(t, "datasets", "show", "raw", "--data", data).want(t, exitUsage, "raw: no idx files; padlab datasets import makes a set of CIFAR's binaries and of pictures in folders\n")
}

// A disk that is full is a failure, not a mistake, and leaves nothing.
func TestImportToAFullDisk(t *testing.T) {
	data := t.TempDir()
	within(t, &session{disk: noSpace{}}, "datasets", "import", "garden", garden(t), "--data", data).want(t, exitFailed, "garden is not there, nor a part of it: ")
	if list, _ := os.ReadDir(data); len(list) != 0 {
		t.Errorf("it leaves %v", list)
	}
	s := &session{}
	if err := s.room(data, 1<<60); err == nil || !strings.Contains(err.Error(), " are free on this disk, and 1152921504607 MB are needed") {
		t.Error(err)
	}
}

type noSpace struct{ record.OS }

func (d noSpace) Create(name string) (record.File, error) {
	f, err := d.OS.Create(name)
	return noSpaceFile{f}, err
}

type noSpaceFile struct{ record.File }

func (noSpaceFile) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// What a server lacks, and what it has in place of the file, is told, and nothing of
// it stays.
func TestFetchFails(t *testing.T) {
	data := t.TempDir()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/none") {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte("hello"))
	}))
	defer s.Close()
	sum := strings.Repeat("0", 64)
	for args, want := range map[string]string{
		"fetch mnist --from " + s.URL + "/none/":              "/none/train-images-idx3-ubyte.gz: the server says 404 Not Found",
		"fetch mnist --from " + s.URL + "/":                   "/train-images-idx3-ubyte.gz: it is not the file that was asked for: the server has 5 bytes, want 9912422",
		"fetch cifar100 --from " + s.URL + " --sha256 " + sum: ": it is not the file that was asked for: its sha256 is 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824, want 0000",
	} {
		padlab(t, append(append([]string{"datasets"}, strings.Fields(args)...), "--data", data)...).want(t, exitFailed, want)
	}
	if list, _ := os.ReadDir(data); len(list) != 0 {
		t.Errorf("it leaves %v", list)
	}
}

// A whole set, from a server that breaks the connection, through a kill, to the set;
// once more it is there.
func TestFetchWhole(t *testing.T) {
	if !*long {
		t.Skip("60,000 images take seconds: -long fetches them")
	}
	var archive bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&archive, gzip.BestSpeed)
	w := tar.NewWriter(zip)
	record := make([]byte, 3074)
	for name, n := range map[string]int{"c/train.bin": 50_000, "c/test.bin": 10_000} {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(n * len(record)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			record[1], record[2] = byte(i%100), byte(i)
			w.Write(record)
		}
	}
	w.Close()
	zip.Close()
	requests := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(archive.Len()))
			w.Write(archive.Bytes()[:archive.Len()/2])
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(archive.Bytes()))
	}))
	defer s.Close()
	sum := sha256.Sum256(archive.Bytes())
	data := t.TempDir()
	args := []string{"datasets", "fetch", "cifar100", "--sha256", hex.EncodeToString(sum[:]), "--from", s.URL, "--data", data}
	o := padlab(t, args...)
	if o.want(t, exitOK, "trying again in 500ms"); requests != 2 || !strings.HasSuffix(o.out, "32×32×3, 100 classes, 50000 train, 10000 test\n") {
		t.Errorf("%d requests: %+v", requests, o)
	}
	if list, _ := os.ReadDir(data); len(list) != 1 {
		t.Errorf("it leaves %v", list)
	}
	set, err := datasets.Open(t.Context(), "cifar100", data)
	if err != nil || set.Train.Labels[123] != 23 || set.Train.Image(123)[0] != 123 || set.Licence != "none stated" {
		t.Errorf("%v", err)
	}
	if o := padlab(t, args...); o.code != exitOK || o.out != "" || !strings.Contains(o.err, "cifar100 is there already: ") {
		t.Errorf("%+v", o)
	}
}
