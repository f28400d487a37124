// Package discard is the sink that drops every record: for measuring what is before it, and for jobs run for their side
// effects. Start reading at NewSink.
package discard
