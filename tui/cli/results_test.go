package cli

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"padlab/core/border"
	"padlab/core/experiment"
)

var (
	weights = flag.String("weights", "", "squeezenet1_0 with ImageNet weights, for results that are written anew")
	only    = flag.String("only", "", "the preset whose results are written anew; empty: all")
)

const resultSeeds = 3

// A study is a preset with the networks and the read-out that it is run with.
type study struct {
	preset, network, solver string
}

const (
	trained    = "trained here"
	squeezenet = "squeezenet1_0"
)

// studies are what presets/results/readout.csv holds, in order.
func studies() (list []study) {
	for _, preset := range []string{"table1", "table2-depth", "table2-kernel", "table3-layers", "table4-where", "table6-task", "ranking"} {
		list = append(list, study{preset, trained, "sgd"})
		if preset == "ranking" {
			list = append(list, study{preset, trained, "ridge"})
		}
		if preset != "table6-task" {
			list = append(list, study{preset, squeezenet, "sgd"})
		}
	}
	return list
}

func (s study) command(seed int, file string) []string {
	args := []string{"run", s.preset, "--seed", strconv.Itoa(seed)}
	if s.solver != "sgd" {
		args = append(args, "--set", "readout.solver="+s.solver)
	}
	if s.network == squeezenet {
		args = append(args, "--weights", file)
	}
	return args
}

// run returns the rows of a study: the scores of one seed.
func (s study) run(t *testing.T, seed int) (rows [][]string) {
	t.Helper()
	o := padlab(t, append(s.command(seed, *weights), "--quiet", "--format", "json")...)
	if o.code != exitOK {
		t.Fatalf("%+v, seed %d: %s", s, seed, o.err)
	}
	var result struct {
		Arms []struct {
			Name   string
			Scores []struct {
				Metric, Target, Images string
				Value, Low, High       *float64
				N                      int
			}
		}
	}
	if err := json.Unmarshal([]byte(o.out), &result); err != nil {
		t.Fatal(err)
	}
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	for _, a := range result.Arms {
		for _, v := range a.Scores {
			rows = append(rows, []string{s.preset, s.network, s.solver, strconv.Itoa(seed), a.Name, v.Metric, v.Target, v.Images, strconv.Itoa(v.N), number(v.Value), number(v.Low), number(v.High)})
		}
	}
	return rows
}

var resultHeader = []string{"preset", "network", "solver", "seed", "arm", "metric", "target", "images", "n", "value", "low", "high"}

// The results that ship are those that the program finds. Written anew, with
// the weights that padlab does not ship, in about 35 minutes on two cores, by
//
//	go test ./tui/cli -run '^TestResults$' -timeout 3h -update -weights squeezenet1_0.safetensors
//
// and those of one preset with -only PRESET.
// Without -update the table is made again from the figures, and with -long one
// study is run again and must find them to the last bit.
func TestResults(t *testing.T) {
	folder := filepath.Join("..", "..", "presets", "results")
	figures, table := filepath.Join(folder, "readout.csv"), filepath.Join(folder, "readout.md")
	if *update {
		if *weights == "" {
			t.Skip("written anew only with -weights")
		}
		all, old := [][]string{resultHeader}, [][]string{}
		if *only != "" {
			old = rowsOf(t, figures, resultHeader)
		}
		for _, s := range studies() {
			for seed := 1; seed <= resultSeeds; seed++ {
				if *only == "" || *only == s.preset {
					all = append(all, s.run(t, seed)...)
				} else {
					all = append(all, s.of(old, seed)...)
				}
			}
		}
		var b strings.Builder
		if err := csv.NewWriter(&b).WriteAll(all); err != nil {
			t.Fatal(err)
		}
		write(t, figures, b.String())
	}
	file, err := os.Open(figures)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 2 || !slices.Equal(rows[0], resultHeader) {
		t.Fatalf("%s: %v", figures, err)
	}
	found := findings(rows[1:])
	for _, s := range studies() {
		for seed := 1; seed <= resultSeeds; seed++ {
			if !slices.ContainsFunc(rows, func(r []string) bool {
				return r[0] == s.preset && r[1] == s.network && r[2] == s.solver && r[3] == strconv.Itoa(seed)
			}) {
				t.Errorf("no figures of %+v, seed %d", s, seed)
			}
		}
	}
	want := found.text(t)
	if *update {
		write(t, table, want)
	}
	if got, err := os.ReadFile(table); err != nil || string(got) != want {
		t.Errorf("%s is not what %s says: %v", table, figures, err)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range found.lines() {
		if !strings.Contains(string(readme), line) {
			t.Errorf("README.md does not say %q", line)
		}
	}
	if *long && !*update {
		again := study{"table3-layers", trained, "sgd"}
		fresh, kept := again.run(t, 2), again.of(rows, 2)
		if !slices.EqualFunc(fresh, kept, slices.Equal) {
			t.Errorf("found now\n%v\nkept\n%v", fresh, kept)
		}
	}
}

// rowsOf are the rows of a file of figures, without the header.
func rowsOf(t *testing.T, path string, header []string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 2 || !slices.Equal(rows[0], header) {
		t.Fatalf("%s: %v", path, err)
	}
	return rows[1:]
}

// of are the rows of a study and a seed.
func (s study) of(rows [][]string, seed int) (list [][]string) {
	for _, r := range rows {
		if slices.Equal(r[:4], []string{s.preset, s.network, s.solver, strconv.Itoa(seed)}) {
			list = append(list, r)
		}
	}
	return list
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// findings are rows of figures.
type findings [][]string

// at is the value, and its interval over photographs, of one seed.
func (f findings) at(s study, seed int, arm, metric, target, images string) (value, low, high float64, ok bool) {
	want := []string{s.preset, s.network, s.solver, strconv.Itoa(seed), arm, metric, target, images}
	i := slices.IndexFunc(f, func(r []string) bool { return slices.Equal(r[:8], want) })
	if i < 0 {
		return 0, 0, 0, false
	}
	number := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return math.NaN()
		}
		return v
	}
	return number(f[i][9]), number(f[i][10]), number(f[i][11]), true
}

