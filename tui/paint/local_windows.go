package paint

import (
	"io"
	"os"
	"time"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/windows"
)

// A Keyboard is the console that the process was started in, as it is typed at.
type Keyboard struct {
	file *os.File
	was  *term.State // before it was raw, nil: it is not
}

// NewKeyboard returns that of a file, which is a console.
func NewKeyboard(file *os.File) *Keyboard { return &Keyboard{file: file} }

// Raw hands every key to the program, and Restore to the console, as before. Raw
// also lets the console understand escape sequences.
func (k *Keyboard) Raw() (err error) {
	var mode uint32
	out := windows.Handle(os.Stdout.Fd())
	if windows.GetConsoleMode(out, &mode) == nil {
		windows.SetConsoleMode(out, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
	}
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

// Input is what is typed, between Raw and Restore.
func (k *Keyboard) Input(func(text string)) io.Reader { return k.file }

// ReadWithin reads nothing: a console cannot be read for so long only.
func (k *Keyboard) ReadWithin([]byte, time.Duration) (int, error) { return 0, nil }

// Sizes calls changed with the size of a console, now and when it becomes another,
// until stop is called. Nothing tells that of a console, so it is looked for.
func Sizes(out *os.File, changed func(w, h int)) (stop func()) {
	done := make(chan struct{})
	go func() {
		lastW, lastH := 0, 0
		for {
			if w, h, err := term.GetSize(out.Fd()); err == nil && (w != lastW || h != lastH) {
				lastW, lastH = w, h
				changed(w, h)
			}
			select {
			case <-time.After(time.Second / 2):
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}
