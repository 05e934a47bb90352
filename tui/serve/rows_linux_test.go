package serve

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/ssh"
	"github.com/charmbracelet/wish"
	wishtea "github.com/charmbracelet/wish/bubbletea"
	gossh "golang.org/x/crypto/ssh"
)

// Rows for which the library is told more than it is in others.
const (
	sendsAway   = "who presses no key is sent away"
	asksNothing = "nothing is asked of the terminal"
)

// What a server must do that the library, as its documentation uses it, does not. Each
// row holds of ours; with -stock it is shown to fail of the library, in a process of
// its own.
var rows = map[string]func(s *peer) error{
	"a terminal of nothing is drawn": func(s *peer) error {
		p, err := s.sits(0, 0)
		if err != nil {
			return err
		}
		return s.soon("a frame", func() bool { return len(p.text()) > 500 })
	},
	"after window changes before the shell it is drawn": func(s *peer) error {
		session, err := s.session()
		if err != nil {
			return err
		}
		p := &person{t: s.T, session: session}
		session.Stdout = p
		if p.keys, err = session.StdinPipe(); err != nil { // without one there is an end of the keys, and who has gone sees nothing
			return err
		}
		if err := session.RequestPty("xterm-256color", 24, 80, nil); err != nil {
			return err
		}
		for i := range 100 {
			session.WindowChange(20+i%20, 80)
		}
		go session.Shell()
		return s.soon("a frame", func() bool { return len(p.text()) > 500 })
	},
	"window changes before the shell leave nothing behind": func(s *peer) error {
		if _, err := s.sits(80, 24); err != nil {
			return err
		}
		time.Sleep(300 * time.Millisecond)
		before := s.goroutines()
		for range 30 {
			c, err := gossh.Dial("tcp", s.addr, clientConfig())
			if err != nil {
				return err
			}
			session, err := c.NewSession()
			if err != nil {
				return err
			}
			session.RequestPty("xterm", 24, 80, nil)
			for i := range 3 {
				session.WindowChange(30+i, 90)
			}
			c.Close()
		}
		return s.soon("no more goroutines than before", func() bool { return s.goroutines() <= before+2 })
	},
	"little of an environment is let in": func(s *peer) error {
		session, err := s.session()
		if err != nil {
			return err
		}
		in := 0
		for i := range 150 {
			if session.Setenv("LC_"+strconv.Itoa(i), strings.Repeat("x", 100)) == nil {
				in++
			}
		}
		if in > maxVariables {
			return fmt.Errorf("%d variables are let in", in)
		}
		return nil
	},
	"a connection has one session": func(s *peer) error {
		c, err := s.dial()
		if err != nil {
			return err
		}
		for range 2 {
			if _, err = c.NewSession(); err != nil {
				return nil
			}
		}
		return errors.New("it has two")
	},
	"silence ends": func(s *peer) error {
		nc, err := net.Dial("tcp", s.addr)
		if err != nil {
			return err
		}
		defer nc.Close()
		nc.SetReadDeadline(time.Now().Add(s.patience))
		if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		return nil
	},
	sendsAway: func(s *peer) error {
		p, err := s.sits(100, 30)
		if err != nil {
			return err
		}
		ended := make(chan error, 1)
		go func() { ended <- p.session.Wait() }()
		for end := time.Now().Add(s.patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			p.session.WindowChange(30+int(time.Now().UnixMilli()/50%2), 100) // there is always something to draw
			select {
			case <-ended:
				return nil
			default:
			}
		}
		return errors.New("nobody is")
	},
	asksNothing: func(s *peer) error {
		p, err := s.sits(80, 24)
		if err != nil {
			return err
		}
		if err := s.soon("a frame", func() bool { return len(p.text()) > 500 }); err != nil {
			return err
		}
		if strings.Contains(p.text(), "\x1b]11;?") {
			return errors.New("the colour of its background is")
		}
		return nil
	},
	"ctrl+z stops nobody": func(s *peer) error {
		p, err := s.sits(80, 24)
		if err != nil {
			return err
		}
		io.WriteString(p.keys, "\x1a")
		time.Sleep(300 * time.Millisecond)
		other := make(chan error, 1)
		go func() { _, err := s.dial(); other <- err }()
		select {
		case err := <-other:
			return err
		case <-time.After(s.patience):
			return errors.New("nobody comes in any more")
		}
	},
	"the end waits for nobody": func(s *peer) error {
		if _, err := s.sits(80, 24); err != nil {
			return err
		}
		s.stop()
		select {
		case <-s.ended:
			return nil
		case <-time.After(s.patience):
			return errors.New("it does")
		}
	},
}

