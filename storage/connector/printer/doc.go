// Package printer is the sink that prints each record as a line, as Flink's print() does: "VALUE", or "SUBTASK> VALUE" when
// there are several sub-tasks, or "IDENTIFIER:SUBTASK> VALUE", sub-tasks counted from 1. The lines of a batch are written at
// once and never mixed with those of another. Start reading at NewSink.
package printer
