package paint

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/muesli/termenv"
	"go.uber.org/goleak"

	"padlab/tui/theme"
	"padlab/tui/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A terminal keeps what is written; while it is held, writes wait.
type terminal struct {
	mu     sync.Mutex
	hold   sync.Mutex
	all    bytes.Buffer
	writes int
}

func (t *terminal) Write(b []byte) (int, error) {
	t.hold.Lock()
	defer t.hold.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes++
	return t.all.Write(b)
}

func (t *terminal) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all.String()
}

func (t *terminal) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.Reset()
	t.writes = 0
}

// rest waits until nothing is being written.
func (p *Painter) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.busy {
		p.idle.Wait()
	}
}

var mono = theme.New(termenv.Ascii, true, theme.Braille)

func frame(lines ...string) *view.Frame {
	f := view.NewFrame(20, 4)
	for y, line := range lines {
		f.Text(0, y, theme.Plain, line)
	}
	return f
}

func TestOnlyWhatChanges(t *testing.T) {
	screen := &terminal{}
	p := New(screen, true)
	p.Open()
	p.Show(frame("step 1", "the rest"), mono)
	p.rest()
	if got := screen.text(); !strings.HasPrefix(got, pushTitle+enter+mouseOn) || !strings.Contains(got, "step 1") || !strings.Contains(got, "the rest") {
		t.Errorf("at first %q", got)
	}
	screen.forget()
	p.Show(frame("step 2", "the rest"), mono)
	p.rest()
	if got := screen.text(); got != begin+"\x1b[1;6H2"+end {
		t.Errorf("one cell is another: %q", got)
	}
	screen.forget()
	p.Show(frame("step 2", "the rest"), mono)
	p.rest()
	if screen.text() != "" {
		t.Errorf("nothing is another: %q", screen.text())
	}
	p.Show(view.NewFrame(30, 4), mono)
	p.rest()
	if got := screen.text(); !strings.Contains(got, "\x1b[2J") && !strings.Contains(got, "\x1b[J") {
		t.Errorf("another size does not clear: %q", got)
	}
	screen.forget()
	p.Close()
	p.Close()
	if got := screen.text(); got != mouseOff+leave+popTitle {
		t.Errorf("at the end %q", got)
	}
	p.Show(frame("late"), mono)
	p.Bell()
	p.rest()
	if got := screen.text(); strings.Contains(got, "late") || strings.Contains(got, "\a") {
		t.Errorf("after the end %q", got)
	}
}

// A terminal that is slow gets the last frame and not those before.
func TestSlowTerminals(t *testing.T) {
	screen := &terminal{}
	p := New(screen, false)
	screen.hold.Lock()
	p.Open()
	for n := range 1000 {
		p.Show(frame(strings.Repeat("x", n%20)), mono)
	}
	p.Show(frame("last"), mono)
	screen.hold.Unlock()
	p.rest()
	if got := screen.text(); !strings.Contains(got, "last") || screen.writes > 3 {
		t.Errorf("%d writes, %q", screen.writes, got)
	}
	p.Close()
}

// What a program says comes besides frames, without what a terminal would obey.
func TestSayings(t *testing.T) {
	screen := &terminal{}
	p := New(screen, false)
	p.Open()
	p.rest()
	screen.forget()
	p.Title("a\x1b]2;b\a\u009dc")
	p.rest()
	p.Bell()
	p.rest()
	p.Copy("padlab run")
	p.rest()
	if got := screen.text(); got != "\x1b]2;a]2;bc\a"+"\a"+"\x1b]52;c;cGFkbGFiIHJ1bg==\a" {
		t.Errorf("%q", got)
	}
	p.Close()
}

// A terminal that was suspended is painted anew.
func TestOpenAgain(t *testing.T) {
	screen := &terminal{}
	p := New(screen, false)
	p.Open()
	p.Show(frame("here"), mono)
	p.Close()
	screen.forget()
	p.Open()
	p.Show(frame("here"), mono)
	p.rest()
	if !strings.Contains(screen.text(), "here") {
		t.Errorf("%q", screen.text())
	}
	p.Close()
}

type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestATerminalThatIsGone(t *testing.T) {
	p := New(gone{}, true)
	p.Open()
	for range 10 {
		p.Show(frame("x"), mono)
		p.rest()
	}
	p.Close()
}

// typed answers with these pieces, and then not at all.
type typed []string

func (t *typed) ReadWithin(b []byte, patience time.Duration) (int, error) {
	if len(*t) == 0 {
		return 0, nil
	}
	n := copy(b, (*t)[0])
	*t = (*t)[1:]
	return n, nil
}

type broken struct{}

func (broken) ReadWithin([]byte, time.Duration) (int, error) { return 0, errors.New("gone") }

func TestDark(t *testing.T) {
	for _, c := range []struct {
		answer   typed
		dark, ok bool
	}{
		{typed{"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62;4c"}, true, true},
		{typed{"\x1b]11;rgb:ff", "ff/ffff/dddd\a", "\x1b[?1;2c"}, false, true},
		{typed{"\x1b]11;rgba:0000/0000/0000/ffff\a\x1b[?1c"}, true, true},
		{typed{"\x1b]11;rgb:f/f/f\a\x1b[?1c"}, false, true},
		{typed{"\x1b[?62c"}, false, false}, // it has no colours to tell
		{typed{"q\x1b]11;rgb:zz/1/1\a\x1b[?62c"}, false, false},
		{typed{"\x1b]11;rgb:1111/1111\a\x1b[?62c"}, false, false},
		{typed{}, false, false},
	} {
		what := strings.Join(c.answer, "|")
		var out bytes.Buffer
		dark, ok := Dark(&out, &c.answer, time.Second)
		if dark != c.dark || ok != c.ok || out.String() != askBackground || len(c.answer) > 0 {
			t.Errorf("%q: dark %v, ok %v, asked %q, left %q", what, dark, ok, out.String(), c.answer)
		}
	}
	if _, ok := Dark(io.Discard, broken{}, time.Second); ok {
		t.Error("a broken terminal has a background")
	}
	if _, ok := Dark(gone{}, &typed{}, time.Second); ok {
		t.Error("a terminal that is gone has a background")
	}
}

func FuzzDarkAnswer(f *testing.F) {
	f.Add("\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\")
	f.Add("]11;rgb://")
	f.Fuzz(func(t *testing.T, text string) { DarkAnswer(text) })
}
