package cli

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"padlab/core/experiment"
	"padlab/core/names"
	"padlab/tui/app"
)

// maxExercise is how long the file of an exercise may be, in bytes.
const maxExercise = 8 << 10

// An exerciseFile is what a teacher writes:
//
//	preset   = "where-am-i"
//	change   = "Press e, and let the network be trained with circular padding only."
//	set      = ["net.padding=circular"]   # what counts as that; left out: any change
//	question = "How far from the border does it know where it is?"
//	answers  = ["everywhere", "at the border", "nowhere"]   # left out: in one's own words
type exerciseFile struct {
	Preset   string   `toml:"preset"`
	Change   string   `toml:"change"`
	Set      []string `toml:"set"`
	Question string   `toml:"question"`
	Answers  []string `toml:"answers"`
}

// readExercise reads a teacher's exercise, of one of the presets that are served. What
// it asks for has to be within the rules.
func readExercise(name string, served []app.Preset, r rules) (*app.Exercise, error) {
	data, err := readShort(name, maxExercise, "an exercise")
	if err != nil {
		return nil, err
	}
	var f exerciseFile
	d := toml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))).DisallowUnknownFields() // the mark is of editors on Windows
	if err := d.Decode(&f); err != nil {
		return nil, exerciseError(name, err)
	}
	x, err := f.exercise(served, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return x, nil
}

// exerciseError says what is wrong with the TOML of such a file, and where.
func exerciseError(name string, err error) error {
	if strict := (*toml.StrictMissingError)(nil); errors.As(err, &strict) && len(strict.Errors) > 0 {
		unknown := strict.Errors[0]
		row, column := unknown.Position()
		return fmt.Errorf("%s:%d:%d: %w", name, row, column, names.Unknown("key", strings.Join(unknown.Key(), "."), []string{"preset", "change", "set", "question", "answers"}))
	}
	return experiment.TOMLError(name, err)
}

// exercise checks what the file says.
func (f exerciseFile) exercise(served []app.Preset, r rules) (*app.Exercise, error) {
	x := &app.Exercise{Change: f.Change, Set: f.Set, Question: f.Question, Answers: f.Answers}
	for _, text := range append([]string{f.Change, f.Question}, f.Answers...) {
		if strings.TrimSpace(text) == "" {
			return nil, errors.New("preset, change and question are needed, and no answer is empty")
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 }) {
			return nil, fmt.Errorf("%.40q has a control character", text)
		}
	}
	var known []string
	for _, p := range served {
		known = append(known, p.Name)
	}
	i := slices.Index(known, f.Preset)
	if i < 0 {
		return nil, names.Unknown("preset", f.Preset, known)
	}
	x.Preset = served[i]
	changed := x.Preset.Experiment.Clone()
	for _, line := range f.Set {
		if err := changed.SetLine(line); err != nil {
			return nil, fmt.Errorf("set: %w", err)
		}
	}
	if err := r.check(f.Preset, x.Preset.Experiment, changed); err != nil {
		return nil, fmt.Errorf("set: %w", err)
	}
	if len(f.Set) > 0 && len(changed.Changes(x.Preset.Experiment)) == 0 {
		return nil, fmt.Errorf("set: %s is so already in the preset %s", strings.Join(f.Set, " "), f.Preset)
	}
	return x, nil
}
