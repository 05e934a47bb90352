// Package serve lets people use padlab over SSH: ssh -p 2222 HOST opens the screen,
// and ssh HOST run PRESET is a line command. It is the only room that knows the
// protocol.
//
// In front of the library stands a guard of our own: it bounds connections, what
// they send and how long they may take before anything of ours is built for them
// ([guard]); and what a client asks for on a channel is answered by a loop of our own
// that never waits ([visit]). Nothing but sessions is served: no forwarding, no agent,
// no file transfer, no signals.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/charmbracelet/ssh"
	"github.com/charmbracelet/wish"
	gossh "golang.org/x/crypto/ssh"

	"padlab/tui/app"
)

// A Config is what a server is made of.
type Config struct {
	HostKey gossh.Signer
	Door    Door
	Limits  Limits
	Look    Look

	// Log writes one line. It may be called from any goroutine.
	Log func(format string, args ...any)

	// Exec runs a line command and returns its exit code. It ends when the context
	// is done. in ends at once where the client is a terminal.
	Exec func(ctx context.Context, v Visitor, args []string, in io.Reader, out, err io.Writer) int

	// Screen is what a visitor looks at; the terminal and the themes are filled in
	// here. leave is called when the screen has been left.
	Screen func(v Visitor) (h *app.Host, s app.Session, leave func(), err error)
}

// A Visitor is who came in, and with what.
type Visitor struct {
	User     string // as the client calls him: nobody has checked it
	Key      string // fingerprint of the key he came in with, "" without one
	Address  string
	Teacher  bool                // he has shown that he is
	Terminal bool                // a person sits at a terminal
	Getenv   func(string) string // of his environment, what was let in
}

// Limits are what bounds visitors. All must be positive.
type Limits struct {
	Sessions   int           // at a time
	PerAddress int           // of them from one address
	Login      time.Duration // until a client has logged in
	Empty      time.Duration // that a connection may have no session
	Idle       time.Duration // since the last key
	Time       time.Duration // of a session in all
	Stall      time.Duration // that a client may take nothing of what is sent to it
	Grace      time.Duration // that sessions get to end when the server does
}

// DefaultLimits are those of padlab serve. A class behind one address fits.
func DefaultLimits() Limits {
	return Limits{
		Sessions: 300, PerAddress: 240,
		Login: 20 * time.Second, Empty: time.Minute, Idle: 10 * time.Minute, Time: 2 * time.Hour,
		Stall: 10 * time.Second, Grace: 4 * time.Second,
	}
}

// A server is what all sessions share.
type server struct {
	Config
	guard  *guard
	looks  looks
	ending context.Context // is done when the server ends

	mu       sync.Mutex
	sessions map[*visit]struct{}
	byNet    map[string]int
	wait     sync.WaitGroup // for visits
}

// Run serves whoever comes to the listener until the context is done, and then
// gives everybody Limits.Grace to end. It closes the listener. The error is why
// clients cannot be waited for any more, nil when the context was done.
func Run(ctx context.Context, l net.Listener, c Config) error {
	ending, end := context.WithCancel(context.Background())
	defer end()
	s := &server{Config: c, ending: ending, sessions: map[*visit]struct{}{}, byNet: map[string]int{}}
	s.guard = newGuard(c.Limits, s.logf)
	library, err := wish.NewServer(s.options)
	if err != nil {
		return err
	}
	stopped := context.AfterFunc(ctx, func() { l.Close() })
	defer stopped()
	failed := s.accept(ctx, l, library)
	l.Close()
	s.mu.Lock() // who comes in now is waited for, or sees that it is the end
	end()
	s.mu.Unlock()
	s.guard.closeEmpty()
	if !within(c.Limits.Grace, s.wait.Wait) {
		s.logf("some sessions did not end in %v: they are cut off", c.Limits.Grace)
	}
	s.guard.closeAll()
	within(time.Second/2, s.guard.wait.Wait)
	return failed
}

// within reports whether wait returned in time. When it did not, a goroutine stays
// with it.
func within(d time.Duration, wait func()) bool {
	done := make(chan struct{})
	go func() { wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

// accept hands connections on until the context is done. A listener that fails for
// a while, as when no more files can be opened, is tried again.
func (s *server) accept(ctx context.Context, l net.Listener, library *ssh.Server) error {
	var pause time.Duration
	for {
		nc, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if nc != nil {
				nc.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.logf("no connection can be accepted: %v", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			continue
		}
		pause = 0
		var c *conn
		s.safely("the door", func() { c = s.guard.admit(nc) })
		if c == nil {
			nc.Close()
			continue
		}
		s.guard.wait.Add(1)
		go func() {
			defer s.guard.wait.Done()
			defer s.guard.forget(c)
			s.safely("a connection", func() { library.HandleConn(c) })
		}()
	}
}

// options set up the library: what it knows by default is taken away.
func (s *server) options(library *ssh.Server) error {
	library.Version = "padlab"
	library.AddHostKey(s.HostKey)
	library.ConnCallback = func(ctx ssh.Context, nc net.Conn) net.Conn {
		ctx.SetValue(connKey{}, nc)
		return nc
	}
	library.ServerConfigCallback = func(ctx ssh.Context) *gossh.ServerConfig {
		c := ctx.Value(connKey{}).(*conn)
		return &gossh.ServerConfig{
			MaxAuthTries:              maxTries,
			NoClientAuth:              s.Door.Open,
			NoClientAuthCallback:      s.Door.unasked,
			VerifiedPublicKeyCallback: s.Door.verified,
			AuthLogCallback: func(_ gossh.ConnMetadata, method string, err error) {
				switch {
				case err == nil:
					s.guard.loggedIn(c)
				case method != "none": // with which clients ask what they may try
					c.tried.Store(true)
				}
			},
		}
	}
	s.Door.install(library)
	library.ChannelHandlers = map[string]ssh.ChannelHandler{
		"session": s.visit,
		"default": func(_ *ssh.Server, _ *gossh.ServerConn, offered gossh.NewChannel, ctx ssh.Context) {
			if c := ctx.Value(connKey{}).(*conn); !c.requests.take(1) {
				c.Close()
			}
			offered.Reject(gossh.Prohibited, "nothing but sessions is served")
		},
	}
	library.RequestHandlers = map[string]ssh.RequestHandler{
		"default": func(ctx ssh.Context, _ *ssh.Server, _ *gossh.Request) (bool, []byte) {
			if c := ctx.Value(connKey{}).(*conn); !c.requests.take(1) {
				c.Close()
			}
			return false, nil
		},
	}
	library.Handler = func(sess ssh.Session) { sess.Exit(1) } // never reached: our own handler answers channels
	return nil
}

// connKey is under what a connection's context has its [conn].
type connKey struct{}

// safely does something of which a panic ends nothing but itself.
func (s *server) safely(what string, do func()) {
	defer func() {
		if v := recover(); v != nil {
			s.logf("a fault of padlab in %s: %v\n%s", what, v, debug.Stack())
		}
	}()
	do()
}

func (s *server) logf(format string, args ...any) { s.Log("%s", fmt.Sprintf(format, args...)) }
