package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/inspect"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/pad"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A lesson is a step of the tour: two sentences, a live run, a prediction that is
// asked for before the answer is shown, and one thing to press. Which prediction
// was right comes from what the run has found, so that it holds for any seed.
type lesson struct {
	title   string
	text    string
	preset  string   // is trained; empty: what was trained stays
	set     []string // with these changes, KEY=VALUE
	ask     string
	choices []string
	right   func(*lab.Snapshot) int // the choice that has come true, −1: not known yet
	because string
	arm     string // that it is about
	press   string
	fact    bool // the answer does not come from the run
	picture bool // what the selected arm sees stands beside the text
}

// The tour makes the paper's argument.
var lessons = []lesson{
	{
		title:  "What padding is",
		text:   "A convolution looks at a pixel and its neighbours; at the border some are missing. The padding scheme says what stands there instead: see the corner on the right, each pixel in the tint of the one that it copies.",
		preset: "where-am-i", set: []string{"net.padding=zeros,circular,reflect"},
		ask:     "Which scheme puts the opposite side of the picture there?",
		choices: []string{"zeros", "reflect", "circular"},
		right: func(*lab.Snapshot) int {
			return slices.IndexFunc([]string{"zeros", "reflect", "circular"}, func(name string) bool {
				source, err := pad.Must(name).Sources(8, 1, 0)
				return err == nil && source[0] == 7
			})
		},
		because: "Left of column 1 stands column 8, as on a globe: a circular picture has no border.",
		press:   "↓ for the next arm, and see its border on the right",
		fact:    true, picture: true,
	},
	{
		title:  "A network that cannot know",
		text:   "A patch is pasted into one of 36 cells of a black canvas, and the network is asked into which. It looks through one small window that is the same everywhere, and averages over all places at the end.",
		preset: "where-am-i", set: []string{"net.padding=circular,"},
		ask:     "With a circular border, how often will it be right?",
		choices: []string{"as often as guessing, 1 in 36", "more often than that", "nearly always"},
		right:   func(s *lab.Snapshot) int { return byScore(arm(s, "circular"), metric.Accuracy) },
		arm:     "circular",
		because: "Without a border all cells look alike to it, whatever it learns.",
		press:   "n for another seed: is it that?",
	},
	{
		title:  "Zeros tell it",
		text:   "The same network, the same first weights, the same pictures. Only what stands beside the picture is another thing: zeros.",
		preset: "where-am-i", set: []string{"net.padding=zeros,circular"},
		ask:     "And now?",
		choices: []string{"it guesses as before", "it is right more often than by guessing"},
		right:   func(s *lab.Snapshot) int { return min(byScore(arm(s, "zeros"), metric.Accuracy), 1) },
		arm:     "zeros",
		because: "Nothing of the answer stands in the patch: it comes in through the border.",
		press:   "↑ ↓ to select an arm, esc to see its map (in which cells it is right), and t to come back",
	},
	{
		title:   "How far does it carry?",
		text:    "The chart draws how often the network is right against the distance of the patch to the border; favourite answers are taken off, so that 0 is guessing.",
		ask:     "Where does the network with zeros know its place better?",
		choices: []string{"next to the border", "two cells further in", "the same everywhere"},
		right:   func(s *lab.Snapshot) int { return byRings(arm(s, "zeros"), 0, 2) },
		arm:     "zeros",
		because: "A unit tells the place only if it sees the patch and the border at once.",
		press:   "shift+tab to go to the chart, then l and h to read all arms at a distance",
	},
	{
		title:   "The receptive field",
		text:    "How far a unit sees is its receptive field. Three networks with zeros stand beside each other: nearest sees least, near further, vgg5-mini furthest.",
		preset:  "how-far",
		ask:     "Which one knows its place in the innermost cells, two cells from the border?",
		choices: []string{"the one that sees least (nearest)", "only the one that sees furthest (vgg5-mini)", "none"},
		right: func(s *lab.Snapshot) int {
			near, far := ring(arm(s, "nearest"), 2), ring(arm(s, "vgg5-mini"), 2)
			switch {
			case near == nil || far == nil:
				return -1
			case near.Value > 0.5:
				return 0
			case far.Value > 0.5:
				return 1
			}
			return 2
		},
		arm:     "vgg5-mini",
		because: "Position travels as far as the receptive field carries it, and no further.",
		press:   "i, and tab to layers: how far each of them sees",
	},
	{
		title:  "No padding is not blind either",
		text:   "Without padding nothing is put beside the picture, and the maps become smaller. One would think that then nothing tells the border.",
		preset: "where-am-i", set: []string{"net.padding=none,circular"},
		ask:     "Does the network without padding know more than guessing?",
		choices: []string{"no", "yes"},
		right:   func(s *lab.Snapshot) int { return min(byScore(arm(s, "none"), metric.Accuracy), 1) },
		arm:     "none",
		because: "Pixels next to the border are looked at by fewer units, so a patch there counts less in the average.",
		press:   "i, and tab to usage: how often each pixel is read",
	},
	{
		title:   "Networks that nobody asked carry it",
		text:    "A network learns what is on a picture, never where. Then it is frozen, and a small read-out is trained to draw a ramp from left to right out of its features, for any picture.",
		preset:  "table3-layers",
		ask:     "Can the place be read out of all its features (arm: all)?",
		choices: []string{"no: rank correlation below .2", "yes, in part: between .2 and .7", "yes: above .7"},
		right: func(s *lab.Snapshot) int {
			score, ok := metric.Find(arm(s, "all").Scores, metric.Key{Metric: metric.SPC, Target: "H", Images: "natural"})
			switch {
			case !ok:
				return -1
			case score.Value < 0.2:
				return 0
			case score.Value < 0.7:
				return 1
			}
			return 2
		},
		arm:     "all",
		because: "It was never taught: the border has told it by the way.",
		press:   "v to see the scores as bars, beside the paper's",
	},
	{
		title:   "Swap the border of a trained network",
		text:    "A network learned its place with zeros. Its weights stay, and what stands beside the picture is exchanged when it is tested.",
		preset:  "swap-padding",
		ask:     "Tested with a circular border, it is right …",
		choices: []string{"exactly as often as guessing", "less often than with zeros, but more than guessing", "as often as with zeros"},
		right: func(s *lab.Snapshot) int {
			zeros, circular := byScore(arm(s, "zeros"), metric.Accuracy), byScore(arm(s, "circular"), metric.Accuracy)
			switch {
			case zeros < 0 || circular < 0:
				return -1
			case circular == 0:
				return 0
			case circular < zeros:
				return 1
			}
			return 2
		},
		arm:     "circular",
		because: "What it had learned was the zeros themselves.",
		press:   "b to take the dim curves of the run before away",
	},
	{
		title:   "Your own network",
		text:    "padlab inspect ARCH --weights FILE says of a trained network where the border comes in; net.weights in the form (key e) reads positions out of it. Here we go on with the network of before.",
		ask:     "How many of the places of its last map see the padding?",
		choices: []string{"none of them", "some of them", "all of them"},
		right:   func(*lab.Snapshot) int { return -1 }, // the geometry says it, see tour.ask
		because: "Each of them can tell the network where it is.",
		press:   "i, and tab to layers: a column says it of each",
	},
	{
		title:   "Your own question",
		text:    "Key e changes anything: a bigger canvas, another fill, only the first layer circular. Several values with commas make an arm each; the run before stays dim behind the new one; Runs (o) keeps all of it.",
		ask:     "Is the canvas the reason? What if it is mean grey instead of black?",
		choices: []string{"it will make no difference I can see", "it will change the curves"},
		right:   func(*lab.Snapshot) int { return -1 },
		because: "",
		press:   "e, then / and type fill, enter twice, type ,mean behind black, enter, r — and look",
	},
}

