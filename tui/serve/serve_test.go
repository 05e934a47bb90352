package serve

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	gossh "golang.org/x/crypto/ssh"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/tui/app"
)

// stockMain serves as the library does by itself, for a row; nil: not on this system.
var stockMain func(row string)

func TestMain(m *testing.M) {
	if row := os.Getenv("PADLAB_STOCK"); row != "" && stockMain != nil {
		stockMain(row)
		return
	}
	goleak.VerifyTestMain(m)
}

// A served server is one under test.
type served struct {
	t    *testing.T
	addr string
	stop context.CancelFunc
	done chan error

	mu  sync.Mutex
	log []string
}

func signer(t testing.TB) gossh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := gossh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start serves until the test ends. Its screens train nothing; its commands are
// echo, sleep, panic and many.
func start(t *testing.T, change func(*Config)) *served {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &served{t: t, addr: l.Addr().String(), stop: stop, done: make(chan error, 1)}
	c := Config{
		HostKey: signer(t), Door: Door{Open: true}, Limits: DefaultLimits(), Look: Look{Glyphs: "auto", Dark: true},
		Log: func(format string, args ...any) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.log = append(s.log, fmt.Sprintf(format, args...))
		},
		Screen: func(v Visitor) (*app.Host, app.Session, func(), error) {
			if v.User == "panic" {
				panic("a screen that cannot be")
			}
			host := &app.Host{Start: func(context.Context, app.Wish) (*lab.Run, error) { return nil, errors.New("nothing is trained here") }}
			return host, app.Session{First: app.Preset{Name: "first", Experiment: experiment.Default()}}, func() {}, nil
		},
		Exec: func(ctx context.Context, v Visitor, args []string, in io.Reader, out, err io.Writer) int {
			switch args[0] {
			case "echo":
				fmt.Fprintln(out, strings.Join(args[1:], "|"), v.Getenv("LANG"), v.Getenv("PATH"))
			case "cat":
				io.Copy(out, in)
			case "sleep":
				<-ctx.Done()
				return 130
			case "many":
				for b := make([]byte, 1<<16); ; {
					if _, e := out.Write(b); e != nil {
						return 1
					}
				}
			case "panic":
				panic("a command that cannot be")
			}
			fmt.Fprintln(err, "done")
			return 3
		},
	}
	if change != nil {
		change(&c)
	}
	go func() { s.done <- Run(ctx, l, c) }()
	t.Cleanup(func() {
		stop()
		select {
		case <-s.done:
		case <-time.After(time.Minute):
			t.Error("the server does not end")
		}
	})
	return s
}

func (s *served) logged(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(strings.Join(s.log, "\n"), text)
}

// soon waits for something that comes about by itself.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Errorf("it does not come about: %s", what)
}

func clientConfig(auth ...gossh.AuthMethod) *gossh.ClientConfig {
	return &gossh.ClientConfig{User: "anna", Auth: auth, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: 5 * time.Second}
}

func (s *served) dial() *gossh.Client {
	s.t.Helper()
	c, err := gossh.Dial("tcp", s.addr, clientConfig())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// A person is somebody at a screen.
type person struct {
	t       *testing.T
	session *gossh.Session
	keys    io.WriteCloser
	mu      sync.Mutex
	shown   bytes.Buffer
}

func (p *person) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown.Write(b)
}

func (p *person) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown.String()
}

func (p *person) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown.Reset()
}

// sits sits somebody down at a screen of this size.
func sits(t *testing.T, c *gossh.Client, w, h int) *person {
	t.Helper()
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, session: session}
	session.Stdout = p
	if p.keys, err = session.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := session.RequestPty("xterm-256color", h, w, nil); err != nil {
		t.Fatal(err)
	}
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *person) sees(text string) {
	p.t.Helper()
	soon(p.t, "the screen shows "+text, func() bool { return strings.Contains(p.text(), text) })
}

