package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"padlab/core/record"
	"padlab/core/record/recordtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// content is what the servers have.
var content = func() []byte {
	b := make([]byte, 300_000)
	source := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(source.Uint32())
	}
	return b
}()

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// A server hands out content, and has every fault that it is told to have.
type server struct {
	*httptest.Server
	mutex sync.Mutex
	asked []string // the Range of each request
}

// serve starts a server whose answer to request number n, from 0, is answer's.
func serve(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		n := len(s.asked)
		s.asked = append(s.asked, strings.TrimPrefix(r.Header.Get("Range"), "bytes="))
		s.mutex.Unlock()
		answer(n, w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// requests are the ranges that were asked for so far.
func (s *server) requests() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.asked)
}

// right answers as a good server does.
func right(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// drop sends so many bytes of what was asked for, and breaks the connection.
func drop(w http.ResponseWriter, r *http.Request, n int) {
	from := 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(content)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	w.Write(content[from : from+n])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// client is one that does not wait.
func client(disk record.Disk) *Client {
	c := NewClient(disk, "test")
	c.Wait, c.Stall = time.Millisecond, 5*time.Second
	return c
}

func file(s *server) File {
	return File{Name: "f.bin", URL: s.URL + "/f.bin", Size: int64(len(content)), SHA256: sum(content)}
}

// arrived checks that the file is there whole, and nothing beside it.
func arrived(t *testing.T, folder, path string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(folder, "f.bin"))
	if list, _ := os.ReadDir(folder); err != nil || !bytes.Equal(got, content) || len(list) != 1 || path != filepath.Join(folder, "f.bin") {
		t.Errorf("%s, %v, %d bytes, %v", path, err, len(got), list)
	}
}

// absent checks that no file is there under its name.
func absent(t *testing.T, folder string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(folder, "f.bin")); err == nil {
		t.Error("there is a file under the name")
	}
}

func TestFetch(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { right(w, r) })
	folder := filepath.Join(t.TempDir(), "a", "b")
	c := client(record.OS{})
	var last, total int64
	c.Progress = func(done, of int64) {
		if done <= last {
			t.Errorf("from %d to %d", last, done)
		}
		last, total = done, of
	}
	path, err := c.Fetch(t.Context(), folder, file(s))
	arrived(t, folder, path, err)
	if last != int64(len(content)) || total != last {
		t.Errorf("told of %d of %d", last, total)
	}
	path, err = c.Fetch(t.Context(), folder, file(s)) // it is there
	if arrived(t, folder, path, err); len(s.requests()) != 1 {
		t.Errorf("asked again: %q", s.requests())
	}
	if err := os.WriteFile(path, []byte("rot"), 0o644); err != nil {
		t.Fatal(err)
	}
	last = 0
	path, err = c.Fetch(t.Context(), folder, file(s)) // what is there is wrong
	arrived(t, folder, path, err)
}

// A connection that breaks is taken up where it broke; whether the size is known or
// not.
func TestServerDrops(t *testing.T) {
	for _, known := range []bool{true, false} {
		s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
			switch {
			case n < 3:
				drop(w, r, 70_000)
			case n == 3:
				w.WriteHeader(http.StatusServiceUnavailable)
			default:
				right(w, r)
			}
		})
		f := file(s)
		if !known {
			f.Size, f.Most = 0, 400_000
		}
		folder := t.TempDir()
		c := client(record.OS{})
		problems := 0
		c.Problem = func(string) { problems++ }
		path, err := c.Fetch(t.Context(), folder, f)
		arrived(t, folder, path, err)
		if want := []string{"", "70000-", "140000-", "210000-", "210000-"}; fmt.Sprint(s.requests()) != fmt.Sprint(want) || problems != 4 {
			t.Errorf("asked for %q, want %q; %d problems", s.requests(), want, problems)
		}
	}
}

// A server that never gets on is given up, and the next call goes on.
func TestServerStaysAway(t *testing.T) {
	var away atomic.Bool
	away.Store(true)
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch {
		case away.Load() && n > 0:
			panic(http.ErrAbortHandler)
		case away.Load():
			drop(w, r, 1000)
		default:
			right(w, r)
		}
	})
	folder := t.TempDir()
	_, err := client(record.OS{}).Fetch(t.Context(), folder, file(s))
	if err == nil || !strings.Contains(err.Error(), "(5 tries); the 1000 bytes that have come stay") || len(s.requests()) != 5 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
	absent(t, folder)
	away.Store(false)
	path, err := client(record.OS{}).Fetch(t.Context(), folder, file(s))
	if arrived(t, folder, path, err); s.requests()[5] != "1000-" {
		t.Errorf("asked for %q", s.requests())
	}
}