// over is the mean over the seeds with half the width of its interval, and the
// mean half width over photographs.
func (f findings) over(s study, arm, metric, target, images string) (mean, seeds, photographs float64) {
	var values []float64
	for seed := 1; seed <= resultSeeds; seed++ {
		v, low, high, ok := f.at(s, seed, arm, metric, target, images)
		if !ok {
			return math.NaN(), math.NaN(), math.NaN()
		}
		values = append(values, v)
		photographs += (high - low) / 2 / resultSeeds
	}
	mean, low, high := border.IntervalIn(values, math.Inf(-1), math.Inf(1))
	return mean, (high - low) / 2, photographs
}

func short(v float64, digits int) string {
	if math.IsNaN(v) {
		return ""
	}
	text := strings.Replace(strconv.FormatFloat(v, 'f', digits, 64), "0.", ".", 1)
	return strings.Replace(text, "-", "−", 1)
}

// text is the table that people read.
func (f findings) text(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# What read-outs find\n\n")
	b.WriteString("Figures of this program beside those of Islam et al. 2020 (VGG-16 and PosENet alone) and of independent trials in PyTorch at the settings of the presets. ")
	fmt.Fprintf(&b, "Each is the mean of %d seeds on photographs that the read-out has not seen; ± is half a 95 %% interval, first over seeds (Student's t), then over photographs (of one seed). ", resultSeeds)
	b.WriteString("SPC is Spearman's rank correlation, MAE the mean absolute error; stripes go from −1 to 1 there. All figures are in readout.csv; both files are written by\n\n")
	b.WriteString("    go test ./tui/cli -run '^TestResults$' -timeout 3h -update -weights squeezenet1_0.safetensors\n\n")
	for _, s := range studies() {
		e, err := (&session{}).load(s.preset)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "## %s, %s, %s\n\n%s `padlab %s`\n\n", s.preset, s.network, s.solver, e.Title, strings.Join(s.command(1, "squeezenet1_0.safetensors"), " "))
		b.WriteString("| arm | target | SPC | ± seeds | ± photographs | paper | trials | MAE | paper | trials | SPC black | white |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
		arms, err := e.Expand()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range arms {
			for _, of := range e.Readout.Targets {
				target := string(of)
				spc, seeds, photographs := f.over(s, a.Name, "spc", target, "natural")
				mae, _, _ := f.over(s, a.Name, "mae", target, "natural")
				black, _, _ := f.over(s, a.Name, "spc", target, "black")
				white, _, _ := f.over(s, a.Name, "spc", target, "white")
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", a.Name, target, short(spc, 3), short(seeds, 3), short(photographs, 3),
					figureOf(e, s, "paper", a.Name, "spc", target), figureOf(e, s, "trials", a.Name, "spc", target), short(mae, 3),
					figureOf(e, s, "paper", a.Name, "mae", target), figureOf(e, s, "trials", a.Name, "mae", target), short(black, 2), short(white, 2))
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("## Criteria\n\nWhat the trials say must show, and in how many of the seeds it does.\n\n| | holds in |\n|---|---|\n")
	for _, c := range criteria() {
		held := 0
		for seed := 1; seed <= resultSeeds; seed++ {
			if c.holds(func(arm, metric, target, images string) float64 {
				v, _, _, ok := f.at(c.study, seed, arm, metric, target, images)
				if !ok {
					t.Fatalf("%+v has no %s of %s on %s by %s", c.study, metric, target, images, arm)
				}
				return v
			}) {
				held++
			}
		}
		fmt.Fprintf(&b, "| %s, %s, %s: %s | %d of %d |\n", c.study.preset, c.study.network, c.study.solver, c.text, held, resultSeeds)
	}
	return b.String()
}

// lines are those of the README's table, but for its last column: the rank
// correlation of H on photographs.
func (f findings) lines() (list []string) {
	row := func(what, preset, between string, arms ...string) {
		line := "| " + what + " |"
		for _, network := range []string{trained, squeezenet} {
			var values []string
			for _, arm := range arms {
				mean, _, _ := f.over(study{preset, network, "sgd"}, arm, "spc", "H", "natural")
				values = append(values, short(mean, 2))
			}
			line += " " + strings.Join(values, between) + " |"
		}
		list = append(list, line)
	}
	row("raw picture", "table1", " ", "raw")
	row("… with zeros around it in the read-out, 1 and 2 rings of them", "table4-where", ", ", "raw, padding 1", "raw, padding 2")
	row("network with zeros", "table1", " ", "network")
	row("… its first to last tap", "table3-layers", " ", "tap 1", "tap 2", "tap 3", "tap 4")
	row("… read-out of 1, 2, 3 convolutions", "table2-depth", " ", "network, 1", "network, 2", "network, 3")
	row("… read-out of 1×1, 3×3, 7×7", "table2-kernel", " ", "network, 1", "network, 3", "network, 7")
	row("`partial`, `circular`, `replicate`, `reflect` in place of zeros", "ranking", " ", "partial", "circular", "replicate", "reflect")
	row("the same weights without padding", "table4-where", " ", "network, none")
	return list
}

// figureOf is what others have found.
func figureOf(e *experiment.Experiment, s study, source, arm, metric, target string) string {
	kind := map[string]string{trained: "training", squeezenet: "weights"}[s.network]
	for _, g := range e.References {
		if !strings.HasPrefix(g.Source, source) || g.Arm != arm || g.What != metric || g.Images != "natural" || g.With != "" && g.With != kind {
			continue
		}
		for _, v := range g.Values {
			if string(v.Target) == target {
				return short(float64(v.Number), 3)
			}
		}
	}
	return ""
}

// A criterion is what must show in every seed of a study.
type criterion struct {
	study study
	text  string
	holds func(value func(arm, metric, target, images string) float64) bool
}

func criteria() (list []criterion) {
	type values = func(arm, metric, target, images string) float64
	spc := func(v values, arm, target string) float64 { return v(arm, "spc", target, "natural") }
	for _, solver := range []string{"sgd", "ridge"} {
		s := study{"ranking", trained, solver}
		list = append(list,
			criterion{s, "SPC of H and G: zeros above circular by .15", func(v values) bool {
				return spc(v, "zeros", "H") >= spc(v, "circular", "H")+.15 && spc(v, "zeros", "G") >= spc(v, "circular", "G")+.15
			}},
			criterion{s, "SPC of H and G: circular above reflect and replicate by .1", func(v values) bool {
				for _, target := range []string{"H", "G"} {
					if spc(v, "circular", target) < max(spc(v, "reflect", target), spc(v, "replicate", target))+.1 {
						return false
					}
				}
				return true
			}},
			criterion{s, "SPC on black and white exactly 0 for circular, reflect, replicate", func(v values) bool { return blind(v, "circular", "reflect", "replicate") }},
			criterion{s, "SPC of H on white above .6 for zeros", func(v values) bool { return v("zeros", "spc", "H", "white") > .6 }},
		)
	}
	for _, network := range []string{trained, squeezenet} {
		table1 := study{"table1", network, "sgd"}
		list = append(list,
			criterion{table1, "SPC of H within .1 of 0 for the raw picture", func(v values) bool { return math.Abs(spc(v, "raw", "H")) < .1 }},
			criterion{table1, "SPC: HS below H below G", func(v values) bool {
				return spc(v, "network", "HS") < spc(v, "network", "H") && spc(v, "network", "H") < spc(v, "network", "G")
			}},
			criterion{table1, "SPC of H at least .6, MAE at most .19", func(v values) bool {
				return spc(v, "network", "H") >= .6 && v("network", "mae", "H", "natural") <= .19
			}},
			criterion{table1, "SPC: H and G above HS, V above VS, by .15", func(v values) bool {
				return min(spc(v, "network", "H"), spc(v, "network", "G")) >= spc(v, "network", "HS")+.15 && spc(v, "network", "V") >= spc(v, "network", "VS")+.15
			}},
			criterion{study{"table2-kernel", network, "sgd"}, "SPC of H: kernel 3 above kernel 1 by .05", func(v values) bool { return spc(v, "network, 3", "H") >= spc(v, "network, 1", "H")+.05 }},
			criterion{study{"table2-depth", network, "sgd"}, "SPC of H: depth 3 above depth 1", func(v values) bool { return spc(v, "network, 3", "H") > spc(v, "network, 1", "H") }},
			criterion{study{"table4-where", network, "sgd"}, "raw: SPC of H within .15 of 0 without padding, rising over 0, 1, 2 for H, G, HS, on white too; 0 on black", func(v values) bool {
				rising := math.Abs(spc(v, "raw, padding 0", "H")) < .15
				for _, target := range []string{"H", "G", "HS"} {
					for _, images := range []string{"natural", "white"} {
						rising = rising && v("raw, padding 0", "spc", target, images) < v("raw, padding 1", "spc", target, images) && v("raw, padding 1", "spc", target, images) < v("raw, padding 2", "spc", target, images)
					}
					rising = rising && v("raw, padding 2", "spc", target, "black") == 0
				}
				return rising
			}},
			criterion{study{"table4-where", network, "sgd"}, "SPC of H within .2 of 0 for the network without padding", func(v values) bool { return math.Abs(spc(v, "network, none", "H")) < .2 }},
		)
	}
	layers := study{"table3-layers", squeezenet, "sgd"}
	s := study{"ranking", squeezenet, "sgd"}
	return append(list,
		criterion{study{"table3-layers", trained, "sgd"}, "SPC of H rises strictly with the tap", func(v values) bool {
			return spc(v, "tap 1", "H") < spc(v, "tap 2", "H") && spc(v, "tap 2", "H") < spc(v, "tap 3", "H") && spc(v, "tap 3", "H") < spc(v, "tap 4", "H")
		}},
		criterion{layers, "SPC of H within .15 of 0 at tap 1, before any padding", func(v values) bool { return math.Abs(spc(v, "tap 1", "H")) < .15 }},
		criterion{layers, "SPC of H: taps 3 and 4 above tap 2 above tap 1", func(v values) bool {
			return min(spc(v, "tap 3", "H"), spc(v, "tap 4", "H")) > spc(v, "tap 2", "H") && spc(v, "tap 2", "H") > spc(v, "tap 1", "H")
		}},
		criterion{s, "SPC of H: zeros above circular and reflect by .2", func(v values) bool {
			return spc(v, "zeros", "H") >= max(spc(v, "circular", "H"), spc(v, "reflect", "H"))+.2
		}},
		criterion{s, "SPC on black and white exactly 0 for circular and reflect", func(v values) bool { return blind(v, "circular", "reflect") }},
	)
}

// blind reports whether nothing of H and G is read out of black and white.
func blind(v func(arm, metric, target, images string) float64, arms ...string) bool {
	for _, arm := range arms {
		for _, target := range []string{"H", "G"} {
			if v(arm, "spc", target, "black") != 0 || v(arm, "spc", target, "white") != 0 {
				return false
			}
		}
	}
	return true
}
