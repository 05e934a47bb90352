package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a getenv for a machine whose file of settings holds a text.
func machine(t *testing.T, text string, more ...string) (getenv func(string) string, file string) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "padlab", "config.toml")
	if text != "" {
		if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return environment(append(more, "XDG_CONFIG_HOME="+dir)...), file
}

// A flag goes before its variable, that before the file, that before the default.
func TestConfigPrecedence(t *testing.T) {
	text := "theme = \"dark\"\nglyphs = \"block\"\n[keys]\nx = \"space\"\n"
	for _, c := range []struct {
		text, variable, args, want string
	}{
		{"", "", "config", "theme    auto         default\n"},
		{text, "", "config", "theme    dark         file\n"},
		{text, "", "config", "keys.x   space        file\n"},
		{text, "", "config", "keep     200          default\n"},
		{text, "PADLAB_THEME=light", "config", "theme    light        environment PADLAB_THEME\n"},
		{text, "PADLAB_THEME=light", "config --theme auto", "theme    auto         flag --theme\n"},
		{text, "PADLAB_GLYPHS=auto", "config show", "glyphs   auto         environment PADLAB_GLYPHS\n"},
		{text, "", "config --glyphs ascii", "glyphs   ascii        flag --glyphs\n"},
	} {
		getenv, file := machine(t, c.text, c.variable)
		o := within(t, &session{getenv: getenv}, strings.Fields(c.args)...)
		o.want(t, exitOK, "")
		if first := map[bool]string{true: file + " (not there yet)\n", false: file + "\n"}[c.text == ""]; !strings.HasPrefix(o.out, first) || !strings.Contains(o.out, c.want) || o.err != "" {
			t.Errorf("%q, %s: %s%s\nwant %s%s", c.args, c.variable, o.err, o.out, first, c.want)
		}
	}
}

// What the session draws with follows the same order; auto asks the environment.
func TestConfigReachesTheLook(t *testing.T) {
	for _, c := range []struct{ text, variable, args, theme, glyphs string }{
		{"", "", "config", "auto", "ascii"}, // without a locale
		{"", "LANG=C.UTF-8", "config", "auto", "braille"},
		{"", "LANG=C.UTF-8", "config --glyphs BLOCK", "auto", "block"},
		{"glyphs = \"block\"\ntheme = \"light\"", "LANG=C.UTF-8", "config", "light", "block"},
		{"glyphs = \"block\"", "PADLAB_GLYPHS=ascii", "config", "auto", "ascii"},
		{"glyphs = \"block\"", "LANG=C.UTF-8", "config --glyphs auto --theme dark", "dark", "braille"},
		{"glyphs = \"block\"\ntheme = \"light\"", "LANG=C.UTF-8", "version", "auto", "braille"}, // does not read it
	} {
		getenv, _ := machine(t, c.text, strings.Fields(c.variable)...)
		s := &session{getenv: getenv}
		if within(t, s, strings.Fields(c.args)...).want(t, exitOK, ""); s.look.theme != c.theme || s.look.glyphs != c.glyphs {
			t.Errorf("%s under %q: %+v", c.args, c.text, s.look)
		}
	}
}

// Without an argument padlab opens what the file names. What is wrong there is
// told, and the rest counts.
func TestConfigOpens(t *testing.T) {
	getenv, file := machine(t, "mouse = \"no\"\npreset = '"+tinyFile+"'\nthme = 1\n")
	s := &session{getenv: getenv}
	o := within(t, s, "--data", tinyDir)
	o.want(t, exitOK, "padlab: "+file+":1: mouse must be true, false, without quotes: \"no\"\npadlab: "+file+":3: unknown setting \"thme\": did you mean \"theme\"?")
	if !strings.HasPrefix(o.out, "Tiny & quick (") || !s.config.Mouse || s.config.Preset != tinyFile {
		t.Errorf("%+v\n%s", s.config, o.out)
	}
	// What is no TOML is told too; commands that need no settings do not look.
	getenv, file = machine(t, "theme = dark")
	within(t, &session{getenv: getenv}, "config").want(t, exitOK, "padlab: "+file+":1:9: ")
	if o := within(t, &session{getenv: getenv}, "version"); o.err != "" {
		t.Error(o.err)
	}
}

func TestConfigSet(t *testing.T) {
	getenv, file := machine(t, "")
	set := func(key, value string) outcome {
		return within(t, &session{getenv: getenv}, "config", "set", key, value)
	}
	set("keep", "7").want(t, exitOK, "")
	set("keys.x", "space").want(t, exitOK, "")
	set("theme", "drak").want(t, exitUsage, `unknown theme "drak": did you mean "dark"? (known: light, dark, auto)`)
	set("kep", "7").want(t, exitUsage, `unknown setting "kep": did you mean "keep"?`)
	within(t, &session{getenv: getenv}, "config", "set", "keep").want(t, exitUsage, "config set takes a setting and its value (see padlab config set --help)")
	o := within(t, &session{getenv: getenv}, "config")
	for _, want := range []string{"keep     7            file\n", "keys.x   space        file\n", "theme    auto         default\n"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("%s\nwant %s", o.out, want)
		}
	}
	set("keys.x", "").want(t, exitOK, "")
	if text := contentOf(t, filepath.Dir(file), "config.toml"); strings.Contains(text, "space") || !strings.Contains(text, "\nkeep = 7 ") {
		t.Error(text)
	}

	// A file that holds more than is understood is not written over.
	for _, text := range []string{"a = 1\ntheme = \"dark\"\n", "a ="} {
		getenv, file = machine(t, text)
		set("keep", "7").want(t, exitUsage, file+":1:")
		if got := contentOf(t, filepath.Dir(file), "config.toml"); got != text {
			t.Errorf("%q became\n%s", text, got)
		}
	}
	occupied := fileOf(t, "occupied", "")
	getenv = environment("XDG_CONFIG_HOME=" + filepath.Join(occupied, "below"))
	if o := set("keep", "7"); o.code == exitOK {
		t.Error("saved below a file")
	}
}
