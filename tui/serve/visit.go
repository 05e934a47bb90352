package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/anmitsu/go-shlex"
	"github.com/charmbracelet/ssh"
	gossh "golang.org/x/crypto/ssh"
)

// Why a session ends, in words for whoever sits there and for the log. Where nobody
// can read them any more the text is for the log alone.
var (
	errLeft    = errors.New("left")
	errGone    = errors.New("the client is gone")
	errEnding  = errors.New("the server is going down")
	errStalled = errors.New("the client takes nothing any more")
	errFlood   = errors.New("too many requests")
	errNothing = errors.New("nothing was asked for")
)

// What is let in of what a client says. Other variables are refused.
const (
	maxTerm      = 64
	maxVariables = 20
	maxVariable  = 128
	maxCommand   = 8 << 10
)

// A size is that of a terminal.
type size struct{ w, h int }

// clamp is the size at which is drawn: what a client says may be nothing, as of a
// script, or anything. Nothing is 80×24.
func clamp(w, h uint32) size {
	if w == 0 || h == 0 {
		return size{80, 24}
	}
	return size{int(max(20, min(w, 400))), int(max(8, min(h, 150)))}
}

// A visit is one session: a channel with what its client asked for. Its requests are
// answered by one goroutine that never waits for anything but the next; a second one
// does what was asked for, and a third watches the clock.
type visit struct {
	*server
	conn    *conn
	channel gossh.Channel
	visitor Visitor
	began   time.Time

	ctx context.Context
	end context.CancelCauseFunc

	requests bucket
	env      map[string]string
	terminal bool
	working  bool // a screen or a command was asked for
	what     string

	window  atomic.Pointer[size] // the latest
	resized chan struct{}        // capacity one
	pressed atomic.Int64         // when a key came last, in Unix nanoseconds
	writing atomic.Int64         // since when the client takes nothing; 0: it does
	write   sync.Mutex           // one at a time,
	read    sync.Mutex           // and here: of two readers the library would let one sleep for ever
	sent    atomic.Int64
}

// visit answers a channel. It has the library's signature for that.
func (s *server) visit(_ *ssh.Server, sc *gossh.ServerConn, offered gossh.NewChannel, ctx ssh.Context) {
	s.safely("a session", func() {
		c := ctx.Value(connKey{}).(*conn)
		if !c.requests.take(1) {
			c.Close()
			return
		}
		if !c.occupy() {
			offered.Reject(gossh.ResourceShortage, "one session at a time on a connection")
			return
		}
		defer c.vacate()
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		v := &visit{
			server: s, conn: c, channel: channel, began: time.Now(), env: map[string]string{}, what: "nothing",
			requests: newBucket(maxRequests, maxRequests), resized: make(chan struct{}, 1),
		}
		v.visitor = Visitor{User: visible(sc.User(), 64), Address: sc.RemoteAddr().String(), Teacher: s.Door.teaches(sc.User()), Getenv: v.getenv}
		if sc.Permissions != nil {
			if key, ok := ctx.Value(ssh.ContextKeyPublicKey).(ssh.PublicKey); ok {
				v.visitor.Key = Fingerprint(key)
			}
		}
		v.ctx, v.end = context.WithCancelCause(s.ending)
		v.answer(requests)
	})
}

// press notes that somebody is there.
func (v *visit) press() { v.pressed.Store(time.Now().UnixNano()) }

// drain reads until nothing can come any more.
func drain(r io.Reader) {
	b := make([]byte, 256)
	for {
		if _, err := r.Read(b); err != nil {
			return
		}
	}
}

func (v *visit) getenv(name string) string { return v.env[name] }

// answer answers requests until the channel is closed, and waits for what was begun.
func (v *visit) answer(requests <-chan *gossh.Request) {
	var work sync.WaitGroup
	v.press()
	go drain(v.channel.Stderr())                        // else what a client sends there is kept
	patience := time.AfterFunc(v.Limits.Login, func() { // for a first request
		v.end(errNothing)
		v.conn.Close()
	})
	defer patience.Stop()
	for r := range requests {
		if !v.requests.take(1) {
			v.end(errFlood)
			v.conn.Close()
			break
		}
		was := v.working
		ok, do := v.request(r)
		if r.WantReply {
			r.Reply(ok, nil)
		}
		if was || do == nil {
			continue
		}
		patience.Stop()
		work.Go(func() {
			defer v.close()
			v.safely("a session", func() { v.serve(do) })
		})
	}
	for range requests { // of a connection that is being closed
	}
	v.end(errGone)
	work.Wait()
}

