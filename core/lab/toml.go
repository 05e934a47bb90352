package lab

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

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
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		var bad *toml.DecodeError
		if errors.As(err, &bad) {
			row, col := bad.Position()
			return nil, fmt.Errorf("%s:%d:%d: %s", file, row, col, strings.TrimPrefix(bad.Error(), "toml: "))
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	r := reader{lines: keyLines(data), e: Default()}
	key, err := r.table("", tree)
	if err == nil {
		key, err = r.check()
	}
	if err != nil {
		if line, ok := r.lines[key]; ok {
			return nil, fmt.Errorf("%s:%d: %w", file, line, err)
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r.e, nil
}

type reader struct {
	lines map[string]int
	e     *Experiment
}

// table sets what a table says. On an error it returns the key at fault.
func (r *reader) table(prefix string, tree map[string]any) (key string, err error) {
	for _, name := range inFileOrder(prefix, tree, r.lines) {
		key, value := prefix+name, tree[name]
		switch v := value.(type) {
		case map[string]any:
			if at, err := r.table(key+".", v); err != nil {
				return at, err
			}
			continue
		case []any:
			switch key {
			case "vary":
				err = r.vary(v)
			case "expect":
				err = r.expect(v)
			case "arm":
				err = r.given(v)
			case "figure":
				err = r.figure(v)
			default:
				f, unknown := fieldOf(key)
				if unknown != nil {
					return key, unknown
				}
				if f.list {
					err = r.list(f, v)
					break
				}
				err = fmt.Errorf("%s takes one value; let it vary in a [[vary]] table", key)
			}
			if err != nil {
				return key, err
			}
			continue
		}
		f, err := fieldOf(key)
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
	}
	return "", nil
}

// check looks at the whole. On an error it returns the key at fault.
func (r *reader) check() (key string, err error) {
	if key, err := r.e.check(); err != nil {
		if _, written := r.lines[key]; !written {
			key = "vary" // over values of it
		}
		return key, err
	}
	for _, x := range r.e.Expect {
		if err := x.check(r.e); err != nil {
			return "expect", err
		}
	}
	for _, f := range r.e.Figures {
		if err := f.check(r.e); err != nil {
			return "figure", err
		}
	}
	return "", nil
}

// textOf turns a TOML value into the text form of a field, which must be of
// the field's kind: a quoted number is no number.
func textOf(f Field, value any) (string, error) {
	switch v := value.(type) {
	case string:
		if !f.number {
			return v, nil
		}
		return "", fmt.Errorf("%s must be %s, without quotes: %q", f.Key, f.Allow, v)
	case bool:
		if f.number {
			return strconv.FormatBool(v), nil
		}
	case int64:
		if f.number || f.Key == "canvas.fill" {
			return strconv.FormatInt(v, 10), nil
		}
	case float64:
		if f.number || f.Key == "canvas.fill" {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return "", fmt.Errorf("%s must be finite", f.Key)
			}
			return strconv.FormatFloat(v, 'g', -1, 64), nil
		}
	}
	return "", fmt.Errorf("%s must be %s: %v", f.Key, f.Allow, value)
}

func (r *reader) vary(tables []any) error {
	r.e.Vary = nil
	for _, t := range tables {
		var key string
		var values []any
		if err := strict("vary", t, map[string]any{"key": &key, "values": &values}); err != nil {
			return err
		}
		f, err := fieldOf(key)
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
		v, err := newVary(key, texts)
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

// list sets a field that is a list.
func (r *reader) list(f Field, values []any) error {
	var words []string
	for _, v := range values {
		word, ok := v.(string)
		if !ok {
			return fmt.Errorf("%s must be %s: %v", f.Key, f.Allow, v)
		}
		words = append(words, word)
	}
	return f.set(r.e, strings.Join(words, ","))
}

// given reads the arms that are spelled out.
func (r *reader) given(tables []any) error {
	r.e.Given = nil
	for _, t := range tables {
		g := Given{}
		var set any
		if err := strict("arm", t, map[string]any{"name": &g.Name, "set": &set}); err != nil {
			return err
		}
		if g.Name == "" {
			return fmt.Errorf("arm: a name must not be empty")
		}
		for _, before := range r.e.Given {
			if before.Name == g.Name {
				return fmt.Errorf("arm: two are named %s", g.Name)
			}
		}
		tree, ok := set.(map[string]any)
		if !ok && set != nil {
			return fmt.Errorf("arm: set must be a table of keys and values: %v", set)
		}
		for _, key := range inFileOrder("", tree, nil) {
			f, err := fieldOf(key)
			if err != nil {
				return fmt.Errorf("arm %s: %w", g.Name, err)
			}
			if f.fixed {
				return fmt.Errorf("arm %s: %s cannot vary between arms: they share it", g.Name, key)
			}
			text, err := textOf(f, tree[key])
			if err == nil {
				scratch := Default()
				if err = f.set(scratch, text); err == nil {
					text = f.get(scratch)
				}
			}
			if err != nil {
				return fmt.Errorf("arm %s: %w", g.Name, err)
			}
			g.Set = append(g.Set, Setting{key, text})
		}
		r.e.Given = append(r.e.Given, g)
	}
	return nil
}

func (r *reader) expect(tables []any) error {
	for _, t := range tables {
		x := Expect{}
		var ring any
		if err := strict("expect", t, map[string]any{"arm": &x.Arm, "what": &x.What, "is": &x.Is, "ring": &ring, "target": &x.Target, "images": &x.Images, "with": &x.With}); err != nil {
			return err
		}
		if ring != nil {
			d, ok := ring.(int64)
			if !ok || d < 0 || d > 16 {
				return fmt.Errorf("expect: ring must be a whole number in 0 … 16: %v", ring)
			}
			n := int(d)
			x.Ring = &n
		}
		r.e.Expect = append(r.e.Expect, x)
	}
	return nil
}

func (r *reader) figure(tables []any) error {
	for _, t := range tables {
		f := Figure{Images: position.Natural}
		var values any
		if err := strict("figure", t, map[string]any{"source": &f.Source, "arm": &f.Arm, "what": &f.What, "images": &f.Images, "with": &f.With, "values": &values}); err != nil {
			return err
		}
		tree, ok := values.(map[string]any)
		if !ok && values != nil {
			return fmt.Errorf("figure: values must be numbers by target: %v", values)
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
				return fmt.Errorf("figure: the value of %s must be a finite number: %v", target, v)
			}
			f.Values = append(f.Values, Value{string(target), metric.Number(number)})
		}
		for _, name := range inFileOrder("", tree, nil) {
			_, err := position.ParseTarget(name)
			return fmt.Errorf("figure: %w", err)
		}
		r.e.Figures = append(r.e.Figures, f)
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
// experiment.
func (e *Experiment) TOML() []byte {
	var b strings.Builder
	table := ""
	arrays := func() {
		for _, g := range e.Given {
			sets := make([]string, len(g.Set))
			for i, s := range g.Set {
				f, _ := fieldOf(s.Key)
				sets[i] = quote(s.Key) + " = " + literal(f, s.Value)
			}
			fmt.Fprintf(&b, "\n[[arm]]\nname = %s\nset = { %s }\n", quote(g.Name), strings.Join(sets, ", "))
		}
		for _, v := range e.Vary {
			f, _ := fieldOf(v.Key)
			texts := make([]string, len(v.Values))
			for i, text := range v.Values {
				texts[i] = literal(f, text)
			}
			fmt.Fprintf(&b, "\n[[vary]]\nkey = %s\nvalues = [%s]\n", quote(v.Key), strings.Join(texts, ", "))
		}
	}
	for _, f := range e.fields() {
		in, name, nested := strings.Cut(f.Key, ".")
		if !nested {
			in, name = "", f.Key
		}
		if layer, ok := layerOf(f.Key); ok {
			name = "layers." + quote(layer) + ".padding"
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
	for _, x := range e.Expect {
		fmt.Fprintf(&b, "\n[[expect]]\narm = %s\nwhat = %s\n", quote(x.Arm), quote(x.What))
		if x.Target != "" {
			fmt.Fprintf(&b, "target = %s\n", quote(x.Target))
		}
		if x.Images != "" {
			fmt.Fprintf(&b, "images = %s\n", quote(x.Images))
		}
		if x.With != "" {
			fmt.Fprintf(&b, "with = %s\n", quote(x.With))
		}
		if x.Ring != nil {
			fmt.Fprintf(&b, "ring = %d\n", *x.Ring)
		}
		fmt.Fprintf(&b, "is = %s\n", quote(x.Is))
	}
	for _, f := range e.Figures {
		fmt.Fprintf(&b, "\n[[figure]]\nsource = %s\narm = %s\nwhat = %s\nimages = %s\n", quote(f.Source), quote(f.Arm), quote(f.What), quote(f.Images))
		if f.With != "" {
			fmt.Fprintf(&b, "with = %s\n", quote(f.With))
		}
		values := make([]string, len(f.Values))
		for i, v := range f.Values {
			values[i] = v.Target + " = " + strconv.FormatFloat(float64(v.Number), 'g', -1, 64)
		}
		fmt.Fprintf(&b, "values = { %s }\n", strings.Join(values, ", "))
	}
	return []byte(b.String())
}

// literal is the TOML form of a field's text form. A float without a point or
// exponent would read back as an integer, which is as good.
func literal(f Field, text string) string {
	switch {
	case f.number:
		return text
	case f.list && text == "":
		return "[]"
	case f.list:
		return `["` + strings.ReplaceAll(text, ",", `", "`) + `"]`
	}
	return quote(text)
}

// quote writes a basic string; control characters become \u escapes.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
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
				lines[key] = p.Shape(p.Range(part.Data)).Start.Line
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
