package paint

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"
)

// askBackground asks for the colour of the background (OSC 11), and then for what
// kind of terminal it is, which all answer: who has nothing to say about colours
// does not keep us waiting.
const askBackground = "\x1b]11;?\x1b\\\x1b[c"

// Dark asks a terminal in raw mode whether its background is dark, and waits for an
// answer for so long; ok is false when there was none. What comes in meanwhile is
// read over.
func Dark(out io.Writer, in interface {
	ReadWithin([]byte, time.Duration) (int, error)
}, patience time.Duration) (dark, ok bool) {
	if _, err := io.WriteString(out, askBackground); err != nil {
		return false, false
	}
	var answer []byte
	deadline := time.Now().Add(patience)
	for {
		left := time.Until(deadline)
		if left <= 0 {
			break
		}
		b := make([]byte, 256)
		n, err := in.ReadWithin(b, left)
		answer = append(answer, b[:n]...)
		if err != nil || n == 0 || bytes.HasSuffix(answer, []byte("c")) && bytes.Contains(answer, []byte("\x1b[?")) {
			break
		}
	}
	return DarkAnswer(string(answer))
}

// DarkAnswer reads an answer to OSC 11, such as ]11;rgb:1e1e/1e1e/1e1e, anywhere in
// a text: dark is a luminance (Rec. 709, of the values as they are) below one half.
func DarkAnswer(text string) (dark, ok bool) {
	_, text, ok = strings.Cut(text, "]11;rgb")
	if !ok {
		return false, false
	}
	text = strings.TrimLeft(text, "a:")
	end := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF/", r) })
	if end >= 0 {
		text = text[:end]
	}
	parts := strings.Split(text, "/")
	if len(parts) < 3 {
		return false, false
	}
	luminance := 0.0
	for i, weight := range [...]float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(parts[i], 16, 16)
		if err != nil {
			return false, false
		}
		luminance += weight * float64(n) / float64(int(1)<<(4*len(parts[i]))-1)
	}
	return luminance < 0.5, true
}
