package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"padlab/core/record"
	"padlab/presets"
	"padlab/tui/report"
)

// headlineSeeds is how many networks of each arm the README's table is of.
const headlineSeeds = 20

// The table of the default experiment, in the README and in presets/results, is
// made of figures that the program finds. They are written anew, in about ten
// minutes on two cores, by
//
//	go test ./tui/cli -run '^TestHeadline$' -timeout 1h -update
//
// Without -update the tables are made again from the figures, and with -long one
// seed is run again and must find them to the last bit.
func TestHeadline(t *testing.T) {
	folder := filepath.Join("..", "..", "presets", "results")
	figures, table := filepath.Join(folder, presets.Default+".csv"), filepath.Join(folder, presets.Default+".md")
	tried := filepath.Join(folder, presets.Default+"-tried.csv")
	if *update {
		o := padlab(t, "run", presets.Default, "--seeds", strconv.Itoa(headlineSeeds), "--quiet", "--format", "csv")
		write(t, figures, o.out)
		var b strings.Builder
		if err := csv.NewWriter(&b).WriteAll(try(t)); err != nil {
			t.Fatal(err)
		}
		write(t, tried, b.String())
	}
	rows := rowsOf(t, figures, strings.Split("arm,seed,metric,target,images,unit,distance,n,value,low,high,chance", ","))
	lines := headline(t, rows)
	text := fmt.Sprintf(`# Where am I? %d seeds

Accuracy beyond guessing, mean of %d seeds (lowest to highest), made by

    padlab run %s --seeds %d --format csv

%s
The figures of every seed, plain accuracy and the bits are in %s.csv.

## How it was chosen

Settings that were tried, with zeros, reflect and none, seeds 1 to %d: how many of the networks came within .05 of their
ceiling in every ring of more than one cell, the furthest that one stayed from it, and whether the ceiling falls from the
border to the innermost such ring.

%s`, headlineSeeds, headlineSeeds, presets.Default, headlineSeeds, lines, presets.Default, triedSeeds, triedTable(rowsOf(t, tried, triedHeader)))
	if *update {
		write(t, table, text)
	}
	if contentOf(t, folder, presets.Default+".md") != text {
		t.Errorf("%s is not made from the figures; -update writes it anew:\n%s", table, text)
	}
	if readme := contentOf(t, filepath.Join("..", ".."), "README.md"); !strings.Contains(readme, lines) {
		t.Errorf("README.md has another table than\n%s", lines)
	}
	if *long {
		o := padlab(t, "run", presets.Default, "--seed", "2", "--quiet", "--format", "csv")
		again, err := csv.NewReader(strings.NewReader(o.out)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range again[1:] {
			if !slices.ContainsFunc(rows, func(r []string) bool { return slices.Equal(r, row) }) {
				t.Errorf("found again: %q, which %s does not have", row, figures)
			}
		}
	}
}

// headline is the table in Markdown.
func headline(t *testing.T, rows [][]string) string {
	known := ceilings(t)
	var b strings.Builder
	b.WriteString("| arm | all cells | at the border | 1 cell away | 2 cells away | seeds within .05 of every ceiling |\n|---|---|---|---|---|---|\n")
	for _, arm := range known {
		fmt.Fprintf(&b, "| `%s` |", arm.Name)
		most := "| … its ceiling |"
		within := map[string]bool{} // of each seed
		for ring := -1; ring < 3; ring++ {
			distance, ceiling := "", *arm.Scores[1].Ceiling
			if ring >= 0 {
				distance, ceiling = strconv.Itoa(ring), *arm.Profiles[1].Rings[ring].Ceiling
			}
			low, high, sum, n := math.Inf(1), math.Inf(-1), 0.0, 0.0
			for _, r := range rows {
				if r[0] != arm.Name || r[1] == "mean" || r[2] != "beyond-guessing" || r[6] != distance {
					continue
				}
				v, err := strconv.ParseFloat(r[8], 64)
				if err != nil {
					t.Fatal(err)
				}
				low, high, sum, n = min(low, v), max(high, v), sum+v, n+1
				if _, ok := within[r[1]]; !ok {
					within[r[1]] = true
				}
				within[r[1]] = within[r[1]] && math.Abs(v-float64(ceiling)) <= 0.05
			}
			if n != headlineSeeds {
				t.Fatalf("%s has %g seeds, want %d", arm.Name, n, headlineSeeds)
			}
			if low == 0 && high == 0 {
				b.WriteString(" 0 exactly |")
			} else {
				fmt.Fprintf(&b, " %.3f (%.3f to %.3f) |", sum/n, low, high)
			}
			most += fmt.Sprintf(" %.3f |", float64(ceiling))
		}
		reached := 0
		for _, ok := range within {
			if ok {
				reached++
			}
		}
		fmt.Fprintf(&b, " %d of %d |\n", reached, len(within))
		if *arm.Scores[1].Ceiling > 0 {
			b.WriteString(most + " |\n")
		}
	}
	return b.String()
}

// ceilings are what is known of the arms before anything is trained.
func ceilings(t *testing.T) []record.Arm {
	o := padlab(t, "run", presets.Default, "--set", "train.steps=0", "--set", "eval.images=2", "--quiet", "--format", "json")
	var r record.Result
	if err := json.Unmarshal([]byte(o.out), &r); err != nil {
		t.Fatal(err)
	}
	return r.Arms
}

// triedSeeds is how many networks of each arm were trained per setting.
const triedSeeds = 3

var triedHeader = []string{"settings", "networks", "within", "furthest", "falls"}

// try trains the default experiment with other settings, the chosen ones first.
func try(t *testing.T) (rows [][]string) {
	rows = append(rows, triedHeader)
	for _, settings := range []string{
		"",
		"train.lr=0.01",
		"train.lr=0.003",
		"train.steps=160",
		"train.steps=640 train.lr=0.01",
		"train.schedule=constant train.lr=0.003",
		"canvas.grid=7",
		"net.arch=small",
		"net.arch=small canvas.grid=7 train.schedule=constant train.lr=0.003 train.steps=600",
	} {
		args := []string{"run", presets.Default, "--seeds", strconv.Itoa(triedSeeds), "--set", "net.padding=zeros,reflect,none", "--quiet", "--format", "json"}
		for _, s := range strings.Fields(settings) {
			args = append(args, "--set", s)
		}
		var r record.Result
		if err := json.Unmarshal([]byte(padlab(t, args...).out), &r); err != nil {
			t.Fatal(err)
		}
		networks, within, furthest, falls := 0, 0, 0.0, true
		for _, arm := range r.Arms {
			rings := arm.Profiles[1].Rings
			if report.OneCell(arm.Profiles[1], len(rings)-1) {
				rings = rings[:len(rings)-1]
			}
			falls = falls && *rings[len(rings)-1].Ceiling < *rings[0].Ceiling
			for _, seed := range arm.Seeds {
				worst := 0.0
				for d, ring := range rings {
					worst = max(worst, math.Abs(float64(seed.Profiles[1].Rings[d].Value-*ring.Ceiling)))
				}
				if networks++; worst <= 0.05 {
					within++
				}
				furthest = max(furthest, worst)
			}
		}
		rows = append(rows, []string{settings, strconv.Itoa(networks), strconv.Itoa(within), strconv.FormatFloat(furthest, 'f', 3, 64), strconv.FormatBool(falls)})
	}
	return rows
}

func triedTable(rows [][]string) string {
	var b strings.Builder
	b.WriteString("| settings | networks within .05 | furthest | ceiling falls |\n|---|---|---|---|\n")
	for _, r := range rows {
		settings, falls := "as it ships", "no"
		if r[0] != "" {
			settings = "`" + strings.ReplaceAll(r[0], " ", "`, `") + "`"
		}
		if r[4] == "true" {
			falls = "yes"
		}
		fmt.Fprintf(&b, "| %s | %s of %s | %s | %s |\n", settings, r[2], r[1], r[3], falls)
	}
	return b.String()
}
