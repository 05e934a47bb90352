//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"padlab/core/sweep"
)

// A process that is killed with kill -9, again and again and at other moments each
// time, loses no cell that has ended, and ends with the bytes of one that was not.
func TestSweepIsKilled(t *testing.T) {
	args := func(dir string) []string {
		return tinySweep("--out", dir, "--resume", "--set", "train.steps=40", "--set", "train.eval_every=20", "--seeds", "4", "--jobs", "2")
	}
	calm, killed := filepath.Join(t.TempDir(), "calm"), filepath.Join(t.TempDir(), "killed")
	padlab(t, append(args(calm), "--quiet")...).want(t, exitOK, "")
	p, err := sweep.Open(calm)
	if err != nil {
		t.Fatal(err)
	}
	ended := func() map[int]string {
		found := map[int]string{}
		for _, c := range p.Cells {
			if c.Ended(killed) {
				found[c.Number] = contentOf(t, c.Folder(killed), "result.json")
			}
		}
		return found
	}
	before := map[int]string{}
	kills := 0
	most := 4
	if *long {
		most = 40
	}
	for n := range most {
		c := child(t, args(killed)...)
		// The instant: when cells begin, or when one has ended, and some milliseconds
		// more each time.
		begun := make(chan struct{})
		c.Stderr = when{[]string{" at once with ", "cell "}[n%2], sync.OnceFunc(func() { close(begun) })}
		start(t, c)
		done := make(chan syscall.WaitStatus, 1)
		go func() {
			c.Wait()
			done <- c.ProcessState.Sys().(syscall.WaitStatus)
		}()
		select {
		case <-begun:
			time.Sleep(time.Duration(n*13%40) * time.Millisecond)
			c.Process.Kill()
		case s := <-done:
			done <- s
		}
		status := <-done
		after := ended()
		for number, content := range before {
			if after[number] != content {
				t.Fatalf("kill %d: cell %d had ended, and is another", n, number)
			}
		}
		before = after
		if status.Exited() {
			if status.ExitStatus() != exitOK {
				t.Fatalf("ended with %v", status)
			}
			break
		}
		kills++
	}
	if kills < 3 {
		t.Errorf("it was killed %d times", kills)
	}
	padlab(t, append(args(killed), "--quiet")...).want(t, exitOK, "")
	for _, c := range p.Cells {
		if same(contentOf(t, c.Folder(killed), "result.json")) != same(contentOf(t, c.Folder(calm), "result.json")) {
			t.Errorf("cell %d is another", c.Number)
		}
		for _, name := range []string{"weights-zeros.safetensors", "weights-circular.safetensors", "experiment.toml"} {
			if contentOf(t, c.Folder(killed), name) != contentOf(t, c.Folder(calm), name) {
				t.Errorf("cell %d: another %s", c.Number, name)
			}
		}
	}
	for _, format := range sweepFormats {
		if a, b := padlab(t, "sweep", "merge", killed, "--format", format), padlab(t, "sweep", "merge", calm, "--format", format); a != b || a.code != exitOK {
			t.Errorf("%s:\n%s\nwant\n%s", format, a.out, b.out)
		}
	}
	if left := namesIn(t, killed); strings.Join(left, " ") != "cells sweep.json" {
		t.Errorf("there is left %v", left)
	}
}

// Every signal that asks for it ends a sweep within a second, with what there is.
func TestSweepSignals(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		dir := t.TempDir()
		c := child(t, tinySweep("--out", dir, "--set", "train.steps=10000000", "--set", "train.eval_every=1000000")...)
		told := make(chan struct{})
		c.Stderr = when{" at once with ", sync.OnceFunc(func() { close(told) })}
		start(t, c)
		<-told
		for deadline := time.Now().Add(30 * time.Second); ; {
			if parts, _ := filepath.Glob(filepath.Join(dir, "unfinished", "*", "experiment.toml")); len(parts) > 0 || time.Now().After(deadline) {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		c.Process.Signal(signal)
		if status := ended(t, c); status.ExitStatus() != exitInterrupted {
			t.Errorf("%v: %v", signal, status)
		}
		if parts, _ := filepath.Glob(filepath.Join(dir, "unfinished", "*", "checkpoint.json")); len(parts) == 0 {
			t.Error("nothing is kept of the cells that were being run")
		}
		if _, err := os.Stat(filepath.Join(dir, "lock")); err == nil {
			t.Error("the folder is locked")
		}
	}
}

// What --submit hands to sbatch runs: here to one that runs the tasks of an array at
// once, one of them twice, and what depends on it afterwards. A real Slurm does the
// same in .ci/run.
func TestSlurmSubmits(t *testing.T) {
	bin, whole, dir := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "it's here")
	const sbatch = `#!/bin/sh
export PADLAB_TEST_AS_CHILD=1
echo "$@" >>"$(dirname "$0")/calls"
for script; do :; done
if grep -q -- --array= "$script"; then
	for SLURM_ARRAY_TASK_ID in 1 2 2 3; do
		export SLURM_ARRAY_TASK_ID
		sh "$script" || exit &
	done
	wait
	echo '7;cluster'
else
	sh "$script" && echo 8
fi
`
	if err := os.WriteFile(filepath.Join(bin, "sbatch"), []byte(sbatch), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	padlab(t, tinySweep("--out", dir, "--slurm", "--submit")...).want(t, exitUsage, "has characters that directives of Slurm cannot have")
	dir = strings.ReplaceAll(dir, "'", "")
	o := padlab(t, tinySweep("--out", dir, "--slurm", "--submit", "--tasks", "3", "--quiet")...)
	if o.want(t, exitOK, ""); o.out != "cells 7\nmerge 8\n" {
		t.Errorf("%+v", o)
	}
	if calls := contentOf(t, bin, "calls"); calls != "--parsable "+filepath.Join(dir, slurmCells)+"\n--parsable --dependency=afterany:7 "+filepath.Join(dir, slurmMerge)+"\n" {
		t.Error(calls)
	}
	padlab(t, tinySweep("--out", whole, "--quiet")...).want(t, exitOK, "")
	for _, format := range sweepFormats {
		if want := padlab(t, "sweep", "merge", whole, "--format", format).out; contentOf(t, dir, "table."+format) != want {
			t.Errorf("%s: the array has another table than\n%s", format, want)
		}
	}
	if err := os.WriteFile(filepath.Join(bin, "sbatch"), []byte("#!/bin/sh\necho 'sbatch: error: invalid\npartition' >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	padlab(t, tinySweep("--out", dir, "--slurm", "--submit")...).want(t, exitFailed, "padlab: sbatch: exit status 1: sbatch: error: invalid partition\n")
}