// One that says nothing is not waited for without end.
func TestServerStalls(t *testing.T) {
	gone := make(chan struct{})
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n > 0 {
			right(w, r)
			return
		}
		w.Write(content[:5])
		w.(http.Flusher).Flush()
		<-gone
	})
	c := client(record.OS{})
	c.Stall = 100 * time.Millisecond
	told := ""
	c.Problem = func(text string) { told = text; close(gone) }
	folder := t.TempDir()
	path, err := c.Fetch(t.Context(), folder, file(s))
	if arrived(t, folder, path, err); !strings.Contains(told, "the server says nothing for 100ms") {
		t.Errorf("told %q", told)
	}
}

// Whatever else a server may have is not taken for the file.
func TestServerHasSomethingElse(t *testing.T) {
	other := bytes.Clone(content)
	other[123]++
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
		wrong  bool
	}{
		"corrupt": {func(w http.ResponseWriter, r *http.Request) { w.Write(other) }, "its sha256 is " + sum(other) + ", want " + sum(content), true},
		"truncated": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write(content[:1000])
		}, "the server has 1000 bytes, want 300000", true},
		"longer": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "300001")
			w.Write(append(content[:300_000:300_000], 0))
		}, "the server has 300001 bytes, want 300000", true},
		"endless": {func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush() // no length
			for r.Context().Err() == nil {
				w.Write(content)
			}
		}, "it goes on after 300000 bytes", true},
		"nothing":   {http.NotFound, "the server says 404 Not Found", false},
		"forbidden": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(403) }, "the server says 403 Forbidden", false},
		"other range": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 5-9/300000")
			w.WriteHeader(206)
		}, "it answers with another part", false},
		"no range": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(416) }, "it answers with another part", false},
		"a loop":   {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/f.bin", http.StatusFound) }, "stopped after 10 redirects", false},
	} {
		s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { c.answer(w, r) })
		folder := t.TempDir()
		_, err := client(record.OS{}).Fetch(t.Context(), folder, file(s))
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrWrong) != c.wrong || !strings.Contains(err.Error(), s.URL) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		absent(t, folder)
	}
	for _, address := range []string{"ftp://x/y", "file:///etc/passwd", "http://", "x", "http://[::1", "http://user:secret@127.0.0.1:1/", "http://user:secret@[::1"} {
		c := client(record.OS{})
		c.Tries = 1
		_, err := c.Fetch(t.Context(), t.TempDir(), File{Name: "f", URL: address, Size: 1, SHA256: sum(nil)})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Of an unknown size the checksum decides, and a bound.
func TestUnknownSize(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		w.Write(content)
	})
	f := file(s)
	f.Size, f.Most = 0, int64(len(content))
	folder := t.TempDir()
	path, err := client(record.OS{}).Fetch(t.Context(), folder, f)
	arrived(t, folder, path, err)
	f.Most--
	if _, err := client(record.OS{}).Fetch(t.Context(), t.TempDir(), f); !errors.Is(err, ErrWrong) || !strings.Contains(err.Error(), "it goes on after 299999 bytes") {
		t.Error(err)
	}
}

// What lies there from before may be anything: the beginning of the file, all of it,
// the beginning of something else, or more than the file.
func TestResume(t *testing.T) {
	rot := bytes.Repeat([]byte("rot"), 1000)
	for name, c := range map[string]struct {
		before []byte
		size   bool
		asked  string
	}{
		"beginning":              {content[:12345], true, `["12345-"]`},
		"all":                    {content, true, "[]"},
		"all, of unknown size":   {content, false, `["300000-"]`},
		"something else":         {rot, true, `["3000-" ""]`},
		"rot of the right size":  {bytes.Repeat([]byte("x"), len(content)), true, `[""]`},
		"more":                   {append(content[:300_000:300_000], rot...), true, `[""]`},
		"more, of unknown size":  {append(content[:300_000:300_000], rot...), false, `["303000-" ""]`},
		"nothing":                {[]byte{}, true, `[""]`},
		"something, unknown too": {rot, false, `["3000-" ""]`},
	} {
		s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { right(w, r) })
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "f.bin.part"), c.before, 0o644); err != nil {
			t.Fatal(err)
		}
		f := file(s)
		if !c.size {
			f.Size, f.Most = 0, 400_000
		}
		path, err := client(record.OS{}).Fetch(t.Context(), folder, f)
		arrived(t, folder, path, err)
		if got := fmt.Sprintf("%q", s.requests()); got != c.asked {
			t.Errorf("%s: asked for %s, want %s", name, got, c.asked)
		}
	}
}

