package onnx

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"padlab/core/nn"
)

var update = flag.Bool("update", false, "write the table of cases in the README anew")

// The cases with which ONNX tests whoever implements its operators: Debian's
// package libonnx-testdata, here of version 1.12.0-2. Each is a folder with a
// model, what goes in and what must come out.
const casesRoot = "/usr/share/libonnx-testdata/data"

// casesTolerance is by how much, of the largest value of a tensor, an output may
// differ. All is computed in float32, what ONNX has in float64 or float16 too.
const casesTolerance = 1e-5

// A testCase is a model with tensors.
type testCase struct {
	name    string
	data    []byte
	inputs  []*tensor
	outputs []*tensor
}

func readTestCase(folder string) (*testCase, error) {
	c := &testCase{name: filepath.Base(folder)}
	var err error
	if c.data, err = os.ReadFile(filepath.Join(folder, "model.onnx")); err != nil {
		return nil, err
	}
	for _, kind := range []struct {
		word string
		to   *[]*tensor
	}{{"input", &c.inputs}, {"output", &c.outputs}} {
		for i := 0; ; i++ {
			data, err := os.ReadFile(filepath.Join(folder, "test_data_set_0", fmt.Sprintf("%s_%d.pb", kind.word, i)))
			if err != nil {
				break
			}
			t, err := parseTensor(data)
			if err != nil {
				return nil, err
			}
			if t.typ == uint16Type && strings.Contains(c.name, "BFLOAT16") { // whose bits stand there
				t.typ = bfloat16Type
			}
			*kind.to = append(*kind.to, t)
		}
	}
	return c, nil
}

// compute is one output of the case where input runs through the network, of −1
// none, and all others are constants. With apart the samples of a batch are sent
// through one by one.
func (c *testCase) compute(output, input int, apart bool) (y []float32, dims []int, err error) {
	raw, err := parseModel(c.data)
	if err != nil {
		return nil, nil, err
	}
	if output >= len(raw.outputs) {
		return nil, nil, errors.New("fewer outputs")
	}
	raw.outputs = raw.outputs[output : output+1]
	given := map[string]*tensor{}
	var running *tensor
	at := 0
	for _, in := range raw.inputs {
		if raw.initial[in.name] != nil {
			continue
		}
		if at >= len(c.inputs) {
			return nil, nil, errors.New("fewer inputs than the graph has")
		}
		if at == input {
			running = c.inputs[at]
		} else {
			given[in.name] = c.inputs[at]
		}
		at++
	}
	m, err := newGiven(raw, c.data, given)
	if err != nil {
		return nil, nil, err
	}
	if running == nil {
		running = &tensor{typ: float32Type, dims: []int{1}, floats: []float32{0}}
	}
	x, times := running.values(), 1
	v := &value{dims: slices.Clone(running.dims), order: plain(len(running.dims)), out: nn.Sample}
	if apart {
		if len(v.dims) == 0 {
			return nil, nil, errors.New("no batch")
		}
		times, v.dims[0] = v.dims[0], 1
	}
	shape := shapeOf(v.dims)
	if n := len(v.dims); (n == 3 || n == 4) && v.dims[0] == 1 {
		v.order = channelsLast(n)
		shape = (&build{}).pictureShape(v)
	}
	if volume(running.dims) == 0 {
		return nil, nil, errors.New("an empty input")
	}
	m.as = v
	for i := range times {
		n := len(x) / times
		one, d, err := run(m, shape, x[i*n:(i+1)*n], own)
		if err != nil {
			return nil, nil, err
		}
		y, dims = append(y, one...), d
	}
	if apart {
		if len(dims) == 0 || dims[0] != 1 {
			return nil, nil, errors.New("no batch comes out")
		}
		dims[0] = times
	}
	return y, dims, nil
}

// check computes an output and compares it. Refusals are errors, and wrong
// values failures.
func (c *testCase) check(t *testing.T, output, input int) error {
	want := c.outputs[output]
	y, dims, err := c.compute(output, input, false)
	if err != nil {
		again := error(nil)
		if y, dims, again = c.compute(output, input, true); again != nil {
			return err
		}
		if volume(dims) != want.len() {
			return err
		}
	}
	d := distance(y, want.values())
	if strings.HasSuffix(c.name, "_expanded") && near(y, want.values()) { // whose constants are rounded more coarsely
		d = 0
	}
	if !slices.Equal(dims, want.dims) || d > casesTolerance {
		t.Errorf("%s, output %d, with input %d running: shape %d, want %d; %.2g of the largest value", c.name, output, input, dims, want.dims, d)
	}
	return nil
}

