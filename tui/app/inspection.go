package app

import (
	"context"
	"fmt"
	"strings"

	"padlab/core/inspect"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// An inspection looks for the cause: where the border comes into the network of
// an arm, as it is now. It has a page for each section of the report.
type inspection struct {
	lab    *labScreen
	arm    string
	inside inside // the pages that show the network at work
	look   func(context.Context) (*inspect.Geometry, *inspect.Findings, error)
	ctx    context.Context
	cancel context.CancelFunc

	geometry *inspect.Geometry // nil until it is known
	findings *inspect.Findings
	sections []report.Section // those that are known, in the order of pages
	problem  string

	page int
	row  int // of its table, the first that is shown; of the artifacts, the tap
}

// pages are what inspections show, first what needs no pictures.
var pages = []string{"padding", "kernel", "maps", "layers", "usage", "artifacts", "filters", "pattern"}

const (
	paddingPage = iota
	kernelPage
	mapsPage
	reports                     // the first of those that are sections of the report
	artifactsPage = reports + 2 // has pictures too
)

// newInspection looks into the selected arm of the lab.
func newInspection(l *labScreen) *inspection {
	a, _ := l.selected()
	p := &inspection{lab: l, arm: a.Label}
	p.inside = inside{run: l.run, arm: l.arm, other: (l.arm + 1) % len(l.snap.Arms), picture: l.sight.picture, amount: 2}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	host, run, arm := l.host, l.run, l.arm
	p.look = func(ctx context.Context) (*inspect.Geometry, *inspect.Findings, error) {
		return host.Inspect(ctx, run, arm)
	}
	return p
}

func (p *inspection) enter() effect {
	type found struct {
		geometry *inspect.Geometry
		findings *inspect.Findings
	}
	look, ctx := p.look, p.ctx
	measure := work(func() (found, error) {
		g, f, err := look(ctx)
		return found{g, f}, err
	}, func(f found, err error) effect { return p.take(f.geometry, f.findings, err) })
	return effect{work: together(measure, p.inside.ask(p.ctx).work, p.again().work)}
}

// again looks from time to time whether the network has been examined anew: the
// pages that show it at work are live.
func (p *inspection) again() effect {
	return effect{unchanged: true, work: after(3*poll, func() effect {
		if p.ctx.Err() != nil || p.inside.run != p.lab.run {
			return effect{unchanged: true}
		}
		e := p.again()
		asked := p.inside.ask(p.ctx)
		e.work = together(e.work, asked.work)
		if p.lab.snap != nil && p.lab.snap.Status.Ended() && asked.work == nil {
			return effect{unchanged: true}
		}
		return e
	})}
}

func (p *inspection) leave() { p.cancel() }

// take is handed what was found out, which may be the geometry alone.
func (p *inspection) take(g *inspect.Geometry, f *inspect.Findings, err error) effect {
	p.geometry, p.findings, p.sections = g, f, nil
	if err != nil {
		p.problem = err.Error()
	}
	if g != nil {
		p.sections = append(p.sections, report.Layers(g), report.Usage(g))
		if f != nil {
			p.sections = append(p.sections, report.Artifacts(f), report.Filters(f), report.Pattern(f))
		}
	}
	return effect{}
}

func (p *inspection) keys() []key {
	turn := func(by int) func() effect {
		return quietly(func() { p.page, p.row = (p.page+by+len(pages))%len(pages), 0 })
	}
	scroll := func(by int) func() effect {
		return quietly(func() { p.row = max(0, min(p.row+by, p.rows()-1)) })
	}
	table := []key{
		{names: []string{"tab"}, hint: "page", help: "the next page (shift+tab: the one before)", keep: true, do: turn(1)},
		{names: []string{"shift+tab"}, do: turn(-1)},
	}
	switch p.page {
	case paddingPage, kernelPage, mapsPage:
		table = append(table, p.inside.keys(p)...)
	default:
		table = append(table,
			key{names: []string{"right", "l"}, do: turn(1)},
			key{names: []string{"left", "h"}, do: turn(-1)},
			key{names: []string{"down", "j"}, shown: "↑ ↓", hint: "scroll", do: scroll(1)},
			key{names: []string{"up", "k"}, do: scroll(-1)})
	}
	return append(append(table, closing(p, "i")), rooms()...)
}

func (p *inspection) point(m mouse) effect {
	if m.wheel != 0 {
		p.row = max(0, min(p.row+m.wheel, p.rows()-1))
	}
	return effect{}
}

// rows is over how many the page can be scrolled.
func (p *inspection) rows() int {
	switch page := p.page - reports; {
	case page < 0:
		return p.inside.rows(p.page)
	case page >= len(p.sections):
		return 1
	case p.page == artifactsPage:
		return len(p.findings.Artifacts)
	default:
		return len(p.sections[page].Table) - 1
	}
}

func (p *inspection) draw(on surface, r view.Rect) {
	var names []string
	for i, name := range pages {
		if i == p.page {
			name = "[" + name + "]"
		}
		names = append(names, name)
	}
	foot := ""
	if g := p.geometry; g != nil {
		foot = fmt.Sprintf("%s on %d×%d×%d, padding %s (%s)", g.Arch, g.H, g.W, g.C, g.Padding, g.Extent)
	}
	inner := on.window(fmt.Sprintf("inside %s · %s", p.arm, strings.Join(names, " ")), foot, r)
	switch {
	case p.page < reports:
		p.inside.draw(on, p.page, p.row, inner)
	case p.page-reports < len(p.sections) && p.page == artifactsPage:
		p.drawArtifacts(on, inner)
	case p.page-reports < len(p.sections):
		s := p.sections[p.page-reports]
		on.section(s.Words, s.Table, p.row, inner)
	case p.problem != "":
		on.put(words(theme.Bad, p.problem), inner)
	default:
		on.put(words(theme.Dim, "photographs are shown to the network, as it is now…"), inner)
	}
}

// section draws words, and under them a table from some row on. It returns the
// rectangle under both.
func (s surface) section(text string, t report.Table, from int, r view.Rect) view.Rect {
	p := words(theme.Plain, text)
	head, rest := r.CutTop(min(p.Height(r.W), r.H/2))
	s.put(p, head)
	if len(t) == 0 {
		return rest
	}
	_, rest = rest.CutTop(1)
	table, rest := rest.CutTop(len(t) - from)
	s.put(view.Table{Header: t[0], Rows: t[1:], Skip: from}, table)
	return rest
}

// drawArtifacts draws the rows of one tap, and its maps: of photographs, and of
// a black picture.
func (p *inspection) drawArtifacts(on surface, r view.Rect) {
	if len(p.findings.Artifacts) == 0 {
		on.put(words(theme.Plain, p.sections[artifactsPage-reports].Words), r)
		return
	}
	s, a := p.sections[artifactsPage-reports], p.findings.Artifacts[p.row]
	rows := report.Table{s.Table[0], s.Table[1+2*p.row], s.Table[2+2*p.row]}
	r = on.section(fmt.Sprintf("Tap %s (%d of %d). %s", a.Tap, p.row+1, len(p.findings.Artifacts), s.Words), rows, 0, r)
	_, r = r.CutTop(1)
	on.put(view.Gallery{
		{Caption: "photographs", Image: view.Image{Rows: a.H, Cols: a.W, Values: stretched(a.Photos)}},
		{Caption: "a black picture", Image: view.Image{Rows: a.H, Cols: a.W, Values: stretched(a.Black)}},
	}, r)
}

// stretched maps the smallest value to 0 and the largest to 1; a map that is
// the same all over is grey.
func stretched(values []float32) []float64 {
	if len(values) == 0 {
		return nil
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	list := make([]float64, len(values))
	for i, v := range values {
		if list[i] = 0.5; high > low {
			list[i] = float64(v-low) / float64(high-low)
		}
	}
	return list
}
