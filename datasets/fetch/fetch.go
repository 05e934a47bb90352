// Package fetch brings a file here from a web server, so that under its name there
// is ever only what was asked for: it arrives under another name, goes on from
// where a broken connection or a killed process has left it, and is renamed once
// its size and its SHA-256 are right.
package fetch

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"padlab/core/record"
)

// A File is what a server is asked for, and what it has to be.
type File struct {
	Name   string // without folders
	URL    string // http or https
	Size   int64  // in bytes; 0: not known, then at most Most
	Most   int64
	SHA256 string // 64 small hexadecimal digits

	// Unzipped says that SHA256 is that of what the gzip file holds, at most Most
	// bytes: the same content is zipped in several ways.
	Unzipped bool
}

// A Client fetches files.
type Client struct {
	HTTP  *http.Client
	Disk  record.Disk
	Agent string // what it calls itself

	Tries int           // to get one more byte, before it gives up
	Wait  time.Duration // after the first of them in vain; it doubles
	Stall time.Duration // how long a server may say nothing

	Progress func(done, total int64) // of a file; total 0: not known
	Problem  func(text string)       // what it has met and goes on from
}

// NewClient returns a client as a person needs one. It leaves no connection open.
func NewClient(disk record.Disk, agent string) *Client {
	dialer := &net.Dialer{Timeout: 15 * time.Second}
	return &Client{
		HTTP: &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: 15 * time.Second, DisableCompression: true, DisableKeepAlives: true,
		}},
		Disk: disk, Agent: agent, Tries: 5, Wait: time.Second / 2, Stall: 30 * time.Second,
		Progress: func(int64, int64) {}, Problem: func(string) {},
	}
}

// ErrWrong is what a file is that is not the one asked for.
var ErrWrong = errors.New("it is not the file that was asked for")

// PartEnd ends the name of a file that is not there whole.
const PartEnd = ".part"

// Fetch brings a file into a folder, which it makes, and returns its path. A file
// that is there already is checked and not fetched again. What has come when
// Fetch fails stays for the next call, unless it is wrong (ErrWrong). Errors of
// the disk are those of the operating system.
func (c *Client) Fetch(ctx context.Context, folder string, f File) (string, error) {
	if err := c.Disk.MakeFolder(folder); err != nil {
		return "", err
	}
	path := filepath.Join(folder, f.Name)
	part := path + PartEnd
	if _, err := os.Lstat(path); err == nil {
		if err := Verify(ctx, path, f); err == nil || !errors.Is(err, ErrWrong) {
			return path, err
		}
		if err := c.Disk.Remove(path); err != nil {
			return "", err
		}
	}
	before := sizeOf(part)
	for {
		if err := c.download(ctx, part, f); err != nil {
			return "", err
		}
		err := Verify(ctx, part, f)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrWrong) {
			return "", err
		}
		if err := c.Disk.Remove(part); err != nil {
			return "", err
		}
		if before == 0 {
			return "", fmt.Errorf("%s: %w", Shown(f.URL), err)
		}
		before = 0
		c.Problem(fmt.Sprintf("%s: what had come before was not its beginning; fetching all of it", f.Name))
	}
	if err := c.Disk.Rename(part, path); err != nil {
		return "", err
	}
	return path, c.Disk.SyncFolder(folder)
}

// sizeOf is how many bytes a file has, 0 if it is not there.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Shown is a URL without the password that may stand in it.
func Shown(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return address[strings.LastIndex(address, "@")+1:]
}

// CheckURL is the error of an address that nothing can be fetched from.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("not an address that begins with http:// or https:// and a host: %q", Shown(address))
	}
	return nil
}

// Verify is nil for the right file, and ErrWrong with the reason for another one.
func Verify(ctx context.Context, path string, f File) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	content := Heed(ctx, file)
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrWrong, fmt.Sprintf(format, args...))
	}
	switch size := sizeOf(path); {
	case f.Size > 0 && size != f.Size:
		return wrong("%d bytes, want %d", size, f.Size)
	case f.Size == 0 && size > f.Most:
		return wrong("%d bytes, at most %d are allowed", size, f.Most)
	}
	of := "sha256"
	if f.Unzipped {
		unzipped, err := gzip.NewReader(content)
		if err != nil {
			return wrong("gzip header: %v", err)
		}
		content, of = io.LimitReader(unzipped, f.Most+1), "sha256 of what it holds"
	}
	h := sha256.New()
	if n, err := io.Copy(h, content); ctx.Err() != nil {
		return ctx.Err()
	} else if disk := (*fs.PathError)(nil); errors.As(err, &disk) {
		return err
	} else if err != nil {
		return wrong("after %d bytes: %v", n, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.SHA256 {
		return wrong("its %s is %s, want %s", of, got, f.SHA256)
	}
	return nil
}

// Heed returns a reader of r, in pieces of at most 1 MiB, that ends when the context
// does.
func Heed(ctx context.Context, r io.Reader) io.Reader { return heeding{ctx, r} }

type heeding struct {
	ctx  context.Context
	from io.Reader
}

func (r heeding) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p[:min(len(p), 1<<20)])
}

