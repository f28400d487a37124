package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// isTerminal tells whether a stream is a terminal.
func isTerminal(stream any) bool {
	_, _, ok := terminalSize(stream)
	return ok
}

// terminalSize is the columns and rows of a terminal; false when the stream is none.
func terminalSize(stream any) (columns, rows int, ok bool) {
	file, isFile := stream.(*os.File)
	if !isFile {
		return 0, 0, false
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	return int(size.Col), int(size.Row), true
}
