package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/adrg/xdg"

	"padlab/presets"
)

func fileOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	c, problems, err := Load(fileOf(t, `
theme = "dark"
glyphs = "block"
preset = "my/own.toml"
mouse = false
bell = true
record = false
keep = 1_000
[keys]
"ctrl+g" = "n"
x = "space"
`))
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	want := Config{Theme: "dark", Glyphs: "block", Preset: "my/own.toml", Bell: true, Keep: 1000, Keys: map[string]string{"ctrl+g": "n", "x": "space"}}
	if want.said = c.said; !reflect.DeepEqual(c, want) {
		t.Errorf("%+v\nwant\n%+v", c, want)
	}
	for _, name := range c.Names() {
		if !c.Says(name) {
			t.Errorf("the file does not say %s", name)
		}
	}
	c, problems, err = Load(fileOf(t, `keys = {a = "b"}`))
	if err != nil || len(problems) > 0 || c.Keys["a"] != "b" || c.Says("theme") {
		t.Errorf("%+v, %v, %v", c, problems, err)
	}
}

// What is wrong is told with its line, and the rest counts.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`theme = "drak"`, `:1: unknown theme "drak": did you mean "dark"? (known: light, dark, auto)`},
		{"\nthmee = \"dark\"", `:2: unknown setting "thmee": did you mean "theme"?`},
		{`theme = 3`, `:1: theme must be light, dark, auto, in quotes: "3"`},
		{`theme = ["dark"]`, `:1: theme must be light, dark, auto`},
		{`mouse = "true"`, `:1: mouse must be true, false, without quotes: "true"`},
		{`mouse = 1`, `:1: mouse must be true or false: "1"`},
		{`keep = 0`, `:1: keep must be an integer from 1 to 10000: "0"`},
		{`keep = 0x10`, `:1: keep must be an integer from 1 to 10000: "0x10"`},
		{`keep = 1.5`, `:1: keep must be an integer from 1 to 10000`},
		{`preset = "where-am"`, `:1: unknown preset "where-am": did you mean "where-am-i"?`},
		{"[key]\na = \"b\"\nc = \"d\"", `:1: unknown table "key": the only one is [keys]`},
		{"[[keys]]\na = \"b\"", `:1: unknown table "keys": the only one is [keys]`},
		{"[keys.a]\nb = \"c\"", `:1: unknown table "keys.a": the only one is [keys]`},
		{"[keys]\na = 1", `:2: keys.a must be the name of a key, in quotes: "1"`},
		{"[keys]\n\"\\u0007\" = \"q\"", `:2: the name of a key is of characters that can be seen: "\a"`},
		{"[keys]\n\"\" = \"q\"", `:2: the name of a key must not be empty`},
		{"keys = 3", `:1: unknown setting "keys"`},
	} {
		path := fileOf(t, c.text+"\n[keys]\nw = \"y\"\n")
		if strings.Contains(c.text, "keys") {
			path = fileOf(t, c.text)
		}
		got, problems, err := Load(path)
		if err != nil || len(problems) != 1 || !strings.HasPrefix(problems[0], path+c.want) {
			t.Errorf("%s\n%v\n%q\nwant %s", c.text, err, problems, c.want)
		}
		got.said = nil
		want := Default()
		if want.Keys = got.Keys; !reflect.DeepEqual(got, want) || !strings.Contains(c.text, "keys") && got.Keys["w"] != "y" {
			t.Errorf("%s\n%+v", c.text, got)
		}
	}
}

// Of what cannot be read the defaults stand beside the error; what is not there
// is no error.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "",
		dir:                        ": not a regular file",
		fileOf(t, "theme = \"dark\"\ntheme = \"light\""):      ":2:1: ",
		fileOf(t, "theme = dark"):                             ":1:9: ",
		fileOf(t, "theme"):                                    ":1:",
		fileOf(t, strings.Repeat("# much\n", 4000)):           ": longer than 16384 bytes",
		filepath.Join(fileOf(t, ""), "below", "config.toml"):  ": not a directory",
		fileOf(t, strings.Repeat("a.", MaxFile/2-10)+"a = 3"): ":1: unknown setting",
	} {
		c, problems, err := Load(path)
		told := strings.Join(problems, "\n")
		if err != nil {
			told = err.Error()
		}
		if runtime.GOOS == "windows" && strings.HasPrefix(want, ": not a dir") {
			continue // there it is just not there
		}
		if !strings.HasPrefix(told, path) && want != "" || !strings.Contains(told, want) || want == "" && told != "" {
			t.Errorf("%.300s\nwant %s%s", told, path, want)
		}
		if c.said = nil; !reflect.DeepEqual(c, Default()) {
			t.Errorf("%s: %+v", path, c)
		}
	}
}

