package nn

import (
	"fmt"
)

// ForwardOnly is a layer that has no backward pass: a network with one can be
// looked at and read out, but neither be trained nor pass a gradient on.
type ForwardOnly interface {
	Layer
	forwardOnly()
}

// inference is what layers without a backward pass share.
type inference struct{ plain }

func (l *inference) forwardOnly() {}

// Backward panics: whoever trains asks Trains first.
func (l *inference) Backward(*Call) { panic("nn: " + l.name + " has no backward pass") }

// Trains returns an error that names the layers that have no backward pass, if
// there are any.
func Trains(nodes []Node) error {
	var list []string
	for _, n := range nodes {
		l := n.Layer
		if each, ok := l.(Each); ok {
			l = each.Layer
		}
		if _, ok := l.(ForwardOnly); ok {
			list = append(list, fmt.Sprintf("%s (%s)", n.Name(), n.Kind()))
		}
	}
	if len(list) == 0 {
		return nil
	}
	const most = 3
	text := ""
	for i, l := range list[:min(most, len(list))] {
		if i > 0 {
			text += ", "
		}
		text += l
	}
	if more := len(list) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("the network cannot be trained: no gradient passes through %s", text)
}
