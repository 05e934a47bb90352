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
)

// headlineSeeds is how many networks of each arm the README's table is of.
const headlineSeeds = 20

// The table of the default experiment, in the README and in presets/results, is
// made of figures that the program finds. They are written anew, in about six
// minutes on two cores, by
//
//	go test ./tui/cli -run '^TestHeadline$' -timeout 1h -update
//
// Without -update the tables are made again from the figures, and with -long one
// seed is run again and must find them to the last bit.
func TestHeadline(t *testing.T) {
	folder := filepath.Join("..", "..", "presets", "results")
	figures, table := filepath.Join(folder, presets.Default+".csv"), filepath.Join(folder, presets.Default+".md")
	if *update {
		o := padlab(t, "run", presets.Default, "--seeds", strconv.Itoa(headlineSeeds), "--quiet", "--format", "csv")
		write(t, figures, o.out)
	}
	rows := rowsOf(t, figures, strings.Split("arm,seed,metric,target,images,unit,distance,n,value,low,high,chance", ","))
	lines := headline(t, rows)
	text := fmt.Sprintf(`# Where am I? %d seeds

Accuracy beyond guessing, mean of %d seeds (lowest to highest), made by

    padlab run %s --seeds %d --format csv

%s
The figures of every seed, plain accuracy and the bits are in %s.csv.
`, headlineSeeds, headlineSeeds, presets.Default, headlineSeeds, lines, presets.Default)
	if *update {
		write(t, table, text)
	}
	if contentOf(t, folder, presets.Default+".md") != text {
		t.Errorf("%s is not made from %s.csv; -update writes it anew", table, presets.Default)
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
