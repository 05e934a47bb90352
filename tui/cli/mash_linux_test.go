package cli

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var (
	mashFor  = flag.Duration("mash", 2*time.Second, "how long keys are mashed")
	mashSeed = flag.Uint64("mashseed", 1, "which keys")
)

// spared are the bytes that a person ends or stops the program with.
var spared = strings.NewReplacer("q", "", "\x03", "", "\x1a", "", "\x1c", "")

// A masher is a toddler at a keyboard.
type masher struct {
	*rand.Rand
	p *pty
}

func (m *masher) letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(' ' + m.IntN('~'-' '+1))
	}
	return spared.Replace(string(b))
}

// special are the keys that are no letters, and what terminals send besides keys.
var special = []string{
	"\r", "\x1b", "\t", "\x1b[Z", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[6~", "\x1b[3~", "\x7f", "\x01", "\x05", "\x0b", "\x15",
	"\x1bOP", "\x1b[15~", "\x1b[1;5C", "\x1bx", "\x1b[I", "\x1b[O", "\x1b]11;rgb:ffff/ffff/ffff\x07", "\x1b[?62;c", "\x1b[24;80R", "\x1b[", "\x1b[<", "\x1b]", "\x1bP", "\x00", "\xff\xfe", "é", "漢", "👩‍👩‍👧",
}

func (m *masher) strike() {
	text := ""
	switch m.IntN(12) {
	case 0: // a key that is held down
		text = strings.Repeat(m.key(), 1+m.IntN(60))
	case 1:
		text = fmt.Sprintf("\x1b[<%d;%d;%d%c", m.IntN(70), m.IntN(200), m.IntN(60), "Mm"[m.IntN(2)])
	case 2:
		text = "\x1b[200~" + m.letters(m.IntN(2000)) + "\x1b[201~"
	case 3:
		if m.IntN(4) == 0 {
			text = "\x1b[200~" + m.letters(m.IntN(200)) // never ends
		}
	case 4:
		size := &unix.Winsize{Row: uint16(m.IntN(70)), Col: uint16(m.IntN(220))}
		if m.IntN(10) == 0 {
			size = &unix.Winsize{Row: 65535, Col: 65535}
		}
		unix.IoctlSetWinsize(int(m.p.master.Fd()), unix.TIOCSWINSZ, size)
	default:
		text = m.key()
	}
	m.p.master.WriteString(text)
}

func (m *masher) key() string {
	if m.IntN(3) == 0 {
		return special[m.IntN(len(special))]
	}
	return m.letters(1)
}

// Whatever is typed, pasted and resized, the program goes on until its person ends it,
// and does so at once. The flags say for how long, and which keys.
func TestMash(t *testing.T) {
	p := newPty(t)
	c := child(t, "--set", "net.arch=nearest")
	c.Dir = t.TempDir()
	c.Env = append(c.Env, "TERM=xterm-256color", "LANG=C.UTF-8", "XDG_STATE_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	p.attach(c)
	p.shows("pause")
	m := &masher{rand.New(rand.NewPCG(*mashSeed, 0)), p}
	n := 0
	for end := time.Now().Add(*mashFor); time.Now().Before(end); n++ {
		m.strike()
		time.Sleep(time.Duration(m.IntN(20)) * time.Millisecond)
		if c.Process.Signal(unix.Signal(0)) != nil || gone(c) {
			t.Fatalf("it ended after %d of seed %d: %.2000q", n, *mashSeed, p.last(2000))
		}
	}
	most := peak(c)
	p.master.WriteString("\x1b[200~a paste without an end")
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	p.master.WriteString("\x03")
	status := ended(t, c)
	t.Logf("%d strikes, %d MB at most, ctrl+c took %v", n, most>>20, time.Since(began).Round(time.Millisecond))
	if status.ExitStatus() != exitOK && status.ExitStatus() != exitInterrupted {
		t.Errorf("ctrl+c: %v", status)
	}
	if text := p.text(); strings.Contains(text, "goroutine ") || strings.Contains(text, "fault") {
		t.Errorf("a fault: %.4000q", p.last(4000))
	}
	p.restored()
}

// last is the end of what the terminal was told.
func (p *pty) last(n int) string { text := p.text(); return text[max(0, len(text)-n):] }

// gone reports whether the process is one only by name.
func gone(c *exec.Cmd) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.Process.Pid))
	return err != nil || regexp.MustCompile(`\) Z `).Match(b)
}

// peak is how much memory the process has had, in bytes.
func peak(c *exec.Cmd) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	var kB int64
	fmt.Sscan(rest, &kB)
	return kB << 10
}
