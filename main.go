// Command padlab is a terminal laboratory for one question: how does a
// convolutional network know where it is looking, and what has padding to do
// with it? See the README, or run it.
package main

import (
	"os"

	"padlab/tui/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
