package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"padlab/core/border"
	"padlab/core/metric"
)

// Predictions are border profiles of anybody's predictions: what padlab profile finds.
// It is also what --format json prints.
type Predictions struct {
	Schema int      `json:"schema"`
	Source []string `json:"source"` // a file, or two folders
	Rows   int      `json:"n"`      // rows, or pixels
	Images int      `json:"images"`
	Size   *[2]int  `json:"size"` // of all images, width and height; null: they differ
	Unit   string   `json:"unit"` // of From and To

	Rings       []RingOf     `json:"rings"` // from the border inward
	Curves      []Curve      `json:"curves"`
	Differences []Difference `json:"differences"`
}

// The units of distances to the border.
const (
	Pixels = "pixels"                                     // from ≤ d < to
	Depth  = "share of half the shorter side"             // the same
	Zoned  = "share of the width and height of a picture" // from < that of a box's centre ≤ to
)

// A RingOf is where a ring lies.
type RingOf struct {
	Ring int     `json:"ring"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// A Curve is the profile of one metric of one group.
type Curve struct {
	Group  string   `json:"group"` // empty: there are none
	Metric string   `json:"metric"`
	All    Valued   `json:"all"`
	Rings  []Valued `json:"rings"`
	Gap    Valued   `json:"border_less_inside"` // ring 0 less all others
}

// CurveOf is the profile of what was counted.
func CurveOf(group, of string, counted interface {
	Score(string) metric.Score
	Profile(string) metric.Profile
	Gap(string) metric.Score
}) Curve {
	return Curve{group, of, ValueOf(counted.Score(of)), ValuesOf(counted.Profile(of)), ValueOf(counted.Gap(of))}
}

// A Difference is a group less another one, over the images that both have.
type Difference struct {
	Group  string   `json:"group"`
	Less   string   `json:"less"`
	Metric string   `json:"metric"`
	All    Valued   `json:"all"`
	Rings  []Valued `json:"rings"`
}

// A Valued is a mean of n rows, or pixels, in so many images with its 95 % interval over
// images; null where there is none.
type Valued struct {
	N      int           `json:"n"`
	Images int           `json:"images"`
	Value  metric.Number `json:"value"`
	Low    metric.Number `json:"low"`
	High   metric.Number `json:"high"`
}

// Divide says where so many rings lie: of pixels, or the zones of boxes. The size is
// that of all pictures, or 0×0 where they differ.
func (p *Predictions) Divide(boxes bool, rings, w, h int) {
	if w > 0 {
		p.Size = &[2]int{w, h}
	}
	whole := 1.0 // what the rings are parts of
	switch {
	case boxes:
		p.Unit, whole = Zoned, .5
	case w > 0:
		p.Unit, whole = Pixels, float64(border.AllSides.Rings(h, w))
	default:
		p.Unit = Depth
	}
	for i := range rings {
		p.Rings = append(p.Rings, RingOf{i, whole * float64(i) / float64(rings), whole * float64(i+1) / float64(rings)})
	}
}

// ValueOf is a score.
func ValueOf(s metric.Score) Valued { return Valued{s.N, s.Units, s.Value, s.Low, s.High} }

// ValuesOf are the rings of a profile.
func ValuesOf(p metric.Profile) (list []Valued) {
	for _, r := range p.Rings {
		list = append(list, Valued{r.N, r.Units, r.Value, r.Low, r.High})
	}
	return list
}

// MeanScore is the metric of a column of scores, which is in no table: it may be
// anything.
const MeanScore = "score"

// MetricLabel is what a curve's metric is called.
func MetricLabel(name string) string {
	if name == MeanScore {
		return "mean score"
	}
	return metric.Of(name).Label
}

// Words are what was read, and what the profiles show.
func (p Predictions) Words() (read, shown string) {
	what := "row"
	if len(p.Source) > 1 {
		what = "pixel"
	}
	size := "of several sizes"
	if p.Size != nil {
		size = fmt.Sprintf("of %d×%d pixels", p.Size[0], p.Size[1])
	}
	read = fmt.Sprintf("%s: %s in %s %s", Visible(strings.Join(p.Source, " and ")), Count(p.Rows, what), Count(p.Images, "image"), size)
	var labels []string
	for _, c := range p.Curves {
		if label := MetricLabel(c.Metric); len(labels) == 0 || labels[len(labels)-1] != label && labels[0] != label {
			labels = append(labels, label)
		}
	}
	shown = strings.Join(labels, " and ")
	if !strings.HasPrefix(shown, "mIoU") {
		shown = strings.ToUpper(shown[:1]) + shown[1:]
	}
	shown += " from the border inward, with 95 % intervals over images"
	return read, shown
}

// where is the column that says where the rings lie.
func (p Predictions) where() string {
	switch p.Unit {
	case Pixels:
		return "pixels to the border"
	case Depth:
		return "of half the shorter side"
	}
	return "of width and height"
}

// one is what a ring is called: zone, of boxes.
func (p Predictions) one() string {
	if p.Unit == Zoned {
		return "zone"
	}
	return "ring"
}

// Axis says what a chart's horizontal axis shows.
func (p Predictions) Axis() string {
	switch p.Unit {
	case Pixels:
		return "pixels between a pixel and the border"
	case Depth:
		return "distance to the border, of half the shorter side of the picture"
	}
	return "distance of a box's centre to the border, of the width and height of the picture"
}

// Place is where a ring lies, in words.
func (p Predictions) Place(ring int) string {
	r := p.Rings[ring]
	if p.Unit != Pixels {
		return fmt.Sprintf("%.3g–%.3g %%", 100*r.From, 100*r.To)
	}
	from, to := int(math.Ceil(r.From)), int(math.Ceil(r.To))-1
	if from == to {
		return strconv.Itoa(from)
	}
	return fmt.Sprintf("%d–%d", from, to)
}

// value is a number of a metric with its interval.
func (v Valued) text(of string) string {
	number := func(n metric.Number) string { return fixed(n, 3) }
	if of == MeanScore {
		number = func(n metric.Number) string { return strconv.FormatFloat(float64(n), 'g', 4, 64) }
	}
	switch {
	case !v.Value.Finite():
		return "—"
	case !v.Low.Finite():
		return number(v.Value)
	}
	return fmt.Sprintf("%s [%s, %s]", number(v.Value), number(v.Low), number(v.High))
}

// sections are a table of profiles, one of what the border costs, and one of
// differences between groups.
func (p Predictions) sections() (list []Section) {
	_, words := p.Words()
	what := "rows"
	if len(p.Source) > 1 {
		what = "pixels"
	}
	several := func(c Curve) string { return c.Group }
	first := "group"
	switch {
	case len(p.Source) > 1:
		first, several = "of", func(c Curve) string { return MetricLabel(c.Metric) }
	case len(p.Curves) == 1 && p.Curves[0].Group == "":
		first = ""
	}
	row := func(name string, cells ...string) []string {
		if first == "" {
			return cells
		}
		return append([]string{Visible(name)}, cells...)
	}
	value := MetricLabel(p.Curves[0].Metric)
	if len(p.Source) > 1 {
		value = "share"
	}
	profile := Section{Words: words + ":", Table: Table{row(first, p.one(), p.where(), value, what, "images")}}
	gaps := Section{Words: "At the border, in " + p.one() + " 0, less everywhere else, image by image:", Table: Table{row(first, "difference", "images", "")}}
	for _, c := range p.Curves {
		name := several(c)
		profile.Table.Add(row(name, "all", "", c.All.text(c.Metric), strconv.Itoa(c.All.N), strconv.Itoa(c.All.Images))...)
		for d, v := range c.Rings {
			profile.Table.Add(row(name, strconv.Itoa(d), p.Place(d), v.text(c.Metric), strconv.Itoa(v.N), strconv.Itoa(v.Images))...)
		}
		if c.Gap.Value.Finite() {
			gaps.Table.Add(row(name, c.Gap.text(c.Metric), strconv.Itoa(c.Gap.Images), ofTheBorder(c.Gap))...)
		}
	}
	if list = append(list, profile); len(gaps.Table) > 1 {
		list = append(list, gaps)
	}
	if len(p.Differences) == 0 {
		return list
	}
	differences := Section{Words: "Differences between groups, over the images that both have there. Each interval is for itself: of 20, one misses on average:",
		Table: Table{{"difference", p.one(), "mean", what, "images"}}}
	for _, d := range p.Differences {
		name := Visible(d.Group) + " − " + Visible(d.Less)
		differences.Table.Add(name, "all", d.All.text(d.Metric), strconv.Itoa(d.All.N), strconv.Itoa(d.All.Images))
		for ring, v := range d.Rings {
			differences.Table.Add(name, strconv.Itoa(ring), v.text(d.Metric), strconv.Itoa(v.N), strconv.Itoa(v.Images))
		}
	}
	return append(list, differences)
}

// ofTheBorder says what the interval of a gap says.
func ofTheBorder(v Valued) string {
	switch {
	case !v.Low.Finite():
		return ""
	case v.High < 0:
		return "lower at the border"
	case v.Low > 0:
		return "higher at the border"
	}
	return "may be none"
}

// notes say why there is no number, or no interval.
func (p Predictions) notes() (list []string) {
	empty, single, still := 0, 0, 0
	for _, c := range p.Curves {
		for _, v := range append([]Valued{c.All}, c.Rings...) {
			switch {
			case v.N == 0:
				empty++
			case v.Images == 1:
				single++
			case !v.Low.Finite():
				still++
			}
		}
	}
	if empty > 0 {
		list = append(list, "—: nothing lies there.")
	}
	if single > 0 {
		list = append(list, "Of one image there is no interval: intervals are over images.")
	}
	if still > 0 {
		list = append(list, "Where images do not differ there is no interval.")
	}
	return list
}

// String is all of it for a person.
func (p Predictions) String() string {
	var b strings.Builder
	read, _ := p.Words()
	fmt.Fprintln(&b, wrap(read, width))
	for _, s := range p.sections() {
		fmt.Fprintf(&b, "\n%s", s)
	}
	for _, n := range p.notes() {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	return b.String()
}

// Markdown is the same as Markdown.
func (p Predictions) Markdown() string {
	var b strings.Builder
	read, _ := p.Words()
	fmt.Fprintf(&b, "%s\n", escaped(read))
	for _, s := range p.sections() {
		fmt.Fprintf(&b, "\n%s\n\n%s", escaped(s.Words), s.Table.markdown())
	}
	for _, n := range p.notes() {
		fmt.Fprintf(&b, "\n%s\n", escaped(n))
	}
	return b.String()
}

// CSV writes a row for all, for each ring and for the border less the inside of every
// curve, and for every difference, where less names the group that is taken off.
func (p Predictions) CSV(out io.Writer) {
	w := csv.NewWriter(out)
	w.Write([]string{"kind", "group", "less", "metric", "ring", "from", "to", "n", "images", "value", "low", "high"})
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	add := func(kind, group, less, metric string, ring int, v Valued) {
		place := []string{"", "", ""}
		if ring >= 0 {
			place = []string{strconv.Itoa(ring), number(p.Rings[ring].From), number(p.Rings[ring].To)}
		}
		row := append([]string{kind, Visible(group), Visible(less), metric}, place...)
		w.Write(append(row, strconv.Itoa(v.N), strconv.Itoa(v.Images), cell(v.Value), cell(v.Low), cell(v.High)))
	}
	for _, c := range p.Curves {
		add("all", c.Group, "", c.Metric, -1, c.All)
		for d, v := range c.Rings {
			add("ring", c.Group, "", c.Metric, d, v)
		}
		add("gap", c.Group, "", c.Metric, -1, c.Gap)
	}
	for _, d := range p.Differences {
		add("difference", d.Group, d.Less, d.Metric, -1, d.All)
		for ring, v := range d.Rings {
			add("difference", d.Group, d.Less, d.Metric, ring, v)
		}
	}
	w.Flush()
}
