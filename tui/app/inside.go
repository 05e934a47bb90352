package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/lab"
	"padlab/core/pad"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// An inside is a network at work on one picture: what stands beside the picture,
// a kernel over its corner, and the maps of its layers, beside those of another
// arm.
type inside struct {
	run     *lab.Run
	arm     int
	other   int // the arm beside it
	beside  bool
	picture int
	amount  int // pixels of padding on the page of all schemes
	filter  int // of the first convolution
	row     int // where the kernel is, in the padded picture
	col     int

	of      [2]asked
	sights  [2]*lab.Sight // of the arm and the other one
	asking  bool
	problem string
}

// ask asks the networks, where there is something new to ask.
func (s *inside) ask(ctx context.Context) effect {
	if s.run == nil {
		return effect{unchanged: true}
	}
	snap := s.run.Snapshot()
	var now [2]asked
	for i, arm := range [2]int{s.arm, s.other} {
		now[i] = asked{s.run, arm, s.picture, snap.Evaluated, snap.Status.Ended()}
		if snap.Experiment.Reads() {
			now[i].evaluated, now[i].ended = 0, false
		}
	}
	if !s.beside {
		now[1] = asked{}
	}
	if s.asking || now == s.of {
		return effect{unchanged: true}
	}
	s.asking = true
	return effect{work: work(func() (seen [2]*lab.Sight, err error) {
		for i, q := range now {
			if q.run == nil {
				continue
			}
			if seen[i], err = q.run.Look(ctx, q.arm, lab.Question{Image: q.picture, View: cellOf(q.picture)}); err != nil {
				return seen, err
			}
		}
		return seen, nil
	}, func(seen [2]*lab.Sight, err error) effect {
		s.asking, s.of, s.sights, s.problem = false, now, seen, ""
		if err != nil {
			s.problem = err.Error()
		}
		e := s.ask(ctx) // it may have changed meanwhile what is to be asked
		e.unchanged = false
		return e
	})}
}

// keys are those of the three pages.
func (s *inside) keys(p *inspection) []key {
	change := func(do func()) func() effect {
		return func() effect {
			do()
			e := s.ask(p.ctx)
			e.unchanged = false
			return e
		}
	}
	by := func(n int) func() effect { return quietly(func() { p.row = max(0, min(p.row+n, p.rows()-1)) }) }
	pictures := []key{
		{names: []string{">", "."}, shown: "< >", hint: "picture", do: change(func() { s.picture++ })},
		{names: []string{"<", ","}, do: change(func() { s.picture = max(0, s.picture-1) })},
	}
	switch p.page {
	case paddingPage:
		return append([]key{
			{names: []string{"down", "j"}, shown: "↑ ↓", hint: "scroll", do: by(1)},
			{names: []string{"up", "k"}, do: by(-1)},
			{names: []string{"+", "="}, shown: "- +", hint: "wider", do: quietly(func() { s.amount = min(s.amount+1, 8) })},
			{names: []string{"-"}, do: quietly(func() { s.amount = max(1, s.amount-1) })},
		}, pictures...)
	case kernelPage:
		move := func(rows, cols int) func() effect { return quietly(func() { s.move(rows, cols) }) }
		return append([]key{
			{names: []string{"right", "l"}, shown: "← ↑ ↓ →", hint: "slide the kernel", keep: true, do: move(0, 1)},
			{names: []string{"left", "h"}, do: move(0, -1)},
			{names: []string{"down", "j"}, do: move(1, 0)},
			{names: []string{"up", "k"}, do: move(-1, 0)},
			{names: []string{"f"}, hint: "next filter", keep: true, do: quietly(func() { s.filter++ })},
			{names: []string{"F"}, do: quietly(func() { s.filter = max(0, s.filter-1) })},
		}, pictures...)
	}
	return append([]key{
		{names: []string{"down", "j"}, shown: "↑ ↓", hint: "layer", keep: true, do: by(1)},
		{names: []string{"up", "k"}, do: by(-1)},
		{names: []string{"x"}, hint: "another arm beside it", keep: true, do: change(func() {
			arms := len(s.run.Snapshot().Arms)
			switch s.other = (s.other + 1) % arms; {
			case !s.beside:
				s.other, s.beside = (s.arm+1)%arms, arms > 1
			case s.other == s.arm:
				s.beside = false
			}
		})},
	}, pictures...)
}

