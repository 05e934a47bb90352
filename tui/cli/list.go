package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/names"
	"padlab/core/pad"
	"padlab/datasets"
	"padlab/presets"
)

// group is a command that only has subcommands; alone it does what the first
// of them does.
func group(use, short string, first *cobra.Command, rest ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, RunE: func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			var known []string
			for _, sub := range c.Commands() {
				known = append(known, sub.Name())
			}
			return names.Unknown("command", c.CommandPath()+" "+args[0], known)
		}
		return first.RunE(first, nil)
	}}
	c.AddCommand(append([]*cobra.Command{first}, rest...)...)
	return c
}

func (s *session) presetsCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the presets", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return s.table(func(t *tabwriter.Writer) error {
			for _, name := range presets.Names() {
				e, err := s.load(name)
				if err != nil {
					return err
				}
				fmt.Fprintf(t, "%s\t%s\t%d arms\n", name, e.Title, len(e.Arms()))
			}
			return nil
		})
	}}
	show := &cobra.Command{Use: "show NAME", Short: "Print a preset as a file to start from", Args: exactly(1, "the name of a preset"), RunE: func(_ *cobra.Command, args []string) error {
		e, err := s.load(args[0])
		if err != nil {
			return err
		}
		return s.print("%s", e.TOML())
	}}
	check := &cobra.Command{Use: "check FILE", Short: "Say whether an experiment file can be run", Args: exactly(1, "a file"), RunE: func(_ *cobra.Command, args []string) error {
		e, err := s.load(args[0])
		if err != nil {
			return err
		}
		set, err := s.open(e)
		if err != nil {
			return err
		}
		warnings, err := lab.Check(e, set)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		for _, w := range warnings {
			if err := s.print("warning: %s\n", w); err != nil {
				return err
			}
		}
		return s.print("%s: fine, %d arms\n", args[0], len(e.Arms()))
	}}
	return group("presets", "List, show and check experiments", list, show, check)
}

func (s *session) datasetsCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the data sets", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		infos, err := datasets.List(s.data)
		if err != nil {
			return err
		}
		return s.table(func(t *tabwriter.Writer) error {
			for _, i := range infos {
				if i.Err != nil {
					fmt.Fprintf(t, "%s\tunusable: %v\n", i.Name, i.Err)
					continue
				}
				fmt.Fprintf(t, "%s\t%s\t%d×%d×%d, %d classes, %d train, %d test\n", i.Name, i.Title, i.H, i.W, i.C, len(i.Classes), i.Train, i.Test)
			}
			photos, err := datasets.Photos()
			if err != nil {
				return err
			}
			fmt.Fprintf(t, "%s\t%s\t%d photographs without labels\n", photosName, photosTitle, len(photos))
			return nil
		})
	}}
	show := &cobra.Command{Use: "show NAME", Short: "Say what a data set is and where it comes from", Args: exactly(1, "the name of a data set"), RunE: func(_ *cobra.Command, args []string) error {
		if args[0] == photosName {
			return s.showPhotos()
		}
		set, err := datasets.Open(args[0], s.data)
		if err != nil {
			return err
		}
		return s.showSet(set)
	}}
	return group("datasets", "List and show data sets", list, show)
}

const (
	photosName  = "photos"
	photosTitle = "Natural photographs for read-outs"
)