// arm is the one of that name; the zero ArmState if there is none.
func arm(s *lab.Snapshot, name string) lab.ArmState {
	if s != nil {
		for _, a := range s.Arms {
			if a.Name == name {
				return a
			}
		}
	}
	return lab.ArmState{}
}

// byScore is 0 where a score is not above chance, 1 where it is, 2 from .9 on, −1
// where there is none.
func byScore(a lab.ArmState, name string) int {
	s, ok := metric.Find(a.Scores, metric.Key{Metric: name})
	switch {
	case !ok:
		return -1
	case s.Value >= 0.9:
		return 2
	case s.Low > s.Chance:
		return 1
	}
	return 0
}

// ring is what was found at a distance, beyond guessing; nil: nothing was.
func ring(a lab.ArmState, distance int) *metric.Point {
	p, ok := metric.Find(a.Profiles, metric.Key{Metric: metric.BeyondGuessing})
	for i := range p.Rings {
		if ok && p.Rings[i].Distance == distance {
			return &p.Rings[i]
		}
	}
	return nil
}

// byRings is 0 where the first ring is higher beyond both intervals, 1 where the
// second is, 2 where neither.
func byRings(a lab.ArmState, first, second int) int {
	x, y := ring(a, first), ring(a, second)
	switch {
	case x == nil || y == nil:
		return -1
	case x.Low > y.High:
		return 0
	case y.Low > x.High:
		return 1
	}
	return 2
}

