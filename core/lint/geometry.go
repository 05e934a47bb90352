package lint

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"padlab/core/arch"
	"padlab/core/inspect"
	"padlab/core/nn"
	"padlab/core/pad"
)

// geometry answers what needs no weights.
func (l *linter) geometry() error {
	b, err := inspect.LookAtBorder(l.Spec)
	if err != nil {
		return err
	}
	l.open = len(b.Entries) > 0 || len(b.Wraps) == 0
	l.border(b)
	l.seams(b)
	l.strides(b)
	l.foveation(b)
	l.seen(b)
	l.tryGeometry()
	return l.ctx.Err()
}

func (l *linter) border(b *inspect.Border) {
	f := l.findings[Borders]
	if f == nil {
		return
	}
	f.Value = float64(len(b.Entries))
	switch {
	case len(b.Entries) == 0 && len(b.Wraps) > 0:
		f.Verdict = "The border comes in nowhere: all that is padded goes on at the other side."
	case len(b.Entries) == 0:
		f.Verdict = "No layer looks over the edge."
	default:
		f.Verdict = fmt.Sprintf("The border comes in at %s of %d. Numbers are the rows and columns of their maps that it touches.", layers(len(b.Entries)), b.Layers)
	}
	for _, e := range b.Entries {
		f.Places = append(f.Places, entry(e))
	}
}

// entry says what stands at a border, and how far it reaches into the layer's map.
func entry(e inspect.Entry) Place {
	p := Place{Name: e.Layer, Kind: e.Kind, Sides: &e.Touched}
	what := e.Beside + " outside"
	switch {
	case e.Everywhere:
		p.Says, p.Sides = "blends every place otherwise", nil
		return p
	case e.Kind == "resize":
		what = "the edge is repeated"
	case e.Kind == "transposed conv":
		what = "fewer inputs meet"
	case e.Beside == "none":
		what = "nothing outside"
	case e.Beside == "":
		what = "what is outside differs"
	}
	p.Says = fmt.Sprintf("%s: %s", what, sides(e.Touched))
	return p
}

// sides are how many rows and columns of a map next to its sides are touched.
func sides(n [4]int) string {
	if n == [4]int{n[0], n[0], n[0], n[0]} {
		return fmt.Sprintf("%d on all sides", n[0])
	}
	var list []string
	for i, v := range n {
		if v > 0 {
			list = append(list, fmt.Sprintf("%s %d", inspect.Sides[i], v))
		}
	}
	return strings.Join(list, ", ")
}

func layers(n int) string {
	if n == 1 {
		return "1 layer"
	}
	return fmt.Sprintf("%d layers", n)
}

func (l *linter) seams(b *inspect.Border) {
	f := l.findings[Seams]
	if f == nil {
		return
	}
	if len(b.Wraps) == 0 {
		f.Verdict = "No layer is known to go on at the other side, so there is no seam in what does."
		return
	}
	seams := b.Seams()
	f.Value = float64(len(seams))
	for _, e := range seams {
		f.Places = append(f.Places, entry(e))
	}
	there := "at the other side"
	switch b.Along {
	case [2]bool{true, false}:
		there += ", top and bottom"
	case [2]bool{false, true}:
		there += ", left and right"
	}
	if len(seams) == 0 {
		f.Verdict = fmt.Sprintf("%s %s, and no other layer has a border there.", goOn(len(b.Wraps)), there)
		return
	}
	f.Verdict = fmt.Sprintf("%s %s, but %s a border there all the same.", goOn(len(b.Wraps)), there, have(len(seams)))
	scheme := map[[2]bool]string{{true, true}: "circular", {true, false}: "replicate/circular", {false, true}: "circular/replicate"}[b.Along]
	if s, names := enlarging(l.Spec, seams, scheme); names != "" {
		if mended, err := inspect.LookAtBorder(s); err == nil {
			f.tried(scheme+" in "+names, float64(len(mended.Seams())))
		}
	}
}

// enlarging is the network whose maps go on as a scheme says where they are enlarged, with
// the names of those layers; empty: none of the entries is one.
func enlarging(s arch.Spec, entries []inspect.Entry, scheme string) (arch.Spec, string) {
	var list []string
	layers := maps.Clone(s.Layers)
	for _, e := range entries {
		if e.Kind != "resize" || e.Everywhere {
			continue
		}
		if layers == nil {
			layers = map[string]pad.Scheme{}
		}
		layers[e.Layer] = pad.Must(scheme)
		list = append(list, e.Layer)
	}
	s.Layers = layers
	return s, strings.Join(list, ", ")
}

func goOn(n int) string {
	if n == 1 {
		return "1 layer goes on"
	}
	return fmt.Sprintf("%d layers go on", n)
}

func have(n int) string {
	if n == 1 {
		return "1 has"
	}
	return fmt.Sprintf("%d have", n)
}

