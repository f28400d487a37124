// Package collect is the sink that hands records back to the program, as ExecuteAndCollect needs it. Start reading at
// NewSink.
package collect
