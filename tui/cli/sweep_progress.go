package cli

import (
	"fmt"
	"strings"
	"time"

	"padlab/core/lab"
	"padlab/core/record"
	"padlab/core/sweep"
	"padlab/tui/report"
	"padlab/tui/view"
)

// A sweepEvent is something that a sweep tells: a cell has begun, or has ended.
type sweepEvent struct {
	cell  sweep.Cell
	run   *lab.Run
	ended *sweep.Ended
}

// A sweepProgress tells how a sweep goes: on a terminal a line that is rewritten,
// else a line for each cell that has ended.
type sweepProgress struct {
	*session
	plan  *sweep.Plan
	cells []sweep.Cell
	costs costs
	quiet bool

	running    map[int]*lab.Run // by number of the cell
	ended, bad int
	was, done  float64 // work of cells that ended before, and that have ended now
	began      time.Time
	line       bool // one stands on the terminal
}

// follow tells until the sweep has ended.
func (r *sweepProgress) follow(events <-chan sweepEvent, done <-chan struct{}) {
	running := r.doing("beginning")
	defer running.done()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case e := <-events:
			r.tell(e)
		case <-tick.C:
			words := r.words()
			running.now(words)
			r.draw(words)
		case <-done:
			r.clear()
			return
		}
	}
}

// work is how much of all a cell is: its time where that is known.
func (r *sweepProgress) work(c sweep.Cell) float64 {
	return max(1e-3, r.costs.of[c.Combination].Time.Seconds())
}

// tell counts what happened, and says it.
func (r *sweepProgress) tell(e sweepEvent) {
	if e.run != nil {
		r.running[e.cell.Number] = e.run
		return
	}
	run := r.running[e.cell.Number]
	delete(r.running, e.cell.Number)
	switch e.ended.Status {
	case record.Stopped:
		return
	case record.Failed, record.Diverged:
		r.bad++
		r.clear()
		r.logf("cell %d (%s) %s%s", e.cell.Number, r.plan.Words(e.cell), e.ended.Status, problemOf(*e.ended))
	}
	if e.ended.Status != record.Failed {
		r.ended++
	}
	if e.ended.Before && run == nil {
		r.was += r.work(e.cell)
		return
	}
	r.done += r.work(e.cell)
	if r.quiet || r.session.progress || e.ended.Status != record.Done {
		return
	}
	found := ""
	if text := report.Headline(*e.ended.Result); text != "" {
		found = ": " + text
	}
	fmt.Fprintf(r.err, "cell %d of %d (%s)%s, %s passed, %s left\n", e.cell.Number, len(r.plan.Cells), report.Visible(r.plan.Words(e.cell)), found, view.Duration(time.Since(r.began)), r.left())
}

// problemOf says of a cell that did not come to a good end why.
func problemOf(e sweep.Ended) string {
	if e.Problem != "" {
		return ": " + e.Problem
	}
	if e.Result != nil {
		for _, a := range e.Result.Arms {
			if a.Problem != "" {
				return ": " + a.Problem
			}
		}
	}
	return ""
}

// left is about how long it will take.
func (r *sweepProgress) left() string {
	all, now := 0.0, r.done
	for _, c := range r.cells {
		all += r.work(c)
		if run := r.running[c.Number]; run != nil {
			now += r.work(c) * run.Snapshot().Fraction
		}
	}
	if now < 1e-9 {
		return "?"
	}
	passed := time.Since(r.began)
	return view.Duration(time.Duration(float64(passed) * max(0, all-r.was-now) / now))
}

// words say how far the sweep is, and each cell that is run.
func (r *sweepProgress) words() string {
	text := fmt.Sprintf("%d of %s ended", r.ended, report.Count(len(r.cells), "cell"))
	if r.bad > 0 {
		text += fmt.Sprintf(", %d not well", r.bad)
	}
	text += fmt.Sprintf(", %s passed, %s left", view.Duration(time.Since(r.began)), r.left())
	for _, c := range r.cells {
		if run := r.running[c.Number]; run != nil {
			text += fmt.Sprintf("  %d: %s %.0f %%", c.Number, strings.Join(r.plan.Combinations[c.Combination].Values, ", "), 100*run.Snapshot().Fraction)
		}
	}
	return text
}

// draw rewrites the line of a terminal, cut at its right border.
func (r *sweepProgress) draw(text string) {
	if !r.session.progress || r.quiet {
		return
	}
	r.line = true
	fmt.Fprintf(r.err, "\r\x1b[K\x1b[?7l%s\x1b[?7h", report.Visible(text))
}

// clear takes the line away.
func (r *sweepProgress) clear() {
	if r.line {
		fmt.Fprint(r.err, "\r\x1b[K")
		r.line = false
	}
}
