package cli

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"padlab/tui/report"
	"padlab/tui/view"
)

// How long a command may be silent while it works: before it says what it is doing,
// and before it says so again.
const (
	silence = 900 * time.Millisecond
	patient = 10 * time.Second
)

// A pulse is a writer that knows when it was last written to, and says what is being
// done when that is long ago, so that nobody takes work for a fault. Its methods, and
// those of its works, may be called by several goroutines; a nil one is silent.
type pulse struct {
	mu    sync.Mutex
	to    io.Writer
	wrote time.Time
	works []*work // under way, in the order in which they began
	quiet bool    // for good
}

// A work is something that may take long.
type work struct {
	of    *pulse
	what  string
	began time.Time
	said  string // empty: nothing yet
}

// wake lets a session speak when it has been silent for long, until it is put to sleep.
func (s *session) wake() (sleep func()) {
	p := &pulse{to: s.err, wrote: time.Now()}
	s.pulse, s.err = p, p
	ended, still := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(still)
		tick := time.NewTicker(silence / 4)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				p.look(now)
			case <-ended:
				return
			}
		}
	}()
	return func() {
		close(ended)
		<-still
	}
}

// look says what is being done if nothing was said for long: of several works the one
// that began last.
func (p *pulse) look(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet || len(p.works) == 0 {
		return
	}
	w := p.works[len(p.works)-1]
	silent, passed := now.Sub(p.wrote), now.Sub(w.began)
	if passed < silence || silent < silence || w.said != "" && silent < patient {
		return
	}
	more := ""
	if w.said == w.what {
		more = ", for " + view.Duration(passed) + " now"
	}
	fmt.Fprintf(p.to, "padlab: %s%s\n", report.Visible(w.what), more)
	w.said, p.wrote = w.what, now
}

// Write passes on what is said.
func (p *pulse) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrote = time.Now()
	return p.to.Write(b)
}

// heard notes that something was said elsewhere.
func (p *pulse) heard() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.wrote = time.Now()
	p.mu.Unlock()
}

// hush is for whoever asked for quiet, and for screens, which show what they do.
func (p *pulse) hush() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.quiet = true
	p.mu.Unlock()
}

// doing words work that begins now, and may take long.
func (s *session) doing(format string, args ...any) *work {
	if s.pulse == nil {
		return nil
	}
	w := &work{of: s.pulse, what: fmt.Sprintf(format, args...), began: time.Now()}
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	w.of.works = append(w.of.works, w)
	return w
}

// now words it anew.
func (w *work) now(text string) {
	if w == nil {
		return
	}
	w.of.mu.Lock()
	w.what = text
	w.of.mu.Unlock()
}

// done is to be called when the work is over.
func (w *work) done() {
	if w == nil {
		return
	}
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	w.of.works = slices.DeleteFunc(w.of.works, func(x *work) bool { return x == w })
}