// answers presses a key and waits for what it shows.
func (p *person) answers() {
	p.t.Helper()
	time.Sleep(1200 * time.Millisecond) // what was too much is forgiven by then
	p.forget()
	io.WriteString(p.keys, "?")
	p.sees("this help")
	io.WriteString(p.keys, "\x1b")
	time.Sleep(100 * time.Millisecond) // else it is alt with the next key
}

// ends waits until the session has ended.
func (p *person) ends() (err error) {
	p.t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.session.Wait() }()
	select {
	case err = <-done:
	case <-time.After(time.Minute):
		p.t.Error("the session does not end")
		p.session.Close()
	}
	return err
}

// The screen comes at once: nothing is asked of the terminal, no key is needed, and
// it is given back at the end.
func TestScreen(t *testing.T) {
	s := start(t, nil)
	p := sits(t, s.dial(), 120, 40)
	p.sees("nothing is trained here")
	for _, question := range []string{"\x1b]11;?", "\x1b]10;?", "\x1b[c", "\x1b[6n"} {
		if strings.Contains(p.text(), question) {
			t.Errorf("the terminal is asked %q", question)
		}
	}
	if !strings.Contains(p.text(), "╭") || !strings.Contains(p.text(), "\x1b[38;5;") {
		t.Error("no colours or no UTF-8 on an xterm-256color")
	}
	p.answers()
	io.WriteString(p.keys, "\x03")
	if err := p.ends(); err != nil {
		t.Errorf("left with %v", err)
	}
	if !strings.Contains(p.text(), "\x1b[?1049l") {
		t.Error("the terminal is not given back")
	}
	soon(t, "a log line", func() bool { return s.logged("anna: screen 120×40 xterm-256color") })
}

// Sizes that no terminal has reach the program as sizes that it can draw.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		w, h uint32
		want size
	}{
		{0, 0, size{80, 24}}, {0, 40, size{80, 24}}, {1, 1, size{20, 8}}, {120, 40, size{120, 40}}, {10000, 10000, size{400, 150}}, {1 << 31, 1<<32 - 1, size{400, 150}},
	} {
		if got := clamp(c.w, c.h); got != c.want {
			t.Errorf("%d×%d is drawn at %v", c.w, c.h, got)
		}
	}
	s := start(t, nil)
	for _, c := range []struct{ w, h int }{{0, 0}, {1, 1}, {100000, 100000}} {
		p := sits(t, s.dial(), c.w, c.h)
		p.session.WindowChange(0, 0)
		p.session.WindowChange(1, 1)
		p.session.WindowChange(100000, 100000)
		p.session.WindowChange(40, 120)
		p.answers()
	}
}

// A flood of window changes is followed as far as anybody could see it, and ends the
// connection when it is more.
func TestWindowChanges(t *testing.T) {
	s := start(t, nil)
	c := s.dial()
	p := sits(t, c, 120, 40)
	for i := range 150 {
		p.session.WindowChange(30+i%20, 100+i%20)
	}
	p.answers()
	other := sits(t, s.dial(), 120, 40)
	for i := range 5000 {
		if p.session.WindowChange(30+i%20, 100) != nil {
			break
		}
	}
	soon(t, "the connection is closed", func() bool {
		_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
		return err != nil
	})
	other.answers()
}

// Whoever goes before or after anything was asked for leaves nothing behind.
func TestComingAndGoing(t *testing.T) {
	s := start(t, nil)
	first := sits(t, s.dial(), 80, 24)
	first.sees("nothing is trained")
	before := runtime.NumGoroutine()
	for i := range 30 {
		c, err := gossh.Dial("tcp", s.addr, clientConfig())
		if err != nil {
			t.Fatal(err)
		}
		session, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		session.RequestPty("xterm", 24, 80, nil)
		session.WindowChange(30, 90)
		session.WindowChange(31, 91)
		if i%2 == 0 {
			session.Shell()
		}
		c.Close()
	}
	soon(t, "nothing is left of them", func() bool { return runtime.NumGoroutine() <= before })
}

