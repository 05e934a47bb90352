package cli

import (
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"padlab/core/arch/catalog"
	"padlab/core/experiment"
)

func TestUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"runn", `unknown command "runn": did you mean "run"? (see padlab --help)`},
		{"zzzzz", `unknown command "zzzzz" (known: bench, compare, completion, config, datasets, export, help, inspect, lint, onnx, presets, profile, run, schemes, serve, show, sweep, version) (see padlab --help)`},
		{"runn --seed 3", `unknown command "runn": did you mean "run"?`},
		{"hepl", `did you mean "help"?`},
		{"where-am", `unknown preset "where-am": did you mean "where-am-i"?`},
		{"where-am --seed 3", `unknown preset "where-am": did you mean "where-am-i"?`},
		{"where-am-i how-far", `padlab opens one experiment: "how-far" is one too many`},
		{"where-am-i --sed 3", "unknown flag --sed: did you mean --seed? (see padlab --help)"},
		{"./nothing.toml", "./nothing.toml: no such file or directory"},
		{"help runn", `unknown command "runn": did you mean "run"?`},
		{"help feilds", `unknown topic of help "feilds": did you mean "fields"? (known: fields, keys, networks) (see padlab --help)`},
		{"help fields trian", `unknown group of fields "trian": did you mean "train"? (known: task, data, canvas, net, train, eval, neurons, backbone, readout)`},
		{"help fields net.paddign", `unknown key "net.paddign": did you mean "net.padding"?`},
		{"help fields a b", `help fields takes one group or key: "b" is one too many (see padlab help fields --help)`},
		{"help presets lst", `unknown presets command "lst": did you mean "list"?`},
		{"presets lst", `unknown presets command "lst": did you mean "list"? (known: check, list, show) (see padlab presets --help)`},
		{"datasets shwo", `did you mean "show"?`},
		{"schemes x --size 5", `unknown schemes command "x" (known: list, show)`},
		{"presets list x", `presets list takes no arguments: "x" (see padlab presets list --help)`},
		{"version x", `version takes no arguments: "x"`},
		{"run", "run takes the name of a preset, a file, or - (see padlab run --help)"},
		{"run a b", "run takes the name of a preset, a file, or -"},
		{"presets show", "presets show takes the name of a preset"},
		{"presets check", "presets check takes a file"},
		{"man x", `man takes no arguments: "x"`},
		{"datasets show", "datasets show takes the name of a data set"},
		{"schemes show", "schemes show takes the name of a scheme"},
		{"completion", "completion takes the name of a shell: bash, zsh, fish or powershell"},
		{"completion bsh", `unknown shell "bsh": did you mean "bash"? (known: bash, zsh, fish, powershell)`},
		{"run x --sed 3", "unknown flag --sed: did you mean --seed? (see padlab run --help)"},
		{"run x --wrokers=3", "did you mean --workers?"},
		{"presets --foo", "unknown flag --foo (see padlab presets --help)"},
		{"-x", "unknown flag -x (see padlab --help)"},
		{"run --=x", "bad flag syntax: --=x"},
		{"run x --set", "--set needs a value (see padlab run --help)"},
		{"run x --quiet=maybe", `--quiet takes true or false: "maybe"`},
		{"schemes show zeros --size x", `--size takes an integer: "x"`},
		{"schemes show zeros --size 99999999999999999999", `--size takes an integer: "99999999999999999999"`},
		{"run x --format jsno", `unknown format "jsno": did you mean "json"? (known: text, json, jsonl, csv)`},
		{"version --color blue", `--color: unknown word "blue" (known: auto, always, never)`},
		{"version --theme drak", `--theme: unknown theme "drak": did you mean "dark"?`},
		{"version --glyphs brail", `--glyphs: unknown glyph set "brail": did you mean "braille"?`},
		{"run where-am-i --workers -1", `--workers must be an integer from 1 to 256, or 0 for one per core: "-1"`},
		{"run where-am-i --workers 1000", `: "1000"`},
		{"run where-am-i --workers two", `: "two"`},
		{"run where-am-i --kernel gonun", `--kernel: unknown kernel "gonun": did you mean "gonum"?`},
		{"run where-am-i --seed -1", `seed must be an integer from 0 to 9223372036854775807: "-1"`},
		{"run where-am-i --set seed=1,2", "--set seed=1,2: seed cannot vary between arms"},
		{"run where-am-i --set train.steps", `--set takes key=value: "train.steps"`},
		{"run where-am-i --set train.step=3", `--set train.step=3: unknown key "train.step": did you mean "train.steps"?`},
		{"run where-am-i --set =3", `unknown key ""`},
		{"run where-am-i --set net.padding=zeros,reflec", `did you mean "reflect"?`},
		{"run where-am-i --set data.set=mnist", `unknown data set "mnist"`},
		{"sweep", "sweep takes the name of a preset, or a file (see padlab sweep --help)"},
		{"sweep where-am-i --vary net.padding=zeros", "a sweep is kept in --out DIR; with --plan nothing is run"},
		{"sweep where-am-i --vary net.paddin=zeros --plan", `--vary net.paddin=zeros: unknown key "net.paddin": did you mean "net.padding"?`},
		{"sweep where-am-i --vary net.padding=zeros,reflec --plan", `did you mean "reflect"?`},
		{"sweep where-am-i --vary canvas.grid --plan", `--vary canvas.grid: not key=a,b,…: "canvas.grid"`},
		{"sweep where-am-i --vary canvas.grid=6,6 --plan", "canvas.grid varies over 6 twice"},
		{"sweep where-am-i --vary canvas.grid=6 --vary canvas.grid=7 --plan", "canvas.grid is varied twice"},
		{"sweep where-am-i --vary canvas.grid=6,200 --plan", "--vary canvas.grid=6,200: canvas.grid must be an integer from 1 to 32"},
		{"sweep where-am-i --vary data.patch=8,90 --plan", "data.patch=90: arm zeros: 6 cells of 90 pixels make a canvas of 540 pixels: at most 512"},
		{"sweep where-am-i --vary data.set=mnist --plan", `data.set=mnist: unknown data set "mnist"`},
		{"sweep where-am-i --seeds 0 --plan", "seeds must be an integer from 1 to 100"},
		{"sweep where-am-i --vary seed=1,2 --plan", "seed is not varied: a sweep takes its seeds from --seed and --seeds"},
		{"sweep where-am-i --shard 4/3 --plan", "--shard: there is no shard 4 of 3: they count from 1 to n"},
		{"sweep where-am-i --shard x --plan", `--shard: not i/n, as in 1/3: "x"`},
		{"sweep where-am-i --shard /0 --plan", `--shard /N takes an integer from 1 on: "/0"`},
		{"sweep where-am-i --shard /3 --plan", "--shard /3 takes the index from SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX, and neither is set"},
		{"sweep where-am-i --jobs -1 --plan", "--jobs must be an integer from 1 to 256"},
		{"sweep where-am-i --format jsonl --plan", `unknown format "jsonl": did you mean "json"? (known: text, json, csv, markdown)`},
		{"sweep where-am-i --format csv --plan", "--plan is printed as text: it takes no --format"},
		{"sweep where-am-i --submit --plan", "--submit submits what --slurm writes"},
		{"sweep where-am-i --tasks 3 --plan", "--tasks is how many --slurm makes"},
		{"sweep where-am-i --slurm --shard 1/2 --out x", "--slurm makes shards itself"},
		{"sweep - --plan", "a sweep takes the name of a preset, or a file: what comes from the standard input is gone"},
		{"sweep --resume", "--resume goes on with the sweep in --out DIR"},
		{"sweep --resume --out no-such-folder", "no-such-folder holds no sweep: there is no sweep.json"},
		{"sweep --resume --out x --vary canvas.grid=3", "--resume: a sweep goes on as it began"},
		{"sweep merge", "sweep merge takes the folder of a sweep, or those of its shards (see padlab sweep merge --help)"},
		{"sweep merge no-such-folder", "no-such-folder holds no sweep: there is no sweep.json"},
		{"sweep merge x --format jsonl", `unknown format "jsonl"`},
		{"run where-am-i --data no-such-folder", "the folder of data sets: open no-such-folder: "},
	} {
		padlab(t, strings.Fields(c.args)...).want(t, exitUsage, c.want)
	}
	for _, args := range [][]string{tiny("--out", ""), {"run", "table1", "--weights", ""}, {"run", "table1", "--images", ""}, {"inspect", "small", "--weights="}, {"sweep", "where-am-i", "--out", ""}} {
		padlab(t, args...).want(t, exitUsage, " needs a path, and is empty")
	}
	padlab(t, tiny("--set", "eval.images=21")...).want(t, exitUsage, "eval.images is 21, the set has 20 test images")
	padlab(t, tiny("--set", "net.padding=none")...).want(t, exitUsage, "arm none: network small with padding none on 24×24 pixels")
}

