package app

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// The runs screen is the history: what was trained before, also by others who
// work in the same directory.
type runsScreen struct {
	dialog
	lab     *labScreen
	history *record.History

	entries  []record.Entry // the newest first
	marked   map[string]bool
	selected int // among those shown
	find     *line
	rename   *line
	found    map[string]keptRun // what was read of records, by folder
	problem  string
	note     string
	loaded   bool
	list     view.Rect
}

// A keptRun is what a record has kept.
type keptRun struct {
	snap *lab.Snapshot
	err  error
}

func newRuns(l *labScreen) *runsScreen {
	return &runsScreen{lab: l, history: l.host.History, marked: map[string]bool{}, found: map[string]keptRun{}}
}

func (s *runsScreen) enter() effect { return s.reload() }

// reload lists the history anew.
func (s *runsScreen) reload() effect {
	if s.history == nil {
		s.loaded, s.problem = true, "Nothing is recorded here: padlab was started with --no-record, or there is no place to keep runs."
		return effect{}
	}
	return effect{work: work(s.history.List, func(list []record.Entry, err error) effect {
		s.loaded = true
		if err != nil {
			s.problem = err.Error()
			return effect{}
		}
		s.entries = list
		s.selected = max(0, min(s.selected, len(s.shown())-1))
		return s.read()
	})}
}

// shown are the entries that match what is looked for.
func (s *runsScreen) shown() []record.Entry {
	if s.find == nil {
		return s.entries
	}
	wanted := strings.ToLower(s.find.text())
	var list []record.Entry
	for _, e := range s.entries {
		if strings.Contains(strings.ToLower(strings.Join(append([]string{e.Name, e.Label, string(e.Status)}, e.Arms...), " ")), wanted) {
			list = append(list, e)
		}
	}
	return list
}

func (s *runsScreen) entry() (e record.Entry, ok bool) {
	list := s.shown()
	if s.selected >= len(list) {
		return e, false
	}
	return list[s.selected], true
}

// read fetches what the selected record has found, once.
func (s *runsScreen) read() effect {
	e, ok := s.entry()
	if !ok || e.Problem != "" {
		return effect{}
	}
	if _, known := s.found[e.Folder]; known {
		return effect{}
	}
	return effect{work: work(func() (*lab.Snapshot, error) { return recalled(e.Folder) }, func(snap *lab.Snapshot, err error) effect {
		s.found[e.Folder] = keptRun{snap, err}
		return effect{}
	})}
}

func recalled(folder string) (*lab.Snapshot, error) {
	r, err := record.Open(folder)
	if err != nil {
		return nil, err
	}
	return lab.Recalled(r)
}

func (s *runsScreen) line() *line {
	if s.rename != nil {
		return s.rename
	}
	if s.find != nil && s.find.input.Focused() {
		return s.find
	}
	return nil
}

func (s *runsScreen) typed() effect {
	if s.rename != nil {
		return effect{}
	}
	s.selected = 0
	return s.read()
}

func (s *runsScreen) keys() []key {
	switch {
	case s.rename != nil:
		return []key{
			{names: []string{"enter"}, hint: "name it so", keep: true, do: s.takeName},
			{names: []string{"esc"}, hint: "leave it as it was", keep: true, always: true, do: quietly(func() { s.rename = nil })},
		}
	case s.line() != nil:
		return []key{
			{names: []string{"enter", "down", "tab"}, hint: "to the runs", keep: true, do: quietly(s.find.input.Blur)},
			{names: []string{"esc"}, hint: "all runs", keep: true, always: true, do: func() effect { s.find = nil; return s.read() }},
		}
	}
	by := func(n int) func() effect { return func() effect { return s.move(n) } }
	return append([]key{
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "move", do: by(1)},
		{names: []string{"up", "k"}, do: by(-1)},
		{names: []string{"pgdown"}, do: by(10)},
		{names: []string{"pgup"}, do: by(-10)},
		{names: []string{"enter"}, hint: "open", keep: true, do: s.open},
		{names: []string{" ", "x"}, shown: "space", hint: "mark", keep: true, do: s.mark},
		{names: []string{"v"}, hint: "compare marked", keep: true, do: s.compare},
		{names: []string{"g"}, hint: "figure or CSV", do: s.export},
		{names: []string{"m"}, hint: "name", do: s.openName},
		{names: []string{"d"}, hint: "delete", do: s.delete},
		{names: []string{"/"}, hint: "find", do: quietly(func() { s.find = newLine("") })},
		closing(s, "o"),
	}, rooms()...)
}

