package theme

import (
	"runtime"
	"testing"

	"github.com/muesli/termenv"
)

func TestGlyphsFor(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		goos string
		want Glyphs
	}{
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "xterm-256color"}, "linux", Braille},
		{map[string]string{"LANG": "C.utf8", "TERM": "xterm"}, "linux", Braille},
		{map[string]string{"LANG": "de_DE.UTF-8@euro"}, "linux", Braille},
		{map[string]string{"LC_CTYPE": "UTF-8", "TERM": "xterm"}, "linux", Braille}, // as macOS sends it
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "vte-256color"}, "linux", Braille},
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "linux"}, "linux", Block},
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "linux-16color"}, "linux", Block},
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "dumb"}, "linux", ASCII},
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "vt220"}, "linux", ASCII},
		{map[string]string{"TERM": "xterm-256color"}, "linux", ASCII},
		{map[string]string{"LANG": "C", "TERM": "xterm"}, "linux", ASCII},
		{map[string]string{"LANG": "POSIX"}, "darwin", ASCII},
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, "linux", ASCII},
		{map[string]string{"LANG": "de_DE"}, "linux", ASCII},
		// The first that is set wins; an empty one is not set.
		{map[string]string{"LC_ALL": "C", "LC_CTYPE": "en_US.UTF-8", "LANG": "en_US.UTF-8"}, "linux", ASCII},
		{map[string]string{"LC_CTYPE": "C", "LANG": "en_US.UTF-8"}, "linux", ASCII},
		{map[string]string{"LC_ALL": "", "LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, "linux", Braille},
		{map[string]string{}, "darwin", Braille},
		{map[string]string{}, "windows", Braille},
		{map[string]string{}, "freebsd", ASCII},
	} {
		getenv := func(name string) string { return c.env[name] }
		if got := glyphsFor(getenv, c.goos); got != c.want {
			t.Errorf("%v on %s: %v, want %v", c.env, c.goos, got, c.want)
		}
		if c.goos == runtime.GOOS && GlyphsFor(getenv) != c.want {
			t.Errorf("%v: GlyphsFor differs", c.env)
		}
	}
}

func TestProfileFor(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there it is the version of Windows that tells")
	}
	for _, c := range []struct {
		env           map[string]string
		termenv, want termenv.Profile
	}{
		{map[string]string{"TERM": "xterm"}, termenv.ANSI, termenv.ANSI},
		{map[string]string{"TERM": "xterm-256color"}, termenv.ANSI256, termenv.ANSI256},
		{map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"}, termenv.TrueColor, termenv.TrueColor},
		{map[string]string{"TERM": "xterm-256color", "NO_COLOR": "1"}, termenv.Ascii, termenv.Ascii},
		{map[string]string{"TERM": "xterm-256color", "CLICOLOR": "0"}, termenv.Ascii, termenv.Ascii},
		{map[string]string{"TERM": "xterm-256color", "CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, termenv.ANSI256, termenv.ANSI256},
		{map[string]string{"TERM": "dumb"}, termenv.Ascii, termenv.Ascii},
		{map[string]string{"TERM": "dumb", "CLICOLOR_FORCE": "1"}, termenv.ANSI, termenv.ANSI},
		{map[string]string{}, termenv.Ascii, termenv.Ascii},
		{map[string]string{"TERM": "linux"}, termenv.ANSI, termenv.ANSI},
		{map[string]string{"TERM": "vt100"}, termenv.Ascii, termenv.Ascii},

		{map[string]string{"TERM": "screen"}, termenv.Ascii, termenv.ANSI},
		{map[string]string{"TERM": "tmux"}, termenv.Ascii, termenv.ANSI},
		{map[string]string{"TERM": "screen", "COLORTERM": "gnome-terminal"}, termenv.Ascii, termenv.ANSI256},
		{map[string]string{"TERM": "screen-256color"}, termenv.ANSI256, termenv.ANSI256},
		{map[string]string{"TERM": "screen.xterm-256color"}, termenv.ANSI256, termenv.ANSI256},
		{map[string]string{"TERM": "tmux-256color"}, termenv.ANSI256, termenv.ANSI256},
		{map[string]string{"TERM": "tmux-256color", "COLORTERM": "truecolor"}, termenv.TrueColor, termenv.TrueColor},
		{map[string]string{"TERM": "screen", "COLORTERM": "truecolor"}, termenv.ANSI256, termenv.ANSI256},
		{map[string]string{"TERM": "screen-256color", "COLORTERM": "24bit", "TMUX": "/tmp/tmux-0/default,1,0"}, termenv.ANSI256, termenv.TrueColor},
		{map[string]string{"TERM": "screen", "NO_COLOR": "1"}, termenv.Ascii, termenv.Ascii},
		{map[string]string{"TERM": "tmux-256color", "CLICOLOR": "0"}, termenv.Ascii, termenv.Ascii},
		{map[string]string{"TERM": "screen", "CLICOLOR_FORCE": "1"}, termenv.ANSI, termenv.ANSI},
	} {
		getenv := func(name string) string { return c.env[name] }
		if got := ProfileFor(getenv); got != c.want {
			t.Errorf("%v: %s, want %s", c.env, got.Name(), c.want.Name())
		}
		// When termenv changes its mind, so may we.
		out := termenv.NewOutput(nil, termenv.WithEnvironment(environment(getenv)), termenv.WithTTY(true))
		if got := out.EnvColorProfile(); got != c.termenv {
			t.Errorf("%v: termenv gives %s, not %s", c.env, got.Name(), c.termenv.Name())
		}
	}
}
