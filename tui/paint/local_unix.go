//go:build unix

package paint

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"
)

// A Keyboard is the terminal that the process was started in, as it is typed at.
type Keyboard struct {
	file *os.File
	was  *term.State // before it was raw, nil: it is not

	mu   sync.Mutex
	raw  *sync.Cond // keys are there
	keys *os.File   // the same terminal, opened anew: see Input
}

// NewKeyboard returns that of a file, which is a terminal.
func NewKeyboard(file *os.File) *Keyboard {
	k := &Keyboard{file: file}
	k.raw = sync.NewCond(&k.mu)
	return k
}

// Raw hands every key to the program, and Restore to the line editor of the
// terminal, as before.
func (k *Keyboard) Raw() (err error) {
	if k.was == nil {
		k.was, err = term.MakeRaw(k.file.Fd())
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = reopen(k.file)
		k.raw.Broadcast()
	}
	return err
}

func (k *Keyboard) Restore() {
	k.mu.Lock()
	if k.keys != nil {
		k.keys.Close() // whoever reads ends
		k.keys = nil
	}
	k.mu.Unlock()
	if k.was != nil {
		term.Restore(k.file.Fd(), k.was)
		k.was = nil
	}
}

// maxPaste is how many bytes of a paste are handed on.
const maxPaste = 64 << 10

// Input is what is typed, between Raw and Restore, without what is pasted, which pasted
// is called with. Where the system allows it that comes through Go's poller: a reader that sits in a system call keeps a processor
// of Go's scheduler, and with it the key that it has just read, until a clock of 10
// ms takes it away, while workers have all the others. Elsewhere nothing is taken out:
// only from the file itself can Bubble Tea be called back.
func (k *Keyboard) Input(pasted func(text string)) io.Reader {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		return k.file
	}
	return &Pastes{From: typedAt{k}, Most: maxPaste, Pasted: pasted}
}

type typedAt struct{ *Keyboard }

// Read waits for Raw where that is still to come: after a suspension Bubble Tea reads
// before it says that it goes on.
func (t typedAt) Read(b []byte) (int, error) {
	t.mu.Lock()
	for t.keys == nil {
		t.raw.Wait()
	}
	keys := t.keys
	t.mu.Unlock()
	n, err := keys.Read(b)
	if errors.Is(err, os.ErrClosed) {
		err = io.EOF
	}
	return n, err
}

// ReadWithin reads what there is, or waits for it for so long; then it reads
// nothing.
func (k *Keyboard) ReadWithin(b []byte, patience time.Duration) (int, error) {
	fds := []unix.PollFd{{Fd: int32(k.file.Fd()), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(patience.Milliseconds())+1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return 0, err
		}
		return unix.Read(int(k.file.Fd()), b)
	}
}

// Sizes calls changed with the size of a terminal, now and when it becomes another,
// until stop is called.
func Sizes(out *os.File, changed func(w, h int)) (stop func()) {
	resized, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(resized, syscall.SIGWINCH)
	go func() {
		for {
			if w, h, err := term.GetSize(out.Fd()); err == nil {
				changed(w, h)
			}
			select {
			case <-resized:
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(resized)
		close(done)
	}
}