// A tour leads through the lessons, over the lower half of the lab. It can be left
// and taken up again anywhere.
type tour struct {
	lab      *labScreen
	step     int
	selected int
	said     int // what was predicted, −1: nothing yet
	share    float64
	knows    bool // share is known
	choices  view.Rect
}

func newTour(l *labScreen) *tour { return &tour{lab: l, said: -1} }

func (t *tour) leave() {}

// enter takes the tour up where it was left.
func (t *tour) enter() effect {
	seen := t.lab.host.Seen
	if seen == nil {
		return t.begin()
	}
	return effect{work: work(func() (int, error) { return seen(), nil }, func(step int, _ error) effect {
		t.step = max(0, min(step, len(lessons)-1))
		return t.begin()
	})}
}

// follow has it kept how far one has come, one step after the other.
func (l *labScreen) keepStep(step int) tea.Cmd {
	if l.host.Follow == nil {
		return nil
	}
	if l.followed = step; l.following {
		return nil
	}
	l.following = true
	return work(func() (struct{}, error) { return struct{}{}, l.host.Follow(step) }, func(struct{}, error) effect {
		if l.following = false; l.followed != step {
			return effect{unchanged: true, work: l.keepStep(l.followed)}
		}
		return effect{unchanged: true}
	})
}

// begin begins a lesson.
func (t *tour) begin() effect {
	t.selected, t.said = 0, -1
	t.lab.focus, t.lab.zoomed, t.lab.back = armsPlace, false, 0
	followed := t.lab.keepStep(t.step)
	e := t.train()
	e.work = together(e.work, followed)
	return e
}

// train trains what the lesson is about, unless that is there already.
func (t *tour) train() effect {
	l := lessons[t.step]
	if l.preset == "" {
		return t.geometry()
	}
	at := slices.IndexFunc(t.lab.presets, func(p Preset) bool { return p.Name == l.preset })
	if at < 0 {
		return effect{}
	}
	preset := t.lab.presets[at]
	e := preset.Experiment.Clone()
	for _, change := range l.set {
		if err := e.SetLine(change); err != nil {
			return effect{enter: complaint(err)}
		}
	}
	if _, now := t.lab.asked(); len(now.Differences(e)) == 0 && t.lab.problem == "" && t.lab.run != nil {
		return t.geometry()
	}
	return t.lab.play(preset, e)
}

// geometry asks how much of the network sees padding.
func (t *tour) geometry() effect {
	l := t.lab
	switch {
	case l.host.Geometry == nil || t.step != len(lessons)-2:
		return effect{}
	case l.coming() != nil: // that of the lesson before is meant
		return effect{work: after(poll, t.geometry)}
	case l.run == nil:
		return effect{}
	}
	run, arm := l.run, l.arm
	return effect{work: work(func() (*inspect.Geometry, error) { return l.host.Geometry(context.Background(), run, arm) }, func(g *inspect.Geometry, err error) effect {
		if t.knows = err == nil; t.knows {
			t.share = lastMap(g).SeesPadding
		}
		return effect{}
	})}
}

// lastMap is the last layer whose outputs still have a place.
func lastMap(g *inspect.Geometry) (last inspect.Layer) {
	for _, layer := range g.Layers {
		if layer.Jump > 0 {
			last = layer
		}
	}
	return last
}

// right is the choice that has come true, −1 while it is not known.
func (t *tour) right() int {
	if t.step == len(lessons)-2 && t.knows {
		switch {
		case t.share == 0:
			return 0
		case t.share < 1:
			return 1
		}
		return 2
	}
	s := t.lab.snap
	if lessons[t.step].fact {
		return lessons[t.step].right(s)
	}
	if t.lab.next != nil || s == nil || !s.Status.Ended() {
		return -1
	}
	return lessons[t.step].right(s)
}

func (t *tour) keys() []key {
	l := lessons[t.step]
	own := []key{
		{names: []string{"left", "backspace"}, do: func() effect { return t.turn(-1) }},
		{names: []string{"esc", "t"}, hint: "leave the tour", keep: true, always: true, do: func() effect { return effect{leave: []screen{t}} }},
	}
	next := "next"
	if t.step == len(lessons)-1 {
		next = "the end"
	}
	if t.said < 0 {
		own = append(own, moves(&t.selected, len(l.choices))...)
		own = append(own, key{names: []string{"enter"}, hint: "that is what I say", keep: true, do: quietly(t.say)})
	} else {
		own = append(own, key{names: []string{"enter", "right"}, hint: next, keep: true, do: func() effect { return t.turn(1) }})
	}
	if t.step > 0 {
		own[0].shown, own[0].hint = "←", "back"
	}
	for _, k := range t.lab.keys() { // one may go on playing
		if !slices.Contains(k.names, "q") && !slices.Contains(k.names, "esc") && !slices.Contains(k.names, "t") {
			k.hint = ""
			own = append(own, k)
		}
	}
	return append(own, key{names: []string{"q"}, hint: "quit", keep: true, do: t.lab.quit})
}

