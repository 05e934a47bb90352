package cli

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

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
		Short: "List the data sets: those that ship, those on disk, those to fetch",
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
	c := group("datasets", "List, show, fetch and import data sets", list, show, s.fetchCommand(), s.importCommand())
	c.Long = "Data sets ship with padlab, lie in the folder of --data, or can be fetched. Any of the\nfirst two is used by its name: --set data.set=NAME."
	return c
}

// sets is the folder in which sets are looked for: the one that was named, or the
// usual one where that is there. A guest's server has its own.
func (s *session) sets() string {
	if s.data != "" || s.guest != nil {
		return s.data
	}
	if info, err := os.Stat(s.home); err != nil || !info.IsDir() {
		return ""
	}
	return s.home
}

// newSets is the folder that sets are put into.
func (s *session) newSets() string {
	if s.data != "" {
		return s.data
	}
	return s.home
}

// counts is what a set has, in a few words.
func counts(i datasets.Info) string {
	classes := "1 class"
	if n := len(i.Classes); n != 1 {
		classes = fmt.Sprintf("%d classes", n)
	}
	return fmt.Sprintf("%d×%d×%d, %s, %d train, %d test", i.H, i.W, i.C, classes, i.Train, i.Test)
}

// infoOf describes a set that is open.
func infoOf(set *images.Set) datasets.Info {
	return datasets.Info{
		Name: set.Name, Title: set.Title, Licence: set.Licence, Source: set.Source, Classes: set.Classes,
		H: set.H, W: set.W, C: set.C, Train: set.Train.Len(), Test: set.Test.Len(),
	}
}

func pixels(i datasets.Info) int64 {
	return int64(i.Train+i.Test) * int64(i.H) * int64(i.W) * int64(i.C)
}

// toFetch is how much there is to fetch of a set, as far as that is known.
func toFetch(f datasets.Fetchable) string {
	n, exact := f.Bytes()
	switch {
	case exact:
		return megabytes(n)
	case f.Checked():
		return "< " + megabytes(n)
	}
	return "?"
}

// listDatasets prints a line for each set; one that cannot be read says why, and
// the others are listed all the same.
func (s *session) listDatasets() error {
	infos, err := datasets.List(s.ctx, s.sets())
	if err != nil {
		return err
	}
	photos, err := datasets.Photos(s.ctx)
	if err != nil {
		return err
	}
	var rows report.Table
	var onDisk []string
	for _, i := range infos {
		where := "ships"
		if !i.Embedded {
			where = report.Visible(filepath.Join(s.sets(), i.Name))
			onDisk = append(onDisk, i.Name)
		}
		if i.Err != nil {
			rows.Add(i.Name, where, "unusable: "+report.Visible(i.Err.Error()))
			continue
		}
		rows.Add(i.Name, where, megabytes(pixels(i)), orUnknown(i.Licence), counts(i))
	}
	for _, f := range datasets.Fetchables() {
		if !slices.Contains(onDisk, f.Name) {
			rows.Add(f.Name, "fetch: "+hostOf(f), toFetch(f), f.Licence, counts(f.Info))
		}
	}
	rows.Add(photosName, "ships", megabytes(photoBytes(photos)), "see show photos", fmt.Sprintf("%d photographs without labels", len(photos)))
	fmt.Fprint(s, rows)
	return nil
}

// hostOf is the server that a set is fetched from.
func hostOf(f datasets.Fetchable) string {
	u, err := url.Parse(f.Files[0].URL)
	if err != nil {
		panic("cli: " + err.Error()) // it is a constant
	}
	return u.Host
}

func photoBytes(photos []images.Photo) (n int64) {
	for _, p := range photos {
		n += int64(len(p.Pixels))
	}
	return n
}

// showDataset prints what a set says of itself, and counts its classes; of one that
// is not here, what there is to fetch.
func (s *session) showDataset(name string) error {
	set, err := datasets.Open(s.ctx, name, s.sets())
	f, unknown := datasets.FindFetchable(name)
	if err != nil {
		if here, _ := datasets.Names(s.sets()); unknown != nil || slices.Contains(here, name) || errors.Is(err, s.ctx.Err()) {
			return err
		}
		s.showFetchable(f)
		return nil
	}
	rows := report.Table{
		{"name", set.Name},
		{"title", report.Visible(set.Title)},
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

// showFetchable prints what is known of a set that is not here.
func (s *session) showFetchable(f datasets.Fetchable) {
	rows := report.Table{
		{"name", f.Name}, {"title", f.Title}, {"about", f.About}, {"licence", f.Licence}, {"source", f.Source},
		{"images", fmt.Sprintf("%d×%d×%d, %d train, %d test", f.H, f.W, f.C, f.Train, f.Test)},
		{"to fetch", toFetch(f) + ", by padlab datasets fetch " + f.Name},
	}
	for _, file := range f.Files {
		sum := "not known: fetch takes it from --sha256"
		switch {
		case file.Unzipped:
			sum = file.SHA256 + " (unzipped)"
		case file.SHA256 != "":
			sum = file.SHA256
		}
		rows.Add("file", file.URL)
		rows.Add("sha256", sum)
	}
	fmt.Fprint(s, rows)
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
