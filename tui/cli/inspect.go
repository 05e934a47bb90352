package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/experiment"
	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/tui/report"
)

type inspectFlags struct {
	weights, images, padding, extent, pools, format string
	size                                            int
}

// newInspectFlags are the flags when none is given.
func newInspectFlags() inspectFlags {
	return inspectFlags{padding: "zeros", extent: "same", pools: string(catalog.OwnPools), format: "text"}
}

// add adds those that say which network it is, and on pictures of what size.
func (f *inspectFlags) add(flags *pflag.FlagSet) {
	flags.IntVar(&f.size, "size", 0, "`N` pixels, the side of the picture; left out: what the network was made for, 224 or 32")
	flags.StringVar(&f.padding, "padding", f.padding, "`SCHEME` of all convolutions that pad")
	flags.StringVar(&f.extent, "extent", f.extent, "`EXTENT` of the padding: valid, same, full or same-tf")
	flags.StringVar(&f.pools, "pools", f.pools, "`KIND` of padded pools: own, as the network was published, or scheme, padded as convolutions are")
}

// maxSide bounds the pictures that inspect looks at.
const maxSide = 1024

// inspectCommand is padlab inspect and its flags.
func (s *session) inspectCommand() *cobra.Command {
	f := newInspectFlags()
	c := &cobra.Command{
		Use:   "inspect ARCH|FILE.onnx",
		Short: "Look for the cause: where the border comes into a network",
		Long: `Inspect prints the layers of a network with how far their outputs see, which of
them look over the edge of the picture, and where a stride meets more padding on
one side than on the other; and how often each row of the picture is used.

With trained weights, or photographs, it also shows the network pictures and
prints artifact maps (what is left of the features when pictures and channels
are averaged), how many filters are aware of padding, and how much features
differ from what they would be if the picture went on in place of the padding.

The network may also be one that came as an ONNX file, with its weights: padlab
onnx FILE says what is understood of it.`,
		Example: "  padlab inspect resnet18 --size 225\n  padlab inspect squeezenet1_0 --weights squeezenet1_0.safetensors --padding reflect\n  padlab inspect mine.onnx --padding circular",
		Args:    one("an ONNX file, or the name of a network: " + strings.Join(catalog.Names(), ", ")),
		RunE: func(c *cobra.Command, args []string) error {
			if err := paths(c, "weights", "images"); err != nil {
				return err
			}
			return s.inspect(args[0], f)
		},
	}
	flags := c.Flags()
	f.add(flags)
	flags.StringVar(&f.weights, "weights", "", "`FILE` of trained weights (safetensors)")
	flags.StringVar(&f.images, "images", "", "`DIR` with photographs (JPEG, PNG); left out: with weights, the embedded ones")
	flags.StringVar(&f.format, "format", f.format, "`FORMAT` of the output: text or json")
	return c
}