// say takes the prediction; the map is that of the arm that it is about.
func (t *tour) say() {
	t.said = t.selected
	if s := t.lab.snap; s != nil && t.lab.next == nil {
		about := func(a lab.ArmState) bool { return a.Name == lessons[t.step].arm }
		if at := slices.IndexFunc(s.Arms, about); at >= 0 {
			t.lab.arm = at
		}
	}
}

func (t *tour) turn(by int) effect {
	switch to := t.step + by; {
	case to < 0:
		return effect{}
	case to == len(lessons):
		return effect{leave: []screen{t}, work: t.lab.keepStep(0)}
	default:
		t.step = to
	}
	return t.begin()
}

func (t *tour) point(m mouse) effect {
	if i := m.y - t.choices.Y; m.wheel == 0 && t.said < 0 && m.on(t.choices) {
		t.selected = i
		t.say()
		return effect{}
	}
	return effect{}
}

// height is how many rows all that the lesson says takes in w columns: on a small
// screen it covers more than the lower half.
func (t *tour) height(w int) int {
	l := lessons[t.step]
	if l.picture {
		w -= w / 3
	}
	h := words(theme.Plain, l.text).Height(w) + words(theme.Plain, l.ask).Height(w)
	if t.said < 0 {
		return h + len(l.choices)
	}
	return h + t.answer().Height(w)
}

func (t *tour) draw(on surface, r view.Rect) {
	l := lessons[t.step]
	_, panel := r.CutTop(r.H - max(r.H-r.H/2, min(r.H, t.height(r.W-4)+2)))
	inner := on.window(fmt.Sprintf("tour %d of %d · %s", t.step+1, len(lessons), l.title), "", panel)
	if l.picture {
		var right view.Rect
		right, inner = inner.CutRight(inner.W / 3)
		_, right = right.CutLeft(1)
		b := t.lab.picture()
		if a, ok := t.lab.selected(); ok {
			var head view.Rect
			head, right = right.CutTop(1)
			on.Text(head.X, head.Y, theme.Strong, view.Cut(a.Label, head.W))
		}
		on.put(b.inside, right)
	}
	text := words(theme.Plain, l.text)
	top, rest := inner.CutTop(min(text.Height(inner.W), max(1, inner.H-len(l.choices)-1)))
	on.put(text, top)
	ask := words(theme.Strong, l.ask)
	top, rest = rest.CutTop(ask.Height(rest.W))
	on.put(ask, top)
	if t.said < 0 {
		list := view.List{Selected: t.selected, Focused: on.active}
		for _, c := range l.choices {
			list.Rows = append(list.Rows, view.Row{Text: c})
		}
		t.choices, _ = rest.CutTop(len(l.choices))
		on.put(list, t.choices)
		return
	}
	on.put(t.answer(), rest)
}

// answer is what has come true, beside what was said.
func (t *tour) answer() (p view.Paragraph) {
	l := lessons[t.step]
	add := func(s theme.Style, text string) { p.Spans = append(p.Spans, view.Span{Style: s, Text: text}) }
	add(theme.Dim, "You say: "+l.choices[t.said]+". ")
	switch right := t.right(); {
	case t.step == len(lessons)-1:
		add(theme.Key, "Try it. ")
	case right < 0 && t.lab.snap != nil && t.lab.snap.Status.Ended() && t.lab.next == nil:
		add(theme.Warn, "This run cannot tell. ")
	case right < 0:
		add(theme.Warn, "The networks are still at work… ")
	case right == t.said:
		add(theme.Good, "So it is. "+t.found()+l.because+" ")
	default:
		add(theme.Strong, "It is: "+l.choices[right]+". "+t.found()+l.because+" ")
	}
	press := "Press " + l.press
	if !strings.HasSuffix(press, "?") {
		press += "."
	}
	add(theme.Key, press)
	return p
}

// found is what the arm that the lesson is about has found, in a sentence.
func (t *tour) found() string {
	a := arm(t.lab.snap, lessons[t.step].arm)
	if len(a.Scores) == 0 || t.lab.experiment.Reads() {
		return ""
	}
	return report.Found(t.lab.experiment, a.Result(), a.Label) + " "
}
