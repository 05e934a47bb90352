package catalog

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range Names() {
		e, err := Find(name)
		if err != nil || e.Name != name || e.About == "" || e.Input.Side < 1 || seen[name] {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
		seen[name] = true
	}
	if _, err := Find("resnet81"); err == nil || !strings.Contains(err.Error(), `unknown network "resnet81": did you mean "resnet18"?`) {
		t.Error(err)
	}
}
