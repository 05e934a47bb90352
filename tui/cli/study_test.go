package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"padlab/core/metric"
	"padlab/core/record"
	"padlab/core/sweep"
	"padlab/tui/figure"
)

var swept = flag.String("study", "", "the folder of the study's sweeps, for its page and figures written anew")

// What the case study varies beside the padding, and over how many seeds.
var (
	studyGrids = map[string][]string{"location": {"3", "5", "7"}, "classify": {"3", "5", "7"}, "segment": {"3", "5"}}
	studyFills = []string{"black", "white", "mean"}
	studyArms  = []string{"zeros", "reflect", "circular", "none"}
)

const studySeeds = 5

// studyCommands make the case study in a folder study/.
func studyCommands() (list []string) {
	for _, task := range studyTasks {
		list = append(list, fmt.Sprintf("padlab sweep presets/results/study/%s.toml --vary canvas.grid=%s --vary canvas.fill=%s --seeds %d --jobs 2 --workers 1 --out study/%[1]s",
			task, strings.Join(studyGrids[task], ","), strings.Join(studyFills, ","), studySeeds))
	}
	return append(list, "go test ./tui/cli -run '^TestStudy$' -update -study \"$PWD/study\"")
}

var studyTasks = []string{"location", "classify", "segment"}

// The case study, k × canvas × padding × task, is made of what three sweeps find; the
// page says the commands. The numbers of every seed are kept in presets/results/study,
// and the page and the figures are made from these, with -update anew. With -long the
// smallest cell of each sweep is run again with one seed, and must find the numbers to
// the last bit.
func TestStudy(t *testing.T) {
	folder := filepath.Join("..", "..", "presets", "results", "study")
	keep := func(name string, data []byte) {
		if *update {
			write(t, filepath.Join(folder, name), string(data))
		} else if contentOf(t, folder, name) != string(data) {
			t.Errorf("presets/results/study/%s is stale: go test ./tui/cli -run '^TestStudy$' -update writes it anew", name)
		}
	}
	s := caseStudy{t: t, tables: map[string]*sweep.Table{}}
	for _, task := range studyTasks {
		if *update && *swept != "" {
			c, err := sweep.Collect(filepath.Join(*swept, task))
			if err != nil {
				t.Fatal(err)
			}
			if !c.Complete() {
				t.Fatalf("%s: %d cells of %d, %v", task, c.Ended, c.Cells, c.Problems)
			}
			keep(task+".csv", bySeed(t, c))
		}
		s.tables[task] = tableOf(t, task, filepath.Join(folder, task+".csv"))
	}
	for name, f := range s.figures() {
		var b bytes.Buffer
		if err := f.Write(&b, figure.SVG); err != nil {
			t.Fatal(err)
		}
		keep(name+".svg", b.Bytes())
	}
	keep("README.md", []byte(s.page()))
	if *long && !*update {
		for _, task := range studyTasks {
			s.again(folder, task, 2)
		}
	}
}

// studyHeader is that of the file of a sweep, before its seeds.
var studyHeader = []string{"canvas.grid", "canvas.fill", "arm", "metric", "images", "unit", "distance", "chance"}

// studyRow reports whether a row is kept: pixels make so many rings that only those
// of mIoU are, whose course is asked for.
func studyRow(r sweep.Row) bool { return r.Unit != "pixels" || r.Metric == metric.MIoU }

func cells(values []metric.Number) (list []string) {
	for _, v := range values {
		text := ""
		if v.Finite() {
			text = strconv.FormatFloat(float64(v), 'g', -1, 64)
		}
		list = append(list, text)
	}
	return list
}

