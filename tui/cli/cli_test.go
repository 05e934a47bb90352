package cli

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/adrg/xdg"
	"go.uber.org/goleak"

	"padlab/core/record"
)

// asChild makes the test binary padlab itself, for the tests that need a
// process of its own.
const asChild = "PADLAB_TEST_AS_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		os.Exit(Main(os.Args[1:]))
	}
	dir, err := os.MkdirTemp("", "padlab")
	if err != nil {
		panic(err)
	}
	for _, home := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME"} {
		os.Setenv(home, filepath.Join(dir, home)) // not that of whoever runs the tests
	}
	xdg.Reload()
	writeTiny(dir)
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// tinyFile is an experiment of two arms that takes a few hundredths of a
// second: evaluated before the first step, after two and after the third. Its
// images, in tinyDir, are noise.
var tinyDir, tinyFile string

const tinyText = `
title = "Tiny & quick"
about = "Where is the noise?"
paper = "There is none."
[[vary]]
key = "net.padding"
values = ["zeros", "circular"]
[data]
set = "noise"
[canvas]
grid = 3
[train]
batch = 4
steps = 3
eval_every = 2
[eval]
images = 10
[[expect]]
arm = "circular"
what = "accuracy"
is = "exactly chance"
`

func writeTiny(dir string) {
	tinyDir, tinyFile = dir, filepath.Join(dir, "tiny.toml")
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			panic(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "noise"), 0o755); err != nil {
		panic(err)
	}
	write("tiny.toml", []byte(tinyText))
	source := rand.New(rand.NewPCG(1, 2))
	for _, part := range []string{"train", "t10k"} {
		const n = 20
		var pixels, labels []byte
		for i := range n {
			labels = append(labels, byte(i%2))
			for range 8 * 8 {
				pixels = append(pixels, byte(source.IntN(256)))
			}
		}
		write("noise/"+part+"-images-idx3-ubyte", append(idxHeader(0x803, n, 8, 8), pixels...))
		write("noise/"+part+"-labels-idx1-ubyte", append(idxHeader(0x801, n), labels...))
	}
}

func idxHeader(magic uint32, sizes ...uint32) []byte {
	header := binary.BigEndian.AppendUint32(nil, magic)
	for _, n := range sizes {
		header = binary.BigEndian.AppendUint32(header, n)
	}
	return header
}

// tiny is the command line that runs it.
func tiny(more ...string) []string {
	return append([]string{"run", tinyFile, "--data", tinyDir}, more...)
}

// outcome is what a command line left behind.
type outcome struct {
	code     int
	out, err string
}

// padlab runs a command line.
func padlab(t *testing.T, args ...string) outcome {
	t.Helper()
	return within(t, &session{}, args...)
}

// within runs a command line in a world; what it does not say is empty. Every
// command line of these tests comes by here, so that all complaints are
// looked at.
func within(t *testing.T, s *session, args ...string) outcome {
	t.Helper()
	var out, err bytes.Buffer
	if s.ctx == nil {
		s.ctx = context.Background()
	}
	if s.in == nil {
		s.in = strings.NewReader("")
	}
	if s.getenv == nil {
		s.getenv = func(string) string { return "" }
	}
	if s.disk == nil {
		s.disk = record.OS{}
	}
	s.out = both(&out, s.out)
	s.err = both(&err, s.err)
	code := run(s, args)
	o := outcome{code, out.String(), err.String()}
	o.checkComplaints(t, args)
	if !slices.Contains(args, "completion") && regexp.MustCompile(`[ \t]\n|%!`).MatchString(o.out) {
		t.Errorf("%q: trailing blanks or a bad format:\n%s", args, o.out)
	}
	return o
}

func both(buffer *bytes.Buffer, w io.Writer) io.Writer {
	if w == nil {
		return buffer
	}
	return io.MultiWriter(w, buffer)
}

// checkComplaints holds for every command line: what it complains of is a
// sentence on one line. Bad usage is one sentence and nothing else; without
// progress on the standard error there is none but of what went wrong.
func (o outcome) checkComplaints(t *testing.T, args []string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(o.err, "\n"), "\n")
	if o.err == "" {
		lines = nil
	}
	for _, line := range lines {
		if strings.Contains(line, "%!") || strings.Contains(line, "goroutine") || strings.Contains(line, "panic") || strings.ContainsFunc(line, unicode.IsControl) {
			t.Errorf("%q complains badly: %q", args, line)
		}
		if !strings.HasPrefix(line, "padlab: ") && !strings.HasPrefix(line, "step ") && !strings.HasPrefix(line, "cell ") {
			t.Errorf("%q: neither a sentence of padlab nor progress: %q", args, line)
		}
	}
	quiet := slices.Contains(args, "--quiet")
	switch {
	case o.code == exitUsage && (len(lines) != 1 || o.out != ""):
		t.Errorf("%q: want one sentence and nothing else:\n%s%s", args, o.err, o.out)
	case o.code == exitOK && quiet && len(lines) > 0:
		t.Errorf("%q: want silence:\n%s", args, o.err)
	case (o.code == exitFailed || o.code == exitUnexpected) && len(lines) == 0:
		t.Errorf("%q ends with %d and does not say why", args, o.code)
	}
}

// want checks an exit code and that the complaint holds a text.
func (o outcome) want(t *testing.T, code int, complaint string) {
	t.Helper()
	if o.code != code || !strings.Contains(o.err, complaint) {
		t.Errorf("ended with %d and\n%swant %d and\n%s", o.code, o.err, code, complaint)
	}
}

// environment is a getenv of a few variables, given as NAME=VALUE.
func environment(variables ...string) func(string) string {
	return func(name string) string {
		for _, v := range variables {
			if n, value, _ := strings.Cut(v, "="); n == name {
				return value
			}
		}
		return ""
	}
}

// A full disk takes so many bytes and no more.
type full struct{ left int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.left)
	f.left -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// Wherever the output breaks off, the command fails with one sentence.
func TestOutputThatCannotBeWritten(t *testing.T) {
	commands := [][]string{
		{"--help"}, {"help", "run"}, {"version"}, {"completion", "fish"},
		{"presets"}, {"presets", "show", "no-bias"}, {"presets", "check", tinyFile, "--data", tinyDir},
		{"datasets"}, {"datasets", "show", "noise", "--data", tinyDir},
		{"schemes"}, {"schemes", "show", "reflect"}, {"schemes", "show", "zeros", "--format", "json"},
		{"inspect", "small"}, {"inspect", "small", "--format", "json"},
	}
	for _, format := range formats {
		commands = append(commands, append(tiny("--quiet"), "--format", format))
	}
	for _, args := range commands {
		whole := padlab(t, args...)
		if whole.code != exitOK || whole.out == "" {
			t.Errorf("%q: %d %s", args, whole.code, whole.err)
		}
		for n := 0; n < len(whole.out)-20; n += len(whole.out)/5 + 1 { // 20: timings differ in length
			o := within(t, &session{out: &full{n}}, args...)
			o.want(t, exitFailed, "padlab: the output cannot be written: no space left\n")
			if strings.Count(o.err, "\n") != 1 {
				t.Errorf("%q, %d bytes: want one sentence:\n%s", args, n, o.err)
			}
		}
	}
}

// A run whose output breaks off does not train on for nobody.
func TestBrokenOutputEndsTheRun(t *testing.T) {
	args := append(tiny("--quiet", "--format", "jsonl"), "--set", "train.steps=10000000")
	within(t, &session{out: &full{100}}, args...).want(t, exitFailed, "the output cannot be written")
}
