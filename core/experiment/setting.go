package experiment

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Set sets the field of that key to its text form. The error says what is
// allowed.
func (e *Experiment) Set(key, text string) error {
	f, err := FieldOf(key)
	if err != nil {
		return err
	}
	return e.set(f, text)
}

// set sets a field that was found, and notes that a person did.
func (e *Experiment) set(f Field, text string) error {
	if err := f.set(e, text); err != nil {
		return err
	}
	e.pin(f.Key)
	return nil
}

// pin notes that a person has set a key. Other weights begin anew.
func (e *Experiment) pin(key string) {
	if key == "net.weights" {
		e.pinned = nil
	}
	if !slices.Contains(broughtByWeights, key) {
		return
	}
	pinned := map[string]bool{key: true}
	maps.Copy(pinned, e.pinned)
	e.pinned = pinned
}

// broughtByWeights are the keys that a file of weights has something to say of.
var broughtByWeights = []string{"net.arch", "data.normalize", "readout.size"}

// Pinned reports whether a key was set together with net.weights or after it,
// or varies: then it stays, whatever the weights bring along. Arms that set it
// themselves keep what they set in any case.
func (e *Experiment) Pinned(key string) bool {
	return e.pinned[key] || slices.ContainsFunc(e.Vary, func(v Vary) bool { return v.Key == key })
}

// Compares reports whether arms differ in the field of that key.
func (e *Experiment) Compares(key string) bool {
	return slices.ContainsFunc(e.Vary, func(v Vary) bool { return v.Key == key }) ||
		slices.ContainsFunc(e.Arms, func(a Arm) bool { return a.sets(key) })
}

// Enlarge makes e its full size: it does what Full says, as --set would.
func (e *Experiment) Enlarge() error {
	if e.Full == "" {
		return errors.New("this experiment has one size: it says of no other")
	}
	for _, change := range strings.Fields(e.Full) {
		key, text, ok := strings.Cut(change, "=")
		if !ok {
			return fmt.Errorf("full: %q is not KEY=VALUE", change)
		}
		if err := e.SetAll(key, text); err != nil {
			return fmt.Errorf("full: %s: %w", change, err)
		}
	}
	return nil
}

// SetAll does what --set key=value says: one value is set, for all arms but those
// that set it themselves; several, separated by commas, make arms and replace
// what that key varied before, and so does one with a comma behind it. A key that varies keeps varying over the one
// value, so that its arm keeps its name.
func (e *Experiment) SetAll(key, text string) error {
	f, err := FieldOf(key)
	if err != nil {
		return err
	}
	if e.armsSet(key) {
		return fmt.Errorf("the arms of this experiment set %s themselves", key)
	}
	values := []string{text}
	if f.Kind != Text && f.Kind != List && f.Kind != Path {
		if values, err = f.split(text); err != nil {
			return err
		}
	}
	list := len(values) > 1 || values[0] != text
	at := slices.IndexFunc(e.Vary, func(v Vary) bool { return v.Key == key })
	if !list && at < 0 {
		return e.set(f, text)
	}
	v, err := newVary(f, values)
	if err != nil {
		return err
	}
	if at >= 0 {
		e.Vary[at] = v
	} else {
		e.Vary = append(e.Vary, v)
	}
	return nil
}

// armsSet reports whether all arms that are spelled out set a key themselves.
func (e *Experiment) armsSet(key string) bool {
	return len(e.Arms) > 0 && !slices.ContainsFunc(e.Arms, func(a Arm) bool { return !a.sets(key) })
}

// split cuts a list of values at its commas; one behind the last says that it is
// a list, too.
func (f Field) split(text string) ([]string, error) {
	values := strings.Split(text, ",")
	if last := len(values) - 1; last > 0 && strings.TrimSpace(values[last]) == "" {
		values = values[:last]
	}
	if f.Kind == Float && decimalComma(values) {
		return nil, fmt.Errorf("%s: %s looks like a number with a decimal comma: write %s=%s for that number, or %q for a list of two", f.Key, text, f.Key, strings.Replace(text, ",", ".", 1), f.Key+"="+strings.Join(values, ", "))
	}
	return values, nil
}

// Alternatives returns the values, separated by commas, that a key takes in turn in
// experiments that have nothing in common: also one that arms share can. The error
// says what is wrong with the key or a value.
func Alternatives(key, text string) ([]string, error) {
	f, err := FieldOf(key)
	if err != nil {
		return nil, err
	}
	values, err := f.split(text)
	if err != nil {
		return nil, err
	}
	return f.distinct(values)
}

// Fix sets a key for all arms but those that set it themselves, as Set does, and
// it varies no more. The error says that all arms set it, or what is allowed.
func (e *Experiment) Fix(key, text string) error {
	if e.armsSet(key) {
		return fmt.Errorf("the arms of this experiment set %s themselves", key)
	}
	if err := e.Set(key, text); err != nil {
		return err
	}
	e.Vary = slices.DeleteFunc(e.Vary, func(v Vary) bool { return v.Key == key })
	return nil
}