// spec reads what the flags say of the network.
func (f inspectFlags) spec(a arch.Architecture) (arch.Spec, error) {
	native := f.size == 0
	if native {
		f.size = a.Input.Side
	}
	if f.size < 1 || f.size > maxSide {
		return arch.Spec{}, fmt.Errorf("--size must be an integer from 1 to %d: %d", maxSide, f.size)
	}
	s := arch.Spec{Arch: a, Classes: 1000, Bias: true}
	s.In.H, s.In.W, s.In.C = f.size, f.size, 3
	if a.Weigh != nil {
		s.Classes, s.In.C = a.Classes, a.Native.C
		if native {
			s.In = a.Native
		}
	}
	var err error
	if s.Padding, err = pad.Parse(f.padding); err != nil {
		return s, err
	}
	if s.Extent, err = pad.ParseExtent(f.extent); err != nil {
		return s, err
	}
	if err := oneOf("kind of pools", f.pools, string(catalog.OwnPools), string(catalog.SchemePools)); err != nil {
		return s, err
	}
	s.Pools = catalog.Pools(f.pools)
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

// inspect prints the geometry first: showing photographs may take a while.
func (s *session) inspect(name string, f inspectFlags) error {
	if err := oneOf("format", f.format, "text", "json"); err != nil {
		return err
	}
	if s.guest != nil && experiment.IsGraph(name) {
		return fmt.Errorf("%s: no ONNX file can be opened over SSH", name)
	}
	a, err := s.network(name)
	if err != nil {
		return err
	}
	spec, err := f.spec(a)
	if err != nil {
		return err
	}
	var w *lab.Weights
	if f.weights != "" {
		if w, err = s.openWeights(f.weights); err != nil {
			return err
		}
		defer w.Close()
		prefix, err := spec.Fit(w.File)
		if err != nil {
			return fmt.Errorf("%s: %w", f.weights, err)
		}
		if prefix != "" {
			s.logf("%s: the names of its tensors begin with %q", f.weights, prefix)
		}
	}
	looking := s.doing("following the border through %s", name)
	g, err := inspect.Look(spec)
	looking.done()
	if err != nil {
		return err
	}
	inspected := report.InspectionOf(g)
	square := spec.In.H == spec.In.W
	if w == nil && f.images == "" && (spec.Arch.Weigh == nil || !square) {
		if f.format == "json" {
			s.Write(jsonLine(inspected))
			return nil
		}
		fmt.Fprintln(s, report.Geometry(g))
		switch {
		case s.guest != nil:
		case square:
			fmt.Fprintln(s, invitation)
		default:
			fmt.Fprintln(s, "Photographs are shown to networks that take square pictures: --size N makes them so.")
		}
		return nil
	}

	workers, err := s.crewSize()
	if err != nil {
		return err
	}
	subject, err := s.subject(spec, w, f)
	if err != nil {
		return err
	}
	if f.format == "text" {
		fmt.Fprintln(s, report.Geometry(g))
	}
	if s.broken != nil {
		return nil // nobody would see the rest
	}
	found, err := s.measure(subject, workers)
	if err != nil {
		return err
	}
	if f.format == "json" {
		inspected.Measured = report.MeasurementOf(found)
		inspected.Measured.Pretrained, inspected.Measured.Weights, inspected.Measured.Photographs = w != nil || spec.Arch.Weigh != nil, subject.Net.SHA256(), len(subject.Photos)
		s.Write(jsonLine(inspected))
		return nil
	}
	fmt.Fprintf(s, "%s\n%s", shown(subject, f), report.Findings(found))
	return nil
}

// invitation tells how to get the rest.
const invitation = "With --weights FILE, or --images DIR, the network is also shown photographs:\nartifact maps, padding-aware filters, and the pattern that padding leaves."

// shown says what the network is shown, and what it has learnt.
func shown(subject inspect.Subject, f inspectFlags) string {
	of, weights := "embedded", "random weights (seed 1), as no --weights are given: it has learnt nothing"
	if f.images != "" {
		of = "from " + report.Visible(f.images)
	}
	switch {
	case f.weights != "":
		weights = "the weights of " + report.Visible(f.weights)
	case subject.Spec.Arch.Weigh != nil:
		weights = "its own weights"
	}
	return fmt.Sprintf("measured on %s (%s), with %s\n", report.Count(len(subject.Photos), "photograph"), of, weights)
}

// subject builds the network and gets it its weights and photographs: those of
// a folder, or the embedded ones.
func (s *session) subject(spec arch.Spec, w *lab.Weights, f inspectFlags) (inspect.Subject, error) {
	k, err := s.kernel()
	if err != nil {
		return inspect.Subject{}, err
	}
	subject := inspect.Subject{Spec: spec, Kernel: k}
	if subject.Photos, err = s.photographs(f.images); err != nil {
		return subject, err
	}
	defer s.doing("building %s", spec.Arch.Name).done()
	if subject.Net, err = built(spec, k); err != nil {
		return subject, err
	}
	if w != nil {
		if err := spec.Arch.Load(subject.Net, w.File); err != nil {
			return subject, fmt.Errorf("%s: %w", f.weights, err)
		}
	}
	return subject, subject.Check()
}

// built is a network with the weights that weigh gives it.
func built(spec arch.Spec, k *kernel.Kernel) (*nn.Net, error) {
	net, err := arch.Build(spec, k)
	if err != nil {
		return nil, err
	}
	if err := weigh(spec, net); err != nil {
		return nil, fmt.Errorf("%s: %w", spec.Arch.Name, err)
	}
	return net, nil
}

// weigh gives a network the weights that it came with, or random ones.
func weigh(spec arch.Spec, net *nn.Net) error {
	if spec.Arch.Weigh != nil {
		return spec.Arch.Weigh(spec, net)
	}
	net.Init(1)
	return nil
}

// measure shows the photographs to the network.
func (s *session) measure(subject inspect.Subject, workers int) (*inspect.Findings, error) {
	pool := lab.NewPool(subject.Kernel, workers, time.Now, s.sources())
	defer pool.Close()
	s.logf("showing %s to %s, kernel %s, %s", report.Count(len(subject.Photos), "photograph"), subject.Spec.Arch.Name, subject.Kernel.Name, report.Count(workers, "worker"))
	defer s.doing("still showing them").done()
	found, err := subject.Measure(s.ctx, pool.Turn(s.ctx))
	if err != nil && s.ctx.Err() == nil {
		err = failure{err}
	}
	return found, err
}

// inspectArm looks into the network of an arm with the photographs of its
// experiment. It takes turns on the pool's crew with whatever is trained.
func inspectArm(ctx context.Context, pool *lab.Pool, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error) {
	spec, net, err := run.Network(ctx, arm)
	if err != nil {
		return nil, nil, err
	}
	g, err := inspect.Look(spec)
	if err != nil {
		return nil, nil, err
	}
	photos, err := pool.Photos(run.Snapshot().Experiment.Data.Photos)
	if err != nil {
		return g, nil, err
	}
	subject := inspect.Subject{Spec: spec, Net: net, Kernel: pool.Kernel(), Photos: photos}
	if err := subject.Check(); err != nil {
		return g, nil, err
	}
	found, err := subject.Measure(ctx, pool.Turn(ctx))
	return g, found, err
}
