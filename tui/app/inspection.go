package app

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/inspect"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// An inspection looks for the cause: where the border comes into the network of
// an arm, as it is now.
type inspection struct {
	arm      string
	cancel   context.CancelFunc
	geometry *inspect.Geometry // nil until it is known
	findings *inspect.Findings
	problem  string
	part     int // of parts
	row      int // of each part: the first row, or the tap
}

// inspected is what was found out.
type inspected struct {
	of       *inspection
	geometry *inspect.Geometry
	findings *inspect.Findings
	err      error
}

// A part is a page of an inspection.
type part struct {
	name string
	rows func(*inspection) int // that can be scrolled
	draw func(p *inspection, m *Model, r view.Rect)
}

var parts = []part{
	{"layers", func(p *inspection) int { return len(p.layers().Rows) }, (*inspection).drawLayers},
	{"artifacts", func(p *inspection) int { return len(p.findings.Artifacts) }, (*inspection).drawArtifacts},
	{"filters", func(p *inspection) int { return len(p.findings.Neurons) }, (*inspection).drawFilters},
	{"pattern", func(p *inspection) int { return len(p.findings.Pattern.Taps) }, (*inspection).drawPattern},
}

func (m *Model) openInspection() tea.Cmd {
	a, ok := m.selected()
	if !ok || m.run == nil || m.Inspect == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &inspection{arm: a.Name, cancel: cancel}
	m.layers = append(m.layers, p)
	look, run, arm := m.Inspect, m.run, m.arm
	return func() tea.Msg {
		geometry, findings, err := look(ctx, run, arm)
		return inspected{p, geometry, findings, err}
	}
}

// take keeps what was found out.
func (p *inspection) take(msg inspected) {
	p.geometry, p.findings = msg.geometry, msg.findings
	if msg.err != nil {
		p.problem = msg.err.Error()
	}
}

func (p *inspection) keys() []key {
	turn := func(by int) func(*Model) tea.Cmd {
		return func(*Model) tea.Cmd {
			p.part, p.row = (p.part+by+len(parts))%len(parts), 0
			return nil
		}
	}
	scroll := func(by int) func(*Model) tea.Cmd {
		return func(*Model) tea.Cmd {
			if p.findings != nil || p.geometry != nil && p.part == 0 {
				p.row = max(0, min(p.row+by, parts[p.part].rows(p)-1))
			}
			return nil
		}
	}
	leave := func(m *Model) tea.Cmd {
		p.cancel()
		return m.close()
	}
	return []key{
		{names: []string{"right", "l", "tab"}, shown: "← →", hint: "page", keep: true, do: turn(1)},
		{names: []string{"left", "h", "shift+tab"}, do: turn(-1)},
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "scroll", do: scroll(1)},
		{names: []string{"up", "k"}, do: scroll(-1)},
		{names: []string{"esc", "q", "i"}, hint: "back", keep: true, do: leave},
	}
}

func (p *inspection) draw(m *Model, body view.Rect) {
	m.frame.Fill(body, theme.Plain)
	var names []string
	for i, one := range parts {
		name := one.name
		if i == p.part {
			name = "[" + name + "]"
		}
		names = append(names, name)
	}
	box := view.Panel{Title: fmt.Sprintf("inside %s · %s", p.arm, strings.Join(names, " ")), Focused: true}
	if g := p.geometry; g != nil {
		box.Foot = fmt.Sprintf("%s on %d×%d×%d, padding %s (%s)", g.Arch, g.H, g.W, g.C, g.Padding, g.Extent)
	}
	inner := box.Draw(m.frame, body, m.Theme).Inset(1, 0)
	switch {
	case p.geometry != nil && p.part == 0:
		p.drawLayers(m, inner)
	case p.problem != "":
		view.Paragraph{Spans: []view.Span{{Style: theme.Bad, Text: p.problem}}}.Draw(m.frame, inner, m.Theme)
	case p.findings == nil:
		view.Paragraph{Spans: []view.Span{{Style: theme.Dim, Text: "photographs are shown to the network, as it is now…"}}}.Draw(m.frame, inner, m.Theme)
	default:
		parts[p.part].draw(p, m, inner)
	}
}

// under draws a paragraph and returns the rectangle under it.
func (m *Model) under(text string, r view.Rect) view.Rect {
	p := view.Paragraph{Spans: []view.Span{{Style: theme.Plain, Text: text}}}
	head, rest := r.CutTop(min(p.Height(r.W), r.H/2))
	p.Draw(m.frame, head, m.Theme)
	_, rest = rest.CutTop(1)
	return rest
}