// A message stays on its line, and does not move the cursor, whatever is in
// an argument.
func TestHostileArguments(t *testing.T) {
	for _, evil := range []string{"a\nb", "\x1b[2J", "a\r./b", "%s%d", "\x00", "\xff\xfe", strings.Repeat("x", 5000)} {
		for _, args := range [][]string{
			{evil}, {"--" + evil}, {"help", evil}, {"help", "fields", evil}, {"config", evil}, {"config", "set", evil, "x"}, {"config", "set", "keep", evil}, {"run", evil}, {"run", "./" + evil}, {"run", "where-am-i", "--set", evil}, {"run", "where-am-i", "--set", "net.padding=" + evil},
			{"run", "where-am-i", "--format", evil}, {"presets", evil}, {"presets", "check", evil}, {"datasets", "show", evil}, {"datasets", "fetch", evil}, {"datasets", "import", evil, "x"}, {"datasets", "import", "a", evil}, {"datasets", "fetch", "mnist", "--from", evil}, {"datasets", "fetch", "cifar100", "--sha256", evil}, {"schemes", "show", evil}, {"completion", evil},
			{"schemes", "show", "zeros", "--pad", evil}, {"version", evil}, {"run", "where-am-i", "--workers", evil}, tiny("--out", "cli.go/"+evil),
			{"inspect", evil}, {"inspect", "small", "--padding", evil},
			{"sweep", evil}, {"sweep", "merge", evil}, {"sweep", "where-am-i", "--plan", "--vary", evil}, {"sweep", "where-am-i", "--plan", "--vary", "data.set=" + evil}, {"sweep", "where-am-i", "--plan", "--shard", evil}, tinySweep("--out", "cli.go/"+evil),
			{"inspect", "small", "--extent", evil}, {"inspect", "small", "--weights", evil}, {"inspect", "small", "--images", evil},
		} {
			if o := padlab(t, args...); o.code != exitUsage {
				t.Errorf("%q ends with %d: %s", args, o.code, o.err)
			}
		}
	}
}

