package app

import (
	"os"
	"testing"
)

// KEYS.md is what the tables say.
func TestCheatSheet(t *testing.T) {
	if *update {
		if err := os.WriteFile("KEYS.md", []byte(CheatSheet()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if is, err := os.ReadFile("KEYS.md"); err != nil || string(is) != CheatSheet() {
		t.Errorf("KEYS.md is stale (%v): go test ./tui/app -run CheatSheet -update makes it anew", err)
	}
}
