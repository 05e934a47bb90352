package app

import (
	"context"
	"fmt"

	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/pad"
	"padlab/core/rng"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A sight is the picture that the selected arm is shown, with what its padding
// puts beside it, and what it makes of it. The network is asked again when there
// is another picture, another arm, or a new evaluation; one question at a time.
type sight struct {
	picture int        // counted through the test pictures and the places on the canvas
	shown   *lab.Sight // the last answer, nil: none yet
	of      asked      // what it answers
	asking  bool
	problem string
}

// An asked is all that an answer depends on.
type asked struct {
	run       *lab.Run
	arm       int
	picture   int
	evaluated uint64
	ended     bool
}

// forget is called when there is another run.
func (s *sight) forget() { s.shown, s.of, s.problem = nil, asked{}, "" }

// turn goes to another picture.
func (s *sight) turn(l *labScreen, by int) effect {
	s.picture = max(0, s.picture+by)
	return s.look(l)
}

// look asks the network, where there is something new to ask.
func (s *sight) look(l *labScreen) effect {
	if l.run == nil || l.snap == nil || s.asking {
		return effect{}
	}
	now := asked{l.run, l.arm, s.picture, l.snap.Evaluated, l.snap.Status.Ended()}
	if l.experiment.Reads() {
		now.evaluated, now.ended = 0, false // a frozen network says what it said, and may be large
	}
	if now == s.of {
		return effect{}
	}
	s.asking = true
	return effect{work: work(func() (*lab.Sight, error) {
		return now.run.Look(context.Background(), now.arm, lab.Question{Image: now.picture, View: cellOf(now.picture)})
	}, func(seen *lab.Sight, err error) effect {
		s.asking = false
		if now.run == l.run {
			s.of, s.problem = now, ""
			if s.shown = seen; err != nil {
				s.problem = err.Error()
			}
		}
		e := s.look(l)
		e.ticked = true
		return e
	})}
}

// cellOf is the cell in which the nth picture is shown, taken modulo their number: as
// that is the square of 32 or less, and 37 a prime beyond, all of them come.
func cellOf(n int) int { return 37 * n }

// numbersOf is a picture as view draws it.
func numbersOf(p *images.Picture) view.Image {
	return view.Image{Rows: p.Rows, Cols: p.Cols, Values: numbers(p.Values)}
}

// picture is the pane of what the selected arm sees.
func (l *labScreen) picture() box {
	b := box{title: "what it sees", inside: inset{words(theme.Dim, l.empty())}}
	a, ok := l.selected()
	s := l.sight.shown
	switch {
	case !ok:
		return b
	case l.watched != nil:
		if b.inside = inset(inset{words(theme.Dim, "Key f trains this for yourself: then its pictures are here.")}); a.Example != nil {
			b.inside = numbersOf(a.Example)
		}
		return b
	case l.run == nil:
		b.inside = inset{words(theme.Dim, "Key r trains it again, to the same bits: then its pictures are here.")}
		return b
	case l.sight.problem != "":
		b.inside = inset{words(theme.Bad, l.sight.problem)}
		return b
	case s == nil:
		if a.Example != nil {
			b.inside = numbersOf(a.Example)
		}
		return b
	}
	picture := drawer(numbersOf(s.Picture))
	if first, ok := firstConv(s); ok {
		picture = padded(first)
	}
	b.foot = fmt.Sprintf("picture %d", s.Image+1)
	b.inside = captioned{picture, verdict(s)}
	return b
}

// verdict is the answer beside the truth.
func verdict(s *lab.Sight) view.Paragraph {
	switch {
	case s.AnswerName == "":
		return view.Paragraph{}
	case s.Answer == s.Truth:
		return words(theme.Good, "✓ "+s.AnswerName)
	}
	return words(theme.Bad, "✗ "+s.AnswerName+"\nis "+s.TruthName)
}

// captioned has words under a picture.
type captioned struct {
	picture drawer
	words   view.Paragraph
}

func (c captioned) Draw(f *view.Frame, r view.Rect, t theme.Theme) {
	foot, top := r.CutBottom(min(c.words.Height(r.W-1), r.H/2))
	c.picture.Draw(f, top, t)
	_, foot = foot.CutLeft(1)
	c.words.Draw(f, foot, t)
}

// firstConv is the first convolution, with what it is shown.
func firstConv(s *lab.Sight) (lab.LayerSight, bool) {
	for _, layer := range s.Layers {
		if layer.Padded == nil {
			continue
		}
		if layer.Scheme.Banks { // it has filters of its own there, and sees the picture alone
			layer.Sides = pad.Sides{}
		}
		return layer, true
	}
	return lab.LayerSight{}, false
}

// padded is what a convolution is shown: the picture, and beside it what the
// scheme puts there, each pixel with the one that it copies.
func padded(layer lab.LayerSight) view.Padded {
	grey := images.Grey(layer.Padded, layer.PH, layer.PW, len(layer.Padded)/(layer.PH*layer.PW))
	return beside(grey, layer.Scheme, layer.Sides)
}

// beside says of a padded picture what each pixel of its padding copies.
func beside(p *images.Picture, s pad.Scheme, sides pad.Sides) view.Padded {
	v := view.Padded{
		Rows: p.Rows, Cols: p.Cols, Values: numbers(p.Values),
		Top: sides.Top, Bottom: sides.Bottom, Left: sides.Left, Right: sides.Right,
	}
	h, w := p.Rows-sides.Top-sides.Bottom, p.Cols-sides.Left-sides.Right
	plan, err := pad.NewPlan(s, h, w, 1, sides)
	for i := range p.Rows {
		for j := range p.Cols {
			source := -1
			if err == nil {
				if row, col, ok := plan.Source(i, j); ok {
					source = row*w + col
				}
			} else if i >= sides.Top && i < sides.Top+h && j >= sides.Left && j < sides.Left+w {
				source = (i-sides.Top)*w + j - sides.Left
			}
			v.Source = append(v.Source, source)
		}
	}
	return v
}

// withPadding is a picture as a scheme pads it by so many pixels on each side.
func withPadding(p *images.Picture, s pad.Scheme, n int) (view.Padded, error) {
	sides := pad.Sides{Top: n, Bottom: n, Left: n, Right: n}
	plan, err := pad.NewPlan(s, p.Rows, p.Cols, 1, sides)
	if err != nil {
		return view.Padded{}, err
	}
	y := make([]float32, plan.PH*plan.PW)
	plan.Forward(y, p.Values, pad.Pass{Source: rng.New(1, "show")})
	return beside(&images.Picture{Rows: plan.PH, Cols: plan.PW, Values: y}, s, sides), nil
}