func (s *runsScreen) move(by int) effect {
	s.selected = max(0, min(s.selected+by, len(s.shown())-1))
	s.note = ""
	return s.read()
}

func (s *runsScreen) mark() effect {
	if e, ok := s.entry(); ok && e.Problem == "" {
		s.marked[e.Folder] = !s.marked[e.Folder]
	}
	return s.move(1)
}

// open shows the selected run in the lab.
func (s *runsScreen) open() effect {
	e, ok := s.entry()
	switch {
	case !ok:
		return effect{}
	case e.Problem != "":
		return effect{enter: &page{title: e.Name, text: words(theme.Bad, e.Problem)}}
	case e.Live:
		return effect{enter: &page{title: e.Name, text: words(theme.Plain, "This run is going on, here or in another window.")}}
	}
	return effect{work: work(func() (*record.Record, error) { return record.Open(e.Folder) }, func(r *record.Record, err error) effect {
		if err != nil {
			return effect{enter: complaint(err)}
		}
		done := s.lab.openRecord(r)
		done.leave = append(done.leave, s)
		return done
	})}
}

func (s *runsScreen) openName() effect {
	if e, ok := s.entry(); ok && e.Problem == "" {
		s.rename, s.note = newLine(e.Label), ""
	}
	return effect{}
}

func (s *runsScreen) takeName() effect {
	e, ok := s.entry()
	name := strings.TrimSpace(s.rename.text())
	s.rename = nil
	if !ok {
		return effect{}
	}
	return s.change("", func() error { return s.history.Rename(e.Folder, name) })
}

func (s *runsScreen) delete() effect {
	e, ok := s.entry()
	if !ok {
		return effect{}
	}
	return effect{enter: &question{
		title: "delete", text: fmt.Sprintf("%s, %s: delete it for good?", title(e), when(e.Began, s.history.Now())),
		choices: []choice{
			{"keep it", func() effect { return effect{} }},
			{"delete it", func() effect { return s.change("deleted", func() error { return s.history.Remove(e.Folder) }) }},
		},
	}}
}

// change changes the history, and lists it anew.
func (s *runsScreen) change(note string, do func() error) effect {
	return effect{work: work(func() (struct{}, error) { return struct{}{}, do() }, func(_ struct{}, err error) effect {
		if err != nil {
			return effect{enter: complaint(err)}
		}
		s.note = note
		return s.reload()
	})}
}

// export writes the selected run as a file.
func (s *runsScreen) export() effect {
	e, ok := s.entry()
	f, read := s.found[e.Folder]
	switch {
	case !ok:
		return effect{}
	case s.lab.host.Export == nil:
		s.note = "files cannot be written here"
		return effect{}
	case !read || f.err != nil:
		s.note = "it has found nothing that could be written"
		return effect{}
	}
	as := func(kind string) choice {
		return choice{"as " + kind, func() effect {
			return effect{work: work(func() (string, error) { return s.lab.host.Export(f.snap.Result(), e.Name, kind) }, func(path string, err error) effect {
				if err != nil {
					return effect{enter: complaint(err)}
				}
				s.note = "written: " + path
				return effect{}
			})}
		}}
	}
	return effect{enter: &question{title: "export", text: "The border profiles of " + title(e) + " are written into the working directory.", choices: []choice{as("svg"), as("png"), as("pdf"), as("csv")}}}
}

