// Package connector is the folder of the sources and sinks that Leat comes with, one package each: file (text, CSV and JSON
// lines in files and directories), socket (a TCP stream), slice (values, sequences and generators of a program), printer,
// discard, collect (results handed back to the program), and kafka (topics of Apache Kafka). The engine knows them only as
// source.Source and sink.Sink.
//
// Start reading at file.NewSource and file.NewSink.
package connector
