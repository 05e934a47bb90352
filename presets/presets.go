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

// order is how presets are listed: from the question to its causes and traps.
var order = []string{"where-am-i", "all-schemes", "how-far", "which-colour", "no-bias", "leaky-grid", "swap-padding", "classify-anywhere", "segment-anywhere",
	"table1", "table2-depth", "table2-kernel", "table3-layers", "table4-where", "table6-task", "ranking"}

// Names returns the names of all presets in the order in which they are told.
func Names() []string { return append([]string(nil), order...) }

// Read returns the file of the preset of that name, and whether there is one.
func Read(name string) (data []byte, ok bool) {
	if strings.ContainsAny(name, `/\`) {
		return nil, false
	}
	data, err := files.ReadFile(name + ".toml")
	return data, err == nil
}
