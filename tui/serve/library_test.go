package serve

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Versions of x/crypto before 0.58 have faults that clients reach before they have
// logged in, and wish/scp and wish/git are never linked: the first lets clients out
// of its folder.
func TestLibraries(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "golang.org/x/crypto").Output()
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "v%d.%d", &major, &minor); err != nil || major == 0 && minor < 58 {
		t.Errorf("x/crypto %s: 0.58 is the least", out)
	}
	out, err = exec.Command("go", "list", "-deps", "padlab").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, banned := range []string{"wish/scp", "wish/git", "wish/bubbletea", "pkg/sftp"} {
		if strings.Contains(string(out), banned) {
			t.Errorf("%s is linked", banned)
		}
	}
}