// The default can be set as it is, and what is saved is read back.
func TestSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "config.toml")
	c := Default()
	for _, name := range c.Names() {
		text, err := c.Get(name)
		if err == nil {
			err = c.Set(name, text)
		}
		if err != nil {
			t.Error(err)
		}
	}
	for _, x := range [][2]string{{"theme", "light"}, {"keep", "3"}, {"bell", "true"}, {`keys."\`, "ü"}, {"keys.a.b", "c"}, {"keys.gone", "x"}, {"keys.gone", ""}, {"preset", "./a\x01.toml"}} {
		if err := c.Set(x[0], x[1]); err != nil {
			t.Error(err)
		}
	}
	if err := c.Set("keys.c", "\x00"); err == nil || len(c.Keys) != 2 {
		t.Errorf("%v, %v", err, c.Keys)
	}
	if err := Save(path, c); err != nil {
		t.Fatal(err)
	}
	got, problems, err := Load(path)
	if got.said, c.said = nil, nil; err != nil || len(problems) > 0 || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v, %q, %v\nwant\n%+v", got, problems, err, c)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	text := Default().file()
	if !strings.Contains(text, "\n# theme = \"auto\"           # of the screen; auto: as the terminal is; light, dark, auto\n") {
		t.Error(text)
	}
	if c, _, err := parse("", []byte(strings.ReplaceAll(text, "\n# ", "\n"))); err != nil || !c.Says("keep") {
		t.Errorf("without its marks it says not all: %v\n%s", err, text)
	}
}

func TestPaths(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", "/config")
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", "/home/me")
	xdg.Reload()
	t.Cleanup(xdg.Reload)
	env := func(name string) string {
		return map[string]string{"XDG_CONFIG_HOME": "/a", "XDG_STATE_HOME": "/b"}[name]
	}
	none := func(string) string { return "" }
	relative := func(string) string { return "somewhere" }
	if runtime.GOOS != "linux" {
		t.Skip("other systems have other places")
	}
	for _, c := range []struct{ got, want string }{
		{Path(env), "/a/padlab/config.toml"}, {StateDir(env), "/b/padlab/runs"},
		{Path(none), "/config/padlab/config.toml"}, {StateDir(none), "/home/me/.local/state/padlab/runs"},
		{Path(relative), "/config/padlab/config.toml"}, {StateDir(relative), "/home/me/.local/state/padlab/runs"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

// Whatever the file holds, what counts is allowed and can be saved, and every
// problem is one sentence with its line.
func FuzzLoad(f *testing.F) {
	f.Add("theme = \"drak\"\nkeep = 0\n[keys]\na = \"b\"")
	f.Add("keys = {a = 1, b = \"c\"}\n[[x]]\ny = 2")
	f.Add("mouse = 'true'\npreset = \"\"\"\n./a\n\"\"\"\n\"\\u0000\" = 1")
	f.Add(Default().file())
	sentence := regexp.MustCompile(`^the file:[1-9]\d*: [^\pC]+$`)
	f.Fuzz(func(t *testing.T, text string) {
		c, problems, err := parse("the file", []byte(text))
		if err != nil {
			return
		}
		for _, p := range problems {
			if !sentence.MatchString(p) {
				t.Errorf("%q", p)
			}
		}
		again, problems, err := parse("the file", []byte(c.file()))
		if again.said, c.said = nil, nil; err != nil || len(problems) > 0 || !reflect.DeepEqual(again, c) {
			t.Errorf("%v, %q\n%+v\n%+v", err, problems, again, c)
		}
	})
}

func TestPresetsCanBeSet(t *testing.T) {
	for _, name := range presets.Names() {
		c := Default()
		if err := c.Set("preset", name); err != nil {
			t.Error(err)
		}
	}
}
