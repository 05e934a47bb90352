package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"padlab/core/metric"
	"padlab/core/names"
	"padlab/core/position"
)

// MaxFile is how long an experiment file may be, in bytes.
const MaxFile = 64 << 10

// Parse reads an experiment file. What it does not mention keeps the value of
// Default. Reading is strict: an unknown key, a value of the wrong type or out
// of range is an error that starts with file:line.
func Parse(file string, data []byte) (*Experiment, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%s: %d bytes, an experiment has at most %d", file, len(data), MaxFile)
	}
	data, err := utf8Of(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if line, err := checkNesting(data); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, line, err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return nil, TOMLError(file, err)
	}
	r := reader{lines: keyLines(data), e: Default()}
	r.e.pinned = map[string]bool{}
	key, err := r.table("", tree)
	if err == nil {
		key, err = r.check()
	}
	r.settle()
	if err != nil {
		line, ok := r.lines[key]
		if !ok && key == "reference" {
			line, ok = r.lines["figure"]
		}
		if ok {
			return nil, fmt.Errorf("%s:%d: %w", file, line, err)
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r.e, nil
}

// TOMLError words what the library has against a file: its name, the place in it, then
// what is wrong.
func TOMLError(file string, err error) error {
	if bad := (*toml.DecodeError)(nil); errors.As(err, &bad) {
		row, column := bad.Position()
		return fmt.Errorf("%s:%d:%d: %s", file, row, column, strings.TrimPrefix(bad.Error(), "toml: "))
	}
	return fmt.Errorf("%s: %w", file, err)
}

// utf8Of returns the text of a file without the mark at its beginning that
// editors on Windows leave there.
func utf8Of(data []byte) ([]byte, error) {
	marked := bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff"))
	zero := func(i int) bool { return data[i] == 0 } // of ASCII, every other byte is
	if marked || len(data) >= 4 && zero(0) == zero(2) && zero(1) == zero(3) && zero(0) != zero(1) {
		return nil, errors.New("this is UTF-16: an experiment must be saved as UTF-8")
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), nil
}

// What a file may nest. Every key that has a meaning has four parts at most,
// net.layers.NAME.padding; the deepest value is a table in a list of tables. The
// library, and keyLines, take memory by the square of the length of a key.
const (
	maxKeyParts = 8
	maxKeyBytes = 1024 // of all parts together
	maxNesting  = 8    // of lists and inline tables
)

// checkNesting returns an error, and its line, for what nests deeper. Mistakes
// in the syntax are left to the library.
func checkNesting(data []byte) (line int, err error) {
	var p unstable.Parser
	p.Reset(data)
	key := func(n *unstable.Node) error {
		parts, length := 0, 0
		for it := n.Key(); it.Next(); {
			part := it.Node()
			line = p.Shape(part.Raw).Start.Line
			if parts, length = parts+1, length+len(part.Data)+1; parts > maxKeyParts {
				return fmt.Errorf("a key of more than %d parts", maxKeyParts)
			}
			if length > maxKeyBytes {
				return fmt.Errorf("a key of more than %d bytes", maxKeyBytes)
			}
		}
		return nil
	}
	var value func(n *unstable.Node, depth int) error
	value = func(n *unstable.Node, depth int) error {
		switch n.Kind {
		case unstable.KeyValue:
			if err := key(n); err != nil {
				return err
			}
			return value(n.Value(), depth)
		case unstable.Array, unstable.InlineTable:
			if depth == maxNesting {
				return fmt.Errorf("lists and tables that nest deeper than %d", maxNesting)
			}
			for it := n.Children(); it.Next(); {
				if err := value(it.Node(), depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for p.NextExpression() {
		n := p.Expression()
		check := func() error { return value(n, 0) }
		if n.Kind == unstable.Table || n.Kind == unstable.ArrayTable {
			check = func() error { return key(n) }
		}
		if err := check(); err != nil {
			return line, err
		}
	}
	return 0, nil
}

// checkText returns an error for a text that a terminal or a table does not show
// as it is: names and sources, which stand in both. What is only told, such as a
// title, and paths are made visible where they are printed.
func checkText(what, text string) error {
	for _, r := range text {
		if r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return fmt.Errorf("%s %.80q holds %U: control and format characters are not allowed", what, text, r)
		}
	}
	return nil
}

type reader struct {
	lines map[string]int
	e     *Experiment
}

// table sets what a table says. On an error it returns the key at fault.
func (r *reader) table(prefix string, tree map[string]any) (key string, err error) {
	for _, name := range inFileOrder(prefix, tree, r.lines) {
		key, value := prefix+name, tree[name]
		if inner, ok := value.(map[string]any); ok {
			if at, err := r.table(key+".", inner); err != nil {
				return at, err
			}
			continue
		}
		list, isList := value.([]any)
		if read := r.tables(key); isList && read != nil {
			if err := read(list); err != nil {
				return key, err
			}
			continue
		}
		f, err := FieldOf(key)
		if err != nil {
			return key, err
		}
		text, err := textOf(f, value)
		if err == nil {
			err = f.set(r.e, text)
		}
		if err != nil {
			return key, err
		}
		r.e.pinned[key] = true
	}
	return "", nil
}

// settle forgets what nobody will ask for: which keys the file has set counts
// for what weights from a file would bring along.
func (r *reader) settle() {
	pinned := r.e.pinned
	if r.e.pinned = nil; r.e.Net.Weights == "" && !IsGraph(r.e.Net.Arch) {
		return
	}
	for _, key := range broughtByWeights {
		if pinned[key] {
			r.e.pin(key)
		}
	}
}

// tables returns what reads the array of tables of that name, nil for others.
func (r *reader) tables(name string) func([]any) error {
	switch name {
	case "vary":
		return r.vary
	case "arm":
		return r.arms
	case "expect":
		return r.expect
	case "reference", "figure": // its name before there were figures to export
		return r.reference
	}
	return nil
}

// check looks at the whole. On an error it returns the key at fault.
func (r *reader) check() (key string, err error) {
	arms, key, err := r.e.expand()
	if err != nil {
		if _, written := r.lines[key]; !written {
			key = "vary" // over values of it
		}
		return key, err
	}
	for _, x := range r.e.Expect {
		if err := x.check(arms); err != nil {
			return "expect", fmt.Errorf("expect: %w", err)
		}
	}
	for _, f := range r.e.References {
		if err := f.check(arms); err != nil {
			return "reference", fmt.Errorf("reference: %w", err)
		}
	}
	return "", nil
}

// textOf turns a TOML value into the text form of a field, which must be of
// the field's kind: a quoted number is no number.
func textOf(f Field, value any) (string, error) {
	numeric := f.bare() || f.numbers
	switch v := value.(type) {
	case string:
		if !f.bare() {
			return v, nil
		}
		return "", fmt.Errorf("%s must be %s, without quotes: %q", f.Key, f.Allowed(), v)
	case bool:
		if f.bare() {
			return strconv.FormatBool(v), nil
		}
	case int64:
		if numeric {
			return strconv.FormatInt(v, 10), nil
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", fmt.Errorf("%s must be finite", f.Key)
		}
		if numeric {
			return strconv.FormatFloat(v, 'g', -1, 64), nil
		}
	case []any:
		if f.Kind != List {
			return "", fmt.Errorf("%s takes one value; let it vary in a [[vary]] table", f.Key)
		}
		var words []string
		for _, one := range v {
			word, ok := one.(string)
			if !ok {
				return "", fmt.Errorf("%s must be %s: %v", f.Key, f.Allowed(), one)
			}
			words = append(words, word)
		}
		return strings.Join(words, ","), nil
	}
	return "", fmt.Errorf("%s must be %s: %v", f.Key, f.Allowed(), value)
}

func (r *reader) vary(tables []any) error {
	r.e.Vary = []Vary{}
	for _, t := range tables {
		var key string
		var values []any
		if err := strict("vary", t, map[string]any{"key": &key, "values": &values}); err != nil {
			return err
		}
		f, err := FieldOf(key)
		if err != nil {
			return fmt.Errorf("vary: %w", err)
		}
		var texts []string
		for _, v := range values {
			text, err := textOf(f, v)
			if err != nil {
				return fmt.Errorf("vary: %w", err)
			}
			texts = append(texts, text)
		}
		v, err := newVary(f, texts)
		if err != nil {
			return fmt.Errorf("vary: %w", err)
		}
		for _, before := range r.e.Vary {
			if before.Key == key {
				return fmt.Errorf("vary: %s varies in two tables", key)
			}
		}
		r.e.Vary = append(r.e.Vary, v)
	}
	return nil
}

// arms reads the arms that are spelled out.
func (r *reader) arms(tables []any) error {
	r.e.Arms = nil
	if len(tables) > MaxArms {
		return fmt.Errorf("%d arms: more than %d are not allowed", len(tables), MaxArms)
	}
	for _, t := range tables {
		a := Arm{}
		var set any
		if err := strict("arm", t, map[string]any{"name": &a.Name, "set": &set}); err != nil {
			return err
		}
		if a.Name == "" {
			return fmt.Errorf("arm: a name must not be empty")
		}
		for _, before := range r.e.Arms {
			if before.Name == a.Name {
				return fmt.Errorf("arm: two are named %s", a.Name)
			}
		}
		tree, ok := set.(map[string]any)
		if !ok && set != nil {
			return fmt.Errorf("arm: set must be a table of keys and values: %v", set)
		}
		for _, key := range inFileOrder("", tree, nil) {
			f, err := FieldOf(key)
			if err != nil {
				return fmt.Errorf("arm %s: %w", a.Name, err)
			}
			if f.Shared {
				return fmt.Errorf("arm %s: %s cannot vary between arms: they share it", a.Name, key)
			}
			text, err := textOf(f, tree[key])
			if err == nil {
				text, err = f.Canonical(text)
			}
			if err != nil {
				return fmt.Errorf("arm %s: %w", a.Name, err)
			}
			a.Settings = append(a.Settings, Setting{key, text})
		}
		r.e.Arms = append(r.e.Arms, a)
	}
	return nil
}

func (r *reader) expect(tables []any) error {
	for _, t := range tables {
		x := Expectation{}
		var ring any
		if err := strict("expect", t, map[string]any{"arm": &x.Arm, "what": &x.What, "is": &x.Is, "ring": &ring, "target": &x.Target, "images": &x.Images, "with": &x.With, "says": &x.Says}); err != nil {
			return err
		}
		if ring != nil {
			d, ok := ring.(int64)
			if !ok || d < 0 || d > 16 {
				return fmt.Errorf("expect: ring must be an integer from 0 to 16: %v", ring)
			}
			n := int(d)
			x.Ring = &n
		}
		r.e.Expect = append(r.e.Expect, x)
	}
	return nil
}

func (r *reader) reference(tables []any) error {
	for _, t := range tables {
		f := Reference{Images: position.Natural}
		var values any
		if err := strict("reference", t, map[string]any{"source": &f.Source, "arm": &f.Arm, "what": &f.What, "images": &f.Images, "with": &f.With, "values": &values}); err != nil {
			return err
		}
		tree, ok := values.(map[string]any)
		if !ok && values != nil {
			return fmt.Errorf("reference: values must be numbers by target: %v", values)
		}
		for _, target := range position.Targets() {
			v, ok := tree[string(target)]
			if !ok {
				continue
			}
			delete(tree, string(target))
			number, ok := v.(float64)
			if n, whole := v.(int64); whole {
				number, ok = float64(n), true
			}
			if !ok || number-number != 0 {
				return fmt.Errorf("reference: the value of %s must be a finite number: %v", target, v)
			}
			f.Values = append(f.Values, Value{target, metric.Number(number)})
		}
		for _, name := range inFileOrder("", tree, nil) {
			_, err := position.ParseTarget(name)
			return fmt.Errorf("reference: %w", err)
		}
		r.e.References = append(r.e.References, f)
	}
	return nil
}

// strict stores the values of a small table: strings, lists, or anything.
func strict(name string, table any, into map[string]any) error {
	tree, ok := table.(map[string]any)
	if !ok {
		return fmt.Errorf("%s must be tables: [[%s]]", name, name)
	}
	var known []string
	for _, key := range []string{"key", "source", "name", "set", "arm", "what", "target", "images", "with", "values", "ring", "is"} {
		if _, ok := into[key]; ok {
			known = append(known, key)
		}
	}
	for _, key := range inFileOrder("", tree, nil) {
		switch at := into[key].(type) {
		case nil:
			return names.Unknown("key of "+name, key, known)
		case *string:
			if *at, ok = tree[key].(string); !ok {
				return fmt.Errorf("%s: %s must be text: %v", name, key, tree[key])
			}
			if err := checkText(name+": "+key, *at); err != nil {
				return err
			}
		case *[]any:
			if *at, ok = tree[key].([]any); !ok {
				return fmt.Errorf("%s: %s must be a list: %v", name, key, tree[key])
			}
		case *any:
			*at = tree[key]
		}
	}
	return nil
}

// TOML returns the experiment as a file that Parse reads back to the same
// experiment, but for what is said of arms that it has not: Parse refuses that.
func (e *Experiment) TOML() []byte {
	var b strings.Builder
	table := ""
	arrays := func() {
		for _, a := range e.Arms {
			sets := make([]string, len(a.Settings))
			for i, s := range a.Settings {
				f, _ := FieldOf(s.Key)
				sets[i] = Literal(s.Key) + " = " + literal(f, s.Value)
			}
			fmt.Fprintf(&b, "\n[[arm]]\nname = %s\nset = { %s }\n", Literal(a.Name), strings.Join(sets, ", "))
		}
		for _, v := range e.Vary {
			f, _ := FieldOf(v.Key)
			texts := make([]string, len(v.Values))
			for i, text := range v.Values {
				texts[i] = literal(f, text)
			}
			fmt.Fprintf(&b, "\n[[vary]]\nkey = %s\nvalues = [%s]\n", Literal(v.Key), strings.Join(texts, ", "))
		}
	}
	for _, f := range e.fields() {
		in, name, nested := strings.Cut(f.Key, ".")
		if !nested {
			in, name = "", f.Key
		}
		if layer, ok := layerOf(f.Key); ok {
			name = "layers." + Literal(layer) + ".padding"
		}
		if in != table {
			if table == "" {
				arrays()
			}
			table = in
			fmt.Fprintf(&b, "\n[%s]\n", table)
		}
		fmt.Fprintf(&b, "%s = %s\n", name, literal(f, f.get(e)))
	}
	// What is said of arms that are not there any more cannot be read again.
	arms, err := e.Expand()
	for _, x := range e.Expect {
		if err == nil && x.check(arms) != nil {
			continue
		}
		fmt.Fprintf(&b, "\n[[expect]]\narm = %s\nwhat = %s\n", Literal(x.Arm), Literal(x.What))
		if x.Target != "" {
			fmt.Fprintf(&b, "target = %s\n", Literal(x.Target))
		}
		if x.Images != "" {
			fmt.Fprintf(&b, "images = %s\n", Literal(x.Images))
		}
		if x.With != "" {
			fmt.Fprintf(&b, "with = %s\n", Literal(x.With))
		}
		if x.Ring != nil {
			fmt.Fprintf(&b, "ring = %d\n", *x.Ring)
		}
		fmt.Fprintf(&b, "is = %s\n", Literal(x.Is))
		if x.Says != "" {
			fmt.Fprintf(&b, "says = %s\n", Literal(x.Says))
		}
	}
	for _, f := range e.References {
		if err == nil && f.check(arms) != nil {
			continue
		}
		fmt.Fprintf(&b, "\n[[reference]]\nsource = %s\narm = %s\nwhat = %s\nimages = %s\n", Literal(f.Source), Literal(f.Arm), Literal(f.What), Literal(f.Images))
		if f.With != "" {
			fmt.Fprintf(&b, "with = %s\n", Literal(f.With))
		}
		values := make([]string, len(f.Values))
		for i, v := range f.Values {
			values[i] = string(v.Target) + " = " + strconv.FormatFloat(float64(v.Number), 'g', -1, 64)
		}
		fmt.Fprintf(&b, "values = { %s }\n", strings.Join(values, ", "))
	}
	return []byte(b.String())
}

// literal is the TOML form of a field's text form. A float without a point or
// exponent would read back as an integer, which is as good.
func literal(f Field, text string) string {
	switch {
	case f.bare():
		return text
	case f.Kind == List && text == "":
		return "[]"
	case f.Kind == List:
		return `["` + strings.ReplaceAll(text, ",", `", "`) + `"]`
	}
	return Literal(text)
}

// Literal returns text as a basic string of TOML. What cannot be seen becomes an
// escape: \u and four hexadecimal digits, or \U and eight.
func Literal(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r < 1<<16:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// keyLines finds the line of every key, dotted from the top. The library's
// own positions end where its decoding does; range checks come later.
func keyLines(data []byte) map[string]int {
	lines := map[string]int{}
	var p unstable.Parser
	p.Reset(data)
	prefix := ""
	note := func(n *unstable.Node) string {
		key := prefix
		it := n.Key()
		for it.Next() {
			part := it.Node()
			if key != "" {
				key += "."
			}
			key += string(part.Data)
			if _, seen := lines[key]; !seen {
				lines[key] = p.Shape(part.Raw).Start.Line
			}
		}
		return key
	}
	for p.NextExpression() {
		n := p.Expression()
		switch n.Kind {
		case unstable.Table, unstable.ArrayTable:
			prefix = ""
			prefix = note(n)
		case unstable.KeyValue:
			outer := prefix
			key := note(n)
			if v := n.Value(); v.Kind == unstable.InlineTable {
				prefix = key
				for it := v.Children(); it.Next(); {
					note(it.Node())
				}
			}
			prefix = outer
		}
	}
	return lines
}

// inFileOrder returns the names of a table by the line on which they stand,
// then by name, so that the first mistake of a file is reported first.
func inFileOrder(prefix string, tree map[string]any, lines map[string]int) []string {
	list := make([]string, 0, len(tree))
	for name := range tree {
		list = append(list, name)
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if la, lb := lines[prefix+a], lines[prefix+b]; la != lb {
			return la < lb
		}
		return a < b
	})
	return list
}
