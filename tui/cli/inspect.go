package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/datasets"
	"padlab/tui/view"
)

type inspectFlags struct {
	weights, images, padding, extent, format string
	size                                     int
}

// maxSide bounds the pictures that inspect looks at.
const maxSide = 1024

func (s *session) inspectCommand() *cobra.Command {
	f := inspectFlags{padding: "zeros", extent: "same", format: "text"}
	c := &cobra.Command{
		Use:   "inspect ARCH",
		Short: "Look for the cause: where the border comes into a network",
		Long: `Inspect prints the layers of a network with how far their outputs see, which of
them look over the edge of the picture, and where a stride meets more padding on
one side than on the other; and how often each row of the picture is used.

With trained weights, or photographs, it also shows the network pictures and
prints artifact maps (what is left of the features when pictures and channels
are averaged), how many filters are aware of padding, and how much features
differ from what they would be if the picture went on in place of the padding.`,
		Example: "  padlab inspect resnet18 --size 225\n  padlab inspect squeezenet1_0 --weights squeezenet1_0.safetensors --padding reflect",
		Args:    one("the name of a network: " + strings.Join(catalog.Names(), ", ")),
		RunE:    func(_ *cobra.Command, args []string) error { return s.inspect(args[0], f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.weights, "weights", "", "`FILE` of trained weights (safetensors)")
	flags.IntVar(&f.size, "size", 0, "`N` pixels, the side of the picture; left out: what the network was made for, 224 or 32")
	flags.StringVar(&f.padding, "padding", f.padding, "`SCHEME` of all convolutions that pad")
	flags.StringVar(&f.extent, "extent", f.extent, "`EXTENT` of the padding: valid, same, full or same-tf")
	flags.StringVar(&f.images, "images", "", "`DIR` with photographs (JPEG, PNG); left out: with weights, the embedded ones")
	flags.StringVar(&f.format, "format", f.format, "`FORMAT` of the output: text or json")
	return c
}

// spec reads what the flags say of the network.
func (f inspectFlags) spec(name string) (arch.Spec, error) {
	a, err := arch.Named(name)
	if err != nil {
		return arch.Spec{}, err
	}
	if f.size == 0 {
		f.size = a.Input.Side
	}
	if f.size < 1 || f.size > maxSide {
		return arch.Spec{}, fmt.Errorf("--size must be a whole number in 1 … %d: %d", maxSide, f.size)
	}
	s := arch.Spec{Arch: a, Classes: 1000, Bias: true}
	s.In.H, s.In.W, s.In.C = f.size, f.size, 3
	if s.Padding, err = pad.Parse(f.padding); err != nil {
		return s, err
	}
	if s.Extent, err = pad.ParseExtent(f.extent); err != nil {
		return s, err
	}
	if s.Extent == pad.Valid {
		s.Padding = pad.Must("none")
	}
	if s.Padding.Name == "none" {
		if s.Extent == pad.Full {
			return s, errors.New("none pads nothing, so its extent cannot be full")
		}
		s.Extent = pad.Valid
	}
	return s, nil
}

func (s *session) inspect(name string, f inspectFlags) error {
	if err := oneOf("format", f.format, "text", "json"); err != nil {
		return err
	}
	spec, err := f.spec(name)
	if err != nil {
		return err
	}
	var w *weightsFile
	if f.weights != "" {
		if w, err = s.openWeights(f.weights); err != nil {
			return err
		}
		defer w.Close()
		spec.Fit(w.File)
	}
	g, err := inspect.Look(spec)
	if err != nil {
		return err
	}
	inspected := inspectionOf(g)
	if w == nil && f.images == "" {
		if f.format == "json" {
			s.Write(jsonLine(inspected))
			return nil
		}
		fmt.Fprintf(s, "%s\n%s\n%s\n", layerTable(g), geometryText(g), invitation)
		return nil
	}

	workers, err := s.crewSize()
	if err != nil {
		return err
	}
	subject, err := s.subject(spec, w, f.images)
	if err != nil {
		return err
	}
	if f.format == "text" {
		fmt.Fprintf(s, "%s\n%s\n", layerTable(g), geometryText(g))
	}
	if s.broken != nil {
		return nil // nobody would see the rest
	}
	found, err := s.measure(subject, workers)
	if err != nil {
		return err
	}
	if f.format == "json" {
		inspected.Measured = measurementOf(found)
		inspected.Measured.Trained, inspected.Measured.Weights, inspected.Measured.Photographs = w != nil, subject.Net.SHA256(), len(subject.Photos)
		s.Write(jsonLine(inspected))
		return nil
	}
	fmt.Fprintf(s, "%s\n%s", shown(subject, w, f.images), findingsText(found))
	return nil
}

// invitation tells how to get the rest.
const invitation = "With --weights FILE, or --images DIR, the network is also shown photographs:\nartifact maps, padding-aware filters, and the pattern that padding leaves."

// shown says what the network is shown, and what it has learnt.
func shown(subject inspect.Subject, w *weightsFile, dir string) string {
	of, weights := "embedded", "random weights (seed 1), as no --weights are given: it has learnt nothing"
	if dir != "" {
		of = "from " + visible(dir)
	}
	if w != nil {
		weights = "the weights of " + visible(w.path)
	}
	return fmt.Sprintf("measured on %s (%s), with %s\n", count(len(subject.Photos), "photograph"), of, weights)
}

// subject builds the network and gets it its weights and photographs: those of
// a folder, or the embedded ones.
func (s *session) subject(spec arch.Spec, w *weightsFile, dir string) (inspect.Subject, error) {
	k, err := s.arithmetic()
	if err != nil {
		return inspect.Subject{}, err
	}
	subject := inspect.Subject{Spec: spec, Kernel: k}
	if subject.Photos, err = photographs(dir); err != nil {
		return subject, err
	}
	if subject.Net, err = arch.Build(spec, k); err != nil {
		return subject, err
	}
	if w != nil {
		if err := w.load(subject.Net, spec.Arch); err != nil {
			return subject, err
		}
	} else {
		subject.Net.Init(1)
	}
	return subject, subject.Check()
}

// measure shows the photographs to the network.
func (s *session) measure(subject inspect.Subject, workers int) (*inspect.Findings, error) {
	crew := kernel.NewCrew(workers)
	defer crew.Close()
	s.logf("showing %s to %s, kernel %s, %s", count(len(subject.Photos), "photograph"), subject.Spec.Arch.Name, subject.Kernel.Name, count(workers, "worker"))
	found, err := subject.Measure(s.ctx, crew)
	if err != nil && s.ctx.Err() == nil {
		err = failure{err}
	}
	return found, err
}

// inspectArm looks into the network of an arm, with the photographs that ship.
// It works alone, beside the crew that trains.
func inspectArm(ctx context.Context, k *kernel.Kernel, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error) {
	spec, net, err := run.Network(ctx, arm)
	if err != nil {
		return nil, nil, err
	}
	photos, err := datasets.Photos()
	if err != nil {
		return nil, nil, err
	}
	g, err := inspect.Look(spec)
	if err != nil {
		return nil, nil, err
	}
	subject := inspect.Subject{Spec: spec, Net: net, Kernel: k, Photos: photos}
	if err := subject.Check(); err != nil {
		return g, nil, err
	}
	crew := kernel.NewCrew(1)
	defer crew.Close()
	found, err := subject.Measure(ctx, crew)
	return g, found, err
}

// layerTable is a row for each layer that changes what is seen.
func layerTable(g *inspect.Geometry) table {
	var t table
	t.add("layer", "kind", "out", "stride", "sees", "uneven", "over the edge")
	for _, l := range g.Layers {
		if l.Plain {
			continue
		}
		t.add(l.Name, l.Title(), fmt.Sprintf("%d×%d×%d", l.H, l.W, l.C), l.Sampling(), l.Field(), l.Asymmetry(), view.Share(l.SeesPadding))
	}
	return t
}

// geometryText is what follows the table.
func geometryText(g *inspect.Geometry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s with padding %s (%s) on %d×%d×%d: %d parameters,\ntotal stride %d, an output of the last map sees %d×%d pixels\n",
		g.Arch, g.Padding, g.Extent, g.H, g.W, g.C, g.Params, g.Stride, g.ReceptiveField, g.ReceptiveField)
	fmt.Fprintf(&b, "taps: %s\n%s\n", strings.Join(g.Taps, ", "), g.Advice())
	b.WriteString("how often a row is used, from the border inward, 1 in the middle:\n")
	var t table
	for _, side := range g.Usage(8) {
		row := []string{side.Name}
		for _, v := range side.Counts {
			row = append(row, fmt.Sprintf("%.3g", v))
		}
		t.add(row...)
	}
	b.WriteString(t.String())
	return b.String()
}

// An inspection is what inspect prints as JSON.
type inspection struct {
	Schema         int               `json:"schema"`
	Arch           string            `json:"arch"`
	Padding        string            `json:"padding"`
	Extent         string            `json:"extent"`
	Size           [3]int            `json:"size"`
	Params         int               `json:"params"`
	Stride         int               `json:"stride"`
	ReceptiveField int               `json:"receptive_field"`
	EvenSizes      []int             `json:"even_sizes"`
	Taps           []string          `json:"taps"`
	Layers         []inspectedLayer  `json:"layers"`
	Foveation      map[string]counts `json:"foveation"`
	Measured       *measurement      `json:"measured"` // null without photographs
}

type inspectedLayer struct {
	Name           string        `json:"name"`
	Kind           string        `json:"kind"`
	Kernel         *int          `json:"kernel"` // null: all pixels, and likewise below
	Stride         int           `json:"stride"`
	Out            [3]int        `json:"out"`
	TotalStride    *int          `json:"total_stride"`
	ReceptiveField *int          `json:"receptive_field"`
	Uneven         [2]int        `json:"uneven"` // rows, columns
	OverTheEdge    metric.Number `json:"over_the_edge"`
}

// counts are the times that each row or column is used.
type counts []metric.Number

func inspectionOf(g *inspect.Geometry) inspection {
	i := inspection{
		Schema: 1, Arch: g.Arch, Padding: g.Padding, Extent: g.Extent, Size: [3]int{g.H, g.W, g.C}, Params: g.Params, Stride: g.Stride,
		ReceptiveField: g.ReceptiveField, EvenSizes: append([]int{}, g.Even...), Taps: g.Taps,
		Foveation: map[string]counts{"rows": numbersOf(g.Rows), "columns": numbersOf(g.Columns)},
	}
	some := func(n int) *int {
		if n == 0 {
			return nil
		}
		return &n
	}
	for _, l := range g.Layers {
		i.Layers = append(i.Layers, inspectedLayer{
			l.Name, l.Kind, some(l.Kernel), l.Stride, [3]int{l.H, l.W, l.C}, some(l.Jump), some(l.ReceptiveField),
			[2]int{l.AsymmetricRows, l.AsymmetricColumns}, metric.Number(l.SeesPadding),
		})
	}
	return i
}

func numbersOf[T float32 | float64](values []T) counts {
	list := make(counts, len(values))
	for i, v := range values {
		list[i] = metric.Number(v)
	}
	return list
}
