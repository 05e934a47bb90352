package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// kept is the record of a run of the tiny experiment.
func kept(t *testing.T, more ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "record")
	padlab(t, append(tiny("--quiet", "--out", dir), more...)...).want(t, exitOK, "")
	return dir
}

func TestExport(t *testing.T) {
	dir, to := kept(t), t.TempDir()
	file := func(name string) string { return filepath.Join(to, name) }
	for _, c := range []struct{ args, name, begins, holds string }{
		{"--figure", "a.svg", "<?xml ", ">circular</text>"},
		{"--what profile --figure", "a.png", "\x89PNG\r\n", "IDAT"},
		{"--what loss --figure", "a.pdf", "%PDF-", "%%EOF"},
		{"--what map --arm circular --figure", "m.svg", "<?xml ", "arm circular</text>"},
		{"--csv", "a.csv", "arm,seed,metric,", "\ncircular,1,beyond-guessing,"},
	} {
		args := append([]string{"export", dir}, append(strings.Fields(c.args), file(c.name))...)
		if o := padlab(t, args...); o.code != exitOK || o.out != "" || o.err != "" {
			t.Errorf("%q: %+v", args, o)
		}
		data := contentOf(t, to, c.name)
		if !strings.HasPrefix(data, c.begins) || !strings.Contains(data, c.holds) {
			t.Errorf("%q wrote\n%.500s", args, data)
		}
		// What is there stays, unless it is to go.
		padlab(t, args...).want(t, exitUsage, c.name+" is there already: file already exists; --force writes over it")
		if err := os.WriteFile(file(c.name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		padlab(t, append(args, "--force")...).want(t, exitOK, "")
		if again := contentOf(t, to, c.name); again != data {
			t.Errorf("%q: other bytes for the same run", args)
		}
		// Another process writes the same.
		process := exec.Command(os.Args[0], append(args, "--force")...)
		process.Env = append(os.Environ(), asChild+"=1")
		if out, err := process.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if again := contentOf(t, to, c.name); again != data {
			t.Errorf("%q: other bytes in another process", args)
		}
	}
	if csv := padlab(t, "show", dir, "--format", "csv"); csv.out != contentOf(t, to, "a.csv") {
		t.Errorf("show prints\n%s", csv.out)
	}
	if list := namesIn(t, to); len(list) != 5 {
		t.Errorf("%v", list)
	}
}

// A slip is found before anything is written.
func TestExportUsage(t *testing.T) {
	dir, to := kept(t), t.TempDir()
	csv := filepath.Join(to, "a.csv")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "export takes the folder of a record (see padlab export --help)"},
		{[]string{dir}, "export takes --figure FILE, or --csv FILE, or both (see padlab export --help)"},
		{[]string{dir, "--figure", "a.sgv"}, `a.sgv: unknown format "sgv": did you mean "svg"? (known: svg, png, pdf)`},
		{[]string{dir, "--figure", "-"}, "-: its name says no format: it must end in .svg, .png, .pdf"},
		{[]string{dir, "--csv", "a.txt"}, `a.txt: unknown format "txt" (known: csv)`},
		{[]string{dir, "--figure", ""}, "--figure needs a path, and is empty"},
		{[]string{dir, "--csv", csv, "--what", "map"}, "--what and --arm say what --figure FILE draws"},
		{[]string{dir, "--csv", csv, "--figure", filepath.Join(to, "a.svg"), "--what", "mpa"}, `unknown kind of figure "mpa": did you mean "map"? (known: profile, map, loss, bars, neurons)`},
		{[]string{dir, "--csv", csv, "--figure", filepath.Join(to, "a.svg"), "--what", "map", "--arm", "zeroes"}, `unknown arm "zeroes": did you mean "zeros"?`},
		{[]string{to, "--csv", csv}, to + " holds no record"},
		{[]string{dir, "--csv", filepath.Join(to, "none", "a.csv")}, "a.csv: no such file or directory"},
	} {
		padlab(t, append([]string{"export"}, c.args...)...).want(t, exitUsage, c.want)
	}
	if list := namesIn(t, to); len(list) != 0 {
		t.Errorf("%v was written", list)
	}
}

// The arms of a record complete --arm.
func TestCompletionOfArms(t *testing.T) {
	if words, _, _ := completed(t, "export", kept(t), "--arm", ""); strings.Join(words, " ") != "zeros circular" {
		t.Errorf("%q", words)
	}
}
