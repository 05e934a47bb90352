package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"padlab/core/experiment"
	"padlab/core/pad"
	"padlab/presets"
)

// completed asks as a shell does, and returns the words without what explains
// them.
func completed(t *testing.T, args ...string) (words []string, explained int, directive cobra.ShellCompDirective) {
	t.Helper()
	var out, err bytes.Buffer
	s := &session{ctx: context.Background(), in: strings.NewReader(""), out: &out, err: &err, getenv: environment()}
	if code := run(s, append([]string{"__complete"}, args...)); code != exitOK {
		t.Fatalf("%q ends with %d: %s", args, code, &err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	last := lines[len(lines)-1]
	n, bad := strconv.Atoi(strings.TrimPrefix(last, ":"))
	if bad != nil {
		t.Fatalf("%q: %s", args, out.String())
	}
	for _, line := range lines[:len(lines)-1] {
		word, about, _ := strings.Cut(line, "\t")
		if words = append(words, word); about != "" {
			explained++
		}
	}
	return words, explained, cobra.ShellCompDirective(n)
}

func TestCompletions(t *testing.T) {
	const none, noSpace, dirs, ext = cobra.ShellCompDirectiveNoFileComp, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace,
		cobra.ShellCompDirectiveFilterDirs, cobra.ShellCompDirectiveFilterFileExt
	for _, c := range []struct {
		args, want string
		directive  cobra.ShellCompDirective
	}{
		{"run wh", "where-am-i which-colour", none},
		{"wh", "where-am-i which-colour", none},
		{"sch", "schemes", none},
		{"run where-am-i ", "", none},
		{"presets show no", "no-bias none-is-not-blind", none},
		{"presets check ", "toml", ext},
		{"show ", "", dirs},
		{"datasets show p", "photos", none},
		{"schemes show re", "replicate reflect resize", none},
		{"inspect resnet18", "resnet18 resnet18-canvas", none},
		{"help pres", "presets", none},
		{"help presets s", "show", none},
		{"help fie", "fields", none},
		{"help fields canvas", "canvas canvas.grid canvas.fill canvas.border", none},
		{"completion b", "bash", none},
		{"config set the", "theme", none},
		{"config set theme d", "dark", none},
		{"config set preset whi", "which-colour", none},
		{"config set keep ", "", none},

		{"run --format js", "json jsonl", none},
		{"inspect --format ", "text json", none},
		{"bench --format ", "text json jsonl", none},
		{"inspect --padding sym", "symmetric", none},
		{"inspect --extent same", "same same-tf", none},
		{"inspect --pools s", "scheme", none},
		{"inspect --weights ", "safetensors", ext},
		{"bench --net ", "S M L", noSpace},
		{"bench --net S,", "S,M S,L", noSpace},
		{"bench --padding zeros,refl", "zeros,reflect", noSpace},
		{"run --out ", "", dirs},
		{"run --seed ", "", none},
		{"sweep wh", "where-am-i which-colour", none},
		{"sweep --vary net.padding=zeros,refl", "net.padding=zeros,reflect", noSpace},
		{"sweep --format ", "text json csv markdown", none},
		{"sweep merge --format m", "markdown", none},
		{"sweep merge x ", "", dirs},
		{"--theme ", "light dark auto", none},
		{"schemes --glyphs b", "braille block", none},
		{"bench --kernel go", "gonum", none},
		{"run --data ", "", dirs},

		{"run --set canvas", "canvas.grid= canvas.fill= canvas.border=", noSpace},
		{"run where-am-i --set net.padding=refl", "net.padding=reflect", noSpace},
		{"--set net.padding=zeros,refl", "net.padding=zeros,reflect", noSpace},
		{"--set net.layers.conv1.padding=circ", "net.layers.conv1.padding=circular", noSpace},
		{"--set net.arch=vgg5", "net.arch=vgg5 net.arch=vgg5_bn net.arch=vgg5-mini", noSpace},
		{"--set net.bias=", "net.bias=true net.bias=false", noSpace},
		{"--set readout.kernel=", "readout.kernel=1 readout.kernel=3 readout.kernel=5 readout.kernel=7", noSpace},
		{"--set readout.targets=H,V", "readout.targets=H,V readout.targets=H,VS", noSpace},
		{"--set train.steps=", "train.steps=" + defaultOf(t, "train.steps"), noSpace},
		{"--set data.set=fash", "data.set=fashion-mnist", noSpace},
		{"--set nothing=", "", none},
	} {
		words, _, directive := completed(t, strings.Split(c.args, " ")...)
		if got := strings.Join(words, " "); got != c.want || directive != c.directive {
			t.Errorf("%q: %q, %d; want %q, %d", c.args, got, directive, c.want, c.directive)
		}
	}
	if words, explained, _ := completed(t, "run", ""); !slices.Equal(words[:len(presets.Names())], presets.Names()) || explained != len(presets.Names()) {
		t.Errorf("%q, %d of them explained", words, explained)
	}
	if words, explained, _ := completed(t, "schemes", "show", ""); !slices.Equal(words, pad.Names()) || explained != len(words) {
		t.Errorf("%q, %d of them explained", words, explained)
	}
	if words, explained, _ := completed(t, "run", "--set", ""); len(words) != len(experiment.Fields()) || explained != len(words) {
		t.Errorf("%q, %d of them explained", words, explained)
	}
}

// Files and folders stand beside the presets; where only folders are left, the
// word goes on below.
func TestCompletionOfFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"where/a.toml", "where/b.txt", "where/.c.toml", "mine.toml", "notes.txt"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	slash := string(filepath.Separator)
	for _, c := range []struct {
		word  string
		want  []string
		space bool
	}{
		{"where", []string{"where-am-i", "where" + slash}, true},
		{"where" + slash, []string{"where" + slash + "a.toml"}, true},
		{"where" + slash + ".", []string{"where" + slash + ".c.toml"}, true},
		{"mi", []string{"mine.toml"}, true},
		{"." + slash + "w", []string{"." + slash + "where" + slash}, false},
		{dir + slash + "m", []string{dir + slash + "mine.toml"}, true},
		{"nowhere" + slash, nil, true},
	} {
		words, _, directive := completed(t, "run", c.word)
		if !slices.Equal(words, c.want) || (directive&cobra.ShellCompDirectiveNoSpace == 0) != c.space {
			t.Errorf("%q: %q, %d; want %q", c.word, words, directive, c.want)
		}
	}
}

func defaultOf(t *testing.T, key string) string {
	f, err := experiment.FieldOf(key)
	if err != nil {
		t.Fatal(err)
	}
	return f.Default()
}

// Every flag that takes a value says what may stand there.
func TestEveryFlagCompletes(t *testing.T) {
	root := (&session{ctx: context.Background(), getenv: environment()}).root()
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if _, ok := c.GetFlagCompletionFunc(f.Name); !ok && f.Value.Type() != "bool" {
				t.Errorf("%s --%s", c.CommandPath(), f.Name)
			}
		})
		for _, below := range c.Commands() {
			visit(below)
		}
	}
	visit(root)
}