// compare shows the marked runs, or the selected one and what the lab shows, in
// one chart.
func (s *runsScreen) compare() effect {
	var list []record.Entry
	for _, e := range slices.Backward(s.entries) { // the oldest first
		if s.marked[e.Folder] {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		if e, ok := s.entry(); ok && e.Problem == "" {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return effect{}
	}
	now := s.lab.snap
	return effect{work: work(func() ([]compared, error) {
		var all []compared
		for _, e := range list {
			snap, err := recalled(e.Folder)
			if err != nil {
				return nil, err
			}
			all = append(all, compared{title(e), snap})
		}
		if len(all) == 1 && now != nil {
			all = append(all, compared{"now", now})
		}
		return all, nil
	}, func(all []compared, err error) effect {
		if err != nil {
			return effect{enter: complaint(err)}
		}
		return effect{enter: &comparison{runs: all}}
	})}
}

// title is what people call a run.
func title(e record.Entry) string {
	switch {
	case e.Label != "":
		return e.Label
	case e.Name == "": // it cannot be read
		return filepath.Base(e.Folder)
	}
	text := e.Name + " · " + seedsOf(e)
	if changes := changesIn(strings.ReplaceAll(e.Command, fmt.Sprintf(" --seeds %d", e.Seeds), "")); changes != "" {
		text = changes + " · " + text
	}
	return text
}

// changesIn are those of a command: "canvas.grid=9 net.arch=small".
func changesIn(command string) string {
	_, rest, _ := strings.Cut(command, " --seed ")
	_, rest, _ = strings.Cut(rest, " ")
	rest, _, _ = strings.Cut(rest, "\n")
	return strings.TrimSpace(strings.ReplaceAll(" "+rest, " --set ", " "))
}

func seedsOf(e record.Entry) string {
	if e.Seeds > 1 {
		return fmt.Sprintf("seeds %d–%d", e.Seed, e.Seed+uint64(e.Seeds)-1)
	}
	return fmt.Sprintf("seed %d", e.Seed)
}

// when is the hour, of another day with its date.
func when(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04")
	}
	return t.Format("2 Jan 15:04")
}

func (s *runsScreen) point(m mouse) effect {
	switch i, ok := s.rows().At(s.list, m.x, m.y); {
	case m.wheel != 0:
		return s.move(m.wheel)
	case !ok || s.line() != nil:
		return effect{}
	case i == s.selected:
		return s.open()
	default:
		return s.move(i - s.selected)
	}
}

func (s *runsScreen) rows() view.List {
	list := view.List{Selected: s.selected, Focused: true, Empty: "no run yet"}
	switch {
	case !s.loaded:
		list.Empty = "reading…"
	case len(s.entries) > 0:
		list.Empty = "no run is called that"
	}
	for _, e := range s.shown() {
		row := view.Row{Text: title(e), Check: view.Unchecked, Columns: []string{when(e.Began, s.history.Now()), string(e.Status)}}
		if s.marked[e.Folder] {
			row.Check = view.Checked
		}
		switch {
		case e.Problem != "":
			row.Style, row.Columns[1] = theme.Bad, "broken"
		case e.Live:
			row.Columns[1] = "going on"
		}
		list.Rows = append(list.Rows, row)
	}
	return list
}

func (s *runsScreen) draw(on surface, r view.Rect) {
	on.Fill(r, theme.Plain)
	left, right := r.CutLeft(max(46, r.W*45/100))
	inner := view.Panel{Title: "runs", Foot: s.note, Focused: true}.Draw(on.Frame, left, on.Theme)
	if l, name := s.line(), "find: "; l != nil || s.find != nil {
		if s.rename != nil {
			name = "name: "
		} else {
			l = s.find
		}
		var top view.Rect
		top, inner = inner.CutTop(1)
		x := top.X + 1 + on.Text(top.X+1, top.Y, theme.Key, name)
		on.typed(l, l == s.line(), x, top.Y, top.W-8)
	}
	s.list = inner
	if s.problem != "" {
		on.put(words(theme.Bad, s.problem), inner.Inset(1, 0))
	} else {
		on.put(s.rows(), inner)
	}
	e, ok := s.entry()
	if !ok {
		on.put(words(theme.Plain, ""), view.Panel{Title: "what was found"}.Draw(on.Frame, right, on.Theme))
		return
	}
	box := view.Panel{Title: title(e), Foot: size(e.Bytes)}.Draw(on.Frame, right, on.Theme).Inset(1, 0)
	f, read := s.found[e.Folder]
	switch {
	case e.Problem != "":
		on.put(words(theme.Bad, e.Problem), box)
	case read && f.err != nil:
		on.put(words(theme.Bad, f.err.Error()), box)
	case !read:
		on.put(words(theme.Dim, "reading…"), box)
	default:
		text := recap(f.snap)
		words, chart := box.CutTop(min(text.Height(box.W), max(3, box.H/2)))
		on.put(text, words)
		on.put(profilesOf([]compared{{"", f.snap}}, -1), chart)
	}
}

// recap says in words what a run has found.
func recap(snap *lab.Snapshot) view.Paragraph {
	var text view.Paragraph
	add := func(s theme.Style, line string) {
		text.Spans = append(text.Spans, view.Span{Style: s, Text: line + "\n"})
	}
	for _, a := range snap.Arms {
		if snap.Experiment.Reads() || len(a.Scores) == 0 {
			add(theme.Plain, fmt.Sprintf("%s: %s after step %d", a.Label, a.Status, a.Step))
			continue
		}
		add(theme.Plain, report.Found(snap.Experiment, a.Result(), a.Label))
	}
	return text
}

func size(bytes int64) string { return fmt.Sprintf("%.1f MB on disk", float64(bytes)/1e6) }

// A compared is a run in a chart with others.
type compared struct {
	name string
	snap *lab.Snapshot
}

// profilesOf are the first profiles of the arms of runs, in one chart.
func profilesOf(runs []compared, selected int) view.Profile {
	p := view.Profile{Range: rangeOf(metric.Accuracy), Selected: selected, Empty: "no border profile"}
	name := ""
	for _, run := range runs {
		for _, a := range run.snap.Arms {
			if len(a.Profiles) == 0 {
				continue
			}
			if name == "" {
				name = a.Profiles[0].Metric
				if _, ok := metric.Find(a.Profiles, metric.Key{Metric: metric.BeyondGuessing}); ok {
					name = metric.BeyondGuessing
				}
			}
			profile, ok := metric.Find(a.Profiles, metric.Key{Metric: name})
			if !ok {
				continue
			}
			series := seriesOf(len(p.Series), a)
			if run.name != "" {
				series.Name = a.Label + " · " + run.name
			}
			add(&p, &series, profile)
			p.Series = append(p.Series, series)
		}
	}
	return p
}

// A comparison is the arms of several runs in one chart, and in what the runs
// differ.
type comparison struct {
	dialog
	runs     []compared
	selected int
}

func (c *comparison) keys() []key {
	n := max(1, len(profilesOf(c.runs, -1).Series))
	return append(moves(&c.selected, n), closing(c, "v"))
}

func (c *comparison) draw(on surface, r view.Rect) {
	on.Fill(r, theme.Plain)
	chart, foot := r.CutTop(r.H * 2 / 3)
	p := profilesOf(c.runs, c.selected)
	var names []string
	for _, run := range c.runs {
		names = append(names, run.name)
	}
	on.put(p, on.window(strings.Join(names, " and "), "cells to the border", chart))
	var text view.Paragraph
	add := func(s theme.Style, words string) { text.Spans = append(text.Spans, view.Span{Style: s, Text: words}) }
	base := c.runs[0]
	for _, run := range c.runs[1:] {
		add(theme.Strong, run.name)
		differences := run.snap.Experiment.Differences(base.snap.Experiment)
		if len(differences) == 0 {
			add(theme.Plain, fmt.Sprintf(" is the same experiment as %s: the same bits.\n", base.name))
			continue
		}
		add(theme.Plain, fmt.Sprintf(" differs from %s in %s.\n", base.name, strings.Join(differences, ", ")))
	}
	if c.selected < len(p.Series) {
		s := p.Series[c.selected]
		add(theme.Dim, "Selected: "+s.Name+".")
	}
	on.put(text, view.Panel{Title: "how they differ"}.Draw(on.Frame, foot, on.Theme).Inset(1, 0))
}
