package experiment

import (
	"fmt"
	"slices"
	"strings"
)

// Prose fills the numbers of the experiment into a text for people: {KEY} is the
// value of a field, or the values of all arms where they differ, and {cells} how
// many cells the canvas has. Other braces stay as they are.
func (e *Experiment) Prose(text string) string {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(text, "{")
		b.WriteString(before)
		if !open {
			return b.String()
		}
		key, after, closed := strings.Cut(rest, "}")
		value, ok := e.said(key)
		if !closed || !ok {
			b.WriteByte('{')
			text = rest
			continue
		}
		b.WriteString(value)
		text = after
	}
}

// said is what stands for a key in prose.
func (e *Experiment) said(key string) (text string, ok bool) {
	value := func(x *Experiment) string { return fmt.Sprint(x.Canvas.Grid * x.Canvas.Grid) }
	if key != "cells" {
		f, err := FieldOf(key)
		if err != nil || f.Kind == Text {
			return "", false
		}
		value = f.get
	}
	arms, err := e.Expand()
	if err != nil {
		return value(e), true
	}
	var list []string
	for _, a := range arms {
		if v := value(a.Experiment); !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return strings.Join(list, ", "), true
}
