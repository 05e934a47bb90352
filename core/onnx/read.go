// Package onnx reads a network from an ONNX file and makes layers of ours of it,
// so that whatever others have trained can be looked at here: inspected, read
// out, padded otherwise. It exists apart from arch because a file is foreign: all
// that it says is checked before anything is made of it.
//
// A graph is read once and put together anew for every size of picture: constants
// and the arithmetic of shapes are computed on the way, convolutions, pools, norms
// and activations become the layers of nn that they are, and what else moves or
// mixes values one of few general ones. ONNX's pictures are N×C×H×W, ours
// N×H×W×C; a value carries the order in which its axes lie in memory, so that most
// of the transposing costs nothing (see value).
package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Read reads a model and the tensors that it has in other files of its folder.
// Their paths out of that folder, by .. or by links, are refused.
func Read(path string) (*Model, error) {
	data, err := whole(disk{}, path, 0, -1, maxFile)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	m, err := parseModel(data)
	if err != nil {
		return nil, fmt.Errorf("not an ONNX network that is read here: %w", err)
	}
	left := int64(maxFile - len(data))
	for _, t := range m.tensors() {
		if t.external == nil {
			continue
		}
		size := int64(t.len() * typeSizes[t.typ])
		if left -= size; left < 0 {
			return nil, fmt.Errorf("its tensors take more than %d bytes", maxFile)
		}
	}
	if err := m.readExternal(root); err != nil {
		return nil, err
	}
	return newModel(m, data)
}

// Parse reads a model that has all its tensors in it.
func Parse(data []byte) (*Model, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%d bytes, at most %d are read", len(data), maxFile)
	}
	m, err := parseModel(data)
	if err != nil {
		return nil, fmt.Errorf("not an ONNX network that is read here: %w", err)
	}
	for _, t := range m.tensors() {
		if t.external != nil {
			return nil, fmt.Errorf("tensor %.80q is in another file, %.80q", t.name, t.external.location)
		}
	}
	return newModel(m, data)
}

// A disk has the files that a person names; those that a file names are in an
// [os.Root].
type disk struct{}

func (disk) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }
func (disk) Open(name string) (*os.File, error)    { return os.Open(name) }

// whole reads length bytes, or with −1 all, of a file.
func whole(from interface {
	Stat(name string) (fs.FileInfo, error)
	Open(name string) (*os.File, error)
}, name string, offset, length, most int64) ([]byte, error) {
	info, err := from.Stat(name) // a pipe would keep us waiting when it is opened
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("a folder, not a file")
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	if length < 0 {
		length = info.Size() - offset
	}
	if length < 0 || offset+length > info.Size() {
		return nil, fmt.Errorf("it has %d bytes, but %d from byte %d on are asked for", info.Size(), length, offset)
	}
	if length > most {
		return nil, fmt.Errorf("%d bytes, at most %d are read", length, most)
	}
	file, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := make([]byte, length)
	if _, err := file.ReadAt(data, offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return data, nil
}

// tensors are all that the file holds.
func (m *model) tensors() (list []*tensor) {
	for _, name := range slices.Sorted(maps.Keys(m.initial)) {
		list = append(list, m.initial[name])
	}
	for _, n := range m.nodes {
		for _, name := range slices.Sorted(maps.Keys(n.attributes)) {
			if t := n.attributes[name].tensor; t != nil {
				list = append(list, t)
			}
		}
	}
	return list
}

// readExternal reads the tensors that are in other files.
func (m *model) readExternal(root *os.Root) error {
	for _, t := range m.tensors() {
		e := t.external
		if e == nil {
			continue
		}
		wrong := func(err error) error {
			if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
				err = inner.Err
			}
			return fmt.Errorf("tensor %.80q in file %.80q: %w", t.name, e.location, err)
		}
		if e.location == "" || !filepath.IsLocal(filepath.FromSlash(e.location)) || strings.ContainsRune(e.location, 0) {
			return wrong(errors.New("only files in the folder of the model are read"))
		}
		size := int64(t.len() * typeSizes[t.typ])
		data, err := whole(root, filepath.FromSlash(e.location), e.offset, size, maxFile)
		if err != nil {
			return wrong(err)
		}
		t.raw, t.external = data, nil
	}
	return nil
}

// order puts the nodes behind those that they take values from, and refuses what
// no network is.
func (m *model) order() error {
	made := map[string]*node{}
	known := map[string]bool{"": true}
	for name := range m.initial {
		known[name] = true
	}
	for _, in := range m.inputs {
		known[in.name] = true
	}
	for _, n := range m.nodes {
		for _, out := range n.out {
			if out == "" {
				continue
			}
			if made[out] != nil || known[out] {
				return fmt.Errorf("two values of the name %.80q", out)
			}
			made[out] = n
		}
	}
	var sorted []*node
	state := map[*node]int{} // 1: under way, 2: done
	type frame struct {
		n    *node
		next int
	}
	for _, first := range m.nodes {
		if state[first] != 0 {
			continue
		}
		stack := []frame{{n: first}}
		state[first] = 1
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next == len(top.n.in) {
				state[top.n] = 2
				sorted = append(sorted, top.n)
				stack = stack[:len(stack)-1]
				continue
			}
			name := top.n.in[top.next]
			top.next++
			if known[name] {
				continue
			}
			from := made[name]
			switch {
			case from == nil:
				return fmt.Errorf("node %s takes %.80q, which nothing makes", top.n, name)
			case state[from] == 1:
				return fmt.Errorf("a cycle: node %s takes %.80q, which depends on it", top.n, name)
			case state[from] == 0:
				state[from] = 1
				stack = append(stack, frame{n: from})
			}
		}
	}
	for _, out := range m.outputs {
		if made[out] == nil && !known[out] {
			return fmt.Errorf("nothing makes the output %.80q", out)
		}
	}
	m.nodes = sorted
	return nil
}

// String is the node as errors name it.
func (n *node) String() string {
	if n.name != "" {
		return fmt.Sprintf("%.80q (%s)", n.name, n.op)
	}
	if len(n.out) > 0 {
		return fmt.Sprintf("%.80q (%s)", n.out[0], n.op)
	}
	return n.op
}