// A connection is used for one session after the other: when the first one's channel
// is closed it has ended.
func TestConnectionSharing(t *testing.T) {
	s := start(t, nil)
	c := s.dial()
	p := sits(t, c, 80, 24)
	p.sees("nothing is trained")
	if _, err := c.NewSession(); err == nil {
		t.Error("two sessions at a time on one connection")
	}
	p.session.Close()
	soon(t, "the first one has ended", func() bool { return s.logged("the client is gone") })
	soon(t, "another one", func() bool {
		session, err := c.NewSession()
		if err != nil {
			return false
		}
		defer session.Close()
		out, err := session.Output("echo a 'b c'")
		var exit *gossh.ExitError
		return errors.As(err, &exit) && exit.ExitStatus() == 3 && strings.HasPrefix(string(out), "a|b c")
	})
}

// Floods of keys and pastes cost what a person's keys cost.
func TestFloodOfKeys(t *testing.T) {
	for name, flood := range map[string]string{
		"letters": strings.Repeat("j", 1<<20), "arrows": strings.Repeat("\x1b[A", 1<<18), "an open paste": "\x1b[200~" + strings.Repeat("x", 1<<20),
		"brackets": strings.Repeat("\x1b[200~", 1<<16), "mice": strings.Repeat("\x1b[<0;10;10M", 1<<16), "zeros": strings.Repeat("\x00", 1<<18),
		"half runes": strings.Repeat("\xe2\x94", 1<<17), "suspend": strings.Repeat("\x1a", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, nil)
			p, other := sits(t, s.dial(), 120, 40), sits(t, s.dial(), 120, 40)
			other.sees("nothing is trained")
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				io.WriteString(p.keys, flood)
			}()
			for range 10 {
				other.forget()
				io.WriteString(other.keys, "?")
				other.sees("this help")
				io.WriteString(other.keys, "\x1b")
				time.Sleep(60 * time.Millisecond)
			}
			if len(flood) < 64<<10 { // else its own keys come when the flood has passed
				<-ended
				p.answers()
			}
			s.stop()
			<-ended
		})
	}
}

// What a client may say of its environment is little.
func TestEnvironment(t *testing.T) {
	s := start(t, nil)
	session, err := s.dial().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for name, welcome := range map[string]bool{"LANG": true, "LC_ALL": true, "COLORTERM": true, "PATH": false, "LD_PRELOAD": false, "PADLAB_DATA": false, "TERM": false} {
		if err := session.Setenv(name, "de_DE.UTF-8"); (err == nil) != welcome {
			t.Errorf("%s: %v", name, err)
		}
	}
	if session.Setenv("LC_CTYPE", strings.Repeat("x", 1<<16)) == nil {
		t.Error("a long value is let in")
	}
	out, _ := session.Output("echo")
	if string(out) != " de_DE.UTF-8 \n" {
		t.Errorf("%q", out)
	}
	c := s.dial()
	session, err = c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for range 5000 {
		if session.Setenv("LC_X", "y") != nil {
			break
		}
	}
	soon(t, "a flood of variables ends the connection", func() bool { _, _, err := c.SendRequest("x", true, nil); return err != nil })
}

// Nothing but screens and commands is served.
func TestNothingElse(t *testing.T) {
	s := start(t, nil)
	c := s.dial()
	for _, kind := range []string{"direct-tcpip", "x11", "auth-agent@openssh.com", "direct-streamlocal@openssh.com"} {
		if _, _, err := c.OpenChannel(kind, gossh.Marshal(struct {
			Host string
			Port uint32
			From string
			At   uint32
		}{"127.0.0.1", 22, "127.0.0.1", 22})); err == nil {
			t.Errorf("a channel %s is opened", kind)
		}
	}
	for _, kind := range []string{"tcpip-forward", "streamlocal-forward@openssh.com", "no-more-sessions@openssh.com"} {
		if ok, _, err := c.SendRequest(kind, true, gossh.Marshal(struct {
			Host string
			Port uint32
		}{"0.0.0.0", 0})); ok || err != nil {
			t.Errorf("%s: %v, %v", kind, ok, err)
		}
	}
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if session.RequestSubsystem("sftp") == nil {
		t.Error("sftp is served")
	}
	for _, kind := range []string{"auth-agent-req@openssh.com", "x11-req", "signal", "break", "xon-xoff"} {
		if ok, err := session.SendRequest(kind, true, nil); ok || err != nil {
			t.Errorf("%s: %v, %v", kind, ok, err)
		}
	}
}

