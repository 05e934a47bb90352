package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/nn"
	"padlab/core/onnx"
	"padlab/core/pad"
	"padlab/tui/report"
)

// network is that of an ONNX file, or the one of a name.
func (s *session) network(name string) (arch.Architecture, error) {
	if !experiment.IsGraph(name) {
		return arch.Named(name)
	}
	m, err := s.openGraph(name)
	if err != nil {
		return arch.Architecture{}, err
	}
	return m.Architecture(filepath.Base(name)), nil
}

func (s *session) openGraph(path string) (*onnx.Model, error) {
	defer s.doing("reading %s", path).done()
	m, err := onnx.Read(path)
	if err != nil {
		return nil, onFile(path, err)
	}
	return m, nil
}

type onnxFlags struct {
	size   int
	format string
}

// onnxCommand is padlab onnx.
func (s *session) onnxCommand() *cobra.Command {
	f := onnxFlags{format: "text"}
	c := &cobra.Command{
		Use:   "onnx FILE",
		Short: "List what is understood of a network from an ONNX file",
		Long: `Onnx prints the layers that are made of the graph of an ONNX file, with their
shapes, what is padded on each side, and how far their outputs see, or everything
in it that does not fit: node, operator, what stands around it, and why.

Such a file may stand wherever the name of a network may: padlab inspect FILE.onnx,
and net.arch of an experiment.`,
		Example: "  padlab onnx mine.onnx\n  padlab onnx mine.onnx --size 225 --format json",
		Args:    one("an ONNX file"),
		RunE:    func(_ *cobra.Command, args []string) error { return s.listGraph(args[0], f) },
	}
	c.Flags().IntVar(&f.size, "size", 0, "`N` pixels, the side of the picture; left out: what the file names, or 224")
	c.Flags().StringVar(&f.format, "format", f.format, "`FORMAT` of the output: text or json")
	return c
}

func (s *session) listGraph(path string, f onnxFlags) error {
	if err := oneOf("format", f.format, "text", "json"); err != nil {
		return err
	}
	if f.size < 0 || f.size > maxSide {
		return fmt.Errorf("--size must be an integer from 1 to %d: %d", maxSide, f.size)
	}
	m, err := s.openGraph(path)
	if err != nil {
		return err
	}
	h, w := f.size, f.size
	if f.size == 0 {
		h, w = m.Size()
	}
	a := m.Architecture(filepath.Base(path))
	spec := m.Spec(a, h, w)
	list, err := m.List(spec)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if f.format == "json" {
		s.Write(jsonLine(graphOf(m, a, list, path, spec.In)))
	} else if len(list.Problems) == 0 {
		fmt.Fprint(s, graphTable(m, list, path, spec.In))
	}
	if len(list.Problems) > 0 {
		return fmt.Errorf("%s: what does not fit:\n%w", path, list.Problems)
	}
	return nil
}

// graphTable is a row for each layer.
func graphTable(m *onnx.Model, list *onnx.Listing, path string, in nn.Shape) string {
	t := report.Table{{"layer", "operator", "out", "kernel", "stride", "padding", "sees"}}
	params := 0
	for _, l := range list.Layers {
		params += l.Params
		kernel, stride, sees := "", "", "all"
		if l.Kernel != [2]int{1, 1} && l.Kernel[0] > 0 {
			kernel = pair(l.Kernel)
			if l.Dilation != [2]int{1, 1} {
				kernel += " dilated by " + pair(l.Dilation)
			}
		}
		if l.Stride != [2]int{1, 1} {
			stride = pair(l.Stride)
		}
		if l.ReceptiveField > 0 {
			sees = fmt.Sprintf("%d every %d", l.ReceptiveField, l.Jump)
		}
		t.Add(l.Name, l.Op, l.Out.String(), kernel, stride, sidesOf(l.Pad), sees)
	}
	text := fmt.Sprintf("%s: %s of opset %d", report.Visible(filepath.Base(path)), report.Count(m.Nodes(), "node"), m.Opset())
	if m.Producer() != "" {
		text += " by " + m.Producer()
	}
	text += fmt.Sprintf(",\non %v: %s, %d parameters; %s needed no layer", in, report.Count(len(list.Layers), "layer"), params, report.Count(list.Folded, "node"))
	if n := len(m.Skipped); n > 0 {
		text += fmt.Sprintf("; only the first of %d outputs is made", n+1)
	}
	return fmt.Sprintf("%s\n\n%s", text, t)
}

