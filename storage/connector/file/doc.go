// Package file reads and writes records in files on any file system that storage/filesystem knows.
//
// A Source expands paths, directories and patterns into files, cuts those that can be cut into ranges (splits), and reads
// each by a format.StreamFormat; what is compressed, by extension, is read whole. With Options.Monitor it goes on looking
// for new files for ever. A split holds its position, so that a reader that is given it goes on with the very next record.
//
// A Sink writes parts DIR/part-SUBTASK-N by a format.Encoder under hidden names and makes them visible by rename when they
// are committed; nothing that is visible is ever partial, and nothing is overwritten unless Overwrite or Replace say so.
//
// Start reading at NewSource and NewSink.
package file