func TestEnvironment(t *testing.T) {
	for _, c := range []struct{ variable, args, want string }{
		{"PADLAB_WORKERS=x", "run where-am-i", `PADLAB_WORKERS must be an integer from 1 to 256, or 0 for one per core: "x"`},
		{"PADLAB_KERNEL=avx9", "run where-am-i", `PADLAB_KERNEL: unknown kernel "avx9"`},
		{"PADLAB_KERNEL=gonun", "run where-am-i", `did you mean "gonum"?`},
		{"PADLAB_KERNEL=gonum", "run where-am-i --kernel avx9", `--kernel: unknown kernel "avx9"`},
		{"PADLAB_THEME=lihgt", "version", `PADLAB_THEME: unknown theme "lihgt": did you mean "light"?`},
		{"PADLAB_GLYPHS=asci", "version", `PADLAB_GLYPHS: unknown glyph set "asci": did you mean "ascii"?`},
		{"JOB_COMPLETION_INDEX=1", "sweep where-am-i --plan", "JOB_COMPLETION_INDEX is set, and says not of how many: --shard /N does, --shard 1/1 runs all cells"},
		{"JOB_COMPLETION_INDEX=3", "sweep where-am-i --plan --shard /3", "JOB_COMPLETION_INDEX, which counts from 0, is 3: there is no shard 4 of 3"},
		{"JOB_COMPLETION_INDEX=x", "sweep where-am-i --plan --shard /3", `JOB_COMPLETION_INDEX must be an integer from 0 on: "x"`},
		{"SLURM_ARRAY_TASK_ID=3", "sweep where-am-i --plan", "SLURM_ARRAY_TASK_ID is set and SLURM_ARRAY_TASK_COUNT is not: --shard \"$SLURM_ARRAY_TASK_ID/N\" says which of how many it is"},
		{"PADLAB_DATA=no-such-folder", "datasets", "the folder of data sets: open no-such-folder: "},
	} {
		within(t, &session{getenv: environment(c.variable)}, strings.Fields(c.args)...).want(t, exitUsage, c.want)
	}
	// A flag goes before its variable.
	within(t, &session{getenv: environment("PADLAB_THEME=lihgt")}, "version", "--theme", "dark").want(t, exitOK, "")
}