// pair is one number where both are alike.
func pair(n [2]int) string {
	if n[0] == n[1] {
		return fmt.Sprint(n[0])
	}
	return fmt.Sprintf("%d×%d", n[0], n[1])
}

// sidesOf is what is padded: on all sides, or above, below, left and right.
func sidesOf(p pad.Sides) string {
	switch {
	case p == pad.Sides{}:
		return ""
	case p == pad.Sides{Top: p.Top, Bottom: p.Top, Left: p.Top, Right: p.Top}:
		return fmt.Sprint(p.Top)
	}
	return fmt.Sprintf("%d,%d,%d,%d", p.Top, p.Bottom, p.Left, p.Right)
}

// A graph is what is printed as JSON.
type graph struct {
	Schema   int            `json:"schema"`
	File     string         `json:"file"`
	SHA256   string         `json:"sha256"`
	Producer string         `json:"producer"`
	Opset    int            `json:"opset"`
	Size     [3]int         `json:"size"`
	Nodes    int            `json:"nodes"`
	Folded   int            `json:"folded"`
	Classes  *int           `json:"classes"` // null: the output is no vector
	Taps     []string       `json:"taps"`
	Layers   []graphLayer   `json:"layers"`
	Problems []graphProblem `json:"problems"`
}

type graphLayer struct {
	Name           string   `json:"name"`
	Op             string   `json:"op"`
	Kind           string   `json:"kind"`
	In             [][3]int `json:"in"`
	Out            [3]int   `json:"out"`
	Kernel         *[2]int  `json:"kernel"` // of rows and columns; null: all pixels, and likewise below
	Stride         [2]int   `json:"stride"`
	Dilation       [2]int   `json:"dilation"`
	Pad            [4]int   `json:"pad"` // above, below, left, right
	TotalStride    *int     `json:"total_stride"`
	ReceptiveField *int     `json:"receptive_field"`
	Params         int      `json:"params"`
}

type graphProblem struct {
	Node   string `json:"node"`
	Op     string `json:"op"`
	Around string `json:"around"`
	Why    string `json:"why"`
}

func graphOf(m *onnx.Model, a arch.Architecture, list *onnx.Listing, path string, in nn.Shape) graph {
	sizes := func(s nn.Shape) [3]int { return [3]int{s.H, s.W, s.C} }
	g := graph{
		Schema: 1, File: filepath.Base(path), SHA256: m.SHA256, Producer: m.Producer(), Opset: m.Opset(), Size: sizes(in), Nodes: m.Nodes(), Folded: list.Folded,
		Taps: append([]string{}, a.Taps...), Layers: []graphLayer{}, Problems: []graphProblem{},
	}
	if a.Classes > 0 {
		g.Classes = &a.Classes
	}
	for _, l := range list.Layers {
		row := graphLayer{Name: l.Name, Op: l.Op, Kind: l.Kind, Out: sizes(l.Out), Stride: l.Stride, Dilation: l.Dilation, Pad: [4]int{l.Pad.Top, l.Pad.Bottom, l.Pad.Left, l.Pad.Right}, Params: l.Params}
		for _, s := range l.In {
			row.In = append(row.In, sizes(s))
		}
		if l.Kernel[0] > 0 {
			row.Kernel = &l.Kernel
		}
		if l.ReceptiveField > 0 {
			row.TotalStride, row.ReceptiveField = &l.Jump, &l.ReceptiveField
		}
		g.Layers = append(g.Layers, row)
	}
	for _, p := range list.Problems {
		g.Problems = append(g.Problems, graphProblem(p))
	}
	return g
}
