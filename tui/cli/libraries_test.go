package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// leastVersions are the first of libraries that we link without a fault that is known
// of in what we use, or might, of them. The names are of the database of Go's
// vulnerabilities, which govulncheck asks where it can be reached.
var leastVersions = map[string]string{
	"golang.org/x/crypto":        "v0.58.0", // eight faults that clients reach before they have logged in, GO-2025-3487 and 4135 among them
	"golang.org/x/image":         "v0.18.0", // GO-2024-2937: panics on pictures
	"golang.org/x/text":          "v0.3.8",  // GO-2022-1059
	"golang.org/x/sys":           "v0.1.0",  // GO-2022-0493
	"google.golang.org/protobuf": "v1.33.0", // GO-2024-2611
}

// banned are packages of libraries that are never linked: of wish the first lets
// clients out of its folder, and the last asks terminals for their background. Ours is
// for tests.
var banned = []string{"charmbracelet/wish/scp", "charmbracelet/wish/git", "pkg/sftp", "charmbracelet/wish/bubbletea", "padlab/core/record/recordtest"}

func TestLibraries(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{with .Module}}{{.Path}} {{.Version}}{{end}}", "padlab").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		path, module, _ := strings.Cut(lines.Text(), " ")
		for _, b := range banned {
			if strings.HasSuffix(path, b) || strings.Contains(path, b+"/") {
				t.Errorf("%s is linked", path)
			}
		}
		name, version, _ := strings.Cut(module, " ")
		least, ok := leastVersions[name]
		if !ok || seen[name] {
			continue
		}
		seen[name] = true
		if older(t, version, least) {
			t.Errorf("%s %s: %s is the least", name, version, least)
		}
	}
	for name := range leastVersions {
		if !seen[name] {
			t.Errorf("%s is not linked any more", name)
		}
	}
}

// older compares two versions without what stands behind their numbers.
func older(t *testing.T, a, b string) bool {
	parse := func(v string) (n [3]int) {
		if _, err := fmt.Sscanf(v, "v%d.%d.%d", &n[0], &n[1], &n[2]); err != nil {
			t.Fatalf("%q: %v", v, err)
		}
		return n
	}
	x, y := parse(a), parse(b)
	return slices.Compare(x[:], y[:]) < 0
}