func TestHelp(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--help", "Usage:\n  padlab [PRESET|FILE|RECORD] [flags]\n"},
		{"help", "Usage:\n  padlab [PRESET|FILE|RECORD] [flags]\n"},
		{"-h", "\n  completion  "},
		{"run --help", "  padlab run where-am-i --seed 3 --set"},
		{"help run", "--out DIR"},
		{"help presets check", "Usage:\n  padlab presets check FILE"},
		{"inspect --help", "padlab inspect resnet18 --size 225"},
		{"schemes show --help", "--pad BEFORE,AFTER"},
		{"datasets --help", "Available Commands:"},
		{"help fields canvas.grid", "canvas.grid: cells per side of the canvas\n  allowed   an integer from 1 to 32\n  default   "},
		{"help fields net.layers.conv1.padding", "net.layers.conv1.padding: the padding scheme of convolution conv1\n"},
		{"help networks", "resnet18          435 px    11.7M     ResNet-18, torchvision's\n"},
		{"help help", "fields"},
		{"completion --help", "source <(padlab completion bash)"},
	} {
		if o := padlab(t, strings.Fields(c.args)...); o.code != exitOK || o.err != "" || !strings.Contains(o.out, c.want) {
			t.Errorf("padlab %s: %d %s\n%s\nwant %s", c.args, o.code, o.err, o.out, c.want)
		}
	}
}

func TestVersion(t *testing.T) {
	o := padlab(t, "version")
	if !regexp.MustCompile(`^padlab (devel|v\S+)( \(commit [0-9a-f]{12}(, modified)?\))?, go\S+, \w+/\w+\n$`).MatchString(o.out) || o.code != exitOK || o.err != "" {
		t.Errorf("%+v", o)
	}
	if flag := padlab(t, "--version"); flag != o {
		t.Errorf("%+v, want %+v", flag, o)
	}
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	revision := setting("vcs.revision", "0123456789abcdef0123456789abcdef01234567")
	for _, c := range []struct {
		settings []debug.BuildSetting
		want     string
	}{
		{nil, ""},
		{[]debug.BuildSetting{revision, setting("vcs.modified", "false")}, " (commit 0123456789ab)"},
		{[]debug.BuildSetting{revision, setting("vcs.modified", "true")}, " (commit 0123456789ab, modified)"},
	} {
		if got := commit(&debug.BuildInfo{Settings: c.settings}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// Every group and every field is explained, and all of them at once.
func TestHelpOfFields(t *testing.T) {
	all := padlab(t, "help", "fields").out
	for _, f := range experiment.Fields() {
		o := padlab(t, "help", "fields", f.Key)
		if o.code != exitOK || !strings.HasPrefix(o.out, f.Key+": "+f.About+"\n") || !strings.Contains(o.out, f.Allowed()) || !strings.Contains(all, o.out) {
			t.Errorf("%s\n%s%s", f.Key, o.out, o.err)
		}
		if group := groupOf(f.Key); group != "" && !strings.Contains(padlab(t, "help", "fields", group).out, o.out) {
			t.Errorf("%s is not in its group", f.Key)
		}
	}
	networks := padlab(t, "help", "networks").out
	for _, name := range catalog.Names() {
		if !strings.Contains(networks, "\n"+name+" ") {
			t.Errorf("%s is missing", name)
		}
	}
}

// The manual has every command and flag that help shows, and only requests and
// characters that roff knows.
func TestManual(t *testing.T) {
	o := padlab(t, "man")
	request := regexp.MustCompile(`^\.(TH PADLAB 1 "" "padlab \S+"|SH [A-Z ]+|SS \S.*|TP|PP|nf|fi)$`)
	escape := regexp.MustCompile(`\\(?:[e\-&]|\([a-z]{2})`)
	for line := range strings.SplitSeq(strings.TrimSuffix(o.out, "\n"), "\n") {
		if strings.HasPrefix(line, ".") && !request.MatchString(line) || strings.HasPrefix(line, "'") {
			t.Errorf("a request that is not known: %q", line)
		}
		if rest := escape.ReplaceAllString(line, ""); strings.ContainsFunc(rest, func(r rune) bool { return r < ' ' || r > '~' || r == '\\' }) || rest == "" && line == "" {
			t.Errorf("raw characters: %q", line)
		}
	}
	text := strings.NewReplacer(`\-`, "-", `\e`, `\`).Replace(o.out)
	for _, want := range []string{"\n.SS padlab presets show NAME\n", "\n--set KEY=VALUE\n", "\n.SS padlab help fields [GROUP|KEY]\n", "\n130\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "padlab man\n") {
		t.Error("what is hidden is in the manual")
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if o := padlab(t, "completion", shell); o.code != exitOK || o.err != "" || !strings.Contains(o.out, "__complete") {
			t.Errorf("%s: %d %s", shell, o.code, o.err)
		}
	}
}
