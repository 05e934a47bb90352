package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unicode/utf8"

	"padlab/core/record"
	"padlab/core/sweep"
)

// tinySweep is the command line of a sweep of four cells of two arms.
func tinySweep(more ...string) []string {
	return append([]string{"sweep", tinyFile, "--data", tinyDir, "--vary", "canvas.grid=3,4", "--seeds", "2"}, more...)
}

type tableShape struct {
	Schema      int               `json:"schema"`
	Name        string            `json:"name"`
	Title       string            `json:"title"`
	Vary        []factorShape     `json:"vary"`
	Seed        int               `json:"seed"`
	Seeds       int               `json:"seeds"`
	Cells       int               `json:"cells"`
	Ended       int               `json:"ended"`
	Problems    []problemShape    `json:"problems"`
	Rows        []rowShape        `json:"rows"`
	Comparisons []comparisonShape `json:"comparisons"`
}

type factorShape struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

type problemShape struct {
	Cell   int      `json:"cell"`
	Values []string `json:"values"`
	Seed   int      `json:"seed"`
	Arm    string   `json:"arm,omitempty"`
	Status string   `json:"status"`
	Text   string   `json:"problem,omitempty"`
}

type rowShape struct {
	Values   []string `json:"values"`
	Arm      string   `json:"arm,omitempty"`
	Metric   string   `json:"metric"`
	Target   string   `json:"target,omitempty"`
	Images   string   `json:"images"`
	Unit     string   `json:"unit,omitempty"`
	Distance *int     `json:"distance,omitempty"`
	N        int      `json:"n"`
	Mean     number   `json:"mean"`
	Low      number   `json:"low"`
	High     number   `json:"high"`
	Few      bool     `json:"few_seeds,omitempty"`
	Chance   number   `json:"chance"`
	BySeed   []number `json:"by_seed"`
}

type comparisonShape struct {
	Factor string   `json:"factor"`
	A      string   `json:"a"`
	B      string   `json:"b"`
	Values []string `json:"values"`
	Arm    string   `json:"arm,omitempty"`
	Metric string   `json:"metric"`
	Target string   `json:"target,omitempty"`
	Images string   `json:"images"`
	N      int      `json:"n"`
	Mean   number   `json:"mean"`
	Low    number   `json:"low"`
	High   number   `json:"high"`
	Few    bool     `json:"few_seeds,omitempty"`
	P      number   `json:"p"`
	Holm   number   `json:"holm"`
}

