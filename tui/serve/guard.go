package serve

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// What a connection may do, whoever it is.
const (
	maxPending = 128 // connections that have not logged in

	inRate, inBurst = 64 << 10, 256 << 10 // bytes a second that are read from one
	maxRequests     = 200                 // a second

	chunk      = 4 << 10  // bytes that must be taken within Limits.Stall
	sendBuffer = 64 << 10 // what the system may hold for a slow client: more would be a queue of old frames
)

// A guard knows all connections and bounds those that have not logged in: when
// there are too many, the address that has the most of them loses one, first one that
// has said nothing yet, then the oldest. So who floods the door closes it for himself.
type guard struct {
	limits Limits
	logf   func(format string, args ...any)
	wait   sync.WaitGroup // for connections

	mu      sync.Mutex
	pending []*conn // have not logged in, the oldest first
	inside  map[*conn]struct{}
	crowd   news // connections that were closed for others
	failed  news // that ended without a login, although one was tried
}

func newGuard(l Limits, logf func(string, ...any)) *guard {
	return &guard{limits: l, logf: logf, inside: map[*conn]struct{}{}}
}

// A conn is a connection as the library sees it: slow to read from when it sends too
// much, and closed when it takes nothing. Deadlines are the guard's business, and not
// the library's, which moves them at every byte.
type conn struct {
	net.Conn
	guard    *guard
	address  string // what counts as one: without the port
	in       bucket
	requests bucket
	spoken   atomic.Bool
	tried    atomic.Bool // a key or a password was refused
	known    atomic.Bool // it has logged in
	busy     atomic.Bool // it has a session
	stalled  atomic.Bool // it was closed because it took nothing
	timer    *time.Timer // ends it when it does not get on

	once   sync.Once
	closed chan struct{}
}

// admit takes a connection.
func (g *guard) admit(nc net.Conn) *conn {
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetWriteBuffer(sendBuffer)
	}
	c := &conn{
		Conn: nc, guard: g, address: addressOf(nc), closed: make(chan struct{}),
		in: newBucket(inRate, inBurst), requests: newBucket(maxRequests, maxRequests),
	}
	c.timer = time.AfterFunc(g.limits.Login, c.shut)
	g.mu.Lock()
	g.pending = append(g.pending, c)
	var victim *conn
	if len(g.pending) > maxPending {
		victim = g.greediest()
		g.pending = slices.DeleteFunc(g.pending, func(c *conn) bool { return c == victim })
		g.crowd.add(victim.address)
	}
	n, from := g.crowd.tell()
	g.mu.Unlock()
	if victim != nil {
		victim.Close()
	}
	if n > 0 {
		g.logf("too many connections that do not log in: %d closed, the last from %s", n, from)
	}
	return c
}

// News are told in one line, however many there are: at most every 10 s.
type news struct {
	n    int // since told last,
	from string
	told time.Time
}

func (n *news) add(from string) { n.n, n.from = n.n+1, from }

// tell returns what is to be told now, 0 for nothing.
func (n *news) tell() (count int, from string) {
	if n.n == 0 || time.Since(n.told) < 10*time.Second {
		return 0, ""
	}
	count = n.n
	n.n, n.told = 0, time.Now()
	return count, n.from
}

// greediest is the connection that has to go.
func (g *guard) greediest() *conn {
	n := map[string]int{}
	most := 0
	for _, c := range g.pending {
		n[c.address]++
		most = max(most, n[c.address])
	}
	var oldest *conn
	for _, c := range g.pending {
		if n[c.address] < most {
			continue
		}
		if !c.spoken.Load() {
			return c
		}
		if oldest == nil {
			oldest = c
		}
	}
	return oldest
}

// loggedIn notes that a client has shown who it is. Where there are more of them
// than sessions may be, it is closed.
func (g *guard) loggedIn(c *conn) {
	c.known.Store(true)
	const more = 16 // come in, and are told in a sentence that there is no room
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending = slices.DeleteFunc(g.pending, func(p *conn) bool { return p == c })
	same := 0
	for other := range g.inside {
		if other.address == c.address {
			same++
		}
	}
	if len(g.inside) >= g.limits.Sessions+more || same >= g.limits.PerAddress+more {
		go c.Close()
		return
	}
	g.inside[c] = struct{}{}
	c.within(g.limits.Empty)
}

