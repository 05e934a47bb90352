package cli

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"padlab/core/experiment"
	"padlab/core/pad"
	"padlab/presets"
)

func TestSchemes(t *testing.T) {
	list := padlab(t, "schemes")
	if o := padlab(t, "schemes", "list"); o != list || o.code != exitOK || o.err != "" {
		t.Errorf("%+v\n%+v", o, list)
	}
	for _, name := range pad.Names() {
		if !strings.Contains(list.out, "\n"+name+" ") && !strings.HasPrefix(list.out, name+" ") {
			t.Errorf("%s is not listed:\n%s", name, list.out)
		}
	}
	if !strings.Contains(list.out, "also edge\n") || !strings.Contains(list.out, "also zero, constant\n") {
		t.Errorf("no aliases:\n%s", list.out)
	}

	for _, c := range []struct{ args, want string }{
		{"reflect --size 5 --pad 2 --format json", `{"schema":1,"scheme":"reflect","size":5,"before":2,"after":2,"source":[2,1,0,1,2,3,4,3,2]}`},
		{"zeros --size 2 --pad 1 --format json", `{"schema":1,"scheme":"zeros","size":2,"before":1,"after":1,"source":[null,0,1,null]}`},
		{"zero --size 1 --pad 1 --format json", `{"schema":1,"scheme":"zeros","size":1,"before":1,"after":1,"source":[null,0,null]}`},
		{"edge --size 3 --pad 2 --format json", `{"schema":1,"scheme":"replicate","size":3,"before":2,"after":2,"source":[0,0,0,1,2,2,2]}`},
		{"wrap --size 4 --pad 0,3 --format json", `{"schema":1,"scheme":"circular","size":4,"before":0,"after":3,"source":[0,1,2,3,0,1,2]}`},
		{"symmetric --size 2 --pad 3 --format json", `{"schema":1,"scheme":"symmetric","size":2,"before":3,"after":3,"source":[1,1,0,0,1,1,0,0]}`},
		{"constant(0.1) --size 1 --pad 1,0 --format json", `{"schema":1,"scheme":"constant(0.1)","size":1,"before":1,"after":0,"source":[null,0]}`},
		{"none --size 2 --pad 0 --format json", `{"schema":1,"scheme":"none","size":2,"before":0,"after":0,"source":[0,1]}`},
		{"reflect", "reflect: mirrored about the edge pixel: c b | a b c | b a\n2 1 | 0 1 2 3 4 | 3 2"},
		{"circular --size 4 --pad 0,3", "circular: the other side of the picture: b c | a b c | a b\n| 0 1 2 3 | 0 1 2"},
		{"learned --size 2 --pad 1", "learned: predicted from the pixels next to the edge\n? | 0 1 | ?"},
		{"explicit --size 2 --pad 1", "explicit: nothing outside: filters of their own at the border\n· | 0 1 | ·"},
		{"partial --size 2 --pad 1", "partial: zeros outside; what a window sees is weighted up\n[0] | 0 1 | [0]"},
		// Means of 1 2 3, 2 3 4 and 3 4 5, enlarged from 3 to 7, whose ends are those of the 3; or to 5, 2 2.4 3 …, and mirrored.
		{"mean-interp --size 5 --pad 1", "mean-interp: local means, enlarged beyond the edge\n2 | 1 2 3 4 5 | 4\ncomputed from the values 1 … 5, not copied"},
		{"mean-ref --size 5 --pad 1", "mean-ref: local means, mirrored about the edge\n2.4 | 1 2 3 4 5 | 3.6\ncomputed from the values 1 … 5, not copied"},
		{"resize --size 2 --pad 1", "resize: the picture enlarged to the padded size\n1 1.25 1.75 2\ncomputed from the values 1 … 2, not copied"},
		{"resize --size 2 --pad 1 --format json", `{"schema":1,"scheme":"resize","size":2,"before":1,"after":1,"source":[null,0,1,null],"values":[1,1.25,1.75,2]}`},
		{"resize --size 2 --pad 0", "resize: the picture enlarged to the padded size\n| 0 1 |"},
		{"random --size 2 --pad 1", "random: zeros, in training all on one side, by lot\n1 2 0 0\ncomputed from the values 1 … 2, not copied"},
		{"constant(0.1) --size 2 --pad 1,0", "constant(0.1): one value outside, constant(0.5): v v | a b c | v v\n[0.1] | 0 1 |"},
	} {
		args := append([]string{"schemes", "show"}, strings.Fields(c.args)...)
		if o := padlab(t, args...); o.code != exitOK || o.err != "" || o.out != c.want+"\n" {
			t.Errorf("%q: %d %s%s\nwant %s", args, o.code, o.err, o.out, c.want)
		}
	}

	for _, c := range []struct{ args, want string }{
		{"reflect --size 3 --pad 4", "reflect needs padding < size: 4 ≥ 3\n"},
		{"reflect --size 3 --pad 0,3", "reflect needs padding < size: 3 ≥ 3\n"},
		{"reflec", `unknown scheme "reflec": did you mean "reflect"?`},
		{"none --pad 2", "none pads nothing: padding must be 0, not 2\n"},
		{"zeros --size 0", "zeros needs a size of at least 1: 0\n"},
		{"zeros --pad -1", "zeros needs padding of at least 0: -1, -1\n"},
		{"zeros --pad 1,x", `--pad takes an integer, or two as BEFORE,AFTER: "1,x"`},
		{"zeros --pad 1,2,3", `--pad takes an integer, or two as BEFORE,AFTER: "1,2,3"`},
		{"zeros --size 4097", "--size and --pad are at most 4096: 4097 and 2,2\n"},
		{"zeros --pad 5000,0", "--size and --pad are at most 4096: 5 and 5000,0\n"},
		{"constant(x)", "constant needs a number in brackets, as in constant(0.5)\n"},
		{"zeros --format csv", `unknown format "csv" (known: text, json)`},
	} {
		padlab(t, append([]string{"schemes", "show"}, strings.Fields(c.args)...)...).want(t, exitUsage, c.want)
	}
}

