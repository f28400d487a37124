// Package sql is SQL in Flink's dialect: from the text of a statement to operators that run it. README.md beside this file has the
// picture: what the packages are, what flows between them, and what is decided.
//
//	ast        a statement as a tree, and how it prints
//	parser     text to ast
//	catalog    catalogs, databases, tables and views: in memory and in files
//	plan       the logical plan: relational nodes that draw themselves for EXPLAIN
//	binder     ast and catalog to plan: names resolved, types inferred, every mistake found
//	optimizer  the plan rewritten: sub-queries to joins, push-down, order of joins
//	physical   algorithms and exchanges; a program of package client/datastream
//	session    statements executed
//	result     tables printed
//	shell      a session at a terminal
//
// This package is for programs: Execute runs statements in an environment of package datastream, Function1 to Function3 register Go
// functions, Register makes a stream a table, Query and ToStream make a query's rows a stream.
//
// Below them: storage/datatype has the types and their rules, runtime/expr bound expressions and the table of all functions, which
// SHOW FUNCTIONS and the binder read.
//
// Start reading at README.md, then parser and binder; of programs at execute.go and table.go.
package sql
