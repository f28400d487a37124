// Package storage is the lowest room: rows in memory (column, hashtable), rows on disk (spill), and the outside world
// (source, sink, connector, format, filesystem). Nothing in it imports a room above it and nothing in it knows a
// configuration key: it takes option structs and an injected clock and logger.
//
// Start reading at column.Batch, the one carrier of rows, then source.Source and sink.Sink, the two seams behind which
// connectors live, then filesystem.FileSystem.
package storage
