package theme

import (
	"io"
	"runtime"
	"strings"

	"github.com/muesli/termenv"
)

// GlyphsFor returns the glyph set that a terminal shows, as its environment
// tells: that of the session, which over a network is not this process's. A
// locale that is not UTF-8 gives ASCII, and so does a terminal that is dumb or a
// DEC one; the console of Linux, whose fonts lack braille, gives Block. Where
// there are no locales, on Windows and macOS, none at all means UTF-8.
func GlyphsFor(getenv func(string) string) Glyphs { return glyphsFor(getenv, runtime.GOOS) }

func glyphsFor(getenv func(string) string, goos string) Glyphs {
	locale := ""
	for _, name := range [...]string{"LC_ALL", "LC_CTYPE", "LANG"} { // in the order of POSIX, where empty is unset
		if locale = getenv(name); locale != "" {
			break
		}
	}
	term := getenv("TERM")
	switch {
	case locale == "" && goos != "windows" && goos != "darwin", locale != "" && !utf8Locale(locale):
		return ASCII
	case term == "dumb", len(term) > 2 && strings.HasPrefix(term, "vt") && term[2] >= '0' && term[2] <= '9': // not "vte"
		return ASCII
	case term == "linux", strings.HasPrefix(term, "linux-"):
		return Block
	}
	return Braille
}

// utf8Locale reports whether a locale, language_TERRITORY.codeset@modifier, or a
// bare codeset, as macOS has it, is UTF-8.
func utf8Locale(locale string) bool {
	codeset, _, _ := strings.Cut(locale, "@")
	if _, after, dotted := strings.Cut(codeset, "."); dotted {
		codeset = after
	}
	return strings.EqualFold(strings.ReplaceAll(codeset, "-", ""), "utf8")
}

// ProfileFor returns the colours of a terminal, as its environment tells. It is
// what termenv gives for a terminal, NO_COLOR, CLICOLOR and CLICOLOR_FORCE
// included, but for screen and tmux, which termenv takes for terminals without
// colour unless their name says 256color, and for tmux under screen's name,
// which has true colour. Whether the output is a terminal is for the caller to
// know.
func ProfileFor(getenv func(string) string) termenv.Profile {
	out := termenv.NewOutput(io.Discard, termenv.WithEnvironment(environment(getenv)), termenv.WithTTY(true))
	profile := out.EnvColorProfile()
	term, colours := getenv("TERM"), strings.ToLower(getenv("COLORTERM"))
	screen, tmux := strings.HasPrefix(term, "screen"), strings.HasPrefix(term, "tmux")
	if out.EnvNoColor() || !screen && !tmux {
		return profile
	}
	// Profiles are numbered from the richest down.
	profile = min(profile, termenv.ANSI)
	if colours != "" || strings.Contains(term, "256color") {
		profile = min(profile, termenv.ANSI256)
	}
	if colours == "truecolor" || colours == "24bit" {
		profile = termenv.TrueColor
	}
	if screen && getenv("TMUX") == "" {
		profile = max(profile, termenv.ANSI256)
	}
	return profile
}

// environment is a session's variables as termenv reads them.
type environment func(string) string

func (e environment) Getenv(name string) string { return e(name) }

func (environment) Environ() []string { return nil }
