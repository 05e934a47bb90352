//go:build unix

package datasets

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Nobody may ever write to a pipe.
func TestPipesAreRefused(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "odd")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.png", "train-images-idx3-ubyte"} {
		if err := syscall.Mkfifo(filepath.Join(folder, name), 0o644); err != nil {
			t.Skip(err)
		}
	}
	if _, err := PhotosIn(t.Context(), folder); err == nil || !strings.HasSuffix(err.Error(), "a.png: not a regular file") {
		t.Errorf("%v", err)
	}
	if _, err := Open(t.Context(), "odd", dir); err == nil || !strings.HasSuffix(err.Error(), "train-images-idx3-ubyte: not a regular file") {
		t.Errorf("%v", err)
	}
	pipe := filepath.Join(folder, "a.png")
	if _, err := PhotosIn(t.Context(), pipe); err == nil || err.Error() != pipe+": not a folder" {
		t.Errorf("%v", err)
	}
	if _, err := List(t.Context(), pipe); err == nil || !strings.HasSuffix(err.Error(), pipe+": not a folder") {
		t.Errorf("%v", err)
	}
	if _, err := PhotosIn(t.Context(), os.DevNull); err == nil || err.Error() != os.DevNull+": not a folder" {
		t.Errorf("%v", err)
	}
}