// value is a number of a shape.
func value(t *testing.T, n number) float64 {
	t.Helper()
	v, err := n.Float64()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Every format of the table, as sweep prints it and merge does.
func TestSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "sweep")
	o := padlab(t, tinySweep("--out", dir, "--format", "json", "--seed", "5", "--seeds", "3")...)
	o.want(t, exitOK, "padlab: cells 1–3: canvas.grid=3, ")
	o.want(t, exitOK, "padlab: canvas.grid=3,4 × seeds 5–7: 6 cells, ")
	if n := strings.Count(o.err, "\ncell "); n != 6 || !strings.Contains(o.err, " of 6 (3, seed 5): accuracy beyond guessing zeros ") {
		t.Errorf("%d cells are told of:\n%s", n, o.err)
	}
	var d tableShape
	decode(t, o.out, &d)
	if d.Schema != 1 || d.Name != tinyFile || d.Title != "Tiny & quick" || d.Seed != 5 || d.Seeds != 3 || d.Cells != 6 || d.Ended != 6 || len(d.Problems) != 0 || len(d.Vary) != 1 || d.Vary[0].Key != "canvas.grid" {
		t.Errorf("%+v", d)
	}
	// The numbers are those of the runs alone.
	for i, grid := range []string{"3", "4"} {
		for j, seed := range []string{"5", "6", "7"} {
			alone := document(t, padlab(t, tiny("--quiet", "--format", "json", "--seed", seed, "--set", "canvas.grid="+grid)...))
			for k, a := range alone.Arms {
				for _, s := range a.Scores {
					at := slices.IndexFunc(d.Rows, func(r rowShape) bool {
						return r.Values[0] == grid && r.Arm == a.Name && r.Metric == s.Metric && r.Distance == nil
					})
					if row := d.Rows[at]; len(row.BySeed) != 3 || string(jsonLine(row.BySeed[j])) != string(jsonLine(s.Value)) || !row.Few {
						t.Errorf("combination %d, arm %d, seed %s: %+v, alone %+v", i, k, seed, row, s)
					}
				}
			}
		}
	}
	// And the differences are those of the rows.
	row := func(grid, arm string) rowShape {
		return d.Rows[slices.IndexFunc(d.Rows, func(r rowShape) bool {
			return r.Values[0] == grid && r.Arm == arm && r.Metric == "accuracy" && r.Distance == nil
		})]
	}
	compared := 0
	for _, c := range d.Comparisons {
		if c.Metric != "accuracy" {
			continue
		}
		compared++
		var a, b rowShape
		if c.Factor == "arm" {
			a, b = row(c.Values[0], c.A), row(c.Values[0], c.B)
		} else {
			a, b = row(c.A, c.Arm), row(c.B, c.Arm)
		}
		if diff := value(t, b.Mean) - value(t, a.Mean) - value(t, c.Mean); diff > 1e-12 || diff < -1e-12 || c.N != 3 || value(t, c.P) < 0.25 || value(t, c.Holm) < value(t, c.P) {
			t.Errorf("%+v", c)
		}
	}
	if compared != 4 { // two grids of two arms, two arms in two grids
		t.Errorf("%d comparisons", compared)
	}

	for _, format := range sweepFormats {
		shown := padlab(t, "sweep", "merge", dir, "--format", format)
		shown.want(t, exitOK, "")
		again := padlab(t, "sweep", "--resume", "--out", dir, "--format", format, "--data", tinyDir, "--quiet")
		if again.out != shown.out || format == "json" && again.out != o.out {
			t.Errorf("%s: gone on with\n%s\nmerged\n%s", format, again.out, shown.out)
		}
		switch format {
		case "text":
			for line := range strings.Lines(shown.out) {
				if utf8.RuneCountInString(line) > 81 {
					t.Errorf("wider than 80 columns: %s", line)
				}
			}
			for _, want := range []string{
				"canvas.grid=3,4 × seeds 5–7: 6 of 6 cells ended\n",
				"\nAccuracy beyond guessing on test: mean over seeds with its 95 % t-interval\ngrid   arm        mean",
				"\n3      circular   0.000 exactly ", "   3, few   0.000\n",
				"\nDifferences between values of canvas.grid on the same seeds, with 95 %\nt-intervals; p by sign flips, and adjusted by Holm over these 2:\narm        difference   mean ",
				"\ncircular   4 − 3        0.000 exactly", " circular − zeros   ", "\nSteps until half on test",
			} {
				if !strings.Contains(shown.out, want) {
					t.Errorf("no %q in\n%s", want, shown.out)
				}
			}
		case "markdown":
			if !strings.HasPrefix(shown.out, "# Tiny & quick (") || !strings.Contains(shown.out, "\n| grid | arm | mean | seeds | chance |\n|---|---|---|---|---|\n| 3 | zeros | ") {
				t.Error(shown.out)
			}
		case "csv":
			rows, err := csv.NewReader(strings.NewReader(shown.out)).ReadAll()
			kinds := map[string]int{}
			for _, r := range rows {
				kinds[r[0]]++
			}
			if err != nil || kinds["score"] != 16 || kinds["ring"] != 24 || kinds["difference"] != 16 || strings.Join(rows[0][:5], ",") != "kind,canvas.grid,arm,seed,metric" {
				t.Errorf("%v %v\n%s", err, kinds, shown.out)
			}
		}
	}

	// A cell is a record like any other.
	p, err := sweep.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	cell := p.Cells[4].Folder(dir)
	shown := padlab(t, "show", cell)
	if shown.want(t, exitOK, ""); !strings.Contains(shown.out, "\nReproduce: padlab run "+tinyFile+" --seed 6 --set canvas.grid=4 --data ") {
		t.Error(shown.out)
	}
	padlab(t, "compare", cell, p.Cells[0].Folder(dir)).want(t, exitOK, "")

	// The folder is drawn as a map, and said to be none of a run.
	file := filepath.Join(t.TempDir(), "map.svg")
	padlab(t, "export", dir, "--figure", file, "--csv", file+".csv").want(t, exitOK, "")
	if drawn := contentOf(t, filepath.Dir(file), "map.svg"); !strings.Contains(drawn, ">canvas.grid</text>") || !strings.Contains(drawn, ">circular</text>") {
		t.Errorf("%.500s", drawn)
	}
	if contentOf(t, filepath.Dir(file), "map.svg.csv") != padlab(t, "sweep", "merge", dir, "--format", "csv").out {
		t.Error("another CSV is exported than is printed")
	}
	padlab(t, "export", dir, "--figure", file, "--force", "--where", "canvas.grid=4").want(t, exitOK, "")
	if drawn := contentOf(t, filepath.Dir(file), "map.svg"); !strings.Contains(drawn, ", canvas.grid=4</text>") || strings.Contains(drawn, ">canvas.grid</text>") || !strings.Contains(drawn, ">circular</text>") {
		t.Errorf("%.500s", drawn)
	}
	for _, c := range [][2]string{{"canvas.grid", "want KEY=VALUE"}, {"canvas.grid=5", `unknown value of canvas.grid "5"`}, {"net.arch=small", `unknown key that varies "net.arch"`}} {
		if o := padlab(t, "export", dir, "--figure", file, "--force", "--where", c[0]); o.code != exitUsage || !strings.Contains(o.err, "--where "+c[0]+": "+c[1]) {
			t.Error(o)
		}
	}
	padlab(t, "export", cell, "--figure", file, "--force", "--where", "canvas.grid=4").want(t, exitUsage, cell+" holds no sweep: --where chooses among the values that one varies\n")
	padlab(t, "export", dir, "--figure", file, "--what", "loss", "--force").want(t, exitUsage, dir+" holds a sweep, of which there is a map, and no loss\n")
	padlab(t, "show", dir).want(t, exitUsage, dir+" holds a sweep: padlab sweep merge "+dir+" prints its table; the records of its cells are in "+sweep.Cells(dir)+"\n")
	if left := namesIn(t, dir); !slices.Equal(left, []string{"cells", "sweep.json"}) {
		t.Errorf("the folder holds %v", left)
	}

	// The folder is not another sweep's, nor run again by mistake, nor by two at once.
	padlab(t, tinySweep("--out", dir, "--seed", "5", "--seeds", "3")...).want(t, exitUsage, "--out: "+dir+" holds this sweep already: padlab sweep --resume --out "+dir+" goes on with what is left of it, padlab sweep merge "+dir+" prints its table\n")
	padlab(t, tinySweep("--out", dir, "--resume")...).want(t, exitUsage, "--out: "+dir+" holds another sweep: seeds 5–7 there, seeds 1–2 here; take another folder\n")
	padlab(t, tinySweep("--out", cell)...).want(t, exitUsage, "--out: "+cell+" holds a run that has ended")
	lock, err := sweep.Lock(record.OS{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	padlab(t, "sweep", "--resume", "--out", dir).want(t, exitUsage, dir+": another run is being written there, by process ")
	lock.Close()
}

// The plan is printed, and nothing is run or written.
func TestSweepPlan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	o := padlab(t, tinySweep("--plan", "--out", dir, "--jobs", "3", "--workers", "6", "--shard", "1/1")...)
	o.want(t, exitOK, "")
	if !regexp.MustCompile(`^cell   canvas\.grid   seed   memory   time +folder
1      3             1      [\d.]+ MB +\d+\.\d s +0001-[0-9a-f]{8}
2      3             2      [\d.]+ MB +\d+\.\d s +0002-[0-9a-f]{8}
3      4             1      [\d.]+ MB +\d+\.\d s +0003-[0-9a-f]{8}
4      4             2      [\d.]+ MB +\d+\.\d s +0004-[0-9a-f]{8}

canvas\.grid=3,4 × seeds 1–2: 4 cells, 3 at once with 2 workers each, [\d.]+ MB of memory each at most, about \d+\.\d s here
$`).MatchString(o.out) || o.err != "" {
		t.Errorf("%s%s", o.out, o.err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder was made")
	}
	if o := padlab(t, tinySweep("--plan", "--shard", "2/3")...); strings.Count(o.out, "\n") != 4 || !strings.Contains(o.out, "\n2      3 ") {
		t.Error(o.out)
	}
}

// Weights from a file say what they are of in every cell, and go on saying it when
// the sweep is gone on with.
func TestSweepOfWeights(t *testing.T) {
	if testing.Short() {
		t.Skip("read-outs take long with the race detector")
	}
	file := filepath.Join(kept(t), "weights-zeros.safetensors")
	args := func(vary, dir string) []string {
		return []string{"sweep", "table1", "--weights", file, "--vary", vary, "--seeds", "1", "--quiet", "--out", dir, "--set", "readout.solver=ridge",
			"--set", "readout.size=32", "--set", "readout.crops=8", "--set", "readout.test_crops=4"}
	}
	padlab(t, args("net.arch=small,vgg5", t.TempDir())...).want(t, exitUsage, "net.arch=vgg5: arm network: "+file+": these look like the weights of small or S, not of vgg5")
	dir := t.TempDir()
	o := padlab(t, args("readout.kernel=1,3", dir)...)
	o.want(t, exitOK, "")
	p, err := sweep.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if e := p.Experiment(p.Cells[1]); e.Net.Arch != "small" || e.Data.Normalize || e.Readout.Kernel != 3 || !strings.Contains(o.out, "\nRank correlation of H on natural: ") {
		t.Errorf("%+v\n%s", e.Net, o.out)
	}
	for _, again := range [][]string{append(args("readout.kernel=1,3", dir), "--resume"), {"sweep", "--resume", "--out", dir, "--quiet"}} {
		if got := padlab(t, again...); got != o {
			t.Errorf("%q: %+v", again, got)
		}
	}
}

// Shards from flags or from the environment of a job array, in one folder or in
// several, give the bytes of one machine, in every format.
func TestSweepInShards(t *testing.T) {
	whole := t.TempDir()
	padlab(t, tinySweep("--out", whole, "--quiet")...).want(t, exitOK, "")
	together := t.TempDir()
	var apart []string
	for i := range 3 {
		shard, dir := []string{"1/3", "2/3", "3/3"}[i], t.TempDir()
		apart = append(apart, dir)
		index := environment("JOB_COMPLETION_INDEX=" + strconv.Itoa(i))
		for _, o := range []outcome{
			padlab(t, tinySweep("--shard", shard, "--out", dir)...),
			within(t, &session{getenv: index}, tinySweep("--shard", "/3", "--out", together)...),
		} {
			if o.want(t, exitOK, "padlab: shard "+shard+": "); o.out != "" {
				t.Errorf("a shard prints\n%s", o.out)
			}
		}
	}
	for _, format := range sweepFormats {
		want := padlab(t, "sweep", "merge", whole, "--format", format)
		for _, dirs := range [][]string{{together}, apart, {apart[2], apart[1], apart[0]}} {
			if got := padlab(t, append([]string{"sweep", "merge", "--format", format}, dirs...)...); got != want {
				t.Errorf("%s of %d folders:\n%s%s\nwant\n%s", format, len(dirs), got.out, got.err, want.out)
			}
		}
	}
}

// The environment of a job array says which shard a task is.
func TestShardOfJobArray(t *testing.T) {
	slurm := func(id, min, max, step, count string) string {
		return "SLURM_ARRAY_TASK_ID=" + id + " SLURM_ARRAY_TASK_MIN=" + min + " SLURM_ARRAY_TASK_MAX=" + max + " SLURM_ARRAY_TASK_STEP=" + step + " SLURM_ARRAY_TASK_COUNT=" + count
	}
	for _, c := range []struct {
		variables, flag string
		want            sweep.Shard
	}{
		{"", "", sweep.Shard{}},
		{"", "2/3", sweep.Shard{Index: 2, Count: 3}},
		{slurm("9", "9", "9", "1", "1"), "2/3", sweep.Shard{Index: 2, Count: 3}},
		{slurm("1", "1", "3", "1", "3"), "", sweep.Shard{Index: 1, Count: 3}},
		{slurm("3", "1", "3", "1", "3"), "", sweep.Shard{Index: 3, Count: 3}},
		{slurm("15", "10", "20", "5", "3"), "", sweep.Shard{Index: 2, Count: 3}},
		{slurm("0", "0", "2", "1", "3"), "/3", sweep.Shard{Index: 1, Count: 3}},
		{"JOB_COMPLETION_INDEX=0", "/3", sweep.Shard{Index: 1, Count: 3}},
		{"JOB_COMPLETION_INDEX=2", "/3", sweep.Shard{Index: 3, Count: 3}},
	} {
		s := &session{getenv: environment(strings.Fields(c.variables)...)}
		if got, err := s.shard(c.flag); got != c.want || err != nil {
			t.Errorf("%q and %q: %v, %v; want %v", c.variables, c.flag, got, err, c.want)
		}
	}
	for _, c := range []struct{ variables, flag, want string }{
		{slurm("3", "3", "7", "1", "2"), "", "the indices of the job array have gaps"},
		{slurm("3", "3", "7", "4", "2"), "/20", "--shard /20, but the job array has 2 tasks: --shard \"$SLURM_ARRAY_TASK_ID/N\" says which of how many it is"},
		{slurm("9", "3", "4", "1", "2"), "", "SLURM_ARRAY_TASK_ID is 9: there is no shard 7 of 2"},
		{slurm("x", "3", "4", "1", "2"), "", `SLURM_ARRAY_TASK_ID must be an integer from 0 on: "x"`},
	} {
		args := tinySweep("--plan")
		if c.flag != "" {
			args = append(args, "--shard", c.flag)
		}
		within(t, &session{getenv: environment(strings.Fields(c.variables)...)}, args...).want(t, exitUsage, c.want)
	}
}

// Interrupted, a sweep says how it is gone on with; its progress on a terminal is
// one line that is rewritten.
func TestSweepIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := within(t, &session{ctx: ctx, err: when{"cell 2 of 4", cancel}}, tinySweep("--out", dir, "--jobs", "1")...)
	o.want(t, exitInterrupted, "\npadlab: interrupted: ")
	o.want(t, exitInterrupted, " of 4 cells ended; padlab sweep --resume --out "+dir+" goes on with the others\n")
	if o.out != "" {
		t.Error(o.out)
	}
	shown := padlab(t, "sweep", "merge", dir)
	shown.want(t, exitFailed, " of 4 ended, not all of them well: the table says which did not\n")
	if !strings.Contains(shown.out, "\nNot in these numbers:\ncell") || !strings.Contains(shown.out, "not been run, or not to") {
		t.Error(shown.out)
	}

	var err bytes.Buffer
	s := &session{ctx: t.Context(), in: strings.NewReader(""), out: io.Discard, err: &err, getenv: environment(), progress: true, disk: record.OS{}}
	if code := run(s, []string{"sweep", "--resume", "--out", dir, "--data", tinyDir}); code != exitOK {
		t.Fatalf("%d %s", code, &err)
	}
	if strings.Contains(err.String(), "\ncell ") {
		t.Errorf("%q", err.String())
	}
	long := &session{in: strings.NewReader(""), out: io.Discard, getenv: environment(), progress: true, disk: record.OS{}}
	var stop context.CancelFunc
	long.ctx, stop = context.WithCancel(t.Context())
	defer stop()
	err.Reset()
	long.err = io.MultiWriter(&err, when{" left  1: 3 ", stop})
	if code := run(long, tinySweep("--out", t.TempDir(), "--jobs", "2", "--set", "train.steps=1000000")); code != exitInterrupted {
		t.Fatalf("%d %s", code, &err)
	}
	if !regexp.MustCompile(`\r\x1b\[K\x1b\[\?7l0 of 4 cells ended, 0:0\d passed, \S+ left  1: 3 \d+ %  2: 3 \d+ %\x1b\[\?7h`).MatchString(err.String()) {
		t.Errorf("%q", err.String())
	}
}