func (l *linter) strides(b *inspect.Border) {
	f := l.findings[Strides]
	if f == nil {
		return
	}
	for _, s := range b.Strides {
		if s.Uneven() {
			f.Places = append(f.Places, uneven(s))
		}
	}
	f.Value = float64(len(f.Places))
	switch {
	case len(b.Strides) == 0:
		f.Verdict = "No layer has a stride."
		return
	case len(f.Places) == 0:
		f.Verdict = fmt.Sprintf("At %s all %s with a stride use as much in front as behind.", size(l.Spec.In), layers(len(b.Strides)))
		if len(b.Strides) == 1 {
			f.Verdict = fmt.Sprintf("At %s the only layer with a stride uses as much in front as behind.", size(l.Spec.In))
		}
		return
	}
	f.Verdict = fmt.Sprintf("At %s, of %s with a stride %d use more on one side than on the other.", size(l.Spec.In), layers(len(b.Strides)), len(f.Places))
	if len(f.Places) == 1 {
		f.Verdict = fmt.Sprintf("At %s, of %s with a stride 1 uses more on one side than on the other.", size(l.Spec.In), layers(len(b.Strides)))
	}
	even := inspect.EvenSizes(l.Spec, b.Stride)
	slices.SortStableFunc(even, func(a, b [2]int) int { return abs(a[0]-l.Spec.In.H) - abs(b[0]-l.Spec.In.H) })
	for _, in := range even {
		s := l.Spec
		s.In.H, s.In.W = in[0], in[1]
		mended, err := inspect.LookAtBorder(s)
		if err != nil {
			continue
		}
		n := 0
		for _, stride := range mended.Strides {
			if stride.Uneven() {
				n++
			}
		}
		f.tried(resized(l.Spec.In, s.In), float64(n))
	}
}

func abs(n int) int { return max(n, -n) }

// uneven says how the windows of a layer with a stride lie.
func uneven(s inspect.Stride) Place {
	axis := func(a nn.Axis) string {
		if s.Behind[a] < 0 {
			return fmt.Sprintf("uses %d in front, leaves %d of the map behind", s.Before[a], -s.Behind[a])
		}
		return fmt.Sprintf("uses %d in front, %d behind", s.Before[a], s.Behind[a])
	}
	rows, columns := axis(nn.Rows), axis(nn.Columns)
	says := fmt.Sprintf("%s; remainder %d", rows, s.Remainder[nn.Rows])
	if rows != columns || s.Remainder[0] != s.Remainder[1] {
		says = fmt.Sprintf("rows: %s; remainder %d; columns: %s; remainder %d", rows, s.Remainder[nn.Rows], columns, s.Remainder[nn.Columns])
	}
	return Place{Name: s.Layer, Kind: s.Kind, Says: says, Sides: &[4]int{s.Before[0], s.Behind[0], s.Before[1], s.Behind[1]}}
}

// differs is by how much the usage of a side differs most from that of the middle.
func differs(b *inspect.Border) (most float64) {
	for _, v := range b.Usage {
		most = max(most, math.Abs(v-1))
	}
	return most
}

func (l *linter) foveation(b *inspect.Border) {
	f := l.findings[Foveation]
	if f == nil {
		return
	}
	f.Value = differs(b)
	outermost := "row and column of the picture is"
	if b.Stride > 1 {
		outermost = fmt.Sprintf("%d rows and columns of the picture are", b.Stride)
	}
	if f.Value == 0 {
		f.Verdict = fmt.Sprintf("The outermost %s used as often as those in the middle.", outermost)
		return
	}
	f.Verdict = fmt.Sprintf("The outermost %s used so many times as often as the middle: %s.", outermost, usage(b.Usage))
}

func usage(v [4]float64) string {
	text := func(i int) string { return fmt.Sprintf("%s %.2f", inspect.Sides[i], v[i]) }
	if v[0] == v[1] && v[0] == v[2] && v[0] == v[3] {
		return fmt.Sprintf("%.2f on all sides", v[0])
	}
	return strings.Join([]string{text(0), text(1), text(2), text(3)}, ", ")
}

