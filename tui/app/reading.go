package app

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// drawn says in words what a read-out draws.
var drawn = map[string]string{
	"H": "left to right", "V": "top to bottom", "G": "outside to middle", "HS": "stripes lying", "VS": "stripes standing",
}

// of says in words what pictures it is tested on.
var of = map[string]string{"natural": "photographs", "black": "a black picture", "white": "a white picture", "noise": "pictures of noise"}

// shownReading is what of an arm's readings is looked at: the skill ring by
// ring, or the score of the whole picture as a bar.
func (m *Model) shownReading(a lab.ArmState) (p metric.Profile, ok bool) {
	if len(a.Profiles) == 0 {
		return p, false
	}
	return a.Profiles[m.curve/2%len(a.Profiles)], true
}

// scoreShown is the first score of what is looked at.
func (m *Model) scoreShown(a lab.ArmState) (metric.Score, bool) {
	if !m.experiment.Reads() {
		if len(a.Scores) == 0 {
			return metric.Score{}, false
		}
		return a.Scores[0], true
	}
	if p, ok := m.shownReading(a); ok {
		for _, s := range a.Scores {
			if s.Target == p.Target && s.Images == p.Images {
				return s, true
			}
		}
	}
	return metric.Score{}, false
}

// theirs is what others have found where an arm found s.
func (m *Model) theirs(arm string, s metric.Score) []lab.Comparison {
	return slices.DeleteFunc(m.snap.Comparisons(), func(c lab.Comparison) bool {
		return c.Arm != arm || c.Metric != s.Metric || c.Target != s.Target || c.Images != s.Images
	})
}

// bars are the scores of what is looked at, an arm each, beside those of
// others.
func (m *Model) bars(box *view.Panel) func(view.Rect) {
	box.Title = "rank correlation"
	b := view.Bars{Selected: m.arm, Empty: m.waiting()}
	if m.snap != nil {
		for i, a := range m.snap.Arms {
			s, ok := m.scoreShown(a)
			if !ok {
				continue
			}
			box.Title = fmt.Sprintf("rank correlation with %s · %s", s.Target, of[s.Images])
			row := view.Bar{Name: a.Name, Style: theme.Series(i), Marker: theme.Marker(i), Value: float64(s.Value), Low: float64(s.Low), High: float64(s.High), Mark: math.NaN()}
			if others := m.theirs(a.Name, s); len(others) > 0 {
				row.Mark = float64(others[0].Theirs)
				box.Foot = "╎ " + others[0].Source
			}
			b.Rows = append(b.Rows, row)
		}
	}
	return func(r view.Rect) { b.Draw(m.frame, r.Inset(1, 0), m.Theme) }
}

// pictures are the target, what the read-out makes of it, and the error, side
// by side.
func (m *Model) pictures(box *view.Panel) func(view.Rect) {
	box.Title = "what the read-out draws"
	a, ok := m.selected()
	if !ok {
		return func(view.Rect) {}
	}
	box.Title += " · " + a.Name
	p, _ := m.shownReading(a)
	var maps []metric.Map
	for _, one := range a.Maps {
		if one.Target == p.Target {
			maps = append(maps, one)
		}
	}
	if len(maps) == 0 {
		return func(r view.Rect) {
			view.Paragraph{Spans: []view.Span{{Style: theme.Dim, Text: m.waiting()}}}.Draw(m.frame, r.Inset(1, 0), m.Theme)
		}
	}
	box.Foot = fmt.Sprintf("%s, %d×%d", maps[0].Target, maps[0].Rows, maps[0].Cols)
	return func(r view.Rect) {
		for i, one := range maps {
			column, rest := r.CutLeft(r.W / (len(maps) - i))
			r = rest
			_, column = column.CutRight(1)
			caption, picture := column.CutBottom(1)
			if column.H < 3 {
				picture = column
			} else {
				m.frame.Text(caption.X+max(0, (caption.W-view.Columns(one.Metric))/2), caption.Y, theme.Dim, view.Cut(one.Metric, caption.W))
			}
			image := view.Image{Rows: one.Rows, Cols: one.Cols}
			for _, v := range one.Values {
				image.Values = append(image.Values, float64(v))
			}
			image.Draw(m.frame, picture, m.Theme)
		}
	}
}

// readingFound says in one sentence what was read out of an arm.
func (m *Model) readingFound(a lab.ArmState) string {
	if a.Status == lab.Diverged {
		return fmt.Sprintf("%s has diverged: %s.", a.Name, a.Problem)
	}
	s, ok := m.scoreShown(a)
	if !ok {
		return m.waiting()
	}
	name := a.Name
	if !a.Status.Ended() {
		name = fmt.Sprintf("After %d steps %s", a.EvalStep, name)
	}
	what := fmt.Sprintf("%s (%s)", s.Target, drawn[s.Target])
	var text string
	switch {
	case s.Images == "natural" && s.Low > 0:
		text = fmt.Sprintf("%s gives %s away: what is read out of photographs goes with it by %s (%s to %s)", name, what, view.Score(float64(s.Value)), view.Score(float64(s.Low)), view.Score(float64(s.High)))
	case s.Images == "natural":
		text = fmt.Sprintf("%s does not give %s away: what is read out of photographs goes with it by %s (%s to %s)", name, what, view.Score(float64(s.Value)), view.Score(float64(s.Low)), view.Score(float64(s.High)))
	case s.Constant > 0:
		text = fmt.Sprintf("%s draws the same everywhere on %s: nothing there says where a pixel is", name, of[s.Images])
	default:
		text = fmt.Sprintf("%s on %s: what is read out goes with %s by %s", name, of[s.Images], what, view.Score(float64(s.Value)))
	}
	var others []string
	for _, c := range m.theirs(a.Name, s) {
		others = append(others, fmt.Sprintf("%s: %s", c.Source, view.Score(float64(c.Theirs))))
	}
	if len(others) > 0 {
		text += "; " + strings.Join(others, ", ")
	}
	return text + "."
}
