package cli

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	gossh "golang.org/x/crypto/ssh"
)

var (
	longLoad = flag.Bool("load", false, "load the server with 20, 100 and 200 sessions")
	loadFor  = flag.Duration("loadfor", time.Second, "how long each load is measured")
	sessions = flag.Int("sessions", 0, "load the server with so many sessions")
)

// A loaded server is padlab serve in a process of its own.
type loaded struct {
	*exec.Cmd
	addr string
	out  []string // its first lines
}

func loadedServer(t *testing.T, more ...string) *loaded {
	c := exec.Command(os.Args[0], append([]string{"serve", "--listen", "127.0.0.1:0", "--max-sessions", "400", "--per-address", "400"}, more...)...)
	c.Env = append(os.Environ(), asChild+"=1", "XDG_STATE_HOME="+t.TempDir())
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, c)
	lines := bufio.NewScanner(out)
	s := &loaded{Cmd: c}
	first := 2
	if slices.Contains(more, "--class") {
		first = 4
	}
	for len(s.out) < first && lines.Scan() {
		s.out = append(s.out, lines.Text())
	}
	if len(s.out) < first {
		t.Fatal("it does not serve")
	}
	port, host, ok := strings.Cut(strings.TrimPrefix(s.out[0], "ssh -p "), " ")
	if !ok {
		t.Fatalf("%q", s.out)
	}
	s.addr = host + ":" + port
	go io.Copy(io.Discard, out)
	t.Cleanup(func() {
		began := time.Now()
		c.Process.Signal(syscall.SIGTERM)
		if status := ended(t, c); status.ExitStatus() != 0 || time.Since(began) > 10*time.Second { // of which 4 are the grace of sessions
			t.Errorf("it ends with %d after %v", status.ExitStatus(), time.Since(began))
		}
	})
	return s
}

// cpu is how long the process has computed, and rss what it holds, in bytes.
func (s *loaded) cpu() time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Process.Pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (s *loaded) rss() int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kB, _ := strconv.Atoi(strings.Fields(rest)[0])
	return int64(kB) << 10
}

// An onlooker sits at a screen and counts what comes.
type onlooker struct {
	client *gossh.Client
	keys   io.WriteCloser
	first  time.Duration // from connecting to the first frame

	bytes, frames atomic.Int64

	mu     sync.Mutex
	marker []byte        // is waited for,
	seen   chan struct{} // and here
	tail   []byte
	glass  *glass // nil: nobody looks at it
}

func (o *onlooker) Write(b []byte) (int, error) {
	o.bytes.Add(int64(len(b)))
	o.frames.Add(int64(bytes.Count(b, []byte("\x1b[?2026h"))))
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.glass != nil {
		o.glass.write(b)
	}
	o.tail = append(o.tail, b...)
	if o.marker != nil && bytes.Contains(o.tail, o.marker) {
		close(o.seen)
		o.marker = nil
	}
	o.tail = o.tail[max(0, len(o.tail)-64):]
	return len(b), nil
}

// sees waits for a text that comes after this call.
func (o *onlooker) sees(text string) chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = o.tail[:0]
	o.marker, o.seen = []byte(text), make(chan struct{})
	return o.seen
}

func (s *loaded) onlooker() (*onlooker, error) { return s.comes(false, "load") }

// teacher is who comes with the PIN that was printed.
func (s *loaded) teacher() (*onlooker, error) {
	return s.comes(true, "teacher", gossh.Password(strings.TrimPrefix(s.out[3], "teacher's PIN ")))
}

func (s *loaded) comes(looked bool, user string, auth ...gossh.AuthMethod) (*onlooker, error) {
	began := time.Now()
	c, err := gossh.Dial("tcp", s.addr, &gossh.ClientConfig{User: user, Auth: auth, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: 20 * time.Second})
	if err != nil {
		return nil, err
	}
	session, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	o := &onlooker{client: c}
	if looked {
		o.glass = &glass{}
	}
	session.Stdout = o
	shown := o.sees("\x1b[?2026l")
	if o.keys, err = session.StdinPipe(); err != nil {
		return nil, err
	}
	if err := session.RequestPty("xterm-256color", 40, 120, nil); err != nil {
		return nil, err
	}
	if err := session.Shell(); err != nil {
		return nil, err
	}
	select {
	case <-shown:
	case <-time.After(20 * time.Second):
		return nil, fmt.Errorf("no frame in 20 s")
	}
	o.first = time.Since(began)
	return o, nil
}

