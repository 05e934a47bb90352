package cli

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// house says what each room may import of ours, with the rooms inside it. The
// leaves are open to all. A room that does not stand here is not planned.
var house = map[string]string{
	".":          "tui/cli",
	"tui/cli":    "tui core datasets presets",
	"tui/serve":  "tui/app tui/paint tui/view tui/theme",
	"tui/app":    "tui/report tui/view tui/theme " + values,
	"tui/report": "tui/view tui/theme " + values,
	"tui/paint":  "tui/view tui/theme",
	"tui/view":   "tui/theme",
	"tui/whole":  "core/record",
	"tui/config": "tui/whole presets core/record core/experiment",
	"tui/figure": "tui/whole tui/report tui/theme " + values,
	"datasets":   "core/images core/record datasets/fetch",

	"datasets/fetch": "core/record",

	"core/lab":       "core/lab/stage core/inspect core/border core/record core/experiment core/task core/probe core/arch core/nn core/pad core/position core/images",
	"core/lab/stage": "core/inspect core/border core/record core/experiment core/task core/probe core/arch core/nn core/pad core/position core/images",
	"core/sweep":     "core/lab core/record core/experiment core/border",
	"core/record":    "core/experiment core/nn/safetensors",

	"core/record/recordtest": "core/record", // for tests alone: see TestLibraries

	"core/experiment": "core/task core/position core/border core/pad core/images core/arch/catalog",
	"core/inspect":    "core/arch core/nn core/pad core/images",
	"core/lint":       "core/inspect core/probe core/arch core/nn core/pad core/images core/position",
	"core/probe":      "core/nn core/pad core/border core/position core/images",
	"core/task":       "core/border core/images",
	"core/arch":       "core/nn core/pad core/arch/catalog",
	"core/onnx":       "core/arch core/nn core/pad",
	"core/nn":         "core/nn/kernel core/nn/safetensors core/pad",
	"core/position":   "core/border",

	"core/nn/kernel": "", "core/nn/safetensors": "", "core/pad": "", "core/border": "", "core/images": "", "core/arch/catalog": "", "tui/theme": "", "presets": "",
	"core/names": "", "core/rng": "", "core/metric": "", "core/exact": "", // the leaves
}

// values are the rooms that screens and tables take values from; what computes
// is not among them.
const values = "core/lab core/sweep core/record core/experiment core/inspect core/lint core/task core/position core/pad core/border core/images core/arch/catalog"

var leaves = []string{"core/names", "core/rng", "core/metric", "core/exact"}

// reserved says which rooms alone may import what comes from outside. The
// first row that fits a library counts. In core, datasets and presets it may
// not come along with another library either.
var reserved = []struct{ library, room string }{
	{"github.com/charmbracelet/wish", "tui/serve"},
	{"github.com/charmbracelet/ssh", "tui/serve"},
	{"golang.org/x/crypto/ssh", "tui/serve"},
	{"rsc.io/qr", "tui/serve"},
	{"github.com/charmbracelet/", "tui"},
	{"github.com/NimbleMarkets/", "tui/view"},
	{"github.com/muesli/", "tui"},
	{"github.com/spf13/", "tui/cli"},
	{"github.com/adrg/xdg", "tui/config"},
	{"gonum.org/v1/plot", "tui/figure"},
	{"codeberg.org/", "tui/figure"},
	{"google.golang.org/protobuf/", "core/onnx"},
}

// worldly is what core does not touch: it is handed the clock, the
// environment and a place to write to.
var worldly = regexp.MustCompile(`^(time\.(Now|Since|Until)|os\.(Getenv|LookupEnv|Environ|ExpandEnv|Stdin|Stdout|Stderr|Exit)|fmt\.Print(f|ln)?|log\..*|print(ln)?)$`)

// A room is a package as go list describes it.
type room struct {
	ImportPath, Name, Doc, Dir string
	Deps                       []string
}

// place is the path within the module, "." for main.
func (r room) place() string {
	if place, ok := ours(r.ImportPath); ok {
		return place
	}
	return "."
}

// ours cuts an import path down to the place within the module, if it is one.
func ours(importPath string) (place string, ok bool) {
	return strings.CutPrefix(importPath, "padlab/")
}

// in reports whether a place is one of these or lies inside of one.
func in(place string, rooms ...string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool {
		return place == r || strings.HasPrefix(place, r+"/")
	})
}

