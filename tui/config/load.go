package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"padlab/core/experiment"
)

// MaxFile is how long the file may be, in bytes.
const MaxFile = 16 << 10

// Load reads the file. A value that is not allowed and a key that is not known
// are problems, told in a sentence each that begins with file:line, and are left
// out; the rest counts. A file that is not there gives the defaults. One that
// cannot be read, or is no TOML, is an error beside the defaults, which count
// then too.
func Load(path string) (c Config, problems []string, err error) {
	data, err := read(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return Default(), nil, err
	}
	return parse(path, data)
}

// read reads a regular file of bounded length: opening a pipe would wait.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, onFile(path, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, onFile(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, onFile(path, err)
	}
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%s: longer than %d bytes, the most that the settings may have", path, MaxFile)
	}
	return data, nil
}

// onFile words the error of a file once: its name, then what is wrong.
func onFile(path string, err error) error {
	if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}

func parse(path string, data []byte) (Config, []string, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // editors on Windows leave it there
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return Default(), nil, experiment.TOMLError(path, err)
	}
	r := reader{path: path, c: Default()}
	r.parser.Reset(data)
	var table []string
	for r.parser.NextExpression() {
		switch n := r.parser.Expression(); n.Kind {
		case unstable.KeyValue:
			r.value(table, n)
		case unstable.Table, unstable.ArrayTable:
			if table, r.line = r.key(nil, n); n.Kind == unstable.ArrayTable || len(table) > 1 || table[0]+"." != keysPrefix {
				r.problem(fmt.Errorf("unknown table %.40q: the only one is [keys]", strings.Join(table, ".")))
				table = nil
				r.skip = true
				continue
			}
			r.skip = false
		}
	}
	return r.c, r.problems, nil
}

// A reader walks over a file whose syntax is right.
type reader struct {
	path     string
	parser   unstable.Parser
	c        Config
	problems []string
	line     int  // of what is being read
	skip     bool // in a table that is not known
}

func (r *reader) problem(err error) {
	r.problems = append(r.problems, fmt.Sprintf("%s:%d: %v", r.path, r.line, err))
}

// key returns the parts of a key behind those of its table, and its line.
func (r *reader) key(table []string, n *unstable.Node) (parts []string, line int) {
	parts = append(parts, table...)
	for it := n.Key(); it.Next(); {
		if line == 0 {
			line = r.parser.Shape(it.Node().Raw).Start.Line
		}
		parts = append(parts, string(it.Node().Data))
	}
	return parts, line
}

// value takes one setting, or all of a table between braces.
func (r *reader) value(table []string, n *unstable.Node) {
	if r.skip {
		return
	}
	parts, line := r.key(table, n)
	r.line = line
	value := n.Value()
	if value.Kind == unstable.InlineTable && len(parts) == 1 && parts[0]+"." == keysPrefix {
		for it := value.Children(); it.Next(); {
			r.value(parts, it.Node())
		}
		return
	}
	name := strings.Join(parts, ".")
	s, err := find(name)
	if err == nil {
		var text string
		if text, err = s.text(value); err == nil {
			err = r.c.Set(name, text)
		}
	}
	if err != nil {
		r.problem(err)
	}
}

// text is a value of the file in its text form, which must be of the setting's
// kind: a number in quotes is none.
func (s Setting) text(n *unstable.Node) (string, error) {
	switch n.Kind {
	case unstable.String:
		if !s.bare {
			return string(n.Data), nil
		}
		return "", fmt.Errorf("%s must be %s, without quotes: %q", s.Key, s.Allowed(), n.Data)
	case unstable.Bool, unstable.Integer:
		text := strings.ReplaceAll(string(n.Data), "_", "")
		if s.bare {
			return text, nil
		}
		return "", fmt.Errorf("%s must be %s, in quotes: %s", s.Key, s.Allowed(), strconv.Quote(text))
	}
	return "", fmt.Errorf("%s must be %s", s.Key, s.Allowed())
}