// move slides the kernel, as far as the padded picture goes.
func (s *inside) move(rows, cols int) {
	if first, ok := s.first(); ok {
		step := max(1, first.Stride)
		s.row = max(0, min(s.row+rows*step, first.PH-first.Kernel))
		s.col = max(0, min(s.col+cols*step, first.PW-first.Kernel))
	}
}

func (s *inside) first() (lab.LayerSight, bool) {
	if s.sights[0] == nil {
		return lab.LayerSight{}, false
	}
	return firstConv(s.sights[0])
}

// rows is over how many a page can be scrolled.
func (s *inside) rows(page int) int {
	switch {
	case page == paddingPage:
		return len(s.schemes())
	case page == mapsPage && s.sights[0] != nil:
		return max(1, len(shownLayers(s.sights[0])))
	}
	return 1
}

func (s *inside) draw(on surface, page, row int, r view.Rect) {
	switch {
	case s.problem != "":
		on.put(words(theme.Bad, s.problem), r)
	case s.sights[0] == nil:
		on.put(words(theme.Dim, "the network is shown a picture…"), r)
	case page == paddingPage:
		s.drawSchemes(on, row, r)
	case page == kernelPage:
		s.drawKernel(on, r)
	default:
		s.drawMaps(on, row, r)
	}
}

// schemes are all of them, and before them that of the arm where it differs per axis.
func (s *inside) schemes() []pad.Scheme {
	all := pad.All()
	if first, ok := s.first(); ok && strings.Contains(first.Scheme.Name, "/") {
		return append([]pad.Scheme{first.Scheme}, all...)
	}
	return all
}

// drawSchemes shows what every scheme puts beside the corner of the picture.
func (s *inside) drawSchemes(on surface, from int, r view.Rect) {
	seen := s.sights[0]
	head, rest := r.CutTop(2)
	mark := "tint"
	if !on.Colour() {
		mark = "name"
	}
	on.put(words(theme.Plain, fmt.Sprintf("The upper left corner of the picture, padded by %d. Each pixel of the padding has the %s of the one that it copies; without a %s it copies none.", s.amount, mark, mark)), head)
	const width, height = 18, 9
	columns, lines := max(1, rest.W/width), max(1, rest.H/height)
	schemes := s.schemes()
	from = min(from, max(0, len(schemes)-columns*lines))
	for i, scheme := range schemes[from:] {
		if i == columns*lines {
			break
		}
		tile := view.Rect{X: rest.X + i%columns*width, Y: rest.Y + i/columns*(rest.H/lines), W: width - 2, H: rest.H / lines}
		name, picture := tile.CutTop(1)
		style := theme.Strong
		if first, ok := s.first(); ok && first.Scheme.Name == scheme.Name {
			style = theme.Title // that of the arm
		}
		on.Text(name.X, name.Y, style, view.Cut(scheme.Name, name.W))
		_, picture = picture.CutBottom(1)
		v, err := withPadding(seen.Picture, scheme, s.amount)
		if scheme.Name == "none" {
			err = errors.New("nothing: the map becomes smaller by what the kernel reaches over")
		}
		if err != nil {
			on.put(words(theme.Dim, err.Error()), picture)
			continue
		}
		v.Corner = true
		on.put(v, picture)
	}
}