// forget is called when a connection has ended.
func (g *guard) forget(c *conn) {
	c.Close()
	g.mu.Lock()
	g.pending = slices.DeleteFunc(g.pending, func(p *conn) bool { return p == c })
	delete(g.inside, c)
	if c.tried.Load() && !c.known.Load() {
		g.failed.add(c.address)
	}
	n, from := g.failed.tell()
	g.mu.Unlock()
	if n > 0 {
		g.logf("logins that failed: %d, the last from %s", n, from)
	}
}

// closeEmpty closes connections without a session, and closeAll all.
func (g *guard) closeEmpty() { g.closeIf(func(c *conn) bool { return !c.busy.Load() }) }

func (g *guard) closeAll() { g.closeIf(func(*conn) bool { return true }) }

func (g *guard) closeIf(which func(*conn) bool) {
	g.mu.Lock()
	var list []*conn
	for c := range g.inside {
		list = append(list, c)
	}
	list = append(list, g.pending...)
	g.mu.Unlock()
	for _, c := range list {
		if which(c) {
			c.Close()
		}
	}
}

// occupy gives a connection its session, which it has one of at a time; vacate takes
// it away.
func (c *conn) occupy() bool {
	if !c.busy.CompareAndSwap(false, true) {
		return false
	}
	c.timer.Stop()
	return true
}

func (c *conn) vacate() {
	c.within(c.guard.limits.Empty)
	c.busy.Store(false)
}

// Read waits before it returns when more came than may.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.spoken.Store(true)
		if d := c.in.debt(n); d > 0 {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-t.C:
			case <-c.closed:
			}
		}
	}
	return n, err
}

// Write closes the connection when nothing of a chunk is taken for too long.
func (c *conn) Write(b []byte) (n int, err error) {
	for err == nil && n < len(b) {
		c.Conn.SetWriteDeadline(time.Now().Add(c.guard.limits.Stall))
		var m int
		m, err = c.Conn.Write(b[n:min(n+chunk, len(b))])
		n += m
	}
	if err != nil {
		c.stalled.Store(errors.Is(err, os.ErrDeadlineExceeded))
		c.Close()
	}
	return n, err
}

// Close closes the connection. What cannot be sent any more is dropped.
func (c *conn) Close() error {
	c.timer.Stop()
	c.shut()
	return nil
}

func (c *conn) shut() {
	c.once.Do(func() {
		close(c.closed)
		c.Conn.Close()
	})
}

// within ends the connection unless it gets on within so long.
func (c *conn) within(d time.Duration) {
	c.timer.Reset(d)
	select {
	case <-c.closed:
		c.timer.Stop()
	default:
	}
}

// The library's deadlines are not heeded.
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// addressOf is what counts as one address: of IPv6 the network that one customer
// has.
func addressOf(nc net.Conn) string {
	a, err := netip.ParseAddrPort(nc.RemoteAddr().String())
	if err != nil {
		return nc.RemoteAddr().String()
	}
	ip := a.Addr().Unmap().WithZone("")
	if p, err := ip.Prefix(64); ip.Is6() && err == nil {
		return p.String()
	}
	return ip.String()
}

// A bucket holds what may be used at once, and fills at a rate. It may be used from
// any goroutine.
type bucket struct {
	mu        sync.Mutex
	rate, cap float64
	level     float64
	at        time.Time
}

func newBucket(rate, burst float64) bucket { return bucket{rate: rate, cap: burst, level: burst} }

func (b *bucket) fill() {
	now := time.Now()
	if !b.at.IsZero() {
		b.level = min(b.cap, b.level+b.rate*now.Sub(b.at).Seconds())
	}
	b.at = now
}

// take takes n, if there are as many.
func (b *bucket) take(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill()
	if b.level < float64(n) {
		return false
	}
	b.level -= float64(n)
	return true
}

// until is how long it is until n are there.
func (b *bucket) until(n int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill()
	return time.Duration(max(0, (float64(n)-b.level)/b.rate) * float64(time.Second))
}

// debt takes n all the same, and returns how long it is until they are there.
func (b *bucket) debt(n int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill()
	b.level -= float64(n)
	return time.Duration(max(0, -b.level/b.rate) * float64(time.Second))
}