// keyTime opens the help and closes it again, and returns how long it took to come.
func (o *onlooker) keyTime() (time.Duration, bool) {
	shown := o.sees("this help")
	began := time.Now()
	io.WriteString(o.keys, "?")
	select {
	case <-shown:
	case <-time.After(10 * time.Second):
		return 0, false
	}
	took := time.Since(began)
	time.Sleep(100 * time.Millisecond)
	gone := o.sees("\x1b[?2026l")
	io.WriteString(o.keys, "\x1b")
	select { // else it is alt with the next key
	case <-gone:
	case <-time.After(10 * time.Second):
		return 0, false
	}
	return took, true
}

func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(q*float64(len(list))))].Round(100 * time.Microsecond)
}

// load lets n people look on and press a key every two seconds, and prints what that
// takes.
func load(t *testing.T, s *loaded, n int, what string) {
	idle := s.rss()
	people := make([]*onlooker, n)
	var firsts []time.Duration
	for i := range people {
		o, err := s.onlooker()
		if err != nil {
			t.Fatalf("%d of %d: %v", i, n, err)
		}
		defer o.client.Close()
		people[i], firsts = o, append(firsts, o.first)
	}
	time.Sleep(time.Second)
	var bytes, frames int64
	for _, o := range people {
		bytes, frames = bytes-o.bytes.Load(), frames-o.frames.Load()
	}
	began, before := time.Now(), s.cpu()
	var mu sync.Mutex
	var times []time.Duration
	lost := 0
	ctx, stop := context.WithTimeout(t.Context(), *loadFor)
	defer stop()
	var wait sync.WaitGroup
	for _, o := range people {
		wait.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-time.After(time.Duration(rand.IntN(4000)) * time.Millisecond):
				}
				took, ok := o.keyTime()
				mu.Lock()
				if ok {
					times = append(times, took)
				} else {
					lost++
				}
				mu.Unlock()
			}
		})
	}
	<-ctx.Done()
	passed, cpu := time.Since(began).Seconds(), s.cpu()-before
	for _, o := range people {
		bytes, frames = bytes+o.bytes.Load(), frames+o.frames.Load()
	}
	rss := s.rss()
	wait.Wait()
	t.Logf("%-22s %3d sessions: %4.1f fps, CPU %3.0f %%, %5.2f MB and %5.1f kB/s each, key to screen %v / %v, first frame %v / %v (p50 / p99, %d keys, %d lost)",
		what, n, float64(frames)/passed/float64(n), 100*cpu.Seconds()/passed, float64(rss-idle)/float64(n)/1e6, float64(bytes)/passed/float64(n)/1e3,
		quantile(times, .5), quantile(times, .99), quantile(firsts, .5), quantile(firsts, .99), len(times), lost)
	if lost > 0 {
		t.Errorf("%d keys were never answered", lost)
	}
}

// A glass is what stands on a screen of 120×40: it knows what painters send.
type glass struct {
	cells [40][120]rune
	x, y  int
	held  []byte // the beginning of a sequence
}

var sequence = regexp.MustCompile(`^\x1b(\[[?0-9;]*[A-Za-z]|\][^\a\x1b]*(\a|\x1b\\)|[=>78])`)

func (g *glass) write(b []byte) {
	b = append(g.held, b...)
	g.held = nil
	for len(b) > 0 {
		if b[0] == 0x1b {
			m := sequence.Find(b)
			if m == nil {
				g.held = slices.Clone(b)
				return
			}
			g.obey(string(m))
			b = b[len(m):]
			continue
		}
		if !utf8.FullRune(b) {
			g.held = slices.Clone(b)
			return
		}
		r, n := utf8.DecodeRune(b)
		b = b[n:]
		switch {
		case r == '\r':
			g.x = 0
		case r == '\n':
			g.y = min(g.y+1, 39)
		case r >= ' ':
			g.cells[g.y][min(g.x, 119)] = r
			g.x++
		}
	}
}

