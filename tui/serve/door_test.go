package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// Nobody comes in who was not let in: without a word of who may, nobody does.
func TestDoor(t *testing.T) {
	known, other := signer(t), signer(t)
	keys := Door{Keys: []gossh.PublicKey{known.PublicKey()}}
	for name, c := range map[string]struct {
		door Door
		auth []gossh.AuthMethod
		in   bool
	}{
		"a shut door":           {Door{}, []gossh.AuthMethod{gossh.Password("")}, false},
		"nothing":               {keys, nil, false},
		"a key":                 {keys, []gossh.AuthMethod{gossh.PublicKeys(known)}, true},
		"one of two keys":       {keys, []gossh.AuthMethod{gossh.PublicKeys(other, known)}, true},
		"another key":           {keys, []gossh.AuthMethod{gossh.PublicKeys(other)}, false},
		"a password for keys":   {keys, []gossh.AuthMethod{gossh.Password("")}, false},
		"the password":          {Door{Password: "correct horse"}, []gossh.AuthMethod{gossh.Password("correct horse")}, true},
		"another password":      {Door{Password: "correct horse"}, []gossh.AuthMethod{gossh.Password("correct horsf")}, false},
		"no password":           {Door{Password: "correct horse"}, []gossh.AuthMethod{gossh.Password("")}, false},
		"a key for a password":  {Door{Password: "correct horse"}, []gossh.AuthMethod{gossh.PublicKeys(known)}, false},
		"nothing, for everyone": {Door{Open: true}, nil, true},

		"teacher with nothing":       {Door{Open: true, TeacherPIN: "correct horse"}, nil, false},
		"teacher with a wrong PIN":   {Door{Open: true, TeacherPIN: "correct horse"}, []gossh.AuthMethod{gossh.Password("wrong horse")}, false},
		"teacher with the PIN":       {Door{Open: true, TeacherPIN: "correct horse"}, []gossh.AuthMethod{gossh.Password("correct horse")}, true},
		"teacher, password of all":   {Door{Password: "battery staple", TeacherPIN: "correct horse"}, []gossh.AuthMethod{gossh.Password("battery staple")}, false},
		"teacher with a pupil's key": {Door{Keys: keys.Keys, TeacherKeys: []gossh.PublicKey{other.PublicKey()}}, []gossh.AuthMethod{gossh.PublicKeys(known)}, false},
		"teacher with his key":       {Door{Keys: keys.Keys, TeacherKeys: []gossh.PublicKey{other.PublicKey()}}, []gossh.AuthMethod{gossh.PublicKeys(other)}, true},
		"all, beside a teacher":      {Door{Open: true, TeacherPIN: "correct horse"}, nil, true},
		"all, with the teacher's":    {Door{Password: "battery staple", TeacherPIN: "correct horse"}, []gossh.AuthMethod{gossh.Password("correct horse")}, false},
	} {
		s := start(t, func(config *Config) { config.Door = c.door })
		config := clientConfig(c.auth...)
		if strings.HasPrefix(name, "teacher") {
			config.User = teacher
		}
		client, err := gossh.Dial("tcp", s.addr, config)
		if (err == nil) != c.in {
			t.Errorf("%s: %v", name, err)
		}
		if client != nil {
			client.Close()
		}
	}
	if _, err := keys.verified(anna{}, other.PublicKey(), nil, ""); err == nil {
		t.Error("a key that was not let in has signed, and is let in")
	}
}

// anna is a connection of hers.
type anna struct{ gossh.ConnMetadata }

func (anna) User() string { return "anna" }

// Passwords cannot be guessed quickly, and who shares an address with a guesser can
// come in when he rests.
func TestGuesses(t *testing.T) {
	g := &guesses{of: map[string]*bucket{}}
	for range guessBurst {
		if g.right("1.2.3.4", "wrong", "right") {
			t.Fatal("wrong is right")
		}
	}
	if g.right("1.2.3.4", "right", "right") {
		t.Error("the eleventh guess within a second is heeded")
	}
	if !g.right("1.2.3.5", "right", "right") {
		t.Error("another address suffers")
	}
	g.of["1.2.3.4"].at = time.Now().Add(-1500 * time.Millisecond)
	for range 3 {
		if !g.right("1.2.3.4", "right", "right") {
			t.Error("the right one is not heeded a second later")
		}
	}
	for i := range 3 * maxGuesses {
		g.right(strings.Repeat("x", 1+i%7)+string(rune(i)), "wrong", "right")
	}
	if len(g.of) > maxGuesses {
		t.Errorf("%d addresses are remembered", len(g.of))
	}
}

func TestFilesOfKeysAndPasswords(t *testing.T) {
	dir := t.TempDir()
	line := string(gossh.MarshalAuthorizedKey(signer(t).PublicKey()))
	for text, problem := range map[string]string{
		"# class of 2026\n\n" + line + "restrict,pty " + line: "",
		"":                               "there is no key in it",
		"nonsense\n":                     ":1: not a public key",
		line + `from="10.0.0.1" ` + line: ":2: the option",
	} {
		path := filepath.Join(dir, "keys")
		os.WriteFile(path, []byte(text), 0o644)
		keys, err := AuthorizedKeys(path)
		if problem == "" && (err != nil || len(keys) != 2) || problem != "" && (err == nil || !strings.Contains(err.Error(), problem)) {
			t.Errorf("%q: %d keys, %v", text, len(keys), err)
		}
	}
	for _, c := range []struct {
		text    string
		mode    os.FileMode
		problem string
	}{{"correct horse\r\nmore", 0o600, ""}, {"short", 0o600, "at least 8"}, {"correct horse", 0o644, "others may read it"}} {
		path := filepath.Join(dir, "password")
		os.Remove(path)
		os.WriteFile(path, []byte(c.text), c.mode)
		password, err := ReadPassword(path)
		if c.problem == "" && (err != nil || password != "correct horse") || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("%q: %q, %v", c.text, password, err)
		}
	}
	if a, b := NewPIN(), NewPIN(); len(a) < 8 || a == b {
		t.Errorf("PINs %q, %q", a, b)
	}
}

// The host key is made once, and belongs to nobody else.
func TestHostKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "key")
	first, err := HostKey(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := HostKey(path)
	if err != nil || Fingerprint(first.PublicKey()) != Fingerprint(again.PublicKey()) || first.PublicKey().Type() != "ssh-ed25519" {
		t.Errorf("another key: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if list, _ := os.ReadDir(filepath.Dir(path)); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
	os.Chmod(path, 0o644)
	if _, err := HostKey(path); err == nil || !strings.Contains(err.Error(), "others may read it") {
		t.Errorf("a key that others may read: %v", err)
	}
	os.WriteFile(path, []byte("no key"), 0o600)
	os.Chmod(path, 0o600)
	if _, err := HostKey(path); err == nil {
		t.Error("it is overwritten")
	}
}