// drawKernel shows the kernel of the first convolution over the padded picture,
// and the sum that it makes there.
func (s *inside) drawKernel(on surface, r view.Rect) {
	first, ok := s.first()
	if !ok {
		on.put(words(theme.Plain, "No convolution of this network sees the picture itself."), r)
		return
	}
	s.move(0, 0)
	left, right := r.CutLeft(min(r.W/2, max(10, r.W-38))) // three products stand beside each other in 36
	v := padded(first)
	v.Corner = true
	v.Window = view.Window{Row: s.row, Col: s.col, Size: first.Kernel}
	on.put(v, left)
	_, right = right.CutLeft(2)
	channels := len(first.Padded) / (first.PH * first.PW)
	s.filter %= first.C
	sum := bias(first, s.filter)
	line := func(y int, style theme.Style, text string) {
		on.Text(right.X, right.Y+y, style, view.Cut(text, right.W))
	}
	line(0, theme.Strong, fmt.Sprintf("%s, filter %d of %d", first.Name, s.filter+1, first.C))
	line(1, theme.Dim, fmt.Sprintf("row %d, column %d: pixel × weight", s.row-first.Sides.Top, s.col-first.Sides.Left))
	y := 2
	for i := range first.Kernel {
		text := ""
		for c := range channels {
			for j := range first.Kernel {
				x := first.Padded[((s.row+i)*first.PW+s.col+j)*channels+c]
				w := first.Weights[((s.filter*channels+c)*first.Kernel+i)*first.Kernel+j]
				sum += float64(x) * float64(w)
				if c == 0 {
					text += fmt.Sprintf("%5.2f×%-5.2f ", x, w)
				}
			}
		}
		line(y+i, theme.Plain, text)
	}
	y += first.Kernel
	if channels > 1 {
		line(y, theme.Dim, fmt.Sprintf("channel 1 of %d; the sum is over all", channels))
		y++
	}
	line(y, theme.Strong, fmt.Sprintf("sum + bias %.3f = %.3f", bias(first, s.filter), sum))
	outside := s.outside(first)
	line(y+1, theme.Plain, fmt.Sprintf("%d of its %d pixels are padding", outside, first.Kernel*first.Kernel))
	if first.Scheme.Reweighs && outside > 0 {
		line(y+2, theme.Plain, "then divided by the share inside")
	}
	_, rest := right.CutTop(y + 4)
	size := first.PH - first.Sides.Top - first.Sides.Bottom
	on.put(words(theme.Plain, fmt.Sprintf(
		"Padding %s: %d + %d on %d pixels; a kernel of %d with stride %d leaves (%d + %d − %d)/%d + 1 = %d.\n\nAn output of this layer sees %d×%d pixels.",
		first.Scheme.Name, first.Sides.Top, first.Sides.Bottom, size, first.Kernel, first.Stride,
		size, first.Sides.Top+first.Sides.Bottom, first.Kernel, first.Stride, first.H, first.Field, first.Field)), rest)
}

// bias is that of a filter; 0 where the convolution has none.
func bias(layer lab.LayerSight, filter int) float64 {
	if layer.Bias == nil {
		return 0
	}
	return float64(layer.Bias[filter])
}

// outside is how many pixels under the kernel are padding.
func (s *inside) outside(first lab.LayerSight) (n int) {
	for i := range first.Kernel {
		for j := range first.Kernel {
			row, col := s.row+i-first.Sides.Top, s.col+j-first.Sides.Left
			if row < 0 || col < 0 || row >= first.PH-first.Sides.Top-first.Sides.Bottom || col >= first.PW-first.Sides.Left-first.Sides.Right {
				n++
			}
		}
	}
	return n
}

// drawMaps shows the maps of a layer, and beside them those of the other arm.
func (s *inside) drawMaps(on surface, row int, r view.Rect) {
	halves := []view.Rect{r}
	if s.beside && s.sights[1] != nil {
		left, right := r.CutLeft(r.W/2 - 1)
		_, right = right.CutLeft(2)
		halves = []view.Rect{left, right}
	}
	for i, half := range halves {
		seen := s.sights[i]
		layers := shownLayers(seen)
		if len(layers) == 0 {
			continue
		}
		layer := layers[min(row, len(layers)-1)]
		head, rest := half.CutTop(2)
		label := s.run.Snapshot().Arms[[2]int{s.arm, s.other}[i]].Label
		on.Text(head.X, head.Y, theme.Strong, view.Cut(fmt.Sprintf("%s · %s (%s) %d×%d×%d", label, layer.Name, layer.Kind, layer.H, layer.W, layer.C), head.W))
		field := fmt.Sprintf("sees %d×%d", layer.Field, layer.Field)
		if layer.Field == 0 {
			field = "sees all"
		}
		on.Text(head.X, head.Y+1, theme.Dim, view.Cut(fmt.Sprintf("%.3g … %.3g, layer %d/%d, %s", layer.Low, layer.High, min(row, len(layers)-1)+1, len(layers), field), head.W))
		on.put(galleryOf(layer, rest), rest)
	}
}