// A cell that diverges is told and listed, and the others are run.
func TestSweepDiverges(t *testing.T) {
	dir := t.TempDir()
	args := []string{"sweep", tinyFile, "--data", tinyDir, "--vary", "train.lr=100,0.001", "--vary", "net.padding=zeros", "--seeds", "2", "--quiet", "--out", dir,
		"--set", "net.arch=vgg5", "--set", "train.optimizer=sgd", "--set", "canvas.fill=white", "--set", "train.steps=60", "--set", "train.eval_every=60", "--set", "eval.images=1"}
	o := padlab(t, args...)
	o.want(t, exitFailed, "padlab: cell 1 (100, zeros, seed 1) diverged: the loss or its gradient was not finite at step ")
	o.want(t, exitFailed, "padlab: 4 cells of 4 ended, not all of them well")
	for _, want := range []string{"\ncell 2 (100, zeros, seed 2): diverged: the loss", "\n0.001   zeros     "} {
		if !strings.Contains(o.out, want) {
			t.Errorf("no %q in\n%s", want, o.out)
		}
	}
	// Merged, it is the same; the shard without them is well.
	if merged := padlab(t, "sweep", "merge", dir); merged.code != exitFailed || merged.out != o.out {
		t.Errorf("%+v", merged)
	}
	csvOf := padlab(t, "sweep", "merge", dir, "--format", "csv")
	if !strings.Contains(csvOf.out, "\ndiverged,100,zeros,,1,") {
		t.Error(csvOf.out)
	}
}

