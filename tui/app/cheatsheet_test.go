package app

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// KEYS.md is what the tables say.
func TestCheatSheet(t *testing.T) {
	if *update {
		if err := os.WriteFile("KEYS.md", []byte(cheatSheet()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if is, err := os.ReadFile("KEYS.md"); err != nil || string(is) != cheatSheet() {
		t.Errorf("KEYS.md is stale (%v): go test ./tui/app -run CheatSheet -update makes it anew", err)
	}
}

// cheatSheet is Sheets as a page of Markdown.
func cheatSheet() string {
	var b strings.Builder
	b.WriteString("# Keys\n\nMade from the tables that bind them, by `go test ./tui/app -run CheatSheet -update`; `padlab help keys` prints them.\n")
	for _, s := range Sheets() {
		fmt.Fprintf(&b, "\n## %s\n\n| key | |\n|---|---|\n", s.Screen)
		for _, k := range s.Keys {
			fmt.Fprintf(&b, "| `%s` | %s |\n", k[0], strings.ReplaceAll(k[1], "|", "\\|"))
		}
	}
	return b.String()
}
