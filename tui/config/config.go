// Package config is what padlab keeps to on one machine, whatever it runs: a file
// of settings in the place that the system has for them, read with patience and
// written whole. It also says where the state of a person's runs belongs.
package config

import (
	"path/filepath"

	"github.com/adrg/xdg"
)

// A Config is the settings. The zero Config is none; see Default.
type Config struct {
	Theme  string // "light", "dark" or "auto"
	Glyphs string // "braille", "block", "ascii" or "auto"
	Preset string // what padlab opens without an argument: the name of a preset, or a file
	Mouse  bool
	Bell   bool // ring when a run is done
	Record bool // keep every run of the screen
	Keep   int  // how many of them

	Keys map[string]string // other keys of the screen: new name -> the name that it stands for; what the names are is the screen's to know

	said map[string]bool // by the file
}

// Says reports whether the file that was loaded has this setting: otherwise its
// value is the default.
func (c Config) Says(key string) bool { return c.said[key] }

// Path returns where the file is: in $XDG_CONFIG_HOME, or where the system has
// such files. As the specification has it, a relative path in the variable does
// not count. Only the default comes from the process's environment rather than
// from getenv.
func Path(getenv func(string) string) string {
	return filepath.Join(base(getenv("XDG_CONFIG_HOME"), xdg.ConfigHome), "padlab", "config.toml")
}

// StateDir returns the folder of the runs that are kept: in $XDG_STATE_HOME, or
// where the system has such files; see Path.
func StateDir(getenv func(string) string) string {
	return filepath.Join(base(getenv("XDG_STATE_HOME"), xdg.StateHome), "padlab", "runs")
}

// DataDir returns the folder of the data sets that were imported or fetched: in
// $XDG_DATA_HOME, or where the system has such files; see Path.
func DataDir(getenv func(string) string) string {
	return filepath.Join(base(getenv("XDG_DATA_HOME"), xdg.DataHome), "padlab", "datasets")
}

func base(asked, usual string) string {
	if filepath.IsAbs(asked) {
		return asked
	}
	return usual
}