// request answers one request. do is what was asked for, if it was that.
func (v *visit) request(r *gossh.Request) (ok bool, do func() int) {
	switch r.Type {
	case "env":
		var kv struct{ Name, Value string }
		if gossh.Unmarshal(r.Payload, &kv) != nil || !welcome(kv.Name) || len(v.env) >= maxVariables || len(kv.Value) > maxVariable || v.working {
			return false, nil
		}
		v.env[kv.Name] = visible(kv.Value, maxVariable)
		return true, nil
	case "pty-req":
		var pty struct {
			Term                string
			W, H, Width, Height uint32
			Modes               string
		}
		if gossh.Unmarshal(r.Payload, &pty) != nil || len(pty.Term) > maxTerm || v.working {
			return false, nil
		}
		v.env["TERM"] = visible(pty.Term, maxTerm)
		v.terminal = true
		v.resize(pty.W, pty.H)
		return true, nil
	case "window-change":
		var window struct{ W, H, Width, Height uint32 }
		if gossh.Unmarshal(r.Payload, &window) != nil || !v.terminal {
			return false, nil
		}
		v.resize(window.W, window.H)
		return true, nil
	case "shell":
		if v.working {
			return false, nil
		}
		v.working, v.what = true, "screen"
		return true, v.screen
	case "exec":
		var command struct{ Line string }
		if v.working || gossh.Unmarshal(r.Payload, &command) != nil || len(command.Line) > maxCommand || !utf8.ValidString(command.Line) {
			return false, nil
		}
		args, err := shlex.Split(command.Line, true)
		if err != nil {
			return false, nil
		}
		v.working, v.what = true, visible(command.Line, 200)
		return true, func() int { return v.exec(args) }
	}
	return false, nil
}

// welcome reports whether a variable of a client's environment is let in.
func welcome(name string) bool {
	return name == "LANG" || name == "COLORTERM" || name == "NO_COLOR" || strings.HasPrefix(name, "LC_") && len(name) < 32
}

// visible is text without what a terminal or a log would take for a command, and no
// longer than so many bytes.
func visible(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '?'
		}
		return r
	}, text)
	for len(text) > most {
		_, n := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-n]
	}
	return text
}

func (v *visit) resize(w, h uint32) {
	s := clamp(w, h)
	v.window.Store(&s)
	select {
	case v.resized <- struct{}{}:
	default:
	}
}

// serve does what was asked for, if there is room, and says how it ended.
func (v *visit) serve(do func() int) {
	v.visitor.Terminal = v.terminal
	code := 1
	if err := v.enter(); err != nil {
		v.say("padlab: " + err.Error() + "\n")
		v.end(err)
	} else {
		defer v.leave()
		defer v.watch()()
		code = do()
	}
	v.end(errLeft)
	why := context.Cause(v.ctx)
	if errors.Is(why, context.Canceled) {
		why = errEnding
	}
	if e := (limit{}); errors.As(why, &e) || why == errEnding {
		v.say("padlab: " + why.Error() + "\n")
	}
	v.exit(code)
	v.log(why, code)
}

// A limit is a reason to end a session of which its visitor is told.
type limit struct{ string }

func (l limit) Error() string { return l.string }

// enter takes one of the places, or says why there is none.
func (v *visit) enter() error {
	s := v.server
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ending.Err() != nil:
		return errEnding
	case len(s.sessions) >= s.Limits.Sessions:
		return limit{fmt.Sprintf("all %d places are taken; please try again later", s.Limits.Sessions)}
	case s.byNet[v.conn.address] >= s.Limits.PerAddress:
		return limit{fmt.Sprintf("there are %d sessions from your address already; please leave one first", s.Limits.PerAddress)}
	}
	s.sessions[v] = struct{}{}
	s.byNet[v.conn.address]++
	s.wait.Add(1)
	return nil
}

func (v *visit) leave() {
	s := v.server
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, v)
	if s.byNet[v.conn.address]--; s.byNet[v.conn.address] == 0 {
		delete(s.byNet, v.conn.address)
	}
	s.wait.Done()
}