// SetLine is SetAll of "key=value".
func (e *Experiment) SetLine(change string) error {
	key, text, ok := strings.Cut(change, "=")
	if !ok {
		return fmt.Errorf("not key=value: %q", change)
	}
	return e.SetAll(strings.TrimSpace(key), strings.TrimSpace(text))
}

// decimalComma reports whether somebody who writes numbers with a comma may have
// meant these two values of a list as one: 0,003 and 1,125 are integers with
// three digits or a zero in front behind the comma. A space behind it makes
// a list of any two.
func decimalComma(values []string) bool {
	if len(values) != 2 {
		return false
	}
	for _, v := range values {
		if v == "" || strings.Trim(v, "0123456789") != "" {
			return false
		}
	}
	return len(values[1]) == 3 || len(values[1]) > 1 && values[1][0] == '0'
}

// listed is the text form of varied values, as SetAll takes it.
func listed(values []string) string {
	switch {
	case len(values) == 1:
		return values[0] + ","
	case decimalComma(values):
		return strings.Join(values, ", ")
	}
	return strings.Join(values, ",")
}

// Changes returns what --set needs to turn base into e, as key=value: the
// one-line form of an experiment. The seed is not among them. Weights come
// first, and with weights that base does not have, all that they bring along:
// it depends on them, and not on base.
func (e *Experiment) Changes(base *Experiment) []string {
	var list []string
	varied := map[string]string{}
	for _, v := range base.Vary {
		varied[v.Key] = listed(v.Values)
	}
	covered := map[string]bool{}
	for _, v := range e.Vary {
		covered[v.Key] = true
		text, was := listed(v.Values), varied[v.Key]
		if text == was {
			continue
		}
		if was != "" { // one value keeps varying where several did
			text = strings.TrimSuffix(text, ",")
		}
		list = append(list, v.Key+"="+text)
	}
	others := e.Net.Weights != base.Net.Weights
	if others {
		list = append([]string{"net.weights=" + e.Net.Weights}, list...)
	}
	for _, f := range e.fields(base) {
		switch text := f.get(e); {
		case f.Key == "seed" || f.Key == "net.weights" || f.Kind == Text || covered[f.Key]:
		case text != f.get(base) || others && slices.Contains(broughtByWeights, f.Key):
			list = append(list, f.Key+"="+text)
		}
	}
	return list
}

// Differences says in which fields e is not base, the seed among them, or that
// its arms, expectations or references are others. Texts for people do not count.
func (e *Experiment) Differences(base *Experiment) []string {
	list := e.Changes(base)
	if e.Seed != base.Seed {
		list = append([]string{fmt.Sprintf("seed=%d", e.Seed)}, list...)
	}
	bare := func(x *Experiment) string {
		x = x.Clone()
		for _, f := range table {
			if f.Kind == Text {
				f.set(x, "")
			}
		}
		return string(x.TOML())
	}
	if len(list) == 0 && bare(e) != bare(base) {
		list = append(list, "the arms or what is expected of them")
	}
	return list
}

// OneLine is the one-line form of e: what follows "padlab run" to run it,
// where name is what base is loaded by. The two inputs that are files of a
// person's own, and the seeds, stand as the flags that people know.
func (e *Experiment) OneLine(name string, base *Experiment) string {
	line := fmt.Sprintf("%s --seed %d", Quote(name), e.Seed)
	for _, c := range e.Changes(base) {
		switch key, text, _ := strings.Cut(c, "="); {
		case key == "seeds":
			line += " --seeds " + text
		case key == "net.weights" && text != "":
			line += " --weights " + Quote(text)
		case key == "data.photos" && text != "":
			line += " --images " + Quote(text)
		default:
			line += " --set " + Quote(c)
		}
	}
	return line
}

// Quote returns text as one word of a shell, without control characters: bash,
// zsh and ksh read those as escapes.
func Quote(text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "$" + "'" + strings.ReplaceAll(strings.Trim(strconv.QuoteToASCII(text), `"`), "'", `\'`) + "'"
	}
	special := func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("-_.,:/=+@%", r)
	}
	if text != "" && !strings.ContainsFunc(text, special) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Text returns what SetAll takes to set a key as it is in e: the values that
// vary, or the one value.
func (e *Experiment) Text(f Field) string {
	for _, v := range e.Vary {
		if v.Key == f.Key {
			return listed(v.Values)
		}
	}
	return f.get(e)
}

// Reset makes a key what it is in base: its value, and whether it varies.
func (e *Experiment) Reset(f Field, base *Experiment) error {
	if f.get(base) == "" && f.get(e) != "" {
		if name, ok := layerOf(f.Key); ok {
			e.Net.Layers = maps.Clone(e.Net.Layers)
			delete(e.Net.Layers, name)
			return nil
		}
	}
	if f.get(e) != f.get(base) {
		if err := e.set(f, f.get(base)); err != nil {
			return err
		}
	}
	of := func(v Vary) bool { return v.Key == f.Key }
	was := slices.IndexFunc(base.Vary, of)
	switch at := slices.IndexFunc(e.Vary, of); {
	case was < 0:
		e.Vary = slices.DeleteFunc(e.Vary, of)
	case at < 0:
		e.Vary = append(e.Vary, base.Vary[was])
	default:
		e.Vary[at] = base.Vary[was]
	}
	return nil
}