func (s *session) showSet(set *images.Set) error {
	return s.table(func(t *tabwriter.Writer) error {
		fmt.Fprintf(t, "name\t%s\ntitle\t%s\nlicence\t%s\nsource\t%s\n", set.Name, set.Title, orUnknown(set.Licence), orUnknown(set.Source))
		fmt.Fprintf(t, "images\t%d×%d×%d, %d train, %d test\n", set.H, set.W, set.C, set.Train.Len(), set.Test.Len())
		for i, class := range set.Classes {
			count := func(split images.Split) (n int) {
				for _, label := range split.Labels {
					if int(label) == i {
						n++
					}
				}
				return n
			}
			fmt.Fprintf(t, "class %d\t%s, %d train, %d test\n", i, class, count(set.Train), count(set.Test))
		}
		return nil
	})
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

func (s *session) showPhotos() error {
	photos, err := datasets.Photos()
	if err != nil {
		return err
	}
	return s.table(func(t *tabwriter.Writer) error {
		fmt.Fprintf(t, "name\tsize\tauthor\tlicence\ttaken from\n")
		for _, p := range photos {
			fmt.Fprintf(t, "%s\t%d×%d\t%s\t%s\t%s\n", p.Name, p.W, p.H, p.Author, p.Licence, p.From)
		}
		return nil
	})
}

func (s *session) schemesCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the padding schemes", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return s.table(func(t *tabwriter.Writer) error {
			for _, p := range pad.All() {
				also := ""
				if a := p.Aliases(); len(a) > 0 {
					also = "also " + strings.Join(a, ", ")
				}
				fmt.Fprintf(t, "%s\t%s\t%s\n", p.Name, p.About, also)
			}
			return nil
		})
	}}
	size, padding, format := 5, "2", "text"
	show := &cobra.Command{Use: "show SCHEME", Short: "Print which pixel every padded position copies", Args: exactly(1, "the name of a scheme"),
		Example: "  padlab schemes show reflect --size 5 --pad 2\n  padlab schemes show circular --size 4 --pad 0,3 --format json",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("format", format, "text", "json"); err != nil {
				return err
			}
			return s.showScheme(args[0], size, padding, format)
		}}
	show.Flags().IntVar(&size, "size", size, "length of the line, at least 1")
	show.Flags().StringVar(&padding, "pad", padding, "padding on both sides, or `BEFORE,AFTER`")
	show.Flags().StringVar(&format, "format", format, "text or json")
	return group("schemes", "List and show padding schemes", list, show)
}

// maxLine bounds what schemes show prints.
const maxLine = 4096

func (s *session) showScheme(name string, size int, padding, format string) error {
	scheme, err := pad.Parse(name)
	if err != nil {
		return err
	}
	first, second, two := strings.Cut(padding, ",")
	if !two {
		second = first
	}
	before, errBefore := strconv.Atoi(strings.TrimSpace(first))
	after, errAfter := strconv.Atoi(strings.TrimSpace(second))
	if errBefore != nil || errAfter != nil {
		return fmt.Errorf("--pad takes a number or BEFORE,AFTER: %q", padding)
	}
	if size > maxLine || before > maxLine || after > maxLine {
		return fmt.Errorf("--size and --pad are at most %d: %d, %d,%d", maxLine, size, before, after)
	}
	table, err := scheme.Sources(size, before, after)
	if err != nil {
		return err
	}
	source := make([]*int, len(table))
	for i := range table {
		if table[i] != pad.Nowhere {
			source[i] = &table[i]
		}
	}
	if format == "json" {
		data, err := json.Marshal(struct {
			Schema int    `json:"schema"`
			Scheme string `json:"scheme"`
			Size   int    `json:"size"`
			Before int    `json:"before"`
			After  int    `json:"after"`
			Source []*int `json:"source"`
		}{1, scheme.Name, size, before, after, source})
		if err != nil {
			panic("cli: " + err.Error())
		}
		return s.print("%s\n", data)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", scheme.Name, scheme.About)
	for i, p := range source {
		if i == before || i == before+size {
			b.WriteString("| ")
		}
		if p == nil {
			fmt.Fprintf(&b, "[%g] ", scheme.Value)
		} else {
			fmt.Fprintf(&b, "%d ", *p)
		}
	}
	return s.print("%s\n", strings.TrimRight(b.String(), " "))
}

// table prints what fill writes as aligned columns.
func (s *session) table(fill func(*tabwriter.Writer) error) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	if err := fill(t); err != nil {
		return err
	}
	t.Flush()
	for line := range strings.Lines(b.String()) {
		if err := s.print("%s\n", strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
