package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"padlab/core/border"
	"padlab/core/metric"
	"padlab/datasets"
	"padlab/tui/figure"
	"padlab/tui/report"
)

type profileFlags struct {
	rings                       int
	size, figure, format        string
	labels, predictions, ignore string
	force                       bool
}

// profileCommand is padlab profile and its flags.
func (s *session) profileCommand() *cobra.Command {
	f := profileFlags{format: "text"}
	c := &cobra.Command{
		Use:   "profile FILE.csv",
		Short: "Draw border profiles of anybody's predictions: how right they are, by distance to the border",
		Long: `Profile reads what a network said where, and whether it was right, and prints
that ring by ring from the border inward, with 95 % intervals over images.

A row of the file, whose header names the columns, is one answer:
  image           what tells images apart; intervals are over them
  x,y             the pixel that it is about, numbered from 0; or a box:
  x1,y1,x2,y2     its left, upper, right and lower side, or
  x,y,w,h         its left and upper side, its width and height
  width,height    of the picture in pixels; or --size, for all
  correct         0, 1, true or false; or
  score           any number, such as an IoU
  group           optional: a network, a padding; groups are compared over the
                  images that they share
Columns stand in any order, parted by commas, semicolons or tabs, and others may
stand between them. - reads the standard input.

Of a pixel, d = min(x, y, W-1-x, H-1-y) is the distance, 0 … D-1, and the ring
is the whole part of d·N/D, of N rings of one width: --rings, or 8. Of a box the
zone of its centre counts, as in zone evaluation (Zheng et al. 2023): N of them,
5 by default, between rectangles i/2N of the width and height from the border.

Label pictures are read from two folders, of PNG files of the same names and
sizes whose palette indices or 8-bit grey values are classes, and profiled by
mIoU and pixel accuracy.`,
		Example: `  padlab profile predictions.csv
  padlab profile predictions.csv --size 224x224 --rings 14 --figure profile.pdf
  padlab profile --labels truth/ --predictions said/ --ignore 255 --format csv`,
		Args: func(c *cobra.Command, args []string) error {
			two := f.labels != "" || f.predictions != ""
			switch {
			case two && len(args) > 0:
				return see(c, fmt.Errorf("profile takes a CSV file, or --labels and --predictions: %q is one too many", args[0]))
			case two && (f.labels == "" || f.predictions == ""):
				return see(c, errors.New("--labels DIR and --predictions DIR belong together"))
			case !two && len(args) != 1:
				return see(c, errors.New("profile takes a CSV file of predictions, - for the standard input, or --labels DIR and --predictions DIR"))
			case !two && f.ignore != "":
				return see(c, errors.New("--ignore is for label pictures, of --labels and --predictions"))
			case two && f.size != "":
				return see(c, errors.New("--size is for a CSV file: pictures have theirs"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := paths(c, "figure", "labels", "predictions"); err != nil {
				return err
			}
			if c.Flags().Changed("rings") && (f.rings < 1 || f.rings > maxRings) {
				return fmt.Errorf("--rings must be an integer from 1 to %d: %d", maxRings, f.rings)
			}
			return s.profile(args, f)
		},
	}
	flags := c.Flags()
	flags.IntVar(&f.rings, "rings", 0, "`N` rings of one width; left out: 8, of boxes 5")
	flags.StringVar(&f.size, "size", "", "`WxH` pixels, the size of all pictures; left out: the columns width and height")
	flags.StringVar(&f.labels, "labels", "", "`DIR` of label pictures (PNG): what is right")
	flags.StringVar(&f.predictions, "predictions", "", "`DIR` of label pictures of the same names: what was answered")
	flags.StringVar(&f.ignore, "ignore", "", "`LABEL`, 0 to 255, of pixels that do not count; left out: none")
	flags.StringVar(&f.figure, "figure", "", "`FILE` for a figure: .svg, .png or .pdf")
	flags.BoolVar(&f.force, "force", false, "write over a figure that is there")
	flags.StringVar(&f.format, "format", f.format, "`FORMAT` of the output: text, json, csv or markdown")
	return c
}

// profile checks everything that the command line says before it reads anything.
func (s *session) profile(args []string, f profileFlags) error {
	if err := oneOf("format", f.format, sweepFormats...); err != nil {
		return err
	}
	w, h, err := f.pixels()
	if err != nil {
		return err
	}
	ignored, err := f.ignored()
	if err != nil {
		return err
	}
	if f.figure != "" {
		if _, err := figure.Ending(f.figure, figure.Formats()...); err != nil {
			return err
		}
		if err := figure.New(f.figure); err != nil && !f.force {
			return fmt.Errorf("%w; --force writes over it", err)
		}
	}
	var found report.Predictions
	var notes []string
	if f.labels != "" {
		found, notes, err = s.profileLabels(f.labels, f.predictions, f.rings, ignored)
	} else {
		found, notes, err = s.profileRows(args[0], f.rings, w, h)
	}
	if err != nil {
		return err
	}
	if f.figure != "" {
		drawn, err := figure.OfPredictions(found)
		if err != nil {
			return err
		}
		if err := drawn.Save(f.figure); err != nil {
			return unwritten(f.figure, err)
		}
	}
	for _, n := range notes {
		s.logf("%s", n)
	}
	switch f.format {
	case "text":
		fmt.Fprint(s, found)
	case "json":
		s.Write(jsonLine(found))
	case "csv":
		found.CSV(s)
	case "markdown":
		fmt.Fprint(s, found.Markdown())
	}
	return nil
}

// pixels are those of --size.
func (f profileFlags) pixels() (w, h int, err error) {
	if f.size == "" {
		return 0, 0, nil
	}
	first, second, _ := strings.Cut(strings.ReplaceAll(f.size, "×", "x"), "x")
	w, errW := strconv.Atoi(first)
	h, errH := strconv.Atoi(second)
	if errW != nil || errH != nil || w < 1 || h < 1 || w > maxPixelSide || h > maxPixelSide {
		return 0, 0, fmt.Errorf("--size takes WxH, such as 640x480, each from 1 to %d: %q", maxPixelSide, f.size)
	}
	return w, h, nil
}

// ignored is the label of --ignore, or −1.
func (f profileFlags) ignored() (int, error) {
	if f.ignore == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(f.ignore)
	if err != nil || n < 0 || n >= border.Classes {
		return 0, fmt.Errorf("--ignore must be an integer from 0 to %d: %q", border.Classes-1, f.ignore)
	}
	return n, nil
}

// profileRows is the profile of a CSV file.
func (s *session) profileRows(name string, rings, w, h int) (report.Predictions, []string, error) {
	none := report.Predictions{}
	in, called := s.in, "standard input"
	if name != "-" {
		info, err := os.Stat(name)
		if err != nil {
			return none, nil, onFile(name, err)
		}
		if info.IsDir() {
			return none, nil, fmt.Errorf("%s: a folder, not a CSV file: label pictures take --labels and --predictions", name)
		}
		file, err := os.Open(name)
		if err != nil {
			return none, nil, onFile(name, err)
		}
		defer file.Close()
		in, called = file, name
	}
	reading := s.doing("reading %s", called)
	p, err := await(s.ctx, func() (*predictions, error) { return readPredictions(s.ctx, called, in, rings, w, h) })
	reading.done()
	if err != nil {
		return none, nil, err
	}
	var notes []string
	if len(p.unread) > 0 {
		notes = append(notes, fmt.Sprintf("%s: columns that are not read: %s", called, few(p.unread, 20)))
	}
	defer s.doing("taking intervals over %s", report.Count(p.images, "image")).done()
	found, err := p.report(s.ctx, called)
	return found, notes, err
}

// mostCompared groups are compared each with each; of more, each with the first.
const mostCompared = 16

// report takes the means and their intervals.
func (p *predictions) report(ctx context.Context, source string) (report.Predictions, error) {
	of := metric.Accuracy
	if p.measured == "score" {
		of = report.MeanScore
	}
	found := report.Predictions{Schema: 1, Source: []string{source}, Rows: p.rows, Images: p.images, Curves: []report.Curve{}, Differences: []report.Difference{}}
	found.Divide(p.boxes, p.rings, p.w, p.h)
	for i, g := range p.groups {
		if err := ctx.Err(); err != nil {
			return found, err
		}
		found.Curves = append(found.Curves, report.CurveOf(g.name, of, g.rows))
		for j, other := range p.groups[:i] {
			if err := ctx.Err(); err != nil {
				return found, err
			}
			if j == 0 || len(p.groups) <= mostCompared {
				found.Differences = append(found.Differences, report.Difference{Group: g.name, Less: other.name, Metric: of,
					All: report.ValueOf(g.rows.Less(other.rows, of)), Rings: report.ValuesOf(g.rows.ProfileLess(other.rows, of))})
			}
		}
	}
	return found, nil
}

// profileLabels is the profile of two folders of label pictures.
func (s *session) profileLabels(labels, predictions string, rings, ignored int) (found report.Predictions, notes []string, err error) {
	names, passed, err := datasets.LabelPairs(labels, predictions)
	if err != nil {
		return found, nil, err
	}
	reading := s.doing("reading label pictures")
	defer reading.done()
	var overlaps *border.Overlaps
	w, h, void := 0, 0, false
	for i, name := range names {
		reading.now(fmt.Sprintf("reading label pictures, %d of %d", i+1, len(names)))
		truth, said, err := s.labelPair(filepath.Join(labels, name), filepath.Join(predictions, name))
		if err != nil {
			return found, nil, err
		}
		distances := border.AllSides.Rings(truth.H, truth.W)
		if i == 0 {
			if rings == 0 {
				rings = min(ringsOfPixels, distances)
			}
			overlaps, w, h = border.NewOverlaps(rings), truth.W, truth.H
		}
		if rings > distances {
			return found, nil, fmt.Errorf("%s: %d×%d pixels, at %d distances to the border: %d rings are too many, --rings takes fewer", filepath.Join(labels, name), truth.W, truth.H, distances, rings)
		}
		if truth.W != w || truth.H != h {
			w, h = 0, 0 // they differ
		}
		if err := overlaps.Add(truth.Pixels, said.Pixels, truth.W, truth.H, ignored); err != nil {
			return found, nil, fmt.Errorf("%s: %w", filepath.Join(predictions, name), err)
		}
		if overlaps.Len() > maxRowCells {
			return found, nil, fmt.Errorf("%s: the pictures up to %s have more than %d classes × rings: fewer --rings, or a part of the folder", labels, name, maxRowCells)
		}
		void = void || ignored < 0 && bytes.IndexByte(truth.Pixels, voidLabel) >= 0
	}
	if void {
		notes = append(notes, fmt.Sprintf("%s: there are pixels of class %d, which often means no class: --ignore %d leaves them out", labels, voidLabel, voidLabel))
	}
	if passed > 0 {
		notes = append(notes, fmt.Sprintf("%s and %s: PNG pictures are read, and not what there is besides: %s", labels, predictions, report.Count(passed, "file")))
	}
	reading.now("taking intervals over " + report.Count(len(names), "image"))
	found = report.Predictions{Schema: 1, Source: []string{labels, predictions}, Images: len(names), Differences: []report.Difference{}}
	found.Divide(false, rings, w, h)
	found.Curves = []report.Curve{report.CurveOf("", metric.MIoU, overlaps.MeanIoU()), report.CurveOf("", metric.PixelAccuracy, overlaps.Accuracy())}
	found.Rows = found.Curves[0].All.N
	return found, notes, nil
}

// voidLabel is what data sets of segments often give to pixels without a class.
const voidLabel = 255

// labelPair reads a picture of labels and that of what was answered.
func (s *session) labelPair(labels, predictions string) (truth, said *datasets.Labels, err error) {
	if truth, err = datasets.OpenLabels(s.ctx, labels); err != nil {
		return nil, nil, err
	}
	if said, err = datasets.OpenLabels(s.ctx, predictions); err != nil {
		return nil, nil, err
	}
	if truth.W != said.W || truth.H != said.H {
		return nil, nil, fmt.Errorf("%s: %d×%d pixels, but %s has %d×%d", predictions, said.W, said.H, labels, truth.W, truth.H)
	}
	return truth, said, nil
}
