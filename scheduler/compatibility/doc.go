// Package compatibility says what a program takes over from a checkpoint or savepoint, before it begins with it.
//
// Operators compares the graph with the metadata, which everybody can who reads the file. States compares the types that a program
// declares with those that were stored, which only a process with the program can. Both add lines to one Report; Report.Err has them
// all if the job must not begin.
package compatibility
