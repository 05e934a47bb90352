package paint

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// sorted reads all of a text, and returns its keys and its pastes.
func sorted(from io.Reader) (keys string, pasted []string) {
	p := &Pastes{From: from, Most: 100, Pasted: func(text string) { pasted = append(pasted, text) }}
	b, _ := io.ReadAll(p)
	return string(b), pasted
}

func TestPastes(t *testing.T) {
	for _, c := range []struct {
		in, keys string
		pasted   []string
	}{
		{"abc\x1b[A\x1b", "abc\x1b[A\x1b", nil},
		{"a\x1b[200~one\ntwo\x1b[201~b", "ab", []string{"one\ntwo"}},
		{"\x1b[200~\x1b[201~x", "x", nil},
		{"a\x1b[201~b", "ab", nil},
		{"\x1b[200~never\x03q", "\x03q", []string{"never"}},
		{"\x1b[200~" + strings.Repeat("x", 5000) + "\x1b[201~y", "y", []string{strings.Repeat("x", 100)}},
		{"\x1b[200~\xff\xfeok\x1b[201~", "", []string{"ok"}},
		{strings.Repeat("漢", 500), strings.Repeat("漢", 500), nil},
	} {
		for name, from := range map[string]io.Reader{"at once": strings.NewReader(c.in), "in halves": iotest.HalfReader(strings.NewReader(c.in))} {
			if keys, pasted := sorted(from); keys != c.keys || !slices.Equal(pasted, c.pasted) {
				t.Errorf("%.40q %s: %.40q and %.40q", c.in, name, keys, pasted)
			}
		}
	}
}

// However the bytes come, nothing that is no paste is lost or moved, and no read is
// longer than the program takes at once.
func TestPastesInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in, keys strings.Builder
		var want []string
		for range rapid.IntRange(0, 20).Draw(t, "parts") {
			text := rapid.StringOfN(rapid.RuneFrom([]rune("aé漢 \n")), 0, 90, 99).Draw(t, "text")
			if rapid.Bool().Draw(t, "pasted") {
				in.WriteString("\x1b[200~" + text + "\x1b[201~")
				if text != "" {
					want = append(want, text)
				}
			} else {
				in.WriteString(text)
				keys.WriteString(text)
			}
		}
		rest := in.String()
		from := readerFunc(func(b []byte) (int, error) {
			if len(b) > maxRead {
				t.Fatalf("%d bytes are asked for", len(b))
			}
			if rest == "" {
				return 0, io.EOF
			}
			n := copy(b, rest[:rapid.IntRange(1, min(len(rest), 300)).Draw(t, "n")])
			if i := strings.LastIndexByte(rest[:n], 0x1b); i >= 0 && n-i < 3 { // a terminal writes brackets at once
				n = min(copy(b, rest[:min(len(rest), i+6)]), len(b))
			}
			rest = rest[n:]
			return n, nil
		})
		got, pasted := sorted(from)
		if got != keys.String() || !slices.Equal(pasted, want) {
			t.Fatalf("%q and %q, want %q and %q", got, pasted, keys.String(), want)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