// Wherever the output breaks off, the sweep is kept, and the command fails with one
// sentence.
func TestSweepOutputBreaksOff(t *testing.T) {
	dir := t.TempDir()
	padlab(t, tinySweep("--out", dir, "--quiet")...).want(t, exitOK, "")
	for _, args := range [][]string{{"sweep", "merge", dir}, {"sweep", "--resume", "--out", dir, "--data", tinyDir, "--quiet", "--format", "csv"}, tinySweep("--plan")} {
		for _, n := range []int{0, 100} {
			o := within(t, &session{out: &full{n}}, args...)
			o.want(t, exitFailed, "padlab: the output cannot be written: no space left\n")
			if strings.Count(o.err, "\n") != 1 {
				t.Errorf("%q: want one sentence:\n%s", args, o.err)
			}
		}
	}
}

// A full disk ends a sweep with 1; what has ended is there.
func TestSweepOnFullDisk(t *testing.T) {
	roomy := &narrow{}
	roomy.left.Store(1 << 40)
	within(t, &session{disk: roomy}, tinySweep("--out", t.TempDir(), "--quiet")...).want(t, exitOK, "")
	whole := 1<<40 - roomy.left.Load()
	dir := t.TempDir()
	disk := &narrow{}
	disk.left.Store(whole * 2 / 3)
	o := within(t, &session{disk: disk}, tinySweep("--out", dir, "--quiet", "--jobs", "1")...)
	o.want(t, exitFailed, "padlab: the sweep cannot be written: no space left on device (2 of 4 cells ended and stay; padlab sweep --resume --out "+dir+" goes on)\n")
	if o.out != "" {
		t.Error(o.out)
	}
	disk.left.Store(0)
	within(t, &session{disk: disk}, tinySweep("--out", t.TempDir(), "--quiet")...).want(t, exitFailed, "cannot be written: no space left on device")
	padlab(t, "sweep", "--resume", "--out", dir, "--data", tinyDir, "--quiet").want(t, exitOK, "")
}