// Somebody who presses nothing is sent away, however much is shown to him.
func TestIdle(t *testing.T) {
	s := start(t, func(c *Config) { c.Limits.Idle = 700 * time.Millisecond })
	p := sits(t, s.dial(), 100, 30)
	done := make(chan error, 1)
	go func() { done <- p.session.Wait() }()
	for i := 0; ; i++ { // frames are written all the time
		select {
		case <-done:
			if !strings.Contains(p.text(), "no key was pressed for 700ms") {
				t.Errorf("he is not told: %q", p.text()[max(0, len(p.text())-200):])
			}
			return
		case <-time.After(30 * time.Millisecond):
			p.session.WindowChange(30+i%2, 100)
		}
		if i > 200 {
			t.Fatal("the session never ends")
		}
	}
}

func TestMaxTime(t *testing.T) {
	s := start(t, func(c *Config) { c.Limits.Time = 500 * time.Millisecond })
	session, err := s.dial().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var messages bytes.Buffer
	session.Stderr = &messages
	if err := session.Run("sleep"); err == nil || !strings.Contains(messages.String(), "a session may take 500ms") {
		t.Errorf("%v, %q", err, messages.String())
	}
}

// A slow conn can be told to read nothing.
type slowConn struct {
	net.Conn
	mu sync.Mutex
}

func (c *slowConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.Read(b[:min(len(b), 512)])
}

// That connections were closed is told when it is time for that, also by one that
// closes none.
func TestTellingOfTheRefused(t *testing.T) {
	var log []string
	g := newGuard(DefaultLimits(), func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) })
	come := func() {
		here, there := net.Pipe()
		there.Close()
		t.Cleanup(func() { here.Close() })
		c := g.admit(here)
		c.timer.Stop()
	}
	g.crowd.told = time.Now()
	for range maxPending + 3 {
		come()
	}
	if len(log) > 0 {
		t.Errorf("%q", log)
	}
	g.pending, g.crowd.told = nil, time.Time{}
	come()
	if len(log) != 1 || !strings.Contains(log[0], "3 closed, the last from pipe") {
		t.Errorf("%q", log)
	}
}

// A login that fails is told, and one that comes after a slip is not.
func TestFailedLogins(t *testing.T) {
	s := start(t, func(c *Config) { c.Door = Door{Password: "right password"} })
	config := clientConfig(gossh.Password("wrong"))
	if _, err := gossh.Dial("tcp", s.addr, config); err == nil {
		t.Fatal("wrong is right")
	}
	soon(t, "it is told", func() bool {
		return s.logged("logins that failed: 1, the last from 127.0.0.1")
	})
	tries := []string{"wrong", "right password"}
	config = clientConfig(gossh.RetryableAuthMethod(gossh.PasswordCallback(func() (string, error) {
		next := tries[0]
		tries = tries[1:]
		return next, nil
	}), 2))
	c, err := gossh.Dial("tcp", s.addr, config)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	s.stop()
	<-s.done
	s.done <- nil
	if strings.Count(strings.Join(s.log, "\n"), "logins that failed") != 1 {
		t.Errorf("%q", s.log)
	}
}