func (l *linter) seen(b *inspect.Border) {
	f := l.findings[Seen]
	if f == nil {
		return
	}
	f.Value = b.Seen
	f.Verdict = fmt.Sprintf("Of the outputs of the last map, %s, %s see what is not in the picture.", b.Last, percent(b.Seen))
	if b.Seen == 0 {
		f.Verdict = fmt.Sprintf("No output of the last map, %s, sees what is not in the picture.", b.Last)
	}
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// tryGeometry looks at the same network under other schemes.
func (l *linter) tryGeometry() {
	best, change := math.Inf(1), ""
	for _, scheme := range []string{"circular", "symmetric", "replicate", "reflect", "none"} {
		s := everywhere(l.Spec, scheme)
		b, err := inspect.LookAtBorder(s)
		if l.ctx.Err() != nil {
			return
		}
		if err != nil {
			continue
		}
		if d := differs(b); d < best && scheme != "none" {
			best, change = d, inAll(scheme)
		}
		switch scheme {
		case "circular":
			change := inAll(scheme)
			if more, names := enlarging(s, b.Entries, scheme); names != "" {
				if mended, err := inspect.LookAtBorder(more); err == nil {
					b, change = mended, change+", and in "+names
				}
			}
			l.findings[Borders].tried(change, float64(len(b.Entries)))
			if f := l.findings[Seams]; f != nil && f.Value > 0 {
				f.tried(change, float64(len(b.Seams())))
			}
			l.findings[Seen].tried(change, b.Seen)
		case "none":
			l.findings[Seen].tried(inAll(scheme), b.Seen)
		}
	}
	l.findings[Foveation].tried(change, best)
}

// blindness runs the network in moved copies: as it is, and where that is not blind,
// without any border.
func (l *linter) blindness() error {
	f := l.findings[ToldApart]
	if f == nil {
		return nil
	}
	own, err := inspect.Follow(l.ctx, l.Spec, l.Kernel, l.Crew)
	if err != nil {
		return err
	}
	switch {
	case own.Blind():
		f.Verdict = fmt.Sprintf("No: a picture that is moved by %s is followed by %s, %s.", by(own.By), allMaps(own.Compared), exactly(own))
		return nil
	case own.Problem != "":
		f.Value, f.Verdict = math.NaN(), "Not known: "+own.Problem+"."
		return nil
	case own.Layer == "":
		f.Value, f.Verdict = math.NaN(), fmt.Sprintf("Not known: behind %s values are no picture; what comes before it moves along with the picture.", own.Lost)
		return nil
	}
	f.Value = 1
	f.Verdict = fmt.Sprintf("Yes: the map of %s is the first that does not move along with the picture%s.", own.Layer, why(own, l.Spec))
	f.Places = []Place{{Name: own.Layer, Kind: own.Kind}}
	return l.borderless(f)
}

// borderless says whether the network could be blind: whether it is when what is padded
// goes on at the other side; at this size of picture, or at another.
func (l *linter) borderless(f *Finding) error {
	s, circular := l.Spec, inAll("circular")
	if l.open {
		s = everywhere(s, "circular")
		if b, err := inspect.LookAtBorder(s); err == nil {
			if more, names := enlarging(s, b.Entries, "circular"); names != "" {
				s, circular = more, circular+", and in "+names
			}
		}
	}
	var found *inspect.Motion
	if l.open {
		m, err := inspect.Follow(l.ctx, s, l.Kernel, l.Crew)
		if err != nil {
			return l.ctx.Err() // it cannot be padded so
		}
		if m.Blind() {
			f.Verdict += " It could be blind."
			f.tried(circular, 0)
			return nil
		}
		found = m
	}
	for _, in := range sizes(s) {
		t := s
		t.In = in
		m, err := inspect.Follow(l.ctx, t, l.Kernel, l.Crew)
		if l.ctx.Err() != nil {
			return l.ctx.Err()
		}
		if err != nil || !m.Blind() {
			continue
		}
		change := resized(s.In, in)
		if found != nil {
			change = circular + ", and " + change
		}
		f.tried(change, 0)
		break
	}
	switch {
	case len(f.Mends) > 0 && found == nil:
		f.Verdict += " It could be blind at another size of picture."
	case len(f.Mends) > 0:
		f.Verdict += " It could be blind, but at another size of picture alone."
	case found != nil && found.Layer != "":
		f.Verdict += fmt.Sprintf(" No padding makes it blind: where all of it goes on at the other side, %s is the first%s.", found.Layer, why(found, s))
	case found != nil && found.Problem != "":
		f.Verdict += " Whether it could be blind is not known: " + found.Problem + "."
	case found != nil:
		f.Verdict += fmt.Sprintf(" Whether it could be blind is not known: behind %s values are no picture.", found.Lost)
	}
	return nil
}

// sizes are those next to the picture's that the total stride divides, the nearer first.
func sizes(s arch.Spec) (list []nn.Shape) {
	b, err := inspect.LookAtBorder(s)
	if err != nil || b.Stride < 1 {
		return nil
	}
	for _, up := range []int{0, b.Stride - 1} {
		in := s.In
		in.H, in.W = (in.H+up)/b.Stride*b.Stride, (in.W+up)/b.Stride*b.Stride
		if in != s.In && in.H > 0 && in.W > 0 {
			list = append(list, in)
		}
	}
	slices.SortStableFunc(list, func(a, b nn.Shape) int { return abs(a.H-s.In.H) - abs(b.H-s.In.H) })
	return list
}

func by(n [2]int) string { return fmt.Sprintf("%d rows and %d columns", n[0], n[1]) }

func allMaps(n int) string { return fmt.Sprintf("all %d maps", n) }

func exactly(m *inspect.Motion) string {
	if m.Exact {
		return "bit for bit"
	}
	return "but for rounding"
}

// why says what keeps a map from moving along.
func why(m *inspect.Motion, s arch.Spec) string {
	switch {
	case m.Uneven:
		return fmt.Sprintf(" (%d×%d outputs do not go around %s pixels evenly)", m.Size[0], m.Size[1], size(s.In))
	case m.Along == [2]bool{true, false}:
		return " (along the rows)"
	case m.Along == [2]bool{false, true}:
		return " (along the columns)"
	case m.Size == [2]int{1, 1}:
		return " (it weighs places otherwise)"
	}
	return ""
}
