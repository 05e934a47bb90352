package serve

import (
	"crypto/rand"
	"flag"
	"io"
	mathrand "math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

var chaosFor = flag.Duration("chaos", 2*time.Second, "how long hostile clients come")

// hostile are things that a client may do.
var hostile = map[string]func(addr string){
	"garbage": func(addr string) {
		raw(addr, func(nc net.Conn) {
			b := make([]byte, 1<<14)
			rand.Read(b)
			nc.Write(b)
		})
	},
	"silence": func(addr string) { raw(addr, func(net.Conn) { time.Sleep(300 * time.Millisecond) }) },
	"half a greeting": func(addr string) {
		raw(addr, func(nc net.Conn) { io.WriteString(nc, "SSH-2.0-"); time.Sleep(100 * time.Millisecond) })
	},
	"gone before the shell": func(addr string) {
		visits(addr, func(c *gossh.Client, s *gossh.Session) { s.RequestPty("xterm", 24, 80, nil); s.WindowChange(0, 0) })
	},
	"gone at once": func(addr string) {
		visits(addr, func(c *gossh.Client, s *gossh.Session) { s.RequestPty("xterm", 24, 80, nil); s.Shell() })
	},
	"channel closed, connection left": func(addr string) {
		visits(addr, func(c *gossh.Client, s *gossh.Session) {
			s.RequestPty("xterm", 24, 80, nil)
			s.Shell()
			s.Close()
			time.Sleep(200 * time.Millisecond)
		})
	},
	"window changes": func(addr string) {
		visits(addr, func(c *gossh.Client, s *gossh.Session) {
			s.RequestPty("xterm", 1<<30, 1<<30, nil)
			s.Shell()
			for i := range 500 {
				s.WindowChange(i*i, 1<<20/(i+1))
			}
		})
	},
	"keys": func(addr string) {
		visits(addr, func(c *gossh.Client, s *gossh.Session) {
			keys, _ := s.StdinPipe()
			s.RequestPty("xterm", 150, 400, nil)
			s.Shell()
			time.AfterFunc(500*time.Millisecond, func() { c.Close() })
			for range 30 {
				io.WriteString(keys, strings.Repeat("\x1b[A\x1b[200~qqq?\x1a\x1b[<0;1;1M", 100))
			}
		})
	},
	"channels": func(addr string) {
		visits(addr, func(c *gossh.Client, s *gossh.Session) {
			for range 30 {
				go c.NewSession()
				go c.OpenChannel("direct-tcpip", nil)
				go c.SendRequest("tcpip-forward", true, nil)
			}
			time.Sleep(100 * time.Millisecond)
		})
	},
	"environment and subsystems": func(addr string) {
		visits(addr, func(c *gossh.Client, s *gossh.Session) {
			for range 100 {
				s.Setenv("LC_"+strings.Repeat("A", mathrand.IntN(300)), strings.Repeat("\x1b", 100))
			}
			s.RequestSubsystem("sftp")
			s.SendRequest("exec", true, []byte{0, 0, 0, 200, 1})
			s.SendRequest("pty-req", true, []byte("x"))
			s.SendRequest("window-change", true, nil)
			s.Start("echo '")
		})
	},
}

func raw(addr string, do func(net.Conn)) {
	if nc, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
		do(nc)
		nc.Close()
	}
}

func visits(addr string, do func(*gossh.Client, *gossh.Session)) {
	config := clientConfig()
	config.Timeout = 2 * time.Second
	c, err := gossh.Dial("tcp", addr, config)
	if err != nil {
		return
	}
	defer c.Close()
	if s, err := c.NewSession(); err == nil {
		do(c, s)
	}
}

// Hostile clients leave nothing behind, and whoever sits at a screen meanwhile gets
// his answers. The flag -chaos says for how long they come.
func TestChaos(t *testing.T) {
	s := start(t, nil)
	p := sits(t, s.dial(), 120, 40)
	p.sees("nothing is trained")
	before := runtime.NumGoroutine()
	var cycles atomic.Int64
	var wait sync.WaitGroup
	end := time.Now().Add(*chaosFor)
	for _, do := range hostile {
		wait.Go(func() {
			for time.Now().Before(end) {
				do(s.addr)
				cycles.Add(1)
			}
		})
	}
	var times []time.Duration
	for time.Now().Before(end) {
		p.forget()
		began := time.Now()
		io.WriteString(p.keys, "?")
		p.sees("this help")
		times = append(times, time.Since(began))
		time.Sleep(50 * time.Millisecond)
		p.forget()
		io.WriteString(p.keys, "\x1b")
		soon(t, "the help is gone", func() bool { return p.text() != "" }) // else it is alt with the next key
	}
	wait.Wait()
	soon(t, "nothing is left of them", func() bool { return runtime.NumGoroutine() <= before+2 })
	slices.Sort(times)
	t.Logf("%d hostile cycles in %v: %d goroutines before and %d after; key to screen %v / %v (p50 / p99 of %d keys)", cycles.Load(), *chaosFor,
		before, runtime.NumGoroutine(), times[len(times)/2], times[len(times)*99/100], len(times))
}
