package config

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"padlab/core/experiment"
	"padlab/tui/whole"
)

// Save writes the settings to the file of that path, whole or not at all, with
// what each of them is about; those that have their default, and were never set,
// are comments. Comments that a person put there are lost. The folder is made
// where there is none, for its owner alone. The error is that of the file system.
func Save(path string, c Config) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return whole.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, c.file())
		return err
	})
}

// file is the text of the file.
func (c Config) file() string {
	var b strings.Builder
	b.WriteString("# What padlab keeps to on this machine. A flag goes before it, and so does an environment variable.\n\n")
	usual := Default()
	for _, s := range table {
		value, mark := s.get(&c), ""
		if value == s.get(&usual) && !c.Says(s.Key) {
			mark = "# "
		}
		if !s.bare {
			value = experiment.Literal(value)
		}
		about := s.About
		if !s.bare && s.Free == "" {
			about += "; " + s.Allowed()
		}
		fmt.Fprintf(&b, "%-26s # %s\n", mark+s.Key+" = "+value, about)
	}
	b.WriteString("\n[keys] # another key for one of the screen: \"new name\" = \"known name\"\n")
	for _, name := range slices.Sorted(maps.Keys(c.Keys)) {
		fmt.Fprintf(&b, "%s = %s\n", experiment.Literal(name), experiment.Literal(c.Keys[name]))
	}
	return b.String()
}
