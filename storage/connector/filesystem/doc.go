// Package filesystem makes files tables: Flink's filesystem connector, for rows in vectors.
//
// Open checks the options and the schema of a table. Its Source reads the wanted columns of all files that the path stands for (a
// file, a directory, a pattern), cut into splits where the format allows it; directories named key=value are partitions, and filters
// leave out partitions, files and row groups that hold nothing they would let pass. Its Sink writes parts under hidden names that
// become visible by rename when they are committed. Infer tells schema and options of files of which nothing was said, Statistics
// what the planner wants to know of them.
//
// Every text of this package that is about the user's table names path, option or column, and what to do.
//
// Start reading at Open, then source.go and sink.go.
package filesystem
