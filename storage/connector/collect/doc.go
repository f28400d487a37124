// Package collect hands records back to the program: by Sink inside its own process, by Remote from a worker. Rows that travel
// are blocks of package column in frames; see frame.go.
//
// Start reading at NewSink.
package collect