func (g *glass) obey(text string) {
	var n [2]int
	fmt.Sscanf(strings.ReplaceAll(text[2:len(text)-1], ";", " "), "%d %d", &n[0], &n[1])
	switch text[len(text)-1] {
	case 'H':
		if strings.HasPrefix(text, "\x1b[;") {
			n = [2]int{1, n[0]}
		}
		g.y, g.x = min(max(n[0], 1), 40)-1, min(max(n[1], 1), 120)-1
	case 'C':
		g.x += max(1, n[0])
	case 'J':
		g.cells = [40][120]rune{}
	case 'K':
		clear(g.cells[g.y][min(g.x, 119):])
	}
}

func (g *glass) text() string {
	var b strings.Builder
	for _, row := range g.cells {
		for _, r := range row {
			b.WriteRune(max(r, ' '))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// shows presses a key and waits until a text stands on the screen.
func (o *onlooker) shows(t *testing.T, key, text string) {
	t.Helper()
	io.WriteString(o.keys, key)
	stands := ""
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		o.mu.Lock()
		stands = o.glass.text()
		o.mu.Unlock()
		if strings.Contains(stands, text) {
			return
		}
	}
	t.Fatalf("key %q does not show %q, but\n%s", key, text, stands)
}

// Whoever has to wait for others sees where he stands, and trains when they have ended
// or gone.
func TestWaiting(t *testing.T) {
	s := loadedServer(t, "--open", "--max-runs", "1")
	var people []*onlooker
	for range 3 {
		o, err := s.comes(true, "load")
		if err != nil {
			t.Fatal(err)
		}
		defer o.client.Close()
		people = append(people, o)
		if len(people) == 1 {
			o.shows(t, "", "step ")
		}
		time.Sleep(200 * time.Millisecond)
	}
	people[1].shows(t, "", "waiting, 1st of 2")
	people[2].shows(t, "", "waiting, 2nd of 2")
	people[1].client.Close()
	people[2].shows(t, "", "waiting, 1st of 1")
	people[0].client.Close()
	people[2].shows(t, "", "step ")
}

// A class watches one run, each at a screen of his own; whoever likes trains it
// himself and comes back, and says who will win.
func TestClass(t *testing.T) {
	s := loadedServer(t, "--open", "--class", "--presets", "where-am-i,which-colour")
	early, err := s.comes(true, "load")
	if err != nil {
		t.Fatal(err)
	}
	defer early.client.Close()
	early.shows(t, "", "The teacher has shown nothing yet")
	teacher, err := s.teacher()
	if err != nil {
		t.Fatal(err)
	}
	defer teacher.client.Close()
	early.shows(t, "", "step ")
	teacher.shows(t, "", "1 watcher")
	teacher.shows(t, "", "After 60 ") // the second evaluation
	teacher.shows(t, " ", "paused")
	early.shows(t, "", "paused")
	late, err := s.comes(true, "load")
	if err != nil {
		t.Fatal(err)
	}
	defer late.client.Close()
	t.Logf("who comes late has his first frame after %v", late.first)
	late.shows(t, "", "class")
	late.shows(t, "[", "after step 0")
	late.shows(t, "]", "class")
	late.shows(t, "w", "which will win?")
	late.shows(t, "\r", "class")
	teacher.shows(t, "", "1 predicted")
	teacher.shows(t, "w", "1 of 2 have said")
	teacher.shows(t, "q", "paused")
	early.shows(t, "f", "your own")
	teacher.shows(t, "n", "seed 2")
	late.shows(t, "", "seed 2")
	early.shows(t, "f", "class")
	teacher.shows(t, "\t", "▸")
}

// Many people at one server; figures in the log. Without -load few, for the
// sake of the driver.
func TestLoad(t *testing.T) {
	counts := []int{5}
	if *longLoad {
		counts = []int{20, 100, 200}
	}
	if *sessions > 0 {
		counts = []int{*sessions}
	}
	for _, n := range counts {
		for _, c := range []struct {
			what string
			args []string
		}{{"nothing is trained", []string{"--open", "--max-steps", "1"}}, {"all want to train", []string{"--open"}}, {"a class", []string{"--open", "--class", "--presets", "all-schemes"}}} {
			t.Run(fmt.Sprint(n, " ", c.what), func(t *testing.T) {
				s := loadedServer(t, c.args...)
				if c.what == "a class" {
					teacher, err := s.teacher()
					if err != nil {
						t.Fatal(err)
					}
					defer teacher.client.Close()
				}
				load(t, s, n, c.what)
			})
		}
	}
}
