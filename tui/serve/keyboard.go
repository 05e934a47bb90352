package serve

import (
	"bytes"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	keyRate, keyBurst = 8 << 10, 16 << 10 // bytes a second of keys; what comes beyond is dropped

	// maxRead is how much the program reads at once: from 256 bytes on it would wait
	// for more, and read all of it again with each.
	maxRead = 255

	maxPaste  = 4 << 10     // bytes of a paste; the rest is dropped
	pasteTime = time.Second // without another byte of it: then it has ended
)

// A keyboard is what a client types, for the program: as much of it as a person may.
// Pastes are taken out and handed on apart: the program itself would wait for the end
// of each, and read all of it again with every piece.
type keyboard struct {
	from    io.Reader
	rate    bucket
	pressed func()
	pasted  func(text string)
	gone    func() // the client sends no more

	held    []byte // the beginning of what the next read goes on with
	pasting bool
	paste   []byte
	last    time.Time
}

// brackets stand before and behind a paste.
var before, behind = []byte("\x1b[200~"), []byte("\x1b[201~")

// Read reads keys, at most 255 bytes of them.
func (k *keyboard) Read(b []byte) (int, error) {
	b = b[:min(len(b), maxRead)]
	for {
		n := copy(b, k.held)
		k.held = k.held[:0]
		m, err := k.from.Read(b[n:])
		if err != nil {
			k.gone()
			return 0, err
		}
		if !k.rate.take(m) {
			continue
		}
		k.pressed()
		now := time.Now()
		if k.pasting && now.Sub(k.last) > pasteTime {
			k.finish()
		}
		k.last = now
		n += m
		if n == len(b) {
			n = k.whole(b)
		}
		if n = k.sort(b[:n]); n > 0 {
			return n, nil
		}
	}
}

// whole holds back an escape sequence or a rune that may go on behind a full read, and
// returns the length of the rest.
func (k *keyboard) whole(b []byte) int {
	n := len(b)
	if i := bytes.LastIndexByte(b, 0x1b); i > max(0, n-16) {
		n = i
	} else {
		for i := n - 1; i > n-utf8.UTFMax; i-- {
			if utf8.RuneStart(b[i]) {
				if !utf8.FullRune(b[i:]) {
					n = i
				}
				break
			}
		}
	}
	k.held = append(k.held, b[n:]...)
	return n
}

// sort takes pastes out of b, and returns how many bytes of keys are left in it. The
// beginning of a bracket at its end is held back, but for a lone escape, which is a
// key.
func (k *keyboard) sort(b []byte) int {
	n := 0
	for i := 0; i < len(b); {
		bracket := before
		if k.pasting {
			bracket = behind
		}
		switch rest := b[i:]; {
		case bytes.HasPrefix(rest, bracket):
			if k.pasting {
				k.finish()
			} else {
				k.pasting = true
			}
			i += len(bracket)
			continue
		case bytes.HasPrefix(rest, behind): // of no paste
			i += len(behind)
			continue
		case len(rest) > 2 && bytes.HasPrefix(bracket, rest):
			k.held = append(append([]byte{}, rest...), k.held...)
			return n
		}
		if !k.pasting {
			b[n] = b[i]
			n++
		} else if len(k.paste) < maxPaste {
			k.paste = append(k.paste, b[i])
		}
		i++
	}
	return n
}

// finish hands a paste on.
func (k *keyboard) finish() {
	text := strings.ToValidUTF8(string(k.paste), "")
	k.pasting, k.paste = false, nil
	if text != "" {
		k.pasted(text)
	}
}
