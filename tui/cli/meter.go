package cli

import (
	"fmt"
	"strings"
	"time"

	"padlab/tui/report"
	"padlab/tui/view"
)

// A meter tells how far something is that is counted: on a terminal a bar that is
// rewritten, else a line now and then.
type meter struct {
	*session
	what string
	of   func(done, total int64) string // "12 MB of 170 MB"; total 0: nobody knows it

	began, told time.Time
	from        int64 // where it began; -1: it has not
	line        bool  // one stands on the terminal
}

// How often a meter tells.
const (
	redraw  = 100 * time.Millisecond
	newLine = 5 * time.Second
)

func (s *session) meter(what string, of func(done, total int64) string) *meter {
	now := time.Now()
	return &meter{session: s, what: what, of: of, began: now, told: now, from: -1}
}

// tell takes how much of the total is done; 0: nobody knows the total.
func (m *meter) tell(done, total int64) {
	now := time.Now()
	if m.from < 0 || done < m.from { // it begins, or begins again
		m.from, m.began = done, now
	}
	pause := newLine
	if m.session.progress {
		pause = redraw
	}
	if now.Sub(m.told) < pause {
		return
	}
	m.told = now
	text := fmt.Sprintf("%s: %s", m.what, m.of(done, total))
	if gained := done - m.from; gained > 0 && done < total {
		left := time.Duration(float64(now.Sub(m.began)) * float64(total-done) / float64(gained))
		text += ", " + view.Duration(left) + " left"
	}
	if !m.session.progress {
		m.logf("%s", text)
		return
	}
	if total > 0 {
		text = m.bar(float64(done)/float64(total)) + " " + text
	}
	m.line = true
	fmt.Fprintf(m.err, "\r\x1b[K\x1b[?7l%s\x1b[?7h", report.Visible(text))
}

// bytesOf and picturesOf say how much of how much.
func bytesOf(done, total int64) string {
	if total == 0 {
		return megabytes(done)
	}
	return megabytes(done) + " of " + megabytes(total)
}

func picturesOf(done, total int64) string { return fmt.Sprintf("%d of %d pictures", done, total) }

// bar is a share of 1 as a bar.
func (m *meter) bar(share float64) string {
	const width = 24
	full, empty := "█", "░"
	if m.look.glyphs == "ascii" {
		full, empty = "#", "."
	}
	n := int(width * min(1, share))
	return strings.Repeat(full, n) + strings.Repeat(empty, width-n)
}

// clear takes the line away, so that what follows stands alone.
func (m *meter) clear() {
	if m.line {
		fmt.Fprint(m.err, "\r\x1b[K")
		m.line = false
	}
}