// near is how ONNX itself compares.
func near(y, want []float32) bool {
	for i, v := range want {
		if i >= len(y) || !(math.Abs(float64(y[i])-float64(v)) <= 1e-7+1e-3*math.Abs(float64(v))) {
			return false
		}
	}
	return true
}

// reasonOf is an error without what differs between cases of one kind.
func reasonOf(err error) string {
	text := err.Error()
	if p := (Problems)(nil); errors.As(err, &p) {
		text = p[0].Why
		if strings.Contains(text, "is not supported") {
			text = p[0].Op + ": " + text
		}
	}
	return text
}

// A tally is what became of the cases of one operator.
type tally struct {
	passed  int
	refused map[string]int
}

// The cases of all operators that are supported, one by one or several in a
// model, agree with what ONNX says; the README counts them.
func TestCases(t *testing.T) {
	if _, err := os.Stat(casesRoot); err != nil {
		t.Skipf("Debian's package libonnx-testdata is not installed: %v", err)
	}
	models, err := filepath.Glob(filepath.Join(casesRoot, "*", "*", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	found, foreign := map[string]*tally{}, map[string]int{}
	for _, path := range models {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := parseModel(data)
		op := "several"
		if err != nil {
			foreign["(not read)"]++
			t.Logf("%s: %v", filepath.Base(filepath.Dir(path)), err)
			continue
		}
		if i := slices.IndexFunc(raw.nodes, func(n *node) bool { return ops[n.op] == nil || n.domain != "" }); i >= 0 {
			foreign[raw.nodes[i].op]++
			continue
		}
		if len(raw.nodes) == 1 {
			op = raw.nodes[0].op
		}
		c, err := readTestCase(filepath.Dir(path))
		if found[op] == nil {
			found[op] = &tally{refused: map[string]int{}}
		}
		if err == nil {
			err = func() error {
				if len(c.outputs) == 0 {
					return errors.New("nothing to compare with")
				}
				for output := range c.outputs {
					first := -1
					for i, in := range c.inputs {
						if in.typ == float32Type && in.len() > 0 {
							first = i
							break
						}
					}
					if err := c.check(t, output, first); err != nil {
						return err
					}
					// What may run does, and what runs may be a constant.
					for i, in := range c.inputs {
						if i != first && in.typ == float32Type && in.len() > 0 {
							_ = c.check(t, output, i)
						}
					}
					if first >= 0 {
						_ = c.check(t, output, -1)
					}
				}
				return nil
			}()
		}
		if err != nil {
			found[op].refused[reasonOf(err)]++
			t.Logf("%s: %v", filepath.Base(filepath.Dir(path)), err)
			continue
		}
		found[op].passed++
	}
	table := tableOf(found, foreign)
	t.Log(table)
	const readme = "../../README.md"
	const begin, end = "<!-- cases of ONNX, by go test ./core/onnx -run Cases -update -->\n", "<!-- end of cases -->\n"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", readme)
	}
	whole := before + begin + table + end + after
	if *update {
		if err := os.WriteFile(readme, []byte(whole), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if whole != string(text) {
		t.Errorf("the table in %s is stale: go test ./core/onnx -run Cases -update makes it anew", readme)
	}
}

func tableOf(found map[string]*tally, foreign map[string]int) string {
	var b strings.Builder
	passed, refused, others := 0, 0, 0
	fmt.Fprintf(&b, "| operator | passed | refused | why |\n|---|---:|---:|---|\n")
	var all []string
	for _, op := range slices.Sorted(maps.Keys(found)) {
		f, n := found[op], 0
		var why []string
		for _, reason := range slices.Sorted(maps.Keys(f.refused)) {
			n += f.refused[reason]
			why = append(why, strings.ReplaceAll(reason, "|", "/"))
		}
		passed, refused = passed+f.passed, refused+n
		if n == 0 && op != "several" {
			all = append(all, fmt.Sprintf("%s %d", op, f.passed))
			continue
		}
		if len(why) > 4 {
			why = append(why[:4], fmt.Sprintf("and %d more", len(why)-4))
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s |\n", op, f.passed, n, strings.Join(why, "; "))
	}
	for _, n := range foreign {
		others += n
	}
	fmt.Fprintf(&b, "\nAll cases pass of: %s.\n\n", strings.Join(all, ", "))
	fmt.Fprintf(&b, "%d cases pass, %d are refused; %d have operators that are not supported, such as %s.\n", passed, refused, others, strings.Join(slices.Sorted(maps.Keys(foreign)), ", "))
	return b.String()
}
