package app

import (
	"slices"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
)

// A typist is a screen that takes text: while it has a line, keys that make or
// move in a text go there, and only the others are looked up in its table.
type typist interface {
	line() *line   // nil: nothing is typed now
	typed() effect // is called when it has changed
}

// A line is one line of text that is being typed. It is bubbles' text input,
// whose drawing is left out: a frame has cells, not strings.
type line struct{ input textinput.Model }

// longest is how many letters a line takes.
const longest = 4096

func newLine(text string) *line {
	l := &line{textinput.New()}
	l.input.CharLimit = longest
	l.input.Cursor.SetMode(cursor.CursorStatic) // one that blinks would wake up an idle screen
	l.input.Focus()
	l.input.SetValue(text)
	l.input.CursorEnd()
	return l
}

func (l *line) text() string { return l.input.Value() }

// cursor is the number of letters before the cursor.
func (l *line) cursor() int { return l.input.Position() }

// takes reports whether a key makes or moves in a text. Letters with alt are none: so
// comes what a terminal answers late.
func (l *line) takes(msg tea.KeyMsg) bool {
	return msg.Type == tea.KeyRunes && !msg.Alt || msg.Type == tea.KeySpace || slices.Contains(editing, msg.String())
}

// editing are the keys of bubbles' text input but those that nobody's terminal
// and multiplexer agree about.
var editing = []string{
	"backspace", "delete", "left", "right", "home", "end",
	"ctrl+h", "ctrl+d", "ctrl+a", "ctrl+e", "ctrl+k", "ctrl+u", "ctrl+w", "ctrl+left", "ctrl+right", "alt+left", "alt+right",
}

// take changes the text as a key says. What was pasted comes in one message.
func (l *line) take(msg tea.KeyMsg) {
	l.input, _ = l.input.Update(msg)
}
