package cli

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"padlab/core/images"
	"padlab/datasets"
	"padlab/tui/report"
)

// The photographs are listed beside the sets, though they have no labels to
// learn.
const (
	photosName  = "photos"
	photosTitle = "Natural photographs for read-outs"
)

// datasetsCommand is padlab datasets with its subcommands.
func (s *session) datasetsCommand() *cobra.Command {
	list := &cobra.Command{
		Use:   "list",
		Short: "List the data sets",
		Args:  nothing,
		RunE:  func(*cobra.Command, []string) error { return s.listDatasets() },
	}
	show := &cobra.Command{
		Use:   "show NAME",
		Short: "Say what a data set is and where it comes from",
		Args:  one("the name of a data set"),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == photosName {
				return s.showPhotos()
			}
			return s.showDataset(args[0])
		},
	}
	return group("datasets", "List and show data sets", list, show)
}

// listDatasets prints a line for each set; one that cannot be read says why, and
// the others are listed all the same.
func (s *session) listDatasets() error {
	infos, err := datasets.List(s.ctx, s.data)
	if err != nil {
		return err
	}
	photos, err := datasets.Photos(s.ctx)
	if err != nil {
		return err
	}
	var rows report.Table
	for _, i := range infos {
		if i.Err != nil {
			rows.Add(i.Name, "unusable: "+report.Visible(i.Err.Error()))
			continue
		}
		rows.Add(i.Name, i.Title, fmt.Sprintf("%d×%d×%d, %d classes, %d train, %d test", i.H, i.W, i.C, len(i.Classes), i.Train, i.Test))
	}
	rows.Add(photosName, photosTitle, fmt.Sprintf("%d photographs without labels", len(photos)))
	fmt.Fprint(s, rows)
	return nil
}

// showDataset prints what a set says of itself, and counts its classes.
func (s *session) showDataset(name string) error {
	set, err := datasets.Open(s.ctx, name, s.data)
	if err != nil {
		return err
	}
	rows := report.Table{
		{"name", set.Name},
		{"title", set.Title},
		{"licence", orUnknown(set.Licence)},
		{"source", orUnknown(set.Source)},
		{"images", fmt.Sprintf("%d×%d×%d, %d train, %d test", set.H, set.W, set.C, set.Train.Len(), set.Test.Len())},
	}
	for i, class := range set.Classes {
		of := func(split images.Split) int { return bytes.Count(split.Labels, []byte{byte(i)}) }
		rows.Add(fmt.Sprint("class ", i), fmt.Sprintf("%s, %d train, %d test", class, of(set.Train), of(set.Test)))
	}
	fmt.Fprint(s, rows)
	return nil
}

// orUnknown is a text from a file for a terminal.
func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return report.Visible(text)
}

// showPhotos prints who took the photographs that ship, as their licences ask.
func (s *session) showPhotos() error {
	photos, err := datasets.Photos(s.ctx)
	if err != nil {
		return err
	}
	rows := report.Table{{"name", "size", "author", "licence", "taken from"}}
	for _, p := range photos {
		rows.Add(p.Name, fmt.Sprintf("%d×%d", p.W, p.H), p.Author, p.Licence, p.From)
	}
	fmt.Fprint(s, rows)
	return nil
}
