// Package paint shows frames on a terminal. It sends the cells that have changed
// and nothing else, never waits for a slow terminal, which gets fewer frames in
// place of a queue of them, and does nothing while nothing changes: Bubble Tea's
// own renderer sends whole lines, and wakes up sixty times a second to see whether
// there are any.
//
// It also owns what belongs to the terminal and not to a frame: the alternate
// screen, the cursor, the mouse, the title, and that all of it is as it was when
// the program ends.
package paint

import (
	"encoding/base64"
	"io"
	"strings"
	"sync"

	"padlab/tui/theme"
	"padlab/tui/view"
)

// What a terminal is told. All of it is known to terminals since xterm; those that
// do not know synchronized output (2026) ignore it.
const (
	enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h" // alternate screen, no cursor, no wrapping, pastes are marked
	leave = "\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l"

	mouseOn  = "\x1b[?1002h\x1b[?1006h" // clicks and drags, in any column
	mouseOff = "\x1b[?1006l\x1b[?1002l"

	pushTitle, popTitle = "\x1b[22;2t", "\x1b[23;2t"

	begin, end = "\x1b[?2026h", "\x1b[?2026l"
)

// A Painter is a terminal. Its methods may be called from any goroutine and, but
// for Close, return at once.
type Painter struct {
	out   io.Writer
	mouse bool

	mu     sync.Mutex
	open   bool
	next   *view.Frame // to be shown, nil: nothing is
	look   theme.Theme
	extra  string      // to be sent besides
	free   *view.Frame // to copy the next frame into
	idle   *sync.Cond  // nothing is being written
	busy   bool
	behind bool        // what the terminal shows is not known
	shown  *view.Frame // what it shows
	in     theme.Theme
}

// New returns a painter of a terminal, with its mouse or without. Nothing is
// written yet.
func New(out io.Writer, mouse bool) *Painter {
	p := &Painter{out: out, mouse: mouse}
	p.idle = sync.NewCond(&p.mu)
	return p
}

// Open takes the terminal: what stood there comes back with Close.
func (p *Painter) Open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		return
	}
	p.open, p.behind = true, true
	p.extra += pushTitle + enter
	if p.mouse {
		p.extra += mouseOn
	}
	p.wake()
}

// Close gives the terminal back, once what is under way has been written, and
// waits for that. Closing again does nothing.
func (p *Painter) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.open {
		return
	}
	p.open, p.next = false, nil
	if p.mouse {
		p.extra += mouseOff
	}
	p.extra += leave + popTitle
	p.wake()
	for p.busy {
		p.idle.Wait()
	}
}

// Show shows a frame, as soon as the one before has been written; one that is
// still waiting then is never shown. The frame is copied.
func (p *Painter) Show(f *view.Frame, t theme.Theme) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.open {
		return
	}
	if p.next == nil {
		if p.next, p.free = p.free, nil; p.next == nil {
			p.next = view.NewFrame(0, 0)
		}
	}
	p.next.Copy(f)
	p.look = t
	p.wake()
}

// Title sets the title of the terminal's window.
func (p *Painter) Title(text string) { p.say("\x1b]2;" + clean(text) + "\a") }

// Bell rings.
func (p *Painter) Bell() { p.say("\a") }

// Copy puts text into the clipboard of whoever sits at the terminal (OSC 52), also
// over SSH, where the terminal allows that.
func (p *Painter) Copy(text string) {
	p.say("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(text)) + "\a")
}

func (p *Painter) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		p.extra += text
		p.wake()
	}
}

// clean is text without what a terminal would take for a command.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
}

// wake lets the writer work, where it does not already.
func (p *Painter) wake() {
	if !p.busy {
		p.busy = true
		go p.write()
	}
}

// write writes until there is nothing new.
func (p *Painter) write() {
	var b []byte
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.next != nil || p.extra != "" {
		frame, look := p.next, p.look
		b = append(b[:0], p.extra...)
		p.next, p.extra = nil, ""
		before := p.shown
		if p.behind || !look.Same(p.in) {
			before = nil
		}
		p.mu.Unlock()

		if frame != nil {
			at := len(b)
			b = append(b, begin...)
			n := len(b)
			if b = frame.Diff(b, before, look); len(b) == n {
				b = b[:at] // nothing has changed
			} else {
				b = append(b, end...)
			}
		}
		_, err := p.out.Write(b)

		p.mu.Lock()
		p.behind = err != nil || p.behind && frame == nil
		if frame != nil {
			p.free, p.shown, p.in = p.shown, frame, look
		}
		if err != nil { // nobody is there: the program will hear of it by a signal
			p.next, p.extra = nil, ""
		}
	}
	p.busy = false
	p.idle.Broadcast()
}