// A client that takes nothing is cut off.
func TestStalls(t *testing.T) {
	s := start(t, func(c *Config) { c.Limits.Stall = 600 * time.Millisecond })
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.(*net.TCPConn).SetReadBuffer(8 << 10)
	slow := &slowConn{Conn: nc}
	conn, chans, reqs, err := gossh.NewClientConn(slow, s.addr, clientConfig())
	if err != nil {
		t.Fatal(err)
	}
	c := gossh.NewClient(conn, chans, reqs)
	defer c.Close()
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	session.Stdout = io.Discard
	if err := session.Start("many"); err != nil {
		t.Fatal(err)
	}
	slow.mu.Lock() // reads no more from the network,
	soon(t, "it is cut off", func() bool { return s.logged("the client") })
	slow.mu.Unlock()
	other, err := s.dial().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.StdoutPipe(); err != nil { // or not from its channel
		t.Fatal(err)
	}
	if err := other.Start("many"); err != nil {
		t.Fatal(err)
	}
	soon(t, "it is cut off, too", func() bool { return s.logged(errStalled.Error()) })
}

// Who does not log in is cut off.
func TestSilence(t *testing.T) {
	s := start(t, func(c *Config) { c.Limits.Login = 500 * time.Millisecond })
	for _, says := range []string{"", "SSH-2.0-x\r\n", "GET / HTTP/1.0\r\n\r\n", strings.Repeat("x", 1<<16)} {
		nc, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(nc, says)
		nc.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, nc); errors.Is(err, context.DeadlineExceeded) || err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("who says %.20q is never cut off", says)
		}
		nc.Close()
	}
}

// Who opens connections and does not log in loses them, and nobody else does.
func TestHalfOpen(t *testing.T) {
	s := start(t, nil)
	p := sits(t, s.dial(), 120, 40)
	var list []net.Conn
	for range 3 * maxPending {
		nc, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		list = append(list, nc)
	}
	p.answers()
	sits(t, s.dial(), 80, 24).sees("nothing is trained")
	soon(t, "no more than may wait stay half open", func() bool {
		list = slices.DeleteFunc(list, func(nc net.Conn) bool {
			nc.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := io.Copy(io.Discard, nc)
			return err == nil || !strings.Contains(err.Error(), "timeout") // it is closed
		})
		return len(list) <= maxPending
	})
	if len(list) == 0 {
		t.Error("all of them are closed")
	}
}

// A fault in a session ends that session.
func TestFaults(t *testing.T) {
	s := start(t, nil)
	p := sits(t, s.dial(), 120, 40)
	session, err := s.dial().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Run("panic"); err == nil {
		t.Error("it ends well")
	}
	config := clientConfig()
	config.User = "panic"
	c, err := gossh.Dial("tcp", s.addr, config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sits(t, c, 80, 24).ends()
	soon(t, "the faults are logged", func() bool { return s.logged("a command that cannot be") && s.logged("a screen that cannot be") })
	p.answers()
}

// Sessions beyond the limit are told so.
func TestPlaces(t *testing.T) {
	s := start(t, func(c *Config) { c.Limits.Sessions, c.Limits.PerAddress = 3, 2 })
	sits(t, s.dial(), 80, 24).sees("nothing is trained")
	sits(t, s.dial(), 80, 24).sees("nothing is trained")
	sits(t, s.dial(), 80, 24).sees("there are 2 sessions from your address already")
}

// The server ends within its grace, whatever its clients do, and tells them.
func TestEnding(t *testing.T) {
	s := start(t, func(c *Config) { c.Limits.Grace = time.Second })
	p := sits(t, s.dial(), 80, 24)
	p.sees("nothing is trained")
	session, err := s.dial().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start("sleep"); err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	slow := &slowConn{Conn: nc}
	conn, chans, reqs, err := gossh.NewClientConn(slow, s.addr, clientConfig())
	if err != nil {
		t.Fatal(err)
	}
	c := gossh.NewClient(conn, chans, reqs)
	defer c.Close()
	sits(t, c, 400, 150)
	began := time.Now()
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	s.done <- nil
	if d := time.Since(began); d > 10*time.Second { // nobody is waited for beyond the grace
		t.Errorf("it took %v", d)
	}
	p.ends()
	if !strings.Contains(p.text(), "the server is going down") {
		t.Error("nobody is told")
	}
	var exit *gossh.ExitError
	if err := session.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 130 {
		t.Errorf("a command ended with %v", err)
	}
}
