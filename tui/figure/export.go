package figure

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"padlab/core/names"
	"padlab/core/record"
	"padlab/tui/report"
	"padlab/tui/whole"
)

// CSV is the ending of a file with the numbers of a result; see report.CSV.
const CSV = "csv"

// Endings returns the endings of the files that Export writes.
func Endings() []string { return append(Formats(), CSV) }

// Ending returns the ending of a file's name, without its dot, where it is among
// those that are allowed. The error names them.
func Ending(path string, allowed ...string) (string, error) {
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	switch {
	case ending == "":
		return "", fmt.Errorf("%s: its name says no format: it must end in .%s", path, strings.Join(allowed, ", ."))
	case !slices.Contains(allowed, ending):
		return "", fmt.Errorf("%s: %w", path, names.Unknown("format", ending, allowed))
	}
	return ending, nil
}

// Export writes a result to a file that is not there yet: its border profiles, in
// the format of one of Formats that ends the file's name, or its numbers as CSV.
// The file is written whole or not at all; one that is there is an error that is
// fs.ErrExist, and stays as it is.
func Export(result record.Result, path string) error {
	ending, err := Ending(path, Endings()...)
	if err != nil {
		return err
	}
	if err := New(path); err != nil {
		return err
	}
	if ending == CSV {
		return Numbers(result, path)
	}
	f, err := Of(result, Profile, "")
	if err != nil {
		return err
	}
	return f.Save(path)
}

// New returns an error that is fs.ErrExist when there is a file of that path.
func New(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already: %w", path, fs.ErrExist)
	}
	return nil
}

// Save writes the figure to a file in the format that ends its name, whole or not
// at all, in place of what is there.
func (f *Figure) Save(path string) error {
	format, err := Ending(path, Formats()...)
	if err != nil {
		return err
	}
	return whole.Write(path, func(w io.Writer) error { return f.Write(w, format) })
}

// Numbers writes the scores and profiles of a result to a file as CSV, whole or
// not at all, in place of what is there.
func Numbers(result record.Result, path string) error {
	return whole.Write(path, func(w io.Writer) error {
		report.CSV(w, result) // the file's buffer keeps what went wrong
		return nil
	})
}
