package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCompare(t *testing.T) {
	first, second, reading := kept(t), kept(t, "--seed", "2", "--set", "train.batch=5"), filepath.Join(t.TempDir(), "reading")
	padlab(t, "run", fileOf(t, "reading.toml", tinyReading), "--data", tinyDir, "--quiet", "--out", reading).want(t, exitOK, "")
	o := padlab(t, "compare", first, second, first)
	o.want(t, exitOK, "")
	for _, want := range []string{
		"1  " + first + ": " + tinyFile + ", seed 1, with 95 % intervals over 10 images (this network)\n",
		"2  " + second + ": " + tinyFile + ", seed 2, with 95 % intervals over 10 images (this network)\n   differs from 1 in seed=2, train.batch=5\n",
		"3  " + first + ": ", "\n   the same experiment as 1\n",
		"\nAccuracy beyond guessing on test:\narm        1 ",
		"\ncircular   0.000 exactly ",
	} {
		if !strings.Contains(o.out, want) {
			t.Errorf("no %q in\n%s", want, o.out)
		}
	}

	// Every number is that of its own record.
	var c struct {
		Schema int
		Runs   []struct {
			Folder      string
			Seed        int
			Ended       bool
			Differences []string
			Arms        []struct {
				Name, Status, Metric string
				Value                json.Number
			}
		}
	}
	o = padlab(t, "compare", first, second, "--format", "json")
	if err := json.Unmarshal([]byte(o.out), &c); err != nil || c.Schema != 1 || len(c.Runs) != 2 {
		t.Fatalf("%v in\n%s", err, o.out)
	}
	if c.Runs[0].Differences == nil || len(c.Runs[0].Differences) != 0 || !slices.Equal(c.Runs[1].Differences, []string{"seed=2", "train.batch=5"}) {
		t.Errorf("%+v", c.Runs)
	}
	rows, err := csv.NewReader(strings.NewReader(padlab(t, "compare", first, second, "--format", "csv").out)).ReadAll()
	if err != nil || len(rows) != 5 || strings.Join(rows[0], ",") != "run,arm,status,seed,metric,target,images,n,value,low,high,chance" {
		t.Fatalf("%v, %q", err, rows)
	}
	for i, run := range c.Runs {
		own := document(t, padlab(t, "show", run.Folder, "--format", "json"))
		for j, a := range run.Arms {
			found := false
			for _, s := range own.Arms[j].Scores {
				found = found || s.Metric == a.Metric && *s.Value == a.Value
			}
			if a.Name != own.Arms[j].Name || a.Metric != "beyond-guessing" || a.Status != "done" || !run.Ended || !found {
				t.Errorf("%+v is not in %+v", a, own.Arms[j])
			}
			row := rows[1+2*i+j]
			if row[0] != run.Folder || row[1] != a.Name || row[3] != fmt.Sprint(i+1) || row[8] != a.Value.String() {
				t.Errorf("%q", row)
			}
		}
	}

	// What was measured otherwise has a table of its own.
	o = padlab(t, "compare", first, reading)
	if !strings.Contains(o.out, "\nRank correlation of H on ") || strings.Count(o.out, "\narm ") != 2 || !strings.Contains(o.out, "   –") {
		t.Error(o.out)
	}
}

// Of a run that was stopped, what there is.
func TestCompareStopped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "stopped")
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	go func() {
		defer stop()
		for evaluated := false; !evaluated && ctx.Err() == nil; time.Sleep(time.Millisecond) {
			data, _ := os.ReadFile(filepath.Join(dir, "events.jsonl")) // not there yet
			evaluated = strings.Contains(string(data), `"event":"eval"`)
		}
	}()
	within(t, &session{ctx: ctx}, append(tiny("--quiet", "--out", dir), "--set", "train.steps=10000000")...).want(t, exitInterrupted, "")
	o := padlab(t, "compare", dir, kept(t))
	if !strings.Contains(o.out, ", has not ended\n") || !strings.Contains(o.out, " (stopped after ") || o.code != exitOK {
		t.Errorf("%+v", o)
	}
}

func TestCompareUsage(t *testing.T) {
	dir, none := kept(t), t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{dir}, "compare takes the folders of two records or sweeps, or more (see padlab compare --help)"},
		{[]string{dir, none}, none + " holds no record"},
		{[]string{dir, dir, "--format", "jsno"}, `unknown format "jsno": did you mean "json"? (known: text, json, csv)`},
	} {
		padlab(t, append([]string{"compare"}, c.args...)...).want(t, exitUsage, c.want)
	}
}

// A sweep is a column, too: its combinations stand for arms, with their means over seeds,
// beside those of another sweep.
func TestCompareSweeps(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	padlab(t, tinySweep("--quiet", "--out", one)...).want(t, exitOK, "")
	padlab(t, tinySweep("--quiet", "--out", two, "--set", "train.batch=5")...).want(t, exitOK, "")
	o := padlab(t, "compare", one, two)
	o.want(t, exitOK, "")
	for _, want := range []string{"2  " + two + ": " + tinyFile + ", ", "   differs from 1 in train.batch=5\n", "means over 2 seeds"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("no %q in\n%s", want, o.out)
		}
	}
	var table tableShape
	decode(t, padlab(t, "sweep", "merge", two, "--format", "json").out, &table)
	rows, err := csv.NewReader(strings.NewReader(padlab(t, "compare", one, two, "--format", "csv").out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, row := range rows[1:] {
		if row[0] != two {
			continue
		}
		n++
		found := slices.ContainsFunc(table.Rows, func(r rowShape) bool {
			return strings.Join(append(slices.Clone(r.Values), r.Arm), ", ") == row[1] && r.Metric == row[4] && fmt.Sprint(*r.Mean) == row[8]
		})
		if !found || row[3] != "mean" {
			t.Errorf("%q is not in the sweep's own table", row)
		}
	}
	if n != 4 {
		t.Errorf("%d rows of the second sweep, want 2 grids with 2 arms", n)
	}
}
