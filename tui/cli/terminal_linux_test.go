package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A pty is a terminal at which a process is started, and which answers nothing that
// it is asked.
type pty struct {
	testing.TB
	master, slave *os.File
	before        unix.Termios

	mu  sync.Mutex
	out bytes.Buffer
}

func newPty(t testing.TB) *pty {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	master := os.NewFile(uintptr(fd), "/dev/ptmx") // not blocking: a close ends the read
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &pty{TB: t, master: master, slave: slave, before: mode(t, slave)}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, err := master.Read(b)
			p.mu.Lock()
			p.out.Write(b[:n])
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return p
}

func mode(t testing.TB, f *os.File) unix.Termios {
	t.Helper()
	m, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *m
}

// start starts padlab at the terminal, with a state directory of its own.
func (p *pty) start(args ...string) *exec.Cmd {
	p.Helper()
	c := child(p.TB.(*testing.T), args...)
	c.Env = append(c.Env, "TERM=xterm-256color", "LANG=C.UTF-8", "XDG_STATE_HOME="+p.TempDir())
	p.attach(c)
	return c
}

// attach starts a command at the terminal.
func (p *pty) attach(c *exec.Cmd) {
	p.Helper()
	c.Stdin, c.Stdout, c.Stderr = p.slave, p.slave, p.slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		p.Fatal(err)
	}
}

func (p *pty) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// shows waits until the terminal has been told a text.
func (p *pty) shows(text string) {
	p.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !strings.Contains(p.text(), text) {
		if time.Now().After(deadline) {
			p.Fatalf("%q does not come: %q", text, p.text())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// restored checks that the terminal is as it was.
func (p *pty) restored() {
	p.Helper()
	p.shows("\x1b[?1049l")
	if got := p.text(); strings.LastIndex(got, "\x1b[?1049l") < strings.LastIndex(got, "\x1b[?1049h") || strings.LastIndex(got, "\x1b[?25h") < strings.LastIndex(got, "\x1b[?25l") {
		p.Errorf("the alternate screen stays, or the cursor is away: %q", got)
	}
	if now := mode(p, p.slave); now != p.before {
		p.Errorf("the terminal is left in another mode: %+v, was %+v", now, p.before)
	}
}

// No command but the screen says anything to the terminal that is not text, and none
// waits for an answer.
func TestNothingIsAsked(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--help"}, {"presets"}, {"schemes", "show", "reflect", "--size", "5", "--pad", "2"}, {"nonsense"}} {
		p := newPty(t)
		begin := time.Now()
		ended(t, p.start(args...))
		if took := time.Since(begin); took > 4*time.Second { // what is asked at import waits five
			t.Errorf("%v took %v at a terminal that does not answer", args, took)
		}
		if strings.Contains(p.text(), "\x1b") {
			t.Errorf("%v: %q", args, p.text())
		}
	}
}

func TestTheScreenAtATerminal(t *testing.T) {
	quick := []string{"--set", "train.steps=1000000", "--set", "train.eval_every=1000000", "--set", "net.arch=nearest"}
	p := newPty(t)
	c := p.start(quick...)
	p.shows("where-am-i")
	p.shows("pause")

	p.master.WriteString("qq")
	if status := ended(t, c); status.ExitStatus() != exitOK {
		t.Errorf("q q: %v", status)
	}
	p.restored()

	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT} {
		p := newPty(t)
		c := p.start(quick...)
		p.shows("pause")
		c.Process.Signal(s)
		if status := ended(t, c); status.ExitStatus() != exitInterrupted {
			t.Errorf("%v: %v", s, status)
		}
		p.restored()
	}
}
