package cli

import (
	"fmt"
	"strconv"
	"time"

	"padlab/core/lab"
	"padlab/core/sweep"
	"padlab/tui/report"
	"padlab/tui/view"
)

// costs are what the cells of combinations take here.
type costs struct {
	of    map[int]lab.Cost // by combination
	timed bool
}

// trials is how long all combinations together are tried, and trial one at most.
const (
	trials = time.Second
	trial  = 200 * time.Millisecond
)

// costs builds every combination that cells are of, which says whether it can be
// run at all, and tries it for a moment unless nobody asks for the time.
func (s *session) costs(pool *lab.Pool, p *sweep.Plan, cells []sweep.Cell, untimed bool) (costs, error) {
	c := costs{of: map[int]lab.Cost{}, timed: !untimed}
	for _, cell := range cells {
		c.of[cell.Combination] = lab.Cost{}
	}
	each := min(trial, trials/time.Duration(max(1, len(c.of))))
	if untimed {
		each = 0
	}
	warned := map[string]bool{}
	for i, combination := range p.Combinations {
		if _, ok := c.of[i]; !ok {
			continue
		}
		measuring := s.doing("measuring what combination %d of %d takes", i+1, len(p.Combinations))
		cost, warnings, err := lab.Estimate(s.ctx, pool, combination.Experiment, each)
		measuring.done()
		if err != nil {
			if len(p.Factors) > 0 && s.ctx.Err() == nil {
				err = fmt.Errorf("%s: %w", sweep.Settings(p.Factors, combination.Values), err)
			}
			return c, err
		}
		c.of[i] = cost
		for _, w := range warnings {
			if !untimed && !warned[w] {
				s.logf("warning: %s", w)
			}
			warned[w] = true
		}
	}
	return c, nil
}

// total is how long cells take, so many at once, and the memory of the largest.
func (c costs) total(cells []sweep.Cell, jobs int) (time.Duration, int64) {
	sum, longest, most := time.Duration(0), time.Duration(0), int64(0)
	for _, cell := range cells {
		cost := c.of[cell.Combination]
		sum, longest, most = sum+cost.Time, max(longest, cost.Time), max(most, cost.Bytes)
	}
	return max(longest, sum/time.Duration(jobs)), most
}

// more says what the times leave out.
func (c costs) more() string {
	for _, cost := range c.of {
		if cost.Stages {
			return " until networks are frozen, and then the read-outs"
		}
	}
	return ""
}

// summary is a plan with its costs on one line.
func (c costs) summary(p *sweep.Plan, cells []sweep.Cell, jobs, workers int) string {
	time, most := c.total(cells, jobs)
	return fmt.Sprintf("%s: %s, %d at once with %s each, %s of memory each at most, about %s here%s",
		p, report.Count(len(cells), "cell"), jobs, report.Count(workers, "worker"), megabytes(most), lasting(time), c.more())
}

// megabytes is 29 kB, 4.7 MB, 184 MB.
func megabytes(bytes int64) string {
	switch {
	case bytes < 99_500:
		return fmt.Sprintf("%.0f kB", float64(bytes)/1e3)
	case bytes < 9_950_000:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
}

// lasting is a time: that of few seconds with its tenths.
func lasting(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return view.Duration(d)
}

// printPlan prints every cell and what it takes.
func (s *session) printPlan(p *sweep.Plan, cells []sweep.Cell, c costs, jobs, workers int) {
	header := []string{"cell"}
	for _, f := range p.Factors {
		header = append(header, f.Key)
	}
	rows := report.Table{append(header, "seed", "memory", "time", "folder")}
	for _, cell := range cells {
		row := []string{strconv.Itoa(cell.Number)}
		for _, v := range p.Combinations[cell.Combination].Values {
			row = append(row, report.Visible(v))
		}
		cost := c.of[cell.Combination]
		rows.Add(append(row, strconv.FormatUint(cell.Seed, 10), megabytes(cost.Bytes), lasting(cost.Time), cell.Name)...)
	}
	fmt.Fprintf(s, "%s\n%s\n", rows, report.Visible(c.summary(p, cells, jobs, workers)))
}

// announce says the same of what is left on the standard error, a line for the
// cells of each combination.
func (s *session) announce(p *sweep.Plan, shard sweep.Shard, cells []sweep.Cell, c costs, jobs, workers int) {
	if all := len(shard.Of(p)); len(cells) < all {
		s.logf("%s of %d ended before", report.Count(all-len(cells), "cell"), all)
	}
	if len(cells) == 0 {
		return
	}
	for i := 0; i < len(cells); {
		first, last := cells[i], cells[i]
		for i++; i < len(cells) && cells[i].Combination == first.Combination; i++ {
			last = cells[i]
		}
		which := fmt.Sprintf("cells %d–%d", first.Number, last.Number)
		if first == last {
			which = fmt.Sprintf("cell %d", first.Number)
		}
		cost := c.of[first.Combination]
		s.logf("%s: %s, %s, about %s each", which, described(p, first), megabytes(cost.Bytes), lasting(cost.Time))
	}
	s.logf("%s", c.summary(p, cells, jobs, workers))
}

// described are the values of a cell as --set takes them.
func described(p *sweep.Plan, c sweep.Cell) string {
	if len(p.Factors) == 0 {
		return p.Name
	}
	return sweep.Settings(p.Factors, p.Combinations[c.Combination].Values)
}
