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
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

var (
	longLoad = flag.Bool("load", false, "load the server with 20, 100 and 200 sessions")
	loadFor  = flag.Duration("loadfor", 4*time.Second, "how long each load is measured")
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
	for len(s.out) < 2 && lines.Scan() {
		s.out = append(s.out, lines.Text())
	}
	if len(s.out) < 2 {
		t.Fatal("it does not serve")
	}
	port, host, ok := strings.Cut(strings.TrimPrefix(s.out[0], "ssh -p "), " ")
	if !ok {
		t.Fatalf("%q", s.out)
	}
	s.addr = host + ":" + port
	go func() {
		for lines.Scan() {
			s.out = append(s.out, lines.Text())
		}
	}()
	t.Cleanup(func() {
		began := time.Now()
		c.Process.Signal(syscall.SIGTERM)
		if status := ended(t, c); status.ExitStatus() != 0 || time.Since(began) > 5*time.Second {
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
}

func (o *onlooker) Write(b []byte) (int, error) {
	o.bytes.Add(int64(len(b)))
	o.frames.Add(int64(bytes.Count(b, []byte("\x1b[?2026h"))))
	o.mu.Lock()
	defer o.mu.Unlock()
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

func (s *loaded) onlooker() (*onlooker, error) {
	began := time.Now()
	c, err := gossh.Dial("tcp", s.addr, &gossh.ClientConfig{User: "load", HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: 20 * time.Second})
	if err != nil {
		return nil, err
	}
	session, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	o := &onlooker{client: c}
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
	io.WriteString(o.keys, "\x1b")
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
func load(t *testing.T, s *loaded, n int, what string) (p99 time.Duration) {
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
	return quantile(times, .99)
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
		}{{"nothing is trained", []string{"--open", "--max-steps", "1"}}, {"all want to train", []string{"--open"}}} {
			t.Run(fmt.Sprint(n, " ", c.what), func(t *testing.T) {
				if p99 := load(t, loadedServer(t, c.args...), n, c.what); p99 > time.Second {
					t.Errorf("keys take %v", p99)
				}
			})
		}
	}
}
