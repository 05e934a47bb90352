package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"padlab/core/names"
	"padlab/presets"
)

// A Setting is one row of the table from which the file, padlab config and its
// help derive.
type Setting struct {
	Key     string
	About   string   // in a few words
	Options []string // all values, or where Free is not empty, some of them
	Free    string   // what else is allowed, in words

	bare bool // the file has the value without quotes
	get  func(*Config) string
	set  func(*Config, string) error
}

// maxKeep bounds Keep: the runs are listed when the screen shows them.
const maxKeep = 10_000

// table is in the order of the file.
var table = []Setting{
	word("theme", "of the screen; auto: as the terminal is", func(c *Config) *string { return &c.Theme }, "light", "dark", "auto"),
	word("glyphs", "what curves are drawn with; auto: what the terminal shows", func(c *Config) *string { return &c.Glyphs }, "braille", "block", "ascii", "auto"),
	preset(),
	truth("mouse", "the screen heeds the mouse", func(c *Config) *bool { return &c.Mouse }),
	truth("bell", "ring when a run is done", func(c *Config) *bool { return &c.Bell }),
	truth("record", "keep every run of the screen", func(c *Config) *bool { return &c.Record }),
	keep(),
}

// Settings returns the table. Beside it there are the settings keys.NAME.
func Settings() []Setting { return slices.Clone(table) }

// Default returns the settings of a machine without a file.
func Default() Config {
	return Config{Theme: "auto", Glyphs: "auto", Preset: presets.Default, Mouse: true, Record: true, Keep: 200}
}

// Allowed says in words what a setting takes.
func (s Setting) Allowed() string {
	list := strings.Join(s.Options, ", ")
	switch {
	case s.Free == "":
		return list
	case list == "":
		return s.Free
	}
	return list + ", or " + s.Free
}

// Names returns the names of all settings of c, those of its keys among them.
func (c Config) Names() []string {
	var list []string
	for _, s := range table {
		list = append(list, s.Key)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Keys)) {
		list = append(list, keysPrefix+name)
	}
	return list
}

// Get returns the text form of a setting, which Set takes back. The error names
// the nearest setting.
func (c Config) Get(key string) (string, error) {
	s, err := find(key)
	if err != nil {
		return "", err
	}
	return s.get(&c), nil
}

// Set changes a setting, which the file has from then on. The error says what is
// allowed, and leaves it as it was.
func (c *Config) Set(key, text string) error {
	s, err := find(key)
	if err == nil {
		err = s.set(c, text)
	}
	if err != nil {
		return err
	}
	said := maps.Clone(c.said) // whoever has a copy of c keeps what that says
	if said == nil {
		said = map[string]bool{}
	}
	said[key] = true
	c.said = said
	return nil
}

// keysPrefix begins the settings of keys: "keys.ctrl+g".
const keysPrefix = "keys."

func find(key string) (Setting, error) {
	var known []string
	for _, s := range table {
		if s.Key == key {
			return s, nil
		}
		known = append(known, s.Key)
	}
	if name, ok := strings.CutPrefix(key, keysPrefix); ok {
		return another(name)
	}
	return Setting{}, names.Unknown("setting", key, append(known, keysPrefix+"NAME"))
}

// word is a setting with a few words to choose from.
func word(key, about string, at func(*Config) *string, options ...string) Setting {
	return Setting{Key: key, About: about, Options: options,
		get: func(c *Config) string { return *at(c) },
		set: func(c *Config, text string) error {
			if !slices.Contains(options, text) {
				return names.Unknown(key, text, options)
			}
			*at(c) = text
			return nil
		}}
}

func truth(key, about string, at func(*Config) *bool) Setting {
	return Setting{Key: key, About: about, Options: []string{"true", "false"}, bare: true,
		get: func(c *Config) string { return strconv.FormatBool(*at(c)) },
		set: func(c *Config, text string) error {
			if text != "true" && text != "false" {
				return fmt.Errorf("%s must be true or false: %q", key, text)
			}
			*at(c) = text == "true"
			return nil
		}}
}

func preset() Setting {
	return Setting{Key: "preset", About: "what padlab opens without an argument", Options: presets.Names(), Free: "a file",
		get: func(c *Config) string { return c.Preset },
		set: func(c *Config, text string) error {
			file := strings.ContainsAny(text, `/\`) || strings.HasSuffix(text, ".toml")
			if _, ships := presets.Read(text); !ships && !file {
				return names.Unknown("preset", text, presets.Names())
			}
			c.Preset = text
			return nil
		}}
}

func keep() Setting {
	s := Setting{Key: "keep", About: "how many runs; the oldest go", Free: fmt.Sprintf("an integer from 1 to %d", maxKeep), bare: true}
	s.get = func(c *Config) string { return strconv.Itoa(c.Keep) }
	s.set = func(c *Config, text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxKeep {
			return fmt.Errorf("keep must be %s: %q", s.Free, text)
		}
		c.Keep = n
		return nil
	}
	return s
}

// another is the setting of one key; empty takes it away.
func another(name string) (Setting, error) {
	if err := checkKey(name); err != nil {
		return Setting{}, err
	}
	return Setting{Key: keysPrefix + name, About: "the key that it stands for", Free: "the name of a key",
		get: func(c *Config) string { return c.Keys[name] },
		set: func(c *Config, text string) error {
			keys := maps.Clone(c.Keys) // whoever has a copy of c keeps its keys
			if keys == nil {
				keys = map[string]string{}
			}
			if delete(keys, name); text != "" {
				if err := checkKey(text); err != nil {
					return err
				}
				keys[name] = text
			}
			if c.Keys = keys; len(keys) == 0 {
				c.Keys = nil
			}
			return nil
		}}, nil
}

// checkKey returns an error for what cannot be the name of a key.
func checkKey(name string) error {
	switch {
	case name == "":
		return errors.New("the name of a key must not be empty")
	case len(name) > 32:
		return fmt.Errorf("the name of a key has at most 32 bytes: %.40q", name)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }):
		return fmt.Errorf("the name of a key is of characters that can be seen: %q", name)
	}
	return nil
}
