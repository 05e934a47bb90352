//go:build unix

package cli

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// What has come when a process is stopped or killed stays, and the next one asks for
// the rest.
func TestFetchGoesOn(t *testing.T) {
	var archive bytes.Buffer // small, so that it is no CIFAR-100 in the end
	w := tar.NewWriter(&archive)
	for _, name := range []string{"train.bin", "test.bin"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: 3074, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write(make([]byte, 3074))
	}
	w.Close()
	sum := sha256.Sum256(archive.Bytes())

	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		var asked atomic.Value
		begun := make(chan struct{}, 1)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked.Swap(r.Header.Get("Range")) != nil {
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(archive.Bytes()))
				return
			}
			w.Write(archive.Bytes()[:5000])
			w.(http.Flusher).Flush()
			begun <- struct{}{}
			<-r.Context().Done()
		}))
		data := t.TempDir()
		args := []string{"datasets", "fetch", "cifar100", "--sha256", hex.EncodeToString(sum[:]), "--from", s.URL, "--data", data}
		c := child(t, args...)
		start(t, c)
		<-begun
		part := filepath.Join(data, ".cifar100.fetched", "cifar-100-binary.tar.gz.part")
		for sizeOf(part) < 5000 {
			time.Sleep(time.Millisecond)
		}
		c.Process.Signal(signal)
		if status := ended(t, c); status.ExitStatus() != exitInterrupted && status.Signal() != syscall.SIGKILL {
			t.Errorf("%v: %v", signal, status)
		}
		if _, err := os.Stat(filepath.Join(data, "cifar100")); err == nil {
			t.Error("a part of a set is there")
		}
		padlab(t, args...).want(t, exitFailed, "what the files hold is not CIFAR-100: ")
		if got := asked.Load(); got != "bytes=5000-" {
			t.Errorf("%v: the next one asks for %q", signal, got)
		}
		s.Close()
	}
}
