package experiment

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"padlab/core/metric"
	"padlab/core/position"
)

// JSON shows values as what they are: numbers and truth values bare, all else
// as texts. What is written is read back to the same.

// bareJSON is a field's text form as JSON.
func bareJSON(f Field, text string) (json.RawMessage, error) {
	if f.bare() {
		return json.RawMessage(text), nil
	}
	return json.Marshal(text)
}

// textJSON is the text form of a value that bareJSON wrote.
func textJSON(f Field, data json.RawMessage) (string, error) {
	text := string(data)
	if !f.bare() {
		if err := json.Unmarshal(data, &text); err != nil {
			return "", fmt.Errorf("%s: %w", f.Key, err)
		}
	}
	return f.Canonical(text)
}

// MarshalJSON writes the name and the settings, as an object by key.
func (a Arm) MarshalJSON() ([]byte, error) {
	set := map[string]json.RawMessage{}
	for _, s := range a.Settings {
		f, err := FieldOf(s.Key)
		if err != nil {
			return nil, err
		}
		if set[s.Key], err = bareJSON(f, s.Value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(armJSON{a.Name, set})
}

type armJSON struct {
	Name string                     `json:"name"`
	Set  map[string]json.RawMessage `json:"set"`
}

func (a *Arm) UnmarshalJSON(data []byte) error {
	var read armJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	*a = Arm{Name: read.Name}
	for key, value := range read.Set {
		f, err := FieldOf(key)
		if err != nil {
			return err
		}
		text, err := textJSON(f, value)
		if err != nil {
			return err
		}
		a.Settings = append(a.Settings, Setting{key, text})
	}
	slices.SortFunc(a.Settings, func(s, t Setting) int {
		if s.Key < t.Key {
			return -1
		}
		return 1 // keys of an object differ
	})
	return nil
}

type varyJSON struct {
	Key    string            `json:"key"`
	Values []json.RawMessage `json:"values"`
}

func (v Vary) MarshalJSON() ([]byte, error) {
	f, err := FieldOf(v.Key)
	if err != nil {
		return nil, err
	}
	out := varyJSON{v.Key, make([]json.RawMessage, len(v.Values))}
	for i, text := range v.Values {
		if out.Values[i], err = bareJSON(f, text); err != nil {
			return nil, err
		}
	}
	return json.Marshal(out)
}

func (v *Vary) UnmarshalJSON(data []byte) error {
	var read varyJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	f, err := FieldOf(read.Key)
	if err != nil {
		return err
	}
	var texts []string
	for _, value := range read.Values {
		text, err := textJSON(f, value)
		if err != nil {
			return err
		}
		texts = append(texts, text)
	}
	*v, err = newVary(f, texts)
	return err
}

// MarshalJSON writes the values as an object by target.
func (v Values) MarshalJSON() ([]byte, error) {
	object := map[position.Target]metric.Number{}
	for _, value := range v {
		object[value.Target] = value.Number
	}
	return json.Marshal(object)
}

func (v *Values) UnmarshalJSON(data []byte) error {
	object := map[position.Target]metric.Number{}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*v = nil
	for _, target := range position.Targets() {
		if number, ok := object[target]; ok {
			*v = append(*v, Value{target, number})
		}
	}
	return nil
}

// UnmarshalJSON reads what MarshalJSON has written: every value must be one that
// its field takes. What is left out keeps the value of Default.
func (e *Experiment) UnmarshalJSON(data []byte) error {
	type plain Experiment // without this method
	*e = *Default()
	if err := json.Unmarshal(data, (*plain)(e)); err != nil {
		return err
	}
	if err := e.checkTexts(); err != nil {
		return err
	}
	scratch := Default()
	for _, f := range e.fields() {
		if err := f.set(scratch, f.get(e)); err != nil {
			return err
		}
	}
	return nil
}

// checkTexts checks what Parse checks of the texts that no field holds.
func (e *Experiment) checkTexts() error {
	for _, a := range e.Arms {
		if err := checkText("the name of an arm", a.Name); err != nil {
			return err
		}
	}
	for _, x := range e.Expect {
		if err := checkText("an expectation", strings.Join([]string{x.Arm, x.What, x.Is, x.Target, x.Images, x.With, x.Says}, " ")); err != nil {
			return err
		}
	}
	for _, f := range e.References {
		if err := checkText("a reference", strings.Join([]string{f.Source, f.Arm, f.What, f.Images, f.With}, " ")); err != nil {
			return err
		}
	}
	return nil
}
