package experiment

import (
	"strings"
	"testing"
)

// The full size is what an experiment says it is, in words that --set would take.
func TestEnlarge(t *testing.T) {
	e, err := Parse("f.toml", []byte("full = \"canvas.grid=3,5 train.steps=7\""))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("f.toml", e.TOML())
	if err != nil || again.Full != e.Full {
		t.Fatal(again.Full, err)
	}
	if err := e.Enlarge(); err != nil || e.Train.Steps != 7 || len(expand(t, e)) != 2 {
		t.Error(err, e.Train.Steps)
	}
	for text, want := range map[string]string{"": "one size", "train.steps": "not KEY=VALUE", "train.step=4": "unknown key", "train.steps=x": "must be an integer"} {
		e := Default()
		e.Full = text
		if err := e.Enlarge(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if strings.Contains(string(Default().TOML()), "full") {
		t.Error("an experiment of one size writes of another")
	}
}