func (p *inspection) layers() view.Table {
	t := view.Table{Header: []string{"layer", "out", "sees", "uneven", "over the edge", "stride", "kind"}, Skip: p.row}
	for _, l := range p.geometry.Layers {
		if !l.Plain {
			t.Rows = append(t.Rows, []string{l.Name, fmt.Sprintf("%d×%d×%d", l.H, l.W, l.C), l.Field(), l.Asymmetry(), view.Share(l.SeesPadding), l.Sampling(), l.Title()})
		}
	}
	return t
}

func (p *inspection) drawLayers(m *Model, r view.Rect) {
	g := p.geometry
	text := fmt.Sprintf("A value of the last map sees %d×%d pixels; %s. How often a row is used, from the border inward, 1 in the middle: ", g.ReceptiveField, g.ReceptiveField, g.Advice())
	for i, side := range g.Usage(6) {
		if i > 0 {
			text += "; "
		}
		text += side.Name
		for _, v := range side.Counts {
			text += " " + view.Score(v)
		}
	}
	p.layers().Draw(m.frame, m.under(text+".", r), m.Theme)
}

func (p *inspection) drawArtifacts(m *Model, r view.Rect) {
	a := p.findings.Artifacts[p.row]
	r = m.under(fmt.Sprintf("Tap %s (%d of %d), features averaged over channels and %d windows on photographs, or of a black picture. What depends on the picture fades; lines along the border are the padding's.",
		a.Tap, p.row+1, len(p.findings.Artifacts), p.findings.Pictures), r)
	for i, one := range []struct {
		name     string
		values   []float32
		contrast [4]float64
	}{{"photographs", a.Photos, a.PhotosContrast}, {"a black picture", a.Black, a.BlackContrast}} {
		column, rest := r.CutLeft(r.W / (2 - i))
		r = rest
		words, picture := column.CutBottom(3)
		var sides []string
		for k, v := range one.contrast {
			sides = append(sides, inspect.Sides[k]+" "+view.Excess(v))
		}
		spans := []view.Span{{Style: theme.Strong, Text: one.name + ": "}, {Style: theme.Plain, Text: strings.Join(sides, ", ")}}
		view.Paragraph{Spans: spans}.Draw(m.frame, words.Inset(1, 0), m.Theme)
		image := view.Image{Rows: a.H, Cols: a.W, Values: stretched(one.values)}
		_, picture = picture.CutBottom(1)
		image.Draw(m.frame, picture.Inset(1, 0), m.Theme)
	}
}

// stretched maps the smallest value to 0 and the largest to 1; a map that is
// the same all over is grey.
func stretched(values []float32) []float64 {
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

func (p *inspection) drawFilters(m *Model, r view.Rect) {
	t := view.Table{Header: []string{"layer", "filters", "aware", "share", "top", "bottom", "left", "right"}, Skip: p.row}
	for _, f := range p.findings.Neurons {
		row := []string{f.Name, fmt.Sprint(f.Count)}
		if f.TooSmall {
			t.Rows = append(t.Rows, append(row, "–", "–", "–", "–", "–", "–"))
			continue
		}
		row = append(row, fmt.Sprint(f.Any), view.Share(float64(f.Any)/float64(f.Count)))
		for _, n := range f.At {
			row = append(row, fmt.Sprint(n))
		}
		t.Rows = append(t.Rows, row)
	}
	aware, filters := inspect.CountAware(p.findings.Neurons)
	text := "No convolution of 3×3 or larger makes a map with a middle."
	if filters > 0 {
		text = fmt.Sprintf("%d of %d filters (%s) say at some side what they hardly ever say in the middle, or the other way round (Kolmogorov-Smirnov D > %g).", aware, filters, view.Share(float64(aware)/float64(filters)), inspect.Aware)
	}
	t.Draw(m.frame, m.under(text, r), m.Theme)
}

func (p *inspection) drawPattern(m *Model, r view.Rect) {
	found := p.findings.Pattern
	if found.Problem != "" {
		m.under("Not compared: "+found.Problem+".", r)
		return
	}
	text := fmt.Sprintf("Features of %d×%d pixels with padding, less those of the same pixels in the middle of %d×%d without any, over %d photographs. What stays when they are averaged is the padding's pattern: signal to noise, and mean error.",
		found.Crop, found.Crop, found.Around, found.Around, found.Photos)
	if len(found.LeftOut) > 0 {
		text += " Left out, for their surroundings would be too large: " + strings.Join(found.LeftOut, ", ") + "."
	}
	t := view.Table{Header: []string{"tap", "map", "SNR", "by chance", "MAE", "reaches"}, Skip: p.row}
	for _, tap := range found.Taps {
		t.Rows = append(t.Rows, []string{tap.Tap, fmt.Sprintf("%d×%d", tap.H, tap.W), view.Figure(tap.SNR), view.Figure(tap.Chance), view.Figure(tap.MAE), view.Share(tap.Reached)})
	}
	t.Draw(m.frame, m.under(text, r), m.Theme)
}
