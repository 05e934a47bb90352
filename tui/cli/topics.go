package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/experiment"
	"padlab/core/names"
	"padlab/core/nn"
	"padlab/core/pad"
	"padlab/tui/app"
	"padlab/tui/report"
)

// topics are what help explains beside commands.
var topics = []string{"fields", "keys", "networks"}

// unknownTopic is the error for a word that help knows nothing of.
func unknownTopic(c *cobra.Command, word string) error {
	if !c.HasParent() && names.Nearest(word, namesOf(c.Commands())) == "" && names.Nearest(word, topics) != "" {
		return see(c, names.Unknown("topic of help", word, topics))
	}
	return unknownCommand(c, word)
}

// fieldsTopic is padlab help fields.
func (s *session) fieldsTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "fields [GROUP|KEY]",
		Short: "What an experiment says, as files and --set know it",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return see(c, fmt.Errorf("help fields takes one group or key: %q is one too many", args[1]))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			list := experiment.Fields()
			if len(args) > 0 {
				var err error
				if list, err = fieldsOf(args[0]); err != nil {
					return err
				}
			}
			s.explainFields(list)
			return nil
		},
	}
}

// groupOf is what stands before the dot of a key, if there is one.
func groupOf(key string) string {
	if group, _, ok := strings.Cut(key, "."); ok {
		return group
	}
	return ""
}

// groups are the groups of fields, in their order.
func groups() (list []string) {
	for _, f := range experiment.Fields() {
		if g := groupOf(f.Key); g != "" && !slices.Contains(list, g) {
			list = append(list, g)
		}
	}
	return list
}

// fieldsOf are the fields of a group, or the one of a key. The error for other
// words says which are near, or lists the groups.
func fieldsOf(word string) (list []experiment.Field, err error) {
	var keys []string
	for _, f := range experiment.Fields() {
		if f.Key == word || word != "" && groupOf(f.Key) == word {
			list = append(list, f)
		}
		keys = append(keys, f.Key)
	}
	if len(list) > 0 {
		return list, nil
	}
	if f, err := experiment.FieldOf(word); err == nil { // of one convolution
		return []experiment.Field{f}, nil
	}
	if names.Nearest(word, groups()) == "" && names.Nearest(word, keys) != "" {
		return nil, names.Unknown("key", word, keys)
	}
	return nil, names.Unknown("group of fields", word, groups())
}

// explainFields prints a paragraph for each field.
func (s *session) explainFields(list []experiment.Field) {
	for i, f := range list {
		if i > 0 {
			fmt.Fprintln(s)
		}
		usual := f.Default()
		if usual == "" {
			usual = "(empty)"
		}
		rows := report.Table{{"  allowed", f.Allowed()}, {"  default", usual}}
		if f.Shared {
			rows.Add("  arms", "have it in common")
		}
		fmt.Fprintf(s, "%s: %s\n%s", f.Key, f.About, rows)
	}
}

// networksTopic is padlab help networks.
func (s *session) networksTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "networks",
		Short: "The networks that have a name",
		Args:  nothing,
		RunE: func(*cobra.Command, []string) error {
			s.explainNetworks()
			return nil
		},
	}
}

// keysTopic is padlab help keys.
func (s *session) keysTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "keys",
		Short: "The keys of the screen",
		Args:  nothing,
		RunE: func(*cobra.Command, []string) error {
			for i, sheet := range app.Sheets() {
				if i > 0 {
					fmt.Fprintln(s)
				}
				rows := report.Table{{sheet.Screen, ""}}
				for _, k := range sheet.Keys {
					rows.Add("  "+k[0], k[1])
				}
				fmt.Fprint(s, rows)
			}
			return nil
		},
	}
}

// explainNetworks prints a line for each network, without building any.
func (s *session) explainNetworks() {
	rows := report.Table{{"network", "sees", "weights", "what it is"}}
	for _, name := range catalog.Names() {
		a := arch.Must(name)
		spec := arch.Spec{Arch: a, In: nn.Shape{H: a.Input.Side, W: a.Input.Side, C: 3}, Classes: 10, Padding: pad.Must("zeros"), Extent: pad.Same, Bias: true}
		if a.Input.Side == 224 {
			spec.Classes = 1000 // as ImageNet has
		}
		nodes, err := arch.Layers(spec)
		if err != nil {
			panic("cli: " + err.Error()) // pictures of that side under zeros fit
		}
		weights := 0
		for _, n := range nodes {
			for _, p := range n.Params() {
				weights += p.Len()
			}
		}
		field := arch.Features(arch.TraceLayers(nodes)).ReceptiveField
		rows.Add(name, fmt.Sprintf("%d px", field), thousands(weights), a.About)
	}
	fmt.Fprintf(s, "%s\nHow far an output of the last map sees, in pixels, and the numbers that are\nlearned: with 10 classes, where the network is for pictures of 224 pixels 1000.\n", rows)
}

// thousands is 11.7M, 24.5k, 512.
func thousands(n int) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1fk", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}
