package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"padlab/core/lab"
	"padlab/core/record"
	"padlab/tui/app"
	"padlab/tui/serve"
)

// Who may come in has to be said, in a way that holds together.
func TestServeUsage(t *testing.T) {
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	os.WriteFile(keys, []byte("none"), 0o600)
	for _, c := range []struct {
		args      string
		complaint string
	}{
		{"", "it has to be said who may come in"},
		{"--open --pin", "it goes with no other way"},
		{"--pin --password-file x", "either"},
		{"--public --pin", "--public goes with --open"},
		{"--open --max-sessions 0", "--max-sessions must be at least 1"},
		{"--open --idle 5ms", "at least 1s"},
		{"--open --presets where-am-y", "where-am-i"},
		{"--open --lock train.lrr", "train.lr"},
		{"--authorized-keys " + keys, "not a public key"},
		{"--authorized-keys " + keys + "x", "no such file"},
		{"--open --host-key " + keys, "the host key: " + keys},
		{"--open --listen 256.0.0.1:1", "--listen 256.0.0.1:1"},
		{"--open --listen 0.0.0.0:0 --host-key " + filepath.Join(dir, "key"), "say --public, too"},
		{"x", "serve takes no arguments"},
	} {
		if c.complaint == "the host key: "+keys {
			os.Chmod(keys, 0o600)
		}
		padlab(t, append([]string{"serve"}, strings.Fields(c.args)...)...).want(t, exitUsage, c.complaint)
	}
}

// A guest's command line opens no file, and nothing that is not for guests.
func TestGuestCommands(t *testing.T) {
	h := host(t, serveFlags{runs: 4, steps: 1000, memory: 1000})
	guest := func(in string, args ...string) (code int, out, messages string) {
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		var o, e bytes.Buffer
		v := serve.Visitor{Getenv: environment()}
		code = h.exec(ctx, v, args, strings.NewReader(in), &o, &e)
		return code, o.String(), e.String()
	}
	secret := filepath.Join(tinyDir, "secret.toml")
	os.WriteFile(secret, []byte("title = \"a secret\"\n"), 0o600)
	for _, line := range []string{
		"run " + secret, "presets show " + secret, "presets check " + secret, "run " + tinyDir, "run ../" + secret,
		"run - --out " + tinyDir, "run --resume --out " + tinyDir, "run - --data " + tinyDir, "run - --weights " + secret, "run - --images " + tinyDir, "run - --kernel gonum", "run - --workers 200",
		"inspect " + tinyDir + "/x.onnx", "run - --set net.arch=" + tinyDir + "/x.onnx", "run - --set net.arch=x.onnx --set readout.targets=H", "inspect vgg5 --weights " + secret, "inspect vgg5 --images " + tinyDir,
		"run - --set data.photos=" + tinyDir + " --set readout.targets=H", "run - --set net.weights=" + secret + " --set readout.targets=H", "run - --set data.set=../../etc",
		"show " + tinyDir, "serve --open", "bench", "datasets", "config", "export x", "completion bash", "version", "__complete run x", "__completeNoDesc run x", "man " + tinyDir, "--help", "-h", "", "--data x run -",
		"run - --set train.steps=501", // of two arms
		"run - --set canvas.grid=32 --set data.patch=224",
	} {
		code, out, messages := guest(tinyText, strings.Fields(line)...)
		if code != exitUsage || strings.Contains(out+messages, "a secret") || messages == "" {
			t.Errorf("%q: %d %q %q", line, code, out, messages)
		}
	}
	for _, line := range []string{"run - --format json", "presets", "presets show where-am-i", "presets check -", "schemes", "schemes show reflect --format json", "inspect vgg5", "help", "help run", "help fields"} {
		if code, out, messages := guest(tinyText, strings.Fields(line)...); code != exitOK || out == "" || strings.Contains(out, "--weights") {
			t.Errorf("%q: %d %q %q", line, code, out, messages)
		}
	}
}

// host is a server's part without the network; its set of images is noise.
func host(t *testing.T, f serveFlags) *hosting {
	t.Helper()
	s := &session{ctx: t.Context(), err: &bytes.Buffer{}, getenv: environment("XDG_STATE_HOME=" + t.TempDir()), disk: record.OS{}, workers: "2", data: tinyDir}
	s.flags = s.root().PersistentFlags()
	s.workers, s.data = "2", tinyDir
	h, err := s.hosting(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.pool.Close)
	return h
}

