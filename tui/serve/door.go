package serve

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/ssh"
	gossh "golang.org/x/crypto/ssh"
)

const (
	maxTries = 5 // to log in, on one connection

	guessBurst = 10   // wrong passwords from one address, and then one a second
	maxGuesses = 4096 // addresses that are remembered

	leastPassword = 8 // characters
)

// A Door says who may come in: who has one of the keys, who knows the password, or,
// when it is open, everybody. The zero Door lets nobody in.
type Door struct {
	Keys     []gossh.PublicKey
	Password string // empty: none
	Open     bool

	// In a class, who calls himself teacher comes in with one of these, and with
	// nothing else.
	TeacherKeys []gossh.PublicKey
	TeacherPIN  string

	guesses *guesses
}

// teacher is what a teacher calls himself.
const teacher = "teacher"

// teaches reports whether somebody comes to teach.
func (d Door) teaches(user string) bool {
	return user == teacher && (len(d.TeacherKeys) > 0 || d.TeacherPIN != "")
}

// install tells the library who may come in. Without any handler it would let
// everybody in.
func (d Door) install(library *ssh.Server) {
	d.guesses = &guesses{of: map[string]*bucket{}}
	if d.Open && !d.teaches(teacher) {
		return
	}
	library.PublicKeyHandler = func(ctx ssh.Context, key ssh.PublicKey) bool { return d.knows(ctx.User(), key) }
	if d.Password != "" || d.TeacherPIN != "" {
		library.PasswordHandler = func(ctx ssh.Context, password string) bool {
			want := d.Password
			if d.teaches(ctx.User()) {
				want = d.TeacherPIN
			}
			return want != "" && d.guesses.right(ctx.Value(connKey{}).(*conn).address, password, want)
		}
	}
}

// unasked lets everybody in at an open door, but for who comes to teach.
func (d Door) unasked(c gossh.ConnMetadata) (*gossh.Permissions, error) {
	if !d.Open || d.teaches(c.User()) {
		return nil, errors.New("permission denied")
	}
	return &gossh.Permissions{}, nil
}

// knows reports whether this is one of the keys with which somebody may come in.
func (d Door) knows(user string, key gossh.PublicKey) bool {
	keys := d.Keys
	if d.teaches(user) {
		keys = d.TeacherKeys
	}
	blob, known := key.Marshal(), 0
	for _, k := range keys {
		known |= subtle.ConstantTimeCompare(blob, k.Marshal())
	}
	return known == 1
}

// verified looks again at the key with which a client has really signed: which keys
// it had offered before says nothing.
func (d Door) verified(c gossh.ConnMetadata, key gossh.PublicKey, p *gossh.Permissions, _ string) (*gossh.Permissions, error) {
	if !d.knows(c.User(), key) {
		return nil, errors.New("permission denied")
	}
	return p, nil
}

// guesses counts wrong passwords by address.
type guesses struct {
	mu sync.Mutex
	of map[string]*bucket
}

// right reports whether a password is the right one. From an address that has
// guessed too often none is, for a second.
func (g *guesses) right(address, password, want string) bool {
	a, b := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(want))
	same := subtle.ConstantTimeCompare(a[:], b[:]) == 1
	g.mu.Lock()
	defer g.mu.Unlock()
	wrong := g.of[address]
	if wrong == nil {
		if same {
			return true
		}
		if len(g.of) >= maxGuesses {
			g.tidy()
		}
		fresh := newBucket(1, guessBurst)
		wrong = &fresh
		g.of[address] = wrong
	}
	allowed := wrong.take(1)
	if allowed && same {
		wrong.debt(-1) // it was no guess
	}
	return allowed && same
}

// tidy forgets addresses that have not guessed for a while, or all when all have.
func (g *guesses) tidy() {
	for address, b := range g.of {
		if time.Since(b.at) > guessBurst*time.Second {
			delete(g.of, address)
		}
	}
	if len(g.of) >= maxGuesses {
		clear(g.of)
	}
}

// NewPIN draws a PIN of ten characters that cannot be taken for one another: 50
// bits.
func NewPIN() string {
	const letters = "23456789abcdefghijkmnpqrstuvwxyz"
	b := make([]byte, 10)
	rand.Read(b)
	for i := range b {
		b[i] = letters[b[i]%byte(len(letters))]
	}
	return string(b)
}

// maxFile bounds files of keys and passwords.
const maxFile = 1 << 20

// readFile reads a regular file of bounded length.
func readFile(path string) ([]byte, os.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s: longer than %d bytes", path, maxFile)
	}
	return data, info.Mode(), err
}

// AuthorizedKeys reads the keys of a file in the form of OpenSSH's authorized_keys.
// Options that take rights away which nobody has here are passed over; others, such
// as from= and command=, are an error, as is a file without a key.
func AuthorizedKeys(path string) ([]gossh.PublicKey, error) {
	data, _, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var keys []gossh.PublicKey
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxFile)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, _, options, _, err := gossh.ParseAuthorizedKey(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: not a public key: %w", path, n, err)
		}
		for _, o := range options {
			if o != "restrict" && !strings.HasPrefix(o, "no-") && o != "pty" {
				return nil, fmt.Errorf("%s:%d: the option %q is not heeded by padlab: take it, or the key, away", path, n, o)
			}
		}
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: there is no key in it", path)
	}
	return keys, nil
}

// ReadPassword reads the first line of a file, which nobody else may read. It has at
// least 8 characters.
func ReadPassword(path string) (string, error) {
	data, mode, err := readFile(path)
	if err != nil {
		return "", err
	}
	if runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s: others may read it (mode %04o): chmod 600", path, mode.Perm())
	}
	line, _, _ := strings.Cut(string(data), "\n")
	line = strings.TrimSuffix(line, "\r")
	if n := utf8.RuneCountInString(line); n < leastPassword {
		return "", fmt.Errorf("%s: a password has at least %d characters, and this has %d", path, leastPassword, n)
	}
	return line, nil
}
