// Package shell is SQL at a terminal: lines are read until they end a statement, which is executed; the next prompt follows.
//
//	Editor (a terminal, or a test) -> Shell -> session.Session
//
// A statement may have several lines; it ends with a semicolon. HELP, CLEAR, QUIT and EXIT need none. Ctrl-C throws away what was typed, or
// cancels the statement that runs, and the shell goes on; Ctrl-D at an empty prompt leaves it. A mistake or a failed job is
// printed, and the shell goes on.
//
// Completer says what the word before the cursor may become: keywords, functions, catalogs, databases, tables, columns of the tables that the
// statement names, keys of SET, options of WITH, and files. Terminal is the editor of a terminal, with a history that is kept in
// a file, in which secrets are not written.
//
// Start reading at shell.go, then complete.go.
package shell
