package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"padlab/core/experiment"
	"padlab/core/record"
	"padlab/core/sweep"
	"padlab/tui/report"
)

// The scripts that --slurm writes.
const (
	slurmCells = "slurm-cells.sh"
	slurmMerge = "slurm-merge.sh"
)

// maxTasks is how many tasks an array has by default: Slurm's own bound is 1001.
const maxTasks = 1000

// overhead is the memory that the program takes besides its cells, in MB.
const overhead = 256

// slurm writes the scripts of a plan, and submits them when that is asked for.
func (s *session) slurm(f sweepFlags, p *sweep.Plan, c costs, token string) error {
	dir, err := filepath.Abs(f.out)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return failure{err}
	}
	here, err := os.Getwd() // weights and photographs may be named from here
	if err != nil {
		return failure{err}
	}
	for _, path := range []string{dir, here} {
		if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || strings.ContainsRune(`"'\%`, r) }) {
			return fmt.Errorf("--slurm: %q has characters that directives of Slurm cannot have: take another folder", path)
		}
	}
	tasks := f.tasks
	switch {
	case tasks < 0:
		return fmt.Errorf("--tasks must be an integer from 1 to %d, or 0: %d", len(p.Cells), tasks)
	case tasks == 0:
		tasks = min(len(p.Cells), maxTasks)
	}
	tasks = min(tasks, len(p.Cells))
	jobs := max(1, f.jobs)
	_, most := c.total(p.Cells, 1)
	out := experiment.Quote(dir)
	cells := slurmHead(p, here, dir, "%A-%a") + fmt.Sprintf(`#SBATCH --array=1-%d
#SBATCH --cpus-per-task=%d
#SBATCH --mem=%dM
#SBATCH --requeue

# Cells that have ended are not run again, whoever has run them: tasks may be run
# twice, and submitted again, all of them or some, as in sbatch --array=3,7.
exec %s sweep --resume --quiet --shard "$SLURM_ARRAY_TASK_ID/%d" --jobs %d --workers %d%s --out %s
`, tasks, jobs, overhead+int(most/1e6+1)*jobs, experiment.Quote(program), tasks, jobs, jobs, s.machineFlags(), out)
	merge := slurmHead(p, here, dir, "%j") + fmt.Sprintf(`#SBATCH --cpus-per-task=1
#SBATCH --mem=%dM

# The exit code is that of the tables: 1 where a cell has not come to a good end.
code=0
for format in %s; do
	%s sweep merge --format $format %s >%s.$format.part || code=$?
	mv %s.$format.part %s.$format
done
exit $code
`, 2*overhead, strings.Join(sweepFormats, " "), experiment.Quote(program), out, out+"/table", out+"/table", out+"/table")
	for name, text := range map[string]string{slurmCells: cells, slurmMerge: merge} {
		path := filepath.Join(f.out, name)
		err := record.WriteVia(s.disk, path+"."+token, path, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
		if err != nil {
			return atStart(err)
		}
	}
	first, second := experiment.Quote(filepath.Join(dir, slurmCells)), experiment.Quote(filepath.Join(dir, slurmMerge))
	if !f.submit {
		fmt.Fprintf(s, "%s in %s. To submit them:\n\n  cells=$(sbatch --parsable %s)\n  sbatch --dependency=afterany:$cells %s\n", report.Count(tasks, "task"), first, first, second)
		return nil
	}
	array, err := s.sbatch("--parsable", filepath.Join(dir, slurmCells))
	if err != nil {
		return err
	}
	job, err := s.sbatch("--parsable", "--dependency=afterany:"+array, filepath.Join(dir, slurmMerge))
	if err != nil {
		return fmt.Errorf("job %s, the cells, was submitted, and the merge was not: %w", array, err)
	}
	fmt.Fprintf(s, "cells %s\nmerge %s\n", array, job)
	return nil
}

// slurmHead is how both scripts begin; what the site wants besides comes from the
// variables SBATCH_… of sbatch, or is written in.
func slurmHead(p *sweep.Plan, here, dir, log string) string {
	return fmt.Sprintf(`#!/bin/sh
# %s
#SBATCH --job-name=padlab
#SBATCH --chdir="%s"
#SBATCH --output="%s/slurm-%s.log"
#SBATCH --open-mode=append
`, report.Visible(p.Name+": "+p.String()), here, dir, log)
}

// machineFlags are those that a cell depends on.
func (s *session) machineFlags() string {
	text := ""
	if s.data != "" {
		dir, err := filepath.Abs(s.data)
		if err != nil {
			dir = s.data
		}
		text += " --data " + experiment.Quote(dir)
	}
	if s.kernelName != "" {
		text += " --kernel " + experiment.Quote(s.kernelName)
	}
	return text
}

// sbatch submits a script and returns the number of its job.
func (s *session) sbatch(args ...string) (string, error) {
	c := exec.CommandContext(s.ctx, "sbatch", args...)
	var out, complaint bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaint
	err := c.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return "", failure{errors.New("--submit: there is no sbatch here; without --submit the scripts are written all the same")}
	}
	if err != nil {
		return "", failure{fmt.Errorf("sbatch: %w: %s", err, strings.Join(strings.Fields(complaint.String()), " "))}
	}
	job, _, _ := strings.Cut(strings.TrimSpace(out.String()), ";") // behind it the cluster's name
	return job, nil
}
