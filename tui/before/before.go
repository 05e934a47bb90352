// Package bubbletea stands in front of Bubble Tea. Version 1 of that asks the
// terminal for its background when it is imported, and waits up to five seconds,
// twice, where nobody answers: for every command, even one that prints a version.
// Go initialises packages in the order of their import paths, once what they
// import is ready. This one has a path before that of Bubble Tea, which is why it is
// a module of its own, and tells Lip Gloss an answer, so that it is not asked for.
// The screen asks by itself, and waits 200 ms.
package bubbletea

import "github.com/charmbracelet/lipgloss"

func init() { lipgloss.SetHasDarkBackground(true) }