// shownLayers are the layers of a network behind the filters of its first
// convolution.
func shownLayers(seen *lab.Sight) []lab.LayerSight {
	first, ok := firstConv(seen)
	if !ok {
		return seen.Layers
	}
	return append([]lab.LayerSight{filtersOf(first)}, seen.Layers...)
}

// filtersOf are the weights of a convolution as maps, one for each filter: the mean
// over the channels that it sees.
func filtersOf(conv lab.LayerSight) lab.LayerSight {
	k, n := conv.Kernel, conv.C
	f := lab.LayerSight{Name: conv.Name, Kind: "its filters", H: k, W: k, C: n, Field: k, Values: make([]float32, k*k*n)}
	channels := len(conv.Weights) / (n * k * k)
	for filter := range n {
		for c := range channels {
			for i := range k * k {
				f.Values[i*n+filter] += conv.Weights[(filter*channels+c)*k*k+i] / float32(channels)
			}
		}
	}
	f.Low, f.High = slices.Min(f.Values), slices.Max(f.Values)
	return f
}

// galleryOf is as many maps of a layer as there is room for, each from black at
// its smallest value to white at its largest, which stand above it.
func galleryOf(layer lab.LayerSight, r view.Rect) drawer {
	if layer.H*layer.W == 1 {
		var bars view.Bars
		low, high := 0.0, 0.0
		for c := range layer.C {
			v := float64(layer.Values[c])
			low, high = math.Min(low, v), math.Max(high, v)
			bars.Rows = append(bars.Rows, view.Bar{Name: fmt.Sprint(c + 1), Style: theme.Series(0), Marker: ' ', Value: v, Low: math.NaN(), High: math.NaN(), Mark: math.NaN()})
		}
		bars.Range = view.Range{Low: low, High: high}
		return bars
	}
	const least = 14
	columns := max(1, r.W/least)
	width := r.W / columns
	height := max(4, min(r.H, 2+width*layer.H/(2*layer.W)))
	lines := max(1, r.H/height)
	var tiles tiled
	for c := range min(layer.C, columns*lines) {
		values := make([]float32, layer.H*layer.W)
		low, high := float32(math.Inf(1)), float32(math.Inf(-1))
		for i := range values {
			values[i] = layer.Values[i*layer.C+c]
			low, high = min(low, values[i]), max(high, values[i])
		}
		tiles.list = append(tiles.list, view.Picture{Caption: between(low, high, width-1), Image: view.Image{Rows: layer.H, Cols: layer.W, Values: stretched(values)}})
	}
	tiles.columns, tiles.width, tiles.height = columns, width, height
	return tiles
}

// between is a range in w columns, with one digit where there is no room for two.
func between(low, high float32, w int) string {
	short := func(v float32, digits int) string {
		return strings.Replace(strconv.FormatFloat(float64(v), 'g', digits, 32), "0.", ".", 1)
	}
	text := short(low, 2) + " … " + short(high, 2)
	if view.Columns(text) > w {
		text = short(low, 1) + " … " + short(high, 1)
	}
	return text
}

// tiled are pictures in rows.
type tiled struct {
	list                   []view.Picture
	columns, width, height int
}

func (t tiled) Draw(f *view.Frame, r view.Rect, look theme.Theme) {
	for i := 0; i < len(t.list); i += t.columns {
		line := view.Rect{X: r.X, Y: r.Y + i/t.columns*t.height, W: r.W, H: t.height - 1}
		view.Gallery(t.list[i:min(i+t.columns, len(t.list))]).Draw(f, line, look)
	}
}