// narrow is a disk for so many bytes.
type narrow struct {
	record.OS
	left atomic.Int64
}

func (d *narrow) Create(name string) (record.File, error) {
	f, err := d.OS.Create(name)
	return narrowFile{f, d}, err
}

type narrowFile struct {
	record.File
	disk *narrow
}

func (f narrowFile) Write(p []byte) (int, error) {
	if f.disk.left.Add(-int64(len(p))) < 0 {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(p)
}

// --slurm writes an array and what merges it, which hold all that they need; what
// they run is right, and --submit submits them one behind the other.
func TestSlurmScripts(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "the sweep")
	o := padlab(t, tinySweep("--out", dir, "--slurm", "--tasks", "3", "--jobs", "2", "--kernel", "gonum", "--quiet")...)
	o.want(t, exitOK, "")
	if !strings.HasPrefix(o.out, "3 tasks in '"+filepath.Join(dir, slurmCells)+"'. To submit them:\n\n  cells=$(sbatch --parsable '") {
		t.Error(o.out)
	}
	cells, merge := contentOf(t, dir, slurmCells), contentOf(t, dir, slurmMerge)
	for _, want := range []string{"#!/bin/sh\n", "\n#SBATCH --array=1-3\n", "\n#SBATCH --cpus-per-task=2\n", "\n#SBATCH --requeue\n", "\n#SBATCH --output=\"" + dir + "/slurm-%A-%a.log\"\n",
		` --shard "$SLURM_ARRAY_TASK_ID/3" --jobs 2 --workers 2 --data ` + tinyDir + " --kernel gonum --out '" + dir + "'\n"} {
		if !strings.Contains(cells, want) {
			t.Errorf("no %q in\n%s", want, cells)
		}
	}
	if regexp.MustCompile(`(?m)^#SBATCH --mem=(\d{3,})M$`).FindString(cells) == "" || strings.Contains(merge, "--array") {
		t.Errorf("%s\n%s", cells, merge)
	}
	padlab(t, tinySweep("--out", filepath.Join(base, `a"b`), "--slurm")...).want(t, exitUsage, "has characters that directives of Slurm cannot have")
	padlab(t, tinySweep("--out", dir, "--slurm", "--tasks", "-1", "--quiet")...).want(t, exitUsage, "--tasks must be an integer from 1 to 4")
	t.Setenv("PATH", base)
	padlab(t, tinySweep("--out", dir, "--slurm", "--submit", "--quiet")...).want(t, exitFailed, "padlab: --submit: there is no sbatch here; without --submit the scripts are written all the same\n")
}

