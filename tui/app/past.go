package app

import (
	"fmt"
	"padlab/core/lab"
	"padlab/tui/view"
)

// now is what is shown: the latest, or an evaluation of before.
func (l *labScreen) now() *lab.Snapshot {
	if l.back == 0 {
		return l.snap
	}
	list := l.past()
	if len(list) == 0 {
		return l.snap
	}
	return list[max(0, len(list)-1-l.back)]
}

// past are the evaluations that one goes back through. Those that have come since
// the last look are not among them yet.
func (l *labScreen) past() []*lab.Snapshot {
	list := l.evaluations()
	return list[:min(len(list), l.rounds)]
}

// goBack moves by so many evaluations into the past.
func (l *labScreen) goBack(by int) effect {
	l.keepBack()
	l.rounds = len(l.evaluations())
	l.back = max(0, min(l.back+by, l.rounds-1))
	return effect{}
}

// keepBack stays at the evaluation that is shown when others have come since.
func (l *labScreen) keepBack() {
	if l.back == 0 {
		return
	}
	n := len(l.evaluations())
	if l.back += n - l.rounds; n < l.rounds { // every second of them is gone
		l.back = (l.back + l.rounds - n) * n / l.rounds
	}
	l.back, l.rounds = max(0, min(max(1, l.back), n-1)), n
}

// pastSlider is where the evaluation that is shown stands among all.
func (l *labScreen) pastSlider() view.Slider {
	n := len(l.past())
	return view.Slider{Index: n - 1 - l.back, Count: n, Text: fmt.Sprintf("after step %d", l.now().Step())}
}