// bySeed are the numbers of all seeds as CSV.
func bySeed(t *testing.T, c *sweep.Table) []byte {
	rows := [][]string{slices.Clone(studyHeader)}
	for i := range c.Seeds {
		rows[0] = append(rows[0], fmt.Sprintf("seed %d", int(c.Seed)+i))
	}
	for _, r := range c.Rows {
		if !studyRow(r) {
			continue
		}
		distance := ""
		if r.Distance != nil {
			distance = strconv.Itoa(*r.Distance)
		}
		row := append(slices.Clone(r.Values), r.Arm, r.Metric, r.Images, r.Unit, distance)
		rows = append(rows, append(append(row, cells([]metric.Number{r.Chance})...), cells(r.BySeed)...))
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tableOf is the table that the file of a sweep holds the rows of.
func tableOf(t *testing.T, task, path string) *sweep.Table {
	header := slices.Clone(studyHeader)
	for i := range studySeeds {
		header = append(header, fmt.Sprintf("seed %d", i+1))
	}
	number := func(text string) metric.Number {
		if text == "" {
			return metric.NaN
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return metric.Number(v)
	}
	c := &sweep.Table{Seeds: studySeeds, Seed: 1, Vary: []sweep.Factor{{Key: "canvas.grid", Values: studyGrids[task]}, {Key: "canvas.fill", Values: studyFills}}}
	for _, cell := range rowsOf(t, path, header) {
		r := sweep.Row{Values: cell[:2], Arm: cell[2], Key: metric.Key{Metric: cell[3], Images: cell[4]}, Unit: cell[5], Chance: number(cell[7])}
		if cell[6] != "" {
			d, err := strconv.Atoi(cell[6])
			if err != nil {
				t.Fatal(err)
			}
			r.Distance = &d
		}
		for _, v := range cell[8:] {
			r.BySeed = append(r.BySeed, number(v))
		}
		r.Mean = sweep.MeanOf(r.BySeed)
		if r.N != studySeeds && r.Metric != metric.StepsToHalf {
			t.Errorf("%s: %v has %d seeds", path, cell, r.N)
		}
		c.Rows = append(c.Rows, r)
	}
	return c
}

// A caseStudy is the tables of its sweeps, by task.
type caseStudy struct {
	t      *testing.T
	tables map[string]*sweep.Table
}

// again runs the smallest cell of a sweep with one seed, and compares.
func (s caseStudy) again(folder, task string, seed int) {
	o := padlab(s.t, "run", filepath.Join(folder, task+".toml"), "--seed", strconv.Itoa(seed), "--set", "canvas.grid="+studyGrids[task][0], "--set", "canvas.fill="+studyFills[0], "--quiet", "--format", "json")
	var r record.Result
	if err := json.Unmarshal([]byte(o.out), &r); err != nil {
		s.t.Fatal(err, o.err)
	}
	found := map[string]metric.Number{}
	name := func(arm string, k metric.Key, unit string, distance *int) string {
		d := ""
		if distance != nil {
			d = strconv.Itoa(*distance)
		}
		return strings.Join([]string{arm, k.Metric, k.Images, unit, d}, " ")
	}
	for _, a := range r.Arms {
		for _, x := range a.Scores {
			found[name(a.Name, x.Key, "", nil)] = x.Value
		}
		for _, p := range a.Profiles {
			for _, ring := range p.Rings {
				found[name(a.Name, p.Key, p.Unit, &ring.Distance)] = ring.Value
			}
		}
	}
	compared := 0
	for _, row := range s.tables[task].Rows {
		if row.Values[0] != studyGrids[task][0] || row.Values[1] != studyFills[0] {
			continue
		}
		key := name(row.Arm, row.Key, row.Unit, row.Distance)
		if v, ok := found[key]; !ok || !slices.Equal(cells([]metric.Number{v}), cells(row.BySeed[seed-1:seed])) {
			s.t.Errorf("%s, seed %d: %s is %v now, and %v in %s.csv", task, seed, key, v, row.BySeed[seed-1], task)
		}
		compared++
	}
	if compared < 4*len(studyArms) {
		s.t.Errorf("%s: only %d numbers were compared", task, compared)
	}
}

// studyScores are the scores that the page and the figures are about.
var studyScores = []struct {
	task, metric, file string
}{
	{"location", metric.BeyondGuessing, "location"},
	{"classify", metric.Accuracy, "classify"},
	{"classify", metric.BorderInterior, "classify-border"},
	{"segment", metric.MIoU, "segment"},
	{"segment", metric.BorderInterior, "segment-border"},
}

// figures are a map of grid × padding on black, and of fill × padding on the middle
// grid, for every score.
func (s caseStudy) figures() map[string]*figure.Figure {
	list := map[string]*figure.Figure{}
	for _, score := range studyScores {
		for _, held := range [][2]string{{"canvas.fill", studyFills[0]}, {"canvas.grid", studyGrids[score.task][1]}} {
			part, err := s.tables[score.task].Where(held[0], held[1])
			if err != nil {
				s.t.Fatal(err)
			}
			part.Title, part.Main = "The study, "+score.task, metric.Key{Metric: score.metric, Images: "test"}
			f, err := figure.OfSweep(part, "")
			if err != nil {
				s.t.Fatal(err)
			}
			list[score.file+"-"+part.Vary[0].Key[len("canvas."):]] = f
		}
	}
	return list
}

// row is a score of an arm in a cell.
func (s caseStudy) row(task, metricName, grid, fill, arm string) sweep.Row {
	for _, r := range s.tables[task].Rows {
		if r.Metric == metricName && r.Distance == nil && r.Arm == arm && r.Values[0] == grid && r.Values[1] == fill {
			return r
		}
	}
	s.t.Fatalf("the study has no %s of %s with %s in %s×%[4]s cells on %s", metricName, task, arm, grid, fill)
	return sweep.Row{}
}

// A gap is how a score differs between two settings over cells of the study, each on
// the same seeds.
type gap struct {
	least, most                float64 // of the mean differences
	cells, above, below, equal int     // in how many cells all seeds have it above, below, and exactly 0
}

func (g *gap) add(differences []metric.Number) {
	mean := float64(sweep.MeanOf(differences).Mean)
	if g.cells == 0 {
		g.least, g.most = mean, mean
	}
	g.least, g.most = min(g.least, mean), max(g.most, mean)
	g.cells++
	switch low, high := slices.Min(differences), slices.Max(differences); {
	case low == 0 && high == 0:
		g.equal++
	case low > 0:
		g.above++
	case high < 0:
		g.below++
	}
}

// of is a score itself, of an arm, in every cell.
func (s caseStudy) of(task, metricName, arm string) (g gap) {
	for _, grid := range studyGrids[task] {
		for _, fill := range studyFills {
			g.add(s.row(task, metricName, grid, fill, arm).BySeed)
		}
	}
	return g
}

// between is b − a of two arms, in every cell.
func (s caseStudy) between(task, metricName, a, b string) (g gap) {
	for _, grid := range studyGrids[task] {
		for _, fill := range studyFills {
			g.add(sweep.Paired(s.row(task, metricName, grid, fill, a).BySeed, s.row(task, metricName, grid, fill, b).BySeed))
		}
	}
	return g
}

// onFill is a canvas against the first, of an arm, on every grid.
func (s caseStudy) onFill(task, metricName, fill, arm string) (g gap) {
	for _, grid := range studyGrids[task] {
		g.add(sweep.Paired(s.row(task, metricName, grid, studyFills[0], arm).BySeed, s.row(task, metricName, grid, fill, arm).BySeed))
	}
	return g
}

func signed(v float64) string {
	digits := 3
	if math.Abs(v) < .0005 {
		digits = 4
	}
	text := short(v, digits)
	if v > 0 {
		text = "+" + text
	}
	return text
}

// columns are a gap as those of a table.
func (g gap) columns() string {
	if g.equal == g.cells {
		return "0 exactly | 0 exactly | – | – |"
	}
	return fmt.Sprintf("%s | %s | %d of %d | %d of %[4]d |", signed(g.least), signed(g.most), g.above, g.cells, g.below)
}

const gapHeader = "smallest of the cells | largest | all seeds above 0 | all below |\n|---|---|---|---|---|\n"

// says is a sentence that the study holds to be true.
func (s caseStudy) says(holds bool, format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	if !holds {
		s.t.Errorf("the study does not find that: %s", text)
	}
	return "- " + text + "\n"
}

// page is what people read.
func (s caseStudy) page() string {
	var b strings.Builder
	b.WriteString(`# The case study: where, what, and which pixel

One small network (near: three 3×3 convolutions with batch norm, each output sees 18 pixels) learns the three tasks of the
second half of "Position, Padding and Predictions" (Islam et al. 2021): in which of k×k cells a patch stands, what it shows
wherever it stands, and what each pixel shows. Patches are Fashion-MNIST's, of 8 pixels where the place is asked for and of 12
otherwise, on a black, white or mean canvas, with k = 3, 5 and 7 (of pixels 3 and 5), under four paddings, with five seeds
each: 480 networks. Every number is of test images that stand in every cell. Made, in about an hour and a half of two cores, by

`)
	for _, c := range studyCommands() {
		b.WriteString("    " + c + "\n")
	}
	b.WriteString(`
The figures of every seed are in location.csv, classify.csv and segment.csv. Intervals are of Student's t over the five seeds,
which share their test images. With five seeds no test by sign flips reaches .05; what is said below is therefore said of
paired differences that have one sign in all five seeds, and of how many cells of the study (k × canvas) that is so in. A test
evaluates every sentence from the figures.

The tables of the paper cannot be had by machine, so its numbers do not stand beside these: its questions do.

`)
	s.whatTells(&b)
	s.semantics(&b)
	s.always(&b)
	s.ringByRing(&b)
	s.everyCell(&b)
	return b.String()
}

// gaps is a table of gaps, a line each.
func gaps(b *strings.Builder, first string, lines ...string) {
	b.WriteString("\n| " + first + " | " + gapHeader + strings.Join(lines, "\n") + "\n\n")
}

func (s caseStudy) whatTells(b *strings.Builder) {
	const task, score = "location", metric.BeyondGuessing
	b.WriteString("## What tells a network where it is?\n\nAccuracy beyond guessing of location, over all cells of the canvas: 0 is guessing, 1 perfect.\n\n")
	lines := []string{}
	for _, p := range [][2]string{{"circular", "zeros"}, {"circular", "reflect"}, {"circular", "none"}, {"reflect", "zeros"}, {"none", "zeros"}} {
		lines = append(lines, fmt.Sprintf("| %s − %s | %s", p[1], p[0], s.between(task, score, p[0], p[1]).columns()))
	}
	circular := s.of(task, score, "circular")
	b.WriteString(s.says(circular.equal == circular.cells, "`circular` is at guessing in every cell, with every seed, exactly: it has no border."))
	for _, arm := range []string{"zeros", "reflect", "none"} {
		g := s.between(task, score, "circular", arm)
		b.WriteString(s.says(g.above == g.cells, "`%s` knows the place in every cell and seed: %s to %s beyond guessing.", arm, short(g.least, 3), short(g.most, 3)))
	}
	for _, arm := range s.ceilings() {
		r := s.row(task, score, "7", studyFills[0], arm.Name)
		most := float64(*arm.Scores[1].Ceiling)
		b.WriteString(s.says(math.Abs(float64(r.Mean.Mean)-most) < .02, "With 7×7 cells no training of `%s` exceeds %s: cells further in look alike to it. On black it comes to %s.", arm.Name, short(most, 3), short(float64(r.Mean.Mean), 3)))
	}
	for _, arm := range []string{"zeros", "reflect", "none"} {
		less := gap{}
		for _, fill := range studyFills {
			for i, grid := range studyGrids[task][1:] {
				less.add(sweep.Paired(s.row(task, score, studyGrids[task][i], fill, arm).BySeed, s.row(task, score, grid, fill, arm).BySeed))
			}
		}
		b.WriteString(s.says(less.above == 0, "On a larger canvas `%s` knows less with every seed in %d of %d steps from one k to the next, and in none of them more with every seed.", arm, less.below, less.cells))
	}
	gaps(b, "difference", lines...)
	b.WriteString("![k × padding on black](location-grid.svg)\n![canvas × padding with 5×5 cells](location-fill.svg)\n\nThe colour of the canvas, against black:\n")
	lines = nil
	for _, fill := range studyFills[1:] {
		for _, arm := range []string{"zeros", "reflect", "none"} {
			lines = append(lines, fmt.Sprintf("| %s, `%s` | %s", fill, arm, s.onFill(task, score, fill, arm).columns()))
		}
	}
	gaps(b, "canvas, padding", lines...)
}

func (s caseStudy) semantics(b *strings.Builder) {
	b.WriteString("## Does it change what a network learns to see?\n\n")
	for _, part := range []struct{ task, whole, file string }{{"classify", metric.Accuracy, "classify"}, {"segment", metric.MIoU, "segment"}} {
		m := metric.Of(part.whole)
		lines := []string{}
		for _, p := range [][2]string{{"zeros", "circular"}, {"zeros", "reflect"}, {"zeros", "none"}} {
			lines = append(lines, fmt.Sprintf("| %s − %s | %s", p[1], p[0], s.between(part.task, part.whole, p[0], p[1]).columns()))
		}
		fmt.Fprintf(b, "%s, %s over all places:\n", strings.ToUpper(part.task[:1])+part.task[1:], m.Label)
		gaps(b, "difference", lines...)
		lines = nil
		for _, arm := range studyArms {
			lines = append(lines, fmt.Sprintf("| `%s` | %s", arm, s.of(part.task, metric.BorderInterior, arm).columns()))
		}
		fmt.Fprintf(b, "%s, what is lost next to the border: the cells at the border less all others, image by image:\n", strings.ToUpper(part.task[:1])+part.task[1:])
		gaps(b, "padding", lines...)
		fmt.Fprintf(b, "![k × padding on black](%s-grid.svg)\n![canvas × padding with 5×5 cells](%[1]s-fill.svg)\n![border − interior, k × padding on black](%[1]s-border-grid.svg)\n![border − interior, canvas × padding](%[1]s-border-fill.svg)\n\n", part.file)
	}
	seam := s.of("segment", metric.BorderInterior, "circular")
	b.WriteString(s.says(seam.above == seam.cells && seam.most < .01, "That `circular` names a little more next to the border, %s to %s, is no padding: its map is enlarged to the canvas with repeated edges. With --set net.head=continued the enlargement goes on at the other side, too, and the difference is 0 exactly (a test of core/arch holds it).", signed(seam.least), signed(seam.most)) + "\n")
}

func (s caseStudy) always(b *strings.Builder) {
	b.WriteString("## Does it always help?\n\n")
	for _, part := range []struct{ task, score, does string }{{"classify", metric.Accuracy, "recognises"}, {"segment", metric.MIoU, "names pixels"}} {
		for _, arm := range []string{"zeros", "reflect", "none"} {
			g := s.between(part.task, part.score, arm, "circular")
			b.WriteString(s.says(g.below == 0, "`circular`, which cannot know its place, %s better than `%s` with every seed in %d of %d cells, and in none of them worse with every seed (mean differences %s to %s).",
				part.does, arm, g.above, g.cells, signed(g.least), signed(g.most)))
		}
	}
	b.WriteString(`
So where the place says nothing of what is asked for, the network that cannot know it loses nothing by that. Where it does say
something in training, knowing it helps as long as the world stays as it was and hurts when it moves. Accuracy where a class
goes with a place in training, mean of five seeds (lowest to highest; padlab run help-or-hurt --seeds 5):

`)
	readme := contentOf(s.t, filepath.Join("..", ".."), "README.md")
	b.WriteString(tableIn(s.t, readme, "| arm | as in training |") + "\nRed left of green or right of it, where the row goes with it in training (padlab run red-green --seeds 5), in per cent beside what\nKayhan and van Gemert 2020 report:\n\n")
	b.WriteString(tableIn(s.t, readme, "| padding | where it was trained |"))
	b.WriteString(`
The order agrees, and so does that circular and full padding answer the same in both halves, here bit for bit. The levels do not:
they stop training by validation and here it is 400 steps, and zeros fall to a third and not to 8 %, as independent trials in
PyTorch found, too (26 to 29 %).

`)
}

// tableIn is a table of a text, which begins so.
func tableIn(t *testing.T, text, begins string) string {
	at := strings.Index(text, begins)
	if at < 0 {
		t.Fatalf("there is no table %q", begins)
	}
	table, _, _ := strings.Cut(text[at:], "\n\n")
	return table + "\n"
}

// ceilings are what is known of the arms of location on the largest grid before anything
// is trained, where that is more than nothing.
func (s caseStudy) ceilings() []record.Arm {
	grids := studyGrids["location"]
	o := padlab(s.t, "run", filepath.Join("..", "..", "presets", "results", "study", "location.toml"), "--set", "canvas.grid="+grids[len(grids)-1], "--set", "net.padding=zeros,reflect,none",
		"--set", "train.steps=0", "--set", "eval.images=2", "--quiet", "--format", "json")
	var r record.Result
	if err := json.Unmarshal([]byte(o.out), &r); err != nil {
		s.t.Fatal(err, o.err)
	}
	return r.Arms
}

// ringByRing are the border profiles on the largest grid.
func (s caseStudy) ringByRing(b *strings.Builder) {
	b.WriteString("## Ring by ring\n\nOn the largest black canvas, against the number of cells between the patch and the border. Means of five seeds with half the\n95 % interval.\n")
	for _, score := range studyScores {
		if metric.Of(score.metric).Low < 0 && score.task != "location" {
			continue // a difference between rings has none
		}
		grids := studyGrids[score.task]
		grid := grids[len(grids)-1]
		fmt.Fprintf(b, "\n### %s: %s, %s×%[3]s cells\n\n| cells away | %s |\n|---|%s\n", score.task, metric.Of(score.metric).Label, grid, strings.Join(studyArms, " | "), strings.Repeat("---|", len(studyArms)))
		for d := 0; ; d++ {
			line, rings := fmt.Sprintf("| %d |", d), 0
			for _, arm := range studyArms {
				for _, r := range s.tables[score.task].Rows {
					if r.Metric == score.metric && r.Unit == "cells" && r.Distance != nil && *r.Distance == d && r.Arm == arm && r.Values[0] == grid && r.Values[1] == studyFills[0] {
						line += " " + interval(r) + " |"
						rings++
					}
				}
			}
			if rings == 0 {
				break
			}
			b.WriteString(line + "\n")
		}
	}
	b.WriteString("\n")
}

// interval is a mean with half its interval.
func interval(r sweep.Row) string {
	text := short(float64(r.Mean.Mean), 3)
	if r.Low == r.High {
		if r.Mean.Mean == 0 || r.Mean.Mean == 1 {
			text = strconv.Itoa(int(r.Mean.Mean))
		}
		return text + " exactly"
	}
	return text + " ± " + short(float64(r.High-r.Low)/2, 3)
}

// everyCell is the study itself.
func (s caseStudy) everyCell(b *strings.Builder) {
	b.WriteString("## Every cell\n\nMeans of five seeds with half the 95 % interval.\n")
	for _, score := range studyScores {
		fmt.Fprintf(b, "\n### %s: %s\n\n| k | canvas | %s |\n|---|---|%s\n", score.task, metric.Of(score.metric).Label, strings.Join(studyArms, " | "), strings.Repeat("---|", len(studyArms)))
		for _, grid := range studyGrids[score.task] {
			for _, fill := range studyFills {
				fmt.Fprintf(b, "| %s | %s |", grid, fill)
				for _, arm := range studyArms {
					fmt.Fprintf(b, " %s |", interval(s.row(score.task, score.metric, grid, fill, arm)))
				}
				b.WriteString("\n")
			}
		}
	}
}
