package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"padlab/core/sweep"
)

// The variables of job arrays: Slurm's, and that of an indexed job of Kubernetes,
// which counts from 0.
const (
	slurmID    = "SLURM_ARRAY_TASK_ID"
	slurmCount = "SLURM_ARRAY_TASK_COUNT"
	slurmMin   = "SLURM_ARRAY_TASK_MIN"
	slurmMax   = "SLURM_ARRAY_TASK_MAX"
	slurmStep  = "SLURM_ARRAY_TASK_STEP"
	jobIndex   = "JOB_COMPLETION_INDEX"
)

// shard is the part of the cells that --shard says, or the environment: I/N; with
// /N only I is from there. Without any it is all of them.
func (s *session) shard(text string) (sweep.Shard, error) {
	count := 0
	if number, ok := strings.CutPrefix(text, "/"); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return sweep.Shard{}, fmt.Errorf("--shard /N takes an integer from 1 on: %q", text)
		}
		count = n
	} else if text != "" {
		shard, err := sweep.ParseShard(text)
		if err != nil {
			err = fmt.Errorf("--shard: %w", err)
		}
		return shard, err
	}
	switch {
	case s.getenv(slurmID) != "":
		return s.slurmShard(count)
	case s.getenv(jobIndex) != "" && count == 0:
		return sweep.Shard{}, fmt.Errorf("%s is set, and says not of how many: --shard /N does, --shard 1/1 runs all cells", jobIndex)
	case s.getenv(jobIndex) != "":
		i, err := s.number(jobIndex, 0)
		if err != nil {
			return sweep.Shard{}, err
		}
		shard, err := sweep.NewShard(i+1, count)
		if err != nil {
			err = fmt.Errorf("%s, which counts from 0, is %d: %w", jobIndex, i, err)
		}
		return shard, err
	case count > 0:
		return sweep.Shard{}, fmt.Errorf("--shard %s takes the index from %s or %s, and neither is set", text, slurmID, jobIndex)
	}
	return sweep.Shard{}, nil
}

// slurmShard is that of a task of an array, whose indices must have a first, a
// last and one step between them.
func (s *session) slurmShard(count int) (sweep.Shard, error) {
	var list [5]int
	for i, name := range []string{slurmID, slurmMin, slurmMax, slurmStep, slurmCount} {
		fallback := []int{0, 1, 0, 1, count}[i]
		n, err := s.number(name, fallback)
		if err != nil {
			return sweep.Shard{}, err
		}
		list[i] = n
	}
	id, first, last, step, tasks := list[0], list[1], list[2], list[3], list[4]
	explicit := fmt.Sprintf(`--shard "$%s/N" says which of how many it is`, slurmID)
	switch {
	case tasks == 0:
		return sweep.Shard{}, fmt.Errorf("%s is set and %s is not: %s", slurmID, slurmCount, explicit)
	case step < 1 || s.getenv(slurmMax) != "" && (last-first)/step+1 != tasks:
		return sweep.Shard{}, errors.New("the indices of the job array have gaps: " + explicit)
	case count > 0 && tasks != count:
		return sweep.Shard{}, fmt.Errorf("--shard /%d, but the job array has %d tasks: %s", count, tasks, explicit)
	}
	shard, err := sweep.NewShard((id-first)/step+1, tasks)
	if err != nil {
		err = fmt.Errorf("%s is %d: %w; %s", slurmID, id, err, explicit)
	}
	return shard, err
}

// number is an environment variable that holds an integer.
func (s *session) number(name string, fallback int) (int, error) {
	text := s.getenv(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s must be an integer from 0 on: %q", name, text)
	}
	return n, nil
}