// The README's commands for a sweep are understood, that of its manifest as a pod
// gets it, and with -long its table is what the first of them prints.
func TestSweepInReadme(t *testing.T) {
	readme := contentOf(t, filepath.Join("..", ".."), "README.md")
	_, list, _ := strings.Cut(readme, "command: [/padlab, ")
	list, _, ok := strings.Cut(list, "]")
	if !ok {
		t.Fatal("no manifest in the README")
	}
	var args []string
	for word := range strings.SplitSeq(list, ", ") {
		for _, inner := range strings.Split(strings.TrimSpace(word), ",\n") {
			args = append(args, strings.Trim(strings.TrimSpace(inner), `"`))
		}
	}
	o := within(t, &session{getenv: environment("JOB_COMPLETION_INDEX=49")}, append(args, "--plan")...)
	if o.want(t, exitOK, ""); !strings.Contains(o.out, "\n50 ") || strings.Contains(o.out, "\n49 ") {
		t.Errorf("%q:\n%s", args, o.out)
	}
	if !*long {
		return
	}
	const command = "sweep where-am-i --vary net.padding=zeros,none --vary canvas.grid=4,6 --seeds 5 --out sweep/"
	if !strings.Contains(readme, "./padlab "+command+"\n") {
		t.Error("the README has another command")
	}
	t.Chdir(t.TempDir())
	table := padlab(t, append(strings.Fields(command), "--quiet")...)
	table.want(t, exitOK, "")
	_, shown, _ := strings.Cut(readme, "```\nAccuracy beyond guessing on test")
	shown, _, _ = strings.Cut(shown, "```")
	for line := range strings.Lines(shown) {
		if !strings.Contains(table.out, line) {
			t.Errorf("no %q in\n%s", line, table.out)
		}
	}
}
