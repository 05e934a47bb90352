package app

import (
	"fmt"

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
	{"guessing", "The score of an answer drawn at random: the dashed line. A network that sees no difference between places cannot do better."},
}

// help is a page of keys and words.
func help(keys []key, s *lab.Snapshot) *page {
	p := &page{title: "help"}
	add := func(s theme.Style, text string) { p.text.Spans = append(p.text.Spans, view.Span{Style: s, Text: text}) }
	for _, k := range keys {
		if k.help != "" {
			add(theme.Key, fmt.Sprintf("%-6s", k.label()))
			add(theme.Plain, " "+k.help+"\n")
		}
	}
	for _, w := range glossary {
		add(theme.Strong, "\n"+w.name)
		add(theme.Plain, "  "+w.means+"\n")
	}
	if s != nil && s.Slow != "" {
		add(theme.Warn, "\nslow")
		add(theme.Plain, fmt.Sprintf("  Training uses the kernel %s: %s.", s.Provenance.Kernel, s.Slow))
	}
	return p
}
