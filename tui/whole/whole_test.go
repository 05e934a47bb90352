package whole

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// What fails half way leaves what was there, and nothing beside it.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	check := func(want string, files int) {
		t.Helper()
		data, err := os.ReadFile(path)
		list, _ := os.ReadDir(dir)
		if err != nil || string(data) != want || len(list) != files {
			t.Errorf("%q, %v, %v; want %q", data, err, list, want)
		}
	}
	if err := Write(path, text("one")); err != nil {
		t.Fatal(err)
	}
	check("one", 1)
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		return broken
	})
	if check("one", 1); err != broken {
		t.Error(err)
	}

	// A link stays one.
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip("no links here: ", err)
	}
	if err := Write(link, text("two")); err != nil {
		t.Fatal(err)
	}
	check("two", 2)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link has become %v, %v", info, err)
	}

	if err := Write(filepath.Join(dir, "no", "folder"), text("x")); err == nil {
		t.Error("written into a folder that is not there")
	}
}