func rooms(t *testing.T) []room {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Dir,Deps", "padlab/...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %v", list, err)
	}
	var all []room
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var r room
		if err := decoder.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// files parses what r is made of on any machine, tests left out: go list would
// only name the files for this one.
func (r room) files(t *testing.T) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(r.Dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name.Name == r.Name { // else a program that writes files of r
			files = append(files, f)
		}
	}
	return files
}

// What describes, keeps and prints experiments links no engine.
func TestNoEngine(t *testing.T) {
	for _, r := range rooms(t) {
		if !in(r.place(), "core/experiment", "core/record", "core/task", "core/position", "core/metric", "core/arch/catalog") {
			continue
		}
		for _, d := range r.Deps {
			if place, ok := ours(d); ok && in(place, "core/nn", "core/arch", "core/probe", "core/lab") && !in(place, "core/nn/safetensors", "core/arch/catalog") {
				t.Errorf("%s depends on %s", r.ImportPath, d)
			}
		}
	}
}

func TestDirection(t *testing.T) {
	for _, r := range rooms(t) {
		may, planned := house[r.place()]
		if !planned {
			t.Errorf("%s has no place in the house", r.ImportPath)
		}
		open := append(strings.Fields(may), leaves...)
		var imports []string
		for _, f := range r.files(t) {
			for _, spec := range f.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				imports = append(imports, imported)
				if place, ok := ours(imported); ok && !in(place, open...) {
					t.Errorf("%s may not import %s", r.ImportPath, imported)
				}
			}
		}
		if in(r.place(), "core", "datasets", "presets") {
			imports = append(imports, r.Deps...)
		}
		slices.Sort(imports)
		for _, imported := range slices.Compact(imports) {
			for _, rule := range reserved {
				if strings.HasPrefix(imported, rule.library) {
					if !in(r.place(), rule.room) {
						t.Errorf("%s may not depend on %s: it belongs to %s", r.ImportPath, imported, rule.room)
					}
					break
				}
			}
		}
	}
}

// Tables that forms, files and screens are made of link no engine.
func TestTablesLinkNoEngine(t *testing.T) {
	for _, r := range rooms(t) {
		if !in(r.place(), "core/task", "core/position") {
			continue
		}
		for _, imported := range r.Deps {
			if place, ok := ours(imported); ok && in(place, "core/nn") {
				t.Errorf("%s depends on %s", r.ImportPath, imported)
			}
		}
	}
}

func TestCoreIsHandedTheWorld(t *testing.T) {
	for _, r := range rooms(t) {
		if !in(r.place(), "core") {
			continue
		}
		for _, f := range r.files(t) {
			packages := map[string]string{} // as f calls them -> import path
			for _, spec := range f.Imports {
				imported, _ := strconv.Unquote(spec.Path.Value)
				name := path.Base(imported)
				if spec.Name != nil {
					name = spec.Name.Name
				}
				packages[name] = imported
			}
			ast.Inspect(f, func(n ast.Node) bool {
				used := ""
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if x, ok := n.X.(*ast.Ident); ok {
						used = packages[x.Name] + "." + n.Sel.Name
					}
				case *ast.CallExpr:
					if x, ok := n.Fun.(*ast.Ident); ok {
						used = x.Name
					}
				}
				if worldly.MatchString(used) {
					t.Errorf("%s uses %s", r.ImportPath, used)
				}
				return true
			})
		}
	}
}

// Every package says in a sentence what it is for, and none is a drawer for
// odds and ends.
func TestPackagesAreNamedAndExplained(t *testing.T) {
	drawer := regexp.MustCompile(`(^|/)(utils?|common|helpers?|misc|shared)(/|$)`)
	for _, r := range rooms(t) {
		opening := "Package " + r.Name
		if r.Name == "main" {
			opening = "Command " + path.Base(r.ImportPath)
		}
		// Doc is the first sentence of the comment.
		if !strings.HasPrefix(r.Doc, opening+" ") || !strings.HasSuffix(r.Doc, ".") {
			t.Errorf("%s: the doc comment should begin with a sentence %q: %q", r.ImportPath, opening+" …", r.Doc)
		}
		if drawer.MatchString(r.place()) {
			t.Errorf("%s is named after nothing", r.ImportPath)
		}
	}
}