// A server that knows nothing of ranges sends all of it once more.
func TestNoRanges(t *testing.T) {
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			drop(w, r, 1000)
		}
		w.Write(content)
	})
	folder := t.TempDir()
	path, err := client(record.OS{}).Fetch(t.Context(), folder, file(s))
	arrived(t, folder, path, err)
}

// An interruption ends it at once, and the next call goes on.
func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n > 0 {
			right(w, r)
			return
		}
		w.Write(content[:100_000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c := client(record.OS{})
	c.Progress = func(done, _ int64) {
		if done == 100_000 {
			stop()
		}
	}
	folder := t.TempDir()
	if _, err := c.Fetch(ctx, folder, file(s)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	absent(t, folder)
	path, err := client(record.OS{}).Fetch(t.Context(), folder, file(s))
	if arrived(t, folder, path, err); s.requests()[1] != "100000-" {
		t.Errorf("asked for %q", s.requests())
	}
}

// Wherever a process is killed, the next call brings the file.
func TestKilled(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { right(w, r) })
	for n := int64(0); ; n++ {
		folder := filepath.Join(t.TempDir(), "x")
		_, err := client(recordtest.NewKilling(n)).Fetch(t.Context(), folder, file(s))
		path, again := client(record.OS{}).Fetch(t.Context(), folder, file(s))
		arrived(t, folder, path, again)
		if err == nil {
			if n < 5 {
				t.Errorf("it needs only %d operations", n)
			}
			return
		}
	}
}

// A disk that is full is said to be, and not tried again.
func TestFullDisk(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { right(w, r) })
	folder := t.TempDir()
	if _, err := client(fullDisk{}).Fetch(t.Context(), folder, file(s)); !errors.Is(err, syscall.ENOSPC) || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
	absent(t, folder)
}

type fullDisk struct{ record.OS }

func (d fullDisk) Extend(name string, size int64) (record.File, error) {
	f, err := d.OS.Extend(name, size)
	return fullFile{f}, err
}

type fullFile struct{ record.File }

func (fullFile) Write(p []byte) (int, error) { return 0, syscall.ENOSPC }

// The checksum of what a gzip file holds does not depend on how it was zipped.
func TestUnzipped(t *testing.T) {
	zip := func(level int, content []byte) []byte {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, level)
		w.Write(content)
		w.Close()
		return b.Bytes()
	}
	path := filepath.Join(t.TempDir(), "f.gz")
	f := File{Name: "f.gz", Most: 400_000, SHA256: sum(content), Unzipped: true}
	for want, file := range map[string][]byte{
		"":                             zip(1, content),
		" ":                            zip(9, content),
		"gzip header":                  content,
		"after ":                       zip(1, content)[:1000],
		"its sha256 of what it holds ": zip(1, content[1:]),
		"at most 400000 are allowed":   make([]byte, 400_001),
	} {
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
		err := Verify(t.Context(), path, f)
		if strings.TrimSpace(want) == "" && err != nil || strings.TrimSpace(want) != "" && (!errors.Is(err, ErrWrong) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Whatever an answer says of itself, what is under the name is the file.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "", "", []byte("hello"))
	f.Add(206, "bytes 2-4/5", "3", []byte("llo"))
	f.Add(206, "bytes 0-4/5", "5", []byte("hello"))
	f.Add(416, "bytes */5", "", []byte{})
	f.Add(206, "bytes 2-99999999999999999999/5", "", []byte("x"))
	f.Fuzz(func(t *testing.T, status int, contentRange, length string, body []byte) {
		if status < 200 || status > 599 || strings.ContainsAny(contentRange, "\r\n\x00") {
			return
		}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", contentRange)
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			w.WriteHeader(status)
			w.Write(body)
		}))
		defer s.Close()
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "f.part"), []byte("he"), 0o644); err != nil {
			t.Fatal(err)
		}
		c := client(record.OS{})
		c.Tries = 2
		path, err := c.Fetch(t.Context(), folder, File{Name: "f", URL: s.URL, Size: 5, SHA256: sum([]byte("hello"))})
		got, readErr := os.ReadFile(filepath.Join(folder, "f"))
		if err == nil && (string(got) != "hello" || path != filepath.Join(folder, "f")) || err != nil && readErr == nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}
