// Package presets holds the experiments that ship with padlab, one TOML file
// each. It is data and nothing else: core/lab reads the files.
package presets

import (
	"embed"
	"strings"
)

// Default is the preset that padlab starts with.
const Default = "where-am-i"

//go:embed *.toml
var files embed.FS

// A Section is presets that ask one question, in the order of the paper: what tells
// a network where it is, where position is in networks that nobody asked, and what
// it does to what they learn.
type Section struct {
	Title string
	Names []string
}

var sections = []Section{
	{"How does it know?", []string{"where-am-i", "all-schemes", "how-far", "which-colour", "no-bias", "grid-size", "receptive-field-cliff", "rook", "none-is-not-blind", "gap-or-permute", "leaky-grid", "swap-padding"}},
	{"Does it help or hurt?", []string{"help-or-hurt", "shortcut-strength", "red-green", "canvas-colour", "strides-leak-too", "classify-anywhere", "segment-anywhere"}},
	{"Read out of networks", []string{"table1", "table2-depth", "table2-kernel", "table3-layers", "table4-where", "table6-task", "ranking"}},
	{"Inside the features", []string{"dimensions", "position-neurons"}},
}

// Sections returns all presets in the order in which they are told.
func Sections() []Section { return append([]Section(nil), sections...) }

// Names returns their names, section by section.
func Names() (list []string) {
	for _, s := range sections {
		list = append(list, s.Names...)
	}
	return list
}

// Read returns the file of the preset of that name, and whether there is one.
func Read(name string) (data []byte, ok bool) {
	if strings.ContainsAny(name, `/\`) {
		return nil, false
	}
	data, err := files.ReadFile(name + ".toml")
	return data, err == nil
}
