package app

import (
	"fmt"
	"strings"

	"padlab/core/lab"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// glossary has the words of the screen that a newcomer cannot know.
var glossary = []struct{ name, means string }{
	{"padding", "A convolution looks at every pixel and its neighbours. At the border of the picture some neighbours are missing; the padding scheme says what stands there instead."},
	{"arm", "One network of the comparison. All arms start from the same weights and see the same pictures; they differ in what is compared."},
	{"distance", "How many cells lie between the patch and the nearest border of the canvas. All cells at one distance are a ring."},
	{"beyond guessing", "How much more often a network says a cell where the patch is there than where it is not. A favourite answer gains nothing by it: 0 is guessing, 1 perfect."},
	{"ceiling", "What no training can exceed: cells that look alike to a network, whatever its weights, share one answer. It is computed, from one patch in every cell."},
	{"interval", "The bar through a point, 95 %. Over images it is about this network; over seeds, from three on, about networks of this kind. Of two seeds it is the range. n is how many it counts."},
	{"seed", "What all random draws come from: weights, pictures, places. Another seed is another network of the same kind; key N trains one beside those that are there."},
	{"bits", "How far the answers tell cells apart, right or wrong: mutual information of cell and answer."},
	{"read-out", "A small network that is trained on the features of a frozen one. What it draws can only come from there: a map that has nothing to do with the picture shows that the features know where they are."},
	{"rank correlation", "How well what is drawn puts the pixels into the order of the target: 1 perfectly, 0 not at all. Skill is by how much the error is smaller than that of the best constant."},
	{"chance", "The same as guessing: 1 of k² cells, or 1 of the classes. Cells that nothing can tell apart share one chance."},
	{"the run before", "Its curves stay dim behind the new ones, so that one sees what a change has changed. Key b takes them away. Where all lies on one another, nothing has changed: the same experiment gives the same bits."},
	{"evaluation", "Every so many steps the networks are shown test pictures in every cell, and the chart is drawn anew. Keys [ and ] go back through them."},
	{"receptive field", "How far a place of a feature map can see in the picture. Beyond it, neither the patch nor the border exists for it."},
	{"avx512, avx2, neon, gonum", "Which arithmetic of this processor the training uses. All but gonum, the portable one, give the same bits; they differ in speed."},
	{"guessing", "The score of an answer drawn at random: the dashed line. A network that sees no difference between places cannot do better."},
}

// A helpScreen is the keys and the words, which can be searched.
type helpScreen struct {
	dialog
	table []key
	slow  string // why the kernel is slow, if it is
	skip  int
	find  *line // nil: nothing is looked for
	at    view.Rect
}

func newHelp(keys []key, s *lab.Snapshot) *helpScreen {
	h := &helpScreen{table: keys}
	if s != nil && s.Slow != "" {
		h.slow = fmt.Sprintf("Training uses the kernel %s: %s.", s.Provenance.Kernel, s.Slow)
	}
	return h
}

func (h *helpScreen) line() *line   { return h.find }
func (h *helpScreen) typed() effect { h.skip = 0; return effect{} }

func (h *helpScreen) keys() []key {
	scroll := func(by int) func() effect { return quietly(func() { h.skip = max(0, h.skip+by) }) }
	table := []key{
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "scroll", do: scroll(1)},
		{names: []string{"up", "k"}, do: scroll(-1)},
		{names: []string{"pgdown", " "}, do: scroll(10)},
		{names: []string{"pgup"}, do: scroll(-10)},
	}
	if h.find != nil {
		return append(table, key{names: []string{"esc", "enter"}, hint: "everything", keep: true, always: true, do: quietly(func() { h.find = nil })})
	}
	return append(append(table, key{names: []string{"/"}, hint: "find", keep: true, do: quietly(func() { h.find, h.skip = newLine(""), 0 })}, closing(h, "?")), rooms()...)
}

// point scrolls, or does what the key does that was clicked: so there is nothing
// that the mouse alone cannot do.
func (h *helpScreen) point(m mouse) effect {
	if m.wheel != 0 || !m.on(h.at) {
		h.skip = max(0, h.skip+3*m.wheel)
		return effect{}
	}
	line := m.y - h.at.Y + h.skip
	for _, k := range h.found() {
		row := view.Paragraph{Spans: keyLine(k)}
		if line -= row.Height(h.at.W); line < 0 {
			e := k.do()
			e.leave = append(e.leave, h)
			return e
		}
	}
	return effect{}
}

// found are the keys that match what is looked for.
func (h *helpScreen) found() (list []key) {
	for _, k := range h.table {
		if k.help != "" && h.wants(k.label()+" "+k.help) {
			list = append(list, k)
		}
	}
	return list
}

// wants reports whether a text has what is looked for.
func (h *helpScreen) wants(text string) bool {
	return h.find == nil || strings.Contains(strings.ToLower(text), strings.ToLower(h.find.text()))
}

// keyLine is a key and what it does.
func keyLine(k key) []view.Span {
	return []view.Span{{Style: theme.Key, Text: fmt.Sprintf("%-6s", k.label())}, {Text: " " + k.help}}
}

// text is what there is to be read, of what is looked for.
func (h *helpScreen) text() view.Paragraph {
	var p view.Paragraph
	add := func(s theme.Style, text string) { p.Spans = append(p.Spans, view.Span{Style: s, Text: text}) }
	for _, k := range h.found() {
		p.Spans = append(p.Spans, keyLine(k)...)
		add(theme.Plain, "\n")
	}
	word := func(name, means string) {
		if h.wants(name + " " + means) {
			add(theme.Strong, "\n"+name)
			add(theme.Plain, "  "+means+"\n")
		}
	}
	for _, w := range glossary {
		word(w.name, w.means)
	}
	if h.slow != "" {
		word("slow", h.slow)
	}
	if len(p.Spans) == 0 {
		add(theme.Dim, "nothing is called that")
	}
	return p
}

func (h *helpScreen) draw(on surface, r view.Rect) {
	inner := on.window("help", "", r.Centre(min(84, r.W), r.H))
	if h.find != nil {
		var top view.Rect
		top, inner = inner.CutTop(1)
		x := top.X + on.Text(top.X, top.Y, theme.Key, "find: ")
		on.typed(h.find, true, x, top.Y, top.W-6)
	}
	text := h.text()
	h.skip, h.at = min(h.skip, text.MaxSkip(inner.W, inner.H)), inner
	text.Skip = h.skip
	on.put(text, inner)
}