// A peer is a server, as far as rows can tell.
type peer struct {
	*testing.T
	addr       string
	patience   time.Duration
	goroutines func() int
	stop       func()
	ended      chan struct{}
}

func (s *peer) dial() (*gossh.Client, error) {
	c, err := gossh.Dial("tcp", s.addr, clientConfig())
	if err == nil {
		s.Cleanup(func() { c.Close() })
	}
	return c, err
}

func (s *peer) session() (*gossh.Session, error) {
	c, err := s.dial()
	if err != nil {
		return nil, err
	}
	return c.NewSession()
}

func (s *peer) sits(w, h int) (*person, error) {
	session, err := s.session()
	if err != nil {
		return nil, err
	}
	p := &person{t: s.T, session: session}
	session.Stdout = p
	if p.keys, err = session.StdinPipe(); err != nil {
		return nil, err
	}
	if err := session.RequestPty("xterm-256color", h, w, nil); err != nil {
		return nil, err
	}
	return p, session.Shell()
}

func (s *peer) soon(what string, so func() bool) error {
	for end := time.Now().Add(s.patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if so() {
			return nil
		}
	}
	return errors.New(what + " does not come about")
}

var stock = flag.Bool("stock", false, "show of what is promised that it fails with the library alone")

func TestRows(t *testing.T) {
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(c *Config) {
				c.Limits.Idle, c.Limits.Login, c.Limits.Grace = 2*time.Second, 2*time.Second, time.Second
			})
			ended := make(chan struct{})
			go func() {
				err := <-s.done
				s.done <- err
				close(ended)
			}()
			p := &peer{T: t, addr: s.addr, patience: time.Minute, goroutines: runtime.NumGoroutine, stop: s.stop, ended: ended}
			if err := row(p); err != nil {
				t.Error(err)
			}
		})
		if *stock {
			t.Run(name+", not by the library", func(t *testing.T) {
				if err := row(stockServer(t, name)); err == nil {
					t.Error("the library does that, too")
				} else {
					t.Log(err)
				}
			})
		}
	}
}

// stockServer is the library's, in a process of its own.
func stockServer(t *testing.T, row string) *peer {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "PADLAB_STOCK="+row)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	lines := bufio.NewScanner(out)
	lines.Scan()
	addr, counter, _ := strings.Cut(lines.Text(), " ")
	go func() { c.Wait(); close(ended) }()
	t.Cleanup(func() { c.Process.Kill(); <-ended })
	return &peer{
		T: t, addr: addr, patience: 6 * time.Second, ended: ended,
		stop: func() { c.Process.Signal(syscall.SIGTERM) },
		goroutines: func() int {
			nc, err := net.Dial("tcp", counter)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			text, _ := io.ReadAll(nc)
			n, _ := strconv.Atoi(string(text))
			return n
		},
	}
}

func init() { stockMain = serveStock }

// serveStock is what the documentation of the library shows, with what a row is about.
func serveStock(row string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	counter, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			nc, err := counter.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(nc, runtime.NumGoroutine())
			nc.Close()
		}
	}()
	dir, err := os.MkdirTemp("", "stock")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	options := []ssh.Option{wish.WithHostKeyPath(dir + "/key"), wish.WithMiddleware(wishtea.Middleware(func(sess ssh.Session) (tea.Model, []tea.ProgramOption) {
		if row == asksNothing {
			wishtea.MakeRenderer(sess)
		}
		return &plain{}, []tea.ProgramOption{tea.WithAltScreen()}
	}))}
	if row == sendsAway {
		options = append(options, wish.WithIdleTimeout(2*time.Second))
	}
	s, err := wish.NewServer(options...)
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr(), counter.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go s.Serve(l)
	<-ctx.Done()
	s.Shutdown(context.Background())
}

// A plain model fills its screen, answers ? and can be suspended.
type plain struct {
	w, h, n int
	said    string
}

type again struct{}

func tick() tea.Cmd {
	return tea.Tick(50*time.Millisecond, func(time.Time) tea.Msg { return again{} })
}

func (p *plain) Init() tea.Cmd { return tick() }

func (p *plain) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case again:
		p.n++
		return p, tick()
	case tea.WindowSizeMsg:
		p.w, p.h = msg.Width, msg.Height
	case tea.KeyMsg:
		switch msg.String() {
		case "?":
			p.said = "this help"
		case "ctrl+z":
			return p, tea.Suspend
		}
	}
	return p, nil
}

func (p *plain) View() string {
	if p.w < 1 || p.h < 1 {
		return ""
	}
	return p.said + strconv.Itoa(p.n) + "\n" + strings.Repeat(strings.Repeat("x", p.w)+"\n", max(0, p.h-2))
}
