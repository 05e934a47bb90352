package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// licenceFile is how files are called that say under which licence something is.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)`)

// linked are the modules that the program is made of on all systems that it is
// built for, without our own, by path and version, with their folders.
func linked(t *testing.T) map[string]string {
	t.Helper()
	modules := map[string]string{}
	for _, system := range []string{"linux/amd64", "darwin/arm64", "windows/amd64"} {
		goos, goarch, _ := strings.Cut(system, "/")
		list := exec.Command("go", "list", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}|{{.Dir}}{{end}}{{end}}`, "padlab")
		list.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
		out, err := list.Output()
		if err != nil {
			t.Fatalf("%v: %v", list, err)
		}
		for line := range strings.Lines(string(out)) {
			name, dir, ok := strings.Cut(strings.TrimSpace(line), "|")
			if ok && dir != "" && !strings.HasPrefix(name, "before/") {
				modules[name] = dir
			}
		}
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules["Go's standard library"] = strings.TrimSpace(string(root))
	return modules
}

// unfiled are modules without a file of their licence, and what is known of it.
var unfiled = map[string]string{
	"github.com/mattn/go-localereader": "MIT, as its README says; by Yasuhiro Matsumoto (a.k.a. mattn). It is linked on Windows only.",
}

// The licences of all that is linked go with the program.
func TestLicences(t *testing.T) {
	of := map[string][]string{} // text -> modules
	var texts []string
	modules := linked(t)
	names := make([]string, 0, len(modules))
	for name := range modules {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		entries, err := os.ReadDir(modules[name])
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, e := range entries {
			if e.IsDir() || !licenceFile.MatchString(e.Name()) {
				continue
			}
			data, err := os.ReadFile(filepath.Join(modules[name], e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			found = true
			text := strings.TrimSpace(strings.ReplaceAll(string(data), "\r\n", "\n"))
			if of[text] == nil {
				texts = append(texts, text)
			}
			of[text] = append(of[text], name)
		}
		if path, _, _ := strings.Cut(name, " "); !found && unfiled[path] != "" {
			texts = append(texts, unfiled[path])
			of[unfiled[path]], found = []string{name}, true
		}
		if !found {
			t.Errorf("%s says nothing of its licence", name)
		}
	}
	var b strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&b, "%s\n\n%s\n\n%s\n\n", strings.Join(of[text], "\n"), text, strings.Repeat("-", 76))
	}
	want := b.String()
	if *update {
		if err := os.WriteFile("licences.txt", []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if licences != want {
		t.Error("licences.txt is stale: go test ./tui/cli -run Licences -update makes it anew")
	}
}