// What a teacher locks stays as it is, and only his presets are trained.
func TestRules(t *testing.T) {
	h := host(t, serveFlags{runs: 1, steps: 100_000, memory: 1000, presets: []string{"where-am-i", "no-bias"}, locked: []string{"train.lr", "net.bias"}})
	if len(h.presets) != 2 || h.first.Name != "where-am-i" {
		t.Errorf("%d presets, first %s", len(h.presets), h.first.Name)
	}
	for _, c := range []struct {
		preset, change, complaint string
	}{
		{"where-am-i", "train.steps=20", ""},
		{"where-am-i", "train.lr=0.5", "train.lr is locked"},
		{"where-am-i", "net.bias=false", "net.bias is locked"},
		{"no-bias", "net.bias=false", ""}, // it has both
		{"which-colour", "train.steps=20", "this server trains where-am-i, no-bias"},
	} {
		base, err := h.load(c.preset)
		if err != nil {
			t.Fatal(err)
		}
		e := base.Clone()
		key, value, _ := strings.Cut(c.change, "=")
		if err := e.SetAll(key, value); err != nil {
			t.Fatal(err)
		}
		err = h.rules.check(c.preset, e, e) // whatever is said to be the preset
		if (err == nil) != (c.complaint == "") || err != nil && !strings.Contains(err.Error(), c.complaint) {
			t.Errorf("%s %s: %v", c.preset, c.change, err)
		}
	}
}

// Screens take turns: the one that has to wait is told where it stands, and trains
// when the other has ended.
func TestTurns(t *testing.T) {
	h := host(t, serveFlags{runs: 1, steps: 1 << 30, memory: 1000})
	e, err := parse("tiny", strings.NewReader(tinyText))
	if err != nil {
		t.Fatal(err)
	}
	e.Train.Steps = 1 << 20
	wish := app.Wish{Preset: app.Preset{Name: "tiny", Experiment: e}, Experiment: e, Waits: func(int, int) {}}
	one, _, leave, err := h.screen(serve.Visitor{Key: "SHA256:one", Getenv: environment()})
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	two, _, leaveToo, err := h.screen(serve.Visitor{Getenv: environment()})
	if err != nil {
		t.Fatal(err)
	}
	defer leaveToo()
	if one.History == nil || two.History != nil {
		t.Error("runs are kept for who comes with a key, and for nobody else")
	}
	first, err := one.Start(t.Context(), wish)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan [2]int, 1)
	wish.Waits = func(place, of int) { told <- [2]int{place, of} }
	type started struct {
		run *lab.Run
		err error
	}
	second := make(chan started, 1)
	go func() {
		run, err := two.Start(t.Context(), wish)
		second <- started{run, err}
	}()
	if got := <-told; got != [2]int{1, 1} {
		t.Errorf("it is told %v", got)
	}
	first.Stop()
	got := <-second
	if got.err != nil {
		t.Fatal(got.err)
	}
	got.run.Stop()
	<-got.run.Done()
	<-first.Done()
}

// An exercise is checked before anybody comes.
func TestReadExercise(t *testing.T) {
	h := host(t, serveFlags{runs: 1, steps: 100_000, presets: []string{"where-am-i", "no-bias"}, locked: []string{"train.lr"}, class: true})
	const words = "change = \"Pad otherwise.\"\nquestion = \"And now?\"\n"
	for _, c := range []struct{ text, complaint string }{
		{"preset = \"where-am-i\"\n" + words, ""},
		{"\xef\xbb\xbfpreset = \"where-am-i\"\r\nset = [\"net.padding=circular\"]\r\nanswers = [\"yes\", \"no\"]\r\n" + words, ""},
		{words, `unknown preset ""`},
		{"preset = \"wher-am-i\"\n" + words, `did you mean "where-am-i"?`},
		{"preset = \"which-colour\"\n" + words, "unknown preset"},
		{"preset = \"where-am-i\"\nquestion = \"And now?\"\n", "preset, change and question are needed"},
		{"preset = \"where-am-i\"\nanswers = [\"\"]\n" + words, "no answer is empty"},
		{"preset = \"where-am-i\"\nset = [\"net.pading=circular\"]\n" + words, "net.padding"},
		{"preset = \"where-am-i\"\nset = [\"train.lr=1\"]\n" + words, "train.lr is locked"},
		{"preset = \"where-am-i\"\nset = [\"seed=1\"]\n" + words, "is so already"},
		{"preset = \"where-am-i\"\nanswer = [\"yes\"]\n" + words, `:2:1: unknown key "answer": did you mean "answers"?`},
		{"preset = 3\n" + words, ":1:"},
		{"preset = \"where-am-i\nquestion", ":1:"},
		{words + "preset = \"where-am-i\"\nanswers = [\"\\u001b[2J\"]\n", "has a control character"},
		{strings.Repeat("#", maxExercise+1), "longer than"},
	} {
		path := filepath.Join(t.TempDir(), "exercise.toml")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readExercise(path, h.presets, h.rules)
		if (err == nil) != (c.complaint == "") || err != nil && !strings.Contains(err.Error(), c.complaint) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}