// A brokenError is one that another try may get beyond.
type brokenError struct{ error }

func (e brokenError) Unwrap() error { return e.error }

// download fetches what is missing of a file, in as many tries as that takes.
func (c *Client) download(ctx context.Context, part string, f File) error {
	wait := c.Wait
	for try := 1; ; try++ {
		before := sizeOf(part)
		err := c.try(ctx, part, f)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			return nil
		}
		now := sizeOf(part)
		if broken := (brokenError{}); !errors.As(err, &broken) {
			return err
		}
		if now > before {
			try, wait = 1, c.Wait
		}
		if try == c.Tries {
			stays := ""
			if now > 0 {
				stays = fmt.Sprintf("; the %d bytes that have come stay, and the same command goes on from there", now)
			}
			return fmt.Errorf("%s: %w (%d tries)%s", Shown(f.URL), err, try, stays)
		}
		c.Problem(fmt.Sprintf("%s: %v; trying again in %v", f.Name, err, wait))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		wait *= 2
	}
}

// try asks once for what is missing.
func (c *Client) try(ctx context.Context, part string, f File) error {
	have := sizeOf(part)
	if f.Size > 0 && have > f.Size {
		have = 0
	}
	if f.Size > 0 && have == f.Size {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(c.Stall, func() { cancel(fmt.Errorf("the server says nothing for %v", c.Stall)) })
	defer silent.Stop()

	if err := CheckURL(f.URL); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", c.Agent)
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	answer, err := c.HTTP.Do(request)
	if err != nil {
		return brokenError{cause(ctx, err)}
	}
	defer answer.Body.Close()
	switch code := answer.StatusCode; {
	case code == http.StatusOK:
		have = 0 // all of it comes
	case code == http.StatusPartialContent && have > 0 && strings.HasPrefix(answer.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
	case code == http.StatusPartialContent, code == http.StatusRequestedRangeNotSatisfiable && f.Size > 0:
		return c.restart(part, fmt.Errorf("%s: it answers with another part (%q)", answer.Status, answer.Header.Get("Content-Range")))
	case code == http.StatusRequestedRangeNotSatisfiable && have > 0:
		return nil // nothing is behind what there is: whether that is all of it, its checksum says
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return brokenError{errors.New(answer.Status)}
	default:
		return fmt.Errorf("%s: the server says %s", Shown(f.URL), answer.Status)
	}

	most := f.Most
	if f.Size > 0 {
		most = f.Size
	}
	if n := answer.ContentLength; n >= 0 && f.Size > 0 && have+n != f.Size {
		return fmt.Errorf("%s: %w: the server has %d bytes, want %d", Shown(f.URL), ErrWrong, have+n, f.Size)
	} else if have+max(0, n) > most {
		return fmt.Errorf("%s: %w: the server has %d bytes, at most %d are allowed", Shown(f.URL), ErrWrong, have+n, most)
	}
	return c.receive(ctx, answer, part, have, most, f, silent)
}

// restart takes away what had come: the next try asks for all.
func (c *Client) restart(part string, err error) error {
	if err := c.Disk.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return brokenError{err}
}

// receive writes an answer behind what there is.
func (c *Client) receive(ctx context.Context, answer *http.Response, part string, have, most int64, f File, silent *time.Timer) (err error) {
	file, err := c.Disk.Extend(part, have)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	total := f.Size
	if total == 0 && answer.ContentLength >= 0 {
		total = have + answer.ContentLength
	}
	buffer := make([]byte, 1<<16)
	for {
		n, err := answer.Body.Read(buffer)
		silent.Reset(c.Stall)
		if have+int64(n) > most {
			return fmt.Errorf("%s: %w: it goes on after %d bytes", Shown(f.URL), ErrWrong, most)
		}
		if n > 0 {
			if _, err := file.Write(buffer[:n]); err != nil {
				return err
			}
			have += int64(n)
			c.Progress(have, total)
		}
		switch {
		case err == io.EOF && have < f.Size:
			return brokenError{fmt.Errorf("it ends after %d of %d bytes", have, f.Size)}
		case err == io.EOF:
			return file.Sync()
		case err != nil:
			return brokenError{cause(ctx, err)}
		}
	}
}

// cause is why a request failed, without the address that Go puts in front.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		return outer.Err
	}
	return err
}
