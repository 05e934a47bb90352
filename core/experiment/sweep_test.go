package experiment

import (
	"slices"
	"strings"
	"testing"
)

// The values that a sweep goes through: also of a key that arms share, and more of
// them than there may be arms.
func TestAlternatives(t *testing.T) {
	for _, c := range []struct {
		key, text string
		want      []string
	}{
		{"train.steps", "010, 20,", []string{"10", "20"}},
		{"net.padding", "zero,wrap", []string{"zeros", "circular"}},
		{"eval.padding", ",zeros", []string{"", "zeros"}},
		{"canvas.grid", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18", strings.Split("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18", ",")},
		{"train.clip", "1, 125", []string{"1", "125"}},
		{"readout.targets", "H,V", []string{"H", "V"}},
	} {
		if got, err := Alternatives(c.key, c.text); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s=%s: %q, %v; want %q", c.key, c.text, got, err, c.want)
		}
	}
	for _, c := range [][3]string{
		{"canvas.gird", "3", `did you mean "canvas.grid"?`}, {"canvas.grid", "3,03", "canvas.grid varies over 3 twice"},
		{"canvas.grid", "3,x", "must be an integer"}, {"train.clip", "1,125", "decimal comma"},
	} {
		if _, err := Alternatives(c[0], c[1]); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s=%s: %v, want %s", c[0], c[1], err, c[2])
		}
	}
}

// What is fixed varies no more, and arms that set it keep what they set.
func TestFix(t *testing.T) {
	e, err := Parse("e.toml", []byte("[[vary]]\nkey = \"net.padding\"\nvalues = [\"zeros\", \"circular\"]\n[[arm]]\nname = \"a\"\nset = { \"canvas.grid\" = 4 }\n[[arm]]\nname = \"b\"\nset = { }\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := e.Clone()
	for _, setting := range []Setting{{"net.padding", "wrap"}, {"canvas.grid", "5"}, {"train.steps", "7"}} {
		if err := c.Fix(setting.Key, setting.Value); err != nil {
			t.Fatal(err)
		}
	}
	arms, err := c.Expand()
	if err != nil || len(arms) != 2 || arms[0].Canvas.Grid != 4 || arms[1].Canvas.Grid != 5 || arms[1].Net.Padding.Name != "circular" || arms[0].Train.Steps != 7 || len(e.Vary) != 1 {
		t.Errorf("%+v, %v", arms, err)
	}
	e.Arms = e.Arms[:1]
	if err := e.Fix("canvas.grid", "5"); err == nil || err.Error() != "the arms of this experiment set canvas.grid themselves" {
		t.Error(err)
	}
	if err := e.Fix("net.padding", "reflec"); err == nil || len(e.Vary) != 1 {
		t.Errorf("%v, %v", err, e.Vary)
	}
}
