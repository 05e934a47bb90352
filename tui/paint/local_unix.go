//go:build unix

package paint

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"
)

// A Keyboard is the terminal that the process was started in, as it is typed at.
type Keyboard struct {
	file *os.File
	was  *term.State // before it was raw, nil: it is not
}

// NewKeyboard returns that of a file, which is a terminal.
func NewKeyboard(file *os.File) *Keyboard { return &Keyboard{file: file} }

// Raw hands every key to the program, and Restore to the line editor of the
// terminal, as before.
func (k *Keyboard) Raw() (err error) {
	if k.was == nil {
		k.was, err = term.MakeRaw(k.file.Fd())
	}
	return err
}

func (k *Keyboard) Restore() {
	if k.was != nil {
		term.Restore(k.file.Fd(), k.was)
		k.was = nil
	}
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