// watch ends the session when it has taken its time. A client that takes nothing
// cannot be told, so its connection is closed.
func (v *visit) watch() (stop func()) {
	done := make(chan struct{})
	go v.safely("a session's clock", func() {
		tick := time.NewTicker(min(time.Second, v.Limits.Idle/4, v.Limits.Stall/4))
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case now := <-tick.C:
				since := v.writing.Load()
				switch {
				case since > 0 && now.Sub(time.Unix(0, since)) > v.Limits.Stall:
					v.end(errStalled)
					v.conn.Close()
				case now.Sub(v.began) > v.Limits.Time:
					v.end(limit{fmt.Sprintf("a session may take %v; this one has", v.Limits.Time)})
				case v.what == "screen" && now.Sub(time.Unix(0, v.pressed.Load())) > v.Limits.Idle:
					v.end(limit{fmt.Sprintf("no key was pressed for %v, so this session has ended", v.Limits.Idle)})
				}
			}
		}
	})
	return func() { close(done) }
}

// say writes a line to the client, on the side of messages where that can be told
// apart.
func (v *visit) say(text string) {
	var w io.Writer = v.out()
	if !v.terminal {
		w = v.messages()
	}
	io.WriteString(w, text)
}

// exit tells the client that all is done.
func (v *visit) exit(code int) {
	v.channel.SendRequest("exit-status", false, gossh.Marshal(struct{ Code uint32 }{uint32(code)}))
	v.channel.CloseWrite()
}

// close closes the channel. A client that does not close it too loses its
// connection.
func (v *visit) close() {
	v.channel.Close()
	lingering := time.AfterFunc(v.Limits.Grace, func() { v.conn.Close() })
	go func() { // reads what is left, until the client closes, too
		drain(inlet{v})
		lingering.Stop()
	}()
}

// log writes the line of the session: who, what, how long, how much, and how it ended.
func (v *visit) log(why error, code int) {
	who := v.visitor.User
	if v.visitor.Key != "" {
		who += " " + v.visitor.Key
	}
	kind := v.what
	if w := v.window.Load(); w != nil && kind == "screen" {
		kind = fmt.Sprintf("screen %d×%d %s", w.w, w.h, v.env["TERM"])
	}
	v.logf("%s %s: %s, %v, %d kB sent, exit %d, %v", v.visitor.Address, who, kind, time.Since(v.began).Round(time.Millisecond), v.sent.Load()/1000, code, why)
}

// An outlet writes to the client in chunks, so that whoever watches sees whether
// they are taken. On a terminal, which is raw at the other end, a line ends with a
// return.
type outlet struct {
	visit *visit
	to    io.Writer
	lines bool
}

func (v *visit) out() *outlet      { return &outlet{v, v.channel, v.terminal} }
func (v *visit) messages() *outlet { return &outlet{v, v.channel.Stderr(), false} }

func (o *outlet) Write(b []byte) (n int, err error) {
	text := b
	if o.lines {
		text = []byte(strings.ReplaceAll(string(b), "\n", "\r\n"))
	}
	v := o.visit
	v.write.Lock()
	defer v.write.Unlock()
	defer v.writing.Store(0)
	for len(text) > 0 {
		v.writing.Store(time.Now().UnixNano())
		m, err := o.to.Write(text[:min(chunk, len(text))])
		v.sent.Add(int64(m))
		if err != nil {
			if v.conn.stalled.Load() {
				v.end(errStalled)
			}
			v.end(errGone)
			return 0, err
		}
		text = text[m:]
	}
	return len(b), nil
}

// An inlet reads what the client sends.
type inlet struct{ visit *visit }

func (i inlet) Read(b []byte) (int, error) {
	i.visit.read.Lock()
	defer i.visit.read.Unlock()
	return i.visit.channel.Read(b)
}

// exec runs a line command. One at a terminal is ended by ctrl+c.
func (v *visit) exec(args []string) int {
	in := io.Reader(inlet{v})
	if v.terminal {
		in = strings.NewReader("")
		go v.safely("a keyboard", func() {
			b := make([]byte, 256)
			for {
				n, err := inlet{v}.Read(b)
				if strings.ContainsRune(string(b[:n]), 0x03) {
					v.end(errLeft)
				}
				if err != nil {
					return
				}
			}
		})
	}
	messages := io.Writer(v.messages())
	if v.terminal {
		messages = v.out()
	}
	return v.Exec(v.ctx, v.visitor, args, in, v.out(), messages)
}