// Every preset that ships is listed, can be run, and is printed as a file that
// reads back to the same experiment.
func TestPresets(t *testing.T) {
	files, err := filepath.Glob("../../presets/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	var shipped []string
	for _, file := range files {
		shipped = append(shipped, strings.TrimSuffix(filepath.Base(file), ".toml"))
	}
	if listed := slices.Sorted(slices.Values(presets.Names())); !slices.Equal(listed, shipped) {
		t.Errorf("listed are %v, there are %v", listed, shipped)
	}
	if presets.Names()[0] != presets.Default {
		t.Errorf("the default preset is %s, the first %s", presets.Default, presets.Names()[0])
	}

	list := padlab(t, "presets")
	if o := padlab(t, "presets", "list"); o != list || o.code != exitOK || o.err != "" || strings.Count(o.out, "\n") != len(shipped) {
		t.Errorf("%+v\n%+v", o, list)
	}
	s := &session{}
	for _, name := range presets.Names() {
		e, err := s.load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(list.out, name+" ") || !strings.Contains(list.out, e.Title) {
			t.Errorf("%s is not listed:\n%s", name, list.out)
		}
		if e.Title == "" || e.About == "" || e.Try == "" || e.Paper == "" {
			t.Errorf("%s leaves something unsaid", name)
		}
		o := padlab(t, "presets", "show", name)
		again, err := experiment.Parse("shown", []byte(o.out))
		if err != nil || !reflect.DeepEqual(again, e) || o.code != exitOK || o.err != "" {
			t.Errorf("%s: %v\n%+v\nwant\n%+v", name, err, again, e)
		}
		if name != presets.Default && name != "table1" && name != "red-green" {
			continue // it takes a second; TestPresetTexts builds them all
		}
		o = within(t, &session{in: strings.NewReader(o.out)}, "presets", "check", "-")
		if o.code != exitOK || !strings.Contains(o.out, "-: fine, ") {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if o := padlab(t, "presets", "check", "leaky-grid"); !strings.HasPrefix(o.out, "warning: near tells 4 of 36 cells apart under circular padding, which has no border: pool2 is") {
		t.Errorf("%+v", o)
	}
}

// Where an experiment may come from, and what is wrong with it.
func TestExperimentFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.toml", "[canvas]\ngrid = 4\n")
	if o := padlab(t, "presets", "check", good); o.code != exitOK || !strings.HasPrefix(o.out, good+": fine, 1 arm, ") || !strings.Contains(o.out, " MB of memory, about 0:") {
		t.Errorf("%+v", o)
	}
	if o := padlab(t, "presets", "show", good); o.code != exitOK || !strings.Contains(o.out, "\n[canvas]\ngrid = 4\n") {
		t.Errorf("%+v", o)
	}
	if o := within(t, &session{in: strings.NewReader("seed = 7\n")}, "presets", "show", "-"); !strings.Contains(o.out, "seed = 7\n") {
		t.Errorf("%+v", o)
	}

	for name, content := range map[string]struct{ text, want string }{
		"syntax.toml":    {"seed = 1\n[canvas\n", ":2:"},
		"twice.toml":     {"seed = 1\nseed = 2\n", ":2"},
		"key.toml":       {"[train]\nstep = 3\n", `:2: unknown key "train.step": did you mean "train.steps"?`},
		"table.toml":     {"[canvsa]\ngrid = 3\n", `unknown key "canvsa.grid": did you mean "canvas.grid"?`},
		"range.toml":     {"\n[canvas]\ngrid = 0\n", `:3: canvas.grid must be an integer from 1 to 32: "0"`},
		"type.toml":      {"[canvas]\ngrid = \"5\"\n", `:2: canvas.grid must be an integer from 1 to 32, without quotes: "5"`},
		"list.toml":      {"[canvas]\ngrid = [4, 5]\n", ":2: canvas.grid takes one value; let it vary in a [[vary]] table"},
		"vary.toml":      {"[[vary]]\nkey = \"net.paddin\"\nvalues = [\"zeros\"]\n", `:1: vary: unknown key "net.paddin": did you mean "net.padding"?`},
		"expect.toml":    {"[[expect]]\narm = \"circula\"\nwhat = \"accuracy\"\nis = \"chance\"\n", `:1: expect: unknown arm "circula"`},
		"full-none.toml": {"[net]\npadding = \"none\"\nextent = \"full\"\n", "none pads nothing, so its extent cannot be full"},
		"escape.toml":    {"[net]\npadding = \"\\u001b[2J\\n\"\n", `:2: net.padding: unknown scheme "\x1b[2J\n"`},
		"binary.toml":    {"\x00\x01\x1b[2J\xff", ":1:"},
		"control.toml":   {"a\x1b = 1\n", ":1:"},
		"long.toml":      {strings.Repeat("# nothing\n", 7000), ": longer than 65536 bytes, the most that an experiment file may have"},
		"deep.toml":      {"a = " + strings.Repeat("[", 3000), ":1:"},
	} {
		path := write(name, content.text)
		for _, args := range [][]string{{"run", path}, {"presets", "check", path}, {"presets", "show", path}} {
			o := padlab(t, args...)
			o.want(t, exitUsage, "padlab: "+path+":")
			o.want(t, exitUsage, content.want)
		}
		within(t, &session{in: strings.NewReader(content.text)}, "run", "-").want(t, exitUsage, "padlab: standard input:")
	}

	for path, want := range map[string]string{
		"wher-am-i":                      `unknown preset "wher-am-i": did you mean "where-am-i"?`,
		filepath.Join(dir, "no.toml"):    "no.toml: ",
		"no.toml":                        "padlab: no.toml: ",
		dir:                              dir + ": a folder, not an experiment file",
		filepath.Join(good, "child.tml"): "child.tml: ",
	} {
		padlab(t, "run", path).want(t, exitUsage, want)
	}
	if os.Getuid() > 0 { // the super-user, and whoever has Windows, may read everything
		locked := write("locked.toml", "")
		if err := os.Chmod(locked, 0); err != nil {
			t.Fatal(err)
		}
		padlab(t, "run", locked).want(t, exitUsage, locked+": permission denied")
	}
	within(t, &session{in: dead{}}, "run", "-").want(t, exitUsage, "standard input: the line is dead")
}

var errDead = errors.New("the line is dead")

type dead struct{}

func (dead) Read([]byte) (int, error) { return 0, errDead }

func TestDatasets(t *testing.T) {
	list := padlab(t, "datasets")
	if o := padlab(t, "datasets", "list"); o != list || o.code != exitOK || o.err != "" {
		t.Errorf("%+v\n%+v", o, list)
	}
	for _, want := range []string{"28×28×1, 10 classes, 5000 train, 1000 test\n", "20 photographs without labels\n"} {
		if !strings.Contains(list.out, want) {
			t.Errorf("%s\nwant %s", list.out, want)
		}
	}
	o := padlab(t, "datasets", "show", "fashion-mnist")
	for _, want := range []string{"licence   MIT © 2017 Zalando SE\n", "class 9   Ankle boot, 500 train, 100 test\n"} {
		if o.code != exitOK || o.err != "" || !strings.Contains(o.out, want) {
			t.Errorf("%+v\nwant %s", o, want)
		}
	}
	if o := padlab(t, "datasets", "show", "photos"); o.code != exitOK || strings.Count(o.out, "\n") != 21 {
		t.Errorf("%+v", o)
	}
	padlab(t, "datasets", "show", "fashion").want(t, exitUsage, `unknown data set "fashion"`)
}

// A set whose files lie is refused by everything that would use it, and listed
// as unusable.
func TestLyingDataset(t *testing.T) {
	dir := t.TempDir()
	set := filepath.Join(dir, "liar")
	if err := os.Mkdir(set, 0o755); err != nil {
		t.Fatal(err)
	}
	idx := func(name string, magic uint32, sizes ...uint32) {
		if err := os.WriteFile(filepath.Join(set, name), append(idxHeader(magic, sizes...), 1, 2, 3), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	idx("train-images-idx3-ubyte", 0x803, 60000, 28, 28)
	idx("train-labels-idx1-ubyte", 0x801, 60000)
	const want = "train-images-idx3-ubyte: holds 3 of 47040000 bytes"
	for _, args := range [][]string{
		{"run", "where-am-i", "--set", "data.set=liar", "--data", dir},
		{"datasets", "show", "liar", "--data", dir},
	} {
		padlab(t, args...).want(t, exitUsage, want)
	}
	s := &session{in: strings.NewReader("[data]\nset = \"liar\"\n"), getenv: environment("PADLAB_DATA=" + dir)}
	within(t, s, "presets", "check", "-").want(t, exitUsage, want)
	o := padlab(t, "datasets", "--data", dir)
	if o.code != exitOK || !strings.Contains(o.out, want) || !strings.Contains(o.out, "5000 train") {
		t.Errorf("%+v", o)
	}
	idx("train-images-idx3-ubyte", 0x803, 1<<31, 1<<31, 4)
	padlab(t, "datasets", "show", "liar", "--data", dir).want(t, exitUsage, "more than the 805306368 bytes allowed")
}
