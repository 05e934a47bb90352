package onnx

import (
	"fmt"
	"strings"
	"unicode"
)

// A Problem is what does not fit: the node, and why.
type Problem struct {
	Node, Op string
	Around   string // what it takes its inputs from, and what takes its outputs
	Why      string
}

func (p Problem) String() string {
	text := fmt.Sprintf("node %q (%s", p.Node, p.Op)
	if p.Around != "" {
		text += ", " + p.Around
	}
	return text + "): " + p.Why
}

// Problems are all that does not fit in a graph, as an error.
type Problems []Problem

func (p Problems) Error() string {
	const most = 12
	var lines []string
	for _, one := range p[:min(most, len(p))] {
		lines = append(lines, one.String())
	}
	if more := len(p) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more nodes", more))
	}
	return strings.Join(lines, "\n")
}

// visible is a text of a file without what a terminal would obey.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
