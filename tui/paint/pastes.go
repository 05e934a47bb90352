package paint

import (
	"bytes"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxRead is how much the program reads at once: from 256 bytes on it would wait
	// for more, and read all of it again with each.
	maxRead = 255

	pasteTime = time.Second // without another byte of a paste: then it has ended
)

// Pastes reads keys, and takes out what was pasted, which a terminal puts into
// brackets: the program itself would wait for the end of each paste, and read all of
// it again with every piece. A paste that never ends is over with ctrl+c, which stays
// a key, and with the next byte after a second without one.
type Pastes struct {
	From   io.Reader
	Most   int               // bytes of one paste; the rest is dropped
	Pasted func(text string) // is handed each, UTF-8

	held    []byte // the beginning of what the next read goes on with
	pasting bool
	paste   []byte
	last    time.Time
}

// brackets stand before and behind a paste.
var before, behind = []byte("\x1b[200~"), []byte("\x1b[201~")

// Read reads keys, at most 255 bytes of them.
func (p *Pastes) Read(b []byte) (int, error) {
	b = b[:min(len(b), maxRead)]
	for {
		n := copy(b, p.held)
		held := n
		p.held = p.held[:0]
		m, err := p.From.Read(b[n:])
		if err != nil {
			return 0, err
		}
		now := time.Now()
		if p.pasting && now.Sub(p.last) > pasteTime {
			p.finish()
		}
		p.last = now
		n += m
		if n == len(b) {
			n = p.whole(b)
		}
		if n = p.sort(b[:n], held); n > 0 {
			return n, nil
		}
	}
}

// whole holds back an escape sequence or a rune that may go on behind a full read, and
// returns the length of the rest.
func (p *Pastes) whole(b []byte) int {
	n := len(b)
	if i := bytes.LastIndexByte(b, 0x1b); i > max(0, n-16) && torn(b[i:]) {
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
	p.held = append(p.held, b[n:]...)
	return n
}

// torn reports whether the escape sequence that b begins with may go on behind it: a key
// with alt is a rune more, SS3 one byte, a report of the mouse of old three, and other
// sequences (CSI, ECMA-48) end with the first byte from @ to ~.
func torn(b []byte) bool {
	switch {
	case len(b) < 2:
		return true
	case b[1] == 'O':
		return len(b) < 3
	case b[1] != '[':
		return !utf8.FullRune(b[1:])
	case len(b) > 2 && b[2] == 'M':
		return len(b) < 6
	}
	return !bytes.ContainsFunc(b[2:], func(r rune) bool { return '@' <= r && r <= '~' })
}

// sort takes pastes out of b, and returns how many bytes of keys are left in it. The
// beginning of a bracket at its end is held back, but for a lone escape, which is a
// key, unless it is among the bytes that were held before: then what follows it is on
// its way.
func (p *Pastes) sort(b []byte, held int) int {
	n := 0
	for i := 0; i < len(b); {
		bracket := before
		if p.pasting {
			bracket = behind
		}
		switch rest := b[i:]; {
		case bytes.HasPrefix(rest, bracket):
			if p.pasting {
				p.finish()
			} else {
				p.pasting = true
			}
			i += len(bracket)
			continue
		case bytes.HasPrefix(rest, behind): // of no paste
			i += len(behind)
			continue
		case (len(rest) > 2 || i < held) && bytes.HasPrefix(bracket, rest):
			p.held = append(append([]byte{}, rest...), p.held...)
			return n
		case p.pasting && b[i] == 0x03:
			p.finish()
		}
		if !p.pasting {
			b[n] = b[i]
			n++
		} else if len(p.paste) < p.Most {
			p.paste = append(p.paste, b[i])
		}
		i++
	}
	return n
}

// finish hands a paste on.
func (p *Pastes) finish() {
	text := strings.ToValidUTF8(string(p.paste), "")
	p.pasting, p.paste = false, nil
	if text != "" {
		p.Pasted(text)
	}
}
