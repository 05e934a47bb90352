package serve

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	gossh "golang.org/x/crypto/ssh"
)

// HostKey reads the key by which clients know the server, or makes it, once: an
// ed25519 key that only the owner of the file may read. A file that others may read,
// or that is no key, is an error; it is never overwritten.
func HostKey(path string) (gossh.Signer, error) {
	data, mode, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if data, err = makeHostKey(path); errors.Is(err, fs.ErrExist) { // by another server, meanwhile
			data, mode, err = readFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the host key: %w", err)
	}
	if runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the host key: %s: others may read it (mode %04o): chmod 600", path, mode.Perm())
	}
	signer, err := gossh.ParsePrivateKey(data)
	if err != nil {
		return nil, fmt.Errorf("the host key: %s: %w", path, err)
	}
	return signer, nil
}

// makeHostKey writes a new key under a temporary name and links it to its own, so
// that there is never half of one, and the first of two servers wins.
func makeHostKey(path string) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := gossh.MarshalPrivateKey(private, "padlab")
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(block)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, ".host-key-*") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	return data, err
}

// Fingerprint is what a client shows of a key before it trusts it.
func Fingerprint(key gossh.PublicKey) string { return gossh.FingerprintSHA256(key) }
